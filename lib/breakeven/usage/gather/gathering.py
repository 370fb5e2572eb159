"""JSON of any shape to canonical rows: one pass over the text, then one over what was found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from breakeven.usage.formats import Grain
from breakeven.usage.gather.judge import failure, money, seconds, when
from breakeven.usage.gather.keys import TOKENS, Kind, keys, spell
from breakeven.usage.gather.meters import by_meters
from breakeven.usage.gather.records import Record, records
from breakeven.usage.gather.reduce import reduced
from breakeven.usage.gather.sides import Sides, dialect_of, settled
from breakeven.usage.gather.told import (
    day_key,
    event_of,
    kind_of,
    model_key,
    model_word,
    number_mark,
    processing_of,
    requests_of,
    twin_mark,
)
from breakeven.usage.gather.walk import Found, context_of, find, span_of
from breakeven.usage.gathered import COLUMNS, Gathered, write_rows
from breakeven.usage.limits import Limits
from breakeven.usage.stop import heed_stop
from breakeven.usage.sums import Problem

NO_USAGE = "records without usage in them (questions, tool results and the like)"
NOTHING = "records whose counts are all 0"
STREAMED = "repeats of a message or request id, of which the fullest counts"
CUMULATIVE = "cumulative events that repeat the one before"
FORKED = "events copied from the session that was forked or resumed"
SPANS = "spans that repeat the sum of the spans below them"
RIVALS = "events that repeat what other events of the same file say"
SYNTHETIC = "synthetic messages, which no model wrote"
OTHER_UNIT = "usage that is counted in {}, not in tokens"
MORE_BAD = "further records with a bad count, not listed"
_REPEATS = ("count", "repeat", "multiplicity")
"""Columns that say how many requests are like the row, as in a hand-written list of lengths."""
LONGEST = 2_000_000
"""Longer prompts than this are sums: no context window holds them. [tokens]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text file in UTF-8."""

    path: Path
    name: str
    """What to call it."""


@dataclass(slots=True)
class _Row:
    """A row while the file is read."""

    file: int
    line: int
    counts: dict[str, int]
    sides: int
    ts: str
    clock: float | None
    rest: dict[str, Any]


@dataclass(slots=True)
class Clocks:
    """Times that count from a start of their own, and what tells their unit."""

    rows: int = 0
    fractions: int = 0
    thousands: int = 0
    """Whole thousands."""
    latest: float = 0.0
    sure: str = ""
    """Why they are seconds already."""

    def take(self, clock: float) -> None:
        """Note one time."""
        self.rows += 1
        self.fractions += clock != int(clock)
        self.thousands += clock % 1000 == 0
        self.latest = max(self.latest, clock)

    def unit(self) -> tuple[float, str]:
        """Seconds of one unit, and what tells it. [s]

        >>> one = Clocks()
        >>> for time in (0, 3000, 6000): one.take(time)
        >>> one.unit()
        (0.001, 'they are whole thousands')
        >>> one.take(7); one.unit()[0]
        1.0
        """
        if self.sure:
            return 1.0, self.sure
        if self.fractions:
            return 1.0, "they have fractions"
        if self.latest and self.thousands == self.rows:
            return 0.001, "they are whole thousands"
        if self.latest >= 7 * 86_400:
            return 0.001, "as seconds they would be more than a week"
        return 1.0, "nothing tells otherwise; in milliseconds the rate would be a thousand times higher"


@dataclass(slots=True)
class _State:
    """What the file said so far about the lines after."""

    known: dict[str, str] = field(default_factory=dict)
    forked: bool = False
    total: int | None = None
    totals: dict[str, int] = field(default_factory=dict)
    open_row: _Row | None = None
    open_number: int = -1


class _Gathering:
    """One pass over all files; rows go to a scratch file, ids and spans stay in memory."""

    def __init__(self, scratch: IO[str], limits: Limits) -> None:
        self.scratch, self.limits = scratch, limits
        self.seen = self.written = self.objects = 0
        self.left_out: Counter[str] = Counter()
        self.rejected: list[Problem] = []
        self.lost: dict[int, str] = {}
        self.best: dict[int, tuple[int, int]] = {}
        self.replays: set[int] = set()
        self.spans: dict[int, int] = {}
        self.span_rows: dict[int, tuple[int, int, int, bool]] = {}
        self.sides: list[Sides] = []
        self.side_of: dict[tuple[Any, ...], int] = {}
        self.kinds: Counter[str] = Counter()
        self.kind_of: dict[int, Kind | None] = {}
        self.shown: dict[str, dict[str, None]] = {}
        self.was_shown: set[int] = set()
        self.rivals: dict[tuple[int, str], tuple[list[int], list[int]]] = {}
        self.most_requests = self.longest = 0
        self.sums_marked = self.repeated = False
        self.days: Counter[str] = Counter()
        self.day_keys: set[int] = set()
        self.clocks = Clocks()

    def read(self, sources: Sequence[Source]) -> None:
        """Take up every file."""
        for number, source in enumerate(sources):
            state = _State()
            for record in records(source.path, self.limits):
                heed_stop()
                if record.fault:
                    self._reject(source.name, record.line, "", record.text, record.fault)
                elif record.value is None:
                    self.seen += 1
                    self.left_out[NO_USAGE] += 1
                else:
                    self._take(number, source.name, record, state)

    def _reject(self, name: str, line: int, column: str, value: str, reason: str) -> None:
        self.seen += 1
        if len(self.rejected) < self.limits.problem_rows:
            self.rejected.append(
                Problem(line=line, column=column, value=value[:200], reason=reason, file=name)
            )
        else:
            self.left_out[MORE_BAD] += 1

    def _take(self, number: int, name: str, record: Record, state: _State) -> None:
        root = record.value
        event = event_of(root)
        if event in keys().state:
            _learn_state(root, keys().state[event], state)
        found = find(root, self.spans)
        if not found:
            self.seen += 1
            self.left_out[NO_USAGE] += 1
            return
        self.seen += len(found)
        self.objects += len(found)
        found = reduced(found, self.left_out)
        owners: dict[int, set[int]] = {}
        for mine, one in enumerate(found if len(found) > 1 else ()):
            for source in (one, *one.also):
                for node in source.node.chain():
                    owners.setdefault(id(node.value), set()).add(mine)
        for mine, one in enumerate(found):
            if one.bad:
                self.seen -= 1
                self._reject(name, record.line, *one.bad)
                continue
            said, keys_of = context_of(one, owners, mine)
            reason = self._why_not(one, said, keys_of)
            if reason:
                self.left_out[reason] += 1
                continue
            top = list(one.node.chain())[-1]
            shape = hash((event, one.node.path, *top.norm))
            if shape not in self.kind_of:
                self.kind_of[shape] = kind_of(one, event)
            kind = self.kind_of[shape]
            requests = dict(requests_of(one, owners, mine))
            row = self._row((number, record), one, (said, keys_of), state, kind, requests)
            self.kinds[kind.id if kind else ""] += 1
            self._place(row, one, said, event, state)

    def _why_not(self, one: Found, said: Mapping[str, Any], keys_of: Mapping[str, str]) -> str:
        if str(said.get("model", "")).startswith("<"):
            return SYNTHETIC
        unit = one.node.value.get(one.node.norm.get("unit", ""))
        if isinstance(unit, str) and unit.lower() in keys().sets["other_units"]:
            return OTHER_UNIT.format(unit.lower())
        reason = failure(said, one.node.path, keys_of.get("status", ""))
        if reason:
            return reason
        return "" if any(one.counts.get(name) for name in TOKENS if name != "requests") else NOTHING

    def _row(
        self,
        at: tuple[int, Record],
        one: Found,
        told: tuple[dict[str, Any], dict[str, str]],
        state: _State,
        kind: Kind | None,
        requests: Mapping[str, int],
    ) -> _Row:
        (number, record), (said, keys_of) = at, told
        counts = dict(one.counts)
        for other in one.also:
            for meaning, amount in other.counts.items():
                if meaning not in TOKENS or (
                    meaning in ("reasoning", "cache_write_5m", "cache_write_1h", "requests")
                ):
                    counts.setdefault(meaning, amount)
        if counts.get("cache_write_5m") or counts.get("cache_write_1h"):
            split = counts.get("cache_write_5m", 0) + counts.get("cache_write_1h", 0)
            counts["cache_write"] = max(counts.get("cache_write", 0), split)
        if spell(one.used.get("requests", "")) in _REPEATS and counts["requests"] > 1:
            times = counts["requests"]
            counts = {name: amount * (times if name != "requests" else 1) for name, amount in counts.items()}
            self.repeated = True
        if "requests" not in counts:
            counts.update(requests)
        entry = next(filter(None, map(model_key, (one, *one.also))), "")
        model = said.get("model") or entry or model_word(one) or state.known.get("model", "")
        if entry and model != entry and model not in one.node.value.values():
            model = entry
        ts, clock = when(said.get("ts", ""))
        if clock is not None and (keys_of["ts"].endswith("ms") or isinstance(said["ts"], str)):
            clock = clock * (0.001 if keys_of["ts"].endswith("ms") else 1.0)
            self.clocks.sure = (
                "the name of the key says so" if keys_of["ts"].endswith("ms") else "they are text"
            )
        if not ts and clock is None:
            ts = when(record.stamp)[0] or day_key(one)
        rest: dict[str, Any] = {
            "model": str(model),
            "session": str(said.get("session") or state.known.get("session", "")),
        }
        rest["tenant"] = str(said.get("tenant", ""))
        cost, currency = money(said.get("cost"), keys_of.get("cost", ""), said.get("currency"))
        rest["cost"], rest["currency"] = (cost, currency) if cost is not None else ("", "")
        for name in ("ttft", "e2e"):
            rest[name] = seconds(said.get(name), keys_of.get(name, ""))
        rest["processing"], tier = processing_of(said, keys_of, kind)
        extra: dict[str, Any] = {
            name: amount for name, amount in counts.items() if name not in TOKENS and amount
        }
        extra |= {"service_tier": tier} if tier else {}
        extra |= {
            name: str(said[name]) for name in ("geo", "context_window") if isinstance(said.get(name), str)
        }
        rest["extra"] = extra
        marks = keys().sets["sums"]
        self.sums_marked |= any(node.shape.sums or node.key in marks for node in one.node.chain())
        self._show(one, keys_of)
        return _Row(number, record.line, counts, self._side(one, counts), ts, clock, rest)

    def _side(self, one: Found, counts: Mapping[str, int]) -> int:
        used = frozenset(
            ".".join(spell(part) for part in key.split("."))
            for meaning, key in one.used.items()
            if meaning not in ("total", "requests")
        )
        path = one.node.path
        rule = dialect_of(used, path)
        mark = (rule, used)
        at = self.side_of.get(mark)
        if at is None:
            at = self.side_of[mark] = len(self.sides)
            self.sides.append(Sides(rule))
        self.sides[at].learn(counts)
        return at

    def _show(self, one: Found, keys_of: Mapping[str, str]) -> None:
        mark = hash((one.node.path, *one.used.values(), *keys_of.values()))
        if mark in self.was_shown or len(self.was_shown) > 10_000:
            return
        self.was_shown.add(mark)
        above = ".".join(one.node.path)
        for meaning, key in one.used.items():
            if meaning not in ("total", "requests", "text_output", "uncached", "cache_write", "tool_input"):
                column = meaning if meaning in COLUMNS else "extra"
            else:
                column = {"requests": "n_requests", "uncached": "input", "cache_write": "cache_write_5m"}.get(
                    meaning, "input"
                )
                if meaning in ("total", "text_output"):
                    continue
            seen = self.shown.setdefault(column, {})
            if len(seen) < 4:
                seen[f"{above}.{key}" if above else key] = None
        for name in ("ts", "model", "cost", "session", "tenant", "processing"):
            if name in keys_of and len(self.shown.setdefault(name, {})) < 4:
                self.shown[name][keys_of[name]] = None

    def _place(self, row: _Row, one: Found, said: Mapping[str, Any], event: str, state: _State) -> None:
        """Write a row, unless it repeats one that was read before."""
        stream = keys().stream
        if event in stream["patch"] and state.open_row is not None:
            merged = state.open_row
            merged.counts.update({k: max(v, merged.counts.get(k, 0)) for k, v in row.counts.items()})
            self.lost[state.open_number] = STREAMED
            row = merged
        repeat = self._repeats(row, one, state)
        if repeat:
            self.left_out[repeat] += 1
            return
        at = self._write(row)
        if event in stream["open"]:
            state.open_row, state.open_number = row, at
        elif event in stream["patch"]:
            state.open_number = at
        self._remember_id(row, said, at)
        for pair in {event, event_of(row.rest.get("payload"))} & keys().rivals.keys():
            wins, name = keys().rivals[pair]
            winners, losers = self.rivals.setdefault((row.file, name), ([], []))
            (winners if wins else losers).append(at)
        for node in one.node.chain():
            span = span_of(node)
            if span is not None:
                kind = spell(str(said.get("kind", "")))
                prompt = row.counts.get("input", row.counts.get("uncached", 0))
                self.span_rows[span[0]] = (
                    at,
                    prompt,
                    row.counts.get("output", 0),
                    kind in keys().sets["wrappers"],
                )
                if span[1]:
                    self.spans[span[0]] = span[1]
                break

    def _repeats(self, row: _Row, one: Found, state: _State) -> str:
        """Why a cumulative or copied event is no new request; turns running totals into increments."""
        path, twins = one.node.path, keys().twins
        last = path[-1] if path else ""
        if last in twins.values():
            before, state.totals = state.totals, dict(row.counts)
            mark = number_mark(one.node.value)
        elif last in twins and one.node.up is not None:
            before, mark = {}, twin_mark(one, twins[last])
            if not mark:
                return ""
        else:
            return ""
        if mark == state.total:
            return CUMULATIVE
        state.total = mark
        own = number_mark(one.node.value)
        copied = hash((mark, own, "" if state.forked or mark != own else row.ts or row.file))
        known = hash((mark, own)) in self.replays
        if (state.forked and known) or copied in self.replays:
            return FORKED
        self.replays |= {copied, hash((mark, own))}
        if last in twins.values() and before:
            less = {name: amount - before.get(name, 0) for name, amount in row.counts.items()}
            if min(less.values()) >= 0:
                row.counts = less
        return ""

    def _remember_id(self, row: _Row, said: Mapping[str, Any], at: int) -> None:
        own, request = said.get("id"), said.get("request")
        if not own and not request:
            return
        counts = row.counts
        # A message id with a request id is one call for good; an id alone only with the same prompt.
        sure = bool(own and request) or str(own or "").startswith(("msg_", "chatcmpl-", "resp_", "gen-"))
        prompt = 0 if sure else sum(counts.get(name, 0) for name in ("input", "uncached", "cache_read"))
        mark = hash((str(own), str(request), prompt))
        size = sum(counts.get(name, 0) for name in TOKENS if name not in ("total", "requests"))
        known = self.best.get(mark)
        if known is None:
            self.best[mark] = (at, size)
        elif (size >= known[1] and counts.get("output", 0) > 0) or size > known[1]:
            self.lost[known[0]] = STREAMED
            self.best[mark] = (at, size)
        else:
            self.lost[at] = STREAMED

    def _write(self, row: _Row) -> int:
        counts = row.counts
        self.most_requests = max(self.most_requests, counts.get("requests", 0))
        self.longest = max(
            self.longest, counts.get("input", 0), counts.get("uncached", 0), counts.get("cache_read", 0)
        )
        if row.clock is not None:
            self.clocks.take(row.clock)
        elif row.ts and "T" not in row.ts:
            self.days["rows"] += 1
            if len(self.day_keys) < 100_000:
                self.day_keys.add(hash((row.ts, row.rest["model"], row.rest["tenant"], row.rest["session"])))
        row_text = json.dumps([row.file, row.line, row.ts, row.clock, counts, row.sides, row.rest])
        self.scratch.write(row_text + "\n")
        self.written += 1
        return self.written - 1

    def settle_spans(self) -> None:
        """Leave out spans whose numbers are those of the spans below them, and events that others repeat."""
        below: dict[int, list[int]] = {}
        for span, (at, prompt, output, _) in self.span_rows.items():
            if at in self.lost:
                continue
            above, steps = self.spans.get(span), 0
            while above is not None and above not in self.span_rows and steps < 1000:
                above, steps = self.spans.get(above), steps + 1
            if above in self.span_rows and above != span and steps < 1000:
                sums = below.setdefault(above, [0, 0])
                sums[0] += prompt
                sums[1] += output
        for span, sums in below.items():
            at, prompt, output, wraps = self.span_rows[span]
            if wraps or sums == [prompt, output]:
                self.lost.setdefault(at, SPANS)
        for winners, losers in self.rivals.values():
            if any(at not in self.lost for at in winners):
                for at in losers:
                    self.lost.setdefault(at, RIVALS)

    def grain(self) -> Grain:
        """Sums where a row counts several requests, covers a period or is longer than any context window."""
        days = self.days["rows"]
        only_days = days == self.written and days <= 2 * len(self.day_keys)
        if self.most_requests > 1 or self.longest > LONGEST or self.sums_marked or (days and only_days):
            return Grain.BUCKET
        return Grain.REQUEST


def gather(sources: Sequence[Source], folder: Path, limits: Limits) -> Gathered | None:
    """Read JSON of any shape into canonical rows.

    Parameters
    ----------
    sources
        Files that belong together; messages that several of them repeat count once.
    folder
        Where the rows are written, ``gathered.csv``.
    limits
        How large one value may be, and how many bad records are listed.

    Returns
    -------
    Gathered | None
        None where no file has a usage object (nor a value too large to be looked into).
    """
    scratch, path = folder / "gathered.tmp", folder / "gathered.csv"
    with scratch.open("w", encoding="utf-8") as file:
        work = _Gathering(file, limits)
        work.read(sources)
    work.settle_spans()
    if not work.objects and not any("BREAKEVEN_MAX_" in problem.reason for problem in work.rejected):
        scratch.unlink()
        return by_meters(sources[0].path, sources[0].name, folder, limits) if len(sources) == 1 else None
    grain = work.grain()
    decisions = [one for sides in work.sides for one in sides.sentences()]
    if work.repeated:
        decisions.append("count is how many requests are like the row, so its tokens are multiplied by it")
    unit, why = work.clocks.unit()
    if work.clocks.rows:
        decisions.append(
            f"times count {'milliseconds' if unit < 1 else 'seconds'} from a start of their own: {why}"
        )
    settings = [(sides.decision(), sides.rule) for sides in work.sides]
    with scratch.open(encoding="utf-8") as file:
        kept = (line for at, line in enumerate(file) if at not in work.lost)
        rows = write_rows(
            path, (_canonical(json.loads(line), sources, settings, grain, unit) for line in kept)
        )
    work.left_out.update(work.lost.values())
    scratch.unlink()
    kind_id = work.kinds.most_common(1)[0][0] if work.kinds else ""
    kind = next((one.name for one in keys().kinds if one.id == kind_id), "JSON with usage objects")
    return Gathered(
        path=path, kind=kind, kind_id=kind_id or "json-usage", grain=grain, seen=work.seen,
        left_out={reason: n for reason, n in work.left_out.items() if n}, rejected=work.rejected,
        decisions=list(dict.fromkeys(decisions)),
        shown={name: " or ".join(paths) for name, paths in work.shown.items()}, rows=rows,
        relative_time=work.clocks.rows > 0, counted=work.most_requests > 0,
    )  # fmt: skip


def _canonical(
    row: list[Any], sources: Sequence[Source], settings: Sequence[tuple[Any, Any]], grain: Grain, unit: float
) -> dict[str, Any]:
    """A row of the scratch file in the canonical columns."""
    file, line, ts, clock, counts, side, rest = row
    tokens = settled(counts, *settings[side])
    extra = json.dumps(rest["extra"], separators=(",", ":"), ensure_ascii=False) if rest["extra"] else ""
    return {
        **{name: rest[name] for name in ("model", "processing", "cost", "currency", "session", "tenant")},
        **tokens,
        **{f"{name}_s": "" if rest[name] is None else round(rest[name], 6) for name in ("ttft", "e2e")},
        "file": sources[file].name,
        "line": line,
        "ts": ts if clock is None else repr(clock * unit),
        "n_requests": 1 if grain is Grain.REQUEST else counts.get("requests", ""),
        "extra": extra,
    }


def _learn_state(root: dict[str, Any], takes: Mapping[str, str], state: _State) -> None:
    for name, path in takes.items():
        value: Any = root
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            if name in ("fork", "parent"):
                state.forked = True
            elif name == "model" or name not in state.known:
                state.known[name] = value
