"""Which column holds what: by its name and by what its cells hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from breakeven.tables.exports import CACHES, FIELDS
from breakeven.usage.formats import (
    INSIDE,
    NONE,
    OUTSIDE,
    TOKEN_FIELDS,
    BadMapping,
    ColumnMapping,
    Format,
    Grain,
    Path,
    Recognised,
    exports,
    normal,
    recognise_export,
    side_of_names,
)
from breakeven.usage.sheets.numbers import Style, is_nothing, style_of
from breakeven.usage.sheets.words import EXACT, FAIR, WEAK, Meaning, meaning_of, vocabulary, words_of
from breakeven.usage.table import Table

LOOKED_AT = 2_000
"""Rows whose cells are looked at before it is decided what a column holds."""
_TRUE, _FALSE = ("true", "yes", "t", "y"), ("false", "no", "f", "n")
FLAGS = frozenset((*_TRUE, *_FALSE))
COUNTED = ("input", "uncached", *CACHES, "output", "reasoning", "total")
"""Meanings of columns of tokens."""
_SAID = {
    "input": "tokens of input",
    "output": "tokens of output",
    "uncached": "tokens of input without a cache",
    "cache_read": "cached tokens",
    "total": "tokens in total",
    "n_requests": "requests",
}


@lru_cache(maxsize=20_000)
def named(name: str) -> Meaning | None:
    """What the name of a column says: one of the plain names, or by its words."""
    plain = _plain_names().get(normal(name))
    if plain is not None:
        said = meaning_of(name)
        # Names that say tokens are sure; "input" or "time" may be text or a duration.
        sure = EXACT if said is None or said.score > WEAK else FAIR
        return Meaning(field=plain, score=sure)
    return meaning_of(name)


@lru_cache(maxsize=1)
def _plain_names() -> Mapping[str, str]:
    """Known names to canonical columns."""
    return {
        normal(path[0]): name
        for name, paths in reversed(list(exports().plain.fields.items()))
        for path in reversed(paths)
        if len(path) == 1
    }


@dataclass(slots=True, kw_only=True)
class Columns:
    """Which columns of a sheet are read, and how."""

    format: Format
    places: dict[str, list[tuple[int, Path]]]
    """Canonical column to the places that may hold it, with the way down into a cell of JSON."""
    meanings: dict[str, Meaning] = field(default_factory=dict)
    styles: dict[str, Style] = field(default_factory=dict)
    cached: str = NONE
    decisions: list[str] = field(default_factory=list)
    header: Sequence[str] = ()
    by_name: bool = False
    """It is an export that is recognised."""
    completed: bool = False
    """A side that no column holds follows from the others."""

    @property
    def both(self) -> bool:
        """Whether prompt and completion are known."""
        return bool({"input", "uncached"} & set(self.places)) and "output" in self.places

    def shown(self) -> dict[str, str]:
        """Canonical columns to the columns of the file, for a reader."""
        return {
            name: " or ".join(".".join((self.header[place], *path)) for place, path in places)
            for name, places in self.places.items()
        }

    def ignored(self) -> tuple[str, ...]:
        """Columns that are not used."""
        used = {place for places in self.places.values() for place, _ in places}
        return tuple(name for place, name in enumerate(self.header) if place not in used and name)


def columns_of(
    header: Sequence[str], rows: Sequence[Sequence[str]], mapping: ColumnMapping | None = None
) -> Columns:
    """Decide what every column holds.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        Cells of the first rows, as wide as the header.
    mapping
        What the user corrected.

    Raises
    ------
    BadMapping
        If the mapping names a column that the file does not have.
    """
    found = _export(header, rows)
    columns = found if found is not None else _by_meaning(header, rows)
    if mapping is not None and not mapping.empty:
        _correct(columns, mapping)
    _complete(columns, rows)
    return columns


def _export(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns | None:
    """Columns of an export that is recognised; a refusal counts only where no column holds tokens."""
    names = [(name,) for name in header]
    found = recognise_export(names)
    if found is None:
        return None
    if found.format.refusal:
        other = _by_meaning(header, rows)
        _complete(other, rows)
        if usable(other):
            return None
    places: dict[str, list[tuple[int, Path]]] = {}
    first = {normal(name): place for place, name in reversed(list(enumerate(header)))}
    for name, paths in found.mapping.items():
        places[name] = [(first[normal(path[0])], path[1:]) for path in paths if normal(path[0]) in first]
    return Columns(format=found.format, places=places, cached=found.cached, header=header, by_name=True)


def _by_meaning(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """Columns of any other sheet: the best name for every meaning whose cells agree."""
    best: dict[str, tuple[tuple[int, int], int, Meaning]] = {}
    claims: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        meaning = named(name)
        if meaning is None or not name:
            continue
        cells = [row[place] for row in rows[:LOOKED_AT] if not is_nothing(row[place])]
        if meaning.field in (*COUNTED, "n_requests", "repeat", "reported_cost_usd"):
            if meaning.field == "cache_read" and cells and all(c.strip().lower() in FLAGS for c in cells):
                meaning = replace(meaning, field="cache_flag")
            elif not _numeric(cells) or (meaning.field in COUNTED and _money(cells)):
                continue
            claims.setdefault(meaning.field, []).append(place)
        elif meaning.field == "ts" and cells and not any(map(str.isdigit, "".join(cells[:200]))):
            continue
        rank = (meaning.score * 2 - (not cells), -place)
        if meaning.field not in best or rank > best[meaning.field][0]:
            best[meaning.field] = (rank, place, meaning)
    columns = Columns(
        format=exports().plain,
        places={name: [(place, ())] for name, (_, place, _) in best.items()},
        meanings={name: meaning for name, (_, _, meaning) in best.items()},
        header=header,
    )
    if "input" in columns.places and "uncached" in columns.places:
        columns.places.pop("uncached")
    _say_rivals(columns, claims, rows)
    _say_shares(columns, rows)
    return columns


def _say_rivals(columns: Columns, claims: Mapping[str, Sequence[int]], rows: Sequence[Sequence[str]]) -> None:
    """Name columns that say the same as one that counts, and hold other numbers."""
    for name, claimed in claims.items():
        if name not in columns.places or name == "reported_cost_usd":
            continue
        counts = columns.places[name][0][0]
        for place in claimed:
            other = [
                row for row in rows[:LOOKED_AT] if row[place].strip(" 0.-") and row[place] != row[counts]
            ]
            if place != counts and other:
                columns.decisions.append(
                    f"Columns {columns.header[counts]} and {columns.header[place]} both say "
                    f"{_SAID.get(name, name)}: {columns.header[counts]} counts, the other does not."
                )


def _say_shares(columns: Columns, rows: Sequence[Sequence[str]]) -> None:
    """Name a share of cached input that is not used, where nothing else says how much is cached."""
    if "cache_read" in columns.places:
        return
    for place, name in enumerate(columns.header):
        words = words_of(name)
        said = {concept for word in words for concept in vocabulary().concepts.get(word, ())}
        rate = "share" in said or words[-1:] in (["rate"], ["fraction"])
        if rate and "cached" in said and any(row[place].strip(" 0.%") for row in rows[:LOOKED_AT]):
            columns.decisions.append(
                f"{name} is a share, of requests or of tokens, and is not used: no input counts as cached."
            )


def _numeric(cells: Sequence[str]) -> bool:
    """Whether the cells that are not empty are mostly numbers; without any the name alone counts."""
    if not cells:
        return True
    style = Style()
    other = Style(decimal=",")
    numbers = sum(1 for cell in cells if style.read(cell) or other.read(cell))
    return numbers * 2 >= len(cells)


def _money(cells: Sequence[str]) -> bool:
    """Whether most cells that are numbers are amounts of money: the prices of tokens, not how many."""
    read = [
        found for cell in cells[:LOOKED_AT] if (found := Style().read(cell) or Style(decimal=",").read(cell))
    ]
    return bool(read) and sum(bool(one.currency) for one in read) * 2 > len(read)


def _correct(columns: Columns, mapping: ColumnMapping) -> None:
    """Put the user's columns over what was recognised."""
    for name, column in mapping.columns.items():
        if not column:
            columns.places.pop(name, None)
            continue
        first, *rest = column.split(".")
        place = next((n for n, one in enumerate(columns.header) if normal(one) == normal(column)), None)
        path: Path = ()
        if place is None:
            place = next((n for n, one in enumerate(columns.header) if normal(one) == normal(first)), None)
            path = tuple(rest)
        if place is None:
            known = ", ".join(columns.header[:12])
            raise BadMapping(f"the file has no column '{column}'; it has {known}")
        columns.places[name] = [(place, path)]
        columns.meanings.pop(name, None)
        if name == "input":
            columns.places.pop("uncached", None)
    if mapping.cached_in:
        columns.cached = mapping.cached_in


