"""Running servers for tests: the dashboard as ``breakeven serve`` starts it, and nginx in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders import ROOT

START_S = 90.0
"""Within which a server answers, on a busy machine. [s]"""


@dataclass(frozen=True)
class Server:
    """A dashboard that runs."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path | None = None

    def said(self) -> str:
        """What it wrote so far."""
        assert self.log is not None
        return self.log.read_text(encoding="utf-8")


def free_port(count: int = 1) -> int:
    """First of some ports in a row that nobody listens on."""
    while True:
        with ExitStack() as stack:
            first = 0
            try:
                for number in range(count):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("localhost", first + number if first else 0))
                    first = first or int(probe.getsockname()[1])
            except OSError:
                continue
            return first


@contextmanager
def serving(
    *options: str,
    port: int | None = None,
    python: Path | str = sys.executable,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    path: str = "",
) -> Iterator[Server]:
    """Start the dashboard on a free port, wait until it answers, and stop it.

    Parameters
    ----------
    options
        More of the command line.
    port
        Port, where it has to be known before.
    python
        Interpreter that has the package.
    folder
        Where it is started.
    environment
        Variables on top of those of the test run.
    log
        File that takes what it writes.
    path
        Where the dashboard begins.
    """
    port = port or free_port()
    with ExitStack() as stack:
        out = stack.enter_context(log.open("ab")) if log is not None else subprocess.DEVNULL
        command = [str(python), "-m", "breakeven", "serve", "--headless", "--port", str(port), *options]
        process = stack.enter_context(
            subprocess.Popen(
                command, cwd=folder, env=os.environ | dict(environment or {}), stdout=out, stderr=out
            )
        )
        try:
            address = f"http://localhost:{port}{path}"
            until(lambda: health(address) == (200, "ok"), process=process)
            yield Server(address, process, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def health(address: str, *, patience_s: float = 5.0) -> tuple[int, str]:
    """Status and body of the answer to whether a server is well; 0: there is none."""
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=patience_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError as reason:
        return 0, str(reason)


def until(
    true: Callable[[], bool], *, process: subprocess.Popen[bytes] | None = None, seconds: float = START_S
) -> None:
    """Wait for something; it is a failure where it does not come, or the process ends first."""
    deadline = time.monotonic() + seconds
    while not true():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"what was waited for did not come within {seconds:g} s")
        time.sleep(0.1)


def workers_of(server: Server) -> list[int]:
    """Processes of the workers that a server started, in the order of their start."""
    found = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(number) for number in found.split()]


def nginx_path() -> str:
    """Program of nginx; CI never goes without."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        message = "no nginx: install it (on Debian: apt-get install nginx) to test several workers behind it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def nginx_file(folder: Path, site: str) -> Path:
    """Put what ``--nginx`` writes into a whole configuration that runs without rights, in a folder."""
    kept = " ".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "site.conf").write_text(site, encoding="utf-8")
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; worker_processes 1; pid {folder / 'pid'}; error_log {folder / 'error.log'} warn;\n"
        f"events {{ worker_connections 512; }}\nhttp {{ {kept} include {folder / 'site.conf'}; }}\n",
        encoding="utf-8",
    )
    return whole


@contextmanager
def fronted(folder: Path, *options: str, workers: int = 2, path: str = "") -> Iterator[tuple[str, Server]]:
    """Start workers and nginx before them; the address that visitors use, and the team."""
    nginx = nginx_path()
    first, listen = free_port(workers), free_port()
    given = [f"--workers={workers}", *options]
    written = subprocess.run(
        [sys.executable, "-m", "breakeven", "serve", f"--port={first}", *given, f"--nginx={listen}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    whole = nginx_file(folder, written.stdout)
    with serving(*given, port=first, log=folder / "serve.log", path=path) as team:
        until(lambda: all(health(f"http://localhost:{first + i}{path}")[0] == 200 for i in range(workers)))
        with subprocess.Popen([nginx, "-p", str(folder), "-e", "stderr", "-c", str(whole)]) as front:
            try:
                until(lambda: health(f"http://localhost:{listen}{path}")[0] == 200, process=front)
                yield f"http://localhost:{listen}{path}", team
            finally:
                front.send_signal(signal.SIGTERM)
                front.wait(timeout=20)
