"""Sums files: what a usage log says, small enough to hand on, in rows that any engine can compute."""
