"""What a page starts from: the database, the tables of a day, the scenario of this visitor."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Mapping
from dataclasses import astuple, fields, replace
from datetime import date
from enum import StrEnum
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from breakeven.question.asked import ids_with_own, read_ids, with_own
from breakeven.question.calibrated import FIELDS as CALIBRATED_FIELDS
from breakeven.question.calibrated import USUAL as NO_CALIBRATION
from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.calibrated import calibration_of
from breakeven.question.fields import LinkFields
from breakeven.question.link import PAGE_PREFIXES, KnownIds, decode, encode, short
from breakeven.question.scenario import AUTO, Scenario
from breakeven.question.sent import as_written
from breakeven.question.versions import completed, version_of
from breakeven.tables import queries
from breakeven.tables.build import open_memory
from breakeven.tables.day import Tables, read_tables
from breakeven.tables.queries import Connection
from breakeven.tables.records import Preset, Source
from breakeven.words.numbers import Money

Extra = TypeVar("Extra")

CLAIM = "claim"
"""Parameter that names a published claim."""
TODAY = "frame_today"
"""Where a session keeps the day on which its pages are read, if it is not the day it is."""
_PREFIX = "q_"
_LINK = "link_written"
_WARNINGS = "link_warnings"
_WARNED_AT = "link_warned_at"
"""Page that the link with the warnings opened; the other pages do not repeat them."""
_TRIGGER = "_button"
"""Ending of the keys of buttons and uploads, whose state Streamlit does not let anyone set."""
_FRESH = "link_fresh"
"""Parameters of a link that was just opened; each page takes its own out of them once."""
_lock = Lock()
_shared: dict[str, Connection] = {}
_problem: list[str] = []
# A connection that outlives the interpreter makes DuckDB's bindings complain on the way out.
atexit.register(_shared.clear)


def database() -> Connection:
    """Open the tables, built once for all visitors; queries take a cursor each."""
    with _lock:
        if "connection" not in _shared:
            _shared["connection"] = open_memory()
        return _shared["connection"]


@st.cache_resource(max_entries=64, show_spinner="Reading the tables")
def _shared_tables(day: date) -> Tables:
    """Rows in force on a day; immutable and shared by all visitors."""
    return read_tables(database(), day)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Calibrated: astuple})
def _tables_with(day: date, calibrated: Calibrated) -> Tables:
    """The same and a visitor's own efficiency row, which applies only where its engine is named."""
    return with_own(_shared_tables(day), calibrated)


def tables_on(day: date) -> Tables:
    """Rows in force on a day, and the visitor's own efficiency row where there is one."""
    calibrated = own_calibration()
    return _tables_with(day, calibrated) if calibrated.given else _shared_tables(day)


def own_calibration() -> Calibrated:
    """What this visitor's own runs gave, from an upload or from a link."""
    if any(key not in st.session_state for key in CALIBRATED_FIELDS.keys):
        return NO_CALIBRATION
    return fields_of_widgets(CALIBRATED_FIELDS, NO_CALIBRATION)


def keep_calibration(calibrated: Calibrated) -> None:
    """Use these runs from now on, and their engine in the scenario; or the table again."""
    _fill_fields(CALIBRATED_FIELDS, calibrated)
    st.session_state[key_of("engine")] = calibrated.engine if calibrated.given else AUTO


def _calibration_pairs() -> dict[str, str]:
    """What the link carries of it; nothing where there is none."""
    calibrated = own_calibration()
    return CALIBRATED_FIELDS.write(calibrated) if calibrated.given else {}


@st.cache_resource(show_spinner=False)
def sources() -> Mapping[str, Source]:
    """All sources by id."""
    return MappingProxyType(queries.sources(database()))


@st.cache_resource(show_spinner=False)
def presets() -> Mapping[str, Preset]:
    """All workload shapes by id."""
    return MappingProxyType(queries.presets(database()))


@st.cache_resource(show_spinner=False)
def known_ids() -> KnownIds:
    """Ids that a link may name."""
    return read_ids(database())


def opened() -> Connection | None:
    """The tables, where they are open; None: nobody asked for them yet, or they cannot be opened."""
    return _shared.get("connection")


def problem() -> str | None:
    """Why the tables could not be opened when the server started, without the details of the log."""
    return _problem[-1] if _problem else None


