"""``breakeven claims``: the published claims, recomputed."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import Any

from breakeven.question.arguments import day, pick


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("claims", help="the claims of the articles, recomputed")
    command.add_argument("--document", help="only one: sanger, shrott, cost-formula, numbers")
    command.add_argument(
        "--verdict",
        help="only one: reproduces, rounds, wrong, 'cannot be checked', holds, 'held then, not now'",
    )
    command.add_argument("--as-of", type=day, default=None, help="day that counts as today")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_claims)


def _claims(options: argparse.Namespace) -> int:
    from breakeven.question.pages.articles import DOCUMENTS, VERDICTS, Standing
    from breakeven.tables import queries
    from breakeven.tables.build import open_memory
    from breakeven.views.articles import conclusions
    from breakeven.views.articles.documents import parts_of
    from breakeven.views.articles.facts import read_facts
    from breakeven.views.articles.judge import amount, verdict_text
    from breakeven.views.articles.standing import check

    if options.document is not None:
        pick(DOCUMENTS, options.document, "--document")
    if options.verdict is not None:
        pick((*VERDICTS, *Standing), options.verdict, "--verdict")
    connection = open_memory()
    facts = read_facts(connection, options.as_of or date.today())
    checked = [
        one
        for one in check(queries.claims(connection), facts)
        if options.document is None or one.claim.document in parts_of(options.document)
    ]
    judged = [one.judged for one in checked]
    listed = [one for one in checked if options.verdict in (None, one.judged.verdict, one.standing)]
    if options.json:
        rows = [
            {
                "claim_id": one.claim.claim_id,
                "document": one.claim.document,
                "claim": one.claim.claim,
                "quoted": one.claim.quoted,
                "quoted_value": one.claim.quoted_value,
                "recomputed": one.judged.value,
                "now": one.now,
                "unit": one.claim.unit,
                "verdict": one.judged.verdict,
                "standing": str(one.standing),
                "explanation": one.claim.explanation,
                "source_id": one.claim.source_id,
            }
            for one in listed
        ]
        print(
            json.dumps({"summary": conclusions.tally(judged), "claims": rows}, indent=2, ensure_ascii=False)
        )
        return 0
    print(conclusions.tally(judged))
    for one in listed:
        print(
            f"{one.claim.claim_id}: {one.claim.claim}: {one.claim.quoted}; "
            f"recomputed {amount(one.judged.value, one.claim.unit)}; {verdict_text(one.judged)}."
        )
    return 0
