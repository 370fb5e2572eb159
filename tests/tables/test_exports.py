"""`formats.toml` is read strictly: a fault is named by line and entry, what is right beside it is read."""

import shutil
from pathlib import Path

import pytest

from breakeven.paths import DATA
from breakeven.tables.check import check
from breakeven.tables.exports import FIELDS, FILE, BadExports, Cached, Grain, Keep, read_exports, shipped
from tests.builders import csv_rows

TEXT = (DATA / FILE).read_text(encoding="utf-8")


def line_of(text: str, line: str) -> int:
    return text.splitlines().index(line) + 1


def start_of(text: str, format_id: str) -> int:
    """Line on which an entry begins."""
    lines = text.splitlines()[: line_of(text, f'id = "{format_id}"')]
    return max(number for number, line in enumerate(lines, start=1) if line == "[[format]]")


def problems_of(folder: Path, text: str) -> list[str]:
    (folder / FILE).write_text(text, encoding="utf-8")
    try:
        read_exports(folder)
    except BadExports as error:
        return [str(problem) for problem in error.problems]
    return []


INPUT = '\ninput = ["ContextTokens"]'
AZURE = 'id = "azure-trace"'
FAULTS = [
    # what is replaced, by a fault, by its neighbour that is right, what the fault says
    (INPUT, f'{INPUT}\nimput = ["X"]', f'{INPUT}\ncache_read = ["X"]',
     "azure-trace: columns: 'imput' is no meaning of a column; known are input, output, "),
    (INPUT, "\ninput = []", '\ninput = ["X", "Y"]', "azure-trace: input: '[]' must be a list of columns"),
    (INPUT, '\ninput = ["X", "X"]', '\ninput = ["X", "Y"]', "azure-trace: input: 'X' stands there twice"),
    (INPUT, "\ninput = [1]", '\ninput = ["1"]', "azure-trace: input: '1' must be a text"),
    (INPUT, "", '\ninput = [["a", "b"]]',
     "azure-trace: columns: must name input and output, or refusal say why there are none"),
    (AZURE, f'{AZURE}\ngrain = "buckets"', f'{AZURE}\ngrain = "bucket"',
     "azure-trace: grain: 'buckets' must be one of request, bucket"),
    (AZURE, f'{AZURE}\ncached = "beside"', f'{AZURE}\ncached = "outside"',
     "azure-trace: cached: 'beside' must be one of none, inside, outside, total"),
    (AZURE, f'{AZURE}\nkeep = "good"', f'{AZURE}\nkeep = "no-error"',
     "azure-trace: keep: 'good' must be one of status, success, generation, no-error, positive"),
    (AZURE, f'{AZURE}\nonly = "parquet"', f'{AZURE}\nonly = "json"',
     "azure-trace: only: 'parquet' must be one of csv, json"),
    (AZURE, f'{AZURE}\nprocessing = "flexible"', f'{AZURE}\nprocessing = "batch"',
     "azure-trace: processing: 'flexible' must be one of standard, batch"),
    (AZURE, f'{AZURE}\ntime_unit = 1.0', f'{AZURE}\ntime_unit_s = 1',
     "azure-trace: 'time_unit' must be one of id, name, source, marks, "),
    (AZURE, f'{AZURE}\nrelative_time = 1', f'{AZURE}\nrelative_time = true',
     "azure-trace: relative_time: '1' must be true or false"),
    (AZURE, f'{AZURE}\ntime_unit_s = true', f'{AZURE}\ntime_unit_s = 0.5',
     "azure-trace: time_unit_s: 'True' must be a number"),
    ('source = "azure-llm-trace-2023"\n', "", 'source = "gpt3-paper-2020"\n',
     "azure-trace: source: is missing and must be a text"),
    ('marks = [["TIMESTAMP", "ContextTokens", "GeneratedTokens"]]\n', "", 'marks = [["TIMESTAMP"]]\n',
     "azure-trace: marks: must name the columns that tell it"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "fault", "right", "reason"), FAULTS, ids=[fault[3][:40] for fault in FAULTS])
