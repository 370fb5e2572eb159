"""Which export a file is, from the names of its columns alone.

Order and extra columns do not matter. A path is a column name, or a tuple that
goes down into nested JSON (in a JSON file, or in a cell that holds JSON).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

Path = tuple[str, ...]


class Grain(StrEnum):
    """What one row of an export stands for."""

    REQUEST = "request"
    BUCKET = "bucket"


INSIDE, OUTSIDE, NONE = "inside", "outside", "none"

TOKEN_FIELDS = (
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "n_requests",
    "repeat",
)
"""Columns of whole numbers; ``repeat`` says how many requests are like the row."""
TEXT_FIELDS = (
    "ts",
    "model",
    "context_tier",
    "processing",
    "reported_cost_usd",
    "ttft",
    "e2e",
    "session",
    "tenant",
    "keep",
    "total",
)
"""Columns that are kept as text first; ``keep`` tells failed rows, ``total`` settles what is inside."""
FIELDS = (*TOKEN_FIELDS, *TEXT_FIELDS)

SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cached": "cache_read",
        "cache_write": "cache_write_5m",
        "requests": "n_requests",
        "count": "repeat",
        "time": "ts",
        "timestamp": "ts",
        "cost": "reported_cost_usd",
    }
)
"""Other names that a mapping may use."""


def _paths(*names: str | Path) -> tuple[Path, ...]:
    return tuple((name,) if isinstance(name, str) else name for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export: how to tell it and what its columns mean."""

    format_id: str
    name: str
    marks: tuple[tuple[Path, ...], ...] = ()
    """Alternatives; a file is this export when it has all columns of one of them."""
    fields: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Canonical column to the columns that may hold it; the first that has a value counts."""
    grain: Grain = Grain.REQUEST
    cached: str = NONE
    """Whether cached tokens are inside the input column."""
    processing: str = "standard"
    provider: str | None = None
    """Who billed, where the export says so by being what it is."""
    unwrap: str | None = None
    """How the rows lie in a JSON document."""
    only: str | None = None
    """Kind of file that it comes as, where another export has the same columns: csv or json."""
    relative_time: bool = False
    time_unit_s: float | None = None
    """Seconds of one unit of a numeric time; None: unix time, unit from its size."""
    latency_unit_s: float = 1.0
    keep: str | None = None
    """Which rows count: a rule of :mod:`breakeven.usage.sql`."""
    refusal: str | None = None
    """Why such a file cannot be priced, and what to export instead."""
    notes: tuple[str, ...] = ()


_USAGE = ("response", "body", "usage")
_OTEL = "gen_ai.usage."
_OTEL_INPUT = _paths(_OTEL + "input_tokens", _OTEL + "prompt_tokens")
_OTEL_OUTPUT = _paths(_OTEL + "output_tokens", _OTEL + "completion_tokens")


def _with_attributes(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The same names one level down, where span exports keep them."""
    return (
        *paths,
        *((level, *path) for level in ("attributes", "Attributes", "SpanAttributes") for path in paths),
    )


def _otel(*names: str) -> tuple[Path, ...]:
    return _with_attributes(_paths(*names))


