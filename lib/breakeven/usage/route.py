"""By what a file is read, for its sums and for its single requests alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TypeAlias

from breakeven.usage.formats import ColumnMapping, Recognised, exports, recognise
from breakeven.usage.from_sums import unreadable
from breakeven.usage.gather import Source, gather, refusal_for
from breakeven.usage.gathered import Gathered
from breakeven.usage.kinds import Reader, exported, reader_of
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import OpenTable, open_table
from breakeven.usage.quotes import mend
from breakeven.usage.refusal import json_refusal, refusal
from breakeven.usage.sheets.columns import by_meaning, holds_text
from breakeven.usage.sheets.reader import read_sheet
from breakeven.usage.spool import Unreadable, make_plain
from breakeven.usage.sums import Problem
from breakeven.usage.table import Table
from breakeven.usage.time_unit import with_time_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """JSON that is read record by record, together with that of other files."""

    source: Source
    notes: Sequence[str]
    lost: Sequence[Problem] = ()
    """Records of a damaged document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A sheet that was read row by row."""

    gathered: Gathered
    notes: Sequence[str]


Routed: TypeAlias = Records | Rows | OpenTable
"""What a file came to; a table can be queried as long as it is open."""


@contextmanager
def routed(
    file: FilePath,
    name: str,
    folder: FilePath,
    mapping: ColumnMapping | None,
    limits: Limits,
    *,
    most_rows: int,
    ordered: bool = False,
) -> Iterator[Routed]:
    """Open a file by the reader that it is for.

    Parameters
    ----------
    file, name
        The file, and what to call it.
    folder
        Private folder for what is written on the way.
    mapping
        What the user corrected; JSON whose columns are named is read as a table of them.
    limits
        How much is read.
    most_rows
        Size up to which a sheet is read row by row. [bytes]
    ordered
        Rows of a table come in their order.

    Raises
    ------
    Unreadable
        If the file cannot be read.
    """
    plain = make_plain(file.absolute(), folder, limits)
    mapped = mapping is not None and not mapping.empty
    reader = Reader.TABLE if plain.parquet else reader_of(plain.path, limits)
    if reader is Reader.RECORDS and not mapped:
        yield Records(source=Source(path=plain.path, name=name), notes=plain.notes)
        return
    if reader is Reader.SHEET:
        whole = mend(plain.path, folder)
        plain = replace(plain, path=whole.path, notes=[*plain.notes, *whole.notes])
    if reader is Reader.SHEET and plain.path.stat().st_size <= most_rows:
        gathered = read_sheet(plain.path, name, folder, mapping, limits)
        if gathered is not None:
            yield Rows(gathered=gathered, notes=plain.notes)
            return
    with open_table(plain, mapping, limits, folder, ordered=ordered) as opened:
        table = opened.table
        if table.kind == "json" and not mapped and not exported(table.names):
            yield Records(
                source=Source(path=opened.file, name=name),
                notes=table.notes,
                lost=unreadable(table.lost, name),
            )
        else:
            yield opened


def recognised(table: Table, mapping: ColumnMapping | None) -> Recognised:
    """What the columns of an open table mean.

    Raises
    ------
    Unreadable
        If none of them hold tokens; the text says what the file is and what to give.
    """
    found = recognise(table.names, mapping, nested=True, kind=table.kind)
    if found is None or found.format.format_id == exports().plain.format_id:
        found = by_meaning(table, mapping) or found
        if found is not None and (mapping is None or mapping.empty) and holds_text(table, found):
            found = None
    if found is None:
        raise Unreadable(refusal(table.names))
    if found.format.refusal:
        raise Unreadable(found.format.refusal)
    return with_time_unit(found, table, mapping)


def gathered_records(sources: Sequence[Source], folder: FilePath, limits: Limits) -> Gathered:
    """Read JSON record by record, all files together, so that what one repeats of another counts once.

    Raises
    ------
    Unreadable
        If no file has usage; the text says what the first one is.
    """
    found = gather(sources, folder, limits)
    if found is None:
        raise Unreadable(refusal_for(sources) or json_refusal(sources[0].path, limits))
    return found