def warm_up() -> None:
    """Do what the first visitor would wait for; a failure is kept for :func:`problem`."""
    try:
        database()
    except Exception:
        _problem.append("the tables cannot be read; the log says more")
        raise


_TO_WIDGET: Mapping[str, Callable[[Any], Any]] = {
    "tpot": lambda seconds: None if seconds is None else round(seconds * 1e3, 9),
    "utilisation": lambda share: round(share * 100, 9),
    "usable": lambda share: round(share * 100, 9),
}
"""Fields that people set in another unit: milliseconds, percent."""

_FROM_WIDGET: Mapping[str, Callable[[Any], Any]] = {
    "tpot": lambda milliseconds: None if milliseconds is None else milliseconds / 1e3,
    "utilisation": lambda percent: percent / 100,
    "usable": lambda percent: percent / 100,
}


def key_of(field: str) -> str:
    """Key of the widget that sets a field."""
    return _PREFIX + field


def open_scenario() -> tuple[Scenario, tuple[str, ...]]:
    """Scenario of this visitor, and what could not be read from the link.

    The link wins whenever it is not the one this session wrote last: a shared
    link, an edited address, the back button. Otherwise the widgets hold the state.
    """
    mended = _as_written()
    query = st.query_params.to_dict()
    current = {key: st.query_params.get_all(key) for key in query}
    written = st.session_state.get(_LINK)
    if written is None or (query and _flat(current) != written):
        calibrated, more = calibration_of(query)
        known = ids_with_own(known_ids(), calibrated)
        decoded = decode(current, default=Scenario(as_of=today()), known=known)
        decoded = replace(decoded, warnings=(*mended, *decoded.warnings, *more))
        _fill_fields(CALIBRATED_FIELDS, calibrated)
        st.session_state[_WARNINGS] = decoded.warnings
        st.session_state[_WARNED_AT] = _page()
        st.session_state[_FRESH] = query | _left_out(query)
        _fill_widgets(decoded.scenario)
        return decoded.scenario, decoded.warnings
    if st.session_state.get(_WARNED_AT) != _page():
        st.session_state[_WARNINGS] = ()
    return scenario_of_widgets(), st.session_state.get(_WARNINGS, ())


def _as_written() -> tuple[str, ...]:
    """Put the address as its sender wrote it; a sentence where something on the way had changed it."""
    pairs, mended = as_written(
        [(key, text) for key in st.query_params for text in st.query_params.get_all(key)]
    )
    if not mended:
        return ()
    st.query_params.from_dict({key: [text for one, text in pairs if one == key] for key, _ in pairs})
    return (mended,)


def _left_out(query: dict[str, str]) -> dict[str, str]:
    """What a short link means for the page that it opens; it says nothing of the other pages."""
    name = _page().strip("/").rpartition("/")[2]
    adds = ("plan_", "bill_") if name == "workload" else (f"{name}_",)
    prefixes = adds if st.context.url else PAGE_PREFIXES
    return {
        key: text
        for key, text in completed(list(query.items()))
        if key not in query and key.startswith(prefixes)
    }


def _page() -> str:
    return urlsplit(st.context.url or "").path


def open_fields(codec: LinkFields[Extra], default: Extra) -> tuple[Extra, tuple[str, ...]]:
    """What a page adds to the scenario, and what could not be read of it; after :func:`open_scenario`.

    Each field has a widget under ``codec.prefix`` and its name. A link that was just opened fills them,
    otherwise the widgets hold the state. Values that are refused together are put back to the default.
    """
    fresh: dict[str, str] = st.session_state.get(_FRESH, {})
    asked = {key: text for key, text in fresh.items() if key.startswith(codec.prefix)}
    noted = f"{codec.prefix}warnings"
    if asked or any(key not in st.session_state for key in codec.keys):
        values, warnings = codec.read(asked, default=default)
        try:
            extra = replace(default, **values)  # type: ignore[type-var]
        except ValueError as reason:
            extra, warnings = default, [*warnings, f"The link asks for what cannot be: {reason}."]
        _fill_fields(codec, extra)
        st.session_state[noted] = tuple(warnings)
        st.session_state[_FRESH] = {key: text for key, text in fresh.items() if key not in asked}
    return fields_of_widgets(codec, default), st.session_state[noted]


