"""Every export is told from its columns alone, and comes out with the right tokens."""

import csv
import json
import random
from dataclasses import replace

import pytest

from breakeven.apis.workloads import price_workload
from breakeven.hosting.workloads import host_workload, shapes_of
from breakeven.question.scenario import Scenario
from breakeven.tables.day import read_tables
from breakeven.usage.formats import exports, parse_mapping
from breakeven.usage.read import Tokens, read_workload
from breakeven.usage.spool import Unreadable
from tests.builders import SAMPLES, TODAY, csv_rows

MANIFEST = csv_rows(SAMPLES / "manifest.csv")
REFUSED = {f.format_id for f in exports().formats if f.refusal}


def test_every_export_has_a_sample_and_every_sample_a_line():
    assert {f.format_id for f in exports().formats} <= {row["format_id"] for row in MANIFEST}
    assert {row["file"] for row in MANIFEST} == {p.name for p in SAMPLES.iterdir()} - {"manifest.csv"}


@pytest.mark.parametrize(
    "row", [r for r in MANIFEST if r["format_id"] not in REFUSED], ids=lambda r: r["file"]
)
def test_sample_is_recognised(row, edges):
    workload = read_workload(SAMPLES / row["file"], edges=edges)
    assert workload.recognised[0].format.format_id == row["format_id"]
    assert workload.rows_rejected == 0
    assert workload.problems == ()
    assert workload.tokens.requests > 0
    assert workload.tokens.output > 0


@pytest.mark.parametrize("row", [r for r in MANIFEST if r["format_id"] in REFUSED], ids=lambda r: r["file"])
def test_export_without_tokens_is_refused_with_what_to_export(row):
    with pytest.raises(Unreadable, match="Export"):
        read_workload(SAMPLES / row["file"])


