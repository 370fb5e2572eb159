"""Sheets that lie another way: a row a meter, metrics down the side, models in the names of the columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from breakeven.usage.sheets.dates import dates_of
from breakeven.usage.sheets.numbers import Style, is_nothing, style_of
from breakeven.usage.sheets.split import Row, Sheet
from breakeven.usage.sheets.words import Meaning, meaning_of, vocabulary, words_of

COLUMN_OF = {
    "input": "input tokens",
    "uncached": "uncached input tokens",
    "cache_read": "cache read tokens",
    "cache_write_5m": "cache write 5m tokens",
    "cache_write_1h": "cache write 1h tokens",
    "output": "output tokens",
    "reasoning": "reasoning tokens",
    "total": "total tokens",
    "n_requests": "requests",
}
"""Name of a column to each meaning that a meter can have."""
_LABELS = re.compile(r"(?P<name>[^{]*)\{(?P<labels>.*)\}\s*")
_LABEL = re.compile(r"([\w.]+)\s*[=:]\s*\"?([^\",}]*)\"?")
_PIECES = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_QUANTITY = ("quantity", "amount", "usage", "value", "consumed", "volume", "tokens", "count", "units")
_STATISTICS = {
    "value",
    "values",
    "avg",
    "mean",
    "min",
    "max",
    "std",
    "median",
    "p50",
    "p90",
    "p95",
    "p99",
    "unit",
}
OTHER_CHARGES = "rows of other charges than tokens"
MORE_METERS = "further meters of a row that counts"


@dataclass(slots=True, kw_only=True)
class Reshaped:
    """A sheet with a column for each meaning."""

    sheet: Sheet
    left_out: dict[str, int] = field(default_factory=dict)
    """Rows of the sheet as it was that are no row of their own now."""
    sums: bool = False
    """Its rows are sums of requests."""


def reshaped(sheet: Sheet) -> Reshaped | None:
    """Turn a sheet so that every row is one request or sum; None where it does not lie another way."""
    return models_in_names(sheet) or _long(sheet) or _transposed(sheet)


# --- models in the names of columns ---------------------------------------------------------------


def models_in_names(sheet: Sheet) -> Reshaped | None:
    """One row for each model that names of columns hold."""
    groups: dict[str, dict[str, int]] = {}
    rest: list[int] = []
    for place, name in enumerate(sheet.header):
        found = _LABELS.fullmatch(name)
        model = _label_of(found["labels"]) if found else _model_in(name)
        meaning = meaning_of(found["name"] if found else name)
        if model and meaning and meaning.field in COLUMN_OF and meaning.scale == 1.0:
            groups.setdefault(model, {}).setdefault(meaning.field, place)
        else:
            if meaning and meaning.field in ("input", "output", "model"):
                return None
            rest.append(place)
    if not groups or not all({"input", "output"} <= set(fields) for fields in groups.values()):
        return None
    meanings = list(dict.fromkeys(one for fields in groups.values() for one in fields))
    header = [*(sheet.header[place] for place in rest), "model", *(COLUMN_OF[one] for one in meanings)]
    rows: list[Row] = []
    for line, cells in sheet.rows:
        first = True
        for model, fields in groups.items():
            values = [cells[fields[one]] if one in fields else "" for one in meanings]
            if all(is_nothing(value) for value in values) and not (first and model == list(groups)[-1]):
                continue
            rows.append((line, [*(cells[place] for place in rest), model, *values]))
            first = False
    names = ", ".join(list(groups)[:3])
    note = f"The names of the columns hold models ({names}): each becomes a row."
    return Reshaped(sheet=replace(sheet, header=header, rows=rows, notes=[*sheet.notes, note]))


def _label_of(labels: str) -> str | None:
    """Model among the labels of a series."""
    found = dict(_LABEL.findall(labels))
    return next((value for key, value in found.items() if "model" in key), next(iter(found.values()), None))


def _model_in(name: str) -> str | None:
    """What a name says beside its meaning, where that looks like a model.

    >>> _model_in("summary.usage.gpt-4.1-mini.prompt_tokens"), _model_in("Claude 4 output tokens")
    ('gpt-4.1-mini', 'Claude 4')
    >>> _model_in("input_tokens"), _model_in("usage_input_tokens_cache_write_5m")
    (None, None)
    """
    known = vocabulary().concepts
    pieces = _PIECES.findall(name)

    def idle(piece: str) -> bool:
        return piece.lower() in known or not piece[0].isalnum()

    while pieces and idle(pieces[-1]):
        pieces.pop()
    while pieces and idle(pieces[0]):
        pieces.pop(0)
    text = "".join(pieces)
    while "." in text and not any(map(str.isdigit, text.partition(".")[0])):
        text = text.partition(".")[2]
    letters = sum(map(str.isalpha, text))
    return text if letters >= 2 and any(map(str.isdigit, text)) and meaning_of(text) is None else None


# --- a row a meter --------------------------------------------------------------------------------


def _long(sheet: Sheet) -> Reshaped | None:
    """One row for each time, model and account, of rows that hold one meter each."""
    rows = [cells for _, cells in sheet.rows]
    kind = _kind_column(sheet.header, rows)
    if kind is None:
        return None
    amount = _amount_column(sheet.header, rows, kind)
    if amount is None:
        return None
    style = style_of((row[amount] for row in rows), whole=False)
    roles = _roles(sheet.header, {kind, amount})
    if not {"ts", "model", "tenant", "cost"} & set(roles):
        return None  # the summary of a benchmark says nothing but its metrics
    wide: dict[tuple[str, ...], tuple[int, dict[str, float], list[float]]] = {}
    left_out: dict[str, int] = {}
    broken = []
    for line, cells in sheet.rows:
        meaning = meter(cells[kind])
        if meaning is None or (meaning.field not in COLUMN_OF):
            left_out[OTHER_CHARGES] = left_out.get(OTHER_CHARGES, 0) + 1
            continue
        number = style.read(cells[amount])
        if number is None:
            broken.append((line, cells[amount], "not a number"))
            continue
        model = _model_of(cells, roles, kind)
        processing = "batch" if "batch" in words_of(cells[kind]) else ""
        key = (
            cells[roles["ts"]] if "ts" in roles else "",
            model,
            cells[roles["tenant"]] if "tenant" in roles else "",
            processing,
            cells[roles["currency"]] if "currency" in roles else "",
        )
        if key in wide:
            left_out[MORE_METERS] = left_out.get(MORE_METERS, 0) + 1
        _, sums, costs = wide.setdefault(key, (line, {}, []))
        scale = _unit_scale(cells[roles["unit"]]) if "unit" in roles else 1.0
        sums[meaning.field] = sums.get(meaning.field, 0.0) + number.value * scale
        cost = Style().read(cells[roles["cost"]]) if "cost" in roles else None
        costs += [cost.value] if cost else []
    if not any({"input", "uncached", "output"} & set(sums) for _, sums, _ in wide.values()):
        return None
    meanings = list(dict.fromkeys(one for _, sums, _ in wide.values() for one in sums))
    header = ["date", "model", "user", "batch", "currency", *(COLUMN_OF[one] for one in meanings), "cost"]
    made = [
        (
            line,
            [
                *key,
                *(_plain(sums[one]) if one in sums else "" for one in meanings),
                repr(sum(costs)) if costs else "",
            ],
        )
        for key, (line, sums, costs) in wide.items()
    ]
    note = f"Each row holds one meter ({sheet.header[kind]}): those of one time and model become one row."
    new = replace(
        sheet, header=header, rows=made, broken=[*sheet.broken, *broken], notes=[*sheet.notes, note]
    )
    return Reshaped(sheet=new, left_out=left_out, sums=True)


def meter(text: str) -> Meaning | None:
    """What a meter of a bill counts.

    >>> meter("gpt 4o 0806 cached Inp glbl Tokens").field, meter("USE1-NovaLite-output-tokens").field
    ('cache_read', 'output')
    >>> meter("request_count").field, meter("Data transfer")
    ('n_requests', None)
    """
    words = [
        word
        for word in words_of(text)
        if word not in ("text", "count", "content", "generate", "short", "long")
    ]
    return meaning_of(" ".join(words))


def _kind_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Column of text whose cells name meters of tokens, of two sides or more where there are several."""
    best: tuple[float, int] | None = None
    for place in range(len(header)):
        cells = {row[place] for row in rows[:5_000] if not is_nothing(row[place])}
        texts = [cell for cell in cells if any(map(str.isalpha, cell)) and len(cell) < 200]
        if not texts or len(texts) > 2_000:
            continue
        fields = {meaning.field for cell in texts if (meaning := meter(cell))}
        hits = sum(1 for cell in texts if (meaning := meter(cell)) and meaning.field in COLUMN_OF)
        if not fields & {"input", "uncached", "output"} or len(fields & set(COLUMN_OF)) < 2:
            continue
        if best is None or hits > best[0]:
            best = (hits, place)
    return best[1] if best else None


