"""Blocks of the page that prices a usage file. Text of a file is shown as text, never as Markdown."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from breakeven.apis.paid import Paid, paid_sentence
from breakeven.apis.workloads import PricedOffer, PricedWorkload
from breakeven.comparison.ladder import Ladder, Rung
from breakeven.dashboard import bills, blocks
from breakeven.dashboard.blocks import plain, separated, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.look import chips
from breakeven.dashboard.terms import terms
from breakeven.hosting.workloads import Hosting, assumptions
from breakeven.question.pages.workload import FIELDS
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Source
from breakeven.usage.read import SHOWN_PROBLEMS
from breakeven.usage.sums import Workload
from breakeven.views.workload import charts, words
from breakeven.views.workload.program import ages, held_in_order, hosted_sentence, source_ids
from breakeven.words.numbers import Money, count, load, rounded, seconds
from breakeven.words.terms import EXPERT, Terms

NAME = st.column_config.TextColumn(width=230)
"""Column of names: the number beside it stays on a narrow screen."""


_SHOWN = 20
"""Problems of the visitor's own scores that are shown."""


def floor_input(result: PricedWorkload, problems: Sequence[str]) -> None:
    """How good another model must be, and the visitor's own scores."""
    key = f"{FIELDS.prefix}floor"
    options = list(bills.floors(result))
    if st.session_state[key] not in options:
        options.append(st.session_state[key])
    st.selectbox(
        "Another model must be",
        options,
        format_func=lambda one: words.FLOOR_WORDS.get(one, f"as good as {one}"),
        key=key,
        help="By published scores of the same benchmark; a model without one is listed apart.",
    )
    box = st.expander("Your own scores", key="own_scores_box", on_change="rerun")
    if box.open:
        with box:
            st.file_uploader(
                "A CSV file of names and scores",
                type=["csv", "txt"],
                key=bills.OWN_SCORES,
                help="Two columns, name,score; higher is better. They count before the published ones.",
            )
    for problem in problems[:_SHOWN]:
        st.warning(plain(f"Your scores, {problem}."), icon=":material/report:")
    if len(problems) > _SHOWN:
        st.caption(f"Your scores have {len(problems) - _SHOWN:,} more lines that cannot be used.")


def answer(result: PricedWorkload, ladder: Ladder, money: Money) -> None:
    """The answer in one sentence, and every way to a smaller bill."""
    with st.container(key="card_bill_api"):
        blocks.answer(f"{words.verdict(result, ladder, money)}.")
    if ladder.rungs:
        finding = words.ladder_finding(ladder)
        st.markdown(f"**{plain(finding)}**")
        st.plotly_chart(
            charts.ladder(ladder, money, terms()),
            key="ladder_chart",
            config={"displayModeBar": False},
            alt=finding,
        )


def changes(
    result: PricedWorkload, ladder: Ladder, paid: Paid | None, known: Mapping[str, Source], money: Money
) -> None:
    """The small facts that the answer hangs on, the ladder as a table, then what it rests on."""
    chips(words.chips(result, ladder, known))
    if ladder.rungs:
        rungs = rungs_table(ladder, money, terms())
        st.dataframe(
            rungs,
            hide_index=True,
            key="ladder_table",
            placeholder="–",
            column_config=separated(rungs)
            | {"What changes": NAME, "What is lost": st.column_config.TextColumn(width=230)},
        )
        csv_of(rungs, "breakeven-workload-ladder.csv", key="ladder_csv")
    lines = []
    if ladder.hosts:
        lines.append(f"{hosted_sentence(ladder, money, terms())}.")
    if result.unpriced_requests and result.list_usd is not None:
        unpriced = count(result.unpriced_requests, "request")
        lines.append(f"Not in the list price: {unpriced} of models without a known price.")
    if paid is not None:
        lines.append(paid_sentence(paid, money))
    elif result.paid_usd is not None:  # a shared digest
        lines.append(f"Paid, as the file said: {money.amount(result.paid_usd)}.")
    if aged := ages(ladder, known, result.day):
        lines.append(aged)
    for line in lines:
        st.markdown(plain(line))
    if paid is not None and paid.models:
        _paid(paid, money)


