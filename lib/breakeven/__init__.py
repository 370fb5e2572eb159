"""Breakeven: LLM API or rented GPUs, priced both ways from one formula module."""

from importlib.metadata import version

__version__ = version("breakeven")
"""Version of the installed package; its home is ``pyproject.toml``."""
