"""Blocks of the page that prices a usage file. Text of a file is shown as text, never as Markdown."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from lib import charts_workload
from lib.format import NOT_KNOWN, Money, count, load, number, percent, rounded, seconds
from lib.ui.downloads import csv_of
from lib.ui.session import database
from lib.ui.show import plain, separated
from lib.verdict import gpu_name
from lib.workload.hosting import Hosting
from lib.workload.paid import Paid, explain_paid, paid_sentence
from lib.workload.price import PricedOffer, PricedWorkload, cost_rows, sensitivity
from lib.workload.read import SHOWN_PROBLEMS
from lib.workload.sums import Workload


def answer(result: PricedWorkload, hosting: Hosting, money: Money) -> None:
    """The answer in one sentence, then what it rests on."""
    best = result.best
    if best is None:
        head = "No API offer can serve all of it"
    else:
        other = f"{best.offer.name} at {best.offer.provider}"
        cheapest = f"the cheapest API for all of it asks {money.amount(float(best.usd))} ({other})"
        head = cheapest[0].upper() + cheapest[1:]
        if result.list_usd is not None:
            head = f"This usage costs {money.amount(float(result.list_usd))} at list price; {cheapest}"
    st.subheader(plain(head), anchor=False)
    lines = []
    if hosting.offers:
        first = hosting.offers[0]
        where = f"{first.candidate.n_gpus}×{gpu_name(first.candidate.gpu)}"
        span = money.span(first.usd_low, first.usd_high)
        lines.append(
            f"Cheapest to host: {first.model.name} on {where}, {money.amount(first.usd)} (estimate {span})."
        )
    if result.unpriced_requests and result.list_usd is not None:
        unpriced = count(result.unpriced_requests, "request")
        lines.append(f"Not in the list price: {unpriced} of models without a known price.")
    paid = explain_paid(result, database())
    if paid is not None:
        lines.append(paid_sentence(paid, money))
    elif result.paid_usd is not None:  # a shared digest
        lines.append(f"Paid, as the file said: {money.amount(result.paid_usd)}.")
    for line in lines:
        st.markdown(plain(line))
    if paid is not None and paid.models:
        _paid(paid, money)


def _paid(paid: Paid, money: Money) -> None:
    """From the list price to what was paid, over all models and by model."""
    box = st.expander("From the list price to what was paid", key="paid_box", on_change="rerun")
    if not box.open:
        return
    with box:
        unit = f"[{money.currency}]"
        steps = pd.DataFrame(
            [
                {"Step": words if whole else f"· {words}", f"Amount {unit}": rounded(usd * money.rate, 4)}
                for words, usd, whole in paid.steps
            ]
        )
        st.dataframe(steps, hide_index=True, key="paid_steps")
        csv_of(steps, "breakeven-workload-paid.csv", key="paid_csv")
        if paid.undated:
            st.caption("Some requests came on days that have no price on record; the chosen day's stands in.")
        if len(paid.models) < 2:
            return
        table = pd.DataFrame(
            [
                {"Model": one.model or "not named"}
                | {
                    f"{words} {unit}": rounded(usd * money.rate, 4)
                    for words, usd in (
                        ("Paid", one.paid_usd),
                        ("List price", one.list_usd),
                        ("Other dates", one.dates_usd),
                        ("At no cost", one.free_usd),
                        ("Not explained", one.rest_usd),
                        ("Cache saves", -one.cache_usd),
                        ("Batch saves", -one.batch_usd),
                    )
                }
                for one in paid.models
            ]
        )
        st.dataframe(table, hide_index=True, key="paid_models")
        csv_of(table, "breakeven-workload-paid-by-model.csv", key="paid_models_csv")


def recognised(workload: Workload) -> None:
    """What the file was taken for, how much was read, what is withheld and why."""
    tokens = workload.tokens
    names = ", ".join(dict.fromkeys(found.format.name for found in workload.recognised)) or "shared digest"
    counted = workload.per_request or any("n_requests" in found.shown for found in workload.recognised)
    size = count(tokens.requests, "request")
    if workload.recognised and not counted:
        size = f"{count(tokens.requests, 'row')} of sums"
    st.markdown(
        plain(
            f"{workload.name}: {names}. {size}, "
            f"{number(tokens.prompt)} prompt tokens ({percent(tokens.cached_share)} from a cache), "
            f"{number(tokens.output)} completion tokens."
        )
    )
    if workload.rows_rejected:
        st.warning(
            plain(
                f"{count(workload.rows_rejected, 'row')} could not be read and are left out; "
                f"the other {workload.rows_read - workload.rows_rejected:,} are priced."
            ),
            icon=":material/report:",
        )
    for text in workload.withheld:
        st.info(plain(f"Withheld: {text}"), icon=":material/visibility_off:")
    for text in workload.notes:
        st.caption(plain(text))
    if workload.recognised:
        with st.expander("How the columns were read"):
            for found in workload.recognised:
                cached = {"inside": "part of the input column", "outside": "beside the input column"}
                st.markdown(
                    plain(
                        f"{found.format.name}; one row is "
                        f"{'one request' if found.format.grain == 'R' else 'a sum or one request'}; "
                        f"cached tokens: {cached.get(found.cached, 'none')}."
                    )
                )
                st.dataframe(
                    pd.DataFrame(
                        [{"Meaning": key, "Column of the file": value} for key, value in found.shown.items()]
                    ),
                    hide_index=True,
                )
                if found.ignored:
                    st.caption(plain(f"Not used: {', '.join(found.ignored[:40])}"))


def problems(workload: Workload) -> None:
    """Bad rows with line, column, value and reason."""
    if not workload.problems:
        return
    with st.expander(f"Rows and cells that could not be read: {len(workload.problems):,}"):
        table = pd.DataFrame(
            [
                {
                    "File": one.file,
                    "Line": one.line,
                    "Column": one.column,
                    "Value": one.value,
                    "Reason": one.reason,
                    "Left out": "row" if one.left_out else "this cell",
                }
                for one in workload.problems
            ]
        )
        st.dataframe(table.head(SHOWN_PROBLEMS), hide_index=True)
        csv_of(table, "breakeven-problems.csv", key="problems_csv")


def unknown_models(result: PricedWorkload, named: dict[str, str]) -> dict[str, str]:
    """Let the visitor say what a model name means; gives the names that are mapped."""
    unknown = [row for row in result.models if row.offer_id is None and row.model is not None]
    named = dict(named)
    if not unknown and not named:
        return named
    with st.expander(f"Models without a known price: {len(unknown)}", expanded=bool(unknown)):
        offers = [one.offer.api_offer_id for one in result.offers]
        for number_, row in enumerate(unknown[:20]):
            model = row.model or ""
            st.markdown(plain(f"'{model}': {count(row.tokens.requests, 'request')}, unpriced."))
            chosen = st.selectbox(
                "Price it as",
                [*row.nearest, *sorted(set(offers) - set(row.nearest))],
                index=None,
                placeholder="choose an offer; the nearest names come first",
                key=f"map_{number_}_{model[:60]}",
            )
            if chosen:
                named[model] = chosen
        for model, offer in named.items():
            st.markdown(plain(f"'{model}' is priced as {offer}."))
        if named and st.button("Forget these names", key="forget_names"):
            named = {}
    return named


def offers(result: PricedWorkload, money: Money) -> None:
    """All offers, ranked; search and filters."""
    st.markdown("**What it would cost at every API**")
    left, right = st.columns([2, 3])
    text = left.text_input("Search", key="offers_search", placeholder="model or provider").strip().lower()
    providers = right.multiselect(
        "Provider", sorted({one.offer.provider for one in result.offers}), key="offers_providers"
    )
    with st.container(horizontal=True):
        open_only = st.toggle("Open weights only", key="offers_open")
        same = st.toggle("Models of the file only", key="offers_same")
        resellers = st.toggle("With resellers", key="offers_resellers")
    used = {row.offer_id for row in result.models}
    used_models = {one.offer.model_id for one in result.offers if one.offer.api_offer_id in used} - {None}
    rows = [
        one
        for one in result.offers
        if (not text or text in f"{one.offer.api_offer_id} {one.offer.name}".lower())
        and (not providers or one.offer.provider in providers)
        and (not open_only or one.offer.model_id)
        and (resellers or not one.offer.reseller)
        and (not same or one.offer.api_offer_id in used or one.offer.model_id in used_models)
    ]
    if not rows:
        st.info("No offer passes these filters.")
        return
    table = offers_table(rows, money)
    st.dataframe(table, hide_index=True, key="offers_table")
    with st.container(horizontal=True):
        csv_of(table, "breakeven-workload-offers.csv", key="workload_offers_csv")
        st.download_button(
            "Download Parquet",
            data=lambda: _parquet(table),
            file_name="breakeven-workload-offers.parquet",
            key="workload_offers_parquet",
            icon=":material/download:",
            on_click="ignore",
        )


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def offers_table(rows: list[PricedOffer], money: Money) -> pd.DataFrame:
    """Offers as rows, the bill first."""
    return pd.DataFrame(
        [
            {
                "Offer": one.offer.api_offer_id,
                f"Bill [{money.currency}]": rounded(float(one.usd) * money.rate, 4),
                "Prompt part": rounded(float(one.prompt_usd) * money.rate),
                "Completion part": rounded(float(one.completion_usd) * money.rate),
                "Not served [requests]": one.requests_not_served,
                "Remarks": one.remarks,
                "Since": one.offer.valid_from,
            }
            for one in rows
        ]
    )


def deployments(hosting: Hosting, workload: Workload, money: Money) -> None:
    """The cheapest deployment of every open model, from the joint histogram of lengths."""
    st.markdown("**What it would cost on rented GPUs**")
    if not hosting.offers:
        reason = (
            "The file has sums, not single requests, so lengths and latency are not known."
            if not workload.per_request
            else "No deployment of an open model holds the targets for these requests."
        )
        st.info(reason)
        return
    st.caption(plain(f"Assumes {hosting.assumed}."))
    if hosting.mean_requests_per_s is not None and hosting.peak_requests_per_s is not None:
        st.caption(
            plain(
                f"Load: {load(hosting.mean_requests_per_s)} on average, "
                f"{load(hosting.peak_requests_per_s)} in the busiest minute."
            )
        )
    table = pd.DataFrame(
        [
            {
                "Model": one.model.name,
                f"Bill [{money.currency}]": rounded(one.usd * money.rate),
                "Deployment": f"{one.candidate.n_gpus}×{gpu_name(one.candidate.gpu)}",
                "Range": money.span(one.usd_low, one.usd_high),
                "Prompt share [%]": rounded(100 * one.prompt_usd / one.usd),
                "TTFT": seconds(one.ttft_s),
                "TPOT": seconds(one.tpot_s),
                "Replicas at the peak": one.replicas_peak,
                f"Fixed fleet [{money.currency}]": None
                if one.usd_fixed is None
                else rounded(one.usd_fixed * money.rate),
                "Not certain": one.candidate.profile.caveat or "",
            }
            for one in hosting.offers
        ]
    )
    st.dataframe(table, hide_index=True, key="hosts_table")
    csv_of(table, "breakeven-workload-deployments.csv", key="workload_hosts_csv")
    if hosting.left_out:
        with st.expander(f"Models left out: {len(hosting.left_out)}"):
            st.dataframe(pd.DataFrame(hosting.left_out, columns=["Model", "Why"]), hide_index=True)


def breakdowns(result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    """By model, over time, by tenant, by length, and what one change saves; only the open tab is computed."""
    workload = result.workload
    names = ["By model", "By day", "By hour", "By tenant", "By length", "What would save"]
    tabs = dict(zip(names, st.tabs(names, key="workload_tabs", on_change="rerun"), strict=True))
    with tabs["By model"]:
        if tabs["By model"].open:
            table = _models(result, money)
            st.dataframe(table, hide_index=True, column_config=separated(table), placeholder=NOT_KNOWN)
    for name, by, unit in (("By day", "day", "Day (UTC)"), ("By hour", "hour", "Hour (UTC)")):
        with tabs[name]:
            if not tabs[name].open:
                continue
            if not workload.minutes:
                st.info("The file has no times.")
                continue
            rows = cost_rows(workload, database(), result.day, by=by, named=named)
            if workload.relative_time:
                rows = tuple(replace(row, key=_relative(row.key)) for row in rows)
                unit = "Time since the start"
            if all(row.usd is None and row.paid_usd is None for row in rows):
                st.info("No model of the file has a list price, so there is no cost over time.")
                continue
            st.plotly_chart(charts_workload.costs(rows, money, unit), key=f"costs_{by}")
    with tabs["By tenant"]:
        if tabs["By tenant"].open:
            _tenants(result, named, money)
    with tabs["By length"]:
        if tabs["By length"].open:
            if workload.per_request:
                st.plotly_chart(charts_workload.lengths(workload), key="lengths")
                st.caption("Squares: more prompt than completion. Circles: more completion. Area: requests.")
            else:
                st.info("The file has sums, not single requests.")
    with tabs["What would save"]:
        if tabs["What would save"].open:
            _savings(result, money)


def _relative(key: datetime | int | str | None) -> str:
    minutes = key if isinstance(key, int) else 0
    return f"day {minutes // 1440}, {minutes % 1440 // 60:02d}:00"


def _models(result: PricedWorkload, money: Money) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Model": row.model or "not named",
                f"List price [{money.currency}]": None
                if row.list_usd is None
                else rounded(float(row.list_usd) * money.rate, 4),
                f"Paid [{money.currency}]": None
                if row.paid_usd is None
                else rounded(row.paid_usd * money.rate, 4),
                "Priced as": row.offer_id or "unpriced",
                "Requests": row.tokens.requests,
                "Prompt tokens": row.tokens.prompt,
                "Cached [%]": rounded(100 * row.tokens.cached_share),
                "Completion tokens": row.tokens.output,
            }
            for row in result.models
        ]
    )


def _tenants(result: PricedWorkload, named: dict[str, str], money: Money) -> None:
    rows = cost_rows(result.workload, database(), result.day, by="tenant", named=named)
    if not any(row.key is not None for row in rows):
        st.info("The file names no tenants.")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Tenant": str(row.key) if row.key is not None else "not named",
                    f"List price [{money.currency}]": None
                    if row.usd is None
                    else rounded(float(row.usd) * money.rate, 4),
                    "Requests": row.tokens.requests,
                    "Prompt tokens": row.tokens.prompt,
                    "Completion tokens": row.tokens.output,
                }
                for row in rows
            ]
        ),
        hide_index=True,
    )


def _savings(result: PricedWorkload, money: Money) -> None:
    ids = [one.offer.api_offer_id for one in result.offers if one.serves_all]
    used = next((row.offer_id for row in result.models if row.offer_id in ids), None)
    if not ids:
        st.info("No offer serves all of it.")
        return
    start = used or (result.best.offer.api_offer_id if result.best else ids[0])
    st.session_state.setdefault("savings_offer", start)
    if st.session_state["savings_offer"] not in ids:
        st.session_state["savings_offer"] = start
    chosen = st.selectbox("On the offer", ids, key="savings_offer")
    for change in sensitivity(result, database(), chosen):
        saved = float(change.saves_usd)
        effect = f"saves {money.amount(saved)}" if saved > 0 else f"costs {money.amount(-saved)} more"
        text = f"{change.name}: {money.amount(float(change.usd))}, {effect}"
        st.markdown(f"- {plain(text if not change.why_not else f'{change.name}: {change.why_not}')}")
