"""More about one recommendation: the batch curve, the roofline, what the cost hangs on, the frontier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.batch import rank_weights_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import IDEAL, Engine, ModelShape, Replica
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step
from breakeven.formulas.units import GIGA
from breakeven.hosting import (
    MOST_SEQUENCES,
    Ask,
    Candidate,
    Evaluation,
    architecture,
    compute_class,
    dated,
    evaluate,
    evaluate_arrays,
    older_profile,
)
from breakeven.hosting.fleet import terms_of
from breakeven.hosting.grid import again
from breakeven.hosting.hardware import Indices
from breakeven.question.parts import Shape
from breakeven.tables.day import Tables
from breakeven.views.deploy.answer import Answer, Placement
from breakeven.words.numbers import Money, percent, times

MOST_CANDIDATES = 400
"""Cheapest deployments whose batches are looked at for the frontier."""
STEP = 0.2
"""Share by which efficiencies and fixed times are moved to see what the cost hangs on."""


def at_batches(row: Placement, ask: Ask, shape: Shape, batch: Floats) -> Evaluation:
    """One deployment at several batches; arrays of shape (batches, 1)."""
    return evaluate(
        row.work,
        [row.host.candidate] * len(batch),
        replace(ask, mode=row.mode),
        prompt_tokens=np.array([float(shape.prompt_tokens)]),
        completion_tokens=np.array([float(shape.completion_tokens)]),
        cached_tokens=np.array([float(shape.cached_tokens)]),
        batch=batch[:, None],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """The same deployment and batch by an engine as it was in a named year."""

    engine: str
    ttft_s: float
    tpot_s: float


def older(answer: Answer, row: Placement, tables: Tables) -> Older | None:
    """What an older engine would take, for whoever does not know the version of theirs.

    None where none was measured on the GPU, or the question names one itself.
    """
    candidate = row.host.candidate
    engine = candidate.profile.efficiency.engine
    if row.mode != Mode.CONTINUOUS or candidate.worker.ranks > 1 or dated(engine):
        return None
    profile = older_profile(
        tables.efficiencies,
        gpu=candidate.gpu,
        rate=compute_class(candidate.gpu, tables.precisions[row.precision]),
        mode=row.mode,
        n_gpus=candidate.n_gpus,
        shape=architecture(row.model),
    )
    if profile is None:
        return None
    then = replace(row, host=replace(row.host, candidate=replace(candidate, profile=profile)))
    found = at_batches(then, answer.ask, answer.shape, np.array([float(row.host.batch)]))
    return Older(
        engine=profile.efficiency.engine,
        ttft_s=float(found.ttft_s.flat[0]),
        tpot_s=float(found.tpot_s.flat[0]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCurve:
    """Cost, latency and throughput of the chosen deployment against the batch."""

    batch: Floats
    usd: Floats
    """Bill of a month, or of the job. [USD]"""
    ttft_s: Floats
    tpot_s: Floats
    tokens_per_s: Floats
    """Completion tokens of one busy replica. [tokens/s]"""
    fits: Booleans
    chosen: int
    """Position of the chosen batch."""


def batch_curve(answer: Answer, row: Placement) -> BatchCurve:
    """Powers of two, the chosen batch, and beyond it to twice as many."""
    top = min(max(2 * row.host.batch, 8), 2 * MOST_SEQUENCES * row.host.candidate.worker.ranks)
    doubling = np.exp2(np.arange(0, np.floor(np.log2(top)) + 1))
    batch = np.unique(np.append(doubling, float(row.host.batch)))
    result = at_batches(row, answer.ask, answer.shape, batch)
    return BatchCurve(
        batch=batch,
        usd=row.bills(result, terms_of(answer.scenario)),
        ttft_s=result.ttft_s[:, 0],
        tpot_s=result.tpot_s[:, 0],
        tokens_per_s=answer.shape.completion_tokens / result.replica_s[:, 0],
        fits=result.fits[:, 0],
        chosen=int(np.searchsorted(batch, row.host.batch)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What fills the memory of one replica; bytes."""

    weights: float
    draft: float
    cache: float
    free: float
    """Usable and not needed by this batch."""
    workspace: float
    """Kept back for activations, buffers and fragmentation."""
    batch: int
    """Sequences that the cache holds. [-]"""
    per_token: float | None
    """Cache of one token; None where windows make it differ from token to token. [B/token]"""

    @property
    def sequence(self) -> float:
        """Cache of one sequence at its longest. [B]"""
        return self.cache / self.batch

    @property
    def total(self) -> float:
        """Memory of all GPUs of the replica. [B]"""
        return self.weights + self.draft + self.cache + self.free + self.workspace


