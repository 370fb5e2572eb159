"""The ladder on the page that prices a file: the floor, the visitor's own scores, their place in the link."""

from tests.builders import headline, open_page

STATE = {"workload_sample": "litellm_spend_logs.csv"}


def test_ladder_stands_under_the_bill_and_names_what_is_lost() -> None:
    app = open_page("workload", STATE)
    assert headline(app).startswith("This usage costs $6.84 a month at list price ($0.247 in the file)")
    table = next(frame.value for frame in app.dataframe if "What changes" in frame.value.columns)
    assert list(table["What changes"])[:3] == [
        "The models used",
        "The same models at cheaper hosts",
        "Models at least as good",
    ]
    smaller = table[table["What changes"] == "A smaller model"]
    assert smaller["What is lost"].str.contains("instead of").all()


def test_floor_goes_into_the_link_and_comes_back_from_it() -> None:
    app = open_page("workload", STATE)
    app.selectbox(key="bill_floor").set_value("none").run()
    assert not app.exception
    assert app.query_params["bill_floor"] == "none"
    assert "with any published score" in headline(app)
    again = open_page("workload", STATE, bill_floor="openai/gpt-4o")
    assert "as good as openai/gpt-4o" in headline(again)


def test_offers_say_how_good_they_are_and_those_without_a_score_come_last() -> None:
    app = open_page("workload", STATE)
    table = next(frame.value for frame in app.dataframe if "Offer" in frame.value.columns)
    order = [["at least as good", "less good", "no score"].index(one) for one in table["How good"]]
    assert order == sorted(order)
    assert set(order) == {0, 1, 2}
