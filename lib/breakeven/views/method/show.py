"""Blocks of the page that shows how everything is computed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from breakeven.comparison.answer import Comparison
from breakeven.dashboard.blocks import plain, plain_part, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import CLAIM
from breakeven.dashboard.terms import terms
from breakeven.tables.day import Tables
from breakeven.tables.records import Source
from breakeven.views.method import assumptions, picture
from breakeven.views.method import charts as charts_method
from breakeven.views.method.docstrings import Formula, Module
from breakeven.views.method.examples import Values, example_of
from breakeven.words import glossary
from breakeven.words.numbers import Money, count

_INLINE = re.compile(r":math:`([^`]+)`|:\w+:`(?:[^`]*\.)?([^`.]+)`|``([^`]+)``")


def rich(text: str) -> str:
    """Text of a docstring as Markdown: formulas and names are kept, everything else is shown as it is."""
    parts = []
    end = 0
    for found in _INLINE.finditer(text):
        parts.append(plain_part(text[end : found.start()]))
        math, role, code = found.groups()
        parts.append(f"${math}$" if math else f"`{role or code}`")
        end = found.end()
    return "".join([*parts, plain_part(text[end:])])


def pictures(roofs: Sequence[picture.Roof], answer: Comparison) -> None:
    """Where the steps stand under the roof, and what they are made of."""
    if not roofs:
        st.info("The pictures need a deployment that can be computed; the formulas below do not.")
        return
    columns = st.columns(2, gap="large")
    for number, roof in enumerate(roofs):
        with columns[number]:
            st.markdown(f"**{plain(picture.roof_finding(roof))}**")
            st.plotly_chart(
                charts_method.roofline(roof, terms()),
                key=f"roof_{number}",
                config={"displayModeBar": False},
                alt=picture.roof_finding(roof),
            )
    with columns[len(roofs) % 2]:
        st.markdown(f"**{plain(picture.parts_finding(roofs, terms()))}**")
        st.plotly_chart(
            charts_method.step_parts(roofs, terms()),
            key="step_parts",
            config={"displayModeBar": False},
            alt=picture.parts_finding(roofs, terms()),
        )
    with st.expander("What the pictures show", expanded=CLAIM in st.query_params):
        lines = [picture.ridge_sentence(roof) for roof in roofs]
        lines += picture.estimate_over_limit(answer, terms())
        lines += picture.replica_seconds(answer)
        known = glossary.explained("roofline", "MFU", *glossary.SERVING)
        st.markdown("\n".join(f"- {plain(line)}" for line in lines), help=known)


def formulas(modules: Sequence[Module], answer: Comparison, values: Values, money: Money) -> None:
    """All formulas by module; one is drawn when it is opened."""
    st.subheader("Formulas", anchor=False)
    st.text_input("Find a formula", key="method_find", placeholder="cache, all-reduce, break-even …")
    if not modules:
        st.info("No formula says that. Use fewer words.", icon=":material/search_off:")
    for module in modules:
        st.markdown(f"**{plain(module.summary)}** `{module.name}`")
        with st.container(gap="xxsmall"):
            for formula in module.formulas:
                label = f"{rich(formula.summary)} `{formula.name}`"
                box = st.expander(label, key=f"formula_{formula.name}", on_change="rerun")
                if box.open:
                    with box:
                        _formula(formula, answer, values, money)


def _formula(formula: Formula, answer: Comparison, values: Values, money: Money) -> None:
    """Equation, arguments with units, domain, source, examples."""
    for equation in formula.equations:
        st.latex(equation)
    for text in formula.text:
        st.markdown(rich(text))
    lines = []
    for parameter in formula.parameters:
        names = ", ".join(f"`{name}`" for name in parameter.names)
        lines.append(f"- {names}: {rich(parameter.text)}{_unit(parameter.unit)}")
    lines.append(f"- **gives** {rich(formula.returns or formula.summary)}{_unit(formula.returns_unit)}")
    st.markdown("\n".join(lines))
    st.markdown(f"**Refused:** {rich(formula.domain)}")
    if formula.notes:
        st.markdown(f"**Note:** {rich(formula.notes)}")
    example = example_of(formula, answer, values, money)
    if example is not None:
        given = ", ".join(f"`{name}` {plain(text)}" for name, text in example.arguments)
        result = ", ".join(
            f"`{name}` {plain(text)}" if name else plain(text) for name, text in example.results
        )
        st.markdown(f"**At the numbers of the scenario:** {given} give **{result}**.")
    else:
        st.caption("The scenario does not have all of these arguments; the example below has.")
    st.markdown("**Example, run as a test**")
    st.code(formula.examples, language="python", wrap_lines=True)
    st.markdown("\n".join(f"{number}. {rich(text)}" for number, text in enumerate(formula.references, 1)))


def _unit(unit: str | None) -> str:
    return f" {plain(f'[{unit}]')}" if unit else ""


def assumed(answer: Comparison, tables: Tables) -> None:
    """Assumptions with their ranges, and where the model ends."""
    st.subheader("What is assumed, and where it ends", anchor=False)
    st.markdown("\n".join(f"- {plain(line)}" for line in assumptions.of_the_scenario(answer.scenario)))
    box = st.expander(
        "What the engines reach: fitted on measured runs", key="assumptions_box", on_change="rerun"
    )
    if box.open:
        with box:
            found = assumptions.assumptions_of(tables.efficiencies, answer)
            table = assumptions.as_table(found)
            st.dataframe(table, hide_index=True)
            csv_of(table, "breakeven-assumptions.csv", key="assumptions_csv_button")
    st.markdown("**Limits of the model**")
    st.markdown("\n".join(f"- {plain(line)}" for line in assumptions.LIMITS))


def words() -> None:
    """The glossary."""
    box = st.expander(
        f"Glossary: {count(len(glossary.GLOSSARY), 'word')}", key="glossary_box", on_change="rerun"
    )
    if box.open:
        with box:
            st.markdown("\n".join(f"- **{plain(w)}**: {plain(m)}" for w, m in glossary.GLOSSARY.items()))
            table = pd.DataFrame(glossary.GLOSSARY.items(), columns=["Word", "Meaning"])
            csv_of(table, "breakeven-glossary.csv", key="glossary_csv_button")


def sources(rows: Sequence[Source]) -> None:
    """Where the numbers in the examples and pictures come from."""
    box = st.expander("Sources of these numbers", key="formula_sources", on_change="rerun")
    if box.open:
        with box:
            sources_table(rows)
