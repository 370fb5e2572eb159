"""A formula at the numbers of the scenario: its arguments taken from the answer, its result computed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.formulas.flops import attended_pairs, linear_flop, touched_weight_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication
from breakeven.formulas.mixed_step import StepCoefficients, step_coefficients
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.formulas.step import ACTIVATION_BYTES, StepTime, mean_context
from breakeven.formulas.units import MEGA, SECONDS_PER_HOUR, SECONDS_PER_MONTH, TERA
from breakeven.hosting import KV_BYTES
from breakeven.hosting.row import HostRow
from breakeven.tables.day import Tables
from breakeven.tables.records import Model
from breakeven.views.method.docstrings import Formula
from breakeven.words.names import PER_REQUESTS, deployment_name
from breakeven.words.numbers import Money, counted, gigabytes, number, percent, seconds

NOT_OF_A_SCENARIO = frozenset({"training"})
"""Modules whose arguments mean something else than the scenario's of the same name."""

Values = Mapping[str, Any]
"""By name of the argument; ``function.argument`` goes before ``argument``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A formula with arguments and a result, as text."""

    arguments: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str], ...]


def chosen_shape(answer: Comparison) -> ShapeAnswer | None:
    """The shape whose numbers the examples take: the second, or the first where it has no deployment."""
    return next((shape for shape in reversed(answer.shapes) if shape.host is not None), None)


def values_of(answer: Comparison, tables: Tables) -> Values:
    """Arguments that the scenario, its model, its deployment and its API offer give; empty without them."""
    shape, model, work = chosen_shape(answer), answer.model, answer.model_shape
    if shape is None or shape.host is None or model is None or work is None:
        return {}
    host = shape.host
    of_model = _of_model(model, work, answer, tables)
    of_host = _of_host(host, shape, work, answer)
    return of_model | of_host | _of_money(host, shape, answer)


def _of_model(model: Model, work: ModelShape, answer: Comparison, tables: Tables) -> dict[str, Any]:
    """Arguments that the architecture gives."""
    counts = {
        f"parameter_counts.{name}": getattr(model, name)
        for name in (field.name for field in fields(Model))
        if name.startswith(("n_", "mla_", "ffn_", "moe_", "head", "hidden", "vocab", "tied", "experts"))
    }
    latent = (
        {"kv_lora_rank": model.mla_kv_lora_rank, "rope_dim": model.mla_qk_rope_dim}
        if model.attention == "MLA"
        else {"n_kv_heads": model.n_kv_heads, "head_dim": model.head_dim}
    )
    window = {"window_tokens": work.window_tokens} if work.window_tokens else {}
    width = tables.precisions[answer.scenario.precision].bytes_per_weight
    return (
        counts
        | latent
        | window
        | {
            "model": work,
            "n_layers": model.n_layers,
            "n_heads": model.n_heads,
            "hidden": model.hidden,
            "bytes_per_element": KV_BYTES[answer.scenario.kv_precision],
            "full_bytes_per_token": work.full_kv_bytes_per_token,
            "sliding_bytes_per_token": work.sliding_kv_bytes_per_token,
            "weights_bytes.params": float(work.weights_bytes) / width,
            "bytes_per_weight": width,
            "weights_bytes": work.weights_bytes,
            "active_params": work.linear_params,
            "qk_dim": work.decode_qk_dim,
            "v_dim": work.decode_v_dim,
            "shared_bytes": work.shared_bytes,
            "routed_bytes": work.routed_bytes,
            "expert_share": work.expert_share,
            "kv_replication.n_kv_heads": work.kv_heads,
            "fewest_gpus.n_kv_heads": work.kv_heads,
        }
    )


