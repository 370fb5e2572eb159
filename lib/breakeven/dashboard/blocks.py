"""Blocks that every page shows. Text from files and links is shown as text, never as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from breakeven.comparison.brief import Brief
from breakeven.dashboard.session import database, today
from breakeven.dashboard.share import share
from breakeven.tables import price_queries
from breakeven.tables.records import Source
from breakeven.words.numbers import count

_UNIT = re.compile(r"(?<=\d) (?=(%|[µm]?s|min|h|[kMGT]?B)(?!\w))")


_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~$:&=-])")


_UNESCAPED = re.compile(
    r"https?(?=://)|www(?=\.)|(?<=\S)@(?=\w)|:(?=[\w+-]+(?:/\w+)?:)|[<>~-](?=[>=-])|<(?=-)", re.IGNORECASE
)
"""Where an escape does not help: addresses that become links, names of symbols, arrows of signs."""


_NUMBERED = re.compile(r"^(\d+)\.")
"""What begins a list."""


_BREAK = re.compile(r"[ \t\f\v]*[\r\n]+[ \t\f\v]*")


_LINKS = {"Address": st.column_config.LinkColumn()}


def plain(text: str) -> str:
    """Escape whatever Markdown would read as formatting, and keep numbers and units on one line.

    A word joiner, which nobody sees, keeps an address from becoming a link and ``->`` from becoming an
    arrow; a break of a line is a space.
    """
    return plain_part(text.strip(" \t\r\n\f\v"))


def plain_part(text: str) -> str:
    """The same of a piece of a line, which keeps the blanks around it."""
    whole = _UNIT.sub("\u00a0", _BREAK.sub(" ", text))
    return _NUMBERED.sub(r"\1\.", _MARKDOWN.sub(r"\\\1", _UNESCAPED.sub("\\g<0>\u2060", whole)))


def separated(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns of large numbers, which are read with separated thousands."""
    return {
        str(name): st.column_config.NumberColumn(format="localized")
        for name, column in frame.items()
        if pd.api.types.is_numeric_dtype(column) and column.abs().max() >= 1_000
    }


def link_warnings(sentences: Sequence[str]) -> None:
    """Say what could not be read from the link."""
    for sentence in sentences:
        st.warning(plain(sentence), icon=":material/link_off:")


def problems(sentences: Sequence[str]) -> None:
    """Say what keeps the question from being answered."""
    for sentence in dict.fromkeys(sentences):
        st.warning(plain(sentence), icon=":material/info:")


def header(
    question: str | None,
    link: str,
    *,
    title: str | None = None,
    of_comparison: bool = False,
    brief: Callable[[], Brief] | None = None,
) -> None:
    """The page's name, how old its prices are, the link that repeats it, and what exactly is asked.

    A page that gives no title of its own is called by its question. Only the comparison has a card to hand
    on; ``brief`` writes the brief of another page that has one.
    """
    day = today()
    with st.container(key="page_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(title or question or "LLM API, or your own GPUs?"), anchor=False, width="stretch")
        with st.container(key="page_link", horizontal=True, vertical_alignment="center", width="content"):
            share(link, of_comparison=of_comparison, brief=brief)
            told = f"<summary>{price_ages(day)}</summary><p>{escape(price_age(day))}</p>"
            st.html(f'<details class="age">{told}</details>', width="content")
    if title and question:
        st.caption(plain(question))


def answer(text: str) -> None:
    """The page's answer: the heading below its title."""
    st.header(plain(text), anchor=False)


def price_ages(today: date) -> str:
    """Say how old the newest prices are, in a few words."""
    newest = zip(("API", "GPU"), _newest_prices(today), strict=True)
    ages = [f"{kind} {(today - day).days}" for kind, day in newest if day]
    return f"Newest prices: {', '.join(ages)} days old" if ages else "No prices"


def price_age(today: date) -> str:
    """Say of which day the newest prices are, and that the app fetches none by itself."""
    api, gpu = _newest_prices(today)
    told = [
        f"{kind} prices of {day}, {count((today - day).days, 'day')} old"
        for kind, day in (("API", api), ("GPU", gpu))
        if day is not None
    ]
    return f"The newest {'; '.join(told)}. None is fetched while you look." if told else "No prices."


@lru_cache(maxsize=2)
def _newest_prices(today: date) -> tuple[date | None, date | None]:
    """Asked of the tables once a day, which do not change while they are served."""
    return price_queries.newest_prices(database(), today)


def sources_table(rows: Sequence[Source]) -> None:
    """Sources with their addresses as links."""
    table = pd.DataFrame(
        [
            {
                "Source": row.title,
                "Publisher": row.publisher,
                "Address": row.address,
                "Read": row.accessed,
                "Licence": row.licence,
            }
            for row in rows
        ]
    )
    st.dataframe(table, hide_index=True, column_config=_LINKS, placeholder="–")
    notices(rows)


def notices(rows: Iterable[Source]) -> None:
    """What must stand beside the numbers of some sources, with a link to each."""
    for row in {row.source_id: row for row in rows if row.notice}.values():
        link = f" [{plain(row.publisher)}]({row.address})" if row.address else ""
        st.caption(f"{plain(row.notice or '')}{link}")
