"""All rules, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from breakeven.views.numbers import memory, now, prices, training
from breakeven.views.numbers.base import HOLDS_WITHIN, Facts, Rule
from breakeven.words.numbers import count, percent

_RULES: tuple[Callable[[Facts], Rule], ...] = (
    prices.be_concise,
    prices.tokens_per_word,
    prices.frontier_to_small,
    prices.small_to_embedding,
    prices.hosted_embedding,
    prices.tuned_to_base,
    training.hosted_tuned,
    training.train_13b,
    training.tuning_to_training,
    memory.gpu_memory,
    memory.two_bytes,
    memory.embedding_memory,
    memory.batching,
    memory.kv_13b,
    now.cached_input,
    now.batch_discount,
    now.reasoning,
    now.moe_active,
    now.small_formats,
    now.small_rates,
    now.kv_grouped,
    now.kv_latent,
    now.hosted_price,
    now.break_even_load,
)


def all_rules(facts: Facts) -> tuple[Rule, ...]:
    """Compute every rule for the day and the scenario."""
    return tuple(rule(facts) for rule in _RULES)


def matching(
    rules: Sequence[Rule], *, find: str | None, part: str | None, only: str | None = None
) -> tuple[Rule, ...]:
    """Rules of a part that say all the words that are looked for, in whatever case; or one by its id."""
    if alone := [rule for rule in rules if rule.rule_id == only]:
        return tuple(alone)
    words = (find or "").casefold().split()

    def says(rule: Rule) -> bool:
        text = " ".join((rule.name, rule.part, rule.consequence, rule.advice, *rule.working)).casefold()
        return all(word in text for word in words)

    return tuple(rule for rule in rules if part in (None, rule.part) and says(rule))


def headline(rules: Sequence[Rule]) -> str:
    """Say in one sentence what became of the rules of 2023."""
    old = [rule for rule in rules if rule.quoted is not None]
    compared = [rule for rule in old if rule.moved]
    held = sum(rule.holds for rule in compared)
    gone = len(old) - len(compared)
    text = (
        f"Of the {count(len(old), 'rule')} of thumb of 2023, {held} still {'holds' if held == 1 else 'hold'} "
        f"(within {percent(HOLDS_WITHIN - 1)}) and {len(compared) - held} moved"
    )
    return text + (f"; {gone} cannot be compared, their inputs are missing." if gone else ".")
