"""Blocks of the Deploy page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd
import streamlit as st

from breakeven.dashboard import blocks, look
from breakeven.dashboard.blocks import plain, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import CLAIM, tables_on
from breakeven.dashboard.terms import terms
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Source
from breakeven.views.deploy import Answer, Fields, deploy, words
from breakeven.views.deploy import charts as charts_deploy
from breakeven.views.deploy.detail import batch_curve, frontiers, memory_of, older, roofline, swings
from breakeven.views.deploy.needs import what_it_takes
from breakeven.views.deploy.table import rows_of
from breakeven.words.names import gpu_name
from breakeven.words.numbers import Money, rounded
from breakeven.words.terms import EXPERT, Terms

_NAME_PX, _BILL_PX, _SURE_PX = 140, 84, 92
"""Columns that decide: together as wide as a phone. [pixels]"""
SHOWN = 25
"""Deployments in the table; the download has all."""
_BARE = {"displayModeBar": False}


@lru_cache(maxsize=64)
def answered(scenario: Scenario, extra: Fields) -> Answer:
    """The answer, kept for the next visitor who asks the same."""
    return deploy(scenario, extra, tables_on(scenario.as_of))


def recommendation(answer: Answer, money: Money) -> None:
    """What to deploy, then how far to trust it."""
    say = terms()
    needs = answer.needs
    if needs and say.is_plain and answer.grid is not None:
        needs = what_it_takes(answer.grid, answer.ask, answer.shape, answer.scenario, say)
    with st.container(key="card_deploy_self-hosting"):
        lead = words.recommendation(answer, say, asked=not say.is_plain)
        if answer.chosen is None and not answer.problems and needs:
            lead, needs = needs[0], needs[1:]
        blocks.answer(lead)
        look.chips(words.chips(answer))
    for sentence in needs:
        st.warning(plain(sentence), icon=":material/straighten:")
    row = answer.chosen
    tables = tables_on(answer.scenario.as_of)
    said = (
        words.trust(answer, say),
        words.older_sentence(None if row is None else older(answer, row, tables), say),
        words.load_sentence(answer, say),
        words.binds(answer, say),
        words.price_sentence(answer, money),
        words.cheaper_but(answer, say),
        words.beside_compare(answer, say),
    )
    if lines := [line for line in said if line]:
        with st.expander("How sure is it, what limits it, whose price is it?"):
            st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def ranking(answer: Answer, money: Money) -> None:
    """Every deployment as a dot, then those that hold the targets as a table, cheapest first."""
    if answer.grid is None:
        return
    if answer.order:
        say, only_pace = terms(), answer.scenario.ttft is None and answer.scenario.tpot is not None
        finding = words.ranking_finding(answer)
        st.markdown(f"**{plain(finding)}**")
        st.plotly_chart(
            charts_deploy.cost_against(answer, None, "TPOT" if only_pace else "TTFT", say),
            key="ranking_chart",
            config=_BARE,
            alt=finding,
        )
    box = st.expander(
        "As a table: the recommended, then the cheapest",
        expanded=CLAIM in st.query_params,  # What is marked there is to be seen.
        key="ranking_box",
        on_change="rerun",
    )
    if box.open:
        with box:
            _ranking_table(answer, money)


def _ranking_table(answer: Answer, money: Money) -> None:
    """The deployments that hold the targets, and what became of the others."""
    if answer.order:
        say = terms()
        frame = ranking_frame(answer, money, say)
        st.dataframe(
            frame,
            hide_index=True,
            key="ranking_table",
            height=min(36 * len(frame) + 38, 254),
            column_config={
                "Deployment": st.column_config.TextColumn(width=_NAME_PX),
                _bill_unit(answer): st.column_config.NumberColumn(format="localized", width=_BILL_PX),
                "Certain": st.column_config.TextColumn(width=_SURE_PX),
                "Not certain": st.column_config.TextColumn("Why not certain", width="large"),
            },
        )
        csv_of(
            lambda: pd.DataFrame(rows_of(answer, answer.order)),
            "breakeven-deployments.csv",
            key="ranking_csv",
            label=f"Download all {len(answer.order):,} as CSV",
        )
    st.caption(plain(words.others(answer)))


def ranking_frame(answer: Answer, money: Money, say: Terms = EXPERT) -> pd.DataFrame:
    """The recommendation, then the first rows of the ranking; what decides stands first."""
    if answer.grid is None:
        return pd.DataFrame()
    best = answer.grid.best()
    shown = [*([] if best is None else [best]), *(i for i in answer.order[:SHOWN] if i != best)]
    names = {gpu.gpu_id: gpu_name(gpu) for gpu in answer.grid.hardware.gpus}
    pace = ("Tokens a second", 1.0, -1) if say.is_plain else (f"{say.tpot} [ms]", 1e3, 1)
    return pd.DataFrame(
        [
            {
                "Deployment": ("★ " if index == best else "") + words.row_name(row, names, say),
                _bill_unit(answer): rounded(row["usd_at_load"] * money.rate),
                "Certain": words.sure(row["not_certain_because"]),
                **({"Weights": row["precision"]} if say.is_plain else {}),
                f"{say.ttft} [s]": rounded(row["ttft_s"], 2 if say.is_plain else 3),
                pace[0]: rounded(pace[1] * row["tpot_s"] ** pace[2], 2 if say.is_plain else 3),
                "At once" if say.is_plain else "Batch": row["batch"],
                "Range of the bill": money.span(row["usd_at_load_low"], row["usd_at_load_high"]),
                f"{money.currency} per 1M tokens": rounded(row["usd_per_1m_tokens"] * money.rate),
                "Not certain": words.certainty(row["not_certain_because"]),
            }
            for index, row in zip(shown, rows_of(answer, shown), strict=True)
        ]
    )


def _bill_unit(answer: Answer) -> str:
    """Head of the column of bills."""
    return f"{answer.scenario.currency} {answer.scenario.load.period}"


def memory(answer: Answer) -> None:
    """What fills the memory of one replica."""
    if answer.chosen is None:
        return
    filled = memory_of(answer, answer.chosen)
    say = terms()
    finding = words.memory_finding(filled, answer.chosen, say)
    st.markdown(f"**{plain(finding)}**")
    st.plotly_chart(charts_deploy.memory_bar(filled, say), key="memory_bar", config=_BARE, alt=finding)
    st.caption(plain(words.memory_parts(filled, say)))


def details(answer: Answer) -> None:
    """Charts of the recommendation; only the open tab is drawn."""
    if answer.chosen is None:
        return
    draw = {
        "Batch": _batch,
        "Cost against latency": _frontier,
        "Roofline": _roofline,
        "What the cost hangs on": _tornado,
    }
    for tab, block in zip(
        st.tabs(list(draw), key="details_tab", on_change="rerun"), draw.values(), strict=True
    ):
        if tab.open:
            with tab:
                block(answer)


def _batch(answer: Answer) -> None:
    if answer.chosen is None:
        return
    curve = batch_curve(answer, answer.chosen)
    say = terms()
    finding = words.batch_finding(answer, say)
    st.markdown(f"**{plain(finding)}**")
    targets = {"ttft": answer.scenario.ttft, "tpot": answer.scenario.tpot}
    columns = st.columns(2, gap="medium")
    for number, panel in enumerate(charts_deploy.PANELS):
        with columns[number % 2]:
            st.plotly_chart(
                charts_deploy.batch_panel(
                    curve,
                    panel,
                    answer.scenario,
                    target=targets.get(panel),
                    stops=answer.stops_next,
                    say=say,
                ),
                key=f"batch_{panel}",
                config=_BARE,
                alt=finding,
            )
    st.caption("The diamond is the chosen batch. Open points do not fit in the usable memory.")


def _frontier(answer: Answer) -> None:
    if answer.grid is None:
        return
    for what, line in frontiers(answer).items():
        finding = words.frontier_finding(answer, line, what, terms())
        st.markdown(f"**{plain(finding)}**")
        st.plotly_chart(
            charts_deploy.cost_against(answer, line, what, terms()),
            key=f"frontier_{what}",
            config=_BARE,
            alt=finding,
        )
    st.caption(
        "Dots: every deployment at its best batch under your targets. Line: what no other deployment and "
        "batch beats on both. Dashed: your target. "
        f"At most the {charts_deploy.MOST_POINTS} cheapest are drawn beside the frontier."
    )


def _roofline(answer: Answer) -> None:
    if answer.chosen is None:
        return
    roof = roofline(answer, answer.chosen)
    finding = words.roofline_finding(roof)
    st.markdown(f"**{plain(finding)}**")
    st.plotly_chart(charts_deploy.roofline(roof, terms()), key="roofline", config=_BARE, alt=finding)
    st.caption(
        "Filled: the estimate. Open: the physical limit at the same arithmetic per byte. Left of the ridge "
        "memory bandwidth binds, right of it arithmetic does."
    )


def _tornado(answer: Answer) -> None:
    if answer.chosen is None:
        return
    found = swings(answer, answer.chosen)
    finding = words.swing_finding(found)
    st.markdown(f"**{plain(finding)}**")
    chart = charts_deploy.tornado(found, answer.chosen.usd, answer.scenario)
    st.plotly_chart(chart, key="tornado", config=_BARE, alt=finding)
    st.caption(
        "One assumption at a time: the busy share halved and doubled, the price from the cheapest to the "
        "dearest offer in force (or a fifth down and up), the rest a fifth down and up."
    )


def evidence(answer: Answer, known: Mapping[str, Source]) -> None:
    """What was left out, and where the numbers come from."""
    if answer.left_out:
        box = st.expander(
            f"Left out of the ranking: {len(answer.left_out)}, with the reasons",
            key="left_box",
            on_change="rerun",
        )
        if box.open:
            with box:
                frame = pd.DataFrame([{"What": gone.what, "Why": gone.why} for gone in answer.left_out])
                st.dataframe(frame, hide_index=True)
                csv_of(frame, "breakeven-left-out.csv", key="left_csv")
    if answer.chosen is None:
        return
    box = st.expander("Sources of these numbers", key="deploy_sources_box", on_change="rerun")
    if box.open:
        with box:
            rows = [known[key] for key in words.source_ids(answer) if key in known]
            sources_table(rows)
            for line in words.source_notes(answer):
                st.caption(plain(line))
