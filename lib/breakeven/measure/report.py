"""Rows of a measurement as CSV, and one page for a reader, beside the maker's figures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, fields

from breakeven.formulas.units import GIGA, TERA
from breakeven.measure.sweep import Measured, Row
from breakeven.tables.records import Gpu
from breakeven.words.numbers import number, percent, seconds


def find_gpu(gpus: Iterable[Gpu], device: str, memory_bytes: float) -> Gpu | None:
    """The device's row of ``gpus``, by the words of its name and its memory; None where that leaves doubt.

    Drivers write "NVIDIA H200" or "NVIDIA A100-SXM4-80GB"; the table's ids are ``h200-sxm``, ``a100-80-sxm``.
    """
    words = set(re.split(r"[^a-z0-9]+", device.lower()))
    found = [
        gpu
        for gpu in gpus
        if gpu.gpu_id.split("-")[0] in words
        and abs(memory_bytes / (gpu.memory_gb * GIGA) - 1) < 0.1
        and ("pcie" in words) == ("pcie" in gpu.gpu_id)
        and ("nvl" in words) == ("nvl" in gpu.gpu_id)
    ]
    return found[0] if len(found) == 1 else None


def as_csv(measured: Measured, model_id: str) -> str:
    """Write the rows, one line each; empty cells were not measured."""
    text = io.StringIO()
    own = [field.name for field in fields(Row)]
    writer = csv.DictWriter(text, ["model_id", "device", "mode", *own, "notes"], lineterminator="\n")
    writer.writeheader()
    scaled = _scaling(measured)
    for row in measured.rows:
        cells = {key: "" if value is None else value for key, value in asdict(row).items()}
        cells |= {key: f"{cells[key]:.6g}" for key in ("ttft_s", "tpot_s") if cells[key] != ""}
        writer.writerow(
            cells | {"model_id": model_id, "device": measured.device, "mode": "static", "notes": scaled}
        )
    return text.getvalue()


def as_text(measured: Measured, gpu: Gpu | None) -> str:
    """One page: rates beside the specification, then the steps."""
    lines = [f"{measured.device}, {measured.backend}; {_scaling(measured)}."]
    bandwidth = measured.memory_bytes_per_s / GIGA
    lines.append(f"Memory bandwidth, copying: {_beside(bandwidth, gpu.mem_bw_gb_s if gpu else None, 'GB/s')}")
    for rate in measured.rates:
        peak = _peak(gpu, rate.precision) if gpu else None
        lines.append(f"Matrices in {rate.precision}: {_beside(rate.flop_per_s / TERA, peak, 'TFLOP/s')}")
    if gpu is None:
        lines.append("No row of the GPU table has this device's name, so no specification stands beside it.")
    lines += [
        "",
        f"{'precision':<10}{'launch':<22}{'batch':>6}{'tokens':>8}{'prefill':>12}{'decode step':>14}",
    ]
    for row in measured.rows:
        times = ["–" if value is None else seconds(value) for value in (row.ttft_s, row.tpot_s)]
        lines.append(
            f"{row.precision:<10}{row.engine:<22}{row.concurrency:>6}{row.prompt_tokens:>8}"
            f"{times[0]:>12}{times[1]:>14}"
        )
    lines += [f"Not measured: {reason}." for reason in measured.left_out]
    return "\n".join(lines)


def _scaling(measured: Measured) -> str:
    run, all_ = measured.layers_run, measured.layers_of_model
    if run == all_:
        return f"all {all_} layers run, random weights"
    return f"{run} of {all_} layers run, random weights; times of the layers scaled by {all_}/{run}"


def _beside(reached: float, peak: float | None, unit: str) -> str:
    """A rate, and its share of the maker's figure where that is known."""
    text = f"{number(reached)} {unit}"
    return f"{text}, {percent(reached / peak)} of the maker's {number(peak)}" if peak else text


def _peak(gpu: Gpu, precision: str) -> float | None:
    """Dense peak of a number format. [TFLOP/s]"""
    if precision == "fp8":
        return gpu.fp8_dense_tflops
    return gpu.bf16_dense_tflops or gpu.fp16_dense_tflops
