"""The efficiency row that applies to a deployment, and how near it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine
from breakeven.hosting.shapes import Unplaceable
from breakeven.question.calibrated import OWN
from breakeven.question.scenario import AUTO
from breakeven.tables.records import Efficiency, Gpu, Layout, RangeOf

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
    spread: Layout | None = None
    """What ranks or separate pools add to the row; None: nothing does."""


def dated(engine: str) -> bool:
    """Tell an engine as it was in a named year, which only who names it means: ``vllm-2023``."""
    return engine[-5:-2] == "-20" and engine[-2:].isdigit()


def timing_of(mode: Mode) -> Mode:
    """How a serving mode batches, which efficiency rows are fitted for: separate pools do it continuously."""
    return Mode.STATIC if mode == Mode.STATIC else Mode.CONTINUOUS


def rows_for(rows: Iterable[Efficiency], shape: str | None) -> list[Efficiency]:
    """Rows that may speak of a model of that shape: its own, and those of any model."""
    return [row for row in rows if row.architecture is None or row.architecture == shape]


def choose_profile(
    rows: Iterable[Efficiency],
    *,
    engine: str,
    gpu: Gpu,
    rate: str,
    mode: Mode,
    n_gpus: int,
    shape: str | None = None,
) -> Profile:
    """Pick the efficiency row nearest to what is asked, and say how near it is.

    Order: the engine on this GPU family at this rate; another engine there; the
    pooled row of the rate; any pooled row. Engines of today go before those of a
    named year. Among several the fitted one with the
    smallest error of TPOT, one on few rows last. An engine that measured the model
    itself there goes before one that did not, and its row of the model is taken; ``shape``
    is the model's :func:`breakeven.hosting.architecture`, None any other model.

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
    of_model = {_place(row): row for row in usable if shape is not None and row.architecture == shape}
    usable = [row for row in usable if row.architecture is None]
    here = [row for row in usable if row.gpu_family == gpu.gpu_family and row.precision_class == rate]
    named = [row for row in here if engine in (AUTO, row.engine)]
    fallback = [row for row in usable if row.gpu_family == "any"]
    pools = (named, here, [row for row in fallback if row.precision_class == rate], fallback, usable)
    for pool in pools:
        if pool:
            best = min(pool, key=lambda row: _distrust(row, of_model))
            caveat = _caveat(best, engine, gpu, rate, n_gpus)
            fitted = best.method not in ("assumed", "pooled")
            own = of_model.get(_place(best), best)
            return Profile(efficiency=own, measured=fitted and caveat is None, caveat=caveat)
    raise Unplaceable(f"No efficiency row for {timing} batching is on record.")


def _place(row: Efficiency) -> tuple[str, str, str]:
    """Which measurements a row is of, whatever the model."""
    return row.engine, row.gpu_family, row.precision_class


def _distrust(
    row: Efficiency, of_model: Mapping[tuple[str, str, str], Efficiency]
) -> tuple[bool, bool, bool, bool, float, str]:
    """Sort key: continuous engines of a named year last, then assumed rows, rows on few measurements, those
    that do not know the model; by error.
    """
    own = of_model.get(_place(row))
    error = (own or row).tpot_median_error
    known = own is not None and own.n_rows >= FEW_ROWS
    error = 1.0 if error is None else error
    few = row.n_rows < FEW_ROWS
    old = dated(row.engine) and row.mode == Mode.CONTINUOUS
    return old, row.method == "assumed", few, not known, error, row.efficiency_id


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


def older_profile(
    rows: Iterable[Efficiency], *, gpu: Gpu, rate: str, mode: Mode, n_gpus: int, shape: str | None = None
) -> Profile | None:
    """The row of an engine of a named year on that GPU, the latest; None where none was measured."""
    known = rows_for(rows, shape)
    engines = {
        row.engine
        for row in known
        if dated(row.engine)
        and (row.gpu_family, row.precision_class, row.mode) == (gpu.gpu_family, rate, timing_of(mode))
    }
    if not engines:
        return None
    latest = max(engines, key=lambda engine: (engine[-4:], engine))
    return choose_profile(known, engine=latest, gpu=gpu, rate=rate, mode=mode, n_gpus=n_gpus, shape=shape)


RANGED_ON = {
    RangeOf.MODEL: "comparable measured rows, this model's among them",
    RangeOf.GPU: "measured rows of models that the fit had not seen, as it has not seen this one",
    RangeOf.POOLED: "measured rows of GPUs or engines that the fit had not seen, as it has not seen this one",
}
"""Which measured rows the ranges hold so many of, in words."""


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
        latent_overhead_s=row.latent_overhead_s,
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
            latent_overhead_s=0.0,
        )
    return row
