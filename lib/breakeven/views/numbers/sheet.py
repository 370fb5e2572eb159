"""The rules as a table, and as one page to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

from breakeven.tables.records import Source
from breakeven.views.numbers.base import Quantity, Rule
from breakeven.words.numbers import NOT_KNOWN, Money


def shown(value: Quantity | None, money: Money) -> str:
    """Write a value; a dash where there is none."""
    return NOT_KNOWN if value is None else value.text(money)


def as_table(rules: Sequence[Rule], money: Money) -> pd.DataFrame:
    """One row a rule: what is said, both computed values with their ends, the working."""
    scale = money.rate
    rows = []
    for rule in rules:
        factor = scale if rule.today is not None and rule.today.unit.startswith("USD") else 1.0
        unit = "" if rule.today is None else rule.today.unit.replace("USD", money.currency)
        rows.append(
            {
                "Part": rule.part,
                "Rule": rule.name,
                "Said in 2023": rule.quoted or "",
                "2023, recomputed": shown(rule.recomputed, money),
                "On the day": shown(rule.today, money),
                "Low": None if rule.today is None else rule.today.low * factor,
                "High": None if rule.today is None else rule.today.high * factor,
                "Unit": unit,
                "Moved": rule.moved,
                "What it means": rule.consequence,
                "What to do": rule.advice,
                "Working": " ".join(rule.working),
                "Sources": " ".join(rule.source_ids),
            }
        )
    return pd.DataFrame(rows)


_STYLE = """
@page { size: A4; margin: 9mm }
* { box-sizing: border-box }
body { font: 10.5px/1.3 system-ui, sans-serif; color: #111; background: #fff;
  max-width: 192mm; margin: 0 auto }
h1 { font-size: 15px; margin: 0 0 2px } p { margin: 0 0 4px }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 1.5px 4px 1.5px 0; border-bottom: 1px solid #ccc }
th { border-bottom: 1.5px solid #111 } td.v { white-space: nowrap } td.t { font-weight: 700 }
tr.part td { font-weight: 700; padding-top: 4px; color: #0072B2; border-bottom: 1px solid #0072B2 }
footer { color: #555; margin-top: 4px; font-size: 7.5px }
"""


def as_page(
    rules: Sequence[Rule], money: Money, *, lead: str, question: str, sources: Mapping[str, Source]
) -> str:
    """Write the rules as one HTML page that prints on one sheet of paper; every text is escaped."""
    rows = []
    part = ""
    for rule in rules:
        if rule.part != part:
            part = rule.part
            rows.append(f'<tr class="part"><td colspan="5">{escape(part)}</td></tr>')
        cells = [
            f"<td>{escape(rule.name)}</td>",
            f'<td class="v">{escape(_short(rule.quoted))}</td>',
            f'<td class="v">{escape(shown(rule.recomputed, money))}</td>',
            f'<td class="v t">{escape(shown(rule.today, money))}</td>',
            f"<td>{escape(rule.consequence if rule.today else rule.missing or rule.consequence)}</td>",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    keys = dict.fromkeys(key for rule in rules for key in rule.source_ids)
    names = dict.fromkeys(sources[key].publisher for key in keys if key in sources)
    head = "".join(f"<th>{word}</th>" for word in ("Rule", "Said in 2023", "Recomputed", "On the day", "So"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Numbers every LLM developer should know</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(lead)}</h1><p>{escape(question)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<footer>Breakeven. Sources: {escape(', '.join(names))}. The first five parts are about the "
        "list of 2023 by "
        "Anyscale and what it lacks.</footer></body></html>\n"
    )


def _short(text: str | None) -> str:
    return (text or NOT_KNOWN).replace(", ", " · ") if text is None or len(text) < 20 else "three sizes"
