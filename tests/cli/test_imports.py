"""No command loads the dashboard, and only a replay loads the compiler."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import SAMPLES
from tests.hosting.config_json.configs import LLAMA_2_70B

HEAVY = ("streamlit", "plotly", "numba", "torch")
PLAN = "--model llama-3.3-70b --gpu h100-sxm --gpus 2"
COMMANDS = {
    "--help": 0,
    "data check": 0,
    "data build tables.duckdb": 0,
    "data model config.json --name a/b": 0,
    "data refresh --from nowhere.json": 2,
    "estimate --model llama-3.1-8b --gpu h100-sxm --precision bf16 --prompt 512 --completion 64 --batch 8": 0,
    "compare --scenario v=1": 0,
    "rank --config config.json --prompt 512 --completion 64": 0,
    "train --params 7e9 --tokens 1e12 --gpu h100-sxm --gpus 64": 0,
    "train tune-or-prompt --model llama-3.1-8b --method qlora": 0,
    "claims": 0,
    "calibrate": 0,
    "price sums.json --json": 0,
    "price times.csv": 0,
    f"plan sums.json {PLAN}": 0,
    f"plan none.csv {PLAN}": 2,
    "measure --help": 0,
}
"""Commands with their status. A plan for sums is fluid, one without times is withheld: neither replays."""
REPLAY = f"plan times.csv {PLAN}"
SCRIPT = """
import contextlib, io, json, sys
from breakeven.cli import main
heavy = set(json.loads(sys.argv[2]))
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = main(command.split())
        except SystemExit as left:
            status = left.code
    print(json.dumps([command, status, sorted(heavy & set(sys.modules))]), flush=True)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, list[str]]]:
    """Status and heavy modules after each command; one process runs them all, the replay last."""
    folder = tmp_path_factory.mktemp("commands")
    files(folder)
    # Not `-c`: where there is no file DuckDB takes it for a session, and a query of two seconds gets a bar.
    (folder / "run.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "run.py", json.dumps([*COMMANDS, REPLAY]), json.dumps(HEAVY)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(done.stdout.splitlines()), done.stdout  # nothing but results gets past the redirection
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {command: (status, loaded) for command, status, loaded in lines}


def files(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(LLAMA_2_70B), encoding="utf-8")
    (folder / "none.csv").write_text("model,input_tokens,output_tokens\ngpt-4o,1000,100\n", encoding="utf-8")
    (folder / "times.csv").write_text(
        "ts,model,input_tokens,output_tokens\n"
        "2026-11-01T10:00:00Z,gpt-4o,1000,100\n2026-11-01T10:00:05Z,gpt-4o,900,120\n",
        encoding="utf-8",
    )
    shutil.copy(SAMPLES / "openai_usage_api.json", folder / "sums.json")


@pytest.mark.parametrize(("command", "status"), COMMANDS.items())
def test_command_loads_neither_dashboard_nor_compiler(command, status, ran):
    assert ran[command] == (status, [])


def test_replay_loads_the_compiler_and_nothing_of_the_dashboard(ran):
    assert ran[REPLAY] == (0, ["numba"])
