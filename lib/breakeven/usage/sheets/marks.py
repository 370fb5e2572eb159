"""Rows that are no request of their own: failed, answered by a gateway's cache, repeated, sums of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from breakeven.usage.formats import Keep
from breakeven.usage.sheets.numbers import is_nothing
from breakeven.usage.sheets.words import said_by, vocabulary, words_of

FAILED = "rows that by their own mark are no request or failed"
TOTAL = "rows that are the sums of other rows"
BLANK = "blank rows"
REPEATED = "rows whose id and numbers occurred before"
CACHED_BY_GATEWAY = "rows that a gateway's own cache answered at no cost"
CORRECTED = "rows that correct a row above, from which they were taken off"
NO = frozenset(("", "0", "0.0", "false", "no", "none", "null", "nan", "[]", "{}", "success", "ok"))


def failed_by(keep: Keep | None, cell: str, empty: bool) -> bool:
    """Whether an export's own column says that a row is no request; ``empty``: it has no tokens either."""
    text = cell.strip().lower()
    match keep:
        case Keep.STATUS:
            return (not text and empty) or _number(text) >= 400 or _number(text) < 0
        case Keep.SUCCESS:
            return text in ("false", "0", "failure", "failed", "error")
        case Keep.GENERATION:
            return bool(text) and text != "generation"
        case Keep.NO_ERROR:
            return not is_nothing(text)
        case Keep.POSITIVE:
            return text != "" and _number(text) == 0
    return False


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def failure_marks(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[tuple[int, Callable[[str], bool]]]:
    """Columns that tell failed rows by what people call them, each with its rule.

    A column of numbers such as ``Failed Requests`` counts failures and marks none.
    """
    found: list[tuple[int, Callable[[str], bool]]] = []
    counts = any(said_by(name) & {"request"} and not said_by(name) & {"name", "time"} for name in header)
    for place, name in enumerate(header):
        words, said = set(words_of(name)), said_by(name)
        if words & {"requests", "count", "rate", "calls", "num", "message", "reason", "messages"}:
            continue
        cells = {row[place].strip().lower() for row in rows[:5_000]}
        flags = {"success", "succeeded", "successful", "ok", "cancelled", "canceled", "failed", "failure"}
        if counts and words & flags and all(cell.isdigit() for cell in cells if cell):
            continue  # beside a number of requests, that of the failed ones
        if words & {"type", "kind"} and _wraps(cells):
            found.append((place, is_wrapper))
            continue
        status = words & {"state", "http", "outcome", "result"} or ("status" in said and not words & flags)
        if status and not words & {"id", "time", "error", "errors"}:
            if any(bad_status(cell) for cell in cells):
                found.append((place, bad_status))
        elif words & {"cancelled", "canceled", "failed", "error", "errored", "aborted", "failure"}:
            if len(cells) > 1 or cells <= NO or not any(_number(c) > 1 for c in cells):
                found.append((place, is_set))
        elif words & {"success", "succeeded", "successful", "ok"} and cells <= {
            "true",
            "false",
            "0",
            "1",
            "",
        }:
            found.append((place, is_false))
    return found


def _wraps(cells: set[str]) -> bool:
    """Whether a column tells calls of models from the spans around them."""
    known = vocabulary()
    told = {cell for cell in cells if cell}
    return bool(told & known.calls) and bool(told & known.wrappers) and told <= known.calls | known.wrappers


def is_wrapper(cell: str) -> bool:
    """Whether a kind of span is no call of a model, but what is around one.

    >>> is_wrapper("SPAN"), is_wrapper("GENERATION")
    (True, False)
    """
    return cell.strip().lower() in vocabulary().wrappers


def bad_status(cell: str) -> bool:
    """Whether a state says that a request failed.

    >>> bad_status("429 Too Many Requests"), bad_status("失败"), bad_status("200 OK"), bad_status("-3")
    (True, True, False, True)
    """
    text = cell.strip().lower()
    found = re.match(r"-?\d{1,3}(?=$|[ :.-])", text)
    number = float(found[0]) if found else 0.0
    return text in vocabulary().failures or 400 <= number < 1000 or -100 < number < 0


def is_set(cell: str) -> bool:
    """Whether a cell of errors names one."""
    return cell.strip().lower() not in NO and not is_nothing(cell)


def is_false(cell: str) -> bool:
    """Whether a cell of successes says no."""
    return cell.strip().lower() in ("false", "0")


def id_column(header: Sequence[str]) -> int | None:
    """Column that names a single request; None where there is none."""
    for place, name in enumerate(header):
        words = words_of(name)
        if words in (["id"], ["uuid"]) or (
            words
            and words[-1] in ("id", "uuid")
            and {"request", "generation", "message", "completion", "response", "call", "event", "log"}
            & set(words)
        ):
            return place
    return None


def says_total(cells: Iterable[str]) -> bool:
    """Whether a cell of a row says that it is a sum of others.

    >>> says_total(["Grand Total:", "", "3"]), says_total(["gpt-4o", "total"]), says_total(["totally"])
    (True, True, False)
    """
    return any(_label(cell) in vocabulary().totals for cell in cells if cell and not cell[0].isdigit())


def hints_total(cells: Iterable[str]) -> bool:
    """Whether a cell begins or ends with a word for a sum, as ``Subtotal gpt-4o`` and ``gpt-4o Total`` do.

    >>> hints_total(["Sous-total gpt-4o"]), hints_total(["gpt-4o Ergebnis"]), hints_total(["gpt-4o"])
    (True, True, False)
    """
    return any(_hints(cell) for cell in cells if cell)


@lru_cache(maxsize=50_000)
def _hints(cell: str) -> bool:
    one = re.sub(r"[\s:=*_()]+", " ", cell.lower()).strip().split(" ")
    ends = (one[0], one[-1], " ".join(one[:2]), " ".join(one[-2:])) if len(one) > 1 else ()
    return any(end in vocabulary().totals for end in ends)


@lru_cache(maxsize=50_000)
def _label(cell: str) -> str:
    return re.sub(r"[\s:=*_]+", " ", cell.lower()).strip()


def totals_among(
    rows: Sequence[Mapping[str, float]],
    labelled: Sequence[bool],
    bare: Sequence[bool],
    hinted: Sequence[bool] = (),
) -> set[int]:
    """Places of the rows that are sums of rows above.

    A label counts when the numbers are the sum of all rows above, or of those since the last sum; a last row
    without any label or text counts when they are exactly that. Rows whose label says so and whose numbers
    are another sum are sums too (of a part that the file does not show).

    Parameters
    ----------
    rows
        Sums by name of each row.
    labelled
        Whether a cell of it says that it is a sum.
    bare
        Whether it has no text beside its numbers.
    hinted
        Whether a cell holds such a label beside other words; it counts only where the numbers are that sum.
    """
    found: set[int] = set()
    whole: dict[str, float] = {}
    part: dict[str, float] = {}
    for place, row in enumerate(rows):
        last = place == len(rows) - 1
        hint = bool(hinted) and hinted[place] and (_same(row, part) or _same(row, whole))
        if (
            labelled[place]
            or hint
            or (last and bare[place] and place >= 2 and (_same(row, whole) or _same(row, part)))
        ):
            found.add(place)
            part = {}
            continue
        for name, value in row.items():
            whole[name] = whole.get(name, 0.0) + value
            part[name] = part.get(name, 0.0) + value
    return found


def _same(row: Mapping[str, float], sums: Mapping[str, float]) -> bool:
    """Whether a row is such a sum, in all that it says."""
    known = {name: value for name, value in row.items() if value}
    return bool(known) and all(
        abs(value - sums.get(name, 0.0)) <= 1e-6 * abs(value) for name, value in known.items()
    )


def is_sum(row: Mapping[str, float], above: Iterable[Mapping[str, float]]) -> bool:
    """Whether a row is the sum of rows."""
    sums: dict[str, float] = {}
    for one in above:
        for name, value in one.items():
            sums[name] = sums.get(name, 0.0) + value
    return _same(row, sums)
