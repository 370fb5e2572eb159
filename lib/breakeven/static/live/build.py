"""The live half of a static site: the dashboard itself, to run in the visitor's own browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from breakeven.dashboard import frame, look
from breakeven.static.live.pack import COMPILER, compile_trees, digest_of, packed, squeezed, trees, zipped
from breakeven.static.live.parts import (
    Parts,
    PartsMissing,
    draft,
    fetch_parts,
    node,
    notices,
    pinned,
    sha256_of,
)
from breakeven.static.policy import POLICY, Policy, with_more, written
from breakeven.static.site import Site
from breakeven.views.articles import strip

WEB = Path(__file__).with_name("web")
"""Scripts of the page, of the worker and of the service worker."""
_ARCHIVES = ("stdlib",)
"""Parts that Python imports from as they are packed; the others are unpacked into folders."""
_LATER = ("scipy", "openblas")
_SAYS = {
    "python": "Python",
    "stdlib": "Python's library",
    "site": "the dashboard's parts",
    "duckdb": "the database",
    "tables": "prices and sources",
    "app": "this program",
}


@dataclass(frozen=True, slots=True)
class Live:
    """What was added to a site."""

    version: str
    """Digest of all of it."""
    bytes: int
    """What a first visit fetches, packed."""


@dataclass(slots=True, kw_only=True)
class LiveHalf:
    """The live half as a part of a site that is being written."""

    runtime: Path | None = None
    """Folder of a full release of Pyodide; None: the parts come from the package registries."""
    base: str = "/"
    parts: Parts | None = None

    def before(self, site: Site) -> None:
        """Have every page offer it, and allow what it needs."""
        self.base = site.base
        self.parts = fetch_parts(self.runtime)  # before anything is written: what fails, fails at once
        site.scripts.append("live/interactive.js")
        site.allow(needs())

    def into(self, folder: Path) -> None:
        """Write it beside the pages."""
        add_live(folder, self.base, self.parts or fetch_parts(self.runtime))


def needs() -> Policy:
    """What a page that can become the dashboard is allowed, beside what every page is."""
    return {
        "script-src": ("'wasm-unsafe-eval'", *own_scripts()),
        # The front end writes its styles into the page.
        "style-src": ("'unsafe-inline'",),
        "img-src": ("data:", "blob:"),
        "font-src": ("data:",),
        "worker-src": ("'self'",),
    }


_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def own_scripts() -> tuple[str, ...]:
    """Digests of the scripts that the dashboard itself puts into its pages, as a policy names them."""
    written = (frame.SCRIPTS, look.TOUR, strip.MARK)
    found = [script for html in written for script in _INLINE.findall(html)]
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in found]
    return tuple(f"'sha256-{one}'" for one in digests)


def add_live(site: Path, base_path: str, parts: Parts) -> Live:
    """Add the live half to the folder of a site.

    Parameters
    ----------
    site
        Folder of the site; ``live/`` and ``sw.js`` are written into it, and a first page and a page for what
        is missing where there are none.
    base_path
        Path under which the site will be served, with a slash at both ends.
    parts
        From :func:`breakeven.static.live.parts.fetch_parts`.

    Raises
    ------
    PartsMissing
        If what bundles or compiles them is not installed.
    """
    live = site / "live"
    if live.exists():
        shutil.rmtree(live)
    live.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="breakeven-live-") as work:
        contents = _contents(parts, Path(work))
    config = _write(live, contents, parts)
    _front_end(live)
    _scripts(live, parts)
    (live / "NOTICES.txt").write_text(notices(parts.wheels), encoding="utf-8")
    name = digest_of(live)[:16]
    worker = (WEB / "sw.js").read_text(encoding="utf-8").replace("__VERSION__", name)
    (site / "sw.js").write_text(worker, encoding="utf-8")
    shell = (WEB / "shell.html").read_text(encoding="utf-8")
    shell = shell.replace("__BASE__", base_path).replace("__POLICY__", written(with_more(POLICY, needs())))
    (live / "index.html").write_text(shell, encoding="utf-8")
    for page in ("404.html", "index.html"):
        if not (site / page).exists():
            (site / page).write_text(shell, encoding="utf-8")
    return Live(version=name, bytes=config["bytes"])


def _contents(parts: Parts, work: Path) -> dict[str, bytes]:
    """Every part of the tab, packed. What was compiled is kept for the next export of the same sources."""
    folders = dict(trees(parts, work))
    with_what = sha256_of(parts.pyodide / "pyodide.asm.wasm") + sha256_of(COMPILER)
    kept = {
        name: parts.folder / f"compiled-{name}-{digest_of(folder, with_what)}.bin"
        for name, folder in folders.items()
    }
    for name, path in kept.items():
        if path.is_file():
            shutil.rmtree(folders[name])
    compile_trees(parts, work)
    contents = {}
    for name, folder in folders.items():
        if not kept[name].is_file():
            for old in parts.folder.glob(f"compiled-{name}-*.bin"):
                old.unlink()
            with draft(kept[name]) as path:
                path.write_bytes(squeezed(zipped(folder) if name in _ARCHIVES else packed(folder)))
        contents[name] = kept[name].read_bytes()
    contents["python"] = squeezed((parts.pyodide / "pyodide.asm.wasm").read_bytes())
    contents["duckdb"] = squeezed((parts.duckdb / "dist" / "duckdb-eh.wasm").read_bytes())
    contents["tables"] = squeezed(_tables(work))
    return contents


def _tables(work: Path) -> bytes:
    """The tables as a file that the tab's older DuckDB reads."""
    from breakeven.tables.build import write_tables

    path = work / "tables.duckdb"
    write_tables(path)
    return path.read_bytes()


