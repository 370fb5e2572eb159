"""What stands in the header to pass a page on: its link, a brief, a card for another page."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from breakeven.comparison.answer import compare
from breakeven.comparison.brief import Brief, as_html, as_markdown, brief_of
from breakeven.dashboard import saving
from breakeven.dashboard.card import PAGES
from breakeven.dashboard.look import copy_button
from breakeven.dashboard.session import link_to_comparison, scenario_of_widgets, tables_on
from breakeven.question.scenario import Scenario

WIDTH, HEIGHT = 600, 300
"""Room that an embedded card needs. [pixels]"""
_FORMS: tuple[tuple[str, str, str, Callable[[Brief], str]], ...] = (
    ("Markdown", "md", "text/markdown", as_markdown),
    ("To print", "html", "text/html", as_html),
)


def share(link: str, *, of_comparison: bool, brief: Callable[[], Brief] | None = None) -> None:
    """One press copies the link; a box beside it has the link, the brief, and of a comparison the card.

    What is closed is not drawn, and a brief is written when it is asked for. ``brief`` writes that of a page
    which is not the comparison; a page without one offers the comparison's.
    """
    scenario = scenario_of_widgets()
    copy_button(link, saving.about(link, scenario.as_of))
    box = st.popover("Share", width="content", type="tertiary", key="box_share", on_change="rerun")
    if box.open:
        with box:
            _offer(link, scenario, of_comparison=of_comparison, brief=brief)


def _offer(link: str, scenario: Scenario, *, of_comparison: bool, brief: Callable[[], Brief] | None) -> None:
    comparison = link_to_comparison(scenario, PAGES)
    st.markdown("**Link** to this page with all its numbers")
    st.code(link, language=None, wrap_lines=True)
    st.caption("Each chart can be saved as PNG or SVG: its two buttons show when it is pointed at.")
    if of_comparison:
        _comparison_and_card(scenario, comparison)
        return
    if brief is not None:
        st.markdown("**Brief**: what this page answers, on one page")
        _downloads(scenario, brief)
    st.link_button("A brief and a card to embed: of the comparison", comparison, type="tertiary")


def _comparison_and_card(scenario: Scenario, comparison: str) -> None:
    tables = tables_on(scenario.as_of)
    st.markdown("**Brief**: API or own GPUs for this scenario, on one page")
    _downloads(scenario, lambda: brief_of(compare(scenario, tables), tables.sources, comparison))
    st.markdown("**Embed** the verdict in another page; card=b shows the second shape")
    st.code(snippet(comparison), language=None, wrap_lines=True)


def _downloads(scenario: Scenario, brief: Callable[[], Brief]) -> None:
    """A button for each form of a brief."""
    with st.container(horizontal=True, gap="small"):
        for title, ending, mime, written in _FORMS:
            st.download_button(
                title,
                data=_written(brief, written),
                file_name=f"breakeven-brief-{scenario.as_of}.{ending}",
                mime=mime,
                key=f"brief_{ending}",
                icon=":material/download:",
                on_click="ignore",
            )


def _written(brief: Callable[[], Brief], form: Callable[[Brief], str]) -> Callable[[], bytes]:
    """What a press on the button writes."""
    return lambda: form(brief()).encode()


def snippet(link: str) -> str:
    """The lines of HTML that show the card of a comparison's link in another page."""
    source = escape(f"{link}&embed=true&card=a")
    return (
        f'<iframe src="{source}" title="Breakeven: API or own GPUs?" width="{WIDTH}" height="{HEIGHT}" '
        'style="border:1px solid #ccc;border-radius:8px;max-width:100%" loading="lazy"></iframe>'
    )
