"""What the name of a column says, by its words: any order, case, separator, several languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from breakeven.paths import DATA

FILE = "column_words.toml"
EXACT, STRONG, FAIR, WEAK, SUPPOSED = 4, 3, 2, 1, 0
"""How sure a name is: a known name, no doubt, likely, only where nothing is better, an estimate."""


LONGEST_WORD = 80
"""Letters of the longest word in which two known ones are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The file of words."""

    concepts: Mapping[str, frozenset[str]]
    """Word to what it can say."""
    ideograms: tuple[str, ...]
    """Words that are written without blanks, longest first."""
    units: Mapping[str, float]
    totals: frozenset[str]
    nothing: frozenset[str]
    money: Mapping[str, str]
    """Sign or code before or after an amount, to the code of the currency."""
    units_row: frozenset[str]
    """Cells below the header that say in what, or of what type, the numbers are."""
    failures: frozenset[str]
    wrappers: frozenset[str]
    """Kinds of spans around calls of models, and those of calls."""
    calls: frozenset[str]
    months: Mapping[str, int]
    """Names of months in other languages than English."""
    zones: Mapping[str, float]
    """Zone to its offset. [h]"""


@cache
def vocabulary() -> Vocabulary:
    """Read ``data/column_words.toml``."""
    content = tomllib.loads((DATA / FILE).read_text(encoding="utf-8"))
    concepts: dict[str, set[str]] = {}
    for concept, words in content["words"].items():
        for word in words:
            concepts.setdefault(word, set()).add(concept)
    ideograms = sorted((word for word in concepts if _ideogram(word[0])), key=len, reverse=True)
    return Vocabulary(
        concepts={word: frozenset(found) for word, found in concepts.items()},
        ideograms=tuple(ideograms),
        units=content["units"],
        totals=frozenset(content["totals"]["labels"]),
        nothing=frozenset(content["nothing"]["cells"]),
        money=content["money"],
        units_row=frozenset(content["units_row"]["cells"]),
        failures=frozenset(content["failures"]["states"]),
        wrappers=frozenset(content["spans"]["wrappers"]),
        calls=frozenset(content["spans"]["calls"]),
        months={name: int(number) for number, names in content["months"].items() for name in names},
        zones=content["zones"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a column holds, if its cells agree."""

    field: str
    """A canonical column, or ``uncached`` (input without the cached part), ``currency``, ``status``."""
    score: int
    scale: float = 1.0
    """What its numbers are multiplied with, from a unit in its name."""
    average: bool = False
    """A mean of one request: times the requests of the row it is a sum."""
    currency: str | None = None


LONGEST_NAME = 500
"""Letters of a name that are looked at."""


def words_of(name: str) -> list[str]:
    """Words of a name, in lower case.

    >>> words_of("promptTokenCount"), words_of("Input (w/o Cache Write)"), words_of("输入Token数")
    (['prompt', 'token', 'count'], ['input', 'without', 'cache', 'write'], ['输入', 'token', '数'])
    >>> words_of("LLM.usage_5m"), words_of("tokens in (k)"), words_of("Prompt tokens / month")
    (['llm', 'usage', '5m'], ['tokens', 'in', 'k'], ['prompt', 'tokens', 'per', 'month'])
    >>> words_of("Eingabetokens"), words_of("prompttokens"), words_of("입력토큰")
    (['eingabe', 'tokens'], ['prompt', 'tokens'], ['입력', '토큰'])
    """
    text = re.sub(r"\bw/o\b", " without ", name[:LONGEST_NAME], flags=re.IGNORECASE)
    text = re.sub(r"\bw/", " with ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[\w)])\s*/\s*(?=[A-Za-z])", " per ", text)
    text = re.sub(r"(?<=[a-zß-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-zß-ÿ])", " ", text)
    words: list[str] = []
    for piece in re.findall(r"\d+[A-Za-z]+|[^\W\d_]+|\d+|[$€£¥￥₹₩ø]", text):
        words += _cut(piece.lower()) if any(map(_ideogram, piece)) else _compound(piece.lower())
    return words


def said_by(name: str) -> set[str]:
    """Everything that a word of a name can say."""
    return {one for word in words_of(name) for one in vocabulary().concepts.get(word, ())}


def _compound(piece: str) -> list[str]:
    """A word that is two known words written as one, as German, Dutch and lower-case names do."""
    known = vocabulary().concepts
    if not 8 <= len(piece) <= LONGEST_WORD or piece in known or not piece.isalpha():
        return [piece]
    cuts = ((piece[:at], piece[at:]) for at in range(len(piece) - 4, 3, -1))
    return next(([one, other] for one, other in cuts if one in known and other in known), [piece])


def _ideogram(letter: str) -> bool:
    return "\u3040" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3"


def _cut(piece: str) -> list[str]:
    """Words of a name that is written without blanks."""
    words, known = [], vocabulary().ideograms
    while piece:
        word = next((one for one in known if piece.startswith(one)), None)
        if word is None and not _ideogram(piece[0]):
            word = re.match(r"[^\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+", piece)[0]  # type: ignore[index]
        words.append(word or piece[0])
        piece = piece[len(words[-1]) :]
    return words


