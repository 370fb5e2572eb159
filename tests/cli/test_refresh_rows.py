"""Newer rents and models: shown, held to the rules, and written only when accepted."""

import csv
import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from breakeven.__main__ import main
from breakeven.paths import DATA
from tests.builders import ROOT, csv_rows

RENT = csv_rows(DATA / "gpu_prices.csv")[-1]
LATER = RENT | {"valid_from": "2026-11-25", "gpu_offer_id": ""}
WORKFLOW = ROOT / ".github" / "workflows" / "refresh.yml"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("samples")))


def refresh(capsys, table, folder, *options):
    code = main(["data", "refresh", "--table", table, "--data", str(folder), *options])
    said = capsys.readouterr()
    return code, said.out + said.err


def written(path, rows):
    if path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_rent_at_another_price_is_appended_when_it_is_accepted(form, folder, tmp_path, capsys):
    price = f"{float(RENT['usd_per_gpu_hour']) * 1.5:.4f}"
    file = written(tmp_path / f"rents.{form}", [LATER | {"usd_per_gpu_hour": price}])
    before = csv_rows(folder / "gpu_prices.csv")
    code, said = refresh(capsys, "gpu-prices", folder, "--from", file)
    assert (code, "1 at another price" in said, "add --accept" in said) == (0, True, True)
    assert csv_rows(folder / "gpu_prices.csv") == before
    assert refresh(capsys, "gpu-prices", folder, "--from", file, "--accept")[0] == 0
    *same, added = csv_rows(folder / "gpu_prices.csv")
    assert same == before
    assert (added["usd_per_gpu_hour"], added["gpu_id"]) == (price, RENT["gpu_id"])
    assert "0 at another price" in refresh(capsys, "gpu-prices", folder, "--from", file)[1]


def test_a_rent_that_moves_by_more_than_ten_times_needs_a_word(folder, tmp_path, capsys):
    slip = LATER | {"usd_per_gpu_hour": f"{float(RENT['usd_per_gpu_hour']) * 11:.4f}"}
    file = written(tmp_path / "rents.json", [slip])
    before = (folder / "gpu_prices.csv").read_bytes()
    code, said = refresh(capsys, "gpu-prices", folder, "--from", file, "--accept")
    assert code == 2
    assert "more than 10×" in said
    assert (folder / "gpu_prices.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source_id": "nowhere"}, "row 1: source_id 'nowhere' is not in sources.csv"),
        ({"provider": ""}, "row 1: provider is empty"),
        ({"usd_per_gpu_hour": "two"}, "row 1: usd_per_gpu_hour 'two' must be a number"),
        ({"gpu_count": "many"}, "row 1: gpu_count 'many' must be a number"),
        ({"usd_per_gpu_hour": "900"}, "break a rule"),
    ],
)
def test_a_rent_that_breaks_a_rule_is_refused_by_its_row(change, sentence, folder, tmp_path, capsys):
    file = written(tmp_path / "rents.json", [LATER | change])
    code, said = refresh(capsys, "gpu-prices", folder, "--from", file)
    assert code == 2
    assert sentence in said


def test_rents_have_no_usual_address(folder, capsys):
    assert "--table gpu-prices wants --from FILE or --url ADDRESS" in refresh(capsys, "gpu-prices", folder)[1]


def test_models_are_held_to_their_published_configs(folder, capsys):
    rows = [row for row in csv_rows(DATA / "models.csv") if row["model_id"] == "llama-3.1-8b"]
    asked = []
    config = {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
        "max_position_embeddings": 262144, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    }  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = self.path == f"/{rows[0]['hf_id']}/resolve/main/config.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(config).encode() if found else b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = ["--url", f"http://127.0.0.1:{server.server_port}"]
        code, said = refresh(capsys, "models", folder, *options, "--markdown")
        assert code == 0
        assert f"| llama-3.1-8b | max_context | {rows[0]['max_context']} | 262144 |" in said
        assert "| llama-2-7b | no longer listed | | – |" in said
        assert refresh(capsys, "models", folder, *options, "--accept")[0] == 0
        server.shutdown()
    (now,) = [row for row in csv_rows(folder / "models.csv") if row["model_id"] == "llama-3.1-8b"]
    assert now == rows[0] | {"max_context": "262144"}
    assert len(asked) >= 2 * sum(bool(row["hf_id"]) for row in csv_rows(DATA / "models.csv"))


def test_the_workflow_refreshes_every_table_weekly_and_opens_a_pull_request():
    flow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    triggers = flow[True]  # YAML 1.1 reads the key "on" so
    assert [len(one["cron"].split()) for one in triggers["schedule"]] == [5]
    assert triggers["schedule"][0]["cron"].split()[2:4] == ["*", "*"], "once a week"
    (job,) = flow["jobs"].values()
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", step.get("uses", "a/b@v1.0.0")), (
            "pinned by version"
        )
    script = "\n".join(step.get("run", "") for step in job["steps"])
    for table in ("api-prices", "gpu-prices", "models"):
        assert re.search(rf"data refresh --table {table} .*--markdown --accept", script)
    assert "data history --accept" in script
    assert "--confirm-large" not in script, "large moves wait for a person"
    assert "gh pr create" in script
    assert flow["permissions"] == {"contents": "write", "pull-requests": "write"}
