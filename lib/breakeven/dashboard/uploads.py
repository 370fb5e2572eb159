"""The workload of this visitor: an upload, a sample or a digest. It lives in the session and goes with it."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

from breakeven.apis.paid import Paid, explain_paid
from breakeven.apis.workloads import PricedWorkload, price_edges, price_workload
from breakeven.comparison.ladder import NO_FLOOR, USED, Ladder, ladder_of
from breakeven.dashboard import upload_store
from breakeven.dashboard.cancel import CANCELLED, cancellable
from breakeven.dashboard.session import database, known_ids, own_calibration, tables_on
from breakeven.hosting.workloads import Hosting, host_workload
from breakeven.paths import DATA
from breakeven.question.scenario import Scenario
from breakeven.replay.arrivals import Arrivals, NoArrivals, read_arrivals
from breakeven.tables.scores import OwnScores, Scale, Scores, own_scores, score_of, scores_in
from breakeven.usage.digest import LONGEST, BadDigest, pack, unpack
from breakeven.usage.formats import TIME_UNITS, BadMapping, ColumnMapping, parse_mapping, write_mapping
from breakeven.usage.names import read_names, write_names
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stop, Stopped
from breakeven.usage.sums import Workload

Answer = TypeVar("Answer")

SAMPLES = DATA / "samples"
FIRST_SAMPLE = "month_openai.csv"
"""A fortnight of one team: models by name, requests counted, so that every rung has an answer."""
_READ = "workload_read"
_PRICED = "workload_priced"
_HOSTED = "workload_hosted"
_PAID = "workload_paid"
_LADDER = "workload_ladder"
_FLOORS = "workload_floors"
_ARRIVALS = "workload_arrivals"
_SHARED = "workload_shared"
_WRITTEN = "workload_link"
_UPLOAD = "workload_upload"
_NAMED = "workload_named"
_NOT_NAMED = "workload_not_named"
_PACKED = "workload_packed"
_COLUMNS = "workload_columns"
OWN_SCORES = "workload_own_scores"
"""Key of the upload of the visitor's own scores."""
MOST_SCORES_BYTES = 1_000_000
"""Bytes of it that are read."""
AT_ONCE = 2
"""Large files that are read at once; each may take the memory of one reader."""
_SMALL_BYTES = 2_000_000
"""Files up to this size are read in a moment, without waiting for anybody."""
_WAIT_S = 0.1
_turns = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read, or one sentence why nothing was."""

    workload: Workload | None
    reason: str | None
    digest: str | None
    """Compact form for the link; None: the workload does not fit in one."""


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
            st.session_state[_PACKED] = (key, _packed(read.workload, room))
        digest = st.session_state[_PACKED][1]
    st.session_state[_WRITTEN] = digest
    return ({"w": digest} if digest else {}) | page


def forget() -> None:
    """Drop an upload or a shared workload, because another one is asked for."""
    for key in (_SHARED, _UPLOAD, _READ, _PRICED, _PAID, _HOSTED, _ARRIVALS, _NAMED, _NOT_NAMED, _PACKED):
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

    def read() -> Workload:
        names = [file.name for file in files]
        try:
            with _on_disk(files, session) as paths:
                return _read(paths, columns, names[0] if len(names) == 1 else f"{len(names)} files", names)
        except Stopped:
            for file in files:
                upload_store.discard(session, file.file_id)
            raise

    return _once(key, read)


@contextmanager
def _on_disk(files: Sequence[Any], session: str) -> Iterator[list[Path]]:
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
    mapping = parse_mapping(columns)
    answer: Arrivals | NoArrivals
    try:
        with st.spinner("Reading the arrivals"):
            if files:
                with _on_disk(files, upload_store.session_id()) as paths:
                    answer = read_arrivals(paths, mapping=mapping)
            else:
                answer = read_arrivals(SAMPLES / sample)
    except NoArrivals as reason:
        answer = reason
    if shown is not None:
        st.session_state[_ARRIVALS] = (shown[0], answer)
    if isinstance(answer, NoArrivals):
        raise answer
    return answer


def read_sample(file: str) -> Read:
    """Read one of the samples that come with the program."""
    return _once(("sample", file), lambda: _read(SAMPLES / file, "", sample_titles()[file]))


def read_digest(text: str) -> Read:
    """Open the workload of a link; the link keeps the text that it came with."""
    read = _once(("digest", text), lambda: unpack(text))
    return replace(read, digest=text if read.workload else None)


def _read(path: Path | list[Path], columns: str, name: str, names: Sequence[str] = ()) -> Workload:
    edges, mapping = price_edges(database()), parse_mapping(columns)
    words = [f"Reading {name}"]

    def work(stop: Stop) -> Workload:
        with turn([path] if isinstance(path, Path) else path, words, stop):
            return read_workload(
                path, edges=edges, mapping=mapping, name=name, names=names, progress=words.append, stop=stop
            )

    return cancellable(work, words)


@contextmanager
def turn(paths: Sequence[Path], words: list[str], stop: Stop) -> Iterator[None]:
    """Have a few large files read at a time, so that all visitors together stay within the memory.

    Raises
    ------
    Stopped
        If the visitor cancels while waiting.
    """
    if sum(path.stat().st_size for path in paths) <= _SMALL_BYTES:
        yield
        return
    if not _turns.acquire(blocking=False):
        words.append("Waiting until the files of other visitors are read")
        while not _turns.acquire(timeout=_WAIT_S):
            stop.heed()
    try:
        yield
    finally:
        _turns.release()


def _once(key: tuple[object, ...], read: Any) -> Read:
    """Keep the last thing that was read in the session, and nothing before it."""
    kept = st.session_state.get(_READ)
    if kept is None or kept[0] != key:
        st.session_state.pop(_PRICED, None)
        st.session_state.pop(_HOSTED, None)
        st.session_state.pop(_LADDER, None)
        st.session_state.pop(_FLOORS, None)
        st.session_state.pop(_PAID, None)
        try:
            workload = read()
        except Stopped:
            result = Read(workload=None, reason=CANCELLED, digest=None)
        except (Unreadable, BadMapping, BadDigest) as reason:
            result = Read(workload=None, reason=str(reason), digest=None)
        else:
            result = Read(workload=workload, reason=None, digest=_packed(workload))
        st.session_state[_READ] = (key, result)
    answer: Read = st.session_state[_READ][1]
    return answer


def _packed(workload: Workload, most: int = LONGEST) -> str | None:
    try:
        return pack(workload, most)
    except BadDigest:
        return None


def _price_key(day: date, named: dict[str, str]) -> tuple[object, ...]:
    """What prices hang on, beside the workload."""
    return day, tuple(sorted(named.items()))


def priced(workload: Workload, scenario: Scenario, named: dict[str, str]) -> PricedWorkload:
    """Price on every offer in force; kept until day, workload or names change."""
    key = _price_key(scenario.as_of, named)
    return _kept(_PRICED, key, lambda: price_workload(workload, database(), scenario.as_of, named=named))


def explained(result: PricedWorkload, named: dict[str, str]) -> Paid | None:
    """Why what was paid is not the list price; kept as long as the prices."""
    return _kept(_PAID, _price_key(result.day, named), lambda: explain_paid(result, database()))


def hosted(workload: Workload, scenario: Scenario) -> Hosting:
    """Host on the cheapest deployments; kept until what the scenario asks of them changes."""
    return _kept(
        _HOSTED,
        (scenario, own_calibration().engine if own_calibration().given else None),
        lambda: host_workload(workload, tables_on(scenario.as_of), scenario),
    )


def laddered(
    result: PricedWorkload, hosting: Hosting, named: dict[str, str], scenario: Scenario, floor: str
) -> Ladder:
    """The file rung by rung; kept until prices, fleets, floor or the visitor's own scores change."""
    own = own_scores_of(result)
    key = (_price_key(result.day, named), scenario, floor, tuple(sorted(own.values.items())))
    with_own = _scores().with_own(own.values) if own.values else _scores()
    return _kept(_LADDER, key, lambda: ladder_of(result, hosting, database(), with_own, floor))


