"""From what was given to one plain UTF-8 file: unpacked, decoded, no NUL, no endless line.

A file that is already so is read where it lies. Otherwise a copy is written
into a private folder, line for line, so that line numbers stay true.
"""

from __future__ import annotations

import codecs
import mmap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from breakeven.usage.json_table import is_document
from breakeven.usage.limits import Limits
from breakeven.usage.sheets.words import vocabulary, words_of
from breakeven.usage.stop import heed_stop

CHUNK = 1 << 20
MEGABYTE = 1_000_000
REPLACED = "\N{REPLACEMENT CHARACTER}"

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
)


class Unreadable(Exception):
    """No row of a file can be read; the text says what is wrong and what was looked for."""


@dataclass(slots=True, kw_only=True)
class Plain:
    """A file that can be read as it is."""

    path: Path
    parquet: bool = False
    notes: list[str] = field(default_factory=list)
    """Sentences about what was repaired on the way."""


def spool_stream(stream: BinaryIO, folder: Path, limits: Limits) -> Path:
    """Write a stream, such as standard input, to a file.

    Raises
    ------
    Unreadable
        If it is longer than the limit.
    """
    path = folder / "stream"
    size = 0
    with path.open("wb") as out:
        while chunk := stream.read(CHUNK):
            heed_stop()
            size += len(chunk)
            if size > limits.file_mb * MEGABYTE:
                raise Unreadable(limits.too_much("The input is larger than", "file_mb", "MB"))
            out.write(chunk)
    return path


def make_plain(path: Path, folder: Path, limits: Limits, *, thorough: bool = True) -> Plain:
    """Unpack, decode and repair as far as needed.

    Without ``thorough`` only the beginning is looked at: enough for a reader that refuses what it
    cannot read.

    Raises
    ------
    Unreadable
        If nothing in the file can be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise Unreadable(f"The file cannot be opened: {error.strerror}.") from None
    if size == 0:
        raise Unreadable("The file is empty.")
    if size > limits.file_mb * MEGABYTE:
        raise Unreadable(limits.too_much(f"The file has {size / MEGABYTE:,.0f} MB, above", "file_mb", "MB"))
    notes: list[str] = []
    if head[:2] == GZIP or head[:4] == ZSTD:
        unpacked = folder / "unpacked"
        _unpack(path, unpacked, _gunzip if head[:2] == GZIP else _unzstd, limits, notes)
        path = unpacked
        with path.open("rb") as file:
            head = file.read(64)
        if not head:
            raise Unreadable("The compressed file has nothing in it that can be read.")
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise Unreadable(
                f"The file is {name}, whatever its name says. "
                "CSV, TSV, JSON, JSON Lines and Parquet can be read, plain or as .gz or .zst."
            )
    if head.startswith(PARQUET):
        return Plain(path=path, parquet=True, notes=notes)
    encoding = encoding_of(head) or foreign_encoding(path)
    if encoding in ENCODINGS:
        notes.append(f"The text is not UTF-8; it is read as {ENCODINGS[encoding]}.")
    if encoding or _needs_repair(path, limits, thorough):
        repaired = folder / "repaired"
        _repair(path, repaired, encoding, limits, notes)
        path = repaired
    return Plain(path=path, notes=notes)


def encoding_of(head: bytes) -> str | None:
    """UTF-16 and UTF-32 by their mark, or by where the NUL bytes are."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if len(head) >= 16:
        even, odd = head[0:16:2].count(0), head[1:16:2].count(0)
        if odd >= 7 and even <= 1:
            return "utf-16-le"
        if even >= 7 and odd <= 1:
            return "utf-16-be"
    return None


ENCODINGS = {
    "cp1252": "Windows-1252 (Western Europe)",
    "gb18030": "GB 18030 (Chinese)",
    "shift_jis": "Shift JIS (Japanese)",
    "big5": "Big5 (Chinese)",
    "euc_kr": "EUC-KR (Korean)",
    "cp1251": "Windows-1251 (Cyrillic)",
}
"""Encodings without a mark that sheets come in, the more usual first."""


