"""What the header offers to pass a page on, and what is written into pictures of charts."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from breakeven.dashboard import saving
from breakeven.dashboard.card import PAGES, card_of_link
from breakeven.dashboard.share import HEIGHT, WIDTH, snippet
from breakeven.question.link import decode, short
from breakeven.question.pages import deploy, train
from breakeven.question.versions import versions
from tests.builders import DEFAULT, ROOT, TODAY, open_page, plain, texts

HOSTILE = "https://a.example/?x=\"><script>alert(1)</script>&y='"


def test_lines_to_embed_show_the_same_scenario_and_nothing_of_the_link_is_markup():
    link = f"https://breakeven.example/?{short(DEFAULT)}"
    source = unescape(re.search('src="(.*?)"', snippet(link))[1])
    assert source.startswith(link)
    pairs = dict(parse_qsl(urlsplit(source).query))
    assert (pairs["embed"], pairs["card"]) == ("true", "a")
    assert decode(source, default=DEFAULT).warnings == ()
    assert f'width="{WIDTH}" height="{HEIGHT}"' in snippet(link)
    assert re.findall("<[^>]*>", snippet(HOSTILE))[1:] == ["</iframe>"]
    assert snippet(HOSTILE).count('"') == snippet(link).count('"')


def test_link_in_the_pictures_of_charts_is_no_markup():
    told = saving.about(HOSTILE, TODAY)
    assert len(re.findall("<[^>]*>", told)) == 2
    assert saving.BUTTONS.count("<script>") == 1
    assert unescape(re.search('data-link="(.*?)"', told)[1]) == HOSTILE
    assert 'data-day="2026-11-21"' in told


def test_script_of_the_pictures_asks_nobody_and_writes_no_markup():
    script = (ROOT / "lib" / "breakeven" / "dashboard" / "saving.js").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'`\s]*", script)) == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|fetch\(|XMLHttp", script)


@pytest.mark.parametrize("page", ["compare", "deploy", "train", "numbers", "articles", "prices", "method"])
def test_every_page_offers_its_link_and_the_comparison_its_brief_and_card_once_it_is_asked(page):
    closed = open_page(page, v="2026-11", as_of=TODAY.isoformat())
    assert not [one for one in closed.code if "<iframe" in one.value]
    app = open_page(page, {"box_share": True}, v="2026-11", as_of=TODAY.isoformat(), requests="3")
    links, cards = (
        [one.value for one in app.code if mark in one.value] for mark in ("requests=3", "<iframe")
    )
    brief = "Brief: API or own GPUs" in texts(app).replace("**", "")
    if page == "compare":
        assert (len(links), len(cards), brief) == (2, 1, True)
        assert "requests=3" in cards[0]
    else:  # Another page's answer is not in that brief; two have one of their own.
        own = "Brief: what this page answers" in texts(app).replace("**", "")
        assert own == (page in ("deploy", "train"))
        assert (len(links), len(cards), brief) == (1, 0, False)
        (to,) = [one for one in app.get("link_button") if "A brief" in one.proto.label]
        assert "requests=3" in to.proto.url


def test_short_link_of_a_page_opens_with_the_usual_values_of_its_version():
    app = open_page("deploy", v="2026-11", as_of=TODAY.isoformat(), deploy_price="owned")
    usual = versions()["2026-11"]
    held = deploy.FIELDS.write(
        deploy.Fields(**{key[7:]: app.session_state[key] for key in deploy.FIELDS.keys})
    )
    assert held == {key: usual[key] for key in deploy.FIELDS.keys} | {"deploy_price": "owned"}
    assert not app.warning


def test_short_link_keeps_the_fields_of_a_page_when_its_defaults_change(monkeypatch):
    old = train.Fields.__init__.__kwdefaults__
    monkeypatch.setattr(train.Fields.__init__, "__kwdefaults__", {**old, "sequence": 1024, "zero": 1})
    monkeypatch.setattr(train, "USUAL", train.Fields())
    app = open_page("train", v="2026-11", as_of=TODAY.isoformat(), train_days="30")
    held = {key: app.session_state[key] for key in ("train_sequence", "train_zero", "train_days")}
    assert held == {"train_sequence": 4096, "train_zero": 3, "train_days": 30.0}


@pytest.mark.parametrize("more", [{}, {"deploy_drafts": "3"}])
def test_short_link_stays_in_the_address_until_something_changes(more):
    link = {"v": "2026-11", "as_of": TODAY.isoformat(), "requests": "3"} | more
    app = open_page("deploy" if more else "compare", {"box_Load": True}, **link)
    assert dict(app.query_params) == link
    app.number_input(key="q_requests").set_value(4.0).run()
    assert app.query_params["requests"] in ("4", ["4"])
    assert app.query_params["v"] in ("1", ["1"])
    assert {"model", "tpot"} <= set(app.query_params)


def test_short_link_with_more_than_the_page_knows_is_written_whole():
    app = open_page("compare", v="2026-11", as_of=TODAY.isoformat(), colour="red")
    assert "colour" not in app.query_params
    assert app.query_params["v"] in ("1", ["1"])
    assert len(app.warning) == 1


def test_card_says_what_the_page_says():
    card = card_of_link({"v": "2026-11", "as_of": TODAY.isoformat(), "requests": "0.2"})
    app = open_page("compare", v="2026-11", as_of=TODAY.isoformat(), requests="0.2")
    assert [f"{one.headline}." for one in card.verdicts] == [plain(one.value) for one in app.header][:2]
    assert all(one.condition in texts(app) for one in card.verdicts)


def test_pages_that_have_a_title_are_the_pages_that_there_are():
    assert set(PAGES) - {""} == {path.stem for path in (ROOT / "pages").glob("[a-z]*.py")}
