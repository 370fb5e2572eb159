"""Breakeven: LLM API or rented GPUs, priced both ways from one formula module."""
