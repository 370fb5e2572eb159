"""The build refuses what breaks a rule and says where; what it makes is locked."""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import breakeven.tables.catalogue
from breakeven.paths import DATA
from breakeven.tables.build import MAX_PROBLEMS, DataError, build, build_file, open_memory
from breakeven.tables.meters import Meter
from breakeven.tables.rules import TableRules
from breakeven.tables.sheet import check_cells, read_sheet
from tests.builders import copy_of_tables

Rows = list[list[str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return copy_of_tables(tmp_path)


@pytest.fixture(scope="module")
def locked():
    connection = open_memory()
    yield connection
    connection.close()


def read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_rows(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def line_where(rows: Rows, wanted: Callable[[dict[str, str]], bool]) -> int:
    """Line of the first row that fits; right as long as no cell spans lines."""
    return next(line for line, row in enumerate(rows[1:], 2) if wanted(dict(zip(rows[0], row, strict=True))))


def problems_of(data_dir: Path) -> list[str]:
    with duckdb.connect(":memory:") as connection, pytest.raises(DataError) as caught:
        build(connection, data_dir)
    return caught.value.problems


def anything(_row: dict[str, str]) -> bool:
    return True


CELL_FAULTS = [
    # file, column, bad value, which row, reason
    ("sources", "accessed", "2026-13-01", anything, "'2026-13-01' is not a day of the calendar"),
    ("sources", "publisher", "", anything, "'' must not be empty"),
    ("precisions", "compute_rate", "fp2", anything, "'fp2' must be one of 'fp16', 'fp8', 'fp4'"),
    ("precisions", "weight_only_fallback", "yes", anything, "'yes' must be true or false"),
    ("precisions", "bytes_per_weight", "4.5", anything, "'4.5' must be above 0 and at most 4"),
    ("models", "release", "2023-7", anything, "'2023-7' must match '20[0-9][0-9](-[01][0-9])?'"),
    ("models", "n_layers", "32.5", anything, "'32.5' must be a whole number"),
    ("models", "vocab", "3000000000", anything, "'3000000000' must be a whole number below 2^31"),
    ("models", "hf_id", " meta/x", lambda r: r["hf_id"], "' meta/x' must not begin or end with a space"),
    ("gpus", "memory_gb", "-80", anything, "'-80' must be between 4 and 1000"),
    ("gpus", "mem_bw_gb_s", "fast", anything, "'fast' must be a number"),
    ("gpus", "vendor", "nvida", anything, "'nvida' must be one of 'nvidia', 'amd', 'intel', 'google'"),
    ("gpus", "source_id", "nowhere", anything, "'nowhere' must be a source_id of sources.csv"),
    ("gpu_prices", "usd_per_gpu_hour", "nan", anything, "'nan' must be a number"),
    ("gpu_prices", "usd_per_gpu_hour", "250", anything, "'250' must be between 0.01 and 200"),
    ("gpu_prices", "valid_from", "2026-2-1", anything, "'2026-2-1' must be a date written YYYY-MM-DD"),
    ("gpu_prices", "gpu_id", "h1000", lambda r: r["gpu_id"], "'h1000' must be a gpu_id of gpus.csv"),
    (
        "model_aliases",
        "model_id",
        "llama-9",
        lambda r: r["model_id"],
        "'llama-9' must be a model_id of models.csv",
    ),
    ("api_prices_history", "input_usd_per_mtok", "-1", anything, "'-1' must be at least 0"),
    (
        "api_prices_history",
        "output_usd_per_mtok",
        "1e-3",
        anything,
        "'1e-3' must be a number without an exponent",
    ),
    (
        "api_prices_history",
        "valid_from_kind",
        "guess",
        anything,
        "'guess' must be one of 'first-seen', 'published'",
    ),
    ("benchmarks", "metric", "speed", anything, "'speed' must be one of 'output_throughput', "),
    ("benchmarks", "gpu_count", "0", lambda r: r["gpu_count"], "'0' must be above 0"),
    ("efficiency", "mfu", "1.5", anything, "'1.5' must be above 0 and at most 1"),
    ("efficiency", "as_of", "yesterday", anything, "'yesterday' must be a date written YYYY-MM-DD"),
    ("presets", "prompt_tokens", "0", anything, "'0' must be above 0"),
    (
        "catalogue_rules",
        "rule",
        "gateways",
        anything,
        "'gateways' must be one of 'gateway', 'gateway-prefix', ",
    ),
    ("benchmark_notes", "note", "chunk", anything, "'chunk' must be one of 'length-share', "),
    ("benchmark_notes", "value", "0", anything, "'0' must be above 0"),
    ("benchmark_notes", "source_id", "nowhere", anything, "'nowhere' must be a source_id of sources.csv"),
    ("catalogue_rules", "source_id", "nowhere", anything, "'nowhere' must be a source_id of sources.csv"),
]


@pytest.mark.parametrize(
    ("table", "column", "value", "wanted", "reason"),
    CELL_FAULTS,
    ids=[f"{c[0]}.{c[1]}={c[2]}" for c in CELL_FAULTS],
)
def test_a_bad_cell_is_named_by_file_line_and_column(data, table, column, value, wanted, reason):
    path = data / f"{table}.csv"
    rows = read_rows(path)
    line = line_where(rows, wanted)
    rows[line - 1][rows[0].index(column)] = value
    write_rows(path, rows)
    (problem,) = problems_of(data)
    assert problem.startswith(f"{table}.csv:{line}: {column}: {reason}")


ROW_FAULTS: list[tuple[str, dict[str, str], Callable[[dict[str, str]], Any], str, str]] = [
    (
        "models",
        {"n_kv_heads": "64", "n_heads": "8"},
        anything,
        "n_kv_heads, n_heads",
        "'64', '8' must keep to n_kv_heads <= n_heads",
    ),
    (
        "models",
        {"attention": "MLA"},
        lambda r: not r["mla_kv_lora_rank"],
        "attention, mla_kv_lora_rank, mla_qk_rope_dim",
        "'MLA', '', '' must keep to ",
    ),
    (
        "models",
        {"state_bytes": ""},
        lambda r: r["n_linear_attn_layers"],
        "n_linear_attn_layers, state_bytes, kv_derived",
        "'48', '', 'true' must keep to ",
    ),
    (
        "gpu_prices",
        {"gpu_id": "", "unresolved_reason": ""},
        anything,
        "gpu_id, unresolved_reason",
        "'', '' must keep to ",
    ),
    (
        "api_prices_history",
        {"valid_from": "2024-05-01", "last_seen": "", "valid_to": "2024-04-30"},
        anything,
        "valid_to, valid_from",
        "'2024-04-30', '2024-05-01' must keep to valid_to > valid_from",
    ),
]


@pytest.mark.parametrize(("table", "cells", "wanted", "columns", "reason"), ROW_FAULTS)
def test_a_rule_on_several_columns_names_them_and_their_values(data, table, cells, wanted, columns, reason):
    path = data / f"{table}.csv"
    rows = read_rows(path)
    line = line_where(rows, wanted)
    for column, value in cells.items():
        rows[line - 1][rows[0].index(column)] = value
    write_rows(path, rows)
    (problem,) = problems_of(data)
    assert problem.startswith(f"{table}.csv:{line}: {columns}: {reason}")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("sources", ["source_id"]),
        ("gpus", ["gpu_id"]),
        ("model_aliases", ["provider", "api_model"]),
        ("catalogue_rules", ["rule", "pattern"]),
        ("api_prices_history", ["provider", "api_model", "valid_from"]),
    ],
)
def test_a_repeated_key_names_both_lines(data, table, columns):
    path = data / f"{table}.csv"
    rows = read_rows(path)
    write_rows(path, [*rows, rows[3]])
    values = ", ".join(f"'{rows[3][rows[0].index(column)]}'" for column in columns)
    assert problems_of(data) == [
        f"{table}.csv:{len(rows) + 1}: {', '.join(columns)}: {values} is on line 4 already"
    ]


def test_faults_of_several_files_are_reported_together_in_the_order_of_loading(data):
    for table in ("presets", "gpus"):
        path = data / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8") + "short,row\n", encoding="utf-8")
    with duckdb.connect(":memory:") as connection, pytest.raises(DataError) as caught:
        build(connection, data)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["gpus.csv", "presets.csv"]
    assert str(caught.value).startswith("2 problems:\ngpus.csv:")


def test_a_fault_in_a_parent_row_is_not_repeated_by_the_rows_that_refer_to_it(data):
    path = data / "sources.csv"
    rows = read_rows(path)
    for row in rows[1:4]:
        row[rows[0].index("accessed")] = "soon"
    write_rows(path, rows)
    assert [problem.split(": ")[0] for problem in problems_of(data)] == [
        f"sources.csv:{n}" for n in (2, 3, 4)
    ]


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_parent_row_that_cannot_be_read_is_one_problem_too(data, line):
    path = data / "gpus.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] += ",one too many"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (problem,) = problems_of(data)
    assert problem.startswith(f"gpus.csv:{line}: ")


def test_a_parent_without_rows_does_not_hide_what_refers_to_it(data):
    path = data / "gpus.csv"
    write_rows(path, read_rows(path)[:1])
    assert problems_of(data)[0].startswith("gpu_prices.csv:2: gpu_id: ")


def test_the_list_of_problems_ends_at_a_hundred(data):
    path = data / "benchmarks.csv"
    rows = read_rows(path)
    for row in rows[1:]:
        row[rows[0].index("mode")] = ""
    write_rows(path, rows)
    with duckdb.connect(":memory:") as connection, pytest.raises(DataError) as caught:
        build(connection, data)
    assert len(caught.value.problems) == MAX_PROBLEMS
    assert str(caught.value).startswith("100 or more problems:\nbenchmarks.csv:2: mode: ")


def test_a_failed_build_leaves_the_database_empty(data):
    (data / "presets.csv").unlink()
    with duckdb.connect(":memory:") as connection:
        with pytest.raises(DataError, match=r"^1 problem:\npresets\.csv:1: file: cannot be read"):
            build(connection, data)
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_missing_folder_is_said_in_one_sentence(tmp_path):
    assert problems_of(tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: no such folder"]


def test_a_fault_in_a_flattened_price_names_the_offer(data, monkeypatch):
    row: dict[str, object] = {
        "api_offer_id": "acme/m-1",
        "provider": "acme",
        "api_model": "m-1",
        "name": "M 1",
        "valid_from": date(2026, 1, 2),
        "valid_from_kind": "dated",
        "valid_to": None,
        "processing": "standard",
        "tier_above_tokens": 0,
        "input_usd_per_mtok": Decimal("-0.5"),
        "output_usd_per_mtok": None,
        "cache_read_usd_per_mtok": None,
        "cache_write_5m_usd_per_mtok": None,
        "cache_write_1h_usd_per_mtok": None,
        "usd_per_request": None,
        **dict.fromkeys(meter.column for meter in Meter),
        "context_tokens": 8,
        "reseller": False,
        "deprecated": False,
        "flag": None,
        "notes": None,
        "meter_sources": None,
        "source_id": read_rows(data / "sources.csv")[1][0],
        "locator": "row 9",
        "as_of": date(2026, 1, 3),
    }
    monkeypatch.setattr(breakeven.tables.catalogue, "catalogue_rows", lambda *_args, **_options: [row])
    assert problems_of(data) == [
        "api_prices:1: input_usd_per_mtok: '-0.5' must be at least 0 (acme/m-1 from 2026-01-02; row 9)"
    ]


def test_an_installed_catalogue_without_a_source_fails_the_build(data, monkeypatch):
    monkeypatch.setattr(breakeven.tables.build, "version", lambda _name: "9.9.9")
    (problem,) = problems_of(data)
    assert problem.startswith("sources.csv:1: source_id: 'genai-prices-9.9.9'")


HEADER = b"key,number\n"


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        pytest.param(b"key\n", ["1: number: is missing from the header"], id="missing"),
        pytest.param(
            b"key,number,colour\n",
            ["1: colour: 'colour' in the header is not a column of the table"],
            id="unknown",
        ),
        pytest.param(
            b"key,numbr\n",
            [
                "1: number: is missing from the header",
                "1: numbr: 'numbr' in the header is not a column of the table",
            ],
            id="misspelt",
        ),
        pytest.param(b"key,number,key\n", ["1: key: 'key' stands 2 times in the header"], id="repeated"),
        pytest.param(
            b"number,key\n",
            ["1: number: 'number' is at place 1 of the header, where 'key' belongs"],
            id="order",
        ),
        pytest.param(b"", ["1: file: is empty; a header is needed: key,number"], id="empty"),
        pytest.param(
            b"\xef\xbb\xbf" + HEADER,
            ["1: file: starts with a byte-order mark; save the file as UTF-8 without one"],
            id="byte-order-mark",
        ),
        pytest.param(
            HEADER + b"a,1\nb,\x002\n", ["3: file: holds a NUL byte; save the file as UTF-8 text"], id="nul"
        ),
        pytest.param(
            HEADER + b"a,1\r\n",
            ["2: file: holds a carriage return; save the file with LF line ends"],
            id="crlf",
        ),
        pytest.param(HEADER + b"a,1\nz\xfcrich,2\n", ["3: file: byte 0xfc is not UTF-8"], id="latin-1"),
        pytest.param(HEADER + b"a,1\nb\n", ["3: row: has 1 cells, the header names 2"], id="short-row"),
        pytest.param(HEADER + b"a,1,9\n", ["2: row: has 3 cells, the header names 2"], id="long-row"),
        pytest.param(HEADER + b"\na,1\n", ["2: row: is blank, the header names 2"], id="blank-row"),
        pytest.param(HEADER + b'"a"b,1\n', ["2: row: is not CSV: ',' expected after '\"'"], id="stray-quote"),
        pytest.param(
            HEADER + b'a,1\n"b,2\nc,3\n', ["3: row: is not CSV: unexpected end of data"], id="open-quote"
        ),
    ],
)
def test_a_file_that_is_not_a_clean_csv_is_refused(tmp_path, content, problems):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    sheet = read_sheet(path, ("key", "number"))
    assert [str(problem) for problem in sheet.problems] == [f"table.csv:{problem}" for problem in problems]


