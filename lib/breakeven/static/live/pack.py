"""Put the files of the live half together: which packages, without what no page needs, compiled, packed."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from breakeven.paths import PACKAGE, ROOT
from breakeven.static.live.parts import Parts, PartsMissing, node, pinned

COMPILER = Path(__file__).with_name("compile_tree.py")
"""What is run inside the tab's interpreter to compile."""
BOOT = Path(__file__).with_name("boot")
"""Modules that stand beside the packages of the tab."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_USELESS = (
    ".pyi",
    ".pyx",
    ".pxd",
    ".pxi",
    ".h",
    ".hpp",
    ".c",
    ".cc",
    ".cpp",
    ".a",
    ".md",
    ".rst",
    ".cmake",
    ".dist",
)
_FOLDERS = frozenset(("tests", "test", "testing", "__pycache__", "_examples", "doc", "include", "src"))
_NOT_NEEDED = (
    "plotly/labextension/",
    "plotly/package_data/plotly.min.js",
    "plotly/package_data/widgetbundle.js",
    "pyarrow/includes/",
    "streamlit/.agents/",
    "streamlit/hello/",
    "streamlit/static/",
)


def trees(parts: Parts, work: Path) -> Iterator[tuple[str, Path]]:
    """Name and folder of every part of the tab's Python, as sources."""
    yield "stdlib", _unzipped(parts.pyodide / "python_stdlib.zip", work / "stdlib", lambda _: True)
    yield "site", _pure(work / "site")
    yield "app", _app(work / "app")
    for name, path in parts.wheels.items():
        yield name, _unzipped(path, work / name, _wanted)


def _wanted(place: str) -> bool:
    """Whether a file of a package is of use in the tab."""
    path = PurePosixPath(place)
    if path.suffix in _USELESS or place.endswith((".dist-info/RECORD", "/direct_url.json")):
        return False
    if any(part in _FOLDERS for part in path.parts[:-1]):
        # pandas and numpy look into these two of their own.
        return place.startswith(("pandas/_testing/", "numpy/testing/", "numpy/_core/tests/_natype"))
    return not place.startswith(_NOT_NEEDED)


def _unzipped(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> Path:
    folder.mkdir(parents=True)
    if archive.suffix == ".zip" and archive.stem != "python_stdlib":
        shutil.unpack_archive(archive, folder)
        return folder
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if not name.endswith("/") and wanted(name):
                packed.extract(name, folder)
    return folder


def _pure(folder: Path) -> Path:
    """The installed packages that the tab takes as they are."""
    folder.mkdir(parents=True)
    for name in pinned()["pure"]["distributions"]:
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            raise PartsMissing(f"{name}: is not installed; install the dashboard's packages") from None
        for file in files:
            place = file.as_posix()
            if place.startswith("..") or place.endswith((".pyc", ".so", ".pyd")) or not _wanted(place):
                continue
            if ".dist-info/" in place and not re.search(r"/METADATA$|licen[cs]e", place, re.IGNORECASE):
                continue
            _copy(Path(str(file.locate())), folder / place)
    return folder


def _app(folder: Path) -> Path:
    """This program as an installed package: modules, pages, tables; and what stands beside it in a tab."""
    ours = folder / "breakeven"
    for source in sorted(PACKAGE.rglob("*")):
        place = source.relative_to(PACKAGE)
        if (
            source.is_file()
            and place.parts[0] not in ("static", "data", "pages")
            and "__pycache__" not in place.parts
        ):
            _copy(source, ours / place)
    for name in ("app.py", "pages", "data"):
        source = ROOT / name
        for file in [source] if source.is_file() else sorted(source.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                _copy(file, ours / file.relative_to(ROOT))
    for file in sorted(BOOT.glob("*.py")):
        if file.name != "__init__.py":
            _copy(file, folder / file.name)
    for name in ("breakeven", "genai-prices", "duckdb"):
        said = distribution(name)
        target = folder / f"{name.replace('-', '_')}-{said.version}.dist-info" / "METADATA"
        target.parent.mkdir()
        target.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {said.version}\n", encoding="utf-8")
    return folder


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def digest_of(folder: Path, salt: str = "") -> str:
    """Digest of the names and contents of a folder."""
    digest = hashlib.sha256(salt.encode())
    for file in _files(folder):
        digest.update(f"\0{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:24]


def compile_trees(parts: Parts, work: Path) -> None:
    """Compile every tree with the tab's own interpreter; the pages stay sources, Streamlit reads them."""
    kept = [
        "app/breakeven/app.py",
        *(f"app/breakeven/pages/{file.name}" for file in (ROOT / "pages").glob("*.py")),
    ]
    (work / ".keep").write_text("\n".join(kept), encoding="utf-8")
    done = subprocess.run(
        [node(), str(Path(__file__).with_name("compile.mjs")), str(parts.pyodide), str(work)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PartsMissing(f"compiling for the tab failed: {(done.stderr or done.stdout).strip()[-500:]}")
    (work / ".keep").unlink()


def zipped(folder: Path) -> bytes:
    """A folder as an archive from which Python imports: nothing compressed, the same for the same files."""
    from io import BytesIO

    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for file in _files(folder):
            archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix(), _EPOCH), file.read_bytes())
    return out.getvalue()


def packed(folder: Path, prefix: str = "") -> bytes:
    """A folder as a pack: length of the list, the list as JSON, the files one after another."""
    files = list(_files(folder))
    names = [[prefix + file.relative_to(folder).as_posix(), file.stat().st_size] for file in files]
    listed = json.dumps(names, separators=(",", ":")).encode()
    return struct.pack("<I", len(listed)) + listed + b"".join(file.read_bytes() for file in files)


def squeezed(content: bytes) -> bytes:
    """Gzip at its best, without a name and a time."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
