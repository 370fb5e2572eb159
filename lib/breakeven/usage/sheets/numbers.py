"""Numbers as people and programs write them: one style a column, decided by all of its cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from breakeven.usage.sheets.words import vocabulary

_BLANKS = dict.fromkeys(map(ord, " \t\u00a0\u202f\u2009\u2007'’_"))
_ARABIC = str.maketrans({"٬": ",", "٫": ".", "،": ","})
_SIGNED = re.compile(
    r"(?P<sign>[-−+]?)(?P<before>[^\d.,+−-]*?)(?P<minus>[-−]?)(?P<body>\.?\d[\d.,]*)(?P<after>\D*)"
)
_NO_AMOUNT = re.compile(r"[$€£¥]\s*[-–—]|[-–—]\s*[$€£¥]")
"""What a spreadsheet in the style of accounts writes for no money."""
_BRACKETED = re.compile(r"([^\d()]*)\((.*)\)")
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_GROUPED = {
    ",": re.compile(r"\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})*,\d{3}"),
    ".": re.compile(r"\d{1,3}(\.\d{3})+"),
}


LONGEST = 100
"""Letters of a cell that may be a number with marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A cell that is a number."""

    value: float
    currency: str | None = None
    share: bool = False
    """It is written in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the numbers of a column are written."""

    decimal: str = "."
    """What separates the fraction; the other of comma and point groups the thousands."""
    grouped: bool = False
    """Some number has its thousands grouped."""
    proven: bool = False
    """A cell leaves no other reading."""

    def read(self, cell: str) -> Number | None:
        """Read a cell; None where it is no number of this style.

        >>> Style().read("1,234,567").value, Style().read("$0.24").currency, Style().read("1.2M").value
        (1234567.0, 'USD', 1200000.0)
        >>> Style(decimal=",").read("1.234,5 €"), Style().read("12,34"), Style().read("40%").share
        (Number(value=1234.5, currency='EUR', share=False), None, True)
        """
        if cell.isdigit() and cell.isascii():
            return Number(value=float(cell))
        if len(cell) > LONGEST:
            return None
        cell = western(cell)
        if _EXPONENT.fullmatch(cell.strip()):
            return Number(value=float(cell))
        parts = _parts(cell)
        if parts is None:
            return None
        negative, body, scale, currency, share = parts
        value = _value(body, self.decimal)
        if value is None:
            return None
        return Number(value=(-value if negative else value) * scale, currency=currency, share=share)


def western(cell: str) -> str:
    """Digits of other scripts, and their marks, as those of ASCII.

    >>> western("２，０００"), western("٢٬٠٠٠")
    ('2,000', '2,000')
    """
    if cell.isascii():
        return cell
    digits = (str(unicodedata.digit(one)) if one.isdigit() else one for one in cell.translate(_ARABIC))
    return "".join(unicodedata.normalize("NFKC", one) if "！" <= one <= "～" else one for one in digits)


def is_nothing(cell: str) -> bool:
    """Whether a cell says that there is nothing."""
    if not cell or cell.isspace():
        return True
    text = cell.strip().lower()
    return text in vocabulary().nothing or _NO_AMOUNT.fullmatch(text) is not None


def _parts(cell: str) -> tuple[bool, str, float, str | None, bool] | None:
    """Whether it is negative, the digits, what multiplies them, the currency, and whether it is a share."""
    text = cell.translate(_BLANKS)
    brackets = _BRACKETED.fullmatch(text)
    found = _SIGNED.fullmatch(brackets[1] + brackets[2] if brackets else text)
    if found is None:
        return None
    scale, currency, share = 1.0, None, False
    money, units = vocabulary().money, vocabulary().units
    after = found["after"].lower()
    minus = after.endswith(("-", "−"))
    after = after.rstrip("-−")
    for piece in filter(None, (found["before"].lower(), after)):
        if piece in money:
            currency = money[piece]
        elif piece == "%":
            share = True
        elif piece in units and piece == after:
            scale = units[piece]
        elif piece not in ("tokens", "token", "tok"):
            return None
    return (
        bool(brackets) or minus or bool(found["sign"] in ("-", "−") or found["minus"]),
        found["body"],
        scale,
        currency,
        share,
    )


def _value(body: str, decimal: str) -> float | None:
    """Digits with separators, in a style where that character separates the fraction."""
    group = "," if decimal == "." else "."
    whole, point, fraction = body.partition(decimal)
    if point and (decimal in fraction or group in fraction):
        return None
    if group in whole:
        if not _GROUPED[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    try:
        return float(f"{whole or 0}.{fraction or 0}")
    except (ValueError, OverflowError):
        return None


def style_of(cells: Iterable[str], *, whole: bool, hint: str | None = None) -> Style:
    """Decide how the numbers of a column are written.

    Parameters
    ----------
    cells
        Its cells.
    whole
        Its numbers are whole, such as counts of tokens: ``1.234`` alone cannot be a fraction.
    hint
        The decimal separator of the rest of the file, where it is known.

    >>> style_of(["1.234", "567"], whole=True).decimal, style_of(["0,24"], whole=False).decimal
    (',', ',')
    >>> style_of(["1,234"], whole=False).decimal, style_of(["1,234"], whole=False, hint=",").decimal
    ('.', ',')
    """
    votes, open_, grouped = {".": 0, ",": 0}, {".": 0, ",": 0}, False
    for cell in cells:
        if cell.isdigit() or len(cell) > LONGEST:
            continue
        parts = _parts(western(cell))
        if parts is None:
            continue
        body, scaled = parts[1], parts[2] != 1.0
        points, commas = body.count("."), body.count(",")
        if points and commas:
            votes["." if body.rfind(".") > body.rfind(",") else ","] += 1
            grouped = True
        elif points > 1 or commas > 1:
            if _GROUPED["." if points else ","].fullmatch(body):
                votes["," if points else "."] += 1
                grouped = True
        elif points or commas:
            mark = "." if points else ","
            before, _, after = body.partition(mark)
            if len(after) != 3 or len(before) > 3 or before in ("", "0") or scaled:
                votes[mark] += 1
            else:
                open_[mark] += 1
    if votes["."] or votes[","]:
        # A whole number has no fraction, so three digits after a mark speak for the other one.
        point, comma = (votes[one] + (open_[other] if whole else 0) for one, other in (".,", ",."))
        decimal = "." if point >= comma else ","
        return Style(
            decimal=decimal, grouped=grouped or bool(open_["," if decimal == "." else "."]), proven=True
        )
    if whole and (open_["."] or open_[","]):
        # A whole number has no fraction, so what separates three digits groups the thousands.
        return Style(decimal="," if open_["."] >= open_[","] else ".", grouped=True)
    return Style(decimal=hint or ".", grouped=bool(open_["," if (hint or ".") == "." else "."]))
