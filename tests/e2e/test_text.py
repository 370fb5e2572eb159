"""Text that somebody else wrote, through the Markdown of the pages themselves."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from tests.dashboard.test_blocks import MARKS, TEXTS, bare
from tests.servers import free_port, health, until

APP = """
import json
from pathlib import Path
import streamlit as st
from breakeven.dashboard.blocks import plain
for number, text in enumerate(json.loads(Path(__file__).with_name("texts.json").read_text())):
    with st.container(key=f"text_{number}"):
        st.markdown(plain(text))
st.text("all drawn")
"""
_MADE = """() => [...document.querySelectorAll('[class*="st-key-text_"] [data-testid=stMarkdownContainer]')]
  .map(one => [one.textContent, [...one.querySelectorAll('*')].map(made => made.tagName).join()])"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A page of Streamlit that shows the texts of a file; its address and the file."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    port = free_port()
    options = ["--server.headless=true", f"--server.port={port}", "--browser.gatherUsageStats=false"]
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "app.py"), *options]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet) as process:
        address = f"http://localhost:{port}"
        until(lambda: health(address) == (200, "ok"), process=process)
        yield address, folder / "texts.json"
        process.terminate()


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXTS, min_size=40, max_size=40))
def test_the_page_makes_nothing_of_what_somebody_wrote(
    browser: Browser, texts: tuple[str, Path], found: list[str]
) -> None:
    address, file = texts
    written = [f"{mark}z" for mark in MARKS] + found
    file.write_text(json.dumps(written), encoding="utf-8")
    page = browser.new_page()
    page.goto(address)
    page.get_by_text("all drawn").wait_for()
    page.wait_for_timeout(1000)  # What makes symbols of names comes late.
    made = page.evaluate(_MADE)
    page.close()
    assert len(made) == len(written)
    wrong = [
        (text, *one)
        for text, one in zip(written, made, strict=True)
        if one[1] != "P" or bare(one[0]) != bare(text)
    ]
    assert wrong == []
