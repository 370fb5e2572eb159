"""What is inside what: ``total_tokens`` is a checksum, and decides it where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from breakeven.usage.gather.keys import Dialect, keys

PARTS = ("cache_read", "cache_write", "reasoning", "tool_input")
"""Counts that may lie inside another one: reasoning in the output, the others in the input."""
Choice = tuple[bool, bool, bool, bool]
"""For each of PARTS whether it is inside."""
_WORDS = {
    "cache_read": ("cached tokens are", "the input", "input"),
    "cache_write": ("cache writes are", "the input", "input"),
    "reasoning": ("reasoning is", "the output", "output"),
    "tool_input": ("tool prompts are", "the input", "input"),
}


def dialect_of(used: frozenset[str], path: tuple[str, ...]) -> Dialect:
    """The first rule whose keys are all used and whose place fits."""
    for rule in keys().dialects:
        if set(rule.keys) <= used and (not rule.within or set(rule.within) & set(path)):
            return rule
    return Dialect(name="most providers", source="https://platform.openai.com/docs/api-reference/chat/object")


@dataclass(slots=True)
class Sides:
    """Evidence over all rows of one spelling."""

    rule: Dialect
    proofs: dict[str, Counter[bool]] = field(default_factory=lambda: {part: Counter() for part in PARTS})
    rows: Counter[str] = field(default_factory=Counter)
    """Rows that have such tokens at all."""
    too_large: Counter[str] = field(default_factory=Counter)
    """Rows in which the part is larger than what it would be inside of."""

    def learn(self, counts: Mapping[str, int]) -> None:
        """Add a row to the evidence."""
        counts = _with_total(counts)
        amounts = _amounts(counts)
        if not any(amounts):
            return
        for part, amount in zip(PARTS, amounts, strict=True):
            if amount:
                self.rows[part] += 1
                self.too_large[part] += amount > counts.get("output" if part == "reasoning" else "input", 0)
        fitting = list(_fitting(counts, amounts))
        for at, part in enumerate(PARTS):
            inside = {choice[at] for choice in fitting}
            if amounts[at] and len(inside) == 1:
                self.proofs[part][inside.pop()] += 1

    def decision(self) -> Choice:
        """For each part whether it is inside."""
        rule = (self.rule.cached == "inside", self.rule.cached == "inside",
                self.rule.reasoning == "inside", self.rule.tool == "inside")  # fmt: skip
        a, b, c, d = (self._inside(part, default) for part, default in zip(PARTS, rule, strict=True))
        # Writes lie where reads lie, as long as nothing says otherwise.
        if not self.proofs["cache_write"] and self.proofs["cache_read"]:
            b = a
        return a, b, c, d

    def _inside(self, part: str, default: bool) -> bool:
        proofs = self.proofs[part]
        if proofs[True] != proofs[False]:
            return proofs[True] > proofs[False]
        return default and self.too_large[part] * 2 <= self.rows[part]

    def sentences(self) -> Iterator[str]:
        """What was decided and why, for the page."""
        for part, inside in zip(PARTS, self.decision(), strict=True):
            if not self.rows[part] or self.rule.cached == "none":
                continue
            what, where, side = _WORDS[part]
            place = "inside" if inside else "outside"
            sure, shown = self.proofs[part][inside], sum(self.proofs[part].values())
            documented = self.rule.reasoning if part == "reasoning" else self.rule.cached
            if sure:
                total = "input + output" if inside else f"{side} + {part.replace('_', ' ')} + the rest"
                share = f"{100 * sure / shown:.0f} % of the {shown:,} rows that show it"
                because = f"because total = {total} in {share}"
            elif not inside and self.too_large[part] and (documented == "inside" or part == "tool_input"):
                because = f"because the part is larger than the whole in {self.too_large[part]:,} rows"
            else:
                because = f"as documented for {self.rule.name} ({self.rule.source}); no total proves it"
            yield f"{what} {place} {where}, {because}"


def _with_total(counts: Mapping[str, int]) -> Mapping[str, int]:
    """The counts, where tokens of tools that are all of the others (as Codex names them) are their total."""
    tool = counts.get("tool_input", 0)
    if not tool or "total" in counts or tool != counts.get("input", 0) + counts.get("output", 0):
        return counts
    return {name: count for name, count in counts.items() if name != "tool_input"} | {"total": tool}


def _amounts(counts: Mapping[str, int]) -> tuple[int, int, int, int]:
    known = "uncached" in counts
    return (
        0 if known else counts.get("cache_read", 0),
        0 if known else counts.get("cache_write", 0),
        counts.get("reasoning", 0),
        counts.get("tool_input", 0),
    )


def _fitting(counts: Mapping[str, int], amounts: tuple[int, int, int, int]) -> Iterator[Choice]:
    """Choices under which the total adds up."""
    total = counts.get("total", 0)
    if not total or "input" not in counts:
        return
    base = counts["input"] + counts.get("output", 0)
    for choice in product(*((True, False) if amount else (True,) for amount in amounts)):
        read, write, reasoning, tool = choice
        if base + sum(a for a, inside in zip(amounts, choice, strict=True) if not inside) == total:
            inner = sum(
                a for a, i in zip((amounts[0], amounts[1], amounts[3]), (read, write, tool), strict=True) if i
            )
            if inner <= counts["input"] and (not reasoning or amounts[2] <= counts.get("output", 0)):
                yield read, write, reasoning, tool


def settled(counts: Mapping[str, int], decision: Choice, rule: Dialect) -> dict[str, int]:
    """Counts as they are billed: uncached input, reads, writes by how long, output with its reasoning."""
    counts = _with_total(counts)
    amounts = _amounts(counts)
    fitting = list(_fitting(counts, amounts)) if any(amounts) else []
    choice = decision if not fitting or decision in fitting else fitting[0]
    # A part that does not exist fits either way: compare only those that do.
    same = [
        one for one in fitting if all(not a or x == y for a, x, y in zip(amounts, one, decision, strict=True))
    ]
    choice = same[0] if same else choice
    read, write, reasoning = (counts.get(name, 0) for name in ("cache_read", "cache_write", "reasoning"))
    if rule.cached == "none":
        read = write = 0
    short, long = counts.get("cache_write_5m", 0), counts.get("cache_write_1h", 0)
    output = counts.get("output", 0) + (
        0 if choice[2] and reasoning <= counts.get("output", 0) else reasoning
    )
    tool = 0 if choice[3] else counts.get("tool_input", 0)
    if "uncached" in counts:
        prompt = counts["uncached"]
    else:
        prompt = counts.get("input", 0)
        inner = (read if choice[0] else 0) + (max(write, short + long) if choice[1] else 0)
        prompt -= inner if inner <= prompt else 0
    return {
        "input": prompt + tool,
        "cache_read": read,
        "cache_write_5m": max(short, write - long),
        "cache_write_1h": long,
        "output": output,
        "reasoning": reasoning,
    }
