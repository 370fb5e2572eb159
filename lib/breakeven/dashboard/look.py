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

_LINES = (
    '<path d="M3 13.5 21 10" stroke="#0072B2" stroke-width="2.6" stroke-linecap="round"/>'
    '<path d="M3 20.5 21 3.5" stroke="#D55E00" stroke-width="2.6" stroke-linecap="round"/>'
    '<circle cx="12" cy="11.8" r="3.4" fill="#111" stroke="#fff" stroke-width="1.4"/>'
)
"""Two bills against the load, and where they cross."""
MARK = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none">{_LINES}</svg>'
"""The mark, for the tab of the browser."""
WORDMARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 132 24" width="132" height="24" fill="none">'
    "<style>text{fill:#1b1f24}@media(prefers-color-scheme:dark){text{fill:#f2f2f0}}</style>"
    f'{_LINES}<text x="31" y="18" font-family="Source Sans Pro,Source Sans,system-ui,sans-serif" '
    'font-size="18" font-weight="700" textLength="98" lengthAdjust="spacingAndGlyphs">Breakeven</text></svg>'
)
"""The mark with the name."""

STYLE = """
.stApp{--own:light-dark(#0072B2,#56B4E9);--api:light-dark(#B64F00,#F0883E);--quiet:light-dark(#5c6068,#b3b3ae);
 --line:light-dark(#d3d5d9,#45453f);--tint:light-dark(#e6f1f7,#17303d)}
.stMainBlockContainer{max-width:1240px;padding-top:4.2rem;padding-bottom:3rem}
.stApp [data-testid=stCaptionContainer],.stApp [data-testid=stCaptionContainer] p{color:var(--quiet);
 opacity:1}
.stApp [data-testid=stHeading] :is(h1,h2,h3){padding:.1rem 0}
.stApp [data-testid=stHeading] [data-testid=stMarkdownContainer]{margin-bottom:0}
[data-testid=stHeader] [data-testid=stHeaderLogo]{height:1.6rem;max-height:1.6rem}
[class*="st-key-bar_"]{gap:.3rem .35rem!important}
[class*="st-key-bar_"] p{font-size:1.05rem;line-height:1.9;margin:0}
[class*="st-key-bar_"] [data-testid=stMarkdownContainer]{margin-bottom:0}
.st-key-numbers_part [data-testid=stPills],.st-key-numbers_part [role=radiogroup]{flex-wrap:wrap}
[class*="st-key-door_"] a{padding-left:0}
[class*="st-key-bar_"] [data-testid=stPopover] button{padding:0 .4rem;border:0;
 border-bottom:2px solid var(--own);border-radius:3px 3px 0 0;background:var(--tint);height:2.1rem;
 min-height:1.9rem}
[class*="st-key-bar_"] [data-testid=stPopover] button p{font-size:1rem;font-weight:600;line-height:1.2}
.chip{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:0 .6rem;
 margin:.15rem .3rem .15rem 0;font-size:.875rem}
[class*="st-key-card_"]{padding:.1rem 0 .1rem 1rem;gap:.6rem}
[class*="st-key-card_"] [data-testid=stHeading]{min-height:2rem;height:auto;overflow:visible}
.breakeven-copy,.breakeven-button{font:inherit;font-size:.875rem;cursor:pointer;border:1px solid #8886;
 border-radius:.5rem;padding:.35rem .8rem;background:transparent;color:inherit}
.breakeven-copy:focus-visible,.breakeven-button:focus-visible{outline:2px solid var(--own);
 outline-offset:2px}
.st-key-frame_switch{position:fixed;top:.8rem;right:3.6rem;width:auto!important;z-index:999991}
[data-testid=stFileUploaderDropzoneInstructions]{display:none}
.st-key-page_link button p,.age{font-size:.875rem}
.age{color:var(--quiet);position:relative}
.age summary{cursor:pointer;text-decoration:underline dotted;text-underline-offset:.2em;list-style:none}
.age summary::-webkit-details-marker{display:none}
.age summary:focus-visible{outline:2px solid var(--own);outline-offset:2px}
.age p{position:absolute;right:0;top:calc(100% + .3rem);z-index:20;width:max-content;
 max-width:min(20rem,80vw);margin:0;padding:.5rem .8rem;background:light-dark(#fff,#262624);
 color:light-dark(#1b1f24,#f2f2f0);border:1px solid var(--line);border-radius:.5rem;line-height:1.4}
.js-plotly-plot :is(.xtick,.ytick) text,.js-plotly-plot :is(.xtitle,.ytitle),
 .js-plotly-plot text:is([style*="fill: rgb(122, 122, 122)"],[style*="fill: rgb(128, 132, 149)"]){
 fill:var(--quiet)!important}
.js-plotly-plot *{touch-action:pan-x pan-y pinch-zoom!important}
.stMain{scroll-padding:4.5rem 0}
.tour{display:flex;flex-wrap:wrap;gap:1rem;align-items:center}
.tour[hidden]{display:none}
.tour div{flex:1 1 14rem;border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem}
.tour p{margin:.2rem 0 0}
.st-key-frame_switch button{min-height:1.9rem;padding:.1rem .7rem}
.st-key-frame_places,[data-testid=stLayoutWrapper]:has(>.st-key-frame_siblings){display:none!important}
[data-testid=stLayoutWrapper]:has(>.st-key-frame_switch),[data-testid=stLayoutWrapper]:has(>.st-key-frame_places),
.stElementContainer:has(>.stHtml>script:first-child){position:absolute}
@media (max-width:900px){  /* The mark without its name: all places fit beside it. */
 [data-testid=stHeader] [data-testid=stHeaderLogo]{width:1.8rem;object-fit:cover;object-position:left}
}
@media (max-width:767px){
 .stMainBlockContainer{padding-top:4.4rem;padding-bottom:6rem}
 .st-key-frame_places{display:flex!important;position:fixed;left:0;right:0;bottom:0;z-index:999980;
  background:light-dark(#fff,#191917);border-top:1px solid var(--line);
  padding:.2rem .2rem calc(.2rem + env(safe-area-inset-bottom));width:100%!important;flex-wrap:nowrap}
 .stMainBlockContainer{padding-left:1rem;padding-right:1rem}
 .st-key-frame_switch{right:3.2rem}
 [data-testid=stExpandSidebarButton]{display:none}
 .st-key-page_head{gap:.3rem!important}
 .age{display:block;max-width:8.5rem;line-height:1.25}
 .age p{position:fixed;left:1rem;right:1rem;top:auto;width:auto;max-width:none}
 [data-testid=stSidebarNav]{display:none}
 .st-key-frame_places>*{flex:1 1 0;min-width:0!important}
 .st-key-frame_places a{flex-direction:column;gap:0;padding:.2rem 0;min-height:3rem;justify-content:center}
 .st-key-frame_places a p{font-size:.8125rem}
 [data-testid=stLayoutWrapper]:has(>.st-key-frame_siblings){display:block!important}
 .st-key-frame_siblings{flex-wrap:nowrap}
 .st-key-frame_siblings a{padding:.1rem .5rem;border:1px solid var(--line);border-radius:99px}
 .st-key-frame_siblings a p{font-size:.875rem}
}
@media (prefers-reduced-motion:reduce){
 *,::before,::after{animation-duration:.01ms!important;animation-iteration-count:1!important;
  transition-duration:.01ms!important;scroll-behavior:auto!important}
}
@media (forced-colors:active){
 .js-plotly-plot{forced-color-adjust:none}
 button[role=radio][aria-checked=true]{forced-color-adjust:none;background:Highlight!important;color:HighlightText!important}
}
@media print{
 html.breakeven-dark,html.breakeven-dark .js-plotly-plot :is(.heatmaplayer,.contourlayer,.cbfills){
  filter:invert(1) hue-rotate(180deg)}  /* Twice is not at all: the map keeps its colours. */
 html.breakeven-dark :is(.stApp,.stMain,[data-testid=stAppViewContainer]){background:#000!important}
 [data-testid=stHeader],[data-testid=stSidebar],.st-key-frame_switch,.st-key-frame_places,
 .st-key-frame_siblings,.tour,.breakeven-copy,[data-testid=stDownloadButton],
 .st-key-page_link{display:none!important}
 .stApp,.stMain,[data-testid=stAppViewContainer],[data-testid=stAppScrollToBottomContainer]{position:static!important;
  overflow:visible!important;height:auto!important}
 .stMainBlockContainer{padding:0!important}
 [class*="st-key-card_"],.js-plotly-plot,[data-testid=stDataFrame]{break-inside:avoid}
 [class*="st-key-bar_"] [data-testid=stPopover] button{background:none}
}
""" + "".join(
    f'[class*="st-key-card_"][class*="_{winner}"]{{border-left:6px solid {colour}}}\n'
    for winner, colour in EDGES.items()
)