def foreign_encoding(path: Path) -> str | None:
    """Encoding of a text that is nowhere UTF-8 beyond ASCII, by the words that it has in each.

    None where it is UTF-8, or where some lines are and others are not.
    """
    with path.open("rb") as file:
        lines = [line for line in file.read(CHUNK).splitlines() if not line.isascii()]
    if not lines or b"\0" in b"".join(lines[:50]) or any(_decodes(line, "utf-8") for line in lines):
        return None
    best, most = "cp1252", 0
    for encoding in ENCODINGS:
        text = [line.decode(encoding) for line in lines[:200] if _decodes(line, encoding)]
        if len(text) < len(lines[:200]):
            continue
        known = sum(
            not word.isascii() and word in vocabulary().concepts for one in text for word in words_of(one)
        )
        if known > most:
            best, most = encoding, known
    return best


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _needs_repair(path: Path, limits: Limits, thorough: bool = True) -> bool:
    """Look for NUL bytes, broken UTF-8 and lines beyond the limit; fast on a file without."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    run, longest = 0, limits.line_kb * 1000
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            heed_stop()
            if b"\0" in chunk:
                return True
            try:
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            except UnicodeDecodeError:
                return True
            first = chunk.find(b"\n")
            if first < 0 and chunk.find(b"\r") >= 0:
                first = chunk.find(b"\r")
            if first < 0:
                run += len(chunk)
            else:
                run = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            if run > longest:
                return not is_document(path)
            if not thorough and not _endless(path):
                return False
    return bool(decoder.getstate()[0])


def _endless(path: Path) -> bool:
    """Whether a line may be longer than two chunks, found without reading what lies between.

    DuckDB's reader passes over a line that fills several of its buffers without a word.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return any(view.find(b"\n", start, start + CHUNK) < 0 for start in range(0, len(view) - CHUNK, CHUNK))


def _unpack(
    path: Path,
    target: Path,
    chunks: Callable[[Path, list[str]], Iterator[bytes]],
    limits: Limits,
    notes: list[str],
) -> None:
    size = 0
    with target.open("wb") as out:
        for chunk in chunks(path, notes):
            heed_stop()
            size += len(chunk)
            if size > limits.unpacked_mb * MEGABYTE:
                raise Unreadable(
                    limits.too_much("The compressed file unpacks to more than", "unpacked_mb", "MB")
                )
            out.write(chunk)


def _gunzip(path: Path, notes: list[str]) -> Iterator[bytes]:
    """Unpack gzip as far as it goes, one member after the other."""
    unpacker = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while data := file.read(1 << 16):
            try:
                while data:
                    if unpacker.eof:
                        data = data.lstrip(b"\0")
                        if not data:
                            break
                        unpacker = zlib.decompressobj(wbits=31)
                    yield unpacker.decompress(data, CHUNK)
                    data = unpacker.unconsumed_tail or unpacker.unused_data
            except zlib.error:
                notes.append("The compressed data are damaged; what came before the damage is used.")
                return
    if not unpacker.eof:
        notes.append("The compressed data end early; what could be unpacked is used.")


def _unzstd(path: Path, notes: list[str]) -> Iterator[bytes]:
    """Unpack Zstandard as far as it goes."""
    import pyarrow as pa  # type: ignore[import-untyped]

    try:
        with pa.input_stream(str(path), compression="zstd") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except (OSError, pa.ArrowException):
        notes.append("The compressed data are damaged or end early; what could be unpacked is used.")


def _repair(path: Path, target: Path, encoding: str | None, limits: Limits, notes: list[str]) -> None:
    """Copy line by line: decoded, NUL and broken characters replaced, endless lines cut."""
    longest = limits.line_kb * 1000
    broken: list[int] = []
    cut: list[int] = []
    line, length = 1, 0
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")(errors="replace")
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="", errors="replace") as out:
        while True:
            heed_stop()
            data = source.read(CHUNK)
            text = decoder.decode(data, final=not data)
            for piece in _lines(text):
                clean = piece.replace("\0", REPLACED)
                if REPLACED in clean and len(broken) < 100 and broken[-1:] != [line]:
                    broken.append(line)
                if length + len(clean) > longest and cut[-1:] != [line]:
                    cut.append(line)
                    clean = clean[:1000].rstrip("\r\n") + REPLACED if length == 0 else REPLACED
                    out.write(clean)
                elif cut[-1:] != [line]:
                    out.write(clean)
                length += len(piece)
                if piece.endswith("\n"):
                    if cut[-1:] == [line]:
                        out.write("\n")
                    line, length = line + 1, 0
            if not data:
                break
    if broken:
        where = ", ".join(str(n) for n in broken[:5]) + (" …" if len(broken) > 5 else "")
        notes.append(f"Characters that cannot be read stand in line {where}; they are shown as {REPLACED}.")
    if cut:
        where = ", ".join(str(n) for n in cut[:5])
        notes.append(limits.too_much(f"Line {where} is cut: it is longer than", "line_kb", "kB"))


def _lines(text: str) -> Iterator[str]:
    """Pieces that end at a line feed, the last perhaps not."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]
