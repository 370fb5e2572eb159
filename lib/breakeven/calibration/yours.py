"""An efficiency row from somebody's own runs, on one model, GPU and precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from breakeven.calibration.fit import fit, logs
from breakeven.calibration.notes import Notes
from breakeven.calibration.own import BadRuns, OwnRun, read_all
from breakeven.calibration.parameters import PARAMETERS, STATIC_PARAMETERS, Parameter
from breakeven.calibration.predict import predict
from breakeven.calibration.ranges import conformal, light
from breakeven.calibration.rows import ONLINE, STATIC, Rows, assemble, set_up
from breakeven.calibration.table import median_error, numbers, rounded
from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine
from breakeven.hosting import (
    KV_BYTES,
    architecture,
    choose_profile,
    compute_class,
    model_shape,
    replica_of,
)
from breakeven.question.calibrated import OWN as YOURS
from breakeven.question.calibrated import OWN_SOURCE
from breakeven.tables.records import BenchmarkNote, Efficiency, Gpu, Model, Precision, RangeOf

MOST_FOLDS = 10
"""Parts of which each is left out once. [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the runs ran on."""

    model: Model
    gpu: Gpu
    n_gpus: int
    precision: Precision
    notes: Sequence[BenchmarkNote]
    """What is taken to hold of any run."""
    kv_precision: str = "fp16"
    engine: str = YOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFit:
    """The row, and how wrong it is."""

    efficiency: Efficiency
    rows: Rows
    before: Mapping[str, Floats]
    """Logarithms of predicted over measured by the row of the table."""
    after: Mapping[str, Floats]
    """The same by the fitted row."""
    unseen: Mapping[str, Floats]
    """The same, each part from a fit of the others; NaN with one row."""
    covered: str
    """Range of the runs, in words."""


def own_rows(runs: Sequence[OwnRun], setup: Setup) -> Rows:
    """Put runs into the form that measured rows have.

    Raises
    ------
    BadRuns
        If batches and clients are mixed, or there is no run.
    Unplaceable
        If the model cannot be placed on that GPU, or the notes lack what holds of any run.
    """
    if not runs:
        raise BadRuns("there is no measured run")
    kinds = {run.static for run in runs}
    if len(kinds) > 1:
        raise BadRuns("static batches and clients are mixed; calibrate each by itself")
    rate = compute_class(setup.gpu, setup.precision)
    shape = model_shape(setup.model, setup.precision, KV_BYTES[setup.kv_precision])
    replica = replica_of(setup.gpu, setup.n_gpus, rate)
    usual = set_up(Notes(setup.notes))
    nan = float("nan")
    return assemble(
        [
            {
                "benchmark_id": f"run {number}",
                "kind": STATIC if run.static else ONLINE,
                "engine": setup.engine,
                "family": setup.gpu.gpu_family,
                "rate": rate,
                "gpu_id": setup.gpu.gpu_id,
                "model_id": setup.model.model_id,
                "architecture": architecture(setup.model),
                "source_id": OWN_SOURCE,
                "year": "",
                "precision": setup.precision.precision_id,
                "mixture": bool(setup.model.n_experts),
                "model": shape,
                "replica": replica,
                "prompt": run.prompt_tokens,
                "completion": run.completion_tokens,
                "clients": run.concurrency,
                **usual,
                "ttft_s": run.ttft_s or nan,
                "tpot_s": run.tpot_s or nan,
                "tokens_per_s": nan,
            }
            for number, run in enumerate(runs, start=1)
        ]
    )


def fit_own(runs: Sequence[OwnRun], setup: Setup, start: Efficiency) -> OwnFit:
    """Fit runs, drawn to the row of the table where they say little.

    Parameters
    ----------
    runs
        What was measured.
    setup
        What it was measured on.
    start
        Row of the table for that GPU, rate and mode.
    """
    rows = own_rows(runs, setup)
    static = runs[0].static
    parameters = STATIC_PARAMETERS if static else PARAMETERS
    prior = _prior(start, parameters)
    values = rounded(fit(rows, parameters=parameters, prior=prior))
    after = logs(rows, predict(rows, Engine(**values)))
    unseen = _unseen(rows, parameters, prior)
    known = unseen if len(rows) > 1 else after
    usable = ~rows.tight
    ttft, tpot = known["ttft"][usable], known["tpot"]
    ttft_low, ttft_high = _widened(ttft, start.ttft_factor_low, start.ttft_factor_high, len(rows))
    alone = known["ttft"][usable & light(rows)]
    alone_low, alone_high = _widened(
        alone, start.ttft_alone_factor_low, start.ttft_alone_factor_high, int(np.isfinite(alone).sum())
    )
    tpot_low, tpot_high = _widened(tpot, start.tpot_factor_low, start.tpot_factor_high, len(rows))
    covered = _covered(rows)
    noun = "run" if len(rows) == 1 else "runs"
    row = Efficiency(
        efficiency_id=f"{YOURS}-{setup.gpu.gpu_family}-{rows.rate[0]}{'-static' if static else ''}",
        engine=YOURS,
        gpu_family=setup.gpu.gpu_family,
        precision_class=str(rows.rate[0]),
        mode="static" if static else "continuous",
        **numbers(values),
        ttft_factor_low=ttft_low,
        ttft_factor_high=ttft_high,
        ttft_alone_factor_low=alone_low,
        ttft_alone_factor_high=alone_high,
        tpot_factor_low=tpot_low,
        tpot_factor_high=tpot_high,
        ttft_median_error=median_error(after["ttft"][usable]),
        tpot_median_error=median_error(after["tpot"]),
        n_rows=len(rows),
        min_gpus=setup.n_gpus,
        max_gpus=setup.n_gpus,
        architecture=None,
        range_of=RangeOf.MODEL,
        fitted_on=f"your {len(rows)} {noun} of {setup.model.name}",
        method="fitted",
        notes=None,
        source_id=OWN_SOURCE,
    )
    return OwnFit(
        efficiency=row,
        rows=rows,
        before=logs(rows, predict(rows, Engine(**prior))),
        after=after,
        unseen=unseen,
        covered=covered,
    )


def _prior(row: Efficiency, parameters: Mapping[str, Parameter]) -> dict[str, float]:
    """The table's numbers, inside the bounds of the fit."""
    return {n: min(max(getattr(row, n), p.low), p.high) for n, p in parameters.items()}


def _unseen(rows: Rows, parameters: Mapping[str, Parameter], prior: Mapping[str, float]) -> dict[str, Floats]:
    """Residuals of each part from a fit of the others."""
    found = {name: np.full(len(rows), np.nan) for name in ("ttft", "tpot", "throughput")}
    if len(rows) < 2:
        return found
    part = np.arange(len(rows)) % min(len(rows), MOST_FOLDS)
    for fold in range(int(part.max()) + 1):
        test = part == fold
        values = fit(rows.take(~test), parameters=parameters, prior=prior)
        held = rows.take(test)
        for name, log in logs(held, predict(held, Engine(**values))).items():
            found[name][test] = log
    return found


def _widened(found: Floats, low: float, high: float, n_rows: int) -> tuple[float, float]:
    """The range of the runs; that of the table where they are too few to know one."""
    own_low, own_high = conformal(found)
    if n_rows >= MOST_FOLDS:
        return own_low, own_high
    return (low, high) if not np.isfinite(found).any() else (min(low, own_low), max(high, own_high))


def _covered(rows: Rows) -> str:
    """Lengths and clients of the runs, in words."""

    def span(values: Floats) -> str:
        low, high = float(values.min()), float(values.max())
        return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"

    return (
        f"{span(rows.prompt)} prompt tokens, {span(rows.completion)} completion tokens, "
        f"{span(rows.clients)} together"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What files of runs gave, without the runs."""

    efficiency: Efficiency
    start: Efficiency
    """Row of the table that would apply."""
    covered: str
    """Range of the runs, in words."""
    errors: tuple[Mapping[str, Any], ...]
    """From :func:`summary_of`."""
    faults: tuple[str, ...]
    """Rows that cannot be used, each as a sentence."""


def fit_files(
    files: Sequence[tuple[str, bytes]], setup: Setup, table: Sequence[Efficiency], engine: str
) -> tuple[OwnFit, Fitted]:
    """Read files of runs and fit them.

    Parameters
    ----------
    files
        Names and contents.
    setup
        What they were measured on.
    table
        Rows of which the one that applies is where the fit starts.
    engine
        Whose rows they are; ``auto``: any.

    Raises
    ------
    BadRuns
        If a file holds nothing, or nothing can be fitted; the text says why.
    Unplaceable
        If the model does not fit what it is said to have run on.
    """
    runs, faults = read_all(files)
    try:
        start = choose_profile(
            table,
            engine=engine,
            gpu=setup.gpu,
            rate=compute_class(setup.gpu, setup.precision),
            mode=Mode.STATIC if runs[0].static else Mode.CONTINUOUS,
            n_gpus=setup.n_gpus,
            shape=architecture(setup.model),
        ).efficiency
        own = fit_own(runs, setup, start)
    except ValueError as reason:
        raise BadRuns(str(reason)) from None
    errors = tuple(summary_of(own))
    fitted = Fitted(
        efficiency=own.efficiency, start=start, covered=own.covered, errors=errors, faults=tuple(faults)
    )
    return own, fitted


def summary_of(result: OwnFit) -> list[dict[str, Any]]:
    """Median absolute relative error of each quantity before, after, and on runs not seen."""
    found = []
    for quantity in ("ttft", "tpot"):
        usable = ~result.rows.tight if quantity == "ttft" else np.ones(len(result.rows), dtype=bool)
        after = median_error(result.after[quantity][usable])
        if after is not None:
            found.append(
                {
                    "quantity": quantity,
                    "n": int(np.isfinite(result.after[quantity][usable]).sum()),
                    "before": median_error(result.before[quantity][usable]),
                    "after": after,
                    "unseen": median_error(result.unseen[quantity][usable]),
                }
            )
    return found
