"""The formulas as their docstrings tell them: equation, units, domain, source, example.

Nothing is written twice: a function that is added to :mod:`breakeven.formulas` appears by itself, and
:func:`missing_parts` says what its docstring lacks.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import breakeven.formulas

SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")
"""Sections of a numpydoc docstring that are read, as they are headed."""

_UNIT = re.compile(r"\[([^\[\]]+)\](?!`)")
_NUMBERED = re.compile(r"^\.\. \[\d+\] ?", re.MULTILINE)
_MATH = ".. math::"
_MEASURED = re.compile(r"Numeric|Floats|NDArray|\bint\b|\bfloat\b")
"""Types of arguments that have a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument of a formula, or several that are described together."""

    names: tuple[str, ...]
    text: str
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One public function of :mod:`breakeven.formulas`, taken apart."""

    name: str
    module: str
    """Last part of the module's name."""
    function: Callable[..., Any]
    summary: str
    equations: tuple[str, ...]
    text: tuple[str, ...]
    """Paragraphs between the summary and the first section."""
    parameters: tuple[Parameter, ...]
    returns: str
    returns_unit: str | None
    domain: str
    """What is refused."""
    notes: str
    references: tuple[str, ...]
    examples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of formulas."""

    name: str
    summary: str
    formulas: tuple[Formula, ...]


@cache
def all_modules() -> tuple[Module, ...]:
    """Every module of formulas with a public function, in the order of their names."""
    found = []
    for info in pkgutil.iter_modules(breakeven.formulas.__path__):
        if info.name.startswith("_"):
            continue
        module = import_module(f"{breakeven.formulas.__name__}.{info.name}")
        functions = [
            function
            for name, function in vars(module).items()
            if inspect.isfunction(function)
            and function.__module__ == module.__name__
            and not name.startswith("_")
        ]
        if functions:
            summary = (inspect.getdoc(module) or "").partition("\n")[0]
            formulas = tuple(read_formula(function) for function in functions)
            found.append(Module(name=info.name, summary=summary, formulas=formulas))
    return tuple(found)


def read_formula(function: Callable[..., Any]) -> Formula:
    """Take the docstring of a function apart."""
    head, sections = _split(inspect.getdoc(function) or "")
    blocks = [block for block in re.split(r"\n\s*\n", head) if block.strip()]
    equations, text = _equations(blocks[1:])
    returns = _described(sections.get("Returns", ""))
    raises = _described(sections.get("Raises", ""))
    return Formula(
        name=function.__name__,
        module=function.__module__.rpartition(".")[2],
        function=function,
        summary=_joined(blocks[0]) if blocks else "",
        equations=tuple(equations),
        text=tuple(text),
        parameters=tuple(
            Parameter(names=names, text=_without_unit(body), unit=_unit(body))
            for names, body in _entries(sections.get("Parameters", ""))
        ),
        returns=_without_unit(returns),
        returns_unit=_unit(returns) or (_unit(blocks[0]) if blocks and not returns else None),
        domain=raises,
        notes=_joined(sections.get("Notes", "")),
        references=tuple(
            _joined(part) for part in _NUMBERED.split(sections.get("References", "")) if part.strip()
        ),
        examples=sections.get("Examples", "").strip("\n"),
    )


def _split(doc: str) -> tuple[str, Mapping[str, str]]:
    """Text before the first section, and the sections by their heading."""
    heading = re.compile(rf"^({'|'.join(SECTIONS)})\n-{{3,}}\n", re.MULTILINE)
    pieces = heading.split(doc)
    return pieces[0], dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _equations(blocks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sort paragraphs into equations and text; the indented ones below ``.. math::`` are equations."""
    equations: list[str] = []
    text: list[str] = []
    inside = False
    for block in blocks:
        if _MATH in block:
            before, *parts = block.split(_MATH)
            if before.strip():
                text.append(_joined(before))
            equations += [_joined(part) for part in parts if part.strip()]
            inside = True
        elif inside and block.startswith((" ", "\t")):
            equations.append(_joined(block))
        else:
            text.append(_joined(block))
            inside = False
    return equations, text


def _entries(section: str) -> list[tuple[tuple[str, ...], str]]:
    """Unindented lines of a section with the indented text below each."""
    found: list[tuple[tuple[str, ...], list[str]]] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names = tuple(name.strip() for name in line.partition(" : ")[0].split(","))
            found.append((names, []))
        elif found:
            found[-1][1].append(line)
    return [(names, _joined("\n".join(lines))) for names, lines in found]


def _described(section: str) -> str:
    """Text of a section whose entries are types."""
    return " ".join(body for _, body in _entries(section))


def _joined(text: str) -> str:
    """One line of a wrapped text."""
    return " ".join(text.split())


def _unit(text: str) -> str | None:
    """Unit in the last brackets of a text; brackets of formulas are no unit."""
    found = _UNIT.findall(re.sub(r":math:`[^`]*`", "", text))
    return found[-1] if found else None


def _without_unit(text: str) -> str:
    unit = _unit(text)
    return text.replace(f"[{unit}]", "").strip() if unit else text


def missing_parts(formula: Formula) -> list[str]:
    """Say what the docstring of a formula lacks, one sentence each."""
    told = {name for parameter in formula.parameters for name in parameter.names}
    bare = {name for parameter in formula.parameters if parameter.unit is None for name in parameter.names}
    arguments = inspect.signature(formula.function).parameters
    lacks = []
    for part, there in (
        ("no equation (.. math::)", bool(formula.equations)),
        ("no [unit] of what it returns", formula.returns_unit is not None or _returns_function(formula)),
        ("no section Raises", bool(formula.domain)),
        ("no section References", bool(formula.references)),
        ("no section Examples with a doctest (>>>)", ">>>" in formula.examples),
        ("no summary", bool(formula.summary)),
    ):
        if not there:
            lacks.append(part)
    for name, argument in arguments.items():
        if name not in told:
            lacks.append(f"argument {name} is not under Parameters")
        elif (
            name in bare
            and _MEASURED.search(str(argument.annotation))
            and "Callable" not in str(argument.annotation)
        ):
            lacks.append(f"argument {name} has no [unit]")
    lacks += [f"{name} under Parameters is not an argument" for name in told if name not in arguments]
    where = f"lib/breakeven/formulas/{formula.module}.py: {formula.name}"
    return [f"{where}: {part}" for part in lacks]


def _returns_function(formula: Formula) -> bool:
    return "Callable" in str(inspect.signature(formula.function).return_annotation)


def matching(modules: Sequence[Module], find: str | None) -> tuple[Module, ...]:
    """Modules with the formulas that say all the words, in whatever case."""
    words = (find or "").casefold().split()
    kept = []
    for module in modules:
        formulas = tuple(f for f in module.formulas if all(word in _said(f, module) for word in words))
        if formulas:
            kept.append(Module(name=module.name, summary=module.summary, formulas=formulas))
    return tuple(kept)


def _said(formula: Formula, module: Module) -> str:
    """Everything that a formula can be found by."""
    names = " ".join(name for parameter in formula.parameters for name in parameter.names)
    texts = (formula.name.replace("_", " "), formula.name, names, module.name, formula.summary, *formula.text)
    return " ".join((*texts, formula.notes, *formula.references)).casefold()