def test_a_fault_of_an_entry_is_named_and_its_neighbour_is_read(tmp_path, old, fault, right, reason):
    assert TEXT.count(old) == 1
    (problem,) = problems_of(tmp_path, TEXT.replace(old, fault))
    assert problem.startswith(f"{FILE}:{start_of(TEXT, 'azure-trace')}: format {reason}")
    assert problems_of(tmp_path, TEXT.replace(old, right)) == []


def test_an_entry_that_stands_there_twice_is_named_where_it_comes_again(tmp_path):
    again = TEXT.replace('id = "burstgpt"', AZURE)
    assert problems_of(tmp_path, again) == [
        f"{FILE}:{start_of(TEXT, 'burstgpt')}: format azure-trace: 'azure-trace' stands there twice"
    ]
    assert problems_of(tmp_path, TEXT.replace('id = "burstgpt"', 'id = "azure-trace-2"')) == []


def test_providers_are_texts_and_each_is_looked_up_once(tmp_path):
    assert problems_of(tmp_path, TEXT.replace('"openrouter", "cursor"', '"openrouter", 3')) == [
        f"{FILE}:{line_of(TEXT, '[usual]')}: usual: providers: '3' must be a text"
    ]
    assert problems_of(tmp_path, TEXT.replace('"openrouter", "cursor"', '"openrouter", "groq"')) == [
        f"{FILE}:{line_of(TEXT, '[usual]')}: usual: providers: 'groq' stands there twice"
    ]


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path):
    (problem,) = problems_of(tmp_path, TEXT + "[[format]\n")
    assert problem.startswith(f"{FILE}:{len(TEXT.splitlines()) + 1}: file: ")
    (tmp_path / FILE).unlink()
    with pytest.raises(BadExports, match=rf"{FILE}:1: file: cannot be read: No such file"):
        read_exports(tmp_path)


def test_several_faults_are_said_together(tmp_path):
    broken = TEXT.replace('keep = "positive"', 'keep = "odd"').replace(
        '"openrouter", "cursor"', '"openrouter", ""'
    )
    assert len(problems_of(tmp_path, broken)) == 2


def test_check_refuses_a_source_that_is_not_there_and_a_malformed_entry(tmp_path):
    folder = Path(shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("samples")))
    cited = 'source = "azure-llm-trace-2023"'
    (folder / FILE).write_text(TEXT.replace(cited, 'source = "nowhere"'), encoding="utf-8")
    place = f"{FILE}:{start_of(TEXT, 'azure-trace')}: format azure-trace"
    assert check(folder).problems == [f"{place}: source: 'nowhere' must be a source_id of sources.csv"]
    (folder / FILE).write_text(TEXT.replace(cited, "source = 7"), encoding="utf-8")
    assert check(folder).problems == [f"{place}: source: '7' must be a text"]


def test_every_entry_of_the_shipped_file_cites_a_source_and_every_meaning_is_used():
    known = {row["source_id"] for row in csv_rows(DATA / "sources.csv")}
    exports = shipped()
    assert {source for _, _, source in exports.citations} <= known
    assert len(exports.citations) == len(exports.formats) + 2
    used = {meaning for form in (*exports.formats, exports.plain) for meaning in form.fields}
    assert used == set(FIELDS)
    assert {form.grain for form in exports.formats} == set(Grain)
    assert {form.cached for form in exports.formats} == set(Cached)
    assert {form.keep for form in exports.formats if form.keep} == set(Keep)


def test_spans_are_told_by_both_generations_of_names_at_one_level():
    (spans,) = (form for form in shipped().formats if form.format_id == "opentelemetry")
    assert len(spans.marks) == 16  # 2 names of the input x 2 of the output, at the top and on 3 levels
    assert all(one[:-1] == other[:-1] for one, other in spans.marks)
    assert spans.fields["tenant"][:3] == (("user.id",), ("enduser.id",), ("attributes", "user.id"))
    assert all(len(path) == 1 for path in spans.fields["ts"])
