"""Every bad input gets a sentence; nothing is lost and nothing raises but a refusal."""

import gzip
import io
import json
import zipfile

import duckdb
import pytest

from breakeven.usage.formats import BadMapping, parse_mapping
from breakeven.usage.limits import Limits, limits_from
from breakeven.usage.read import Tokens, read_workload
from breakeven.usage.spool import Unreadable

HEAD = "model,input_tokens,output_tokens\n"


def save(tmp_path, content, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n\n  \n", "no text"),
        (HEAD, "no rows below"),
        ("gpt-4o,100,20\ngpt-4o,120,30\n", "no column names"),
        ("model,output_tokens\ngpt-4o,5\n", "No column holds the tokens"),
        ("name,age\nana,7\n", "Give a file with a column of input tokens"),
        (
            "input_tokens,output_tokens,count\n100000000,1,999999999999\n",
            "more than 1,000,000,000,000,000,000",
        ),
        (HEAD + "gpt-4o,many,3\n", "None of the 1 rows can be read"),
        ("%PDF-1.7 rest", "PDF document"),
        ("{", "cannot be read"),
        ("[1,2,3]", "No records"),
        ('{"a": ', "cannot be read"),
        (b"\x1f\x8b\x08\x00broken", "nothing in it"),
        (b"PAR1 not really", "cannot be read"),
        (b"\x00" * 5000, "column"),
        (
            ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" for n in range(10_000)) + "\n",
            "limit of 2,000 columns",
        ),
    ],
)
def test_unreadable_file_is_refused_with_a_sentence(content, sentence, tmp_path):
    with pytest.raises(Unreadable, match=sentence):
        read_workload(save(tmp_path, content))


def test_zip_without_a_table_is_refused_with_what_it_holds(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("picture.png", "x")
    with pytest.raises(Unreadable, match=r"no table that can be read; it has picture\.png"):
        read_workload(save(tmp_path, packed.getvalue()))


@pytest.mark.parametrize("cell", ["", "N/A", "-", "nan", "null"])
def test_one_empty_cell_counts_as_none_and_is_told(cell, tmp_path):
    workload = read_workload(save(tmp_path, f"{HEAD}gpt-4o,10,1\ngpt-4o,{cell},2\n"))
    assert workload.tokens == Tokens(requests=2, input_uncached=10, output=3)
    assert any("1 rows have nothing in input_tokens" in note for note in workload.notes)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("-5", "negative"),
        ("12.5", "not a whole number"),
        ("1e308", "nothing can be"),
        ("many", "not a number"),
        ("12,5 %".replace(",", "."), "a share"),
        ("1.2.34", "another style"),
        ("inf", "not a number"),
        ("=1+1", "not a number"),
        ("<b>7</b>", "not a number"),
        ("12\0", "not a number"),
    ],
)
def test_bad_cell_has_line_column_value_and_reason_and_the_rest_is_priced(cell, reason, tmp_path):
    path = save(tmp_path, f"{HEAD}gpt-4o,10,1\n\ngpt-4o,{cell},2\ngpt-4o,30,3\n")
    workload = read_workload(path)
    assert workload.tokens == Tokens(requests=2, input_uncached=40, output=4)
    assert (workload.rows_read, workload.rows_rejected) == (3, 1)
    (problem,) = workload.problems
    assert (problem.line, problem.column) == (4, "input_tokens")
    assert reason in problem.reason
    assert any("1 of 3 rows" in note for note in workload.notes)


def test_whole_numbers_written_as_decimals_are_fine(tmp_path):
    assert read_workload(save(tmp_path, HEAD + "m,10.0,2.0\n")).tokens.prompt == 10


def test_ragged_rows_and_an_open_quote_lose_only_themselves(tmp_path):
    path = save(tmp_path, HEAD + 'm,1,1\nm,2\nm,3,1,9,9\n"m,4,1\nm,5,1\n')
    workload = read_workload(path)
    assert workload.tokens.prompt == 1 + 4 + 5
    assert [p.line for p in workload.problems] == [3, 4]
    assert [p.reason.split()[3] for p in workload.problems] == ["fewer", "more"]
    assert any("do not match" in note for note in workload.notes)


def test_line_numbers_count_newlines_inside_cells(tmp_path):
    path = save(tmp_path, HEAD + '"two\nlines",1,1\nm,bad,1\n')
    assert [p.line for p in read_workload(path).problems] == [4]


