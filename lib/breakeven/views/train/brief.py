"""The Train page's answer as a brief to hand on; its sentences are those of the page."""

from __future__ import annotations

from breakeven.comparison.brief import Brief, Section
from breakeven.tables.day import Tables
from breakeven.views.train import words
from breakeven.views.train.answer import TrainingAnswer
from breakeven.views.train.prompting import Prompting


def brief_of(answer: TrainingAnswer, prompting: Prompting | None, tables: Tables, link: str) -> Brief:
    """Write the brief of an answer.

    Parameters
    ----------
    answer
        The Train page's.
    prompting
        The same held against prompting a bigger model, where that is asked.
    tables
        Rows that it was computed from; the sources that it names are listed.
    link
        Address that repeats it.
    """
    money, known = answer.scenario.money, tables.sources
    costs = f"{words.headline(answer, money)}."
    lines, keys, problems = [], [*answer.source_ids], [*answer.problems]
    against: tuple[str, ...] = ()
    if prompting is not None:
        against = tuple(words.prompting_lines(prompting, answer, money))
        lines.append(costs)
        keys += prompting.source_ids
        problems += prompting.problems
        costs = f"{words.prompting_headline(prompting, money)}."
    if answer.optimum is not None:
        lines.append(words.budget_sentence(answer, answer.optimum, money))
    lines += filter(None, [words.deadline_sentence(answer)])
    memory = (f"{words.memory_finding(answer)}.", words.memory_note(answer))
    return Brief(
        title="What does training cost?",
        sections=(
            Section(heading="Question", lines=(words.question(answer, money), *problems)),
            Section(heading="Answer", strong=costs, lines=tuple(lines)),
            Section(heading="Tuning against prompting", points=against),
            Section(heading="Working", points=tuple(words.basis(answer, money))),
            Section(heading="Memory", points=memory),
            Section(heading="Published runs", points=(f"{words.runs_finding(answer)}.",)),
            Section(
                heading="Sources", sources=tuple(known[key] for key in dict.fromkeys(keys) if key in known)
            ),
            Section(heading="The same with all its working", link=link),
        ),
    )
