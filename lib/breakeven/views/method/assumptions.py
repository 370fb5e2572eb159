"""What the model of serving assumes, with the range of every assumption, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import pandas as pd

from breakeven.comparison.answer import Comparison
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Efficiency
from breakeven.words.numbers import number, percent, rounded

_SHARES = (
    ("mfu", "Share of the peak FLOP/s (MFU)"),
    ("mbu", "Share of the bandwidth when weights are read (MBU)"),
    ("kv_mbu", "Share of the bandwidth when the KV cache is read"),
    ("link_share", "Share of the link between GPUs"),
    ("expert_mfu", "What routed experts reach of MFU"),
    ("expert_mbu", "What routed experts reach of MBU"),
)
_TIMES = (
    ("link_latency_s", "Fixed time of one all-reduce", 1e6, "µs"),
    ("prefill_overhead_s", "Fixed time of one prefill", 1e3, "ms"),
    ("step_overhead_s", "Fixed time of one decode step", 1e3, "ms"),
    ("layer_overhead_s", "Fixed time of one layer", 1e6, "µs"),
    ("sequence_overhead_s", "Time of one sequence in a step", 1e6, "µs"),
    ("expert_overhead_s", "Fixed time of routing in one layer", 1e6, "µs"),
    ("latent_overhead_s", "Fixed time of latent attention in one layer", 1e6, "µs"),
    ("ttft_fixed_s", "Time before the first token that no GPU spends", 1e3, "ms"),
)
_FACTORS = (
    ("ttft_factor_low", "Measured over estimated TTFT at load, 10th percentile"),
    ("ttft_factor_high", "Measured over estimated TTFT at load, 90th percentile"),
    ("ttft_alone_factor_low", "Measured over estimated TTFT alone, 10th percentile"),
    ("ttft_alone_factor_high", "Measured over estimated TTFT alone, 90th percentile"),
    ("tpot_factor_low", "Measured over estimated TPOT, 10th percentile"),
    ("tpot_factor_high", "Measured over estimated TPOT, 90th percentile"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One quantity of the efficiency table over its fitted rows."""

    name: str
    unit: str
    low: float
    middle: float
    high: float
    here: tuple[float | None, ...]
    """Values of the deployments of the two shapes; None without one."""


def assumptions_of(rows: Sequence[Efficiency], answer: Comparison) -> tuple[Assumption, ...]:
    """Ranges over the rows that were fitted on measurements, beside the values in use."""
    fitted = [row for row in rows if row.method.startswith("fitted")]
    used = [shape.host.candidate.profile.efficiency if shape.host else None for shape in answer.shapes]
    wanted = [
        *((field, name, 100.0, "%") for field, name in _SHARES),
        *_TIMES,
        *((field, name, 1.0, "-") for field, name in _FACTORS),
    ]
    found = []
    for field, name, scale, unit in wanted:
        values = [scale * float(getattr(row, field)) for row in fitted]
        if values:
            found.append(
                Assumption(
                    name=name,
                    unit=unit,
                    low=min(values),
                    middle=median(values),
                    high=max(values),
                    here=tuple(None if row is None else scale * float(getattr(row, field)) for row in used),
                )
            )
    return tuple(found)


def as_table(assumptions: Sequence[Assumption]) -> pd.DataFrame:
    """One row an assumption."""
    return pd.DataFrame(
        [
            {
                "Assumption": one.name,
                "Unit": one.unit,
                "Shape A": None if one.here[0] is None else rounded(one.here[0]),
                "Shape B": None if one.here[1] is None else rounded(one.here[1]),
                "Lowest fitted": rounded(one.low),
                "Median": rounded(one.middle),
                "Highest fitted": rounded(one.high),
            }
            for one in assumptions
        ]
    )


def of_the_scenario(scenario: Scenario) -> list[str]:
    """Assumptions that the reader can change."""
    targets = [
        text
        for value, text in (
            (scenario.ttft, f"TTFT at most {number(scenario.ttft)} s"),
            (scenario.tpot, f"TPOT at most {number((scenario.tpot or 0) * 1e3)} ms"),
        )
        if value is not None
    ]
    return [
        f"GPUs are {percent(scenario.utilisation)} busy; idle hours are paid.",
        f"The engine may use {percent(scenario.usable)} of the GPU memory.",
        f"Latency targets: {', '.join(targets) or 'none'}; the batch is the largest that holds them and "
        "fits.",
        f"The price of a GPU-hour is the {scenario.gpu_offer} {scenario.gpu_price_type} offer in force.",
        f"Overhead: {number(scenario.overhead_percent)} % of the rent and "
        f"${number(scenario.overhead_month)} a month.",
    ]


LIMITS = (
    "Every request of a shape is alike; a real mix of lengths is replayed on the page that prices a "
    "usage file.",
    "TTFT is that of clients who start together and send again when they are answered, as benchmarks "
    "measure; requests that come at random wait less on a calm replica, and in bursts more.",
    "Tensor parallelism, and for a mixture of experts data-parallel attention with the experts spread over "
    "all GPUs, are ranked as far as the GPUs' own link reaches; over a network between servers they are "
    "estimated where they are asked for by name (breakeven estimate --layout). No pipeline parallelism.",
    "Separate pools are ranked with one layout for both, as many replicas in each as the load needs; pools "
    "of other layouts are estimated where they are asked for by name.",
    "Work between GPUs is not hidden behind arithmetic; engines that overlap the two are faster.",
    "Tokens choose experts evenly and independently, and ranks have as many sequences each; real routers and "
    "loads are less even.",
    "Block scales of small number formats, norms and biases are left out of the weights.",
    "Attention is timed without sparsity; models with sparse or linear attention may be faster at long "
    "contexts.",
    "Speed is fitted on measured runs of a few models; another model on the same GPU is an extrapolation.",
)
"""Where the model of serving ends."""
