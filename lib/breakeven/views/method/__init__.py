"""How everything is computed: the formulas as their docstrings tell them, and the model of serving."""
