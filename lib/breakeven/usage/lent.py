"""JSON and Parquet for a DuckDB that reads neither: read here, and lent to it as a table.

The same relation as :mod:`breakeven.usage.json_table` and :mod:`breakeven.usage.parquet_table` give, but for
the records of JSON: each is a map from the place of a value (``/usage/input_tokens``) to its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path as FilePath
from typing import Any, TypeAlias

from breakeven import machine
from breakeven.usage.formats import Path
from breakeven.usage.stop import heed_stop
from breakeven.usage.table import Table, flat

NAME = "lent"
"""Name of the table in the database that it is lent to."""
_STEP = 4_096
_DEEPEST = 100


Row: TypeAlias = tuple[Any, Any, str | None]
"""A JSON record, what stands around it, and the text of its line."""


class Number(str):
    """A number as the file writes it."""

    __slots__ = ()


def lend(connection: Any, table: Table) -> None:
    """Let a connection see the rows of a table that were read here; nothing where it reads them itself."""
    if table.lent is not None:
        connection.register(NAME, table.lent)


def text_at(record: str, key: str) -> str:
    """Expression of the text at a place of a JSON record; ``key`` names the parameter with the place."""
    return f"json_extract_string({record}, ${key})" if machine.EXTENSIONS else f"{record}[${key}]"


def blocks_at(record: str, name: str) -> str:
    """Expression of a list in a JSON record, as text."""
    if machine.EXTENSIONS:
        return f"CAST(json_extract({record}, '$.{name}') AS VARCHAR)"
    return f"{record}['/{name}']"


# --- JSON -------------------------------------------------------------------------------------------


def values(path: FilePath) -> Iterator[Any]:
    """Values of a JSON document; those of an outer list one by one.

    Raises
    ------
    ValueError
        If the document is damaged.
    """
    text = path.read_text(encoding="utf-8-sig")
    at = _past_blanks(text, 0)
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield from value if isinstance(value, list) else [value]
        at = _past_blanks(text, at)


def is_whole(path: FilePath) -> bool:
    """Whether a JSON document can be read to its end."""
    try:
        return all(True for _ in values(path))
    except ValueError:
        return False


def lines(path: FilePath) -> Iterator[Row]:
    """Value, nothing around it, and text of every line; None where it is no JSON."""
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(file):
            if number % _STEP == 0:
                heed_stop()
            text = line.rstrip("\r\n")
            try:
                value = _DECODER.decode(text) if text.strip() else None
            except (ValueError, RecursionError):
                value = None
            yield value, None, text


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number)


def plain(value: Any) -> Any:
    """A value with its numbers as numbers."""
    if isinstance(value, Number):
        return json.loads(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def records_table(rows: Iterable[Row], *, parent: bool, texts: bool) -> Any:
    """Arrow table of records, of what stands around them, and of their lines."""
    import pyarrow as pa  # type: ignore[import-untyped]

    kind = pa.map_(pa.string(), pa.string())
    names = ["j", *(["parent"] if parent else []), *(["line"] if texts else [])]
    schema = pa.schema([(name, pa.string() if name == "line" else kind) for name in names])
    batches: list[Any] = []
    held: list[Row] = []

    def keep() -> None:
        columns: dict[str, list[Any]] = {
            "j": [_places(one) for one, _, _ in held],
            "parent": [_places(around) for _, around, _ in held],
            "line": [text for _, _, text in held],
        }
        batches.append(pa.record_batch([pa.array(columns[n], schema.field(n).type) for n in names], schema))
        held.clear()

    for row in rows:
        held.append(row)
        if len(held) == _STEP:
            heed_stop()
            keep()
    keep()
    return pa.Table.from_batches(batches, schema)


def _places(record: Any) -> list[tuple[str, str]] | None:
    """Place and text of every value in a record; None where there is no record."""
    if not isinstance(record, (dict, list)):
        return None
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any, int]] = [("", record, 0)]
    while waiting:
        place, value, depth = waiting.pop()
        if isinstance(value, (dict, list)):
            if depth and isinstance(value, list):
                found.append((place, json.dumps(plain(value), separators=(",", ":"))))
            items = value.items() if isinstance(value, dict) else enumerate(value)
            if depth < _DEEPEST and (depth == 0 or isinstance(value, dict)):
                waiting += [(f"{place}/{_step(key)}", one, depth + 1) for key, one in items]
        elif value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.append((place, text))
    # Of a key that stands twice in a record the parser keeps the last; a map has each once.
    return list(dict(found).items())


def _step(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def unwrapped(rows: Iterable[Row], steps: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Rows after steps down in their document, each of a kind and a key, see :func:`step_down`."""
    for record, around, text in rows:
        if not steps:
            yield record, around, text
            continue
        (kind, key), rest = steps[0], steps[1:]
        inner = _INNER[kind](record, key) if isinstance(record, dict) else []
        outer = record if key == "results" else None
        yield from unwrapped(((one, outer, None) for one in inner), rest)


