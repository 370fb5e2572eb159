"""What visitors of other dashboards have reported in public, tried here; each test names its report."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ask_longer_prompt, settle
from tests.e2e.contact_sheet import PAGES, QUERY

Visit = Callable[..., Page]
MAIN = "document.querySelector('[data-testid=\"stMain\"]')"
PAPER = 702
"""Width of what is printed on A4. [pixels]"""


@pytest.fixture
def phone(browser: Browser) -> Page:
    """A telephone that is touched."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def drawn(page: Page, address: str) -> Page:
    page.goto(address)
    settle(page).locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(1000)
    return page


def test_finger_on_a_chart_scrolls_the_page(phone: Page, address: str) -> None:
    """plotly/plotly.js#6902: the chart takes the gesture, and zooms."""
    page = drawn(phone, f"{address}/{QUERY}")
    chart = page.locator(".js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    axis = "document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range.join()"
    before, shown = page.evaluate(f"{MAIN}.scrollTop"), page.evaluate(axis)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)
    for moved in range(0, 160, 10):
        kind, at = ("touchMove" if moved else "touchStart"), {"x": x, "y": y - moved}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        page.wait_for_timeout(16)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(500)
    assert page.evaluate(f"{MAIN}.scrollTop") > before + 100
    assert page.evaluate(axis) == shown
    page.touchscreen.tap(x, y - 150)  # What a dot is, is told all the same.
    expect(chart.locator(".hovertext").first).to_be_visible()


_COVERED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return '';
  if (one.closest('.st-key-frame_places, .st-key-frame_switch, [data-testid=stHeader]')) return '';
  const box = one.getBoundingClientRect();
  if (box.width < 2 || box.height < 2) return '';
  const hidden = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2].every(y => {
    if (y < 0 || y > innerHeight) return true;
    const over = document.elementFromPoint(box.left + box.width / 2, y);
    return over?.closest('.st-key-frame_places, [data-testid=stHeader]') && !one.contains(over);
  });
  return hidden ? one.outerHTML.slice(0, 80) : '';
}"""


@pytest.mark.parametrize("name", ["", "deploy"])
def test_what_has_the_focus_is_not_under_the_bar(phone: Page, address: str, name: str) -> None:
    """dequelabs/cauldron#1398: a bar that stands still covers what the keyboard has reached."""
    page = drawn(phone, f"{address}/{name}{QUERY}")
    covered = []
    for _ in range(40):
        page.keyboard.press("Tab")
        page.wait_for_timeout(30)
        covered.append(page.evaluate(_COVERED))
    assert not [one for one in covered if one]


_FAINT = r"""() => {
  const parts = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = colour => {
    const [r, g, b] = colour.map(c => c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = light(parts(getComputedStyle(document.querySelector('.stApp')).backgroundColor));
  const inside = '.barlayer, [data-index]:has(rect.bg[style*="fill-opacity: 1"])';
  return [...document.querySelectorAll('.js-plotly-plot svg text')].filter(text => {
    if (!text.textContent.trim() || text.closest(inside) || /^[AB]$/.test(text.textContent)) return false;
    const own = light(parts(getComputedStyle(text).fill));
    return Math.max(own, ground) / Math.min(own, ground) < 4.5;
  }).map(text => text.textContent);
}"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["", "train", "workload", "method"])
def test_words_in_charts_can_be_read(visit: Visit, name: str, dark: bool) -> None:
    """lightdash/lightdash#27880: labels of charts are grey on grey; no tool looks into charts."""
    page = visit(f"{name}{QUERY}", dark=dark)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(1000)
    assert page.evaluate(_FAINT) == []


