"""The Compare page as a visitor uses it."""

import struct
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import settle, show_at, width_of

Visit = Callable[..., Page]

ARTICLE = (
    "?v=1&as_of=2023-07-20&model=llama-2-70b&api=openai/gpt-3.5-turbo&resellers=no&gpu=a100-80-sxm&gpus=2"
    "&gpu_price_type=on-demand&gpu_offer=coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
    "&precision=fp16&kv_precision=fp16&engine=auto&mode=static&prompt_a=512&completion_a=16&cached_a=0"
    "&prompt_b=512&completion_b=512&cached_b=0&requests=1e6&per=once&finish_hours=24&startup_minutes=0&batch=64&ttft=none&tpot=none"
    "&utilisation=1&usable=1&currency=USD&rate=1&overhead_percent=0&overhead_month=0"
)


def main_text(page: Page) -> str:
    """What the page says, the controls left out."""
    return page.locator('[data-testid="stMain"]').inner_text()


def numbers_of(page: Page) -> list[str]:
    """Verdicts and reasons once the last part is drawn, without the chart labels that a renderer may place
    differently.
    """
    found: list[str] = []
    for _ in range(20):
        texts = page.locator('[data-testid="stMain"] [data-testid="stMarkdownContainer"]').all_inner_texts()
        before, found = found, [text for text in texts if text.strip()]
        # The door at the foot of the page; what draws a slider is fetched when the first one is asked for.
        if found == before and {"Check a claim", "Load of the map and of both bills"} <= set(found):
            break
        page.wait_for_timeout(400)
    return found


def open_word(page: Page, label: str) -> None:
    """Open one word of the question's sentence."""
    page.locator(".st-key-bar_compare").get_by_role("button", name=label).click()
    page.locator('[data-testid="stPopoverBody"]').wait_for()
    settle(page)


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def wait_for_field(page: Page, field: str, value: str) -> None:
    page.wait_for_function(
        "([field, value]) => new URLSearchParams(location.search).get(field) === value",
        arg=[field, value],
        timeout=20_000,
    )
    settle(page)


def test_first_screen_answers_both_shapes_before_any_chart(visit: Visit) -> None:
    page = visit()
    verdicts = page.locator('[data-testid="stMain"] h2').all_inner_texts()[:2]
    assert len(verdicts) == 2
    assert all("cheaper" in text or "About as cheap" in text or "It hangs on" in text for text in verdicts)
    box = page.locator('[data-testid="stMain"] h2').nth(1).bounding_box()
    assert box is not None
    assert box["y"] < 300
    for chart in page.locator(".js-plotly-plot").all()[:2]:
        top = chart.bounding_box()
        assert top is not None
        assert top["y"] > box["y"]


def test_every_field_of_the_scenario_is_in_the_address(visit: Visit) -> None:
    query = query_of(visit())
    assert query["v"] == ["1"]
    assert {"as_of", "model", "gpu", "prompt_a", "completion_b", "tpot", "usable", "rate"} <= set(query)


def test_moving_a_slider_changes_the_link_and_the_link_repeats_the_numbers(visit: Visit) -> None:
    page = visit()
    before = numbers_of(page)
    open_word(page, "more")
    page.locator('[data-testid="stPopoverBody"]').get_by_text("GPUs", exact=True).click()
    slider = page.locator('input[type="range"][aria-label^="Busy share"]')
    slider.focus()
    slider.press("End")
    wait_for_field(page, "utilisation", "1")
    after = numbers_of(page)
    assert after != before
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share").click()
    link = page.locator('[data-testid="stPopoverBody"] code').first.inner_text()
    assert "utilisation=1" in link
    again = visit("?" + urlsplit(link).query)
    assert numbers_of(again) == after
    assert main_text(again).count("The link") == 0


def test_back_button_restores_the_scenario_before(visit: Visit) -> None:
    page = visit()
    first = numbers_of(page)
    open_word(page, "4,000 in / 16 out")
    field = page.get_by_label("Completion tokens", exact=True).first
    field.fill("700")
    field.press("Enter")
    wait_for_field(page, "completion_a", "700")
    assert numbers_of(page) != first
    page.go_back()
    wait_for_field(page, "completion_a", "16")
    # The page is drawn part by part: until the last one is there, some are those of before.
    for _ in range(20):
        page.wait_for_timeout(500)
        if numbers_of(settle(page)) == first:
            break
    assert numbers_of(page) == first