_CARDS = (
    ("Change any underlined word", "The answer follows, and the address with it: Back undoes it."),
    ("Orange or blue", "Orange: an API is cheaper. Blue: your own GPUs are. The card says where that turns."),
    (
        "Ask for more",
        "Why, bills by load, sources: open the boxes. Words of the field: expert, on top.",
    ),
)
TOUR = (
    '<section class="tour" aria-label="How to read this page" hidden>'
    + "".join(f"<div><strong>{title}</strong><p>{text}</p></div>" for title, text in _CARDS)
    + """<button class="breakeven-button" type="button">Got it</button></section>
<script>
document.querySelectorAll("section.tour[hidden]").forEach((tour) => {
  if (localStorage.getItem("breakeven-tour")) return;
  tour.hidden = false;
  tour.querySelector("button").addEventListener("click", () => {
    localStorage.setItem("breakeven-tour", "seen");
    tour.hidden = true;
  });
});
</script>
"""
)
"""Three cards for whoever comes for the first time; the browser remembers that they were read."""

HISTORY = """
<script>
if (!window.breakevenHistory) {
  window.breakevenHistory = true;
  const push = window.history.pushState.bind(window.history);
  // A page that has just been opened writes its question into the address: the same step, not another one.
  window.history.pushState = (state, title, to) => {
    const next = new URL(to, window.location.href), here = window.location;
    const same = next.pathname === here.pathname && !here.search && next.search;
    return same ? window.history.replaceState(state, title, to) : push(state, title, to);
  };
}
</script>
"""
"""One press of Back for one step of the visitor."""

