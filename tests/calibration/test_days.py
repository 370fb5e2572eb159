"""Published fleets, which no fit has seen, beside their estimate."""

from dataclasses import replace

import pytest

from breakeven.calibration.days import TIMES, day_goals, day_of
from breakeven.hosting import Unplaceable
from breakeven.tables import queries


@pytest.fixture(scope="module")
def estimated(connection):
    def of(day):
        return day_of(
            day,
            models=queries.models(connection),
            gpus=queries.gpus(connection),
            precisions=queries.precisions(connection),
            efficiencies=queries.efficiencies(connection),
            layouts=queries.layouts(connection),
            links=queries.node_links(connection),
        )

    return of


@pytest.fixture(scope="module")
def published(connection):
    return {day.name: day for day in queries.published_days(connection)}


def test_a_published_bill_is_what_its_rates_say(published):
    day = published["DeepSeek's day"]
    gpu_s = (
        day.prompt_tokens_total / day.prompt_tokens_per_s_per_gpu
        + day.completion_tokens_total / day.completion_tokens_per_s_per_gpu
    )
    assert gpu_s / 3600 * day.usd_per_gpu_hour == pytest.approx(day.usd_total, rel=0.01)
    # 342 of 608 billion tokens came from the cache, and the mean context while decoding was 4,989.
    assert day.cached_tokens / day.prompt_tokens == pytest.approx(342 / 608, rel=0.01)
    assert day.completion_tokens / day.prompt_tokens == pytest.approx(168 / 608, rel=0.01)
    assert day.prompt_tokens + day.completion_tokens / 2 == pytest.approx(4989, rel=0.01)
    other = published["LMSYS's 96 GPUs"]
    assert other.completion_tokens_total / other.completion_tokens_per_s_per_gpu / 3600 * 2 == pytest.approx(
        other.usd_total, rel=0.01
    )


@pytest.mark.parametrize("name", ["DeepSeek's day", "LMSYS's 96 GPUs"])
def test_a_published_bill_is_within_half_as_much_again_of_its_estimate(estimated, published, name):
    day = estimated(published[name])
    assert 1 / TIMES < day.times < TIMES
    (goal,) = day_goals([day])
    assert goal.met
    assert goal.value == pytest.approx(max(day.times, 1 / day.times) - 1)


def test_a_bill_of_half_and_of_twice_the_estimate_are_missed(estimated, published):
    day = estimated(published["DeepSeek's day"])
    for times in (0.5, 2.0):
        changed = replace(day, published=replace(day.published, usd_total=day.usd * times))
        (goal,) = day_goals([changed])
        assert goal.value == pytest.approx(1)
        assert not goal.met


def test_the_sequences_of_a_gpu_keep_the_stated_tpot(estimated, published):
    day = published["DeepSeek's day"]
    quick, slow = (estimated(replace(day, tpot_s=tpot)) for tpot in (0.03, 0.08))
    assert quick.sequences < slow.sequences
    assert quick.usd > slow.usd


def test_a_fleet_that_nothing_joins_is_refused(estimated, published):
    with pytest.raises(Unplaceable, match="nothing on record joins"):
        estimated(replace(published["DeepSeek's day"], gpu_id="h100-pcie"))
