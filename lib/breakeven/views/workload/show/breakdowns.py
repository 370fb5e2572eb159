"""Tabs of the workload page: cost by model, time, tenant and length, and what one change saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from breakeven.apis.workloads import PricedWorkload
from breakeven.dashboard import bills
from breakeven.dashboard.blocks import plain, separated
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.uploads import Read
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stopped
from breakeven.usage.sums import Tokens
from breakeven.views.workload import charts as charts_workload
from breakeven.views.workload import words
from breakeven.words.numbers import NOT_KNOWN, Money, rounded

NAMES = ("By model", "By day", "By hour", "By tenant", "By length", "What would save")


def breakdowns(read: Read, result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    """By model, over time, by tenant, by length, and what one change saves; only the open tab is computed."""
    tabs = dict(zip(NAMES, st.tabs(NAMES, key="workload_tabs", on_change="rerun"), strict=True))
    for name, tab in tabs.items():
        if not tab.open:
            continue
        with tab:
            try:
                _tab(name, read, result, named, money)
            except Unreadable as reason:
                st.info(plain(str(reason)), icon=":material/visibility_off:")
            except Stopped:
                st.info("Stopped; open the tab again to start over.", icon=":material/cancel:")


def _tab(name: str, read: Read, result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    match name:
        case "By model":
            _models(result, money)
        case "By day":
            _over_time(read, result, named, money, "day")
        case "By hour":
            _over_time(read, result, named, money, "hour")
        case "By tenant":
            _tenants(read, result, named, money)
        case "By length":
            _lengths(result)
        case _:
            _savings(read, result, named, money)


def _finding(text: str) -> None:
    """What the tab shows, before it shows it."""
    st.markdown(f"**{plain(text)}**")


def _table(table: pd.DataFrame, name: str, width: int = 200) -> None:
    """A table with its download; its first column leaves room for the second on a narrow screen."""
    first = {str(table.columns[0]): st.column_config.TextColumn(width=width)}
    config = separated(table) | first
    st.dataframe(table, hide_index=True, key=f"table_{name}", column_config=config, placeholder=NOT_KNOWN)
    csv_of(table, f"breakeven-workload-{name}.csv", key=f"workload_{name}_csv")


def _amount(usd: object, money: Money) -> float | None:
    """Dollars in the currency of the page; None stays unknown."""
    return None if usd is None else rounded(float(usd) * money.rate, 4)  # type: ignore[arg-type]


def _tokens(rows: Sequence[Tokens]) -> list[dict[str, float]]:
    """Requests and tokens as columns; in millions where there are many."""
    large = max((max(t.prompt, t.output) for t in rows), default=0) >= 10_000_000
    unit = " [M]" if large else ""

    def shown(tokens: int) -> float:
        return rounded(tokens / 1e6, 4) if large else tokens

    return [
        {
            "Requests": t.requests,
            f"Prompt tokens{unit}": shown(t.prompt),
            "Cached [%]": rounded(100 * t.cached_share),
            f"Completion tokens{unit}": shown(t.output),
        }
        for t in rows
    ]


def _models(result: PricedWorkload, money: Money) -> None:
    _finding(words.by_model(result, money))
    tokens = _tokens([row.tokens for row in result.models])
    rows = [
        {
            "Model": row.model or "not named",
            f"List price [{money.currency}]": _amount(row.list_usd, money),
            f"Paid [{money.currency}]": _amount(row.paid_usd, money),
            **columns,
            "Priced as": row.offer_id or "unpriced",
        }
        for row, columns in zip(result.models, tokens, strict=True)
    ]
    _table(pd.DataFrame(rows).dropna(axis="columns", how="all"), "models")


def _over_time(read: Read, result: PricedWorkload, named: dict[str, str], money: Money, by: str) -> None:
    workload = result.workload
    if not workload.minutes:
        st.info("The file has no times.")
        return
    rows = bills.costs(read, result, by, named)
    unit = "Day (UTC)" if by == "day" else "Hour (UTC)"
    if workload.relative_time:
        rows = tuple(replace(row, key=_relative(row.key)) for row in rows)
        unit = "Time since the start"
    if all(row.usd is None and row.paid_usd is None for row in rows):
        st.info("No model of the file has a list price, so there is no cost over time.")
        return
    _finding(words.over_time(rows, money, by))
    st.plotly_chart(
        charts_workload.costs(rows, money, unit),
        key=f"costs_{by}",
        config={"displayModeBar": False},
        alt=words.over_time(rows, money, by),
    )
    paid = any(row.paid_usd is not None for row in rows)
    st.caption("Bars: list price." + (" Diamonds: paid, as the file says." if paid else ""))
    table = pd.DataFrame(
        [
            {
                unit: charts_workload.moment(row.key, unit),
                f"List price [{money.currency}]": _amount(row.usd, money),
                f"Paid [{money.currency}]": _amount(row.paid_usd, money),
                **columns,
            }
            for row, columns in zip(rows, _tokens([row.tokens for row in rows]), strict=True)
        ]
    )
    csv_of(table, f"breakeven-workload-{by}.csv", key=f"workload_{by}_csv")


def _relative(key: datetime | int | str | None) -> str:
    minutes = key if isinstance(key, int) else 0
    return f"day {minutes // 1440}, {minutes % 1440 // 60:02d}:00"


def _tenants(read: Read, result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    rows = bills.costs(read, result, "tenant", named)
    if not any(row.key is not None for row in rows):
        st.info("The file names no tenants.")
        return
    _finding(words.by_tenant(rows, money))
    table = pd.DataFrame(
        [
            {
                "Tenant": str(row.key) if row.key is not None else "not named",
                f"List price [{money.currency}]": _amount(row.usd, money),
                f"Paid [{money.currency}]": _amount(row.paid_usd, money),
                **columns,
            }
            for row, columns in zip(rows, _tokens([row.tokens for row in rows]), strict=True)
        ]
    )
    _table(table.dropna(axis="columns", how="all"), "tenants")


def _lengths(result: PricedWorkload) -> None:
    if not result.workload.per_request:
        st.info("The file has sums, not single requests.")
        return
    finding = words.by_length(result.workload)
    _finding(finding)
    st.plotly_chart(
        charts_workload.lengths(result.workload),
        key="lengths",
        config={"displayModeBar": False},
        alt=finding,
    )
    st.caption("Squares: more prompt than completion. Circles: more completion. Area: requests.")
    csv_of(charts_workload.length_table(result.workload), "breakeven-workload-lengths.csv", key="lengths_csv")


def _savings(read: Read, result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    ids = [one.offer.api_offer_id for one in result.offers if one.serves_all]
    used = next((row.offer_id for row in result.models if row.offer_id in ids), None)
    if not ids:
        st.info("No offer serves all of it.")
        return
    start = used or (result.best.offer.api_offer_id if result.best else ids[0])
    st.session_state.setdefault("savings_offer", start)
    if st.session_state["savings_offer"] not in ids:
        st.session_state["savings_offer"] = start
    chosen = st.selectbox("If all of it ran on the offer", ids, key="savings_offer")
    changes = bills.changes(read, result, named, chosen)
    now = next(one for one in result.offers if one.offer.api_offer_id == chosen)
    _finding(words.savings(changes, money))
    unit = f"[{money.currency}]"
    rows = [
        {"Change": "As it is", f"Bill {unit}": _amount(now.usd, money), f"Saves {unit}": 0.0, "Remark": ""}
    ]
    rows += [
        {
            "Change": one.name,
            f"Bill {unit}": _amount(one.usd, money),
            f"Saves {unit}": _amount(one.saves_usd, money),
            "Remark": one.why_not or "",
        }
        for one in changes
    ]
    _table(pd.DataFrame(rows), "savings", width=300)