def _complete(columns: Columns, rows: Sequence[Sequence[str]]) -> None:
    """What is missing and follows from the rest: a side from the total, embeddings without completions."""
    said = None if columns.by_name else _follows(columns, rows)
    if said is not None:
        columns.completed = True
        columns.decisions.append(said)


def _follows(columns: Columns, rows: Sequence[Sequence[str]]) -> str | None:
    """How the side that no column holds follows from the others; None where it does not."""
    places = columns.places
    has_input = bool({"input", "uncached"} & set(places))
    if has_input and "output" not in places:
        if "total" in places and _differ(columns, rows):
            return "The completion is the total without the input: the file has no column of it."
        if _embeddings(columns, rows) or ("total" in places and _equal(columns, rows)):
            return "There is no column of completions: the rows are embeddings, or input only."
    elif "total" in places and "output" not in places and _embeddings(columns, rows):
        places["input"] = places.pop("total")
        if "total" in columns.meanings:
            columns.meanings["input"] = columns.meanings.pop("total")
        return "The rows are embeddings: all their tokens are input."
    elif "output" in places and not has_input and "total" in places:
        return "The input is the total without the completion: the file has no column of it."
    return None


def _differ(columns: Columns, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the total is more than the input in any row."""
    side = columns.places.get("input") or columns.places["uncached"]
    style = Style()
    for row in rows[:LOOKED_AT]:
        one, total = style.read(row[side[0][0]]), style.read(row[columns.places["total"][0][0]])
        if one and total and total.value > one.value:
            return True
    return False


def _equal(columns: Columns, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the total is the input in every row."""
    side = columns.places.get("input") or columns.places["uncached"]
    return all(
        row[side[0][0]].strip() == row[columns.places["total"][0][0]].strip() for row in rows[:LOOKED_AT]
    )


def _embeddings(columns: Columns, rows: Sequence[Sequence[str]]) -> bool:
    """Whether most models are embedding models."""
    if "model" not in columns.places:
        return False
    place = columns.places["model"][0][0]
    names = [row[place] for row in rows[:LOOKED_AT] if row[place]]
    known = [n for n in names if embeds(n)]
    return bool(names) and len(known) * 2 >= len(names)


def embeds(model: str) -> bool:
    """Whether the name of a model says that it embeds or ranks and writes nothing.

    >>> embeds("text-embedding-3-small"), embeds("voyage-3.5"), embeds("gpt-4o")
    (True, True, False)
    """
    return any("embedding" in vocabulary().concepts.get(word, ()) for word in words_of(model))


def by_meaning(table: Table, mapping: ColumnMapping | None = None) -> Recognised | None:
    """Columns of a large sheet by meaning, where each stands for itself: no unit, no mean, no share."""
    header = [path[0] for path in table.names if len(path) == 1]
    if table.kind != "csv" or len(header) != table.width:
        return None
    rows = [[row.get((name,), "") for name in header] for row in table.sample]
    columns = columns_of(header, rows, mapping)
    plain = all(
        one.scale == 1.0 and not one.average and not one.currency for one in columns.meanings.values()
    )
    if columns.by_name or not plain or not {"input", "output"} <= set(columns.places):
        return None
    kept = {name: places for name, places in columns.places.items() if name in FIELDS}
    cached = columns.cached
    if cached == NONE:
        cached = side_of_names(header[place] for name in CACHES for place, _ in kept.get(name, ()))
    used = {place for places in kept.values() for place, _ in places}
    return Recognised(
        format=replace(columns.format, grain=grain_of(columns)),
        mapping={
            name: tuple((header[place], *path) for place, path in places) for name, places in kept.items()
        },
        cached=cached,
        ignored=tuple(name for place, name in enumerate(header) if place not in used),
    )


def holds_text(table: Table, found: Recognised) -> bool:
    """Whether columns whose names do not say tokens, such as ``input`` of a data set, mostly hold text."""
    for name in ("input", "output") if table.kind == "csv" else ():
        for path in found.mapping.get(name, ()):
            meaning = named(path[0])
            cells = [cell for row in table.sample if not is_nothing(cell := row.get(path, ""))]
            if len(path) == 1 and meaning and meaning.score <= FAIR and cells and not _numeric(cells):
                return True
    return False


def usable(columns: Columns) -> bool:
    """Whether tokens of a request can be had from the columns, completed by what they say."""
    return columns.both or columns.completed


def set_styles(columns: Columns, rows: Sequence[Sequence[str]], *, semicolons: bool) -> None:
    """Decide the style of the numbers of every column, each by all of its cells."""
    hint = "," if semicolons else None
    counts = [name for name in columns.places if name in (*COUNTED, "n_requests", "repeat")]
    for name in [*counts, *(["reported_cost_usd"] if "reported_cost_usd" in columns.places else [])]:
        place, path = columns.places[name][0]
        if path:
            continue
        meaning = columns.meanings.get(name)
        whole = name != "reported_cost_usd" and not (meaning and (meaning.average or meaning.scale != 1.0))
        style = style_of((row[place] for row in rows), whole=whole, hint=hint)
        columns.styles[name] = style
        if style.proven or (whole and style.grouped):
            hint = style.decimal
        if style.grouped:
            mark = "a point" if style.decimal == "," else "a comma"
            columns.decisions.append(f"In {columns.header[place]} {mark} separates the thousands.")


def grain_of(columns: Columns) -> Grain:
    """What a row is, as far as the columns tell."""
    if columns.by_name:
        return columns.format.grain
    return Grain.BUCKET if "n_requests" in columns.places else Grain.REQUEST


__all__ = ["FLAGS", "INSIDE", "OUTSIDE", "TOKEN_FIELDS", "Columns", "Recognised", "columns_of", "usable"]
