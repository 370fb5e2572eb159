"""Run by ``compile.mjs`` inside Pyodide: every ``.py`` below ``/tree`` becomes a ``.pyc`` in its place."""

import importlib._bootstrap_external as bootstrap
from pathlib import Path

TREE = Path("/tree")
WITHOUT_DOCSTRINGS = "site/plotly/graph_objs/"
"""Written by a program: twenty megabytes, nearly all of them docstrings."""


def compile_all() -> list[str]:
    """Compile what is not listed in ``.keep``; say which files are none for this Python."""
    kept, faults = set((TREE / ".keep").read_text().split()), []
    for path in list(TREE.rglob("*.py")):
        place = path.relative_to(TREE).as_posix()
        if place in kept:
            continue
        level = 2 if place.startswith(WITHOUT_DOCSTRINGS) else 0
        try:
            name = place.partition("/")[2]
            code = compile(path.read_bytes(), name, "exec", dont_inherit=True, optimize=level)
        except SyntaxError as fault:  # a template, or a file for another Python
            faults.append(f"{place}: {fault}")
            continue
        # Held to no source: there is none. The same digest in each keeps the file the same everywhere.
        packed = bootstrap._code_to_hash_pyc(code, b"\0" * 8, False)  # type: ignore[attr-defined]
        path.with_suffix(".pyc").write_bytes(packed)
        path.unlink()
    return faults
