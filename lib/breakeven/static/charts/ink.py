"""Pieces of SVG: numbers, texts, symbols, strokes."""

from __future__ import annotations

import math
import re
from typing import Any

from markupsafe import Markup, escape
from PIL import ImageColor

from breakeven.dashboard.picture import font

TEXT_PX = 12
LINE_PX = 14
"""From one line of a text to the next. [pixels]"""
_BREAK = re.compile(r"<br\s*/?>")
_LIGHT = 150
"""Brightness from which letters on a colour are black. [0 to 255]"""
_DASHES = {"dash": "9 6", "dot": "2 4", "dashdot": "9 4 2 4", "longdash": "14 6"}
_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up")
"""By the numbers that Plotly gives them."""


def short(number: float) -> str:
    """A place in the picture, to a tenth of a pixel.

    >>> short(12.0), short(3.14159)
    ('12', '3.1')
    """
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def points(pairs: list[tuple[float, float]]) -> str:
    """Places one after another, as a path or a polygon has them."""
    return " ".join(f"{short(x)},{short(y)}" for x, y in pairs)


def tag(name: str, inner: str = "", /, **about: Any) -> Markup:
    """An element; what is None is left out, an underscore in a name is a hyphen."""
    parts = []
    for key, value in about.items():
        if value is None or value == "":
            continue
        text = short(value) if isinstance(value, float) else str(value)
        parts.append(f' {key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    body = f">{inner}</{name}>" if inner else "/>"
    return Markup(f"<{name}{''.join(parts)}{body}")


def lines_of(text: str) -> list[str]:
    """A text of a figure by lines; its marks of bold are taken out."""
    return [re.sub(r"</?\w+>", "", part) for part in _BREAK.split(text)]


def folded(text: str, room: float) -> str:
    """A text on as many lines as it needs in a room, which a single word may still exceed. [pixels]"""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return "<br>".join(lines)


def width_of(text: str, size: float = TEXT_PX) -> float:
    """How wide a text is, in the pages' own letters. [pixels]"""
    return max((float(font(round(size)).getlength(part)) for part in lines_of(text)), default=0.0)


def words(text: str, x: float, y: float, anchor: str = "middle", **about: Any) -> Markup:
    """A text whose first line stands on y; one of several lines goes on below."""
    parts = lines_of(text)
    if len(parts) == 1:
        return tag("text", str(escape(parts[0])), x=float(x), y=float(y), text_anchor=anchor, **about)
    spans = "".join(
        tag("tspan", str(escape(part)), x=float(x), dy=LINE_PX if number else None)
        for number, part in enumerate(parts)
    )
    return tag("text", spans, x=float(x), y=float(y), text_anchor=anchor, **about)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour.

    >>> ink_on("#0072B2"), ink_on("#E69F00")
    ('white', 'black')
    """
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > _LIGHT else "white"


def stroke(line: Any, usual: str, width: float = 2.0) -> dict[str, Any]:
    """How a line is drawn."""
    told = line if isinstance(line, dict) else {}
    return {
        "stroke": told.get("color", usual),
        "stroke_width": float(told.get("width", width)),
        "stroke_dasharray": _DASHES.get(str(told.get("dash", ""))),
        "fill": "none",
    }


def symbol(name: Any, x: float, y: float, size: float, title: str, **about: Any) -> Markup:
    """A mark of that size around a place. [pixels]"""
    name = _SYMBOLS[int(name) % len(_SYMBOLS)] if isinstance(name, int | float) else str(name or "circle")
    half = size / 2
    inner = str(tag("title", str(escape("\n".join(lines_of(title)))))) if title else ""
    kind = name.removesuffix("-open").removesuffix("-thin")
    if name.endswith(("-open", "-thin")) or kind in ("x", "cross"):
        colour = about.get("fill")
        about |= {"stroke": colour if name != kind or kind in ("x", "cross") else about.get("stroke")}
        about["stroke_width"] = about.get("stroke_width") or (1.0 if name.endswith("-thin") else 1.6)
        about["fill"] = "none"
    if kind == "circle":
        return tag("circle", inner, cx=float(x), cy=float(y), r=float(half), **about)
    if kind == "x":
        a, b = half * 0.7, half * 0.7
        path = f"M{short(x - a)} {short(y - b)}L{short(x + a)} {short(y + b)}"
        path += f"M{short(x - a)} {short(y + b)}L{short(x + a)} {short(y - b)}"
        return tag("path", inner, d=path, **about)
    if kind == "cross":
        path = (
            f"M{short(x - half)} {short(y)}H{short(x + half)}M{short(x)} {short(y - half)}V{short(y + half)}"
        )
        return tag("path", inner, d=path, **about)
    corners = [(x + half * a, y + half * b) for a, b in _CORNERS[kind]]
    return tag("polygon", inner, points=points(corners), **about)


_CORNERS = {
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "diamond": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
    "triangle-up": [(0, -1.1), (1.0, 0.8), (-1.0, 0.8)],
    "star": [
        (
            math.sin(math.pi * n / 5) * (1.25 if n % 2 == 0 else 0.5),
            -math.cos(math.pi * n / 5) * (1.25 if n % 2 == 0 else 0.5),
        )
        for n in range(10)
    ],
}