def _listed(record: Mapping[str, Any], key: str) -> list[Any]:
    found = record.get(key)
    return found if isinstance(found, list) else []


BENCHMARK = {
    "input_len": "input_lens",
    "output_len": "output_lens",
    "start_time": "start_times",
    "ttft": "ttfts",
}


def _runs(record: Mapping[str, Any], _key: str) -> list[dict[str, Any]]:
    """Requests of a benchmark that writes its columns as lists."""
    columns = [_listed(record, many) for many in BENCHMARK.values()]
    return [
        {**dict(zip(BENCHMARK, row, strict=True)), "model_id": record.get("model_id")}
        for row in zip_longest(*columns)
    ]


def _spans(record: Mapping[str, Any], _key: str) -> list[dict[str, Any]]:
    """Spans of a trace, with those of their attributes that say what a model was asked."""
    found = []
    for resource in _listed(record, "resourceSpans"):
        for scope in _listed(resource, "scopeSpans") if isinstance(resource, dict) else []:
            for span in _listed(scope, "spans") if isinstance(scope, dict) else []:
                attributes = dict(filter(None, map(_attribute, _listed(span, "attributes"))))
                found.append({"startTimeUnixNano": span.get("startTimeUnixNano"), "attributes": attributes})
    return found


def _attribute(one: Any) -> tuple[str, Any] | None:
    """Name and value of an attribute of a span; None where it says nothing of a model."""
    name = str(one.get("key")) if isinstance(one, dict) else ""
    if not name.startswith("gen_ai."):
        return None
    value = one.get("value") or {}
    return name, next((value[key] for key in _VALUES if value.get(key) is not None), None)


_VALUES = ("stringValue", "intValue", "doubleValue")
_INNER = {"list": _listed, "runs": _runs, "spans": _spans}


# --- Parquet ----------------------------------------------------------------------------------------


def parquet_rows(path: FilePath) -> tuple[list[str], Any, list[dict[str, Any]]]:
    """Names of the columns of a Parquet file, the file as an Arrow table, and its first rows.

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    table = pq.read_table(path)
    return list(table.column_names), table, table.slice(0, 50).to_pylist()


def with_nested(table: Any, names: Mapping[Path, str], nested: Sequence[Path]) -> Any:
    """An Arrow table with columns for values inside others, as text; ``names`` has a name for each."""
    import pyarrow as pa

    for path in nested:
        column = table.column(names[path[:1]]).to_pylist()
        texts = [_text(_inside(one, path[1:])) for one in column]
        table = table.append_column(names[path], pa.array(texts, pa.string()))
    return table


def _inside(value: Any, path: Path) -> Any:
    if isinstance(value, str) and path:
        try:
            value = json.loads(value)
        except ValueError:
            return None
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), default=str)


def nested_paths(rows: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Places inside cells, as far as the first rows have any."""
    return list(dict.fromkeys(path for row in rows for path in flat(row) if len(path) > 1))
