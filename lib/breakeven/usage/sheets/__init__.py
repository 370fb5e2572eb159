"""Sheets of any make: header, columns by meaning, number styles, totals, row by row to canonical rows."""
