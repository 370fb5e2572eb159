"""Small files of every kind, written for these tests, with what each must give.

``want`` is uncached input, cache reads, 5-minute writes, 1-hour writes, output, reasoning; the facts of each
shape are those of the addresses in ``data/usage_keys.toml``.
"""

# ruff: noqa: E501
# One line a record reads better here than one line a key.

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Want = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Files, given together, and their sums."""

    name: str
    files: tuple[str, ...]
    want: Want
    rows: int
    requests: int | None = None
    """Requests of all rows together; None: not said."""
    model: str | None = None
    """Model of the first row."""
    ts: str | None = None
    """Time of the first row."""
    paid: float | None = None
    kind: str | None = None
    bucket: bool = False


def lines(*values: Any) -> str:
    """JSON Lines."""
    return "".join(json.dumps(value) + "\n" for value in values)


def case(name: str, text: Any, want: Want, rows: int, **more: Any) -> Case:
    """A case of one file, or of a tuple of files."""
    files = text if isinstance(text, tuple) else (text if isinstance(text, str) else json.dumps(text),)
    return Case(name=name, files=files, want=want, rows=rows, **more)


def claude(message: str, request: str, output: int, **more: Any) -> dict[str, Any]:
    """A line of a Claude Code transcript."""
    usage = {"input_tokens": 7, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 9000,
             "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
             "output_tokens": output, "service_tier": "standard", "server_tool_use": {"web_search_requests": 2}}  # fmt: skip
    body = {
        "id": message,
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-7",
        "content": [],
        "usage": usage,
    }
    return {"type": "assistant", "sessionId": "s1", "uuid": f"u{output}", "parentUuid": "p", "requestId": request,
            "timestamp": "2026-11-05T08:00:00.000Z", "message": body, **more}  # fmt: skip


def codex(
    total: tuple[int, int, int, int], last: tuple[int, int, int, int], ts: str = "2026-11-05T08:00:00Z"
) -> dict[str, Any]:
    """A token_count event; counts are input, cached, output, reasoning."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")

    def usage(counts: tuple[int, int, int, int]) -> dict[str, int]:
        return {**dict(zip(names, counts, strict=True)), "total_tokens": counts[0] + counts[2]}

    info = {
        "total_token_usage": usage(total),
        "last_token_usage": usage(last),
        "model_context_window": 272000,
    }
    return {
        "timestamp": ts,
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info, "rate_limits": None},
    }


def span(own: str, parent: str | None, attributes: dict[str, Any], name: str = "chat") -> dict[str, Any]:
    """An OTLP span."""

    def value(one: Any) -> dict[str, Any]:
        return {"intValue": str(one)} if isinstance(one, int) else {"stringValue": one}

    listed = [{"key": key, "value": value(one)} for key, one in attributes.items()]
    out = {
        "traceId": "t",
        "spanId": own,
        "name": name,
        "startTimeUnixNano": "1793800000000000000",
        "attributes": listed,
    }
    return {**out, "parentSpanId": parent} if parent else out


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    """An OTLP document."""
    return {
        "resourceSpans": [
            {"resource": {"attributes": []}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}
        ]
    }


_META = {"timestamp": "2026-11-05T07:59:59Z", "type": "session_meta", "payload": {"id": "a"}}
_FORK = {
    "timestamp": "2026-11-06T07:59:59Z",
    "type": "session_meta",
    "payload": {"id": "b", "forked_from_id": "a"},
}
_TURN = {"timestamp": "2026-11-05T08:00:00Z", "type": "turn_context", "payload": {"model": "gpt-5.3-codex"}}
_FIRST, _SECOND = (1000, 400, 50, 20), (3000, 2000, 150, 60)
_STEP = (2000, 1600, 100, 40)

