"""Measured rows as arrays that one pass of the formulas predicts, each with the quantity it measured.

What a source measured decides what is compared: the first token and the time between tokens of a
closed loop of clients, the throughput of an offline run, the two times of a static batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.notes import Note, Notes
from breakeven.formulas.arrays import Floats
from breakeven.formulas.batch import batch_that_fits
from breakeven.formulas.parts import ModelShape, Part, Replica
from breakeven.hosting import (
    KV_BYTES,
    Unplaceable,
    architecture,
    compute_class,
    dated,
    model_shape,
    replica_of,
)
from breakeven.tables.records import Benchmark, BenchmarkNote, Gpu, Model, Precision

Texts = NDArray[np.str_]
Mask = NDArray[np.bool_]

ONLINE = "online"
"""A fixed number of clients, each sending its next request when the last one is answered."""
OFFLINE = "offline"
"""All requests at once, throughput over the whole run."""
STATIC = "static"
"""One batch, read together and decoded together."""
PREFILL = "prefill"
"""One prompt alone, time to the first token."""

OF = "/"
"""Between a group and the architecture that a configuration is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Measured rows; every field an array of one entry a row."""

    benchmark_id: Texts
    kind: Texts
    """What was measured: online, offline, static or prefill."""
    engine: Texts
    family: Texts
    """GPU family, as efficiency rows name it."""
    rate: Texts
    """Rate of the linear layers: fp16, fp8, fp4."""
    gpu_id: Texts
    model_id: Texts
    architecture: Texts
    """Models of one shape have one name: leaving one out must leave all out."""
    source_id: Texts
    year: Texts
    """Of the run or of its publication."""
    precision: Texts
    mixture: Mask
    """Mixture of experts."""
    model: ModelShape
    replica: Replica
    prompt: Floats
    """[tokens]"""
    completion: Floats
    """[tokens]"""
    clients: Floats
    """Clients of an online run, sequences of a static or offline one. [-]"""
    chunk: Floats
    """Tokens that one step takes at most, prompts cut to fit. [tokens]"""
    held_steps: Floats
    """Decode steps that the server was set to hold a prompt back. [-]"""
    slots: Floats
    """Sequences that run together: the clients, or what the memory holds. [-]"""
    tight: Mask
    """Clients of an online run that a cache of twice the bytes would not hold: some may have waited."""
    ttft_s: Floats
    """NaN: not measured. [s]"""
    tpot_s: Floats
    """NaN: not measured. [s]"""
    tokens_per_s: Floats
    """Completion tokens per second and GPU; NaN: not measured, or derived from the two times."""

    def __len__(self) -> int:
        """Rows."""
        return len(self.prompt)

    def take(self, keep: Mask | NDArray[np.intp]) -> Rows:
        """Some of the rows."""
        return some_of(self, keep)

    @property
    def group(self) -> Texts:
        """Engine, GPU family, rate and mode: what one efficiency row speaks of."""
        mode = np.where(self.kind == STATIC, "-static", "")
        return np.array(
            [f"{e}-{f}-{r}{m}" for e, f, r, m in zip(self.engine, self.family, self.rate, mode, strict=True)]
        )

    @property
    def today(self) -> Mask:
        """Rows of engines as they are now, not as they were in a named year."""
        return ~np.array([dated(engine) for engine in self.engine.tolist()], dtype=bool)

    @property
    def configuration(self) -> Texts:
        """Group and architecture: one model by one engine on one GPU at one rate; a static batch has none."""
        each = zip(self.group, self.architecture, self.kind == STATIC, strict=True)
        return np.array([group if static else f"{group}{OF}{model}" for group, model, static in each])

    @property
    def cell(self) -> Texts:
        """What repeats and client counts share: model, GPU, engine, mode, format, lengths, degree."""
        names = (self.architecture, self.gpu_id, self.engine, self.kind, self.precision, self.shape)
        each = zip(*names, np.asarray(self.replica.n_gpus), strict=True)
        return np.array(["/".join(map(str, parts)) for parts in each])

    @property
    def shape(self) -> Texts:
        """Prompt and completion length."""
        return np.array([f"{p:.0f}/{c:.0f}" for p, c in zip(self.prompt, self.completion, strict=True)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A measured row that nothing is compared with."""

    benchmark_id: str
    reason: str


