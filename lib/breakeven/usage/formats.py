"""Which export a file is, from the names of its columns alone.

Order and extra columns do not matter. What every export looks like is in ``data/formats.toml``
(:mod:`breakeven.tables.exports`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from breakeven.tables.exports import FIELDS, TOKEN_FIELDS, Cached, Format, Grain, Keep, Path
from breakeven.tables.exports import shipped as exports

__all__ = ["TOKEN_FIELDS", "Format", "Grain", "Keep", "Path", "exports"]

INSIDE, OUTSIDE, NONE = Cached.INSIDE, Cached.OUTSIDE, Cached.NONE

SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "cached": "cache_read",
        "cache_write": "cache_write_5m",
        "requests": "n_requests",
        "count": "repeat",
        "time": "ts",
        "timestamp": "ts",
        "cost": "reported_cost_usd",
    }
)
"""Other names that a mapping may use."""


TIME_UNITS: Mapping[str, float] = MappingProxyType({"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9})
"""Units that a mapping may give to relative times. [s]"""
NO_COLUMN = "-"
"""What a mapping writes where no column holds a meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A mapping that the user typed: canonical column to column of the file."""

    columns: Mapping[str, str]
    """``""`` says that no column holds it."""
    cached_in: str | None = None
    time_unit_s: float | None = None
    """Seconds of one unit of times that count from the start. [s]"""

    @property
    def empty(self) -> bool:
        """Whether it names no column and no side of the cached tokens."""
        return not self.columns and self.cached_in is None


class BadMapping(ValueError):
    """A mapping cannot be understood; the text says why."""


def parse_mapping(text: str) -> ColumnMapping:
    """Read ``input=col,output=col,cached=col,cached_in=inside,model=col``.

    >>> parse_mapping("input=a,output=b,cached_in=outside").columns
    {'input': 'a', 'output': 'b'}
    """
    columns: dict[str, str] = {}
    cached_in, unit = None, None
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        name = key.strip().lower()
        name = SHORT_NAMES.get(name, name)
        value = value.replace("%2C", ",").replace("%25", "%")
        if not equals or not value.strip():
            raise BadMapping(f"'{part}' is not of the form input=column")
        if name == "cached_in":
            cached_in = value.strip().lower()
            if cached_in not in (INSIDE, OUTSIDE):
                raise BadMapping(f"cached_in must be inside or outside, got '{value.strip()}'")
        elif name == "time_unit":
            if value.strip().lower() not in TIME_UNITS:
                raise BadMapping(f"time_unit must be one of {', '.join(TIME_UNITS)}, got '{value.strip()}'")
            unit = TIME_UNITS[value.strip().lower()]
        elif name in FIELDS:
            columns[name] = "" if value.strip() == NO_COLUMN else value.strip()
        else:
            raise BadMapping(
                f"'{key.strip()}' cannot be mapped; known are {', '.join(FIELDS[:8])}, ts, model …"
            )
    return ColumnMapping(columns=columns, cached_in=cached_in, time_unit_s=unit)


def write_mapping(mapping: ColumnMapping) -> str:
    """Write a mapping as :func:`parse_mapping` reads it.

    >>> said = ColumnMapping(columns={"input": "in, all", "reasoning": ""}, cached_in="outside")
    >>> text = write_mapping(said)
    >>> text, parse_mapping(text).columns
    ('input=in%2C all,reasoning=-,cached_in=outside', {'input': 'in, all', 'reasoning': ''})
    """
    units = {seconds: name for name, seconds in TIME_UNITS.items()}
    parts = [
        f"{name}={column.replace('%', '%25').replace(',', '%2C') or NO_COLUMN}"
        for name, column in mapping.columns.items()
    ]
    parts += [f"cached_in={mapping.cached_in}"] if mapping.cached_in else []
    parts += [f"time_unit={units[mapping.time_unit_s]}"] if mapping.time_unit_s in units else []
    return ",".join(parts)


def normal(name: str) -> str:
    """Column name without case, outer blanks, doubled blanks and a byte order mark."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The export that a file is, with the columns that were found."""

    format: Format
    mapping: Mapping[str, tuple[Path, ...]]
    """Canonical column to columns of the file, as the file writes them."""
    cached: str
    ignored: tuple[str, ...]
    """Columns that are not used."""
    names: Mapping[str, str] | None = None
    """The mapping for a reader, where the rows were read one by one."""
    decisions: tuple[str, ...] = ()
    """What was decided from the numbers, in sentences."""

    @property
    def shown(self) -> dict[str, str]:
        """The mapping for a reader."""
        if self.names is not None:
            return dict(self.names)
        return {name: " or ".join(".".join(p) for p in paths) for name, paths in self.mapping.items()}


def recognise(
    names: Iterable[Path], mapping: ColumnMapping | None = None, *, nested: bool = False, kind: str = "csv"
) -> Recognised | None:
    """Tell which export has such columns; None if none has.

    Parameters
    ----------
    names
        Columns of the file; nested keys as paths.
    mapping
        What the user corrected.
    nested
        Cells may hold JSON, so a path counts as present when its first part is.
    kind
        csv, json or parquet.
    """
    present = _present(names)
    chosen = _chosen(present, kind)
    if mapping is not None and not mapping.empty:
        chosen = chosen if chosen is not None and not chosen.refusal else None
        return _mapped(chosen, present, mapping, nested)
    if chosen is None:
        return _plain(present)
    return _recognised(chosen, _found(chosen.fields, present, nested), chosen.cached, present)


