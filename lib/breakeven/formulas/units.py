"""Unit factors. Formulas use bytes, FLOP, seconds, tokens and US dollars, nothing scaled."""

MEGA = 1e6
GIGA = 1e9
TERA = 1e12

SECONDS_PER_HOUR = 3600.0
HOURS_PER_MONTH = 730.0
"""Hours that cloud price lists bill for a month: 365 x 24 / 12. [h]"""
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR
