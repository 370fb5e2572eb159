"""Folders, partitions and object stores: every file once, whatever happened in between."""

import json
import re

import duckdb
import pytest

from breakeven.cli import main
from breakeven.usage.limits import Limits
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stop, Stopped
from breakeven.usage.sums_file import many
from breakeven.usage.sums_file.many import Parts, sum_up_files
from breakeven.usage.sums_file.places import places_of
from tests.builders import SAMPLES
from tests.usage.sums_file.answers import generated, prices, same, write_log

LIMITS = Limits()


@pytest.fixture
def lake(tmp_path):
    """A folder of logs of several kinds, with what engines leave beside them."""
    folder = tmp_path / "lake"
    for number, day in enumerate(("2026-10-01", "2026-10-02", "2026-10-03")):
        inner = folder / f"dt={day}"
        inner.mkdir(parents=True)
        write_log(inner / "part-0.csv", generated(100, seed=number))
    (folder / "_SUCCESS").touch()
    (folder / "dt=2026-10-01" / ".part-0.csv.crc").write_bytes(b"\0\1")
    with duckdb.connect() as connection:
        inner = folder / "dt=2026-10-03"
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{inner / 'part-0.csv'}')) "
            f"TO '{inner / 'part-0.parquet'}' (FORMAT parquet)"
        )
        (inner / "part-0.csv").unlink()
    return folder


def summed(asked, edges, **options):
    return sum_up_files(places_of(str(asked), LIMITS), edges=edges, name="log", limits=LIMITS, **options)


@pytest.mark.parametrize("asked", ["{}", "{}/**/*.*", "{}/dt=*/part-*"])
def test_folder_and_pattern_are_summed_as_one_log(lake, asked, edges, tables):
    found = summed(asked.format(lake), edges)
    whole = read_workload(sorted(file for file in lake.rglob("part-*")), edges=edges)
    assert found.files == 3
    assert found.workload.tokens == whole.tokens
    same(prices(found.workload, tables), prices(whole, tables))


def test_model_and_tenant_of_a_folder_count_where_rows_name_none(tmp_path, edges):
    for model in ("gpt-4o", "claude-sonnet-4-5"):
        inner = tmp_path / f"model={model}" / "user=alice"
        inner.mkdir(parents=True)
        (inner / "a.csv").write_text("input_tokens,output_tokens\n10,5\n")
    (tmp_path / "model=o3").mkdir()
    (tmp_path / "model=o3" / "a.csv").write_text("model,input_tokens,output_tokens\ngpt-4.1,10,5\n")
    found = summed(tmp_path, edges).workload
    assert {model: one.requests for model, one in found.by_model.items()} == {
        "gpt-4o": 1, "claude-sonnet-4-5": 1, "gpt-4.1": 1,
    }  # fmt: skip
    assert {(one.key, one.model) for one in found.tenants} == {
        ("alice", "gpt-4o"),
        ("alice", "claude-sonnet-4-5"),
    }


def test_run_that_was_stopped_goes_on_where_it_was(lake, tmp_path, edges, monkeypatch):
    parts = Parts.beside(tmp_path / "sums.parquet", edges, None)
    stop, read = Stop(), []
    once = many.read_workload

    def watched(files, **options):
        workload = once(files, **options)
        read.append(options["names"][0])
        if len(read) == 2:
            stop.ask()
        return workload

    monkeypatch.setattr(many, "read_workload", watched)
    with pytest.raises(Stopped):
        summed(lake, edges, parts=parts, stop=stop)
    assert len(parts) == 2
    found = summed(lake, edges, parts=parts)
    assert (found.files, found.again) == (3, 2)
    assert len(read) == len({*read}) == 3
    assert found.workload.tokens == summed(lake, edges).workload.tokens
    changed = lake / "dt=2026-10-01" / "part-0.csv"
    write_log(changed, generated(7, seed=9))
    assert summed(lake, edges, parts=parts).again == 2


def test_damaged_part_is_read_anew(lake, tmp_path, edges):
    parts = Parts.beside(tmp_path / "sums.parquet", edges, None)
    first = summed(lake, edges, parts=parts)
    for part in list(parts.folder.iterdir())[:1]:
        part.write_bytes(part.read_bytes()[:500])
    again = summed(lake, edges, parts=parts)
    assert again.again == 2
    assert again.workload.tokens == first.workload.tokens


