"""The picture that a chat shows of a shared link, drawn here: nothing is fetched, nothing goes to disk."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

import streamlit
from PIL import Image, ImageDraw, ImageFont

from breakeven.dashboard.card import Card, Verdict
from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED

WIDTH, HEIGHT = 1200, 630
"""What chats ask for. [pixels]"""
_LEFT, _RIGHT = 72, WIDTH - 72
_INK, _GREY, _PAPER = "#1A1A1A", "#595959", "#FFFFFF"
_REGULAR, _BOLD = 400, 650
_EDGES = {"self-hosting": SELF_HOSTED, "api": API}
_BARS = {"Self-hosted": SELF_HOSTED, "API": API}
_FONTS = Path(streamlit.__file__).parent / "static" / "static" / "media"


def letters() -> Path | None:
    """The file of the pages' own letters, which comes with Streamlit; None where it has none."""
    return next(iter(sorted(_FONTS.glob("SourceSansVF-Upright*.woff2"))), None)


@cache
def font(size: int, weight: int = _REGULAR) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The pages' own letters, which come with Streamlit; Pillow's where it has none.

    Parameters
    ----------
    size
        Height. [pixels]
    weight
        As CSS counts it, 200 to 900.
    """
    path = letters()
    if path is None:
        return ImageFont.load_default(size)
    found = ImageFont.truetype(path, size)
    found.set_variation_by_axes([weight])
    return found


def picture_of(card: Card, address: str) -> bytes:
    """The card of a link as a PNG: question, verdict, both bills, the other shape, the day, the address."""
    image, draw = _paper(f"prices of {card.scenario.as_of}", address)
    first = card.verdicts[0]
    draw.rectangle((0, 0, 16, HEIGHT), fill=_EDGES.get(first.winner, LIMIT))
    _line(draw, 116, card.question, 30, colour=_GREY)
    top = _lines(draw, 168, f"{first.headline}.", 44, _BOLD, most=3)
    if first.bills:
        _bars(draw, max(top + 20, 300), first)
    else:
        _lines(draw, top + 16, first.condition, 30, most=3)
    for other in card.verdicts[1:2]:
        _line(draw, 474, other.kind, 24, colour=_GREY)
        _lines(draw, 506, f"{other.headline}.", 28, most=1)
    return _png(image)


def default_picture(title: str, about: str, address: str) -> bytes:
    """The picture of a page: its answer, or its name, and what it is about."""
    image, draw = _paper("", address)
    top = _lines(draw, 180, title, 60, _BOLD, most=4)
    _lines(draw, top + 24, about, 34, colour=_GREY, most=2)
    return _png(image)


def _paper(note: str, address: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture with the mark, a note at the right, and the address at the foot."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    image.paste(_mark(52), (_LEFT - 6, 46))
    draw.text((128, 72), "Breakeven", fill=_INK, font=font(36, _BOLD), anchor="lm")
    draw.text((_RIGHT, 72), note, fill=_GREY, font=font(26), anchor="rm")
    draw.line((_LEFT, 568, _RIGHT, 568), fill="#D9D9D9", width=2)
    draw.text((_LEFT, 596), _fitted(draw, address, 26), fill=_GREY, font=font(26), anchor="lm")
    return image, draw


@cache
def _mark(size: int) -> Image.Image:
    """Two bills against the load, and where they cross; drawn large and made small, so that it is smooth."""
    unit = size * 4 / 24
    image = Image.new("RGB", (size * 4, size * 4), _PAPER)
    draw = ImageDraw.Draw(image)
    for colour, (left, right) in ((SELF_HOSTED, (13.5, 10.0)), (API, (20.5, 3.5))):
        ends = [(3 * unit, left * unit), (21 * unit, right * unit)]
        draw.line(ends, fill=colour, width=round(2.6 * unit))
        for x, y in ends:
            draw.circle((x, y), 1.3 * unit, fill=colour)
    draw.circle((12 * unit, 11.8 * unit), 4.1 * unit, fill=_PAPER)
    draw.circle((12 * unit, 11.8 * unit), 2.7 * unit, fill=_INK)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _bars(draw: ImageDraw.ImageDraw, top: int, verdict: Verdict) -> None:
    """Both bills on one linear axis from zero, each named and written out."""
    start, room = 240, 560
    most = max(bill.usd for bill in verdict.bills) or 1.0
    for row, bill in enumerate(verdict.bills):
        y = top + row * 56
        end = start + max(4, round(room * bill.usd / most))
        draw.text((_LEFT, y + 20), bill.who, fill=_INK, font=font(28), anchor="lm")
        draw.rectangle((start, y, end, y + 40), fill=_BARS[bill.who])
        draw.text((end + 16, y + 20), bill.said, fill=_INK, font=font(28, _BOLD), anchor="lm")


def _line(draw: ImageDraw.ImageDraw, top: int, text: str, size: int, colour: str = _INK) -> None:
    """One line, in smaller letters where it is long."""
    while size > 20 and draw.textlength(text, font=font(size)) > _RIGHT - _LEFT:
        size -= 2
    draw.text((_LEFT, top), _fitted(draw, text, size), fill=colour, font=font(size))


def _lines(
    draw: ImageDraw.ImageDraw,
    top: int,
    text: str,
    size: int,
    weight: int = _REGULAR,
    *,
    colour: str = _INK,
    most: int,
) -> int:
    """Text in at most so many lines, in smaller letters where it needs more; returns where it ends."""
    while size > 22 and len(_wrapped(draw, text, size, weight)) > most:
        size -= 2
    step = round(size * 1.2)
    for line in _wrapped(draw, text, size, weight)[:most]:
        draw.text((_LEFT, top), _fitted(draw, line, size, weight), fill=colour, font=font(size, weight))
        top += step
    return top


def _wrapped(draw: ImageDraw.ImageDraw, text: str, size: int, weight: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font(size, weight)) <= _RIGHT - _LEFT:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fitted(draw: ImageDraw.ImageDraw, text: str, size: int, weight: int = _REGULAR) -> str:
    """Text cut to the width of the picture, and that said by a dot of three."""
    if draw.textlength(text, font=font(size, weight)) <= _RIGHT - _LEFT:
        return text
    while text and draw.textlength(f"{text}…", font=font(size, weight)) > _RIGHT - _LEFT:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _png(image: Image.Image) -> bytes:
    """Few colours: a picture of lines and letters."""
    out = BytesIO()
    image.quantize(colors=64, method=Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=False)
    return out.getvalue()
