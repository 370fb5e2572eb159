# ruff: noqa: E501, SIM905
# fmt: off
"""Write ``data/samples/``: one small made-up file for every export that is recognised.

Run ``python tests/workload/make_samples.py`` from the repository's root. All numbers are invented,
with the column sets and the quirks of the real exports. The two trace shapes follow the published
statistics of the Azure 2023 traces (Patel et al., "Splitwise", 2023, section III): medians of prompt
and completion tokens 1,500 and 13 (coding), 1,020 and 129 (conversation).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2] / "data" / "samples"
START = datetime(2026, 11, 1, tzinfo=UTC)
MANIFEST: list[tuple[str, str, str, str, str]] = []


def note(file: str, format_id: str, title: str, description: str, shown: bool = False) -> Path:
    MANIFEST.append((file, format_id, title, description, "true" if shown else "false"))
    return HERE / file


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_lines(path: Path, records: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def lengths(random_: random.Random, median_in: float, median_out: float) -> tuple[int, int]:
    prompt = int(median_in * math.exp(random_.gauss(0, 0.9))) + 1
    return min(prompt, 60_000), max(1, min(int(median_out * math.exp(random_.gauss(0, 0.8))), 4_000))


def requests(count: int, seed: int, median_in: float = 1500, median_out: float = 200) -> list[dict[str, Any]]:
    r = random.Random(seed)
    made, at = [], START
    for number in range(count):
        at += timedelta(seconds=r.expovariate(1 / 1800))
        prompt, completion = lengths(r, median_in, median_out)
        made.append(
            {
                "n": number,
                "at": at,
                "prompt": prompt,
                "cached": prompt * r.choice((0, 0, 0, 1, 3)) // 4 // 128 * 128,
                "out": completion,
                "reasoning": completion // 3 if r.random() < 0.3 else 0,
                "user": r.choice(("ana", "ben", "chloé")),
                "s": 0.4 + completion * 0.02,
            }
        )
    return made


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def openai() -> None:
    days = range(14)
    header = "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_audio_tokens,output_audio_tokens".split(",")
    r, rows, api = random.Random(1), [], []
    for day in days:
        at = START + timedelta(days=day)
        t = int(at.timestamp())
        results = []
        for model, batch in (("gpt-4o-2024-08-06", "false"), ("gpt-4o-mini-2024-07-18", "false"), ("gpt-4o-mini-2024-07-18", "true")):
            n = r.randrange(80, 400)
            inputs, outputs = n * r.randrange(900, 2500), n * r.randrange(80, 300)
            cached = inputs // 4 if batch == "false" else 0
            rows.append([t, t + 86400, at.isoformat(), (at + timedelta(days=1)).isoformat(), "proj_demo", n, "", "", model, batch, "default", inputs, outputs, cached, inputs - cached, 0, 0])
            results.append({"object": "organization.usage.completions.result", "input_tokens": inputs, "output_tokens": outputs, "input_cached_tokens": cached, "input_audio_tokens": 0, "output_audio_tokens": 0, "num_model_requests": n, "project_id": None, "user_id": None, "api_key_id": None, "model": model, "batch": batch == "true"})
        api.append({"object": "bucket", "start_time": t, "end_time": t + 86400, "results": results})
    write_csv(note("completions_usage_openai.csv", "openai-usage-csv", "OpenAI usage export", "14 days of daily sums, one model also as batch"), header, rows)
    write_csv(note("completions_usage_openai_empty.csv", "openai-usage-empty", "OpenAI usage export without usage", "only the four time columns"), header[:4], [])
    write_csv(note("cost_openai.csv", "openai-cost-csv", "OpenAI cost export", "dollars only: refused with what to export instead"), "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,project_id".split(","), [[row[0], row[1], row[2], row[3], 1.25, "usd", "", "", "gpt-4o, input", "proj_demo"] for row in rows[::3]])
    note("openai_usage_api.json", "openai-usage-json", "OpenAI Usage API", "/v1/organization/usage/completions, daily buckets").write_text(json.dumps({"object": "page", "data": api, "has_more": False, "next_page": None}, indent=1), encoding="utf-8")
    write_csv(note("openai_legacy_usage.csv", "openai-legacy", "OpenAI legacy usage", "sums of 2023 and 2024"), "aggregation_timestamp,n_requests,operation,snapshot_id,n_context_tokens_total,n_generated_tokens_total,organization_id".split(","), [[1690000000 + 3600 * i, 10 + i, "completion", "gpt-4-0613" if i % 2 else "gpt-3.5-turbo-0613", 9000 + 700 * i, 2000 + 100 * i, "org-demo"] for i in range(24)])
    lines = []
    for q in requests(40, 2):
        usage = {"prompt_tokens": q["prompt"], "completion_tokens": q["out"], "total_tokens": q["prompt"] + q["out"], "prompt_tokens_details": {"cached_tokens": q["cached"]}, "completion_tokens_details": {"reasoning_tokens": 0}}
        failed = q["n"] == 7
        lines.append({"id": f"batch_req_{q['n']}", "custom_id": f"request-{q['n']}", "response": None if failed else {"status_code": 200, "request_id": f"r{q['n']}", "body": {"id": "chatcmpl-x", "model": "gpt-4o-mini-2024-07-18", "choices": [], "usage": usage}}, "error": {"code": "batch_expired", "message": "expired"} if failed else None})
    write_lines(note("openai_batch_output.jsonl", "openai-batch", "OpenAI Batch output", "40 requests, one failed; priced as batch"), lines)


def anthropic() -> None:
    r = random.Random(3)
    header = "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo".split(",")
    rows, report = [], []
    for day in range(10):
        at = START + timedelta(days=day)
        results = []
        for model, window in (("claude-sonnet-4-5-20250929", "≤ 200k"), ("claude-sonnet-4-5-20250929", "> 200k"), ("claude-haiku-4-5-20251001", "≤ 200k")):
            values = [r.randrange(100_000, 900_000), r.randrange(0, 300_000), r.randrange(0, 50_000), r.randrange(1_000_000, 8_000_000), r.randrange(50_000, 300_000)]
            rows.append([at.date().isoformat(), model, "demo-key", "Default", "Standard", window, *values, 0, "not_available"])
            results.append({"uncached_input_tokens": values[0], "cache_creation": {"ephemeral_5m_input_tokens": values[1], "ephemeral_1h_input_tokens": values[2]}, "cache_read_input_tokens": values[3], "output_tokens": values[4], "server_tool_use": {"web_search_requests": 0}, "api_key_id": None, "workspace_id": None, "model": model, "service_tier": "standard", "context_window": "0-200k" if window[0] == "≤" else "200k-1M"})
        report.append({"starting_at": iso(at), "ending_at": iso(at + timedelta(days=1)), "results": results})
    write_csv(note("claude_api_tokens.csv", "anthropic-usage-csv", "Anthropic console usage", "10 days, two models, long contexts apart", True), header, rows)
    old = "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens".split(",")
    write_csv(note("claude_api_tokens_older.csv", "anthropic-usage-csv", "Anthropic console usage, older", "one column of cache writes"), old, [[*row[:6], row[6], row[7], row[9], row[10]] for row in rows[:9]])
    write_csv(note("claude_api_cost.csv", "anthropic-cost-csv", "Anthropic console cost", "dollars only: refused with what to export instead"), "usage_date_utc,model,workspace,usage_type,context_window,token_type,cost_usd,cost_type".split(","), [["2026-11-01", "Claude Sonnet 4.5", "Default", "message", "≤ 200k", kind, 3.21, "token"] for kind in ("input_no_cache", "output")])
    note("anthropic_usage_report.json", "anthropic-usage-json", "Anthropic admin usage report", "/v1/organizations/usage_report/messages").write_text(json.dumps({"data": report, "has_more": False, "next_page": None}, indent=1), encoding="utf-8")


def gateways() -> None:
    q = requests(60, 4)
    write_csv(
        note("openrouter_activity.csv", "openrouter-activity", "OpenRouter activity", "60 generations with what was paid", True),
        "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,app_name,api_key_name".split(","),
        [[f"gen-{x['n']:04d}", x["at"].strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], round((x["prompt"] * 0.15 + x["out"] * 0.6) / 1e6, 8), 0, 0, 0, 0, x["prompt"], x["out"], x["reasoning"], x["cached"], ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4.5", "meta-llama/llama-3.3-70b-instruct")[x["n"] % 3], "OpenAI", "standard", "false", "true", "", "stop", "stop", int(x["s"] * 1000), 350, "demo", "key one"] for x in q],
    )
    write_csv(note("openrouter_grouped.csv", "openrouter-grouped", "OpenRouter activity, grouped", "daily sums by model"), "Date,Slug,Usage,Requests,BYOK Usage,Prompt Tokens,Completion Tokens,Reasoning Tokens".split(","), [[f"2026-11-{1 + i // 2:02d}", "openai/gpt-4o-mini" if i % 2 else "deepseek/deepseek-chat-v3.1", 0.02 * (i + 1), 10 + i, 0, 15_000 * (i + 1), 2_000 * (i + 1), 100 * i] for i in range(20)])
    write_csv(note("cursor_usage.csv", "cursor", "Cursor usage", "Included and paid requests; cache writes apart"), ["Date", "Kind", "Model", "Max Mode", "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read", "Output Tokens", "Total Tokens", "Cost"], [[iso(x["at"]), "Included" if x["n"] % 3 else "On-Demand", "claude-4.5-sonnet" if x["n"] % 2 else "auto", "No", x["prompt"] // 3, x["prompt"] // 5, x["prompt"] * 4, x["out"], x["prompt"] // 3 + x["prompt"] // 5 + x["prompt"] * 4 + x["out"], "Included" if x["n"] % 3 else "$0.42"] for x in q[:30]])
    write_csv(
        note("litellm_spend_logs.csv", "litellm", "LiteLLM spend logs", "cached tokens inside the metadata column"),
        "request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,completionStartTime,model,model_id,model_group,custom_llm_provider,api_base,user,metadata,cache_hit,cache_key,request_tags,team_id,end_user,requester_ip_address,messages,response,session_id,status".split(","),
        [[f"chatcmpl-{x['n']}", "acompletion", "hashed", round(x["prompt"] * 2.5e-6 + x["out"] * 1e-5, 8), x["prompt"] + x["out"], x["prompt"], x["out"], x["at"].strftime("%Y-%m-%d %H:%M:%S.%f"), (x["at"] + timedelta(seconds=x["s"])).strftime("%Y-%m-%d %H:%M:%S.%f"), "", "gpt-4o" if x["n"] % 2 else "openai/gpt-4o-mini", "", "", "openai", "", x["user"], json.dumps({"usage_object": {"prompt_tokens": x["prompt"], "completion_tokens": x["out"], "prompt_tokens_details": {"cached_tokens": x["cached"]}, "completion_tokens_details": {"reasoning_tokens": x["reasoning"]}}, "status": "success"}), "False", "", "[]", "team-a" if x["n"] % 2 else "team-b", "", "", "{}", "{}", "", "success" if x["n"] != 5 else "failure"] for x in q],
    )
    langfuse = []
    for x in q[:40]:
        generation = x["n"] % 4 != 3
        usage = {"input": x["prompt"] - x["cached"], "input_cached_tokens": x["cached"], "output": x["out"] - x["reasoning"], "output_reasoning_tokens": x["reasoning"], "total": x["prompt"] + x["out"]}
        langfuse.append({"id": f"obs-{x['n']}", "trace_id": f"trace-{x['n'] // 2}", "type": "GENERATION" if generation else "SPAN", "name": "answer", "start_time": iso(x["at"]), "end_time": iso(x["at"] + timedelta(seconds=x["s"])), "completion_start_time": iso(x["at"]), "provided_model_name": "gpt-4o-mini" if generation else None, "usage_details": usage if generation else {}, "cost_details": {}, "total_cost": 0.002 if generation else None, "latency": x["s"], "time_to_first_token": 0.4, "user_id": x["user"]})
    write_lines(note("langfuse_observations.jsonl", "langfuse", "Langfuse observations", "generations and spans; cached and reasoning apart"), langfuse)
    keys = list(langfuse[0])
    write_csv(note("langfuse_observations.csv", "langfuse", "Langfuse observations (CSV)", "the same, maps inside cells"), keys, [[json.dumps(o[k]) if isinstance(o[k], dict) else o[k] for k in keys] for o in langfuse])
    write_csv(note("helicone_requests.csv", "helicone", "Helicone requests", "one failed request"), "request_id,request_created_at,response_created_at,request_model,request_user_id,status,prompt_tokens,completion_tokens,total_tokens,delay_ms,cost,properties".split(","), [[f"req-{x['n']}", iso(x["at"]), "", "gpt-4o-mini", x["user"], 500 if x["n"] == 9 else 200, x["prompt"], x["out"], x["prompt"] + x["out"], int(x["s"] * 1000), 0.001, "{}"] for x in q[:30]])
    write_csv(note("portkey_logs.csv", "portkey", "Portkey logs", "one failed request"), "id,trace_id,created_at,ai_org,ai_model,req_units,res_units,total_units,cost,cost_currency,response_time,response_status_code,is_success,request_url".split(","), [[f"log-{x['n']}", "", iso(x["at"]), "anthropic" if x["n"] % 2 else "openai", "claude-3-5-haiku-20241022" if x["n"] % 2 else "gpt-4o-mini", x["prompt"], x["out"], x["prompt"] + x["out"], 0.1, "USD", int(x["s"] * 1000), 200, "false" if x["n"] == 4 else "true", "/v1/chat/completions"] for x in q[:30]])
    bedrock = [{"schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": iso(x["at"])[:19] + "Z", "accountId": "123456789012", "identity": {"arn": f"arn:aws:iam::123456789012:user/{x['user']}"}, "region": "us-east-1", "requestId": f"id-{x['n']}", "operation": "InvokeModel", "modelId": "anthropic.claude-3-5-sonnet-20241022-v2:0", "input": {"inputContentType": "application/json", "inputTokenCount": x["prompt"] - x["cached"]}, "output": {"outputContentType": "application/json", "outputBodyJson": {"usage": {"input_tokens": x["prompt"] - x["cached"], "cache_read_input_tokens": x["cached"], "cache_creation_input_tokens": 0, "output_tokens": x["out"]}}, "outputTokenCount": x["out"]}} for x in q[:40]]
    text = "".join(json.dumps(record) + "\n" for record in bedrock).encode()
    note("bedrock_invocations.jsonl.gz", "bedrock", "AWS Bedrock invocation log", "gzip, cached tokens outside the input").write_bytes(gzip.compress(text, mtime=0))


def traces() -> None:
    q = requests(50, 5, 900, 150)
    note("vllm_bench.json", "vllm-bench", "vLLM bench serve --save-detailed", "50 requests; also a benchmark to calibrate with").write_text(json.dumps({"date": "20261101-120000", "backend": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 50, "request_rate": 2.0, "duration": 31.5, "completed": 50, "input_lens": [x["prompt"] for x in q], "output_lens": [x["out"] for x in q], "start_times": [round(1000 + i * 0.5, 3) for i in range(50)], "ttfts": [0.08] * 50, "itls": [[0.011] * 3] * 50, "errors": [""] * 50}), encoding="utf-8")
    write_lines(note("mooncake_trace.jsonl", "mooncake", "Mooncake trace", "timed requests with blocks of 512 tokens"), [{"timestamp": 3000 * (x["n"] // 4), "input_length": x["prompt"], "output_length": x["out"], "hash_ids": list(range(x["prompt"] // 512 + 1))} for x in q])
    write_csv(note("azure_2024_week.csv", "azure-trace", "Azure trace of 2024", "times with a zone, some without a fraction"), ["TIMESTAMP", "ContextTokens", "GeneratedTokens"], [[(x["at"].replace(microsecond=0) if x["n"] % 7 == 0 else x["at"]).isoformat(sep=" "), x["prompt"], x["out"]] for x in q])
    write_csv(note("burstgpt.csv", "burstgpt", "BurstGPT trace", "seconds from the first day; an answer of 0 tokens failed"), ["Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"], [[x["n"] * 37, "GPT-4" if x["n"] % 3 == 0 else "ChatGPT", x["prompt"], 0 if x["n"] % 10 == 9 else x["out"], x["prompt"] + x["out"], "Conversation log"] for x in q])
    write_csv(note("burstgpt_v2.csv", "burstgpt", "BurstGPT trace, second version", "with sessions and times"), ["Timestamp", "Session ID", "Elapsed time", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"], [[x["n"] * 37.5, x["n"] // 3, round(x["s"], 2), "GPT-4", x["prompt"], x["out"], x["prompt"] + x["out"], "API log"] for x in q])
    spans = [{"name": "chat gpt-4o-mini", "startTimeUnixNano": str(int(x["at"].timestamp()) * 10**9), "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": str(x["prompt"]) if x["n"] % 2 else x["prompt"], "gen_ai.usage.output_tokens": x["out"], "gen_ai.usage.cache_read.input_tokens": x["cached"]}} for x in q]
    write_lines(note("otel_spans.jsonl", "opentelemetry", "OpenTelemetry spans", "some values are text"), spans)
    otlp = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "demo"}, "spans": [{"name": s["name"], "startTimeUnixNano": s["startTimeUnixNano"], "attributes": [{"key": k, "value": {"intValue": str(v)} if k.endswith("tokens") else {"stringValue": v}} for k, v in s["attributes"].items()]} for s in spans]}]}]}
    note("otlp_traces.json", "otlp", "OpenTelemetry export (OTLP JSON)", "the same as one document").write_text(json.dumps(otlp), encoding="utf-8")


def sheets() -> None:
    write_csv(note("splitwise_trace.csv", "splitwise", "splitwise-sim trace", "times in seconds from the start"), ["request_id", "request_type", "application_id", "arrival_timestamp", "batch_size", "prompt_size", "token_size"], [[n, 2, 0, n * 0.5, 1, 1500 - 10 * n, 100 + n] for n in range(20)])
    write_csv(note("copilot_premium.csv", "copilot-premium", "GitHub Copilot premium requests", "requests only: refused, with what to export instead"), ["date", "username", "product", "sku", "model", "quantity", "unit_type", "applied_cost_per_quantity", "gross_amount", "discount_amount", "net_amount"], [["2026-11-03", "dev1", "copilot", "copilot_premium_request", "Claude Sonnet 4.5", 3, "requests", 0.04, 0.12, 0.12, 0]])


def month() -> None:
    """An account as a company has one: four named models in three projects, quieter on weekends."""
    header = "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_audio_tokens,output_audio_tokens".split(",")
    r, rows = random.Random(31), []
    used = (("proj_support", "gpt-5.4-2026-03-05", "false", 1700, 3200, 420, 0.3), ("proj_support", "gpt-5.4-mini-2026-03-17", "false", 6500, 1600, 260, 0.2), ("proj_search", "gpt-4.1-mini-2025-04-14", "false", 9000, 700, 60, 0.0), ("proj_reports", "gpt-4o-2024-08-06", "true", 400, 5200, 900, 0.0))
    for day in range(31):
        at = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=day)
        t, busy = int(at.timestamp()), 0.35 if at.weekday() > 4 else 1.0
        for project, model, batch, mean, prompt, answer, cached in used:
            n = int(mean * busy * r.uniform(0.85, 1.15))
            inputs, outputs = int(n * prompt * r.uniform(0.9, 1.1)), int(n * answer * r.uniform(0.9, 1.1))
            hit = int(inputs * cached)
            rows.append([t, t + 86400, at.isoformat(), (at + timedelta(days=1)).isoformat(), project, n, "", "", model, batch, "default", inputs, outputs, hit, inputs - hit, 0, 0])
    write_csv(note("month_openai.csv", "openai-usage-csv", "A month of an OpenAI account", "October 2026, four models in three projects", True), header, rows)


def plain() -> None:
    write_csv(note("by_hand.csv", "plain", "Written by hand", "prompt and completion of a request, and how many there are", True), ["input_tokens", "output_tokens", "count"], [[4000, 250, 12000], [500, 60, 40000], [20000, 900, 300]])
    for name, seed, median_in, median_out, rate, title in (("code", 7, 1500, 13, 2.57, "Code completion"), ("conv", 8, 1020, 129, 5.53, "Conversation")):
        r = random.Random(seed)
        spread_in, spread_out = (0.95, 1.0) if name == "code" else (0.9, 0.85)
        at, rows = datetime(2023, 11, 16, 18, 15, tzinfo=UTC), []
        for _ in range(1800):
            at += timedelta(seconds=r.expovariate(rate))
            prompt = max(3, min(int(median_in * math.exp(r.gauss(0, spread_in))), 14_000))
            rows.append([at.strftime("%Y-%m-%d %H:%M:%S.%f") + "0", prompt, max(1, min(int(median_out * math.exp(r.gauss(0, spread_out))), 1_900))])
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["TIMESTAMP", "ContextTokens", "GeneratedTokens"])
        writer.writerows(rows)
        path = note(f"shape_{name}.csv.gz", "azure-trace", f"{title} (shape of the Azure 2023 trace)", f"1,800 requests drawn from the published medians, {median_in:,} in and {median_out} out", True)
        path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    makers: tuple[Callable[[], None], ...] = (openai, anthropic, gateways, traces, sheets, month, plain)
    for maker in makers:
        maker()
    write_csv(HERE / "manifest.csv", ["file", "format_id", "title", "description", "shown"], sorted(MANIFEST))


if __name__ == "__main__":
    main()
