"""``breakeven compare``: the Compare page's answer."""

from __future__ import annotations

import argparse
from typing import Any

from breakeven.question.arguments import Said

FORMS = ("markdown", "html")


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("compare", help="the Compare page's answer")
    command.add_argument("--scenario", required=True, help="a link, or the part after its question mark")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument(
        "--brief",
        nargs="?",
        const=FORMS[0],
        choices=FORMS,
        help="one page to hand on: verdict, both bills, working, sources (markdown, or html to print)",
    )
    command.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> Said:
    from breakeven.comparison.answer import compare
    from breakeven.question.asked import read_link
    from breakeven.views.compare.program import answer_as_json, answer_as_text

    asked = read_link(options.scenario)
    answer = compare(asked.scenario, asked.tables)
    return Said(
        program=lambda: answer_as_json(answer, asked.warnings),
        text=lambda: (
            _brief(options, answer, asked) if options.brief else answer_as_text(answer, asked.warnings)
        ),
    )


def _brief(options: argparse.Namespace, answer: Any, asked: Any) -> str:
    """The brief, and on standard error what could not be read of the link."""
    import sys

    from breakeven.comparison.brief import as_html, as_markdown, brief_of
    from breakeven.question.calibrated import FIELDS, calibration_of
    from breakeven.question.link import short

    for sentence in asked.warnings:
        print(sentence, file=sys.stderr)
    calibrated, _ = calibration_of(options.scenario)
    query = short(asked.scenario, FIELDS.write(calibrated) if calibrated.given else {})
    address, mark, _ = options.scenario.strip().partition("?")
    link = f"{address}?{query}" if mark and address.startswith(("http://", "https://")) else f"?{query}"
    brief = brief_of(answer, asked.tables.sources, link)
    return (as_markdown if options.brief == FORMS[0] else as_html)(brief).removesuffix("\n")