def test_a_row_is_named_by_its_first_line_after_cells_that_span_lines(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(HEADER + b'"two\nlines",1\nb\n')
    sheet = read_sheet(path, ("key", "number"))
    assert sheet.lines == [2]
    assert [problem.line for problem in sheet.problems] == [4]


def test_encoding_and_shape_are_checked_by_the_build_itself(data):
    path = data / "gpus.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (problem,) = problems_of(data)
    assert problem.startswith("gpus.csv:1: file: starts with a byte-order mark")


@pytest.mark.parametrize(
    ("data_type", "right", "wrong"),
    [
        ("BOOLEAN", ["true", "false"], ["True", "t", "1", "yes"]),
        (
            "INTEGER",
            ["0", "-7", "2147483647"],
            ["8.0", "8.5", "1e3", "+1", "007", "1_000", "2147483648", "٣"],
        ),
        ("BIGINT", ["2147483648", "-9223372036854775808"], ["9223372036854775808", "9" * 5000]),
        ("DOUBLE", ["0.5", "-2", "1e-6", "2.5E+3"], ["nan", "inf", ".5", "5.", "1,5", "1e999", "0x10", "$5"]),
        (
            "DECIMAL(18,9)",
            ["0.15", "999999999", "0.000000001", "1.5000000000"],
            ["0.0000000001", "1000000000", "1e-7"],
        ),
        ("DATE", ["2024-02-29"], ["2023-02-29", "20240229", "2024-2-9", "2024-02", "0000-01-01"]),
        ("VARCHAR", ["a b", "中"], [" a", "a\t", "a\u00a0"]),
    ],
)
def test_types_are_read_more_strictly_than_duckdb_casts(tmp_path, data_type, right, wrong):
    rules = TableRules("table", {"x": data_type}, frozenset(), (), (), ())
    path = tmp_path / "table.csv"
    write_rows(path, [["x"], *([value] for value in [*right, *wrong])])
    sheet = read_sheet(path, ("x",))
    check_cells(sheet, rules)
    assert [problem.line for problem in sheet.problems] == list(
        range(2 + len(right), 2 + len(right) + len(wrong))
    )


def test_a_value_in_a_message_stays_short_and_on_one_line(tmp_path):
    path = tmp_path / "table.csv"
    write_rows(path, [["x"], ["\x1b[2J\n" + "9" * 500]])
    sheet = read_sheet(path, ("x",))
    check_cells(sheet, TableRules("table", {"x": "DOUBLE"}, frozenset(), (), (), ()))
    (problem,) = sheet.problems
    assert str(problem).isprintable()
    assert len(str(problem)) < 150


def test_every_table_is_filled_with_the_rows_of_its_file(locked):
    for table in (
        "sources",
        "precisions",
        "models",
        "gpus",
        "gpu_prices",
        "model_aliases",
        "catalogue_rules",
        "benchmarks",
        "benchmark_notes",
        "presets",
        "price_exceptions",
        "region_factors",
        "rules_of_thumb",
        "offer_roles",
        "training_runs",
        "tuning_prices",
    ):
        (count,) = locked.cursor().execute(f"SELECT count(*) FROM {table}").fetchall()[0]
        assert count == len(read_rows(DATA / f"{table}.csv")) - 1 > 0


def test_nothing_but_the_tables_of_the_schema_is_left_behind(locked):
    names = locked.cursor().execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    assert [name for (name,) in names] == [
        "api_ends",
        "api_prices",
        "benchmark_notes",
        "benchmarks",
        "calibration_errors",
        "catalogue_rules",
        "claims",
        "efficiency",
        "gpu_listings",
        "gpu_prices",
        "gpus",
        "layout_errors",
        "layout_runs",
        "layouts",
        "model_aliases",
        "model_scores",
        "models",
        "models_without_row",
        "name_rules",
        "name_tests",
        "node_links",
        "offer_roles",
        "peer_errors",
        "precisions",
        "presets",
        "price_exceptions",
        "provisioned_throughput",
        "published_days",
        "region_factors",
        "rules_of_thumb",
        "sanger_appendix",
        "source_notices",
        "sources",
        "training_runs",
        "tuning_prices",
    ]


def test_every_column_has_a_comment_that_starts_with_its_unit(locked):
    bare = locked.cursor().execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND NOT coalesce(regexp_matches(comment, '^\\[[^]]+\\] .'), false)"
    )
    assert bare.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY sources TO '{tmp}/sources.csv'",
        "COPY sources FROM '{tmp}/sources.csv'",
        "EXPORT DATABASE '{tmp}/all'",
        "ATTACH '{tmp}/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET memory_limit",
        "PRAGMA memory_limit = '64GB'",
    ],
)
def test_the_locked_connection_reaches_nothing_outside_and_cannot_be_unlocked(locked, tmp_path, statement):
    with pytest.raises(duckdb.Error):
        locked.cursor().execute(statement.replace("{tmp}", str(tmp_path))).fetchall()
    assert list(tmp_path.iterdir()) == []


