"""A second stage of the fit: what ranks and separate pools add to the efficiency rows as they are.

The efficiency rows stay as fitted; only the numbers of ``data/layouts.csv`` are searched for, per engine
and link, each drawn to the engine's and those to all engines'. Refit it whenever the rows are refitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from breakeven.calibration.fit import LOSS_SCALE, SLOPE_STEP
from breakeven.calibration.goals import Goal
from breakeven.calibration.parameters import QUANTITIES, Parameter
from breakeven.calibration.ranges import LEVEL, conformal, digits
from breakeven.calibration.report import absolute
from breakeven.calibration.rows import some_of, stack
from breakeven.formulas.arrays import Floats
from breakeven.formulas.batch import batch_that_fits
from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.load import STEP_TOKENS, closed_loop
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.formulas.pools import pool_loop, pooled_step
from breakeven.formulas.step import decode_step, mean_context, prefill_step
from breakeven.hosting import KV_BYTES, architecture, compute_class, engine_of, model_shape
from breakeven.hosting.layouts import (
    POOLED,
    Link,
    Worker,
    between_pools,
    layout_profile,
    link_of,
    worker_replica,
)
from breakeven.tables.export import csv_text
from breakeven.tables.records import (
    Efficiency,
    Gpu,
    Layout,
    LayoutError,
    LayoutRun,
    Model,
    NodeLink,
    Precision,
)

Mask = NDArray[np.bool_]
Texts = NDArray[np.str_]

PARAMETERS: Mapping[str, Parameter] = {
    "exchange_latency_s": Parameter(low=1e-7, high=3e-4, usual=8e-6, spread=1.0),
    "exchange_share": Parameter(low=0.03, high=1.0, usual=0.3, spread=0.7),
    "pool_read_factor": Parameter(low=0.3, high=4.0, usual=1.0, spread=0.3),
    "pool_step_factor": Parameter(low=0.4, high=2.5, usual=1.0, spread=0.25),
    "pool_step_s": Parameter(low=1e-6, high=2e-2, usual=3e-4, spread=1.0),
    "handover_s": Parameter(low=2e-3, high=3.0, usual=0.1, spread=1.0),
    "pool_queue_share": Parameter(low=0.003, high=0.9, usual=0.1, spread=0.7),
}
"""What is fitted of a layout."""

NETWORK_SHARE = 0.9
"""Share of the network that an exchange reaches: the README of DeepEP measures 39 to 58 GB/s at 50 GB/s of
adapter, over 32 GPUs and more. Taken as it is: the runs exchange over networks in prefills only. [0 to 1]"""

STRENGTH = 2.0
"""Rows that a level counts for below it. [-]"""

TTFT_WEIGHT, THROUGHPUT_WEIGHT = 0.4, 0.5
"""Weights beside a TPOT: the first token holds the start of the run, the throughput both times. [-]"""

FOLDS = 10
"""Parts that the cells are dealt into, each left out once. [-]"""

LAYOUT_SOURCE, NETWORK_SOURCE = "breakeven-layouts-2026-11", "deepep-2025"
"""Sources of what is fitted here, and of what a network reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutRows:
    """Measured runs as arrays of one entry a run; workers as one of their ranks."""

    run_id: Texts
    engine_name: Texts
    link: Texts
    cell: Texts
    pools: Mask
    """Prompts have workers of their own."""
    model: ModelShape
    reader: Replica
    writer: Replica
    engine: Engine
    """The efficiency row, without a layout."""
    spans: Mask
    """Tensor parallelism of the decode worker leaves the node."""
    reader_spans: Mask
    between: Floats
    """Link of one GPU between the pools. [B/s]"""
    prompt: Floats
    completion: Floats
    clients: Floats
    prefill_ranks: Floats
    """All of them, over all workers that read; without pools those that decode. [-]"""
    decode_ranks: Floats
    ttft_s: Floats
    tpot_s: Floats

    def __len__(self) -> int:
        """Runs."""
        return len(self.prompt)

    def take(self, keep: Mask) -> LayoutRows:
        """Some of the runs."""
        return some_of(self, keep)

    @property
    def group(self) -> Texts:
        """Engine and link: what one layout row speaks of."""
        return np.array([f"{e}-{link}" for e, link in zip(self.engine_name, self.link, strict=True)])


