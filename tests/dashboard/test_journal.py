"""The log as JSON: what is said, and that nothing of a visitor is."""

import json
import logging
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from breakeven.dashboard.journal import FIELDS, Line
from tests.benchmarks.visitors import Visitor
from tests.servers import serving, until


def line_of(name: str, text: str, *given: object, worker: int | None = None, **more: Any) -> dict[str, Any]:
    """What a record becomes."""
    record = logging.LogRecord(name, logging.WARNING, __file__, 7, text, given, more.pop("exc_info", None))
    vars(record).update(more)
    said: dict[str, Any] = json.loads(Line(worker).format(record))
    return said


def test_a_line_of_ours_is_filled_in_and_has_its_fields() -> None:
    said = line_of("breakeven.x", "%d uploads", 3, worker=2, **{FIELDS: {"status": 200}})
    assert said.pop("time").endswith("+00:00")
    assert said == {"level": "warning", "event": "3 uploads", "worker": 2, "status": 200}


def test_a_text_of_another_package_is_shown_only_where_its_code_holds_it() -> None:
    assert line_of("streamlit.x", "a text that stands here")["event"] == "a text that stands here"
    secret = "".join(["my", " private ", "file.csv"])
    assert "private" not in json.dumps(line_of("streamlit.x", f"cannot read {secret}"))
    assert line_of("streamlit.x", "cannot read %s", secret)["event"] == "cannot read %s"
    assert line_of("breakevenish", f"cannot read {secret}")["event"].startswith("(text left out")


def test_an_exception_says_its_type_and_place_and_not_its_message() -> None:
    try:
        raise ValueError("my private question")
    except ValueError as reason:
        said = line_of("breakeven.x", "no picture", exc_info=(ValueError, reason, reason.__traceback__))
    assert said["fault"] == "ValueError"
    assert said["at"][-1].startswith("tests/dashboard/test_journal.py:")
    assert "private" not in json.dumps(said)


SECRET = "zebra-crossing"


@pytest.mark.slow
def test_nothing_that_a_visitor_sends_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving("--log=json", log=log) as server:
        asked = (
            f"/?v=1&model={SECRET}",
            f"/{SECRET}",
            f"/media/{SECRET}",
            f"/preview.png?model={SECRET}",
            f"/workload?w={SECRET}&names={SECRET}",
            f"/_stcore/bidi-components/{SECRET}",
        )
        for path in asked:
            try:
                urllib.request.urlopen(server.address + path).read()
            except urllib.error.HTTPError as refused:
                refused.close()
        named = f'Content-Disposition: form-data; name="f"; filename="{SECRET}.csv"'
        request = urllib.request.Request(
            f"{server.address}/uploads/{SECRET}/{SECRET}",
            f"--x\r\n{named}\r\n\r\n1\r\n--x--\r\n".encode(),
            {"Content-Type": "multipart/form-data; boundary=x", "Cookie": f"a={SECRET}"},
            method="PUT",
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request)
        Visitor(server.address, query=f"v=1&model={SECRET}&as_of={SECRET}").close()
        until(lambda: '"kind": "session"' in server.said())
    lines = [json.loads(line) for line in server.said().splitlines()]
    assert SECRET not in server.said()
    assert "127.0.0.1" not in server.said()
    requests = [line for line in lines if line["event"] == "request"]
    assert {(line["kind"], line["status"]) for line in requests} >= {
        ("page", 200),
        ("download", 404),
        ("upload", 403),
        ("session", 101),
        ("preview", 200),
    }


@pytest.mark.slow
def test_addresses_are_written_where_the_operator_asks_for_them(tmp_path: Path) -> None:
    with serving("--log=json", "--log-addresses", log=tmp_path / "log") as server:
        urllib.request.urlopen(server.address).read()
        until(lambda: '"kind": "page"' in server.said())
    lines = [json.loads(line) for line in server.said().splitlines()]
    assert {line["address"] for line in lines if line["event"] == "request"} <= {"127.0.0.1", "::1"}
