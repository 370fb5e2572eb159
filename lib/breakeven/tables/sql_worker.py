"""Questions in SQL, answered in a process of its own that :mod:`breakeven.tables.sql_workers` starts.

A statement can be built that no setting of DuckDB stops in time: strings that double, a parser sent very
deep. Here it can only take down this process, which holds nothing but a read-only copy of the tables,
has no environment and may write no file.

Reads one JSON line ``{database, megabytes, functions}`` and writes ``ready``; then reads lines
``{sql, seconds, rows}`` and writes one JSON line for each.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

LONGEST_CELL = 10_000
"""Characters of a cell that are sent; the rest is cut and the cut is said."""
MOST_BYTES = 20_000_000
"""Size of an answer that is sent."""
_SPARE_MEGABYTES = 300
"""What the interpreter, DuckDB's own code and its threads take beside the memory limit."""
FULL_MEGABYTES = 100
"""Memory that statements may have taken of a process that answers another one. [MB]"""
_SETTINGS = (
    "SET threads = 2",
    "SET TimeZone = 'UTC'",
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
_SYSTEM_WORDS = frozenset(
    {"current_catalog", "current_role", "current_schema", "current_user", "session_user", "user"}
)
"""Words without brackets that DuckDB answers by a function where no column is called so."""
_LISTS = (['"tables"'], ["__show_tables_expanded"])
"""What SHOW TABLES and SHOW ALL TABLES look at."""
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?", re.IGNORECASE)
_WORDS = {
    "ATTACH": "ATTACH opens other databases",
    "COPY": "COPY reads and writes files",
    "EXPORT": "EXPORT writes files",
    "LOAD": "LOAD and INSTALL bring in extensions",
    "SET": "settings are locked",
    "VARIABLE_SET": "settings are locked",
    "PRAGMA": "settings are locked",
    "CALL": "CALL runs system functions",
    "MULTI": "this form needs several statements; write it with GROUP BY",
}


class Refused(Exception):
    """The statement is not one that may run here; the text is one sentence."""


def vet(connection: duckdb.DuckDBPyConnection, sql: str, functions: Collection[str]) -> None:
    """Refuse whatever is not one reading statement over the tables.

    The statement is taken apart by DuckDB's own parser, so spelling, quotes and comments hide nothing.

    Raises
    ------
    Refused
        With the reason as a sentence.
    """
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(sentence(error)) from None
    if len(statements) != 1:
        found = "nothing to run" if not statements else f"{len(statements)} statements"
        raise Refused(f"There must be exactly one statement; this is {found}.")
    kind = statements[0].type.name
    if kind not in ("SELECT", "EXPLAIN"):
        why = f": {_WORDS[kind]}" if kind in _WORDS else ""
        raise Refused(
            f"Only SELECT, WITH, DESCRIBE, SUMMARIZE and EXPLAIN may run here, not {_word(kind, sql)}{why}."
        )
    query: str = (
        statements[0].query if kind == "SELECT" else _EXPLAIN.sub("", _bare(statements[0].query), count=1)
    )
    answer = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    tree: dict[str, Any] = json.loads(answer[0]) if answer else {"error": True}
    if tree["error"] or len(tree["statements"]) != 1:
        raise Refused("Only a statement that reads may run here; this one changes something.")
    own = {str(name) for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    _vet_tree(tree, own, functions)


def _bare(sql: str) -> str:
    """Take off comments before the first word."""
    return re.sub(r"\A(\s|--[^\n]*(\n|\Z)|/\*.*?\*/)+", "", sql, flags=re.DOTALL)


def _word(kind: str, sql: str) -> str:
    first = re.match(r"[A-Za-z]+", _bare(sql))
    return first[0].upper() if first else kind


def _nodes(tree: Any) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every object of the syntax tree with the names of the queries (CTE) that it sees, without recursion.

    A name is seen by the queries that follow it and by the statement that it stands before; by its own query
    only where that one repeats itself.
    """
    waiting: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, seen = waiting.pop()
        if isinstance(node, list):
            waiting.extend((one, seen) for one in node)
        if not isinstance(node, dict):
            continue
        yield node, seen
        for entry in (node.get("cte_map") or {}).get("map", ()):
            waiting.append((entry["value"], seen))
            seen |= {str(entry["key"]).lower()}
        for key, value in node.items():
            if key != "cte_map":
                again = key == "right" and isinstance(node.get("cte_name"), str)
                waiting.append((value, seen | {node["cte_name"].lower()} if again else seen))


def _vet_tree(tree: Any, own: set[str], functions: Collection[str]) -> None:
    """Refuse tables that are not ours and functions that do more than compute."""
    ours = {name.lower() for name in own}
    for node, seen in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            name = str((node.get("function") or {}).get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                raise Refused(unavailable(name))
        elif node.get("type") in ("BASE_TABLE", "SHOW_REF"):
            path = [str(part).lower() for part in (node.get("qualified_name") or {}).get("path", ())]
            if node["type"] == "SHOW_REF" and (node.get("query") or path in _LISTS):
                continue
            if (
                not path
                or path[-1] not in (ours if path[:-1] else ours | seen)
                or path[:-1] not in ([], ["main"])
            ):
                raise Refused(
                    f"There is no table '{_short('.'.join(path))}'; there are {', '.join(sorted(own))}."
                )
        elif node.get("class") == "COLUMN_REF":
            names = [str(name).lower() for name in node.get("column_names", ())]
            if len(names) == 1 and names[0] in _SYSTEM_WORDS:
                raise Refused(unavailable(names[0]))
        elif node.get("class") in ("FUNCTION", "WINDOW"):
            name = str(node.get("function_name", "")).lower()
            if name not in functions:
                raise Refused(unavailable(name))


def sentence(error: BaseException) -> str:
    """Put a DuckDB error into one line: what is wrong and what would be near, not the text again."""
    text = str(error).partition("\n\nLINE ")[0].strip() or type(error).__name__
    text = re.sub(r"\A[A-Z][\w ]{0,40} Error: ", "", text)
    text = " ".join(text.split())
    return text if len(text) <= 400 else text[:399] + "…"


def unavailable(name: str) -> str:
    """Why a function may not be called."""
    return f"The function {_short(name)} is not available here: no files, no network, no system."


def _short(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in (text if len(text) <= 60 else text[:59] + "…"))


def run(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    *,
    seconds: float,
    rows: int,
    functions: Collection[str],
) -> dict[str, Any]:
    """Answer one statement, or say in one sentence why not; never raises for a fault of the statement."""
    expired = []

    def stop() -> None:
        expired.append(True)
        connection.interrupt()

    timer = Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        vet(connection, sql, functions)
        result = connection.execute(sql)
        columns = [[str(item[0]), str(item[1])] for item in result.description or []]
        found = result.fetchmany(rows + 1)
    except Refused as reason:
        return {"problem": str(reason)}
    except duckdb.InterruptException:
        return {"problem": f"The statement was stopped after {seconds:g} s; ask for less, or add a LIMIT."}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"problem": "The statement needs more memory than the box has; ask for less.", "spent": True}
    except RecursionError:
        return {"problem": "The statement is nested too deeply."}
    except duckdb.Error as error:
        if expired:
            return {
                "problem": f"The statement was stopped after {seconds:g} s; ask for less, or add a LIMIT."
            }
        return {"problem": sentence(error)}
    except (
        ImportError,
        ValueError,
        TypeError,
        OverflowError,
    ) as error:  # a value that Python has no type for
        return {"problem": f"The answer cannot be shown: {sentence(error)}; cast its columns to VARCHAR."}
    finally:
        timer.cancel()
    return answer_of(columns, found, rows)


def answer_of(columns: list[list[str]], found: list[tuple[Any, ...]], rows: int) -> dict[str, Any]:
    """Rows as JSON can hold them, no more than are allowed; what was cut is counted."""
    size, n_cut = 0, 0
    sent: list[list[Any]] = []
    for row in found[:rows]:
        cells = [_plain(cell) for cell in row]
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                size += min(len(cell), LONGEST_CELL)
                if len(cell) > LONGEST_CELL:
                    cells[place], n_cut = cell[:LONGEST_CELL] + "…", n_cut + 1
        size += 8 * len(cells)
        if size > MOST_BYTES:
            return {"problem": "The answer is larger than 20 MB; ask for fewer columns or rows."}
        sent.append(cells)
    return {"columns": columns, "rows": sent, "more": len(found) > rows, "n_cut": n_cut}


def _plain(cell: Any) -> Any:
    """A cell as JSON can hold it; nested values and exact decimals as text."""
    if cell is None or isinstance(cell, (bool, float, str)):
        return cell
    if isinstance(cell, int):
        return cell if abs(cell) < 2**63 else str(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def open_locked(path: str, megabytes: int) -> duckdb.DuckDBPyConnection:
    """Open the tables so that nothing else can be read and nothing can be written or set."""
    connection = duckdb.connect(path, read_only=True)
    connection.execute(f"SET memory_limit = '{int(megabytes)}MB'")
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection


def _limit_process(megabytes: int) -> None:
    """Ask the system to hold this process to its memory, where it can."""
    try:
        import resource
    except ImportError:  # Windows; DuckDB's own limits and the parent's deadline remain
        return
    room = (megabytes + _SPARE_MEGABYTES) * 1_000_000
    for limit, value in ((resource.RLIMIT_DATA, room), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (value, value))


def _most_memory() -> int:
    """Most memory that this process has held; 0 where the system does not say. [B]"""
    try:
        # What getrusage says begins, on Linux, with what the server had held when it started this process.
        with Path("/proc/self/status").open(encoding="ascii") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return 0
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _limit_statement(seconds: float) -> None:
    """Ask the system to end this process where one statement takes far too much of the processor."""
    try:
        import resource
    except ImportError:
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + 3 * seconds) + 4
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Open the tables and answer requests from standard input until it ends."""
    opened = json.loads(sys.stdin.readline())
    connection = open_locked(opened["database"], opened["megabytes"])
    functions = frozenset(opened["functions"])
    _limit_process(opened["megabytes"])
    print("ready", flush=True)
    full = _most_memory() + FULL_MEGABYTES * 1_000_000
    for line in sys.stdin:
        request = json.loads(line)
        _limit_statement(request["seconds"])
        answer = run(
            connection, request["sql"], seconds=request["seconds"], rows=request["rows"], functions=functions
        )
        # What a large statement has taken is not all given back: the next one would have less.
        print(json.dumps(answer | ({"spent": True} if _most_memory() > full else {})), flush=True)


if __name__ == "__main__":
    main()
