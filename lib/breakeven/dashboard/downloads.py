"""Downloads of tables; cells that a spreadsheet would run are quoted."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st


def safe_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV; text that starts like a formula gets a leading apostrophe."""

    def quote(cell: object) -> object:
        return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

    return frame.map(quote).to_csv(index=False, lineterminator="\n")


def csv_of(
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    file_name: str,
    *,
    key: str,
    label: str = "Download CSV",
) -> None:
    """Offer a table for download; the file is written, and the table made, when the button is pressed."""
    st.download_button(
        label,
        data=lambda: safe_csv(frame() if callable(frame) else frame).encode(),
        file_name=file_name,
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
