"""``breakeven data model``: a Hugging Face ``config.json`` as the row to paste into ``models.csv``."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, pick, short

if TYPE_CHECKING:
    from breakeven.hosting.config_json import Read

_PROG = "breakeven data model"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_RELEASE = re.compile(r"20\d\d(-(0[1-9]|1[0-2]))?", re.ASCII)
_MOST_BYTES = 1_000_000
_NOT_IN_IT = {
    "family": "the family, such as llama",
    "release": "the year or month of the first release, such as 2026 or 2026-11 (--release)",
    "licence": "the licence of the weights (--licence)",
    "source_id": "the key of a row of sources.csv (--source)",
}
"""Cells that a row must have and that the command may not know, and what belongs there."""


def add(actions: Any) -> None:
    """Declare the action."""
    model = actions.add_parser("model", help="print the row of models.csv for a Hugging Face config.json")
    model.add_argument("config", type=Path, help="the file")
    model.add_argument("--name", type=_repository, default=None, metavar="ORG/NAME", help="its repository")
    model.add_argument("--source", default=None, metavar="ID", help="row of sources.csv where it was read")
    model.add_argument(
        "--release", type=_release, default=None, help="year or year-month of the first release"
    )
    model.add_argument("--licence", type=str.strip, default=None, help="licence of the weights")
    model.add_argument("--data", type=Path, default=None, help="folder of the CSV files")
    model.set_defaults(command=_model)


def _model(options: argparse.Namespace) -> int:
    from breakeven.hosting.config_json import read_config
    from breakeven.paths import DATA

    folder = options.data or DATA
    header, models = _table(folder / "models.csv", ("model_id", "family"))
    _, sources = _table(folder / "sources.csv", ("source_id", "accessed"))
    days = {row["source_id"]: row["accessed"] for row in sources}
    if options.source is not None:
        pick(days, options.source, "--source")
    text = _text(options.config)
    read = read_config(text)
    if read.model is None:
        raise BadInput(f"{_PROG}: {options.config}: {read.problem}")
    name = (options.name or read.model.name).rpartition("/")[2]
    row = dimensions(read) | {
        "model_id": re.sub(r"[^a-z0-9._-]+", "-", name.lower()).lstrip("._-"),
        "name": name,
        "family": _family(text, {one["family"] for one in models}),
        "release": options.release or "",
        "hf_id": options.name or "",
        "licence": options.licence or "",
        "notes": _notes(read),
        "source_id": options.source or "",
        "locator": f"{options.name}, config.json" if options.name else "config.json",
        # A row was checked when its source was read; the rules refuse a later day.
        "as_of": days[options.source] if options.source else date.today().isoformat(),
    }
    _refuse_second(str(row["model_id"]), models)
    csv.writer(sys.stdout, lineterminator="\n").writerow([row.get(column, "") for column in header])
    for column, what in _NOT_IN_IT.items():
        if not row[column]:
            print(f"{_PROG}: {column} is not in the file; fill in {what}.", file=sys.stderr)
    return 0


def _repository(text: str) -> str:
    if not _REPOSITORY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{short(text)}' is not a repository like Qwen/Qwen3-8B")
    return text


def _release(text: str) -> str:
    if not _RELEASE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{short(text)}' is no year or month like 2026-11")
    return text


def _table(path: Path, needed: Sequence[str]) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a table as they stand."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restval="")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as reason:
        why = getattr(reason, "strerror", None) or str(reason)
        raise BadInput(f"{_PROG}: {path}: cannot be read: {why}") from None
    header = list(reader.fieldnames or ())
    missing = [column for column in needed if column not in header]
    if missing:
        raise BadInput(f"{_PROG}: {path}: the header lacks {missing[0]}")
    return header, rows


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")
    except OSError as reason:
        why = reason.strerror or "cannot be read"
        raise BadInput(f"{_PROG}: {path}: {why}") from None


def dimensions(read: Read) -> dict[str, object]:
    """Cells that come out of the file, written as the tables write them."""
    assert read.model is not None
    written: dict[object, str] = {None: "", True: "true", False: "false"}
    return {
        name: written[value] if value is None or isinstance(value, bool) else value
        for name, value in asdict(read.model).items()
    }


def _family(text: str, known: set[str]) -> str:
    """Family of the table that the file's ``model_type`` begins with, else that type less its version."""
    given = json.loads(text).get("model_type")
    kind = given.lower().replace("_", "-") if isinstance(given, str) else ""
    fits = [family for family in known if family and kind.startswith(family)]
    return max(fits, key=len) if fits else re.sub(r"[^a-z].*", "", kind)


def _notes(read: Read) -> str:
    """What whoever reads the row must know about its numbers."""
    assert read.model is not None
    total = "totals are computed from the dimensions of config.json, not the publisher's own figures"
    return "; ".join([total, *(note.rstrip(".") for note in read.notes)])


def _refuse_second(model_id: str, models: Sequence[dict[str, str]]) -> None:
    if not re.match(r"[a-z0-9]", model_id):
        raise BadInput(f"{_PROG}: the file gives the model no name; say --name ORG/NAME")
    for line, row in enumerate(models, start=2):
        if row["model_id"] == model_id:
            raise BadInput(f"{_PROG}: models.csv:{line}: model_id: there is a '{model_id}' already")
