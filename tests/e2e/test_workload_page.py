"""The page that prices a usage file, as a visitor uses it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.builders import SAMPLES
from tests.e2e.conftest import at_both_widths, headline, settle, text_of, width_of

Visit = Callable[..., Page]


def go_to(page: Page, place: str, title: str) -> None:
    """Choose a page from the menu of its place."""
    page.get_by_text(place, exact=True).first.click()
    page.get_by_role("menuitem", name=title).click()


def upload(page: Page, path: Path) -> None:
    """Give a file to the page and wait for what it makes of it."""
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(path))
    page.get_by_text(path.name).first.wait_for(timeout=30_000)
    page.wait_for_timeout(800)
    settle(page)


def test_page_shows_a_priced_sample_before_anything_is_uploaded(visit: Visit) -> None:
    page = visit("workload")
    assert headline(page).startswith("This usage costs $1,040 a month at list price ($1,060 in the file)")
    assert "models at least as good" in headline(page)
    assert "2026-10-01 to 2026-10-31 · 124 rows read, none left out · 436,756 requests" in text_of(page)
    text = text_of(page)
    assert "What it would cost at every API" in text
    assert "What it would cost on rented GPUs" in text
    assert "Assumes fp8 weights" in text


def test_upload_is_recognised_and_priced(visit: Visit) -> None:
    page = visit("workload")
    with page.expect_response(lambda response: response.request.method == "PUT") as sent:
        upload(page, SAMPLES / "completions_usage_openai.csv")
    assert "/uploads/" in sent.value.url  # the route that streams to disk, not the one of Streamlit
    assert sent.value.status == 204
    assert headline(page).startswith("This usage costs $46.42 a month at list price ($21.36 in the file)")
    assert "OpenAI usage export (CSV)" in text_of(page)
    assert "Batch sizes and latency of single requests" in text_of(page)


def test_upload_of_one_visitor_is_not_seen_by_another(visit: Visit, tmp_path: Path) -> None:
    mine = tmp_path / "mine-only.csv"
    mine.write_text("input_tokens,output_tokens,count\n1000,200,4000000\n", encoding="utf-8")
    one, other = visit("workload", stranger=True), visit("workload", stranger=True)
    upload(one, mine)
    assert "mine-only.csv" in text_of(one)
    assert "4,000,000 requests" in text_of(one)
    other.reload()
    settle(other)
    assert "mine-only" not in other.content()
    one.reload()  # a reload is a new session: the upload is gone, its digest is in the link
    settle(one)
    assert "mine-only.csv" not in text_of(one)


def test_digest_link_repeats_the_bill_without_the_file(visit: Visit, tmp_path: Path) -> None:
    # Shrott's project: 4,000,000 x (1,000 + 200) tokens.
    file = tmp_path / "project.csv"
    file.write_text("input_tokens,output_tokens,count\n1000,200,4000000\n", encoding="utf-8")
    page = visit("workload")
    upload(page, file)
    page.wait_for_function("() => new URLSearchParams(location.search).has('w')")
    bill = headline(page)
    link = urlsplit(page.url)
    assert len(parse_qs(link.query)["w"][0]) <= 2000
    again = visit(f"workload?{link.query}", stranger=True)
    assert headline(again) == bill
    assert "shared digest" in text_of(again)


@pytest.mark.parametrize("digest", ["1forged", "AAAA", "1eNpjlGMA"])
def test_forged_digest_is_refused_with_a_sentence(visit: Visit, digest: str) -> None:
    page = visit(f"workload?w={digest}")
    alerts = page.locator('[data-testid="stAlert"]').all_inner_texts()
    assert len([alert for alert in alerts if "digest" in alert.lower() or "link" in alert.lower()]) == 1


def test_file_that_is_none_gets_a_sentence_and_no_traceback(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n")
    page = visit("workload")
    upload(page, file)
    alerts = page.locator('[data-testid="stAlert"]').all_inner_texts()
    assert any("PDF" in alert for alert in alerts), alerts


def test_bad_rows_are_listed_and_the_others_priced(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(
        "model,input_tokens,output_tokens\ngpt-4o,1000,100\ngpt-4o,many,100\n"
        "<b>evil</b>,1000,100\ngpt-4o,2000,200\n",
        encoding="utf-8",
    )
    page = visit("workload")
    upload(page, file)
    text = text_of(page)
    assert "1 row could not be read" in text
    assert "'<b>evil</b>': 1 request, unpriced" in text
    page.get_by_text("Rows and cells that could not be read").click()
    # 3,000 prompt tokens at $2.50 and 300 completion tokens at $10 per 1M: $0.0105.
    assert "This usage costs $0.0105 at list price" in headline(page)


def test_answer_stands_on_the_first_screen(visit: Visit) -> None:
    for width, height in ((1280, 800), (390, 844)):
        page = visit("workload", width=width)
        box = page.locator('[data-testid="stMain"] h2').first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < height


HOSTILE = "<img src=x onerror=1> **x** [a](b) $1$ :red[x] `x`"


def test_no_text_of_a_file_is_markdown_or_html(visit: Visit, tmp_path: Path) -> None:
    """Name of the file, models, tenants, columns: what was written is read, and nothing else appears."""
    file = tmp_path / f"{HOSTILE}.csv"
    file.write_text(
        f'model,user,input_tokens,output_tokens,"{HOSTILE}"\n"{HOSTILE}","{HOSTILE}",1000,100,1\n'
        f'gpt-4o,"{HOSTILE}",1000,100,"{HOSTILE}"\n',
        encoding="utf-8",
    )
    page = visit("workload", stranger=True)
    upload(page, file)
    page.get_by_text("First rows, and how the columns were read").first.click()
    settle(page)
    text = text_of(page)
    assert f"{HOSTILE}.csv: " in text
    assert f"'{HOSTILE}': 1 request, unpriced" in text
    main = page.locator('[data-testid="stMain"]')
    for made in ('img[src="x"]', 'a[href="b"]', ".katex", 'span[style*="red"]'):
        assert main.locator(made).count() == 0, made
    for made in ("strong", "code", "em"):
        assert "x" not in main.locator(made).all_inner_texts(), made


def test_upload_survives_a_visit_to_another_page(visit: Visit) -> None:
    page = visit("workload")
    upload(page, SAMPLES / "cursor_usage.csv")
    before = headline(page)
    go_to(page, "Decide", "Compare")
    page.get_by_text("PROMPT-HEAVY").wait_for()
    settle(page)
    go_to(page, "My bill", "Price my workload")
    page.get_by_text("What it would cost at every API").wait_for()
    settle(page)
    assert headline(page) == before


def test_workload_page_fits_the_screen(visit: Visit) -> None:
    page = visit("workload")
    assert all(width_of(page) <= width for width in at_both_widths(page))


def test_column_read_wrongly_is_corrected_by_its_menu_and_enters_the_link(
    visit: Visit, tmp_path: Path
) -> None:
    sheet = tmp_path / "month.csv"
    sheet.write_text(
        "Report of Acme\n\nmodel,input tokens,output tokens,billed output tokens\ngpt-4o,1000000,0,100000\n",
        encoding="utf-8",
    )
    page = visit("workload", stranger=True)
    upload(page, sheet)
    assert headline(page).startswith("This usage costs $2.50 at list price")  # 1M x $2.50
    page.get_by_text("how the columns were read").first.click()
    settle(page)
    page.get_by_label("Completion tokens", exact=True).click()
    page.get_by_role("option", name="billed output tokens").click()
    page.wait_for_timeout(800)
    settle(page)
    assert headline(page).startswith("This usage costs $3.50 at list price")  # and 0.1M x $10
    assert "billed output tokens" in parse_qs(urlsplit(page.url).query)["columns"][0]
