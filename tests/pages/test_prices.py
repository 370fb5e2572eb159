"""Logic of the Prices page."""

from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.question.link import SCENARIO_FIELDS
from breakeven.question.pages.prices import TABS
from breakeven.question.scenario import Scenario
from tests.builders import TODAY, open_page, texts


def run(tab: str = TABS[0], **link: str) -> AppTest:
    """Open the page with a whole link."""
    day = date.fromisoformat(link.pop("as_of", "2026-11-21"))
    whole = {"v": "1", "prices_tab": tab} | SCENARIO_FIELDS.write(Scenario(as_of=day))
    return open_page("prices", **(whole | link))


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_with_the_answer_and_only_it_is_computed(tab: str) -> None:
    app = run(tab)
    first = app.header[0].value.replace("\\", "").replace("\u00a0", " ")
    assert first.startswith("On 2026-11-21 the cheapest of 6 offers of Llama 3.3 70B is $0.136 per 1M tokens")
    assert not app.warning
    assert not app.error
    assert len(app.dataframe) <= 2
    assert app.query_params["prices_tab"] == tab


def test_link_reaches_the_widgets_and_a_changed_widget_reaches_the_link() -> None:
    app = run(prices_search="llama", prices_provider="groq", prices_batch="yes", prices_mix="B")
    assert app.text_input(key="prices_search").value == "llama"
    assert app.selectbox(key="prices_provider").value == "groq"
    assert "64 in / 4,096 out" in texts(app)
    app.toggle(key="prices_batch").set_value(False).run()
    assert not app.exception
    assert app.query_params["prices_batch"] == "no"
    assert set(app.dataframe[0].value["Provider"]) == {"groq"}


def test_bad_fields_of_a_link_give_a_sentence_each() -> None:
    app = run(prices_tab="Nonsense", prices_since="soon", prices_context="-3", prices_more="1")
    assert len(app.warning) == 4
    assert app.text_input(key="prices_search").value in ("", None)


def test_unknown_names_in_a_link_do_no_harm() -> None:
    run("GPU offers", prices_gpu="b9000")
    app = run("History", prices_models="nobody/nothing|<b>x</b>")
    assert "none of the chosen ones has a price on record" in texts(app)
    assert "Nothing matches" in texts(run(prices_provider="nobody", prices_search="<script>"))


@pytest.mark.parametrize("tab", TABS)
def test_day_before_any_price_says_so(tab: str) -> None:
    app = run(tab, as_of="2023-01-01")
    assert "no API offer of Llama 3.3 70B is on record; no on-demand price" in texts(app)
    if tab == "API offers":
        assert "the tables begin in March 2023" in texts(app)


def test_changes_need_an_earlier_day() -> None:
    assert "Choose a day before 2026-11-21" in texts(run("What changed", prices_since="2026-11-21"))
    app = run("What changed")
    assert app.date_input(key="prices_since").value == TODAY - timedelta(days=90)
    app.selectbox(key="prices_kind").set_value("gone").run()
    assert not app.exception
    assert set(app.dataframe[0].value["What"]) == {"gone"}


def test_chosen_offers_reach_the_chart_and_the_link() -> None:
    app = run("History", prices_models="openai/gpt-4o|openai/gpt-4")
    assert "Output of openai/gpt-4o is 1.5× cheaper" in texts(app)
    app.multiselect(key="history_pick").set_value(["openai/gpt-4o-mini"]).run()
    assert not app.exception
    assert app.query_params["prices_models"] == "openai/gpt-4o-mini"
    assert set(app.dataframe[0].value["Offer"]) == {"openai/gpt-4o-mini"}


def test_another_gpu_reaches_the_first_sentence() -> None:
    app = run("GPU offers")
    app.selectbox(key="prices_gpu").set_value("a100-80-sxm").run()
    assert not app.exception
    assert "A100 SXM4 80GB rents for" in app.header[0].value.replace("\\", "").replace("\u00a0", " ")


def test_amounts_are_in_the_currency_of_the_scenario() -> None:
    app = run(currency="EUR", rate="0.5", prices_search="gpt-4o", prices_provider="openai")
    table = app.dataframe[0].value.set_index("Offer")
    assert table.loc["openai/gpt-4o", "Output"] == 5  # $10 at 0.5


def test_statement_runs_and_is_plotted_and_travels_in_the_link() -> None:
    app = run("Tables and SQL")
    app.text_area(key="sql_text").set_value("SELECT gpu_id,\n memory_gb FROM gpus ORDER BY 2 DESC LIMIT 3")
    app.button(key="sql_run").click().run()
    assert not app.exception
    table = next(d.value for d in app.dataframe if "memory_gb" in d.value)
    assert len(table) == 3
    assert app.query_params["prices_sql"] == "SELECT gpu_id,⏎ memory_gb FROM gpus ORDER BY 2 DESC LIMIT 3"
    assert app.selectbox(key="sql_y").options == ["memory_gb"]
    again = run("Tables and SQL", prices_sql=app.query_params["prices_sql"])
    assert any("memory_gb" in d.value for d in again.dataframe)


def test_hostile_statement_gets_a_sentence_shown_as_text() -> None:
    app = run("Tables and SQL", prices_sql="SELECT * FROM read_csv('/etc/passwd')")
    assert "read_csv is not available here" in texts(app)
    app.text_area(key="sql_text").set_value('SELECT "<b>x</b>"')
    app.button(key="sql_run").click().run()
    assert not app.exception
    assert r"\<b\>x" in app.error[0].value


def test_example_fills_the_box_and_is_answered() -> None:
    app = run("Tables and SQL")
    app.button(key="example_H100 by month").click().run()
    assert not app.exception
    assert "h100-sxm" in app.text_area(key="sql_text").value
    assert any("median_usd" in d.value for d in app.dataframe)
