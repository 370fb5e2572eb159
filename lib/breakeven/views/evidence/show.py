"""Blocks of the Evidence page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from breakeven.calibration.report import NAMES, halves, promises
from breakeven.dashboard import blocks, uploads
from breakeven.dashboard.apart import jobs, readers
from breakeven.dashboard.bar import bar
from breakeven.dashboard.blocks import notices, plain, sources_table
from breakeven.dashboard.cancel import in_a_reader
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database, keep_calibration, key_of, own_calibration, sources
from breakeven.dashboard.terms import terms
from breakeven.dashboard.upload_store import session_id
from breakeven.hosting import KV_BYTES, Unplaceable
from breakeven.question.calibrated import USUAL as NO_CALIBRATION
from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.calibrated import calibrated_of
from breakeven.question.pages.evidence import ANY, BY, UNSEEN_WORDS, Fields
from breakeven.question.scenario import Scenario
from breakeven.tables import queries
from breakeven.tables.day import Tables
from breakeven.tables.records import Source
from breakeven.usage.spool import MEGABYTE, Unreadable
from breakeven.usage.stop import Stopped
from breakeven.views.evidence import answer as evidence
from breakeven.views.evidence import charts as charts_evidence
from breakeven.views.evidence.answer import Evidence, share
from breakeven.words.glossary import SERVING, explained
from breakeven.words.numbers import rounded

if TYPE_CHECKING:
    from breakeven.calibration.yours import Fitted

_BARE = {"displayModeBar": False}
_MOST_MB = 100
"""Largest file of own runs, and all of them together. [MB]"""
_FITTED = "own_fitted"
"""Key of the last fit."""
_QUANTITIES = ("tpot", "ttft", "throughput")


@st.cache_resource(show_spinner="Reading the measured rows")
def gathered() -> Evidence:
    """All measured rows and the committed errors; the same for every visitor."""
    connection = database()
    return evidence.gather(
        queries.benchmarks(connection),
        queries.calibration_errors(connection),
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )


@st.cache_resource(show_spinner="Fitting the rows of 2023 on random halves")
def _promises() -> list[dict[str, str]]:
    """What was promised of the error; the halves are fitted on the spot."""
    found = gathered()
    return [
        {
            "Kept": "yes" if p.kept else "no",
            "Reached": share(p.value),
            "Promised": f"at most {share(p.limit)}",
            "What": p.what,
            "Rows": f"{p.n:,}",
        }
        for p in promises(found.rows, found.residuals, halves(found.rows))
    ]


@st.cache_resource(show_spinner="Holding the errors against what is to be reached")
def _reached() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Goals and coverage on rows that the fit did not see; the same for every visitor."""
    found = gathered()
    return evidence.goals_table(found), evidence.coverage_table(found)


def reached() -> None:
    """What is to be reached on unseen rows, met or missed, and whether the ranges keep their word."""
    goals, shares = _reached()
    st.markdown(
        "**What is to be reached on rows that the fit did not see, met or missed**",
        help=explained("TTFT", "TPOT"),
    )
    st.dataframe(goals, hide_index=True, key="goals_table")
    st.caption(
        "Each row is predicted by a fit that saw no row of its cell: its model on that GPU by that engine in "
        "that format at those lengths on that many GPUs. `breakeven evidence` prints the same."
    )
    with st.expander("Do the ranges keep their word? Measured rows inside, by engine and GPU"):
        st.dataframe(shares, hide_index=True, key="coverage_table")


def sentence(found: Evidence) -> None:
    """Which error is shown, as one line."""
    quantity = evidence.name_of(st.session_state["evidence_quantity"], terms())
    bar("evidence", [("Error of the", quantity, "Rows", lambda: filters(found))])


