"""The statement that adds a table up to a sums file, in DuckDB's words.

The user's own expressions stand in it as columns whose names begin with ``_``; :mod:`.query` puts them in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from breakeven.tables.exports import CACHES, Grain
from breakeven.usage.formats import INSIDE
from breakeven.usage.sql import (
    FIRST_YEAR_US,
    LAST_YEAR_US,
    MOST_TOKENS_REQUEST,
    PROCESSINGS,
    Edges,
    most_of,
)
from breakeven.usage.sums import METERS
from breakeven.usage.sums_file.bins import STARTS
from breakeven.usage.sums_file.layout import COLUMNS, MARK, TEXTS, VERSION, Level

_COUNTS = ("input", "output", *CACHES, "reasoning", "n_requests", "repeat")
_SUMMED = dict(
    zip(
        METERS,
        ("requests", "uncached", *(f"n_{name}" for name in CACHES), "n_output", "n_reasoning"),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a query is to add up."""

    dialect: str
    table: str
    columns: Mapping[str, str]
    """Meaning to a column, or an expression in the engine's own SQL."""
    edges: Edges
    cached_in: str = INSIDE
    time_unit: str | None = None
    """Of times that are numbers; None: they are times."""
    skip: str = ""
    where: str = ""
    step_minutes: int = 60
    formats: Sequence[Mapping[str, str | None]] = field(default_factory=tuple)

    @property
    def buckets(self) -> bool:
        """Whether a row is a sum of many requests."""
        return "n_requests" in self.columns

    def has(self, name: str) -> bool:
        """Whether a column means this."""
        return name in self.columns


_BEGINNINGS = tuple(one for one in STARTS[1:] if one <= 4 * MOST_TOKENS_REQUEST)
"""First lengths of bins that a request can be in: input and three kinds of cached tokens at their most."""


def statement_of(asked: Asked) -> str:
    """The statement, with the user's expressions left out."""
    return f"""
    WITH read_rows AS ({_read(asked)}),
    judged AS ({_judged(asked)}),
    counted AS ({_counted(asked)}),
    keyed AS ({_keyed(asked)}),
    grouped AS ({_grouped(asked)})
    SELECT {_about(asked)}
    UNION ALL
    {_result(asked)}"""


def _read(asked: Asked) -> str:
    """Columns by what they mean, numbers in double precision, where a fraction shows."""
    cells = [f"CAST(_{name} AS DOUBLE) AS d_{name}" for name in _COUNTS if asked.has(name)]
    for name in ("model", "tenant", "processing"):
        if asked.has(name):
            cells.append(f"NULLIF(TRIM(CAST(_{name} AS VARCHAR)), '') AS r_{name}")
    if asked.has("reported_cost_usd"):
        cells.append("CAST(_reported_cost_usd AS DOUBLE) AS r_cost")
    if asked.has("ts"):
        cells.append("_us AS r_us")
    if asked.skip:
        cells.append("CASE WHEN _skip THEN 1 ELSE 0 END AS r_skip")
    where = " WHERE _where" if asked.where else ""
    return f"SELECT {', '.join(cells)} FROM _table{where}"


def _judged(asked: Asked) -> str:
    """Whether a row is good: 0 good, -1 cannot be read, 1 no request."""
    grain = Grain.BUCKET if asked.buckets else Grain.REQUEST
    good = []
    for name in (one for one in _COUNTS if asked.has(one)):
        fine = f"d_{name} BETWEEN 0 AND {most_of(name, grain)} AND d_{name} = FLOOR(d_{name})"
        must = name in ("input", "output")
        good.append(f"({fine})" if must else f"(d_{name} IS NULL OR ({fine}))")
    cached = _cached(asked)
    if asked.cached_in == INSIDE and cached != "0":
        good.append(f"d_input >= {cached}")
    skip = "WHEN r_skip = 1 THEN 1 " if asked.skip else ""
    return f"SELECT *, CASE {skip}WHEN {' AND '.join(good)} THEN 0 ELSE -1 END AS good FROM read_rows"


def _cached(asked: Asked) -> str:
    return " + ".join(f"COALESCE(d_{name}, 0)" for name in CACHES if asked.has(name)) or "0"


