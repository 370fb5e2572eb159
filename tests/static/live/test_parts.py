"""The parts of the live half: what is pinned, and what happens where one is missing or is another file."""

import json
import re
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from breakeven.static.live import parts
from breakeven.static.live.parts import PartsMissing, fetch_parts, pinned
from tests.builders import ROOT


def test_every_part_is_pinned_by_name_version_and_digest():
    pins = [pin for group in ("npm", "wheel") for pin in pinned()[group].values()]
    assert len(pins) == 5
    for pin in pins:
        assert re.fullmatch(r"[0-9a-f]{64}", pin["sha256"]), pin["name"]
        assert re.fullmatch(r"\d[\w.-]*", pin["version"]), pin["name"]


def test_no_registry_is_named():
    text = (parts.Path(parts.__file__).with_name("parts.toml")).read_text(encoding="utf-8")
    assert "://" not in text


def test_a_file_with_another_digest_is_refused_and_named(tmp_path):
    pin = pinned()["npm"]["pyodide"]
    (tmp_path / f"pyodide-{pin['version']}.tgz").write_bytes(b"something else")
    with pytest.raises(
        PartsMissing, match=rf"pyodide-{re.escape(pin['version'])}\.tgz: has the SHA-256 .*pinned is"
    ):
        fetch_parts(folder=tmp_path)


def test_without_npm_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PartsMissing, match=r"^npm: is not installed; .* Node\.js and npm"):
        fetch_parts(folder=tmp_path)


def _release(folder, **change):
    lock = {"info": {"python": "3.12.7"}, "packages": {}} | change
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return folder


def test_a_folder_that_is_no_release_of_pyodide_is_refused(tmp_path):
    with pytest.raises(PartsMissing, match="give a folder of a Pyodide release"):
        fetch_parts(runtime=tmp_path, folder=tmp_path)


def test_a_release_for_another_python_is_refused_with_the_one_to_take(tmp_path):
    with pytest.raises(PartsMissing, match=r"is for Python 3\.13\.2; .* for cp312: take Pyodide 0\.27"):
        fetch_parts(runtime=_release(tmp_path, info={"python": "3.13.2"}), folder=tmp_path)


def test_a_release_that_lacks_a_package_is_refused_with_its_name(tmp_path):
    with pytest.raises(PartsMissing, match="lists no package 'numpy'"):
        fetch_parts(runtime=_release(tmp_path), folder=tmp_path)


def test_every_package_of_the_tab_comes_with_the_extra_static_in_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    exact = {line.partition("==")[0] for line in project["tool"]["uv"]["constraint-dependencies"]}
    asked, known = ["breakeven[static]"], set()
    while asked:
        one = Requirement(asked.pop())
        for extra in one.extras or {""}:
            if (canonicalize_name(one.name), extra) in known:
                continue
            known.add((canonicalize_name(one.name), extra))
            asked += [
                text
                for text in requires(one.name) or []
                if (marker := Requirement(text).marker) is None or marker.evaluate({"extra": extra})
            ]
    reached = {name for name, _ in known}
    packages = set(pinned()["pure"]["distributions"])
    assert packages - reached == set()
    assert packages - exact == set()
