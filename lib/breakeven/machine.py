"""What the machine can do that this runs on: the one place that knows the tab of a browser.

In a tab (``breakeven export``) Python is compiled to WebAssembly and alone: one thread, no other process, no
compiler, a DuckDB without extensions, and no other visitor.
"""

from __future__ import annotations

import sys
from pathlib import Path

_TAB = sys.platform == "emscripten"

SERVES = not _TAB
"""Several visitors, over a network that others are on, too: sessions are swept, requests are guarded."""
PROCESSES = not _TAB
"""Another process can be started: the SQL box runs in one of its own."""
COMPILER = not _TAB
"""Numba is there: the inner loops of a replay are compiled."""
EXTENSIONS = not _TAB
"""DuckDB reads JSON and Parquet by itself."""
TABLES = Path("/tables.duckdb") if _TAB else None
"""The tables as a file that was built beforehand; None: they are built here."""
TABLE_FORMAT = "v1.2.0"
"""Format of that file, which the older DuckDB of a tab reads."""