def test_json_lines_problems_have_their_line(tmp_path):
    good = json.dumps({"input_tokens": 5, "output_tokens": 1})
    text = f'{good}\n\n{{"input_tokens": 7,\n{good}\n{{"input_tokens": -1, "output_tokens": 1}}\nnull\n'
    workload = read_workload(save(tmp_path, text, "x.jsonl"))
    assert workload.tokens.prompt == 10
    assert [p.line for p in workload.problems] == [3, 5]
    assert ["not JSON" in workload.problems[0].reason, "negative" in workload.problems[1].reason] == [
        True
    ] * 2
    assert (workload.rows_read, workload.rows_rejected, workload.rows_skipped) == (4, 2, 0)


def test_more_cached_than_input_suggests_the_other_side(tmp_path):
    path = save(tmp_path, "input_tokens,output_tokens,cached_tokens\n10,1,50\n" + "10,1,5\n" * 9)
    workload = read_workload(path)
    assert "cached_in=outside" in workload.problems[0].reason
    assert read_workload(path, mapping=parse_mapping("cached_in=outside")).tokens.cache_read == 95


def test_many_rows_with_more_cached_than_input_prove_that_it_is_outside(tmp_path):
    workload = read_workload(save(tmp_path, "input_tokens,output_tokens,cached_tokens\n10,1,50\n10,1,5\n"))
    assert workload.tokens == Tokens(requests=2, input_uncached=20, cache_read=55, output=2)
    assert any("outside the input, because 1 rows have more" in note for note in workload.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends(encoding, newline, tmp_path):
    text = HEAD.replace("model", "model,user") + "gpt-4o,chloé,10,2\ngpt-4o,ana,5,1\n"
    path = save(tmp_path, text.replace("\n", newline).encode(encoding))
    assert read_workload(path).tokens == Tokens(requests=2, input_uncached=15, output=3)


def test_mixed_encodings_are_read_and_named(tmp_path):
    path = save(tmp_path, HEAD.encode() + "é,1,1\n".encode() + "é,2,1\n".encode("latin-1"))
    workload = read_workload(path)
    assert workload.tokens.prompt == 3
    assert any("line 3" in note for note in workload.notes)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-01",
        "2026-11-01T05:00:00+05:00",
        "1793491200",
        "1793491200000",
        "Nov 1, 2026",
        "11/01/2026 00:00",
        "2026-11-01 00:00:00 UTC",
    ],
)
def test_dates_in_many_forms_are_the_same_moment(moment, tmp_path):
    path = save(tmp_path, f'ts,input_tokens,output_tokens\n"{moment}",1,1\n')
    assert read_workload(path).first_s == 1793491200


def test_impossible_date_is_priced_without_its_time(tmp_path):
    path = save(tmp_path, "ts,input_tokens,output_tokens\n0026-11-01,1,1\n2026-11-01,1,1\nsoon,1,1\n")
    workload = read_workload(path)
    assert workload.tokens.requests == 3
    assert workload.rows_rejected == 0
    assert [(p.line, p.left_out) for p in workload.problems] == [(2, False), (4, False)]


def test_duplicate_columns_are_named_and_the_first_counts(tmp_path):
    workload = read_workload(save(tmp_path, "input_tokens,output_tokens,input_tokens\n1,2,3\n"))
    assert workload.tokens.prompt == 1
    assert any("more than once" in note for note in workload.notes)


def test_gzip_bomb_stops_at_the_limit(tmp_path):
    bomb = save(tmp_path, gzip.compress(b"0" * 30_000_000), "x.csv.gz")
    with pytest.raises(Unreadable, match="BREAKEVEN_MAX_UNPACKED_MB"):
        read_workload(bomb, limits=Limits(unpacked_mb=10))