def layout_rows(
    runs: Iterable[LayoutRun],
    *,
    models: Mapping[str, Model],
    gpus: Mapping[str, Gpu],
    precisions: Mapping[str, Precision],
    efficiencies: Sequence[Efficiency],
    links: Mapping[str, NodeLink],
) -> LayoutRows:
    """Read the runs beside the efficiency rows that their layouts are fitted on top of."""
    found: list[dict[str, Any]] = []
    for run in runs:
        gpu, model, precision = gpus[run.gpu_id], models[run.model_id], precisions[run.precision]
        rate = compute_class(gpu, precision)
        writer = Worker(tensor=run.decode_tensor, ranks=run.decode_ranks)
        reader = Worker(tensor=run.prefill_tensor or writer.tensor, ranks=run.prefill_ranks or writer.ranks)
        largest = max(reader.gpus, writer.gpus)
        profile = layout_profile(efficiencies, engine=run.engine, gpu=gpu, rate=rate, n_gpus=writer.tensor)
        shape = model_shape(model, precision, KV_BYTES["fp16" if rate == "fp16" else "fp8"])
        laid = (run.prefill_workers, reader, run.decode_workers, writer)
        lengths = (run.prompt_tokens, run.completion_tokens)
        names = (run.engine, run.gpu_id, run.precision, architecture(model), *laid, *lengths)
        found.append(
            {
                "run": run,
                "link": link_of(gpu, largest),
                "cell": "/".join(map(str, names)),
                "model": shape,
                "reader": worker_replica(gpu, reader, rate, links),
                "writer": worker_replica(gpu, writer, rate, links),
                "engine": engine_of(profile.efficiency),
                "spans": (writer.tensor > gpu.link_gpus, reader.tensor > gpu.link_gpus),
                "between": between_pools(gpu, links),
                "ranks": ((run.prefill_workers or run.decode_workers) * reader.ranks),
            }
        )
    listed = [one["run"] for one in found]

    def floats(values: Iterable[float]) -> Floats:
        return np.array(list(values), dtype=float)

    return LayoutRows(
        run_id=np.array([run.run_id for run in listed]),
        engine_name=np.array([run.engine for run in listed]),
        link=np.array([str(one["link"]) for one in found]),
        cell=np.array([one["cell"] for one in found]),
        pools=np.array([run.prefill_workers is not None for run in listed], dtype=bool),
        model=stack(ModelShape, [one["model"] for one in found]),
        reader=stack(Replica, [one["reader"] for one in found]),
        writer=stack(Replica, [one["writer"] for one in found]),
        engine=stack(Engine, [one["engine"] for one in found]),
        spans=np.array([one["spans"][0] for one in found], dtype=bool),
        reader_spans=np.array([one["spans"][1] for one in found], dtype=bool),
        between=floats(one["between"] for one in found),
        prompt=floats(run.prompt_tokens * run.length_share for run in listed),
        completion=floats(run.completion_tokens * run.length_share for run in listed),
        clients=floats(run.clients for run in listed),
        prefill_ranks=floats(one["ranks"] for one in found),
        decode_ranks=floats(run.decode_workers * run.decode_ranks for run in listed),
        ttft_s=floats(run.ttft_s for run in listed),
        tpot_s=floats(run.tpot_s for run in listed),
    )


