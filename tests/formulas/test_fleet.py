"""Bills of whole replicas against sums by hand, and what must hold of any of them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.fleet import job_replicas, job_usd, month_usd

quick = settings(deadline=None, max_examples=100)
WORK = st.floats(1e-3, 1e10)
FINISH = st.floats(3600, 3e7)
STARTUP = st.floats(0, 3500)
RENT = st.floats(0.01, 1000)


def test_a_month_of_one_h100_is_730_hours_of_its_rent_and_what_is_paid_besides() -> None:
    # 365 x 24 / 12 = 730; 730 x 1.99 = 1,452.70
    assert month_usd(replicas=1, usd_per_hour=1.99) == pytest.approx(1452.70)
    assert month_usd(replicas=3, usd_per_hour=1.99, fixed_usd=100) == pytest.approx(3 * 1452.70 + 100)


def test_shrotts_638_hours_cost_what_he_paid_where_nothing_has_to_start() -> None:
    # Shrott 2023: 638 hours of rented GPUs for $98.98.
    bill = job_usd(work_s=638 * 3600, replicas=40, startup_s=0, usd_per_hour=98.98 / 638)
    assert bill == pytest.approx(98.98)


@pytest.mark.parametrize(
    ("work_h", "finish_h", "startup_min", "replicas"),
    [
        (100, 24, 10, 5),  # 100 / 23.83 = 4.2
        (24 * 7, 24, 0, 7),  # whole: not one more
        (23.8, 24, 10, 1),
        (23.9, 24, 10, 2),  # ten minutes are lost
        (1e-6, 24, 10, 1),
    ],
)
def test_a_job_takes_as_many_replicas_as_finish_it_in_time(
    work_h: float, finish_h: float, startup_min: float, replicas: int
) -> None:
    found = job_replicas(work_s=work_h * 3600, finish_s=finish_h * 3600, startup_s=startup_min * 60)
    assert found == replicas


@quick
@given(work=WORK, finish=FINISH, startup=STARTUP)
def test_replicas_of_a_job_are_the_fewest_that_finish_in_time(
    work: float, finish: float, startup: float
) -> None:
    found = job_replicas(work_s=work, finish_s=finish, startup_s=startup)
    room = Fraction(finish) - Fraction(startup)
    assert found == int(found) >= 1
    assert Fraction(work) <= int(found) * room * Fraction(1 + 2e-12)
    assert (int(found) - 1) * room < Fraction(work)


@quick
@given(work=WORK, replicas=st.integers(1, 1000), startup=STARTUP, rent=RENT, times=st.floats(1, 10))
def test_a_job_is_billed_by_the_work_and_the_starts(
    work: float, replicas: int, startup: float, rent: float, times: float
) -> None:
    bill = job_usd(work_s=work, replicas=replicas, startup_s=startup, usd_per_hour=rent)
    assert bill == pytest.approx(rent * (work / 3600 + replicas * startup / 3600))
    # Twice the rent is twice the bill; more work is never cheaper.
    assert job_usd(
        work_s=work, replicas=replicas, startup_s=startup, usd_per_hour=times * rent
    ) == pytest.approx(times * bill)
    assert job_usd(work_s=times * work, replicas=replicas, startup_s=startup, usd_per_hour=rent) >= bill


def test_arrays_are_billed_element_by_element() -> None:
    work, rent = np.array([3600.0, 7200.0]), np.array([[1.0], [2.0]])
    assert job_usd(work_s=work, replicas=1, startup_s=0, usd_per_hour=rent).tolist() == [[1, 2], [2, 4]]
    assert month_usd(replicas=np.array([1.0, 2.0]), usd_per_hour=1.0).tolist() == [730, 1460]
    assert job_replicas(work_s=work, finish_s=3600, startup_s=0).tolist() == [1, 2]


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_what_is_out_of_domain_is_refused_by_name(bad: float) -> None:
    with pytest.raises(ValueError, match="replicas"):
        month_usd(replicas=bad, usd_per_hour=1)
    with pytest.raises(ValueError, match="fixed_usd"):
        month_usd(replicas=1, usd_per_hour=1, fixed_usd=bad)
    with pytest.raises(ValueError, match="work_s"):
        job_replicas(work_s=bad, finish_s=3600, startup_s=0)
    with pytest.raises(ValueError, match="startup_s"):
        job_usd(work_s=1, replicas=1, startup_s=bad, usd_per_hour=1)


@pytest.mark.parametrize("finish", [599.0, 600.0])
def test_a_job_that_must_end_before_it_has_started_is_refused(finish: float) -> None:
    with pytest.raises(ValueError, match=f"finish_s must be more than startup_s, got {finish}"):
        job_replicas(work_s=1, finish_s=finish, startup_s=600)