def meaning_of(name: str) -> Meaning | None:
    """What a column of that name holds; None where its words do not say.

    >>> meaning_of("Total Input Tokens").field, meaning_of("tokens out").field, meaning_of("输出Token").field
    ('input', 'output', 'output')
    >>> meaning_of("input tokens (k)").scale, meaning_of("avg prompt tokens").average
    (1000.0, True)
    >>> meaning_of("max_tokens"), meaning_of("tokens/s"), meaning_of("input_cost_per_token")
    (None, None, None)
    """
    words = words_of(name)
    if len(words) > 1:
        words = [word for word in words if word != "data"]  # alone it is a day in three languages
    said = {concept for word in words for concept in vocabulary().concepts.get(word, ())}
    if "input" in said and "output" in said and "in" in words and "out" not in words:
        # "Token in uscita": the short word is a preposition where a longer one says the other side.
        said = {one for word in words if word != "in" for one in vocabulary().concepts.get(word, ())}
    if not words or "limit" in said or "share" in said:
        return None
    money = next((vocabulary().money[word] for word in words if word in vocabulary().money), None)
    unit = _unit(words)
    if (found := _tokens(words, said)) and not said >= {"cost", "total"}:
        field, score = found
        if money or said & {"cost", "price"} or "media" in said or _is_rate(words) or _is_price(words):
            return None
        average = "average" in said or ("per" in said and "request" in said)
        score = SUPPOSED if "supposed" in said else EXACT if "actual" in said else score
        return Meaning(field=field, score=score, scale=unit, average=average)
    if "media" in said:
        return None
    if "cost" in said or money:
        if said & {"price", "limit", "per", "input", "output", "cached"} or "unit" in words:
            return None
        return Meaning(
            field="reported_cost_usd",
            score=STRONG if "total" in said or len(words) <= 2 else FAIR,
            scale=0.01 if "cents" in said else 1.0,
            currency=None if money == "USD" else money,
        )
    return _other(words, said)


def _tokens(words: Sequence[str], said: set[str]) -> tuple[str, int] | None:
    """Meaning of a column of tokens, and how sure it is."""
    counted = bool(said & {"token", "length"}) or "count" in said
    sure = STRONG if "token" in said else FAIR if counted else WEAK
    if said & {"text", "status", "first", "latency", "session", "tenant", "model"}:
        return None
    if "cached" in said:
        if "write" in said and "input" in said and "with" in said:
            return "cache_write_5m", STRONG
        if ("without" in said and "write" in said) or "miss" in said or "without" in said:
            return "uncached", STRONG
        if "write" in said or "ephemeral" in said:
            return ("cache_write_1h" if "hour" in said else "cache_write_5m"), sure
        return "cache_read", (FAIR if sure == WEAK else sure)
    if "ephemeral" in said:
        return ("cache_write_1h" if "hour" in said else "cache_write_5m"), sure
    if "miss" in said and "input" in said:
        return "uncached", STRONG
    if "reasoning" in said and (counted or len(words) == 1):
        return "reasoning", sure
    sides = said & {"input", "output"}
    if said & {"time", "end", "kind", "day", "month"} and not counted:
        return None
    if len(sides) == 1 and not (said & {"request"} and not said & {"token", "length"} and len(words) > 1):
        side = sides.pop()
        if "request" in said and "token" not in said and "length" not in said:
            return None if side == "input" and words[0] in ("requests", "calls") else (side, WEAK)
        return side, sure
    if sides == {"input", "output"}:
        # "prompt completion tokens" says both; "completion_tokens_in_total" says one, and where it stands.
        return ("total", FAIR) if "token" in said else None
    if "token" in said:
        return ("input", FAIR) if "request" in said else ("total", STRONG if "total" in said else FAIR)
    return None


def _is_rate(words: Sequence[str]) -> bool:
    """Whether a name says tokens a second or a minute."""
    return any(word in ("tps", "tpm", "rpm", "throughput", "rate", "speed", "速度") for word in words) or (
        "per" in words
        and words[words.index("per") + 1 : words.index("per") + 2]
        in (["s"], ["sec"], ["second"], ["min"], ["minute"])
    )


def _is_price(words: Sequence[str]) -> bool:
    """Whether a name says what so many tokens cost: input per 1M tokens."""
    if "per" not in words:
        return False
    rest = words[words.index("per") + 1 :]
    unit = re.fullmatch(r"\d*([^\W\d]*)", rest[0]) if rest else None
    return bool(unit) and (unit[1] in vocabulary().units or (not unit[1] and rest[1:2] == ["tokens"]))  # type: ignore[index]


def _unit(words: Sequence[str]) -> float:
    """What the numbers are multiplied with: a unit that stands last, or before or after the tokens."""
    units = vocabulary().units
    return next((units[word] for word in words[1:] if word in units), 1.0)


def _other(words: Sequence[str], said: set[str]) -> Meaning | None:
    """Meaning of a column that holds no tokens and no money."""
    if "currency" in said:
        return Meaning(field="currency", score=STRONG)
    if ("service" in said and "tier" in said) or words == ["batch"]:
        return Meaning(field="processing", score=STRONG)
    if (
        "request" in said
        and "time" not in said
        and not said & {"end", "model", "name", "latency", "status", "kind"}
    ):
        return Meaning(field="n_requests", score=STRONG if len(words) == 1 or "count" in said else FAIR)
    if "multiplicity" in said:
        return Meaning(field="repeat", score=STRONG)
    if "model" in said and not said & {"kind", "count", "status"}:
        return Meaning(field="model", score=STRONG if len(words) == 1 or said & {"name"} else FAIR)
    if "deployment" in said:
        return Meaning(field="model", score=WEAK)
    if "generated" in words:
        said = said - {"output"}  # "TimeGenerated" is a time, "output time" a duration
    if said & {"time", "day", "month", "week", "hour_of_time"} and not said & {
        "end",
        "latency",
        "first",
        "per",
        "output",
    }:
        return Meaning(field="ts", score=STRONG if len(words) == 1 else FAIR)
    if "status" in said and "request" not in said:
        return Meaning(field="status", score=FAIR)
    if "session" in said:
        return Meaning(field="session", score=FAIR)
    if "tenant" in said:
        return Meaning(field="tenant", score=FAIR)
    return None