def _of_host(host: HostRow, shape: ShapeAnswer, work: ModelShape, answer: Comparison) -> dict[str, Any]:
    """Arguments that the deployment and the request give."""
    replica, engine = host.candidate.replica, host.candidate.engine
    asked = shape.shape
    context = mean_context(prompt_tokens=asked.prompt_tokens, completion_tokens=asked.completion_tokens)
    longest = kv_bytes_per_sequence(
        context_tokens=asked.prompt_tokens + asked.completion_tokens,
        full_bytes_per_token=work.full_kv_bytes_per_token,
        sliding_bytes_per_token=work.sliding_kv_bytes_per_token,
        window_tokens=work.window_tokens,
    )
    copies = kv_replication(n_gpus=replica.n_gpus, n_kv_heads=work.kv_heads)
    touched = touched_weight_bytes(
        shared_bytes=work.shared_bytes,
        routed_bytes=work.routed_bytes,
        expert_share=work.expert_share,
        tokens=host.rank_batch,
    )
    together = host.rank_batch * float(context)
    return {
        "replica": replica,
        "engine": engine,
        "batch": host.rank_batch,
        "prompt_tokens": asked.prompt_tokens,
        "completion_tokens": asked.completion_tokens,
        "cached_tokens": asked.cached_tokens,
        "context_tokens": context,
        "usable": answer.scenario.usable,
        "n_gpus": replica.n_gpus,
        "memory_bytes": replica.memory_bytes,
        "workspace_bytes": 0.0,
        "sequence_bytes": longest,
        "sequences_that_fit.sequence_bytes": longest * copies,
        "linear_flop.tokens": host.rank_batch,
        "touched_weight_bytes.tokens": host.rank_batch,
        "all_reduce_time.tokens": host.rank_batch,
        "flop_per_s": replica.flop_per_s,
        "bytes_per_s": replica.memory_bytes_per_s,
        "bytes_per_activation": ACTIVATION_BYTES,
        "link_bytes_per_s": replica.link_bytes_per_s * engine.link_share,
        "latency_s": engine.link_latency_s,
        "operator_time.flop": linear_flop(tokens=host.rank_batch, active_params=work.linear_params),
        "operator_time.bytes_moved": touched,
        "operator_time.flop_per_s": replica.n_gpus * replica.flop_per_s * engine.mfu,
        "operator_time.bytes_per_s": replica.n_gpus * replica.memory_bytes_per_s * engine.mbu,
        "coefficients": step_coefficients(model=work, replica=replica, engine=engine),
        "decodes": host.rank_batch,
        "mixed_step.context_tokens": together,
        "mixed_step.window_tokens": host.rank_batch * min(float(context), float(work.window_tokens)),
        "prompt_pairs": attended_pairs(prompt_tokens=asked.prompt_tokens),
        "prompt_window_pairs": attended_pairs(
            prompt_tokens=asked.prompt_tokens, window_tokens=work.window_tokens
        ),
        "prompt_context": asked.prompt_tokens,
        "prompt_window_context": min(float(asked.prompt_tokens), float(work.window_tokens)),
        "prefill_step.batch": host.rank_batch if answer.scenario.mode == Mode.STATIC else 1,
        "service_s": host.prefill_s,
        "arrivals_per_s": answer.scenario.utilisation / host.replica_s,
    }


def _of_money(host: HostRow, shape: ShapeAnswer, answer: Comparison) -> dict[str, Any]:
    """Arguments that prices and the load give."""
    scenario = answer.scenario
    found: dict[str, Any] = {
        "usd_per_hour": host.candidate.usd_per_hour,
        "busy_s": host.replica_s,
        "utilisation": scenario.utilisation,
        "requests_per_s": scenario.load.per_s,
        "replica_s_per_request": host.replica_s,
        "busy_usd_per_request": host.usd * scenario.utilisation,
        "replica_usd_per_s": host.candidate.usd_per_hour / SECONDS_PER_HOUR,
        "replica_requests_per_s": scenario.utilisation / host.replica_s,
        "fixed_usd_per_s": scenario.overhead_month / SECONDS_PER_MONTH,
    }
    bill = shape.api.bill
    if bill is None:
        return found
    tier, asked = bill.tier, shape.shape
    read = tier.input_usd_per_mtok if tier.cache_read_usd_per_mtok is None else tier.cache_read_usd_per_mtok
    return found | {
        "api_usd_per_request": bill.usd,
        "uncached_tokens": asked.prompt_tokens - asked.cached_tokens,
        "cache_read_tokens": asked.cached_tokens,
        "output_tokens": asked.completion_tokens,
        "input_usd_per_mtok": float(tier.input_usd_per_mtok),
        "cache_read_usd_per_mtok": float(read),
        "output_usd_per_mtok": float(tier.output_usd_per_mtok),
        "usd_per_request": float(tier.usd_per_request),
    }


