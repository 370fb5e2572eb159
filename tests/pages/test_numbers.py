"""Logic of the Numbers page: the answer first, filters, what is missing."""

from streamlit.testing.v1 import AppTest

from tests.builders import open_page, texts


def run(*opened: str, **link: str) -> AppTest:
    """Open the page with a link, with the boxes of some rules open."""
    return open_page("numbers", {f"rule_{rule}": True for rule in opened}, **link)


def test_page_opens_with_one_sentence_and_every_rule() -> None:
    app = run(v="1", as_of="2026-11-21")
    assert app.subheader[0].value.replace("\\", "").startswith("Of the 14 rules of thumb of 2023")
    assert sum(" → " in box.label or "2026" in box.label for box in app.expander) == 24
    said = texts(app)
    assert "said ~50:1 → 2023 30–60:1 → 2026-11" in said
    assert "A page of 750 words" in said


def test_opened_rule_shows_its_working_and_what_to_do() -> None:
    said = texts(run("train-13b", v="1", as_of="2026-11-21"))
    assert "135,168 h of A100 for 1.0T tokens × 1.4 × ~$5 = $946,000" in said
    assert "What to do." in said


def test_link_filters_the_rules_and_the_widgets_show_it() -> None:
    app = run(v="1", numbers_find="latent", numbers_part="New since 2023")
    assert app.text_input(key="numbers_find").value == "latent"
    assert "latent attention (MLA)" in texts(app)
    assert "Training a 13B model" not in texts(app)


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
    said = texts(run("frontier-to-small", v="1", as_of="2023-02-01"))
    assert "No prices of both are on record that day." in said
    assert "2023-02 **–**" in said


def test_amounts_follow_the_currency() -> None:
    said = texts(run(v="1", as_of="2026-11-21", currency="EUR", rate="0.5"))
    assert "2023 €473,000" in said  # $946,176 x 0.5