def predict_layouts(rows: LayoutRows, values: Mapping[str, Floats | float]) -> dict[str, Floats]:
    """Time every run with the numbers of a layout: TTFT and TPOT [s], requests [1/s] as clients see them."""
    laid = replace(rows.engine, **values)

    def engine(spans: Mask) -> Engine:
        latency = np.where(spans, laid.exchange_latency_s, laid.link_latency_s)
        share = np.where(spans, laid.exchange_share, laid.link_share)
        return replace(laid, link_latency_s=latency, link_share=share)

    context = mean_context(prompt_tokens=rows.prompt, completion_tokens=rows.completion)
    read = prefill_step(
        model=rows.model,
        replica=rows.reader,
        engine=engine(rows.reader_spans),
        batch=np.ones(len(rows)),
        prompt_tokens=rows.prompt,
    ).total_s
    writing = engine(rows.spans)

    def step(sequences: Floats) -> Floats:
        decode = decode_step(
            model=rows.model,
            replica=rows.writer,
            engine=writing,
            batch=np.maximum(sequences, 1.0),
            context_tokens=context,
        )
        return np.asarray(decode.total_s)

    fit = batch_that_fits(
        model=rows.model,
        replica=rows.writer,
        usable=0.9,
        prompt_tokens=rows.prompt,
        completion_tokens=rows.completion / 2,
    )
    room = np.maximum(fit, 1.0)
    moved = kv_bytes_per_sequence(
        context_tokens=rows.prompt,
        full_bytes_per_token=rows.model.full_kv_bytes_per_token,
        sliding_bytes_per_token=rows.model.sliding_kv_bytes_per_token,
        window_tokens=rows.model.window_tokens,
    )
    apart = pool_loop(
        engine=laid,
        read_s=read * np.asarray(laid.pool_read_factor),
        moved_s=moved / (np.asarray(rows.reader.n_gpus) * rows.between * laid.exchange_share),
        step_s=lambda sequences: pooled_step(engine=laid, step_s=step(sequences)),
        completion_tokens=rows.completion,
        clients=rows.clients,
        prefill_ranks=rows.prefill_ranks,
        decode_ranks=rows.decode_ranks,
        most_sequences=room,
    )
    share = np.maximum(rows.clients / rows.decode_ranks, 1.0)
    fed = np.maximum(1.0, STEP_TOKENS * rows.completion / rows.prompt)
    together = np.minimum(np.minimum(share, fed), room)
    step_s = step(together)
    ttft, tpot = closed_loop(
        engine=laid,
        read_s=read,
        step_s=step_s,
        token_s=step_s,
        completion_tokens=rows.completion,
        batch=together,
        clients=share,
    )
    ttft_s = np.where(rows.pools, apart.ttft_s, ttft)
    tpot_s = np.where(rows.pools, apart.tpot_s, tpot)
    return {"ttft": ttft_s, "tpot": tpot_s, "throughput": _served(rows, ttft_s, tpot_s)}


def _served(rows: LayoutRows, ttft_s: Floats, tpot_s: Floats) -> Floats:
    """Requests per second of clients that send again once answered. [1/s]"""
    return np.asarray(rows.clients / (ttft_s + rows.completion * tpot_s))


def residuals(rows: LayoutRows, values: Mapping[str, Floats | float]) -> dict[str, Floats]:
    """Logarithms of predicted over measured."""
    found = predict_layouts(rows, values)
    measured = {
        "ttft": rows.ttft_s,
        "tpot": rows.tpot_s,
        "throughput": _served(rows, rows.ttft_s, rows.tpot_s),
    }
    return {name: np.asarray(np.log(found[name] / measured[name])) for name in QUANTITIES}


