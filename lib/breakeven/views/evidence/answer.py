"""Every measured row beside its prediction, how wrong the predictions are, and where.

Pure: rows of the tables in, numbers and sentences out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.calibration.goals import coverages, goals
from breakeven.calibration.parameters import QUANTITIES, SPLITS
from breakeven.calibration.ranges import LEVEL
from breakeven.calibration.report import (
    ALL,
    ARTICLE_GROUP,
    DENSE,
    IN_SAMPLE,
    LEFT_OUT,
    MIXTURES,
    NAMES,
    Error,
    absolute,
    compared,
    errors_of,
    table_residuals,
)
from breakeven.calibration.rows import OFFLINE, ONLINE, PREFILL, STATIC, LeftOut, Rows, rows_of
from breakeven.formulas.arrays import Floats
from breakeven.question.pages.evidence import ANY, BY, SEEN, USUAL, Fields
from breakeven.tables.records import (
    Benchmark,
    BenchmarkNote,
    CalibrationError,
    Gpu,
    Model,
    PeerError,
    Precision,
)
from breakeven.words.numbers import number, seconds
from breakeven.words.terms import EXPERT, Terms

KINDS = {
    ONLINE: "online, a fixed number of clients",
    OFFLINE: "offline, all requests at once",
    STATIC: "one static batch",
    PREFILL: "one prompt alone",
}


HEAVY = 4.0
"""Prompt over completion from which work is prompt-heavy, and its inverse generation-heavy. [-]"""

BAND = 0.2
"""Half width of the band around equality. [0 to 1]"""

FEWER = 0.5
"""Time to the first token over that of the completion from which clients must have waited for a place. [-]"""

WORST = 25
"""Worst rows that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All measured rows, compared or left out, and the errors of every fit."""

    rows: Rows
    left: tuple[LeftOut, ...]
    benchmarks: Mapping[str, Benchmark]
    residuals: Mapping[str, Mapping[str, Floats]]
    """Logarithms of predicted over measured, by what was left out and by quantity."""
    errors: tuple[Error, ...]
    model_names: Mapping[str, str]
    gpu_names: Mapping[str, str]


def gather(
    benchmarks: Sequence[Benchmark],
    errors: Iterable[CalibrationError],
    *,
    models: Mapping[str, Model],
    gpus: Mapping[str, Gpu],
    precisions: Mapping[str, Precision],
    notes: Sequence[BenchmarkNote],
) -> Evidence:
    """Put the measured rows beside the committed errors."""
    rows, left = rows_of(benchmarks, models=models, gpus=gpus, precisions=precisions, notes=notes)
    residuals = table_residuals(errors, rows)
    return Evidence(
        rows=rows,
        left=tuple(left),
        benchmarks={row.benchmark_id: row for row in benchmarks},
        residuals=residuals,
        errors=tuple(errors_of(rows, residuals)),
        model_names={key: model.name for key, model in models.items()},
        gpu_names={key: gpu.name.removeprefix("NVIDIA ") for key, gpu in gpus.items()},
    )


def error_of(evidence: Evidence, quantity: str, left_out: str, rows: str = ALL) -> Error:
    """One published error."""
    return next(e for e in evidence.errors if (e.quantity, e.left_out, e.rows) == (quantity, left_out, rows))


def name_of(quantity: str, say: Terms) -> str:
    """Name a measured quantity within a sentence."""
    return {"ttft": say.wait, "tpot": say.speed}.get(quantity, NAMES[quantity])


def share(value: float) -> str:
    """Write an error."""
    return f"{number(value * 100, 2)} %"


def headline(evidence: Evidence, say: Terms = EXPERT) -> str:
    """The published error, in one sentence."""
    tpot, ttft = error_of(evidence, "tpot", "shape"), error_of(evidence, "ttft", "shape")
    speed = error_of(evidence, "throughput", "shape")
    if say.is_plain:
        return (
            f"Of the estimates of {len(evidence.rows):,} measured runs half miss the pace by less than "
            f"{share(tpot.median)}, the wait for the first word by less than {share(ttft.median)} and the "
            f"tokens in all by less than {share(speed.median)}."
        )
    return (
        f"On {len(evidence.rows):,} measured rows the model is off in the median by {share(tpot.median)} in "
        f"TPOT and {share(ttft.median)} in TTFT ({tpot.n:,} rows), and {share(speed.median)} in throughput "
        f"({speed.n:,} rows), at prompt and completion lengths that its fit had not seen."
    )


def harder(evidence: Evidence, say: Terms = EXPERT) -> list[str]:
    """What is harder to predict than that, one sentence each."""
    dense, mixed = (error_of(evidence, "tpot", "shape", name) for name in (DENSE, MIXTURES))
    model = [error_of(evidence, q, "model") for q in ("tpot", "ttft", "throughput")]
    gpu = [error_of(evidence, q, "gpu") for q in ("tpot", "ttft", "throughput")]

    def three(errors: Sequence[Error]) -> str:
        return ", ".join(f"{name_of(e.quantity, say)} {share(e.median)}" for e in errors)

    return [
        f"Dense models are predicted better than mixtures of experts: {say.speed} {share(dense.median)} "
        f"against {share(mixed.median)}.",
        f"A model that the fit had never seen: {three(model)}.",
        f"A GPU that the fit had never seen: {three(gpu)}.",
    ]


def workload_of(prompt: float, completion: float) -> str:
    """Kind of work by its lengths."""
    if prompt >= HEAVY * completion:
        return "prompt-heavy"
    return "generation-heavy" if completion >= HEAVY * prompt else "balanced"


def points(evidence: Evidence, view: Fields) -> pd.DataFrame:
    """The rows of a view, one line each, the worst first."""
    rows = evidence.rows
    quantity = view.quantity
    key = IN_SAMPLE if view.unseen == SEEN else view.unseen
    log = evidence.residuals[key][quantity]
    measured = {"tpot": rows.tpot_s, "ttft": rows.ttft_s, "throughput": rows.tokens_per_s}[quantity]
    keep = np.isfinite(log) & np.isfinite(measured)
    work = np.array([workload_of(p, c) for p, c in zip(rows.prompt, rows.completion, strict=True)])
    if view.engine != ANY:
        keep &= rows.engine == view.engine
    if view.gpu != ANY:
        keep &= rows.family == view.gpu
    if view.models != ANY:
        keep &= rows.mixture == (view.models == "mixtures")
    if view.work != ANY:
        keep &= work == view.work
    chosen = np.flatnonzero(keep)
    chosen = chosen[np.argsort(-np.abs(log[chosen]), kind="stable")]
    nominal = [evidence.benchmarks[str(rows.benchmark_id[i])] for i in chosen]
    return pd.DataFrame(
        {
            "row": rows.benchmark_id[chosen],
            "model": [evidence.model_names[m] for m in rows.model_id[chosen].tolist()],
            "gpu": [evidence.gpu_names[g] for g in rows.gpu_id[chosen].tolist()],
            "gpus": np.asarray(rows.replica.n_gpus)[chosen].astype(int),
            "engine": rows.engine[chosen],
            "precision": rows.precision[chosen],
            "shape": [_lengths(b, p) for b, p in zip(nominal, rows.prompt[chosen], strict=True)],
            "clients": rows.clients[chosen].astype(int),
            "workload": work[chosen],
            "architecture": np.where(rows.mixture[chosen], MIXTURES, DENSE),
            "measured": measured[chosen],
            "predicted": measured[chosen] * np.exp(log[chosen]),
            "ratio": np.exp(log[chosen]),
            "error": np.abs(np.expm1(log[chosen])),
            "kind": [KINDS[k] for k in rows.kind[chosen].tolist()],
            "reason": [_reason(evidence, int(i), quantity, float(log[i])) for i in chosen],
            "source": [b.source_id for b in nominal],
            "where": [b.locator for b in nominal],
        }
    )


def _lengths(row: Benchmark, prompt: float) -> str:
    """Nominal lengths, as the source writes them."""
    first = prompt if row.prompt_tokens is None else row.prompt_tokens
    return f"{first:,.0f}/{row.completion_tokens or 1:,.0f}"


def grouped(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Error of each group of a view, the largest groups first."""
    if frame.empty:
        return pd.DataFrame(columns=[by, "rows", "median", "mean", "bias"])
    table = frame.groupby(by, sort=False).agg(
        rows=("error", "size"),
        median=("error", "median"),
        mean=("error", "mean"),
        bias=("ratio", "median"),
    )
    return table.sort_values(["rows", "median"], ascending=[False, True], kind="stable").reset_index()


