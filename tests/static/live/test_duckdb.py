"""Values and statements on their way to the DuckDB of a tab, which takes no parameters of most types."""

import datetime as dt
import importlib.util
import re
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace

import duckdb
import pyarrow as pa
import pytest

from breakeven.paths import PACKAGE
from breakeven.static.live import boot


@pytest.fixture(scope="module")
def shim():
    """The module of the tab, with what only a browser has left empty: none of it is called here."""
    names = {
        "js": ModuleType("js"),
        "pyodide": ModuleType("pyodide"),
        "pyodide.ffi": ModuleType("pyodide.ffi"),
    }
    names["js"].duck = SimpleNamespace()  # type: ignore[attr-defined]
    names["pyodide.ffi"].JsException = Exception  # type: ignore[attr-defined]
    names["pyodide.ffi"].to_js = None  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        for name, module in names.items():
            patch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location(
            "tab_duckdb", Path(boot.__file__).with_name("duckdb.py")
        )
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "tab_duckdb", module)
        spec.loader.exec_module(module)
    return module


VALUES = [
    None,
    True,
    0,
    -7,
    2**62,
    0.1,
    1e-300,
    Decimal("0.15"),
    Decimal("-3"),
    Decimal("1E+3"),
    dt.date(2026, 11, 30),
    dt.datetime(2026, 11, 30, 12, 0, 0, 5),
    'it\'s $1 ?, -- "x"',
    "",
    [1, 2],
    ["a", None],
    {"a": 1, "b": ["x"]},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_written_into_a_statement_comes_back_as_it_was(shim, value):
    with duckdb.connect() as connection:
        ((found,),) = connection.execute(shim._bound("SELECT $v", {"v": value})).fetchall()
    assert found == value
    assert type(found) is type(value)


def test_parameters_stand_by_name_by_number_and_in_order_and_never_inside_quotes_or_comments(shim):
    assert shim._bound("SELECT ?, '?', ? -- ?", [1, "a"]) == "SELECT 1, '?', 'a' -- ?"
    assert shim._bound('SELECT $2, "$1", $1', [1, "a"]) == "SELECT 'a', \"$1\", 1"
    assert shim._bound("SELECT $a /* $a */ FROM t WHERE x = '$a'", {"a": 1}) == (
        "SELECT 1 /* $a */ FROM t WHERE x = '$a'"
    )


def test_a_value_that_no_statement_can_hold_is_refused_by_its_type(shim):
    with pytest.raises(shim.InvalidInputException, match="no value of object goes into a statement"):
        shim._bound("SELECT $v", {"v": object()})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Catalog Error: Table with name x does not exist!", "CatalogException"),
        ("Conversion Error: Could not convert", "ConversionException"),
        ("Out of Memory Error: failed", "OutOfMemoryException"),
        ("something else", "Error"),
    ],
)
def test_what_duckdb_says_is_raised_as_that_kind(shim, text, kind):
    fault = shim._error(SimpleNamespace(message=text))
    assert type(fault).__name__ == kind
    assert issubclass(type(fault), shim.Error)
    assert hasattr(duckdb, kind)


def test_every_call_that_the_program_makes_on_a_connection_is_there(shim):
    known = {*dir(duckdb.DuckDBPyConnection), *dir(duckdb.DuckDBPyRelation)}
    names = {
        name for name in known if re.match(r"fetch|to_arrow|execute|sql$|df$|register|cursor|close", name)
    }
    rooms = ("usage", "replay", "apis", "comparison", "hosting", "views", "calibration")
    sources = [
        path.read_text("utf-8")
        for room in rooms
        for path in (PACKAGE / room).rglob("*.py")
        if path.parent.name != "spark"  # no tab has a cluster
    ]
    used = {name for name in names for text in sources if re.search(rf"\.{name}\(", text)}
    assert {"fetchall", "fetchnumpy", "sql", "to_arrow_reader"} <= used
    assert used <= set(dir(shim.DuckDBPyConnection))


def test_answers_are_taken_as_arrays_and_in_pieces(shim):
    connection = object.__new__(shim.DuckDBPyConnection)
    connection._answer(pa.table({"h": [3, 1, 2]}))
    assert connection.fetchnumpy()["h"].tolist() == [3, 1, 2]
    assert [batch.num_rows for batch in connection.to_arrow_reader(2)] == [2, 1]