def rows_of(
    benchmarks: Iterable[Benchmark],
    *,
    models: Mapping[str, Model],
    gpus: Mapping[str, Gpu],
    precisions: Mapping[str, Precision],
    notes: Sequence[BenchmarkNote],
) -> tuple[Rows, list[LeftOut]]:
    """Read the measured rows that a prediction can be held against, and say why others are left out."""
    found: list[dict[str, Any]] = []
    left: list[LeftOut] = []
    seen: dict[tuple[object, ...], str] = {}
    shapes: dict[tuple[str, str, str], ModelShape] = {}
    known = Notes(notes)
    for row in benchmarks:
        try:
            entry = _entry(row, models, gpus, precisions, shapes, known)
            same = tuple(entry[k] for k in ("engine", "gpu_id", "precision", "architecture", "n")) + tuple(
                entry[k] if entry[k] == entry[k] else None
                for k in ("prompt", "completion", "clients", "ttft_s", "tpot_s", "tokens_per_s")
            )
            if row.metric == "latency_pair" and same in seen:
                raise Unplaceable(f"the same measurement as {seen[same]}")
            seen.setdefault(same, row.benchmark_id)
            found.append(entry)
        except Unplaceable as reason:
            left.append(LeftOut(benchmark_id=row.benchmark_id, reason=str(reason)))
    return assemble(found), left


def _entry(
    row: Benchmark,
    models: Mapping[str, Model],
    gpus: Mapping[str, Gpu],
    precisions: Mapping[str, Precision],
    shapes: dict[tuple[str, str, str], ModelShape],
    notes: Notes,
) -> dict[str, Any]:
    """One measured row as values; raises Unplaceable with the reason to leave it out."""
    if row.ambiguous:
        raise Unplaceable(row.ambiguous)
    if row.gpu_id is None or row.engine is None or row.engine.startswith("api:"):
        raise Unplaceable("no GPU is named: an API, or hardware that is not in the table")
    if row.model_id is None:
        raise Unplaceable("the model is not in the table")
    if row.precision is None:
        raise Unplaceable("the source does not state the precision")
    parallel = row.parallelism or ""
    if parallel.startswith("DEP") or ("attnDP" in parallel and "attnDP1 " not in parallel):
        raise Unplaceable("attention in data parallel: another split than the formulas have")
    if " PP" in f" {parallel}" and "PP1" not in parallel:
        raise Unplaceable("pipeline parallel: another split than the formulas have")
    kind, prompt, completion, clients = _quantity(row, notes)
    model, gpu, precision = models[row.model_id], gpus[row.gpu_id], precisions[row.precision]
    rate = compute_class(gpu, precision)
    kv = "fp16" if rate == "fp16" else "fp8"
    key = row.model_id, row.precision, kv
    if key not in shapes:
        shapes[key] = model_shape(model, precision, KV_BYTES[kv])
    n = row.tensor_parallel or (1 if kind == OFFLINE and row.source_family.startswith("mlperf") else 0)
    if not n:
        raise Unplaceable("the source does not state how many GPUs share a layer")
    real = notes.of(Note.LENGTH_SHARE, row) or 1.0
    nan = float("nan")
    speed = row.output_tokens_per_s_per_gpu or nan
    return {
        "benchmark_id": row.benchmark_id,
        "kind": kind,
        "engine": row.engine,
        "family": gpu.gpu_family,
        "rate": rate,
        "gpu_id": row.gpu_id,
        "model_id": row.model_id,
        "architecture": architecture(model),
        "source_id": row.source_id,
        "year": f"{row.as_of:%Y}",
        "precision": row.precision,
        "mixture": bool(model.n_experts),
        "model": shapes[key],
        "replica": replica_of(gpu, n, rate),
        "n": n,
        "prompt": prompt * real,
        "completion": completion * real,
        "clients": clients,
        **set_up(notes, row),
        "ttft_s": row.ttft_s or nan,
        "tpot_s": nan if row.tpot_s is None else row.tpot_s,
        "tokens_per_s": speed if kind in (OFFLINE, STATIC) and row.tpot_s is None else nan,
    }


def _quantity(row: Benchmark, notes: Notes) -> tuple[str, float, float, float]:
    """What was measured, prompt and completion length, and how many sequences together."""
    prompt, completion = row.prompt_tokens, row.completion_tokens
    together = row.batch_size or notes.of(Note.BATCH, row)
    if row.mode == "mlperf-offline" and together and (assumed := notes.of(Note.PROMPT_TOKENS, row)):
        return OFFLINE, assumed, completion or 0.0, together
    if row.mode.startswith("mlperf"):
        raise Unplaceable("the table states no prompt length")
    if prompt is None or completion is None:
        raise Unplaceable("the source does not state the lengths")
    if row.metric == "ttft":
        return PREFILL, prompt, 1.0, 1.0
    if row.mode == "static-batch" and row.batch_size:
        return STATIC, prompt, completion, row.batch_size
    if row.mode == "offline-max-throughput" and row.output_tokens_per_s_per_gpu and together:
        return OFFLINE, prompt, completion, together
    if row.mode == "online-agg" and row.concurrency and row.ttft_s and row.tpot_s:
        return ONLINE, prompt, completion, row.concurrency
    raise Unplaceable("neither times nor a throughput with its batch")