def fit_layout(rows: LayoutRows, prior: Mapping[str, float], *, network: bool) -> dict[str, float]:
    """Search the numbers of one group, drawn to a prior."""
    names = [name for name in PARAMETERS if not (network and name == "exchange_share")]
    fixed = {"exchange_share": NETWORK_SHARE} if network else {}
    low = np.log([PARAMETERS[name].low for name in names])
    high = np.log([PARAMETERS[name].high for name in names])
    spread = np.array([PARAMETERS[name].spread for name in names])
    centre = np.clip(np.log([prior[name] for name in names]), low + 1e-6, high - 1e-6)

    def cost(point: Floats) -> Floats:
        found = residuals(rows, {**dict(zip(names, np.exp(point).tolist(), strict=True)), **fixed})
        weighed = (
            TTFT_WEIGHT * found["ttft"], found["tpot"], THROUGHPUT_WEIGHT * found["throughput"]
        )  # fmt: skip
        residual = np.concatenate(weighed)
        z = (residual / LOSS_SCALE) ** 2
        robust = np.sign(residual) * np.sqrt(2 * (np.sqrt(1 + z) - 1))
        return np.concatenate([robust, np.sqrt(STRENGTH) * (point - centre) / spread])

    best = least_squares(
        cost, centre, bounds=(low, high), xtol=1e-4, ftol=1e-4, max_nfev=40, diff_step=SLOPE_STEP
    )
    return {**dict(zip(names, np.exp(best.x).tolist(), strict=True)), **fixed}


class LayoutLevels:
    """Fits of all runs, of an engine's and of an engine's over one link, each drawn to the one above."""

    def __init__(self, rows: LayoutRows) -> None:
        """Keep the runs; fits are made when they are asked for."""
        self._rows = rows
        self._found: dict[tuple[str | None, str | None], dict[str, float]] = {}

    def values(self, engine: str | None, link: str | None) -> dict[str, float]:
        """Fitted numbers of a group, which may have no runs; None: of every engine, over any link."""
        key = engine, link
        if key not in self._found:
            keep = np.ones(len(self._rows), dtype=bool)
            if engine is not None:
                keep &= self._rows.engine_name == engine
            network = link == Link.NETWORK
            if link is not None:
                keep &= self._rows.link == link
                prior = self.values(engine, None)
            elif engine is not None:
                prior = self.values(None, None)
            else:
                prior = {name: one.usual for name, one in PARAMETERS.items()}
            fixed = {"exchange_share": NETWORK_SHARE} if network else {}
            some = keep.any()
            self._found[key] = (
                fit_layout(self._rows.take(keep), prior, network=network) if some else {**prior, **fixed}
            )
        return {name: digits(value) for name, value in self._found[key].items()}


def by_group(rows: LayoutRows, levels: LayoutLevels) -> dict[str, Floats]:
    """Numbers of each run's group, an array each."""
    each = [
        levels.values(str(engine), str(link))
        for engine, link in zip(rows.engine_name, rows.link, strict=True)
    ]
    return {name: np.array([one[name] for one in each]) for name in PARAMETERS}


def held_out_layouts(rows: LayoutRows) -> dict[str, Floats]:
    """Residuals of every run by fits that saw no run of its cell."""
    cells = sorted(set(rows.cell.tolist()))
    part = np.array([cells.index(cell) % FOLDS for cell in rows.cell.tolist()])
    found = {name: np.full(len(rows), np.nan) for name in QUANTITIES}
    for fold in range(min(FOLDS, len(cells))):
        test = part == fold
        held, levels = rows.take(test), LayoutLevels(rows.take(~test))
        for name, logs in residuals(held, by_group(held, levels)).items():
            found[name][test] = logs
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutFit:
    """The outcome of a fit of all runs."""

    layouts: tuple[Layout, ...]
    in_sample: Mapping[str, Floats]
    unseen: Mapping[str, Floats]
    """By fits that saw no run of the cell."""


def calibrate_layouts(rows: LayoutRows) -> LayoutFit:
    """Fit every engine over every link, and the fall-back rows of any engine."""
    levels, unseen = LayoutLevels(rows), held_out_layouts(rows)
    engines: list[str | None] = [*sorted(set(rows.engine_name.tolist())), None]
    table = [_row(rows, levels, unseen, engine, link) for engine in engines for link in Link]
    return LayoutFit(
        layouts=tuple(sorted(table, key=lambda row: row.layout_id)),
        in_sample=residuals(rows, by_group(rows, levels)),
        unseen=unseen,
    )


