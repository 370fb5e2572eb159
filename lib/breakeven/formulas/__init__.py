"""The physics and the money: pure functions, SI units, NumPy and nothing else."""