FORMATS: tuple[Format, ...] = (
    Format(
        format_id="openai-usage-csv",
        name="OpenAI usage export (CSV)",
        only="csv",
        marks=(
            _paths("start_time", "input_tokens", "output_tokens", "num_model_requests"),
            _paths("start_time_iso", "input_tokens", "output_tokens", "input_cached_tokens"),
        ),
        fields={
            "ts": _paths("start_time", "start_time_iso"),
            "model": _paths("model"),
            "input": _paths("input_tokens"),
            "output": _paths("output_tokens"),
            "cache_read": _paths("input_cached_tokens"),
            "n_requests": _paths("num_model_requests"),
            "processing": _paths("batch", "service_tier"),
            "tenant": _paths("project_id", "api_key_id", "user_id"),
        },
        grain=Grain.BUCKET,
        cached=INSIDE,
        provider="openai",
    ),
    Format(
        format_id="openai-cost-csv",
        name="OpenAI cost export (CSV)",
        marks=(_paths("amount_value", "amount_currency"), _paths("amount_value", "line_item")),
        grain=Grain.BUCKET,
        provider="openai",
        refusal="This is OpenAI's cost export: it has dollars but no tokens, so it cannot be priced "
        "elsewhere. Export Usage instead (completions_usage_*.csv, from the same page).",
    ),
    Format(
        format_id="openai-usage-empty",
        name="OpenAI usage export (CSV) without usage",
        marks=(_paths("start_time", "end_time", "start_time_iso", "end_time_iso"),),
        grain=Grain.BUCKET,
        provider="openai",
        refusal="This is OpenAI's usage export of a period without usage: it has only its four time columns. "
        "Export a period in which requests were made.",
    ),
    Format(
        format_id="openai-usage-json",
        name="OpenAI Usage API (JSON)",
        marks=(_paths("input_tokens", "output_tokens", "num_model_requests"),),
        fields={
            "ts": _paths("start_time"),
            "model": _paths("model"),
            "input": _paths("input_tokens"),
            "output": _paths("output_tokens"),
            "cache_read": _paths("input_cached_tokens"),
            "n_requests": _paths("num_model_requests"),
            "processing": _paths("batch"),
            "tenant": _paths("project_id", "api_key_id", "user_id"),
        },
        grain=Grain.BUCKET,
        cached=INSIDE,
        provider="openai",
        unwrap="data.results",
    ),
    Format(
        format_id="openai-legacy",
        name="OpenAI usage export, legacy",
        marks=(_paths("n_context_tokens_total", "n_generated_tokens_total"),),
        fields={
            "ts": _paths("aggregation_timestamp"),
            "model": _paths("snapshot_id", "model"),
            "input": _paths("n_context_tokens_total"),
            "output": _paths("n_generated_tokens_total"),
            "cache_read": _paths("n_cached_context_tokens_total"),
            "n_requests": _paths("n_requests"),
            "tenant": _paths("project_id", "api_key_id"),
        },
        grain=Grain.BUCKET,
        cached=INSIDE,
        provider="openai",
        unwrap="data",
    ),
    Format(
        format_id="openai-batch",
        name="OpenAI Batch output (JSON Lines)",
        marks=((("custom_id",), ("response",)), (("custom_id",), ("response", "body"))),
        fields={
            "model": (("response", "body", "model"),),
            "input": ((*_USAGE, "prompt_tokens"), (*_USAGE, "input_tokens")),
            "output": ((*_USAGE, "completion_tokens"), (*_USAGE, "output_tokens")),
            "cache_read": (
                (*_USAGE, "prompt_tokens_details", "cached_tokens"),
                (*_USAGE, "input_tokens_details", "cached_tokens"),
            ),
            "reasoning": (
                (*_USAGE, "completion_tokens_details", "reasoning_tokens"),
                (*_USAGE, "output_tokens_details", "reasoning_tokens"),
            ),
            "keep": (("response", "status_code"),),
        },
        cached=INSIDE,
        processing="batch",
        provider="openai",
        keep="status",
    ),
    Format(
        format_id="anthropic-usage-csv",
        name="Anthropic console usage (CSV)",
        marks=(_paths("usage_input_tokens_no_cache", "usage_output_tokens"),),
        fields={
            "ts": _paths("usage_date_utc"),
            "model": _paths("model_version", "model"),
            "context_tier": _paths("context_window"),
            "input": _paths("usage_input_tokens_no_cache"),
            "output": _paths("usage_output_tokens"),
            "cache_read": _paths("usage_input_tokens_cache_read"),
            "cache_write_5m": _paths("usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write"),
            "cache_write_1h": _paths("usage_input_tokens_cache_write_1h"),
            "processing": _paths("usage_type", "service_tier"),
            "tenant": _paths("workspace", "api_key"),
        },
        grain=Grain.BUCKET,
        cached=OUTSIDE,
        provider="anthropic",
    ),
    Format(
        format_id="anthropic-cost-csv",
        name="Anthropic console cost (CSV)",
        marks=(_paths("usage_date_utc", "token_type", "cost_usd"), _paths("usage_date_utc", "cost_usd")),
        grain=Grain.BUCKET,
        provider="anthropic",
        refusal="This is Anthropic's cost export: it has dollars but no tokens, so it cannot be priced "
        "elsewhere. Export Usage instead (claude_api_tokens_*.csv, from the console's Usage page).",
    ),
    Format(
        format_id="anthropic-usage-json",
        name="Anthropic admin usage report (JSON)",
        marks=(_paths("uncached_input_tokens", "output_tokens"),),
        fields={
            "ts": _paths("starting_at"),
            "model": _paths("model"),
            "context_tier": _paths("context_window"),
            "input": _paths("uncached_input_tokens"),
            "output": _paths("output_tokens"),
            "cache_read": _paths("cache_read_input_tokens"),
            "cache_write_5m": (("cache_creation", "ephemeral_5m_input_tokens"),),
            "cache_write_1h": (("cache_creation", "ephemeral_1h_input_tokens"),),
            "processing": _paths("service_tier"),
            "tenant": _paths("workspace_id", "api_key_id"),
        },
        grain=Grain.BUCKET,
        cached=OUTSIDE,
        provider="anthropic",
        unwrap="data.results",
    ),
    Format(
        format_id="openrouter-activity",
        name="OpenRouter activity (CSV)",
        marks=(
            _paths("generation_id", "tokens_prompt", "tokens_completion"),
            _paths("tokens_prompt", "tokens_completion", "model_permaslug"),
        ),
        fields={
            "ts": _paths("created_at"),
            "model": _paths("model_permaslug", "model"),
            "input": _paths("tokens_prompt"),
            "output": _paths("tokens_completion"),
            "cache_read": _paths("tokens_cached"),
            "reasoning": _paths("tokens_reasoning"),
            "reported_cost_usd": _paths("cost_total"),
            "ttft": _paths("time_to_first_token_ms"),
            "e2e": _paths("generation_time_ms"),
            "tenant": _paths("api_key_name", "app_name"),
        },
        cached=INSIDE,
        provider="openrouter",
        latency_unit_s=0.001,
    ),
    Format(
        format_id="openrouter-grouped",
        name="OpenRouter activity, grouped (CSV)",
        marks=(_paths("Slug", "Prompt Tokens", "Completion Tokens"),),
        fields={
            "ts": _paths("Date"),
            "model": _paths("Slug"),
            "input": _paths("Prompt Tokens"),
            "output": _paths("Completion Tokens"),
            "cache_read": _paths("Cached Tokens"),
            "reasoning": _paths("Reasoning Tokens"),
            "n_requests": _paths("Requests"),
            "reported_cost_usd": _paths("Usage"),
        },
        grain=Grain.BUCKET,
        cached=INSIDE,
        provider="openrouter",
    ),
    Format(
        format_id="cursor",
        name="Cursor usage (CSV)",
        marks=(
            _paths("Input (w/o Cache Write)", "Output Tokens"),
            _paths("Input (w/ Cache Write)", "Output Tokens"),
        ),
        fields={
            "ts": _paths("Date"),
            "model": _paths("Model"),
            "input": _paths("Input (w/o Cache Write)"),
            "cache_write_5m": _paths("Input (w/ Cache Write)"),
            "cache_read": _paths("Cache Read"),
            "output": _paths("Output Tokens", "Output"),
            "reported_cost_usd": _paths("Cost", "Cost to you"),
            "tenant": _paths("User"),
        },
        cached=OUTSIDE,
        provider="cursor",
    ),
    Format(
        format_id="litellm",
        name="LiteLLM spend logs",
        marks=(
            _paths("call_type", "spend", "prompt_tokens", "completion_tokens"),
            _paths("request_id", "spend", "prompt_tokens", "startTime"),
        ),
        fields={
            "ts": _paths("startTime"),
            "model": _paths("model"),
            "input": _paths("prompt_tokens"),
            "output": _paths("completion_tokens"),
            "cache_read": (
                ("metadata", "usage_object", "prompt_tokens_details", "cached_tokens"),
                ("metadata", "usage_object", "cache_read_input_tokens"),
                ("metadata", "additional_usage_values", "prompt_tokens_details", "cached_tokens"),
                ("metadata", "additional_usage_values", "cache_read_input_tokens"),
            ),
            "cache_write_5m": (
                ("metadata", "usage_object", "cache_creation_input_tokens"),
                ("metadata", "additional_usage_values", "cache_creation_input_tokens"),
            ),
            "reasoning": (("metadata", "usage_object", "completion_tokens_details", "reasoning_tokens"),),
            "reported_cost_usd": _paths("spend"),
            "session": _paths("session_id"),
            "tenant": _paths("team_id", "end_user", "user", "api_key"),
            "keep": _paths("status"),
        },
        cached=INSIDE,
        keep="success",
    ),
    Format(
        format_id="langfuse",
        name="Langfuse observations",
        marks=(
            _paths("provided_model_name", "usage_details"),
            _paths("providedModelName", "usageDetails"),
            _paths("trace_id", "type", "usage_details"),
        ),
        fields={
            "ts": _paths("start_time", "startTime"),
            "model": _paths("provided_model_name", "providedModelName", "model"),
            "input": (("usage_details", "input"), ("usageDetails", "input")),
            "output": (("usage_details", "output"), ("usageDetails", "output")),
            "cache_read": tuple(
                (level, key)
                for level in ("usage_details", "usageDetails")
                for key in ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
            ),
            "cache_write_5m": tuple(
                (level, key)
                for level in ("usage_details", "usageDetails")
                for key in ("cache_creation_input_tokens", "input_cache_creation")
            ),
            "reasoning": tuple(
                (level, key)
                for level in ("usage_details", "usageDetails")
                for key in ("output_reasoning_tokens", "output_reasoning")
            ),
            "total": (("usage_details", "total"), ("usageDetails", "total")),
            "reported_cost_usd": _paths("total_cost", "totalCost"),
            "ttft": _paths("time_to_first_token", "timeToFirstToken"),
            "e2e": _paths("latency"),
            "session": _paths("session_id", "sessionId"),
            "tenant": _paths("user_id", "userId"),
            "keep": _paths("type"),
        },
        cached="total",
        keep="generation",
    ),
    Format(
        format_id="helicone",
        name="Helicone requests",
        marks=(_paths("request_model", "prompt_tokens", "completion_tokens"),),
        fields={
            "ts": _paths("request_created_at"),
            "model": _paths("request_model", "response_model"),
            "input": _paths("prompt_tokens"),
            "output": _paths("completion_tokens"),
            "cache_read": _paths("prompt_cache_read_tokens"),
            "cache_write_5m": _paths("prompt_cache_write_tokens"),
            "reported_cost_usd": _paths("cost", "cost_usd"),
            "tenant": _paths("request_user_id", "user_id"),
            "keep": _paths("status", "response_status"),
        },
        cached=OUTSIDE,
        keep="status",
    ),
    Format(
        format_id="portkey",
        name="Portkey logs",
        marks=(_paths("req_units", "res_units"),),
        fields={
            "ts": _paths("created_at"),
            "model": _paths("ai_model"),
            "input": _paths("req_units"),
            "output": _paths("res_units"),
            "e2e": _paths("response_time"),
            "keep": _paths("is_success"),
            "tenant": _paths("metadata._user", "virtual_key"),
        },
        latency_unit_s=0.001,
        keep="success",
        notes=(
            "Portkey's cost column is in cents or dollars depending on the version, so it is not compared.",
        ),
    ),
    Format(
        format_id="bedrock",
        name="AWS Bedrock invocation log",
        marks=((("schemaType",), ("modelId",)), (("modelId",), ("input", "inputTokenCount"))),
        fields={
            "ts": _paths("timestamp"),
            "model": _paths("modelId"),
            "input": (
                ("input", "inputTokenCount"),
                ("output", "outputBodyJson", "usage", "input_tokens"),
                ("output", "outputBodyJson", "usage", "inputTokens"),
            ),
            "output": (
                ("output", "outputTokenCount"),
                ("output", "outputBodyJson", "usage", "output_tokens"),
                ("output", "outputBodyJson", "usage", "outputTokens"),
            ),
            "cache_read": (
                ("input", "cacheReadInputTokenCount"),
                ("output", "outputBodyJson", "usage", "cache_read_input_tokens"),
                ("output", "outputBodyJson", "usage", "cacheReadInputTokens"),
                ("output", "outputBodyJson", "usage", "cacheReadInputTokenCount"),
            ),
            "cache_write_5m": (
                ("input", "cacheWriteInputTokenCount"),
                ("output", "outputBodyJson", "usage", "cache_creation_input_tokens"),
                ("output", "outputBodyJson", "usage", "cacheWriteInputTokens"),
                ("output", "outputBodyJson", "usage", "cacheWriteInputTokenCount"),
            ),
            "tenant": (("identity", "arn"),),
            "keep": _paths("errorCode"),
        },
        cached=OUTSIDE,
        provider="aws",
        keep="no-error",
    ),
    Format(
        format_id="vllm-bench",
        name="vLLM bench serve --save-detailed (JSON)",
        marks=(
            _paths("input_lens", "output_lens"),
            _paths("input_len", "output_len", "start_time", "ttft", "model_id"),
        ),
        fields={
            "ts": _paths("start_time"),
            "model": _paths("model_id"),
            "input": _paths("input_len"),
            "output": _paths("output_len"),
            "ttft": _paths("ttft"),
        },
        unwrap="vllm",
        relative_time=True,
        time_unit_s=1.0,
        notes=("This is also a benchmark: `breakeven calibrate` reads the same file.",),
    ),
    Format(
        format_id="mooncake",
        name="Mooncake or timed trace (JSON Lines)",
        marks=(_paths("timestamp", "input_length", "output_length"),),
        fields={
            "ts": _paths("timestamp"),
            "input": _paths("input_length"),
            "output": _paths("output_length"),
        },
        relative_time=True,
        time_unit_s=0.001,
        notes=("Arrival times are relative and quantised to 3 s, so a peak within 3 s cannot be seen.",),
    ),
    Format(
        format_id="azure-trace",
        name="Azure LLM inference trace (CSV)",
        marks=(_paths("TIMESTAMP", "ContextTokens", "GeneratedTokens"),),
        fields={
            "ts": _paths("TIMESTAMP"),
            "input": _paths("ContextTokens"),
            "output": _paths("GeneratedTokens"),
        },
    ),
    Format(
        format_id="burstgpt",
        name="BurstGPT trace (CSV)",
        marks=(_paths("Timestamp", "Request tokens", "Response tokens"),),
        fields={
            "ts": _paths("Timestamp"),
            "model": _paths("Model"),
            "input": _paths("Request tokens"),
            "output": _paths("Response tokens"),
            "session": _paths("Session ID"),
            "e2e": _paths("Elapsed time"),
            "tenant": _paths("Log Type"),
            "keep": _paths("Response tokens"),
        },
        relative_time=True,
        time_unit_s=1.0,
        keep="positive",
    ),
    Format(
        format_id="opentelemetry",
        name="OpenTelemetry GenAI spans",
        marks=tuple(
            (one, other)
            for one in _with_attributes(_OTEL_INPUT)
            for other in _with_attributes(_OTEL_OUTPUT)
            if len(one) == len(other) and one[:-1] == other[:-1]
        ),
        fields={
            "ts": _paths("startTimeUnixNano", "start_time", "startTime", "Timestamp", "timestamp"),
            "model": _otel("gen_ai.response.model", "gen_ai.request.model"),
            "input": _with_attributes(_OTEL_INPUT),
            "output": _with_attributes(_OTEL_OUTPUT),
            "cache_read": _otel(_OTEL + "cache_read.input_tokens", _OTEL + "cache_read_input_tokens"),
            "cache_write_5m": _otel(
                _OTEL + "cache_creation.input_tokens", _OTEL + "cache_creation_input_tokens"
            ),
            "reasoning": _otel(_OTEL + "reasoning.output_tokens"),
            "session": _otel("gen_ai.conversation.id"),
            "tenant": _otel("user.id", "enduser.id"),
        },
        cached=INSIDE,
        unwrap="otlp",
    ),
)
"""Every export, the more telling marks first."""

