"""The SQL over a file: text cells to canonical rows, and canonical rows to sums.

Nothing that a user wrote becomes part of a statement: columns are numbered,
names inside JSON and the path of the file are parameters, thresholds are our
own integers. The aggregate is portable SQL: integer sums, CASE on thresholds,
GROUPING SETS; no function that only DuckDB has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from breakeven.tables.exports import Processing
from breakeven.usage.formats import INSIDE, TOKEN_FIELDS, Format, Grain
from breakeven.usage.sheets.words import vocabulary

PROCESSINGS = tuple(Processing)
"""Kinds of processing by the number that stands for them in sums and links; standard is 0, batch is 1."""
BINS_PER_E = 5.7707801635558535
"""Histogram bins per factor of e: four for every doubling. [-]"""
MOST_TOKENS_REQUEST = 100_000_000
"""A single request with more is a mistake in the file. [tokens]"""
MOST_TOKENS_BUCKET = 10**15
"""The same for a row that sums up many requests. [tokens]"""
MOST_REQUESTS = 10**12
"""Requests in one row beyond which the file is wrong."""
FIRST_YEAR_US, LAST_YEAR_US = 1_262_304_000_000_000, 4_102_444_800_000_000
"""Times outside 2010 to 2100 are mistakes. [microseconds since 1970]"""
LONG_TIER_TOKENS = 200_001
"""What stands for a bucket that its export marks as above 200k. [tokens]"""
DATE_FORMATS = (
    "%b %d, %Y, %I:%M %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S GMT",
)
"""Dates that are not ISO 8601; month first where a slash separates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Where a price list changes with the length of a request, ascending."""

    tiers: tuple[int, ...] = ()
    """Input tokens above which some offer has another price. [tokens]"""
    contexts: tuple[int, ...] = ()
    """Longest requests that offers take. [tokens]"""


def bucket_of(
    expression: str,
    edges: Sequence[int],
    first: int = 0,
    *,
    near: Sequence[float] = (),
    scale: int | None = None,
) -> str:
    """CASE for the number of edges that a value exceeds; nested, so that few are compared.

    Values ``near`` which most others will be are told apart first. ``scale`` multiplies the numbers,
    in double precision.

    >>> bucket_of("x", (10, 20))
    'CASE WHEN x <= 10 THEN 0 ELSE CASE WHEN x <= 20 THEN 1 ELSE 2 END END'
    >>> bucket_of("x", (10, 20), near=[15, 25])
    'CASE WHEN x <= 20 THEN CASE WHEN x <= 10 THEN 0 ELSE 1 END ELSE 2 END'
    """
    if not edges:
        return str(first) if scale is None else f"{first * scale}e0"
    middle = (len(edges) - 1) // 2
    if near:
        below = [sum(value <= edge for value in near) for edge in edges]
        middle = min(range(len(edges)), key=lambda i: (max(below[i], len(near) - below[i]), abs(i - middle)))
    edge = int(edges[middle])
    low = bucket_of(expression, edges[:middle], first, near=[v for v in near if v <= edge], scale=scale)
    high = bucket_of(
        expression, edges[middle + 1 :], first + middle + 1, near=[v for v in near if v > edge], scale=scale
    )
    return f"CASE WHEN {expression} <= {edge} THEN {low} ELSE {high} END"


def _time_us(form: Format, numeric_first: bool) -> str:
    """Microseconds since 1970, or since the start of a relative trace."""
    if form.relative_time:
        unit = int(1_000_000 * (form.time_unit_s or 1.0))
        return f"CAST(TRY_CAST(r_ts AS DOUBLE) * {unit} AS BIGINT)"
    number = "TRY_CAST(r_ts AS DOUBLE)"
    numeric = (
        f"TRY_CAST(CASE WHEN {number} > 1e17 THEN {number} / 1e3 WHEN {number} > 1e14 THEN {number} "
        f"WHEN {number} > 1e11 THEN {number} * 1e3 ELSE {number} * 1e6 END AS BIGINT)"
    )
    iso = "epoch_us(TRY_CAST(r_ts AS TIMESTAMPTZ))"
    formats = ", ".join(f"'{text}'" for text in DATE_FORMATS)
    other = f"epoch_us(try_strptime(r_ts, [{formats}]))"
    return f"COALESCE({numeric}, {iso}, {other})" if numeric_first else f"COALESCE({iso}, {numeric}, {other})"


def _skip(form: Format, known: bool) -> str:
    """Condition for rows that are no request or failed; ``known``: the file has the column that tells."""
    if not known:
        return "FALSE"
    empty = "(r_keep IS NULL AND r_input IS NULL AND r_output IS NULL)"
    match form.keep:
        case "status":
            code = "TRY_CAST(r_keep AS DOUBLE)"
            return f"({empty} OR COALESCE({code} >= 400 OR {code} < 0, FALSE))"
        case "success":
            return "COALESCE(LOWER(r_keep) IN ('false', '0', 'failure', 'failed', 'error'), FALSE)"
        case "generation":
            return "COALESCE(UPPER(r_keep) <> 'GENERATION', FALSE)"
        case "no-error":
            return "(r_keep IS NOT NULL)"
        case "positive":
            return "COALESCE(TRY_CAST(r_keep AS DOUBLE) = 0, FALSE)"
        case _:
            return "FALSE"


def _says_total(texts: Mapping[str, str]) -> str:
    """Condition for rows in which a text says that they are sums of others."""
    labels = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted(vocabulary().totals))
    said = [
        f"COALESCE(LOWER(r_{name}) IN ({labels}), FALSE)" for name in ("model", "tenant") if name in texts
    ]
    return f"({' OR '.join(said)})" if said else "FALSE"


def most_of(field: str, grain: Grain) -> int:
    """Largest believable number in a column."""
    if field in ("n_requests", "repeat"):
        return MOST_REQUESTS
    return MOST_TOKENS_BUCKET if grain == Grain.BUCKET else MOST_TOKENS_REQUEST


_READ = (
    *TOKEN_FIELDS,
    *("ts", "model", "context_tier", "processing", "reported_cost_usd", "tenant", "keep", "total"),
)
"""Canonical columns that a file may have."""


def _counted(
    cached: str, inputs: str, outputs: str, cached_parts: str, reasoning: str, *, has_total: bool
) -> tuple[str, str]:
    """Expressions of the uncached input and of the output, by the side on which the cached tokens are."""
    if cached == INSIDE and cached_parts != "0":
        return f"{inputs} - ({cached_parts})", outputs
    if cached != "total" or not has_total:
        return inputs, outputs
    # Disjoint parts add up to the total; a smaller total says that the cached ones are inside the input.
    total = "CAST(TRY_CAST(r_total AS DOUBLE) AS BIGINT)"
    inside = (
        f"COALESCE({total} < {inputs} + {cached_parts} + {outputs} AND {inputs} >= {cached_parts}, FALSE)"
    )
    prompt = f"CASE WHEN {inside} THEN {inputs} ELSE {inputs} + {cached_parts} END"
    return (
        f"CASE WHEN {inside} THEN {inputs} - ({cached_parts}) ELSE {inputs} END",
        f"CASE WHEN {total} IS NULL OR {total} >= ({prompt}) + {outputs} + {reasoning} "
        f"THEN {outputs} + {reasoning} ELSE {outputs} END",
    )


def _cost(texts: dict[str, str], number_fields: frozenset[str]) -> str:
    """Expression of what a row says was paid; text may carry a dollar sign and separated thousands."""
    plain = "r_reported_cost_usd"
    if "reported_cost_usd" not in texts:
        return "CAST(NULL AS DOUBLE)"
    if "reported_cost_usd" in number_fields:
        return f"CAST({plain} AS DOUBLE)"
    bare = f"REPLACE(REPLACE({plain}, '$', ''), ',', '')"
    return f"COALESCE(TRY_CAST({plain} AS DOUBLE), TRY_CAST({bare} AS DOUBLE))"


def _processing(form: Format, *, known: bool) -> str:
    """Expression of the number of how a row was processed."""
    usual = str(PROCESSINGS.index(form.processing))
    if not known:
        return usual
    said = "LOWER(r_processing)"
    words = " ".join(
        f"WHEN {said} LIKE '{kind}%' THEN {number}" for number, kind in enumerate(PROCESSINGS) if number
    )
    return f"CASE WHEN {said} IN ('true', '1') THEN 1 {words} ELSE {usual} END"


def _good(mapped: Sequence[str], form: Format, optional: frozenset[str]) -> list[str]:
    """Conditions that a row must meet; one that is NULL is not met."""
    good = []
    for name in mapped:
        most = most_of(name, form.grain)
        fine = f"d_{name} BETWEEN 0 AND {most} AND d_{name} = FLOOR(d_{name})"
        must = name in ("input", "output") and name not in optional
        good.append(fine if must else f"(r_{name} IS NULL OR ({fine}))")
    return good


def _bins(texts: dict[str, str], edges: Edges, *, many: bool) -> tuple[str, str, str, str, str]:
    """Expressions of what decides a tier, the tier, the context class and the two lengths' bins.

    A row of many requests tells no length: its tier comes from a column of its own, or is the first.
    """
    if not many:
        bins = [f"CAST(FLOOR(LN({name} + 1) * {BINS_PER_E!r}) AS INTEGER)" for name in ("prompt", "s_output")]
        return "0", bucket_of("prompt", edges.tiers), bucket_of("length", edges.contexts), bins[0], bins[1]
    tier_tokens = "0"
    if "context_tier" in texts:
        long_tier = "r_context_tier LIKE '>%' OR r_context_tier LIKE '200k-%'"
        tier_tokens = f"CASE WHEN {long_tier} THEN {LONG_TIER_TOKENS} ELSE 0 END"
    return tier_tokens, bucket_of("tier_tokens", edges.tiers), "-1", "-1", "-1"


def rows_sql(
    source: str,
    texts: dict[str, str],
    form: Format,
    cached: str,
    edges: Edges,
    *,
    numeric_time: bool,
    typed_time: bool = False,
    number_fields: frozenset[str] = frozenset(),
    optional: frozenset[str] = frozenset(),
    carry: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> str:
    """Canonical rows of a file.

    Parameters
    ----------
    source
        FROM clause.
    texts
        Canonical column to the expression of its cell.
    form, cached
        The export, and on which side its cached tokens are.
    edges
        Thresholds of tiers and contexts.
    numeric_time
        Times look like numbers.
    typed_time
        Times are timestamps already.
    number_fields
        Columns that are numbers already, not text.
    optional
        Columns that may be empty although their absence would otherwise be a mistake.
    carry
        Further expressions over the source, with names, that each row keeps.
    skip
        Conditions over the source of rows that are no request of their own.

    Returns
    -------
    str
        SELECT of ``status`` (0 good, 1 no request, -1 bad), keys and whole numbers.
    """
    raw = ", ".join([*(f"{texts[name]} AS r_{name}" for name in _READ if name in texts), *carry])
    raw += f", ({' OR '.join(skip)}) AS skipped" if skip else ", FALSE AS skipped"
    mapped = [name for name in TOKEN_FIELDS if name in texts]
    numbers = "".join(
        f", {'CAST' if name in number_fields else 'TRY_CAST'}(r_{name} AS DOUBLE) AS d_{name}"
        for name in mapped
    )
    good = _good(mapped, form, optional)

    def whole(name: str, default: int = 0) -> str:
        if name not in texts:
            return str(default)
        small = form.grain != Grain.BUCKET and name not in ("n_requests", "repeat")
        value = f"CAST(d_{name} AS {'INTEGER' if small else 'BIGINT'})"
        return (
            value if name in ("input", "output") and name not in optional else f"COALESCE({value}, {default})"
        )

    read, short, long = whole("cache_read"), whole("cache_write_5m"), whole("cache_write_1h")
    reasoning, inputs, outputs = whole("reasoning"), whole("input"), whole("output")
    cached_parts = " + ".join(part for part in (read, short, long) if part != "0") or "0"
    uncached, outputs = _counted(cached, inputs, outputs, cached_parts, reasoning, has_total="total" in texts)
    negative = "(s_uncached < 0)" if uncached != inputs else "FALSE"

    model = "r_model" if "model" in texts else "CAST(NULL AS VARCHAR)"
    processing = _processing(form, known="processing" in texts)
    none = "CAST(NULL AS BIGINT)"
    time = "epoch_us(r_ts)" if typed_time else _time_us(form, numeric_time) if "ts" in texts else none
    plausible = (
        "time_us >= 0" if form.relative_time else f"time_us BETWEEN {FIRST_YEAR_US} AND {LAST_YEAR_US}"
    )
    late = "CASE WHEN r_ts IS NOT NULL AND arrived_us IS NULL THEN 1 ELSE 0 END" if "ts" in texts else "0"
    tenant = "r_tenant" if "tenant" in texts else "CAST(NULL AS VARCHAR)"
    cost = _cost(texts, number_fields)
    many = form.grain == Grain.BUCKET and "repeat" not in texts
    tier_tokens, tier, context, in_bin, out_bin = _bins(texts, edges, many=many)
    repeat = whole("repeat", 1)
    requests = whole("n_requests", 1)
    # Cached tokens inside the input were taken off it, so the sum is the input: never below zero.
    parts = zip(("s_read", "s_short", "s_long"), (read, short, long), strict=True)
    prompt_parts = " + ".join(["s_uncached", *(name for name, value in parts if value != "0")])

    def if_good(value: str, otherwise: int = 0) -> str:
        return value if value == str(otherwise) else f"CASE WHEN status = 0 THEN {value} ELSE {otherwise} END"

    return f"""
    SELECT *, {late} AS late, {tier} AS tier, {context} AS context, {in_bin} AS in_bin, {out_bin} AS out_bin
    FROM (
        SELECT *, CASE WHEN status = 0 AND {negative} THEN -1 ELSE status END AS good,
            {prompt_parts} AS prompt, {prompt_parts} + s_output AS length,
            {tier_tokens} AS tier_tokens,
            CASE WHEN {plausible} THEN time_us END AS arrived_us
        FROM (
            SELECT *,
                {if_good(uncached)} AS s_uncached, {if_good(read)} AS s_read, {if_good(short)} AS s_short,
                {if_good(long)} AS s_long, {if_good(outputs)} AS s_output,
                {if_good(reasoning)} AS s_reasoning,
                {if_good(repeat, 1)} AS repeats, {if_good(requests)} AS requests,
                {model} AS model, {processing} AS processing, {time} AS time_us,
                {tenant} AS tenant, {cost} AS cost
            FROM (
                SELECT *, CASE WHEN skipped OR {_skip(form, "keep" in texts)} OR {_says_total(texts)} THEN 1
                    WHEN {" AND ".join(good)} THEN 0 ELSE -1 END AS status
                FROM (SELECT *{numbers} FROM (SELECT {raw} FROM {source}))
            )
        )
    )"""


METERS = {
    "requests": "requests",
    "uncached": "s_uncached",
    "cache_read": "s_read",
    "cache_write_5m": "s_short",
    "cache_write_1h": "s_long",
    "output": "s_output",
    "reasoning": "s_reasoning",
}
"""Sums and what is summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The small whole numbers that decide a price, packed into one: one key is hashed faster than six."""

    edges: Edges

    @property
    def _sizes(self) -> tuple[int, ...]:
        # tier, context + 1, in_bin + 1, out_bin + 1, processing, good + 1
        return len(self.edges.tiers) + 1, len(self.edges.contexts) + 2, 512, 512, len(PROCESSINGS), 3

    def cell(self) -> str:
        """Expression of the key by length."""
        _, context, in_bin, out_bin, processing, good = self._sizes
        return (
            f"((((CAST(tier AS BIGINT) * {context} + context + 1) * {in_bin} + in_bin + 1) * {out_bin} "
            f"+ out_bin + 1) * {processing} + processing) * {good} + good + 1"
        )

    def slice(self) -> str:
        """Expression of the key without lengths."""
        return f"(CAST(tier AS BIGINT) * {self._sizes[4]} + processing) * {self._sizes[5]} + good + 1"

    def tenant(self, paid: bool) -> str:
        """Expression of the key by tenant; where the file says what was paid, rows at no cost are apart."""
        return (
            f"({self.slice()}) * 2 + {'CASE WHEN COALESCE(cost, 0) = 0 THEN 1 ELSE 0 END' if paid else '0'}"
        )

    def minute(self, minutes: int) -> str:
        """Expression of the key by time; rows without a time come first."""
        step = f"COALESCE(CAST(FLOOR(arrived_us / {60_000_000 * minutes}) AS BIGINT) + 1, 0)"
        return f"{step} * {self.weight} + {self.slice()}"

    @property
    def weight(self) -> int:
        """What a step of time weighs in a key by time."""
        return self._sizes[0] * self._sizes[4] * self._sizes[5]

    def is_good(self, key: str) -> str:
        """Condition that a key by time is of good rows."""
        return f"{key} % {self._sizes[5]} = 1"

    def unpack_cell(self, key: int) -> dict[str, int]:
        """The numbers in a key by length."""
        _, context, in_bin, out_bin, processing, good = self._sizes
        key, good_ = divmod(key, good)
        key, how_ = divmod(key, processing)
        key, out_ = divmod(key, out_bin)
        key, in_ = divmod(key, in_bin)
        tier_, context_ = divmod(key, context)
        return {
            "tier": tier_,
            "context": context_ - 1,
            "in_bin": in_ - 1,
            "out_bin": out_ - 1,
            "processing": how_,
            "good": good_ - 1,
        }

    def unpack_slice(self, key: int) -> dict[str, int]:
        """The numbers in a key without lengths."""
        key, good_ = divmod(key, self._sizes[5])
        tier_, how_ = divmod(key, self._sizes[4])
        return {"tier": tier_, "processing": how_, "good": good_ - 1}

    def unpack_tenant(self, key: int) -> dict[str, int]:
        """The numbers in a key by tenant."""
        rest, free = divmod(key, 2)
        return {"free": free, **self.unpack_slice(rest)}

    def unpack_minute(self, key: int, minutes: int) -> dict[str, int | None]:
        """The numbers in a key by time."""
        step, rest = divmod(key, self.weight)
        return {"minute": (step - 1) * minutes if step else None, **self.unpack_slice(rest)}


def sums_sql(
    rows: str, texts: Collection[str], keys: Keys, *, minutes: int, tenants: bool, trim: bool = False
) -> str:
    """Sums by model and length, by model and time, by model and tenant; in one pass.

    Parameters
    ----------
    rows
        From :func:`rows_sql`.
    texts
        Canonical columns that the file has; the others are not summed.
    keys
        How the keys are packed.
    minutes
        Length of one step of time, 0 for none.
    tenants
        Whether to sum by tenant.
    trim
        Models are cells as they are; their few sums are trimmed and added, not every row.
    """
    meters = {"uncached", "output"}
    meters |= {name for name in METERS if name in texts}
    meters |= {"requests"} if "n_requests" in texts else set()
    times = " * repeats" if "repeat" in texts else ""
    sums = [
        f"SUM(CAST({column} AS DECIMAL(18, 0)){times}) AS {name}" if times else f"SUM({column}) AS {name}"
        for name, column in METERS.items()
        if name in meters
    ]
    if "repeat" in texts and "n_requests" not in texts:
        sums.append("SUM(CAST(repeats AS DECIMAL(18, 0))) AS requests")
    sums += ["SUM(cost) AS cost"] if "reported_cost_usd" in texts else []
    if "ts" in texts:
        sums += ["SUM(late) AS late", "MIN(arrived_us) AS first_us", "MAX(arrived_us) AS last_us"]
    columns = [f"{keys.cell()} AS cell_key"]
    sets, shown = ["(model, cell_key)"], ["GROUPING(cell_key) AS no_cell", "cell_key"]
    if minutes:
        columns.append(f"{keys.minute(minutes)} AS minute_key")
        sets.append("(model, minute_key)")
        shown += ["GROUPING(minute_key) AS no_minute", "minute_key"]
    if tenants:
        columns.append(f"{keys.tenant('reported_cost_usd' in texts)} AS slice_key")
        sets.append("(model, slice_key, tenant)")
        shown += ["slice_key", "tenant"]
    sums = ["COUNT(*) AS n_rows", "MAX(length) AS longest", *sums]
    statement = f"""
    SELECT model, {", ".join(shown)}, {", ".join(sums)}
    FROM (SELECT *, {", ".join(columns)} FROM ({rows}))
    GROUP BY GROUPING SETS ({", ".join(sets)})"""
    if not trim:
        return statement
    groups = [one.rpartition(" ")[2] for one in shown]
    names = [(one[:4], one.rpartition(" ")[2]) for one in sums]
    again = [f"{how if how in _SAME else 'SUM('}{name}) AS {name}" for how, name in names]
    return f"""
    SELECT NULLIF(TRIM(cell), '') AS model, {", ".join([*groups, *again])}
    FROM (SELECT model AS cell, * FROM ({statement}))
    GROUP BY NULLIF(TRIM(cell), ''), {", ".join(groups)}"""


_SAME = ("MIN(", "MAX(")
