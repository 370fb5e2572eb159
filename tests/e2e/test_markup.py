"""No string of a visitor's is Markdown or HTML: names of files, models, columns and GPUs, fields of links."""

import csv
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import settle

Visit = Callable[..., Page]
BAD = "**zqb** <b>zqb</b><img src=zqi> $zqm$ :red[zqr] [zql](http://zq.example) www.zq.example `zqc`"
DAY = {"v": "1", "as_of": "2026-11-21"}
TAG = '<a href="http://zq.example">zqb</a>'
LINKS = {
    "deploy": {"deploy_gpu": "yes", "deploy_gpu_name": "<b>zqb</b>**zqb**", "deploy_gpu_usd": "0.01"}
    | {"deploy_gpu_memory": "300", "deploy_gpu_bandwidth": "9000", "model": BAD},
    "train": {"model": BAD, "train_goal": BAD},
    "workload": {"w": BAD, "columns": BAD, "names": f"{BAD}=openai/gpt-4o;y={BAD}", "bill_floor": BAD},
    "articles": {"claim": BAD, "articles_document": BAD},
    "numbers": {"numbers_rule": BAD, "numbers_find": BAD},
    "prices": {
        "prices_tab": "Tables and SQL",
        "prices_sql": f"SELECT '{TAG}' AS a, 1 AS \"<b>zqb</b>\" UNION ALL SELECT 'b', 2",
    },
    "evidence": {"evidence_engine": BAD, "engine": BAD},
    "method": {"method_find": BAD, "claim": BAD},
}
_MADE = r"""() => [
  ...[...document.querySelectorAll('img')].filter(e => (e.getAttribute('src') || '').includes('zq')),
  ...[...document.querySelectorAll('a')]
    .filter(e => [...e.attributes].some(a => /zq\.example/.test(a.value))),
  ...[...document.querySelectorAll('strong, em, b, i, code, span[style*=color]')]
    .filter(e => !e.closest('pre') && /^zq.$/.test(e.textContent.trim())),
  ...[...document.querySelectorAll('.katex')].filter(e => e.textContent.includes('zq')),
  ...[...document.querySelectorAll('svg tspan')]
    .filter(e => /zqb/.test(e.textContent) && /bold/.test(e.getAttribute('style') || '')),
].map(e => e.outerHTML.slice(0, 200))"""
"""Elements that Streamlit, the browser or Plotly made of somebody's text."""
_DRAWN = r"""() => [...document.querySelectorAll('.js-plotly-plot')]
  .filter(e => /<(b|a|img)[ >][^<]*zq/.test(JSON.stringify([e.data, e.layout]))).length"""
"""Charts that would make one when they are pointed at."""


def assert_nothing_is_made_of_it(page: Page) -> None:
    page.wait_for_timeout(500)
    assert "zq" in page.evaluate("() => document.body.innerText")
    assert page.evaluate(_MADE) == []
    assert page.evaluate(_DRAWN) == 0


@pytest.mark.parametrize("name", sorted(LINKS))
def test_fields_of_a_link_are_text(visit: Visit, name: str) -> None:
    page = visit(f"{name}?{urlencode(DAY | LINKS[name] | {'colour': BAD})}", stranger=True)
    if name == "prices":
        page.locator(".js-plotly-plot").wait_for()
    assert_nothing_is_made_of_it(page)


def test_names_of_a_file_its_columns_models_and_people_are_text(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / f"{BAD.replace('/', '_')}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "model", "prompt_tokens", "completion_tokens", "user", BAD])
        for day in range(1, 29):
            model = BAD if day % 2 else "gpt-4o"
            rows.writerow([f"2026-10-{day:02d}T10:00:00Z", model, 1000 + day, 100, BAD, "x"])
        rows.writerow(["2026-10-02T10:00:00Z", "gpt-4o", BAD, 3, BAD, "x"])
    page = visit(f"workload?{urlencode(DAY)}", stranger=True)
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(path))
    page.get_by_text("1 row could not be read").wait_for(timeout=90_000)
    settle(page)
    closed = page.locator('[data-testid="stMain"] details:not([open]) > summary')
    for _ in range(4):  # Each that is opened leaves the list of those that are closed.
        closed.first.click()
        settle(page)
    assert_nothing_is_made_of_it(page)
