"""Workbooks, archives and folders: the tables in them as files of their own."""

from __future__ import annotations

import csv
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from breakeven.usage.limits import Limits
from breakeven.usage.sheets.marks import says_total
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
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError),
)
"""What archives and workbooks raise that are damaged; the second line is what the XML in them raises."""
_WORKBOOK = "xl/workbook.xml"
LEFT_OUT = "This sheet is left out: "
"""What stands in place of a sheet that repeats the others; its reader refuses it in these words."""


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
    except _DAMAGE as error:
        # Of a kind that zipfile does not know, or has no module for.
        if "compression" in str(error).lower():
            raise Unreadable(
                "The zip archive is packed in a way that cannot be read here; "
                "pack it as zip programs usually do (deflate)."
            ) from None
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

    # By its content: openpyxl refuses a path that does not end like a workbook's, as that of an upload.
    written: list[tuple[Path, str]] = []
    sums: list[dict[str, float]] = []
    with (
        path.open("rb") as content,
        closing(load_workbook(content, read_only=True, data_only=True, keep_links=False)) as book,
    ):
        for number, sheet in enumerate(book.worksheets):
            target = folder / f"sheet{number}.csv"
            added = _Sums()
            with target.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                filled = 0
                for cells in _cells(sheet):
                    writer.writerow(cells)
                    filled += any(cells)
                    added.take(cells)
            if filled > 1:
                written.append((target, sheet.title))
                sums.append(added.sums)
    if not written:
        raise Unreadable("The workbook has no sheet with rows.")
    for at in _whole_of_others(sums):
        others = ", ".join(title for place, (_, title) in enumerate(written) if place != at)
        written[at][0].write_text(
            f"{LEFT_OUT}it holds the sums of the other sheets ({others}).", encoding="utf-8"
        )
    return written


class _Sums:
    """Sums of the columns of a sheet, by the names above them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sums: dict[str, float] = {}

    def take(self, cells: Sequence[str]) -> None:
        """Add a row; the last row of texts without a number holds the names, rows of totals do not count."""
        numbers = {at: value for at, cell in enumerate(cells) if (value := _number(cell)) is not None}
        if not numbers:
            if sum(map(bool, cells)) > 1:
                self.names = [cell.strip().lower() for cell in cells]
        elif self.names and not says_total(cells):
            for at, value in numbers.items():
                if at < len(self.names) and self.names[at]:
                    self.sums[self.names[at]] = self.sums.get(self.names[at], 0.0) + value


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _whole_of_others(sums: Sequence[Mapping[str, float]]) -> Iterator[int]:
    """Places of the sheets whose columns are the sums of the same columns of two or more others.

    >>> list(_whole_of_others([{"in": 1, "out": 2}, {"in": 3, "out": 4}, {"in": 4, "out": 6}]))
    [2]
    """
    for place, whole in enumerate(sums):
        others = [one for at, one in enumerate(sums) if at != place and len(whole.keys() & one.keys()) > 1]
        names = set(whole).intersection(*others) if len(others) > 1 else set()
        added = {name: sum(one[name] for one in others) for name in names}
        if (
            len(names) > 1
            and any(added.values())
            and all(abs(whole[name] - value) <= 1e-9 * abs(value) for name, value in added.items())
        ):
            yield place
            return


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


def shown_name(name: str) -> str:
    """A name that can be shown and written: one that is not UTF-8 has question marks for what is not.

    >>> shown_name("caf" + chr(0xDCE9) + ".csv")
    'caf?.csv'
    """
    return name.encode("utf-8", "replace").decode("utf-8")


def unpacked(
    files: Sequence[Path], names: Sequence[str], folder: Path, limits: Limits
) -> tuple[list[Path], list[str]]:
    """The files, with what archives and workbooks hold in their place; paths and names are UTF-8.

    Raises
    ------
    Unreadable
        If an archive cannot be opened.
    """
    found: list[tuple[Path, str]] = []
    for number, (file, own) in enumerate(zip(files, map(shown_name, names), strict=True)):
        if file.is_file() and is_zip(file):
            inner = unpack(file, folder / f"archive{number}", limits)
            found += [(one, f"{own}: {shown_name(title)}" if len(inner) > 1 else own) for one, title in inner]
        else:
            found.append((_plainly_named(file, folder / f"file{number}"), own))
    return [file for file, _ in found], [own for _, own in found]


def _plainly_named(file: Path, other: Path) -> Path:
    """A file under a path that every reader takes: DuckDB takes none that is not UTF-8."""
    if shown_name(str(file.absolute())) == str(file.absolute()):
        return file
    try:
        other.symlink_to(file.absolute())
    except OSError:  # a system on which not everybody may make a link
        shutil.copyfile(file, other)
    return other
