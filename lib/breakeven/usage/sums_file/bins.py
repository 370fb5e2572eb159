"""The bins of lengths by whole numbers, the same in every engine.

A bin is ``FLOOR(LN(tokens + 1) * BINS_PER_E)``: four for every doubling. Logarithms round otherwise from
engine to engine just where a bin begins, so a sums file and a printed query name a bin by its first length.
"""

from __future__ import annotations

from bisect import bisect_right

BINS = 160
"""Bins that are told apart; the last begins far beyond any request."""
_ROUNDED_DOWN = frozenset((12, 24, 28, 48, 52, 56, 96, 104, 112))
"""Bins that begin at a power of two whose logarithm, in double precision, falls just below the bin: that
power less one belongs to the bin before. The statements have always counted so, and so does a sums file."""


def _exact(number: int) -> int:
    """Smallest length with ``(length + 1) ** 4 >= 2 ** number``."""
    root = round(2 ** (number / 4))
    while root and root**4 >= 1 << number:
        root -= 1
    while root**4 < 1 << number:
        root += 1
    return root - 1


_FIRST = tuple(_exact(number) + (number in _ROUNDED_DOWN) for number in range(BINS))
STARTS = tuple(sorted(set(_FIRST)))
"""First lengths of the bins that hold any whole number, ascending. [tokens]"""


def first_of(number: int) -> int:
    """First length of a bin. [tokens]

    >>> [first_of(number) for number in (0, 4, 40)]
    [0, 1, 1023]
    """
    return _FIRST[number]


def last_of(number: int) -> int:
    """Longest length of a bin. [tokens]"""
    return next(first for first in STARTS if first > _FIRST[number]) - 1


def bin_of(length: int) -> int:
    """Bin of a length.

    >>> bin_of(1023), bin_of(1022)
    (40, 39)
    """
    return bisect_right(_FIRST, length) - 1
