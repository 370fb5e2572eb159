"""Logic of the Compare page: link to widgets, widgets to scenario, sentences for what is missing."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.dashboard.inputs import BOXES
from breakeven.question.link import decode
from breakeven.question.scenario import Scenario
from tests.builders import open_page, plain, texts


def run(**link: str) -> AppTest:
    """Open the page with a link, every word of its sentence and every box."""
    opened = ["box_Load", "box_Shape A", "box_Shape B", *(f"box_{title}" for title in BOXES), "why_box"]
    return open_page("compare", dict.fromkeys(opened, True), **link)


def test_page_opens_with_a_verdict_for_each_shape() -> None:
    app = run()
    verdicts = [heading.value for heading in app.header][:2]
    openings = ("Self-hosting is ", "The API is ", "About as cheap", "It hangs on", "Too close to call: ")
    assert all(verdict.startswith(openings) for verdict in verdicts)
    assert "4,000 in / 16 out" in texts(app)
    assert "64 in / 4,096 out" in texts(app)


def test_page_without_a_link_takes_todays_prices() -> None:
    assert f"Prices of {date.today()}" in texts(run())


def test_link_reaches_the_widgets() -> None:
    app = run(v="1", prompt_a="1234", completion_a="99", tpot="0.02", utilisation="0.35", ttft="none")
    assert app.number_input(key="q_prompt_a").value == 1234
    assert app.number_input(key="q_completion_a").value == 99
    assert app.number_input(key="q_tpot").value == 20  # milliseconds
    assert app.slider(key="q_utilisation").value == 35  # percent
    assert app.number_input(key="q_ttft").value is None


def test_changed_widget_reaches_the_address_and_the_answer() -> None:
    app = run()
    app.number_input(key="q_prompt_a").set_value(2345).run()
    assert not app.exception
    link = dict(app.query_params)
    decoded = decode(link, default=Scenario(as_of=date(2024, 1, 1)))
    assert decoded.warnings == ()
    assert decoded.scenario.prompt_a == 2345
    assert "2,345 in / 16 out" in texts(app)


def heads(app: AppTest) -> list[str]:
    return [plain(one.value) for one in app.header][:2]


def test_the_headline_says_whose_bill_is_lower_at_the_load_that_is_asked() -> None:
    link = {"v": "1", "as_of": "2026-11-21", "prompt_a": "300", "completion_a": "200"}
    hardly, one, much = (heads(run(**link, requests=load))[0] for load in ("0.000001", "0.1", "1000"))
    assert hardly.startswith("The API is ")
    assert one.startswith("The API is ")
    assert "$31.67 a month against $1," in one
    assert much.startswith("About as cheap: ")
    assert len({hardly, one, much}) == 3


def test_the_load_beside_the_map_is_the_load_of_the_question() -> None:
    app = run(v="1", as_of="2026-11-21", prompt_a="300", completion_a="200", requests="0.1")
    assert "At 360 requests/h the API is cheaper for every shape that both can serve" in texts(app)
    before = heads(app)
    app.select_slider(key="load_slider").set_value(100.0).run()
    assert not app.exception
    assert app.query_params["requests"] in ("100", ["100"])
    assert app.number_input(key="q_requests").value == 100
    assert heads(app) != before
    assert "At 100 requests/s self-hosting is cheaper for " in texts(app)


def test_a_job_is_asked_for_and_answered_as_one() -> None:
    app = run(v="1", as_of="2026-11-21", requests="4000000", per="once", ttft="none", tpot="none")
    assert all(" for the job " in head for head in heads(app))
    assert "done after" in texts(app)
    assert "Your 4,000,000 requests: " in texts(app)
    assert "a month" not in "\n".join(heads(app))


def test_address_repeats_the_page() -> None:
    app = run()
    app.number_input(key="q_completion_b").set_value(777).run()
    link = dict(app.query_params)
    assert [b.value for b in run(**link).markdown] == [b.value for b in app.markdown]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        pytest.param({"model": "llama-9"}, "there is no such model", id="vanished-id"),
        pytest.param({"gpus": "many"}, "gpus must be a whole number", id="malformed"),
        pytest.param({"usable": "1.5"}, "usable must lie between 0.1 and 1", id="out-of-range"),
        pytest.param({"flavour": "mint"}, "not a field of a scenario", id="unknown-key"),
    ],
)
def test_fault_in_a_link_gives_one_sentence_and_the_page_still_answers(
    link: dict[str, str], sentence: str
) -> None:
    app = run(v="1", **link)
    said = [warning.value.replace("\\", "") for warning in app.warning]
    assert sum(sentence in text for text in said) == 1
    assert app.header[0].value


def test_model_that_does_not_fit_says_what_would() -> None:
    app = run(v="1", model="llama-3.1-405b", gpu="l4", gpus="1", precision="fp16", as_of="2026-11-21")
    # 405.85e9 parameters at 2 bytes are 811.7 GB. An L4 has 24 GB, 90 % of it usable; beyond its 8 KV
    # heads each GPU keeps a copy of one, 4,016 tokens x 516,096 B / 8 = 0.26 GB:
    # 811.7 / (21.6 - 0.26) = 38.04, so 39.
    assert "812 GB for its weights" in texts(app)
    assert "at least 39 × NVIDIA L4" in texts(app)
    assert "No deployment to compare with" in texts(app)


def test_gpu_without_an_fp8_rate_is_left_out_with_the_reason() -> None:
    app = run(v="1", gpu="a100-80-sxm", precision="fp8", as_of="2026-11-21")
    assert "A100 SXM4 80GB has no fp8 rate" in texts(app)


def test_gpu_without_a_price_that_day_says_so_and_names_other_prices() -> None:
    app = run(v="1", gpu="mi355x", as_of="2026-11-21")
    assert "no on-demand price in force on that day" in texts(app)
    assert "estimate" in texts(app)


def test_api_offer_without_a_price_that_day_says_so() -> None:
    app = run(v="1", api="openai/gpt-4o", as_of="2023-07-20")
    assert "openai/gpt-4o has no price in force on 2023-07-20" in texts(app)
    assert "Neither side can be priced" in texts(app)


def test_model_without_a_cache_formula_says_so() -> None:
    assert "No formula for the KV cache of MiMo-V2-Flash" in texts(run(v="1", model="mimo-v2-flash"))


def test_another_model_can_be_the_api() -> None:
    app = run(v="1", api="openai/gpt-4o", as_of="2026-11-21")
    # 4,000 prompt tokens at $2.50 and 16 at $10 per 1M, a thousand times: $10.16 (catalogue 0.2.3).
    assert "API $10.16" in texts(app)


def test_cached_part_shrinks_with_the_prompt() -> None:
    app = run(v="1", prompt_a="4000", cached_a="3000", as_of="2026-11-21")
    assert app.slider(key="q_cached_a").value == 3000
    app.number_input(key="q_prompt_a").set_value(1000).run()
    assert not app.exception
    assert app.slider(key="q_cached_a").value == 999


def test_currency_without_a_rate_is_questioned() -> None:
    app = run(v="1", currency="EUR", as_of="2026-11-21")
    assert "no rate is looked up" in texts(app)
    fine = run(v="1", currency="EUR", rate="0.9", as_of="2026-11-21", api="openai/gpt-4o")
    assert "no rate is looked up" not in texts(fine)
    assert "API €9.14" in texts(fine)  # $10.16 x 0.9


def test_choosing_another_gpu_forgets_the_offer_of_the_first() -> None:
    app = run(
        v="1",
        as_of="2023-07-20",
        model="llama-2-70b",
        precision="fp16",
        gpu="a100-80-sxm",
        gpu_offer="coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20",
    )
    app.selectbox(key="q_gpu").select("t4").run()
    assert not app.exception
    assert app.selectbox(key="q_gpu_offer").value == "median"


@pytest.mark.parametrize("mode", ["continuous", "static", "disaggregated"])
def test_every_serving_mode_answers(mode: str) -> None:
    assert "self-hosted:" in texts(run(v="1", mode=mode, as_of="2026-11-21", ttft="none", tpot="none"))
