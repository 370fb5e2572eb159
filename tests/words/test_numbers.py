"""Numbers as people read them."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.words.numbers import (
    SYMBOLS,
    Money,
    count,
    gigabytes,
    load,
    number,
    percent,
    seconds,
    seconds_span,
    times,
)

quick = settings(deadline=None, max_examples=200)
PLAIN = re.compile(r"−?\d{1,3}(,\d{3})*(\.\d*[1-9])?")
"""Digits in groups of three, no exponent, no zero at the end of the decimals."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(0, "0", id="zero"),
        pytest.param(-0.0, "0", id="minus-zero"),
        pytest.param(0.9994, "0.999", id="below-the-step-to-one"),
        pytest.param(0.9995, "1", id="rounds-up-to-one"),
        pytest.param(999.4, "999", id="below-the-step-to-a-thousand"),
        pytest.param(999.5, "1,000", id="rounds-up-to-a-thousand"),
        pytest.param(1e-9, "0.000000001", id="a-billionth"),
        pytest.param(1.234e-9, "0.00000000123", id="digits-of-a-small-number"),
        pytest.param(123_456_789, "123,000,000", id="digits-of-a-large-number"),
        pytest.param(1e21, "1,000,000,000,000,000,000,000", id="no-exponent-for-a-large-number"),
        pytest.param(1.7976931348623157e308, "179,", id="largest-float"),
        pytest.param(-1234, "−1,230", id="negative"),
        pytest.param(100, "100", id="zeros-before-the-point-stay"),
        pytest.param(2.50, "2.5", id="zeros-after-the-point-go"),
        pytest.param(math.inf, "∞", id="infinite"),
        pytest.param(-math.inf, "−∞", id="minus-infinite"),
        pytest.param(math.nan, "–", id="not-a-number"),
        pytest.param(None, "–", id="not-known"),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    written = number(value)
    assert written.startswith(text) if text.endswith(",") else written == text


def test_digits_can_be_chosen():
    assert [number(0.123456, digits) for digits in (1, 2, 5)] == ["0.1", "0.12", "0.12346"]


@quick
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_is_ever_written_with_an_exponent(value):
    written = number(value)
    assert PLAIN.fullmatch(written), written


@quick
@given(st.floats(min_value=1e-12, max_value=1e15))
def test_written_numbers_read_back_within_half_of_the_third_digit(value):
    read = float(number(value).replace(",", ""))
    assert read == pytest.approx(value, rel=0.005 + 1e-9)


@quick
@given(st.floats(1e-9, 1e12), st.floats(1e-9, 1e12))
def test_larger_numbers_never_read_smaller(one, other):
    low, high = (float(number(x).replace(",", "")) for x in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        pytest.param(0, "$0", id="nothing"),
        pytest.param(0.00316, "$0.00316", id="a-third-of-a-cent"),
        pytest.param(0.9994, "$0.999", id="below-a-dollar"),
        pytest.param(0.9999, "$1.00", id="rounds-up-to-a-dollar"),
        pytest.param(1, "$1.00", id="a-dollar"),
        pytest.param(99.99, "$99.99", id="below-a-hundred"),
        pytest.param(99.999, "$100", id="rounds-up-to-a-hundred"),
        pytest.param(100, "$100", id="a-hundred"),
        pytest.param(167_810.42, "$168,000", id="thousands"),
        pytest.param(-5, "$−5.00", id="a-loss"),
        pytest.param(-1234, "$−1,230", id="a-large-loss"),
        pytest.param(None, "–", id="not-known"),
        pytest.param(math.nan, "–", id="not-a-number"),
        pytest.param(math.inf, "∞", id="infinite"),
    ],
)
def test_amounts_look_like_prices_from_one_to_a_hundred(usd, text):
    assert Money().amount(usd) == text


@pytest.mark.parametrize(
    ("currency", "rate", "text"),
    [("EUR", 0.9, "€9.00"), ("JPY", 150, "JP¥1,500"), ("CHF", 0.8, "CHF 8.00"), ("INR", 85.5, "₹855")],
)
def test_amounts_are_converted_before_they_are_rounded(currency, rate, text):
    assert Money(currency=currency, rate=rate).amount(10) == text


def test_every_currency_has_its_own_symbol():
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


