"""The workload of this visitor: an upload, a sample or a digest. It lives in the session and goes with it."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from breakeven.apis.workloads import price_edges
from breakeven.dashboard import upload_store
from breakeven.dashboard.apart import jobs, readers
from breakeven.dashboard.apart.wire import Kept, unpacked
from breakeven.dashboard.cancel import CANCELLED, cancellable, in_a_reader
from breakeven.dashboard.session import database, known_ids
from breakeven.paths import DATA
from breakeven.replay.arrivals import Arrivals, NoArrivals
from breakeven.usage.digest import LONGEST, BadDigest, unpack
from breakeven.usage.formats import TIME_UNITS, BadMapping, ColumnMapping, parse_mapping, write_mapping
from breakeven.usage.limits import for_visitors, limits_from
from breakeven.usage.names import read_names, write_names
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stop, Stopped
from breakeven.usage.sums import Workload

SAMPLES = DATA / "samples"
FIRST_SAMPLE = "month_openai.csv"
"""A fortnight of one team: models by name, requests counted, so that every rung has an answer."""
_READ = "workload_read"
BILLS = "workload_bills"
"""Key of what was computed from it."""
_ARRIVALS = "workload_arrivals"
_SHARED = "workload_shared"
_WRITTEN = "workload_link"
_UPLOAD = "workload_upload"
_NAMED = "workload_named"
_NOT_NAMED = "workload_not_named"
_PACKED = "workload_packed"
_COLUMNS = "workload_columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read, or one sentence why nothing was."""

    workload: Workload | None
    reason: str | None
    digest: str | None
    """Compact form for the link; None: the workload does not fit in one."""
    kept: Kept | None = None
    """The workload as a reader of its own gave it; None: it was read here."""
    size: int = 0
    """Bytes that decide what work on it may take. [B]"""


def _order(row: dict[str, str]) -> tuple[bool, bool, str]:
    """A bill with named models first, then the common exports, then the rest."""
    return not row["file"].startswith(FIRST_SAMPLE), row["shown"] != "true", row["title"]


@st.cache_resource(show_spinner=False)
def sample_titles() -> dict[str, str]:
    """Samples by file name, the ones to start from first."""
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=_order)
    return {row["file"]: f"{row['title']}: {row['description']}" for row in rows}


def notice_link() -> tuple[str, ...]:
    """Take the workload of a link that somebody else wrote; our own is only the echo of what is shown.

    Returns
    -------
    tuple[str, ...]
        A sentence for every name of a model in it that cannot be used.
    """
    digest = st.query_params.get("w", "")
    if digest and digest != st.session_state.get(_WRITTEN):
        forget()
        st.session_state[_SHARED] = digest
        st.session_state[_COLUMNS] = st.query_params.get("columns", "")[:500]
        named, warnings = read_names(st.query_params.get("names", ""), known_ids().api)
        st.session_state[_NAMED] = named
        st.session_state[_NOT_NAMED] = warnings
    noted: tuple[str, ...] = st.session_state.get(_NOT_NAMED, ())
    return noted


def named_models() -> dict[str, str]:
    """Offers that the visitor, or a link, chose for models without a known price."""
    return dict(st.session_state.get(_NAMED, {}))


def name_models(named: dict[str, str]) -> None:
    """Price models under other names from now on."""
    if named != named_models():
        st.session_state[_NAMED] = named
        st.rerun()


def link_fields(read: Read, columns: str) -> dict[str, str]:
    """What the link carries of the workload: its digest and the corrected mapping, in 2,000 characters."""
    mapping = {"columns": columns, "names": write_names(named_models())}
    page = {key: text for key, text in mapping.items() if text}
    digest = read.digest
    room = LONGEST - len(urlencode(page))
    if digest is not None and read.workload is not None and len(digest) > room:
        key = (digest, room)
        if st.session_state.get(_PACKED, (None,))[0] != key:
            st.session_state[_PACKED] = (key, jobs.digest_of(read.workload, room))
        digest = st.session_state[_PACKED][1]
    st.session_state[_WRITTEN] = digest
    return ({"w": digest} if digest else {}) | page


