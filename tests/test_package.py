"""The package as others meet it: its version, its types, its settings."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import breakeven
from tests.builders import ROOT


def test_version_is_that_of_the_installed_package(tmp_path: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "breakeven", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["breakeven", version("breakeven")]
    assert breakeven.__version__ == version("breakeven")


def test_types_are_announced() -> None:
    assert Path(breakeven.__file__).with_name("py.typed").exists()


def test_every_option_of_the_dashboard_is_set_over_those_of_the_user(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(
        '[browser]\ngatherUsageStats = true\n[client]\nshowErrorDetails = "full"\n'
        '[theme.light]\nprimaryColor = "#ff0000"\n',
        encoding="utf-8",
    )
    script = (
        "import streamlit as st\n"
        "from breakeven.dashboard.server import OPTIONS, dashboard\n"
        "dashboard()\n"
        "print({key for key, value in OPTIONS.items() if st.get_option(key) != value})\n"
        "print(st.get_option('client.showErrorDetails'), st.get_option('theme.light.primaryColor'))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split("\n")[:2] == ["set()", "none #0072B2"]


def test_no_file_of_options_is_needed_in_the_checkout() -> None:
    assert not (ROOT / ".streamlit").exists()
