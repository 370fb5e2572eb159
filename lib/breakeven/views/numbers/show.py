"""Blocks of the page of rules of thumb. Text of tables is shown as text, never as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from html import escape
from itertools import groupby
from urllib.parse import urlencode, urlsplit

import streamlit as st

from breakeven.dashboard.blocks import plain, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database
from breakeven.question.fields import quoted
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


def moves(rules: Sequence[Rule], money: Money) -> None:
    """What moved since 2023, and by how much."""
    finding = charts_numbers.moved_most(rules)
    if not finding:
        return
    st.markdown(f"**{plain(finding)}**")
    st.plotly_chart(
        charts_numbers.moves(rules, money),
        key="moves_chart",
        config={"displayModeBar": False},
        alt=finding,
    )
    st.caption("Green, on the grey band: it holds. Diamonds: it moved. Each number stands below.")


_STYLE = """<style>
.number{display:grid;grid-template-columns:11rem minmax(0,1fr) 15rem;gap:.2rem 1.5rem;align-items:start;
 border-top:1px solid #8885;padding:.9rem 0 0}
.number b{display:block;font-size:1.9rem;line-height:1.15;font-weight:600;overflow-wrap:anywhere}
.number b.long{font-size:1.15rem;line-height:1.35}
.number .now b{color:#0072B2}
.number h4{font-size:1.05rem;font-weight:600;line-height:1.35;margin:0;padding:0}
.number p,.number span{font-size:.875rem;line-height:1.45;margin:.15rem 0 0;display:block}
.number .small{font-size:.8125rem;opacity:.8}
.number a{color:inherit}
@media (prefers-color-scheme:dark){.number .now b{color:#56B4E9}}
@media (max-width:700px){.number{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
 .number .what{grid-column:1/-1;grid-row:1}.number b{font-size:1.5rem}}
</style>"""
_LONG = 14
"""Characters from which a number is written smaller."""
_WITH_UNIT = re.compile(r"(\S*\d\S*(?:\s(?:%|[kMGT]?B)(?!\S))?)\s((?!(?:%|[kMGT]?B)(?!\S)).+)")
"""A value as it is written: the number, with its percent or bytes, and the rest of its unit."""


def rules_list(
    rules: Sequence[Rule], money: Money, scenario: Scenario, *, known: Mapping[str, Source], alone: bool
) -> None:
    """The numbers, part by part; one that stands alone has its working open."""
    if not rules:
        st.info("No rule says that. Use fewer words, or another part.", icon=":material/search_off:")
    st.html(_STYLE)
    for part, group in groupby(rules, key=lambda rule: rule.part):
        st.markdown(f"### {plain(part)}")
        for rule in group:
            _rule(rule, money, scenario, known, opened=alone)


def all_numbers(rule: str, rules: Sequence[Rule]) -> None:
    """Go back to all of them; says so where the link names a number that there is not."""
    if not any(one.rule_id == rule for one in rules):
        near = get_close_matches(rule.lower(), [one.rule_id for one in rules], n=3, cutoff=0.5)
        hint = f" The nearest are {', '.join(near)}." if near else ""
        st.warning(
            plain(f"There is no number {quoted(rule)}; all are shown.{hint}"), icon=":material/link_off:"
        )
    else:
        st.button("All numbers", key="all_numbers_button", on_click=_show_all, icon=":material/arrow_back:")


def _show_all() -> None:
    st.session_state["numbers_rule"] = None


def number_html(rule: Rule, money: Money, scenario: Scenario, known: Mapping[str, Source]) -> str:
    """One number: what was said of it, what it is, what it is now, whence. Every text is escaped."""

    def large(text: str) -> str:
        size = ' class="long"' if len(text) > _LONG else ""
        return f"<b{size}>{escape(text)}</b>"

    def with_unit(text: str) -> str:
        number, unit = found.groups() if (found := _WITH_UNIT.fullmatch(text)) else (text, "")
        return large(number) + (f"<span>{escape(unit)}</span>" if unit else "")

    said = [large(rule.quoted or "new")]
    said.append(f"<span>{'said in May 2023' if rule.quoted else 'not on the sheet of 2023'}</span>")
    if rule.recomputed is not None:
        said.append(f"<span>recomputed: {escape(rule.recomputed.text(money))}</span>")
    now = [with_unit(sheet.shown(rule.today, money)), f"<span>on {scenario.as_of}</span>"]
    if rule.moved:
        now.append(f"<span>{escape(rule.moved)}</span>")
    text = rule.missing if rule.today is None and rule.missing else rule.consequence
    names = dict.fromkeys(known[key].publisher for key in rule.source_ids if key in known)
    here = f"./numbers?{urlencode({'numbers_rule': rule.rule_id})}"
    whence = f"{escape('; '.join(names))} · " if names else ""
    return (
        f'<div class="number"><div class="said">{"".join(said)}</div>'
        f'<div class="what"><h4>{escape(rule.name)}</h4><p>{escape(text)}</p>'
        f'<p class="small">{whence}<a href="{escape(here)}">Link to this number</a></p></div>'
        f'<div class="now">{"".join(now)}</div></div>'
    )


def _rule(rule: Rule, money: Money, scenario: Scenario, known: Mapping[str, Source], *, opened: bool) -> None:
    """One number, and its working below it."""
    with st.container(gap="xxsmall", key=f"number_{rule.rule_id}"):
        st.html(number_html(rule, money, scenario, known))
        box = st.expander(
            f"Working: {plain(rule.name)}", expanded=opened, key=f"rule_{rule.rule_id}", on_change="rerun"
        )
    if not box.open:
        return
    with box:
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
