"""Markdown, cells and HTML of the app as the site has them."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from breakeven.dashboard.blocks import plain
from breakeven.static import markdown
from breakeven.static.cells import MOST_ROWS, cells_of
from breakeven.static.clean import cleaned


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a < b & c > d", "**x** [y](javascript:1)", "$1 and $2", "# no"],
)
def test_text_of_a_visitor_is_shown_as_it_is_and_is_never_markup(text: str) -> None:
    written = markdown.block(plain(text))
    assert written.count("<") == 2, written  # The paragraph's own.
    assert written.striptags().replace("\u2060", "") == text


def test_a_script_in_a_link_is_no_link() -> None:
    assert "href" not in markdown.block("[y](javascript:alert)")
    assert 'href="./deploy"' in markdown.block("[y](./deploy)")


def test_formulas_are_mathml_and_money_is_money() -> None:
    assert "<math" in markdown.block(r"with $H_\mathrm{kv}$ heads")
    assert "<math" not in markdown.block(plain("$1,440 a month against $3,340"))
    assert markdown.formula(r"W = \frac{\rho}{1 - \rho} s", alone=True).count("<mfrac>") == 1


def test_cells_are_written_as_the_grid_of_the_app_writes_them() -> None:
    frame = pd.DataFrame(
        {
            "Offer": ["a/b", None],
            "USD": [1440.0, 0.123456],
            "Context": [131072.0, np.nan],
            "Since": [date(2026, 8, 28), datetime(2026, 8, 28, 12, 30)],
            "Open": [True, False],
            "Hidden": [1, 2],
            "Address": ["https://example.org", None],
        }
    )
    config = (
        '{"Context": {"type_config": {"type": "number", "format": "localized"}}, "Hidden": {"hidden": true},'
        '"USD": {"label": "Bill"}, "Address": {"type_config": {"type": "link", "display_text": "open"}}}'
    )
    cells = cells_of(frame, config)
    assert cells.head == ("Offer", "Bill", "Context", "Since", "Open", "Address")
    assert cells.rows == (
        ("a/b", "1440", "131,072", "2026-08-28", "yes", "https://example.org"),
        ("–", "0.1235", "–", "2026-08-28 12:30:00", "no", "–"),
    )
    assert cells.numeric == (False, True, True, False, False, False)
    assert (cells.links[-1], cells.link_text[-1]) == (True, "open")


def test_a_table_too_long_for_a_page_is_kept_whole_and_no_spreadsheet_runs_it() -> None:
    frame = pd.DataFrame({"Model": ["=1+1", *["a"] * (MOST_ROWS - 1)], "Hidden": 1})
    assert cells_of(frame, "").whole == ""
    longer = cells_of(pd.concat([frame, frame[:1]]), '{"Hidden": {"hidden": true}}')
    assert longer.whole.splitlines()[:2] == ["Model", "'=1+1"]
    assert longer.whole.count("\n") == MOST_ROWS + 2


def test_html_of_the_app_loses_scripts_styles_and_what_needs_them() -> None:
    html = (
        "<style>.a{color:red}</style><script>run()</script><p style='x' onclick='y' class='a'>1 &lt; 2<br>"
        "<a href='./deploy?v=1&amp;gpu=x'>go</a></p><button class='breakeven-copy'>Copy <b>link</b></button>"
        "<span hidden data-names='z'>no</span><i>end</i>"
    )
    asked: list[str] = []
    written, styles = cleaned(html, lambda link: asked.append(link) or "../deploy/")  # type: ignore[func-returns-value]
    assert written == '<p class="a">1 &lt; 2<br><a href="../deploy/">go</a></p><i>end</i>'
    assert styles == ".a{color:red}"
    assert asked == ["./deploy?v=1&gpu=x"]
