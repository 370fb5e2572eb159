"""Turn the CSV files of ``data/`` into DuckDB tables. Nothing else writes the database.

``data/schema.sql`` holds the tables and every rule on a single row; the order of its tables is the
order of loading. Rules across tables are in :mod:`breakeven.tables.check`.
"""

import contextlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from breakeven import machine
from breakeven.paths import DATA
from breakeven.tables.catalogue_rules import bad_patterns, rules_of_sheet
from breakeven.tables.daily import in_one_line
from breakeven.tables.ends import with_ends
from breakeven.tables.kept import drop_old, kept_file
from breakeven.tables.older import LATER, with_catalogue
from breakeven.tables.rules import Check, Reference, TableRules, quoted, requirement, rules_of, table_names
from breakeven.tables.sheet import WHOLE_ROW, Problem, Sheet, check_cells, read_sheet, repeated_rows, shown
from breakeven.tables.snapshot import add_sources, newest_snapshot

MAX_PROBLEMS = 100
"""Problems after which a build stops looking for more."""

HISTORY = "api_prices_history"
"""File of prices older than the catalogue's; its rows become rows of ``api_prices``."""
DAILY = "api_prices_daily"
"""File of the changes of one price list, by the day; likewise."""

# Nothing goes to the network by itself, not even while the tables are built.
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_SQL = Path(__file__).with_name("sql")
_LINE = '"line of the file"'  # no column of a table has such a name


class DataError(Exception):
    """The data break a rule, or are not there."""

    problems: list[str]
    """Each problem as ``file:line: column: reason``."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep the problems; the message is their count and the problems themselves."""
        self.problems = list(problems)[:MAX_PROBLEMS]
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        more = " or more" if len(problems) >= MAX_PROBLEMS else ""
        super().__init__("\n".join([f"{count}{more} {noun}:", *self.problems]))


