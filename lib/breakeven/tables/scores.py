"""How good a model is, as far as published scores say: table ``model_scores`` and a visitor's own list.

What may be carried decides what is here: the Epoch Capabilities Index and the votes of LMArena (CC BY 4.0),
Aider's polyglot table (Apache-2.0), MMLU as makers report it. Artificial Analysis forbids carrying its index,
SWE-bench's results are CC BY-NC 4.0, and Terminal-Bench and LiveBench state no licence of their results: none
of them is here. Vectara's rates of hallucination (Apache-2.0) are of one task in which small models lead, so
that they would mislead here.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.tables.catalogue_rules import CatalogueRules, rules_in
from breakeven.tables.names import Names, name_rules, written_forms
from breakeven.tables.queries import _rows
from breakeven.tables.sheet import Problem, Sheet, repeated_rows, shown


class Scale(StrEnum):
    """What models are scored on; of two that say equally much, the one named first here counts."""

    OWN = "own scores"
    """A visitor's own list."""
    ECI = "ECI"
    """Epoch Capabilities Index: one scale fitted to dozens of benchmarks; GPT-5 is 150. No bounds."""
    ARENA = "LMArena text"
    """Votes between two answers as a rating like that of chess players, style controlled. No bounds."""
    AIDER = "Aider polyglot"
    """Share of 225 programming exercises in six languages that are solved in two tries. [0 to 100]"""
    MMLU = "MMLU"
    """Share of right answers to questions from 57 subjects. [0 to 100]"""


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one scale; higher is better on each."""

    scale: Scale
    model: str
    """What was scored: the key of an architecture with its issue, or an offer's name of the model."""
    value: float
    low: float | None = None
    """Interval that the list gives; None: it gives none."""
    high: float | None = None
    setting: str = ""
    scored_on: date | None = None
    """Day of the list; None: it does not say."""
    source_id: str | None = None
    """None: the visitor's own."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores by scale and key, and what tells which model a name means."""

    by_key: Mapping[Scale, Mapping[str, Score]]
    architectures: Mapping[str, str]
    """Key of the issue of a known architecture, by what means it: offers, keys, names by :func:`plain`."""
    names: Names
    rules: CatalogueRules
    _keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def with_own(self, own: Mapping[str, float]) -> Scores:
        """Put a visitor's own scores first; names as :func:`own_scores` took them."""
        made: dict[str, Score] = {}
        ranked = sorted((rank, key, name) for name in own for rank, key in enumerate(self.keys(name)))
        for _, key, name in ranked:  # what a name says outright before what it may mean
            made.setdefault(key, Score(Scale.OWN, name, own[name]))
        return replace(self, by_key={**self.by_key, Scale.OWN: made})

    def keys(self, model: str) -> tuple[str, ...]:
        """Under what a model may be scored, the surest first: its architecture and issue, or its name.

        Parameters
        ----------
        model
            An offer (``provider/name``), the key of an architecture, or a written name.
        """
        if model not in self._keys:
            self._keys[model] = tuple(self._keys_of(model))
        return self._keys[model]

    def _keys_of(self, model: str) -> Iterable[str]:
        written = dict.fromkeys(
            key
            for form in written_forms(model, self.names)
            for name in (form, self.rules.family(form))
            for key in (plain(name), _UNRELEASED.sub("", plain(name)))
        )
        known = next(
            (self.architectures[one] for one in (model, *written) if one in self.architectures), None
        )
        return written if known is None else [known]


_MAKERS = (
    r"anthropic|amazon|meta|mistral|deepseek|openai|google|moonshotai|nvidia|qwen|zai|minimax|writer|cohere"
)
_BEFORE = re.compile(rf"^(?:(?:[a-z]+-)?[a-z]+\.)?(?:{_MAKERS})\.|^databricks-(?!dbrx)")
_AFTER = re.compile(r":batch$|-v\d+(?::\d+)?$|-(?:instruct|it|fp8|nvfp4|maas)$")
_UNRELEASED = re.compile(r"-(?:preview|exp|latest)$")
_SERVED = re.compile(
    r".* routing|us region|spot capacity|throughput|batch|free|community|specdec|turbo|preview|.*context"
    r"|(?:fp|bf|int)\d.*"
)
"""Words of ``model_aliases.variant`` that say how a model is served; every other is another issue of it."""


