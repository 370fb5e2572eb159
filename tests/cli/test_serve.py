"""``breakeven serve``: what it refuses, what it writes for nginx, where it listens."""

import re
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from breakeven.cli.serve import _listen
from breakeven.question.arguments import BadInput
from tests.builders import output_of, refusal_of
from tests.servers import free_port, nginx_file, nginx_path, serving


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--port 0", "--port must lie between 1 and 65535, got 0"),
        ("--port 65536", "--port must lie between 1 and 65535, got 65536"),
        ("--port 65535 --workers 2", "--port must lie between 1 and 65534, got 65535"),
        ("--workers 0", "--workers must lie between 1 and 64, got 0"),
        ("--workers 65", "--workers must lie between 1 and 64, got 65"),
        ("--nginx 0", "--nginx must lie between 1 and 65535, got 0"),
        ("--base-path /a;b", "--base-path must be letters, digits, - and _ between slashes"),
        ("--base-path /a/../b", "--base-path must be letters, digits, - and _ between slashes"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], options: str, said: str
) -> None:
    refusal = refusal_of(capsys, "serve", *options.split())
    assert said in refusal
    assert len(refusal.splitlines()) == 1


def test_a_port_that_is_taken_is_refused_also_for_the_last_worker(capsys: pytest.CaptureFixture[str]) -> None:
    first = free_port(2)
    with socket.create_server(("127.0.0.1", first + 1)):
        refusal = refusal_of(capsys, "serve", f"--port={first}", "--workers=2")
        assert f"cannot listen on localhost:{first + 1} (Address already in use)" in refusal


def test_a_name_that_is_no_machine_is_refused() -> None:
    with pytest.raises(BadInput, match=r"cannot listen on no-such-machine\.invalid:1234"):
        _listen("no-such-machine.invalid", 1234)


def test_only_who_shares_a_port_may_join_another_on_it() -> None:
    port = free_port()
    held = [*_listen("localhost", port, shared=True), *_listen("localhost", port, shared=True)]
    held[0].listen()
    with pytest.raises(BadInput, match="Address already in use"):
        _listen("localhost", port)
    for one in held:
        one.close()


def test_the_configuration_of_nginx_knows_every_worker_and_each_one_has_the_others_behind_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = output_of(capsys, "serve", "--workers", "3", "--port", "9001", "--nginx", "9000")
    assert 'Written by "breakeven serve --workers 3 --port 9001 --nginx 9000"' in text
    assert "listen 9000;" in text
    assert "client_max_body_size 2001m;" in text
    for number, port in ((1, 9001), (2, 9002), (3, 9003)):
        assert f"    {number} breakeven_{number};" in text
        _, _, group = text.partition(f"upstream breakeven_{number} {{")
        lines = group.partition("}")[0].split("\n")
        assert f"    server 127.0.0.1:{port} fail_timeout=1s;" in lines
        assert sum("backup" in line for line in lines) == 2
    assert not re.search(r"\{\w", text)  # nothing of the template is left


@pytest.mark.parametrize("options", [[], ["--workers=1"], ["--workers=64"], ["--workers=2", "--address=::1"]])
def test_nginx_takes_the_configuration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str]
) -> None:
    nginx = nginx_path()
    whole = nginx_file(tmp_path, output_of(capsys, "serve", *options, "--nginx", str(free_port())))
    ran = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(whole)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "warn" not in ran.stderr


@pytest.mark.slow
def test_a_dashboard_below_a_path_answers_there_and_says_its_own_paths() -> None:
    with serving("--base-path", "/tools/breakeven", path="/tools/breakeven") as server:
        with urllib.request.urlopen(f"{server.address}/") as answer:
            page = answer.read().decode()
        assert "Breakeven</title>" in page
        site = server.address.removesuffix("/tools/breakeven")
        with urllib.request.urlopen(f"{site}/robots.txt") as answer:
            assert "/_stcore/" in answer.read().decode()
