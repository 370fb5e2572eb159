"""One deployment, one shape, one batch: times, prices and memory, as the command line prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas._domain import require_not_negative, require_share, require_whole
from breakeven.formulas.batch import batch_that_fits, rank_weights_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.load import running
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import IDEAL, Engine, ModelShape, Replica
from breakeven.formulas.pools import PoolLoop, pool_loop, pooled_step
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step
from breakeven.hosting import KV_BYTES, Profile, engine_of, model_shape, replica_of, with_shares
from breakeven.hosting.layouts import Pools, Worker, between_pools, laid_out, worker_replica
from breakeven.tables.records import Gpu, Layout, Model, NodeLink, Precision, RangeOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is estimated."""

    model: Model
    gpu: Gpu
    n_gpus: int
    precision: Precision
    kv_precision: str
    rate: str
    """Rate that the linear layers run at, see :func:`breakeven.hosting.compute_class`."""
    profile: Profile
    mode: Mode
    batch: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    usable: float = 0.9
    usd_per_hour: float | None = None
    """Rent of the whole replica; None: no price, so no dollars. [USD/h]"""
    ideal: bool = False
    mfu: float | None = None
    mbu: float | None = None
    overhead_s: float | None = None
    """Replaces every fixed time of the profile. [s]"""
    layout: Worker | Pools | None = None
    """How the GPUs share the model; None: all of them each layer, in tensor parallel."""
    spread: Layout | None = None
    """What ranks or separate pools add to the profile; needed with a layout of either."""
    links: Mapping[str, NodeLink] = field(default_factory=dict)
    """Networks that join nodes, by GPU."""

    @property
    def measured(self) -> bool:
        """A limit, or shares typed by hand, have no measured error."""
        return not self.ideal and self.mfu is None and self.mbu is None and self.overhead_s is None

    @property
    def shape(self) -> ModelShape:
        """The model at its precisions."""
        return model_shape(self.model, self.precision, KV_BYTES[self.kv_precision])

    def engine(self, worker: Worker) -> Engine:
        """The engine, with what its layout adds."""
        engine = IDEAL if self.ideal else engine_of(self.profile.efficiency)
        engine = with_shares(engine, mfu=self.mfu, mbu=self.mbu, overhead_s=self.overhead_s)
        if self.spread is None or self.ideal:
            return engine
        return laid_out(engine, self.spread, worker, self.gpu)

    def replica(self, worker: Worker) -> Replica:
        """One rank of a worker; without a layout, GPUs that their own link joins."""
        if self.layout is None:
            return replica_of(self.gpu, self.n_gpus, self.rate)
        return worker_replica(self.gpu, worker, self.rate, self.links)