def test_the_locked_connection_does_not_find_python_variables(locked):
    frame = pd.DataFrame({"x": [1]})
    with duckdb.connect(":memory:") as open_connection:
        assert open_connection.execute("SELECT x FROM frame").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error):
        locked.cursor().execute("SELECT x FROM frame")
    assert len(frame) == 1


def test_a_file_holds_the_same_rows_as_memory(locked, tmp_path):
    path = tmp_path / "tables.duckdb"
    build_file(path)
    assert [file.name for file in tmp_path.iterdir()] == ["tables.duckdb"]
    with duckdb.connect(path, read_only=True) as connection:
        for query in ("SELECT * FROM gpus ORDER BY ALL", "SELECT * FROM api_prices ORDER BY ALL"):
            assert connection.execute(query).fetchall() == locked.cursor().execute(query).fetchall()


def test_a_failed_build_leaves_the_old_file_and_nothing_beside_it(data, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "tables.duckdb"
    path.write_bytes(b"what was there before")
    (data / "presets.csv").write_bytes(b"nonsense")
    with pytest.raises(DataError):
        build_file(path, data)
    assert path.read_bytes() == b"what was there before"
    assert [file.name for file in folder.iterdir()] == ["tables.duckdb"]


def test_a_build_interrupted_halfway_leaves_the_old_file(monkeypatch, tmp_path):
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "tables.duckdb"
    path.write_bytes(b"what was there before")
    monkeypatch.setattr(breakeven.tables.build, "load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_file(path)
    assert path.read_bytes() == b"what was there before"
    assert [file.name for file in tmp_path.iterdir()] == ["tables.duckdb"]


def test_a_new_build_replaces_the_old_file(tmp_path):
    path = tmp_path / "tables.duckdb"
    path.write_bytes(b"what was there before")
    build_file(path)
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM models").fetchall() == [(True,)]


def test_a_file_cannot_be_built_over_a_folder_or_into_no_folder(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        build_file(tmp_path)
    with pytest.raises(DataError, match="its folder does not exist"):
        build_file(tmp_path / "none" / "tables.duckdb")
