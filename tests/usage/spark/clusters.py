"""Clusters of Spark on this machine: a master with two workers of one core, and a server of Spark Connect."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _home() -> Path:
    import pyspark

    return Path(pyspark.__file__).parent


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_HOME": str(_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(log: Path, said: str, process: subprocess.Popen[bytes], seconds: float = 120) -> str:
    """Until a log says something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        text = log.read_text(errors="replace") if log.exists() else ""
        if re.search(said, text):
            return text
        time.sleep(0.1)
    raise AssertionError(f"{log.name} never said '{said}': {log.read_text(errors='replace')[-2000:]}")


class Cluster:
    """A standalone master and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def master(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def start(self, name: str, *command: str, says: str) -> None:
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            # A session of its own: the executor of a worker goes with it.
            self.processes[name] = subprocess.Popen(
                [str(_home() / "bin" / "spark-class"), *command],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=_environment(self.folder),
                start_new_session=True,
            )
        _wait(log, says, self.processes[name])

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def finished_tasks(self, worker: str) -> int:
        """Tasks that the executors of a worker have finished."""
        logs = (self.folder / worker).glob("app-*/*/stderr")
        return sum(log.read_text(errors="replace").count("Finished task") for log in logs)


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A master with workers of one core each."""
    cluster = Cluster(folder)
    org = "org.apache.spark.deploy"
    try:
        port, ui = str(cluster.port), str(_free_port())
        at = ("--host", "127.0.0.1", "--port", port, "--webui-port", ui)
        cluster.start("master", f"{org}.master.Master", *at, says="New state: ALIVE")
        for number in range(1, workers + 1):
            name = f"worker{number}"
            room = ("-c", "1", "-m", "1g", "--host", "127.0.0.1", "--webui-port", str(_free_port()))
            cluster.start(
                name,
                f"{org}.worker.Worker",
                *room,
                "-d",
                str(folder / name),
                cluster.master,
                says="Successfully registered with master",
            )
        yield cluster
    finally:
        for name in list(cluster.processes):
            cluster.kill(name)


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """A server of Spark Connect; its address."""
    port = _free_port()
    cluster = Cluster(folder)
    service = "org.apache.spark.sql.connect.service.SparkConnectServer"
    try:
        cluster.start(
            "connect",
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            "local[2]",
            "--conf",
            f"spark.connect.grpc.binding.port={port}",
            "--conf",
            "spark.connect.grpc.binding.address=127.0.0.1",
            "--class",
            service,
            "spark-internal",
            says="Spark Connect server started",
        )
        yield f"sc://127.0.0.1:{port}"
    finally:
        for name in list(cluster.processes):
            cluster.kill(name)
