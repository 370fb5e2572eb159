"""Names of the file that no offer has: the nearest names at one click, any other from a list."""

from __future__ import annotations

import streamlit as st

from breakeven.apis.workloads import SHOWN_UNKNOWN, PricedWorkload
from breakeven.dashboard.blocks import plain
from breakeven.words.numbers import count


def unknown_models(result: PricedWorkload, named: dict[str, str]) -> dict[str, str]:
    """Let the visitor say what a model name means; gives the names that are mapped."""
    unknown = [row for row in result.models if row.offer_id is None and row.model is not None]
    unknown.sort(key=lambda row: -row.tokens.requests)
    named = dict(named)
    if not unknown and not named:
        return named
    with st.expander(f"Models without a known price: {len(unknown)}", expanded=bool(unknown)):
        offers = sorted(one.offer.api_offer_id for one in result.offers)
        for row in unknown[:SHOWN_UNKNOWN]:
            model = row.model or ""
            chosen = _meaning(model, row.nearest, offers, requests=row.tokens.requests)
            if chosen:
                named[model] = chosen
        if len(unknown) > SHOWN_UNKNOWN:
            st.caption(f"{count(len(unknown) - SHOWN_UNKNOWN, 'more name')} follow when these are named.")
        for model, offer in list(named.items()):
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(plain(f"'{model}' is priced as {offer}."))
            if right.button("Forget", key=f"forget_{model}", type="tertiary"):
                del named[model]
        if len(named) > 1 and st.button("Forget these names", key="forget_names"):
            named = {}
    return named


def _meaning(model: str, nearest: tuple[str, ...], offers: list[str], *, requests: int) -> str | None:
    """What the visitor clicks or chooses for one name."""
    st.markdown(plain(f"'{model}': {count(requests, 'request')}, unpriced. Price it as"))
    chosen = None
    with st.container(horizontal=True, vertical_alignment="center"):
        for offer in nearest:
            if st.button(plain(offer), key=f"near_{offer}_{model}"):
                chosen = offer
        listed = st.selectbox(
            "Price it as",
            [*nearest, *(offer for offer in offers if offer not in nearest)],
            index=None,
            placeholder="choose another offer" if nearest else "choose an offer",
            key=f"map_{model}",
            label_visibility="collapsed",
        )
    return chosen or listed
