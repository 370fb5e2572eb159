"""``breakeven calibrate``: fit the shipped measurements or your own, and say how wrong the fit is."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, day, pick, whole
from breakeven.question.scenario import AUTO, LIMITS

if TYPE_CHECKING:
    from breakeven.calibration.rows import Rows
    from breakeven.calibration.yours import OwnFit

REPRODUCED = 0.02
"""How far a refit may be from the committed number: other processors round differently. [0 to 1]"""

SPLIT_NAMES = ("cell", "model", "gpu", "shape", "concurrency", "parallel")


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("calibrate", help="fit efficiency rows to measured runs, with their error")
    command.add_argument(
        "files", nargs="*", metavar="FILE", help="JSON of vllm bench serve --save-detailed, or a CSV"
    )
    command.add_argument("--model", help="model of your runs")
    command.add_argument("--gpu", help="GPU of your runs")
    command.add_argument("--gpus", type=whole, default=1, help="GPUs of one replica")
    command.add_argument("--precision", default="fp16", choices=LIMITS["precision"].choices)
    command.add_argument("--kv-precision", default="fp16", choices=LIMITS["kv_precision"].choices)
    command.add_argument("--engine", default=AUTO, help="engine whose row your runs correct")
    command.add_argument(
        "--held-out", choices=SPLIT_NAMES, help="leave this out again instead of showing the committed errors"
    )
    command.add_argument(
        "--write", metavar="FOLDER", help="leave everything out (minutes), write both tables into a folder"
    )
    command.add_argument("--check", action="store_true", help="refit and compare with the committed table")
    command.add_argument(
        "--layouts",
        action="store_true",
        help="fit what data-parallel attention and separate pools add to the committed rows (minutes), "
        "after every new fit of those",
    )
    command.add_argument("--as-of", type=day, default=None, help="day that --write puts into the tables")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_calibrate)


def _calibrate(options: argparse.Namespace) -> int:
    from breakeven.tables.build import open_memory

    connection = open_memory()
    if options.files:
        return _own(options, connection)
    if options.layouts:
        return _layouts(options, connection)
    return _shipped(options, connection)


def _shipped(options: argparse.Namespace, connection: Any) -> int:
    """Fit the shipped rows and print the errors."""
    from breakeven.calibration.heldout import held_out
    from breakeven.calibration.parameters import SPLITS
    from breakeven.calibration.report import IN_SAMPLE, errors_of, halves, promises, table_residuals
    from breakeven.calibration.rows import rows_of
    from breakeven.calibration.table import calibrate, efficiency_csv, errors_csv, fit_groups, row_id
    from breakeven.tables import queries

    models = queries.models(connection)
    rows, left = rows_of(
        queries.benchmarks(connection),
        models=models,
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )
    if options.write:
        folder = Path(options.write)
        if not folder.is_dir():
            raise BadInput(f"breakeven calibrate: --write: {options.write}: no such folder")
        as_of = options.as_of or max(row.accessed for row in queries.sources(connection).values())
        result = calibrate(rows, models=models)
        (folder / "efficiency.csv").write_text(efficiency_csv(result.efficiencies, as_of), encoding="utf-8")
        (folder / "calibration_errors.csv").write_text(errors_csv(result, as_of), encoding="utf-8")
        residuals: dict[str, Mapping[str, Any]] = {IN_SAMPLE: result.in_sample, **result.held_out}
    else:
        values, in_sample = fit_groups(rows)
        committed = table_residuals(queries.calibration_errors(connection), rows)
        residuals = {**committed, IN_SAMPLE: in_sample}
        if options.held_out:
            residuals = {
                IN_SAMPLE: in_sample,
                options.held_out: held_out(rows, options.held_out),
            }
        if options.check:
            named = {row_id(name, rows): numbers for name, numbers in values.items()}
            fault = _fault(named, {row.efficiency_id: row for row in queries.efficiencies(connection)})
            if fault:
                print(f"breakeven calibrate: {fault}", file=sys.stderr)
                return 1
    errors = errors_of(rows, residuals)
    kept = promises(rows, residuals, halves(rows))
    order = {key: number for number, key in enumerate((IN_SAMPLE, *SPLITS))}
    errors.sort(key=lambda e: (e.quantity, order[e.left_out]))
    if options.json:
        report = {
            "rows": len(rows),
            "left_out": [{"benchmark_id": x.benchmark_id, "reason": x.reason} for x in left],
            "errors": [
                {
                    "quantity": e.quantity,
                    "left_out": e.left_out,
                    "rows": e.rows,
                    "n": e.n,
                    "median": e.median,
                    "mean": e.mean,
                }
                for e in errors
            ],
            "promises": [
                {"what": p.what, "limit": p.limit, "value": p.value, "n": p.n, "kept": p.kept} for p in kept
            ],
        }
        print(json.dumps(report, indent=2))
    else:
        _print_shipped(rows, len(left), errors, kept)
    return 0


def _layouts(options: argparse.Namespace, connection: Any) -> int:
    """Fit the layout rows on top of the committed efficiency rows and print their errors."""
    from breakeven.calibration.layouts import (
        PARAMETERS,
        calibrate_layouts,
        layout_errors_csv,
        layout_goals,
        layout_rows,
        layouts_csv,
    )
    from breakeven.tables import queries
    from breakeven.tables.records import LayoutError

    runs = queries.layout_runs(connection)
    rows = layout_rows(
        runs,
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        efficiencies=queries.efficiencies(connection),
        links=queries.node_links(connection),
    )
    folder = Path(options.write) if options.write else None
    if folder is not None and not folder.is_dir():
        raise BadInput(f"breakeven calibrate: --write: {options.write}: no such folder")
    result = calibrate_layouts(rows)
    if folder is not None:
        as_of = options.as_of or max(row.accessed for row in queries.sources(connection).values())
        (folder / "layouts.csv").write_text(layouts_csv(result.layouts, as_of), encoding="utf-8")
        errors = layout_errors_csv(rows, result, as_of)
        (folder / "layout_errors.csv").write_text(errors, encoding="utf-8")
    elif options.check:
        values = {row.layout_id: {name: getattr(row, name) for name in PARAMETERS} for row in result.layouts}
        fault = _fault(values, {row.layout_id: row for row in queries.layouts(connection)}, "layouts.csv")
        if fault:
            print(f"breakeven calibrate: {fault}", file=sys.stderr)
            return 1
    found = layout_goals(
        runs,
        [
            LayoutError(run_id=run, quantity=name, in_sample=math.exp(inside), by_cell=math.exp(outside))
            for name in result.unseen
            for run, inside, outside in zip(
                rows.run_id.tolist(), result.in_sample[name], result.unseen[name], strict=True
            )
        ],
    )
    if options.json:
        goals = [{"what": g.what, "limit": g.limit, "value": g.value, "n": g.n, "met": g.met} for g in found]
        print(json.dumps({"rows": len(rows), "goals": goals}, indent=2))
        return 0
    print(f"{len(rows):,} measured runs, each predicted by a fit that saw no run of its cell:")
    for goal in found:
        word = "met   " if goal.met else "MISSED"
        print(f"  {word} {goal.value:6.1%}, at most {goal.limit:.0%}: {goal.what} ({goal.n:,} runs)")
    return 0


def _fault(
    values: Mapping[str, Mapping[str, float]], table: Mapping[str, Any], file: str = "efficiency.csv"
) -> str | None:
    """Say where the committed table is not what a refit gives; None where it is."""
    for group, numbers in values.items():
        for name, value in numbers.items():
            committed = getattr(table.get(group), name, None)
            if committed is None or abs(value - committed) > REPRODUCED * value:
                return f"{file}: {group}: {name} is {committed}, the fit gives {value}"
    return None


def _print_shipped(rows: Rows, n_left: int, errors: Sequence[Any], kept: Sequence[Any]) -> None:
    from breakeven.calibration.report import LEFT_OUT, NAMES

    print(f"{len(rows):,} measured rows compared, {n_left:,} left out (--json says why).")
    print(f"{'quantity':<11} {'left out of the fit':<33} {'rows':<20} {'n':>5} {'median':>7} {'mean':>7}")
    for e in errors:
        print(
            f"{NAMES[e.quantity]:<11} {LEFT_OUT[e.left_out]:<33} {e.rows:<20} {e.n:>5,} "
            f"{e.median:>7.1%} {e.mean:>7.1%}"
        )
    print("Promised:")
    for p in kept:
        print(f"  {'kept  ' if p.kept else 'MISSED'} {p.value:>6.1%} of {p.limit:.0%}  {p.what} ({p.n} rows)")


def _own(options: argparse.Namespace, connection: Any) -> int:
    """Fit somebody's runs."""
    from breakeven.calibration.own import BadRuns
    from breakeven.calibration.yours import Setup, fit_files
    from breakeven.hosting import Unplaceable
    from breakeven.tables import queries

    for name in ("model", "gpu"):
        if getattr(options, name) is None:
            raise BadInput(f"breakeven calibrate: --{name} is needed: your runs do not say what they ran on")
    models, gpus = queries.models(connection), queries.gpus(connection)
    model = models[pick(models, options.model, "--model")]
    gpu = gpus[pick(gpus, options.gpu, "--gpu")]
    table = queries.efficiencies(connection)
    engine = pick([AUTO, *{row.engine for row in table}], options.engine, "--engine")
    precision = queries.precisions(connection)[options.precision]
    try:
        setup = Setup(
            model=model,
            gpu=gpu,
            n_gpus=options.gpus,
            precision=precision,
            notes=queries.benchmark_notes(connection),
            kv_precision=options.kv_precision,
        )
        files = [(path, _bytes(path)) for path in options.files]
        result, fitted = fit_files(files, setup, table, engine)
    except (BadRuns, Unplaceable) as reason:
        raise BadInput(f"breakeven calibrate: {reason}") from None
    if options.json:
        print(json.dumps(_own_json(result, fitted.faults, fitted.start.efficiency_id), indent=2))
    else:
        _print_own(result, fitted.faults, fitted.start.efficiency_id)
    return 0


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as reason:
        raise BadInput(f"breakeven calibrate: {path}: {reason.strerror or reason}") from None


