"""JSON Lines and JSON documents: where the records lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, TypeAlias

from duckdb import DuckDBPyConnection

from breakeven import machine
from breakeven.usage import lent
from breakeven.usage.limits import Limits
from breakeven.usage.table import SAMPLE_BYTES, SAMPLE_ROWS, Table, flat, head, loads

Step: TypeAlias = tuple[str, str]
"""A step down in a document: what lies there, and the key that holds it."""
RESULTS: Step = ("list", "results")
"""The list whose rows inherit the keys of what stands around them."""
MOST_STEPS = 2
FIRST = 20
"""Records that a step is decided by."""
_LISTS = ("data", "observations", "results", "rows", "records", "items", "requests", "logs")


def starts_json(path: FilePath) -> bool:
    """Whether a file begins like JSON."""
    return head(path, 4096).lstrip()[:1] in ("{", "[")


def is_document(path: FilePath) -> bool:
    """Whether a JSON file is one document and not one record a line."""
    if not starts_json(path):
        return False
    first, newline, rest = head(path, 16 * SAMPLE_BYTES).lstrip().partition("\n")
    if first.startswith("["):
        return True
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        return not (newline and rest.lstrip().startswith("{") and first.rstrip().endswith("}"))
    return not rest.strip() and isinstance(record, dict) and len(first) > 1_000_000


def json_documents(path: FilePath) -> str:
    """FROM clause of a JSON file that is read in one piece: its records, or the document."""
    longest = max(path.stat().st_size + 1024, 1 << 20)
    return f"(SELECT json AS j FROM read_json_objects($path, format='auto', maximum_object_size={longest}))"


def json_table(connection: DuckDBPyConnection, path: FilePath, document: bool, limits: Limits) -> Table:
    """Find the records of a JSON document or of JSON Lines."""
    if not machine.EXTENSIONS:
        return _read_here(connection, path, document)
    if document:
        base = json_documents(path)
    else:
        base = (
            "(SELECT TRY_CAST(NULLIF(TRIM(line), '') AS JSON) AS j, line FROM "
            "read_csv($path, delim='\x01', quote='', escape='', "
            "header=false, auto_detect=false, columns={'line': 'VARCHAR'}, "
            f"max_line_size={limits.line_kb * 1000 + 1000}, store_rejects=true, rejects_limit=0, "
            "rejects_table='reject_errors', rejects_scan='reject_scans'))"
        )
    parameters = {"path": str(path)}
    parent = False
    source = base
    for _ in range(MOST_STEPS):
        step = step_down(_json_sample(connection, source, parameters, FIRST))
        if step is None:
            break
        source, last = _stepped(source, *step), _is_last(*step)
        parent = step == RESULTS
        if last:
            break
    rows = _json_sample(connection, source, parameters, SAMPLE_ROWS)
    around = []
    if parent:
        found = connection.execute(
            f"SELECT CAST(parent AS VARCHAR) FROM {source} LIMIT {FIRST}", parameters
        ).fetchall()
        around = [loads(text) for (text,) in found]
    table = _described(rows, around if parent else None, path)
    table.source, table.by_line = source, source == base and not document
    return table


def _read_here(connection: DuckDBPyConnection, path: FilePath, document: bool) -> Table:
    """The same of a file that this program reads for the database."""

    def read(steps: Sequence[Step]) -> Iterator[lent.Row]:
        whole = ((value, None, None) for value in lent.values(path))
        return lent.unwrapped(whole if document else lent.lines(path), steps)

    steps: list[Step] = []
    while len(steps) < MOST_STEPS and not (steps and _is_last(*steps[-1])):
        step = step_down([lent.plain(one) for one in _first_records(read(steps), FIRST)])
        if step is None:
            break
        steps.append(step)
    parent = RESULTS in steps[-1:]
    around = [lent.plain(outer) for _, outer, _ in islice(read(steps), FIRST)] if parent else None
    table = _described([lent.plain(one) for one in _first_records(read(steps), SAMPLE_ROWS)], around, path)
    table.source, table.by_line = lent.NAME, not steps and not document
    table.lent = lent.records_table(read(steps), parent=parent, texts=table.by_line)
    lent.lend(connection, table)
    return table


def _first_records(rows: Iterator[lent.Row], most: int) -> list[dict[str, Any]]:
    return [
        one
        for one, _, _ in islice((row for row in rows if row[0] is not None), most)
        if isinstance(one, dict)
    ]


def _described(rows: Sequence[dict[str, Any]], around: Sequence[Any] | None, path: FilePath) -> Table:
    """What the first records, and those around them, tell of a relation of JSON records."""
    records = [flat(row) for row in rows]
    names = list(dict.fromkeys(place for row in records for place in row))
    if around is not None:
        names += [p for one in around for p in flat(one) if len(p) == 1 and p not in names]
        names = list(dict.fromkeys(names))
    return Table(
        source="",
        parameters={"path": str(path)},
        columns={},
        kind="json",
        parent=around is not None,
        names=names,
        quoted=frozenset(key for row in records for key, value in row.items() if isinstance(value, str)),
        sample=[{k: str(v) for k, v in row.items() if v is not None} for row in records],
    )


def _json_sample(
    connection: DuckDBPyConnection, source: str, parameters: Mapping[str, Any], most: int
) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"SELECT CAST(j AS VARCHAR) FROM {source} WHERE j IS NOT NULL LIMIT {most}", parameters
    ).fetchall()
    return [record for (text,) in rows if isinstance(record := loads(text), dict)]


def step_down(rows: Sequence[Mapping[str, Any]]) -> Step | None:
    """One step down in a document whose rows lie in a list: kind and key; None: these are the rows."""
    for row in rows:
        if isinstance(row.get("input_lens"), list) and isinstance(row.get("output_lens"), list):
            return ("runs", "")
        if isinstance(row.get("resourceSpans"), list):
            return ("spans", "")
        for key in _LISTS:
            inner = row.get(key)
            if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)):
                if not inner and not any(isinstance(r.get(key), list) and r[key] for r in rows):
                    continue
                return ("list", key)
    return None


def _is_last(kind: str, key: str) -> bool:
    """Whether the rows are there after such a step."""
    return kind != "list" or (kind, key) == RESULTS


def _stepped(source: str, kind: str, key: str) -> str:
    """FROM clause after a step down."""
    if kind == "runs":
        lists = ", ".join(
            f"unnest(TRY_CAST(json_extract(j, '$.{many}') AS JSON[])) AS {one}"
            for one, many in lent.BENCHMARK.items()
        )
        return (
            "(SELECT json_object('input_len', input_len, 'output_len', output_len, 'start_time', "
            f"start_time, 'ttft', ttft, 'model_id', model_id) AS j FROM (SELECT {lists}, "
            f"json_extract(j, '$.model_id') AS model_id FROM {source}))"
        )
    if kind == "spans":
        value = "COALESCE({0}->>'stringValue', {0}->>'intValue', {0}->>'doubleValue')".format(
            "json_extract(a, '$.value')"
        )
        return (
            "(SELECT json_object('startTimeUnixNano', json_extract(s, '$.startTimeUnixNano'), "
            "'attributes', json(CAST(to_json(map_from_entries(list_transform(list_filter(COALESCE("
            "TRY_CAST(json_extract(s, '$.attributes') AS JSON[]), []), "
            "lambda a: a->>'key' LIKE 'gen_ai.%'), lambda a: "
            f"struct_pack(k := a->>'key', v := {value})))) AS VARCHAR))) AS j FROM (SELECT unnest("
            f"json_extract(j, '$.resourceSpans[*].scopeSpans[*].spans[*]')) AS s FROM {source}))"
        )
    outer = ", j AS parent" if (kind, key) == RESULTS else ""
    return f"(SELECT unnest(json_extract(j, '$.{key}[*]')) AS j{outer} FROM {source})"