def set_up(notes: Notes, row: Benchmark | None = None) -> dict[str, float]:
    """How a run was set up, as values of an entry; without a row, somebody's own run.

    Raises
    ------
    Unplaceable
        If the notes lack what holds of any run.
    """

    def usual(note: Note) -> float:
        value = notes.of(note, row)
        if value is None:
            raise Unplaceable(f"benchmark_notes has no {note} for it")
        return value

    requests = notes.of(Note.REQUESTS, row) or 0.0
    # A batch that is smaller than the runs of the same lengths was sent by itself.
    alone = row is not None and (row.batch_size or requests) < requests
    return {
        "chunk": usual(Note.STEP_TOKENS),
        "usable": usual(Note.USABLE_MEMORY),
        "held_steps": notes.of(Note.BATCH_WAIT_STEPS, row) or 0.0,
        "requests": 0.0 if alone else requests,
    }


Columns = TypeVar("Columns")


def some_of(columns: Columns, keep: Mask | NDArray[np.intp]) -> Columns:
    """Some of the rows of a record whose fields are arrays of one entry a row, or parts of such fields."""
    taken = {}
    for item in fields(columns):  # type: ignore[arg-type]
        value = getattr(columns, item.name)
        taken[item.name] = some_of(value, keep) if is_dataclass(value) else np.asarray(value)[keep]
    return type(columns)(**taken)


def stack(kind: type[Part], items: Sequence[Part]) -> Part:
    """Gather each field of the items into an array."""
    return kind(**{f.name: np.array([getattr(i, f.name) for i in items], dtype=float) for f in fields(kind)})


def _wide(model: ModelShape) -> ModelShape:
    """The same with a cache of twice the bytes: an fp8 cache is assumed, not known."""
    return replace(
        model,
        full_kv_bytes_per_token=2 * np.asarray(model.full_kv_bytes_per_token),
        sliding_kv_bytes_per_token=2 * np.asarray(model.sliding_kv_bytes_per_token),
    )


def assemble(found: Sequence[dict[str, Any]]) -> Rows:
    """Make arrays of entries and find out how many sequences run together."""

    def texts(name: str) -> Texts:
        return np.array([entry[name] for entry in found], dtype=str)

    def floats(name: str) -> Floats:
        return np.array([entry[name] for entry in found], dtype=float)

    model = stack(ModelShape, [entry["model"] for entry in found])
    replica = stack(Replica, [entry["replica"] for entry in found])
    prompt, completion, chunk = floats("prompt"), floats("completion"), floats("chunk")
    kind, clients, engine, requests = texts("kind"), floats("clients"), texts("engine"), floats("requests")
    usable = floats("usable")

    def fits(shape: ModelShape, kept: Floats) -> Floats:
        return np.maximum(
            1.0,
            batch_that_fits(
                model=shape,
                replica=replica,
                usable=usable,
                prompt_tokens=prompt,
                completion_tokens=kept,
            ),
        )

    # vLLM and SGLang admit while there is room now; TensorRT-LLM reserves the whole length.
    kept = np.where((kind == ONLINE) & (engine != "tensorrt-llm"), completion / 2, completion)
    slots = np.where(np.isin(kind, (ONLINE, OFFLINE)), np.minimum(clients, fits(model, kept)), clients)
    with np.errstate(divide="ignore", invalid="ignore"):
        evened = requests / np.ceil(requests / slots)
    slots = np.where((kind == OFFLINE) & (requests > 0), np.minimum(slots, evened), slots)
    crowded = (clients > fits(_wide(model), completion)) | (clients > chunk * completion / prompt)
    return Rows(
        benchmark_id=texts("benchmark_id"),
        kind=kind,
        engine=engine,
        family=texts("family"),
        rate=texts("rate"),
        gpu_id=texts("gpu_id"),
        model_id=texts("model_id"),
        architecture=texts("architecture"),
        source_id=texts("source_id"),
        year=texts("year"),
        precision=texts("precision"),
        mixture=np.array([entry["mixture"] for entry in found], dtype=bool),
        model=model,
        replica=replica,
        prompt=prompt,
        completion=completion,
        clients=clients,
        chunk=chunk,
        held_steps=floats("held_steps"),
        slots=slots,
        tight=(kind == ONLINE) & crowded,
        ttft_s=floats("ttft_s"),
        tpot_s=floats("tpot_s"),
        tokens_per_s=floats("tokens_per_s"),
    )
