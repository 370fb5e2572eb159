"""How wrong the predictions are, by what was left out of the fit, beside what was promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.parameters import QUANTITIES, SPLITS, STATIC_PARAMETERS
from breakeven.calibration.predict import predict
from breakeven.calibration.rows import OFFLINE, ONLINE, Rows
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import Engine
from breakeven.tables.records import CalibrationError

Mask = NDArray[np.bool_]
Residuals = Mapping[str, Floats]

IN_SAMPLE = "in sample"
ALL, DENSE, MIXTURES = "all", "dense", "mixtures of experts"

NAMES = {"ttft": "TTFT", "tpot": "TPOT", "throughput": "throughput"}
"""Quantities as a reader knows them."""

ARTICLE_GROUP = "tgi-2023-a100-fp16-static"
"""The 28 rows of 2023."""

HALVES = 20
"""Random halves that the rows of 2023 are fitted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Error of one quantity over some rows."""

    quantity: str
    left_out: str
    """What the fit did not see; "in sample": nothing."""
    rows: str
    """Which rows."""
    n: int
    median: float
    """Median absolute relative error. [0 to 1]"""
    mean: float
    """Mean absolute relative error. [0 to 1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One thing that was promised, and what came of it."""

    what: str
    limit: float
    value: float
    n: int

    @property
    def kept(self) -> bool:
        """The error is within the limit."""
        return self.value <= self.limit


def table_residuals(errors: Iterable[CalibrationError], rows: Rows) -> dict[str, dict[str, Floats]]:
    """The committed errors as logarithms, aligned with the rows, by what was left out."""
    place = {name: i for i, name in enumerate(rows.benchmark_id.tolist())}
    keys = (IN_SAMPLE, *SPLITS)
    found = {key: {q: np.full(len(rows), np.nan) for q in QUANTITIES} for key in keys}
    for row in errors:
        i = place.get(row.benchmark_id)
        if i is None:
            continue
        for key in keys:
            ratio = row.in_sample if key == IN_SAMPLE else getattr(row, f"by_{key}")
            if ratio is not None:
                found[key][row.quantity][i] = np.log(ratio)
    return found


def absolute(log: Floats) -> Floats:
    """Absolute relative errors of those that were measured. [0 to 1]"""
    return np.asarray(np.abs(np.expm1(log[np.isfinite(log)])))


def compared(rows: Rows, quantity: str) -> Mask:
    """Rows whose error of a quantity is reported: latencies online, throughput offline."""
    return np.asarray(rows.kind == (OFFLINE if quantity == "throughput" else ONLINE))


def errors_of(rows: Rows, residuals: Mapping[str, Residuals]) -> list[Error]:
    """Errors by quantity, by what was left out, dense models and mixtures of experts apart."""
    found = []
    for quantity in ("tpot", "ttft", "throughput"):
        for key, table in residuals.items():
            for name, keep in ((ALL, True), (DENSE, ~rows.mixture), (MIXTURES, rows.mixture)):
                error = error_over(table, quantity, compared(rows, quantity) & keep, key, name)
                if error is not None:
                    found.append(error)
    return found


def error_over(table: Residuals, quantity: str, keep: Mask, left_out: str, name: str) -> Error | None:
    """Error over some rows; None where nothing was measured."""
    sizes = absolute(table[quantity][keep])
    if not len(sizes):
        return None
    return Error(
        quantity=quantity,
        left_out=left_out,
        rows=name,
        n=len(sizes),
        median=float(np.median(sizes)),
        mean=float(np.mean(sizes)),
    )


def halves(rows: Rows, *, splits: int = HALVES, seed: int = 2023) -> dict[str, float]:
    """Median error of the 2023 rows, fitted on a random half and tried on the other, over the splits."""
    # SciPy takes a moment to load, and no page needs it to open.
    from breakeven.calibration.fit import fit, logs
    from breakeven.calibration.heldout import balanced

    here = rows.take(rows.group == ARTICLE_GROUP)
    draw = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"ttft": [], "tpot": []}
    for _ in range(splits):
        order = draw.permutation(len(here))
        seen, unseen = here.take(order[: len(here) // 2]), here.take(order[len(here) // 2 :])
        values = fit(seen, parameters=STATIC_PARAMETERS, weights=balanced(seen))
        outside = logs(unseen, predict(unseen, Engine(**values)))
        for quantity, sizes in found.items():
            sizes.append(float(np.median(absolute(outside[quantity]))))
    return {quantity: float(np.median(sizes)) for quantity, sizes in found.items()}


def promises(rows: Rows, residuals: Mapping[str, Residuals], on_halves: Mapping[str, float]) -> list[Promise]:
    """What was promised of the error, and what was reached; what the residuals lack is left out."""
    article = rows.group == ARTICLE_GROUP
    online, offline = rows.kind == ONLINE, rows.kind == OFFLINE
    hopper = (rows.rate == "fp8") & np.isin(rows.family, ("h100", "h200"))
    llama = online & hopper & (rows.model_id == "llama-3.1-70b")
    vllm, trt = rows.engine == "vllm", rows.engine == "tensorrt-llm"
    n_article = int(article.sum())
    found = [
        Promise(
            what=f"2023 rows, other half of {HALVES} random halves, median: {name}",
            limit=0.05,
            value=on_halves[quantity],
            n=n_article,
        )
        for quantity, name in (("ttft", "TTFT"), ("tpot", "completion time"))
    ]
    wanted: Sequence[tuple[str, str, str, Mask, str, float]] = (
        ("2023 rows, shipped row, mean: TTFT", IN_SAMPLE, "ttft", article, "mean", 0.10),
        ("2023 rows, shipped row, mean: completion time", IN_SAMPLE, "tpot", article, "mean", 0.10),
        ("Llama 3.1 70B fp8 on H100/H200, vLLM, mean TPOT", "parallel", "tpot", llama & vllm, "mean", 0.10),
        ("Llama 3.1 70B fp8 on H200, TensorRT-LLM, mean TPOT", "parallel", "tpot", llama & trt, "mean", 0.16),
        ("Llama 3.1 70B fp8 on H100/H200, median TTFT", "parallel", "ttft", llama, "median", 0.30),
        ("all online rows, median TPOT", "shape", "tpot", online, "median", 0.10),
        ("all online rows, median TPOT", "concurrency", "tpot", online, "median", 0.10),
        ("all online rows, median TPOT", "model", "tpot", online, "median", 0.20),
        ("all online rows, median TTFT", "shape", "ttft", online, "median", 0.25),
        ("all online rows, median TTFT", "concurrency", "ttft", online, "median", 0.25),
        ("all offline rows, median throughput", "model", "throughput", offline, "median", 0.20),
    )
    for what, key, quantity, keep, statistic, limit in wanted:
        error = error_over(residuals[key], quantity, keep, key, what) if key in residuals else None
        if error is not None:
            name = what if key == IN_SAMPLE else f"{what}, {LEFT_OUT[key]} left out"
            found.append(Promise(what=name, limit=limit, value=getattr(error, statistic), n=error.n))
    return found


LEFT_OUT = {
    IN_SAMPLE: "nothing",
    "cell": "one cell: model, GPU, engine, lengths",
    "model": "one model",
    "gpu": "one GPU family",
    "shape": "one shape",
    "concurrency": "one concurrency",
    "parallel": "one parallel degree of the model",
}
"""What a fit did not see, in words."""