def filters(found: Evidence) -> None:
    """Which rows, which quantity, which fit."""
    st.segmented_control(
        "Quantity",
        list(_QUANTITIES),
        format_func=lambda key: evidence.name_of(key, terms()),
        required=True,
        key="evidence_quantity",
        help=explained("TTFT", "TPOT"),
    )
    st.selectbox(
        "The fit has not seen",
        list(UNSEEN_WORDS),
        format_func=UNSEEN_WORDS.__getitem__,
        key="evidence_unseen",
        help="A prediction of a row that its own fit has seen flatters; these fits were made without it.",
    )
    st.selectbox("Error by", list(BY), format_func=BY.__getitem__, key="evidence_by")
    for label, key, values in (
        ("Engine", "evidence_engine", sorted(set(found.rows.engine.tolist()))),
        ("GPU family", "evidence_gpu", sorted(set(found.rows.family.tolist()))),
    ):
        if st.session_state[key] not in (ANY, *values):
            st.session_state[key] = ANY
        st.selectbox(label, [ANY, *values], key=key)
    st.segmented_control("Models", [ANY, "dense", "mixtures"], required=True, key="evidence_models")
    st.selectbox("Work", [ANY, "prompt-heavy", "balanced", "generation-heavy"], key="evidence_work")


def answer(found: Evidence) -> None:
    """How wrong the model is, and what is harder."""
    say = terms()
    blocks.answer(evidence.headline(found, say))
    with st.expander("What is harder to predict than that?"):
        lines = "\n".join(f"- {plain(line)}" for line in evidence.harder(found, say))
        st.markdown(lines, help=None if say.is_plain else explained(*SERVING))


def proof(found: Evidence, view: Fields) -> None:
    """Predicted against measured, the errors of each group, the worst rows."""
    frame = evidence.points(found, view)
    if frame.empty:
        st.info(
            "No measured row is left by these filters: online runs measure TPOT and TTFT, offline runs "
            "throughput, and only online runs have a number of clients to leave out."
        )
        return
    left, right = st.columns(2, gap="large")
    with left:
        said = evidence.finding(frame, view, terms())
        st.markdown(f"**{plain(said)}**")
        st.plotly_chart(
            charts_evidence.scatter(frame, view.quantity, terms()), key="scatter", config=_BARE, alt=said
        )
        st.caption(
            "Each dot is a measured row. Dashed: equal. Grey band: ±20\u00a0%. Circles vLLM, squares SGLang, "
            "diamonds TensorRT-LLM; green within the band, orange beyond."
        )
    table = evidence.grouped(frame, view.by)
    with right:
        said = evidence.by_finding(table, view, terms())
        st.markdown(f"**{plain(said)}**")
        st.plotly_chart(
            charts_evidence.error_bars(table, view.by),
            key="bars",
            config=_BARE,
            alt=said,
        )
        st.caption("Dashed: the edge of the grey band. In brackets: measured rows.")
    _worst(frame, view)
    csv_of(frame, f"breakeven-evidence-{view.quantity}.csv", key="points_csv", label="Download these rows")


def _worst(frame: pd.DataFrame, view: Fields) -> None:
    """The rows that are furthest off, with the likely reason."""
    worst = frame.head(evidence.WORST)
    st.markdown(f"**The {len(worst)} rows that are furthest off, and the likely reason**")
    scale, unit = (1e3, "ms") if view.quantity == "tpot" else (1.0, "s")
    unit = "tokens/s" if view.quantity == "throughput" else unit
    st.dataframe(
        pd.DataFrame(
            {
                "Model": worst["model"],
                "Predicted ÷ measured": [rounded(r) for r in worst["ratio"]],
                "Likely reason": worst["reason"],
                f"Measured [{unit}]": [rounded(m * scale) for m in worst["measured"]],
                "On": [f"{n}×{g}" for n, g in zip(worst["gpus"], worst["gpu"], strict=True)],
                "Engine": worst["engine"],
                "Tokens": worst["shape"],
                "Together": worst["clients"],
            }
        ),
        hide_index=True,
        key="worst_table",
        height=min(38 * len(worst) + 38, 300),
        column_config={"Likely reason": st.column_config.TextColumn(width=430)},
    )


