"""What a file was taken for: its first rows, what each column means, and a menu to say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from breakeven.dashboard.blocks import plain
from breakeven.dashboard.uploads import correct_column, correct_side, correct_unit
from breakeven.usage.formats import INSIDE, OUTSIDE, TIME_UNITS, BadMapping, Recognised, parse_mapping
from breakeven.usage.sums import Preview, Workload
from breakeven.views.workload import words

MENUS: Mapping[str, str] = {
    "input": "Prompt tokens",
    "output": "Completion tokens",
    "cache_read": "Read from a cache",
    "cache_write_5m": "Written to a cache",
    "reasoning": "Reasoning, a part of the completion",
    "n_requests": "Requests of a row",
    "model": "Model",
    "ts": "Time",
    "reported_cost_usd": "What was paid",
    "tenant": "Who asked",
}
"""Meanings that can be given to another column."""
NOT_USED = "no column"


def columns(workload: Workload, mapping: str, *, live: bool) -> None:
    """Show how the columns were read; while the file is at hand (``live``), with a menu for each meaning."""
    for number, found in enumerate(workload.recognised):
        preview = workload.previews[number] if number < len(workload.previews) else None
        with st.expander(f"First rows, and how the columns were read: {plain(found.format.name)}"):
            cached = {"inside": "part of the input column", "outside": "beside the input column"}
            side = cached.get(str(found.cached), "none")
            st.markdown(plain(f"One row is {words.row_is(found)}; cached tokens: {side}."))
            if preview is not None:
                st.dataframe(
                    pd.DataFrame(preview.rows, columns=_unique(preview.columns)), hide_index=True,
                    key=f"preview_{number}",
                )  # fmt: skip
            if live and preview is not None and preview.correctable and len(workload.recognised) == 1:
                _menus(found, preview, mapping, relative=workload.relative_time)
            else:
                st.dataframe(
                    pd.DataFrame(
                        [{"Meaning": key, "Column of the file": value} for key, value in found.shown.items()]
                    ),
                    hide_index=True,
                    key=f"meanings_{number}",
                )
            if found.ignored:
                st.caption(plain(f"Not used: {', '.join(found.ignored[:40])}"))


def _unique(names: tuple[str, ...]) -> list[str]:
    """Names of columns that a table can have: none empty, none twice."""
    seen: dict[str, int] = {}
    shown = []
    for place, name in enumerate(names, start=1):
        text = name or f"column {place}"
        seen[text] = seen.get(text, 0) + 1
        shown.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return shown


def _menus(found: Recognised, preview: Preview, mapping: str, *, relative: bool) -> None:
    """One menu for each meaning; a choice is read at once."""
    try:
        said = parse_mapping(mapping)
    except BadMapping:
        said = parse_mapping("")
    st.caption("Is a column something else? Choose it; the file is read again.")
    options = [NOT_USED, *dict.fromkeys(name for name in preview.columns if name)]
    grid = st.columns(3)
    for place, (meaning, title) in enumerate(MENUS.items()):
        now = found.shown.get(meaning, NOT_USED)
        choices = options if now in options else [now, *options]
        key = f"column_{meaning}"
        st.session_state[key] = now
        grid[place % 3].selectbox(
            title, choices, key=key, on_change=correct_column, args=(meaning, key, NOT_USED)
        )
    if {"cache_read", "cache_write_5m"} & set(found.shown):
        st.session_state["column_side"] = (
            str(found.cached) if found.cached in (INSIDE, OUTSIDE) else str(INSIDE)
        )
        grid[0].selectbox(
            "Cached tokens are",
            [str(INSIDE), str(OUTSIDE)],
            key="column_side",
            format_func={
                INSIDE: "part of the prompt column",
                OUTSIDE: "beside the prompt column",
            }.__getitem__,
            on_change=correct_side,
            args=("column_side",),
        )
    if relative:
        unit = said.time_unit_s or found.format.time_unit_s or 1.0
        st.session_state["column_unit"] = next(name for name, s in TIME_UNITS.items() if s == unit)
        grid[1].selectbox(
            "Times count in",
            list(TIME_UNITS),
            key="column_unit",
            on_change=correct_unit,
            args=("column_unit",),
        )
