"""What is done with a visitor's file, without Streamlit: here or by a reader of its own, with one result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from breakeven.apis.changes import Change, sensitivity
from breakeven.apis.paid import Paid, explain_paid
from breakeven.apis.workloads import CostRow, PricedWorkload, cost_rows, price_workload
from breakeven.comparison.ladder import Ladder, ladder_of
from breakeven.dashboard.apart import wire
from breakeven.hosting.workloads import Hosting, host_workload
from breakeven.question.asked import with_own
from breakeven.question.calibrated import OWN
from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.pages.capacity import Fields as Options
from breakeven.question.scenario import AUTO, Scenario
from breakeven.replay.arrivals import Arrivals, read_arrivals
from breakeven.replay.plan import Plan, make_plan
from breakeven.replay.run import Control
from breakeven.tables.build import open_memory
from breakeven.tables.day import Tables, read_tables
from breakeven.tables.queries import Connection, benchmark_notes
from breakeven.tables.records import BenchmarkNote
from breakeven.tables.scores import OwnScores, own_scores, scores_in
from breakeven.usage.digest import BadDigest, pack
from breakeven.usage.formats import ColumnMapping
from breakeven.usage.limits import Limits
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Workload

if TYPE_CHECKING:
    from breakeven.calibration.yours import Fitted


class Told(Protocol):
    """Who is told how far a job is."""

    def say(self, words: str) -> None:
        """Tell what is being done."""

    def counting(self, finished: Callable[[], int]) -> AbstractContextManager[None]:
        """Tell how many requests are finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What a file says, packed, and the compact form for a link."""

    workload: bytes
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a workload costs, in every way that the page shows."""

    priced: PricedWorkload
    paid: Paid | None
    hosting: Hosting
    ladder: Ladder
    own: OwnScores
    """The visitor's own scores."""


@cache
def _tables() -> Connection:
    """The tables of this process."""
    return open_memory()


def read(
    teller: Told,
    paths: Sequence[Path],
    names: Sequence[str],
    name: str,
    edges: Edges,
    mapping: ColumnMapping,
    limits: Limits,
) -> FileRead:
    """Read files to sums; see :func:`breakeven.usage.read.read_workload`."""
    workload = read_workload(
        list(paths), edges=edges, mapping=mapping, limits=limits, name=name, names=names, progress=teller.say
    )
    return FileRead(workload=wire.packed(workload), digest=digest_of(workload))


def digest_of(workload: Workload, most: int | None = None) -> str | None:
    """Compact form of a workload for a link; None: it does not fit in one."""
    try:
        return pack(workload) if most is None else pack(workload, most)
    except BadDigest:
        return None


def answer(
    teller: Told,
    workload: Workload,
    scenario: Scenario,
    calibrated: Calibrated,
    named: Mapping[str, str],
    floor: str,
    own: str,
) -> Answer:
    """Price sums on every offer and on rented GPUs, and rung by rung."""
    connection = _tables()
    priced = price_workload(workload, connection, scenario.as_of, named=named)
    teller.say("Looking for GPUs")
    tables = with_own(read_tables(connection, scenario.as_of), calibrated)
    hosting = host_workload(workload, tables, scenario)
    scores = scores_in(connection)
    scored = own_scores(own, scores, (one.offer.api_offer_id for one in priced.offers))
    scores = scores.with_own(scored.values) if scored.values else scores
    return Answer(
        priced=priced,
        paid=explain_paid(priced, connection),
        hosting=hosting,
        ladder=ladder_of(priced, hosting, connection, scores, floor),
        own=scored,
    )


def costs(
    _teller: Told, workload: Workload, day: date, by: str, named: Mapping[str, str]
) -> tuple[CostRow, ...]:
    """Cost by hour, day or tenant."""
    return cost_rows(workload, _tables(), day, by=by, named=named)


def changes(
    _teller: Told, workload: Workload, day: date, named: Mapping[str, str], offer: str
) -> tuple[Change, ...]:
    """What one change saves on an offer."""
    return sensitivity(price_workload(workload, _tables(), day, named=named), _tables(), offer)


def arrivals(_teller: Told | None, paths: Sequence[Path], mapping: ColumnMapping, limits: Limits) -> Arrivals:
    """Read single requests, as many as are replayed.

    Raises
    ------
    Unreadable
        If there are more.
    """
    found = read_arrivals(list(paths), mapping=mapping, limits=limits)
    if found.requests.prompt.size > limits.replayed:
        raise Unreadable(
            limits.too_much(
                f"The file has {found.requests.prompt.size:,} requests, above", "replayed", "requests"
            )
            + " A day of it shows the same; the command line replays all of it."
        )
    return found


def plan(
    teller: Told,
    found: Arrivals,
    workload: Workload,
    hosting: Hosting,
    scenario: Scenario,
    calibrated: Calibrated,
    named: Mapping[str, str],
    options: Options,
) -> Plan:
    """Replay single requests, and price what they need."""
    tables = with_own(read_tables(_tables(), scenario.as_of), calibrated)
    priced = price_workload(workload, _tables(), scenario.as_of, named=named)
    control = Control()
    with teller.counting(lambda: control.finished):
        return make_plan(
            found,
            priced,
            scenario,
            options,
            tables,
            hosting=hosting,
            progress=lambda words, _share: teller.say(words),
            control=control,
        )


def fit(
    _teller: Told,
    paths: Sequence[Path],
    names: Sequence[str],
    day: date,
    *runs_on: Any,
) -> Fitted:
    """Fit runs; see :func:`fitted`."""
    connection = _tables()
    return fitted(read_tables(connection, day), benchmark_notes(connection), paths, names, *runs_on)


def fitted(
    tables: Tables,
    notes: Sequence[BenchmarkNote],
    paths: Sequence[Path],
    names: Sequence[str],
    model: str,
    gpu: str,
    n_gpus: int,
    precision: str,
    kv_precision: str,
) -> Fitted:
    """Fit runs that were measured on a model, a GPU and so on, all named as the tables name them."""
    from breakeven.calibration.yours import Setup, fit_files  # its libraries take a second to load

    setup = Setup(
        model=tables.models[model],
        gpu=tables.gpus[gpu],
        n_gpus=n_gpus,
        precision=tables.precisions[precision],
        notes=notes,
        kv_precision=kv_precision,
    )
    table = [row for row in tables.efficiencies if not row.engine.startswith(OWN)]
    files = [(name, path.read_bytes()) for name, path in zip(names, paths, strict=True)]
    return fit_files(files, setup, table, AUTO)[1]
