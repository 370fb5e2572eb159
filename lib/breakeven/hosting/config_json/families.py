"""``data/config_keys.toml``: keys that change nothing, and what each family of models leaves unsaid."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from breakeven.hosting.config_json.values import Config, ConfigProblem, quote
from breakeven.paths import DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the modelling code of a ``model_type`` does without a key of the file saying so."""

    matrices: int = 3
    """Matrices of a feed-forward block: 3 gated, 2 plain. [-]"""
    four_times: bool = False
    """The feed-forward block is four times as wide as the model unless the file says otherwise."""
    tied: bool = False
    """The output head is the embedding unless the file says otherwise."""
    full_every: int | None = None
    """Every so-manieth layer attends to everything, the others to a window, unless the file says else."""
    pattern_only: bool = False
    """A window alone says nothing: layers slide only where a list or pattern says so."""
    gated: bool = False
    """Each query head has an output gate as wide as itself unless the file says otherwise."""
    shared: int = 0
    """Shared experts beside the routed ones unless the file says otherwise. [-]"""
    intermediate_is_expert: bool = False
    """``intermediate_size`` is the width of one expert."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Keys that published files leave out, with the values of the configuration class."""
    refused: str | None = None
    """Why no formula here is valid for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    harmless: frozenset[str]
    harmless_at: Mapping[str, tuple[Any, ...]]
    only_with: Mapping[str, str]
    families: Mapping[str, Family]


@cache
def _table() -> _Table:
    """Read the file once."""
    raw: dict[str, Any] = tomllib.loads((DATA / "config_keys.toml").read_text(encoding="utf-8"))
    known = {
        name: Family(**{key: value for key, value in row.items() if key != "source"})
        for row in raw["family"]
        for name in row.pop("names")
    }
    return _Table(
        harmless=frozenset(key for group in raw["harmless"] for key in group["keys"]),
        harmless_at={key: tuple(g["values"]) for g in raw["harmless_at"] for key in g["keys"]},
        only_with={row["key"]: row["unless"] for row in raw["with"]},
        families=known,
    )


def family_of(config: Config) -> Family:
    """The family that ``model_type`` names; its defaults are filled in.

    Raises
    ------
    ConfigProblem
        If the family is not on record, or no formula is valid for it.
    """
    name = config.text("model_type").lower()
    if not name:
        config.notes.append("model_type is not given; the layers are taken to be those of Llama.")
        return Family()
    family = _table().families.get(name)
    if family is None:
        raise ConfigProblem(
            f"model_type is {quote(name)}, a family whose layers are not on record; "
            "a file of a known one, such as llama or qwen3, can be read"
        )
    if family.refused:
        raise ConfigProblem(f"model_type is {quote(name)}: {family.refused}")
    filled = [key for key in family.defaults if config.get(key) is None]
    for key in filled:
        config.fill(key, family.defaults[key])
    if filled:
        config.notes.append(f"{', '.join(filled)}: not given; taken as {quote(name)} has them by default.")
    return family


def refuse_unknown(config: Config) -> None:
    """Refuse the first key that was not read and is not known to change nothing.

    Raises
    ------
    ConfigProblem
        Naming the key and its value.
    """
    table = _table()
    for key, value in config.values.items():
        if value is None or value in ([], {}) or key in config.read or key in table.harmless:
            continue
        if any(
            value is good or (value == good and type(value) is type(good))
            for good in table.harmless_at.get(key, ())
        ):
            continue
        if key in table.only_with and not config.values.get(table.only_with[key]):
            continue
        raise ConfigProblem(
            f"{key} is {quote(value)}, which no formula on record takes into account; "
            "it may change the weights, the cache or the state"
        )