def _row(
    rows: LayoutRows, levels: LayoutLevels, unseen: Mapping[str, Floats], engine: str | None, link: Link
) -> Layout:
    """One row of the table; its errors and ranges are those of the nearest runs that there are."""
    mine = np.ones(len(rows), dtype=bool) if engine is None else rows.engine_name == engine
    here = mine & (rows.link == link)
    name, n = engine or POOLED, int(here.sum())
    near = here if n >= ENOUGH else mine
    low, high = conformal(unseen["tpot"][near])
    first_low, first_high = conformal(unseen["ttft"][near])
    notes = []
    if n < ENOUGH:
        notes.append("ranges of the engine over every link" if engine else "ranges over every link")
    if link == Link.NETWORK:
        notes.append("share of the network as DeepEP measures it")

    def error(logs: Floats) -> float | None:
        sizes = absolute(logs[here])
        return digits(float(np.median(sizes))) if len(sizes) else None

    fitted = f"{n} measured runs" if n else f"nothing over a {link}: drawn from the engine's other runs"
    return Layout(
        layout_id=f"{name}-{link}",
        engine=name,
        link=link,
        **levels.values(engine, link),
        ttft_factor_low=first_low,
        ttft_factor_high=first_high,
        tpot_factor_low=low,
        tpot_factor_high=high,
        range_level=LEVEL,
        ttft_median_error=error(unseen["ttft"]),
        tpot_median_error=error(unseen["tpot"]),
        n_rows=n,
        method="pooled" if engine is None else "fitted" if n else "assumed",
        fitted_on=fitted,
        notes="; ".join(notes) or None,
        source_id=LAYOUT_SOURCE if n or link != Link.NETWORK else NETWORK_SOURCE,
    )


ENOUGH = 15
"""Runs from which a row has ranges of its own. [-]"""


def layouts_csv(table: Iterable[Layout], as_of: date) -> str:
    """Write the table as ``data/layouts.csv`` holds it."""
    names = [field.name for field in fields(Layout)]
    return csv_text([*names, "as_of"], ([*(getattr(row, n) for n in names), as_of] for row in table))


def layout_errors_csv(rows: LayoutRows, result: LayoutFit, as_of: date) -> str:
    """Write predicted over measured of every run as ``data/layout_errors.csv`` holds it."""
    lines = [
        [run, name, f"{np.exp(result.in_sample[name][i]):.4g}", f"{np.exp(result.unseen[name][i]):.4g}"]
        for i, run in enumerate(rows.run_id.tolist())
        for name in sorted(QUANTITIES)
    ]
    head = ["run_id", "quantity", "in_sample", "by_cell", "source_id", "as_of"]
    return csv_text(head, ([*line, LAYOUT_SOURCE, as_of] for line in lines))


LIMIT = 0.2
"""Median error that runs with ranks or separate pools are to stay within. [0 to 1]"""


def layout_goals(runs: Sequence[LayoutRun], errors: Sequence[LayoutError]) -> list[Goal]:
    """What is to be reached on runs whose cell the fit did not see."""
    pools = {run.run_id: run.prefill_workers is not None for run in runs}
    found = []
    for apart, what in ((True, "separate pools"), (False, "data-parallel attention")):
        for name, words in (("tpot", "TPOT"), ("throughput", "throughput"), ("ttft", "TTFT")):
            ratios = [e.by_cell for e in errors if e.quantity == name and pools[e.run_id] == apart]
            sizes = np.abs(np.array(ratios) - 1)
            value = float(np.median(sizes)) if len(sizes) else float("nan")
            found.append(
                Goal(what=f"{words} of {what}: median error", limit=LIMIT, value=value, n=len(sizes))
            )
    return found