def estimate(question: Question) -> dict[str, object]:
    """Estimate a deployment.

    Returns
    -------
    dict
        ``ttft_s`` with ``batch`` clients at once, ``ttft_alone_s`` of a request that meets nobody, ``wait_s``
        between the two, ``tpot_s``, ``decode_s`` [s]; ``tokens_per_s``: completion tokens of the whole
        replica, over all its time where prompts are read beside decodes, while it decodes otherwise;
        ``prompt_tokens_per_s`` of the prompts while they are read [tokens/s]; ``usd_per_1k_prompt``,
        ``usd_per_1k_completion``, ``usd_per_request`` [USD], of a replica that is never idle;
        ``weights_bytes``, ``kv_bytes_per_token``, ``kv_bytes_per_sequence`` [B]; ``max_batch``, ``fits``;
        ``bound_prefill`` and ``bound_decode`` (compute or bandwidth); ``ttft_range_s``,
        ``ttft_alone_range_s``, ``tpot_range_s`` [s] and ``range_level``, the share of measured rows that
        each of them holds (None: nothing was measured) [0 to 1]; ``range_of``: whose rows those are, of
        the model itself, of other models on this GPU, or pooled over other GPUs; ``layout`` and ``gpus``
        in all. Two pools of their own are timed together under the clients: their tokens per second and
        dollars are those at that load, idle time of the quicker pool included.

    Raises
    ------
    ValueError
        If an argument leaves its domain; Unplaceable if the model cannot be placed.
    """
    q = question
    _require_valid(q)
    if isinstance(q.layout, Pools):
        return _estimate_pools(q, q.layout)
    shape = q.shape
    worker = q.layout or Worker(tensor=q.n_gpus)
    replica, engine, ranks = q.replica(worker), q.engine(worker), worker.ranks
    busy = min(ranks, q.batch)  # with fewer clients than ranks some of them are idle, and paid for
    row = q.profile.efficiency
    of_rank = int(
        batch_that_fits(
            model=shape,
            replica=replica,
            usable=q.usable,
            prompt_tokens=q.prompt_tokens,
            completion_tokens=q.completion_tokens,
        )
    )
    service = MODES[q.mode](
        model=shape,
        replica=replica,
        engine=engine,
        batch=_together(q, q.batch / ranks, of_rank),
        clients=max(q.batch / ranks, 1.0),
        prompt_tokens=q.prompt_tokens,
        completion_tokens=q.completion_tokens,
        cached_tokens=q.cached_tokens,
    )
    ttft, tpot, alone = float(service.ttft_s), float(service.tpot_s), float(service.ttft_alone_s)

    def usd(busy_s: float) -> float | None:
        if q.usd_per_hour is None:
            return None
        return float(cost.replica_usd(usd_per_hour=q.usd_per_hour, busy_s=busy_s / busy))

    prompt_s, completion_s = float(service.prefill_s_per_request), float(service.decode_s_per_request)
    # Beside decodes, prompts take their share of the time; a batch or a pool that decodes does nothing else.
    spent_s = completion_s + (prompt_s if q.mode == Mode.CONTINUOUS else 0.0)
    prompt_usd, completion_usd, request_usd = usd(prompt_s), usd(completion_s), usd(prompt_s + completion_s)
    together = q.batch if q.mode == Mode.STATIC else busy
    return {
        "ttft_s": ttft,
        "ttft_alone_s": alone,
        "wait_s": max(ttft - alone, 0.0),
        "tpot_s": tpot,
        "decode_s": q.completion_tokens * tpot,
        "tokens_per_s": busy * q.completion_tokens / spent_s,
        "prompt_tokens_per_s": together * q.prompt_tokens / float(service.prefill.total_s),
        "usd_per_1k_prompt": None if prompt_usd is None else prompt_usd / q.prompt_tokens * 1000,
        "usd_per_1k_completion": None
        if completion_usd is None
        else completion_usd / q.completion_tokens * 1000,
        "usd_per_request": request_usd,
        **_memory(q, shape, ranks * of_rank),
        "weights_bytes": float(ranks * rank_weights_bytes(shape, replica)),
        **_bounds(service.prefill, service.decode),
        **_ranges(q, ttft, alone, tpot),
        "efficiency": None if q.ideal else row.efficiency_id,
        "layout": str(worker),
        "gpus": worker.gpus,
        "notes": _notes(q),
    }


