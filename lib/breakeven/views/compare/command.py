"""``breakeven compare``: the Compare page's answer."""

from __future__ import annotations

import argparse
from typing import Any

from breakeven.question.arguments import Said


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("compare", help="the Compare page's answer")
    command.add_argument("--scenario", required=True, help="a link, or the part after its question mark")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> Said:
    from breakeven.comparison.answer import compare
    from breakeven.question.asked import read_link
    from breakeven.views.compare.program import answer_as_json, answer_as_text

    asked = read_link(options.scenario)
    answer = compare(asked.scenario, asked.tables)
    return Said(
        program=lambda: answer_as_json(answer, asked.warnings),
        text=lambda: answer_as_text(answer, asked.warnings),
    )