def finding(frame: pd.DataFrame, view: Fields, say: Terms = EXPERT) -> str:
    """What the scatter shows: the title of the chart."""
    within = float((frame["error"] <= BAND).mean())
    if say.is_plain:
        return f"{share(within)} of the runs are predicted within ±20 %, the grey band"
    name = name_of(view.quantity, say)
    return (
        f"{share(within)} of {len(frame):,} rows are predicted within ±20 %; {name} is off by "
        f"{share(float(frame['error'].median()))} in the median"
    )


def by_finding(table: pd.DataFrame, view: Fields, say: Terms = EXPERT) -> str:
    """What the bars show: best and worst group with enough rows to tell."""
    many = table[table["rows"] >= 5]
    name = name_of(view.quantity, say)
    name = f"{name[0].upper()}{name[1:]}"
    if len(many) < 2:
        return f"{name} error by {BY[view.by].lower()}"
    by_error = many.sort_values("median", kind="stable")
    best, worst = by_error.iloc[0], by_error.iloc[-1]
    if say.is_plain:
        return f"{name} is predicted best for {best[view.by]}, worst for {worst[view.by]}"
    return (
        f"{name} is predicted best for {best[view.by]} ({share(best['median'])}), worst for "
        f"{worst[view.by]} ({share(worst['median'])})"
    )


