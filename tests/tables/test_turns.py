"""Turns: nobody twice at once, who has used least first, and never more than there is room for."""

from __future__ import annotations

import threading
import time

import pytest

from breakeven.tables.turns import Turns


def test_one_visitor_has_one_turn_and_who_has_run_least_is_next() -> None:
    turns = Turns(1)
    assert turns.begin("busy", 1)
    assert not turns.begin("busy", 0.01)
    assert not turns.begin("late", 0.01)
    turns.end("busy", 30.0)
    assert turns.begin("someone", 1)
    order: list[str] = []

    def wait(visitor: str) -> None:
        turns.begin(visitor, 20)
        order.append(visitor)
        turns.end(visitor, 0.0)

    threads = []
    for visitor in ("busy", "new"):
        threads.append(threading.Thread(target=wait, args=(visitor,)))
        threads[-1].start()
        while len(turns._waiting) < len(threads):
            time.sleep(0.01)
    turns.end("someone", 0.0)
    for thread in threads:
        thread.join(timeout=20)
    assert order == ["new", "busy"]


def test_room_is_shared_by_what_each_takes_and_nobody_passes_by_who_is_first() -> None:
    turns = Turns(10)
    assert turns.begin("small", 1, takes=4)
    assert not turns.full(6)
    assert turns.full(7)
    waiting = threading.Thread(target=lambda: turns.begin("large", 20, takes=7))
    waiting.start()
    while not turns._waiting:
        time.sleep(0.01)
    assert turns.full(1)  # there would be room, but somebody was first
    assert not turns.begin("next", 0.05, takes=1)
    turns.end("small", 0.0, takes=4)
    waiting.join(timeout=20)
    assert turns.begin("next", 1, takes=3)
    assert turns.full(1)


def test_who_takes_more_than_there_is_takes_all_of_it_and_gives_it_back() -> None:
    turns = Turns(10)
    assert turns.begin("giant", 1, takes=1000)
    assert turns.full(1)
    turns.end("giant", 0.0, takes=1000)
    assert turns.begin("other", 1, takes=10)


def test_whoever_does_not_wait_any_more_takes_no_turn_away() -> None:
    class Gone(Exception):
        pass

    def leave() -> None:
        raise Gone

    turns = Turns(1)
    assert turns.begin("first", 1)
    with pytest.raises(Gone):
        turns.begin("second", 1, heed=leave)
    turns.end("first", 0.0)
    assert turns.begin("third", 1)


def test_a_statement_that_waits_does_not_stand_in_the_way_of_others_while_its_visitor_runs() -> None:
    turns = Turns(2)
    assert turns.begin("busy", 1)
    again = threading.Thread(target=lambda: turns.begin("busy", 20))
    again.start()
    while not turns._waiting:
        time.sleep(0.01)
    assert turns.begin("other", 1)
    turns.end("busy", 0.0)
    again.join(timeout=20)
    assert turns.runs("busy")