def _counted(asked: Asked) -> str:
    """Whole numbers of good rows; zero in the others."""

    def whole(name: str, default: int = 0) -> str:
        if not asked.has(name):
            return str(default)
        return f"CASE WHEN good = 0 THEN CAST(COALESCE(d_{name}, {default}) AS BIGINT) ELSE 0 END"

    uncached = "d_input"
    if asked.cached_in == INSIDE and _cached(asked) != "0":
        uncached = f"d_input - ({_cached(asked)})"
    requests = whole("n_requests", 1) if asked.buckets else "CASE WHEN good = 0 THEN 1 ELSE 0 END"
    columns = [
        f"CASE WHEN good = 0 THEN CAST({uncached} AS BIGINT) ELSE 0 END AS uncached",
        *(f"{whole(name)} AS n_{name}" for name in (*CACHES, "output", "reasoning")),
        f"{whole('repeat', 1)} AS repeats",
        f"{requests} AS asked_for",
    ]
    if asked.has("ts"):
        within = f"good = 0 AND r_us BETWEEN {FIRST_YEAR_US} AND {LAST_YEAR_US}"
        columns.append(f"CASE WHEN {within} THEN r_us END AS us")
    return f"SELECT *, {', '.join(columns)} FROM judged"


def _keyed(asked: Asked) -> str:
    """What rows are grouped by."""
    prompt = " + ".join(["uncached", *(f"n_{name}" for name in CACHES)])
    inner = f"SELECT *, {prompt} AS prompt, {prompt} + n_output AS length FROM counted"
    keys = {
        "k_model": "r_model" if asked.has("model") else "CAST(NULL AS VARCHAR)",
        "k_processing": _processing(asked),
        "k_tier": "0" if asked.buckets else above("prompt", asked.edges.tiers),
    }
    if not asked.buckets:
        keys["k_context"] = above("length", asked.edges.contexts)
        keys["k_prompt"] = above("prompt", _BEGINNINGS, reached=True)
        keys["k_output"] = above("n_output", _BEGINNINGS, reached=True)
    if asked.has("ts"):
        step = 60_000_000 * asked.step_minutes
        keys["k_start"] = f"CAST(FLOOR(us / {step}) AS BIGINT) * {asked.step_minutes}"
        if asked.step_minutes > 1:
            keys["k_minute"] = "CAST(FLOOR(us / 60000000) AS BIGINT)"
    if _by_tenant(asked):
        keys["k_tenant"] = "r_tenant" if asked.has("tenant") else "CAST(NULL AS VARCHAR)"
        free = (
            "CASE WHEN COALESCE(r_cost, 0) = 0 THEN 1 ELSE 0 END" if asked.has("reported_cost_usd") else "0"
        )
        keys["k_free"] = free
    columns = ", ".join(f"{value} AS {name}" for name, value in keys.items())
    return f"SELECT *, {columns} FROM ({inner}) AS measured"


def _by_tenant(asked: Asked) -> bool:
    return asked.has("tenant") or asked.has("reported_cost_usd")


def _processing(asked: Asked) -> str:
    if not asked.has("processing"):
        return f"'{PROCESSINGS[0]}'"
    said = "LOWER(r_processing)"
    words = " ".join(f"WHEN {said} LIKE '{kind}%' THEN '{kind}'" for kind in PROCESSINGS[1:])
    return f"CASE WHEN {said} IN ('true', '1') THEN 'batch' {words} ELSE '{PROCESSINGS[0]}' END"


def above(expression: str, edges: Sequence[int], first: int = 0, *, reached: bool = False) -> str:
    """Nested CASE for the longest of the edges that a value exceeds, or, with ``reached``, has reached.

    >>> above("x", (10, 20))
    'CASE WHEN x <= 10 THEN 0 ELSE CASE WHEN x <= 20 THEN 10 ELSE 20 END END'
    """
    if not edges:
        return str(first)
    middle = (len(edges) - 1) // 2
    edge = edges[middle]
    low = above(expression, edges[:middle], first, reached=reached)
    high = above(expression, edges[middle + 1 :], edge, reached=reached)
    return f"CASE WHEN {expression} {'<' if reached else '<='} {edge} THEN {low} ELSE {high} END"


def _sets(asked: Asked) -> dict[Level, list[str]]:
    """Keys of every level."""
    priced = ["k_model", "k_processing", "k_tier"]
    sets = {Level.TOTAL: [], Level.MODEL: ["k_model"]}
    sets[Level.LENGTH] = priced if asked.buckets else [*priced, "k_context", "k_prompt", "k_output"]
    if asked.has("ts"):
        sets[Level.TIME] = [*priced, "k_start"]
        if asked.step_minutes > 1:
            sets[Level.PEAK] = ["k_minute"]
    if _by_tenant(asked):
        sets[Level.TENANT] = [*priced, "k_tenant", "k_free"]
    return sets


