"""Logic of the Evidence page."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from tests.builders import json_of, open_page, texts

CSV = b"prompt,completion,concurrency,ttft_ms,tpot_s\n1000,500,4,120,0.012\n4000,500,16,600,0.02\n"


def run(page: str = "evidence", **link: str) -> AppTest:
    return open_page(page, **({"v": "1", "as_of": "2026-11-21"} | link))


def test_the_page_opens_with_the_published_error() -> None:
    app = run()
    assert app.header[0].value.startswith("On 2,493 measured rows")
    assert "A model that the fit had never seen" in texts(app)
    assert "furthest off, and the likely reason" in texts(app)
    assert "What is to be reached on rows that the fit did not see, met or missed" in texts(app)


def test_filters_reach_the_address_and_the_rows() -> None:
    app = run(evidence_quantity="ttft", evidence_engine="vllm", evidence_unseen="model")
    assert "TTFT is off by" in texts(app)
    app.selectbox(key="evidence_engine").set_value("sglang").run()
    assert not app.exception
    assert app.query_params["evidence_engine"] in ("sglang", ["sglang"])


def test_a_view_without_rows_says_why() -> None:
    assert "No measured row is left" in texts(
        run(evidence_quantity="throughput", evidence_unseen="concurrency")
    )


@pytest.mark.parametrize(("key", "value"), [("evidence_engine", "nobody"), ("evidence_gpu", "<b>")])
def test_an_unknown_filter_of_a_link_shows_everything(key: str, value: str) -> None:
    app = run(**{key: value})
    assert app.selectbox(key=key).value == "all"


def test_own_runs_are_fitted_and_used_on_every_page(capsys: pytest.CaptureFixture[str]) -> None:
    app = run(model="llama-3.1-8b", gpu="h100-sxm", precision="bf16")
    app.selectbox(key="own_precision").set_value("bf16")
    app.file_uploader(key="own_files").upload("mine.csv", CSV, "text/csv").run()
    assert not app.exception, app.exception[0].value
    assert "Fitted on your 2 runs of Llama 3.1 8B" in texts(app)
    app.button(key="own_use_button").click().run()
    assert not app.exception, app.exception[0].value
    link = {k: v[0] if isinstance(v, list) else v for k, v in app.query_params.items()}
    assert link["engine"].startswith("yours-")
    assert link["calibrated_runs"] == "2~llama-3.1-8b"
    compare = run("compare", **{k: v for k, v in link.items() if not k.startswith("evidence_")})
    assert "The link" not in texts(compare)  # nothing to warn of
    assert {k: v for k, v in compare.query_params.items() if k.startswith("calibrated_")}
    printed = json_of(capsys, "compare", "--scenario", urlencode(link))
    assert printed["warnings"] == []
    assert printed["shapes"][0]["self_hosted"]["efficiency"].startswith(link["engine"])


def test_a_bad_file_is_refused_in_a_sentence() -> None:
    app = run()
    app.file_uploader(key="own_files").upload("bad.csv", b"prompt,completion\n1,2\n", "text/csv").run()
    assert not app.exception
    assert "there is no column concurrency" in texts(app)


def test_a_broken_calibration_of_a_link_is_said_and_left_out() -> None:
    app = run(engine="yours-12345678", calibrated_on="h100~fp8~continuous~2", calibrated_numbers="1~2")
    said = texts(app)
    assert "needs all of its fields" in said
    assert "there is no such engine" in said
