"""The brief says what the page says, in both forms, and nothing of a visitor's is markup."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from breakeven.comparison import words
from breakeven.comparison.answer import compare
from breakeven.comparison.brief import as_html, as_markdown, brief_of, fixed_usd, working
from breakeven.question.asked import with_own
from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.link import short
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Source
from breakeven.views.compare.program import answer_as_json, answer_as_text
from breakeven.words.names import PER_REQUESTS
from tests.builders import DEFAULT, TODAY, output_of

MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-v3")
LINK = "https://breakeven.example/?v=2026-11&as_of=2026-11-21"
AMOUNT = r"[^\d\s(]*(\d[\d,]*(?:\.\d+)?)"


@st.composite
def questions(draw):
    """Questions of all kinds: loads, months and jobs, caches, money, pools."""
    prompt = int(10 ** draw(st.floats(0, 5)))
    return Scenario(
        as_of=TODAY,
        model=draw(st.sampled_from(MODELS)),
        prompt_a=prompt,
        completion_a=int(10 ** draw(st.floats(0, 4))),
        cached_a=draw(st.integers(0, prompt - 1)),
        requests=10 ** draw(st.floats(-3, 7)),
        per=draw(st.sampled_from(("second", "month", "once"))),
        mode=draw(st.sampled_from(("continuous", "disaggregated", "static"))),
        currency=draw(st.sampled_from(("USD", "EUR", "INR"))),
        rate=draw(st.floats(0.5, 90)),
        overhead_percent=draw(st.sampled_from((0.0, 12.5, 80.0))),
        overhead_month=draw(st.sampled_from((0.0, 999.0))),
        finish_hours=draw(st.floats(1, 100)),
        utilisation=draw(st.floats(0.05, 1)),
        ttft=draw(st.sampled_from((None, 2.0))),
        tpot=draw(st.sampled_from((None, 0.05))),
    )


def value(text):
    return float(text.replace(",", ""))


def near(one, other, rel):
    return math.isclose(one, other, rel_tol=rel, abs_tol=1e-12)


@settings(deadline=None, max_examples=20)
@given(scenario=questions())
def test_every_number_is_the_pages(scenario, tables_on):
    tables = tables_on(TODAY)
    answer = compare(scenario, tables)
    brief = brief_of(answer, tables.sources, LINK)
    money, page = scenario.money, answer_as_text(answer, ())
    told = answer_as_json(answer, ())["shapes"]
    for shape, section, values in zip(answer.shapes, brief.sections[1:3], told, strict=True):
        assert section.strong == f"{values['verdict']}."
        assert all(line in page for line in section.lines)
        here, tokens = values["at_load"], values["prompt_tokens"] + values["completion_tokens"]
        if not section.table:
            assert here is None or values["api"] is None
            continue
        cells = {row[0]: row[1:] for row in section.table}
        own, api = here["self_hosted_usd"], here["api_usd"]
        hosted, at_api = cells[f"Bill {scenario.load.period}"]
        assert hosted.startswith(money.amount(own))
        assert at_api.startswith(money.amount(api))
        per_request = (own / here["requests"], values["api"]["usd_per_request"])
        for row, scale in ((f"Per {PER_REQUESTS:,} requests", 1000), ("Per 1M tokens", 1e6 / tokens)):
            assert cells[row] == tuple(money.amount(usd * scale) for usd in per_request)
        assert near(api / here["requests"], per_request[1], 1e-9)
        # The rent is the product that is written, with all digits.
        candidate = shape.host.candidate
        rent = here["replicas"] * candidate.n_gpus * candidate.price.usd_per_gpu_hour * here["hours"]
        rent *= 1 + scenario.overhead_percent / 100
        assert near(rent + fixed_usd(scenario), own, 1e-9)
    prices = " ".join(brief.sections[5].points)
    assert all(note in prices for note in words.price_notes(answer, scenario))


@settings(deadline=None, max_examples=20)
@given(scenario=questions())
def test_written_factors_multiply_to_the_written_bills(scenario, tables_on):
    answer = compare(scenario, tables_on(TODAY))
    for shape in answer.shapes:
        lines = working(shape, scenario)
        for line in lines:
            if line.endswith(" self-hosted."):
                left, _, right = line.rpartition(" = ")
                terms, _, fixed = left.partition(" + ")
                product = math.prod(value(one) for one in re.findall(rf"(?:^|× ){AMOUNT}", terms))
                product += value(re.match(AMOUNT, fixed)[1]) if fixed else 0
                assert near(product, value(re.match(AMOUNT, right)[1]), 0.02), line
            elif line.endswith(" at the API."):
                inside, _, rest = line.partition(") per 1M tokens")
                pairs = re.findall(rf"([\d,]+) (?:in|out|from the cache) × {AMOUNT}", inside)
                usd = sum(value(tokens) * value(price) for tokens, price in pairs) / 1e6
                fee = re.match(rf", \+ {AMOUNT} a request", rest)
                usd += value(fee[1]) if fee else 0
                each, count, total = re.search(
                    rf" = {AMOUNT} a request; × ([\d,.]+) requests = {AMOUNT} ", line
                ).groups()
                assert near(usd, value(each), 0.03), line
                assert near(value(each) * value(count), value(total), 0.02), line
            else:
                assert line.endswith("rounded up.")
        if shape.at_load is not None:
            assert f"{shape.at_load.replicas:,} replica" in lines[0]


def shown(markdown):
    """What Markdown shows, tables too."""
    return MarkdownIt("gfm-like", {"linkify": False}).render(markdown)


@settings(deadline=None, max_examples=8)
@given(scenario=questions())
def test_both_forms_say_the_same(scenario, tables_on):
    tables = tables_on(TODAY)
    brief = brief_of(compare(scenario, tables), tables.sources, LINK)

    def text(html):
        words_only = re.sub(r"<style>.*?</style>|<title>.*?</title>|<[^>]*>", "", html, flags=re.DOTALL)
        return re.sub(r"\s+", "", unescape(words_only)).replace("\u2060", "")

    assert text(shown(as_markdown(brief))) == text(as_html(brief)).removeprefix("Breakeven")


HOSTILE = "<img src=x onerror=alert(1)>**bold**[a](http://evil.example)`|$www.evil.example"


def test_nothing_of_a_visitors_becomes_markup(tables_on):
    own = Calibrated(
        on="h100~fp8~continuous~2",
        numbers="0.3~0.5~0.5~0.1~0~0~0~0~0~0.1~0.1~0~0~1~0~0~0~0",
        range="0.5~2~0.5~2~0.5~2",
        error="0.1~0.1",
        runs=f"9~{HOSTILE}",
    )
    tables = with_own(tables_on(TODAY), own)
    answer = compare(replace(DEFAULT, engine=own.engine), tables)
    strange = Source(
        source_id="x",
        title=HOSTILE,
        publisher="<b>",
        address="javascript:alert(1)",
        licence="",
        accessed=TODAY,
    )
    answer = replace(answer, source_ids=("x", *answer.source_ids))
    brief = brief_of(answer, {**tables.sources, "x": strange}, 'https://a.example/">&x=<b>')
    markdown, html = as_markdown(brief), as_html(brief)
    for page in (shown(markdown), html):
        assert "<img" not in page
        assert "<b>" not in page
        assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
        assert re.findall(r'href="([^"]*)"', page)[-1].startswith("https://a.example/%22%3E&amp;x=%3Cb%3E")
        assert not any("evil" in address for address in re.findall(r'(?:href|src)="([^"]*)"', page))
        assert "own 9 runs of" in page
        assert "onerror=alert(1)" in unescape(page)
    assert "\u2060.evil.example" in markdown


def test_it_loads_nothing_and_is_one_document(tables_on):
    tables = tables_on(TODAY)
    html = as_html(brief_of(compare(DEFAULT, tables), tables.sources, LINK))
    assert not re.findall(r"<(?:script|img|link|iframe|object)|url\(|@import| on\w+=", html)
    assert html.count("<h1>") == 1
    assert "@media print" in html


@pytest.mark.usefixtures("built")
def test_command_writes_the_brief_of_the_page(tables_on, capsys):
    tables = tables_on(TODAY)
    scenario = replace(DEFAULT, requests=0.25, ttft=None)
    link = f"https://breakeven.example/?{short(scenario)}"
    brief = brief_of(compare(scenario, tables), tables.sources, link)
    assert output_of(capsys, "compare", "--scenario", link, "--brief") == as_markdown(brief)
    assert output_of(capsys, "compare", "--scenario", link, "--brief", "html") == as_html(brief)
    assert link in as_markdown(brief)


@pytest.mark.usefixtures("built")
def test_command_says_beside_the_brief_what_it_cannot_read(capsys):
    from breakeven.cli import main

    assert main(["compare", "--scenario", "v=2026-11&as_of=2026-11-21&gpus=many", "--brief"]) == 0
    said = capsys.readouterr()
    assert "gpus must be a whole number" in said.err
    assert "`?v=2026-11&as_of=2026-11-21`" in said.out


def test_a_question_without_an_answer_says_why(tables_on):
    tables = tables_on(TODAY)
    answer = compare(replace(DEFAULT, model="nobody's"), tables)
    brief = as_markdown(brief_of(answer, tables.sources, LINK))
    assert "There is no model 'nobody's' in the tables." in brief
    assert "Neither side can be priced" in brief