def _reason(evidence: Evidence, i: int, quantity: str, log: float) -> str:
    """Why a row is likely off, from what is known of how it was measured; empty where it is not."""
    if abs(np.expm1(log)) <= BAND:
        return ""
    rows = evidence.rows
    found = []
    if rows.kind[i] == ONLINE and rows.ttft_s[i] > FEWER * rows.completion[i] * rows.tpot_s[i]:
        found.append("first tokens waited long: the server ran fewer sequences than there were clients")
    elif quantity == "ttft" and rows.tight[i]:
        found.append("clients may have waited for memory or for the prefill: how much depends on settings")
    if quantity == "ttft" and rows.engine[i] in ("sglang", "tensorrt-llm") and rows.kind[i] == ONLINE:
        found.append("the server streams or polls every so many steps, set differently from run to run")
    if rows.mixture[i] and _two_speeds(rows, i, quantity):
        found.append("two runs of the same model here differ by more than half: versions or speculation")
    if rows.kind[i] == OFFLINE and rows.prompt[i] <= 256 and rows.completion[i] <= 256:
        found.append("short prompts are read many together, which the formula does not do")
    if rows.source_id[i] == "inferencex-experimental-843c625":
        found.append("128 tokens a request: start and end of the run weigh much")
    if rows.rate[i] == "fp16" and rows.precision[i] not in ("fp16", "bf16"):
        found.append("4-bit weights computed in fp16 by a kernel of its own")
    if evidence.benchmarks[str(rows.benchmark_id[i])].source_family == "nvidia-lab-via-aiconfigurator":
        found.append("a maker's laboratory run: how the server was set is not stated")
    if not rows.today[i]:
        found.append("an engine of 2023, whose step hardly falls with more GPUs")
    if rows.mixture[i] and not found:
        found.append("routing, experts' load and special attention of the model are not in the formula")
    return "; ".join(found)


def _two_speeds(rows: Rows, i: int, quantity: str) -> bool:
    """Two rows of one architecture, GPU, rate, engine, shape and load that differ by half."""
    if quantity == "throughput":
        return False
    same = (
        (rows.architecture == rows.architecture[i])
        & (rows.engine == rows.engine[i])
        & (rows.family == rows.family[i])
        & (rows.rate == rows.rate[i])
        & ((rows.kind == STATIC) == (rows.kind[i] == STATIC))
        & (rows.prompt == rows.prompt[i])
        & (rows.completion == rows.completion[i])
        & (rows.clients == rows.clients[i])
        & (np.asarray(rows.replica.n_gpus) == np.asarray(rows.replica.n_gpus)[i])
    )
    values = rows.tpot_s[same]
    return bool(len(values) > 1 and values.max() > 1.5 * values.min())


def sources_table(evidence: Evidence) -> pd.DataFrame:
    """What each source measured, and how it is compared."""
    lines = []
    of = {name: i for i, name in enumerate(evidence.rows.benchmark_id.tolist())}
    for source in sorted({b.source_id for b in evidence.benchmarks.values()}):
        mine = [b for b in evidence.benchmarks.values() if b.source_id == source]
        used = [of[b.benchmark_id] for b in mine if b.benchmark_id in of]
        kinds = Counter(KINDS[k] for k in evidence.rows.kind[used].tolist())
        lines.append(
            {
                "source": source,
                "rows": len(mine),
                "compared": len(used),
                "measured": "; ".join(f"{n} {kind}" for kind, n in kinds.most_common())
                or "nothing comparable",
                "unit as published": ", ".join(sorted({b.raw_unit for b in mine if b.raw_unit}))[:120],
            }
        )
    return pd.DataFrame(lines).sort_values("compared", ascending=False, kind="stable")