def plain(name: str) -> str:
    """A written name without its host, its maker before a point, and the form of its weights.

    >>> plain("global.anthropic.claude-opus-4-5-v1:0"), plain("google/gemini-3.8-flash"), plain("glm-5p3")
    ('claude-opus-4-5', 'gemini-3-8-flash', 'glm-5-3')
    """
    text = _BEFORE.sub("", name.lower().rpartition("/")[2])
    while (shorter := _AFTER.sub("", text)) != text:
        text = shorter
    return re.sub(r"(?<=\d)[.p](?=\d)", "-", text)


def architecture_key(model_id: str, variant: str | None) -> str:
    """Key of an architecture and its issue, without how it is served.

    >>> architecture_key("deepseek-r1", "R1-0528, throughput"), architecture_key("llama-3.1-8b", "fp8")
    ('deepseek-r1, R1-0528', 'llama-3.1-8b')
    """
    return ", ".join(
        [model_id, *(word for word in (variant or "").split(", ") if word and not _SERVED.fullmatch(word))]
    )


def scores_in(connection: DuckDBPyConnection) -> Scores:
    """Read the published scores of the built tables."""
    rules = rules_in(connection)
    by_key: dict[Scale, dict[str, Score]] = defaultdict(dict)
    issues: dict[tuple[Scale, str], list[Score]] = defaultdict(list)
    for row in _rows(connection, "SELECT * FROM model_scores ORDER BY score_id", {}):
        score = _score(row)
        if row["model_id"]:
            by_key[score.scale][score.model] = score
        else:
            by_key[score.scale][plain(row["api_model"])] = score
            family = plain(rules.family(row["api_model"]))
            for key in {family, _UNRELEASED.sub("", family)}:
                issues[score.scale, key].append(score)
    for (scale, family), several in issues.items():
        # A name without its day may be any issue: the lowest score promises nothing.
        by_key[scale].setdefault(family, min(several, key=lambda one: one.value))
    names = Names.of({}, name_rules(connection))
    return Scores(by_key=by_key, architectures=_architectures(connection), names=names, rules=rules)


def _architectures(connection: DuckDBPyConnection) -> dict[str, str]:
    """What means an architecture; a name that hosts give to two of them, or one to none, means none."""
    found = {key: key for (key,) in connection.cursor().execute("SELECT model_id FROM models").fetchall()}
    by_name: dict[str, set[str | None]] = defaultdict(set)
    sql = "SELECT provider, api_model, model_id, variant FROM model_aliases"
    for provider, api_model, model_id, variant in connection.cursor().execute(sql).fetchall():
        key = architecture_key(model_id, variant) if model_id else None
        by_name[plain(api_model)].add(key)
        if key:
            found[f"{provider}/{api_model}"] = key
    one = {name: key for name, keys in by_name.items() if len(keys) == 1 and (key := next(iter(keys)))}
    return {**one, **found}


def _score(row: Mapping[str, Any]) -> Score:
    model = architecture_key(row["model_id"], row["variant"]) if row["model_id"] else row["api_model"]
    return Score(
        Scale(row["benchmark"]), model, row["score"], row["score_low"], row["score_high"], row["setting"],
        row["scored_on"], row["source_id"],
    )  # fmt: skip


def score_of(scores: Scores, model: str, scale: Scale) -> Score | None:
    """A model's score on a scale; None: it has none.

    Parameters
    ----------
    model
        An offer (``provider/name``), the key of an architecture, or a written name.
    """
    known = scores.by_key.get(scale, {})
    return next((known[key] for key in scores.keys(model) if key in known), None)


def compared_by(scores: Scores, floor: str, models: Sequence[str]) -> Scale | None:
    """The scale on which models are held against one of them: the one that scores most of them beside it.

    A scale that does not score the floor compares nothing. A visitor's own list counts where it does; of
    two others that score equally many the one of most benchmarks (ECI), then the order of :class:`Scale`.

    Returns
    -------
    Scale | None
        None: no scale scores the floor and any other.
    """
    shared = {
        scale: sum(score_of(scores, model, scale) is not None for model in models)
        for scale in Scale
        if score_of(scores, floor, scale) is not None
    }
    if shared.get(Scale.OWN):
        return Scale.OWN
    best = max(shared, key=lambda scale: shared[scale], default=None)
    return best if best is not None and shared[best] else None


