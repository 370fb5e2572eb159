"""Logic of the Method page: pictures, formulas on demand, search, what is missing."""

from streamlit.testing.v1 import AppTest

from breakeven.views.method.show import rich
from tests.builders import open_page, texts


def run(*opened: str, **link: str) -> AppTest:
    """Open the page with a link, with some boxes open."""
    return open_page("method", dict.fromkeys(opened, True), **link)


def test_page_opens_with_one_sentence_and_every_formula_closed() -> None:
    app = run(v="1", as_of="2026-11-21")
    assert "formulas turn tokens into seconds" in app.header[0].value
    assert "KV-cache memory that one token" in texts(app)
    assert not app.code
    assert not app.latex


def test_opened_formula_shows_equation_units_example_and_source() -> None:
    app = run("formula_kv_bytes_per_token", v="1", as_of="2026-11-21")
    assert "d_\\mathrm{head}" in app.latex[0].value
    assert ">>> kv_bytes_per_token(" in app.code[-1].value
    said = texts(app)
    assert "[B/token]" in said
    assert "give **328 kB per token**" in said  # 2 x 80 x 8 x 128 x 2 B
    assert "scaling-book" in said


def test_formula_without_arguments_in_the_scenario_says_so() -> None:
    assert "does not have all of these arguments" in texts(run("formula_owned_usd_per_hour", v="1"))


def test_link_searches_and_a_search_without_a_hit_says_so() -> None:
    app = run(v="1", method_find="latent attention")
    assert "latent_kv_bytes_per_token" in texts(app)
    assert "never_dearer_rate" not in texts(app)
    app.text_input(key="method_find").set_value("zebra").run()
    assert not app.exception
    assert "No formula says that" in texts(app)


def test_model_that_cannot_be_placed_still_shows_the_formulas() -> None:
    said = texts(run(v="1", model="mimo-v2-flash"))
    assert "The pictures need a deployment" in said
    assert "KV-cache memory that one token" in said


def test_opened_assumptions_and_glossary_are_drawn() -> None:
    app = run("assumptions_box", "glossary_box", v="1", as_of="2026-11-21")
    assert len(app.dataframe) == 1
    assert "**prefill**: reading the prompt" in texts(app)


def test_text_of_a_docstring_keeps_its_formulas_and_escapes_the_rest() -> None:
    assert rich("Heads, :math:`H_a`; see :func:`lib.x.other` and ``n`` <b>*x*</b>") == (
        "Heads, $H_a$; see `other` and `n` \\<b\\>\\*x\\*\\</b\\>"
    )