COPY = """
<script>
if (!window.breakevenCopy) {
  window.breakevenCopy = true;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".breakeven-copy");
    if (!button) return;
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
}
</script>
"""
"""What a press of a button that copies a link does; sent once, the buttons carry their links."""


TOUCH = """
<script>
if (!window.breakevenTouch) {
  window.breakevenTouch = true;
  // A finger that begins on a chart scrolls the page; a tap still tells what is there, as a mouse does.
  document.addEventListener("touchstart", (event) => {
    if (event.target.closest(".js-plotly-plot")) event.stopImmediatePropagation();
  }, {capture: true, passive: true});
}
</script>
"""
"""A chart takes every touch for a zoom; sent once."""

PRINT = """
<script>
if (!window.breakevenPrint) {
  window.breakevenPrint = true;
  const PAPER = 700, WIDE = ".js-plotly-plot, [data-testid=stDataFrame]";
  window.addEventListener("beforeprint", () => {
    const ground = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
    const light = ground.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    document.documentElement.classList.toggle("breakeven-dark", light < 384);
    document.querySelectorAll(WIDE).forEach((one) => {
      one.style.zoom = Math.min(1, PAPER / Math.max(one.getBoundingClientRect().width, 1));
    });
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("breakeven-dark");
    document.querySelectorAll(WIDE).forEach((one) => { one.style.zoom = ""; });
  });
}
</script>
"""
"""On paper: dark pages are light, and what is drawn for a wide screen is made to fit. [pixels of A4]"""


def chips(texts: Sequence[str]) -> None:
    """Small facts beside a verdict."""
    if any(texts):
        st.html("".join(f'<span class="chip">{escape(text)}</span>' for text in texts if text))


def tour() -> None:
    """Three cards for a first visit, below the answer."""
    st.html(TOUR, unsafe_allow_javascript=True)


def copy_button(link: str, also: str = "") -> None:
    """Copy the link by one press, and say so; ``also`` is HTML of ours that stands beside it."""
    button = (
        f'<button class="breakeven-copy" type="button" aria-live="polite" data-link="{escape(link)}">'
        "Copy link</button>"
    )
    st.html(button + also, width="content")
