"""Workbooks, archives and folders: the tables in them as files of their own."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from breakeven.usage.limits import Limits
from breakeven.usage.spool import CHUNK, MEGABYTE, Unreadable
from breakeven.usage.stop import heed_stop

READ = (
    ".csv",
    ".tsv",
    ".txt",
    ".md",
    ".json",
    ".jsonl",
    ".ndjson",
    ".log",
    ".parquet",
    ".gz",
    ".zst",
    ".xlsx",
    ".zip",
)
"""Ends of the names of files that are read in a folder or an archive."""
_WORKBOOK = "xl/workbook.xml"


def files_in(folder: Path, limits: Limits) -> list[Path]:
    """Files of a folder that may hold usage, those of folders in it too.

    Raises
    ------
    Unreadable
        If there is none, or more than the limit.
    """
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in READ and file.is_file())
    if not found:
        raise Unreadable(f"The folder '{folder}' has no file that can be read ({', '.join(READ[:8])} …).")
    if len(found) > limits.files:
        raise Unreadable(limits.too_much(f"The folder has {len(found):,} files, above", "files", "files"))
    return found


def is_zip(path: Path) -> bool:
    """Whether a file is an archive or a workbook, whatever its name says."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def unpack(path: Path, folder: Path, limits: Limits) -> list[tuple[Path, str]]:
    """Files of an archive, or sheets of a workbook as CSV, with their names.

    Raises
    ------
    Unreadable
        If it is damaged, encrypted, empty or unpacks to more than the limit.
    """
    folder.mkdir(exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            if _WORKBOOK in archive.namelist():
                _hold_size(archive, limits)
                return _sheets(path, folder)
            return _members(archive, folder, limits)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, ValueError, OSError) as error:
        what = "is encrypted" if "encrypted" in str(error) or "password" in str(error) else "is damaged"
        raise Unreadable(f"The zip archive or workbook {what} and cannot be opened.") from None


def _hold_size(archive: zipfile.ZipFile, limits: Limits) -> None:
    size = sum(one.file_size for one in archive.infolist())
    if size > limits.unpacked_mb * MEGABYTE:
        raise Unreadable(limits.too_much("The archive unpacks to more than", "unpacked_mb", "MB"))


def _members(archive: zipfile.ZipFile, folder: Path, limits: Limits) -> list[tuple[Path, str]]:
    """Unpack what may hold usage; what a file says of its own size is not believed."""
    infos = [
        one
        for one in archive.infolist()
        if not one.is_dir()
        and not one.filename.startswith("__MACOSX/")
        and not Path(one.filename).name.startswith(".")
        and Path(one.filename).suffix.lower() in READ
        and Path(one.filename).suffix.lower() != ".zip"
    ]
    if not infos:
        names = ", ".join(one.filename for one in archive.infolist()[:5]) or "nothing"
        raise Unreadable(f"The zip archive holds no table that can be read; it has {names}.")
    if len(infos) > limits.files:
        raise Unreadable(
            limits.too_much(f"The zip archive has {len(infos):,} files, above", "files", "files")
        )
    unpacked, size = [], 0
    for number, one in enumerate(infos):
        target = folder / f"member{number}{Path(one.filename).suffix.lower()}"
        with archive.open(one) as source, target.open("wb") as out:
            while chunk := source.read(CHUNK):
                heed_stop()
                size += len(chunk)
                if size > limits.unpacked_mb * MEGABYTE:
                    raise Unreadable(limits.too_much("The archive unpacks to more than", "unpacked_mb", "MB"))
                out.write(chunk)
        unpacked.append((target, one.filename))
    return unpacked


def _sheets(path: Path, folder: Path) -> list[tuple[Path, str]]:
    """Sheets of a workbook that have cells, each as CSV."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    written = []
    try:
        for number, sheet in enumerate(book.worksheets):
            target = folder / f"sheet{number}.csv"
            with target.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                filled = 0
                for cells in _cells(sheet):
                    writer.writerow(cells)
                    filled += any(cells)
            if filled > 1:
                written.append((target, sheet.title))
    finally:
        book.close()
    if not written:
        raise Unreadable("The workbook has no sheet with rows.")
    return written


def _cells(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        heed_stop()
        yield [_text(cell.value, getattr(cell, "number_format", "") or "") for cell in row]


def _text(value: object, shown: str) -> str:
    """A cell as its reader sees it, but for the style of its numbers."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date() | time():
            return value.isoformat()
        case float() if "%" in shown:
            return f"{value * 100:g}%"
        case float() if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        case int() | float() if "€" in shown or "EUR" in shown:
            return f"{value!r} EUR"
        case _:
            return str(value)


def unpacked(
    files: Sequence[Path], names: Sequence[str], folder: Path, limits: Limits
) -> tuple[list[Path], list[str]]:
    """The files, with what archives and workbooks hold in their place.

    Raises
    ------
    Unreadable
        If an archive cannot be opened.
    """
    found: list[tuple[Path, str]] = []
    for number, (file, own) in enumerate(zip(files, names, strict=True)):
        if file.is_file() and is_zip(file):
            inner = unpack(file, folder / f"archive{number}", limits)
            found += [(one, f"{own}: {title}" if len(inner) > 1 else own) for one, title in inner]
        else:
            found.append((file, own))
    return [file for file, _ in found], [own for _, own in found]
