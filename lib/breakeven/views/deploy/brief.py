"""The Deploy page's answer as a brief to hand on; its sentences are those of the page."""

from __future__ import annotations

from breakeven.comparison.brief import Brief, Section
from breakeven.tables.day import Tables
from breakeven.views.deploy import Answer, words
from breakeven.views.deploy.detail import memory_of, older


def brief_of(answer: Answer, tables: Tables, link: str) -> Brief:
    """Write the brief of an answer.

    Parameters
    ----------
    answer
        The Deploy page's.
    tables
        Rows that it was computed from; sources of the numbers that decide are listed.
    link
        Address that repeats it.
    """
    row, known = answer.chosen, tables.sources
    said = (
        words.trust(answer),
        words.older_sentence(None if row is None else older(answer, row, tables)),
        words.load_sentence(answer),
        words.binds(answer),
        words.price_sentence(answer, answer.scenario.money),
        words.cheaper_but(answer),
        words.beside_compare(answer),
    )
    filled = () if row is None else (words.memory_parts(memory_of(answer, row)),)
    named = tuple(known[key] for key in words.source_ids(answer) if key in known)
    return Brief(
        title="Which GPUs, and how many?",
        sections=(
            Section(heading="Question", lines=(words.question(answer), *answer.problems)),
            Section(
                heading="Answer",
                strong=words.recommendation(answer),
                lines=answer.needs,
                points=tuple(filter(None, said)),
            ),
            Section(heading="Memory of one replica", points=filled),
            Section(heading="Left out of the ranking", points=tuple(words.left_out_by_reason(answer))),
            Section(heading="Sources", points=tuple(words.source_notes(answer)), sources=named),
            Section(heading="The same with all its working", link=link),
        ),
    )