def forget() -> None:
    """Drop an upload or a shared workload, because another one is asked for."""
    for key in (_SHARED, _UPLOAD, _READ, BILLS, _ARRIVALS, _NAMED, _NOT_NAMED, _PACKED):
        st.session_state.pop(key, None)


def corrected() -> str:
    """What the visitor, or a link, says about the columns."""
    return str(st.session_state.get(_COLUMNS, ""))


def correct_column(meaning: str, key: str, no_column: str) -> None:
    """Take a meaning from another column, or from none, from now on."""
    chosen = str(st.session_state[key])
    said = _said()
    columns = {**said.columns, meaning: "" if chosen == no_column else chosen}
    _correct(replace(said, columns=columns))


def correct_side(key: str) -> None:
    """Put the cached tokens inside the input, or beside it."""
    _correct(replace(_said(), cached_in=str(st.session_state[key])))


def correct_unit(key: str) -> None:
    """Give relative times another unit."""
    _correct(replace(_said(), time_unit_s=TIME_UNITS[str(st.session_state[key])]))


def _said() -> ColumnMapping:
    try:
        return parse_mapping(corrected())
    except BadMapping:
        return parse_mapping("")


def _correct(mapping: ColumnMapping) -> None:
    st.session_state[_COLUMNS] = write_mapping(mapping)


def forget_columns() -> None:
    """Drop what was said about the columns."""
    st.session_state.pop(_COLUMNS, None)


def forget_all() -> None:
    """Drop what was shown and what was said about its columns, because another file is given."""
    forget()
    forget_columns()


def shows_own(files: Sequence[Any]) -> bool:
    """Whether a file of the visitor or a shared workload is shown, and no sample."""
    return bool(files) or _UPLOAD in st.session_state or bool(st.session_state.get(_SHARED))


def most_mb() -> int:
    """Largest file that can be uploaded. [MB]"""
    return upload_store.most_mb(otherwise=int(st.get_option("server.maxUploadSize")))


def read_any(files: Sequence[Any], sample: str, columns: str) -> Read:
    """Read what the visitor asks for: an upload first, then a shared digest, then a sample.

    An upload stays while other pages are visited, though the widget forgets it.
    """
    if files:
        st.session_state[_UPLOAD] = answer = read_files(files, columns)
        return answer
    if _UPLOAD in st.session_state:
        kept: Read = st.session_state[_UPLOAD]
        return kept
    if st.session_state.get(_SHARED):
        return read_digest(st.session_state[_SHARED])
    return read_sample(sample)


def read_files(files: Sequence[Any], columns: str) -> Read:
    """Read uploads; the same files are read once a session, and their copies on disk are deleted at once."""
    key = ("upload", tuple(file.file_id for file in files), columns)

    session = upload_store.session_id()  # the thread that reads knows no session

    def read() -> Read:
        names = [file.name for file in files]
        name = names[0] if len(names) == 1 else f"{len(names)} files"
        try:
            with on_disk(files, session) as paths:
                return _read(paths, columns, name, names)
        except Stopped:
            for file in files:
                upload_store.discard(session, file.file_id)
            raise

    return _once(key, read)


@contextmanager
def on_disk(files: Sequence[Any], session: str) -> Iterator[list[Path]]:
    """Uploads where the store put them, or copies of what Streamlit holds for as long as they are read."""
    with tempfile.TemporaryDirectory(prefix="breakeven-") as folder:
        paths = []
        for number, file in enumerate(files):
            stored = upload_store.path_of(session, file.file_id)
            if stored is not None:
                paths.append(stored)
                continue
            path = Path(folder) / str(number)  # a name from outside never becomes a path
            with path.open("wb") as copy:
                file.seek(0)
                while block := file.read(1 << 20):
                    copy.write(block)
            paths.append(path)
        yield paths


