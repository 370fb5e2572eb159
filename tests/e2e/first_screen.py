"""What a page asks its visitor to take in before the first scroll: numbers and controls, by name.

``first_screen(page)`` looks at what an open page shows within its window at that moment, without
scrolling. A test holds ``len(screen.numbers)`` and ``len(screen.controls)`` against a bound and prints
the screen where it breaks. ``uv run python -m tests.e2e.first_screen`` prints every page at both widths.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache

from playwright.sync_api import Browser, Page, sync_playwright

from breakeven.tables import queries
from breakeven.tables.build import open_memory
from breakeven.words.names import gpu_name
from tests.e2e.conftest import FLAGS, installed, serving, settle
from tests.e2e.contact_sheet import PAGES, QUERY, window

MOST_NUMBERS, MOST_CONTROLS = 12, 10
"""What a first screen may hold."""
WINDOWS = ((1280, 800), (390, 844))
"""Width and height of a desk's and of a telephone's window. [pixels]"""
_LOOK = r"""
(names) => {
  // What is called by a name with digits, Llama 3.3 70B, keeps its length and loses its digits.
  const blank = name => name.replace(/\d/g, 'x');
  const nameless = text => names.reduce((left, name) => left.replaceAll(name, blank(name)), text);
  const found = {numbers: [], own: [], ticks: [], cells: [], controls: [], frame: []};
  const FRAME = '[data-testid="stHeader"], [class*="st-key-frame_"], .stAppToolbar';
  const OWN = '[class*="st-key-bar_"], [data-testid="stSlider"], [role="slider"], input, textarea, select';
  const TICKS = '[class^="xaxislayer"], [class^="yaxislayer"], .cbaxis, .colorbar';
  const ROOM = {right: innerWidth, bottom: innerHeight};
  const seen = (element, box) => {
    if (!box || box.width < 1 || box.height < 1) return false;
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    if (x < 0 || y < 0 || x >= ROOM.right || y >= ROOM.bottom) return false;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
    // What a bar that stands still over the page hides is not seen; a chart's own glass hides nothing.
    const over = document.elementFromPoint(x, y)?.closest(FRAME);
    return !over || over.contains(element);
  };
  // A number stands alone: the 100 of H100 and the 4 of GPT-4 are part of a name, a day and a price are
  // one number each.
  const NUMBER = /(?<![\p{L}\d_]|\p{L}[\-\u2011])\d+(?:[.,:\-\u2011]\d+)*/gu;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement;
    if (!parent || parent.closest('style, script, noscript, title, canvas')) continue;
    for (const match of nameless(node.data.replaceAll('\u00a0', ' ')).matchAll(NUMBER)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const box = range.getBoundingClientRect();
      if (!seen(parent, box.width ? box : parent.getBoundingClientRect())) continue;
      const kind = parent.closest(TICKS) ? 'ticks' : parent.closest(OWN) ? 'own' : 'numbers';
      const before = node.data.slice(Math.max(0, match.index - 12), match.index);
      const after = node.data.slice(match.index + match[0].length).slice(0, 16);
      found[kind].push(`${before}[${match[0]}]${after}`.replace(/\s+/g, ' '));
    }
  }
  for (const field of document.querySelectorAll('input, textarea')) {
    if (/\d/.test(field.value) && field.type !== 'range' && seen(field, field.getBoundingClientRect())) {
      found.own.push(`${field.getAttribute('aria-label') ?? ''} [${field.value}]`);
    }
  }
  // A grid is painted; what it shows stands in a table within its canvas, for who does not see it.
  for (const canvas of document.querySelectorAll('canvas:has(table)')) {
    const box = canvas.getBoundingClientRect(), top = canvas.querySelector('tr');
    const ROW = 35, first = Number(top?.getAttribute('aria-rowindex') ?? 1);
    for (const row of canvas.querySelectorAll('tr')) {
      const y = box.top + (Number(row.getAttribute('aria-rowindex')) - first) * ROW;
      const place = {left: box.left, right: box.left + 2, top: y, bottom: y + ROW, width: 2, height: ROW};
      if (y + ROW > box.bottom + 1 || !seen(canvas, place)) continue;
      for (const cell of row.querySelectorAll('td')) {
        for (const match of nameless(cell.textContent).matchAll(NUMBER)) {
          found.cells.push(`[${match[0]}] of ${cell.textContent.trim().slice(0, 30)}`);
        }
      }
    }
  }
  const ROLES = ['button', 'radiogroup', 'slider', 'combobox', 'tab', 'switch'];
  const CONTROL = 'button, a[href], input:not([type="hidden"]), select, textarea, summary, '
    + '[contenteditable="true"], ' + ROLES.map(role => `[role="${role}"]`).join();
  const FIELDS = ['stNumberInputContainer', 'stSlider', 'stSelectbox'];
  const FIELD = FIELDS.map(id => `[data-testid="${id}"]`).join();
  for (const control of document.querySelectorAll(CONTROL)) {
    // One choice among several is one control, and so is a field with the buttons inside it.
    if (control.parentElement?.closest(CONTROL)) continue;
    const whole = control.closest(FIELD);
    if (whole?.dataset.taken) continue;
    if (!seen(control, (whole ?? control).getBoundingClientRect())) continue;
    if (whole) whole.dataset.taken = 'yes';
    const name = control.getAttribute('aria-label') || control.innerText || control.title || control.tagName;
    found[control.closest(FRAME) ? 'frame' : 'controls'].push(name.trim().replace(/\s+/g, ' ').slice(0, 60));
  }
  document.querySelectorAll('[data-taken]').forEach(one => delete one.dataset.taken);
  return found;
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """What is seen without scrolling; each number with the words about it, each control by its name."""

    numbers: tuple[str, ...]
    own: tuple[str, ...]
    """Numbers that the visitor gave: the words of the question's sentence, fields, sliders."""
    ticks: tuple[str, ...]
    """Numbers of the axes of charts."""
    cells: tuple[str, ...]
    """Numbers of tables, which are looked up and not taken in."""
    controls: tuple[str, ...]
    frame: tuple[str, ...]
    """Controls that stand around every page: the places, the switch of words."""

    def __str__(self) -> str:
        """Every group with its count, one thing a line."""
        groups = {name: getattr(self, name) for name in self.__slots__}
        return "\n".join(
            "\n  ".join([f"{len(found)} {name}", *found]) for name, found in groups.items()
        ).replace("\u00a0", " ")


