"""The sums of one scan within the limit of groups: minutes become hours, hours days, without another scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.usage.stop import heed_stop
from breakeven.usage.sums import Peak

HOUR = 60
STEPS = (1, HOUR, 1440)
"""Lengths of a step of time, finest first. [minutes]"""
STEP_WORDS: Mapping[int, str] = {1: "minute", 60: "hour", 1440: "day"}
EXTREMES = {"longest": "MAX", "last_us": "MAX", "first_us": "MIN"}
"""How columns of groups that are alike become one; all others are added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How the rows of an aggregate are told apart."""

    keys: Sequence[str]
    """Columns that are no sums."""
    time_key: str
    """Column that holds the step of time, times ``weight``, plus what else decides a price."""
    weight: int
    by_time: str
    """Condition of rows that sum by time."""
    by_tenant: str
    """Condition of rows that sum by tenant; empty: there are none, or they have to stay."""
    requests: str
    """Expression of the requests of a row by time."""
    good: str = "TRUE"
    """Condition of rows by time that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Rows within the limit."""

    names: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    step: int
    """Length of a step of time, 0: there is none. [minutes]"""
    tenants: bool
    peak: Peak | None
    """The busiest of the steps that were scanned, where the rows have longer ones."""


def fitted(
    connection: DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any],
    shape: Shape,
    *,
    step: int,
    limit: int,
) -> Fitted | None:
    """Run an aggregate once, and give its sums as finely as the limit of groups allows.

    Parameters
    ----------
    connection, statement, parameters
        The aggregate.
    shape
        How its rows are told apart.
    step
        Length of its steps of time, 0: it has none. [minutes]
    limit
        Groups that are given at most.

    Returns
    -------
    Fitted | None
        As much as fits: longer steps before no time, no tenants before longer steps. None: even without both
        there are too many groups.
    """
    heed_stop()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE sums_{step} AS {statement}", dict(parameters))
    described = connection.execute(f"DESCRIBE sums_{step}").fetchall()
    names = [str(name) for name, *_ in described]
    first, peak = step, None
    for now, coarse in _steps(step):
        if coarse:
            peak = peak or _peak(connection, shape, first)
            connection.execute(_rolled(names, shape, coarse, now))
            connection.execute(f"DROP TABLE sums_{coarse}")
        for tenants in (True, False) if shape.by_tenant else (True,):
            kept = "TRUE" if tenants else f"NOT ({shape.by_tenant})"
            heed_stop()
            if _count(connection, now, kept) <= limit:
                rows = _rows(connection, now, kept)
                return Fitted(names=names, rows=rows, step=now, tenants=tenants, peak=peak)
    last = _steps(step)[-1][0]
    kept = f"NOT ({shape.by_time})" + (f" AND NOT ({shape.by_tenant})" if shape.by_tenant else "")
    if not step or _count(connection, last, kept) > limit:
        return None
    return Fitted(names=names, rows=_rows(connection, last, kept), step=0, tenants=False, peak=None)


def _steps(step: int) -> list[tuple[int, int]]:
    """Steps from the one that was scanned on, each with the one before; 0: none."""
    steps = [step, *(one for one in STEPS if one > step > 0)]
    return list(zip(steps, [0, *steps], strict=False))


def _count(connection: DuckDBPyConnection, step: int, kept: str) -> int:
    (count,) = connection.execute(f"SELECT COUNT(*) FROM sums_{step} WHERE {kept}").fetchall()[0]
    return int(count)


def _rows(connection: DuckDBPyConnection, step: int, kept: str) -> list[tuple[Any, ...]]:
    rows = connection.execute(f"SELECT * FROM sums_{step} WHERE {kept}").fetchall()
    connection.execute(f"DROP TABLE sums_{step}")
    return rows


def moved_key(shape: Shape, key: str, factor: int, over: str = "//") -> str:
    """Expression of a key by time with steps that are longer by a factor; of other keys as they are.

    The step of a key is counted from 1, and 0 stands for no time. ``over`` divides whole numbers.
    """
    old = f"({key} {over} {shape.weight})"
    new = f"CASE WHEN {old} = 0 THEN 0 ELSE ({old} - 1) {over} {factor} + 1 END"
    return f"CASE WHEN {shape.by_time} THEN {new} * {shape.weight} + {key} % {shape.weight} ELSE {key} END"


def _rolled(names: Sequence[str], shape: Shape, step: int, wanted: int) -> str:
    """Sums over longer steps."""
    moved = moved_key(shape, f"CAST({shape.time_key} AS BIGINT)", wanted // step)
    shown = list(_shown(names, shape, moved))
    groups = ", ".join(str(place) for place, name in enumerate(names, start=1) if name in shape.keys)
    return (
        f"CREATE OR REPLACE TEMP TABLE sums_{wanted} AS SELECT {', '.join(shown)} FROM sums_{step} "
        f"GROUP BY {groups}"
    )


def _shown(names: Sequence[str], shape: Shape, moved: str) -> Iterator[str]:
    for name in names:
        if name == shape.time_key:
            yield f"{moved} AS {name}"
        elif name in shape.keys:
            yield name
        else:
            yield f"{EXTREMES.get(name, 'SUM')}({name}) AS {name}"


def _peak(connection: DuckDBPyConnection, shape: Shape, step: int) -> Peak | None:
    """The busiest step."""
    when = f"CAST({shape.time_key} AS BIGINT) // {shape.weight}"
    (most,) = connection.execute(
        f"SELECT MAX(n) FROM (SELECT SUM({shape.requests}) AS n FROM sums_{step} "
        f"WHERE {shape.by_time} AND {shape.good} AND {when} > 0 GROUP BY {when})"
    ).fetchall()[0]
    return None if most is None else Peak(requests=int(most), minutes=step)


def told(fitted: Fitted, step: int, limit: int) -> list[str]:
    """Say that times are coarser than they could be; ``step`` is what was scanned."""
    if not step or fitted.step == step:
        return []
    if not fitted.step:
        return ["Cost over time: the file spans too many days."]
    fine, coarse = STEP_WORDS[step], STEP_WORDS[fitted.step]
    return [
        f"Cost by the {fine}: with more than {limit:,} groups it is summed by the {coarse}, and the load of "
        f"the busiest {fine} is kept."
    ]