def test_records_that_files_repeat_count_once(tmp_path, edges):
    record = {
        "id": "chatcmpl-1", "model": "gpt-4o", "created": 1790000000,
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }  # fmt: skip
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(record) + "\n")
    whole = read_workload(str(tmp_path), edges=edges)
    assert summed(tmp_path, edges).workload.tokens == whole.tokens
    assert whole.tokens.requests == 1


@pytest.mark.usefixtures("built")
def test_bad_rows_and_files_are_counted_and_named(lake, tmp_path, edges, capsys):
    (lake / "dt=2026-10-02" / "bad.csv").write_text(
        "model,input_tokens,output_tokens\n" + "gpt-4o,100,5\n" * 20 + "gpt-4o,-7,5\n"
    )
    (lake / "dt=2026-10-02" / "note.txt").write_text("nothing to see here\n")
    out = tmp_path / "sums.csv"
    assert main(["sums", str(lake), "-o", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["files"], said["rows_rejected"], said["rows_read"]) == (4, 1, 321)
    assert [(one["line"], one["value"]) for one in said["problems"]] == [(22, "-7")]
    assert len(said["files_left_out"]) == 1
    assert said["files_left_out"][0].startswith("dt=2026-10-02/note.txt: ")
    sums = read_workload(out, edges=edges)
    assert (sums.rows_read, sums.rows_rejected) == (321, 1)
    assert [(one.line, one.value) for one in sums.problems] == [(22, "-7")]
    assert not (tmp_path / "sums.csv.parts").exists()
    assert main(["sums", str(lake), "-o", str(out)]) == 0
    assert re.search(
        r"321 rows read, 1 left out\.\n.*bad\.csv, line 22: input_tokens '-7'", capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "There is no file 'nowhere.csv'"),
        (["ftp://host/log.csv"], "has an address that is not read; s3://, gs://"),
        ([], "name a file, a folder, a pattern or an address"),
        ([str(SAMPLES / "by_hand.csv"), "-o", "sums.xlsx"], "must end with .parquet or .csv"),
        ([str(SAMPLES / "by_hand.csv"), "-o", "/nowhere/sums.csv"], "cannot write /nowhere/sums.csv"),
        ([str(SAMPLES / "cost_openai.csv")], "it has dollars but no tokens"),
        ([str(SAMPLES / "by_hand.csv"), "--mapping", "input"], "is not of the form input=column"),
    ],
)
@pytest.mark.usefixtures("built")
def test_what_is_typed_wrong_is_a_sentence(arguments, said, capsys):
    assert main(["sums", *arguments]) == 2
    assert said in capsys.readouterr().err


# --- an object store ------------------------------------------------------------------------------


@pytest.fixture
def bucket(lake, monkeypatch):
    """The same folder in a store that speaks like S3, on this machine."""
    server = pytest.importorskip("moto.server", reason="pip install 'moto[server]' brings a store like S3")
    boto3 = pytest.importorskip("boto3")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="logs")
    for file in lake.rglob("*"):
        if file.is_file():
            client.upload_file(str(file), "logs", f"lake/{file.relative_to(lake).as_posix()}")
    yield "s3://logs/lake"
    running.stop()


@pytest.mark.filterwarnings("default")
def test_object_store_gives_what_the_folder_gives(bucket, lake, edges):
    here = summed(lake, edges).workload
    for asked in (bucket, f"{bucket}/", f"{bucket}/dt=*/part-*", f"{bucket}/**/part-0.*"):
        found = summed(asked, edges)
        assert (found.files, found.workload.tokens) == (3, here.tokens), asked
    one = summed(f"{bucket}/dt=2026-10-03/part-0.parquet", edges)
    assert one.workload.tokens.requests == 100
    assert [place.name for place in places_of(f"{bucket}/dt=2026-10-0[12]/*.csv", LIMITS)] == [
        "dt=2026-10-01/part-0.csv",
        "dt=2026-10-02/part-0.csv",
    ]
    with pytest.raises(Unreadable, match="There is no file 's3://logs/lake/none"):
        places_of(f"{bucket}/none/*.csv", LIMITS)
    with pytest.raises(Unreadable, match=r"cannot be read|There is no file"):
        places_of("s3://no-such-bucket/x", LIMITS)
