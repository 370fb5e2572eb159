"""What the package shows to others: a list of names, each documented, each agreeing with its command."""

import json
import runpy
import subprocess
import sys
from datetime import date
from inspect import isclass, isfunction
from pathlib import Path

import pytest

import breakeven
from breakeven.cli import main
from tests.builders import ROOT

USAGE = "model,input_tokens,output_tokens\ngpt-4o,1000000,100000\nno-such-model,5,5\n"
TRACE = (
    "ts,model,input_tokens,output_tokens\n"
    "2026-11-01T10:00:00Z,gpt-4o,900,100\n2026-11-01T10:00:10Z,gpt-4o,900,100\n"
)


def printed(capsys: pytest.CaptureFixture[str], command: str) -> object:
    assert main(command.split()) == 0
    return json.loads(capsys.readouterr().out)


def test_public_names_are_these_and_every_one_is_documented() -> None:
    assert breakeven.__all__ == [
        "Scenario",
        "__version__",
        "compare",
        "estimate",
        "plan",
        "price",
        "rank",
        "tables_on",
        "train",
    ]
    assert dir(breakeven) == breakeven.__all__
    for name in breakeven.__all__:
        public = getattr(breakeven, name)
        assert isinstance(public, str) or public.__doc__
        if isfunction(public):
            assert ">>>" in (public.__doc__ or ""), name
    assert isclass(breakeven.Scenario)


def test_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'breakeven' has no attribute 'prize'"):
        _ = breakeven.prize


def test_import_alone_loads_no_engine() -> None:
    script = "import sys, breakeven; print(sorted({'duckdb', 'numpy', 'pandas'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_function_answers_what_its_command_prints(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    usage, trace = tmp_path / "usage.csv", tmp_path / "trace.csv"
    usage.write_text(USAGE, encoding="utf-8")
    trace.write_text(TRACE, encoding="utf-8")
    day = date(2026, 11, 21)
    link = "v=1&as_of=2026-11-21&model=llama-3.3-70b"
    pairs = (
        (breakeven.price(usage, as_of=day, top=2), f"price {usage} --as-of 2026-11-21 --top 2"),
        (breakeven.compare(link), f"compare --scenario {link}"),
        (
            breakeven.rank("llama-3.1-8b", prompt=512, completion=64, precision=["fp8", "fp16"], as_of=day),
            "rank --model llama-3.1-8b --prompt 512 --completion 64 --precision fp8,fp16 --as-of 2026-11-21",
        ),
        (
            breakeven.plan(trace, model="llama-3.1-8b", gpu="h100-sxm", ttft=0.5, as_of=day),
            f"plan {trace} --model llama-3.1-8b --gpu h100-sxm --ttft 0.5 --as-of 2026-11-21",
        ),
        (
            breakeven.train("tune", model="llama-3.1-8b", examples=1000, as_of=day),
            "train tune --model llama-3.1-8b --examples 1000 --as-of 2026-11-21",
        ),
        (
            breakeven.estimate("llama-3.1-8b", "h100-sxm", prompt=512, completion=64, ideal=True, as_of=day),
            "estimate --model llama-3.1-8b --gpu h100-sxm --prompt 512 --completion 64 --ideal "
            "--as-of 2026-11-21",
        ),
    )
    for answer, command in pairs:
        assert json.loads(json.dumps(answer)) == printed(capsys, f"{command} --json"), command


def test_scenario_and_its_link_are_one_question() -> None:
    question = breakeven.Scenario(as_of=date(2026, 11, 21), model="llama-3.1-8b", ttft=None, tpot=None)
    answer = breakeven.compare(question)
    assert answer == breakeven.compare(answer["scenario"])


def test_refusal_is_a_value_error_with_the_sentence_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"breakeven: --model: there is no 'lama-3.1-8b'; the nearest are"):
        breakeven.rank("lama-3.1-8b", prompt=512, completion=64)
    with pytest.raises(ValueError, match=r"unrecognized arguments: --promt=512"):
        breakeven.rank("llama-3.1-8b", promt=512)
    with pytest.raises(ValueError, match=r"nothing\.csv"):
        breakeven.price(tmp_path / "nothing.csv")


def test_tables_of_a_day_hold_the_prices_of_that_day() -> None:
    before, after = (
        breakeven.tables_on(day)["api_prices"].query(
            "api_offer_id == 'openai/gpt-3.5-turbo' and processing == 'standard'"
        )
        for day in ("2023-07-20", date(2026, 10, 22))
    )
    # OpenAI, "Function calling and other API updates", 2023-06-13: $0.0015 per 1K input tokens.
    assert before["input_usd_per_mtok"].tolist()[0] == 1.5
    # OpenAI's price list since 2024-02-16: $0.50 per 1M.
    assert after["input_usd_per_mtok"].tolist()[0] == 0.5


def test_walkthrough_runs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "tests" / "examples" / "walkthrough.py"), run_name="__main__")
    # 2.4M x $2.50 + 0.3M x $10 of gpt-4o, 18M x $0.15 + 0.9M x $0.60 of gpt-4o-mini: $12.24.
    assert "1,200,000 completion tokens, $12.24 at list price" in capsys.readouterr().out