def _amount_column(header: Sequence[str], rows: Sequence[Sequence[str]], kind: int) -> int | None:
    """Column of numbers that says how much of a meter was used."""
    best: tuple[int, int] | None = None
    for place, name in enumerate(header):
        words = words_of(name)
        cells = [row[place] for row in rows[:500] if not is_nothing(row[place])]
        if (
            place == kind
            or not cells
            or set(words) & {"price", "cost", "rate", "billed", "charge", "fee", "net", "gross"}
        ):
            continue
        if sum(Style().read(cell) is not None for cell in cells) * 2 < len(cells):
            continue
        worth = max(
            (len(_QUANTITY) - _QUANTITY.index(word) for word in words if word in _QUANTITY), default=0
        )
        if worth and (best is None or worth > best[0]):
            best = (worth, place)
    return best[1] if best else None


def _roles(header: Sequence[str], taken: set[int]) -> dict[str, int]:
    """Columns beside the meter and its amount, by what they are for."""
    roles: dict[str, int] = {}
    for place, name in enumerate(header):
        if place in taken:
            continue
        words, meaning = set(words_of(name)), meaning_of(name)
        if words & {"unit", "units", "uom", "measure"} and not words & {"price", "cost"}:
            roles.setdefault("unit", place)
        elif (meaning and meaning.field == "reported_cost_usd") or (
            "cost" in words and not words & {"price", "per", "center", "type"}
        ):
            roles.setdefault("cost", place)
        elif meaning and meaning.field in ("ts", "model", "tenant", "currency"):
            if meaning.field == "ts" and "ts" in roles and "charge" in words:
                roles["ts"] = place  # the day of the charge, not the period of the bill
            roles.setdefault(meaning.field, place)
        elif words & {"sku", "meter", "product"} and not words & {"price", "category", "code"}:
            roles.setdefault("sku", place)
    return roles


