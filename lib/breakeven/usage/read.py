"""A usage file to sums and problems.

DuckDB does the reading, on a connection of its own that can see one file and
nothing else. Nothing here raises over what a file contains, except
:class:`~breakeven.usage.spool.Unreadable` when no row of it can be read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import BinaryIO

from breakeven.usage import kinds
from breakeven.usage.files import files_of
from breakeven.usage.formats import ColumnMapping
from breakeven.usage.from_rows import workload_of_rows
from breakeven.usage.from_sums import Reading
from breakeven.usage.gather import Source
from breakeven.usage.json_table import starts_json
from breakeven.usage.large import agreed, sums_by_length, too_large
from breakeven.usage.limits import Limits, limits_from
from breakeven.usage.merge import merge
from breakeven.usage.open_table import OpenTable, open_table
from breakeven.usage.packed import shown_name, unpacked
from breakeven.usage.quotes import count_lines, mend
from breakeven.usage.route import Records, Rows, gathered_records, recognised, routed
from breakeven.usage.spool import Plain, Unreadable, make_plain
from breakeven.usage.sql import Edges
from breakeven.usage.statements import in_one_scan, summed
from breakeven.usage.stop import Stop, heeding
from breakeven.usage.sums import Problem, Tokens, Workload
from breakeven.usage.sums_file.read import read_sums
from breakeven.usage.sums_file.table import is_sums

__all__ = ["SHOWN_PROBLEMS", "Problem", "Tokens", "Workload", "read_workload"]

SHOWN_PROBLEMS = 100
MOST_IN_ALL = 10**18
"""Tokens beyond which a file is wrong; below, every product with a price is exact."""

Progress = Callable[[str], None]


def read_workload(
    path: str | FilePath | Sequence[FilePath],
    *,
    edges: Edges | None = None,
    mapping: ColumnMapping | None = None,
    limits: Limits | None = None,
    stream: BinaryIO | None = None,
    name: str | None = None,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Workload:
    """Read a file, a pattern of files, or standard input (``-``).

    Parameters
    ----------
    path
        File, pattern such as ``logs/*.jsonl``, list of files, or ``-``.
    edges
        Thresholds of the price list, see :func:`breakeven.apis.workloads.price_edges`;
        without them tiers and context windows are not told apart.
    mapping
        Columns that the user corrected.
    limits
        How much is read; by default from the environment.
    stream
        What ``-`` reads instead of standard input.
    name
        Name to show for the whole.
    names
        Names to show for the files of a list; by default their own.
    progress
        Is told in words what is being done.
    stop
        Lets another thread stop the read.

    Raises
    ------
    Stopped
        If ``stop`` was asked for; no copy of the file is left.
    Unreadable
        If no row can be read; the text says why and what was looked for.
    BadMapping
        If the mapping names a column that the file does not have.
    """
    limits = limits or limits_from()
    edges = edges or Edges()
    with heeding(stop), tempfile.TemporaryDirectory(prefix="breakeven-") as folder_name:
        folder = FilePath(folder_name)
        files = files_of(path, stream, folder, limits)
        files, names = unpacked(files, names or [file.name for file in files], folder, limits)
        shown = shown_name(
            name or (str(path) if isinstance(path, (str, FilePath)) else f"{len(files)} files")
        )
        reading = _Reading(folder=folder, edges=edges, mapping=mapping, limits=limits)
        for number, (file, own) in enumerate(zip(files, names, strict=True), start=1):
            if progress:
                progress(
                    f"Reading {shown}, file {number} of {len(files)}"
                    if len(files) > 1
                    else f"Reading {shown}"
                )
            try:
                reading.take(file, own, number)
            except Unreadable as refusal:
                if len(files) == 1:
                    raise
                reading.refusals.append(f"{own}: {refusal}")
        reading.take_records(shown, alone=len(files) == 1)
        parts, refusals = reading.parts, reading.refusals
        if not parts:
            raise Unreadable(" ".join(refusals[:3]))
        whole = merge(parts, shown, limits)
        sums = whole.tokens
        if max(sums.prompt, sums.output, sums.requests) > MOST_IN_ALL:
            raise Unreadable(f"The file adds up to more than {MOST_IN_ALL:,} tokens, which nothing can be.")
        return replace(whole, notes=(*whole.notes, *(f"Left out: {text}" for text in refusals)))


def _every_line(path: FilePath, read: Workload) -> bool:
    """Whether every line but the header is a row: then no cell has swallowed any."""
    return count_lines(path) == read.rows_read + 1


@dataclass(kw_only=True)
class _Reading:
    """Reads one file after the other; JSON that is read by records is kept to be read together."""

    folder: FilePath
    edges: Edges
    mapping: ColumnMapping | None
    limits: Limits
    parts: list[Workload] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost: list[Problem] = field(default_factory=list)
    """Records of damaged documents."""

    def take(self, file: FilePath, name: str, number: int) -> None:
        """Read one file, in one scan where every row of it is plain.

        Raises
        ------
        Unreadable
            If no row can be read.
        """
        folder = self.folder / f"part{number}"
        folder.mkdir()
        if is_sums(file, self.limits):
            self.parts.append(read_sums(file, name, self.edges, folder, self.limits))
            return
        notes: list[str] = []
        if file.stat().st_size > kinds.SHEET_BYTES and not starts_json(file):
            plain = make_plain(file.absolute(), folder, self.limits, thorough=False)
            read = self._quickly(plain, name, folder)
            if read is not None and not plain.parquet and not _every_line(plain.path, read):
                whole = mend(plain.path, folder)
                plain = replace(plain, path=whole.path)
                read = self._quickly(plain, name, folder) if whole.torn else read
                read = read and replace(read, notes=(*whole.notes, *read.notes))
            if read is not None:
                self.parts.append(read)
                return
            file, notes, folder = plain.path, plain.notes, folder / "again"
            folder.mkdir()
        most = max(kinds.SHEET_BYTES, self.limits.sheet_mb * 1_000_000)
        with routed(file, name, folder, self.mapping, self.limits, most_rows=most) as found:
            match found:
                case Records():
                    self.sources.append(found.source)
                    self.notes += [*notes, *found.notes]
                    self.lost += found.lost
                case Rows():
                    notes += found.notes
                    self.parts.append(workload_of_rows(found.gathered, name, self.edges, self.limits, notes))
                case OpenTable():
                    found.table.notes[:0] = notes
                    self.parts.append(self._summed(found, name, folder))

    def _quickly(self, plain: Plain, name: str, folder: FilePath) -> Workload | None:
        """Read a large sheet in one scan; None where it has to be read another way."""
        try:
            with open_table(plain, self.mapping, self.limits, folder) as opened:
                if opened.table.kind == "json":
                    return None
                asked = agreed(opened, self._asked(opened, name), self.mapping, folder)
                read = in_one_scan(opened, asked, folder)
                return None if read is None or sums_by_length(read, asked) else read
        except Unreadable:
            return None  # perhaps only its beginning; who reads it whole says why

    def _summed(self, opened: OpenTable, name: str, folder: FilePath) -> Workload:
        """Sum up one file by statements."""
        try:
            asked = self._asked(opened, name)
        except Unreadable:
            if opened.table.kind != "csv":
                raise
            why = too_large(opened, name, self.mapping, self.limits, folder)
            if not why:
                raise
            raise Unreadable(why) from None
        asked = agreed(opened, asked, self.mapping, folder)
        read = summed(opened, asked, folder)
        sums = sums_by_length(read, asked) if opened.table.kind == "csv" else None
        return read if sums is None else summed(opened, sums, folder)

    def _asked(self, opened: OpenTable, name: str) -> Reading:
        found = recognised(opened.table, self.mapping)
        return Reading(found=found, file=opened.file, name=name, edges=self.edges, limits=self.limits)

    def take_records(self, name: str, *, alone: bool) -> None:
        """Read the files of records together.

        Raises
        ------
        Unreadable
            If the only file has none.
        """
        if not self.sources:
            return
        folder = self.folder / "records"
        folder.mkdir()
        try:
            found = gathered_records(self.sources, folder, self.limits)
            found.rejected += self.lost
            found.seen += len(self.lost)
            shown = name if alone or len(self.sources) > 1 else self.sources[0].name
            self.parts.append(workload_of_rows(found, shown, self.edges, self.limits, self.notes))
        except Unreadable as refusal:
            if alone:
                raise
            self.refusals.append(str(refusal))
