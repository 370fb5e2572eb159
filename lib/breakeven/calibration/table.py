"""The efficiency table: one row a group, its error, its range, and the fall-back rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.fit import fit
from breakeven.calibration.heldout import Levels, balanced, held_out, residuals, split_group
from breakeven.calibration.parameters import OF_A_SERVER, QUANTITIES, SPLITS, STATIC_PARAMETERS
from breakeven.calibration.ranges import (
    LEVEL,
    comparable,
    conformal,
    digits,
    light,
    range_of,
    repeated,
    steps,
)
from breakeven.calibration.rows import OF, OFFLINE, ONLINE, STATIC, Rows
from breakeven.formulas.arrays import Floats
from breakeven.question.calibrated import FITTED, OWN_SOURCE
from breakeven.tables.export import csv_text
from breakeven.tables.records import Efficiency, Model, RangeOf

Mask = NDArray[np.bool_]
Residuals = Mapping[str, Floats]

FEW = 6
"""A group of fewer rows than this rests mostly on the level above it."""

RATES = ("fp16", "fp8", "fp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The outcome of a fit of all measured rows."""

    rows: Rows
    efficiencies: tuple[Efficiency, ...]
    in_sample: Residuals
    """Logarithms of predicted over measured by the rows of the table."""
    held_out: Mapping[str, Residuals]
    """The same by fits that did not see the row, by what was left out."""


def calibrate(rows: Rows, *, models: Mapping[str, Model], splits: Sequence[str] = SPLITS) -> Calibration:
    """Fit every group, every configuration and the fall-back rows.

    The ranges of the table come from held-out residuals, so that leaving splits out makes them narrower.
    """
    levels = Levels(rows)
    values, in_sample = fit_groups(rows, levels)
    groups = [name for name in values if OF not in name]
    outside = {split: held_out(rows, split, near=levels) for split in splits}
    table = _groups(rows, values, outside, models=models)
    table += [
        _assumed(f"{engine}-{family}-fp16", levels, table)
        for engine, family, rate in map(split_group, groups)
        if rate == "fp8" and f"{engine}-{family}-fp16" not in groups and f"{engine}-{family}-fp8" in groups
    ]
    table = list({row.efficiency_id: row for row in table}.values())
    table += _configurations(rows, values, in_sample, outside.get("cell", in_sample), models=models)
    table += [_pooled(rate, rows) for rate in RATES]
    table.append(_pooled_static(rows))
    return Calibration(
        rows=rows,
        efficiencies=tuple(sorted(table, key=lambda row: row.efficiency_id)),
        in_sample=in_sample,
        held_out=outside,
    )


def fit_groups(
    rows: Rows, levels: Levels | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, Floats]]:
    """Fit every group and configuration that has rows; their numbers, and the residuals of all rows."""
    found = levels or Levels(rows)
    names = sorted({*rows.group.tolist(), *rows.configuration.tolist()})
    values = {name: rounded(found.values(name)) for name in names}
    return values, residuals(rows, values)


