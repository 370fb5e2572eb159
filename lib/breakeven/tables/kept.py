"""Where the built tables are kept between two runs, so that a command need not build them again.

The name of a kept file is a digest of everything that the build reads: the data, the code that builds,
the versions of the price catalogue and of DuckDB. A change of any of them gives another name, so a kept
file is never stale. ``BREAKEVEN_CACHE`` names another folder; ``off`` keeps nothing.
"""

import contextlib
import hashlib
import os
import time
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

MOST_KEPT = 3
"""Files that stay; older ones are deleted."""
OLD_S = 3600.0
"""A draft that nobody wrote to for so long was left behind. [s]"""
_CODE = Path(__file__).parent


def kept_file(data_dir: Path) -> Path | None:
    """File that holds the built tables of a folder, whether it is there or not; None: keep nothing."""
    wanted = os.environ.get("BREAKEVEN_CACHE", "")
    if wanted == "off":
        return None
    try:
        folder = Path(wanted) if wanted else user_cache_path("breakeven")
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"tables-{_digest(data_dir)}.duckdb"
    except (OSError, RuntimeError):  # no home, nowhere to write, a file that cannot be read
        return None


def drop_old(newest: Path) -> None:
    """Delete all but the last few kept files, and drafts of processes that were killed."""
    with contextlib.suppress(OSError):
        files = sorted(newest.parent.glob("tables-*.duckdb"), key=lambda file: file.stat().st_mtime)
        for file in files[:-MOST_KEPT]:
            file.unlink(missing_ok=True)
        for draft in newest.parent.glob(".tables-*.tmp*"):
            if time.time() - draft.stat().st_mtime > OLD_S:
                draft.unlink(missing_ok=True)


def _digest(data_dir: Path) -> str:
    """Digest of everything that the build reads."""
    digest = hashlib.sha256(f"{version('genai-prices')} {version('duckdb')}".encode())
    files = [*data_dir.glob("*.csv"), *data_dir.glob("*.sql"), *_CODE.glob("*.py"), *_CODE.glob("sql/*.sql")]
    for file in sorted(files):
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]
