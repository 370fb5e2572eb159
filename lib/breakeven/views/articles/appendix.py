"""The 28 measured runs of the 2023 appendix: every derived column again, and our model beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import Service, static_batch
from breakeven.formulas.units import TERA
from breakeven.hosting import KV_BYTES, choose_profile, compute_class, engine_of, model_shape, replica_of
from breakeven.question.pages.articles import ARTICLE_DAY
from breakeven.views.articles.facts import Facts
from breakeven.views.articles.money import rent_per_second
from breakeven.views.articles.registry import recomputes
from breakeven.views.articles.transformer import HALF, decode_tokens_per_s, weights

DAY = ARTICLE_DAY
"""Day of the article."""
PARAMS = 70e9
"""Parameters that the article counts with. [-]"""
MODEL, GPU, GPUS, ENGINE = "llama-2-70b", "a100-80-sxm", 2, "tgi-2023"
RENT = "coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
RIVAL = "openai/gpt-3.5-turbo"
PEAK_FLOP_PER_S = 312e12
"""Peak of one GPU as the article states it. [FLOP/s]"""
PEAK_BYTES_PER_S = 1.5e12
"""Bandwidth that its share of the memory divides by; its text says 2.0e12. [B/s]"""
TIMER_S = 0.001
"""One step of the last digit of the times. [s]"""
RENT_STEP = 1e-6
"""The dollars per second are rounded to this before they are used, as the last digits show. [USD/s]"""
WITHIN = 0.01
"""A cell farther from its recomputed value than this is wrong. [0 to 1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One derived column of the appendix."""

    name: str
    """Field of :class:`breakeven.tables.records.AppendixRow`."""
    title: str
    last_digit: float
    """One step of the last digit printed, in the column's unit."""
    time: str
    """Measured time that it is derived from, whose rounding it inherits."""


COLUMNS: tuple[Column, ...] = (
    Column(name="ttft_s", title="TTFT [s]", last_digit=0.001, time="measured_ttft_s"),
    Column(
        name="tokens_per_s", title="Tokens/s, per sequence", last_digit=0.001, time="measured_completion_s"
    ),
    Column(name="tflops_per_gpu", title="TFLOP/s per GPU", last_digit=0.001, time="measured_ttft_s"),
    Column(name="tb_per_s_per_gpu", title="TB/s per GPU", last_digit=0.001, time="measured_completion_s"),
    Column(name="flops_share", title="Share of peak FLOP/s", last_digit=0.001, time="measured_ttft_s"),
    Column(name="memory_share", title="Share of 1.5 TB/s", last_digit=0.001, time="measured_completion_s"),
    Column(name="usd_per_1k_prompt", title="$ per 1K prompt", last_digit=1e-5, time="measured_ttft_s"),
    Column(
        name="usd_per_1k_completion",
        title="$ per 1K completion",
        last_digit=1e-5,
        time="measured_completion_s",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appendix:
    """The runs as arrays, one element a run."""

    batch: Floats
    prompt_tokens: Floats
    completion_tokens: Floats
    ttft_s: Floats
    """Measured. [s]"""
    completion_s: Floats
    """Measured. [s]"""
    printed: Mapping[str, Floats]
    """Derived columns as printed."""
    computed: Mapping[str, Floats]
    """The same columns from the measured times."""
    state: Mapping[str, Sequence[str]]
    """reproduces, rounds or wrong, cell by cell."""
    model_ttft_s: Floats
    """Predicted with the default profile. [s]"""
    model_completion_s: Floats
    """Predicted with the default profile. [s]"""

    @property
    def prompt_tokens_per_s(self) -> Floats:
        """Prompt tokens of the whole batch per second of the time to first token. [tokens/s]"""
        return self.batch * self.prompt_tokens / self.ttft_s

    @property
    def completion_tokens_per_s(self) -> Floats:
        """Completion tokens of the whole batch per second of the completion time. [tokens/s]"""
        return self.batch * self.completion_tokens / self.completion_s

    def error(self, quantity: str) -> Floats:
        """Predicted over measured less one, of ``ttft_s`` or ``completion_s``."""
        predicted: Floats = getattr(self, f"model_{quantity}")
        measured: Floats = getattr(self, quantity)
        return predicted / measured - 1


def rent(facts: Facts) -> float:
    """Dollars per second as the article's prices imply: rounded before use. [USD/s]"""
    exact = rent_per_second(facts, offer=RENT, day=DAY, gpus=GPUS)
    return round(exact / RENT_STEP) * RENT_STEP


def appendix_of(facts: Facts) -> Appendix:
    """Derive every column from the measured times, and predict the times."""
    rows = facts.appendix

    def of(field: str) -> Floats:
        return np.array([float(getattr(row, field)) for row in rows])

    batch, prompt, completion = of("batch_size"), of("prompt_tokens"), of("completion_tokens")
    ttft, whole = of("measured_ttft_s"), of("measured_completion_s")
    flop = 2 * PARAMS * batch * prompt
    read = weights(facts, params=PARAMS, bytes_per_weight=HALF)
    rate = completion / whole
    tflops, tb_per_s = flop / ttft / GPUS / TERA, read * rate / GPUS / TERA
    usd_per_s = rent(facts)
    computed = {
        "ttft_s": ttft,
        "tokens_per_s": rate,
        "tflops_per_gpu": tflops,
        "tb_per_s_per_gpu": tb_per_s,
        "flops_share": tflops * TERA / PEAK_FLOP_PER_S,
        "memory_share": tb_per_s * TERA / PEAK_BYTES_PER_S,
        "usd_per_1k_prompt": usd_per_s * ttft / (batch * prompt) * 1000,
        "usd_per_1k_completion": usd_per_s * whole / (batch * completion) * 1000,
    }
    printed = {column.name: of(column.name) for column in COLUMNS}
    state = {
        column.name: _states(printed[column.name], computed[column.name], column, of(column.time))
        for column in COLUMNS
    }
    service = predicted(facts, batch=batch, prompt=prompt, completion=completion)
    return Appendix(
        batch=batch,
        prompt_tokens=prompt,
        completion_tokens=completion,
        ttft_s=ttft,
        completion_s=whole,
        printed=MappingProxyType(printed),
        computed=MappingProxyType(computed),
        state=MappingProxyType(state),
        model_ttft_s=np.asarray(service.ttft_s),
        model_completion_s=completion * np.asarray(service.tpot_s),
    )


def _states(printed: Floats, computed: Floats, column: Column, time_s: Floats) -> list[str]:
    """Judge cells: half a step of the print, and what half a step of the measured time makes of it."""
    gap = np.abs(printed - computed)
    allowed = column.last_digit / 2 + computed * TIMER_S / 2 / time_s
    return [
        "reproduces" if g <= a * (1 + 1e-9) else "rounds" if g <= WITHIN * c else "wrong"
        for g, a, c in zip(gap, allowed, computed, strict=True)
    ]


def predicted(facts: Facts, *, batch: Floats, prompt: Floats, completion: Floats) -> Service:
    """Our model's times of such runs on the article's GPUs and engine, nothing tuned to a single run."""
    tables = facts.tables
    precision, gpu = tables.precisions["fp16"], facts.gpu(GPU)
    rate = compute_class(gpu, precision)
    profile = choose_profile(
        tables.efficiencies, engine=ENGINE, gpu=gpu, rate=rate, mode=Mode.STATIC, n_gpus=GPUS
    )
    return static_batch(
        model=model_shape(facts.model(MODEL), precision, KV_BYTES["fp16"]),
        replica=replica_of(gpu, GPUS, rate),
        engine=engine_of(profile.efficiency),
        batch=batch,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )


@recomputes
def cells_reproduced(facts: Facts, *, column: str) -> float:
    """Runs whose printed value follows from the measured time. [-]"""
    return float(sum(state == "reproduces" for state in appendix_of(facts).state[column]))


@recomputes
def ttft_from_flop(facts: Facts, *, row: str) -> float:
    """Time to first token that the printed TFLOP/s of a run imply. [s]"""
    run = facts.row(row)
    return 2 * PARAMS * run.batch_size * run.prompt_tokens / (run.tflops_per_gpu * TERA * run.gpu_count)


@recomputes
def prefill_bandwidth(facts: Facts, *, row: str) -> float:
    """Bandwidth of one GPU in a prefill, which reads the weights once. [B/s]"""
    run = facts.row(row)
    return weights(facts, params=PARAMS, bytes_per_weight=HALF) / run.measured_ttft_s / run.gpu_count


@recomputes
def memory_share_of(facts: Facts, *, row: str, bytes_per_s: float) -> float:
    """Share of a bandwidth that the decode of a run reached. [0 to 1]"""
    run = facts.row(row)
    rate = run.completion_tokens / run.measured_completion_s
    return weights(facts, params=PARAMS, bytes_per_weight=HALF) * rate / run.gpu_count / bytes_per_s


@recomputes
def runs_at_batch(facts: Facts, *, batch: float) -> float:
    """Measured runs at a batch. [-]"""
    return float(sum(row.batch_size == batch for row in facts.appendix))


@recomputes
def runs_of_completion(facts: Facts, *, completion: float) -> float:
    """Measured runs that generated so many tokens. [-]"""
    return float(sum(row.completion_tokens == completion for row in facts.appendix))


@recomputes
def measured_ttft(facts: Facts, *, row: str) -> float:
    """Time to first token of a run. [s]"""
    return facts.row(row).measured_ttft_s


@recomputes
def row_completion(facts: Facts, *, row: str) -> float:
    """Tokens that a run generated. [tokens]"""
    return facts.row(row).completion_tokens


@recomputes
def dearest_measured_prompt(facts: Facts) -> float:
    """Dearest measured prompt price. [USD per 1000 tokens]"""
    return float(appendix_of(facts).computed["usd_per_1k_prompt"].max())


@recomputes
def cheapest_measured_completion(facts: Facts) -> float:
    """Cheapest measured completion price. [USD per 1000 tokens]"""
    return float(appendix_of(facts).computed["usd_per_1k_completion"].min())


@recomputes
def measured_over_bandwidth(facts: Facts, *, bytes_per_s: float) -> float:
    """Median of measured over expected speed, one sequence, prompts up to 1,024 tokens. [-]"""
    expected = decode_tokens_per_s(facts, params=PARAMS, bytes_per_s=bytes_per_s)
    rates = [
        row.completion_tokens / row.measured_completion_s / expected
        for row in facts.appendix
        if row.batch_size == 1 and row.prompt_tokens <= 1024
    ]
    return float(np.median(rates))


@recomputes
def measured_gain(facts: Facts, *, few: str, many: str) -> float:
    """How far the completion price fell between two runs. [-]"""
    a, b = facts.row(few), facts.row(many)
    one = a.measured_completion_s / a.batch_size / a.completion_tokens
    return one / (b.measured_completion_s / b.batch_size / b.completion_tokens)


@recomputes
def measured_slowdown(facts: Facts, *, few: str, many: str) -> float:
    """How far the time to first token grew between two runs. [-]"""
    return facts.row(many).measured_ttft_s / facts.row(few).measured_ttft_s


@recomputes
def prefill_share_of_time(facts: Facts) -> float:
    """Median of time to first token over "time for completion". [0 to 1]"""
    return float(np.median([row.measured_ttft_s / row.measured_completion_s for row in facts.appendix]))
