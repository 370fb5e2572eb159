"""Blocks of the page of rules of thumb. Text of tables is shown as text, never as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from urllib.parse import urlsplit

import streamlit as st

from breakeven.dashboard.blocks import plain, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Source
from breakeven.views.links import HOME, TITLES, target
from breakeven.views.numbers import Rule, sheet
from breakeven.views.numbers import charts as charts_numbers
from breakeven.views.numbers.tables import RuleTables, read_rule_tables
from breakeven.words.numbers import Money


def downloads(
    rules: Sequence[Rule], money: Money, *, lead: str, question: str, known: Mapping[str, Source]
) -> None:
    """The page to print and the table."""
    left, right, _ = st.columns([1, 1, 2])
    with left:
        st.download_button(
            "One page to print",
            data=lambda: sheet.as_page(rules, money, lead=lead, question=question, sources=known).encode(),
            file_name="breakeven-numbers.html",
            mime="text/html",
            key="print_button",
            icon=":material/print:",
            on_click="ignore",
            help="One self-contained HTML file that fits on a sheet of A4.",
            width="stretch",
        )
    with right:
        csv_of(sheet.as_table(rules, money), "breakeven-numbers.csv", key="rules_csv_button")


def rules_list(rules: Sequence[Rule], money: Money, scenario: Scenario) -> None:
    """All rules by part; the working of a rule is drawn only when it is opened."""
    if not rules:
        st.info("No rule says that. Use fewer words, or another part.", icon=":material/search_off:")
    for part, group in groupby(rules, key=lambda rule: rule.part):
        st.markdown(f"##### {plain(part)}")
        for rule in group:
            _rule(rule, money, scenario)


def _rule(rule: Rule, money: Money, scenario: Scenario) -> None:
    """One rule: name, then, 2023, today, and what it means."""
    with st.container(gap="xxsmall"):
        box = st.expander(_label(rule, money, scenario), key=f"rule_{rule.rule_id}", on_change="rerun")
        st.caption(plain(rule.missing if rule.today is None and rule.missing else rule.consequence))
    if not box.open:
        return
    with box:
        if rule.moved:
            st.markdown(plain(f"{rule.moved[0].upper()}{rule.moved[1:]}."))
        st.markdown(
            "\n".join(f"- {plain(line)}" for line in rule.working) or "Nothing is known for that day."
        )
        if rule.history:
            st.markdown(f"**{plain(rule.history_title)}**")
            st.plotly_chart(
                charts_numbers.history(rule),
                key=f"history_{rule.rule_id}",
                config={"displayModeBar": False},
                alt=rule.history_title,
            )
        st.markdown(f"**What to do.** {plain(rule.advice)}")
        st.link_button(
            f"See it on {TITLES[rule.page]}", page_link(rule, scenario), icon=":material/arrow_forward:"
        )


def _label(rule: Rule, money: Money, scenario: Scenario) -> str:
    """Name and values in one line; an expander's label is Markdown, so texts are escaped."""
    steps = []
    if rule.quoted:
        steps.append(plain(f"said {rule.quoted}"))
    if rule.recomputed is not None:
        steps.append(plain(f"2023 {rule.recomputed.text(money)}"))
    steps.append(plain(f"{scenario.as_of:%Y-%m} ") + f"**{plain(sheet.shown(rule.today, money))}**")
    return f"{plain(rule.name)}: {' → '.join(steps)}"


def page_link(rule: Rule, scenario: Scenario) -> str:
    """Address of the page that explains a rule, with what it asks there."""
    shown = target(rule.page, scenario, rule.opens)
    here = urlsplit(st.context.url or "")
    root = here.path.rpartition("/")[0]
    path = f"{root}/" if shown.page == HOME else f"{root}/{shown.page}"
    return here._replace(path=path, query=shown.query, fragment="").geturl()


def sources(rules: Sequence[Rule], known: Mapping[str, Source]) -> None:
    """Where the numbers come from."""
    box = st.expander("Sources of these numbers", key="rules_sources", on_change="rerun")
    if not box.open:
        return
    with box:
        keys = dict.fromkeys(key for rule in rules for key in rule.source_ids)
        sources_table([known[key] for key in keys if key in known])


@st.cache_resource(max_entries=16, show_spinner="Reading the tables")
def rule_tables_on(day: date) -> RuleTables:
    """Quoted numbers and the prices of the past, as seen from a day."""
    return read_rule_tables(database(), day)
