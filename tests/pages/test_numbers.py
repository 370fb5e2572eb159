"""Logic of the Numbers page: the answer first, filters, what is missing."""

import re
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from tests.builders import open_page, plain, texts


def run(*opened: str, **link: str) -> AppTest:
    """Open the page with a link, with the boxes of some rules open."""
    return open_page("numbers", {f"rule_{rule}": True for rule in opened}, **link)


def said_on(app: AppTest) -> str:
    """What the page says, the large numbers among it, their parts side by side."""
    html = "|".join(block.value for block in app.get("html"))
    parts = re.sub(r"(?:<style>.*?</style>|<[^>]*>|\|)+", "|", html, flags=re.DOTALL)
    return f"{texts(app)} {unescape(parts)}"


def test_page_opens_with_one_sentence_and_every_rule() -> None:
    app = run(v="1", as_of="2026-11-21")
    assert app.header[0].value.replace("\\", "").startswith("Of the 14 rules of thumb of 2023")
    assert sum(box.label.startswith("Working: ") for box in app.expander) == 24
    said = said_on(app)
    assert "|~50:1|said in May 2023|recomputed: 30–60:1|" in said
    assert "|17–20:1|on 2026-11-21|" in said
    assert "|40–90 %|on 2026-11-21|" in said.replace("\u00a0", " ")
    assert "|1.24|tokens per word|on 2026-11-21|" in said
    assert "|164–819 kB|per token|on 2026-11-21|" in said.replace("\u00a0", " ")
    assert "A page of 750 words" in said


def test_opened_rule_shows_its_working_and_what_to_do() -> None:
    said = texts(run("train-13b", v="1", as_of="2026-11-21"))
    assert "135,168 h of A100 for 1.0T tokens × 1.4 × ~$5 = $946,000" in said
    assert "What to do." in said


def test_link_filters_the_rules_and_the_widgets_show_it() -> None:
    app = run(v="1", numbers_find="latent", numbers_part="New since 2023")
    assert app.text_input(key="numbers_find").value == "latent"
    assert "latent attention (MLA)" in texts(app)
    assert "Training a 13B model" not in said_on(app)


def test_every_number_has_an_address_that_shows_it_alone_with_its_working() -> None:
    everywhere = run(v="1", as_of="2026-11-21")
    links = re.findall(
        r"\./numbers\?numbers_rule=([\w-]+)", " ".join(b.value for b in everywhere.get("html"))
    )
    assert len(set(links)) == 24
    for rule in ("kv-13b", "hosted-price"):
        app = run(numbers_rule=rule, as_of="2026-11-21")
        assert sum(box.label.startswith("Working: ") for box in app.expander) == 1
        assert "What to do." in texts(app)
        assert app.query_params["numbers_rule"] == rule
    app.button(key="all_numbers_button").click().run()
    assert app.query_params["numbers_rule"] == "none"
    assert sum(box.label.startswith("Working: ") for box in app.expander) == 24


@pytest.mark.parametrize(
    "rule", ["kv-13", "<img src=x onerror=1>", "**x**", "[a](b)", "$1$", ":red[x]", "`x`"]
)
def test_number_that_does_not_exist_gets_a_sentence_of_text(rule: str) -> None:
    app = run(numbers_rule=rule)
    assert len(app.warning) == 1
    assert plain(app.warning[0].value).startswith(f"There is no number '{rule}'; all are shown.")
    assert rule == "kv-13" or rule not in app.warning[0].value
    assert sum(box.label.startswith("Working: ") for box in app.expander) == 24


def test_search_without_a_hit_says_so() -> None:
    app = run(v="1")
    app.text_input(key="numbers_find").set_value("zebra").run()
    assert not app.exception
    assert "No rule says that" in texts(app)
    assert app.query_params["numbers_find"] == "zebra"
    app.text_input(key="numbers_find").set_value("").run()
    assert app.query_params["numbers_find"] == "none"
    assert "No rule says that" not in texts(app)


def test_unknown_part_in_a_link_gives_one_sentence() -> None:
    app = run(v="1", numbers_part="Poems")
    said = [warning.value.replace("\\", "") for warning in app.warning]
    assert sum("part must be one of" in text for text in said) == 1


def test_day_before_any_price_says_what_is_missing() -> None:
    said = said_on(run("frontier-to-small", v="1", as_of="2023-02-01"))
    assert "No prices of both are on record that day." in said
    assert "|–|on 2023-02-01|" in said


def test_amounts_follow_the_currency() -> None:
    said = said_on(run(v="1", as_of="2026-11-21", currency="EUR", rate="0.5"))
    assert "recomputed: €473,000" in said  # $946,176 x 0.5