def _estimate_pools(q: Question, pools: Pools) -> dict[str, object]:
    """Two pools of their own, timed together under the clients; the keys of :func:`estimate`, and more."""
    shape = q.shape
    reading, writing = q.engine(pools.prefill), q.engine(pools.decode)
    reader, writer = q.replica(pools.prefill), q.replica(pools.decode)
    prefill = prefill_step(
        model=shape,
        replica=reader,
        engine=reading,
        batch=1,
        prompt_tokens=q.prompt_tokens,
        cached_tokens=q.cached_tokens,
    )
    context = mean_context(prompt_tokens=q.prompt_tokens, completion_tokens=q.completion_tokens)

    def decode(sequences: object) -> StepTime:
        held = np.maximum(np.asarray(sequences, dtype=float), 1.0)
        return decode_step(model=shape, replica=writer, engine=writing, batch=held, context_tokens=context)

    fit = batch_that_fits(
        model=shape,
        replica=writer,
        usable=q.usable,
        prompt_tokens=q.prompt_tokens,
        completion_tokens=q.completion_tokens,
    )
    moved = kv_bytes_per_sequence(
        context_tokens=q.prompt_tokens,
        full_bytes_per_token=shape.full_kv_bytes_per_token,
        sliding_bytes_per_token=shape.sliding_kv_bytes_per_token,
        window_tokens=shape.window_tokens,
    )
    link = pools.prefill.tensor * between_pools(q.gpu, q.links) * float(writing.exchange_share)
    read_s = float(prefill.total_s) * float(reading.pool_read_factor)
    decode_ranks = pools.decode_workers * pools.decode.ranks

    def loop(clients: int) -> PoolLoop:
        return pool_loop(
            engine=writing,
            read_s=read_s,
            moved_s=float(writing.communication) * (moved + shape.state_bytes) / link,
            step_s=lambda sequences: pooled_step(engine=writing, step_s=decode(sequences).total_s),
            completion_tokens=q.completion_tokens,
            clients=clients,
            prefill_ranks=pools.prefill_workers * pools.prefill.ranks,
            decode_ranks=decode_ranks,
            most_sequences=max(float(fit), 1.0),
        )

    found, alone = loop(q.batch), loop(1)
    rate, ttft, tpot = float(found.requests_per_s), float(found.ttft_s), float(found.tpot_s)
    readers = pools.prefill_workers * pools.prefill.gpus

    def usd(gpus: int) -> float | None:
        if q.usd_per_hour is None:
            return None
        return float(cost.replica_usd(usd_per_hour=q.usd_per_hour * gpus / pools.gpus, busy_s=1 / rate))

    prompt_usd, completion_usd = usd(readers), usd(pools.gpus - readers)
    return {
        "ttft_s": ttft,
        "ttft_alone_s": float(alone.ttft_s),
        "wait_s": max(ttft - float(alone.ttft_s), 0.0),
        "tpot_s": tpot,
        "decode_s": q.completion_tokens * tpot,
        "tokens_per_s": rate * q.completion_tokens,
        "prompt_tokens_per_s": pools.prefill_workers * pools.prefill.ranks * q.prompt_tokens / read_s,
        "usd_per_1k_prompt": None if prompt_usd is None else prompt_usd / q.prompt_tokens * 1000,
        "usd_per_1k_completion": None
        if completion_usd is None
        else completion_usd / q.completion_tokens * 1000,
        "usd_per_request": usd(pools.gpus),
        **_memory(q, shape, decode_ranks * int(fit)),
        "weights_bytes": float(pools.decode.ranks * rank_weights_bytes(shape, writer)),
        **_bounds(prefill, decode(found.sequences)),
        **_ranges(q, ttft, float(alone.ttft_s), tpot),
        "efficiency": None if q.ideal else q.profile.efficiency.efficiency_id,
        "layout": str(pools),
        "gpus": pools.gpus,
        "requests_per_s": rate,
        "sequences_per_rank": float(found.sequences),
        "prefill_busy": float(found.reading),
        "notes": _notes(q),
    }


def _memory(q: Question, shape: ModelShape, most: int) -> dict[str, object]:
    """What the cache takes, and how many sequences fit."""
    sequence = kv_bytes_per_sequence(
        context_tokens=q.prompt_tokens + q.completion_tokens,
        full_bytes_per_token=shape.full_kv_bytes_per_token,
        sliding_bytes_per_token=shape.sliding_kv_bytes_per_token,
        window_tokens=shape.window_tokens,
    )
    return {
        "usd_per_hour": q.usd_per_hour,
        "kv_bytes_per_token": float(shape.full_kv_bytes_per_token + shape.sliding_kv_bytes_per_token),
        "kv_bytes_per_sequence": float(sequence),
        "batch": q.batch,
        "max_batch": most,
        "fits": most >= q.batch,
    }


