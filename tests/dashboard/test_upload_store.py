"""Uploads on disk: who may send one, how much, and when it is gone."""

import os
import shutil
import tempfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

import breakeven.dashboard.upload_store
from breakeven.dashboard.upload_store import LONGEST_NAME, UNNAMED_S, UploadStore, content_of, routes
from breakeven.usage.limits import Limits
from breakeven.usage.spool import Unreadable

MINE, OTHERS = "session-1", "session-2"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = UploadStore(Limits(upload_mb=1, uploads_mb=2))
    yield opened
    opened.close()


@pytest.fixture
def client(store):
    app = Starlette(routes=routes({MINE, OTHERS}.__contains__, lambda: store))
    token = generate_xsrf_token_string()
    with TestClient(app, cookies={XSRF_COOKIE_NAME: token}, headers={"X-Xsrftoken": token}) as opened:
        yield opened


def files_of(store):
    return [path for path in Path(store._folder.name).rglob("*") if path.is_file()]


def put(client, session, number, content=b"a,b\n1,2\n", name="usage.csv", **more):
    return client.put(f"/uploads/{session}/{number}", files={"file": (name, content)}, **more)


def test_upload_lies_on_disk_and_streamlit_gets_a_record_without_it(store, client):
    assert put(client, MINE, "f1", b"x" * 900_000).status_code == 204
    (record,) = store.get_files(MINE, ["f1"])
    assert (record.name, record.data) == ("usage.csv", b"")
    assert store.path_of(MINE, "f1").read_bytes() == b"x" * 900_000


def test_browser_is_told_to_send_uploads_here(store):
    (place,) = store.get_upload_urls(MINE, ["usage.csv"])
    assert place.upload_url == place.delete_url == f"/uploads/{MINE}/{place.file_id}"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.csv", "x" * 200, "\N{PILE OF POO}.csv"])
def test_name_from_outside_is_no_path(store, client, name):
    assert put(client, MINE, "f1", name=name).status_code == 204
    assert [path.parent for path in files_of(store)] == [Path(store._folder.name)]


@pytest.mark.parametrize("name", [b"caf\xe9.csv", b"\\ud800.csv", b"\xff" * 2000, b"\x00.csv"])
@pytest.mark.parametrize("charset", ["utf-8", "unicode_escape", "idna", "utf-16", "rot13", "nonsense"])
def test_name_in_any_bytes_and_any_encoding_is_kept_as_one_that_can_be_shown(store, client, name, charset):
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + name + b'"\r\n\r\n'
    sent = client.put(
        f"/uploads/{MINE}/f1",
        content=head + b"1,2\r\n--b--\r\n",
        headers={"content-type": f"multipart/form-data; boundary=b; charset={charset}"},
    )
    assert sent.status_code in (204, 400)
    for record in store.get_files(MINE, ["f1"]):
        assert len(record.name.encode("utf-8")) <= 4 * LONGEST_NAME
        assert len(record.name) <= LONGEST_NAME


def test_file_that_is_too_large_is_refused_and_not_kept(store, client):
    assert put(client, MINE, "f1", b"x" * 1_000_000).status_code == 204
    assert put(client, MINE, "f2", b"x" * 1_100_000).status_code == 413
    assert len(files_of(store)) == 1