@pytest.mark.parametrize("name", ["", "workload"])
def test_dark_page_is_light_on_paper_and_fits_it(visit: Visit, name: str) -> None:
    """twbs/bootstrap#39084 and streamlit/streamlit#10852: paper is dark, and wide charts are cut off."""
    page = visit(f"{name}{QUERY}", dark=True)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(1000)
    widths = page.evaluate("""() => {
      dispatchEvent(new Event('beforeprint'));  // The next that the browser does is to print.
      return [...document.querySelectorAll('.js-plotly-plot .main-svg, [data-testid=stDataFrame] canvas')]
        .map(one => one.getBoundingClientRect().width);
    }""")
    assert 0 < max(widths) <= PAPER
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(500)
    paper = Image.open(BytesIO(page.screenshot())).convert("L")
    assert ImageStat.Stat(paper).median[0] > 240
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    seen = Image.open(BytesIO(page.screenshot())).convert("L")
    assert ImageStat.Stat(seen).median[0] < 60


def test_all_of_a_long_page_is_printed(visit: Visit) -> None:
    """streamlit/streamlit#297: only the first page comes out."""
    page = visit(f"numbers{QUERY}", stranger=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) >= 3


def test_every_tab_of_the_browser_says_which_page_it_has(visit: Visit) -> None:
    """streamlit/streamlit#10220: several tabs of one dashboard have one title."""
    page = visit(f"deploy{QUERY}", stranger=True)
    expect(page).to_have_title("Deploy · Breakeven")
    page.goto(page.url.replace("/deploy", "/prices"))
    settle(page)
    expect(page).to_have_title("Prices · Breakeven")


def test_nothing_moves_for_whoever_wants_it_still(visit: Visit) -> None:
    """chenglou/react-motion#631: the wish for reduced motion is not heard."""
    page = visit(f"workload{QUERY}", stranger=True)
    page.emulate_media(reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll('*')].filter(one => {
      const style = getComputedStyle(one);
      const longest = text => Math.max(...text.split(',').map(parseFloat));
      return longest(style.transitionDuration) > 0.02
        || (style.animationName !== 'none' && longest(style.animationDuration) > 0.02);
    }).length"""
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize("name", PAGES)
def test_page_four_times_as_large_needs_no_scrolling_sideways(visit: Visit, name: str) -> None:
    """w3c/wcag#3183: a window of 1280 pixels at 400 % has 320; and every control has a name.

    The second is cdsap/build-process-watcher#64.
    """
    page = visit(f"{name}{QUERY}", width=320)
    assert page.evaluate(f"{MAIN}.scrollWidth") <= 320
    nameless = """() => [...document.querySelectorAll('a, button, [role=button], input, select, textarea')]
      .filter(one => one.checkVisibility() && !(one.innerText || one.ariaLabel || one.title || '').trim()
        && !one.getAttribute('aria-labelledby') && !one.labels?.length).map(one => one.outerHTML)"""
    assert page.evaluate(nameless) == []
    unsaid = "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].filter(one => !one.ariaLabel)"
    assert page.evaluate(f"{unsaid}.length") == 0


def test_name_without_a_space_does_not_widen_the_phone_s_page(visit: Visit) -> None:
    """OpenModelDB/open-model-database#139: a long name of one word runs out of its card."""
    name = "m" * 60
    typed = f"deploy_gpu=yes&deploy_gpu_name={name}&deploy_gpu_usd=0.01&deploy_gpu_memory=300"
    page = visit(f"deploy{QUERY}&{typed}&deploy_gpu_bandwidth=9000", width=390, stranger=True)
    assert name in page.inner_text("body").replace("\u2060", "")
    assert page.evaluate(f"{MAIN}.scrollWidth") <= 390


def test_forward_is_the_step_that_back_undid(visit: Visit) -> None:
    """streamlit/streamlit#13963: the address changes, and what is shown does not."""
    page = visit(stranger=True)
    line = ask_longer_prompt(page)
    page.go_back()
    expect(line).to_contain_text("4,000 in / 16 out", timeout=20_000)
    page.go_forward()
    expect(line).to_contain_text("1,234 in / 16 out", timeout=20_000)
