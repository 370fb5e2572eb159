"""Processes that answer statements, started once and kept while they behave.

A worker holds nothing but a locked, read-only copy of the tables, so one that has answered a statement
is as good as new. One that a statement has kept busy for long, or filled, or whose answer did not come, is
ended. While one works another one is started, so that nobody waits for that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

GRACE_S = 0.7
"""After the statement's own time, until the process is ended from outside. [s]"""
_START_S = 15.0
"""Until a process that does not even start is given up. [s]"""
_MOST_ANSWERS = 500
"""Statements after which a worker is ended all the same."""
_CALM = 0.5
"""Share of its time up to which a statement leaves its worker fit for the next one."""


class NoWorker(Exception):
    """No process could be started."""


class NoAnswer(Exception):
    """The process gave no answer in time, or ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a worker is started with; only a statement that asks for the same meets it."""

    script: Path
    database: Path
    megabytes: int
    functions: tuple[str, ...]


@dataclass(slots=True)
class Worker:
    """A process that has opened the tables."""

    opened: Opened
    process: subprocess.Popen[str]
    answers: int = 0

    @classmethod
    def start(cls, opened: Opened) -> Worker:
        """Start a process and wait until it has opened the tables.

        Raises
        ------
        NoWorker
            If it does not get there.
        """
        process = subprocess.Popen(
            [sys.executable, "-I", str(opened.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of the server's environment; a system without these two cannot start Python.
            env={name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ},
            text=True,
            encoding="utf-8",
        )
        worker = cls(opened, process)
        said = {
            "database": str(opened.database),
            "megabytes": opened.megabytes,
            "functions": opened.functions,
        }
        if worker._ask(said, _START_S) != "ready":
            worker.end()
            raise NoWorker
        return worker

    def answer(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and take its answer.

        Raises
        ------
        NoAnswer
            If there is none in time; the process is then ended.
        """
        self.answers += 1
        try:
            answer: dict[str, Any] = json.loads(self._ask(request, seconds))
        except json.JSONDecodeError:
            self.end()
            raise NoAnswer from None
        return answer

    def _ask(self, said: dict[str, Any], seconds: float) -> str:
        """Send a line and read one; empty where the process ended or had to be ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = Timer(seconds, self.process.kill)
        late.daemon = True
        late.start()
        try:
            self.process.stdin.write(json.dumps(said) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip()
        except (OSError, UnicodeDecodeError):
            return ""
        finally:
            late.cancel()

    def end(self) -> None:
        """End the process and wait until it is gone."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not sent yet has nobody to go to
                    pipe.close()
        self.process.wait()


@dataclass(slots=True)
class Workers:
    """Workers that wait for the next statement; at most so many."""

    most: int
    _idle: list[Worker] = field(default_factory=list)
    _starting: set[Opened] = field(default_factory=set)
    _closed: int = 0
    """How often all were ended: who was being started meanwhile is ended too."""
    _lock: Lock = field(default_factory=Lock)

    def answer(self, opened: Opened, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Answer a request by a worker that waits, or by a new one.

        Raises
        ------
        NoWorker, NoAnswer
            If no process starts, or the one that was asked ended before it answered.
        """
        worker = self._take(opened) or Worker.start(opened)
        self._prepare(opened)
        start = time.monotonic()
        answer = worker.answer(request, seconds + GRACE_S)
        calm = time.monotonic() - start <= _CALM * seconds
        spent = answer.pop("spent", False) or worker.answers >= _MOST_ANSWERS
        if calm and not spent:
            self._keep(worker)
        else:
            worker.end()
        return answer

    def _take(self, opened: Opened) -> Worker | None:
        """One that waits and lives."""
        while True:
            with self._lock:
                worker = next((one for one in self._idle if one.opened == opened), None)
                if worker is None:
                    return None
                self._idle.remove(worker)
            if worker.process.poll() is None:
                return worker
            worker.end()

    def _prepare(self, opened: Opened) -> None:
        """Start another one for the next statement, unless one waits."""
        with self._lock:
            if opened in self._starting or any(one.opened == opened for one in self._idle):
                return
            self._starting.add(opened)
            closed = self._closed

        def start() -> None:
            worker = None
            try:
                worker = Worker.start(opened)
            except (NoWorker, OSError):
                pass  # the next statement tries for itself, and says so
            finally:
                with self._lock:
                    self._starting.discard(opened)
                    late = self._closed != closed
            if worker is not None and late:
                worker.end()
            elif worker is not None:
                self._keep(worker)

        Thread(target=start, daemon=True).start()

    def _keep(self, worker: Worker) -> None:
        """Let one wait; of too many those that were used last."""
        with self._lock:
            self._idle.insert(0, worker)
            ended, self._idle = self._idle[self.most :], self._idle[: self.most]
        for one in ended:
            one.end()

    def close(self) -> None:
        """End those that wait or are being started."""
        with self._lock:
            self._closed += 1
            ended, self._idle = self._idle, []
        for one in ended:
            one.end()