@pytest.mark.parametrize(
    "row",
    [r for r in MANIFEST if r["file"].endswith(".csv") and r["format_id"] not in REFUSED],
    ids=lambda r: r["file"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_with_shuffled_and_extra_columns_gives_the_same_tokens(row, delimiter, tmp_path, edges):
    with (SAMPLES / row["file"]).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    order = list(range(len(header)))
    random.Random(row["file"]).shuffle(order)
    path = tmp_path / "shuffled.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(["Extra, of ours", *(f" {header[i].upper()} " for i in order), "more"])
        writer.writerows(["a;b|c", *(one[i] for i in order), "<b>x</b>"] for one in rows)
    changed = read_workload(path, edges=edges)
    plain = read_workload(SAMPLES / row["file"], edges=edges)
    assert changed.recognised[0].format == plain.recognised[0].format
    assert changed.tokens == plain.tokens
    assert changed.paid_usd == pytest.approx(plain.paid_usd) if plain.paid_usd is not None else True


@pytest.mark.parametrize(
    "row", [r for r in MANIFEST if r["file"].endswith(".jsonl")], ids=lambda r: r["file"]
)
def test_json_lines_with_shuffled_and_extra_keys_give_the_same_tokens(row, tmp_path, edges):
    lines = []
    for line in (SAMPLES / row["file"]).read_text(encoding="utf-8").splitlines():
        record = {**json.loads(line), "extra": {"nested": [1, {"x": 2}]}}
        keys = list(record)
        random.Random(len(lines)).shuffle(keys)
        lines.append(json.dumps({key: record[key] for key in keys}))
    path = tmp_path / "shuffled.log"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_workload(path, edges=edges).tokens == read_workload(SAMPLES / row["file"], edges=edges).tokens


def test_cached_tokens_are_on_the_right_side(edges):
    # Sums of the files, counted here.
    rows = csv_rows(SAMPLES / "completions_usage_openai.csv")
    tokens = read_workload(SAMPLES / "completions_usage_openai.csv", edges=edges).tokens
    assert tokens.prompt == sum(int(row["input_tokens"]) for row in rows)
    assert tokens.cache_read == sum(int(row["input_cached_tokens"]) for row in rows)
    rows = csv_rows(SAMPLES / "claude_api_tokens.csv")
    tokens = read_workload(SAMPLES / "claude_api_tokens.csv", edges=edges).tokens
    assert tokens.input_uncached == sum(int(row["usage_input_tokens_no_cache"]) for row in rows)
    assert tokens.cache_write_1h == sum(int(row["usage_input_tokens_cache_write_1h"]) for row in rows)


def test_same_traffic_written_inside_and_outside_costs_the_same(tmp_path, tables, edges):
    r = random.Random(11)
    traffic = [(p := r.randrange(10, 9000), r.randrange(0, p), r.randrange(1, 900)) for _ in range(200)]
    inside, outside = tmp_path / "openai.csv", tmp_path / "anthropic.csv"
    inside.write_text(
        "start_time,end_time,input_tokens,output_tokens,num_model_requests,model,input_cached_tokens\n"
        + "".join(f"1761955200,1762041600,{p},{o},1,gpt-4o,{c}\n" for p, c, o in traffic)
    )
    outside.write_text(
        "usage_date_utc,model_version,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_read,"
        "usage_output_tokens\n"
        + "".join(f"2025-11-01,gpt-4o,≤ 200k,{p - c},{c},{o}\n" for p, c, o in traffic),
        encoding="utf-8",
    )
    first, second = read_workload(inside, edges=edges), read_workload(outside, edges=edges)
    drop = {"requests": 0}
    assert replace(first.tokens, **drop) == replace(second.tokens, **drop)
    one, two = price_workload(first, tables, TODAY), price_workload(second, tables, TODAY)
    assert one.list_usd == two.list_usd
    assert {o.offer.api_offer_id: o.usd for o in one.offers} == {
        o.offer.api_offer_id: o.usd for o in two.offers
    }


def test_reasoning_is_part_of_the_output(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("input_tokens,output_tokens,reasoning_tokens\n10,100,80\n")
    assert read_workload(path).tokens == Tokens(requests=1, input_uncached=10, output=100, reasoning=80)


def test_langfuse_counts_cached_and_reasoning_once(edges):
    records = [json.loads(x) for x in (SAMPLES / "langfuse_observations.jsonl").read_text().splitlines()]
    kept = [r["usage_details"] for r in records if r["type"] == "GENERATION"]
    tokens = read_workload(SAMPLES / "langfuse_observations.jsonl", edges=edges).tokens
    assert tokens.prompt + tokens.output == sum(u["total"] for u in kept)


def test_corrected_mapping_counts(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b,c,who\n100,7,60,gpt-4o\n")
    mapping = parse_mapping("input=a,output=b,cached=c,cached_in=outside,model=who")
    assert read_workload(path, mapping=mapping).tokens == Tokens(
        requests=1, input_uncached=100, cache_read=60, output=7
    )
    mapping = parse_mapping("input=a,output=b,cached=c,cached_in=inside")
    assert read_workload(path, mapping=mapping).tokens == Tokens(
        requests=1, input_uncached=40, cache_read=60, output=7
    )


def test_bucket_file_says_what_it_withholds(edges):
    workload = read_workload(SAMPLES / "completions_usage_openai.csv", edges=edges)
    assert not workload.per_request
    assert any("latency of single requests" in text for text in workload.withheld)
    assert any("base price" in text for text in workload.withheld)


def test_sums_are_hosted_at_the_mean_where_they_are_counted(tmp_path, edges, tables):
    rows = "2026-11-01,gpt-4o,120000000,3000000{}\n2026-11-02,gpt-4o,2000000,100000{}\n"
    head = "date,model,input_tokens,output_tokens"
    bare, counted = tmp_path / "bare.csv", tmp_path / "counted.csv"
    bare.write_text(f"{head}\n" + rows.format("", ""))
    counted.write_text(f"{head},requests\n" + rows.format(",60000", ",1000"))
    asked = Scenario(as_of=TODAY)
    day = read_tables(tables, TODAY)
    first = read_workload(bare, edges=edges)
    assert any("nobody says over how many" in text for text in first.withheld)
    assert host_workload(first, day, asked).offers == ()
    second = read_workload(counted, edges=edges)
    # 122M tokens in and 3.1M out over 61,000 requests: 2,000 in, 51 out on average.
    shapes = shapes_of(second, 1)
    assert shapes.prompt.tolist() == [2000.0]
    assert round(float(shapes.completion[0]), 2) == 50.82
    hosted = host_workload(second, day, asked)
    assert hosted.offers
    assert "mean length" in hosted.assumed


def test_several_files_add_up(tmp_path, edges):
    for n in (1, 2):
        (tmp_path / f"log{n}.csv").write_text(f"input_tokens,output_tokens\n{n},1\n")
    (tmp_path / "log3.csv").write_text("nothing,here\n1,2\n")
    workload = read_workload(str(tmp_path / "log*.csv"), edges=edges)
    assert workload.tokens == Tokens(requests=2, input_uncached=3, output=2)
    assert any(note.startswith("Left out: log3.csv") for note in workload.notes)


def test_relative_and_zoned_times_are_read(edges):
    assert read_workload(SAMPLES / "mooncake_trace.jsonl", edges=edges).span_s == 36
    burst = read_workload(SAMPLES / "burstgpt.csv", edges=edges)
    assert burst.relative_time
    assert burst.rows_skipped == 5
