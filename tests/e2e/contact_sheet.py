"""All pages x widths x themes as pictures, to be looked at after a change of how the dashboard looks.

``uv run python -m tests.e2e.contact_sheet FOLDER`` writes one picture a page, width and theme, and for each
width and theme a sheet with all pages side by side; ``--whole`` takes pages down to their end instead of the
first screen, ``--readme`` writes the pictures of the README.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from breakeven.question.link import encode
from breakeven.question.scenario import Scenario
from tests.builders import ROOT
from tests.e2e.conftest import DRAWN, FLAGS, installed, serving, settle

PAGES = ("", "deploy", "train", "workload", "articles", "numbers", "prices", "evidence", "method")
"""Addresses of the pages, in the order of the menu."""
SIZES = {1280: 800, 768: 1024, 390: 844}
"""Heights of the windows by their widths. [pixels]"""
README = {"compare": "", "deploy": "deploy", "my-bill": "workload"}
"""Pictures of the README by the page that they show."""
QUERY = "?" + encode(Scenario(as_of=date(2026, 11, 30)))
"""The link that every picture opens, so that sheets of two days can be held side by side."""
MOST_BYTES = 150_000
"""Largest picture of the README. [B]"""
_HEIGHT = "() => document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
"""What scrolls is the middle of the page, not the page."""
_TILE = 480
"""Width of a page on a sheet of desktop pictures. [pixels]"""


def pictures(
    browser: Browser,
    address: str,
    pages: Sequence[str],
    widths: Sequence[int],
    folder: Path,
    *,
    whole: bool = False,
) -> Iterator[Path]:
    """Show every page at every width in both themes; gives the sheets as they are written."""
    for width in widths:
        for scheme in ("light", "dark"):
            page = window(browser, width, scheme)
            shots = []
            for name in pages:
                path = folder / f"{name or 'compare'}_{width}_{scheme}.png"
                shots.append(shot(page, f"{address}/{name}{QUERY}", path, whole=whole))
            page.context.close()
            yield sheet(shots, folder / f"sheet_{width}_{scheme}.png")


def window(browser: Browser, width: int, scheme: str) -> Page:
    """Open an empty window of that width, of somebody who likes it light or dark."""
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    return context.new_page()


def shot(page: Page, address: str, path: Path, *, whole: bool = False) -> Path:
    """The first screen of one page, once it is drawn; or all of it, in a window that is as high."""
    page.goto(address)
    size = page.viewport_size
    settle(page).wait_for_function(DRAWN, timeout=60_000)
    if whole and size is not None:
        page.set_viewport_size({"width": size["width"], "height": page.evaluate(_HEIGHT)})
        settle(page).wait_for_function(DRAWN, timeout=60_000)
    page.wait_for_timeout(800)  # What moves to its place.
    page.screenshot(path=path)
    if whole and size is not None:
        page.set_viewport_size(size)
    return path


def sheet(shots: list[Path], path: Path) -> Path:
    """Put pictures side by side, three in a row; narrow ones all in one row."""
    images = [Image.open(one).convert("RGB") for one in shots]
    columns = 3 if images[0].width > _TILE else len(images)
    scale = min(1.0, _TILE / images[0].width)
    tiles = [one.resize((round(one.width * scale), round(one.height * scale))) for one in images]
    wide, high = tiles[0].width, max(one.height for one in tiles)
    whole = Image.new("RGB", (columns * (wide + 8), -(-len(tiles) // columns) * (high + 8)), "#888888")
    for number, tile in enumerate(tiles):
        whole.paste(tile, (number % columns * (wide + 8), number // columns * (high + 8)))
    whole.save(path)
    return path


def readme(browser: Browser, address: str, folder: Path) -> Iterator[Path]:
    """Write the pictures of the README, light, in few colours so that they stay small."""
    desk = window(browser, 1280, "light")
    for name, page in README.items():
        path = shot(desk, f"{address}/{page}{QUERY}", folder / f"{name}.png")
        for colours in (128, 64, 32):
            Image.open(path).convert("RGB").quantize(colours).save(path, optimize=True)
            if path.stat().st_size <= MOST_BYTES:
                break
        yield path


def main() -> None:
    """Write the pictures that are asked for and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "tests" / "e2e" / "screenshots")
    parser.add_argument("--page", action="append", choices=PAGES, help="only this page; may be repeated")
    parser.add_argument("--width", action="append", type=int, choices=SIZES, help="only this width")
    parser.add_argument("--address", help="a dashboard that runs already")
    parser.add_argument("--whole", action="store_true", help="down to the end of the page")
    parser.add_argument("--readme", action="store_true", help="the README's pictures")
    options = parser.parse_args()
    folder = ROOT / "pictures" if options.readme else options.folder
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=installed(), args=list(FLAGS))

        def write(address: str) -> None:
            pages = tuple(options.page or PAGES)
            widths = options.width or list(SIZES)
            made = (
                readme(browser, address, folder)
                if options.readme
                else pictures(browser, address, pages, widths, folder, whole=options.whole)
            )
            for path in made:
                print(path)

        if options.address:
            write(options.address)
        else:
            with serving() as server:
                write(server.address)


if __name__ == "__main__":
    main()