def _bounds(prefill: StepTime, decode: StepTime) -> dict[str, object]:
    """Which resource is the slower one in either phase."""
    return {
        "bound_prefill": "compute" if prefill.compute_bound else "bandwidth",
        "bound_decode": "compute" if decode.compute_bound else "bandwidth",
    }


def _ranges(q: Question, ttft: float, alone: float, tpot: float) -> dict[str, object]:
    """The ranges of the times, of the layout's row where there is one, and what share of rows they hold."""
    row = q.profile.efficiency

    def span(value: float, low: float, high: float) -> list[float]:
        return [value * low, value * high] if q.measured else [value, value]

    if q.spread is not None and q.layout is not None:
        laid = q.spread
        first = span(alone, laid.ttft_factor_low, laid.ttft_factor_high)
        at_load = span(ttft, laid.ttft_factor_low, laid.ttft_factor_high)
        step, level = span(tpot, laid.tpot_factor_low, laid.tpot_factor_high), laid.range_level
        whose = RangeOf.POOLED
    else:
        first = span(alone, row.ttft_alone_factor_low, row.ttft_alone_factor_high)
        at_load = span(ttft, row.ttft_factor_low, row.ttft_factor_high)
        step, level = span(tpot, row.tpot_factor_low, row.tpot_factor_high), row.range_level
        whose = row.range_of
    return {
        "ttft_range_s": at_load,
        "ttft_alone_range_s": first,
        "tpot_range_s": step,
        "range_level": level if q.measured else None,
        "range_of": str(whose) if q.measured else None,
    }


def _together(q: Question, clients: float, fit: int) -> float:
    """Sequences that run on one rank of so many clients: the others wait for a place."""
    clients = max(clients, 1.0)
    held = min(clients, fit) if fit and q.mode != Mode.STATIC else clients
    if q.mode != Mode.CONTINUOUS:
        return held
    return float(
        running(
            fit=held,
            clients=clients,
            prompt_tokens=q.prompt_tokens,
            completion_tokens=q.completion_tokens,
        )
    )


def _require_valid(q: Question) -> None:
    """Refuse arguments that leave their domain."""
    require_whole(gpus=q.n_gpus, batch=q.batch, prompt=q.prompt_tokens, completion=q.completion_tokens)
    require_not_negative(cached=q.cached_tokens)
    require_share(usable=q.usable)
    for name, share in (("mfu", q.mfu), ("mbu", q.mbu)):
        if share is not None:
            require_share(**{name: share})
    if q.overhead_s is not None:
        require_not_negative(overhead=q.overhead_s)
    if q.usd_per_hour is not None:
        require_not_negative(usd_per_hour=q.usd_per_hour)


def _notes(q: Question) -> list[str]:
    """What a reader should know before trusting the numbers."""
    notes = []
    if q.layout is not None and q.layout.largest > q.gpu.link_gpus:
        notes.append(
            f"A worker of {q.layout.largest} GPUs is more than the {q.gpu.link_gpus} that the links of "
            f"{q.gpu.name} join: a network between nodes is counted on, which not every host has."
        )
    if not q.ideal and q.spread is not None and q.spread.n_rows == 0:
        notes.append(f"Not certain: the layout rests on {q.spread.fitted_on}.")
    if not q.ideal and q.profile.caveat:
        notes.append(f"Not certain: {q.profile.caveat}.")
    if q.rate != q.precision.compute_rate:
        notes.append(
            f"{q.gpu.name} has no {q.precision.compute_rate} rate: weights are stored in "
            f"{q.precision.precision_id} and computed in fp16/bf16."
        )
    longest = q.prompt_tokens + q.completion_tokens
    if longest > q.model.max_context:
        notes.append(
            f"{q.model.name} holds at most {q.model.max_context:,} tokens of context; "
            f"{longest:,} are timed all the same."
        )
    if not q.gpu.verified:
        notes.append(f"The specifications of {q.gpu.name} were not re-read from the maker's page.")
    return notes
