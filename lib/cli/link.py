"""What a link of a page asks, for the commands that take one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lib.comparison import Tables
    from lib.scenario import Scenario


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
    from lib.calibration.link import calibration_of
    from lib.db.build import open_memory
    from lib.lookup import ids_with_own, read_ids, read_tables, with_own
    from lib.scenario import Scenario
    from lib.scenario_url import decode

    connection = open_memory()
    calibrated, more = calibration_of(link)
    known = ids_with_own(read_ids(connection), calibrated)
    decoded = decode(link, default=Scenario(as_of=date.today()), known=known)
    return Linked(
        scenario=decoded.scenario,
        tables=with_own(read_tables(connection, decoded.scenario.as_of), calibrated),
        warnings=(*decoded.warnings, *more),
    )