def recognise_export(names: Iterable[Path], *, kind: str = "csv") -> Recognised | None:
    """Tell which export has such columns, a plain file being none; nested keys may lie in cells."""
    present = _present(names)
    chosen = _chosen(present, kind)
    if chosen is None:
        return None
    return _recognised(chosen, _found(chosen.fields, present, nested=True), chosen.cached, present)


def _present(names: Iterable[Path]) -> dict[Path, Path]:
    """Columns by their names in one spelling."""
    present: dict[Path, Path] = {}
    for path in names:
        present.setdefault(tuple(normal(part) for part in path), path)
    return present


def _chosen(present: Mapping[Path, Path], kind: str) -> Format | None:
    """First export that has all columns of one of its marks."""
    return next(
        (
            f
            for f in exports().formats
            if not (kind == "json" and f.only == "csv") and any(_has(present, mark) for mark in f.marks)
        ),
        None,
    )


def _has(present: Collection[Path], mark: Iterable[Path]) -> bool:
    return all(tuple(normal(part) for part in path) in present for path in mark)


def _found(
    fields: Mapping[str, tuple[Path, ...]], present: Mapping[Path, Path], nested: bool
) -> dict[str, tuple[Path, ...]]:
    """Columns of the file for every canonical column that has any."""
    found = {}
    for name, paths in fields.items():
        real: list[Path] = []
        for path in paths:
            key = tuple(normal(part) for part in path)
            if key in present:
                real.append(present[key])
            elif nested and len(path) > 1 and key[:1] in present:
                real.append((*present[key[:1]], *path[1:]))
        if real:
            found[name] = tuple(real)
    return found


def _recognised(
    form: Format, found: Mapping[str, tuple[Path, ...]], cached: str, present: Mapping[Path, Path]
) -> Recognised:
    used = {path[0] for paths in found.values() for path in paths}
    ignored = tuple(dict.fromkeys(path[0] for path in present.values() if path[0] not in used))
    return Recognised(format=form, mapping=dict(found), cached=cached, ignored=ignored)


def _plain(present: Mapping[Path, Path]) -> Recognised | None:
    """A plain file: an input and an output column with known names."""
    found = _plain_found(present)
    for name in ("input", "output", "cache_read", "cache_write_5m", "reasoning"):
        options = {normal(path[-1]) for path in exports().plain.fields[name]}
        paths = tuple(
            p for p in present.values() if len(p) > 1 and p[0] == "usage" and normal(p[-1]) in options
        )
        if name not in found and paths:
            found[name] = paths
    if "input" not in found or "output" not in found:
        return None
    return _recognised(_plain_format(found), found, _plain_cached(found), present)


def _plain_found(present: Mapping[Path, Path]) -> dict[str, tuple[Path, ...]]:
    """The first column of every meaning that has one of the known names."""
    found = _found(exports().plain.fields, present, nested=False)
    return {name: paths[:1] for name, paths in found.items()}


def _plain_format(found: Mapping[str, tuple[Path, ...]]) -> Format:
    return replace(exports().plain, grain=Grain.BUCKET if "n_requests" in found else Grain.REQUEST)


def side_of_names(names: Iterable[str]) -> Cached:
    """Where the cached tokens of columns of such names are: Anthropic's mean outside, every other inside."""
    spelled = {normal(name) for name in names}
    if not spelled:
        return NONE
    return OUTSIDE if spelled & exports().outside_names else INSIDE


def _plain_cached(found: Mapping[str, tuple[Path, ...]]) -> Cached:
    return side_of_names(p[-1] for name in ("cache_read", "cache_write_5m") for p in found.get(name, ()))


def _mapped(
    chosen: Format | None, present: Mapping[Path, Path], mapping: ColumnMapping, nested: bool
) -> Recognised | None:
    """Put the user's columns over what was recognised.

    Raises
    ------
    BadMapping
        If the file lacks a column that the mapping names.
    """
    found = _plain_found(present) if chosen is None else _found(chosen.fields, present, nested)
    for name, column in mapping.columns.items():
        if not column:
            found.pop(name, None)
            continue
        path = _column(column, present, nested)
        if path is None:
            known = ", ".join(".".join(p) for p in list(present.values())[:12])
            raise BadMapping(f"the file has no column '{column}'; it has {known}")
        found[name] = (path,)
    if "input" not in found or "output" not in found:
        return None
    form = chosen or _plain_format(found)
    cached = mapping.cached_in or (chosen.cached if chosen else _plain_cached(found))
    if cached == NONE and {"cache_read", "cache_write_5m", "cache_write_1h"} & set(found):
        cached = INSIDE
    return _recognised(form, found, cached, present)


def _column(column: str, present: Mapping[Path, Path], nested: bool) -> Path | None:
    """A column by the name that the user typed; dots go down into JSON."""
    whole = (normal(column),)
    if whole in present:
        return present[whole]
    parts = tuple(column.split("."))
    key = tuple(normal(part) for part in parts)
    if key in present:
        return present[key]
    return (*present[key[:1]], *parts[1:]) if nested and key[:1] in present else None