def row_id(name: str, rows: Rows) -> str:
    """Key of the row of a group or a configuration: the group, and the model that most of its rows are of."""
    group, _, shape = name.partition(OF)
    if not shape:
        return group
    models, counts = np.unique(rows.model_id[rows.configuration == name], return_counts=True)
    return f"{group}-{models[np.argmax(counts)]}"


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Keep as many digits as a fit can know."""
    return {name: digits(value) for name, value in values.items()}


def median_error(log: Floats) -> float | None:
    """Median absolute relative error; None where nothing was measured."""
    known = log[np.isfinite(log)]
    return digits(float(np.median(np.abs(np.expm1(known))))) if len(known) else None


def _groups(
    rows: Rows,
    values: Mapping[str, Mapping[str, float]],
    outside: Mapping[str, Residuals],
    *,
    models: Mapping[str, Model],
) -> list[Efficiency]:
    """The rows of the groups, which hold for models that nobody measured there: so do their ranges."""
    seen = residuals(rows, values, rows.group)
    found = []
    for group in (name for name in values if OF not in name):
        unseen = not group.endswith("-static")
        logs = outside.get("model" if unseen else "cell", seen)
        ranges, notes = _ranges(rows, group, logs, np.ones(len(rows), dtype=bool), unseen=unseen)
        mine = rows.group == group
        here = rows.take(mine)
        if len(here) < FEW:
            notes.append("few rows: drawn to the engine's other rows")
        half = split_group(group)[2] == "fp16"
        weight_only = half and not set(here.precision.tolist()) & {"fp16", "bf16"}
        if weight_only:
            notes.append(
                "4-bit weights computed in fp16; shares of the engine's other rows on this GPU drawn in"
            )
        if group.endswith("-static"):
            notes.append("link terms hardly separable from the rest")
        row = _fitted(group, rows, mine, values[group], seen, ranges, notes, models=models)
        if weight_only:
            fitted_on = f"shares drawn from other rows and {row.fitted_on}"
            row = replace(row, fitted_on=fitted_on, method="assumed")
        found.append(row)
    return found


def _configurations(
    rows: Rows,
    values: Mapping[str, Mapping[str, float]],
    in_sample: Residuals,
    unseen: Residuals,
    *,
    models: Mapping[str, Model],
) -> list[Efficiency]:
    """The rows of single models, drawn to those of their groups."""
    known, found = repeated(rows), []
    for name in (name for name in values if OF in name):
        ranges, notes = _ranges(rows, name.partition(OF)[0], unseen, known)
        row = _fitted(
            name,
            rows,
            rows.configuration == name,
            values[name],
            in_sample,
            ranges,
            notes,
            models=models,
        )
        found.append(row)
    return found


def _fitted(
    name: str,
    rows: Rows,
    mine: Mask,
    values: Mapping[str, float],
    in_sample: Residuals,
    ranges: Mapping[str, float],
    notes: Sequence[str],
    *,
    models: Mapping[str, Model],
) -> Efficiency:
    """A row with measured rows of its own."""
    group, _, shape = name.partition(OF)
    engine, family, rate = split_group(group)
    here = rows.take(mine)
    n, quick = np.asarray(here.replica.n_gpus), ~rows.tight
    sources = set(here.source_id.tolist())
    return Efficiency(
        efficiency_id=row_id(name, rows),
        engine=engine,
        gpu_family=family,
        precision_class=rate,
        mode="static" if group.endswith("-static") else "continuous",
        **numbers(values),
        **ranges,
        ttft_median_error=median_error(in_sample["ttft"][mine & quick]),
        tpot_median_error=median_error(steps(in_sample)[mine]),
        n_rows=len(here),
        min_gpus=int(n.min()),
        max_gpus=int(n.max()),
        architecture=shape or None,
        range_of=RangeOf.MODEL if shape else RangeOf.GPU,
        fitted_on=_described(here, models),
        method="fitted",
        notes="; ".join(notes) or None,
        source_id=sources.pop() if len(sources) == 1 else OWN_SOURCE,
    )


def _ranges(
    rows: Rows, group: str, logs_of: Residuals, keep: Mask, *, unseen: bool = False
) -> tuple[dict[str, float], list[str]]:
    """The columns of the ranges, and whose they are where not those of the group.

    For a model that nobody measured, at least as wide as of the engine's rows on every GPU: a group has few
    models.
    """
    pools = comparable(rows, group)
    quick = ~rows.tight
    found: dict[str, float] = {}
    notes = []
    for name, words, logs, some in (
        ("tpot", "TPOT", steps(logs_of), keep),
        ("ttft", "TTFT", logs_of["ttft"], keep & quick),
        ("ttft_alone", "TTFT alone", logs_of["ttft"], keep & quick & light(rows)),
    ):
        low, high, whose = range_of(logs, [(of, pool & some) for of, pool in pools])
        if unseen:
            wide_low, wide_high, _ = range_of(logs, [(of, pool & some) for of, pool in pools[2:]])
            low, high = min(low, wide_low), max(high, wide_high)
        found |= {f"{name}_factor_low": low, f"{name}_factor_high": high}
        if whose:
            notes.append(f"range of {words}: that of {whose}")
    return found | {"range_level": LEVEL}, notes


def numbers(values: Mapping[str, float]) -> dict[str, float]:
    """Every fitted column; what a mode does not fit keeps what leaves it out."""
    zero = ("context_overhead_s", *OF_A_SERVER)
    return {name: values.get(name, 0.0 if name in zero else 1.0) for name in FITTED}


def _described(rows: Rows, models: Mapping[str, Model]) -> str:
    """Which rows, in words."""
    names = sorted({models[m].name for m in rows.model_id.tolist()})
    shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    kinds = {ONLINE: "online", OFFLINE: "offline throughput", STATIC: "static batch", "prefill": "one prompt"}
    found = [kinds[k] for k in kinds if k in set(rows.kind.tolist())]
    noun = "row" if len(rows) == 1 else "rows"
    first, last = min(rows.year.tolist()), max(rows.year.tolist())
    years = first if first == last else f"{first} to {last}"
    return f"{len(rows)} measured {noun} of {shown} ({', '.join(found)}; {years})"


def _assumed(group: str, levels: Levels, table: Sequence[Efficiency]) -> Efficiency:
    """A rate that nobody measured, from the engine's rows on that GPU at the others."""
    engine, family, rate = split_group(group)
    near = next(r for r in table if r.efficiency_id == f"{engine}-{family}-fp8")
    return Efficiency(
        efficiency_id=group,
        engine=engine,
        gpu_family=family,
        precision_class=rate,
        mode="continuous",
        **numbers(rounded(levels.values(group))),
        ttft_factor_low=min(0.7, near.ttft_factor_low),
        ttft_factor_high=max(1.5, near.ttft_factor_high),
        ttft_alone_factor_low=min(0.7, near.ttft_alone_factor_low),
        ttft_alone_factor_high=max(1.5, near.ttft_alone_factor_high),
        tpot_factor_low=min(0.7, near.tpot_factor_low),
        tpot_factor_high=max(1.5, near.tpot_factor_high),
        ttft_median_error=None,
        tpot_median_error=None,
        n_rows=0,
        min_gpus=near.min_gpus,
        max_gpus=near.max_gpus,
        architecture=None,
        range_of=RangeOf.POOLED,
        fitted_on=f"nothing at {rate}: shares of the engine's other rows on this GPU",
        method="assumed",
        notes="range of the fp8 row, at least 0.7 to 1.5",
        source_id=near.source_id,
    )


