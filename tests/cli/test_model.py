"""`breakeven data model`: a config.json becomes a row that the tables take and that says the same."""

import csv
import json
from contextlib import closing
from dataclasses import asdict

import duckdb
import pytest

from breakeven.cli import main
from breakeven.hosting.config_json import read_config
from breakeven.hosting.shapes import model_shape
from breakeven.tables import queries
from breakeven.tables.build import load
from breakeven.tables.check import check
from breakeven.tables.day import read_tables
from tests.builders import TODAY, copy_of_tables, refusal_of
from tests.hosting.config_json import configs

CONFIGS = {
    "meta-llama/Llama-9-70B": configs.LLAMA_2_70B,
    "mistralai/Mistral-9": configs.MISTRAL_7B,
    "google/gemma-9-27b-it": configs.GEMMA_3_27B,
    "mistralai/Mixtral-9": configs.MIXTRAL_8X7B,
    "deepseek-ai/DeepSeek-V9": configs.DEEPSEEK_V3,
    "openai/gpt-oss-9": configs.GPT_OSS_120B,
    "tiiuae/falcon-9": configs.FALCON_180B,
    "Qwen/Qwen9-Next": configs.QWEN3_NEXT,
}
OF_THE_ROW = {"model_id", "name", "family", "release", "notes", "source_id", "locator"}
TOLD = ("--source", "litgpt-config", "--release", "2026-11", "--licence", "MIT, but see its page")


@pytest.fixture
def config(tmp_path):
    """Write a config.json; the path of it."""

    def write(content: object) -> str:
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


def row_of(capsys, *arguments: str) -> tuple[str, list[str]]:
    assert main(["data", "model", *arguments]) == 0
    printed = capsys.readouterr()
    return printed.out, printed.err.splitlines()


@pytest.fixture(scope="module")
def pasted(tmp_path_factory):
    """A copy of the tables with every printed row at the end of `models.csv`."""
    return copy_of_tables(tmp_path_factory.mktemp("pasted"))


def test_printed_rows_pass_the_check_and_give_what_the_files_give(pasted, config, capsys):
    with (pasted / "models.csv").open("a", encoding="utf-8") as file:
        for name, content in CONFIGS.items():
            row, told = row_of(capsys, config(content), "--name", name, *TOLD)
            assert told == []
            file.write(row)
    assert check(pasted).problems == []
    with closing(duckdb.connect(":memory:")) as connection:
        load(connection, pasted)
        tables = read_tables(connection, TODAY)
        bf16 = queries.precisions(connection)["bf16"]
    for name, content in CONFIGS.items():
        read = read_config(json.dumps(content)).model
        model = tables.models[name.rpartition("/")[2].lower()]
        same = asdict(read).keys() - {
            "model_id",
            "name",
            "family",
            "release",
            "notes",
            "source_id",
            "locator",
        }
        assert {key: getattr(model, key) for key in same} == {key: getattr(read, key) for key in same}
        one, other = model_shape(model, bf16, 2.0), model_shape(read, bf16, 2.0)
        assert one == other  # weights in bytes, KV cache in bytes a token, fixed state
        assert one.full_kv_bytes_per_token + one.sliding_kv_bytes_per_token > 0


def test_families_are_those_of_the_table(config, capsys):
    header = ["model_id", "name", "family"]
    families = {}
    for name, content in CONFIGS.items():
        cells = next(csv.reader([row_of(capsys, config(content), "--name", name, *TOLD)[0]]))
        families[name] = dict(zip(header, cells, strict=False))["family"]
    assert list(families.values()) == [
        *("llama", "mistral", "gemma", "mixtral", "deepseek", "gpt-oss", "falcon", "qwen"),
    ]


def test_day_of_the_row_is_the_day_its_source_was_read(config, capsys):
    out, _ = row_of(capsys, config(configs.LLAMA_2_70B), "--name", "a/b", *TOLD)
    assert out.endswith(',litgpt-config,"a/b, config.json",2026-11-21\n')


def test_what_the_file_cannot_know_is_left_empty_and_named(config, capsys, pasted):
    out, told = row_of(capsys, config(configs.LLAMA_2_70B), "--name", "a/Nine")
    assert [line.split(" is not in the file")[0] for line in told] == [
        f"breakeven data model: {column}" for column in ("release", "licence", "source_id")
    ]
    # Pasted as it is, the check names the same cells.
    before = (pasted / "models.csv").read_text(encoding="utf-8")
    (pasted / "models.csv").write_text(before + out, encoding="utf-8")
    problems = check(pasted).problems
    (pasted / "models.csv").write_text(before, encoding="utf-8")
    assert sorted(problem.split(": ")[1] for problem in problems) == ["licence", "release", "source_id"]


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        ("{", (), "config.json: it is not valid JSON (line 1"),
        ("[]", (), "config.json: it holds '[]'; it must be an object"),
        ("{}", (), "config.json: num_hidden_layers (nor n_layer, n_layers, num_layers) is missing"),
        (configs.LLAMA_2_70B | {"hidden_size": "wide"}, (), "config.json: hidden_size is 'wide'; it must be"),
        (
            configs.LLAMA_2_70B | {"state_size": 16},
            (),
            "state_size is '16', which no formula on record takes",
        ),
        (configs.LLAMA_2_70B, ("--name", "Llama-9"), "'Llama-9' is not a repository like Qwen/Qwen3-8B"),
        (
            configs.LLAMA_2_70B,
            ("--source", "litgpt"),
            "--source: there is no 'litgpt'; the nearest are",
        ),
        (configs.LLAMA_2_70B, ("--release", "Spring"), "'Spring' is no year or month like 2026-11"),
        (configs.LLAMA_2_70B, ("--name", "meta/llama-2-70b"), "model_id: there is a 'llama-2-70b' already"),
        (configs.LLAMA_2_70B, ("--data", "nowhere"), "nowhere/models.csv: cannot be read: No such file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_refusal_is_one_sentence_with_status_2(config, capsys, content, more, words):
    said = refusal_of(capsys, "data", "model", config(content), *more)
    assert said.startswith("breakeven")
    assert len(said.splitlines()) == 1
    assert words in said


@pytest.mark.parametrize("path", ["missing.json", "."])
def test_file_that_cannot_be_read_is_named(path, tmp_path, capsys):
    said = refusal_of(capsys, "data", "model", str(tmp_path / path))
    assert "cannot be read" in said or "No such file" in said or "Is a directory" in said
    assert str(tmp_path)[:20] in said
    assert len(said.splitlines()) == 1
