"""`breakeven serve` carries its own settings: started in an empty folder, nothing leaves the machine."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.builders import ROOT
from tests.e2e.conftest import settle
from tests.servers import serving

pytestmark = pytest.mark.slow
PAGES = ("", "workload", "deploy", "train", "numbers", "articles", "evidence", "prices", "method")
UNWANTED = """
[browser]
gatherUsageStats = true
[client]
showErrorDetails = "full"
[theme.light]
primaryColor = "#ff0000"
"""
"""What a user may have for other dashboards of theirs."""


def open_every_page(browser: Browser, address: str) -> None:
    """All pages work, in our colours, and ask no other host for anything."""
    context = browser.new_context(color_scheme="light")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    try:
        for name in PAGES:
            page.goto(f"{address}/{name}")
            settle(page)
            assert page.locator('[data-testid="stMain"]').inner_text().strip(), name
        colours = page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => { const s = getComputedStyle(e);"
            " return [s.color, s.backgroundColor, s.borderBottomColor] })"
        )
        assert "rgb(255, 0, 0)" not in colours
    finally:
        context.close()
    elsewhere = {url for url in asked if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    assert {urlsplit(url).netloc for url in elsewhere} == {urlsplit(address).netloc}


def test_no_request_leaves_the_machine_from_an_empty_folder(browser: Browser, tmp_path: Path) -> None:
    empty, home = tmp_path / "empty", tmp_path / "home"
    empty.mkdir()
    (home / ".streamlit").mkdir(parents=True)
    (home / ".streamlit" / "config.toml").write_text(UNWANTED, encoding="utf-8")
    with serving(folder=empty, environment={"HOME": str(home)}) as server:
        open_every_page(browser, server.address)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a stranger would build it: of the files that git knows or would add."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    named = ("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(["git", *named], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has the wheel, and of this one only what the wheel depends on."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # A path in a .pth file is searched, but its own .pth files, such as the checkout's, are not read.
    (site / "dependencies.pth").write_text(str(Path(pytest.__file__).parents[1]), encoding="utf-8")
    return home / "bin" / "python"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Somebody's project with a ``lib`` of its own."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").write_text("raise ImportError('not ours')\n", encoding="utf-8")
    (tmp_path / "usage.csv").write_text(
        "model,input_tokens,output_tokens\ngpt-4o,1000000,100000\n", encoding="utf-8"
    )
    return tmp_path


def test_wheel_puts_one_package_into_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2
    assert all(top.startswith("breakeven") for top in tops)
    assert {"breakeven/py.typed", "breakeven/app.py", "breakeven/data/schema.sql"} <= set(names)


def test_wheel_prices_a_file_beside_another_lib(installed: Path, elsewhere: Path) -> None:
    script = (
        "import breakeven; print(breakeven.__file__);"
        "print(breakeven.price('usage.csv', as_of='2026-11-01')['list_usd'])"
    )
    ran = subprocess.run(
        [str(installed), "-c", script], cwd=elsewhere, capture_output=True, text=True, check=True
    )
    where, usd = ran.stdout.split()
    assert Path(where).is_relative_to(installed.parents[1])
    assert usd == "3.5"  # 1M x $2.50 + 0.1M x $10.00
    command = [str(installed), "-m", "breakeven", "price", "usage.csv"]
    ran = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=True)
    assert "$3.50" in ran.stdout


def test_wheel_serves_every_page_and_no_request_leaves_the_machine(
    browser: Browser, installed: Path, elsewhere: Path
) -> None:
    home = elsewhere / "home"
    (home / ".streamlit").mkdir(parents=True)
    (home / ".streamlit" / "config.toml").write_text(UNWANTED, encoding="utf-8")
    with serving(python=installed, folder=elsewhere, environment={"HOME": str(home)}) as server:
        open_every_page(browser, server.address)
