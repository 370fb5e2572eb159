"""What many tests ask for: an opened page and what it says, a command's answer, plain records."""

import csv
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.cli import main
from breakeven.formulas.parts import ARTICLE_MODEL, Engine, ModelShape, Replica
from breakeven.paths import DATA
from breakeven.question.scenario import Scenario
from breakeven.tables.catalogue_rules import CatalogueRules

ROOT = Path(__file__).parents[1]
SAMPLES = DATA / "samples"
TODAY = date(2026, 11, 21)
"""Day of the shipped tables."""
DEFAULT = Scenario(as_of=TODAY)
"""What the app opens with on that day."""
ARTICLE = Scenario(
    as_of=date(2023, 7, 20),
    model="llama-2-70b",
    api="openai/gpt-3.5-turbo",
    gpu="a100-80-sxm",
    gpus=2,
    gpu_offer="coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20",
    precision="fp16",
    engine="tgi-2023",
    mode="static",
    prompt_a=512,
    completion_a=512,
    prompt_b=512,
    completion_b=512,
    batch=1,
    ttft=None,
    tpot=None,
    utilisation=1.0,
    usable=1.0,
)
"""The question of the 2023 article: 2×A100-80GB at $4.42/h, all memory used, never idle."""
FOUR_H100 = replace(DEFAULT, gpu="h100-sxm", gpus=4, precision="fp8", ttft=None, tpot=None, batch=32)
_NO_STATE: Mapping[str, Any] = MappingProxyType({})

REPLICA = Replica(
    n_gpus=4,
    memory_bytes=80e9,
    memory_bytes_per_s=3.35e12,
    flop_per_s=1979e12,
    attention_flop_per_s=989e12,
    link_bytes_per_s=450e9,
)
ENGINE = Engine(
    mfu=0.6,
    mbu=0.8,
    kv_mbu=0.5,
    link_share=0.4,
    link_latency_s=1e-5,
    prefill_overhead_s=0.01,
    step_overhead_s=0.002,
    layer_overhead_s=2e-5,
    sequence_overhead_s=1e-5,
    context_overhead_s=1e-6,
)
SLOW_EXPERTS = replace(
    ENGINE,
    ttft_fixed_s=0.02,
    first_token_steps=3.0,
    expert_mfu=0.5,
    expert_mbu=0.6,
    expert_overhead_s=1e-5,
)


def model(*, routed: float = 0.0, share: float = 0.0, window: int = 0) -> ModelShape:
    """A 70B-like shape; with routed experts and a window where asked for."""
    return replace(
        ARTICLE_MODEL,
        linear_params=69.5e9,
        weights_bytes=70e9 + routed,
        shared_bytes=70e9,
        routed_bytes=routed,
        expert_share=share,
        full_layers=40 if window else 80,
        sliding_layers=40 if window else 0,
        window_tokens=window,
        full_kv_bytes_per_token=163_840 if window else 327_680,
        sliding_kv_bytes_per_token=163_840 if window else 0,
    )


_OPEN = ("Shape", "Load", "Goal", "Work", "Prompting", "Rows", "Filter", "More")
AS_TESTED: dict[str, Any] = (
    {"frame_words": "expert"} | {"ranking_box": True} | {f"box_{word}": True for word in _OPEN}
)
"""What a page's widgets hold in a test that does not say otherwise."""


def open_page(name: str, state: Mapping[str, Any] = _NO_STATE, **link: str) -> AppTest:
    """Open a page of the app with a link; ``state`` is what widgets and boxes hold already."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if name != "compare":
        app.switch_page(f"pages/{name}.py")
    return run_page(app, state, link)


def run_page(app: AppTest, state: Mapping[str, Any], link: Mapping[str, str]) -> AppTest:
    """Run a page for the first time, with what its widgets hold and a link.

    Unless ``state`` says otherwise it says things in the words of the field, with the words of its line open
    that every visitor starts with.
    """
    for key, value in (AS_TESTED | dict(state)).items():
        app.session_state[key] = value
    for field, text in link.items():
        app.query_params[field] = text
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def plain(text: str) -> str:
    """Take Markdown's escapes and hard spaces out of what a page says."""
    return re.sub(r"\\(?=[\W_])", "", text).replace("\u00a0", " ")


def texts(app: AppTest) -> str:
    """Everything that a page says in prose, in its tables and on its boxes."""
    kinds = ("header", "subheader", "markdown", "caption", "warning", "info", "error", "success")
    said = [block.value for kind in kinds for block in getattr(app, kind)]
    said += [table.value.to_csv(index=False) for table in app.table]
    return plain("\n".join([*said, *(box.label for box in app.expander)]))


def headline(app: AppTest) -> str:
    """The answer at the top of a page."""
    return headings(app)[0]


def headings(app: AppTest) -> list[str]:
    """The answers of a page, then the headings below them."""
    return [plain(one.value) for one in (*app.header, *app.subheader)]


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that succeeds; what it prints."""
    assert main(arguments) == 0
    return capsys.readouterr().out


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run a command that succeeds; what it prints as JSON."""
    return json.loads(output_of(capsys, *arguments, "--json"))


def refusal_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that refuses its input; what it says."""
    assert main(arguments) == 2
    return capsys.readouterr().err


Row = dict[str, str]


def copy_of_tables(folder: Path) -> Path:
    """Copy the shipped tables, to be changed; the folder of the copy."""
    return Path(shutil.copytree(DATA, folder / "data"))


@cache
def shipped_rules() -> CatalogueRules:
    """The shipped rules for names of API offers."""
    rows = csv_rows(DATA / "catalogue_rules.csv")
    return CatalogueRules.of((row["rule"], row["pattern"]) for row in rows)


def csv_rows(path: Path) -> list[Row]:
    """Rows of a CSV file by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Put other rows under the header that a CSV file has."""
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