def test_truncated_gzip_is_read_as_far_as_it_goes(tmp_path):
    packed = gzip.compress((HEAD + "m,1,1\n" * 200_000).encode())
    workload = read_workload(save(tmp_path, packed[: len(packed) // 2], "x.csv.gz"))
    assert 0 < workload.tokens.requests < 200_000
    assert any("end early" in note for note in workload.notes)


def test_zstandard_and_parquet_are_read(tmp_path):
    connection = duckdb.connect()
    for name, options in (("x.csv.zst", "compression zstd, header"), ("x.parquet", "format parquet")):
        path = tmp_path / name
        connection.execute(
            f"COPY (SELECT 'm' AS model, 7 AS input_tokens, 2 AS output_tokens) TO '{path}' ({options})"
        )
        assert read_workload(path).tokens == Tokens(requests=1, input_uncached=7, output=2)


def test_endless_line_is_cut_and_the_others_are_read(tmp_path):
    path = save(tmp_path, HEAD + "m,1,1\n" + "x" * 3_000_000 + "\nm,2,1\n")
    workload = read_workload(path, limits=Limits(line_kb=1000))
    assert workload.tokens.prompt == 3
    assert workload.rows_rejected == 1
    assert any("BREAKEVEN_MAX_LINE_KB" in note for note in workload.notes)


def test_endless_record_of_json_lines_is_counted_as_bad(tmp_path):
    good = '{"model":"gpt-4o","input_tokens":10,"output_tokens":5}\n'
    path = save(tmp_path, good + '{"model":"' + "x" * 3_000_000 + '"}\n' + good, "x.jsonl")
    workload = read_workload(path, limits=Limits(line_kb=1000))
    assert (workload.tokens.requests, workload.rows_read, workload.rows_rejected) == (2, 3, 1)
    assert [problem.line for problem in workload.problems] == [2]
    assert any("Line 2 is cut" in note for note in workload.notes)


@pytest.mark.parametrize(("limit", "name"), [({"rows": 1}, "ROWS"), ({"columns": 2}, "COLUMNS")])
def test_limits_are_named_with_what_raises_them(limit, name, tmp_path):
    with pytest.raises(Unreadable, match=f"BREAKEVEN_MAX_{name}"):
        read_workload(save(tmp_path, HEAD + "m,1,1\nm,1,1\n"), limits=Limits(**limit))


def test_limits_come_from_the_environment():
    limits = limits_from(
        {"BREAKEVEN_MAX_ROWS": "7", "BREAKEVEN_MAX_COLUMNS": "-1", "BREAKEVEN_MAX_FILES": "many"}
    )
    assert (limits.rows, limits.columns, limits.files) == (7, Limits().columns, Limits().files)


def test_names_in_a_file_never_become_sql(tmp_path):
    evil = "x'); DROP TABLE t; --"
    text = f'"{evil}",input_tokens,output_tokens\n"\'; SELECT 1; --",5,1\n'
    assert read_workload(save(tmp_path, text)).tokens.prompt == 5
    record = json.dumps({evil: 1, "u": {evil: 9}, "output_tokens": 2})
    path = save(tmp_path, record, "it's.jsonl")
    assert read_workload(path, mapping=parse_mapping(f"input=u.{evil}")).tokens.prompt == 9


def test_mapping_to_a_missing_column_says_so(tmp_path):
    with pytest.raises(BadMapping, match="no column 'nope'"):
        read_workload(save(tmp_path, HEAD + "m,1,1\n"), mapping=parse_mapping("input=nope"))


@pytest.mark.parametrize("text", ["input", "what=x", "cached_in=beside", "input="])
def test_bad_mapping_is_explained(text):
    with pytest.raises(BadMapping):
        parse_mapping(text)


def test_missing_file_and_pattern_without_match_are_told(tmp_path):
    for name in ("none.csv", "*.nothing", "a\0b"):
        with pytest.raises(Unreadable, match="no file"):
            read_workload(str(tmp_path / name))


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("cp1252", "Modèle;Jetons d'entrée;Jetons générés en sortie"),
        ("gb18030", "模型;输入tokens;输出tokens"),
        ("shift_jis", "モデル;入力トークン;出力トークン"),
    ],
)
def test_text_of_another_encoding_is_told_by_its_words(encoding, header, tmp_path):
    path = save(tmp_path, f"{header}\ngpt-4o;1000;100\n".encode(encoding))
    workload = read_workload(path)
    assert workload.tokens == Tokens(requests=1, input_uncached=1000, output=100)
    assert any("not UTF-8" in note for note in workload.notes)


def test_two_columns_of_one_side_are_no_answer_to_the_missing_other(tmp_path):
    text = "model,input_tokens,input tokens used\ngpt-4o,1000,900\n"
    with pytest.raises(Unreadable, match="No column holds the tokens"):
        read_workload(save(tmp_path, text))