def apart(found: Evidence, view: Fields) -> None:
    """Prompt-heavy and generation-heavy work, promises, peers, sources."""
    st.markdown("**Prompt-heavy and generation-heavy work apart** (median error)")
    work = evidence.work_table(found, view.unseen, terms())
    st.dataframe(work, hide_index=True, key="work_table")
    box = st.expander("What was promised of this error, kept or not", key="box_promised", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(pd.DataFrame(_promises()), hide_index=True, key="promises_table")
            st.caption(TRIED)
    with st.expander("Others on the same measurements"):
        st.dataframe(
            evidence.peers_table(found, queries.peer_errors(database())), hide_index=True, key="peers_table"
        )
    with st.expander("What each source measured, and how it is compared"):
        st.dataframe(evidence.sources_table(found), hide_index=True, key="sources_rows")
        notices(sources().values())
        st.markdown(METHOD)
        st.dataframe(evidence.left_table(found), hide_index=True, key="left_table")
        csv_of(lambda: evidence.errors_table(found), "breakeven-errors.csv", key="errors_csv")
    with st.expander("Sources"):
        known = sources()
        cited = sorted({b.source_id for b in found.benchmarks.values()} | {"breakeven-fit-2026-11"})
        rows: list[Source] = [known[key] for key in cited if key in known]
        sources_table(rows)


METHOD = """\
- Online: a fixed number of clients, each sending its next request when the last one is answered.
  TPOT holds the prompts of the others that are read in between; TTFT those that are read before one's
  own, what a busy server takes longer, and the wait for a place where memory or the step is short.
- Offline: completion tokens per second and GPU, with as many sequences as fit.
- Static batch: the prefill of the whole batch, and the mean step.
- Lengths that a source draws at random count with their mean, 0.9 of the nominal ones.
- Left out, by reason:
"""

TRIED = (
    "Tried for what is missed: routed experts with shares of their own, a fixed time of routing, an "
    "all-reduce whose fixed time grows with the GPUs, wider bounds, and drawing groups with few rows more or "
    "less to the engine's others (a model that no row is of is then off by 16 to 20 % in TPOT). With one "
    "model left out, GLM-5 and Qwen3-32B are furthest off: the one's attention has parts that the formula "
    "does not know, the other's rows are a maker's own laboratory runs."
)


def own_runs(tables: Tables, scenario: Scenario) -> None:
    """Upload runs, see the fit and its error, use it everywhere."""
    st.subheader("Calibrate with your own runs", anchor=False)
    st.markdown(
        "Measure your server with `vllm bench serve --save-detailed`, or write a CSV with the columns "
        "prompt, completion, concurrency, ttft_ms, tpot_ms. The files stay in this session."
    )
    left, right = st.columns([1, 2], gap="large")
    with left:
        files = st.file_uploader(
            "Runs",
            accept_multiple_files=True,
            type=["json", "csv"],
            key="own_files",
            max_upload_size=_MOST_MB,
        )
        model = st.selectbox(
            "Model that ran",
            list(tables.models),
            index=list(tables.models).index(scenario.model),
            format_func=lambda key: tables.models[key].name,
            key="own_model",
        )
        usual = scenario.gpu if scenario.gpu in tables.gpus else "h100-sxm"
        gpu = st.selectbox(
            "GPU",
            list(tables.gpus),
            index=list(tables.gpus).index(usual),
            format_func=lambda key: tables.gpus[key].name,
            key="own_gpu",
        )
        n_gpus = st.number_input("GPUs of one replica", 1, 64, key="own_gpus")
        precision = st.selectbox("Weights", list(tables.precisions), key="own_precision")
        kv = st.segmented_control("KV cache", list(KV_BYTES), default="fp16", required=True, key="own_kv")
    with right:
        kept = own_calibration()
        if files:
            _fitted(
                tables,
                scenario.as_of,
                files,
                model=model,
                gpu=gpu,
                n_gpus=int(n_gpus),
                precision=precision,
                kv=str(kv),
            )
        elif kept.given:
            _in_use(tables, kept)
        else:
            st.info("No runs yet. The row of the table that applies is shown on the Method page.")


def _fitted(
    tables: Tables, day: date, files: Any, *, model: str, gpu: str, n_gpus: int, precision: str, kv: str
) -> None:
    """Fit what was uploaded, and say how wrong the fit is."""
    from breakeven.calibration.own import BadRuns

    runs_on = (model, gpu, n_gpus, precision, kv)
    key = (tuple(file.file_id for file in files), day, *runs_on)
    kept = st.session_state.get(_FITTED)
    try:
        if kept is None or kept[0] != key:
            with uploads.on_disk(files, session_id()) as paths:
                size = sum(path.stat().st_size for path in paths)
                if size > _MOST_MB * MEGABYTE:
                    raise Unreadable(
                        f"The files have {size / MEGABYTE:,.0f} MB; at most {_MOST_MB} MB of runs are read."
                    )
                names = [file.name for file in files]
                kept = (key, _fit(tables, day, paths, names, runs_on, size))
            st.session_state[_FITTED] = kept
    except (BadRuns, Unplaceable, Unreadable) as reason:
        st.error(plain(str(reason)), icon=":material/block:")
        return
    except Stopped:
        st.info("Fitting was stopped; change anything to start over.", icon=":material/cancel:")
        return
    result: Fitted = kept[1]
    start = result.start
    for fault in result.faults[:20]:
        st.warning(plain(fault), icon=":material/report:")
    lines = []
    for error in result.errors:
        unseen = "" if error["unseen"] is None else f", {share(error['unseen'])} on runs the fit did not see"
        lines.append(
            f"{NAMES[error['quantity']]}: {share(error['after'])} in the median after the fit, "
            f"{share(error['before'])} with the row {start.efficiency_id}{unseen}"
        )
    st.markdown(f"**{plain(f'Fitted on {result.efficiency.fitted_on}: {result.covered}')}**")
    st.markdown("\n".join(f"- {plain(line)}" for line in lines))
    row = result.efficiency
    numbers = pd.DataFrame(
        [
            {"number": name, "yours": rounded(getattr(row, name)), "table": rounded(getattr(start, name))}
            for name in ("mfu", "mbu", "kv_mbu", "link_share", "step_overhead_s", "layer_overhead_s")
        ]
    )
    st.dataframe(numbers, hide_index=True, key="own_numbers")
    csv_of(numbers, "breakeven-own-efficiency.csv", key="own_csv")
    st.button(
        "Use it on every page",
        key="own_use_button",
        type="primary",
        on_click=_use,
        args=(calibrated_of(row, model), gpu, n_gpus, precision, kv, model),
    )


def _fit(
    tables: Tables,
    day: date,
    paths: Sequence[Path],
    names: Sequence[str],
    runs_on: tuple[Any, ...],
    size: int,
) -> Fitted:
    """Have the runs fitted by a reader of its own, or here where there are none."""
    if readers.apart():
        return in_a_reader(
            jobs.fit, tuple(paths), tuple(names), day, *runs_on, size=size, words="Fitting your runs"
        )
    with st.spinner("Fitting your runs"):
        return jobs.fitted(tables, queries.benchmark_notes(database()), paths, names, *runs_on)


def _use(calibrated: Calibrated, gpu: str, n_gpus: int, precision: str, kv: str, model: str) -> None:
    """Put the fit and what it ran on into the scenario."""
    keep_calibration(calibrated)
    for field, chosen in (
        ("gpu", gpu),
        ("gpus", n_gpus),
        ("precision", precision),
        ("kv_precision", kv),
        ("model", model),
        ("gpu_offer", "median"),
    ):
        st.session_state[key_of(field)] = chosen


def _in_use(tables: Tables, kept: Calibrated) -> None:
    """Say that a calibration is in use, from an upload or a link."""
    row = kept.efficiency()
    if row is None:
        return
    name = tables.models[kept.model_id].name if kept.model_id in tables.models else kept.model_id
    st.success(
        plain(
            f"In use on every page: {row.n_rows} runs of {name} on {row.gpu_family} at "
            f"{row.precision_class}, TPOT off by {share(row.tpot_median_error or 0)} in the median. "
            "The link carries it."
        ),
        icon=":material/check:",
    )
    st.button("Back to the table", key="own_forget_button", on_click=keep_calibration, args=(NO_CALIBRATION,))
