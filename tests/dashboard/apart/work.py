"""Jobs for the tests of readers: well-behaved ones, greedy ones and hostile ones."""

from __future__ import annotations

import os
import pickle
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from breakeven.usage.spool import Unreadable


def add(teller: Any, one: int, other: int) -> int:
    """Say something and add."""
    teller.say("Adding")
    return one + other


def echo(_teller: Any, value: Any) -> Any:
    """Give back what was given."""
    return {"given": value}


def take(_teller: Any, megabytes: int) -> int:
    """Take memory and write to it."""
    return len(bytearray(megabytes * 1_000_000))


def spin(_teller: Any) -> None:
    """Compute for ever."""
    while True:
        pass


def backtrack(_teller: Any) -> None:
    """Compute for ever inside one call, which no other thread of the process can end."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def sleep(teller: Any) -> None:
    """Do nothing for ever, with a file in the private folder."""
    Path(tempfile.gettempdir(), "copy").write_text("x")
    teller.say(f"{os.getpid()} {tempfile.gettempdir()}")
    time.sleep(600)


def crash(_teller: Any) -> None:
    """End as a fault in a library does."""
    os.abort()


def refuse(_teller: Any) -> None:
    """Refuse with a sentence."""
    raise Unreadable("The file is empty.")


def fail(_teller: Any) -> None:
    """Fail by a fault of ours."""
    raise KeyError("nothing")


class _Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def answer_evil(teller: Any, path: str) -> None:
    """Answer what would make a folder where it is unpacked."""
    teller._connection.send_bytes(pickle.dumps(_Evil(path)))
    time.sleep(600)


def answer_rubbish(teller: Any) -> None:
    """Answer what is no answer."""
    teller._connection.send_bytes(b"\x80\x05rubbish")
    time.sleep(600)
