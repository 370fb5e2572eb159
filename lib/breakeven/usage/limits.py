"""How much of a file is read, and what its reader may take; an environment variable raises each limit.

Those that are the dashboard's alone are flags of ``breakeven serve`` as well (:data:`SERVED`): the variable
``BREAKEVEN_MAX_READER_MB`` is the flag ``--max-reader-mb``. They hold for each process of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

PREFIX = "BREAKEVEN_MAX_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one upload; each has the environment variable ``BREAKEVEN_MAX_`` and its name in capitals."""

    file_mb: int = 20_000
    """Size of the file as given. [MB]"""
    upload_mb: int = 2_000
    """Size of an upload to the dashboard. [MB]"""
    visitor_mb: int = 2_000
    """All uploads of one visitor together. [MB]"""
    uploads_mb: int = 8_000
    """All uploads of all visitors together, on the disk of the dashboard. [MB]"""
    unpacked_mb: int = 4_000
    """Size of a compressed file once unpacked. [MB]"""
    document_mb: int = 200
    """Size of a JSON document that has to be read in one piece. [MB]"""
    sheet_mb: int = 20
    """Size of a sheet that is read row by row where one scan does not do, which takes seconds. [MB]"""
    rows: int = 1_000_000_000
    """Rows."""
    columns: int = 2_000
    """Columns of one row."""
    line_kb: int = 4_000
    """Length of one line, and so of one cell. [kB]"""
    memory_mb: int = 400
    """Memory of the reader. [MB]"""
    threads: int = 2
    """Threads of the reader."""
    files: int = 1_000
    """Files of one pattern."""
    problem_rows: int = 100_000
    """Bad rows that are kept for the download."""
    groups: int = 200_000
    """Different models, tenants and minutes together."""
    reader_mb: int = 2_000
    """Memory of the process that reads one visitor's file. [MB]"""
    readers_mb: int = 4_000
    """Memory of all such processes together; who comes when it is taken waits. [MB]"""
    reader_s: int = 300
    """Computing time of such a process. [s]"""
    replayed: int = 2_000_000
    """Requests of a visitor's file that are replayed."""

    def variable(self, name: str) -> str:
        """Environment variable that raises a limit."""
        return PREFIX + name.upper()

    def too_much(self, what: str, name: str, unit: str) -> str:
        """Sentence about a limit that was passed."""
        return f"{what} the limit of {getattr(self, name):,} {unit}; set {self.variable(name)} to raise it."


SERVED = {
    "upload_mb": "largest upload [MB]",
    "visitor_mb": "all uploads of one visitor together [MB]",
    "uploads_mb": "all uploads together, on the disk [MB]",
    "reader_mb": "memory of the process that reads one visitor's file [MB]",
    "readers_mb": "memory of all such processes together; who comes when it is taken waits [MB]",
    "reader_s": "computing time of such a process [s]",
    "replayed": "requests of a visitor's file that are replayed",
}
"""Limits that are flags of ``breakeven serve``, in its words."""


class VisitorLimits(Limits):
    """The same limits, where who passes one is a visitor and can raise none."""

    def too_much(self, what: str, name: str, unit: str) -> str:
        """Sentence about a limit that was passed."""
        return f"{what} the limit of {getattr(self, name):,} {unit}."


def for_visitors(limits: Limits) -> VisitorLimits:
    """The limits, without the operator's advice.

    >>> for_visitors(Limits(rows=5)).too_much("The file has 6 rows, above", "rows", "rows")
    'The file has 6 rows, above the limit of 5 rows.'
    """
    return VisitorLimits(**{one.name: getattr(limits, one.name) for one in fields(limits)})


def limits_from(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits in force; a variable that is no positive whole number is passed over."""
    variables = os.environ if environment is None else environment
    changes = {}
    for one in fields(Limits):
        text = variables.get(PREFIX + one.name.upper(), "").strip()
        if text.isascii() and text.isdigit() and 0 < int(text) < 10**12:
            changes[one.name] = int(text)
    return replace(Limits(), **changes)
