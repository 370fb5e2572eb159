"""One deployment, one shape, one batch: times, prices and memory, as the command line prints them."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.formulas import cost
from breakeven.formulas._domain import require_not_negative, require_share, require_whole
from breakeven.formulas.batch import batch_that_fits
from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.load import running
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import IDEAL
from breakeven.hosting import KV_BYTES, Profile, engine_of, model_shape, replica_of, with_shares
from breakeven.tables.records import Gpu, Model, Precision


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
        the model itself, of other models on this GPU, or pooled over other GPUs.

    Raises
    ------
    ValueError
        If an argument leaves its domain; Unplaceable if the model cannot be placed.
    """
    q = question
    _require_valid(q)
    shape = model_shape(q.model, q.precision, KV_BYTES[q.kv_precision])
    replica = replica_of(q.gpu, q.n_gpus, q.rate)
    row = q.profile.efficiency
    engine = IDEAL if q.ideal else engine_of(row)
    engine = with_shares(engine, mfu=q.mfu, mbu=q.mbu, overhead_s=q.overhead_s)
    max_batch = int(
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
        batch=_together(q, max_batch),
        clients=q.batch,
        prompt_tokens=q.prompt_tokens,
        completion_tokens=q.completion_tokens,
        cached_tokens=q.cached_tokens,
    )
    ttft, tpot, alone = float(service.ttft_s), float(service.tpot_s), float(service.ttft_alone_s)
    measured = not q.ideal and q.mfu is None and q.mbu is None and q.overhead_s is None

    def span(value: float, low: float, high: float) -> list[float]:
        # A limit, or shares typed by hand, have no measured error.
        return [value * low, value * high] if measured else [value, value]

    def usd(busy_s: float) -> float | None:
        if q.usd_per_hour is None:
            return None
        return float(cost.replica_usd(usd_per_hour=q.usd_per_hour, busy_s=busy_s))

    prompt_s, completion_s = float(service.prefill_s_per_request), float(service.decode_s_per_request)
    # Beside decodes, prompts take their share of the time; a batch or a pool that decodes does nothing else.
    spent_s = completion_s + (prompt_s if q.mode == Mode.CONTINUOUS else 0.0)
    prompt_usd, completion_usd, request_usd = usd(prompt_s), usd(completion_s), usd(prompt_s + completion_s)
    sequence = kv_bytes_per_sequence(
        context_tokens=q.prompt_tokens + q.completion_tokens,
        full_bytes_per_token=shape.full_kv_bytes_per_token,
        sliding_bytes_per_token=shape.sliding_kv_bytes_per_token,
        window_tokens=shape.window_tokens,
    )
    per_token = shape.full_kv_bytes_per_token + shape.sliding_kv_bytes_per_token
    together = q.batch if q.mode == Mode.STATIC else 1
    return {
        "ttft_s": ttft,
        "ttft_alone_s": alone,
        "wait_s": max(ttft - alone, 0.0),
        "tpot_s": tpot,
        "decode_s": q.completion_tokens * tpot,
        "tokens_per_s": q.completion_tokens / spent_s,
        "prompt_tokens_per_s": together * q.prompt_tokens / float(service.prefill.total_s),
        "usd_per_1k_prompt": None if prompt_usd is None else prompt_usd / q.prompt_tokens * 1000,
        "usd_per_1k_completion": None
        if completion_usd is None
        else completion_usd / q.completion_tokens * 1000,
        "usd_per_request": request_usd,
        "usd_per_hour": q.usd_per_hour,
        "weights_bytes": float(shape.weights_bytes),
        "kv_bytes_per_token": float(per_token),
        "kv_bytes_per_sequence": float(sequence),
        "batch": q.batch,
        "max_batch": max_batch,
        "fits": max_batch >= q.batch,
        "bound_prefill": "compute" if service.prefill.compute_bound else "bandwidth",
        "bound_decode": "compute" if service.decode.compute_bound else "bandwidth",
        "ttft_range_s": span(ttft, row.ttft_factor_low, row.ttft_factor_high),
        "ttft_alone_range_s": span(alone, row.ttft_alone_factor_low, row.ttft_alone_factor_high),
        "tpot_range_s": span(tpot, row.tpot_factor_low, row.tpot_factor_high),
        "range_level": row.range_level if measured else None,
        "range_of": str(row.range_of) if measured else None,
        "efficiency": None if q.ideal else row.efficiency_id,
        "notes": _notes(q),
    }


def _together(q: Question, max_batch: int) -> float:
    """Sequences that run of so many clients: the others wait for a place."""
    held = min(q.batch, max_batch) if max_batch and q.mode != Mode.STATIC else q.batch
    if q.mode != Mode.CONTINUOUS:
        return held
    return float(
        running(
            fit=held,
            clients=q.batch,
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
