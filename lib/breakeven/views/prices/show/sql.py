"""The SQL box and the downloads of whole tables. Whatever a statement gives is shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from breakeven.dashboard.blocks import plain
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database
from breakeven.dashboard.upload_store import session_id
from breakeven.question.pages.prices import sql_for_link, sql_of_link
from breakeven.tables.export import table_csv
from breakeven.tables.snapshot import file_name
from breakeven.tables.sqlbox import EXAMPLES, LONGEST, MEGABYTES, ROWS, SECONDS, SqlAnswer, ask, dictionary
from breakeven.views.prices import charts as charts_prices
from breakeven.words.numbers import NOT_KNOWN, count, number

_TEXT = "sql_text"
_ANSWER = "sql_answer"
_FIELD = "prices_sql"


def sql_box() -> None:
    """A statement, its answer as a table, a download and a plot; the data dictionary beside it."""
    st.subheader("Ask the tables in SQL", anchor=False)
    st.markdown(
        plain(
            f"One reading statement (DuckDB's SQL) over a copy of the tables: at most {SECONDS:g} s, "
            f"{MEGABYTES} MB and {ROWS:,} rows; no files, no network, nothing can be changed."
        )
    )
    _run_linked()
    st.session_state.setdefault(_TEXT, EXAMPLES[0][1])
    left, right = st.columns([3, 2], gap="large")
    with left:
        for column, (title, sql) in zip(st.columns(len(EXAMPLES)), EXAMPLES, strict=True):
            column.button(plain(title), key=f"example_{title}", on_click=_put, args=(sql,), width="stretch")
        st.text_area("Statement", key=_TEXT, height=220, max_chars=LONGEST)
        if st.button("Run", type="primary", key="sql_run"):
            with st.spinner("Running"):
                _run(st.session_state[_TEXT])
    with right:
        _dictionary()
    if _ANSWER in st.session_state:
        sql, answer = st.session_state[_ANSWER]
        _answer(sql, answer)


def _run_linked() -> None:
    """Answer the statement of a link that was just opened."""
    linked = sql_of_link(st.session_state[_FIELD])
    if linked is not None and (_TEXT not in st.session_state or st.session_state.get("sql_link") != linked):
        st.session_state[_TEXT], st.session_state["sql_link"] = linked, linked
        st.session_state[_ANSWER] = (linked, ask(linked, visitor=session_id()))


def linked_finding() -> str | None:
    """What the statement of the link gives, in one sentence; None: there is none, or it gives nothing."""
    _run_linked()
    if sql_of_link(st.session_state[_FIELD]) is None or _ANSWER not in st.session_state:
        return None
    answer: SqlAnswer = st.session_state[_ANSWER][1]
    if answer.problem is not None or not answer.rows:
        return None
    names = [name for name, _ in answer.columns]
    if len(answer.rows) > 1:
        return f"The statement of this link gives {count(len(answer.rows), 'row')}: {', '.join(names)}"
    cells = (f"{name} {_cell(value)}" for name, value in zip(names, answer.rows[0], strict=True))
    return f"The statement of this link gives {', '.join(cells)}"


def _cell(value: object) -> str:
    """A cell as a sentence says it."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return number(float(value), 7)
    return NOT_KNOWN if value is None else str(value)[:80]


def _put(sql: str) -> None:
    """Write an example into the box and run it."""
    st.session_state[_TEXT] = sql
    _run(sql)


def _run(sql: str) -> None:
    """Answer a statement, and keep it for the link where it is short."""
    st.session_state[_ANSWER] = (sql, ask(sql, visitor=session_id()))
    line = sql_for_link(sql)
    st.session_state[_FIELD], st.session_state["sql_link"] = line, sql_of_link(line)


def _answer(sql: str, answer: SqlAnswer) -> None:
    if answer.problem is not None:
        st.error(plain(answer.problem), icon=":material/block:")
        return
    for note in answer.notes:
        st.warning(plain(note), icon=":material/content_cut:")
    frame = frame_of(answer)
    if frame.empty:
        st.info("The statement gave no rows.")
        return
    if sql.strip().upper().startswith("EXPLAIN"):
        for text in frame.iloc[:, -1]:
            st.code(str(text), language=None)
        return
    st.dataframe(frame, hide_index=True, key="sql_table")
    csv_of(frame, "breakeven-sql.csv", key="sql_csv")
    _plot(frame)


def frame_of(answer: SqlAnswer) -> pd.DataFrame:
    """Put an answer into a table: exact decimals as numbers, days as days, equal names told apart."""
    columns: dict[str, Any] = {}
    for place, (name, kind) in enumerate(answer.columns):
        cells: Sequence[Any] = [row[place] for row in answer.rows]
        if kind.startswith("DECIMAL"):
            cells = [None if cell is None else float(cell) for cell in cells]
        elif kind == "DATE":
            cells = [_day(cell) for cell in cells]
        unique, number = name or "column", 2
        while unique in columns:
            unique, number = f"{name}_{number}", number + 1
        columns[unique] = pd.Series(cells, dtype="object" if kind == "DATE" else None)
    return pd.DataFrame(columns)


def _day(cell: str | None) -> date | str | None:
    """A day, or the text of one that Python's calendar does not have."""
    try:
        return None if cell is None else date.fromisoformat(cell)
    except ValueError:
        return cell


def _plot(frame: pd.DataFrame) -> None:
    """Draw a column of numbers against another column."""
    numbers = [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    if not numbers or len(frame) < 2:
        return
    left, right = st.columns(2)
    names = [str(name) for name in frame]
    across = left.selectbox("Plot across", names, key="sql_x")
    default = next((n for n in numbers if n != names[0]), numbers[0])
    upward = right.selectbox("upward", numbers, index=numbers.index(default), key="sql_y")
    st.plotly_chart(
        charts_prices.plot(frame[across].tolist(), frame[upward].tolist(), across, upward),
        key="sql_plot",
        config={"displayModeBar": False},
        alt=f"{upward} against {across}",
    )


@st.cache_resource(show_spinner=False)
def _columns() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"Table": c.table, "Column": c.column, "Unit": c.unit, "Meaning": c.meaning, "Type": c.type}
            for c in dictionary(database())
        ]
    )


def _dictionary() -> None:
    """Tables and columns with units."""
    frame = _columns()
    st.markdown("**Data dictionary**")
    st.session_state.setdefault("dictionary_table", "api_prices")
    chosen = st.selectbox("Table", list(frame["Table"].unique()), key="dictionary_table")
    part = frame[frame["Table"] == chosen].drop(columns="Table")
    st.dataframe(part, hide_index=True, key="dictionary", height=300)
    csv_of(frame, "breakeven-data-dictionary.csv", key="dictionary_csv")


def whole_tables() -> None:
    """Every table as the build reads it."""
    st.subheader("Whole tables", anchor=False)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    frame = _columns()
    name = left.selectbox("Download", list(frame["Table"].unique()), key="whole_table")
    file = file_name(date.today()) if name == "api_prices" else f"{name}.csv"
    right.download_button(
        "Download CSV",
        data=lambda: table_csv(database(), name).encode(),
        file_name=file,
        mime="text/csv",
        key="whole_table_csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        plain(
            f"{file}, letter for letter as the program reads it: put it into the folder data/ and the tables "
            "are the same again. The other downloads of this page are for spreadsheets: cells that a "
            "spreadsheet would run as a formula get an apostrophe."
        )
    )
