"""Which reader a file is for, told from its beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import Any, TypeGuard

from breakeven.usage.formats import Path as Path_
from breakeven.usage.formats import Recognised, exports, recognise, recognise_export
from breakeven.usage.gather.records import records
from breakeven.usage.json_table import is_document, starts_json
from breakeven.usage.limits import Limits
from breakeven.usage.table import flat, head

SHEET_BYTES = 4_000_000
"""Sheets up to this size are read row by row, which takes a second and knows the whole of every column."""
SHORT_BYTES = 4_000_000
"""Shorter files of plain records are read one by one, which knows more of what their numbers say."""
LOOKED_AT = 50
"""Lines, or records, at the beginning of a file."""
_STREAM = re.compile(r"(event|id|retry):|data:\s*(\{|\[DONE\])|:")
BLOCKS = "hash_ids"
"""Key of the hashed blocks of a timed trace."""
OWN_READER = "opentelemetry"
"""Its spans repeat what the spans below them add up, which only reading them one by one shows."""


class Reader(Enum):
    """How a text file is read."""

    SHEET = auto()
    """Rows of cells."""
    TABLE = auto()
    """JSON of an export that is recognised: by statements over the file."""
    RECORDS = auto()
    """Any other JSON: usage objects, one by one."""


def reader_of(path: Path, limits: Limits) -> Reader:
    """Tell how a plain text file is read."""
    if not starts_json(path):
        return Reader.RECORDS if _holds_json(path) else Reader.SHEET
    if is_document(path):
        return Reader.TABLE
    first = [record.value for record in islice(records(path, limits, every=True), 20)]
    if path.stat().st_size > SHORT_BYTES and _plain(first):
        return Reader.TABLE
    found = recognise_export(list(dict.fromkeys(name for one in first for name in flat(one))), kind="json")
    if not _by_statements(found) or found.format.refusal:
        return Reader.RECORDS
    if found.format.time_unit_s == 1e-3 and not _quantised(first, found):
        return Reader.RECORDS  # other traces have these names too, and count in another unit
    return Reader.TABLE


def exported(names: Sequence[Path_]) -> bool:
    """Whether a JSON document with such keys is an export that is read by statements."""
    return _by_statements(recognise_export(names, kind="json"))


def _by_statements(found: Recognised | None) -> TypeGuard[Recognised]:
    return found is not None and found.format.format_id != OWN_READER


def _quantised(first: Sequence[Any], found: Recognised) -> bool:
    """Whether the first times are whole thousands, as those of a trace in milliseconds are.

    Where blocks are hashed in Mooncake's way, any whole numbers are its milliseconds.
    """
    keys = [path[0] for path in found.mapping.get("ts", ())]
    times = [one[key] for one in first if isinstance(one, dict) for key in keys if key in one]
    step = 1 if any(isinstance(one, dict) and isinstance(one.get(BLOCKS), list) for one in first) else 1000
    return bool(times) and all(isinstance(one, int) and one % step == 0 for one in times)


def _plain(first: Sequence[Any]) -> bool:
    """Whether records are flat, with plain columns of numbers: statements read a long file of such."""
    names = list(dict.fromkeys(name for one in first for name in flat(one)))
    found = recognise(names, kind="json")
    if (
        found is None
        or found.format.format_id != exports().plain.format_id
        or any(len(one) > 1 for one in names)
    ):
        return False
    counts = [path[0] for name in ("input", "output", "cache_read") for path in found.mapping.get(name, ())]
    return all(
        isinstance(one.get(key, 0), int | None) for one in first for key in counts if isinstance(one, dict)
    )


def _holds_json(path: Path) -> bool:
    """Whether most lines of a log or stream end with a JSON object."""
    lines = [line.strip() for line in head(path, 1 << 16).splitlines()[:LOOKED_AT] if line.strip()]
    streamed = sum(bool(_STREAM.match(line)) for line in lines)
    ended = sum(line.endswith(("}", "}'", '}"')) and '{"' in line and '{""' not in line for line in lines)
    return (
        bool(lines)
        and (streamed * 2 > len(lines) or ended * 2 >= len(lines))
        and any("{" in one for one in lines)
    )