def test_one_press_copies_the_link_and_says_so(visit: Visit) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    # Short: the version whose usual values it leaves out, and the day of its prices.
    assert urlsplit(copied).query == f"v=2026-11&as_of={query_of(page)['as_of'][0]}"
    again = visit("?" + urlsplit(copied).query)
    assert numbers_of(again) == numbers_of(page)
    assert again.url == copied


def test_title_of_a_link_is_its_verdict(visit: Visit) -> None:
    page = visit("?v=1&as_of=2026-11-21&requests=0.1&prompt_a=300&completion_a=200")
    assert page.title().startswith("The API is 5")
    assert page.title().endswith("· Breakeven")


def test_broken_link_opens_with_one_sentence_for_each_fault(visit: Visit) -> None:
    page = visit("?v=1&model=llama-9&gpus=1.5&tpot=-3&as_of=yesterday&colour=red")
    warnings = page.locator('[data-testid="stAlert"]').all_inner_texts()
    for fault in ("llama-9", "gpus", "tpot", "yesterday", "colour", "leaves out"):
        assert sum(fault in warning for warning in warnings) == 1, (fault, warnings)
    assert any(words in main_text(page) for words in ("cheaper", "About as cheap", "It hangs on"))


def test_text_of_a_link_is_shown_as_text(visit: Visit) -> None:
    page = visit(
        "?v=1&model=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&x=**bold**%20%5Blink%5D(https://example.org)"
    )
    warnings = " ".join(page.locator('[data-testid="stAlert"]').all_inner_texts())
    assert "<img src=x onerror=alert(1)>" in warnings
    assert page.locator('[data-testid="stMain"] img[src="x"]').count() == 0
    assert page.locator('[data-testid="stAlert"] a').count() == 0
    assert page.locator('[data-testid="stAlert"] strong').count() == 0


def test_article_link_reaches_the_conclusion_of_2023(visit: Visit) -> None:
    page = visit(ARTICLE)
    page.get_by_text("Why", exact=True).click()
    text = main_text(settle(page))
    # Sanger: prompt tokens "over 3x" cheaper than at GPT-3.5; completions level near batch 64.
    assert "$1.50 at the API: 3.3× cheaper self-hosted" in text
    assert "$2.00 at the API: level" in text
    assert "never idle completion tokens are dearer self-hosted until a batch of about 64" in text


def test_two_visitors_do_not_share_a_scenario(visit: Visit) -> None:
    one, other = visit(stranger=True), visit("?v=1&prompt_a=1234", stranger=True)
    assert "4,000 in / 16 out" in main_text(one)
    assert "1,234 in / 16 out" in main_text(other)
    open_word(one, "4,000 in / 16 out")
    field = one.get_by_label("Prompt tokens", exact=True).first
    field.fill("2222")
    field.press("Enter")
    wait_for_field(one, "prompt_a", "2222")
    other.reload()
    settle(other)
    assert "1,234 in / 16 out" in main_text(other)


def test_preset_fills_in_the_tokens(visit: Visit) -> None:
    page = visit()
    open_word(page, "4,000 in / 16 out")
    page.get_by_label("Start from", exact=True).first.click()
    page.get_by_role("option", name="Summarisation").click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('prompt_a') !== '4000'")
    settle(page)
    assert query_of(page)["prompt_a"] != ["4000"]
    assert "PROMPT-HEAVY" in main_text(page)


@pytest.mark.parametrize("dark", [False, True])
def test_page_fits_the_screen(visit: Visit, dark: bool, tmp_path: Path) -> None:
    page = visit(width=390, dark=dark)
    fits(page, 390, tmp_path)
    show_at(page, 1280, dark=dark)
    fits(settle(page), 1280, tmp_path)


def fits(page: Page, width: int, tmp_path: Path) -> None:
    """Neither the page nor a chart reaches beyond the window, and it can be drawn."""
    assert width_of(page) <= width
    for chart in page.locator('[data-testid="stMain"] .js-plotly-plot').all():
        if chart.is_visible() and (box := chart.bounding_box()):
            assert box["x"] + box["width"] <= width
    picture = tmp_path / "page.png"
    page.screenshot(path=picture)
    head = picture.read_bytes()[:24]
    assert struct.unpack(">I", head[16:20])[0] == width


def test_table_downloads_as_csv(visit: Visit) -> None:
    page = visit()
    page.get_by_text("Shape A: all offers and deployments").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").first.click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Offer,USD a month,Not the default because")
    assert len(lines) > 5