PLAIN_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "input": (
            "input_tokens", "prompt_tokens", "ContextTokens", "Request tokens", "input_length", "input",
            "prompt", "tokens_in", "input_len", "prompt_len", "prompt_length", "context_tokens",
            "tokens_prompt",
            "num_prompt_tokens", "promptTokens", "inputTokens", "n_prompt_tokens", "prompt_token_count",
            "promptTokenCount", "num_prefill_tokens",
        ),
        "output": (
            "output_tokens", "completion_tokens", "GeneratedTokens", "Response tokens", "output_length",
            "output", "completion", "tokens_out", "output_len", "completion_length", "generated_tokens",
            "tokens_completion", "num_output_tokens", "completionTokens", "outputTokens",
            "n_completion_tokens",
            "candidates_token_count", "candidatesTokenCount", "num_decode_tokens",
        ),
        "cache_read": (
            "cached_tokens", "input_cached_tokens", "cached_input_tokens", "cache_read_input_tokens",
            "cached",
            "cache_read", "cache_read_tokens", "tokens_cached", "cached_content_token_count",
        ),
        "cache_write_5m": (
            "cache_creation_input_tokens", "cache_write_tokens", "cache_write", "cache_write_5m",
            "cache_creation_tokens",
        ),
        "cache_write_1h": ("cache_write_1h", "ephemeral_1h_input_tokens"),
        "reasoning": ("reasoning_tokens", "tokens_reasoning", "reasoning"),
        "repeat": ("count", "repeat", "multiplicity"),
        "n_requests": ("n_requests", "requests", "num_requests", "num_model_requests"),
        "ts": (
            "ts", "timestamp", "time", "created_at", "start_time", "datetime", "date", "arrival_time",
            "arrived_at", "request_time", "startTime", "created",
        ),
        "model": ("model", "model_name", "model_id", "modelId", "request_model"),
        "reported_cost_usd": ("cost", "cost_usd", "total_cost", "spend", "price_usd", "usd"),
        "processing": ("processing", "batch", "service_tier"),
        "ttft": ("ttft", "ttft_s", "time_to_first_token"),
        "e2e": ("e2e", "e2e_s", "latency", "latency_s", "duration_s"),
        "session": ("session", "session_id", "conversation_id"),
        "tenant": ("tenant", "user", "user_id", "team", "customer", "project"),
    }
)  # fmt: skip
"""Names that a plain file may use."""