AGENTS = (
    case("claude code, streamed and copied to a second file",
         (lines({"type": "user", "sessionId": "s1", "message": {"role": "user", "content": "many tokens of usage"}},
                claude("m1", "r1", 3), claude("m1", "r1", 90), claude("m2", "r2", 10, isSidechain=True)),
          lines(claude("m1", "r1", 90), claude("m3", "r3", 0))),
         (21, 27000, 300, 600, 100, 0), 3, requests=3, model="claude-opus-4-7", kind="claude-code"),
    case("claude code, a sub-agent's sum in a tool result is not usage",
         lines({"type": "user", "sessionId": "s1", "toolUseResult": {"totalTokens": 99, "usage": {"input_tokens": 50, "output_tokens": 49}},
                "message": {"role": "user", "content": [{"type": "tool_result", "content": "usage"}]}}, claude("m1", "r1", 5)),
         (7, 9000, 100, 200, 5, 0), 1),
    case("claude -p result with models",
         {"type": "result", "subtype": "success", "is_error": False, "session_id": "s", "total_cost_usd": 0.5,
          "usage": {"input_tokens": 4, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 6},
          "modelUsage": {"claude-haiku-4-5": {"inputTokens": 100, "outputTokens": 10, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0, "costUSD": 0.1},
                         "claude-opus-4-7": {"inputTokens": 4, "outputTokens": 6, "cacheReadInputTokens": 20, "cacheCreationInputTokens": 10, "costUSD": 0.4}}},
         (104, 20, 10, 0, 16, 0), 2, model="claude-haiku-4-5", paid=0.5),
    case("claude stream-json: messages, and the result that adds them up",
         lines({"type": "system", "subtype": "init", "session_id": "s", "model": "claude-opus-4-7"}, claude("m1", "r1", 30),
               {"type": "result", "session_id": "s", "usage": {"input_tokens": 7, "output_tokens": 30, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 300}}),
         (7, 9000, 100, 200, 30, 0), 1),
    case("codex, repeated events and a fork that replays its parent",
         (lines(_META, _TURN, codex(_FIRST, _FIRST), codex(_FIRST, _FIRST, "2026-11-05T08:00:01Z"), codex(_SECOND, _STEP)),
          lines(_FORK, _META, _TURN, codex(_FIRST, _FIRST, "2026-11-06T08:00:00Z"), codex(_SECOND, _STEP, "2026-11-06T08:00:00Z"),
                codex((3500, 2300, 160, 60), (500, 300, 10, 0), "2026-11-06T08:01:00Z"))),
         (1200, 2300, 0, 0, 160, 60), 3, model="gpt-5.3-codex", kind="codex"),
    case("codex, two sessions that began alike",
         (lines(_META, _TURN, codex(_FIRST, _FIRST)), lines({**_META, "payload": {"id": "c"}}, _TURN, codex(_FIRST, _FIRST, "2026-11-07T08:00:00Z"))),
         (1200, 800, 0, 0, 100, 40), 2),
    case("codex, running totals alone",
         lines(_TURN, {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"input_tokens": 100, "cached_input_tokens": 0, "output_tokens": 10}}}},
               {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"input_tokens": 300, "cached_input_tokens": 90, "output_tokens": 15}}}}),
         (210, 90, 0, 0, 15, 0), 2),
    case("codex, usage records beside token counts",
         lines(_TURN, {"type": "token_usage_record", "timestamp": "2026-11-05T08:00:00Z", "payload": {"response_id": "resp_1",
               "usage": {"input_tokens": 1000, "cached_input_tokens": 400, "output_tokens": 50, "reasoning_output_tokens": 20, "total_tokens": 1050},
               "turn_token_usage": {"input_tokens": 1000, "cached_input_tokens": 400, "output_tokens": 50},
               "thread_token_usage": {"input_tokens": 9000, "cached_input_tokens": 400, "output_tokens": 50}}}, codex(_FIRST, _FIRST)),
         (600, 400, 0, 0, 50, 20), 1, kind="codex"),
    case("opencode message files",
         (json.dumps({"id": "msg_1", "role": "assistant", "sessionID": "ses", "modelID": "claude-sonnet-4-5", "providerID": "anthropic",
                      "time": {"created": 1793800000000, "completed": 1793800005000}, "cost": 0.02,
                      "tokens": {"input": 12, "output": 300, "reasoning": 40, "cache": {"read": 5000, "write": 700}}}),
          json.dumps({"id": "msg_0", "role": "user", "sessionID": "ses", "time": {"created": 1793799999000}})),
         (12, 5000, 700, 0, 340, 40), 1, model="claude-sonnet-4-5", paid=0.02, kind="opencode", ts="2026-11-04T13:46:40Z"),
    case("opencode export: a message and its step say the same",
         {"info": {"id": "ses"}, "messages": [{"info": {"id": "msg_1", "role": "assistant", "modelID": "gpt-5", "time": {"created": 1793800000000},
          "tokens": {"input": 12, "output": 300, "reasoning": 40, "cache": {"read": 5000, "write": 0}}}, "parts": [{"type": "text", "text": "x"},
          {"type": "step-finish", "tokens": {"input": 12, "output": 300, "reasoning": 40, "cache": {"read": 5000, "write": 0}}}]},
          {"info": {"id": "msg_2", "role": "assistant", "modelID": "gpt-5", "tokens": {"input": 8, "output": 5, "reasoning": 0, "cache": {"read": 100, "write": 0}}},
          "parts": [{"type": "step-finish", "tokens": {"input": 8, "output": 5, "reasoning": 0, "cache": {"read": 100, "write": 0}}}]}]},
         (20, 5100, 0, 0, 345, 40), 2),
    case("cline or roo messages",
         [{"ts": 1793800000000, "type": "say", "say": "text", "text": "hello {not json}"},
          {"ts": 1793800001000, "type": "say", "say": "api_req_started",
           "text": json.dumps({"request": "x", "tokensIn": 10, "tokensOut": 20, "cacheWrites": 30, "cacheReads": 40, "cost": 0.01})},
          {"ts": 1793800002000, "type": "say", "say": "api_req_started", "text": json.dumps({"request": "y", "tokensIn": 1, "tokensOut": 2, "cost": 0.02})}],
         (11, 40, 30, 0, 22, 0), 2, paid=0.03, kind="cline"),
    case("aider", lines({"event": "message_send", "properties": {"main_model": "gpt-5", "prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930, "cost": 0.1, "total_cost": 0.4}, "time": 1793800000},
                        {"event": "exit", "properties": {}, "time": 1793800009}), (900, 0, 0, 0, 30, 0), 1, model="gpt-5"),
    case("gemini cli as lines", lines({"sessionId": "s", "projectHash": "h", "startTime": "2026-11-05T08:00:00Z"},
         {"id": "1", "type": "gemini", "timestamp": "2026-11-05T08:00:01Z", "model": "gemini-3-pro", "tokens": {"input": 100, "output": 10, "cached": 60, "thoughts": 5, "tool": 0, "total": 115}},
         {"id": "1", "type": "gemini", "timestamp": "2026-11-05T08:00:01Z", "model": "gemini-3-pro", "tokens": {"input": 100, "output": 10, "cached": 60, "thoughts": 5, "tool": 0, "total": 115}}),
         (40, 60, 0, 0, 15, 5), 1, model="gemini-3-pro"),
    case("ccusage with several models a day and a project map",
         {"projects": {"app": [{"date": "2026-11-01", "inputTokens": 30, "outputTokens": 3, "cacheCreationTokens": 7, "cacheReadTokens": 100, "totalTokens": 140, "totalCost": 0.3, "modelsUsed": ["a", "b"],
          "modelBreakdowns": [{"modelName": "a", "inputTokens": 10, "outputTokens": 1, "cacheCreationTokens": 7, "cacheReadTokens": 0, "cost": 0.1},
                              {"modelName": "b", "inputTokens": 20, "outputTokens": 2, "cacheCreationTokens": 0, "cacheReadTokens": 100, "cost": 0.2}]}]},
          "totals": {"inputTokens": 30, "outputTokens": 3, "cacheCreationTokens": 7, "cacheReadTokens": 100, "totalTokens": 140, "totalCost": 0.3}},
         (30, 100, 7, 0, 3, 0), 2, model="a", paid=0.3, bucket=True),
    case("claude code analytics API",
         {"data": [{"date": "2026-11-01T00:00:00Z", "actor": {"type": "user_actor", "email_address": "a@b.c"}, "core_metrics": {"num_sessions": 5},
          "model_breakdown": [{"model": "claude-opus-4-7", "tokens": {"input": 100, "output": 35, "cache_read": 900, "cache_creation": 50}, "estimated_cost": {"currency": "USD", "amount": 1025}},
                              {"model": "claude-haiku-4-5", "tokens": {"input": 1, "output": 2, "cache_read": 3, "cache_creation": 4}, "estimated_cost": {"currency": "USD", "amount": 5}}]}], "has_more": False},
         (101, 903, 54, 0, 37, 0), 2, paid=10.30, bucket=True, kind="claude-code-analytics"),
    case("cursor events", {"totalUsageEventsCount": 2, "usageEvents": [{"timestamp": "1793800000000", "model": "claude-4.5-sonnet", "kind": "Usage-based", "userEmail": "a@b.c",
         "tokenUsage": {"inputTokens": 126, "outputTokens": 450, "cacheWriteTokens": 6112, "cacheReadTokens": 11964, "totalCents": 20.1}}, {"timestamp": "1793800009000", "model": "auto", "kind": "Included",
         "tokenUsage": {"inputTokens": 4, "outputTokens": 5, "cacheWriteTokens": 6, "cacheReadTokens": 7, "totalCents": 1}}]}, (130, 11971, 6118, 0, 455, 0), 2, paid=0.211),
    case("copilot cli session", lines({"type": "session.start", "data": {"sessionId": "x"}, "id": "e1", "parentId": None, "timestamp": "2026-11-05T08:00:00Z"},
         {"type": "session.shutdown", "id": "e2", "parentId": "e1", "timestamp": "2026-11-05T09:00:00Z", "data": {"shutdownType": "routine", "modelMetrics": {
          "gpt-5-mini": {"requests": {"count": 4, "cost": 0}, "usage": {"inputTokens": 19849, "outputTokens": 113, "cacheReadTokens": 5888, "cacheWriteTokens": 0, "reasoningTokens": 64}}}}}),
         (13961, 5888, 0, 0, 113, 64), 1, requests=4, model="gpt-5-mini", bucket=True, kind="copilot-cli"),
    case("amp thread", {"id": "T-1", "created": 1793800000000, "messages": [{"role": "user", "messageId": 0, "content": []},
         {"role": "assistant", "messageId": 1, "usage": {"model": "claude-opus-4-7", "inputTokens": 9, "outputTokens": 40, "cacheCreationInputTokens": 500, "cacheReadInputTokens": 800, "totalInputTokens": 1309, "timestamp": "2026-11-05T08:00:00Z"}}],
         "usageLedger": {"events": [{"id": "e", "timestamp": "2026-11-05T08:00:00Z", "model": "claude-opus-4-7", "credits": 1.5, "tokens": {"input": 9, "output": 40}, "fromMessageId": 0, "toMessageId": 1}]}},
         (9, 800, 500, 0, 40, 0), 1, model="claude-opus-4-7"),
    case("kimi wire", lines({"timestamp": 1793800000.5, "message": {"type": "StatusUpdate", "payload": {"message_id": "m", "token_usage": {"input_other": 1500, "output": 80, "input_cache_read": 4000, "input_cache_creation": 0}}}}),
         (1500, 4000, 0, 0, 80, 0), 1),
    case("goose session", lines({"working_dir": "/x", "description": "d", "message_count": 4, "total_tokens": 500, "input_tokens": 450, "output_tokens": 50, "accumulated_total_tokens": 1300, "accumulated_input_tokens": 1200, "accumulated_output_tokens": 100},
         {"role": "user", "created": 1793800000, "content": [{"type": "text", "text": "tokens"}]}), (1200, 0, 0, 0, 100, 0), 1, bucket=True),
    case("continue", lines({"eventName": "tokensGenerated", "timestamp": "2026-11-05T08:00:00Z", "model": "qwen3", "provider": "ollama", "promptTokens": 700, "generatedTokens": 12}), (700, 0, 0, 0, 12, 0), 1, model="qwen3"),
    case("pi session", lines({"type": "model_change", "provider": "anthropic", "modelId": "claude-opus-4-7"},
         {"type": "message", "id": "a", "timestamp": "2026-11-05T08:00:00Z", "message": {"role": "assistant", "usage": {"input": 5, "output": 6, "cacheRead": 70, "cacheWrite": 8, "totalTokens": 89, "cost": {"input": 0.1, "output": 0.2, "cacheRead": 0, "cacheWrite": 0, "total": 0.3}}}}),
         (5, 70, 8, 0, 6, 0), 1, model="claude-opus-4-7", paid=0.3),
    case("droid settings", {"model": "claude-opus-4-7", "tokenUsage": {"inputTokens": 10, "outputTokens": 20, "cacheCreationTokens": 30, "cacheReadTokens": 40, "thinkingTokens": 5}}, (10, 40, 30, 0, 20, 5), 1),
    case("openhands", {"metrics": {"accumulated_cost": 0.4, "accumulated_token_usage": {"prompt_tokens": 300, "completion_tokens": 30, "cache_read_tokens": 100, "cache_write_tokens": 0},
         "token_usages": [{"model": "gpt-5", "prompt_tokens": 100, "completion_tokens": 10, "cache_read_tokens": 0, "cache_write_tokens": 0, "response_id": "a"},
                          {"model": "gpt-5", "prompt_tokens": 200, "completion_tokens": 20, "cache_read_tokens": 100, "cache_write_tokens": 0, "response_id": "b"}]}},
         (200, 100, 0, 0, 30, 0), 2),
    case("mini-swe-agent", {"info": {"model_stats": {"instance_cost": 0.25, "tokens_sent": 4000, "tokens_received": 300, "api_calls": 7}}}, (4000, 0, 0, 0, 300, 0), 1, requests=7, paid=0.25, bucket=True),
)  # fmt: skip

_ANTHROPIC = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 1000,
    "output_tokens": 20,
}
_CHAT = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050, "prompt_tokens_details": {"cached_tokens": 600},
         "completion_tokens_details": {"reasoning_tokens": 30}}  # fmt: skip

