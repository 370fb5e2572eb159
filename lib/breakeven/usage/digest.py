"""A workload in a link: the joint histogram with exact sums, packed into at most 2,000 characters.

The first character is the version; the rest is base64url of zlib of numbers of
variable length. Nothing of the file itself is in it but sums, lengths, and the
names of models where there is room.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from dataclasses import dataclass, replace

from breakeven.usage.from_sums import bucket_withheld
from breakeven.usage.sql import BINS_PER_E, PROCESSINGS, Edges
from breakeven.usage.sums import METERS, Cell, Slice, Tokens, Workload, loads, sums_by

VERSION = "1"
LONGEST = 2_000
"""Characters of a digest."""
MOST_BYTES = 65_536
"""Bytes that are unpacked at most."""
MOST_CELLS, MOST_EDGES, MOST_MODELS, LONGEST_NAME = 4_096, 256, 24, 100
MOST_VALUE = 10**18
WIDTHS = (1, 2, 4, 8, 16)
"""Histogram bins that are merged into one, finest first."""
CONTEXT_SHARES = (0.0, 0.002, 0.005, 0.01)
"""Share of the tokens up to which neighbouring context classes are merged."""


class BadDigest(ValueError):
    """A digest cannot be opened; the text says why."""


def pack(workload: Workload, most: int = LONGEST) -> str:
    """Pack a workload into at most so many characters; as fine as fits, the same totals always.

    Raises
    ------
    BadDigest
        If even its coarsest form is too long (does not happen below 1e18 tokens).
    """
    few_models = len(workload.by_model) <= MOST_MODELS
    ladder = [
        (with_models, width, 0.0)
        for width in WIDTHS
        for with_models in ((True, False) if few_models else (False,))
    ]
    ladder += [(few_models, 0, share) for share in CONTEXT_SHARES[1:]]
    ladder += [(False, 0, share) for share in (*CONTEXT_SHARES, 0.05, 0.2, 1.0)]
    # A joint histogram that is a little coarser is worth the names of the models.
    ladder.sort(key=lambda step: (step[2], step[1] == 0, step[1] * (1 if step[0] else 2)))
    for with_models, width, share in ladder:
        text = VERSION + base64.urlsafe_b64encode(
            zlib.compress(_bytes_of(workload, with_models, width, share), 9)
        ).decode("ascii").rstrip("=")
        if len(text) <= most:
            return text
    raise BadDigest("The workload cannot be packed into a link.")


def unpack(text: str) -> Workload:
    """Open a digest.

    Raises
    ------
    BadDigest
        If it is not one of ours, whole and unchanged; the text says so in a sentence.
    """
    if len(text) > LONGEST:
        raise BadDigest(
            f"The workload in the link has {len(text):,} characters; at most {LONGEST:,} are read."
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,}", text):
        raise BadDigest(
            "The workload in the link has characters that do not belong there; copy the link again."
        )
    if text[0] != VERSION:
        raise BadDigest(f"The workload in the link is of version {text[0]}; version {VERSION} can be read.")
    body = text[1:]
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(packed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise BadDigest("The workload in the link is damaged; copy the link again.") from None
    if not unpacker.eof or unpacker.unused_data:
        raise BadDigest("The workload in the link is cut off or larger than ours are; copy the link again.")
    try:
        return _workload_of(raw)
    except (_Malformed, UnicodeDecodeError):
        raise BadDigest(
            "The workload in the link does not add up, so it was not made here; it is not used."
        ) from None


class _Malformed(Exception):
    """The numbers of a digest contradict each other."""


# --- packing --------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    if not 0 <= value <= MOST_VALUE * 64:
        raise BadDigest("The workload has a number that no link can carry.")
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _merged(
    workload: Workload, with_models: bool, width: int, share: float
) -> dict[tuple[object, ...], Tokens]:
    """Cells of the wanted resolution; width 0: no bins."""
    context_of = _merged_contexts(workload, share)

    def key_of(c: Cell) -> tuple[object, ...]:
        bins = (-1, -1) if width == 0 or c.in_bin < 0 else (c.in_bin // width, c.out_bin // width)
        model = c.model if with_models else None
        return (model, PROCESSINGS.index(c.processing), c.tier, context_of.get(c.context, c.context), *bins)

    return sums_by((key_of(c), c.tokens) for c in workload.cells)


def _merged_contexts(workload: Workload, share: float) -> dict[int, int]:
    """Neighbouring context classes as one, named by the longest, up to a share of the tokens."""
    masses: dict[int, int] = {}
    for c in workload.cells:
        masses[c.context] = masses.get(c.context, 0) + c.tokens.prompt + c.tokens.output
    most = share * sum(masses.values())
    merged: dict[int, int] = {}
    group: list[int] = []
    mass = 0.0
    for context in sorted(masses):
        if group and (mass + masses[context] > most or group[0] < 0):
            merged.update(dict.fromkeys(group, group[-1]))
            group, mass = [], 0.0
        group.append(context)
        mass += masses[context]
    merged.update(dict.fromkeys(group, group[-1] if group else 0))
    return merged


def _bytes_of(workload: Workload, with_models: bool, width: int, share: float) -> bytes:
    sums = _merged(workload, with_models, width, share)
    keys = sorted(sums, key=lambda k: (str(k[0] or ""), k[0] is not None, *[int(x) for x in k[1:]]))  # type: ignore[call-overload]
    models = list(dict.fromkeys(key[0] for key in keys))
    tiers = sorted({int(key[2]) for key in keys if key[2]})  # type: ignore[call-overload]
    contexts = sorted({int(key[3]) for key in keys if int(key[3]) >= 0})  # type: ignore[call-overload]
    edges = workload.edges
    out = bytearray()

    def put(*values: int) -> None:
        for value in values:
            out.extend(_varint(value))

    flags = int(workload.relative_time) + 2 * int(workload.counted)
    put(width, workload.rows_read, workload.rows_rejected, workload.longest, flags)
    put(0 if workload.paid_usd is None else 1 + round(max(workload.paid_usd, 0.0) * 10_000))
    span, (_, peak) = workload.span_s, loads(workload)
    put(
        0 if span is None else 1 + round(span),
        0 if workload.first_s is None else round(max(workload.first_s, 0)),
    )
    put(0 if peak is None else round(peak * 60_000))
    put(len(tiers), *(edges.tiers[tier - 1] for tier in tiers))
    put(len(contexts), *(edges.contexts[c] if c < len(edges.contexts) else 0 for c in contexts))
    put(len(models))
    for model in models:
        name = b"" if model is None else str(model)[:LONGEST_NAME].encode("utf-8", errors="replace")
        put(0 if model is None else 1 + len(name))
        out.extend(name)
    put(len(keys))
    for key in keys:
        put(models.index(key[0]))
    for key in keys:
        put(int(key[1]))  # type: ignore[call-overload]
    for key in keys:
        put(tiers.index(int(key[2])) + 1 if key[2] else 0)  # type: ignore[call-overload]
    for key in keys:
        put(contexts.index(int(key[3])) + 1 if int(key[3]) >= 0 else 0)  # type: ignore[call-overload]
    for place in (4, 5):
        for key in keys:
            put(int(key[place]) + 1)  # type: ignore[call-overload]
    for meter in METERS:
        for key in keys:
            put(int(getattr(sums[key], meter)))
    return bytes(out)


# --- unpacking ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    """Numbers from bytes, within limits."""

    raw: bytes
    place: int = 0

    def number(self, most: int = MOST_VALUE) -> int:
        value, shift = 0, 0
        while True:
            if self.place >= len(self.raw) or shift > 70:
                raise _Malformed
            byte = self.raw[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if value > most:
            raise _Malformed
        return value

    def numbers(self, count: int, most: int = MOST_VALUE) -> list[int]:
        return [self.number(most) for _ in range(count)]

    def text(self, length: int) -> str:
        piece = self.raw[self.place : self.place + length]
        if len(piece) < length:
            raise _Malformed
        self.place += length
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in piece.decode("utf-8"))


def _workload_of(raw: bytes) -> Workload:
    reader = _Reader(raw)
    width = reader.number(max(WIDTHS))
    rows, rejected, longest, relative = reader.numbers(3) + reader.numbers(1, 3)
    paid, span, first, peak = reader.numbers(4)
    tiers = reader.numbers(reader.number(MOST_EDGES))
    contexts = reader.numbers(reader.number(MOST_EDGES))
    open_end = bool(contexts) and contexts[-1] == 0
    known = contexts[:-1] if open_end else contexts
    if sorted(set(tiers)) != tiers or sorted(set(known)) != known or 0 in (*tiers, *known):
        raise _Malformed
    models: list[str | None] = []
    for _ in range(reader.number(MOST_MODELS + 1)):
        length = reader.number(1 + 4 * LONGEST_NAME)
        models.append(reader.text(length - 1) if length else None)
    count = reader.number(MOST_CELLS)
    model_of = reader.numbers(count, max(len(models) - 1, 0))
    processing_of = reader.numbers(count, len(PROCESSINGS) - 1)
    tier_of = reader.numbers(count, len(tiers))
    context_of = reader.numbers(count, len(contexts))
    bins = [reader.numbers(count, 1_000), reader.numbers(count, 1_000)]
    sums = [reader.numbers(count) for _ in METERS]
    if reader.place != len(raw) or count == 0 or not models:
        raise _Malformed
    cells = []
    for i in range(count):
        tokens = Tokens(**{name: column[i] for name, column in zip(METERS, sums, strict=True)})
        in_bin, out_bin = (
            -1 if not b or not width else (b - 1) * width + width // 2 for b in (bins[0][i], bins[1][i])
        )
        if width and bins[0][i]:
            _check_mean(tokens.prompt, tokens.requests, bins[0][i] - 1, width)
            _check_mean(tokens.output, tokens.requests, bins[1][i] - 1, width)
        if tokens.reasoning > tokens.output and tokens.output:
            raise _Malformed
        cells.append(
            Cell(
                model=models[model_of[i]],
                processing=PROCESSINGS[processing_of[i]],
                tier=tier_of[i],
                context=context_of[i] - 1,
                in_bin=in_bin,
                out_bin=out_bin,
                tokens=tokens,
            )
        )
    known_times = span > 0
    workload = Workload(
        name="a shared link",
        recognised=(),
        edges=Edges(tiers=tuple(tiers), contexts=tuple(known)),
        cells=tuple(cells),
        minutes=(),
        tenants=(),
        rows_read=rows,
        rows_rejected=rejected,
        rows_skipped=0,
        problems=(),
        notes=("This is the digest of a workload, not the file: sums and lengths, no rows.",),
        withheld=("Cost over time and by tenant: a link does not carry them.",),
        paid_usd=(paid - 1) / 10_000 if paid else None,
        longest=longest,
        first_s=float(first) if known_times else None,
        last_s=float(first + span - 1) if known_times else None,
        relative_time=bool(relative & 1),
        counted=bool(relative & 2) or any(cell.in_bin >= 0 for cell in cells),
    )
    return _with_load(workload, first, peak)


def _with_load(workload: Workload, first: int, peak: int) -> Workload:
    """Add what sums withhold, and the busiest minute."""
    if any(cell.in_bin < 0 for cell in workload.cells):
        workload = replace(
            workload, withheld=(*workload.withheld, *bucket_withheld(True, counted=workload.counted)[1:])
        )
    if peak:
        one = Slice(
            key=first // 60,
            model=None,
            processing=PROCESSINGS[0],
            tier=0,
            tokens=Tokens(requests=max(peak // 1000, 1)),
            paid_usd=None,
        )
        workload = replace(workload, minutes=(one,))
    return workload


def _check_mean(total: int, requests: int, bin_number: int, width: int) -> None:
    """The mean length of a cell must lie in its bin."""
    if requests == 0:
        raise _Malformed
    low = math.exp(bin_number * width / BINS_PER_E) - 1
    high = math.exp(min((bin_number + 1) * width / BINS_PER_E, 60.0)) - 1
    if not low * 0.999 - 1 <= total / requests <= high * 1.001 + 1:
        raise _Malformed
