"""Good files made bad: bytes flipped, cut, columns dropped, encodings changed. Nothing raises."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.usage.limits import Limits
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from tests.builders import SAMPLES

FILES = sorted(p.name for p in SAMPLES.iterdir() if p.name != "manifest.csv")
LIMITS = Limits(unpacked_mb=20, memory_mb=200)


def mutate(data: bytes, kind: str, seed: int) -> bytes:
    r = random.Random(seed)
    match kind:
        case "flip":
            out = bytearray(data)
            for _ in range(r.randrange(1, 30)):
                out[r.randrange(len(out))] = r.randrange(256)
            return bytes(out)
        case "cut":
            return data[: r.randrange(len(data))]
        case "insert":
            at = r.randrange(len(data))
            piece = r.choice(
                (b'"', b"\0", b"\n", b"\xff\xfe", b",,,", b"{", b"]", b"'; DROP TABLE x; --", b"1e999", b"\r")
            )
            return data[:at] + piece * r.randrange(1, 50) + data[at:]
        case "drop":
            lines = data.split(b"\n")
            column = r.randrange(6)
            return b"\n".join(b",".join(c for i, c in enumerate(x.split(b",")) if i != column) for x in lines)
        case "encode":
            return data.decode("utf-8", errors="replace").encode(
                r.choice(("utf-16", "utf-16-be", "utf-32", "latin-1")), errors="replace"
            )
        case _:
            lines = data.split(b"\n")
            r.shuffle(lines)
            return b"\n".join(lines)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*FILES, "parquet"]),
    kind=st.sampled_from(["flip", "cut", "insert", "drop", "encode", "shuffle"]),
    seed=st.integers(0, 2**32),
)
def test_mutated_file_never_raises(name, kind, seed, tmp_path, parquet, edges):
    data = parquet if name == "parquet" else (SAMPLES / name).read_bytes()
    path = tmp_path / "mutated"
    path.write_bytes(mutate(data, kind, seed))
    try:
        workload = read_workload(path, edges=edges, limits=LIMITS)
    except Unreadable:
        return
    if workload:
        assert workload.rows_read >= workload.rows_rejected >= 0
        assert workload.tokens.requests >= 0
        assert len([p for p in workload.problems if p.left_out]) == workload.rows_rejected


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    import duckdb

    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT 'm' AS model, i AS input_tokens, i % 7 AS output_tokens, now() AS ts "
        f"FROM range(500) t(i)) TO '{path}' (format parquet)"
    )
    return path.read_bytes()