def example_of(formula: Formula, answer: Comparison, values: Values, money: Money) -> Example | None:
    """The formula at the scenario's numbers; None where the scenario does not have all of its arguments."""
    if formula.module in NOT_OF_A_SCENARIO:
        return None
    given: dict[str, Any] = {}
    for name, argument in inspect.signature(formula.function).parameters.items():
        key = f"{formula.name}.{name}"
        if key in values or name in values:
            given[name] = values.get(key, values.get(name))
        elif argument.default is inspect.Parameter.empty:
            return None
    try:
        result = formula.function(**given)
    except (ValueError, TypeError):
        return None  # a domain that the scenario's numbers are outside of; the docstring's example stands
    if callable(result):
        return None
    units = {name: parameter.unit for parameter in formula.parameters for name in parameter.names}
    names = _group_names(answer)
    return Example(
        arguments=tuple(
            (name, _written(value, units.get(name), money, names)) for name, value in given.items()
        ),
        results=_results(result, formula, money),
    )


def _group_names(answer: Comparison) -> Mapping[type, str]:
    """Names of the groups of arguments."""
    shape, scenario = chosen_shape(answer), answer.scenario
    host = shape.host if shape else None
    return {
        ModelShape: f"{answer.model.name if answer.model else scenario.model} in {scenario.precision}",
        Replica: deployment_name(host) if host else scenario.gpu,
        Engine: host.candidate.profile.efficiency.efficiency_id if host else scenario.engine,
        StepCoefficients: "those of the model on the replica, step_coefficients",
    }


def _results(result: Any, formula: Formula, money: Money) -> tuple[tuple[str, str], ...]:
    """The value, or the fields of what is returned."""
    if not is_dataclass(result):
        return (("", _written(result, formula.returns_unit, money, {})),)
    rows = []
    names = [field.name for field in fields(result)] + (["total_s"] if isinstance(result, StepTime) else [])
    for name in names:
        value = getattr(result, name)
        if is_dataclass(value) or (np.ndim(value) == 0 and value == 0):
            continue
        rows.append((name, _written(value, _unit_of(name, formula), money, {})))
    return tuple(rows)


def _unit_of(name: str, formula: Formula) -> str | None:
    """Unit that the ending of a field's name says."""
    if name.endswith(("_s", "_s_per_request")):
        return "s"
    return "B" if name.endswith("_bytes") else formula.returns_unit if formula.returns_unit == "-" else None


def _written(value: Any, unit: str | None, money: Money, names: Mapping[type, str]) -> str:
    """Write a value with its unit."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if type(value) in names:
        return names[type(value)]
    amount = float(np.asarray(value).reshape(-1)[0])
    if not np.isfinite(amount):
        return number(amount)
    match unit:
        case "B" | "B/token" | "B/s":
            return gigabytes(amount) + unit.removeprefix("B").replace("/token", " per token")
        case "s":
            return seconds(amount)
        case "FLOP/s":
            return f"{number(amount / TERA)} TFLOP/s"
        case "0 to 1":
            return percent(amount)
        case "USD" | "USD/h" | "USD/request" | "USD/s":
            if 0 < abs(amount) < 1e-2 and unit in ("USD", "USD/request"):
                return f"{money.amount(amount * PER_REQUESTS)} per {PER_REQUESTS:,}"
            return money.amount(amount) + unit.removeprefix("USD").replace("/", " per ")
        case "USD/1e6 tokens":
            return f"{money.amount(amount)} per 1M tokens"
        case None | "-":
            return _whole(amount)
        case _:
            return f"{_whole(amount)} {unit}"


def _whole(amount: float) -> str:
    """A whole number to the last digit, so that a width or a length is recognised; another one rounded."""
    return f"{amount:,.0f}" if amount.is_integer() and abs(amount) < MEGA else counted(amount)
