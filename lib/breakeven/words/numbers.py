"""Numbers as people read them: three significant digits, thousands separated, unit always."""

from __future__ import annotations

import math
from dataclasses import dataclass

SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "CNY": "CN¥",
    "JPY": "JP¥",
    "INR": "₹",
    "CHF": "CHF ",
    "CAD": "CA$",
    "AUD": "A$",
}
NOT_KNOWN = "–"


def number(value: float | None, digits: int = 3) -> str:
    """Round to significant digits and separate thousands.

    >>> number(1234567), number(0.012345), number(2.0), number(None)
    ('1,230,000', '0.0123', '2', '–')
    """
    if value is None or math.isnan(value):
        return NOT_KNOWN
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    try:
        rounded = round(value, decimals)
    except OverflowError:  # above the largest float once rounded
        rounded = value
    text = f"{rounded:,.{max(decimals, 0)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def compact(value: float | None, digits: int = 3) -> str:
    """Write a large number with a letter for thousands, millions, billions, trillions.

    >>> compact(412_000), compact(1.4e12), compact(999_999), compact(850), compact(None)
    ('412k', '1.4T', '1M', '850', '–')
    """
    if value is None or not math.isfinite(value):
        return number(value)
    value = rounded(value, digits)  # decided on the rounded value, so that 999,999 is written as 1M
    for factor, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= factor:
            divisor = 1e3 if letter == "k" else factor
            return f"{number(value / divisor, digits)}{letter}"
    return number(value, digits)


def rounded(value: float, digits: int = 3) -> float:
    """Round to significant digits and stay a number, so that a table can sort it.

    >>> rounded(1234.5), rounded(0.0123467, 4)
    (1230.0, 0.01235)
    """
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Writes amounts that are computed in US dollars in the currency of the reader."""

    currency: str = "USD"
    rate: float = 1.0
    """Units of the currency per US dollar."""

    @property
    def symbol(self) -> str:
        """What stands before an amount."""
        return SYMBOLS[self.currency]

    def amount(self, usd: float | None) -> str:
        """Write an amount; at least two decimals below 100, as prices are written.

        >>> Money().amount(2.5), Money().amount(1234.5), Money().amount(0.8), Money().amount(0.00316)
        ('$2.50', '$1,230', '$0.80', '$0.00316')
        >>> Money(currency="EUR", rate=0.9).amount(10)
        '€9.00'
        """
        if usd is None or not math.isfinite(usd):
            return number(usd)
        value = usd * self.rate
        # Decided on the rounded amount, so that 99.999 is written as 100 is and 0.9999 as 1 is.
        as_price = round(abs(value), 3) >= 1 and round(abs(value), 2) < 100
        text = f"{value:.2f}".replace("-", "−") if as_price else number(value)
        whole, point, decimals = text.partition(".")
        if point and len(decimals) == 1:
            text = f"{whole}.{decimals}0"
        return self.symbol + text

    def about(self, usd: float | None) -> str:
        """Write an amount that is read at a glance, beside others: no cents from ten on.

        >>> Money().about(37.74), Money().about(9.5), Money().about(1234.5), Money().about(None)
        ('$38', '$9.50', '$1,230', '–')
        """
        if usd is None or not 9.995 <= abs(usd * self.rate) < 99.5:
            return self.amount(usd)
        return self.symbol + number(usd * self.rate, 2)

    def large(self, usd: float | None) -> str:
        """Write an amount, from a million on with a letter.

        >>> Money().large(1_823_903), Money().large(78.5), Money().large(283.2e6), Money().large(168_000)
        ('$1.82M', '$78.50', '$283M', '$168,000')
        """
        if usd is None or not math.isfinite(usd) or abs(usd * self.rate) < 999_500:
            return self.amount(usd)
        return self.symbol + compact(usd * self.rate)

    def large_span(self, low: float, high: float) -> str:
        """Write a range of large amounts with one symbol.

        >>> Money().large_span(1_490_028, 2_369_640)
        '$1.49M–2.37M'
        """
        first, second = self.large(low), self.large(high)
        return first if first == second else f"{first}–{second.removeprefix(self.symbol)}"

    def per_million(self, usd_per_token: float | None) -> str:
        """Write a price per token as a price per million tokens.

        >>> Money().per_million(4.2e-7)
        '$0.42 per 1M tokens'
        """
        return f"{self.amount(None if usd_per_token is None else usd_per_token * 1e6)} per 1M tokens"

    def per_thousand(self, usd_per_request: float) -> str:
        """Write a price per request as a price per thousand requests.

        >>> Money().per_thousand(0.042)
        '$42.00 per 1,000 requests'
        """
        return f"{self.amount(usd_per_request * 1000)} per 1,000 requests"

    def span(self, low: float, high: float) -> str:
        """Write a range with one symbol.

        >>> Money().span(1.3, 1.7)
        '$1.30–1.70'
        """
        first, second = self.amount(low), self.amount(high)
        return first if first == second else f"{first}–{second.removeprefix(self.symbol)}"


def seconds(value: float | None) -> str:
    """Write a time in the unit that fits.

    >>> seconds(0.0123), seconds(2.5), seconds(7200)
    ('12.3 ms', '2.5 s', '2 h')
    """
    if value is None or not math.isfinite(value):
        return number(value)
    # Boundaries are where three digits round up to the next unit.
    if value < 0.9995e-3:
        return f"{number(value * 1e6)} µs"
    if value < 0.9995:
        return f"{number(value * 1e3)} ms"
    if value < 600:
        return f"{number(value)} s"
    return f"{number(value / 60)} min" if value < 7200 else f"{number(value / 3600)} h"


def seconds_span(low: float, high: float) -> str:
    """Write a range of times in one unit.

    >>> seconds_span(0.0123, 0.02), seconds_span(0.5, 1.5)
    ('12.3–20 ms', '0.5–1.5 s')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{seconds(low)}–{seconds(high)}"
    if high < 1:
        first, second, unit = number(low * 1e3), number(high * 1e3), "ms"
    elif high < 600:
        first, second, unit = number(low), number(high), "s"
    else:
        return f"{seconds(low)} – {seconds(high)}"
    return f"{first} {unit}" if first == second else f"{first}–{second} {unit}"