def arrivals_of(files: Sequence[Any], sample: str, columns: str) -> Arrivals | None:
    """Single requests of what :func:`read_any` shows, read when first asked for; None: there is no file.

    Raises
    ------
    NoArrivals
        If the file has sums or no times.
    Unreadable
        If it cannot be read.
    Stopped
        If the visitor does not wait.
    """
    shown = st.session_state.get(_READ)
    kept = st.session_state.get(_ARRIVALS)
    if shown is not None and kept is not None and kept[0] == shown[0]:
        if isinstance(kept[1], NoArrivals):
            raise kept[1]
        known: Arrivals = kept[1]
        return known
    if not files and (_UPLOAD in st.session_state or st.session_state.get(_SHARED)):
        return None
    answer: Arrivals | NoArrivals
    try:
        answer = _arrivals(files, sample, columns)
    except NoArrivals as reason:
        answer = reason
    if shown is not None:
        st.session_state[_ARRIVALS] = (shown[0], answer)
    if isinstance(answer, NoArrivals):
        raise answer
    return answer


def _arrivals(files: Sequence[Any], sample: str, columns: str) -> Arrivals:
    """Single requests of uploads, read by a reader of their own, or of a sample."""
    mapping, limits = parse_mapping(columns), for_visitors(limits_from())
    words = "Reading the arrivals"
    if not files:
        with st.spinner(words):
            return jobs.arrivals(None, [SAMPLES / sample], mapping, limits)
    with on_disk(files, upload_store.session_id()) as paths:
        if not readers.apart():
            with st.spinner(words):
                return jobs.arrivals(None, paths, mapping, limits)
        size = readers.size_of(paths)
        return in_a_reader(jobs.arrivals, tuple(paths), mapping, limits, size=size, words=words)


def read_sample(file: str) -> Read:
    """Read one of the samples that come with the program."""
    return _once(("sample", file), lambda: _read_here([SAMPLES / file], "", sample_titles()[file], ()))


def read_digest(text: str) -> Read:
    """Open the workload of a link; the link keeps the text that it came with."""
    return _once(("digest", text), lambda: Read(workload=unpack(text), reason=None, digest=text))


def _read(paths: Sequence[Path], columns: str, name: str, names: Sequence[str]) -> Read:
    """Read a visitor's files by a reader of their own, or here where there are none."""
    if not readers.apart():
        return _read_here(paths, columns, name, names)
    size = readers.size_of(paths)
    found = in_a_reader(
        jobs.read,
        *(tuple(paths), tuple(names), name, price_edges(database()), parse_mapping(columns)),
        for_visitors(limits_from()),
        size=size,
        words=f"Reading {name}",
    )
    kept = Kept(value=unpacked(found.workload), data=found.workload)
    return Read(workload=kept.value, reason=None, digest=found.digest, kept=kept, size=size)


def _read_here(paths: Sequence[Path], columns: str, name: str, names: Sequence[str]) -> Read:
    edges, mapping, limits = price_edges(database()), parse_mapping(columns), for_visitors(limits_from())
    words = [f"Reading {name}"]

    def work(stop: Stop) -> Workload:
        return read_workload(
            list(paths),
            edges=edges,
            mapping=mapping,
            limits=limits,
            name=name,
            names=names,
            progress=words.append,
            stop=stop,
        )

    workload = cancellable(work, words)
    return Read(workload=workload, reason=None, digest=jobs.digest_of(workload))


def _once(key: tuple[object, ...], read: Callable[[], Read]) -> Read:
    """Keep the last thing that was read in the session, and nothing before it."""
    kept = st.session_state.get(_READ)
    if kept is None or kept[0] != key:
        st.session_state.pop(BILLS, None)
        try:
            result = read()
        except Stopped:
            result = Read(workload=None, reason=CANCELLED, digest=None)
        except (Unreadable, BadMapping, BadDigest) as reason:
            result = Read(workload=None, reason=str(reason), digest=None)
        st.session_state[_READ] = (key, result)
    answer: Read = st.session_state[_READ][1]
    return answer
