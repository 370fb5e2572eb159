"""Logic of the Deploy page."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.views.deploy import FIELDS, USUAL
from breakeven.views.deploy.inputs import BOXES
from tests.builders import ROOT, headline, run_page, texts
from tests.hosting.config_json import configs

PAGE = ROOT / "pages" / "deploy.py"
TABS = {
    "Batch": "The diamond is the chosen batch",
    "Cost against latency": "what no other deployment and batch beats",
    "Roofline": "Left of the ridge memory bandwidth binds",
    "What the cost hangs on": "One assumption at a time",
}
"""Tabs, and what only each of them says."""


def framed(page: str) -> None:
    """The page in the app's frame, which holds the widgets of closed boxes."""
    import runpy

    from breakeven.dashboard.session import keep_widgets

    keep_widgets()
    runpy.run_path(page)


def run(*, boxes: tuple[str, ...] = (), **link: str) -> AppTest:
    """Open the page with a link and some boxes of the sidebar."""
    app = AppTest.from_function(framed, default_timeout=60, args=(str(PAGE),))
    state = {f"box_{title}": True for title in boxes}
    return run_page(app, state, {"v": "1", "as_of": "2026-11-21"} | link)


def test_page_opens_with_the_recommendation() -> None:
    text = headline(run())
    assert text.startswith("Llama 3.3 70B at fp8, 4,000 in / 16 out, 1 request/s: ")
    assert " a month ($" in text


def test_the_load_moves_the_recommendation_and_a_job_is_done_in_hours() -> None:
    assert ", 2.63 requests/month: 1 replica × " in headline(run(requests="0.000001"))
    job = run(requests="1000000", per="once", finish_hours="12")
    assert " for the job ($" in headline(job)
    assert "done after" in texts(job)


def test_every_box_and_every_tab_can_be_open() -> None:
    app = run(boxes=tuple(BOXES), deploy_price="owned", deploy_drafts="3", gpu="h100-sxm")
    for tab in TABS:
        app.session_state["details_tab"] = tab
        app.run()
        assert not app.exception
        assert [name for name, words in TABS.items() if words in texts(app)] == [tab]


def test_changed_widget_reaches_the_address_and_the_answer() -> None:
    app = run(boxes=("Speculative decoding",))
    before = headline(app)
    app.number_input(key="deploy_drafts").set_value(4).run()
    assert not app.exception
    assert app.query_params["deploy_drafts"] in ("4", ["4"])
    assert headline(app) != before


def test_shape_of_its_own() -> None:
    app = run(deploy_shape="own", deploy_prompt="1234", deploy_completion="56")
    assert "1,234 in / 56 out" in headline(app)


def test_address_repeats_the_page() -> None:
    app = run(boxes=("Also consider",), deploy_shape="b")
    app.button_group(key="also_weights").set_value(["fp16", "fp4"]).run()
    assert not app.exception
    link = {key: value[0] if isinstance(value, list) else value for key, value in app.query_params.items()}
    assert link["deploy_weights"] == "fp16,fp4" or link["deploy_weights"] == "fp16,fp8,fp4"
    assert headline(run(**link)) == headline(app)


def test_pasted_config_becomes_the_model() -> None:
    app = run(boxes=("Model",))
    app.text_area(key="config_text").set_value(json.dumps(configs.MIXTRAL_8X7B)).run()
    assert not app.exception
    assert headline(app).startswith("MixtralForCausalLM at fp8")
    assert "46.7 billion parameters" in texts(app)
    app.button(key="config_forget_button").click().run()
    assert headline(app).startswith("Llama 3.3 70B")


def test_faulty_config_is_said_and_the_model_stays() -> None:
    app = run(boxes=("Model",))
    app.text_area(key="config_text").set_value(json.dumps(configs.LLAMA_2_70B | {"vocab_size": -1})).run()
    assert "vocab_size is '-1'" in texts(app)
    assert headline(app).startswith("Llama 3.3 70B")


def test_typed_gpu_without_a_name_gets_one() -> None:
    app = run(
        boxes=("A GPU of my own numbers",), deploy_gpu="yes", deploy_gpu_usd="0.5", model="llama-3.1-8b"
    )
    app.text_input(key="deploy_gpu_name").set_value("  ").run()
    assert not app.exception
    assert "1×My GPU" in headline(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"deploy_shape": "z"}, "shape must be one of a, b, own"),
        ({"deploy_pue": "0"}, "pue must lie between 1 and 5"),
        ({"deploy_colour": "red"}, "which is not a field of its page"),
        ({"deploy_weights": "fp2"}, "The link asks for what cannot be: weights must be some of"),
        ({"deploy_model": "junk"}, "must have 5"),
        ({"deploy_price": "owned"}, "A purchase price belongs to one GPU"),
        ({"gpu_price_type": "reserved"}, "No GPU has a reserved price in force"),
        ({"ttft": "0.01"}, "No deployment reaches a TTFT of 10 ms"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_the_page_still_answers(
    link: dict[str, str], sentence: str
) -> None:
    app = run(**link)
    assert sentence in texts(app)
    assert headline(app)


def test_closed_boxes_are_not_drawn() -> None:
    app = run()
    assert [box.key for box in app.number_input] == [
        "q_requests",
        "q_prompt_a",
        "q_completion_a",
        "deploy_hit",
    ]


def test_every_field_is_in_the_address() -> None:
    app = run()
    assert set(FIELDS.write(USUAL)) <= set(app.query_params)
