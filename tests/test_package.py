"""The package as others meet it: its version, its types, its settings."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        pytest.param("serve --headless", "streamlit", "dashboard", id="serve"),
        pytest.param("plan trace.csv --model llama-3.3-70b --gpu h100-sxm", "numba", "replay", id="plan"),
    ],
)
def test_command_without_its_extra_says_which_one_in_one_sentence(
    command: str, module: str, extra: str, tmp_path: Path
) -> None:
    (tmp_path / "trace.csv").write_text(
        "ts,model,input_tokens,output_tokens\n"
        "2026-11-01T10:00:00Z,gpt-4o,1000,100\n2026-11-01T10:00:05Z,gpt-4o,900,120\n",
        encoding="utf-8",
    )
    script = (
        "import sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "class Missing(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from breakeven.cli import main\n"
        f"sys.exit(main({command.split()!r}))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2, ran.stderr
    assert ran.stderr.splitlines() == [
        f"breakeven: {module} is not installed; install the package with its extra '{extra}'"
    ]


def test_command_line_needs_neither_the_dashboard_nor_the_replay() -> None:
    script = (
        "import contextlib, io, sys\n"
        "from breakeven.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    assert main('rank --model llama-3.1-8b --prompt 512 --completion 64 --json'.split()) == 0\n"
        "print(sorted({'streamlit', 'plotly', 'numba'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