RESPONSES = (
    case("openai chat with audio", {"object": "chat.completion", "id": "c", "model": "gpt-audio", "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
         "prompt_tokens_details": {"audio_tokens": 40, "cached_tokens": 0}, "completion_tokens_details": {"audio_tokens": 30, "reasoning_tokens": 0}}}, (100, 0, 0, 0, 50, 0), 1),
    case("openai batch with a failed line", lines({"id": "b1", "custom_id": "r1", "response": {"status_code": 200, "request_id": "q", "body": {"model": "gpt-5", "usage": _CHAT}}, "error": None},
         {"id": "b2", "custom_id": "r2", "response": {"status_code": 500, "body": {"error": {"message": "x"}}}, "error": None},
         {"id": "b3", "custom_id": "r3", "response": None, "error": {"code": "batch_expired", "message": "tokens"}}), (400, 600, 0, 0, 50, 30), 1, kind="openai-batch"),
    case("openai responses stream", 'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1","usage":null}}\n\nevent: response.completed\n'
         'data: {"type":"response.completed","response":{"id":"resp_1","model":"gpt-5","status":"completed","usage":{"input_tokens":90,"input_tokens_details":{"cached_tokens":64},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":97}}}\n\ndata: [DONE]\n',
         (26, 64, 0, 0, 7, 0), 1, model="gpt-5"),
    case("vllm stream that repeats a growing usage", 'data: {"id":"cmpl-9","object":"chat.completion.chunk","model":"llama","choices":[],"usage":{"prompt_tokens":30,"completion_tokens":1,"total_tokens":31}}\n\n'
         'data: {"id":"cmpl-9","object":"chat.completion.chunk","model":"llama","choices":[],"usage":{"prompt_tokens":30,"completion_tokens":2,"total_tokens":32}}\n\ndata: [DONE]\n', (30, 0, 0, 0, 2, 0), 1),
    case("anthropic stream with final input", 'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"claude-opus-4-7","usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":40,"output_tokens":1}}}\n'
         'data: {"type":"message_delta","delta":{},"usage":{"input_tokens":25,"cache_read_input_tokens":40,"output_tokens":15}}\ndata: {"type":"message_stop"}\n'
         'data: {"type":"message_start","message":{"id":"msg_2","model":"claude-opus-4-7","usage":{"input_tokens":5,"output_tokens":1}}}\ndata: {"type":"message_delta","usage":{"output_tokens":9}}\n',
         (30, 40, 0, 0, 24, 0), 2, model="claude-opus-4-7"),
    case("anthropic batch", lines({"custom_id": "a", "result": {"type": "succeeded", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-7", "usage": _ANTHROPIC}}},
         {"custom_id": "b", "result": {"type": "errored", "error": {"type": "invalid_request", "message": "tokens"}}}, {"custom_id": "c", "result": {"type": "expired"}}),
         (10, 1000, 100, 0, 20, 0), 1, kind="anthropic-batch"),
    case("two calls of anthropic with the same counts", lines({"id": "msg_1", "model": "m", "usage": _ANTHROPIC}, {"id": "msg_2", "model": "m", "usage": _ANTHROPIC}), (20, 2000, 200, 0, 40, 0), 2),
    case("gemini with audio and cache", {"candidates": [], "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 20, "totalTokenCount": 330, "thoughtsTokenCount": 10, "cachedContentTokenCount": 200,
         "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 250}, {"modality": "TEXT", "tokenCount": 50}], "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 200}]}, "modelVersion": "gemini-3-flash", "responseId": "r"},
         (100, 200, 0, 0, 30, 10), 1, model="gemini-3-flash"),
    case("gemini stream as an array of chunks", [{"candidates": [], "usageMetadata": {"promptTokenCount": 30, "candidatesTokenCount": 4, "totalTokenCount": 34}, "modelVersion": "g", "responseId": "r"},
         {"candidates": [], "usageMetadata": {"promptTokenCount": 30, "candidatesTokenCount": 9, "totalTokenCount": 39}, "modelVersion": "g", "responseId": "r"}], (30, 0, 0, 0, 9, 0), 1),
    case("python sdk of gemini", {"model_version": "gemini-3-pro", "usage_metadata": {"prompt_token_count": 30, "candidates_token_count": 4, "thoughts_token_count": 6, "total_token_count": 40}}, (30, 0, 0, 0, 10, 6), 1, model="gemini-3-pro"),
    case("vertex batch", lines({"status": "", "processed_time": "2026-11-05T08:00:00.000+00:00", "request": {"contents": []}, "response": {"modelVersion": "gemini-3-flash@default", "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 3, "totalTokenCount": 11}}}), (8, 0, 0, 0, 3, 0), 1, kind="vertex-batch"),
    case("xai with ticks", {"object": "chat.completion", "model": "grok-4", "usage": {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "prompt_tokens_details": {"cached_tokens": 6}, "completion_tokens_details": {"reasoning_tokens": 94}, "cost_in_usd_ticks": 15000000}},
         (26, 6, 0, 0, 103, 94), 1, paid=0.0015),
    case("deepseek with miss alone decisive", {"model": "deepseek-chat", "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25, "prompt_cache_hit_tokens": 16, "prompt_cache_miss_tokens": 4}}, (4, 16, 0, 0, 5, 0), 1),
    case("mistral", {"id": "x", "object": "chat.completion", "model": "mistral-large-latest", "usage": {"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50}, "created": 1793800000}, (16, 0, 0, 0, 34, 0), 1, ts="2026-11-04T13:46:40Z"),
    case("cohere v2 bills fewer than it reads", {"id": "c", "message": {"role": "assistant"}, "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 418}, "tokens": {"input_tokens": 71, "output_tokens": 418}}}, (5, 0, 0, 0, 418, 0), 1),
    case("cohere v1", {"generation_id": "g", "meta": {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 10, "output_tokens": 4}, "tokens": {"input_tokens": 70, "output_tokens": 4}}}, (10, 0, 0, 0, 4, 0), 1),
    case("bedrock converse", {"ResponseMetadata": {"RequestId": "q", "HTTPStatusCode": 200}, "output": {"message": {"role": "assistant"}}, "stopReason": "end_turn",
         "usage": {"inputTokens": 30, "outputTokens": 600, "totalTokens": 1630, "cacheReadInputTokens": 900, "cacheWriteInputTokens": 100, "cacheDetails": [{"inputTokens": 100, "ttl": "5m"}]}, "metrics": {"latencyMs": 1275}},
         (30, 900, 100, 0, 600, 0), 1, kind="bedrock-converse"),
    case("bedrock stream ends with metrics", lines({"type": "message_start", "message": {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 25, "output_tokens": 1}}}, {"type": "message_delta", "usage": {"output_tokens": 15}},
         {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 25, "outputTokenCount": 15, "invocationLatency": 900, "firstByteLatency": 300}}), (25, 0, 0, 0, 15, 0), 1),
    case("bedrock invocation log", lines({"schemaType": "ModelInvocationLog", "timestamp": "2026-11-05T08:00:00Z", "requestId": "q", "modelId": "anthropic.claude-sonnet-4-5", "input": {"inputBodyJson": {"messages": []}, "inputTokenCount": 12, "cacheReadInputTokenCount": 300, "cacheWriteInputTokenCount": 0},
         "output": {"outputBodyJson": {"usage": {"input_tokens": 12, "output_tokens": 34, "cache_read_input_tokens": 300}}, "outputTokenCount": 34}}), (12, 300, 0, 0, 34, 0), 1, model="anthropic.claude-sonnet-4-5", kind="bedrock-log"),
    case("ollama", lines({"model": "qwen3", "created_at": "2026-11-05T08:00:00.123456789Z", "response": "", "done": True, "total_duration": 5589157167, "prompt_eval_count": 26, "prompt_eval_duration": 2, "eval_count": 237, "eval_duration": 4}), (26, 0, 0, 0, 237, 0), 1, ts="2026-11-05T08:00:00.123456Z"),
    case("llama.cpp chat with timings", {"model": "llama", "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, "timings": {"cache_n": 60, "prompt_n": 40, "prompt_ms": 9.5, "predicted_n": 20, "predicted_ms": 90.1}}, (100, 0, 0, 0, 20, 0), 1),
    case("llama.cpp completion", {"content": "x", "model": "llama", "tokens_predicted": 20, "tokens_evaluated": 100, "tokens_cached": 119, "timings": {"prompt_n": 100, "predicted_n": 20}}, (100, 0, 0, 0, 20, 0), 1),
    case("langchain message with anthropic's own numbers", lines({"content": "hi", "usage_metadata": {"input_tokens": 1110, "output_tokens": 20, "total_tokens": 1130, "input_token_details": {"cache_read": 1000, "cache_creation": 100}},
         "response_metadata": {"id": "msg_1", "model_name": "claude-opus-4-7", "usage": _ANTHROPIC}}), (10, 1000, 100, 0, 20, 0), 1, model="claude-opus-4-7"),
    case("langchain message with openai's own numbers", {"usage_metadata": {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050, "input_token_details": {"cache_read": 600}, "output_token_details": {"reasoning": 30}},
         "response_metadata": {"token_usage": _CHAT, "model_name": "gpt-5", "service_tier": "default"}}, (400, 600, 0, 0, 50, 30), 1, model="gpt-5"),
    case("ai sdk 4", {"usage": {"promptTokens": 100, "completionTokens": 20, "totalTokens": 120}, "response": {"id": "r", "modelId": "gpt-4o", "timestamp": "2026-11-05T08:00:00Z"}}, (100, 0, 0, 0, 20, 0), 1, model="gpt-4o", ts="2026-11-05T08:00:00Z"),
    case("ai sdk 5 with steps", {"totalUsage": {"inputTokens": 300, "outputTokens": 30, "totalTokens": 330, "cachedInputTokens": 100}, "usage": {"inputTokens": 200, "outputTokens": 20, "totalTokens": 220, "cachedInputTokens": 100},
         "steps": [{"usage": {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}}, {"usage": {"inputTokens": 200, "outputTokens": 20, "totalTokens": 220, "cachedInputTokens": 100}}]}, (200, 100, 0, 0, 30, 0), 1),
    case("ai sdk 6 nested", {"usage": {"inputTokens": {"total": 1110, "noCache": 10, "cacheRead": 1000, "cacheWrite": 100}, "outputTokens": {"total": 20, "text": 15, "reasoning": 5}, "raw": _ANTHROPIC}}, (10, 1000, 100, 0, 20, 5), 1),
    case("ai sdk 6 details", {"usage": {"inputTokens": 1110, "inputTokenDetails": {"noCacheTokens": 10, "cacheReadTokens": 1000, "cacheWriteTokens": 100}, "outputTokens": 20, "outputTokenDetails": {"textTokens": 15, "reasoningTokens": 5}, "totalTokens": 1130, "cachedInputTokens": 1000, "reasoningTokens": 5}}, (10, 1000, 100, 0, 20, 5), 1),
    case("spring ai", {"metadata": {"id": "x", "model": "gpt-4o", "usage": {"promptTokens": 90, "completionTokens": 12, "totalTokens": 102, "nativeUsage": {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102}}}}, (90, 0, 0, 0, 12, 0), 1, model="gpt-4o"),
    case("semantic kernel", {"ModelId": "gpt-4o", "Metadata": {"Id": "chatcmpl-1", "Usage": {"InputTokenCount": 90, "OutputTokenCount": 12, "TotalTokenCount": 102, "InputTokenDetails": {"CachedTokenCount": 64}, "OutputTokenDetails": {"ReasoningTokenCount": 0}}}}, (26, 64, 0, 0, 12, 0), 1, model="gpt-4o"),
    case("openrouter generation", {"data": {"id": "gen-1", "model": "openai/gpt-5", "total_cost": 0.02, "created_at": "2026-11-05T08:00:00Z", "tokens_prompt": 95, "tokens_completion": 18, "native_tokens_prompt": 100, "native_tokens_completion": 20, "native_tokens_reasoning": 8, "native_tokens_cached": 40, "usage": 0.02, "cancelled": False}}, (60, 40, 0, 0, 20, 8), 1, paid=0.02),
    case("openrouter activity", {"data": [{"date": "2026-11-05", "model": "openai/gpt-5", "provider_name": "OpenAI", "usage": 0.3, "byok_usage_inference": 0, "requests": 5, "prompt_tokens": 500, "completion_tokens": 125, "reasoning_tokens": 25}]}, (500, 0, 0, 0, 125, 25), 1, requests=5, paid=0.3, bucket=True),
    case("groq says it twice", {"object": "chat.completion", "model": "llama-3.3-70b-versatile", "usage": {"queue_time": 0.03, "prompt_tokens": 18, "prompt_time": 0.0007, "completion_tokens": 556, "total_tokens": 574, "total_time": 0.46}, "x_groq": {"id": "req_1", "usage": {"prompt_tokens": 18, "completion_tokens": 556, "total_tokens": 574}}}, (18, 0, 0, 0, 556, 0), 1),
    case("kimi stream puts usage in the choice", {"id": "c", "object": "chat.completion.chunk", "model": "kimi-k2", "choices": [{"delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 19, "completion_tokens": 13, "total_tokens": 32, "cached_tokens": 10}}]}, (9, 10, 0, 0, 13, 0), 1),
    case("dashscope", {"request_id": "q", "output": {"text": "x"}, "usage": {"input_tokens": 100, "output_tokens": 30, "total_tokens": 130, "prompt_tokens_details": {"cached_tokens": 64}}, "status_code": 200}, (36, 64, 0, 0, 30, 0), 1),
    case("perplexity", {"model": "sonar-pro", "usage": {"prompt_tokens": 10, "completion_tokens": 200, "total_tokens": 210, "search_context_size": "low", "num_search_queries": 3, "cost": {"input_tokens_cost": 0.001, "output_tokens_cost": 0.003, "request_cost": 0.006, "total_cost": 0.01}}}, (10, 0, 0, 0, 200, 0), 1, paid=0.01),
    case("embeddings", {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}], "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8, "total_tokens": 8}}, (8, 0, 0, 0, 0, 0), 1),
    case("several shapes in one file", lines({"model": "a", "usage": _CHAT}, {"model": "b", "usage": _ANTHROPIC}, {"modelVersion": "c", "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}}, {"model": "d", "prompt_eval_count": 4, "eval_count": 5}), (415, 1600, 100, 0, 77, 30), 4),
    case("json in a string", lines({"time": "2026-11-05 08:00:00", "body": json.dumps({"model": "gpt-5", "usage": _CHAT})}), (400, 600, 0, 0, 50, 30), 1, model="gpt-5", ts="2026-11-05T08:00:00Z"),
    case("a python dictionary in a string", lines({"model": "gpt-5", "usage": "{'prompt_tokens': 7, 'completion_tokens': 3, 'total_tokens': 10, 'cached': None}"}), (7, 0, 0, 0, 3, 0), 1),
    case("azure ai inference in camel case", {"Model": "gpt-4o", "Usage": {"CompletionTokens": 9, "PromptTokens": 4, "TotalTokens": 13}}, (4, 0, 0, 0, 9, 0), 1, model="gpt-4o"),
    case("numbers as texts", lines({"model": "m", "input_tokens": "1,200", "output_tokens": "30.0"}), (1200, 0, 0, 0, 30, 0), 1),
    case("a log whose lines end in json", "2026-11-05T08:00:00Z INFO request done\n2026-11-05T08:00:01,250 INFO [worker {7}] starting\n2026-11-05T08:00:02Z INFO llm {\"model\": \"m\", \"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": 6}} took 3s\n", (5, 0, 0, 0, 6, 0), 1, ts="2026-11-05T08:00:02Z"),
    case("two named calls of one record", {"planner": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}}, "writer": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}}}, (10, 0, 0, 0, 12, 0), 2),
    case("openai agents sdk", {"usage": {"requests": 2, "input_tokens": 300, "input_tokens_details": {"cached_tokens": 100}, "output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 330,
         "request_usage_entries": [{"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, "input_tokens_details": {"cached_tokens": 0}}, {"input_tokens": 200, "output_tokens": 20, "total_tokens": 220, "input_tokens_details": {"cached_tokens": 100}}]}}, (200, 100, 0, 0, 30, 0), 2),
    case("inspect log", {"stats": {"model_usage": {"openai/gpt-5": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 160, "input_tokens_cache_read": 40, "reasoning_tokens": 5}, "anthropic/claude": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}}}, (101, 40, 0, 0, 22, 5), 2, model="openai/gpt-5"),
)  # fmt: skip

SPANS = (
    case("agent over chats, otlp lines, with an error and cached", lines(otlp(span("1", None, {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 300, "gen_ai.usage.output_tokens": 30}), span("2", "1", {}, "step")),
         otlp(span("3", "2", {"gen_ai.request.model": "claude", "gen_ai.response.model": "claude-opus-4-7", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 60, "gen_ai.usage.cache_creation.input_tokens": 10}),
              span("4", "2", {"gen_ai.response.model": "claude-opus-4-7", "gen_ai.usage.input_tokens": 200, "gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_read_input_tokens": 150}))),
         (80, 210, 10, 0, 30, 0), 2, model="claude-opus-4-7", kind="otlp", ts="2026-11-04T13:46:40Z"),
    case("ai sdk spans spell it twice and nest", otlp(span("1", None, {"operation.name": "ai.generateText", "ai.usage.promptTokens": 90, "ai.usage.completionTokens": 9, "ai.model.id": "gpt-5"}),
         span("2", "1", {"ai.model.id": "gpt-5", "ai.usage.promptTokens": 90, "ai.usage.completionTokens": 9, "gen_ai.usage.input_tokens": 90, "gen_ai.usage.output_tokens": 9, "gen_ai.response.model": "gpt-5"})), (90, 0, 0, 0, 9, 0), 1, model="gpt-5"),
    case("openinference attributes, flat", lines({"name": "llm", "context": {"trace_id": "t", "span_id": "b"}, "parent_id": "a", "start_time": "2026-11-05T08:00:00+00:00", "span_kind": "LLM", "status_code": "OK",
         "attributes": {"llm.model_name": "gpt-5", "llm.token_count.prompt": 100, "llm.token_count.completion": 10, "llm.token_count.total": 110, "llm.token_count.prompt_details.cache_read": 60}},
         {"name": "chain", "context": {"trace_id": "t", "span_id": "a"}, "parent_id": None, "span_kind": "CHAIN", "status_code": "OK", "attributes": {"llm.token_count.prompt": 100, "llm.token_count.completion": 10}}), (40, 60, 0, 0, 10, 0), 1, model="gpt-5"),
    case("openinference attributes, nested", {"data": [{"attributes": {"llm": {"model_name": "gpt-5", "token_count": {"prompt": 100, "completion": 10, "total": 110, "prompt_details": {"cache_read": 60}, "completion_details": {"reasoning": 4}}}}, "context": {"trace_id": "t", "span_id": "b"}}]}, (40, 60, 0, 0, 10, 4), 1),
    case("langfuse observations", [{"id": "g", "type": "GENERATION", "traceId": "t", "parentObservationId": "s", "startTime": "2026-11-05T08:00:00Z", "model": "gpt-5", "level": "DEFAULT", "promptTokens": 1000, "completionTokens": 50, "totalTokens": 1050,
          "usage": {"input": 1000, "output": 50, "total": 1050, "unit": "TOKENS"}, "usageDetails": {"input": 400, "input_cached_tokens": 600, "output": 50, "total": 1050}, "calculatedTotalCost": 0.2, "costDetails": {"input": 1, "output": 2, "total": 3}},
         {"id": "s", "type": "SPAN", "traceId": "t", "parentObservationId": None, "usage": {"input": 0, "output": 0, "total": 0}}], (400, 600, 0, 0, 50, 0), 1, paid=0.2),
    case("langsmith runs", lines({"id": "a", "trace_id": "a", "parent_run_id": None, "run_type": "chain", "start_time": "2026-11-05T08:00:00", "total_tokens": 330, "prompt_tokens": 300, "completion_tokens": 30, "error": None},
         {"id": "b", "trace_id": "a", "parent_run_id": "a", "run_type": "llm", "start_time": "2026-11-05T08:00:00", "total_tokens": 110, "prompt_tokens": 100, "completion_tokens": 10, "extra": {"metadata": {"ls_model_name": "gpt-5"}}, "error": None,
          "outputs": {"generations": [[{"message": {"kwargs": {"usage_metadata": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, "input_token_details": {"cache_read": 30}}}}}]]}},
         {"id": "c", "trace_id": "a", "parent_run_id": "a", "run_type": "llm", "start_time": "2026-11-05T08:00:01", "total_tokens": 220, "prompt_tokens": 200, "completion_tokens": 20, "extra": {"metadata": {"ls_model_name": "gpt-5"}}, "error": None}), (270, 30, 0, 0, 30, 0), 2, model="gpt-5", kind="langsmith"),
    case("braintrust", lines({"id": "r", "span_id": "a", "root_span_id": "a", "span_parents": None, "created": "2026-11-05T08:00:00Z", "span_attributes": {"type": "task"}, "metrics": {"prompt_tokens": 100, "completion_tokens": 10, "tokens": 110}},
         {"id": "q", "span_id": "b", "root_span_id": "a", "span_parents": ["a"], "created": "2026-11-05T08:00:00Z", "span_attributes": {"type": "llm"}, "metadata": {"model": "gpt-5"}, "metrics": {"prompt_tokens": 100, "completion_tokens": 10, "tokens": 110, "prompt_cached_tokens": 20, "completion_reasoning_tokens": 3}}), (80, 20, 0, 0, 10, 3), 1, model="gpt-5"),
    case("posthog", lines({"uuid": "1", "event": "$ai_generation", "timestamp": "2026-11-05T08:00:00Z", "distinct_id": "u", "properties": {"$ai_trace_id": "t", "$ai_model": "gpt-5", "$ai_provider": "openai", "$ai_input": [], "$ai_input_tokens": 100, "$ai_output_choices": [], "$ai_output_tokens": 10, "$ai_cache_read_input_tokens": 60, "$ai_latency": 1.5, "$ai_http_status": 200, "$ai_total_cost_usd": 0.01}}), (40, 60, 0, 0, 10, 0), 1, model="gpt-5", paid=0.01),
    case("weave calls", lines({"id": "a", "op_name": "weave:///agent", "trace_id": "t", "parent_id": None, "started_at": "2026-11-05T08:00:00Z", "summary": {"usage": {"gpt-5": {"requests": 1, "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}}}},
         {"id": "b", "op_name": "weave:///openai", "trace_id": "t", "parent_id": "a", "started_at": "2026-11-05T08:00:00Z", "summary": {"usage": {"gpt-5": {"requests": 1, "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}}, "weave": {"costs": {"gpt-5": {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_total_cost": 0.1}}}}}), (100, 0, 0, 0, 10, 0), 1, model="gpt-5"),
    case("logfire rows", [{"trace_id": "t", "span_id": "b", "parent_span_id": None, "start_timestamp": "2026-11-05T08:00:00Z", "otel_status_code": None, "attributes": {"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 6}}], (5, 0, 0, 0, 6, 0), 1),
    case("mlflow trace", {"info": {"trace_id": "tr", "trace_metadata": {"mlflow.trace.tokenUsage": '{"input_tokens": 30, "output_tokens": 3, "total_tokens": 33}'}}, "data": {"spans": [
         {"span_id": "a", "parent_id": None, "attributes": {"mlflow.spanType": '"CHAIN"'}}, {"span_id": "b", "parent_id": "a", "attributes": {"mlflow.chat.tokenUsage": '{"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}'}},
         {"span_id": "c", "parent_id": "a", "attributes": {"mlflow.chat.tokenUsage": '{"input_tokens": 20, "output_tokens": 2, "total_tokens": 22}'}}]}}, (30, 0, 0, 0, 3, 0), 2),
    case("datadog", {"data": [{"id": "x", "attributes": {"span_id": "2", "parent_id": "1", "meta": {"span": {"kind": "llm"}}, "metrics": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}}, {"id": "y", "attributes": {"span_id": "1", "parent_id": "undefined", "meta": {"span": {"kind": "agent"}}, "metrics": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}}]}, (10, 0, 0, 0, 5, 0), 1),
)  # fmt: skip

GATEWAYS = (
    case("litellm spend logs", [{"request_id": "a", "call_type": "acompletion", "spend": 0.01, "total_tokens": 110, "prompt_tokens": 100, "completion_tokens": 10, "startTime": "2026-11-05T08:00:00Z", "model": "gpt-5", "cache_hit": "False", "status": "success",
          "metadata": {"usage_object": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "prompt_tokens_details": {"cached_tokens": 60}}, "status": "success"}},
         {"request_id": "b", "call_type": "acompletion", "spend": 0, "total_tokens": 110, "prompt_tokens": 100, "completion_tokens": 10, "startTime": "2026-11-05T08:01:00Z", "model": "gpt-5", "cache_hit": "True", "metadata": {}},
         {"request_id": "c", "call_type": "acompletion", "spend": 0, "total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0, "startTime": "2026-11-05T08:02:00Z", "model": "gpt-5", "cache_hit": "None", "metadata": {"status": "failure"}}], (40, 60, 0, 0, 10, 0), 1, paid=0.01, kind="litellm"),
    case("litellm daily activity", {"results": [{"date": "2026-11-05", "metrics": {"spend": 0.3, "prompt_tokens": 300, "completion_tokens": 30, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 0, "total_tokens": 330, "successful_requests": 3, "failed_requests": 0, "api_requests": 3},
         "breakdown": {"models": {"gpt-5": {"metrics": {"spend": 0.1, "prompt_tokens": 100, "completion_tokens": 10, "cache_read_input_tokens": 50, "total_tokens": 110, "successful_requests": 1, "api_requests": 1}, "metadata": {}, "api_key_breakdown": {"k": {"metrics": {"spend": 0.1, "prompt_tokens": 100, "completion_tokens": 10, "successful_requests": 1}}}},
          "gpt-5-mini": {"metrics": {"spend": 0.2, "prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220, "successful_requests": 2, "api_requests": 2}}}, "providers": {"openai": {"metrics": {"spend": 0.3, "prompt_tokens": 300, "completion_tokens": 30}}}, "api_keys": {"k": {"metrics": {"spend": 0.3, "prompt_tokens": 300, "completion_tokens": 30}}}}}],
         "metadata": {"total_spend": 0.3, "total_prompt_tokens": 300, "total_completion_tokens": 30, "total_api_requests": 3}}, (250, 50, 0, 0, 30, 0), 2, requests=3, paid=0.3, model="gpt-5", bucket=True),
    case("portkey", lines({"id": "1", "created_at": "2026-11-05T08:00:00Z", "ai_org": "openai", "ai_model": "gpt-5", "req_units": 100, "res_units": 10, "response_time": 500, "is_success": True, "cost": 0.1}, {"id": "2", "created_at": "2026-11-05T08:00:01Z", "ai_model": "gpt-5", "req_units": 5, "res_units": 0, "is_success": False}), (100, 0, 0, 0, 10, 0), 1, model="gpt-5"),
    case("higress", lines({"start_time": "2026-11-05T08:00:00Z", "response_code": 200, "ai_log": '{"api":"x","chat_round":1,"model":"qwen3-max","input_token":"100","output_token":"10","llm_first_token_duration":"300","llm_service_duration":"900"}'}), (100, 0, 0, 0, 10, 0), 1, model="qwen3-max"),
    case("new api logs", {"success": True, "data": {"items": [{"id": 1, "created_at": 1793800000, "type": 2, "username": "u", "token_name": "t", "model_name": "gpt-5", "quota": 900, "prompt_tokens": 100, "completion_tokens": 10, "use_time": 3, "other": '{"cache_tokens": 60, "model_ratio": 1}'}], "total": 1}}, (40, 60, 0, 0, 10, 0), 1, model="gpt-5"),
    case("kong in lines with a failed one", lines({"started_at": 1793800000000, "ai": {"ai-proxy": {"usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11, "cost": 0.1}, "meta": {"response_model": "gpt-5", "request_model": "gpt"}}}, "response": {"status": 200}},
         {"started_at": 1793800001000, "ai": {"ai-proxy": {"usage": {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}, "meta": {"response_model": "gpt-5"}}}, "response": {"status": 502}}), (5, 0, 0, 0, 6, 0), 1, model="gpt-5"),
    case("openai usage api", {"object": "page", "data": [{"object": "bucket", "start_time": 1793750400, "end_time": 1793836800, "results": [{"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 800, "input_audio_tokens": 0, "num_model_requests": 5, "model": "gpt-5", "batch": False, "service_tier": "default"},
         {"object": "organization.usage.completions.result", "input_tokens": 10, "output_tokens": 5, "input_cached_tokens": 0, "num_model_requests": 1, "model": "gpt-5", "batch": True}]}, {"object": "bucket", "start_time": 1793836800, "end_time": 1793923200, "results": []}], "has_more": False}, (210, 800, 0, 0, 505, 0), 2, requests=6, ts="2026-11-04T00:00:00Z", bucket=True),
    case("openai embeddings usage api", {"data": [{"start_time": 1793750400, "end_time": 1793836800, "results": [{"object": "organization.usage.embeddings.result", "input_tokens": 16, "num_model_requests": 2, "model": "text-embedding-3-small"}]}]}, (16, 0, 0, 0, 0, 0), 1, requests=2, bucket=True),
    case("anthropic usage report", {"data": [{"starting_at": "2026-11-05T00:00:00Z", "ending_at": "2026-11-06T00:00:00Z", "results": [{"uncached_input_tokens": 1500, "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500}, "cache_read_input_tokens": 200, "output_tokens": 500, "server_tool_use": {"web_search_requests": 10}, "model": "claude-opus-4-7", "service_tier": "batch", "context_window": "0-200k"}]}], "has_more": False},
         (1500, 200, 500, 1000, 500, 0), 1, model="claude-opus-4-7", bucket=True),
    case("dify messages", {"data": [{"id": "m", "created_at": 1793800000, "message_tokens": 100, "answer_tokens": 10, "provider_response_latency": 2.5, "total_price": "0.01", "currency": "USD"}]}, (100, 0, 0, 0, 10, 0), 1, paid=0.01),
    case("n8n", {"json": {"tokenUsage": {"completionTokens": 10, "promptTokens": 100, "totalTokens": 110}}}, (100, 0, 0, 0, 10, 0), 1),
    case("promptfoo", {"results": {"stats": {"successes": 2, "tokenUsage": {"total": 33, "prompt": 30, "completion": 3, "cached": 0}}, "results": [{"provider": {"id": "openai:gpt-5"}, "response": {"tokenUsage": {"total": 11, "prompt": 10, "completion": 1}}, "success": True, "tokenUsage": {"total": 11, "prompt": 10, "completion": 1}}, {"provider": {"id": "openai:gpt-5"}, "response": {"tokenUsage": {"total": 22, "prompt": 20, "completion": 2}}, "success": True}]}}, (30, 0, 0, 0, 3, 0), 2),
    case("status codes and cancelled", lines({"model": "m", "input_tokens": 5, "output_tokens": 6, "status_code": 429}, {"model": "m", "input_tokens": 5, "output_tokens": 6, "status": -3}, {"model": "m", "input_tokens": 5, "output_tokens": 6, "cancelled": True}, {"model": "m", "input_tokens": 5, "output_tokens": 6, "error": {"message": "x"}}, {"model": "m", "input_tokens": 5, "output_tokens": 6, "status": "200", "error": ""}), (5, 0, 0, 0, 6, 0), 1),
    case("a request id twice", lines({"request_id": "a", "input_tokens": 5, "output_tokens": 6}, {"request_id": "b", "input_tokens": 5, "output_tokens": 6}, {"request_id": "a", "input_tokens": 5, "output_tokens": 6}), (10, 0, 0, 0, 12, 0), 2),
    case("days are sums", lines({"date": "2026-11-01", "model": "m", "input_tokens": 5, "output_tokens": 6}, {"date": "2026-11-02", "model": "m", "input_tokens": 5, "output_tokens": 6}), (10, 0, 0, 0, 12, 0), 2, bucket=True),
    case("longer than any context", lines({"model": "m", "input_tokens": 50_000_000, "output_tokens": 6}), (50_000_000, 0, 0, 0, 6, 0), 1, bucket=True),
)  # fmt: skip

BENCHMARKS = (
    case("vllm detailed with a failed one", {"date": "20261105-080000", "backend": "vllm", "model_id": "llama", "num_prompts": 3, "completed": 2, "duration": 9.0, "total_input_tokens": 300, "total_output_tokens": 30, "input_lens": [100, 200, 50], "output_lens": [10, 20, 0], "ttfts": [0.1, 0.2, 0.0], "itls": [[], [], []], "errors": ["", "", "timed out"]}, (300, 0, 0, 0, 30, 0), 2, model="llama"),
    case("sglang summary", lines({"backend": "sglang", "model": "llama", "duration": 30.0, "completed": 40, "total_input_tokens": 4000, "total_output_tokens": 400, "request_throughput": 1.3}), (4000, 0, 0, 0, 400, 0), 1, requests=40, bucket=True),
    case("aiperf", lines({"metadata": {"request_start_ns": 1793800000000000000, "was_cancelled": False}, "metrics": {"input_sequence_length": {"value": 50, "unit": "tokens"}, "output_sequence_length": {"value": 9, "unit": "tokens"}, "time_to_first_token": {"value": 250, "unit": "ms"}}, "error": None},
         {"metadata": {"request_start_ns": 1793800001000000000}, "metrics": {"input_sequence_length": {"value": 50, "unit": "tokens"}, "output_sequence_length": {"value": 1, "unit": "tokens"}}, "error": {"code": 500}}), (50, 0, 0, 0, 9, 0), 1),
    case("llmperf", [{"error_code": None, "error_msg": "", "ttft_s": 0.3, "end_to_end_latency_s": 3.2, "number_total_tokens": 65, "number_output_tokens": 10, "number_input_tokens": 55}, {"error_code": 429, "error_msg": "rate", "number_total_tokens": 55, "number_output_tokens": 0, "number_input_tokens": 55}], (55, 0, 0, 0, 10, 0), 1),
    case("guidellm", {"metadata": {"version": 1}, "benchmarks": [{"id_": "b", "requests": {"successful": [{"request_id": "1", "prompt_tokens": 100, "output_tokens": 10, "start_time": 1793800000.5, "request_latency": 2.0, "time_to_first_token_ms": 90.0}, {"request_id": "2", "prompt_tokens": 100, "output_tokens": 10, "start_time": 1793800001.5}],
         "errored": [{"request_id": "3", "prompt_tokens": 100, "output_tokens": 0, "error": "x"}], "incomplete": [{"request_id": "4", "prompt_tokens": 100, "output_tokens": 3}], "total": None}, "metrics": {"prompt_token_count": {"successful": {"mean": 100.0, "total_sum": 200.0}}}}]}, (200, 0, 0, 0, 20, 0), 2, kind="guidellm", ts="2026-11-04T13:46:40.500000Z"),
    case("mooncake", lines({"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}, {"timestamp": 1_000_000_000 // 100, "input_length": 7, "output_length": 5, "hash_ids": [0]}), (6765, 0, 0, 0, 505, 0), 2, ts="0.0"),
    case("qwen-bailian", lines({"chat_id": 1, "timestamp": 0.25, "input_length": 5, "output_length": 6}, {"chat_id": 2, "timestamp": 7000.5, "input_length": 5, "output_length": 6}), (10, 0, 0, 0, 12, 0), 2, ts="0.25"),
)  # fmt: skip

MORE = (
 case("jaeger",{"data":[{"traceID":"t","spans":[{"traceID":"t","spanID":"1","references":[],"startTime":1793800000000000,"tags":[{"key":"gen_ai.operation.name","type":"string","value":"invoke_agent"},{"key":"gen_ai.usage.input_tokens","type":"int64","value":30},{"key":"gen_ai.usage.output_tokens","type":"int64","value":3}]},{"traceID":"t","spanID":"2","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"1"}],"startTime":1793800000000000,"tags":[{"key":"gen_ai.response.model","value":"gpt-5"},{"key":"gen_ai.usage.input_tokens","type":"int64","value":30},{"key":"gen_ai.usage.output_tokens","type":"int64","value":3}]}]}]},(30,0,0,0,3,0),1,model="gpt-5"),
 case("gemini telemetry",lines({"attributes":{"event.name":"gemini_cli.api_response","event.timestamp":"2026-11-05T08:00:00Z","model":"gemini-3-pro","status_code":200,"duration_ms":900,"input_token_count":100,"output_token_count":10,"cached_content_token_count":60,"thoughts_token_count":5,"tool_token_count":0,"total_token_count":115}}),(40,60,0,0,15,5),1,model="gemini-3-pro"),
 case("claude otel",lines({"body":"claude_code.api_request","attributes":{"event.name":"api_request","model":"claude-opus-4-7","input_tokens":"5","output_tokens":"6","cache_read_tokens":"70","cache_creation_tokens":"8","cost_usd":"0.1","duration_ms":"900"},"timestamp":"2026-11-05T08:00:00Z"}),(5,70,8,0,6,0),1,paid=.1),
 case("llamaindex",{"raw":{"model":"gpt-5","usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}},"additional_kwargs":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}},(5,0,0,0,6,0),1),
 case("cloudwatch",{"events":[{"timestamp":1793800000000,"message":json.dumps({"modelId":"anthropic.claude","schemaType":"ModelInvocationLog","input":{"inputTokenCount":5},"output":{"outputTokenCount":6}})},{"timestamp":1793800000000,"message":json.dumps({"modelId":"anthropic.claude","schemaType":"ModelInvocationLog","input":{"inputTokenCount":5},"output":{"outputTokenCount":6}})}]},(10,0,0,0,12,0),2,ts="2026-11-04T13:46:40Z"),
 case("aiperf summary",{"request_count":{"unit":"requests","avg":100.0},"input_sequence_length":{"unit":"tokens","avg":55.0},"output_sequence_length":{"unit":"tokens","avg":10},"total_isl":{"unit":"tokens","avg":5500.0},"total_osl":{"unit":"tokens","avg":1000.0},"input_config":{"endpoint":{"model_names":["llama"]}}},(5500,0,0,0,1000,0),1,requests=100,bucket=True),
 case("day map",{"2026-11-01":{"gpt-5":{"input_tokens":5,"output_tokens":6},"claude-opus-4-7":{"input_tokens":7,"output_tokens":8}},"2026-11-02":{"gpt-5":{"input_tokens":1,"output_tokens":2}}},(13,0,0,0,16,0),3,ts="2026-11-01",model="gpt-5",bucket=True),
 case("count repeats",lines({"input_tokens":100,"output_tokens":10,"count":5}),(500,0,0,0,50,0),1,requests=5,bucket=True),
 case("langfuse daily",{"data":[{"date":"2026-11-01","countTraces":5,"countObservations":9,"totalCost":.3,"usage":[{"model":"gpt-5","inputUsage":100,"outputUsage":10,"totalUsage":110,"countTraces":5,"countObservations":9,"totalCost":.3}]}]},(100,0,0,0,10,0),1,requests=9,bucket=True,paid=.3),
 case("openai list",{"object":"list","data":[{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5","created":1793800000,"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}},{"id":"chatcmpl-2","object":"chat.completion","model":"gpt-5","created":1793800000,"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}]},(10,0,0,0,12,0),2),
 case("helicone json",[{"response_id":"a","request_created_at":"2026-11-05T08:00:00Z","request_model":"claude-opus-4-7","response_status":200,"prompt_tokens":100,"completion_tokens":10,"prompt_cache_read_tokens":900,"prompt_cache_write_tokens":50,"cost":.1},{"response_id":"b","request_created_at":"2026-11-05T08:00:00Z","request_model":"claude-opus-4-7","response_status":-3,"prompt_tokens":100,"completion_tokens":10}],(100,900,50,0,10,0),1),
 case("ccusage blocks",{"blocks":[{"id":"2026-11-05T08:00:00.000Z","startTime":"2026-11-05T08:00:00.000Z","endTime":"2026-11-05T13:00:00.000Z","actualEndTime":"2026-11-05T09:00:00Z","isActive":False,"isGap":False,"entries":50,"tokenCounts":{"inputTokens":10,"outputTokens":20,"cacheCreationInputTokens":30,"cacheReadInputTokens":40},"totalTokens":100,"costUSD":.5,"models":["claude-opus-4-7"],"burnRate":None,"projection":None},{"id":"gap","startTime":"2026-11-05T13:00:00.000Z","isGap":True,"entries":0,"tokenCounts":{"inputTokens":0,"outputTokens":0,"cacheCreationInputTokens":0,"cacheReadInputTokens":0},"totalTokens":0,"costUSD":0,"models":[]}]},(10,40,30,0,20,0),1,bucket=True,paid=.5,model="claude-opus-4-7"),
 case("ccusage session",{"sessions":[{"sessionId":"a","inputTokens":10,"outputTokens":20,"cacheCreationTokens":30,"cacheReadTokens":40,"totalTokens":100,"totalCost":.5,"lastActivity":"2026-11-05","modelsUsed":["claude-opus-4-7"],"modelBreakdowns":[{"modelName":"claude-opus-4-7","inputTokens":10,"outputTokens":20,"cacheCreationTokens":30,"cacheReadTokens":40,"cost":.5}]}],"totals":{"inputTokens":10,"outputTokens":20,"cacheCreationTokens":30,"cacheReadTokens":40,"totalTokens":100,"totalCost":.5}},(10,40,30,0,20,0),1,bucket=True,paid=.5,ts="2026-11-05"),
 case("ccusage codex",{"daily":[{"date":"Nov 05, 2026","inputTokens":100,"cachedInputTokens":60,"outputTokens":10,"reasoningOutputTokens":4,"totalTokens":110,"costUSD":.2,"models":{"gpt-5":{"inputTokens":100,"cachedInputTokens":60,"outputTokens":10,"reasoningOutputTokens":4,"totalTokens":110,"isFallback":False}}}],"totals":{"inputTokens":100,"cachedInputTokens":60,"outputTokens":10,"reasoningOutputTokens":4,"totalTokens":110,"costUSD":.2}},(40,60,0,0,10,4),1,model="gpt-5",paid=.2,bucket=True,ts="2026-11-05"),
 case("anthropic 1h only total",{"id":"msg_1","type":"message","role":"assistant","model":"c","usage":{"input_tokens":5,"cache_creation_input_tokens":70,"cache_read_input_tokens":0,"output_tokens":6,"cache_creation":None}},(5,0,70,0,6,0),1),
 case("vercel logs ndjson",lines({"requestId":"a","model":"anthropic/claude-opus-4.7","usage":{"inputTokens":1000,"outputTokens":6,"cachedInputTokens":900,"totalTokens":1006},"providerMetadata":{"anthropic":{"usage":{"input_tokens":100,"cache_read_input_tokens":900,"cache_creation_input_tokens":0,"output_tokens":6},"cacheCreationInputTokens":0}}}),(100,900,0,0,6,0),1),
 case("user id is no request id",lines({"user":{"id":"u"},"model":"m","input_tokens":5,"output_tokens":6},{"user":{"id":"u"},"model":"m","input_tokens":5,"output_tokens":6}),(10,0,0,0,12,0),2),
 case("goose wrap cost eur",lines({"model":"m","input_tokens":5,"output_tokens":6,"cost":{"amount":1.5,"currency":"EUR"}}),(5,0,0,0,6,0),1),
 case("jsonl with doc prefix array lines","[\n{\"model\":\"m\",\"input_tokens\":5,\"output_tokens\":6},\n{\"model\":\"m\",\"input_tokens\":5,\"output_tokens\":6}\n]\n",(10,0,0,0,12,0),2),
 case("js trailing comma lines","{\"model\":\"m\",\"input_tokens\":5,\"output_tokens\":6},\n{\"model\":\"m\",\"input_tokens\":5,\"output_tokens\":6},\n",(10,0,0,0,12,0),2),
 case("syslog","Nov  5 08:00:00 host app[12]: {\"level\":\"info\",\"msg\":\"llm\",\"model\":\"m\",\"prompt_tokens\":5,\"completion_tokens\":6}\n",(5,0,0,0,6,0),1),
 case("docker",lines({"log":"{\"model\":\"m\",\"prompt_tokens\":5,\"completion_tokens\":6}\n","stream":"stdout","time":"2026-11-05T08:00:00.1Z"}),(5,0,0,0,6,0),1,ts="2026-11-05T08:00:00.100000Z"),
 case("docker prefixed",lines({"log":"2026-11-05 INFO usage {\"model\":\"m\",\"prompt_tokens\":5,\"completion_tokens\":6}\n","stream":"stdout","time":"2026-11-05T08:00:00.1Z"}),(5,0,0,0,6,0),1),
 case("error level info",lines({"level":"INFO","model":"m","usage":{"prompt_tokens":5,"completion_tokens":6},"error":False,"status":"completed","errors":[]}),(5,0,0,0,6,0),1),
 case("xai responses",{"object":"response","model":"grok-4","usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40},"output_tokens":60,"output_tokens_details":{"reasoning_tokens":50},"total_tokens":160,"num_sources_used":2}},(60,40,0,0,60,50),1),
 case("llm cli logs",[{"id":"a","model":"gpt-5","datetime_utc":"2026-11-05T08:00:00","input_tokens":5,"output_tokens":6,"token_details":{"prompt_tokens_details":{"cached_tokens":3}}}],(5,0,0,0,6,0),1),
 case("two keys batch results",{"results":[{"model":"m","usage":{"prompt_tokens":5,"completion_tokens":6}},{"model":"m","error":"x","usage":None}],"usage":{"prompt_tokens":5,"completion_tokens":6}},(5,0,0,0,6,0),1),
)  # fmt: skip

YET_MORE = (
 case("claude progress lines repeat subagent",lines(claude("m1","r1",5),{"type":"progress","sessionId":"s1","uuid":"x","timestamp":"2026-11-05T08:00:00Z","data":{"type":"agent_progress","message":{"type":"assistant","timestamp":"2026-11-05T08:00:00Z","requestId":"r9","message":claude("m9","r9",4)["message"]}}},{**claude("m9","r9",4),"isSidechain":True}),(14,18000,200,400,9,0),2),
 case("claude old costUSD no requestId",lines({"type":"assistant","sessionId":"s","uuid":"u1","costUSD":0.5,"timestamp":"2025-06-05T08:00:00Z","message":{"id":"msg_1","role":"assistant","model":"claude-sonnet-4","usage":{"input_tokens":4,"cache_creation_input_tokens":5,"cache_read_input_tokens":6,"output_tokens":7}}},{"type":"assistant","sessionId":"s","uuid":"u2","timestamp":"2025-06-05T08:00:01Z","message":{"id":"msg_1","role":"assistant","model":"claude-sonnet-4","usage":{"input_tokens":4,"cache_creation_input_tokens":5,"cache_read_input_tokens":6,"output_tokens":9}}}),(4,6,5,0,9,0),1),
 case("api error assistant",lines(claude("m1","r1",5),{**claude("m2","r2",0),"isApiErrorMessage":True,"message":{"id":"x","model":"<synthetic>","usage":{"input_tokens":0,"output_tokens":0}}}),(7,9000,100,200,5,0),1),
 case("codex compact new",lines({"timestamp":"2026-11-05T08:00:00Z","type":"turn_context","payload":{"model":"gpt-5"}},codex((1000,400,50,20),(1000,400,50,20)),codex((300,0,10,0),(300,0,10,0),"2026-11-05T08:05:00Z")),(900,400,0,0,60,20),2),
 case("codex exec dup item usage",lines({"type":"thread.started","thread_id":"t"},{"type":"turn.completed","usage":{"input_tokens":100,"cached_input_tokens":40,"output_tokens":5,"reasoning_output_tokens":2}}),(60,40,0,0,5,2),1),
 case("roo api_history taskHistory",[{"id":"1","ts":1793800000000,"task":"x","tokensIn":10,"tokensOut":20,"cacheWrites":30,"cacheReads":40,"totalCost":.5,"size":5}],(10,40,30,0,20,0),1,paid=.5),
 case("gemini cli stats json",{"response":"x","stats":{"models":{"gemini-2.5-pro":{"api":{"totalRequests":2,"totalErrors":0,"totalLatencyMs":500},"tokens":{"prompt":1000,"candidates":20,"total":1030,"cached":600,"thoughts":10,"tool":0}}},"tools":{"totalCalls":0}}},(400,600,0,0,30,10),1,requests=2,model="gemini-2.5-pro",bucket=True),
 case("qwen code",lines({"uuid":"a","sessionId":"s","type":"assistant","timestamp":"2026-11-05T08:00:00Z","model":"qwen3-coder","usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":10,"thoughtsTokenCount":0,"totalTokenCount":110,"cachedContentTokenCount":60}}),(40,60,0,0,10,0),1,model="qwen3-coder"),
 case("openai completions results array with n_requests 1",lines({"model":"gpt-5","n_requests":1,"input_tokens":5,"output_tokens":6}),(5,0,0,0,6,0),1,requests=1),
 case("crew",{"token_usage":{"total_tokens":110,"prompt_tokens":100,"cached_prompt_tokens":60,"completion_tokens":10,"successful_requests":3}},(40,60,0,0,10,0),1,requests=3,bucket=True),
 case("autogen summary",{"total_cost":.3,"gpt-5":{"cost":.3,"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}},(100,0,0,0,10,0),1,model="gpt-5",paid=.3),
 case("dspy",{"openai/gpt-5":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":0}}},(100,0,0,0,10,0),1,model="openai/gpt-5"),
 case("pydantic ai messages",[{"parts":[],"usage":{"input_tokens":100,"cache_write_tokens":0,"cache_read_tokens":60,"input_audio_tokens":0,"output_tokens":10,"details":{"reasoning_tokens":4}},"model_name":"gpt-5","timestamp":"2026-11-05T08:00:00Z","kind":"response"},{"parts":[],"kind":"request"}],(40,60,0,0,10,4),1),
 case("semantic err",lines({"model":"m","usage":{"prompt_tokens":5,"completion_tokens":6},"choices":[{"finish_reason":"length"}],"status":"incomplete"}),(5,0,0,0,6,0),1),
 case("fireworks perf",{"id":"x","object":"chat.completion","model":"accounts/fireworks/models/llama","usage":{"prompt_tokens":5,"total_tokens":11,"completion_tokens":6},"perf_metrics":{"prompt-tokens":"5","cached-prompt-tokens":"0","server-time-to-first-token":"0.02"}},(5,0,0,0,6,0),1),
 case("azure diag",{"records":[{"time":"2026-11-05T08:00:00Z","operationName":"ChatCompletions_Create","properties":json.dumps({"modelName":"gpt-5","promptTokens":100,"completionTokens":10})},{"time":"2026-11-05T08:00:00Z","operationName":"ChatCompletions_Create","properties":json.dumps({"modelName":"gpt-5","promptTokens":100,"completionTokens":10})}]},(200,0,0,0,20,0),2,ts="2026-11-05T08:00:00Z",model="gpt-5"),
 case("apim",lines({"time":"2026-11-05T08:00:00Z","resultType":"Succeeded","properties":{"backendResponseBody":json.dumps({"model":"gpt-5","usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}),"requestId":"q"}}),(5,0,0,0,6,0),1,model="gpt-5"),
 case("otlp lines one span each, parent later",lines(otlp(span("2","1",{"gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":1})),otlp(span("3","1",{"gen_ai.usage.input_tokens":20,"gen_ai.usage.output_tokens":2})),otlp(span("1",None,{"gen_ai.usage.input_tokens":30,"gen_ai.usage.output_tokens":3}))),(30,0,0,0,3,0),2),
 case("trace total with single llm",lines({"id":"t1","type":"trace","usage":{"input":10,"output":5,"total":15},"observations":[{"id":"o1","type":"GENERATION","usage":{"input":10,"output":5,"total":15},"model":"gpt-5"}]}),(10,0,0,0,5,0),1,model="gpt-5"),
 case("kong plugin real",lines({"ai":{"ai-proxy-advanced":{"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11,"time_to_first_token":100},"meta":{"request_model":"gpt-5"},"cache":{"cache_status":"Hit"}}},"response":{"status":200}}),(0,0,0,0,0,0),0),
 case("cf cached 0/1",lines({"model":"m","tokens_in":5,"tokens_out":6,"cached":0,"success":1},{"model":"m","tokens_in":5,"tokens_out":6,"cached":"true","success":"true"}),(5,0,0,0,6,0),1),
 case("sglang detailed",lines({"backend":"sglang","completed":2,"total_input_tokens":30,"total_output_tokens":3,"input_lens":[10,20],"output_lens":[1,2],"ttfts":[.1,.2],"errors":["",""]},{"backend":"sglang","completed":2,"total_input_tokens":30,"total_output_tokens":3,"input_lens":[10,20],"output_lens":[1,2]}),(60,0,0,0,6,0),4),
 case("inference-perf new",[{"start_time":1793800000.5,"end_time":1793800003.0,"request":"{\"model\":\"llama\",\"max_tokens\":5}","response":"{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}","info":{"input_tokens":5,"output_tokens":6},"error":None}],(5,0,0,0,6,0),1),
 case("openai images usage skip",{"data":[{"results":[{"object":"organization.usage.images.result","images":2,"num_model_requests":2,"model":"gpt-image"},{"object":"organization.usage.completions.result","input_tokens":5,"output_tokens":6,"num_model_requests":1,"model":"gpt-5"}]}]},(5,0,0,0,6,0),1,bucket=True),
 case("flat columns camel",lines({"modelName":"m","requestTime":"2026-11-05T08:00:00Z","inputTokens":1000,"cachedInputTokens":400,"outputTokens":5}),(600,400,0,0,5,0),1,ts="2026-11-05T08:00:00Z"),
 case("prompt/completion nested tokens",lines({"model":"m","tokens":{"prompt":5,"completion":6,"total":11}}),(5,0,0,0,6,0),1),
 case("helicone usage obj",lines({"model":"claude","usage":{"promptTokens":100,"completionTokens":5,"promptCacheReadTokens":900}}),(100,900,0,0,5,0),1),
 case("openai stream w/ obfuscation array sse prefixed event",'event: message\nid: 1\ndata: {"id":"c","object":"chat.completion.chunk","model":"m","usage":null}\n\nevent: message\ndata: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}\n\ndata: [DONE]\n',(5,0,0,0,6,0),1),
)  # fmt: skip
