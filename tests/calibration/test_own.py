"""Somebody's own runs: read, refused with the place, and fitted."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.calibration.own import BadRuns, OwnRun, read_all, read_runs
from breakeven.calibration.predict import predict
from breakeven.calibration.yours import YOURS, Setup, fit_own, own_rows, summary_of
from breakeven.formulas.parts import Engine
from breakeven.hosting import choose_profile, engine_of
from breakeven.paths import DATA
from breakeven.tables import queries

CSV = b"prompt,completion,concurrency,ttft_ms,tpot_s\n1000,500,4,120,0.012\n4000,500,16,600,0.02\n"


def result(**changes):
    """What vllm bench serve writes, its means."""
    return {
        "max_concurrency": 8,
        "completed": 4,
        "duration": 10.0,
        "input_lens": [100, 200, 300, 400],
        "output_lens": [11, 11, 11, 11],
        "ttfts": [0.1, 0.2, 0.3, 0.4],
        "itls": [[0.02] * 10] * 4,
        **changes,
    }


def test_a_result_of_vllm_is_its_means():
    (run,), problems = read_runs("a.json", json.dumps(result()).encode())
    assert run == OwnRun(
        prompt_tokens=250, completion_tokens=11, concurrency=8, ttft_s=0.25, tpot_s=pytest.approx(0.02)
    )
    assert problems == []


def test_the_mean_that_vllm_states_comes_before_the_gaps():
    (run,), _ = read_runs("a.json", json.dumps(result(mean_tpot_ms=25.0)).encode())
    assert run.tpot_s == pytest.approx(0.025)


def test_clients_follow_from_the_duration_where_no_limit_was_set():
    # 4 requests of 0.25 s + 10 gaps of 20 ms = 0.45 s in 1 s: 1.8 on their way at once.
    (run,), _ = read_runs("a.json", json.dumps(result(max_concurrency=None, duration=1.0)).encode())
    assert run.concurrency == pytest.approx(1.8)


def test_the_shipped_sample_of_vllm_is_read():
    (run,), problems = read_runs("sample", (DATA / "samples" / "vllm_bench.json").read_bytes())
    assert run.ttft_s == pytest.approx(0.08)
    assert run.tpot_s == pytest.approx(0.011)
    assert problems == []


def test_seconds_and_milliseconds_are_told_apart_by_the_header():
    runs, _ = read_runs("a.csv", CSV)
    assert (runs[0].ttft_s, runs[0].tpot_s) == (0.12, 0.012)
    (seconds,), _ = read_runs("a.csv", b"isl,osl,clients,ttft_s\n10,20,3,0.5\n")
    assert (seconds.ttft_s, seconds.tpot_s, seconds.concurrency) == (0.5, None, 3)


def test_rows_of_breakeven_measure_are_static_batches():
    text = "model_id,device,mode,engine,precision,prompt_tokens,completion_tokens,concurrency,ttft_s,tpot_s\n"
    runs, _ = read_runs("m.csv", (text + "m,d,static,eager,fp16,512,1,8,0.2,0.03\n").encode())
    assert runs[0].static


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfe\x00", "byte 0 is not UTF-8 text"),
        (b"{", "line 1: not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "has neither output_lens nor total_output_tokens"),
        (b"[1]", "result 1: is not a result of vllm bench serve"),
        (json.dumps(result(itls=[])).encode(), "has neither mean_tpot_ms nor itls"),
        (json.dumps(result(max_concurrency=-1)).encode(), "max_concurrency is '-1'; a number above 0"),
        (json.dumps(result(max_concurrency=True)).encode(), "max_concurrency is 'True'"),
        (b"prompt,completion\n1,2\n", "line 1: there is no column concurrency"),
        (b"prompt,completion,clients\n1,2,3\n", "line 1: there is no column of times"),
        (b"prompt,completion,clients,ttft\n1,2,3,4\n", "line 1: there is no column of times"),
        (b"prompt,completion,clients,ttft_s\n1,many,3,4\n", "line 2: completion: 'many' is not a number"),
        (
            b"prompt,completion,clients,ttft_s\n1,2,0,4\n",
            "line 2: clients: '0' is not a number of at least 1",
        ),
        (b"prompt,completion,clients,ttft_s\n1,2,3,-4\n", "line 2: ttft_s: '-4' is not a time above 0"),
        (b"prompt,completion,clients,ttft_s\n1,2,3,nan\n", "line 2: ttft_s: 'nan'"),
        (b"prompt,completion,clients,ttft_s\n1,2,3,\n", "line 2: neither a time to the first token"),
        (b"prompt,completion,clients,ttft_s\n", "no row holds a measured time"),
        (b'prompt,completion,clients,ttft_s\n"1,2', "not a CSV file"),
    ],
)
def test_a_bad_file_is_refused_with_name_place_and_value(content, words):
    with pytest.raises(BadRuns) as refused:
        read_runs("mine.txt", content)
    assert str(refused.value).startswith("mine.txt: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bad_line_is_named_and_the_others_are_kept():
    runs, problems = read_all([("a.csv", CSV + b"1000,500,x,1,1\n"), ("b.csv", CSV)])
    assert len(runs) == 4
    assert problems == ["a.csv: line 4: concurrency: 'x' is not a number of at least 1"]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["output_lens", "input_lens", "ttfts", "itls", "completed", "duration"]),
                    inner,
                    max_size=6,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_no_file_raises_anything_but_its_sentence(content):
    try:
        runs, _ = read_runs("any", content)
    except BadRuns:
        return
    assert runs


@pytest.fixture(scope="module")
def ground(connection):
    """Llama 3.1 8B in bf16 on one H100, and the row of the table for it."""
    setup = Setup(
        model=queries.models(connection)["llama-3.1-8b"],
        gpu=queries.gpus(connection)["h100-sxm"],
        n_gpus=1,
        precision=queries.precisions(connection)["bf16"],
        notes=queries.benchmark_notes(connection),
    )
    start = choose_profile(
        queries.efficiencies(connection),
        engine="vllm",
        gpu=setup.gpu,
        rate="fp16",
        mode="continuous",
        n_gpus=1,
    ).efficiency
    return setup, start


def measured_with(setup, engine):
    """Runs that an engine would give."""
    runs = [
        OwnRun(prompt_tokens=n, completion_tokens=400, concurrency=b, ttft_s=1.0, tpot_s=1.0)
        for n in (500, 2000, 6000)
        for b in (1, 8, 32)
    ]
    found = predict(own_rows(runs, setup), engine)
    return [
        OwnRun(
            prompt_tokens=run.prompt_tokens,
            completion_tokens=400,
            concurrency=run.concurrency,
            ttft_s=float(ttft),
            tpot_s=float(tpot),
        )
        for run, ttft, tpot in zip(runs, found.ttft_s, found.tpot_s, strict=True)
    ]


def test_a_slower_server_is_learned_from_its_runs(ground):
    setup, start = ground
    slow = Engine(mfu=0.3, mbu=0.45, kv_mbu=0.4, prefill_overhead_s=0.01, step_overhead_s=0.004)
    found = fit_own(measured_with(setup, slow), setup, start)
    error = {e["quantity"]: e for e in summary_of(found)}
    assert error["tpot"]["after"] < 0.05 < 0.2 < error["tpot"]["before"]
    assert error["tpot"]["unseen"] < 0.15
    row = found.efficiency
    assert (row.engine, row.gpu_family, row.precision_class, row.n_rows) == (YOURS, "h100", "fp16", 9)
    assert "500 to 6,000 prompt tokens" in found.covered


def test_runs_that_the_table_predicts_leave_it_as_it_is(ground):
    setup, start = ground
    found = fit_own(measured_with(setup, engine_of(start)), setup, start)
    assert max(np.abs(found.after["tpot"])) < 0.02


def test_static_and_online_runs_are_not_mixed(ground):
    run = OwnRun(prompt_tokens=1, completion_tokens=1, concurrency=1, ttft_s=1.0, tpot_s=1.0)
    still = OwnRun(prompt_tokens=1, completion_tokens=1, concurrency=1, ttft_s=1.0, tpot_s=1.0, static=True)
    with pytest.raises(BadRuns, match="static batches and clients are mixed"):
        own_rows([run, still], ground[0])
