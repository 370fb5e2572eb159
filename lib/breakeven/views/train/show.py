"""Blocks of the Train page. Text from links and tables is shown as text, never as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import streamlit as st

from breakeven.dashboard import blocks
from breakeven.dashboard.blocks import plain, separated, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database
from breakeven.dashboard.terms import terms
from breakeven.tables import queries
from breakeven.tables.records import Source
from breakeven.views.train import charts as charts_train
from breakeven.views.train import words
from breakeven.views.train.answer import TrainingAnswer, TrainingFacts
from breakeven.views.train.prompting import Prompting
from breakeven.words.numbers import NOT_KNOWN, Money, rounded

GLOSSARY = {
    "MFU": "model FLOP utilisation: share of the GPU's 16-bit peak that training reaches",
    "activations": "what the forward pass keeps for the backward pass",
    "optimiser": "running mean and variance of every gradient, and a copy of the weights",
    "ZeRO": "GPUs share out optimiser, gradients and weights instead of each keeping all",
    "LoRA": "small matrices beside frozen weights are trained; QLoRA stores the frozen ones in 4 bits",
}
_CONFIG = {"displayModeBar": False}


def headline(answer: TrainingAnswer, prompting: Prompting | None, money: Money) -> None:
    """The answer in one sentence, and what it is made of."""
    if prompting is not None:
        blocks.answer(f"{words.prompting_headline(prompting, money)}.")
        st.markdown(plain(f"{words.headline(answer, money, terms(), asked=False)}."))
    else:
        blocks.answer(f"{words.headline(answer, money, terms(), asked=False)}.")
    lines = []
    if answer.optimum is not None:
        lines.append(words.budget_sentence(answer, answer.optimum, money))
    deadline = words.deadline_sentence(answer)
    if deadline:
        lines.append(deadline)
    for line in lines:
        st.markdown(plain(line))


def prompting_block(answer: TrainingAnswer, result: Prompting, money: Money) -> None:
    """Tuning against prompting, with where they cross."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{plain(words.prompting_headline(result, money).partition(':')[0])}**")
        if len(result.curve):
            st.plotly_chart(
                charts_train.tuning_or_prompting(result, money),
                key="chart_prompting",
                config=_CONFIG,
                alt=words.prompting_headline(result, money),
            )
        else:
            st.info("The lines need at least one side that can be priced.")
    with right:
        st.markdown("\n".join(f"- {plain(line)}" for line in words.prompting_lines(result, answer, money)))
        st.page_link("pages/deploy.py", label="Serve it: on which GPUs?", icon=":material/dns:")
        st.page_link("pages/compare.py", label="Serve it: API or GPUs?", icon=":material/balance:")


def memory_block(answer: TrainingAnswer) -> None:
    """What one GPU holds."""
    finding = words.memory_finding(answer, terms())
    st.markdown(f"**{plain(finding)}**", help="  \n".join(f"**{w}**: {m}" for w, m in GLOSSARY.items()))
    st.plotly_chart(charts_train.memory_bar(answer), key="chart_memory", config=_CONFIG, alt=finding)
    st.caption(plain(words.memory_note(answer)))


def curves_block(answer: TrainingAnswer, money: Money) -> None:
    """Cost against tokens and days against GPUs."""
    left, right = st.columns(2, gap="large")
    with left:
        finding = words.tokens_finding(answer, money)
        st.markdown(f"**{plain(finding)}**")
        if answer.token_curve is None:
            st.info("The cost needs a price of the GPU: type one, or choose another GPU, in the line above.")
        else:
            st.plotly_chart(
                charts_train.cost_against_tokens(answer, money),
                key="chart_tokens",
                config=_CONFIG,
                alt=finding,
            )
            if not answer.plan.tunes:
                st.caption(
                    "Green: published runs of other sizes, their GPU-hours at the same price. "
                    f"Pale: the range of {'how well GPUs are used' if terms().is_plain else 'the MFU'}."
                )
    with right:
        finding = words.days_finding(answer, terms())
        st.markdown(f"**{plain(finding)}**")
        st.plotly_chart(
            charts_train.days_against_gpus(answer, terms()), key="chart_days", config=_CONFIG, alt=finding
        )
        st.caption(
            "Assumes that more GPUs are used as well as few; beyond thousands they are not."
            if terms().is_plain
            else "Assumes that more GPUs keep the same MFU; beyond thousands it falls."
        )


def working(answer: TrainingAnswer, money: Money) -> None:
    """What the estimate rests on."""
    st.subheader("Why", anchor=False, help="  \n".join(f"**{w}**: {m}" for w, m in GLOSSARY.items()))
    st.markdown("\n".join(f"- {plain(line)}" for line in words.basis(answer, money)))


