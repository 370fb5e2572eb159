"""Breakeven: LLM API or rented GPUs, priced both ways from one formula module."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breakeven.public import compare, estimate, plan, price, rank, tables_on, train
    from breakeven.question.scenario import Scenario

__version__ = version("breakeven")
"""Version of the installed package; its home is ``pyproject.toml``."""

__all__ = [
    "Scenario",
    "__version__",
    "compare",
    "estimate",
    "plan",
    "price",
    "rank",
    "tables_on",
    "train",
]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for: the command line starts without the engine."""
    if name not in __all__:
        raise AttributeError(f"module 'breakeven' has no attribute '{name}'")
    home = "breakeven.question.scenario" if name == "Scenario" else "breakeven.public"
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return __all__