def _own_json(result: OwnFit, problems: Sequence[str], start: str) -> dict[str, Any]:
    from dataclasses import asdict

    from breakeven.calibration.yours import summary_of

    return {
        "efficiency": {
            k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(result.efficiency).items()
        },
        "started_from": start,
        "covered": result.covered,
        "errors": summary_of(result),
        "problems": list(problems),
    }


def _print_own(result: OwnFit, problems: Sequence[str], start: str) -> None:
    from breakeven.calibration.report import NAMES
    from breakeven.calibration.yours import summary_of

    row = result.efficiency
    print(f"Fitted on {row.fitted_on}: {result.covered}.")
    for e in summary_of(result):
        unseen = "" if e["unseen"] is None else f", {e['unseen']:.1%} on runs that the fit did not see"
        print(
            f"{NAMES[e['quantity']]}: median error {e['after']:.1%} ({e['before']:.1%} with {start})"
            f"{unseen}, {e['n']} runs"
        )
    print(
        f"mfu {row.mfu:g}, mbu {row.mbu:g}, kv_mbu {row.kv_mbu:g}, link_share {row.link_share:g}; per step "
        f"{row.step_overhead_s * 1e3:g} ms and {row.layer_overhead_s * 1e6:g} µs a layer; "
        f"per prefill {row.prefill_overhead_s * 1e3:g} ms"
    )
    for problem in problems:
        print(f"Not read: {problem}")
