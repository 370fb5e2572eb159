"""What first screens ask to be taken in: the count on a page whose numbers are known, and real pages."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.contact_sheet import PAGES, QUERY, window
from tests.e2e.first_screen import MOST_CONTROLS, MOST_NUMBERS, WINDOWS, first_screen, screen_of

PAGE = """
<header data-testid="stHeader" style="position:fixed;top:0;height:40px;width:100%;background:white">
  <a href="#a">Place 1</a><a href="#b">Place</a></header>
<main style="margin-top:60px">
  <p>The API is 2.0× cheaper: $1,440 a month against $2,910, on H100 since 2026-11-30.</p>
  <p style="display:none">3</p><p style="opacity:0">4</p><p style="visibility:hidden">5</p>
  <div class="st-key-bar_x">I send <button>4,000 in / 16 out</button></div>
  <svg width="200" height="60"><g class="xaxislayer-above"><text y="20">0.1</text></g>
    <text y="40">cheapest $12</text></svg>
  <div role="radiogroup"><button role="radio">plain</button><button role="radio">expert</button></div>
  <div data-testid="stNumberInputContainer"><input aria-label="Prompt" value="77">
    <button>-</button><button>+</button></div>
  <details><summary>More</summary><p>6 <button>hidden</button></p></details>
  <canvas width="300" height="70"><table role="grid">
    <tr aria-rowindex="1"><th>USD</th></tr><tr aria-rowindex="2"><td>8.5</td><td>H100</td></tr>
    <tr aria-rowindex="3"><td>9</td></tr></table></canvas>
  <div style="height:3000px"></div><p>7 is below</p><button>below</button>
</main>
"""


def test_numbers_and_controls_of_a_known_page_are_counted(browser: Browser) -> None:
    page = window(browser, 1280, "light")
    page.set_content(PAGE)
    screen = first_screen(page)
    assert len(screen.numbers) == 6, screen  # 1 in the header, 2.0, 1,440, 2,910, the day, 12
    assert [text[text.index("[") :] for text in screen.ticks] == ["[0.1]"]
    assert screen.cells == ("[8.5] of 8.5",)  # the row of 9 is below what is painted
    assert len(screen.own) == 3, screen  # 4,000, 16, and 77 in a field
    assert len(screen.controls) == 4, screen  # the word, the choice, the field, the box
    assert screen.frame == ("Place 1", "Place")
    page.evaluate("() => scrollTo(0, 100000)")
    scrolled = first_screen(page)
    assert len(scrolled.numbers) == 2, scrolled  # the header's, and the one below
    assert scrolled.controls == ("below",)
    page.context.close()


LINKS = {
    "default": "",
    "hosting-pays-at-some-loads": "&requests=40&prompt_a=300&completion_a=200",
    "an-api-by-name": "&api=openai/gpt-4o",
    "a-job": "&requests=4000000&per=once&ttft=none&tpot=none",
}


@pytest.mark.parametrize(("width", "height"), WINDOWS)
@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_compare_shows_few_numbers_and_few_controls(
    browser: Browser, address: str, width: int, height: int, link: str
) -> None:
    screen = screen_of(browser, f"{address}/?v=2026-11&as_of=2026-11-30{link}", width, height)
    assert len(screen.numbers) <= MOST_NUMBERS, str(screen)
    assert len(screen.controls) <= MOST_CONTROLS, str(screen)


@pytest.mark.parametrize("name", PAGES[1:])
def test_first_screen_can_be_taken_in_at_a_glance(browser: Browser, address: str, name: str) -> None:
    for width, height in WINDOWS:
        screen = screen_of(browser, f"{address}/{name}{QUERY}", width, height)
        assert screen.numbers, width  # A page that says nothing would hold every bound.
        assert len(screen.numbers) <= MOST_NUMBERS, f"{width}: {screen}"
        assert len(screen.controls) <= MOST_CONTROLS, f"{width}: {screen}"
