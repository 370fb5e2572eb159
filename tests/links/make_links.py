"""Write ``links.jsonl``: 200 links of all pages with the answers that they give.

Run by hand with ``uv run python -m tests.links.make_links``, and only to add links of a new kind: the file
is kept so that a later version can be held against the answers of an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.hosting.config_json import configs
from tests.links import answers

KEPT = Path(__file__).with_name("links.jsonl")
README = Path(__file__).parents[2] / "README.md"
DAYS = (
    *("2023-07-20", "2023-11-01", "2024-03-01", "2024-07-01", "2025-01-15", "2025-06-01"),
    *("2026-02-01", "2026-06-01", "2026-10-15", "2026-11-21", "2026-11-21", "2026-11-21"),
)
MODELS = (
    *("llama-3.3-70b", "llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b", "llama-2-70b", "llama-2-13b"),
    *("mixtral-8x7b", "mixtral-8x22b", "deepseek-v3", "deepseek-r1", "deepseek-v3.2", "deepseek-v4-flash"),
    *("kimi-k2", "kimi-k2.5", "glm-5", "gpt-oss-120b", "gpt-oss-20b", "qwen3-30b-a3b", "qwen3-235b-a22b"),
    *("qwen2.5-72b", "qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b", "qwen3-32b", "qwen3-8b", "phi-4"),
    *("phi-3-medium", "llama-4-scout", "llama-4-maverick", "gemma-2-9b", "gemma-3-27b", "gemma-4-26b-a4b"),
    *("mistral-7b", "falcon-7b", "falcon-180b", "minimax-m2.5", "qwen3-coder-480b", "qwen3.5-27b"),
)
GPUS = (
    *("h100-sxm", "h100-sxm", "h200-sxm", "b200-sxm", "a100-80-sxm", "a100-80-pcie", "l40s", "a10g", "l4"),
    *("mi300x", "rtx4090", "h100-pcie", "gh200-96", "b300-sxm", "t4", "gb200", "tpu-v5e"),
)
UNDIVIDED = (("phi-4", "4"), ("phi-4", "8"), ("phi-3-medium", "4"), ("qwen2.5-7b", "8"), ("falcon-7b", "2"))
"""Models and counts of GPUs that their heads do not divide by."""
SPOILT: Sequence[Mapping[str, str | None]] = (
    {"gpus": "0"},
    {"gpus": "two"},
    {"precision": "fp12"},
    {"as_of": "2026-13-45"},
    {"as_of": "1999-01-01"},
    {"model": "gpt-9000-open"},
    {"api": "nobody/nothing"},
    {"gpu": "h900-sxm"},
    {"gpu_offer": "a-vanished-offer-2020-01-01"},
    {"engine": "yours-12345678"},
    {"cached_a": "4000", "prompt_a": "512"},
    {"ttft": "-1", "tpot": "nan"},
    {"utilisation": "1.5", "usable": "0"},
    {"requests": "1e400"},
    {"rate": "1_000"},
    {"resellers": "True"},
    {"colour": "blue", "utm_source": "mail"},
    {"v": "2"},
    {"v": None, "kv_precision": None, "mode": None},
    {"prompt_b": "٣", "completion_b": "12.5"},
    {"model": "<script>alert(1)</script>"},
    {"currency": "XXX", "per": "year"},
)
"""What is wrong with a link; None: the field is missing."""
SHORT = (
    "",
    "model=phi-4",
    "?model=llama-3.1-8b&gpu=l40s&gpus=1",
    "https://example.org/breakeven/?model=mixtral-8x7b&precision=int4#top",
    "model=llama-3.3-70b&model=phi-4&gpu=h100-sxm&gpus=4&gpus=8&gpus=16",
    "model=qwen2.5-72b&requests=5&per=month&w=1abc&deploy_hit=50&plan_percent=99",
    "as_of=2024-07-01&model=llama-2-70b&prompt_a=100000&completion_a=100",
    "model=deepseek-r1&gpu=h100-sxm&gpus=1",
)


class Maker:
    """Links out of one seed."""

    def __init__(self) -> None:
        self.random = Random(20261121)

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def some(self, values: Mapping[str, Sequence[str]], share: float) -> dict[str, str]:
        """Some of the fields, each with one of its values."""
        return {
            key: self.random.choice(texts) for key, texts in values.items() if self.random.random() < share
        }

    def scenario(self, **fixed: str) -> dict[str, str]:
        """A scenario without a mistake."""
        day = fixed.get("as_of") or self.pick(*DAYS)
        apis, gpus = answers.ids_on(date.fromisoformat(day))
        served = [model for model in MODELS if model in apis]
        # Half of them a model that an API sells that day: else there is nothing to compare.
        model = fixed.get("model") or self.pick(*(served if served and self.pick(True, False) else MODELS))
        gpu = fixed.get("gpu") or self.pick("cheapest", "cheapest", *self.random.sample(GPUS, 2))
        if gpu != "cheapest" and gpu not in gpus and "gpu" not in fixed and self.random.random() < 0.8:
            gpu = self.pick(*sorted(gpus))
        kind = "on-demand"
        if self.random.random() < 0.3:
            priced = {
                kind for of_gpu, offers in gpus.items() if gpu in ("cheapest", of_gpu) for kind, _ in offers
            }
            kind = self.pick(*sorted(priced), "reserved")
        offer = self.pick("median", "median", "cheapest", "dearest")
        if gpu in gpus and self.random.random() < 0.3:
            kind, offer = self.pick(*gpus[gpu])
        api = "cheapest"
        if self.random.random() < 0.3:
            api = self.pick(*(apis.get(model) or ["openai/gpt-4o", "openai/gpt-3.5-turbo"]))
        link = answers.usual_of("") | {"as_of": day, "model": model, "api": api, "gpu": gpu}
        link |= {"gpu_price_type": kind, "gpu_offer": offer, "gpus": self.pick("1", "2", "2", "4", "8", "3")}
        link["precision"] = self.pick("fp16", "bf16", "fp8", "fp8", "fp8", "int8", "int4", "fp4")
        link |= self.some(
            {
                "resellers": ("yes",),
                "kv_precision": ("fp8",),
                "engine": ("vllm", "sglang", "tensorrt-llm", "pooled"),
                "mode": ("static", "disaggregated"),
                "requests": ("0.02", "0.5", "3", "25", "400"),
                "batch": ("1", "8", "32", "64", "200"),
                "utilisation": ("0.1", "0.3", "0.75", "1"),
                "usable": ("0.8", "0.95", "1"),
                "overhead_percent": ("10", "35.5"),
                "overhead_month": ("200", "15000"),
            },
            0.25,
        )
        link |= self.some({"ttft": ("none", "0.3", "10"), "tpot": ("none", "0.02", "0.2")}, 0.5)
        if self.random.random() < 0.25:
            link |= {"per": "month", "requests": self.pick("10000", "3000000", "250000000")}
        if self.random.random() < 0.25:
            link |= dict([self.pick(("currency", "EUR"), ("currency", "JPY"), ("currency", "GBP"))])
            link["rate"] = {"EUR": "0.92", "JPY": "155.5", "GBP": "0.79"}[link["currency"]]
        for letter in "ab":
            if self.random.random() < 0.6:
                prompt, completion = self.pick(
                    *(("512", "16"), ("512", "512"), ("1000", "200"), ("200", "1500"), ("3000", "300")),
                    *(("8000", "500"), ("30000", "1000"), ("100000", "100"), ("1", "1"), ("128", "128")),
                )
                link |= {f"prompt_{letter}": prompt, f"completion_{letter}": completion}
            if self.random.random() < 0.25:
                link[f"cached_{letter}"] = str(int(link[f"prompt_{letter}"]) * 3 // 4)
        return link | fixed

    # --- pages --------------------------------------------------------------------------------------

    def compare_links(self) -> list[str]:
        """Links of the Compare page."""
        lines = README.read_text(encoding="utf-8").splitlines()
        links = [line.partition("](")[2].partition(")")[0] for line in lines if "](http://localhost" in line]
        links += SHORT
        for number, wrong in enumerate(SPOILT):
            link = self.scenario(
                as_of="2026-11-21",
                gpu="cheapest" if number % 2 else "h100-sxm",
                gpu_price_type="on-demand",
                gpu_offer="median",
            )
            link |= {key: text for key, text in wrong.items() if text is not None}
            links.append(written({key: text for key, text in link.items() if wrong.get(key, "") is not None}))
        repeated = written(self.scenario(model="llama-3.1-70b", as_of="2026-06-01"))
        links.append(f"http://10.0.0.7:8501/?{repeated}&model=phi-4&batch=7&batch=9#chart")
        links += [
            written(
                self.scenario(model=model, gpu="h100-sxm", gpus=gpus, as_of="2026-11-21")
                | {"gpu_price_type": "on-demand", "gpu_offer": "median", "precision": "fp8"}
            )
            for model, gpus in UNDIVIDED
        ]
        usual = answers.usual_of("")
        links += [
            written(usual | {"model": model, "precision": precision})
            for model, precision in (
                *(("phi-4", "fp16"), ("phi-3-medium", "fp16"), ("deepseek-r1", "fp8"), ("falcon-7b", "fp16")),
                *(("kimi-k2", "fp8"), ("kimi-k3", "fp4"), ("llama-3.1-405b", "fp16"), ("qwen2.5-7b", "fp8")),
                *(("deepseek-v4-pro", "fp4"), ("gpt-3-175b", "fp16"), ("llama-4-maverick", "fp16")),
            )
        ]
        while len(links) < 100:
            links.append(written(self.scenario()))
        return links

    def deploy_links(self) -> list[str]:
        """Links of the Deploy page."""
        typed = [
            answers.pasted_model(config)
            for config in (
                configs.LLAMA_31_8B
                | {
                    "num_hidden_layers": 40,
                    "hidden_size": 5120,
                    "num_attention_heads": 40,
                    "num_key_value_heads": 10,
                },
                configs.MIXTRAL_8X7B,
                configs.GEMMA_3_27B,
                configs.DEEPSEEK_V3,
            )
        ]
        also = {
            "deploy_shape": ("b", "own"),
            "deploy_prompt": ("250", "1500", "20000"),
            "deploy_completion": ("50", "900"),
            "deploy_hit": ("0", "35.5", "90"),
            "deploy_weights": ("none", "fp16", "fp16,fp8,int8,int4,fp4", "int4,fp4"),
            "deploy_cache": ("fp8", "fp16,fp8"),
            "deploy_modes": ("static", "continuous,static,disaggregated"),
        }
        owned = {
            "deploy_buy": ("12000", "45000"),
            "deploy_resale": ("5000",),
            "deploy_years": ("3", "5.5"),
            "deploy_interest": ("0", "11"),
            "deploy_watts": ("700", "1275"),
            "deploy_pue": ("1.1", "1.8"),
            "deploy_kwh": ("0.05", "0.31"),
            "deploy_hosting": ("0", "0.4"),
        }
        own_gpu = {
            "deploy_gpu_name": ("Next one", "Karte 7"),
            "deploy_gpu_memory": ("48", "192", "288"),
            "deploy_gpu_bandwidth": ("900", "8000"),
            "deploy_gpu_fp16": ("180", "2250"),
            "deploy_gpu_fp8": ("4500",),
            "deploy_gpu_fp4": ("9000",),
            "deploy_gpu_link": ("50", "900"),
            "deploy_gpu_usd": ("0.6", "5.5"),
        }
        guess = {"deploy_acceptance": ("55", "90"), "deploy_draft": ("1", "12")}
        spoilt: Sequence[dict[str, str]] = (
            {"deploy_weights": "fp16,fp12"},
            {"deploy_hit": "100", "deploy_shape": "c"},
            {"deploy_speed": "fast", "deploy_years": "soon"},
            {"deploy_price": "owned", "gpu": "cheapest"},
            {"deploy_model": "not a model"},
            {"deploy_drafts": "17", "deploy_gpu": "maybe"},
        )
        links = []
        for number in range(50):
            fixed = {"as_of": "2026-11-21"} if self.random.random() < 0.5 else {}
            if number % 3 == 0:
                fixed["gpu"] = "cheapest"
            page: dict[str, str] = self.some(also, 0.4)
            if number % 5 == 1:
                fixed["gpu"] = self.pick("h100-sxm", "b200-sxm", "l40s", "a100-80-sxm")
                page |= {"deploy_price": "owned"} | self.some(owned, 0.6)
            if number % 5 == 2:
                page |= {"deploy_gpu": "yes"} | self.some(own_gpu, 0.8)
            if number % 4 == 3:
                page |= {"deploy_drafts": self.pick("1", "3", "7")} | self.some(guess, 0.7)
            if number % 10 == 4:
                page["deploy_model"] = typed[number // 10 % len(typed)]
            link = self.scenario(**fixed) | answers.usual_of("deploy_") | page
            if number >= 44:
                link |= spoilt[number - 44]
            links.append(written(link))
        return links

    def train_links(self) -> list[str]:
        """Links of the Train page."""
        common = {
            "train_gpu": ("a100-80-sxm", "h200-sxm", "b200-sxm", "l40s", "mi300x"),
            "train_gpus": ("1", "64", "2048"),
            "train_usd_per_gpu_hour": ("1.2", "2.85"),
            "train_mfu": ("0.3", "0.45"),
            "train_days": ("none", "7", "90"),
            "train_budget": ("5000", "2000000"),
            "train_lost": ("0.1",),
            "train_sequence": ("2048", "8192", "32768"),
            "train_micro_batch": ("2", "4"),
            "train_recomputation": ("none", "full"),
            "train_zero": ("0", "1", "2"),
            "train_tensor": ("1", "4", "8"),
            "train_optimiser": ("adamw-8bit", "adamw-no-copy", "sgd"),
            "train_pue": ("1.05", "1.5"),
            "train_owned_usd": ("32000",),
            "train_usd_per_kwh": ("0.2",),
        }
        sizes = {
            "train_params_b": ("0.35", "7", "70", "405"),
            "train_tokens_b": ("none", "300", "15000"),
            "train_law": ("hoffmann-2022", "besiroglu-2024"),
        }
        tuning = {
            "train_method": ("full", "qlora"),
            "train_rank": ("4", "64"),
            "train_targets": ("attention", "query-value"),
            "train_examples": ("500", "27000", "1000000"),
            "train_example_tokens": ("300", "4000"),
            "train_epochs": ("1", "2.5"),
        }
        asked = {
            "train_labelled": ("0", "20000"),
            "train_label_usd": ("0.05",),
            "train_teacher": ("openai/gpt-4", "openai/gpt-4o", "nobody/nothing"),
            "train_rival": ("openai/gpt-3.5-turbo", "openai/gpt-4o-mini"),
            "train_requests": ("1000", "50000000"),
            "train_tuning_usd": ("6.6",),
            "train_serve_usd": ("0.024745",),
        }
        spoilt: Sequence[dict[str, str]] = (
            {"train_goal": "learn", "train_zero": "4"},
            {"train_active_b": "12"},
            {"train_params_b": "8", "train_active_b": "70"},
            {"train_gpu": "h900-sxm"},
            {"train_colour": "blue", "model": "gone-7b"},
        )
        links = []
        for number in range(30):
            goal = ("pretrain", "tune", "tune-or-prompt")[number % 3]
            page = {"train_goal": goal} | self.some(common, 0.25)
            page |= self.some(sizes, 0.5) if goal == "pretrain" else self.some(tuning, 0.5)
            if goal == "tune-or-prompt":
                page |= self.some(asked, 0.4)
            link = self.scenario() | answers.usual_of("train_") | page
            if number % 9 == 0 and "train_params_b" in page:
                link["train_active_b"] = "0.3"
            if number >= 25:
                link |= spoilt[number - 25]
            links.append(written(link))
        return links

    def read_links(self) -> list[tuple[str, str]]:
        """Links whose fields are only read, by page."""
        engine, carried = answers.calibration_for("vllm-h100-fp8", "llama-3.1-8b")
        usual = answers.usual_of("")
        own = usual | {"engine": engine, "model": "llama-3.1-8b"} | carried
        pages: Sequence[tuple[str, Mapping[str, str]]] = (
            (
                "prices",
                {"prices_tab": "History", "prices_models": "openai/gpt-4o|groq/x", "prices_score": "82"},
            ),
            ("prices", {"prices_tab": "Tables and SQL", "prices_sql": "SELECT gpu_id⏎FROM gpus⏎LIMIT 3"}),
            ("prices", {"prices_since": "2022-01-01", "prices_open": "yes", "prices_kind": "sideways"}),
            (
                "evidence",
                {"evidence_quantity": "ttft", "evidence_unseen": "model", "evidence_models": "mixtures"},
            ),
            ("evidence", {"evidence_by": "taste", "evidence_gpu": "h100", "evidence_engine": "vllm"}),
            ("numbers", {"numbers_part": "Prices", "numbers_find": "token ratio"}),
            ("method", {"method_find": "kv cache"}),
            ("articles", {"articles_document": "shrott", "articles_verdict": "wrong"}),
            ("articles", {"articles_document": "nature"}),
            ("plan", {"plan_percent": "99.5", "plan_routing": "round-robin", "plan_delay": "300"}),
            ("calibrated", own),
            ("calibrated", own | {"calibrated_numbers": "1~2", "calibrated_speed": "9"}),
        )
        return [(page, written(usual | adds)) for page, adds in pages]

    def digest_links(self) -> list[str]:
        """Links with a workload."""
        whole = (
            "by_hand.csv",
            "burstgpt.csv",
            "shape_conv.csv.gz",
            "claude_api_tokens.csv",
            "openai_usage_api.json",
        )
        links = [written({"w": answers.digest_of(sample)}) for sample in whole]
        usual = answers.usual_of("")
        other = {"as_of": "2024-07-01", "precision": "fp16", "gpu_price_type": "spot", "tpot": "none"}
        links.append(written(usual | other | {"w": answers.digest_of("litellm_spend_logs.csv")}))
        named = answers.digest_of("shape_code.csv.gz")
        links.append(
            written(usual | {"as_of": "2026-06-01", "w": named, "names": "a=openai/gpt-4o;b=nobody/x"})
        )
        links.append(written(usual | {"w": answers.digest_of("mooncake_trace.jsonl")[:-9]}))
        return links


def written(pairs: Mapping[str, str]) -> str:
    """A query as the pages write it."""
    return urlencode(pairs, safe="/:~")


def rows() -> list[dict[str, Any]]:
    """All links with their answers."""
    maker = Maker()
    found: list[dict[str, Any]] = []
    for link in maker.compare_links():
        row: dict[str, Any] = {"page": "compare", "link": link}
        why = answers.may_change(link)
        if why is not None:
            row["may_change"] = why
        found.append(row | {"answer": answers.answer_compare(link)})
    for link in maker.deploy_links():
        found.append({"page": "deploy", "link": link, "answer": answers.answer_deploy(link)})
    for link in maker.train_links():
        found.append({"page": "train", "link": link, "answer": answers.answer_train(link)})
    for page, link in maker.read_links():
        found.append({"page": page, "link": link, "answer": answers.answer_fields(page, link)})
    for link in maker.digest_links():
        found.append({"page": "workload", "link": link, "answer": answers.answer_digest(link)})
    return found


def main() -> None:
    """Write the file and say what is in it."""
    made = rows()
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for row in made]
    KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts: dict[str, int] = {}
    for row in made:
        for key in (row["page"], row.get("may_change", "")):
            counts[key] = counts.get(key, 0) + bool(key)
    others = [
        number
        for number, row in enumerate(made, start=1)
        if row["page"] == "compare"
        and "may_change" not in row
        and any(compare != deploy for compare, deploy in answers.recommended(row["link"]))
    ]
    print("Deploy chooses otherwise than Compare, though the answer may not change, in lines", others)
    print(f"{len(made)} links, {KEPT.stat().st_size / 1000:.0f} kB", counts)


if __name__ == "__main__":
    main()
