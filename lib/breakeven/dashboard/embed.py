"""One card of a comparison inside another page: ``?embed=true``, with ``card=b`` for the second shape."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from breakeven.dashboard.blocks import link_warnings, plain
from breakeven.dashboard.card import NAME, card_of
from breakeven.dashboard.session import link_to, own_calibration
from breakeven.question.fields import quoted
from breakeven.question.scenario import Scenario

CARDS = ("a", "b")
"""What ``card`` may be; another is the first."""
_STYLE = """<style>
.stApp .stMainBlockContainer{padding:.8rem 1rem!important}
[data-testid=stHeader],[data-testid=stToolbar],[class*="st-key-frame_"],[data-testid=stLogo],
.breakeven-save{display:none!important}
</style>"""


def asked() -> bool:
    """The page stands inside another one."""
    return bool(st.context.is_embedded)


def card(scenario: Scenario, warnings: Sequence[str]) -> None:
    """The verdict of one shape; above it, where no narrow frame cuts them, its day and the whole page."""
    shown = card_of(scenario, own_calibration())
    letter = st.query_params.get("card", CARDS[0])
    if letter not in CARDS:
        warnings = [*warnings, f"The link has card={quoted(letter)}: there are a and b; a is shown."]
    number = CARDS.index(letter) if letter in CARDS else 0
    verdict = shown.verdicts[number]
    st.html(_STYLE)
    link_warnings(warnings)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(plain(f"Prices of {scenario.as_of}"), width="content")
        st.link_button(
            f"All numbers at {NAME}", link_to(scenario), type="tertiary", icon=":material/open_in_new:"
        )
    with st.container(key=f"card_{number}_{verdict.winner}"):
        st.caption(plain(f"{shown.model} · {scenario.load.said()} · {verdict.kind}"))
        st.header(plain(f"{verdict.headline}."), anchor=False)
        st.markdown(plain(verdict.condition))
