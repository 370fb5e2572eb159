"""The replay against the step-by-step reference: same first tokens, same finishes, same preemptions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.replay.run import Replay, replay, replay_closed_loop
from breakeven.replay.server import Requests, Server, server_of
from tests.builders import ENGINE, REPLICA, model
from tests.replay.reference import reference


@st.composite
def traces(draw) -> Requests:
    """A few requests: bursts, gaps, prompts and completions of any length, some of it cached."""
    n = draw(st.integers(1, 25))
    gaps = draw(st.lists(st.sampled_from([0.0, 1e-3, 0.0137, 0.171, 2.3]), min_size=n, max_size=n))
    jitter = draw(st.lists(st.floats(0, 0.1), min_size=n, max_size=n))
    prompt = np.array(draw(st.lists(st.integers(1, 900), min_size=n, max_size=n)), np.int32)
    completion = np.array(draw(st.lists(st.integers(1, 150), min_size=n, max_size=n)), np.int32)
    cached = np.array(draw(st.lists(st.integers(0, 900), min_size=n, max_size=n)), np.int32)
    return Requests(
        arrival_s=np.cumsum(gaps) + np.sort(jitter),
        prompt=prompt,
        completion=completion,
        cached=cached if draw(st.booleans()) else None,
    )


@st.composite
def servers(draw, mode: str = "continuous") -> Server:
    """Dense or with experts, with and without a window, with a cache that holds about one long request."""
    routed = draw(st.sampled_from([0.0, 300e9]))
    window = draw(st.sampled_from([0, 64, 512]))
    shape = model(routed=routed, share=0.06 if routed else 0.0, window=window)
    most = draw(st.integers(1, 12))
    server = server_of(shape, REPLICA, ENGINE, usable=0.9, mode=mode, max_sequences=most)
    budget = draw(st.integers(most, 1200))
    longest = float(server.cache_of(np.array([1050]))[0])
    return replace(server, token_budget=budget, cache_bytes=longest * draw(st.floats(1.0, 3.0)))


def agree(result: Replay, told: tuple[list[float], list[float], list[float], int]) -> None:
    """Same times to 1e-9, same preemptions, and nothing lost."""
    arrival, first, finish, preemptions = told
    np.testing.assert_allclose(result.arrival_s, arrival, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.first_s, first, rtol=1e-9)
    np.testing.assert_allclose(result.finish_s, finish, rtol=1e-9)
    assert result.preemptions == preemptions
    # Conservation: the cache is empty, no time runs backwards.
    assert all(one.cache_left == 0 for one in result.pools)
    assert (result.first_s > result.arrival_s).all()
    assert (result.finish_s >= result.first_s).all()


@settings(max_examples=60, deadline=None)
@given(requests=traces(), server=servers())
def test_continuous_batching_is_that_of_the_reference(requests, server):
    result = replay(requests, server)
    agree(result, reference(requests, server))
    if not result.preemptions:
        # The first token comes with the prompt, each other one with a step.
        assert sum(one.decoded for one in result.replicas) == (requests.completion - 1).sum()


@settings(max_examples=50, deadline=None)
@given(requests=traces(), server=servers(mode="static"))
def test_a_static_batch_is_that_of_the_reference(requests, server):
    agree(replay(requests, server), reference(requests, server))


@settings(max_examples=50, deadline=None)
@given(requests=traces(), server=servers(), clients=st.integers(1, 30))
def test_a_closed_loop_is_that_of_the_reference(requests, server, clients):
    agree(replay_closed_loop(requests, server, clients=clients), reference(requests, server, clients=clients))


@settings(max_examples=50, deadline=None)
@given(requests=traces(), server=servers(mode="disaggregated"))
def test_two_pools_are_two_references_with_the_link_between(requests, server):
    requests = replace(requests, cached=None)
    result = replay(requests, server)
    ones = np.ones_like(requests.completion)
    _, read, _, first_preemptions = reference(replace(requests, completion=ones), server)
    handed = np.array(read) + server.transfer_s(requests)
    turn = np.argsort(handed, kind="stable")
    later = Requests(
        arrival_s=handed[turn], prompt=requests.prompt[turn], completion=requests.completion[turn]
    )
    _, first, finish, preemptions = reference(later, server, prefilled=True)
    np.testing.assert_allclose(result.first_s[turn], first, rtol=1e-9)
    np.testing.assert_allclose(result.finish_s[turn], finish, rtol=1e-9)
    assert result.preemptions == preemptions + first_preemptions
    assert all(one.cache_left == 0 for one in result.pools)


def test_the_newest_sequence_is_put_back_when_the_cache_overflows():
    # Room for 150 tokens; two sequences of 50 + 100: both are admitted, together they would need 298.
    server = server_of(model(), REPLICA, ENGINE, usable=0.9, max_sequences=8)
    server = replace(server, cache_bytes=150.5 * server.step.full_bytes)
    requests = Requests(
        arrival_s=np.array([0.0, 0.001]),
        prompt=np.array([50, 50], np.int32),
        completion=np.array([100, 100], np.int32),
    )
    result = replay(requests, server)
    assert result.preemptions == 1
    agree(result, reference(requests, server))
    assert result.finish_s[0] < result.finish_s[1]
    # What was generated is computed again with the prompt: more prompt tokens than were asked.
    assert result.replicas[0].prefilled > 100


@pytest.mark.parametrize("window", [0, 64])
def test_a_request_alone_takes_what_the_formulas_say(window):
    # No queue, no neighbours: one prefill step and one decode step for each further token.
    from breakeven.formulas.step import decode_step, prefill_step

    shape = model(window=window)
    server = server_of(shape, REPLICA, ENGINE, usable=0.9)
    requests = Requests(
        arrival_s=np.array([5.0]), prompt=np.array([60], np.int32), completion=np.array([30], np.int32)
    )
    result = replay(requests, server)
    prefill = prefill_step(model=shape, replica=REPLICA, engine=ENGINE, batch=1, prompt_tokens=60)
    decodes = decode_step(
        model=shape, replica=REPLICA, engine=ENGINE, batch=1, context_tokens=np.arange(61.0, 90.0)
    )
    assert result.ttft_s[0] == pytest.approx(prefill.total_s, rel=1e-12)
    assert result.finish_s[0] - result.first_s[0] == pytest.approx(decodes.total_s.sum(), rel=1e-12)


def test_a_static_batch_takes_as_many_as_the_cache_holds_to_their_end():
    # Two requests of 50 + 30 tokens: the last token is never stored, so 2 x 79 tokens of cache hold both.
    server = server_of(model(), REPLICA, ENGINE, usable=0.9, mode="static", max_sequences=8)
    requests = Requests(
        arrival_s=np.zeros(2), prompt=np.full(2, 50, np.int32), completion=np.full(2, 30, np.int32)
    )
    for tokens, together in ((2 * 79, True), (2 * 79 - 1, False)):
        result = replay(requests, replace(server, cache_bytes=tokens * server.step.full_bytes))
        assert (result.first_s[0] == result.first_s[1]) is np.bool_(together)
        assert result.preemptions == 0


@settings(max_examples=50, deadline=None)
@given(
    k=st.integers(1, 60),
    lines=st.tuples(*(st.floats(-1, 1) for _ in range(4))),
)
def test_the_sum_of_the_larger_of_two_lines_is_exact_where_they_cross(k, lines):
    from breakeven.replay.kernel import _sum_of_larger

    u0, du, v0, dv = lines
    expected = sum(max(u0 + i * du, v0 + i * dv) for i in range(1, k + 1))
    assert _sum_of_larger(k, u0, du, v0, dv) == pytest.approx(expected, rel=1e-9, abs=1e-9)
