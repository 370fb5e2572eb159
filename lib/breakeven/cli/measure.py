"""``breakeven measure``: time prefill and decode on the GPU at hand."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from breakeven.question.arguments import BadInput, pick, whole


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("measure", help="time prefill and decode on the GPU at hand")
    command.add_argument("--model", default="llama-3.1-8b", help="whose shape; the weights are random")
    command.add_argument("--precision", action="append", default=[], help="again for each; all by default")
    command.add_argument("--layers", type=whole, default=None, help="as many as fit by default")
    command.add_argument("--gpu", default=None, help="row of the GPU table to stand beside the result")
    command.add_argument("--backend", default="pytorch", choices=("pytorch", "numpy"))
    command.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"))
    command.add_argument("--quick", action="store_true", help="small sizes: a look, or a processor")
    command.add_argument("--out", type=Path, default=None, help="CSV that breakeven calibrate reads")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_measure)


def _measure(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from breakeven.measure.backend import Backend, NumpyBackend, TorchBackend, Unmeasurable
    from breakeven.measure.network import dimensions_of
    from breakeven.measure.report import as_csv, as_text, find_gpu
    from breakeven.measure.sweep import QUICK, measure
    from breakeven.tables import queries
    from breakeven.tables.build import open_memory

    if options.layers is not None and options.layers < 1:
        raise BadInput(f"breakeven measure: --layers must be at least 1, got {options.layers}")
    connection = open_memory()
    models, gpus = queries.models(connection), queries.gpus(connection)
    model = models[pick(models, options.model, "--model")]
    named = gpus[pick(gpus, options.gpu, "--gpu")] if options.gpu else None
    try:
        backend: Backend = NumpyBackend() if options.backend == "numpy" else TorchBackend(options.device)
        measured = measure(
            backend,
            dimensions_of(model),
            precisions=options.precision,
            n_layers=options.layers,
            plan=QUICK if options.quick else None,
            progress=lambda words: print(f"{words} …", file=sys.stderr),
        )
        if options.out:
            options.out.write_text(as_csv(measured, model.model_id), encoding="utf-8")
    except Unmeasurable as reason:
        raise BadInput(f"breakeven measure: {reason}") from None
    except OSError as reason:
        raise BadInput(
            f"breakeven measure: cannot write {options.out} ({reason.strerror}); choose another --out"
        ) from None
    gpu = named or find_gpu(gpus.values(), measured.device, measured.memory_bytes)
    if options.json:
        print(json.dumps({"model": model.model_id, "gpu": gpu and gpu.gpu_id} | asdict(measured), indent=2))
    else:
        print(as_text(measured, gpu))
        if options.out:
            print(f"Wrote {len(measured.rows)} rows to {options.out}.")
    return 0
