"""How old a price is, as people read it."""

from __future__ import annotations

from datetime import date

from breakeven.words.numbers import count


def known_on(read: date, day: date) -> date:
    """Last day up to the one that is asked for on which a price is known to hold.

    A list that was read later states the price of the day itself.
    """
    return min(read, day)


def age_days(read: date, day: date) -> int:
    """Days from that day to the one that is asked for. [days]"""
    return (day - known_on(read, day)).days


def read_before(read: date, day: date) -> str:
    """Say when a price was read, and how long before the day that is asked for.

    >>> read_before(date(2026, 10, 1), date(2026, 11, 30))
    'read 2026-10-01, 60 days before'
    >>> read_before(date(2026, 11, 21), date(2024, 6, 1))
    'of that day, read 2026-11-21'
    """
    if read > day:
        return f"of that day, read {read}"
    days = age_days(read, day)
    return f"read {read}, {count(days, 'day')} before" if days else f"read {read}, the same day"
