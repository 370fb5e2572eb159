"""What share of the peak training reaches: from the published runs, as a range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.formulas.training import gpu_hours, implied_mfu, training_flop
from breakeven.formulas.units import GIGA, TERA
from breakeven.tables.records import Gpu, TrainingRun

FEWEST_RUNS = 3
"""A GPU family with fewer published runs than this takes the range of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A value with its range."""

    low: float
    mid: float
    high: float

    def times(self, factor: float) -> Span:
        """Multiply all three."""
        return Span(low=self.low * factor, mid=self.mid * factor, high=self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mfu:
    """Share of the peak, and where it comes from."""

    share: Span
    origin: str
    """In words."""
    runs: tuple[TrainingRun, ...]
    """Published runs that it rests on; empty: typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A published run beside what the estimate would have said of it."""

    run: TrainingRun
    gpu: Gpu
    flop: float
    """Work of the model, six operations per active parameter and token. [FLOP]"""
    mfu: float
    """Stated, or implied by the GPU-hours. [0 to 1]"""
    estimate_hours: float
    """GPU-hours at the middle MFU of the other runs on the GPU family. [h]"""

    @property
    def actual_over_estimate(self) -> float | None:
        """Published over estimated GPU-hours."""
        return None if self.run.gpu_hours is None else self.run.gpu_hours / self.estimate_hours


def peak_flop_per_s(gpu: Gpu) -> float | None:
    """Dense 16-bit peak, the one that MFU is stated against. [FLOP/s]"""
    tflops = gpu.bf16_dense_tflops or gpu.fp16_dense_tflops
    return None if tflops is None else tflops * TERA


def flop_of(run: TrainingRun) -> float:
    """Work of a published run. [FLOP]"""
    return float(training_flop(active_params=run.params_active_b * GIGA, tokens=run.tokens_b * GIGA))


def mfu_of(run: TrainingRun, gpus: Mapping[str, Gpu]) -> float:
    """MFU of a run: the middle of what is stated, or implied by its GPU-hours. [0 to 1]"""
    if run.mfu_stated_low is not None and run.mfu_stated_high is not None:
        return (run.mfu_stated_low + run.mfu_stated_high) / 2
    peak = peak_flop_per_s(gpus[run.gpu_id])
    if peak is None or run.gpu_hours is None:
        raise ValueError(f"run {run.run_id} has neither an MFU nor GPU-hours on a GPU with a peak")
    return float(implied_mfu(flop=flop_of(run), gpu_hours=run.gpu_hours, flop_per_s=peak))


def mfu_range(gpu: Gpu, runs: Sequence[TrainingRun], gpus: Mapping[str, Gpu]) -> Mfu:
    """Quartiles of the published runs on a GPU's family, or of all runs where there are too few."""
    here = tuple(run for run in runs if gpus[run.gpu_id].gpu_family == gpu.gpu_family)
    enough = len(here) >= FEWEST_RUNS
    used = here if enough else tuple(runs)
    low, mid, high = (
        float(value) for value in np.quantile([mfu_of(run, gpus) for run in used], (0.25, 0.5, 0.75))
    )
    family = gpu.gpu_family.upper()
    origin = (
        f"the middle half of {len(used)} published runs on {family}"
        if enough
        else f"the middle half of all {len(used)} published runs, as {_few(len(here))} on {family}"
    )
    return Mfu(share=Span(low=low, mid=mid, high=high), origin=origin, runs=used)


def _few(count: int) -> str:
    return {0: "none was"}.get(count, f"only {count} {'was' if count == 1 else 'were'}")


def measured_runs(runs: Sequence[TrainingRun], gpus: Mapping[str, Gpu]) -> tuple[Measured, ...]:
    """Every published run beside the estimate from the other runs, so that none confirms itself."""
    found = []
    for run in runs:
        gpu = gpus[run.gpu_id]
        peak = peak_flop_per_s(gpu)
        if peak is None:
            continue
        others = [other for other in runs if other.run_id != run.run_id]
        flop = flop_of(run)
        mid = mfu_range(gpu, others, gpus).share.mid if others else mfu_of(run, gpus)
        found.append(
            Measured(
                run=run,
                gpu=gpu,
                flop=flop,
                mfu=mfu_of(run, gpus),
                estimate_hours=float(gpu_hours(flop=flop, flop_per_s=peak, mfu=mid)),
            )
        )
    return tuple(found)
