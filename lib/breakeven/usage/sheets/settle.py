"""The rows of a sheet held against each other: totals, repetitions, corrections, and what is inside what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from breakeven.tables.exports import CACHES
from breakeven.usage.formats import INSIDE, NONE, OUTSIDE, Grain, side_of_names
from breakeven.usage.gathered import Gathered
from breakeven.usage.sheets import marks
from breakeven.usage.sheets.columns import COUNTED, Columns
from breakeven.usage.sheets.dates import Dates
from breakeven.usage.sheets.split import Sheet
from breakeven.usage.sheets.words import vocabulary, words_of
from breakeven.usage.sql import MOST_TOKENS_BUCKET, MOST_TOKENS_REQUEST
from breakeven.usage.sums import Problem
from breakeven.usage.table import shorten

LONGEST_REQUEST = 20_000_000
"""Tokens beyond which a row is no single request: twice the longest context window there is. [tokens]"""
_SUMS_NOT_ONE = "no context window holds so many tokens, so a row is a sum of requests"


@dataclass(slots=True)
class Reading:
    """One row as it was read, before rows are held against each other."""

    line: int
    values: dict[str, float]
    """Tokens, requests and cost; what the row does not say is missing."""
    texts: dict[str, str] = field(default_factory=dict)
    labelled: bool = False
    hinted: bool = False
    """A cell says among other words that it is a sum."""
    bare: bool = False
    identity: tuple[object, ...] | None = None
    cached_by_gateway: bool = False
    foreign: tuple[str, float] | None = None
    """Code and amount of what was paid in other money than dollars."""
    media: dict[str, int] = field(default_factory=dict)
    """Tokens of audio and images, which the columns of input and output include."""


@dataclass(kw_only=True)
class Settling:
    """Rows that were read, and what is decided about them together."""

    sheet: Sheet
    columns: Columns
    gathered: Gathered
    name: str
    dates: Dates = field(default_factory=Dates)
    clock: int | None = None
    """Column of the time of day beside that of the day."""
    moments: dict[str, float | None] = field(default_factory=dict)
    """Times that were read, by their cells: rows of a report share theirs."""
    readings: list[Reading] = field(default_factory=list)
    halves: dict[str, int] = field(default_factory=dict)
    """Rows without a number on one side, by side."""
    unit_s: float | None = None
    """Seconds of one unit of relative times, where the user says it. [s]"""
    part_of: Mapping[str, float] | None = None
    """Sums of the other rows of the file, which are read elsewhere and not held together with these."""

    @cached_property
    def heads(self) -> dict[str, str]:
        """Canonical columns to the columns of the file."""
        return self.columns.shown()

    def reject(self, line: int, column: str, value: str, reason: str, *, left_out: bool = True) -> bool:
        """Note a row that cannot be read, or a cell that is not used; always false."""
        self.gathered.rejected.append(
            Problem(
                line=line,
                column=column,
                value=shorten(value),
                reason=reason,
                left_out=left_out,
                file=self.name,
            )
        )
        return False

    # --- rows against each other --------------------------------------------------------------------

    def settle(self) -> None:
        """Leave out totals and repetitions, take off corrections, decide what is inside what."""
        self._leave_out_totals()
        self._leave_out_repeated()
        self._complete_sides()
        flagged = sum(one.cached_by_gateway for one in self.readings)
        if flagged:
            self.gathered.leave_out(marks.CACHED_BY_GATEWAY, flagged)
            self.readings = [one for one in self.readings if not one.cached_by_gateway]
        self._decide_grain()
        self._take_off_corrections()
        self._decide_cached()
        self._say_unsplit()
        self._bound()

    def _leave_out_totals(self) -> None:
        sums = [{k: v for k, v in one.values.items() if k != "cost"} for one in self.readings]
        labelled = [one.labelled for one in self.readings]
        places = marks.totals_among(
            sums, labelled, [one.bare for one in self.readings], [one.hinted for one in self.readings]
        )
        if not places:
            return
        rest = [row for place, row in enumerate(sums) if place not in places]
        rest += [dict(self.part_of)] if self.part_of is not None else []
        other = [
            self.readings[place].line
            for place in sorted(places)
            if labelled[place] and not marks.is_sum(sums[place], rest) and len(places) == 1
        ]
        if other:
            self.gathered.decisions.append(
                f"Line {other[0]} says that it is a total, and its numbers are not the sum of the other "
                "rows: some rows may be missing, or it may sum up something else."
            )
        self.gathered.leave_out(marks.TOTAL, len(places))
        self.readings = [one for place, one in enumerate(self.readings) if place not in places]

    def _leave_out_repeated(self) -> None:
        seen: set[tuple[object, ...]] = set()
        kept: list[Reading] = []
        ids: dict[object, int] = {}
        for one in self.readings:
            if one.identity is not None:
                if one.identity in seen:
                    self.gathered.leave_out(marks.REPEATED)
                    continue
                seen.add(one.identity)
                ids[one.identity[0]] = ids.get(one.identity[0], 0) + 1
            kept.append(one)
        again = sum(1 for times in ids.values() if times > 1)
        if again and len(ids) > 2 * again:
            self.gathered.decisions.append(
                f"{again:,} ids occur in rows with different numbers; all of them count."
            )
        self.readings = kept

    def _complete_sides(self) -> None:
        """A side that no column holds is what the total has beside the other; one empty cell is none."""
        places = self.columns.places
        side = "input" if "input" in places else "uncached"
        for one in self.readings:
            values = one.values
            for name, other in ((side, "output"), ("output", side)):
                if name in values:
                    continue
                if name not in places and "total" in values:
                    cached = sum(values.get(part, 0.0) for part in CACHES) if other == "uncached" else 0.0
                    values[name] = max(values["total"] - values.get(other, 0.0) - cached, 0.0)
                elif name in places and not self.columns.by_name:
                    self.halves[name] = self.halves.get(name, 0) + 1

    def _decide_grain(self) -> None:
        gathered, places = self.gathered, self.columns.places
        gathered.counted = "n_requests" in places
        if gathered.grain == Grain.BUCKET or self.columns.by_name or "repeat" in places:
            return
        if self.part_of is not None:
            return  # decided by the rows that are read elsewhere
        long = [length for one in self.readings if (length := self._length(one)) > LONGEST_REQUEST]
        heads = [word for name in self.heads.values() for word in words_of(name)]
        if len(long) * 5 >= len(self.readings) > 0:
            gathered.decide(f"A row has {max(long):,.0f} tokens: {_SUMS_NOT_ONE}.")
        elif any(word in ("month", "monthly", "daily", "monat", "per") for word in heads) or self._buckets():
            gathered.decide("The columns are named by a period of time, so a row is a sum of requests.")
        elif self._days_of_models():
            gathered.decide("Every day or month has one row for each model, so a row is a sum of requests.")
        else:
            return
        gathered.grain = Grain.BUCKET

    def _buckets(self) -> bool:
        """Whether times are those of hours or weeks, by the name of their column, and repeat for no model."""
        name = self.heads.get("ts", "")
        said = {one for word in words_of(name) for one in vocabulary().concepts.get(word, ())}
        self.gathered.once = "bucket" in said and self._once()
        return self.gathered.once

    def _days_of_models(self) -> bool:
        """Whether days without a time of day repeat for no model: rows of a daily or monthly report."""
        self.gathered.once = self.dates.periods and self._once()
        return self.gathered.once

    def _once(self) -> bool:
        """Whether no time repeats for a model and account, and there are several."""
        if len(self.readings) < 2:
            return False
        keys = [
            (
                one.texts.get("ts"),
                one.texts.get("model"),
                one.texts.get("tenant"),
                one.texts.get("processing"),
            )
            for one in self.readings
        ]
        return len(set(keys)) == len(keys) and len({key[0] for key in keys}) > 1

    def _length(self, one: Reading) -> float:
        return one.values.get("input", 0.0) + one.values.get("uncached", 0.0) + one.values.get("output", 0.0)

    def _take_off_corrections(self) -> None:
        """Rows of negative sums correct a row of the same model; of single requests they are mistakes."""
        kept: list[Reading] = []
        for one in self.readings:
            negative = {name: value for name, value in one.values.items() if value < 0 and name != "cost"}
            if not negative:
                kept.append(one)
                continue
            base = next(
                (
                    row
                    for row in reversed(kept)
                    if row.texts.get("model") == one.texts.get("model")
                    and all(row.values.get(name, 0.0) + value >= 0 for name, value in negative.items())
                ),
                None,
            )
            if (
                self.gathered.grain == Grain.REQUEST
                or base is None
                or any(value > 0 for name, value in one.values.items() if name != "cost")
            ):
                name, value = next(iter(negative.items()))
                self.reject(one.line, self.heads[name], f"{value:.0f}", "negative")
                continue
            for name, value in one.values.items():
                base.values[name] = base.values.get(name, 0.0) + value
            self.gathered.leave_out(marks.CORRECTED)
        self.readings = kept

    def _decide_cached(self) -> None:
        """On which side of the input the cached tokens are: by the total, by what cannot be, by the name."""
        columns, gathered = self.columns, self.gathered
        parts = [name for name in CACHES if name in columns.places]
        if "uncached" in columns.places:
            gathered.cached = OUTSIDE if parts else NONE
            return
        if columns.cached != NONE or not parts:
            gathered.cached = columns.cached
            return
        rows = [one.values for one in self.readings if any(one.values.get(name) for name in parts)]
        inside = outside = 0
        for values in rows:
            total = values.get("total")
            if total is None:
                continue
            both = values.get("input", 0.0) + values.get("output", 0.0)
            thoughts, cached = values.get("reasoning", 0.0), sum(values.get(name, 0.0) for name in parts)
            inside += total in (both, both + thoughts)
            outside += total in (both + cached, both + cached + thoughts)
        over = sum(1 for v in rows if sum(v.get(name, 0.0) for name in parts) > v.get("input", 0.0))
        cannot = inside > outside and over * 5 >= len(rows)  # a total may leave the cache out altogether
        if inside != outside and max(inside, outside) * 2 > len(rows) and not cannot:
            gathered.cached = INSIDE if inside > outside else OUTSIDE
            sums = "input + output" if inside > outside else "input + cached + output"
            share = max(inside, outside) / len(rows)
            gathered.decide(
                f"Cached tokens are {gathered.cached} the input, because total = {sums} "
                f"in {share:.0%} of the rows."
            )
        elif over * 5 >= len(rows) > 0:
            gathered.cached = OUTSIDE
            gathered.decide(
                f"Cached tokens are outside the input, because {over:,} rows have more of them than input."
            )
        else:
            gathered.cached = self._by_name(parts)

    def _say_unsplit(self) -> None:
        """Name tokens of a total that are on no side."""
        rows = over = 0.0
        for values in (one.values for one in self.readings if "total" in one.values):
            sides = sum(
                values.get(name, 0.0) for name in ("input", "uncached", "output", "reasoning", *CACHES)
            )
            if values["total"] > sides:
                rows, over = rows + 1, over + values["total"] - sides
        if over and not self.columns.by_name:
            self.gathered.decisions.append(
                f"{rows:,.0f} rows have {over:,.0f} more tokens in total than on their sides; these do not "
                "count, because nothing says what they are."
            )

    def _by_name(self, parts: Sequence[str]) -> str:
        """The side that the names of the columns say, which no total proves."""
        side = side_of_names(
            self.sheet.header[place] for name in parts for place, _ in self.columns.places[name]
        )
        self.gathered.decide(
            f"Cached tokens are taken to be {side} the input, as the names of the columns say; "
            "no total proves it."
        )
        return side

    def _bound(self) -> None:
        """Reject rows whose parts cannot be."""
        kept = []
        for one in self.readings:
            values = one.values
            cached = sum(values.get(name, 0.0) for name in CACHES)
            most = MOST_TOKENS_REQUEST if self.gathered.grain == Grain.REQUEST else MOST_TOKENS_BUCKET
            over = next((name for name in COUNTED if values.get(name, 0.0) > most and name != "total"), None)
            if over:
                reason = f"more than {most:,}, which nothing can be"
                self.reject(one.line, self.heads[over], f"{values[over]:.0f}", reason)
                continue
            if self.gathered.cached == INSIDE and cached > values.get("input", 0.0):
                name = next(part for part in CACHES if values.get(part))
                self.reject(
                    one.line,
                    self.heads[name],
                    f"{values[name]:.0f}",
                    "more tokens are cached than the input column has; if they are not part of it, set "
                    "cached_in=outside",
                )
                continue
            kept.append(one)
        self.readings = kept

    # --- what comes out -----------------------------------------------------------------------------

    def canonical(self, one: Reading) -> dict[str, object]:
        """The row in the canonical columns."""
        values = one.values
        cached = sum(values.get(name, 0.0) for name in CACHES)
        fresh, output = values.get("input", values.get("uncached", 0.0)), values.get("output", 0.0)
        reasoning, total = values.get("reasoning", 0.0), values.get("total")
        inside = self.gathered.cached == INSIDE
        if self.gathered.cached == "total":
            inside = total is not None and total < fresh + cached + output and fresh >= cached
            prompt = fresh if inside else fresh + cached
            output += reasoning if total is None or total >= prompt + output + reasoning else 0.0
        elif reasoning > output or (
            total is not None
            and reasoning
            and total == (fresh if inside else fresh + cached) + output + reasoning
        ):
            output += reasoning
        row: dict[str, object] = {"file": self.name, "line": one.line, **one.texts}
        row |= {
            name: int(values[name])
            for name in (*CACHES, "reasoning", "n_requests", "repeat")
            if name in values
        }
        for key, amount in one.media.items():
            # What consoles count apart is a part of the column, as OpenAI documents it; it has its own price.
            if key.endswith("_input") and amount <= fresh:
                fresh -= amount
            elif key.endswith("_output") and amount <= output:
                output -= amount
        row |= {"input": int(fresh - cached if inside else fresh), "output": int(output)}
        if "cost" in values:
            row |= {"cost": repr(values["cost"]), "currency": "USD"}
        return row

    def say(self) -> None:
        """Put what was decided about rows into sentences."""
        said = self.gathered.decisions
        head = self.heads
        for name, rows in self.halves.items():
            side = "completion" if name == "output" else "prompt"
            said.append(f"{rows:,} rows have nothing in {head[name]}: they count without {side} tokens.")
        if self.dates.open:
            said.append(f"Dates in {head['ts']} do not tell day from month; the month is read first.")
        if self.dates.relative_s is not None and self.dates.why:
            unit = {1.0: "seconds", 1e-3: "milliseconds"}.get(self.dates.relative_s, "units")
            said.append(f"Times in {head['ts']} are {unit} from the start: {self.dates.why}.")
        foreign: dict[str, float] = {}
        for code, value in (one.foreign for one in self.readings if one.foreign):
            foreign[code] = foreign.get(code, 0.0) + value
        if foreign:
            sums = " and ".join(f"{value:,.2f} {code}" for code, value in sorted(foreign.items()))
            said.append(f"What was paid in other money is not added to dollars: {sums}.")
        if "cache_flag" in self.columns.places and not self.gathered.left_out.get(marks.CACHED_BY_GATEWAY):
            said.append(
                f"{head['cache_flag']} says yes or no, which is no number of tokens; rows that say yes "
                "count in full, and cost less if a cache answered them."
            )
        if self.gathered.grain == Grain.BUCKET and not self.columns.by_name:
            what = "requests" if self.gathered.counted else "an unknown number of requests"
            said.append(f"A row is read as the sum over {what}, not as one request.")
