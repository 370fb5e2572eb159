"""Logic of the Train page: link to widgets, widgets to plan, sentences for what is missing."""

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.question.pages.train import FIELDS, Fields
from tests.builders import headline, open_page, texts

BOXES = ("Budget and time", "GPUs and price", "Memory", "Owned GPUs and energy")
DETAILS = ("box_runs", "box_api_tuning", "box_memory", "sources_box")


def run(*, details: bool = False, **link: str) -> AppTest:
    """Open the page with a link and the boxes of the sidebar."""
    state = dict.fromkeys([*(f"box_{title}" for title in BOXES), *(DETAILS if details else ())], True)
    return open_page("train", state, **({"v": "1", "as_of": "2026-11-21"} | link))


def test_page_opens_with_what_training_costs() -> None:
    app = run(details=True)
    assert headline(app).startswith("Training Llama 3.3 70B on 1.4T tokens takes ")
    assert "GPU-hours on H100 SXM5 80GB: $" in headline(app)
    assert "It fits" in texts(app)
    assert "published runs took within 1.25× of what this estimate says" in texts(app)
    assert len(app.dataframe) == 3  # runs, memory, sources


def test_link_reaches_the_widgets_and_the_answer() -> None:
    app = run(train_tokens_b="2000", train_mfu="0.5", train_gpus="2048", train_usd_per_gpu_hour="2")
    assert app.number_input(key="train_tokens_b").value == 2000
    assert app.number_input(key="train_mfu").value == 0.5
    # 6 x 70.55e9 x 2e12 / (989.4e12 x 0.5 x 3600) = 475,368 h; x $2; / 2,048 / 24 = 9.67 days
    assert "takes 475k GPU-hours on H100 SXM5 80GB: $951,000, 9.67 days on 2,048 GPUs" in headline(app)


def test_changed_widget_reaches_the_address_and_the_answer() -> None:
    app = run()
    app.number_input(key="train_tokens_b").set_value(300.0).run()
    assert not app.exception
    values, warnings = FIELDS.read(dict(app.query_params), default=Fields())
    assert warnings == []
    assert values["tokens_b"] == 300
    assert "on 300B tokens" in headline(app)


def test_tokens_left_open_become_compute_optimal() -> None:
    app = run(train_tokens_b="none")
    assert app.number_input(key="train_tokens_b").value is None
    assert "Tokens were left open: 1.41T are compute-optimal for this size (20 per parameter)" in texts(app)


def test_address_repeats_the_page() -> None:
    app = run(train_goal="tune", train_method="qlora", train_budget="500")
    app.number_input(key="train_examples").set_value(5000).run()
    again = run(**dict(app.query_params))
    assert [block.value for block in again.markdown] == [block.value for block in app.markdown]
    assert "$500 pays for tuning" in texts(again)


def test_shrotts_project_is_one_button_away() -> None:
    app = run(train_goal="tune-or-prompt")
    app.button(key="shrott_button").click().run()
    assert not app.exception
    said = texts(app)
    assert headline(app).startswith("Tuning pays from 2,160 requests: 4M cost $190 tuned, $168,000 at ")
    assert "$84.00 for 2,000 labels and $6.60 for tuning" in said
    assert "$98.98" in said
    assert "$7,600 for 4M requests; tuning pays from 48.3k requests" in said
    assert app.query_params["as_of"] == "2023-08-30"


def test_tuning_through_an_api_is_listed_with_what_is_not_certain() -> None:
    app = run(details=True, train_goal="tune")
    table = next(frame.value for frame in app.dataframe if "Not certain" in frame.value.columns)
    assert "openai: gpt-4o-mini" in set(table["Offer"])
    assert any("not read in the provider's own page" in note for note in table["Not certain"])


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        pytest.param({"train_gpus": "many"}, "gpus must be a whole number", id="malformed"),
        pytest.param({"train_mfu": "1.5"}, "mfu must lie between 0.001 and 1", id="out-of-range"),
        pytest.param({"train_flavour": "mint"}, "not a field of its page", id="unknown-key"),
        pytest.param({"train_active_b": "7"}, "active_b is only read together with params_b", id="together"),
    ],
)
def test_fault_in_a_link_gives_one_sentence_and_the_page_still_answers(
    link: dict[str, str], sentence: str
) -> None:
    app = run(**link)
    said = [warning.value.replace("\\", "") for warning in app.warning]
    assert sum(sentence in text for text in said) == 1
    assert headline(app).startswith("Training ")


def test_vanished_gpu_is_one_sentence_and_no_traceback() -> None:
    app = run(train_gpu="h900")
    assert "There is no GPU 'h900' in the tables" in app.error[0].value.replace("\\", "")


def test_gpu_without_a_price_says_so_and_still_gives_the_hours() -> None:
    app = run(train_gpu="mi355x")
    assert "No on-demand price of AMD Instinct MI355X is in force" in texts(app)
    assert "GPU-hours on Instinct MI355X, " in headline(app)


def test_currency_reaches_every_amount() -> None:
    app = run(currency="EUR", rate="0.5", train_mfu="1", train_usd_per_gpu_hour="2", train_tokens_b="100")
    # 4.233e22 FLOP / 989.4e12 / 3600 = 11,884 h x $2 x 0.5 = €11,900
    assert "€11,900" in headline(app)
    assert "$" not in headline(app)
