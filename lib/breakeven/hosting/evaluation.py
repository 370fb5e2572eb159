"""Batch, latency and cost of many deployments at many shapes, in one pass over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.batch import batch_that_fits, largest_batch
from breakeven.formulas.latency import latency_of
from breakeven.formulas.load import running
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import MODES, Service
from breakeven.formulas.parts import IDEAL, Engine, ModelShape, Part, Replica, Speculation
from breakeven.formulas.queueing import queueing_wait_md1
from breakeven.hosting.candidates import Candidate
from breakeven.question.parts import Targets

MOST_SEQUENCES = 1024
"""Most sequences that a scheduler runs at once (vLLM's default on data-centre GPUs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of every deployment."""

    mode: Mode
    batch: int | None
    ttft_s: float | None
    tpot_s: float | None
    utilisation: float
    usable: float
    speculation: Speculation | None = None
    """Tokens are drafted and verified; None: one token a step."""


def ask_of(targets: Targets, mode: Mode) -> Ask:
    """What a question asks of every deployment."""
    return Ask(
        mode=mode,
        batch=targets.batch,
        ttft_s=targets.ttft,
        tpot_s=targets.tpot,
        utilisation=targets.utilisation,
        usable=targets.usable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Candidates (rows) at shapes (columns); times in seconds, money in US dollars."""

    batch: Floats
    """Clients at once; the most that run together and hold the targets, at least 1. More than fit wait."""
    most_sequences: Floats
    """Sequences that fit in memory; zero: does not fit."""
    fits: Booleans
    holds: Booleans
    """Fits and keeps both targets."""
    ttft_s: Floats
    """Time to first token with so many clients at once; this is what the target is held against."""
    ttft_alone_s: Floats
    """Time to first token of a request that meets nobody."""
    wait_s: Floats
    """What the neighbours add: the one less the other. In a pool that only reads, the mean wait while it is
    as busy as planned, which ``ttft_s`` leaves out; zero for a static batch."""
    tpot_s: Floats
    prefill_s: Floats
    """Replica seconds for the prompt of one request."""
    decode_s: Floats
    """Replica seconds for the completion of one request."""
    prompt_usd: Floats
    """Dollars for the prompt of one request, idle time included."""
    completion_usd: Floats
    """Dollars for the completion of one request, idle time included."""
    prompt_usd_low: Floats
    prompt_usd_high: Floats
    completion_usd_low: Floats
    completion_usd_high: Floats
    prefill_compute_bound: Booleans
    decode_compute_bound: Booleans

    @property
    def usd(self) -> Floats:
        """Dollars per request, idle time included."""
        return self.prompt_usd + self.completion_usd

    @property
    def replica_s(self) -> Floats:
        """Replica seconds per request."""
        return self.prefill_s + self.decode_s


def stack_engines(engines: Sequence[Engine]) -> Engine:
    """One engine whose fields are columns over candidates."""
    return _stack(Engine, engines)


def stack_replicas(replicas: Sequence[Replica]) -> Replica:
    """One replica whose fields are columns over candidates."""
    return _stack(Replica, replicas)


def stack_models(models: Sequence[ModelShape]) -> ModelShape:
    """One model whose fields are columns over models."""
    return _stack(ModelShape, models)


def _stack(kind: type[Part], items: Sequence[Part]) -> Part:
    """Gather each field of the items into a column vector."""
    names = [field.name for field in fields(kind)]
    return kind(**{name: np.array([[getattr(i, name)] for i in items], dtype=float) for name in names})


def flat(part: Part) -> Part:
    """The same with columns as one-dimensional arrays."""
    return type(part)(**{field.name: getattr(part, field.name).reshape(-1) for field in fields(part)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """Candidates as columns, whatever they are asked."""

    replica: Replica
    engine: Engine
    usd_per_hour: Floats
    factors: tuple[Floats, Floats]
    """Lower and upper end of the cost's range, as shares of the estimate. [-]"""

    @classmethod
    def of(cls, candidates: Sequence[Candidate], *, ideal: bool = False) -> Stacked:
        """Stack candidates; ``ideal`` as in :func:`evaluate`."""
        rows = [c.profile.efficiency for c in candidates]

        def factor(name: str) -> Floats:
            return np.array([[1.0 if ideal else getattr(row, name)] for row in rows])

        return cls(
            replica=stack_replicas([c.replica for c in candidates]),
            engine=stack_engines([IDEAL if ideal else c.engine for c in candidates]),
            usd_per_hour=np.array([[c.usd_per_hour] for c in candidates]),
            factors=(factor("tpot_factor_low"), factor("tpot_factor_high")),
        )


def evaluate(
    model: ModelShape,
    candidates: Sequence[Candidate] | Stacked,
    ask: Ask,
    *,
    prompt_tokens: Floats,
    completion_tokens: Floats,
    cached_tokens: Floats,
    ideal: bool = False,
    batch: Floats | None = None,
) -> Evaluation:
    """Evaluate every candidate at every shape.

    Parameters
    ----------
    model
        What the model asks of the hardware.
    candidates
        Rows of the result; whoever asks often of the same ones stacks them once.
    ask
        Mode, batch, targets, utilisation, usable memory.
    prompt_tokens, completion_tokens, cached_tokens
        Columns of the result, one-dimensional. [tokens]
    ideal
        Every efficiency 1, no fixed time, no communication: the physical limit.
    batch
        Use these batches instead of looking for the largest. Nothing is timed beyond the sequences that
        run together: the others wait for a place.

    Returns
    -------
    Evaluation
        Arrays of shape (candidates, shapes).
    """
    stacked = candidates if isinstance(candidates, Stacked) else Stacked.of(candidates, ideal=ideal)
    prompt, completion, cached = (
        np.asarray(x, dtype=float)[None, :] for x in (prompt_tokens, completion_tokens, cached_tokens)
    )
    return evaluate_arrays(
        model,
        stacked.replica,
        stacked.engine,
        ask,
        usd_per_hour=stacked.usd_per_hour,
        factors=stacked.factors,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        shape=(len(stacked.usd_per_hour), prompt.shape[1]),
        batch=batch,
    )


def sequences_that_fit(
    model: ModelShape, replica: Replica, ask: Ask, *, prompt_tokens: Floats, completion_tokens: Floats
) -> Floats:
    """Sequences that fit on all ranks, the draft model and its cache beside them; zero: does not fit."""
    held = model
    if ask.speculation is not None:
        more = 1 + np.asarray(ask.speculation.draft_share)
        held = replace(
            model,
            weights_bytes=model.weights_bytes * more,
            routed_bytes=model.routed_bytes * more,
            full_kv_bytes_per_token=model.full_kv_bytes_per_token * more,
            sliding_kv_bytes_per_token=model.sliding_kv_bytes_per_token * more,
        )
    of_rank = batch_that_fits(
        model=held,
        replica=replica,
        usable=ask.usable,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )
    return np.asarray(of_rank) * replica.ranks


def evaluate_arrays(
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    ask: Ask,
    *,
    usd_per_hour: Floats,
    factors: tuple[Floats, Floats],
    prompt_tokens: Floats,
    completion_tokens: Floats,
    cached_tokens: Floats,
    shape: tuple[int, ...],
    batch: Floats | None = None,
    fit: Floats | None = None,
) -> Evaluation:
    """Evaluate deployments whose parts are arrays that broadcast to ``shape``.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`; every field may be an array.
    ask
        Mode, batch, targets, utilisation, usable memory, speculation.
    usd_per_hour
        Rent of the whole replica. [USD/h]
    factors
        Lower and upper end of the cost's range, as shares of the estimate. [-]
    prompt_tokens, completion_tokens, cached_tokens
        Shape of one request. [tokens]
    shape
        Shape of every array of the result.
    batch
        Use these batches instead of looking for the largest.
    fit
        Sequences that fit in memory, where the caller has counted them.

    Batches, sequences and the rent are those of all ranks of a replica; times are those of one of them.

    Returns
    -------
    Evaluation
        Arrays of that shape.
    """
    prompt, completion, cached = prompt_tokens, completion_tokens, cached_tokens
    if fit is None:
        fit = sequences_that_fit(model, replica, ask, prompt_tokens=prompt, completion_tokens=completion)
    ranks = np.asarray(replica.ranks)
    whole = np.broadcast_to(fit, shape)
    fit = np.broadcast_to(whole / ranks, shape)
    size = (
        _batch(model, replica, engine, ask, prompt, completion, cached, fit=fit)
        if batch is None
        else np.broadcast_to(batch / ranks, shape)
    )
    # With fewer clients than ranks some of them are idle, and paid for.
    clients = np.maximum(size * ranks, 1.0)
    busy = np.minimum(clients, ranks)
    size = np.maximum(size, 1.0)
    service = MODES[ask.mode](
        model=model,
        replica=replica,
        engine=engine,
        batch=_together(ask, fit, size, prompt, completion),
        clients=size,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        speculation=ask.speculation,
    )
    fits = fit >= size

    def usd(busy_s: object) -> Floats:
        return np.asarray(
            cost.replica_usd(
                usd_per_hour=usd_per_hour, busy_s=np.asarray(busy_s), utilisation=ask.utilisation
            )
        )

    # Ranks work at once, each on requests of its own.
    prefill_s = np.asarray(service.prefill_s_per_request) / busy
    decode_s = np.asarray(service.decode_s_per_request) / busy
    prompt_usd, completion_usd = usd(prefill_s), usd(decode_s)
    ttft_s, alone_s = np.asarray(service.ttft_s), np.asarray(service.ttft_alone_s)
    waits = {Mode.CONTINUOUS: np.maximum(ttft_s - alone_s, 0.0), Mode.DISAGGREGATED: _pool_wait(service, ask)}
    return Evaluation(
        batch=np.broadcast_to(clients, shape),
        most_sequences=whole,
        fits=fits,
        holds=fits & _kept(ask, ttft_s, np.asarray(service.tpot_s)),
        ttft_s=np.broadcast_to(ttft_s, shape),
        ttft_alone_s=np.broadcast_to(alone_s, shape),
        wait_s=np.broadcast_to(waits.get(ask.mode, np.zeros(1)), shape),
        tpot_s=np.broadcast_to(np.asarray(service.tpot_s), shape),
        prefill_s=np.broadcast_to(prefill_s, shape),
        decode_s=np.broadcast_to(decode_s, shape),
        prompt_usd=np.broadcast_to(prompt_usd, shape),
        completion_usd=np.broadcast_to(completion_usd, shape),
        # The spread of TTFT holds waiting that nobody pays for; replica time spreads as TPOT does.
        prompt_usd_low=np.broadcast_to(prompt_usd * factors[0], shape),
        prompt_usd_high=np.broadcast_to(prompt_usd * factors[1], shape),
        completion_usd_low=np.broadcast_to(completion_usd * factors[0], shape),
        completion_usd_high=np.broadcast_to(completion_usd * factors[1], shape),
        prefill_compute_bound=np.broadcast_to(np.asarray(service.prefill.compute_bound), shape),
        decode_compute_bound=np.broadcast_to(np.asarray(service.decode.compute_bound), shape),
    )


def _kept(ask: Ask, ttft_s: Floats, tpot_s: Floats) -> Booleans:
    """Tell where the targets are held, up to rounding: the search and the evaluation round differently."""
    good = np.ones(np.broadcast_shapes(ttft_s.shape, tpot_s.shape), dtype=bool)
    if ask.ttft_s is not None:
        good &= ttft_s <= ask.ttft_s * (1 + 1e-9)
    if ask.tpot_s is not None:
        good &= tpot_s <= ask.tpot_s * (1 + 1e-9)
    return good


def _batch(
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    ask: Ask,
    prompt_tokens: Floats,
    completion_tokens: Floats,
    cached_tokens: Floats,
    *,
    fit: Floats,
) -> Floats:
    """The batch that is asked for, or the largest that fits and keeps the targets; zero where none does."""
    if ask.batch is not None:
        return np.broadcast_to(float(ask.batch) / np.asarray(replica.ranks), fit.shape)
    limit = np.minimum(fit, MOST_SEQUENCES)
    most = _together(ask, fit, np.maximum(limit, 1.0), prompt_tokens, completion_tokens)
    limit = np.where(limit >= 1, np.floor(most), 0.0)
    if ask.ttft_s is None and ask.tpot_s is None:
        return limit
    latencies = latency_of(
        ask.mode,
        model=model,
        replica=replica,
        engine=engine,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=cached_tokens,
        speculation=ask.speculation,
    )
    return largest_batch(limit=limit, holds=lambda sizes: _kept(ask, *latencies(sizes)))


def _together(
    ask: Ask, fit: Floats, clients: Floats, prompt_tokens: Floats, completion_tokens: Floats
) -> Floats:
    """Sequences that run of so many clients.

    A static batch runs as it was asked for, and so does one where not even one sequence fits: that it does
    not fit is said elsewhere.
    """
    if ask.mode == Mode.STATIC:
        return clients
    held = np.where(fit >= 1, np.minimum(clients, fit), clients)
    if ask.mode == Mode.DISAGGREGATED:
        return held
    return np.asarray(
        running(fit=held, clients=clients, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    )


def _pool_wait(service: Service, ask: Ask) -> Floats:
    """Mean wait of a prompt in a pool that only reads, as an M/D/1 queue at the planned busy share. [s]"""
    read_s = np.asarray(service.prefill_s_per_request)
    if ask.utilisation >= 1:
        return np.zeros_like(read_s)
    return np.asarray(queueing_wait_md1(arrivals_per_s=ask.utilisation / read_s, service_s=read_s))
