"""Links that nobody shared: those of the 200 old ones, spoilt by a seed in the ways that links get spoilt."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

Pairs = list[tuple[str, str]]

ODD = (
    "",
    " ",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "Infinity",
    "1e999",
    "-1e999",
    "1e-320",
    "5e-324",
    "1e308",
    "-0",
    "0",
    "-1",
    "-0.0001",
    "1.0000000001",
    "9" * 400,
    "0." + "0" * 400 + "1",
    "0x10",
    "1_000",
    "1,000",
    "1.000,5",
    "1.5.2",
    "--5",
    "+5",
    "1e",
    "e5",
    "1/3",
    "½",
    "１２",
    "٣",
    "\u2212" + "5",
    "none",
    "None",
    "null",
    "undefined",
    "true",
    "yes",
    "no",
    "[]",
    "{}",
    "[object Object]",
    "NaN%",
    "50%",
    "2026-02-30",
    "2026-13-01",
    "0000-00-00",
    "9999-12-31",
    "1000-01-01",
    "20261130",
    "30.11.2026",
    "2026-11-30T00:00:00Z",
    "yesterday",
    "-2026-01-01",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**bold** [x](https://example.org)",
    "$x^2$",
    ":red[x]",
    ":material/delete:",
    "`code`",
    "# head",
    "![x](https://example.org/x.png)",
    "| a | b |",
    "&amp;",
    "\u202egnp.exe",
    "\u0000",
    "\x1b[31m",
    "a\nb",
    "\ufeff",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "é" * 300,
    "x" * 5000,
    "漢字",
    "../../etc/passwd",
    "C:\\windows",
    "'; DROP TABLE models; --",
    "{{7*7}}",
    "${7*7}",
    "%s%s%n",
    "=1+1",
    "@SUM(A1)",
    "javascript:alert(1)",
    "//example.org",
    "llama-9",
    "LLAMA-3.3-70B",
    "llama-3.3-70b ",
    "h100-sxm\u200b",
    "cheapest",
    "median",
    "auto",
    "own",
    "openai/",
    "/",
    "second",
    "once",
    "fp99",
    "usd",
    "BTC",
)
"""Values that no page wrote."""
RAW = (
    "%",
    "%zz",
    "%00",
    "%ff",
    "%c3%28",
    "%25zz",
    "%u0041",
    "+",
    "%2B",
    ";",
    "#",
    "?",
    "=",
    "&&",
    "%ED%A0%80",
)
"""Pieces of an address that are no text, or another one than they look like."""


def _value(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    at = draw.randrange(len(pairs))
    pairs[at] = (pairs[at][0], draw.choice(ODD))


def _number(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    at = draw.randrange(len(pairs))
    key, text = pairs[at]
    try:
        number = float(text)
    except ValueError:
        return
    changed = draw.choice((number * 10.0 ** draw.randrange(-30, 31), -number, number + 0.5, number**3))
    pairs[at] = (
        key,
        draw.choice((repr(changed), f"{changed:g}", f" {changed:.3f} ", f"{changed:e}".upper())),
    )


def _borrowed(draw: random.Random, pairs: Pairs, others: Sequence[Pairs]) -> None:
    other = draw.choice([one for one in others if one])
    key, text = draw.choice(other)
    at = draw.randrange(len(pairs))
    pairs[at] = draw.choice(((pairs[at][0], text), (key, pairs[at][1]), (key, text)))


def _key(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    at = draw.randrange(len(pairs))
    key, text = pairs[at]
    cut = draw.randrange(len(key) + 1)
    spoilt = draw.choice(
        (key[:cut] + key[cut + 1 :], key.upper(), f"{key}{key[cut:]}", f" {key}", f"{key}[]", "")
    )
    pairs[at] = (spoilt, text)


def _case(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    at = draw.randrange(len(pairs))
    pairs[at] = (pairs[at][0], draw.choice((str.upper, str.title, str.swapcase))(pairs[at][1]))


def _twice(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    key, text = draw.choice(pairs)
    pairs.insert(draw.randrange(len(pairs) + 1), (key, draw.choice((text, *ODD))))


def _gone(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    del pairs[draw.randrange(len(pairs))]


def _mixed(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    draw.shuffle(pairs)


def _many(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    pairs.extend((f"{draw.choice('abq_')}{n}", str(n)) for n in range(draw.choice((3, 199, 400))))


def _version(draw: random.Random, pairs: Pairs, _others: Sequence[Pairs]) -> None:
    pairs.insert(0, ("v", draw.choice(("2", "0", "2026-11", "2026-99", "", "1.0", "x" * 90, "１"))))


WAYS: tuple[Callable[[random.Random, Pairs, Sequence[Pairs]], None], ...] = (
    _value,
    _value,
    _value,
    _number,
    _number,
    _borrowed,
    _key,
    _case,
    _twice,
    _gone,
    _mixed,
    _many,
    _version,
)


def _written(draw: random.Random, pairs: Pairs) -> str:
    """The pairs as an address, now and then with what is no encoding of anything."""
    parts = []
    for key, text in pairs:
        value = quote(text, safe=draw.choice(("", "/:~", "<>[]*")), errors="replace")
        if draw.random() < 0.02:
            value = quote(value)  # as mail programs do
        if draw.random() < 0.03:
            at = draw.randrange(len(value) + 1)
            value = value[:at] + draw.choice(RAW) + value[at:]
        parts.append(
            f"{quote(key, safe='[]', errors='replace')}={value}" if draw.random() > 0.01 else quote(key)
        )
    return "?" + draw.choice(("&", "&", "&", "&&", ";")).join(parts)


def mutated(seed: int, number: int) -> list[tuple[str, str]]:
    """So many spoilt links of that seed, each with the page that its original opens; the same every time."""
    draw = random.Random(seed)
    lines = Path(__file__).with_name("links.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    known = [parse_qsl(urlsplit(row["link"]).query, keep_blank_values=True) for row in rows]
    made = []
    for _ in range(number):
        place = draw.randrange(len(rows))
        pairs = list(known[place])
        for _ in range(draw.choice((1, 1, 2, 3, 6))):
            if pairs:
                draw.choice(WAYS)(draw, pairs, known)
        made.append((rows[place]["page"], _written(draw, pairs)))
    return made
