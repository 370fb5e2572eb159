"""JSON that is nested too deeply: refused as Python refuses it elsewhere, where a tab would end.

The browser gives a worker a small stack. What overflows it ends the interpreter and all that it holds, while
the same text on a server raises a ``RecursionError``, which every reader of this program expects.
"""

from __future__ import annotations

import json.decoder
import json.scanner
from typing import Any

DEEPEST = 400
"""Levels that the fast scanner reads within the stack of a worker."""
_OTHERS = bytes(one for one in range(256) if one not in b"[]{}")


def is_deep(text: str) -> bool:
    """Whether a text may be nested more deeply than the fast scanner bears.

    Brackets within strings count, too: then it is the slow scanner that reads the text.

    >>> is_deep("[" * 500 + "]" * 500), is_deep('[{"a": [1, {}]}]' * 1000)
    (True, False)
    """
    if len(text) <= DEEPEST:
        return False
    brackets = text.encode("utf-8", "surrogatepass").translate(None, _OTHERS)
    for _ in range(DEEPEST):
        if len(brackets) <= DEEPEST:
            return False
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    return len(brackets) > DEEPEST


def take_over() -> None:
    """Have deep texts read by the scanner that is written in Python, whose depth Python itself bounds."""
    plain = json.decoder.JSONDecoder.raw_decode
    last: list[Any] = ["", False]

    def raw_decode(self: json.decoder.JSONDecoder, s: str, idx: int = 0) -> tuple[Any, int]:
        if s is not last[0]:  # a text of many values is read value by value
            last[:] = [s, is_deep(s)]
        if not last[1]:
            return plain(self, s, idx)
        slow = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]
        try:
            found: tuple[Any, int] = slow(s, idx)
        except StopIteration as fault:
            raise json.decoder.JSONDecodeError("Expecting value", s, fault.value) from None
        return found

    json.decoder.JSONDecoder.raw_decode = raw_decode  # type: ignore[method-assign]