def _model_of(cells: Sequence[str], roles: Mapping[str, int], kind: int) -> str:
    """Model of a row: its own column, else the product, else what the meter says beside its meaning."""
    for role in ("model", "sku"):
        if role in roles and not is_nothing(cells[roles[role]]):
            return cells[roles[role]].strip()
    idle = vocabulary().concepts
    words = [
        word for word in re.split(r"[\s_]+|-(?=[a-z])|(?<=[a-z])-", cells[kind]) if word.lower() not in idle
    ]
    return " ".join(words).strip(" -:")


def _unit_scale(unit: str) -> float:
    """How many tokens one unit of a bill is.

    >>> _unit_scale("1K tokens"), _unit_scale("1M"), _unit_scale("Tokens"), _unit_scale("1000 Tokens")
    (1000.0, 1000000.0, 1.0, 1000.0)
    """
    found = re.match(r"\s*([\d.,]*)\s*([A-Za-z]*)", unit)
    number = (
        float(found[1].replace(",", "") or 1) if found and found[1].replace(",", "").replace(".", "") else 1.0
    )
    return number * vocabulary().units.get(found[2].lower() if found else "", 1.0)


def _plain(value: float) -> str:
    return str(round(value)) if abs(value - round(value)) < 1e-6 * max(abs(value), 1) else repr(value)


# --- metrics down the side ------------------------------------------------------------------------


def _transposed(sheet: Sheet) -> Reshaped | None:
    """One row for each column, where the first cells of the rows name what they hold."""
    meanings = [meaning_of(cells[0]) for _, cells in sheet.rows]
    fields = {meaning.field for meaning in meanings if meaning}
    if not {"input", "output"} <= fields or len(sheet.header) < 2:
        return None
    heads = sheet.header[1:]
    if any(set(words_of(head)) & _STATISTICS for head in heads):
        return None  # a summary of a benchmark: its columns are no models and no days
    dates = dates_of(heads)
    named = "date" if all(dates.read(head) is not None for head in heads) else "model"
    header = [named, *(cells[0] for _, cells in sheet.rows)]
    rows = [
        (1, [head, *(cells[place] for _, cells in sheet.rows)])
        for place, head in enumerate(heads, start=1)
        if head.strip()
    ]
    note = "The first column names what each row holds: every other column becomes a row."
    return Reshaped(sheet=replace(sheet, header=header, rows=rows, notes=[*sheet.notes, note]))
