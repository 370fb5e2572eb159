"""Recomputations by name, and how the text of ``inputs`` reaches their arguments."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import date
from typing import Any

from breakeven.question.fields import spaced_pairs
from breakeven.views.articles.facts import CannotRecompute, Facts

Recomputation = Callable[..., float]

REGISTRY: dict[str, Recomputation] = {}
"""Every recomputation by the name that ``claims.expression`` uses."""


def recomputes(function: Recomputation) -> Recomputation:
    """Register a recomputation under its own name."""
    if function.__name__ in REGISTRY:
        raise ValueError(f"there are two recomputations {function.__name__}")
    REGISTRY[function.__name__] = function
    return function


def pairs(text: str | None) -> dict[str, str]:
    """Read ``key=value`` pairs.

    Raises
    ------
    CannotRecompute
        If a part has no equals sign, or a key stands twice.
    """
    try:
        return spaced_pairs(text)
    except ValueError as reason:
        raise CannotRecompute(str(reason)) from None


def recompute(name: str, inputs: str | None, facts: Facts) -> float:
    """Run a recomputation.

    Raises
    ------
    CannotRecompute
        If there is no such recomputation, an input is missing, unknown or of the wrong type, or a row
        that it names is not in the tables.
    """
    function = REGISTRY.get(name)
    if function is None:
        raise CannotRecompute(f"there is no recomputation '{name}'")
    parameters = inspect.signature(function).parameters.values()
    wanted = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    given = pairs(inputs)
    for key in given:
        if key not in wanted:
            raise CannotRecompute(f"{name} has no input '{key}'")
    arguments = {key: _convert(wanted[key], key, text) for key, text in given.items()}
    for key, parameter in wanted.items():
        if key not in arguments and parameter.default is inspect.Parameter.empty:
            raise CannotRecompute(f"{name} needs the input '{key}'")
    try:
        value = float(function(facts, **arguments))
    except CannotRecompute:
        raise
    except (ValueError, ZeroDivisionError) as reason:
        raise CannotRecompute(str(reason)) from reason
    if not math.isfinite(value):
        raise CannotRecompute(f"{name} is not finite")
    return value


def _convert(parameter: inspect.Parameter, key: str, text: str) -> Any:
    """Text to the type that the recomputation declares."""
    kind = str(parameter.annotation)
    try:
        if kind == "float":
            return float(text)
        if kind == "int":
            return int(text)
        if kind == "date":
            return date.fromisoformat(text)
    except ValueError:
        raise CannotRecompute(f"{key} must be a {kind}, got '{text}'") from None
    return text