def first_screen(page: Page) -> FirstScreen:
    """Look at the window of an open page as it stands."""
    return FirstScreen(**{name: tuple(found) for name, found in page.evaluate(_LOOK, _names()).items()})


@cache
def _names() -> list[str]:
    """Names of models and GPUs, the longest first: digits in them are no numbers."""
    connection = open_memory()
    gpus = [gpu for one in queries.gpus(connection).values() for gpu in (one.name, gpu_name(one))]
    return sorted({*gpus, *(one.name for one in queries.models(connection).values())}, key=len, reverse=True)


def screen_of(browser: Browser, address: str, width: int, height: int) -> FirstScreen:
    """Open an address as a stranger whose window is so large; what is seen once all is drawn."""
    page = window(browser, width, "light")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    settle(page).wait_for_timeout(1000)  # What Plotly still draws.
    screen = first_screen(page)
    page.context.close()
    return screen


def main() -> None:
    """Print the first screen of every page at both widths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="append", choices=PAGES, help="only this page; may be repeated")
    options = parser.parse_args()
    with serving() as server, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=installed(), args=list(FLAGS))
        for name in options.page or PAGES:
            for width, height in WINDOWS:
                screen = screen_of(browser, f"{server.address}/{name}{QUERY}", width, height)
                print(f"== {name or 'compare'} at {width} x {height}\n{screen}\n")
        browser.close()


if __name__ == "__main__":
    main()
