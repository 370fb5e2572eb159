"""Speculative decoding inside the serving modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.latency import latency_of
from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import Speculation
from breakeven.formulas.speculation import expected_tokens_per_verification
from breakeven.formulas.step import decode_step, prefill_step
from tests.builders import ENGINE, REPLICA, model

ABOUT = {"model": model(), "replica": REPLICA, "engine": ENGINE}
SHAPE = {"prompt_tokens": 1000, "completion_tokens": 200}


def test_verifying_reads_weights_and_cache_once_and_computes_every_token() -> None:
    one = decode_step(**ABOUT, batch=8, context_tokens=1000)
    five = decode_step(**ABOUT, batch=8, context_tokens=1000, new_tokens=5)
    assert five.linear_memory_s == one.linear_memory_s
    assert five.attention_memory_s == one.attention_memory_s
    assert five.linear_compute_s == pytest.approx(5 * float(one.linear_compute_s))
    assert five.attention_compute_s == pytest.approx(5 * float(one.attention_compute_s))


def test_round_of_drafts_is_leviathans_walltime() -> None:
    # k = 3, a = 0.5: 1 + 0.5 + 0.25 + 0.125 = 1.875 tokens a round of one verification and three drafts
    drafted = Speculation(drafts=3, acceptance=0.5, draft_share=0.1)
    served = MODES["disaggregated"](**ABOUT, **SHAPE, batch=4, speculation=drafted)
    verify = decode_step(**ABOUT, batch=4, context_tokens=1100, new_tokens=4)
    plain = decode_step(**ABOUT, batch=4, context_tokens=1100)
    round_s = float(verify.total_s) + 3 * 0.1 * float(plain.total_s)
    assert served.step_s == pytest.approx(round_s)
    assert served.tpot_s == pytest.approx(round_s / 1.875)
    assert served.decode_s_per_request == pytest.approx(200 * round_s / 1.875 / 4)


@pytest.mark.parametrize("mode", MODES)
def test_draft_model_reads_the_prompt_too(mode: str) -> None:
    drafted = Speculation(drafts=1, acceptance=0.9, draft_share=0.25)
    together = 4 if mode == "static" else 1
    served = MODES[mode](**ABOUT, **SHAPE, batch=4, speculation=drafted)
    prefill = prefill_step(**ABOUT, batch=together, prompt_tokens=1000)
    assert served.prefill_s_per_request == pytest.approx(1.25 * float(prefill.total_s) / together)


@settings(max_examples=40, deadline=None)
@given(
    mode=st.sampled_from(list(MODES)),
    drafts=st.integers(1, 8),
    acceptance=st.floats(0, 1),
    share=st.floats(0, 0.5),
    batch=st.integers(1, 300),
    routed=st.sampled_from([0.0, 40e9]),
)
def test_line_through_two_batches_is_the_mode_itself(
    mode: str, drafts: int, acceptance: float, share: float, batch: int, routed: float
) -> None:
    work = model(routed=routed, share=0.1 if routed else 0.0)
    drafted = Speculation(drafts=drafts, acceptance=acceptance, draft_share=share)
    about = {"model": work, "replica": REPLICA, "engine": ENGINE, "speculation": drafted}
    shape = {name: np.array([float(value)]) for name, value in SHAPE.items()}
    line = latency_of(mode, **about, **shape, cached_tokens=np.array([0.0]))
    ttft, tpot = line(np.array([float(batch)]))
    served = MODES[mode](**about, **SHAPE, batch=batch)
    assert ttft[0] == pytest.approx(float(served.ttft_s), rel=1e-9)
    assert tpot[0] == pytest.approx(float(served.tpot_s), rel=1e-9)


@pytest.mark.parametrize(
    ("acceptance", "drafts", "published_tokens"),
    [
        # Leviathan et al. 2023, table 1, column "speed", two decimals.
        pytest.param(0.6, 2, 1.96, id="0.6-2"),
        pytest.param(0.7, 3, 2.53, id="0.7-3"),
        pytest.param(0.8, 2, 2.44, id="0.8-2"),
        pytest.param(0.8, 5, 3.69, id="0.8-5"),
        pytest.param(0.9, 2, 2.71, id="0.9-2"),
        pytest.param(0.9, 10, 6.86, id="0.9-10"),
    ],
)
def test_speculation_yields_the_published_tokens_per_step(acceptance, drafts, published_tokens):
    tokens = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    assert tokens == pytest.approx(published_tokens, abs=0.005)


def test_drafts_that_are_never_accepted_leave_one_token_a_step():
    assert expected_tokens_per_verification(acceptance=0, drafts=5) == 1


def test_drafts_that_are_always_accepted_all_count():
    assert expected_tokens_per_verification(acceptance=1, drafts=5) == 6
    # The limit from below is the same.
    assert expected_tokens_per_verification(acceptance=1 - 1e-9, drafts=5) == pytest.approx(6)


@settings(deadline=None, max_examples=60)
@given(acceptance=st.floats(0, 1), drafts=st.integers(1, 32))
def test_expected_tokens_are_the_sum_of_the_chances(acceptance, drafts):
    # Token i is kept with probability a^i: the geometric series, term by term.
    series = sum(acceptance**i for i in range(drafts + 1))
    tokens = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    assert tokens == pytest.approx(series, rel=1e-6)
