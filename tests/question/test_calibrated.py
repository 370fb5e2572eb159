"""A calibration in a link: there and back, and no link raises."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.hosting import choose_profile
from breakeven.question.asked import with_own
from breakeven.question.calibrated import (
    FIELDS,
    FITTED,
    USUAL,
    Fields,
    calibrated_of,
    calibration_of,
)
from breakeven.tables import queries
from tests.builders import TODAY


@pytest.fixture(scope="module")
def row(table):
    return replace(table["vllm-h100-fp8"], efficiency_id="x", n_rows=9, max_gpus=2)


@pytest.fixture(scope="module")
def kept(row):
    return calibrated_of(row, "llama-3.1-8b")


def test_a_row_is_the_same_after_the_link(row, kept):
    found, warnings = calibration_of(FIELDS.write(kept))
    assert warnings == ()
    assert found == kept
    back = found.efficiency()
    for name in (*FITTED, "ttft_factor_low", "tpot_factor_high", "tpot_median_error", "n_rows"):
        assert getattr(back, name) == pytest.approx(getattr(row, name), rel=1e-3), name
    assert (back.gpu_family, back.precision_class, back.mode) == ("h100", "fp8", "continuous")


def test_a_link_stays_short(kept):
    assert sum(len(k) + len(v) + 2 for k, v in FIELDS.write(kept).items()) < 420


def test_a_link_from_before_the_time_at_load_still_reads(kept):
    # Fifteen numbers and two ranges: nothing was said of neighbours, and one range stood for both times.
    old = replace(
        kept, numbers="~".join(kept.numbers.split("~")[:15]), range="~".join(kept.range.split("~")[:4])
    )
    found, warnings = calibration_of(FIELDS.write(old))
    assert (found, warnings) == (old, ())
    row = found.efficiency()
    assert (row.busy_steps, row.queue_share) == (0, 0)
    assert (row.ttft_alone_factor_low, row.ttft_alone_factor_high) == (
        row.ttft_factor_low,
        row.ttft_factor_high,
    )


def test_another_calibration_has_another_engine_and_the_same_the_same(kept):
    numbers = kept.numbers.split("~")
    numbers[0] = "0.5"
    other = replace(kept, numbers="~".join(numbers))
    assert other.engine != kept.engine
    assert replace(kept).engine == kept.engine
    assert kept.engine.startswith("yours-")


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("numbers", "1~2", "numbers must hold 19 values"),
        ("numbers", "~".join(["2"] * 15), "mfu cannot be 2"),
        ("numbers", "~".join(["0"] * 15), "mfu cannot be 0"),
        ("numbers", "~".join(["x"] * 15), "'x' is not a number"),
        ("numbers", "~".join(["nan"] * 15), "'nan' is not a number"),
        ("on", "h100~fp7~continuous~1", "rate must be one of fp16, fp8, fp4"),
        ("on", "h100~fp8~continuous~0", "'0' is not a whole number from 1 to 64"),
        ("range", "2~2~1~1", "range must hold pairs of a factor up to 1"),
        ("error", "-1~0", "error must be zero or more"),
        ("runs", "9", "runs must hold 2 values"),
    ],
)
def test_a_link_that_cannot_be_is_refused_in_words(kept, field, text, words):
    found, warnings = calibration_of(FIELDS.write(kept) | {f"calibrated_{field}": text})
    assert found == USUAL
    assert any(words in warning for warning in warnings), warnings


def test_a_calibration_with_a_field_missing_is_none(kept):
    pairs = FIELDS.write(kept)
    del pairs["calibrated_range"]
    found, warnings = calibration_of(pairs)
    assert found == USUAL
    assert "needs all of its fields" in warnings[0]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*FIELDS.keys, "calibrated_x"]),
        st.one_of(
            st.text(max_size=60),
            st.lists(st.floats().map(str), min_size=1, max_size=16).map("~".join),
            st.just("h100~fp8~continuous~2"),
        ),
    )
)
def test_no_link_raises_and_what_is_read_is_a_row(pairs):
    found, _ = calibration_of(pairs)
    assert (found.efficiency() is None) == (found == USUAL)
    assert all(part is None for part in astuple(found)) or found.given


def test_own_row_counts_only_where_it_is_named(connection, kept):
    gpu = queries.gpus(connection)["h100-sxm"]
    rows = [*queries.efficiencies(connection), kept.efficiency()]

    def chosen(engine):
        return choose_profile(
            rows, engine=engine, gpu=gpu, rate="fp8", mode="continuous", n_gpus=2
        ).efficiency.engine

    assert chosen(kept.engine) == kept.engine
    assert not chosen("auto").startswith("yours")
    assert not chosen("yours-00000000").startswith("yours")


def test_tables_without_a_calibration_are_the_same_tables(tables_on, connection):
    del connection

    tables = tables_on(TODAY)
    assert with_own(tables, Fields()) is tables
