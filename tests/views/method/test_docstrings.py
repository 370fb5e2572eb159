"""Every public formula is told whole: equation, units, domain, source, example."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import breakeven.formulas
from breakeven.formulas._domain import Numeric
from breakeven.views.method.docstrings import all_modules, matching, missing_parts, read_formula

FORMULAS = [formula for module in all_modules() for formula in module.formulas]


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: f"{formula.module}.{formula.name}")
def test_docstring_of_a_formula_has_every_part(formula) -> None:
    missing = missing_parts(formula)
    assert not missing, "\n".join(["the docstring lacks:", *missing])


def test_every_public_function_of_the_formulas_appears() -> None:
    wanted = set()
    for info in pkgutil.iter_modules(breakeven.formulas.__path__):
        module = import_module(f"breakeven.formulas.{info.name}")
        for name, value in vars(module).items():
            mine = inspect.isfunction(value) and value.__module__ == module.__name__
            if mine and not name.startswith("_") and not info.name.startswith("_"):
                wanted.add((info.name, name))
    assert wanted == {(formula.module, formula.name) for formula in FORMULAS}
    assert ("kv_cache", "kv_bytes_per_token") in wanted


def test_parts_of_a_docstring_are_read_as_they_are_written() -> None:
    formula = next(f for f in FORMULAS if f.name == "kv_bytes_per_token")
    assert formula.summary == "KV-cache memory that one token of one sequence occupies."
    assert formula.equations == (
        r"m_\mathrm{kv} = 2 \, L \, H_\mathrm{kv} \, d_\mathrm{head} \, b_\mathrm{kv}",
    )
    assert [p.names for p in formula.parameters][:2] == [("n_layers",), ("n_kv_heads",)]
    assert formula.parameters[3].unit == "B"
    assert formula.returns_unit == "B/token"
    assert formula.domain.startswith("If any element is negative")
    assert len(formula.references) == 2
    assert formula.references[0].endswith("https://jax-ml.github.io/scaling-book/inference")


def test_equation_of_several_blocks_is_read_whole() -> None:
    formula = next(f for f in FORMULAS if f.name == "parameter_counts")
    assert len(formula.equations) == 3
    assert formula.equations[1].startswith(r"P_\mathrm{attn} = d")


def bad(*, length: Numeric, width: Numeric, colour: str) -> Numeric:
    """Area.

    Parameters
    ----------
    length
        How long. [m]
    width
        How wide.
    height
        How high. [m]

    Returns
    -------
    Numeric
        Area.
    """
    return length * width * len(colour)


def test_each_thing_that_is_missing_is_named_with_its_place() -> None:
    missing = missing_parts(read_formula(bad))
    where = "lib/breakeven/formulas/test_docstrings.py: bad: "
    assert missing == [
        f"{where}no equation (.. math::)",
        f"{where}no [unit] of what it returns",
        f"{where}no section Raises",
        f"{where}no section References",
        f"{where}no section Examples with a doctest (>>>)",
        f"{where}argument width has no [unit]",
        f"{where}argument colour is not under Parameters",
        f"{where}height under Parameters is not an argument",
    ]


def test_function_without_a_docstring_lacks_everything_and_does_not_raise() -> None:
    def naked(*, x: float) -> float:
        return x

    assert len(missing_parts(read_formula(naked))) == 7


def test_search_finds_words_in_names_texts_and_sources() -> None:
    found = {f.name for module in matching(all_modules(), "BREAK even") for f in module.formulas}
    assert "break_even_utilisation" in found
    assert {f.name for module in matching(all_modules(), "kleinrock") for f in module.formulas} == {
        "queueing_wait_md1"
    }
    assert matching(all_modules(), "zebra") == ()
    assert matching(all_modules(), None) == all_modules()