_OUTSIDE_NAMES = frozenset(
    {"cache_read_input_tokens", "cache_creation_input_tokens", "cache_read", "cache_write"}
)
PLAIN = Format(format_id="plain", name="a plain file with token columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A mapping that the user typed: canonical column to column of the file."""

    columns: Mapping[str, str]
    cached_in: str | None = None

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.columns and self.cached_in is None


class BadMapping(ValueError):
    """A mapping cannot be understood; the text says why."""


def parse_mapping(text: str) -> ColumnMapping:
    """Read ``input=col,output=col,cached=col,cached_in=inside,model=col``.

    >>> parse_mapping("input=a,output=b,cached_in=outside").columns
    {'input': 'a', 'output': 'b'}
    """
    columns: dict[str, str] = {}
    cached_in = None
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        name = key.strip().lower()
        name = SHORT_NAMES.get(name, name)
        if not equals or not value.strip():
            raise BadMapping(f"'{part}' is not of the form input=column")
        if name == "cached_in":
            cached_in = value.strip().lower()
            if cached_in not in (INSIDE, OUTSIDE):
                raise BadMapping(f"cached_in must be inside or outside, got '{value.strip()}'")
        elif name in FIELDS:
            columns[name] = value.strip()
        else:
            raise BadMapping(
                f"'{key.strip()}' cannot be mapped; known are {', '.join(FIELDS[:8])}, ts, model …"
            )
    return ColumnMapping(columns=columns, cached_in=cached_in)


def normal(name: str) -> str:
    """Column name without case, outer blanks, doubled blanks and a byte order mark."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The export that a file is, with the columns that were found."""

    format: Format
    mapping: Mapping[str, tuple[Path, ...]]
    """Canonical column to columns of the file, as the file writes them."""
    cached: str
    ignored: tuple[str, ...]
    """Columns that are not used."""

    @property
    def shown(self) -> dict[str, str]:
        """The mapping for a reader."""
        return {name: " or ".join(".".join(p) for p in paths) for name, paths in self.mapping.items()}


def recognise(
    names: Iterable[Path], mapping: ColumnMapping | None = None, *, nested: bool = False, kind: str = "csv"
) -> Recognised | None:
    """Tell which export has such columns; None if none has.

    Parameters
    ----------
    names
        Columns of the file; nested keys as paths.
    mapping
        What the user corrected.
    nested
        Cells may hold JSON, so a path counts as present when its first part is.
    kind
        csv, json or parquet.
    """
    present: dict[Path, Path] = {}
    for path in names:
        present.setdefault(tuple(normal(part) for part in path), path)
    chosen = next(
        (
            f
            for f in FORMATS
            if not (kind == "json" and f.only == "csv") and any(_has(present, mark) for mark in f.marks)
        ),
        None,
    )
    if mapping is not None and not mapping.empty:
        chosen = chosen if chosen is not None and not chosen.refusal else None
        return _mapped(chosen, present, mapping, nested)
    if chosen is None:
        return _plain(present, None)
    return _recognised(chosen, _found(chosen.fields, present, nested), chosen.cached, present)


def _has(present: Collection[Path], mark: Iterable[Path]) -> bool:
    return all(tuple(normal(part) for part in path) in present for path in mark)


def _found(
    fields: Mapping[str, tuple[Path, ...]], present: Mapping[Path, Path], nested: bool
) -> dict[str, tuple[Path, ...]]:
    """Columns of the file for every canonical column that has any."""
    found = {}
    for name, paths in fields.items():
        real: list[Path] = []
        for path in paths:
            key = tuple(normal(part) for part in path)
            if key in present:
                real.append(present[key])
            elif nested and len(path) > 1 and key[:1] in present:
                real.append((*present[key[:1]], *path[1:]))
        if real:
            found[name] = tuple(real)
    return found


def _recognised(
    form: Format, found: Mapping[str, tuple[Path, ...]], cached: str, present: Mapping[Path, Path]
) -> Recognised:
    used = {path[0] for paths in found.values() for path in paths}
    ignored = tuple(dict.fromkeys(path[0] for path in present.values() if path[0] not in used))
    return Recognised(format=form, mapping=dict(found), cached=cached, ignored=ignored)


def _plain(present: Mapping[Path, Path], names: Mapping[str, tuple[str, ...]] | None) -> Recognised | None:
    """A plain file: an input and an output column with known names."""
    fields = {name: _paths(*(names or PLAIN_NAMES)[name]) for name in (names or PLAIN_NAMES)}
    found = {name: paths[:1] for name, paths in _found(fields, present, nested=False).items()}
    usage = {
        name: tuple(
            p
            for p in present.values()
            if len(p) > 1 and p[0] == "usage" and normal(p[-1]) in map(normal, options)
        )
        for name, options in PLAIN_NAMES.items()
        if name in ("input", "output", "cache_read", "cache_write_5m", "reasoning")
    }
    for name, paths in usage.items():
        if name not in found and paths:
            found[name] = paths
    if "input" not in found or "output" not in found:
        return None
    return _recognised(_plain_format(found), found, _plain_cached(found), present)


def _plain_format(found: Mapping[str, tuple[Path, ...]]) -> Format:
    return replace(PLAIN, grain=Grain.BUCKET if "n_requests" in found else Grain.REQUEST)


def _plain_cached(found: Mapping[str, tuple[Path, ...]]) -> str:
    """Anthropic's names mean outside, every other name inside."""
    named = {normal(p[-1]) for name in ("cache_read", "cache_write_5m") for p in found.get(name, ())}
    if not named:
        return NONE
    return OUTSIDE if named & _OUTSIDE_NAMES else INSIDE


def _mapped(
    chosen: Format | None, present: Mapping[Path, Path], mapping: ColumnMapping, nested: bool
) -> Recognised | None:
    """Put the user's columns over what was recognised.

    Raises
    ------
    BadMapping
        If the file lacks a column that the mapping names.
    """
    if chosen is not None:
        found = _found(chosen.fields, present, nested)
    else:
        fields = {name: _paths(*names) for name, names in PLAIN_NAMES.items()}
        found = {name: paths[:1] for name, paths in _found(fields, present, nested=False).items()}
    for name, column in mapping.columns.items():
        path = _column(column, present, nested)
        if path is None:
            known = ", ".join(".".join(p) for p in list(present.values())[:12])
            raise BadMapping(f"the file has no column '{column}'; it has {known}")
        found[name] = (path,)
    if "input" not in found or "output" not in found:
        return None
    form = chosen or _plain_format(found)
    cached = mapping.cached_in or (chosen.cached if chosen else _plain_cached(found))
    if cached == NONE and {"cache_read", "cache_write_5m", "cache_write_1h"} & set(found):
        cached = INSIDE
    return _recognised(form, found, cached, present)


def _column(column: str, present: Mapping[Path, Path], nested: bool) -> Path | None:
    """A column by the name that the user typed; dots go down into JSON."""
    whole = (normal(column),)
    if whole in present:
        return present[whole]
    parts = tuple(column.split("."))
    key = tuple(normal(part) for part in parts)
    if key in present:
        return present[key]
    return (*present[key[:1]], *parts[1:]) if nested and key[:1] in present else None


def looked_for() -> str:
    """What a refusal says was looked for."""
    return (
        "Looked for the columns of "
        + ", ".join(f.name for f in FORMATS if not f.refusal)
        + ", or an input and an output column such as input_tokens,output_tokens."
    )