def _grouped(asked: Asked) -> str:
    """All levels in one pass; GROUPING tells them apart."""
    sets = _sets(asked)
    marks = {
        Level.PEAK: "k_minute",
        Level.TIME: "k_start",
        Level.TENANT: "k_free",
        Level.LENGTH: "k_processing",
        Level.MODEL: "k_model",
    }
    cases = " ".join(
        f"WHEN GROUPING({key}) = 0 THEN '{level}'" for level, key in marks.items() if level in sets
    )
    keys = list(dict.fromkeys(key for one in sets.values() for key in one))
    shown = [f"CASE WHEN GROUPING({key}) = 0 THEN {key} END AS g{key}" for key in keys]
    times = "asked_for * repeats" if asked.has("repeat") and not asked.buckets else "asked_for"
    weight = " * repeats" if asked.has("repeat") and not asked.buckets else ""
    sums = [
        f"SUM({times if name == 'requests' else column + weight}) AS s_{name}"
        for name, column in _SUMMED.items()
    ]
    sums.append(
        "SUM(CASE WHEN good = 0 THEN r_cost END) AS s_cost"
        if asked.has("reported_cost_usd")
        else _nothing("cost_usd", "s_cost")
    )
    sums.append(f"MAX({'0' if asked.buckets else 'length'}) AS s_longest")
    sums += (
        ["MIN(us) AS s_first", "MAX(us) AS s_last"]
        if asked.has("ts")
        else [_nothing(one) for one in ("s_first", "s_last")]
    )
    groups = ", ".join(f"({', '.join(['good', *one])})" for one in sets.values())
    return (
        f"SELECT good, CASE {cases} ELSE '{Level.TOTAL}' END AS g_level, {', '.join(shown)}, "
        f"COUNT(*) AS s_rows, {', '.join(sums)} FROM keyed GROUP BY GROUPING SETS ({groups})"
    )


def _nothing(name: str, shown: str = "") -> str:
    """An empty column with the type that it has in a sums file."""
    kind = "VARCHAR" if name in TEXTS else "DOUBLE" if name == "cost_usd" else "BIGINT"
    return f"CAST(NULL AS {kind}) AS {shown or name}"


def _result(asked: Asked) -> str:
    """Rows as a sums file has them. The minutes of the peak become one row, all others stay as they are."""
    total, peak, timed = (f"g_level = '{level}'" for level in (Level.TOTAL, Level.PEAK, Level.TIME))
    sets = _sets(asked)
    there = {f"g{key}" for one in sets.values() for key in one}
    keys = {
        "model": "gk_model",
        "processing": "gk_processing",
        "tier_above": "gk_tier",
        "context_above": "gk_context",
        "prompt_from": "gk_prompt",
        "completion_from": "gk_output",
        "start_minute": "gk_start",
        "tenant": "gk_tenant",
        "free": "gk_free",
    }
    cells = {MARK: str(VERSION)}
    cells["level"] = (
        f"CASE WHEN good = 0 THEN g_level WHEN good = 1 THEN '{Level.SKIPPED}' ELSE '{Level.REJECTED}' END"
    )
    cells |= {name: key for name, key in keys.items() if key in there}
    if Level.TIME in sets:
        cells["step_minutes"] = f"CASE WHEN {timed} THEN {asked.step_minutes} WHEN {peak} THEN 1 END"
    cells |= {name: f"MAX(s_{name})" for name in METERS}
    cells["cost_usd"] = f"CASE WHEN NOT g_level IN ('{Level.LENGTH}', '{Level.PEAK}') THEN MAX(s_cost) END"
    for name in ("rows", "longest", "first_us", "last_us"):
        cells[name] = f"CASE WHEN {total} THEN MAX(s_{name.removesuffix('_us')}) END"
    quoted = ((name, f'"{name}"') for name in COLUMNS)
    columns = [
        f"{cells[name]} AS {shown}" if name in cells else _nothing(name, shown) for name, shown in quoted
    ]
    known = f" AND NOT ({peak} AND gk_minute IS NULL)" if Level.PEAK in sets else ""
    groups = ["good", "g_level", *(key for key in keys.values() if key in there)]
    return (
        f"SELECT {', '.join(columns)} FROM grouped WHERE (good = 0 OR {total}){known} "
        f"GROUP BY {', '.join(groups)}"
    )


def _about(asked: Asked) -> str:
    """The row that says at which lengths requests are told apart."""
    text = json.dumps(
        {
            "tiers": list(asked.edges.tiers),
            "contexts": list(asked.edges.contexts),
            "formats": [dict(one) for one in asked.formats],
        },
        ensure_ascii=False,
    ).replace("'", "''")
    told = {MARK: str(VERSION), "level": f"'{Level.ABOUT}'", "text": f"'{text}'"}
    columns = [
        f'{told[name]} AS "{name}"' if name in told else _nothing(name, f'"{name}"') for name in COLUMNS
    ]
    return ", ".join(columns)