def same_model(scores: Scores, one: str, other: str) -> bool:
    """Say whether two names mean one model, on whatever hosts."""
    return bool(set(scores.keys(one)[:1]) & set(scores.keys(other)[:1]))


def at_least_as_good(scores: Scores, model: str, floor: str, scale: Scale | None = None) -> bool | None:
    """Say whether a model scores at least what another does.

    Parameters
    ----------
    scale
        None: the one that :func:`compared_by` chooses for the two.

    Returns
    -------
    bool | None
        None: one of them has no score there, so that nothing is known.
    """
    if same_model(scores, model, floor):
        return True
    scale = scale or compared_by(scores, floor, [model])
    if scale is None:
        return None
    one, other = score_of(scores, model, scale), score_of(scores, floor, scale)
    return None if one is None or other is None else one.value >= other.value


def score_faults(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    """A score is of a model that is priced or can be hosted, under one name, once on a scale."""
    scores = sheets["model_scores"]
    yield from repeated_rows(scores, ("benchmark", "provider", "api_model", "model_id", "variant"))
    offers = set(sheets["api_prices"].keys(("provider", "api_model")))
    aliases = [row for _, row in sheets["model_aliases"].records() if row["model_id"]]
    mapped = {(row["provider"], row["api_model"]): row["model_id"] for row in aliases}
    issues = {architecture_key(str(row["model_id"]), row["variant"]) for row in aliases}
    for line, row in scores.records():
        offer = row["provider"], row["api_model"]
        if row["model_id"] is not None:
            key = architecture_key(row["model_id"], row["variant"])
            if row["variant"] and key not in issues:
                reason = (
                    f"{shown(row['model_id'], row['variant'])} must be a model and variant of model_aliases"
                )
                yield Problem(scores.file, line, "model_id, variant", reason)
        elif offer not in offers:
            reason = f"{shown(*offer)} must be an offer of api_prices"
            yield Problem(scores.file, line, "provider, api_model", reason)
        elif offer in mapped:
            reason = f"{shown(*offer)} must be scored by its model_id, {mapped[offer]}"
            yield Problem(scores.file, line, "provider, api_model", reason)


@dataclass(frozen=True, slots=True)
class OwnScores:
    """What a visitor's list of scores says."""

    values: Mapping[str, float]
    """By name as written; higher is better."""
    problems: tuple[str, ...]
    """A sentence for each row that was left out."""


def own_scores(text: str, scores: Scores, offers: Iterable[str]) -> OwnScores:
    """Read a list ``name,score``, with or without a line of headings.

    Parameters
    ----------
    text
        A CSV file with commas, semicolons or tabs between its cells; higher is better.
    offers
        Offers that the list may speak of; a name that means none of them is told and left out.
    """
    known = {key for offer in offers for key in scores.keys(offer)}
    values: dict[str, float] = {}
    problems: list[str] = []
    text = text.lstrip("\ufeff")
    delimiter = next((one for one in ("\t", ";") if one in text.partition("\n")[0]), ",")
    for line, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
        name, number = (cell.strip() for cell in (*cells, "", "")[:2])
        value = _number(number)
        if not any(cell.strip() for cell in cells) or (
            line == 1 and name and value is None and number.isalpha()
        ):
            continue  # nothing, or headings
        if not name:
            problems.append(f"line {line}: name: '' must name a model")
        elif value is None:
            problems.append(f"line {line}: score: '{number}' must be a number such as 71.5")
        elif name in values:
            problems.append(f"line {line}: name: '{name}' has a score of {values[name]:g} above already")
        elif not known.intersection(scores.keys(name)):
            problems.append(
                f"line {line}: name: '{name}' must be a model of the price list, such as openai/gpt-5"
            )
        else:
            values[name] = value
    return OwnScores(values, tuple(problems))


def _number(text: str) -> float | None:
    try:
        value = float(text.removesuffix("%").strip())
    except ValueError:
        return None
    return value if isfinite(value) else None