def spread(value: float, low: float, high: float) -> str:
    """Write an estimate of a time and its range, two digits each, in the unit of the largest.

    >>> spread(0.731, 0.452, 1.61), spread(0.0477, 0.0358, 0.053), spread(0.5, 0.5, 0.5)
    ('0.73 s, 0.45 to 1.6', '48 ms, 36 to 53', '0.5 s')
    """
    largest = max(value, high)
    scale, unit = next(
        (scale, unit)
        for limit, scale, unit in (
            (0.0995, 1e-3, "ms"),
            (600, 1.0, "s"),
            (7200, 60.0, "min"),
            (math.inf, 3600.0, "h"),
        )
        if largest <= limit
    )
    middle, *ends = (number(one / scale, 2) for one in (value, low, high))
    text = f"{middle} {unit}"
    return text if set(ends) == {middle} else f"{text}, {ends[0]} to {ends[1]}"


def gigabytes(value: float) -> str:
    """Write bytes as GB, 1e9 bytes each.

    >>> gigabytes(137.95e9), gigabytes(327_680)
    ('138 GB', '328 kB')
    """
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= 0.9995 * factor:
            return f"{number(value / factor)} {unit}"
    return f"{number(value)} B"


def finite(value: float | None) -> float | None:
    """JSON has no infinity: what never comes is null.

    >>> finite(2.5), finite(float("inf")), finite(None)
    (2.5, None, None)
    """
    return value if value is not None and math.isfinite(value) else None


def percent(share: float) -> str:
    """Write a share.

    >>> percent(0.413), percent(1.0), percent(0.004)
    ('41 %', '100 %', '0.4 %')
    """
    value = share * 100
    return f"{number(value, 2)} %" if value < 100 else f"{number(value)} %"


def times(ratio: float) -> str:
    """Write a ratio.

    >>> times(1.58), times(17.43)
    ('1.6×', '17×')
    """
    return f"{number(ratio, 2 if ratio < 100 else 3)}×"


def load(requests_per_s: float) -> str:
    """Write a load per second, or per hour, day or month where that is below one.

    >>> load(3.14159), load(0.01), load(1e-6), load(1)
    ('3.14 requests/s', '36 requests/h', '2.63 requests/month', '1 request/s')
    """
    for factor, unit in ((1, "s"), (3600, "h"), (86_400, "day")):
        if requests_per_s * factor >= 1:
            return _requests(requests_per_s * factor, unit)
    return _requests(requests_per_s * 2_628_000, "month")


def _requests(amount: float, unit: str) -> str:
    text = number(amount)
    return f"{text} request{'' if text == '1' else 's'}/{unit}"


def count(value: float, noun: str) -> str:
    """Write a whole number of things.

    >>> count(1, "replica"), count(40, "GPU")
    ('1 replica', '40 GPUs')
    """
    return f"{value:,.0f} {noun}{'' if value == 1 else 's'}"


def indefinite(name: str) -> str:
    """Write a word or a product's name with the article that it is read with.

    >>> indefinite("H100 SXM5"), indefinite("on-demand"), indefinite("B200"), indefinite("Instinct MI300X")
    ('an H100 SXM5', 'an on-demand', 'a B200', 'an Instinct MI300X')
    """
    spelled = name[1:2].isupper() or name[1:2].isdigit()
    vowels = "AEFHILMNORSX" if spelled else "AEIOUaeiou"
    return f"{'an' if name[:1] in tuple(vowels) else 'a'} {name}"


def counted(value: float) -> str:
    """Write a large count in words.

    >>> counted(70.6e9), counted(1.33e6), counted(930), counted(1.09e23)
    ('70.6 billion', '1.33 million', '930', '1.09·10²³')
    """
    if value >= 0.9995e15:
        power = math.floor(math.log10(value) + 1e-12)
        return f"{number(value / 10**power)}·10{str(power).translate(_SUPERSCRIPT)}"
    for factor, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= 0.9995 * factor:
            return f"{number(value / factor)} {word}"
    return number(value)


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
