"""Which measured rows are compared, with what, and why others are not."""

from dataclasses import replace

import numpy as np
import pytest

from breakeven.calibration.predict import predict
from breakeven.calibration.rows import OFFLINE, ONLINE, PREFILL, STATIC
from breakeven.formulas.modes import continuous_batching, static_batch
from breakeven.formulas.parts import Engine

ENGINE = Engine(
    mfu=0.5,
    mbu=0.7,
    kv_mbu=0.6,
    link_share=0.4,
    link_latency_s=1e-5,
    prefill_overhead_s=5e-3,
    step_overhead_s=2e-3,
    layer_overhead_s=1e-5,
    sequence_overhead_s=5e-6,
    ttft_fixed_s=0.03,
    busy_steps=2.0,
    queue_share=0.1,
)


def one(rows, benchmark_id):
    found = rows.take(rows.benchmark_id == benchmark_id)
    assert len(found) == 1
    return found


def test_every_row_is_compared_once_or_left_out_with_a_reason(benchmarks, read):
    rows, left = read
    ids = [*rows.benchmark_id.tolist(), *(row.benchmark_id for row in left)]
    assert sorted(ids) == sorted(row.benchmark_id for row in benchmarks)
    assert all(row.reason for row in left)


def test_a_row_that_its_source_leaves_open_is_left_out_with_the_sources_reason(benchmarks, read):
    reasons = {row.benchmark_id: row.reason for row in read[1]}
    open_rows = [row for row in benchmarks if row.ambiguous]
    assert len(open_rows) > 40
    assert all(reasons[row.benchmark_id] == row.ambiguous for row in open_rows)


def test_a_measurement_that_the_table_holds_twice_counts_once(read):
    # b0905 repeats b0839: one run, listed under DeepSeek-R1 and under DeepSeek-V3.
    assert {"b0905": "the same measurement as b0839"}.items() <= {
        row.benchmark_id: row.reason for row in read[1]
    }.items()
    assert "b0839" in read[0].benchmark_id.tolist()


def test_lengths_are_those_that_were_drawn_not_the_nominal_ones(rows):
    # random-range-ratio 0.8: lengths even between 80 and 100 % of nominal, 90 % in the mean.
    row = one(rows, "b1025")
    assert (row.prompt[0], row.completion[0]) == (pytest.approx(921.6), pytest.approx(921.6))


def test_each_kind_has_the_quantities_that_it_measured(rows):
    for kind, ttft, tpot, throughput in (
        (ONLINE, True, True, False),
        (OFFLINE, False, False, True),
        (PREFILL, True, False, False),
    ):
        here = rows.take(rows.kind == kind)
        assert len(here) > 15
        for values, wanted in ((here.ttft_s, ttft), (here.tpot_s, tpot), (here.tokens_per_s, throughput)):
            assert (np.isfinite(values) == wanted).all(), kind


def test_models_of_one_shape_are_left_out_together(rows):
    of = dict(zip(rows.model_id.tolist(), rows.architecture.tolist(), strict=True))
    assert of["deepseek-r1"] == of["deepseek-v3"]
    assert of["llama-3.1-70b"] == of["llama-3.3-70b"] != of["llama-3.1-8b"]


def test_a_static_row_is_predicted_by_the_static_formula(rows):
    row = one(rows, "sanger-16")
    service = static_batch(
        model=row.model,
        replica=row.replica,
        engine=ENGINE,
        batch=32,
        prompt_tokens=512,
        completion_tokens=512,
    )
    found = predict(row, ENGINE)
    assert found.ttft_s == pytest.approx(service.ttft_s)
    assert found.tpot_s == pytest.approx(service.tpot_s)


def test_an_online_row_steps_as_continuous_batching_does(rows):
    row = one(rows, "b1027")  # 64 clients of Llama 3.1 70B on an H200: they fit
    service = continuous_batching(
        model=row.model,
        replica=row.replica,
        engine=ENGINE,
        batch=64,
        prompt_tokens=row.prompt,
        completion_tokens=row.completion,
    )
    found = predict(row, ENGINE)
    assert not found.waiting[0]
    assert found.tpot_s == pytest.approx(service.tpot_s)
    # What pages show as TTFT at load is what the errors are of.
    assert found.ttft_s == pytest.approx(service.ttft_s)
    assert found.ttft_s[0] > 2 * service.ttft_alone_s[0]


def test_an_offline_row_is_compared_by_completion_tokens_per_gpu(rows):
    row = rows.take(np.flatnonzero((rows.kind == OFFLINE) & (np.asarray(rows.replica.n_gpus) == 8))[:1])
    service = continuous_batching(
        model=row.model,
        replica=row.replica,
        engine=ENGINE,
        batch=row.slots,
        prompt_tokens=row.prompt,
        completion_tokens=row.completion,
    )
    per_gpu = row.completion / service.replica_s_per_request / 8
    assert predict(row, ENGINE).tokens_per_s == pytest.approx(per_gpu)


def test_clients_that_memory_does_not_hold_wait_for_a_place(rows):
    # Measured: 128 clients, 369 s to the first token, 30 ms a step.
    crowded = predict(one(rows, "b1021"), ENGINE)
    assert crowded.waiting[0]
    assert crowded.ttft_s[0] > 100


def test_a_step_takes_so_many_prompt_tokens_that_more_clients_slow_nobody_down(rows):
    # Measured: 48 and 64 clients, 210 and 211 ms a token; the rest of the wait is in the first token.
    forty_eight, sixty_four = predict(one(rows, "b1155"), ENGINE), predict(one(rows, "b1156"), ENGINE)
    assert forty_eight.tpot_s == pytest.approx(sixty_four.tpot_s)
    assert sixty_four.ttft_s[0] > forty_eight.ttft_s[0]
    free = replace(one(rows, "b1156"), chunk=np.array([1e9]))
    assert predict(free, ENGINE).tpot_s[0] > sixty_four.tpot_s[0]


def test_a_server_that_holds_prompts_back_sends_the_first_token_so_many_steps_later(rows):
    row = one(rows, "b1016")  # batch_wait_timeout_iters: 20
    at_once = replace(row, held_steps=np.array([0.0]))
    step = np.asarray(predict(row, ENGINE).decode.total_s)
    assert predict(row, ENGINE).ttft_s - predict(at_once, ENGINE).ttft_s == pytest.approx(20 * step)


def test_static_rows_exist_only_where_a_batch_was_published(rows):
    assert (rows.clients[rows.kind == STATIC] >= 1).all()
