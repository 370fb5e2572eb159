"""What goes into the tab, and how."""

import gzip
import json
import re
import struct
import zipfile
from io import BytesIO

import pytest

from breakeven import machine
from breakeven.paths import PACKAGE
from breakeven.static.live.build import needs, with_open_symbols
from breakeven.static.live.pack import _wanted, digest_of, packed, squeezed, zipped
from tests.builders import ROOT


@pytest.fixture
def folder(tmp_path):
    for name, text in (("b/two.py", "2"), ("a.py", "one"), ("b/none", "")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_pack_lists_its_files_and_holds_them_one_after_another(folder):
    content = packed(folder)
    (size,) = struct.unpack_from("<I", content)
    listed = json.loads(content[4 : 4 + size])
    assert listed == [["a.py", 3], ["b/none", 0], ["b/two.py", 1]]
    assert content[4 + size :] == b"one2"


def test_packing_twice_gives_the_same_bytes(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            (other / path.relative_to(folder)).parent.mkdir(exist_ok=True)
            (other / path.relative_to(folder)).write_bytes(path.read_bytes())
    assert squeezed(packed(folder)) == squeezed(packed(other))
    assert zipped(folder) == zipped(other)
    assert digest_of(folder) == digest_of(other)
    (other / "a.py").write_text("onf", encoding="utf-8")
    assert digest_of(folder) != digest_of(other)


def test_an_archive_is_one_that_python_imports_from(folder):
    with zipfile.ZipFile(BytesIO(zipped(folder))) as archive:
        assert archive.namelist() == ["a.py", "b/none", "b/two.py"]
        assert archive.testzip() is None
    assert gzip.decompress(squeezed(zipped(folder))) == zipped(folder)


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("pandas/core/frame.py", True),
        ("pandas/tests/test_frame.py", False),
        ("pandas/_testing/__init__.py", True),
        ("numpy/_core/include/numpy/arrayobject.h", False),
        ("numpy/_core/_multiarray_umath.cpython-312-wasm32-emscripten.so", True),
        ("streamlit/static/index.html", False),
        ("streamlit/runtime/runtime.py", True),
        ("pyarrow/lib.pyx", False),
    ],
)
def test_tests_headers_and_what_only_a_server_shows_stay_at_home(place, wanted):
    assert _wanted(place) is wanted


def test_a_loader_of_another_release_is_left_as_it_is():
    assert with_open_symbols("var GOTHandler={get(){}}") == "var GOTHandler={get(){}}"


def test_pages_are_allowed_web_assembly_and_the_dashboards_own_scripts_by_their_digests():
    scripts = needs()["script-src"]
    assert "'wasm-unsafe-eval'" in scripts
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(scripts)
    assert len([one for one in scripts if re.fullmatch(r"'sha256-[\w+/]{43}='", one)]) == 7


def test_one_module_alone_knows_the_tab():
    outside = [path for path in PACKAGE.rglob("*.py") if "static" not in path.relative_to(PACKAGE).parts]
    knowing = [path.name for path in outside if "emscripten" in path.read_text(encoding="utf-8")]
    assert knowing == ["machine.py"]
    assert machine.TABLES is None, "this test runs on a machine of its own"


def test_no_script_of_the_page_names_another_host():
    for path in (ROOT / "lib/breakeven/static/live/web").iterdir():
        assert "://" not in path.read_text(encoding="utf-8"), path.name
