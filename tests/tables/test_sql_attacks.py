"""Statements of somebody who wants more than the tables: none leaks, breaks, or keeps others waiting.

Some of 1,500 run with every run of the tests; all of them with ``BREAKEVEN_TEST_STATEMENTS=1500``.
"""

import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from breakeven.tables import sqlbox
from breakeven.tables.sqlbox import SqlAnswer, Turns, ask
from tests.builders import ROOT
from tests.tables.sql_attacks import Attack, Fate, attacks

STATEMENTS = int(os.environ.get("BREAKEVEN_TEST_STATEMENTS", "120"))
PARTS = 4
OURS = re.compile(
    "|".join(
        re.escape(text)
        for text in (
            str(ROOT),
            sys.prefix,
            str(Path.home()),
            f"{tempfile.gettempdir()}/breakeven-",
            "tables.duckdb",
        )
    )
    + r"|root:[^:']*:0:|Traceback|File \"|site-packages|\.py\b"
)
"""What stands in no answer: paths of this machine, lines of its files, what only programmers read."""


def texts(answer: SqlAnswer) -> str:
    return "\n".join(
        [
            answer.problem or "",
            *answer.notes,
            *(f"{name} {kind}" for name, kind in answer.columns),
            *(str(cell) for row in answer.rows for cell in row),
        ]
    )


def fault(attack: Attack, answer: SqlAnswer) -> str | None:
    """What is wrong with an answer; None: nothing."""
    if answer.problem is not None and (answer.rows or "\n" in answer.problem or not answer.problem.strip()):
        return "a problem is one sentence, without rows"
    if attack.fate == Fate.REFUSED and (answer.problem is None or answer.rows or answer.columns):
        return "was answered"
    if attack.fate == Fate.ROWS and (answer.problem is not None or not answer.rows):
        return "was not answered"
    said = texts(answer).replace(attack.sql, "")
    found = OURS.search(said)
    return f"tells {found[0]!r}" if found else None


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_statement_gets_more_than_the_tables(part: int) -> None:
    ask("SELECT 1")  # the copy of the tables is made once
    wrong = []
    for number, attack in enumerate(attacks(part, STATEMENTS // PARTS)):
        answer = ask(attack.sql, visitor=f"visitor {number}", seconds=0.5)
        if (why := fault(attack, answer)) is not None:
            wrong.append(f"{attack.sql[:200]!r} {why}: {texts(answer)[:200]!r}")
    assert wrong == []


@pytest.mark.slow
def test_somebody_else_has_every_statement_answered_while_four_attack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlbox, "_turns", Turns(2))
    monkeypatch.setattr(sqlbox, "_QUEUE_S", 20.0)  # who would wait longer is told so instead
    ask("SELECT 1")
    heavy = [one.sql for one in attacks(99, 400) if one.fate == Fate.BOUNDED][:6]
    done = threading.Event()

    def attack(visitor: str) -> None:
        for sql in heavy:
            ask(sql, visitor=visitor, seconds=1.0)
        done.set()

    threads = [threading.Thread(target=attack, args=(f"attacker {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    answers = []
    while not done.is_set():
        answers.append(ask("SELECT count(*) FROM presets", visitor="somebody").problem)
    for thread in threads:
        thread.join()
    assert answers
    assert set(answers) == {None}


def waiting() -> set[int]:
    """Processes that wait, once the one that is being started is there."""
    for _ in range(200):
        if not sqlbox._workers._starting:
            break
        time.sleep(0.05)
    return {one.process.pid for one in sqlbox._workers._idle}


def test_workers_are_kept_for_the_next_statement() -> None:
    sqlbox.close()
    ask("SELECT 1")
    kept = waiting()
    assert 1 <= len(kept) <= 2
    for sql in ("SELECT count(*) FROM gpus", "SELECT * FROM read_text('/etc/passwd')", "SELECT ("):
        ask(sql)
        assert kept <= waiting()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000000000)",
        "SELECT len(range(30000000))",
        "SELECT repeat('x', 1000000000)",
    ],
)
def test_worker_that_was_busy_for_long_or_filled_is_not_kept(sql: str) -> None:
    held = bytearray(400_000_000)  # a worker is not measured by what its server holds
    held[::4096] = b"x" * len(held[::4096])
    sqlbox.close()
    ask("SELECT 1")
    kept = waiting()
    del held
    ask(sql, seconds=3.0 if "len" in sql else 1.0)
    assert len(kept - waiting()) == 1
    assert ask("SELECT 1").rows == ((1,),)


def test_a_kept_worker_that_died_is_replaced_without_a_word() -> None:
    ask("SELECT 1")
    for worker in sqlbox._workers._idle:
        worker.process.kill()
        worker.process.wait()
    assert ask("SELECT 2").rows == ((2,),)


def test_nothing_of_one_statement_is_seen_by_the_next() -> None:
    ask("WITH secret AS (SELECT 'mine' AS word) SELECT word FROM secret")
    assert "no table 'secret'" in str(ask("FROM secret").problem)
    assert "settings are locked" in str(ask("SET VARIABLE x = 1").problem)