def test_length_that_is_not_told_is_still_counted(store, client):
    def body():
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\n\r\n'
        for _ in range(40):
            yield b"x" * 50_000
        yield b"\r\n--b--\r\n"

    sent = client.put(
        f"/uploads/{MINE}/f1", content=body(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert sent.status_code == 413
    assert files_of(store) == []


def test_all_uploads_together_have_a_limit_that_the_operator_is_told_how_to_raise(store, client, caplog):
    for number in range(3):
        put(client, MINE, f"f{number}", b"x" * 900_000)
    assert len(files_of(store)) == 2
    assert store.path_of(MINE, "f2") is None
    assert "other visitors' uploads fill it" in store.refusal_of(MINE, "f2")
    assert "BREAKEVEN" not in store.refusal_of(MINE, "f2")
    assert "BREAKEVEN_MAX_UPLOADS_MB" in caplog.text
    client.delete(f"/uploads/{MINE}/f1")
    put(client, MINE, "f5", b"x" * 900_000)
    assert store.refusal_of(MINE, "f5") is None
    assert store.path_of(MINE, "f5").stat().st_size == 900_000


def test_one_number_in_eight_sessions_is_eight_uploads_that_all_count(store):
    app = Starlette(routes=routes(lambda _session: True, lambda: store))
    token = generate_xsrf_token_string()
    with TestClient(app, cookies={XSRF_COOKIE_NAME: token}, headers={"X-Xsrftoken": token}) as client:
        for number in range(8):
            put(client, f"session-{number}", "f1", b"x" * 900_000)
    assert len(files_of(store)) == 2
    store.remove_session_files("session-0")
    assert len(files_of(store)) == 1
    assert store.path_of("session-1", "f1").exists()


def test_one_visitor_has_a_share_and_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = UploadStore(Limits(upload_mb=1, visitor_mb=1, uploads_mb=8))
    for number in (1, 2):
        store.keep(MINE, f"f{number}", "a.csv", "text/csv", BytesIO(b"x" * 600_000))
    store.keep(OTHERS, "f1", "a.csv", "text/csv", BytesIO(b"x" * 600_000))
    assert "Remove one" in store.refusal_of(MINE, "f2")
    assert store.refusal_of(OTHERS, "f1") is None
    store.close()


def test_a_file_that_no_record_names_is_swept(store, client):
    put(client, MINE, "f1")
    stray = Path(store._folder.name) / "stray"
    stray.write_text("x")
    store.sweep(lambda _session: True, 120, now=0)
    assert stray.exists()
    then = time.time() - UNNAMED_S - 60
    os.utime(stray, (then, then))
    os.utime(store.path_of(MINE, "f1"), (then, then))
    store.sweep(lambda _session: True, 120, now=0)
    assert (stray.exists(), len(files_of(store))) == (False, 1)


def test_disk_that_is_full_is_said_in_a_sentence(store, client, monkeypatch):
    def refuse(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    put(client, MINE, "f1")
    assert "no room on the disk" in store.refusal_of(MINE, "f1")
    assert files_of(store) == []


def test_upload_goes_when_its_visitor_has_been_away_for_a_while(store, client):
    put(client, MINE, "f1")
    put(client, OTHERS, "f2")
    here = {OTHERS}.__contains__
    store.sweep(here, 120, now=1000)
    store.sweep(here, 120, now=1119)
    assert store.path_of(MINE, "f1").exists()
    store.sweep(lambda _session: True, 120, now=1119)  # back again: the wait starts anew
    store.sweep(here, 120, now=1121)
    assert store.path_of(MINE, "f1").exists()
    store.sweep(here, 120, now=1241)
    assert store.path_of(MINE, "f1") is None
    assert len(files_of(store)) == 1
    assert store.path_of(OTHERS, "f2").exists()


def test_session_that_is_over_is_refused(store, client):
    assert put(client, "session-0", "f1").status_code == 400
    assert files_of(store) == []


def test_request_from_another_site_is_refused(store, client):
    for token in ("", "1|forged"):
        assert put(client, MINE, "f1", headers={"X-Xsrftoken": token}).status_code == 403
        deleted = client.delete(f"/uploads/{MINE}/f1", headers={"X-Xsrftoken": token})
        assert deleted.status_code == 403
    assert files_of(store) == []


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_file_is_expected(store, client, count):
    files = [("file", (f"{n}.csv", b"1")) for n in range(count)]
    assert client.put(f"/uploads/{MINE}/f1", files=files or None).status_code == 400
    assert files_of(store) == []


def test_upload_goes_with_its_session_and_no_other(store, client):
    put(client, MINE, "f1")
    put(client, OTHERS, "f2")
    assert client.delete(f"/uploads/{OTHERS}/f1").status_code == 204  # not its own: nothing happens
    assert store.path_of(MINE, "f1").exists()
    assert store.get_files(OTHERS, ["f1"]) == []
    kept = store.path_of(MINE, "f1")
    store.remove_session_files(MINE)
    assert not kept.exists()
    assert store.path_of(MINE, "f1") is None
    assert store.path_of(OTHERS, "f2").exists()


def test_session_that_ends_while_its_file_comes_leaves_nothing(store):
    active = iter([True, False])
    app = Starlette(routes=routes(lambda _session: next(active), lambda: store))
    token = generate_xsrf_token_string()
    with TestClient(app, cookies={XSRF_COOKIE_NAME: token}, headers={"X-Xsrftoken": token}) as client:
        put(client, MINE, "f1")
    assert files_of(store) == []


def test_content_is_given_up_to_a_size(store, client, monkeypatch):
    monkeypatch.setattr(breakeven.dashboard.upload_store, "_store", [store])
    monkeypatch.setattr(breakeven.dashboard.upload_store, "session_id", lambda: MINE)
    put(client, MINE, "f1", b"x" * 900_000)
    (record,) = store.get_files(MINE, ["f1"])
    file = UploadedFile(record, FileURLs())
    assert content_of(file, 1) == b"x" * 900_000
    with pytest.raises(Unreadable, match=r"usage\.csv has 1 MB; at most 0 MB"):
        content_of(file, 0)


def test_content_that_streamlit_holds_is_given_too(monkeypatch):
    monkeypatch.setattr(breakeven.dashboard.upload_store, "_store", [])
    record = UploadedFileRec(file_id="f", name="a.csv", type="text/csv", data=b"1,2")
    assert content_of(UploadedFile(record, FileURLs()), 1) == b"1,2"


def test_uploads_on_their_way_have_a_limit_together(store, client):
    store.coming = 1_900_000  # of others
    assert put(client, MINE, "f1", b"x" * 900_000).status_code == 507
    assert files_of(store) == []
    assert store.coming == 1_900_000  # this one is gone
    store.coming = 0
    assert put(client, MINE, "f1", b"x" * 900_000).status_code == 204
    assert put(client, MINE, "f2", b"x" * 1_100_000).status_code == 413
    assert store.coming == 0


def test_bytes_that_come_by_the_route_of_streamlit_go_to_disk_too(store):
    store.add_file(MINE, UploadedFileRec(file_id="f1", name="a.csv", type="text/csv", data=b"1,2"))
    assert store.path_of(MINE, "f1").read_bytes() == b"1,2"
    assert [record.data for record in store.get_files(MINE, ["f1"])] == [b""]
    store.remove_session_files(MINE)
    assert files_of(store) == []
