"""JSON Lines and JSON documents: where the records lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.usage.limits import Limits
from breakeven.usage.table import SAMPLE_BYTES, SAMPLE_ROWS, Table, flat, head, loads

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
    for _ in range(2):
        first = _json_sample(connection, source, parameters, 20)
        step = _unwrap(first, source, parent)
        if step is None:
            break
        source, parent, last = step
        if last:
            break
    rows = _json_sample(connection, source, parameters, SAMPLE_ROWS)
    records = [flat(row) for row in rows]
    names = list(dict.fromkeys(path for row in records for path in row))
    if parent:
        parents = connection.execute(
            f"SELECT CAST(parent AS VARCHAR) FROM {source} LIMIT 20", parameters
        ).fetchall()
        names += [p for (text,) in parents for p in flat(loads(text)) if len(p) == 1 and p not in names]
        names = list(dict.fromkeys(names))
    return Table(
        source=source,
        parameters=dict(parameters),
        columns={},
        kind="json",
        parent=parent,
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


def _unwrap(rows: list[dict[str, Any]], source: str, parent: bool) -> tuple[str, bool, bool] | None:
    """One step down in a document whose rows lie in a list; the last item says that they are there."""
    for row in rows:
        if isinstance(row.get("input_lens"), list) and isinstance(row.get("output_lens"), list):
            lists = ", ".join(
                f"unnest(TRY_CAST(json_extract(j, '$.{many}') AS JSON[])) AS {one}"
                for many, one in (
                    ("input_lens", "input_len"),
                    ("output_lens", "output_len"),
                    ("start_times", "start_time"),
                    ("ttfts", "ttft"),
                )
            )
            return (
                "(SELECT json_object('input_len', input_len, 'output_len', output_len, 'start_time', "
                f"start_time, 'ttft', ttft, 'model_id', model_id) AS j FROM (SELECT {lists}, "
                f"json_extract(j, '$.model_id') AS model_id FROM {source}))",
                False,
                True,
            )
        if isinstance(row.get("resourceSpans"), list):
            value = "COALESCE({0}->>'stringValue', {0}->>'intValue', {0}->>'doubleValue')".format(
                "json_extract(a, '$.value')"
            )
            return (
                "(SELECT json_object('startTimeUnixNano', json_extract(s, '$.startTimeUnixNano'), "
                "'attributes', json(CAST(to_json(map_from_entries(list_transform(list_filter(COALESCE("
                "TRY_CAST(json_extract(s, '$.attributes') AS JSON[]), []), "
                "lambda a: a->>'key' LIKE 'gen_ai.%'), lambda a: "
                f"struct_pack(k := a->>'key', v := {value})))) AS VARCHAR))) AS j FROM (SELECT unnest("
                f"json_extract(j, '$.resourceSpans[*].scopeSpans[*].spans[*]')) AS s FROM {source}))",
                False,
                True,
            )
        for key in _LISTS:
            inner = row.get(key)
            if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)):
                if not inner and not any(isinstance(r.get(key), list) and r[key] for r in rows):
                    continue
                outer = ", j AS parent" if key == "results" else ""
                return (
                    f"(SELECT unnest(json_extract(j, '$.{key}[*]')) AS j{outer} FROM {source})",
                    bool(outer),
                    key == "results" or parent,
                )
    return None