def left_table(evidence: Evidence) -> pd.DataFrame:
    """Rows that nothing is compared with, by reason."""
    counts: Counter[str] = Counter()
    for row in evidence.left:
        counts["the same measurement as another row" if "same measurement" in row.reason else row.reason] += 1
    return pd.DataFrame([{"rows": n, "why left out": reason} for reason, n in counts.most_common()])


def errors_table(evidence: Evidence) -> pd.DataFrame:
    """Every published error, for the download."""
    return pd.DataFrame(
        [
            {
                "quantity": NAMES[e.quantity],
                "left out of the fit": LEFT_OUT[e.left_out],
                "rows": e.rows,
                "n": e.n,
                "median error": e.median,
                "mean error": e.mean,
            }
            for e in evidence.errors
        ]
    )


def goals_table(evidence: Evidence) -> pd.DataFrame:
    """What is to be reached on rows that the fit did not see, and what is."""
    return pd.DataFrame(
        [
            {
                "Met": "yes" if goal.met else "no",
                "Reached": share(goal.value),
                "To be reached": f"{'at least' if goal.at_least else 'at most'} {share(goal.limit)}",
                "What": goal.what,
                "Rows": f"{goal.n:,}",
            }
            for goal in goals(evidence.rows, evidence.residuals)
        ]
    )


def coverage_table(evidence: Evidence) -> pd.DataFrame:
    """Share of the rows in the range that the other cells give, by engine and GPU."""
    return pd.DataFrame(
        [
            {
                "Kept": "yes" if one.kept else "no",
                "Rows inside": share(one.share),
                "Stated": share(LEVEL),
                "Quantity": one.quantity,
                "Engine": one.engine,
                "GPU family": one.gpu_family,
                "Rows": f"{one.n:,}",
            }
            for one in coverages(evidence.rows, evidence.residuals["cell"])
        ]
    )


def peers_table(evidence: Evidence, peers: Sequence[PeerError]) -> pd.DataFrame:
    """Errors of others on the same ground, ours beside them."""
    return pd.DataFrame(
        [
            {
                "ground": peer.ground,
                "quantity": peer.quantity,
                "peer": peer.peer,
                "peer's error": share(peer.error),
                "ours": " · ".join(ours_on(evidence, peer)),
            }
            for peer in peers
        ]
    )


def ours_on(evidence: Evidence, peer: PeerError) -> list[str]:
    """Our mean error on the rows of a peer, with the rows in the fit and without."""
    rows = evidence.rows
    if peer.rows == "article":
        keep, key = rows.group == ARTICLE_GROUP, "shape"
    else:
        hopper = (rows.rate == "fp8") & np.isin(rows.family, ("h100", "h200"))
        keep, key = hopper & (rows.kind == ONLINE) & (rows.model_id == "llama-3.1-70b"), "parallel"
    quantity = "ttft" if peer.quantity in ("TTFT", "prefill") else "tpot"
    found = []
    for left_out in (IN_SAMPLE, key):
        sizes = absolute(evidence.residuals[left_out][quantity][keep])
        if len(sizes):
            words = "rows in the fit" if left_out == IN_SAMPLE else f"{LEFT_OUT[left_out]} left out"
            found.append(f"{share(float(sizes.mean()))} ({words})")
    return found


def work_table(evidence: Evidence, unseen: str, say: Terms = EXPERT) -> pd.DataFrame:
    """Prompt-heavy and generation-heavy work apart."""
    key = IN_SAMPLE if unseen == SEEN else unseen
    rows = evidence.rows
    work = np.array([workload_of(p, c) for p, c in zip(rows.prompt, rows.completion, strict=True)])
    lines = []
    for kind in ("prompt-heavy", "balanced", "generation-heavy"):
        line: dict[str, object] = {"work": kind}
        for quantity in ("tpot", "ttft", "throughput"):
            sizes = absolute(evidence.residuals[key][quantity][(work == kind) & compared(rows, quantity)])
            name = name_of(quantity, say)
            line[name] = share(float(np.median(sizes))) if len(sizes) else "no row"
            line[f"{name}, rows" if say.is_plain else f"{name} rows"] = len(sizes)
        lines.append(line)
    return pd.DataFrame(lines)


def value(quantity: str, amount: float) -> str:
    """Write a measured quantity with its unit."""
    return f"{number(amount)} tokens/s per GPU" if quantity == "throughput" else seconds(amount)


__all__ = ["ANY", "BY", "QUANTITIES", "SPLITS", "USUAL", "Evidence", "gather", "points"]
