"""What is said around a usage object: failed or served from a gateway, times, costs, units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from breakeven.usage.gather.keys import keys, spell

FAILED = "requests that failed or were cancelled"
GATEWAY = "answers that the gateway served from its own cache"
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
_MONEY = re.compile(r"([$€£¥]?)\s*(-?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE]-?\d+)?)\s*([$€£¥]|[A-Z]{3})?")
_DAY = re.compile(r"\d{4}-\d\d(-\d\d)?|\d{8}|\d{4}/\d\d/\d\d")
_SCALES = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e8, 1.0))
"""Unix times from this size on count in this unit. [s]"""


def failure(said: Mapping[str, Any], path: tuple[str, ...], status_key: str = "") -> str:
    """Why a row is no request that was answered and paid; empty if it is one."""
    table = keys().sets
    if set(path) & (table["failures"] | {"incomplete"}):
        return FAILED
    status = said.get("status")
    if isinstance(status, str) and re.fullmatch(r"-?\d+", status):
        status = int(status)
    if isinstance(status, (int, float)) and not isinstance(status, bool):
        # OpenTelemetry's status is a dictionary whose code 2 is an error; HTTP's codes begin at 100.
        if status >= 400 or status < 0 or (status == 2 and status_key.endswith(".code")):
            return FAILED
    elif isinstance(status, str) and spell(status) in table["failures"]:
        return FAILED
    if (
        _true(said.get("error"))
        or _true(said.get("cancelled"))
        or said.get("success") in (False, "false", "False")
    ):
        return FAILED
    hit = said.get("gateway")
    if hit is True or (isinstance(hit, str) and spell(hit) in table["hits"]):
        return GATEWAY
    return ""


def _true(value: Any) -> bool:
    if isinstance(value, str):
        return spell(value) not in ("", "false", "none", "null", "0", "ok", "success", "200")
    return bool(value) and value not in (0, 200)


def when(value: Any) -> tuple[str, float | None]:
    """A time as ISO 8601 in UTC, or a day as it is; or seconds or milliseconds of a clock of its own.

    >>> when(1793700000000), when("2026-11-03T10:00:00+01:00"), when("2026-11-03"), when(0.5)
    (('2026-11-03T10:00:00Z', None), ('2026-11-03T09:00:00Z', None), ('2026-11-03', None), ('', 0.5))
    """
    if isinstance(value, bool):
        return "", None
    if isinstance(value, str):
        text = value.strip()
        if _DAY.fullmatch(text) and not (text.isdigit() and not 19000000 < int(text) < 21000000):
            return text.replace(
                "/", "-"
            ) if not text.isdigit() else f"{text[:4]}-{text[4:6]}-{text[6:]}", None
        try:
            value = float(text)
        except ValueError:
            return _iso(text), None
    if not isinstance(value, (int, float)) or value != value or abs(value) > 1e20:
        return "", None
    for least, unit in _SCALES:
        if value >= least:
            return _utc(datetime.fromtimestamp(value * unit, UTC)) if value * unit < 2.5e11 else "", None
    return "", float(value)


def _iso(text: str) -> str:
    text = re.sub(r"([.,]\d{6})\d+", r"\1", text.removesuffix(" UTC").removesuffix(" GMT"))
    try:
        time = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        for pattern in (
            "%Y%m%d-%H%M%S",
            "%b %d, %Y",
            "%d %b %Y",
            "%a, %d %b %Y %H:%M:%S",
            "%d/%b/%Y:%H:%M:%S %z",
        ):
            try:
                time = datetime.strptime(text, pattern)
                break
            except ValueError:
                continue
        else:
            return ""
        if "%H" not in pattern:
            return time.date().isoformat()
    try:
        return _utc(time if time.tzinfo else time.replace(tzinfo=UTC))
    except OverflowError:
        return ""


def _utc(time: datetime) -> str:
    text = time.astimezone(UTC).isoformat(timespec="microseconds" if time.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def money(value: Any, spelled: str, currency: Any) -> tuple[float | None, str]:
    """An amount and its currency.

    >>> money("$0.42", "cost", None), money(21, "totalcents", None), money(1.5, "cost", "eur")
    ((0.42, 'USD'), (0.21, 'USD'), (1.5, 'EUR'))
    """
    sign = ""
    if isinstance(value, str):
        match = _MONEY.fullmatch(value.strip())
        if match is None:
            return None, ""
        sign, value = match[1] or match[3] or "", float(match[2].replace(",", ""))
    if not isinstance(value, (int, float)) or value != value or abs(value) > 1e15:
        return None, ""
    last = spelled[-3:]
    named = last.upper() if last in ("usd", "eur", "cny", "gbp", "jpy") else "USD"
    code = (
        str(currency).upper() if isinstance(currency, str) and currency else _SIGNS.get(sign, sign or named)
    )
    return value * keys().units.get(spelled, 1.0), code


def seconds(value: Any, spelled: str) -> float | None:
    """A duration, by the unit in the name of its key. [s]"""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return None
    unit = keys().units.get(spelled) or (
        1e-3 if spelled.endswith("ms") else 1e-9 if spelled.endswith("ns") else 1.0
    )
    return float(value) * unit