def runs_block(answer: TrainingAnswer, money: Money) -> None:
    """Published runs beside the estimate."""
    box = st.expander("Published runs beside the estimate", key="box_runs", on_change="rerun")
    if box.open:
        with box:
            st.markdown(f"**{plain(words.runs_finding(answer))}**")
            frame = runs_table(answer, money)
            st.dataframe(
                frame,
                hide_index=True,
                key="table_runs",
                column_config=separated(frame),
                placeholder=NOT_KNOWN,
            )
            csv_of(frame, "breakeven-training-runs.csv", key="runs_csv")
            st.caption(
                "MFU: as stated, otherwise six operations per active parameter and token over the GPU-hours "
                "and the 16-bit peak. The estimate of a run uses the other runs on its GPU family."
            )


def runs_table(answer: TrainingAnswer, money: Money) -> pd.DataFrame:
    """Published runs, one row each."""
    return pd.DataFrame(
        [
            {
                "Run": one.run.name,
                "MFU [%]": rounded(one.mfu * 100),
                "GPU-hours": one.run.gpu_hours,
                "Estimate [GPU-hours]": rounded(one.estimate_hours),
                "Active parameters [1e9]": one.run.params_active_b,
                "Tokens [1e9]": one.run.tokens_b,
                "GPU": one.run.gpu_as_published,
                f"Cost stated [{money.currency}]": None
                if one.run.usd_stated is None
                else rounded(one.run.usd_stated * money.rate, 4),
                "Published": one.run.published,
                "Read again": "yes" if one.run.verified else "no",
                "Source": one.run.source_id,
                "Note": one.run.notes or "",
            }
            for one in answer.runs
        ]
    )


def api_tuning_block(result: Prompting, money: Money, answer: TrainingAnswer) -> None:
    """Tuning through an API where prices are on record."""
    box = st.expander(
        f"Tuning through an API: {len(result.api)} prices in force", key="box_api_tuning", on_change="rerun"
    )
    if box.open:
        with box:
            frame = api_tuning_table(result, money, answer)
            if not len(frame):
                st.info("No price of tuning through an API is on record for that day.")
                return
            st.dataframe(
                frame,
                hide_index=True,
                key="table_api_tuning",
                column_config=separated(frame),
                placeholder=NOT_KNOWN,
            )
            csv_of(frame, "breakeven-api-tuning.csv", key="api_tuning_csv")


def api_tuning_table(result: Prompting, money: Money, answer: TrainingAnswer) -> pd.DataFrame:
    """Prices of tuning through an API, one row each."""

    def shown(usd: float | None) -> float | None:
        return None if usd is None else rounded(usd * money.rate)

    return pd.DataFrame(
        [
            {
                "Offer": f"{row.price.provider}: {row.price.api_model}",
                f"Tuning [{money.currency}]": shown(row.tuning_usd),
                f"1,000 requests [{money.currency}]": shown(
                    None if row.serve_usd is None else row.serve_usd * 1000
                ),
                f"All requests [{money.currency}]": shown(row.total_usd),
                "Pays from [requests]": None
                if row.pays_from is None or row.pays_from == float("inf")
                else rounded(row.pays_from),
                f"Training tokens [{money.currency} per 1M]": shown(float(row.price.usd_per_mtok)),
                "Since": words.freshness(row.price, answer.scenario),
                "Not certain": words.api_tuning_note(row),
            }
            for row in result.api
        ]
    )


def memory_table(answer: TrainingAnswer) -> pd.DataFrame:
    """Memory of one GPU by part."""
    return pd.DataFrame(
        [
            {"Part": name, "GB on each GPU": rounded(size / 1e9)}
            for name, size in (*answer.memory.parts, ("total", answer.memory.total))
        ]
    )


def numbers_block(answer: TrainingAnswer) -> None:
    """Memory by part as a table."""
    box = st.expander("Memory by part", key="box_memory", on_change="rerun")
    if box.open:
        with box:
            frame = memory_table(answer)
            st.dataframe(frame, hide_index=True, key="table_memory")
            csv_of(frame, "breakeven-training-memory.csv", key="memory_csv")


def sources(
    answer: TrainingAnswer, prompting: Prompting | None, facts: TrainingFacts, known: Mapping[str, Source]
) -> None:
    """Where the numbers come from."""
    box = st.expander("Sources of these numbers", key="sources_box", on_change="rerun")
    if not box.open:
        return
    keys = [*answer.source_ids, *(prompting.source_ids if prompting else ())]
    keys += [run.source_id for run in facts.runs]
    with box:
        rows = [known[key] for key in dict.fromkeys(keys) if key in known]
        sources_table(rows)
        st.caption(
            "Formulas: Kaplan et al. 2020 (work), Hoffmann et al. 2022 and Besiroglu et al. 2024 "
            "(compute-optimal), Rajbhandari et al. 2020 (ZeRO), Korthikanti et al. 2022 (activations), "
            "Hu et al. 2021 (LoRA), Dettmers et al. 2023 (QLoRA)."
        )


@st.cache_resource(max_entries=64, show_spinner=False)
def training_facts_on(day: date) -> TrainingFacts:
    """Published runs, and prices of tuning in force on a day."""
    return TrainingFacts(
        runs=tuple(queries.training_runs(database())),
        tuning_prices=tuple(queries.tuning_prices_on(database(), day)),
    )