def own_scores_of(result: PricedWorkload) -> OwnScores:
    """The visitor's own list of scores, as uploaded."""
    file = st.session_state.get(OWN_SCORES)
    if file is None:
        return OwnScores({}, ())
    text = file.getvalue()[:MOST_SCORES_BYTES].decode("utf-8", errors="replace")
    return own_scores(text, _scores(), (one.offer.api_offer_id for one in result.offers))


@st.cache_resource(show_spinner=False)
def _scores() -> Scores:
    """Published scores."""
    return scores_in(database())


def floors(result: PricedWorkload) -> tuple[str, ...]:
    """Floors to choose from: the two general ones, the models of the file, then every scored offer."""
    used = tuple(row.offer_id for row in result.models)
    return _kept(_FLOORS, (result.day, used), lambda: _floors(result))


def _floors(result: PricedWorkload) -> tuple[str, ...]:
    scores = _scores()
    used = [row.offer_id for row in result.models if row.offer_id]
    offers = sorted(one.offer.api_offer_id for one in result.offers if not one.offer.reseller)
    known = [one for one in (*used, *offers) if any(score_of(scores, one, scale) for scale in Scale)]
    return tuple(dict.fromkeys([USED, NO_FLOOR, *known]))


def _kept(slot: str, key: object, make: Callable[[], Answer]) -> Answer:
    """Answer from the session while the key is the same; :func:`_once` empties the slots."""
    kept = st.session_state.get(slot)
    if kept is None or kept[0] != key:
        st.session_state[slot] = kept = (key, make())
    answer: Answer = kept[1]
    return answer
