"""What a link of a page asks, for the commands that take one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.calibrated import calibration_of
from breakeven.question.link import KnownIds, decode
from breakeven.question.scenario import Scenario
from breakeven.tables import build, queries
from breakeven.tables.day import Tables, read_tables
from breakeven.tables.queries import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A link that was read."""

    scenario: Scenario
    tables: Tables
    """Rows in force on its day, and the efficiency row that it may carry."""
    warnings: tuple[str, ...]
    """One sentence for each thing that could not be read."""


def read_link(link: str) -> Linked:
    """Read a link, or the part after its question mark."""
    connection = build.open_memory()
    calibrated, more = calibration_of(link)
    known = ids_with_own(read_ids(connection), calibrated)
    decoded = decode(link, default=Scenario(as_of=date.today()), known=known)
    return Linked(
        scenario=decoded.scenario,
        tables=with_own(read_tables(connection, decoded.scenario.as_of), calibrated),
        warnings=(*decoded.warnings, *more),
    )


def with_own(tables: Tables, calibrated: Calibrated) -> Tables:
    """The tables and somebody's own efficiency row, which applies only where its engine is named."""
    row = calibrated.efficiency()
    return tables if row is None else replace(tables, efficiencies=[*tables.efficiencies, row])


def ids_with_own(known: KnownIds, calibrated: Calibrated) -> KnownIds:
    """The ids and the engine of somebody's own efficiency row."""
    return replace(known, engine={*known.engine, calibrated.engine}) if calibrated.given else known


def read_ids(connection: Connection) -> KnownIds:
    """Ids that a link may name, whatever its day."""
    return KnownIds(
        model=frozenset(queries.models(connection)),
        api=frozenset(queries.api_offer_ids(connection)),
        gpu=frozenset(queries.gpus(connection)),
        gpu_offer=frozenset(queries.gpu_offer_ids(connection)),
        engine=frozenset(row.engine for row in queries.efficiencies(connection)),
    )