def _pooled(rate: str, rows: Rows) -> Efficiency:
    """The row of GPUs without any measurement: every engine at that rate together."""
    moving = (rows.kind != STATIC) & rows.today
    here = rows.take(moving & (rows.rate == rate))
    general = fit(rows.take(moving), weights=balanced(rows.take(moving)))

    def fitted(keep: Mask) -> dict[str, float]:
        chosen = here.take(keep)
        return rounded(fit(chosen, prior=general, weights=balanced(chosen)))

    return _fallback(f"pooled-any-{rate}", rate, "continuous", here, here.family, fitted)


def _pooled_static(rows: Rows) -> Efficiency:
    """The same for a static batch."""
    here = rows.take(rows.kind == STATIC)

    def fitted(keep: Mask) -> dict[str, float]:
        chosen = here.take(keep)
        return rounded(fit(chosen, parameters=STATIC_PARAMETERS, weights=balanced(chosen)))

    return _fallback("pooled-any-fp16-static", "fp16", "static", here, here.group, fitted)


def _fallback(
    efficiency_id: str,
    rate: str,
    mode: str,
    here: Rows,
    fold: NDArray[np.str_],
    fitted: Callable[[Mask], dict[str, float]],
) -> Efficiency:
    """A pooled row; its error is that of each part predicted from the others."""
    whole = fitted(np.ones(len(here), dtype=bool))
    found = {name: np.full(len(here), np.nan) for name in QUANTITIES}
    for value in sorted(set(fold.tolist())):
        test = fold == value
        held = here.take(test)
        values = fitted(~test)
        for name, logs in residuals(held, dict.fromkeys(held.group.tolist(), values), held.group).items():
            found[name][test] = logs
    quick = ~here.tight
    low, high = conformal(found["ttft"][quick])
    alone_low, alone_high = conformal(found["ttft"][quick & light(here)])
    step_low, step_high = conformal(steps(found))
    n = np.asarray(here.replica.n_gpus)
    groups = sorted(set(here.group.tolist()))
    return Efficiency(
        efficiency_id=efficiency_id,
        engine="pooled",
        gpu_family="any",
        precision_class=rate,
        mode=mode,
        **numbers(whole),
        ttft_factor_low=low,
        ttft_factor_high=high,
        ttft_alone_factor_low=alone_low,
        ttft_alone_factor_high=alone_high,
        tpot_factor_low=step_low,
        tpot_factor_high=step_high,
        ttft_median_error=median_error(found["ttft"][quick]),
        tpot_median_error=median_error(steps(found)),
        n_rows=len(here),
        min_gpus=int(n.min()),
        max_gpus=int(n.max()),
        architecture=None,
        range_of=RangeOf.POOLED,
        fitted_on=f"{len(here)} measured rows of {len(groups)} groups: {', '.join(groups)}",
        method="pooled",
        notes="errors and ranges: each part predicted from the others",
        source_id=OWN_SOURCE,
    )


def efficiency_csv(table: Iterable[Efficiency], as_of: date) -> str:
    """Write the table as ``data/efficiency.csv`` holds it."""
    names = [f.name for f in fields(Efficiency)]
    return csv_text([*names, "as_of"], ([*(getattr(row, n) for n in names), as_of] for row in table))


def errors_csv(result: Calibration, as_of: date) -> str:
    """Write predicted over measured of every row as ``data/calibration_errors.csv`` holds it."""
    lines = []
    for quantity in QUANTITIES:
        for i in np.flatnonzero(np.isfinite(result.in_sample[quantity])):
            outside = [result.held_out[split][quantity][i] for split in SPLITS]
            ratios = [
                None if not np.isfinite(log) else f"{np.exp(log):.4g}"
                for log in (result.in_sample[quantity][i], *outside)
            ]
            lines.append([result.rows.benchmark_id[i], quantity, *ratios, OWN_SOURCE, as_of])
    lines.sort(key=lambda line: (str(line[0]), str(line[1])))
    names = ["benchmark_id", "quantity", "in_sample", *(f"by_{split}" for split in SPLITS)]
    return csv_text([*names, "source_id", "as_of"], lines)