def rungs_table(ladder: Ladder, money: Money, say: Terms = EXPERT) -> pd.DataFrame:
    """The ladder as rows: what changes, what it costs, what it saves, what is lost."""
    monthly = ladder.rungs[0].usd is not None and ladder.month_usd(ladder.rungs[0].usd) is not None

    def amount(usd: float | None) -> float | None:
        return None if usd is None else rounded(usd * money.rate)

    def a_month(usd: float | None) -> float | None:
        return amount(None if usd is None else ladder.month_usd(usd))

    def row(one: Rung) -> dict[str, object]:
        if monthly:
            bill = {
                f"{money.currency} a month": a_month(one.usd),
                f"Saves [{money.currency} a month]": a_month(one.saves_usd),
                f"For the file [{money.currency}]": amount(one.usd),
            }
        else:
            bill = {
                f"Bill [{money.currency}]": amount(one.usd),
                f"Saves [{money.currency}]": amount(one.saves_usd),
            }
        name = str(one.kind)
        return {
            "What changes": name[0].upper() + name[1:],
            **bill,
            "What is lost": one.lost or "",
            "How": one.why or ", ".join(words.choices(one, ladder, say)),
        }

    return pd.DataFrame([row(one) for one in ladder.rungs])


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
    """What the file was taken for and how much was read."""
    st.markdown(plain(words.file_line(workload)))
    if workload.rows_rejected:
        st.warning(
            plain(
                f"{count(workload.rows_rejected, 'row')} could not be read and are left out; "
                f"the other {workload.rows_read - workload.rows_rejected:,} are priced."
            ),
            icon=":material/report:",
        )
    for text in workload.notes:
        st.caption(plain(text))


def withheld(workload: Workload) -> None:
    """What the file does not say, so that it is not answered."""
    if workload.withheld:
        st.caption(plain(f"Withheld: {' '.join(workload.withheld)}"))


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


def offers(result: PricedWorkload, ladder: Ladder, money: Money) -> None:
    """All offers, those that are good enough first; search and filters."""
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
        (one, good)
        for one, good in held_in_order(ladder)
        if (not text or text in f"{one.offer.api_offer_id} {one.offer.name}".lower())
        and (not providers or one.offer.provider in providers)
        and (not open_only or one.offer.model_id)
        and (resellers or not one.offer.reseller)
        and (not same or one.offer.api_offer_id in used or one.offer.model_id in used_models)
    ]
    if not rows:
        st.info("No offer passes these filters.")
        return
    st.caption("All of the file on one offer, whatever models it used.")
    table = offers_table(rows, money)
    st.dataframe(table, hide_index=True, key="offers_table", column_config=separated(table) | {"Offer": NAME})
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


def offers_table(rows: Sequence[tuple[PricedOffer, bool | None]], money: Money) -> pd.DataFrame:
    """Offers as rows, the bill and how good it is first."""
    return pd.DataFrame(
        [
            {
                "Offer": one.offer.api_offer_id,
                f"Bill [{money.currency}]": rounded(float(one.usd) * money.rate),
                "How good": words.standing(good),
                "Remarks": one.remarks,
                "Prompt part": rounded(float(one.prompt_usd) * money.rate),
                "Completion part": rounded(float(one.completion_usd) * money.rate),
                "Not served [requests]": one.requests_not_served,
                "Since": one.offer.valid_from,
            }
            for one, good in rows
        ]
    )


def deployments(
    hosting: Hosting, ladder: Ladder, workload: Workload, scenario: Scenario, money: Money
) -> None:
    """The cheapest deployment of every open model, from the joint histogram of lengths."""
    st.markdown("**What it would cost on rented GPUs**")
    if not hosting.offers:
        reason = (
            "The file has sums and does not say of how many requests, so lengths are not known."
            if not workload.counted
            else "No deployment of an open model holds the targets for these requests."
        )
        st.info(reason)
        return
    say = terms()
    st.caption(plain(f"Assumes {assumptions(workload, scenario, say)}."))
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
                "How good": words.standing(good),
                "Deployment": words.fleet_name(one, say),
                "Estimate": money.span(one.usd_low, one.usd_high),
                "Prompt share [%]": rounded(100 * one.prompt_usd / one.usd),
                say.ttft: seconds(one.ttft_s),
                "Tokens a second" if say.is_plain else say.tpot: rounded(1 / one.tpot_s, 2)
                if say.is_plain
                else seconds(one.tpot_s),
                "Hours": rounded(one.hours),
                f"If never idle [{money.currency}]": rounded(one.never_idle_usd * money.rate),
                "Not certain": "; ".join(
                    filter(None, (one.candidate.price.doubt, one.candidate.profile.caveat))
                ),
            }
            for one, good in ladder.hosts
        ]
    )
    st.dataframe(table, hide_index=True, key="hosts_table", column_config=separated(table) | {"Model": NAME})
    csv_of(table, "breakeven-workload-deployments.csv", key="workload_hosts_csv")
    if hosting.left_out:
        with st.expander(f"Models left out: {len(hosting.left_out)}"):
            st.dataframe(pd.DataFrame(hosting.left_out, columns=["Model", "Why"]), hide_index=True)


def sources(result: PricedWorkload, hosting: Hosting, known: Mapping[str, Source]) -> None:
    """Where the prices, the models and the speeds come from."""
    box = st.expander("Sources of these numbers", key="workload_sources_box", on_change="rerun")
    if not box.open:
        return
    with box:
        sources_table([known[key] for key in source_ids(result, hosting) if key in known])
        st.caption(plain(f"API and rental prices are those in force on {result.day}."))