def _write(live: Path, contents: Mapping[str, bytes], parts: Parts) -> dict[str, Any]:
    """Write the parts, each under a name with its digest, and what the worker needs to know of them."""
    entries: dict[str, dict[str, Any]] = {}
    for name, small in sorted(contents.items()):
        file = f"{name}-{hashlib.sha256(small).hexdigest()[:12]}.bin"
        (live / file).write_bytes(small)
        entries[name] = {"file": file, "bytes": len(small), "says": f"Fetching {_SAYS.get(name, name)}"}
    lock = json.loads((parts.pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    core = ("python", "stdlib", "duckdb", "tables")
    config = {
        "bytes": sum(one["bytes"] for name, one in entries.items() if name not in _LATER),
        "parts": {name: entries[name] for name in core},
        "packs": [one for name, one in entries.items() if name not in (*core, *_LATER)],
        "later": {name: entries[name] for name in _LATER},
        "libraries": pinned()["runtime"]["libraries"],
        "lock": {"info": lock["info"], "packages": {}},
    }
    (live / "config.json").write_text(json.dumps(config, sort_keys=True, indent=1), encoding="utf-8")
    shutil.copyfile(parts.pyodide / "pyodide.js", live / "pyodide.js")
    loader = (parts.pyodide / "pyodide.asm.js").read_text(encoding="utf-8")
    (live / "pyodide.asm.js").write_text(with_open_symbols(loader), encoding="utf-8")
    return config


_OPEN_SYMBOLS = (
    ("var GOTHandler={", "var openGOT=[];var GOTHandler={"),
    (
        'rtn=GOT[symName]=new WebAssembly.Global({"value":"i32","mutable":true})}if(!current',
        'rtn=GOT[symName]=new WebAssembly.Global({"value":"i32","mutable":true});'
        "openGOT.push([symName,rtn])}if(!current",
    ),
    (
        "for(var[symName,entry]of Object.entries(GOT)){",
        "var open=openGOT;openGOT=[];for(var[symName,entry]of open){",
    ),
    (
        "if(!value&&!entry.required){continue}",
        "if(!value&&!entry.required){openGOT.push([symName,entry]);continue}",
    ),
)


def with_open_symbols(loader: str) -> str:
    """Have Pyodide's loader look at the symbols that are still open, not at all of them, for each library.

    A hundred libraries are linked at the start, each of which looks through every symbol of those before it:
    half of the time that it takes to import pandas. A loader of another release is left as it is.
    """
    if any(loader.count(old) != 1 for old, _ in _OPEN_SYMBOLS):
        return loader
    for old, new in _OPEN_SYMBOLS:
        loader = loader.replace(old, new)
    return loader


_LINK = re.compile(r"<link rel=\"(modulepreload|stylesheet)\"[^>]* href=\"\./([^\"]+)\"")
_SCRIPT = re.compile(r"<script type=\"module\"[^>]* src=\"\./([^\"]+)\"")


def _front_end(live: Path) -> None:
    """Copy Streamlit's own front end, and say what its page begins with."""
    static = Path(str(distribution("streamlit").locate_file("streamlit/static")))
    shutil.copytree(static / "static", live / "ui" / "static")
    page = (static / "index.html").read_text(encoding="utf-8")
    script = _SCRIPT.search(page)
    if script is None:
        raise PartsMissing("streamlit: its page begins in another way than the one this was made for")
    links = _LINK.findall(page)
    ui = {
        "start": f"ui/{script[1]}",
        "modules": [f"ui/{href}" for rel, href in links if rel == "modulepreload"],
        "styles": [f"ui/{href}" for rel, href in links if rel == "stylesheet"],
    }
    (live / "ui.json").write_text(json.dumps(ui, indent=1), encoding="utf-8")


def _scripts(live: Path, parts: Parts) -> None:
    """Bundle the worker, and put the scripts of the page beside it."""
    command = [
        *(node(), str(parts.esbuild / "bin" / "esbuild"), str(WEB / "worker.js"), "--bundle", "--minify"),
        *("--format=iife", "--charset=utf8", f"--outfile={live / 'worker.js'}"),
        f"--alias:@duckdb/duckdb-wasm={parts.duckdb}",
        f"--alias:apache-arrow={WEB / 'arrow.mjs'}",
        *("--external:crypto", "--external:node:*", "--log-level=error"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PartsMissing(f"bundling the worker failed: {done.stderr.strip()[-500:]}")
    for name in ("page.js", "interactive.js", "shell.js", "support.js", "shell.css"):
        shutil.copyfile(WEB / name, live / name)
