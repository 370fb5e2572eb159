"""The page on hosting says what the program does, and the files that go with it name what exists."""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from breakeven.cli import parser
from breakeven.cli.serve import GRACE_S
from breakeven.dashboard import guard
from breakeven.dashboard.front import nginx_conf
from breakeven.tables import sqlbox
from breakeven.usage.limits import Limits
from tests.builders import ROOT, output_of
from tests.servers import free_port, health, nginx_file, nginx_path, until

PAGE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
UNIT = (ROOT / "deploy" / "breakeven.service").read_text(encoding="utf-8")


def _serve() -> argparse.ArgumentParser:
    """The parser of ``breakeven serve``."""
    commands = next(one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    found = commands.choices["serve"]
    assert isinstance(found, argparse.ArgumentParser)
    return found


OPTIONS = _serve()._actions
FLAGS = [flag for action in OPTIONS for flag in action.option_strings if flag not in ("-h", "--help")]


ROWS = re.findall(r"^\|.+\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_of_serve_is_in_a_table_and_in_one(flag: str) -> None:
    assert sum(f"`{flag}`" in row for row in ROWS if _is_of(flag, row)) == 1


def _is_of(flag: str, row: str) -> bool:
    """Whether a row may say what a flag is: of flags by its first cell, of limits by any."""
    return flag.startswith("--max-") or row.startswith(f"| `{flag}` |")


def test_the_tables_have_no_flag_that_serve_has_not() -> None:
    assert set(re.findall(r"`(--[a-z-]+)`", "\n".join(ROWS))) == set(FLAGS)


@pytest.mark.parametrize("limit", fields(Limits), ids=lambda limit: limit.name)
def test_every_limit_is_in_the_table_with_its_usual_value(limit) -> None:
    (line,) = re.findall(rf"^\|.*`{Limits().variable(limit.name)}`.*\|$", PAGE, re.MULTILINE)
    assert f" {limit.default:,}" in line


def test_limits_in_the_code_are_those_of_the_table() -> None:
    box = f"{sqlbox.SECONDS:g} s, {sqlbox.MEGABYTES} MB, {sqlbox.ROWS:,} rows, {sqlbox.LONGEST:,} characters"
    assert f"| a statement of the SQL box | {box} |" in PAGE
    assert f"| head of a request | {guard.HEAD_S:g} s, 64 kB |" in PAGE
    assert f"| a body of which nothing comes | {guard.BODY_S:g} s |" in PAGE
    assert f"| answers under way when the server ends | {GRACE_S} s |" in PAGE
    assert "MemoryMax=4G" in UNIT
    assert "TasksMax=512" in UNIT
    server = COMPOSE["services"]["breakeven"]
    assert (server["mem_limit"], server["pids_limit"]) == ("4g", 512)
    text = nginx_conf(address="x", ports=range(1, 2), listen=2, upload_mb=1, command="")
    assert "limit_conn breakeven_connections 200;" in text
    assert "rate=50r/s" in text


def _commands(text: str) -> list[list[str]]:
    """Commands of ours in the blocks of a page, without variables before and files after them."""
    blocks = "\n".join(re.findall(r"```sh\n(.+?)```", text, re.DOTALL)).replace("\\\n", " ")
    lines = [re.sub(r"^(\w+=\S+ +)+", "", line).partition(" > ")[0] for line in blocks.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("breakeven ")]


COMMANDS = {
    **{f"page: {' '.join(words)}": words for words in _commands(PAGE)},
    "Dockerfile": yaml.safe_load(re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)[0])[1:],
    "compose": [
        *yaml.safe_load(re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)[0])[1:],
        *COMPOSE["services"]["breakeven"]["command"],
    ],
    "unit": shlex.split(
        re.findall(r"^ExecStart=\S+/breakeven (.+)$", UNIT.replace("\\\n", ""), re.MULTILINE)[0]
    ),
}


