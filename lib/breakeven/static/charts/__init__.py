"""The app's charts as SVG: the same figures, drawn here instead of in the browser.

A figure comes as Plotly's JSON. What the app's charts use of it is drawn: lines, dots, bars, one kind of map
with one contour, texts, lines across, logarithmic and date axes. Anything else raises, so that no chart is
quietly wrong.
"""

from breakeven.static.charts.draw import Drawing, draw
from breakeven.static.charts.values import UnknownMark

__all__ = ["Drawing", "UnknownMark", "draw"]