def memory_of(answer: Answer, row: Placement) -> Memory:
    """Divide the memory of one replica at the chosen batch, every sequence at its longest."""
    shape, work, candidate = answer.shape, row.work, row.host.candidate
    sequence = kv_bytes_per_sequence(
        context_tokens=shape.prompt_tokens + shape.completion_tokens,
        full_bytes_per_token=work.full_kv_bytes_per_token,
        sliding_bytes_per_token=work.sliding_kv_bytes_per_token,
        window_tokens=work.window_tokens,
    )
    copies = kv_replication(n_gpus=candidate.worker.tensor, n_kv_heads=work.kv_heads)
    share = float(answer.ask.speculation.draft_share) if answer.ask.speculation else 0.0
    total = candidate.n_gpus * candidate.gpu.memory_gb * GIGA
    weights = float(candidate.worker.ranks * rank_weights_bytes(work, candidate.replica))
    each = float(sequence) * float(copies) + float(np.asarray(work.state_bytes))
    cache = row.host.batch * each * (1 + share)
    usable = total * answer.ask.usable
    tokens = shape.prompt_tokens + shape.completion_tokens
    return Memory(
        weights=weights,
        draft=weights * share,
        cache=cache,
        free=max(usable - weights * (1 + share) - cache, 0.0),
        workspace=total - usable,
        batch=row.host.batch,
        per_token=None
        if np.any(work.sliding_kv_bytes_per_token) or np.any(work.state_bytes)
        else cache / row.host.batch / tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step on the roofline, of one GPU."""

    name: str
    flop_per_byte: float
    flop_per_s: float
    """What the estimate reaches."""
    limit_flop_per_s: float
    """What the roof allows at that intensity."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """Peaks of one GPU and the two steps below them."""

    flop_per_s: float
    bytes_per_s: float
    points: tuple[Point, ...]

    @property
    def ridge(self) -> float:
        """Intensity above which arithmetic is what binds. [FLOP/B]"""
        return self.flop_per_s / self.bytes_per_s


def roofline(answer: Answer, row: Placement) -> Roofline:
    """Where prefill and decode stand below the roof of one GPU."""
    shape, replica = answer.shape, row.host.candidate.replica
    batch, bandwidth = row.host.rank_batch, float(replica.memory_bytes_per_s)
    context = mean_context(prompt_tokens=shape.prompt_tokens, completion_tokens=shape.completion_tokens)

    def steps(engine: Engine) -> tuple[StepTime, StepTime]:
        parts = {"model": row.work, "replica": replica, "engine": engine}
        together = batch if row.mode == Mode.STATIC else 1.0
        return (
            prefill_step(
                **parts,  # type: ignore[arg-type]
                batch=together,
                prompt_tokens=shape.prompt_tokens,
                cached_tokens=shape.cached_tokens,
            ),
            decode_step(**parts, batch=batch, context_tokens=context),  # type: ignore[arg-type]
        )

    points = []
    reached = steps(row.host.candidate.engine)
    for name, ideal, real in zip(("prefill", "decode"), steps(IDEAL), reached, strict=True):
        flop = float(ideal.linear_compute_s) * float(replica.flop_per_s)
        flop += float(ideal.attention_compute_s) * float(replica.attention_flop_per_s)
        moved = (float(ideal.linear_memory_s) + float(ideal.attention_memory_s)) * bandwidth
        intensity = flop / moved
        limit = min(float(replica.flop_per_s), intensity * bandwidth)
        points.append(
            Point(
                name=name,
                flop_per_byte=intensity,
                flop_per_s=flop / float(real.total_s),
                limit_flop_per_s=limit,
                seconds=float(real.total_s),
            )
        )
    return Roofline(
        flop_per_s=float(replica.flop_per_s),
        bytes_per_s=bandwidth,
        points=tuple(points),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one assumption does to the cost."""

    name: str
    low: str
    """The assumption at its cheaper end, in words."""
    high: str
    usd_low: float
    """Bill of a month there, or of the job. [USD]"""
    usd_high: float

    @property
    def width(self) -> float:
        """Dollars between both ends."""
        return self.usd_high - self.usd_low


def swings(answer: Answer, row: Placement) -> list[Swing]:
    """Move one assumption at a time, the widest first; the batch is sought anew under the targets."""
    terms, busy = terms_of(answer.scenario), answer.ask.utilisation
    own = at_batches(row, answer.ask, answer.shape, np.array([float(row.host.batch)]))
    price = row.host.candidate.price
    now, low, high = price.usd_per_gpu_hour, price.cheapest_usd, price.dearest_usd
    if price.n_offers < 2 or low == high:
        low, high = (1 - STEP) * now, (1 + STEP) * now

    def bill(**moved: Any) -> float:
        return float(row.bills(own, moved.pop("terms", terms), **moved)[0])

    def swing(name: str, words: Sequence[str], usd: Sequence[float]) -> Swing:
        return Swing(name=name, low=words[0], high=words[1], usd_low=usd[0], usd_high=usd[1])

    ends = (min(2 * busy, 1.0), busy / 2)
    found = [
        swing(
            "Error of the estimate",
            ("lower end", "upper end"),
            [bill(longer=one) for one in row.host.work_range],
        ),
        swing(
            "Price of a GPU-hour",
            [Money().amount(one) for one in (low, high)],
            [bill(rent=one / now if now else 1.0) for one in (low, high)],
        ),
    ]
    if not answer.scenario.load.ends:  # a job leaves nothing idle
        bills = [bill(terms=replace(terms, utilisation=one)) for one in ends]
        found.append(swing("Busy share", [percent(one) for one in ends], bills))
    return sorted([*found, *_efficiency_swings(answer, row)], key=lambda one: -one.width)


def _efficiency_swings(answer: Answer, row: Placement) -> list[Swing]:
    """Compute share, bandwidth shares and fixed times, a fifth up and down, in one evaluation."""
    engine = row.host.candidate.engine
    groups = {
        "Share of the FLOP/s reached": ("mfu",),
        "Share of the bandwidth reached": ("mbu", "kv_mbu"),
        "Fixed time of a step": (
            *("prefill_overhead_s", "step_overhead_s", "layer_overhead_s"),
            *("sequence_overhead_s", "context_overhead_s", "link_latency_s"),
        ),
    }
    engines, ends = [], []
    for name, names in groups.items():
        shares = names[0] in ("mfu", "mbu")
        values = []
        for factor in (1 + STEP, 1 - STEP) if shares else (1 - STEP, 1 + STEP):
            moved = {n: getattr(engine, n) * factor for n in names}
            if shares:
                moved = {n: min(value, 1.0) for n, value in moved.items()}
                values.append(percent(min(float(getattr(engine, names[0])) * factor, 1.0)))
            else:
                values.append(f"{times(factor)} as long")
            engines.append(replace(engine, **moved))
        ends.append((name, values))
    result = _with_engines(answer, row, engines)
    usd = row.bills(result, terms_of(answer.scenario))
    return [
        Swing(name=name, low=low, high=high, usd_low=float(usd[2 * i]), usd_high=float(usd[2 * i + 1]))
        for i, (name, (low, high)) in enumerate(ends)
    ]


def _with_engines(answer: Answer, row: Placement, engines: list[Engine]) -> Evaluation:
    """The deployment with other efficiencies, at the best batch of each."""
    candidate: Candidate = row.host.candidate
    n, shape = len(engines), answer.shape
    columns = {item.name: np.array([getattr(e, item.name) for e in engines]) for item in fields(Engine)}
    work = {item.name: np.full(n, getattr(row.work, item.name)) for item in fields(ModelShape)}
    replica = {
        item.name: np.full(n, float(getattr(candidate.replica, item.name))) for item in fields(Replica)
    }
    one = np.ones(n)
    return evaluate_arrays(
        ModelShape(**work),
        Replica(**replica),
        Engine(**columns),
        replace(answer.ask, mode=row.mode),
        usd_per_hour=one * candidate.usd_per_hour,
        factors=(one, one),
        prompt_tokens=one * shape.prompt_tokens,
        completion_tokens=one * shape.completion_tokens,
        cached_tokens=one * shape.cached_tokens,
        shape=(n,),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Deployments and batches that no other beats in both cost and time, fastest first."""

    candidate: Indices
    batch: Floats
    usd: Floats
    """Bill of a month, or of the job. [USD]"""
    ttft_s: Floats
    tpot_s: Floats


def frontiers(answer: Answer) -> dict[str, Frontier]:
    """Cost against TPOT and against TTFT, over all candidates at every power of two that fits."""
    grid = answer.grid
    if grid is None or not grid.result.fits.any():
        return {}
    fits = np.flatnonzero(grid.result.fits)
    near = fits[np.argsort(grid.fleet.order[fits], kind="stable")][:MOST_CANDIDATES]
    powers = np.exp2(np.arange(0, np.log2(MOST_SEQUENCES) + 1))
    candidates = np.concatenate([near, np.repeat(near, powers.size)])
    batch = np.concatenate([grid.result.batch[near], np.tile(powers, near.size)])
    room = batch <= grid.result.most_sequences[candidates]
    order, result = again(grid, answer.ask, answer.shape, candidates=candidates[room], batch=batch[room])
    rows = candidates[room][order]
    usd = grid.fleets(rows, prefill_s=result.prefill_s, decode_s=result.decode_s).usd
    found = {}
    for what, seconds in (("TPOT", result.tpot_s), ("TTFT", result.ttft_s)):
        line = unbeaten(usd, seconds)
        found[what] = Frontier(
            candidate=rows[line],
            batch=result.batch[line],
            usd=usd[line],
            ttft_s=result.ttft_s[line],
            tpot_s=result.tpot_s[line],
        )
    return found


def unbeaten(usd: Floats, seconds: Floats) -> Indices:
    """Rows that no other beats in both cost and time, fastest first.

    >>> unbeaten(np.array([3.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0, 2.0])).tolist()
    [0, 2, 1]
    """
    order = np.lexsort((usd, seconds))
    best = np.minimum.accumulate(usd[order])
    first = np.ones(order.size, dtype=bool)
    first[1:] = usd[order][1:] < best[:-1]
    return np.asarray(order[first])
