"""The efficiency row that applies to a deployment, and how near it was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine
from breakeven.hosting.shapes import Unplaceable
from breakeven.question.calibrated import OWN
from breakeven.question.scenario import AUTO
from breakeven.tables.records import Efficiency, Gpu

FEW_ROWS = 6
"""An efficiency row on fewer measured rows than this does not count as measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The efficiency row that applies, and what is not measured about it."""

    efficiency: Efficiency
    measured: bool
    """Fitted on this GPU family, this rate and this number of GPUs."""
    caveat: str | None
    """What was not measured, in words; None: nothing is left open."""


def timing_of(mode: Mode) -> Mode:
    """How a serving mode batches, which efficiency rows are fitted for: separate pools do it continuously."""
    return Mode.STATIC if mode == Mode.STATIC else Mode.CONTINUOUS


def choose_profile(
    rows: Iterable[Efficiency], *, engine: str, gpu: Gpu, rate: str, mode: Mode, n_gpus: int
) -> Profile:
    """Pick the efficiency row nearest to what is asked, and say how near it is.

    Order: the engine on this GPU family at this rate; another engine there; the
    pooled row of the rate; any pooled row. Among several the fitted one with the
    smallest error of TPOT, one on few rows last.

    Raises
    ------
    Unplaceable
        If there is no row for the mode at all.
    """
    timing = timing_of(mode)
    # Somebody's own row counts where it is named, and never for anybody else.
    usable = [
        row for row in rows if row.mode == timing and (row.engine == engine or not row.engine.startswith(OWN))
    ]
    here = [row for row in usable if row.gpu_family == gpu.gpu_family and row.precision_class == rate]
    named = [row for row in here if engine in (AUTO, row.engine)]
    fallback = [row for row in usable if row.gpu_family == "any"]
    pools = (named, here, [row for row in fallback if row.precision_class == rate], fallback, usable)
    for pool in pools:
        if pool:
            best = min(pool, key=_distrust)
            caveat = _caveat(best, engine, gpu, rate, n_gpus)
            fitted = best.method not in ("assumed", "pooled")
            return Profile(efficiency=best, measured=fitted and caveat is None, caveat=caveat)
    raise Unplaceable(f"No efficiency row for {timing} batching is on record.")


def _distrust(row: Efficiency) -> tuple[bool, bool, float, str]:
    """Sort key: assumed rows and rows on few measurements last, then by error."""
    error = 1.0 if row.tpot_median_error is None else row.tpot_median_error
    return row.method == "assumed", row.n_rows < FEW_ROWS, error, row.efficiency_id


def _caveat(row: Efficiency, engine: str, gpu: Gpu, rate: str, n_gpus: int) -> str | None:
    """Say what the row was not measured on."""
    if row.gpu_family != gpu.gpu_family or row.precision_class != rate:
        return f"no measured run on {gpu.name} at {rate}; extrapolated from {row.fitted_on}"
    if row.method == "assumed":
        return f"no measured run of {row.engine} on {gpu.name} at {rate}; {row.fitted_on}"
    if engine not in (AUTO, row.engine):
        return f"no measured run of {engine} on {gpu.name} at {rate}; {row.engine} is used instead"
    if row.n_rows < FEW_ROWS:
        return f"{row.engine} on {gpu.name} rests on {row.n_rows} measured rows only"
    if not row.min_gpus <= n_gpus <= row.max_gpus:
        measured = f"{row.min_gpus}" if row.min_gpus == row.max_gpus else f"{row.min_gpus} to {row.max_gpus}"
        noun = "GPU" if measured == "1" else "GPUs"
        return f"{row.engine} was measured on {measured} {noun} of this kind; {n_gpus} is extrapolated"
    return None


def engine_of(row: Efficiency) -> Engine:
    """Turn an efficiency row into what the formulas need."""
    return Engine(
        mfu=row.mfu,
        mbu=row.mbu,
        kv_mbu=row.kv_mbu,
        link_share=row.link_share,
        link_latency_s=row.link_latency_s,
        prefill_overhead_s=row.prefill_overhead_s,
        step_overhead_s=row.step_overhead_s,
        layer_overhead_s=row.layer_overhead_s,
        sequence_overhead_s=row.sequence_overhead_s,
        context_overhead_s=row.context_overhead_s,
        ttft_fixed_s=row.ttft_fixed_s,
        first_token_steps=row.first_token_steps,
        busy_steps=row.busy_steps,
        busy_fixed_s=row.busy_fixed_s,
        queue_share=row.queue_share,
        expert_mfu=row.expert_mfu,
        expert_mbu=row.expert_mbu,
        expert_overhead_s=row.expert_overhead_s,
    )


def with_shares(
    row: Engine, *, mfu: float | None = None, mbu: float | None = None, overhead_s: float | None = None
) -> Engine:
    """Replace shares typed by hand; an overhead replaces every fixed time of the row."""
    if mfu is not None:
        row = replace(row, mfu=mfu, expert_mfu=1.0)
    if mbu is not None:
        row = replace(row, mbu=mbu, kv_mbu=mbu, expert_mbu=1.0)
    if overhead_s is not None:
        row = replace(
            row,
            prefill_overhead_s=overhead_s,
            step_overhead_s=overhead_s,
            layer_overhead_s=0.0,
            sequence_overhead_s=0.0,
            context_overhead_s=0.0,
            ttft_fixed_s=0.0,
            expert_overhead_s=0.0,
        )
    return row