@pytest.mark.parametrize("name", ["compose", "unit"])
def test_the_memory_of_all_is_enough_for_what_the_workers_may_take(name: str) -> None:
    options = parser().parse_args(COMMANDS[name])
    assert options.workers * (500 + options.max_readers_mb) <= 4000
    assert options.max_reader_mb <= options.max_readers_mb


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_every_command_is_one_that_the_program_takes(words: list[str]) -> None:
    assert parser().parse_args(words).command.__module__ == "breakeven.cli.serve"


def test_the_page_has_commands_and_every_file_that_it_names_is_there() -> None:
    assert len(_commands(PAGE)) >= 5
    for page in (PAGE, THREATS):
        for name in re.findall(r"`((?:deploy|lib|tests|docs)/[\w./]+)`", page):
            assert (ROOT / name).exists(), name
        for link in re.findall(r"\]\(([^):#]+)\)", page):
            assert (ROOT / "docs" / link).exists(), link


def test_the_configuration_for_compose_is_what_the_program_writes(capsys) -> None:
    words = ["serve", "--workers", "2", "--address", "breakeven", "--nginx", "8500"]
    written = output_of(capsys, *words)
    assert (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8") == written
    assert COMPOSE["services"]["nginx"]["ports"] == ["8500:8500"]
    assert "--workers=2" in COMPOSE["services"]["breakeven"]["command"]


def test_nginx_takes_the_configuration_for_compose(tmp_path: Path) -> None:
    # Outside compose's network nobody is called breakeven.
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("server breakeven:", "server 127.0.0.1:")
    whole = nginx_file(tmp_path, text)
    ran = subprocess.run(
        [nginx_path(), "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(whole)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_image_copies_only_what_is_there_and_the_context_holds_it() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in line.split()
    ]
    assert {"lib", "data", "pages", "app.py", "requirements.txt"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name
    assert ignored[1] == "*"


def test_what_the_wheel_is_built_of_is_copied() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = [project["project"]["readme"], *project["project"]["license-files"], *wheel["force-include"]]
    for name in [*named, "lib", "pyproject.toml"]:
        assert re.search(rf"^COPY .*\b{re.escape(name)}\b", DOCKERFILE, re.MULTILINE), name


def test_commands_inside_the_image_run() -> None:
    built = re.findall(r'^RUN python -c "(.+)"$', DOCKERFILE, re.MULTILINE)
    assert len(built) == 1
    subprocess.run([sys.executable, "-c", built[0]], check=True)
    (check,) = re.findall(r"CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert yaml.safe_load(check)[0] == "python"
    assert "http://localhost:8501/health" in check
    compile(yaml.safe_load(check)[2], "HEALTHCHECK", "exec")


@pytest.mark.parametrize("tool", ["hadolint", "systemd-analyze"])
def test_the_linter_of_the_kind_has_nothing_to_say(tool: str, tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"no {tool} on this machine: it checks the Dockerfile or the unit where it is installed")
    if tool == "hadolint":
        command = [tool, str(ROOT / "Dockerfile")]
    else:
        unit = tmp_path / "breakeven.service"
        unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", UNIT), encoding="utf-8")
        command = [tool, "verify", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.slow
def test_streamlit_run_serves_the_same_application(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "deploy" / "streamlit_app.py")]
    options = ["--server.headless=true", f"--server.port={port}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, *options], cwd=tmp_path, stdout=quiet, stderr=quiet) as server:
        try:
            address = f"http://localhost:{port}"
            until(lambda: health(address) == (200, "ok"), process=server)
            with urllib.request.urlopen(address) as answer:
                assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
                assert b"Breakeven</title>" in answer.read()
            with urllib.request.urlopen(f"{address}/health") as answer:
                assert answer.read() == b"ok"
        finally:
            server.terminate()
            server.wait(timeout=30)


def test_packages_for_a_cloud_are_the_pinned_ones_and_this_one() -> None:
    lines = (ROOT / "deploy" / "requirements.txt").read_text(encoding="utf-8").split("\n")
    assert lines == ["-r ../requirements.txt", "-e .[dashboard,replay]", ""]
