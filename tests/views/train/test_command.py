"""``breakeven train``: numbers for programs, sentences for readers, one sentence for bad input."""

import pytest

from breakeven.question.pages.train import LIMITS
from tests.builders import json_of, output_of, refusal_of

GPT_3 = [
    *("--params", "175e9", "--tokens", "500e9", "--gpu", "a100-80-sxm", "--mfu", "1"),
    *("--usd-per-gpu-hour", "2.2659", "--as-of", "2026-11-21"),
]
SHROTT = [
    *("tune-or-prompt", "--as-of", "2023-08-30", "--model", "llama-2-13b", "--gpu", "a100-80-sxm"),
    *("--teacher", "openai/gpt-4", "--rival", "openai/gpt-3.5-turbo", "--prompt", "1000"),
    *("--completion", "200", "--tuning-usd", "6.6", "--serve-usd-per-1k", "0.024745"),
]


pytestmark = pytest.mark.usefixtures("built")


def test_gpt_3_at_full_peak_costs_the_published_dollars(capsys):
    found = json_of(capsys, "train", *GPT_3)
    assert found["usd"]["mid"] == pytest.approx(1_059_115, abs=0.5)
    assert found["flop"] == 5.25e23
    assert set(found) >= {"gpu_hours", "days", "memory_bytes", "fewest_gpus", "fits", "mfu", "published_runs"}


def test_shrotts_project_reproduces(capsys):
    found = json_of(capsys, "train", *SHROTT)["prompting"]
    assert found["tuned"]["usd"] == pytest.approx(189.58)
    assert found["prompted"]["usd"] == pytest.approx(168_000)
    assert found["rival"]["usd"] == pytest.approx(7_600)
    assert found["pays_from_requests"] == pytest.approx(2158.4, abs=0.1)


def test_reader_gets_the_answer_first(capsys):
    first = output_of(capsys, "train", *GPT_3).splitlines()[0]
    assert first.startswith("Training a model of 175B parameters on 500B tokens takes 467k GPU-hours")
    assert "$1.06M" in first


def test_link_of_the_page_repeats_its_answer(capsys):
    link = "?v=1&as_of=2026-11-21&train_goal=tune&train_method=qlora&train_mfu=0.4&train_usd_per_gpu_hour=2"
    by_link = json_of(capsys, "train", "--link", link)
    by_hand = json_of(
        capsys,
        "train",
        *("tune", "--method", "qlora", "--mfu", "0.4", "--usd-per-gpu-hour", "2", "--as-of", "2026-11-21"),
    )
    assert by_link["usd"] == by_hand["usd"]
    assert by_link["memory_bytes"] == by_hand["memory_bytes"]


def test_infinite_numbers_become_null(capsys):
    text = "tune --sequence 200000 --recomputation none --as-of 2026-11-21"
    assert json_of(capsys, "train", *text.split())["fewest_gpus"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--gpu h1000", "--gpu: there is no 'h1000'"),
        ("--model llama-9", "--model: there is no 'llama-9'"),
        ("--teacher openai/gpt-99", "--teacher: there is no 'openai/gpt-99'"),
        ("--mfu 1.5", "mfu must lie between 0.001 and 1, got 1.5"),
        ("--mfu nan", "mfu must lie between"),
        ("--params many", "'many' is not a number"),
        ("--active 7e9", "--active needs --params"),
        ("--params 7e9 --active 8e9", "active_b must be at most params_b (7), got 8"),
        ("--params 7e9 --model llama-2-7b", "give --model or --params, not both"),
        ("--method dora", "method must be one of full, lora, qlora, got dora"),
        ("distil", "invalid choice: 'distil'"),
        ("--gpus 1.5", "'1.5' is not a whole number"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(capsys, arguments, said):
    message = refusal_of(capsys, "train", *arguments.split())
    assert said in message
    assert len(message.splitlines()) == 1


def test_options_of_the_command_are_fields_of_the_plan():
    from breakeven.views.train.command import _PLAN

    assert set(_PLAN.values()) <= set(LIMITS)
