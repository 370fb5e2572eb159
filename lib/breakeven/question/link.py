"""A scenario as a flat, readable, versioned query string, and back. Never raises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from breakeven.question.calibrated import FIELDS as CALIBRATED_FIELDS
from breakeven.question.fields import LinkFields, quoted, written_pairs
from breakeven.question.pages import (
    articles,
    capacity,
    deploy,
    evidence,
    method,
    numbers,
    prices,
    train,
    workload,
)
from breakeven.question.scenario import AUTO, CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.question.sent import as_written
from breakeven.question.versions import NEWEST, completed, differing, version_of

VERSION = "1"
"""Of links that write every field; :mod:`breakeven.question.versions` has those of short ones."""
LONGEST_LINK = 2_000
"""Characters; servers and mail programs cut longer ones."""
PAGE_KEYS = ("w", "columns", "names", "claim", "card", "embed", "embed_options")
"""Parameters of single pages beside the scenario: a workload's digest, corrected columns and model names, the
claim shown, which card is embedded in another page, and how."""
PAGE_PREFIXES = tuple(
    codec.prefix
    for codec in (
        articles.FIELDS,
        capacity.FIELDS,
        deploy.FIELDS,
        evidence.FIELDS,
        method.FIELDS,
        numbers.FIELDS,
        prices.FIELDS,
        train.FIELDS,
        workload.FIELDS,
        CALIBRATED_FIELDS,
    )
)
"""Starts of the parameters that single pages add with :class:`breakeven.question.fields.LinkFields`."""
LATER_FIELDS = ("finish_hours", "startup_minutes", "layout")
"""Fields that links of this version got later: an old link that leaves them out misses nothing."""
MOST_PARTS = 200
"""Parameters that are read; a link of ours has far fewer."""

SCENARIO_FIELDS = LinkFields(
    holds=Scenario,
    keywords={
        "api": (CHEAPEST,),
        "gpu": (CHEAPEST,),
        "gpu_offer": (MEDIAN, CHEAPEST, DEAREST),
        "engine": (AUTO,),
    },
    nouns={
        "model": "model",
        "api": "API offer",
        "gpu": "GPU",
        "gpu_offer": "GPU offer",
        "engine": "engine",
    },
)
"""The scenario's own parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIds:
    """Ids that exist in the tables, by the scenario field that names them."""

    model: Collection[str]
    api: Collection[str]
    gpu: Collection[str]
    gpu_offer: Collection[str]
    engine: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What could be read from a link, and one sentence for each thing that could not."""

    scenario: Scenario
    warnings: tuple[str, ...]


def encode(scenario: Scenario) -> str:
    """Write every field, defaults too, so that old links keep their meaning when defaults change."""
    return urlencode({"v": VERSION} | SCENARIO_FIELDS.write(scenario), safe="/:")


def short(scenario: Scenario, page: Mapping[str, str] = MappingProxyType({})) -> str:
    """Write the day, and what differs from the newest version of the usual values.

    Parameters
    ----------
    page
        What the page adds, as its codec writes it.
    """
    return urlencode(
        {"v": NEWEST} | differing(SCENARIO_FIELDS.write(scenario) | dict(page)), safe="/:~", errors="replace"
    )


def decode(
    link: str | Mapping[str, str | Sequence[str]], *, default: Scenario, known: KnownIds | None = None
) -> Decoded:
    """Read a query string or its parameters.

    Parameters
    ----------
    link
        Query string (with or without a leading ``?`` or an address before it), or its parameters.
    default
        Fields that the link leaves out or gets wrong come from here.
    known
        Ids that exist; without it ids are taken as they are.

    Returns
    -------
    Decoded
        A valid scenario, and one sentence per unknown key, bad value or vanished id.
    """
    pairs, mended = as_written(written_pairs(link))
    warnings = [mended] if mended else []
    if len(pairs) > MOST_PARTS:
        warnings.append(
            f"The link has {len(pairs)} parameters; the first {MOST_PARTS} are read, the rest are ignored."
        )
    own: dict[str, str] = {}
    repeated: set[str] = set()
    for key, text in pairs[:MOST_PARTS]:
        if _of_a_page(key):
            continue
        if key in own:
            if key not in repeated:
                warnings.append(f"The link gives {quoted(key)} more than once; the first value counts.")
            repeated.add(key)
            continue
        own[key] = text
        if key not in ("v", *SCENARIO_FIELDS.keys):
            warnings.append(f"The link has {quoted(key)}, which is not a field of a scenario; it is ignored.")
    named = version_of(list(own.items()))
    if named is not None:
        own = dict(completed(list(own.items())))
    ids = None if known is None else {name: getattr(known, name) for name in SCENARIO_FIELDS.nouns}
    values, refused = SCENARIO_FIELDS.read(own, default=default, known=ids)
    warnings += refused
    version = own.get("v", VERSION)
    if version != VERSION and named is None:
        warnings.insert(
            0, f"The link is of version {quoted(version)}; version {VERSION} is read as far as it goes."
        )
    if own:
        missing = [name for name in ("v", *SCENARIO_FIELDS.keys) if name not in (*own, *LATER_FIELDS)]
        if missing:
            shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            warnings.append(f"The link leaves out {shown}; the usual values are used.")
    scenario, more = _assemble(values, default)
    return Decoded(scenario=scenario, warnings=(*warnings, *more))


def _of_a_page(key: str) -> bool:
    """Tell whether a parameter belongs to a single page, which reads it itself."""
    return key in PAGE_KEYS or key.startswith(PAGE_PREFIXES)


def _assemble(values: dict[str, Any], default: Scenario) -> tuple[Scenario, list[str]]:
    """Put checked values together; what only fails together is mended here with a sentence."""
    warnings = []
    for letter in "ab":
        cached = values.get(f"cached_{letter}", getattr(default, f"cached_{letter}"))
        prompt = values.get(f"prompt_{letter}", getattr(default, f"prompt_{letter}"))
        if cached >= prompt:
            if f"cached_{letter}" in values:
                warnings.append(
                    f"The link has cached_{letter}={cached}: it must be less than "
                    f"prompt_{letter} ({prompt}); 0 is used instead."
                )
            values[f"cached_{letter}"] = 0
    return replace(default, **values), warnings
