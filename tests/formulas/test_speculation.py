"""Speculative decoding inside the serving modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.latency import latency_of
from breakeven.formulas.parts import Speculation
from breakeven.formulas.serving import MODES, decode_step, prefill_step
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
