"""What a preview says of a link is what its page says to whoever opens it."""

import re

import pytest

from breakeven.cli.answers import answer_of
from breakeven.dashboard.preview import Preview, preview
from tests.builders import headline, open_page, plain
from tests.dashboard.test_preview import _page, fetch, metas

DAY = {"v": "2026-11", "as_of": "2026-11-21"}
ODD = {
    "deploy": {"requests": "20", "ttft": "0.01", "currency": "EUR", "rate": "0.9"},
    "train": {"train_goal": "tune-or-prompt", "train_tokens_b": "0.02"},
    "prices": {"model": "llama-2-70b", "prices_gpu": "a100-sxm-80", "prices_mix": "B"},
    "numbers": {"model": "llama-2-70b", "requests": "0.01"},
    "evidence": {"evidence_quantity": "ttft"},
    "method": {"method_find": "nothing at all"},
}


@pytest.mark.parametrize("page", sorted(ODD))
@pytest.mark.parametrize("odd", [False, True], ids=["usual", "odd"])
def test_preview_says_what_the_page_says(page: str, odd: bool) -> None:
    link = DAY | (ODD[page] if odd else {})
    said = plain(headline(open_page(page, {"frame_words": "plain"}, **link))).removesuffix(".")
    told = answer_of(page, link).removesuffix(".")
    assert said
    # The line above the answer says which model, tokens and load, and the preview has no such line.
    assert re.sub(r"Llama 3.3 70B at .*?: | on \S+ tokens", "", told).replace("\u00a0", " ") == said
    assert preview(page, "&".join(f"{k}={v}" for k, v in link.items()), answer_of)[0].startswith(told)


@pytest.mark.parametrize("page", ["workload", "articles", "nowhere", ""])
def test_a_link_that_asks_nothing_of_a_page_has_no_answer(page: str) -> None:
    assert answer_of(page, DAY) == ""


def test_preview_of_a_claim_and_of_a_number_is_theirs() -> None:
    told = answer_of("articles", {"claim": "sanger-kv-bytes-text"} | DAY)
    assert told.startswith("✗ wrong: 977× too high. KV cache of one token, as the text writes it: 320 MB (")
    assert "self-hosted completion tokens" in answer_of("numbers", DAY | {"numbers_rule": "hosted-price"})


def test_page_that_takes_long_to_answer_is_sent_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("breakeven.dashboard.preview.PATIENCE_S", 0.0)
    _, page = fetch("/deploy", b"as_of=2026-11-21&requests=7", app=Preview(_page, answer_of))
    assert metas(page)["og:title"].startswith("Which GPUs, how many")


def test_nothing_that_a_link_calls_a_gpu_is_html_in_its_preview() -> None:
    name = "deploy_gpu=yes&deploy_gpu_name=%3Cimg%20src%3Dx%3E%22&deploy_gpu_usd=0.01"
    query = f"as_of=2026-11-21&{name}&deploy_gpu_memory=300&deploy_gpu_bandwidth=9000"
    _, page = fetch("/deploy", query.encode(), app=Preview(_page, answer_of))
    assert "<img" not in page
    assert "<img src=x>" in metas(page)["og:title"]
