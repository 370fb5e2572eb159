"""The strip above a page that was opened to check a published claim, and the mark on its number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from breakeven.views.articles.cards import address, checked_at, standing_text
from breakeven.views.articles.documents import SAID
from breakeven.views.articles.judge import amount
from breakeven.views.articles.standing import Checked
from breakeven.views.links import TITLES, asks_this, shown_at

_STYLE = """<style>
.stElementContainer:has(.claim-strip){position:sticky;top:3.9rem;z-index:90}
.claim-strip{border:1px solid #E69F00;border-left-width:6px;border-radius:.5rem;padding:.5rem .9rem;
 font-size:.9375rem;line-height:1.5;overflow-wrap:anywhere;background:color-mix(in srgb,Canvas 90%,#E69F00)}
.claim-strip mark{background:#E69F0066;color:inherit;padding:0 .3rem;border-radius:.2rem;font-weight:600}
.claim-strip a{white-space:nowrap;color:inherit}
::highlight(breakeven-claim){background-color:#E69F0080}
.breakeven-claim{outline:3px solid #E69F00;outline-offset:3px;border-radius:.3rem}
</style>"""
MARK = """<script>
(() => {
  const asked = [...document.querySelectorAll(".claim-asked")].pop().dataset;
  const wanted = JSON.parse(asked.wanted), unit = asked.unit, strips = ".claim-strip";
  const skip = strips + ", script, style, textarea, button, label, [data-testid=stCode]";
  const says = (text, at, end) => {
    const digits = text.slice(at, end).replace(/,/g, "");
    const half = 0.5 / 10 ** (digits.split(".")[1] || "").length;
    if (digits.replace(".", "").replace(/^0+|0+$/g, "").length > 2)
      return wanted.some((value) => Math.abs(digits - value) <= half);
    if (!wanted.some((value) => Math.abs(digits - value) <= 1e-6 * value)) return false;
    return (unit.startsWith("$") && text.slice(0, at).trimEnd().endsWith("$"))
      || text.slice(end).trimStart().startsWith(unit.split(" ")[0]);
  };
  const mark = () => {
    const main = document.querySelector('[data-testid="stMain"]'), ranges = [];
    document.querySelectorAll(".breakeven-claim").forEach((e) => e.classList.remove("breakeven-claim"));
    if (!main?.querySelector(strips)) {
      window.breakevenClaim?.disconnect(); CSS.highlights?.delete("breakeven-claim"); return;
    }
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement.closest(skip)) continue;
      const frame = node.parentElement.closest("canvas")?.closest('[data-testid="stDataFrame"]');
      for (const found of node.data.matchAll(/\\d[\\d,]*(?:\\.\\d+)?/g)) {
        const end = found.index + found[0].length;
        if (!says(node.data, found.index, end)) continue;
        if (frame) { frame.classList.add("breakeven-claim"); continue; }
        const range = new Range();
        range.setStart(node, found.index); range.setEnd(node, end); ranges.push(range);
      }
    }
    if (window.Highlight) CSS.highlights.set("breakeven-claim", new Highlight(...ranges));
    const first = ranges[0] || main.querySelector(".breakeven-claim");
    if (!first || window.breakevenScrolled === location.href) return;
    window.breakevenScrolled = location.href;
    const top = first.getBoundingClientRect().top;
    if (top > window.innerHeight - 80) main.scrollBy({top: top - window.innerHeight / 2});
  };
  let waiting;
  window.breakevenClaim?.disconnect();
  window.breakevenClaim = new MutationObserver((seen) => {
    if (seen.every((one) => one.target.closest?.(strips))) return;
    clearTimeout(waiting); waiting = setTimeout(mark, 300);
  });
  window.breakevenClaim.observe(document.body, {childList: true, subtree: true, characterData: true});
  setTimeout(mark, 300);
})();
</script>"""
"""Marks the number wherever the page prints it; the same for every claim, so that a policy can name it."""


def html(checked: Checked, page: str, query: Mapping[str, str]) -> str:
    """The strip on a page with such an address; every text is escaped."""
    claim = checked.claim
    text = "".join(
        f"<mark>{escape(part[1:])}</mark>" if part.startswith("=") else escape(part)
        for part in sentence(checked, page, query)
    )
    links = [(address(claim.claim_id), "The claim")]
    shown = shown_at(claim.page, claim.link)
    if shown is not None and not (shown.page == page and asks_this(shown, query)):
        links.insert(0, (checked_at(claim.claim_id, shown), f"See it computed on {TITLES[shown.page]}"))
    anchors = " · ".join(f'<a href="{escape(path)}">{escape(word)}</a>' for path, word in links)
    return f'{_STYLE}<div class="claim-strip" role="note">{text} {anchors}</div>'


def mark(checked: Checked) -> str | None:
    """HTML that marks the number of a claim; None where it has none."""
    value, claim = checked.judged.value, checked.claim
    if value is None:
        return None
    sizes = sorted({abs(value), *(abs(value) * claim.scale / 10**power for power in (0, 3, 6, 9, 12))})
    asked = f'data-wanted="{escape(json.dumps(sizes))}" data-unit="{escape(claim.unit)}"'
    return f'<span class="claim-asked" hidden {asked}></span>{MARK}'


def sentence(checked: Checked, page: str, query: Mapping[str, str]) -> list[str]:
    """What the strip says on a page with such an address, in parts; the number starts with an equals sign."""
    claim = checked.claim
    title, who = SAID[claim.document]
    parts = [f"You are checking: “{claim.claim}: {claim.quoted}” ({title}; {who}): "]
    shown = shown_at(claim.page, claim.link)
    here = shown is not None and shown.page == page and asks_this(shown, query)
    if checked.judged.value is not None:
        parts += ["here " if here else "recomputed ", f"={amount(checked.judged.value, claim.unit)}", ". "]
    parts.append(f"{standing_text(checked)}.")
    if not here:
        parts.append(" This page asks something else now.")
    return parts
