"""The error of rows that the fit did not see: each fold is left out, everything above it refitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.fit import fit, logs
from breakeven.calibration.parameters import PARAMETERS, SPLITS, STATIC_PARAMETERS
from breakeven.calibration.predict import predict
from breakeven.calibration.rows import OF, ONLINE, STATIC, Rows
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import Engine

Texts = NDArray[np.str_]


def fold_of(rows: Rows, split: str) -> Texts:
    """Value by which a row is left out.

    A cell is one model on one GPU by one engine in one format at one length and degree. A model, a GPU
    family, a shape or a concurrency is left out everywhere, of every engine; a parallel degree of one
    model at one rate.
    """
    if split == "cell":
        return rows.cell
    if split == "model":
        return rows.architecture
    if split == "gpu":
        return rows.family
    if split == "shape":
        return rows.shape
    if split == "concurrency":
        return np.array([f"{c:.0f}" for c in rows.clients])
    if split == "parallel":
        each = zip(rows.architecture, rows.rate, np.asarray(rows.replica.n_gpus), strict=True)
        return np.array([f"{model}/{rate}/{n:.0f}" for model, rate, n in each])
    raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split}")


STRENGTH = 4.0
"""Rows that a level counts for below it in continuous batching: fewer follow single models, more miss what a
GPU is like. A static batch has one model a level, and counts it as one row."""


class Levels:
    """Fits of training rows at four levels, each drawn to the one above where rows are few.

    All rows of an engine, those on one GPU family, those of one rate there, those of one model among them.
    """

    def __init__(self, rows: Rows, near: Levels | None = None) -> None:
        """Keep the rows; fits are made when they are asked for, each begun where ``near`` ended."""
        self._rows = rows
        self._near = near
        self._group = rows.group
        self._found: dict[str, dict[str, float]] = {}

    def values(self, name: str) -> dict[str, float]:
        """Fitted numbers of a group or a configuration, which may have no rows of its own."""
        group, _, model = name.partition(OF)
        if model:
            mine = (self._group == group) & (self._rows.architecture == model)
            return self._level(name, mine, self.values(group), static=False)
        static = group.endswith("-static")
        mode = "-static" if static else ""
        engine, family, rate = split_group(group)
        mine = (self._rows.kind == STATIC) == static
        on_engine = mine & (self._rows.engine == engine)
        on_family = on_engine & (self._rows.family == family)
        # What an engine of 2023 was like says nothing of those of today.
        shared = mine if static else mine & self._rows.today
        top = self._level(f"all{mode}", shared, None, static)
        middle = self._level(f"{engine}{mode}", on_engine, top, static)
        lower = self._level(f"{engine}-{family}{mode}", on_family, middle, static)
        return self._level(group, on_family & (self._rows.rate == rate), lower, static)

    def _level(
        self, key: str, keep: NDArray[np.bool_], prior: Mapping[str, float] | None, static: bool
    ) -> dict[str, float]:
        if key not in self._found:
            parameters = STATIC_PARAMETERS if static else PARAMETERS
            if not keep.any():
                self._found[key] = dict(prior or {n: p.usual for n, p in parameters.items()})
            else:
                rows = self._rows.take(keep)
                self._found[key] = fit(
                    rows,
                    parameters=parameters,
                    prior=prior,
                    strength=1.0 if static else STRENGTH,
                    weights=balanced(rows),
                    start=self._near._found.get(key) if self._near else None,
                )
        return self._found[key]


def balanced(rows: Rows) -> Floats:
    """Weights under which a group with many rows does not outvote the others at a shared level.

    In a static set every batch size counts the same: the large ones, which were measured once or
    twice, are the ones that a reader extrapolates from.
    """

    def share(names: Texts, power: float) -> Floats:
        _, index, counts = np.unique(names, return_inverse=True, return_counts=True)
        return np.asarray(((counts.mean() / counts) ** power)[index])

    weights = share(rows.group, 0.5)
    static = rows.kind == STATIC
    if static.all():
        cell = np.char.add(np.char.add(rows.group, "/"), [f"{b:.0f}" for b in rows.clients])
        weights = weights * share(cell, 1.0)
    return weights


def split_group(group: str) -> tuple[str, str, str]:
    """Take a group's name apart: engine, GPU family, rate."""
    name = group.removesuffix("-static")
    for engine in ("tensorrt-llm", "tgi-2023", "vllm-2023", "vllm", "sglang"):
        if name.startswith(engine + "-"):
            family, rate = name.removeprefix(engine + "-").rsplit("-", 1)
            return engine, family, rate
    engine, rest = name.split("-", 1)
    family, rate = rest.rsplit("-", 1)
    return engine, family, rate


def residuals(
    rows: Rows, values: Mapping[str, Mapping[str, float]], names: Texts | None = None
) -> dict[str, Floats]:
    """Logarithms of predicted over measured, each row with the numbers of its configuration, or of a name."""
    engine = engine_of_groups(rows.configuration if names is None else names, values)
    return logs(rows, predict(rows, engine))


def engine_of_groups(of_rows: Texts, values: Mapping[str, Mapping[str, float]]) -> Engine:
    """One engine whose fields are arrays, from the numbers by the name that each row has."""
    names, index = np.unique(of_rows, return_inverse=True)
    keys = sorted({key for name in names for key in values[str(name)]})
    default = Engine()
    return Engine(
        **{
            key: np.array([values[str(n)].get(key, getattr(default, key)) for n in names])[index]
            for key in keys
        }
    )


def held_out(
    rows: Rows, split: str, only: NDArray[np.bool_] | None = None, near: Levels | None = None
) -> dict[str, Floats]:
    """Residuals of every row from fits that did not see its fold; begun where fits of all rows ended."""
    fold = fold_of(rows, split)
    if split == "concurrency":  # only online runs have clients; the others stay with the fit
        only = (rows.kind == ONLINE) & (True if only is None else only)
    result = {name: np.full(len(rows), np.nan) for name in ("ttft", "tpot", "throughput")}
    wanted = np.ones(len(rows), dtype=bool) if only is None else only
    for left in _parts(fold[wanted], MOST_FOLDS.get(split)):
        out = np.isin(fold, left)
        test = out & wanted
        levels = Levels(rows.take(~out), near)
        held = rows.take(test)
        values = {name: levels.values(name) for name in _unique(held.configuration)}
        for name, found in residuals(held, values).items():
            result[name][test] = found
    return result


MOST_FOLDS = {"cell": 10, "shape": 10, "concurrency": 10, "parallel": 10}
"""Parts that the values of a split are dealt into, so that leaving each out takes no more fits than that."""


def _parts(values: Texts, most: int | None) -> list[list[str]]:
    """The values, each by itself or dealt into so many parts."""
    names = _unique(values)
    n = len(names) if most is None else min(most, len(names))
    return [names[part::n] for part in range(n)]


def _unique(texts: Iterable[str]) -> list[str]:
    """Each once, in order."""
    return sorted({str(t) for t in texts})
