"""Newer releases of the price list, read by ranges from an index on this machine."""

import io
import json
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from breakeven.__main__ import main
from breakeven.paths import DATA
from breakeven.tables.catalogue_rules import CatalogueRules
from breakeven.tables.releases import MEMBER, offers_in
from breakeven.tables.wheels import leading
from tests.builders import csv_rows

PRICED = {"mode": "chat", "max_input_tokens": 1000}
NEW = {
    "litellm_provider": "openai",
    "input_cost_per_token": 1.1e-07,
    "output_cost_per_token": 2e-06,
    **PRICED,
}
FILLER = {f"other/{n}": {"litellm_provider": "ovhcloud", "input_cost_per_token": 1e-6} for n in range(20_000)}


def wheel(entries):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("litellm/__init__.py", "#" * 400_000)
        made.writestr(f"litellm/{MEMBER}", json.dumps({**entries, **FILLER}))
    return held.getvalue()


@pytest.fixture
def index():
    """An index and its wheels; what was asked for, in bytes."""
    wheels, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/simple/":
                files = [
                    {
                        "filename": name,
                        "url": f"{address}/{name}",
                        "size": len(body),
                        "upload-time": f"{day}T09:00:00Z",
                    }
                    for name, (day, body) in wheels.items()
                ]
                status, body = 200, json.dumps({"files": files}).encode()
            else:
                first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
                status, body = 206, wheels[self.path[1:]][1][first : last + 1]
                asked.append(len(body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{address}/simple/", wheels, asked
        server.shutdown()


@pytest.fixture
def folder(tmp_path):
    """A copy of the tables."""
    return Path(shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("samples")))


def read(capsys, *options):
    code = main(["data", "history", *options, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_newer_releases_are_read_by_ranges_and_added_once(index, folder, capsys):
    address, wheels, asked = index
    wheels["litellm-1.111.0-py3-none-any.whl"] = ("2026-11-25", wheel({"zz-new-model": NEW}))
    dearer = {**NEW, "input_cost_per_token": 1.2e-07}
    wheels["litellm-1.112.0-py3-none-any.whl"] = ("2026-11-26", wheel({"zz-new-model": dearer}))
    wheels["litellm-1.99.9-py3-none-any.whl"] = ("2026-11-27", wheel({}))  # an older branch is not read
    options = ["--index", address, "--data", str(folder)]
    assert "offers are no longer listed; nothing is written" in read(capsys, *options, "--accept")[1]
    code, told = read(capsys, *options, "--most", "1", "--accept", "--confirm-large")
    assert code == 0
    assert told["releases"] == ["1.111.0"]
    added = {(row["valid_from"], row["api_model"], row["input_usd_per_mtok"]) for row in told["rows"]}
    assert ("2026-11-25", "zz-new-model", "0.11") in added
    assert sum(row["gone"] == "true" for row in told["rows"]) > 1000, "the small map lacks the others"
    assert told["written"]
    code, told = read(capsys, *options, "--accept")
    assert told["releases"] == ["1.112.0"]
    assert [(row["api_model"], row["input_usd_per_mtok"]) for row in told["rows"]] == [
        ("zz-new-model", "0.12")
    ]
    assert read(capsys, *options, "--accept")[1] == {
        "releases": [], "rows": [], "to_confirm": [], "without_alias": [], "written": False,
    }  # fmt: skip
    assert max(asked) < sum(len(body) for _, body in wheels.values())
    assert [
        row["valid_from"] for row in csv_rows(folder / "api_prices_daily.csv") if row["key"] == "zz-new-model"
    ] == [
        "2026-11-25",
        "2026-11-26",
    ]


def test_a_price_that_moves_by_more_than_ten_times_is_confirmed_first(index, folder, capsys):
    address, wheels, _ = index
    wheels["litellm-1.111.0-py3-none-any.whl"] = ("2026-11-25", wheel({"zz-new-model": NEW}))
    slip = {**NEW, "output_cost_per_token": 2e-03 / 40}
    wheels["litellm-1.112.0-py3-none-any.whl"] = ("2026-11-26", wheel({"zz-new-model": slip}))
    options = ["--index", address, "--data", str(folder), "--accept"]
    before = (folder / "api_prices_daily.csv").read_bytes()
    code, said = read(capsys, *options)
    assert code == 2
    assert "are no longer listed" in said
    told = read(capsys, *options[:-1])[1]["to_confirm"]
    assert "openai/zz-new-model on 2026-11-26: output_usd_per_mtok moves from $2 to $50" in told
    assert (folder / "api_prices_daily.csv").read_bytes() == before
    assert read(capsys, *options, "--confirm-large")[1]["written"]


def test_an_index_and_a_wheel_that_are_none_are_refused_in_a_sentence(index, folder, capsys):
    address, wheels, _ = index
    options = ["--data", str(folder), "--index"]
    assert "gave no prices" in read(capsys, *options, "http://127.0.0.1:9/simple/")[1]
    wheels["litellm-1.111.0-py3-none-any.whl"] = ("2026-11-25", b"no wheel" * 100)
    code, said = read(capsys, *options, address)
    assert code == 2
    assert "holds no price map that can be read" in said


def test_the_leading_release_of_a_day_is_its_highest():
    files = [
        {
            "filename": f"litellm-{version}-py3-none-any.whl",
            "url": version,
            "size": 1,
            "upload-time": f"{day}T00:00:00Z",
        }
        for version, day in [
            ("1.9.2", "2025-01-01"),
            ("1.10.0", "2025-01-01"),
            ("1.9.3", "2025-01-02"),
            ("1.11.0rc1", "2025-01-03"),
        ]
    ]
    assert [found.version for found, _, _ in leading(files)] == ["1.10.0", "1.11.0rc1"]
    assert leading([{**files[0], "yanked": True}, {**files[0], "filename": "litellm-1.9.2.tar.gz"}]) == []


def test_keys_of_the_map_are_offers_the_longest_beginning_first_and_no_slips():
    rules = CatalogueRules.of(
        [("list-key", "xai:xai/=x-ai"), ("list-key", "xai:=x-ai"), ("not-text", "image")]
    )
    entry = {
        "litellm_provider": "xai",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 6e-06,
        "mode": "chat",
    }
    entries = {
        "grok-4": entry,
        "xai/grok-4": {
            **entry,
            "input_cost_per_token": 3e-06,
            "input_cost_per_token_above_200k_tokens": 6e-06,
        },
        "xai/grok-slip": {**entry, "output_cost_per_token": 1},
        "xai/grok-image": entry,
        "xai/embed": {**entry, "mode": "embedding"},
        "eu/grok-4": entry,
        "xai/speech": {**entry, "mode": "audio_speech"},
        "ovhcloud/x": {**entry, "litellm_provider": "ovhcloud"},
    }
    found = offers_in(entries, rules, {})
    assert set(found) == {("x-ai", "grok-4"), ("x-ai", "embed")}
    key, line = found["x-ai", "grok-4"]
    assert (key, line["input_usd_per_mtok"], line["tier_above_tokens"]) == ("xai/grok-4", "3", "200000")
    assert found["x-ai", "embed"][1]["output_usd_per_mtok"] == ""
