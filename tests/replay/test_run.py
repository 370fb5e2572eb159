"""What the replay refuses, how it is watched, how prompts share a cache."""

from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from breakeven.replay.run import (
    BLOCK_TOKENS,
    Cancelled,
    Control,
    one_at_a_time,
    percentile,
    replay,
    replay_closed_loop,
)
from breakeven.replay.server import Requests, server_of
from tests.builders import ENGINE, REPLICA, model

SERVER = server_of(model(), REPLICA, ENGINE, usable=0.9)


def some(n: int, *, gap_s: float = 1.0, prompt: int = 1024, completion: int = 10, **more) -> Requests:
    return Requests(
        arrival_s=np.arange(n) * gap_s,
        prompt=np.full(n, prompt, np.int32),
        completion=np.full(n, completion, np.int32),
        **more,
    )


@pytest.mark.parametrize("mode", ["continuous", "static", "disaggregated"])
def test_a_request_longer_than_the_cache_is_refused_and_counts_as_never_served(mode):
    # Room for 1,100 tokens: 1,024 + 77 - 1 = 1,100 fits, one token more does not.
    server = replace(SERVER, mode=mode, cache_bytes=1100 * SERVER.step.full_bytes, max_sequences=4)
    fits = 76 if mode == "disaggregated" else 77  # a decode pool gives the first token too
    requests = replace(some(2), completion=np.array([fits, fits + 1], np.int32))
    result = replay(requests, server)
    assert result.refused.tolist() == [False, True]
    assert np.isfinite(result.ttft_s[0])
    assert result.ttft_s[1] == result.tpot_s[1] == np.inf


def test_a_request_longer_than_the_models_context_is_refused():
    requests = some(2, prompt=90, completion=10)
    assert not replay(requests, replace(SERVER, max_context=100)).refused.any()
    assert replay(requests, replace(SERVER, max_context=99)).refused.all()


def test_a_cached_prompt_is_not_computed_again():
    cold = replay(some(3), SERVER)
    warm = replay(some(3, cached=np.full(3, 1000, np.int32)), SERVER)
    assert cold.replicas[0].prefilled == 3 * 1024
    assert warm.replicas[0].prefilled == 3 * 24
    assert (warm.ttft_s < cold.ttft_s).all()


def test_blocks_that_an_earlier_request_left_behind_are_not_computed_again():
    # Three prompts of two blocks: 0 1, 0 1, 0 2. The second repeats all but the last token, the third half.
    blocks = {
        "blocks": np.array([0, 1, 0, 1, 0, 2], np.int32),
        "block_offsets": np.array([0, 2, 4, 6], np.int64),
    }
    result = replay(some(3, **blocks), SERVER)
    assert result.replicas[0].prefilled == 1024 + 1 + BLOCK_TOKENS


def test_the_least_recently_used_block_is_overwritten():
    # Room for three blocks. After 0 1 and 2 3 the tail of the first (1) is gone and its head (0) stays.
    offsets = np.array([0, 2, 4, 6], np.int64)
    small = replace(SERVER, cache_bytes=3 * BLOCK_TOKENS * SERVER.step.full_bytes)

    def prefilled(third: list[int]) -> float:
        blocks = np.array([0, 1, 2, 3, *third], np.int32)
        return replay(some(3, blocks=blocks, block_offsets=offsets), small).replicas[0].prefilled - 2 * 1024

    assert prefilled([0, 1]) == BLOCK_TOKENS
    assert prefilled([2, 3]) == 1
    assert prefilled([1, 0]) == 2 * BLOCK_TOKENS


def test_blocks_are_kept_by_each_replica_for_itself():
    blocks = {"blocks": np.zeros(4, np.int32), "block_offsets": np.arange(5)}
    requests = some(4, prompt=BLOCK_TOKENS, **blocks)
    fleet = replay(requests, SERVER, replicas=2, routing="round-robin")
    assert [one.prefilled for one in fleet.replicas] == [BLOCK_TOKENS + 1] * 2


def test_each_request_alone_waits_for_nobody():
    requests = some(50, gap_s=0.0)
    for mode in ("continuous", "static", "disaggregated"):
        ttft, tpot = one_at_a_time(requests, replace(SERVER, mode=mode))
        alone = replay(some(1), replace(SERVER, mode=mode))
        np.testing.assert_allclose(ttft, alone.ttft_s[0], rtol=1e-6)
        np.testing.assert_allclose(tpot, alone.tpot_s[0], rtol=1e-6)
        assert replay(requests, replace(SERVER, mode=mode)).ttft_s.max() >= ttft[0]


def test_more_clients_than_requests_is_a_burst():
    burst = replay(some(20, gap_s=0.0), SERVER)
    loop = replay_closed_loop(some(20), SERVER, clients=99)
    np.testing.assert_array_equal(burst.finish_s, loop.finish_s)


def test_a_replay_stops_when_it_is_asked_to_and_says_how_far_it_is():
    control = Control()
    requests = some(3_000_000, gap_s=0.02)
    seen = []

    def run() -> None:
        try:
            replay(requests, SERVER, control=control)
        except Cancelled:
            seen.append("cancelled")

    thread = Thread(target=run)
    thread.start()
    while control.finished < 1000 and thread.is_alive():
        pass
    control.stop()
    thread.join(timeout=20)
    assert seen == ["cancelled"]
    assert 1000 <= control.finished < 3_000_000


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (50.1, 3.0), (75, 3.0), (100, 4.0), (1, 1.0)])
def test_a_percentile_is_one_of_the_values(percent, expected):
    assert percentile(np.array([4.0, 1.0, 3.0, 2.0]), percent) == expected


def test_no_request_is_an_empty_answer():
    result = replay(some(0), SERVER)
    assert result.busy == result.span_s == result.mean_wait_s == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrival_s": np.array([1.0, 0.5])}, "arrival_s must not decrease"),
        ({"arrival_s": np.array([0.0, np.nan])}, "arrival_s must be finite"),
        ({"prompt": np.array([0, 1], np.int32)}, "at least 1"),
        ({"completion": np.array([1], np.int32)}, "completion has 1 elements"),
        ({"cached": np.array([-1, 0], np.int32)}, "cached must not be negative"),
    ],
)
def test_what_cannot_be_replayed_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(some(2), **change)


def test_what_no_scheduler_does_is_refused():
    with pytest.raises(ValueError, match="token_budget must be at least max_sequences"):
        replace(SERVER, token_budget=10)
    with pytest.raises(ValueError, match="replicas must be at least 1"):
        replay(some(1), SERVER, replicas=0)
    with pytest.raises(ValueError, match="clients must be at least 1"):
        replay_closed_loop(some(1), SERVER, clients=0)
    with pytest.raises(ValueError, match="routing must be one of"):
        replay(some(4), SERVER, replicas=2, routing="random")


def test_an_installation_that_cannot_be_written_to_still_compiles(monkeypatch):
    import numba

    from breakeven.replay import kernel

    njit = numba.njit

    def nowhere(*arguments, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available for file")
        return njit(*arguments, **options)

    monkeypatch.setattr(numba, "njit", nowhere)
    assert kernel.jit(lambda x: x + 1)(1) == 2
