"""Routed experts that reach less than the rest, and first tokens that come late."""

from dataclasses import replace

import pytest

from breakeven.formulas.modes import continuous_batching, static_batch
from breakeven.formulas.step import decode_step, expert_slowdown, prefill_step
from tests.builders import ENGINE, REPLICA, model

MIXTURE = model(routed=300e9, share=0.1)
WHOLE = replace(ENGINE, expert_mfu=1.0, expert_mbu=1.0, expert_overhead_s=0.0)


def test_the_part_of_the_weights_that_lies_in_experts_is_slower():
    # Of 70 + 0.1·300 = 100 GB that a token meets, 30 are routed: 0.7 + 0.3/0.5 = 1.3.
    assert expert_slowdown(model=MIXTURE, engine=replace(ENGINE, expert_mfu=0.5)) == pytest.approx(1.3)
    assert expert_slowdown(model=model(), engine=replace(ENGINE, expert_mfu=0.5)) == 1


def test_reading_experts_at_half_the_bandwidth_takes_their_time_twice():
    fast = decode_step(model=MIXTURE, replica=REPLICA, engine=WHOLE, batch=1, context_tokens=100)
    slow = decode_step(
        model=MIXTURE, replica=REPLICA, engine=replace(WHOLE, expert_mbu=0.5), batch=1, context_tokens=100
    )
    # 70 GB + 30 GB touched; the 30 count twice.
    assert slow.linear_memory_s / fast.linear_memory_s == pytest.approx(1.3)


def test_routing_costs_its_time_in_every_layer_of_a_decode_and_nothing_in_a_dense_model():
    routing = replace(WHOLE, expert_overhead_s=1e-5)

    def fixed(shape, engine):
        return decode_step(model=shape, replica=REPLICA, engine=engine, batch=4, context_tokens=100).fixed_s

    assert fixed(MIXTURE, routing) - fixed(MIXTURE, WHOLE) == pytest.approx(80 * 1e-5)
    assert fixed(model(), routing) == fixed(model(), WHOLE)


@pytest.mark.parametrize("name", ["expert_mfu", "expert_mbu", "first_token_steps"])
@pytest.mark.parametrize("bad", [0.0, float("nan")])
def test_shares_of_experts_that_cannot_be_are_refused(name, bad):
    with pytest.raises(ValueError, match=name):
        prefill_step(
            model=MIXTURE, replica=REPLICA, engine=replace(ENGINE, **{name: bad}), batch=1, prompt_tokens=10
        )


def test_a_first_token_that_comes_late_delays_nobody_else_and_costs_nothing():
    request = {"batch": 8, "prompt_tokens": 1000, "completion_tokens": 100}
    late = replace(ENGINE, first_token_steps=10.0, ttft_fixed_s=0.05)
    before = continuous_batching(model=model(), replica=REPLICA, engine=ENGINE, **request)
    after = continuous_batching(model=model(), replica=REPLICA, engine=late, **request)
    assert after.ttft_s - before.ttft_s == pytest.approx(9 * before.decode.total_s + 0.05)
    assert after.tpot_s == before.tpot_s
    assert after.replica_s_per_request == before.replica_s_per_request
    still = static_batch(model=model(), replica=REPLICA, engine=late, **request)
    assert still.ttft_s == static_batch(model=model(), replica=REPLICA, engine=ENGINE, **request).ttft_s


def test_latent_attention_costs_a_fixed_time_a_layer_and_nothing_else_does():
    slow = replace(WHOLE, latent_overhead_s=2e-5)
    wide = replace(MIXTURE, decode_v_dim=4 * MIXTURE.prefill_v_dim)
    for shape, layers in ((MIXTURE, 0), (wide, MIXTURE.n_layers)):
        with_it, without = (
            decode_step(model=shape, replica=REPLICA, engine=engine, batch=4, context_tokens=100).fixed_s
            for engine in (slow, WHOLE)
        )
        assert with_it - without == pytest.approx(2e-5 * layers)
