"""How the dashboard looks beyond what Streamlit's options say: one style sheet, and pieces of it.

The text is ours; whatever comes from a table is escaped before it stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED

EDGES = {"self-hosting": SELF_HOSTED, "api": API, "level": LIMIT}
"""Colour of a verdict's edge by who wins."""

STYLE = """
.stMainBlockContainer{max-width:1240px;padding-top:4.2rem;padding-bottom:3rem}
.st-key-sentence{gap:.3rem .45rem!important}
.st-key-sentence p{font-size:1.2rem;line-height:1.9;margin:0}
.st-key-sentence [data-testid=stPopover] button{padding:0 .4rem;border:0;border-bottom:2px solid #0072B2;
 border-radius:3px 3px 0 0;background:#0072b21a;min-height:1.9rem;height:2.2rem}
.st-key-sentence [data-testid=stPopover] button p{font-size:1.15rem;font-weight:600;line-height:1.2}
.chip{display:inline-block;border:1px solid #8886;border-radius:99px;padding:0 .6rem;
 margin:.15rem .3rem .15rem 0;font-size:.875rem}
[class*="st-key-card_"]{padding:.1rem 0 .1rem 1rem;gap:.9rem}
[class*="st-key-card_"] h1,[class*="st-key-card_"] h2,[class*="st-key-card_"] h3{font-size:1.5rem;
 font-weight:600;line-height:1.25;padding:.1rem 0}
[class*="st-key-card_"] [data-testid=stHeading]{min-height:2rem;height:auto;overflow:visible}
.breakeven-copy{font:inherit;font-size:.875rem;cursor:pointer;border:1px solid #8886;border-radius:.5rem;
 padding:.35rem .8rem;background:transparent;color:inherit}
""" + "".join(
    f'[class*="st-key-card_"][class*="_{winner}"]{{border-left:6px solid {colour}}}\n'
    for winner, colour in EDGES.items()
)

_COPY = """
<button class="breakeven-copy" type="button" aria-live="polite" data-link="LINK">Copy link</button>
<script>
document.querySelectorAll(".breakeven-copy:not([data-ready])").forEach((button) => {
  button.dataset.ready = "yes";
  button.addEventListener("click", async () => {
    const link = new URL(button.dataset.link, window.location.href).href;
    try { await navigator.clipboard.writeText(link); }
    catch (refused) {
      const box = document.createElement("textarea");
      box.value = link; document.body.append(box); box.select();
      document.execCommand("copy"); box.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 2000);
  });
});
</script>
"""
"""A button that copies a link, which is escaped."""


def chips(texts: Sequence[str]) -> None:
    """Small facts beside a verdict."""
    if any(texts):
        st.html("".join(f'<span class="chip">{escape(text)}</span>' for text in texts if text))


def copy_button(link: str, also: str = "") -> None:
    """Copy the link by one press, and say so; ``also`` is HTML of ours that the page needs once."""
    st.html(_COPY.replace("LINK", escape(link)) + also, width="content", unsafe_allow_javascript=True)
