"""Claims as cards, each with an address of its own; one block of HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from urllib.parse import urlencode

from breakeven.dashboard.session import CLAIM
from breakeven.question.pages.articles import Standing
from breakeven.views.articles.documents import SAID
from breakeven.views.articles.judge import amount, factor, verdict_text
from breakeven.views.articles.standing import MARKS, Checked
from breakeven.views.links import TITLES, Target, path_of, shown_at

FIRST = 6
"""Cards of a group that are open; the others fold out."""
_STYLE = """<style>
.claims{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem;
 margin:.5rem 0 1rem}
.claim{border:1px solid #8885;border-left:6px solid #777;border-radius:.5rem;padding:.8rem 1rem;display:flex;
 flex-direction:column;gap:.35rem;overflow-wrap:anywhere}
.claim.holds{border-left-color:#009E73}.claim.then{border-left-color:#E69F00}.claim.wrong{border-left-color:#D55E00}
.claim h4{font-size:1rem;font-weight:600;line-height:1.35;margin:0;padding:0}
.claim p{margin:0;font-size:.875rem;line-height:1.45}
.claim .stand{font-weight:600}.claim .whose{opacity:.8}
.claim dl{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;margin:.1rem 0!important;padding:0!important}
.claim dl div,.claim dt,.claim dd{margin:0!important;padding:0}
.claims.one{grid-template-columns:1fr}
.claim dt{font-size:.8125rem;opacity:.8}.claim dd{font-size:1.15rem;font-weight:600;line-height:1.3}
.claim .links{margin-top:auto;padding-top:.3rem;display:flex;gap:1.2rem;font-size:.875rem}
.claim a{color:inherit}.claim .links a:first-child{font-weight:600}
.claims-more summary{cursor:pointer;font-size:.9375rem;padding:.3rem 0}
</style>"""
_CLASS = {Standing.HOLDS: "holds", Standing.HELD_THEN: "then", Standing.WRONG: "wrong", Standing.OPEN: "open"}


def address(claim_id: str) -> str:
    """Where the card of a claim stands, seen from any page but the first."""
    return f"./articles?{urlencode({CLAIM: claim_id})}"


def checked_at(claim_id: str, shown: Target) -> str:
    """Address of the page that computes a claim, with a strip that says which claim it is."""
    return f"{path_of(shown)}&{urlencode({CLAIM: claim_id})}"


def said_by(checked: Checked) -> str:
    """Who said it, when, and in which part of which text."""
    title, who = SAID[checked.claim.document]
    return f"{who} · “{title}”, {checked.claim.section}"


def standing_text(checked: Checked) -> str:
    """Mark and word; by how much where it is wrong, how closely where it holds."""
    if checked.standing == Standing.WRONG:
        return verdict_text(checked.judged)
    mark = f"{MARKS[checked.standing]} {checked.standing}"
    return f"{mark}: it {checked.judged.verdict}" if checked.standing == Standing.HOLDS else mark


def why(checked: Checked, day: date) -> str:
    """Say why it stands as it does."""
    one = checked.judged
    parts = [one.claim.explanation]
    if one.reason:
        parts.append(f"Not recomputed: {one.reason}.")
    if checked.missing:
        parts.append(f"Today: {checked.missing}.")
    elif checked.standing == Standing.HELD_THEN and checked.now is not None:
        parts.append(f"At the prices of {day} it comes to {amount(checked.now, one.claim.unit)}.")
    return " ".join(parts)


def card(checked: Checked, day: date) -> str:
    """One claim: what was said by whom, how it stands and why, the numbers, where it is computed."""
    one = checked.judged
    claim = one.claim
    numbers = {"Said": claim.quoted, "Recomputed": amount(one.value, claim.unit)}
    if checked.missing:
        numbers[f"On {day}"] = "not sold" if checked.standing == Standing.HELD_THEN else "not known"
    elif checked.now is not None:
        numbers[f"On {day}"] = amount(checked.now, claim.unit)
    listed = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in numbers.items()
    )
    shown = shown_at(claim.page, claim.link)
    links = [(checked_at(claim.claim_id, shown), f"See it computed on {TITLES[shown.page]}")] if shown else []
    links.append((address(claim.claim_id), "Link to this claim"))
    anchors = "".join(f'<a href="{escape(path)}">{escape(word)}</a>' for path, word in links)
    return (
        f'<article class="claim {_CLASS[checked.standing]}" id="claim-{escape(claim.claim_id)}">'
        f'<p class="stand">{escape(standing_text(checked))}</p>'
        f"<h4>{escape(claim.claim)}</h4><dl>{listed}</dl><p>{escape(why(checked, day))}</p>"
        f'<p class="whose">{escape(said_by(checked))}</p><div class="links">{anchors}</div></article>'
    )


def drawn(cards: Sequence[Checked], day: date) -> str:
    """Cards in a grid, one alone over the whole width; those beyond the first few fold out."""
    parts = [_grid(cards[:FIRST], day)]
    if rest := cards[FIRST:]:
        parts.append(
            f'<details class="claims-more"><summary>{len(rest)} more</summary>{_grid(rest, day)}</details>'
        )
    return _STYLE + "".join(parts)


def _grid(cards: Sequence[Checked], day: date) -> str:
    alone = " one" if len(cards) == 1 else ""
    return f'<div class="claims{alone}">{"".join(card(one, day) for one in cards)}</div>'


def times_off(checked: Checked) -> float:
    """How far off a wrong claim is, the farthest first; 1 where there is no ratio."""
    ratio = factor(checked.judged) or 1.0
    return max(ratio, 1 / ratio)