def _fill_fields(codec: LinkFields[Extra], values: Extra) -> None:
    """Put values into the widgets of a codec's fields; :func:`fields_of_widgets` takes them out again."""
    for key in codec.keys:
        st.session_state[key] = getattr(values, key.removeprefix(codec.prefix))


def fields_of_widgets(codec: LinkFields[Extra], default: Extra) -> Extra:
    """Put together what a page adds from its widgets; a combination that is not valid gives the default."""
    values = {key.removeprefix(codec.prefix): st.session_state[key] for key in codec.keys}
    try:
        return replace(default, **values)  # type: ignore[type-var]
    except ValueError:
        return default


def _claim_pairs() -> dict[str, str]:
    """The published claim that the page was opened to check stays in its address; it changes no answer."""
    return {CLAIM: st.query_params[CLAIM]} if CLAIM in st.query_params else {}


def _flat(pairs: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, values in sorted(pairs.items()) for value in values)


def _fill_widgets(scenario: Scenario) -> None:
    for field in fields(Scenario):
        value = getattr(scenario, field.name)
        value = str(value) if isinstance(value, StrEnum) else value  # widgets offer the words themselves
        st.session_state[key_of(field.name)] = _TO_WIDGET.get(field.name, lambda x: x)(value)
    for letter in "ab":
        st.session_state[f"preset_{letter}"] = None


def scenario_of_widgets() -> Scenario:
    """Put the scenario together from the widgets; a combination that is not valid keeps what was."""
    values = {}
    for field in fields(Scenario):
        value = st.session_state[key_of(field.name)]
        values[field.name] = _FROM_WIDGET.get(field.name, lambda x: x)(value)
    for letter in "ab":
        values[f"cached_{letter}"] = min(values[f"cached_{letter}"], values[f"prompt_{letter}"] - 1)
    return Scenario(**values)


def save_scenario(scenario: Scenario, **page: str) -> None:
    """Write the scenario into the address bar, every field of it, and what the page adds.

    A short link that says the same stays as it was opened: it is one step of the visitor's, not two.
    """
    pairs = (
        dict(parse_qsl(encode(scenario), keep_blank_values=True))
        | page
        | _calibration_pairs()
        | _claim_pairs()
    )
    flat = tuple(sorted(pairs.items()))
    current = _flat({key: st.query_params.get_all(key) for key in st.query_params.to_dict()})
    if _says(current, pairs):
        flat = current
    elif current != flat:
        st.query_params.from_dict(pairs)
    st.session_state[_LINK] = flat


def _says(written: tuple[tuple[str, str], ...], pairs: Mapping[str, str]) -> bool:
    """A short link means these parameters, and has no other."""
    full = dict(completed(list(written)))
    return (
        version_of(list(written)) is not None
        and len(written) == len({key for key, _ in written} & {"v", *pairs})
        and all(full.get(key) == text for key, text in pairs.items() if key != "v")
    )


def keep_widgets() -> None:
    """Hold the widgets' values over a change of page, where Streamlit would drop them."""
    for key in list(st.session_state):
        if isinstance(key, str) and key.startswith((_PREFIX, *PAGE_PREFIXES)) and not key.endswith(_TRIGGER):
            st.session_state[key] = st.session_state[key]


def link_to(scenario: Scenario, **page: str) -> str:
    """Address that repeats the page with this scenario, written short."""
    base = urlsplit(st.context.url or "")
    base = base._replace(path=base.path or "/") if base.netloc else base
    page = page | _calibration_pairs() | _claim_pairs()
    return base._replace(query=short(scenario, page), fragment="").geturl()


def link_to_comparison(scenario: Scenario, pages: Collection[str]) -> str:
    """Address at which the first page compares for this scenario, seen from any of the pages."""
    link = urlsplit(link_to(scenario))
    above, _, name = link.path.rstrip("/").rpartition("/")
    return (link._replace(path=f"{above}/") if name in pages else link).geturl()


def today() -> date:
    """Day from which the pages count how old prices are; pages that are written for later keep theirs."""
    return st.session_state.get(TODAY) or date.today()


def money_of(scenario: Scenario) -> Money:
    """Currency of a scenario."""
    return scenario.money
