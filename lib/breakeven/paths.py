"""Where the tables and the pages are: inside an installed package, or beside ``lib/`` in a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).parent
ROOT = PACKAGE if (PACKAGE / "data").is_dir() else PACKAGE.parents[1]
"""Folder that holds ``data/``, ``app.py`` and ``pages/``."""
DATA = ROOT / "data"
"""The tables that come with the program."""
APP = ROOT / "app.py"
"""The frame around the pages."""
