"""Deployments of one model: which GPUs, how many, what batch, how fast, at what price.

One vectorised grid over candidates and shapes; no loop over either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from lib.format import gigabytes
from lib.formulas import cost, memory
from lib.formulas.kv_cache import (
    kv_bytes_per_sequence,
    kv_bytes_per_token,
    latent_kv_bytes_per_token,
)
from lib.formulas.latency import latency_of
from lib.formulas.parameters import parameter_counts
from lib.formulas.parts import IDEAL, Engine, ModelShape, Part, Replica
from lib.formulas.serving import (
    MODES,
    Service,
    batch_that_fits,
    largest_batch,
    queueing_wait_md1,
)
from lib.records import Efficiency, Gpu, GpuOffer, Model, Precision
from lib.scenario import AUTO, CHEAPEST, DEAREST, MEDIAN, Scenario
from lib.units import GIGA, TERA

GPU_COUNTS = (1, 2, 4, 8)
"""Sizes of a replica that are ranked: the ones that one server holds."""

MOST_SEQUENCES = 1024
"""Most sequences that a scheduler runs at once (vLLM's default on data-centre GPUs)."""

FEW_ROWS = 6
"""An efficiency row on fewer measured rows than this does not count as measured."""

KV_BYTES: Mapping[str, float] = {"fp16": 2.0, "fp8": 1.0}
"""Bytes of one cached element by number format."""

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


class Unplaceable(ValueError):
    """A model, GPU or precision for which no deployment can be computed; the text says why."""


def model_shape(model: Model, precision: Precision, kv_bytes: float) -> ModelShape:
    """Turn an architecture into what the formulas need.

    Raises
    ------
    Unplaceable
        If the cache or the parameters of the model are not known.
    """
    if not model.kv_derived:
        raise Unplaceable(
            f"No formula for the KV cache of {model.name} is on record, so it cannot be placed on a GPU."
        )
    total, linear, routed, looked_up = _parameters(model)
    b_w = precision.bytes_per_weight
    latent = model.attention == "MLA"
    linear_layers = model.n_linear_attn_layers or 0
    sliding = model.n_sliding_layers or 0
    full = model.n_full_attn_layers
    full = model.n_layers - linear_layers - sliding if full is None else full

    def per_token(layers: int) -> float:
        if latent:
            return float(
                latent_kv_bytes_per_token(
                    n_layers=layers,
                    kv_lora_rank=model.mla_kv_lora_rank or 0,
                    rope_dim=model.mla_qk_rope_dim or 0,
                    bytes_per_element=kv_bytes,
                )
            )
        return float(
            kv_bytes_per_token(
                n_layers=layers,
                n_kv_heads=model.n_kv_heads,
                head_dim=model.head_dim,
                bytes_per_element=kv_bytes,
            )
        )

    latent_width = model.mla_kv_lora_rank or 0
    rope = model.mla_qk_rope_dim or 0
    return ModelShape(
        n_layers=model.n_layers,
        hidden=model.hidden,
        linear_params=linear,
        weights_bytes=memory.weights_bytes(params=total, bytes_per_weight=b_w),
        shared_bytes=(total - routed - looked_up) * b_w,
        routed_bytes=routed * b_w,
        expert_share=(model.experts_per_tok or 0) / model.n_experts if model.n_experts else 0.0,
        n_heads=model.n_heads,
        kv_heads=1 if latent else model.n_kv_heads,
        prefill_qk_dim=(model.mla_qk_nope_dim or 0) + rope if latent else model.head_dim,
        prefill_v_dim=(model.mla_v_head_dim or 0) if latent else model.head_dim,
        decode_qk_dim=latent_width + rope if latent else model.head_dim,
        decode_v_dim=latent_width if latent else model.head_dim,
        full_layers=full,
        sliding_layers=sliding,
        window_tokens=model.sliding_window or 0,
        full_kv_bytes_per_token=per_token(full),
        sliding_kv_bytes_per_token=per_token(sliding),
    )


def _parameters(model: Model) -> tuple[float, float, float, float]:
    """All, multiplied per token, routed, looked up: from the dimensions where they give the stated total."""
    if model.totals_checked:
        counts = parameter_counts(
            n_layers=model.n_layers,
            hidden=model.hidden,
            ffn_dim=model.ffn_dim,
            ffn_matrices=model.ffn_matrices,
            n_heads=model.n_heads,
            n_kv_heads=model.n_kv_heads,
            head_dim=model.head_dim,
            vocab=model.vocab,
            tied_embeddings=model.tied_embeddings,
            mla_kv_lora_rank=model.mla_kv_lora_rank,
            mla_q_lora_rank=model.mla_q_lora_rank,
            mla_qk_nope_dim=model.mla_qk_nope_dim,
            mla_qk_rope_dim=model.mla_qk_rope_dim,
            mla_v_head_dim=model.mla_v_head_dim,
            n_experts=model.n_experts,
            experts_per_tok=model.experts_per_tok,
            n_shared_experts=model.n_shared_experts,
            moe_ffn_dim=model.moe_ffn_dim,
            n_dense_layers=model.n_dense_layers,
        )
        return (
            float(counts.total),
            float(counts.active_linear),
            float(counts.routed),
            float(counts.input_embedding),
        )
    if model.params_total_b is None or model.params_active_b is None:
        raise Unplaceable(f"Nobody states how many parameters {model.name} has, so it cannot be placed.")
    total, active = model.params_total_b * GIGA, model.params_active_b * GIGA
    looked_up = 0.0 if model.tied_embeddings else float(model.vocab * model.hidden)
    routed = 0.0
    if model.n_experts and model.moe_ffn_dim:
        moe_layers = model.n_layers - (model.n_dense_layers or 0)
        routed = float(moe_layers * model.n_experts * model.ffn_matrices * model.hidden * model.moe_ffn_dim)
    return total, active - looked_up, min(routed, total - looked_up), looked_up


def compute_class(gpu: Gpu, precision: Precision) -> str:
    """Rate at which the linear layers run: fp16, fp8 or fp4.

    Raises
    ------
    Unplaceable
        If the GPU lacks the rate and the precision cannot be stored only.
    """
    rates = {"fp8": gpu.fp8_dense_tflops, "fp4": gpu.fp4_dense_tflops}
    wanted = precision.compute_rate
    if wanted == "fp16" or rates[wanted]:
        return wanted
    if precision.weight_only_fallback:
        return "fp16"
    raise Unplaceable(f"{gpu.name} has no {wanted} rate; choose fp16 or int4 weights for it.")


def replica_of(gpu: Gpu, n_gpus: int, rate: str) -> Replica:
    """Turn a GPU and a count into what the formulas need.

    Raises
    ------
    Unplaceable
        If several GPUs are asked for and their link is not known, or more than the link joins.
    """
    half = gpu.bf16_dense_tflops or gpu.fp16_dense_tflops or 0.0
    peak = {"fp16": half, "fp8": gpu.fp8_dense_tflops, "fp4": gpu.fp4_dense_tflops}[rate] or half
    if n_gpus > gpu.link_gpus:
        joined = "is sold singly" if gpu.link_gpus == 1 else f"are joined by {gpu.link_gpus} at most"
        raise Unplaceable(
            f"{gpu.name} {joined} ({gpu.interconnect}); {n_gpus} in one replica cannot be computed."
        )
    link = gpu.scale_up_gb_s_unidirectional
    if link is None and n_gpus > 1:
        raise Unplaceable(f"The link bandwidth of {gpu.name} is not known, so only one GPU can be computed.")
    return Replica(
        n_gpus=n_gpus,
        memory_bytes=gpu.memory_gb * GIGA,
        memory_bytes_per_s=gpu.mem_bw_gb_s * GIGA,
        flop_per_s=peak * TERA,
        attention_flop_per_s=half * TERA,
        link_bytes_per_s=(link or 1.0) * GIGA,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The efficiency row that applies, and what is not measured about it."""

    efficiency: Efficiency
    measured: bool
    """Fitted on this GPU family, this rate and this number of GPUs."""
    caveat: str | None
    """What was not measured, in words; None: nothing is left open."""


def choose_profile(
    rows: Iterable[Efficiency], *, engine: str, gpu: Gpu, rate: str, mode: str, n_gpus: int
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
    timing = "static" if mode == "static" else "continuous"
    usable = [row for row in rows if row.mode == timing]
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
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuPrice:
    """Price of one GPU-hour and where it comes from."""

    usd_per_gpu_hour: float
    offer: GpuOffer
    """The offer itself, or the middle one where the price is a median."""
    n_offers: int
    cheapest_usd: float
    dearest_usd: float


def gpu_price(offers: Sequence[GpuOffer], *, gpu_id: str, price_type: str, choice: str) -> GpuPrice | None:
    """Price one GPU from the offers in force: the median, the cheapest, the dearest, or one by id.

    One provider counts once, with its lowest price, so that a provider with many
    regions does not outvote the others. Flagged offers only count when named.
    With an even number of providers the lower middle one is taken, so that the
    price is one that somebody asks.
    """
    if choice not in (MEDIAN, CHEAPEST, DEAREST):
        offer = next((o for o in offers if o.gpu_offer_id == choice and o.gpu_id == gpu_id), None)
        if offer is None:
            return None
        usd = offer.usd_per_gpu_hour
        return GpuPrice(usd_per_gpu_hour=usd, offer=offer, n_offers=1, cheapest_usd=usd, dearest_usd=usd)
    best: dict[str, GpuOffer] = {}
    for offer in offers:
        if offer.gpu_id == gpu_id and offer.price_type == price_type and not offer.flag:
            known = best.get(offer.provider)
            if known is None or offer.usd_per_gpu_hour < known.usd_per_gpu_hour:
                best[offer.provider] = offer
    if not best:
        return None
    by_price = sorted(best.values(), key=lambda o: (o.usd_per_gpu_hour, o.gpu_offer_id))
    prices = [o.usd_per_gpu_hour for o in by_price]
    index = {MEDIAN: prices.index(median_low(prices)), CHEAPEST: 0, DEAREST: len(prices) - 1}[choice]
    return GpuPrice(
        usd_per_gpu_hour=prices[index],
        offer=by_price[index],
        n_offers=len(by_price),
        cheapest_usd=prices[0],
        dearest_usd=prices[-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to host the model: a GPU, a count, a price, an efficiency row."""

    gpu: Gpu
    n_gpus: int
    price: GpuPrice
    profile: Profile
    replica: Replica
    usd_per_hour: float
    """Rent of the whole replica, overhead included. [USD/h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that cannot be ranked, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of every deployment."""

    mode: str
    batch: int | None
    ttft_s: float | None
    tpot_s: float | None
    utilisation: float
    usable: float


def ask_of(scenario: Scenario) -> Ask:
    """What a scenario asks of every deployment."""
    return Ask(
        mode=scenario.mode,
        batch=scenario.batch,
        ttft_s=scenario.ttft,
        tpot_s=scenario.tpot,
        utilisation=scenario.utilisation,
        usable=scenario.usable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Candidates (rows) at shapes (columns); times in seconds, money in US dollars."""

    batch: Floats
    """Sequences together; the largest that fits and holds the targets, at least 1."""
    most_sequences: Floats
    """Sequences that fit in memory; zero: does not fit."""
    fits: Booleans
    holds: Booleans
    """Fits and keeps both targets."""
    ttft_s: Floats
    """Time to first token of a request that need not wait; this is what the target is held against."""
    wait_s: Floats
    """Mean wait before the prefill while the replica is as busy as planned; zero for a static batch."""
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


def _stack(kind: type[Part], items: Sequence[Part]) -> Part:
    """Gather each field of the items into a column vector."""
    names = [field.name for field in fields(kind)]
    return kind(**{name: np.array([[getattr(i, name)] for i in items], dtype=float) for name in names})


def evaluate(
    model: ModelShape,
    candidates: Sequence[Candidate],
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
        Rows of the result.
    ask
        Mode, batch, targets, utilisation, usable memory.
    prompt_tokens, completion_tokens, cached_tokens
        Columns of the result, one-dimensional. [tokens]
    ideal
        Every efficiency 1, no fixed time, no communication: the physical limit.
    batch
        Use these batches instead of looking for the largest.

    Returns
    -------
    Evaluation
        Arrays of shape (candidates, shapes).
    """
    replica = stack_replicas([c.replica for c in candidates])
    rows = [c.profile.efficiency for c in candidates]
    engine = stack_engines([IDEAL if ideal else engine_of(row) for row in rows])
    usd_per_hour = np.array([[c.usd_per_hour] for c in candidates])
    prompt, completion, cached = (
        np.asarray(x, dtype=float)[None, :] for x in (prompt_tokens, completion_tokens, cached_tokens)
    )
    shape = (len(candidates), prompt.shape[1])
    fit = np.broadcast_to(
        batch_that_fits(
            model=model,
            replica=replica,
            usable=ask.usable,
            prompt_tokens=prompt,
            completion_tokens=completion,
        ),
        shape,
    )

    def kept(ttft_s: Floats, tpot_s: Floats) -> Booleans:
        # Targets are held up to rounding: the search and the final evaluation round differently.
        good = np.ones(shape, dtype=bool)
        if ask.ttft_s is not None:
            good &= ttft_s <= ask.ttft_s * (1 + 1e-9)
        if ask.tpot_s is not None:
            good &= tpot_s <= ask.tpot_s * (1 + 1e-9)
        return good

    if batch is not None:
        size = np.broadcast_to(batch, shape)
    elif ask.batch is not None:
        size = np.full(shape, float(ask.batch))
    elif ask.ttft_s is None and ask.tpot_s is None:
        size = np.minimum(fit, MOST_SEQUENCES)
    else:
        latencies = latency_of(
            ask.mode,
            model=model,
            replica=replica,
            engine=engine,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
        )
        limit = np.minimum(fit, MOST_SEQUENCES)
        size = largest_batch(limit=limit, holds=lambda sizes: kept(*latencies(sizes)))
    size = np.maximum(size, 1.0)
    service = MODES[ask.mode](
        model=model,
        replica=replica,
        engine=engine,
        batch=size,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
    )
    fits = fit >= size

    def usd(busy_s: object) -> Floats:
        return np.asarray(
            cost.replica_usd(
                usd_per_hour=usd_per_hour, busy_s=np.asarray(busy_s), utilisation=ask.utilisation
            )
        )

    def factor(name: str) -> Floats:
        return np.array([[1.0 if ideal else getattr(row, name)] for row in rows])

    prompt_usd, completion_usd = usd(service.prefill_s_per_request), usd(service.decode_s_per_request)
    return Evaluation(
        batch=size,
        most_sequences=fit,
        fits=fits,
        holds=fits & kept(np.asarray(service.ttft_s), np.asarray(service.tpot_s)),
        ttft_s=np.broadcast_to(np.asarray(service.ttft_s), shape),
        wait_s=np.broadcast_to(_wait(service, ask), shape),
        tpot_s=np.broadcast_to(np.asarray(service.tpot_s), shape),
        prefill_s=np.broadcast_to(np.asarray(service.prefill_s_per_request), shape),
        decode_s=np.broadcast_to(np.asarray(service.decode_s_per_request), shape),
        prompt_usd=np.broadcast_to(prompt_usd, shape),
        completion_usd=np.broadcast_to(completion_usd, shape),
        # The spread of TTFT holds waiting that nobody pays for; replica time spreads as TPOT does.
        prompt_usd_low=np.broadcast_to(prompt_usd * factor("tpot_factor_low"), shape),
        prompt_usd_high=np.broadcast_to(prompt_usd * factor("tpot_factor_high"), shape),
        completion_usd_low=np.broadcast_to(completion_usd * factor("tpot_factor_low"), shape),
        completion_usd_high=np.broadcast_to(completion_usd * factor("tpot_factor_high"), shape),
        prefill_compute_bound=np.broadcast_to(np.asarray(service.prefill.compute_bound), shape),
        decode_compute_bound=np.broadcast_to(np.asarray(service.decode.compute_bound), shape),
    )


def _wait(service: Service, ask: Ask) -> Floats:
    """Mean wait for the prompts before, as an M/D/1 queue at the planned busy share.

    In a mixed replica only the prefill part of the work queues up prompts; a
    prefill pool does nothing else and is loaded with the whole share.
    """
    prefill = np.asarray(service.prefill_s_per_request)
    if ask.mode == "static" or ask.utilisation >= 1:
        return np.zeros_like(prefill)
    work = prefill if ask.mode == "disaggregated" else np.asarray(service.replica_s_per_request)
    return np.asarray(queueing_wait_md1(arrivals_per_s=ask.utilisation / work, service_s=prefill))


def find_candidates(
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    offers: Sequence[GpuOffer],
    efficiencies: Sequence[Efficiency],
    precision: Precision,
    engine: str,
    mode: str,
    price_type: str,
    price_choice: str,
    overhead_percent: float,
) -> tuple[list[Candidate], list[LeftOut]]:
    """List every GPU and count that has a price, the rate and a known link; say why others are left out."""
    found: list[Candidate] = []
    left: list[LeftOut] = []
    for gpu in gpus:
        price = gpu_price(offers, gpu_id=gpu.gpu_id, price_type=price_type, choice=price_choice)
        if price is None:
            named = price_choice not in (MEDIAN, CHEAPEST, DEAREST)
            why = (
                f"the offer {price_choice} is not one for it in force on that day"
                if named
                else f"no {price_type} price in force on that day"
            )
            left.append(LeftOut(what=gpu.name, why=why))
            continue
        for n_gpus in counts:
            try:
                rate = compute_class(gpu, precision)
                replica = replica_of(gpu, n_gpus, rate)
                profile = choose_profile(
                    efficiencies, engine=engine, gpu=gpu, rate=rate, mode=mode, n_gpus=n_gpus
                )
            except Unplaceable as reason:
                left.append(LeftOut(what=gpu.name, why=str(reason)))
                break
            found.append(
                Candidate(
                    gpu=gpu,
                    n_gpus=n_gpus,
                    price=price,
                    profile=profile,
                    replica=replica,
                    usd_per_hour=price.usd_per_gpu_hour * n_gpus * (1 + overhead_percent / 100),
                )
            )
    return found, left


def candidates_of(
    scenario: Scenario,
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    offers: Sequence[GpuOffer],
    efficiencies: Sequence[Efficiency],
    precision: Precision,
) -> tuple[list[Candidate], list[LeftOut]]:
    """List deployments as :func:`find_candidates` does, with the choices of a scenario."""
    return find_candidates(
        gpus=gpus,
        counts=counts,
        offers=offers,
        efficiencies=efficiencies,
        precision=precision,
        engine=scenario.engine,
        mode=scenario.mode,
        price_type=scenario.gpu_price_type,
        price_choice=scenario.gpu_offer,
        overhead_percent=scenario.overhead_percent,
    )


def what_would_fit(model: ModelShape, gpu: Gpu, *, usable: float, context_tokens: int, name: str) -> str:
    """Say how many of a GPU hold a model that does not fit."""
    sequence = kv_bytes_per_sequence(
        context_tokens=context_tokens,
        full_bytes_per_token=model.full_kv_bytes_per_token,
        sliding_bytes_per_token=model.sliding_kv_bytes_per_token,
        window_tokens=model.window_tokens,
    )
    need = memory.fewest_gpus(
        memory_bytes=gpu.memory_gb * GIGA,
        usable=usable,
        weights_bytes=model.weights_bytes,
        workspace_bytes=0,
        sequence_bytes=sequence,
        n_kv_heads=model.kv_heads,
    )
    if not np.isfinite(need):
        return (
            f"{name} cannot be placed on {gpu.name}: one sequence of {context_tokens:,} tokens "
            f"takes {gigabytes(float(sequence))} of cache on every GPU."
        )
    return (
        f"{name} needs {gigabytes(float(model.weights_bytes))} for its weights and "
        f"{gigabytes(float(sequence))} for one sequence: at least {need:,.0f} × {gpu.name} "
        f"({gpu.memory_gb:g} GB each, {usable:.0%} of it usable)."
    )


def with_shares(
    row: Engine, *, mfu: float | None = None, mbu: float | None = None, overhead_s: float | None = None
) -> Engine:
    """Replace shares typed by hand; an overhead replaces every fixed time of the row."""
    if mfu is not None:
        row = replace(row, mfu=mfu)
    if mbu is not None:
        row = replace(row, mbu=mbu, kv_mbu=mbu)
    if overhead_s is not None:
        row = replace(
            row,
            prefill_overhead_s=overhead_s,
            step_overhead_s=overhead_s,
            layer_overhead_s=0.0,
            sequence_overhead_s=0.0,
            context_overhead_s=0.0,
        )
    return row