@quick
@given(st.floats(1e-12, 1e12), st.sampled_from(sorted(SYMBOLS)), st.floats(1e-4, 1e5))
def test_no_amount_is_ever_written_with_an_exponent(usd, currency, rate):
    money = Money(currency=currency, rate=rate)
    written = money.amount(usd)
    assert written.startswith(money.symbol)
    assert re.fullmatch(r"[\d,]+(\.\d+)?", written.removeprefix(money.symbol))


def test_prices_per_token_read_per_million():
    assert Money().per_million(30e-6) == "$30.00 per 1M tokens"
    assert Money(currency="EUR", rate=0.5).per_million(30e-6) == "€15.00 per 1M tokens"
    assert Money().per_million(None) == "– per 1M tokens"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        pytest.param(1.3, 1.7, "$1.30–1.70", id="two-amounts"),
        pytest.param(1.301, 1.302, "$1.30", id="the-same-once-rounded"),
        pytest.param(90, 110, "$90.00–110", id="across-a-hundred"),
        pytest.param(1.3, math.inf, "$1.30–∞", id="without-end"),
    ],
)
def test_spans_of_money_have_one_symbol(low, high, text):
    assert Money().span(low, high) == text


def test_a_symbol_of_letters_stands_once_in_a_span():
    assert Money(currency="CHF", rate=1).span(1, 2) == "CHF 1.00–2.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.99e-3, "990 µs"),
        (1e-3, "1 ms"),
        (0.999, "999 ms"),
        (1.0, "1 s"),
        (599.0, "599 s"),
        (600.0, "10 min"),
        (7199.0, "120 min"),
        (7200.0, "2 h"),
        (None, "–"),
        (math.inf, "∞"),
    ],
)
def test_times_change_unit_at_their_boundaries(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        pytest.param(0.012, 0.02, "12–20 ms", id="both-short"),
        pytest.param(0.5, 0.999, "500–999 ms", id="just-below-a-second"),
        pytest.param(0.5, 1.0, "0.5–1 s", id="up-to-a-second"),
        pytest.param(500, 599, "500–599 s", id="just-below-ten-minutes"),
        pytest.param(500, 600, "500 s – 10 min", id="up-to-ten-minutes"),
        pytest.param(0.012, 0.012, "12 ms", id="no-range-in-milliseconds"),
        pytest.param(2, 2.0001, "2 s", id="no-range-once-rounded"),
        pytest.param(2, math.inf, "2 s–∞", id="without-end"),
    ],
)
def test_spans_of_time_have_one_unit(low, high, text):
    assert seconds_span(low, high) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (327_680, "328 kB"),
        (999_000, "999 kB"),
        (1e6, "1 MB"),
        (140e9, "140 GB"),
        (1.28e12, "1.28 TB"),
    ],
)
def test_bytes_are_counted_in_thousands(value, text):
    assert gigabytes(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.004, "0.4 %"), (0.413, "41 %"), (0.996, "100 %"), (2.674, "267 %")]
)
def test_shares_have_two_digits_below_a_hundred_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(("ratio", "text"), [(1.58, "1.6×"), (17.43, "17×"), (99.4, "99×"), (267.4, "267×")])
def test_ratios_have_two_digits_below_a_hundred(ratio, text):
    assert times(ratio) == text


@pytest.mark.parametrize(
    ("requests_per_s", "text"),
    [
        pytest.param(1, "1 request/s", id="one-a-second"),
        pytest.param(0.5, "1,800 requests/h", id="less-than-one-a-second"),
        pytest.param(1 / 3600, "1 request/h", id="one-an-hour"),
        pytest.param(0.5 / 3600, "12 requests/day", id="less-than-one-an-hour"),
        # 730 hours a month: 1e-6 x 2,628,000 s.
        pytest.param(1e-6, "2.63 requests/month", id="less-than-one-a-day"),
        pytest.param(0, "0 requests/month", id="none"),
    ],
)
def test_loads_are_told_in_a_unit_with_at_least_one_request(requests_per_s, text):
    assert load(requests_per_s) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 replicas"), (1, "1 replica"), (2, "2 replicas"), (1234, "1,234 replicas")]
)
def test_only_one_thing_is_singular(value, text):
    assert count(value, "replica") == text
