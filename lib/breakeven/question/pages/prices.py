"""What the Prices page adds to the scenario, and how it is written into a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import LIMITS, Limit

TABS = ("API offers", "What changed", "History", "GPU offers", "GPUs", "Models", "Tables and SQL")
"""What the page shows, one at a time."""
ALL = "all"
SERVERLESS = "serverless"
"""Kind of rental price that is shown and never ranked: no machine is kept, so nothing of it is idle."""
DEFAULT_GPU = "h100-sxm"
"""The GPU that most providers rent."""
KINDS = ("cheaper or dearer", "cheaper", "dearer", "new", "first recorded", "gone", ALL)
"""Which changes are listed."""
SCORES = {
    "70": "70: what GPT-3.5 reached",
    "82": "82: what GPT-4o mini reached",
    "86": "86: what GPT-4 reached in 2023",
}
"""Thresholds of the line of the cheapest offer at a capability, MMLU in percent."""
MOST_LINES = 5
"""Offers on one history chart: as many as there are colours to tell apart."""
SEPARATOR = "|"
"""Between the offers of a history chart; no offer has it in its name."""
LONGEST_SQL = 700
"""Characters of a statement that travels in a link."""
NEW_LINE = "⏎"
"""Stands for a line end of a statement in a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What is shown on the Prices page, and what is filtered out."""

    tab: str = TABS[0]
    """Which table is open."""
    mix: str = "A"
    """Shape of the scenario that prices are mixed at."""
    search: str | None = None
    """Words that the model or the provider must hold."""
    provider: str = ALL
    """Provider of the API offers."""
    open: bool = False
    """Only models with open weights that the tables hold."""
    cache: bool = False
    """Only offers with a price for cached input."""
    batch: bool = False
    """Only offers with a batch price."""
    context: int | None = None
    """Only offers that take this many tokens. [tokens]"""
    current: bool = True
    """Leave out what only an older catalogue knows."""
    since: date
    """Day that the changes are counted from."""
    kind: str = KINDS[0]
    """Which changes are listed."""
    models: str | None = None
    """Offers on the history charts, by :data:`SEPARATOR`; None: those of the page's choice."""
    score: str = "86"
    """Score that the cheapest offer at a capability must reach. [0 to 100]"""
    gpu: str = DEFAULT_GPU
    """GPU of the first sentence and the history chart."""
    type: str = ALL
    """Kind of rental offer that is listed."""
    sql: str | None = None
    """Statement that was run, if it is short."""


LIMITS_OF_VIEW: Mapping[str, Limit] = MappingProxyType(
    {
        "tab": Limit(choices=TABS),
        "mix": Limit(choices=("A", "B")),
        "context": Limit(low=1, high=10_000_000),
        "since": LIMITS["as_of"],
        "kind": Limit(choices=KINDS),
        "score": Limit(choices=tuple(SCORES)),
        "type": Limit(choices=(ALL, *LIMITS["gpu_price_type"].choices, SERVERLESS)),
    }
)
FIELDS = LinkFields(
    holds=Fields,
    prefix="prices_",
    limits=LIMITS_OF_VIEW,
    keywords={"provider": (ALL,)},
    nouns={"gpu": "GPU"},
    longest={"models": 400, "sql": LONGEST_SQL},
)
"""Fields of the page in a link."""


def default_view(day: date) -> Fields:
    """What the page shows at first on a day: changes of the last 90 days, as far as days go back.

    >>> default_view(date(2026, 11, 21)).since, default_view(date(2023, 1, 1)).since
    (datetime.date(2026, 8, 23), datetime.date(2023, 1, 1))
    """
    first = date.fromordinal(int(LIMITS_OF_VIEW["since"].low))
    return Fields(since=max(day - timedelta(days=90), first))


def offers_in(text: str | None) -> list[str]:
    """Offers of a history chart.

    >>> offers_in("openai/gpt-4|groq/x"), offers_in(None)
    (['openai/gpt-4', 'groq/x'], [])
    """
    return [part for part in (text or "").split(SEPARATOR) if part][:MOST_LINES]


def sql_for_link(sql: str) -> str | None:
    """Write a statement on one line; None where it is too long or holds what a link cannot.

    >>> sql_for_link("SELECT 1\\nFROM gpus")
    'SELECT 1⏎FROM gpus'
    """
    line = sql.strip().replace("\r\n", "\n").replace("\n", NEW_LINE)
    return line if line and line.isprintable() and len(line) <= LONGEST_SQL else None


def sql_of_link(line: str | None) -> str | None:
    """Read it back."""
    return None if line is None else line.replace(NEW_LINE, "\n")