def open_memory(data_dir: Path = DATA) -> DuckDBPyConnection:
    """Open the tables in memory and lock the connection.

    Afterwards it can reach no file, no network and no extension, and nothing can be set any more. The
    shipped tables are built once and kept on disk (:mod:`breakeven.tables.kept`): copying them takes a
    tenth of the time of building them.

    Raises
    ------
    DataError
        If a row breaks a rule or a file is missing.
    """
    if machine.TABLES is not None:
        return duckdb.connect(machine.TABLES, read_only=True)
    connection = duckdb.connect(":memory:", config=_OFFLINE)
    try:
        kept = kept_file(data_dir) if data_dir == DATA else None
        if kept is None or not _copy_kept(connection, kept):
            connection.close()  # a damaged file may leave half of its tables, or a database that is no more
            connection = duckdb.connect(":memory:", config=_OFFLINE)
            build(connection, data_dir)
            if kept is not None:
                _keep(connection, kept)
        _lock(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_kept(connection: DuckDBPyConnection, kept: Path) -> bool:
    """Copy the kept tables into an empty database; False where there are none that can be read."""
    if not kept.is_file():
        return False
    try:
        connection.execute("ATTACH ? AS kept (READ_ONLY)", [str(kept)])
        connection.execute(f"COPY FROM DATABASE kept TO {_own(connection)}")
        connection.execute("DETACH kept")
        if not _is_ours(connection):
            raise duckdb.Error(f"{kept} has other tables")
    except duckdb.Error:
        # A file that was cut short, is another's or in somebody's way is no reason to fail: build instead.
        with contextlib.suppress(duckdb.Error):
            connection.execute("DETACH kept")
        with contextlib.suppress(OSError):  # the folder may be read-only
            kept.unlink(missing_ok=True)
        return False
    return True


def _is_ours(connection: DuckDBPyConnection) -> bool:
    """Whether a database has the tables of the schema."""
    schema = (DATA / "schema.sql").read_text(encoding="utf-8")
    return set(re.findall(r"CREATE TABLE (\w+)", schema)) <= set(table_names(connection))


def _keep(connection: DuckDBPyConnection, kept: Path) -> None:
    """Keep the built tables for the next time, whole or not at all; a failure changes nothing."""
    draft = kept.with_name(f".{kept.name}.{secrets.token_hex(8)}.tmp")
    with contextlib.suppress(OSError, duckdb.Error):
        try:
            connection.execute("ATTACH ? AS kept", [str(draft)])
            connection.execute(f"COPY FROM DATABASE {_own(connection)} TO kept")
            connection.execute("DETACH kept")
            draft.replace(kept)
            drop_old(kept)
        finally:
            draft.unlink(missing_ok=True)
            draft.with_name(draft.name + ".wal").unlink(missing_ok=True)


def write_tables(path: Path) -> None:
    """Write the shipped tables as a file for a machine that cannot build them (:data:`machine.TABLES`).

    Raises
    ------
    DataError
        If a row breaks a rule or a file is missing.
    """
    with contextlib.closing(duckdb.connect(":memory:", config=_OFFLINE)) as connection:
        connection.execute("SET threads = 1")  # several write their rows in any order
        # How to compress a column is chosen from a random sample; the file is packed as a whole afterwards.
        connection.execute("SET force_compression = 'uncompressed'")
        build(connection)
        # Small blocks: there are many small tables, and the file is held in memory where it is read.
        connection.execute(
            f"ATTACH ? AS written (STORAGE_VERSION '{machine.TABLE_FORMAT}', BLOCK_SIZE 16384)", [str(path)]
        )
        connection.execute(f"COPY FROM DATABASE {_own(connection)} TO written")
        connection.execute("DETACH written")


def _own(connection: DuckDBPyConnection) -> str:
    """Name of the database that the connection was opened with, quoted."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return quoted(str(row[0]))


def build_file(path: Path, data_dir: Path = DATA) -> list[str]:
    """Build the tables into a DuckDB file, whole or not at all.

    The file is made beside ``path`` and moved over it at the end, so that a reader
    finds either the old tables or the new ones.

    Returns
    -------
    list of str
        What files that an older version wrote do not say, each as ``file:line: column: reason``.

    Raises
    ------
    DataError
        If a row breaks a rule, a file is missing, or ``path`` cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        fault = "is a folder" if path.is_dir() else "cannot be written: its folder does not exist"
        raise DataError([f"{path}: {fault}"])
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with contextlib.closing(duckdb.connect(draft, config=_OFFLINE)) as connection:
            sheets = load(connection, data_dir)
        draft.replace(path)
    except (OSError, duckdb.IOException) as error:
        raise DataError([f"{path}: cannot be written: {error}"]) from error
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(draft.name + ".wal").unlink(missing_ok=True)
    return [str(note) for sheet in sheets.values() for note in sheet.notes]


def build(connection: DuckDBPyConnection, data_dir: Path = DATA) -> None:
    """Create and fill every table in an empty database; on a failure it stays empty.

    Raises
    ------
    DataError
        If a row breaks a rule or a file is missing.
    """
    load(connection, data_dir)


def load(connection: DuckDBPyConnection, data_dir: Path) -> dict[str, Sheet]:
    """Do what :func:`build` does, and return the rows as they stood in the files, by table."""
    connection.execute("BEGIN TRANSACTION")
    try:
        _create_tables(connection, data_dir)
        sheets = _fill_tables(connection, data_dir)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return sheets


def _lock(connection: DuckDBPyConnection) -> None:
    """Take from a connection everything that reading the tables does not need."""
    for setting in (
        "SET memory_limit = '1GB'",
        "SET threads = 2",  # the tables are small, and many sessions share the machine
        "SET temp_directory = ''",  # a query too big for the memory fails instead of filling the disk
        "SET allow_community_extensions = false",
        "SET allow_persistent_secrets = false",
        "SET python_enable_replacements = false",  # FROM name must not find a Python variable
        "SET enable_external_access = false",
        "SET lock_configuration = true",  # last: nothing can be set after it
    ):
        connection.execute(setting)


def _create_tables(connection: DuckDBPyConnection, data_dir: Path) -> None:
    """Run ``schema.sql``."""
    if not data_dir.is_dir():
        raise DataError([f"{data_dir}: no such folder"])
    path = data_dir / "schema.sql"
    try:
        connection.execute(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, duckdb.ParserException) as error:
        raise DataError([f"{path}: cannot be read: {error}"]) from error


def _fill_tables(connection: DuckDBPyConnection, data_dir: Path) -> dict[str, Sheet]:
    """Read, check and insert table after table; fail at the end with the problems of all of them."""
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    snapshot: Path | None = None
    for table in table_names(connection):
        rules = rules_of(connection, table)
        columns, later = tuple(rules.types), LATER.get(table, ())
        if table == "api_prices":
            for past in (HISTORY, DAILY):
                sheets[past] = _history_sheet(connection, data_dir, past, sheets)
                problems += sheets[past].problems
            if problems:
                continue  # what is made from faulty rows would only repeat their faults
            snapshot = _snapshot(data_dir, sheets["sources"])
            sheet = read_sheet(snapshot, columns, later) if snapshot else _catalogue_sheet(rules, sheets)
            if sheet.notes:
                sheet = with_catalogue(sheet, _catalogue_sheet(rules, sheets))
        else:
            sheet = read_sheet(data_dir / f"{table}.csv", columns, later)
            if table == "sources" and not sheet.problems and (snapshot := _snapshot(data_dir, sheet)):
                add_sources(sheet, snapshot)
        if table == "api_prices" and not sheet.problems:
            sheet = with_ends(sheet, sheets["api_ends"])
        _check_rows(connection, sheet, rules, sheets)
        if table == "catalogue_rules":
            sheet.problems.extend(bad_patterns(sheet))
        if table == "api_prices" and not snapshot:
            sheet.problems[:] = [_with_offer(problem, sheet) for problem in sheet.problems]
        if not sheet.problems and not problems:
            _insert(connection, sheet, table)
        sheets[table] = sheet
        problems += sheet.problems
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise DataError([str(problem) for problem in problems])
    connection.execute("DROP TABLE IF EXISTS staging")
    return sheets


def _history_sheet(
    connection: DuckDBPyConnection, data_dir: Path, table: str, sheets: Mapping[str, Sheet]
) -> Sheet:
    """Read and check the older prices; they become rows of ``api_prices``, so their table goes again."""
    connection.execute((_SQL / f"{table}.sql").read_text(encoding="utf-8"))
    rules = rules_of(connection, table)
    sheet = read_sheet(data_dir / f"{table}.csv", tuple(rules.types))
    _check_rows(connection, sheet, rules, sheets)
    connection.execute(f"DROP TABLE {table}")
    return sheet


def _catalogue_sheet(rules: TableRules, sheets: Mapping[str, Sheet]) -> Sheet:
    """Flatten the price catalogue and the older prices into the rows of ``api_prices``.

    These rows stand in no file: their "line" is their number.
    """
    history, daily = (
        [{name: cell or "" for name, cell in row.items()} for _, row in sheets[past].records()]
        for past in (HISTORY, DAILY)
    )
    source_id = installed_catalogue()
    from breakeven.tables.catalogue import catalogue_rows  # the catalogue takes half a second: only to build

    if "catalogue_rules" not in sheets:
        raise DataError(["schema.sql:1: catalogue_rules: must be a table before api_prices"])
    rows = catalogue_rows(
        in_one_line(history, daily),
        rules=rules_of_sheet(sheets["catalogue_rules"]),
        catalogue_day=_day_of(source_id, sheets["sources"]),
        source_id=source_id,
    )
    columns = tuple(rules.types)
    cells = [[_as_text(row[column]) for column in columns] for row in rows]
    return Sheet("api_prices", columns, list(range(1, len(cells) + 1)), cells)


def installed_catalogue() -> str:
    """Key in ``sources`` of the price catalogue that is installed."""
    return f"genai-prices-{version('genai-prices')}"


def _snapshot(data_dir: Path, sources: Sheet) -> Path | None:
    """Refreshed prices, where there are any that are newer than the installed catalogue."""
    newest = newest_snapshot(data_dir)
    return newest[1] if newest and newest[0] > _day_of(installed_catalogue(), sources) else None


def _with_offer(problem: Problem, sheet: Sheet) -> Problem:
    """Say which offer is meant, as there is no line to look at."""
    offer, first_day, locator = sheet.keys(("api_offer_id", "valid_from", "locator"))[problem.line - 1]
    return problem._replace(reason=f"{problem.reason} ({offer} from {first_day}; {locator})")


def _day_of(source_id: str, sources: Sheet) -> date:
    """Day on which the catalogue that is installed was read."""
    for _, record in sources.records():
        if record["source_id"] == source_id:
            return date.fromisoformat(str(record["accessed"]))
    raise DataError(
        [f"{sources.file}:1: source_id: '{source_id}', the installed price catalogue, has no row"]
    )


def _as_text(value: object) -> str | None:
    """Write a value as a CSV file would."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value).strip() or None  # some names of the catalogue end in a tab


def _check_rows(
    connection: DuckDBPyConnection, sheet: Sheet, rules: TableRules, parents: Mapping[str, Sheet]
) -> None:
    """Note every cell and every row of a sheet that breaks a rule of its table, in the order of lines."""
    check_cells(sheet, rules)
    bad_lines = {problem.line for problem in sheet.problems}
    if rules.key:
        # A row noted already may have an empty key; it would repeat the next one.
        sheet.problems.extend(p for p in repeated_rows(sheet, rules.key) if p.line not in bad_lines)
    for reference in rules.references:
        _check_reference(sheet, reference, parents[reference.parent])
    _stage(connection, sheet, rules, bad_lines)
    _check_constraints(connection, sheet, rules.checks)
    sheet.problems.sort(key=lambda problem: problem.line)


def _check_reference(sheet: Sheet, reference: Reference, parent: Sheet) -> None:
    """Note every row that refers to a row that the parent does not have.

    A parent row with a fault of its own still counts, so that one fault gives one problem.
    """
    if any(problem.line == 1 or problem.column == WHOLE_ROW for problem in parent.problems):
        return  # some rows of the parent could not be read, and that is noted
    known = set(parent.keys(reference.parent_columns))
    for line, values in zip(sheet.lines, sheet.keys(reference.columns), strict=True):
        if None not in values and values not in known:
            column = ", ".join(reference.columns)
            sheet.add_problem(line, column, f"{shown(*values)} must be a {column} of {parent.file}")


def _stage(connection: DuckDBPyConnection, sheet: Sheet, rules: TableRules, bad_lines: set[int]) -> None:
    """Put the rows whose cells are sound into a table without rules, each with its line.

    One list per column is a hundred times as fast as one statement per row.
    """
    sound = [place for place, line in enumerate(sheet.lines) if line not in bad_lines]
    lists: list[list[object]] = [[sheet.lines[place] for place in sound]]
    lists += [[sheet.rows[place][number] for place in sound] for number in range(len(sheet.columns))]
    casts = ", ".join(
        f"CAST(unnest(?::VARCHAR[]) AS {data_type}) AS {quoted(name)}"
        for name, data_type in rules.types.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE staging AS SELECT unnest(?::BIGINT[]) AS {_LINE}, {casts}", lists
    )


def _check_constraints(connection: DuckDBPyConnection, sheet: Sheet, checks: Sequence[Check]) -> None:
    """Note every staged row that a CHECK is false for; as in SQL, unknown counts as kept."""
    if not checks:
        return
    broken = ", ".join(f"coalesce(NOT ({check.expression}), false)" for check in checks)
    found = connection.execute(
        f"SELECT {_LINE}, broken FROM (SELECT {_LINE}, [{broken}] AS broken FROM staging) "
        f"WHERE list_contains(broken, true) ORDER BY {_LINE}"
    ).fetchall()
    records = dict(sheet.records()) if found else {}
    for line, flags in found:
        for check, is_broken in zip(checks, flags, strict=True):
            if is_broken:
                values = [records[line][column] for column in check.columns]
                sheet.add_problem(line, ", ".join(check.columns), f"{shown(*values)} {requirement(check)}")


def _insert(connection: DuckDBPyConnection, sheet: Sheet, table: str) -> None:
    """Move the staged rows into their table, under DuckDB's own eye."""
    try:
        connection.execute(
            f"INSERT INTO {quoted(table)} SELECT * EXCLUDE ({_LINE}) FROM staging ORDER BY {_LINE}"
        )
    except duckdb.ConstraintException as error:
        # The checks above look for the same faults with a line; this is the net below them.
        raise DataError([f"{sheet.file}:1: {WHOLE_ROW}: {error}"]) from error
