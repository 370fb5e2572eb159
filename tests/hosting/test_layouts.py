"""Layouts as they are written, and what they are to the formulas."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.apis.workloads import price_edges
from breakeven.formulas.parts import Engine
from breakeven.hosting import KV_BYTES, Unplaceable, ask_of, engine_of, evaluate, model_shape
from breakeven.hosting.estimate import Question, estimate
from breakeven.hosting.hardware import candidates_on
from breakeven.hosting.layouts import (
    MOST_GPUS,
    Link,
    Pools,
    Worker,
    between_pools,
    laid_out,
    layout_of,
    layout_profile,
    link_of,
    parse_layout,
    worker_replica,
)
from breakeven.hosting.workloads import host_workload
from breakeven.question.kinds import LayoutKind
from breakeven.question.pages.capacity import Fields as PlanFields
from breakeven.replay.plan import deployment_of, server_for
from breakeven.tables import queries
from breakeven.usage.read import read_workload
from breakeven.views.deploy import Fields, deploy
from tests.builders import DEFAULT

counts = st.sampled_from([1, 2, 4, 8, 16])
workers = st.builds(Worker, tensor=counts, ranks=counts).filter(lambda w: w.gpus <= MOST_GPUS)
many = st.integers(1, 20)


@pytest.fixture(scope="module")
def gpus(connection):
    return queries.gpus(connection)


@pytest.fixture(scope="module")
def links(connection):
    return queries.node_links(connection)


@given(workers)
def test_a_worker_reads_as_it_is_written_and_its_degrees_make_its_gpus(worker):
    assert parse_layout(str(worker)) == worker
    assert worker.tensor * worker.ranks == worker.gpus


@given(workers, workers, many, many)
def test_pools_read_as_they_are_written(prefill, decode, readers, writers):
    pools = Pools(prefill=prefill, prefill_workers=readers, decode=decode, decode_workers=writers)
    assert parse_layout(str(pools)) == pools
    assert pools.gpus == readers * prefill.gpus + writers * decode.gpus


def test_a_layout_may_be_written_loosely():
    assert parse_layout("dp8") == Worker(ranks=8)
    assert parse_layout(" tp4 dp2 ") == Worker(tensor=4, ranks=2)
    assert str(parse_layout("TP8 + 4 × DP8")) == "1xTP8+4xDP8"
    assert parse_layout("8xTP8+4xDP32").words == "8 × prefill TP8, 4 × decode DP32"


@pytest.mark.parametrize(
    "text", ["", "8", "EP8", "TP", "DP8DP8", "x+y", "TP8+", "+TP8", "2x+TP8", "TP8+TP8+TP8"]
)
def test_what_is_no_layout_is_refused_with_what_would_be(text):
    with pytest.raises(ValueError, match=r"is no layout; write one such as TP8, DP8.*prefill first"):
        parse_layout(text)


@pytest.mark.parametrize("text", ["TP0", "DP145", "TP16DP16", "0xTP8+TP8", "1000xTP8+TP8"])
def test_a_layout_of_no_or_too_many_gpus_is_refused(text):
    with pytest.raises(ValueError, match="layout: "):
        parse_layout(text)


def test_what_joins_the_gpus_is_the_node_the_rack_or_the_network(gpus):
    h100, gb200 = gpus["h100-sxm"], gpus["gb200"]
    assert [link_of(h100, n) for n in (1, 8, 9)] == [Link.NODE, Link.NODE, Link.NETWORK]
    assert [link_of(gb200, n) for n in (1, 72, 73)] == [Link.RACK, Link.RACK, Link.NETWORK]


def test_ranks_beyond_a_node_exchange_over_its_network(gpus, links):
    inside = worker_replica(gpus["h100-sxm"], Worker(ranks=8), "fp8", links)
    across = worker_replica(gpus["h100-sxm"], Worker(ranks=16), "fp8", links)
    pairs = worker_replica(gpus["h100-sxm"], Worker(tensor=8, ranks=2), "fp8", links)
    wide = worker_replica(gpus["h100-sxm"], Worker(tensor=16), "fp8", links)
    assert (inside.n_gpus, inside.ranks, inside.exchange_bytes_per_s) == (1, 8, 450e9)
    assert across.exchange_bytes_per_s == 50e9
    assert (pairs.link_bytes_per_s, pairs.exchange_bytes_per_s) == (450e9, 50e9)
    assert (wide.n_gpus, wide.link_bytes_per_s) == (16, 50e9)
    rack = worker_replica(gpus["gb200"], Worker(ranks=72), "fp4", links)
    assert rack.exchange_bytes_per_s == 900e9
    assert between_pools(gpus["gb200"], links) == 900e9
    assert between_pools(gpus["h100-sxm"], links) == 50e9


@pytest.mark.parametrize(("gpu", "n"), [("l40s", 16), ("h100-pcie", 16), ("h200-sxm", 73), ("gb200", 73)])
def test_gpus_that_nothing_joins_are_refused_by_name(gpus, links, gpu, n):
    with pytest.raises(Unplaceable, match=r"nothing on record joins more than \d+"):
        worker_replica(gpus[gpu], Worker(ranks=n), "fp8", links)


def test_an_engine_without_rows_has_the_pooled_ones(connection):
    rows = queries.layouts(connection)
    assert layout_of(rows, "sglang", Link.RACK).layout_id == "sglang-rack"
    assert layout_of(rows, "lmdeploy", Link.RACK).layout_id == "pooled-rack"
    with pytest.raises(Unplaceable, match="No layout row of sglang over a rack"):
        layout_of([], "sglang", Link.RACK)


def test_a_layout_starts_from_the_same_chip_in_another_box(connection, gpus):
    rows = queries.efficiencies(connection)
    found = layout_profile(rows, engine="sglang", gpu=gpus["gb300"], rate="fp8", n_gpus=8)
    assert found.efficiency.efficiency_id == "sglang-b300-fp8"
    assert "same chip" in found.caveat
    own = layout_profile(rows, engine="vllm", gpu=gpus["b200-sxm"], rate="fp8", n_gpus=8)
    assert (own.efficiency.efficiency_id, own.caveat) == ("vllm-b200-fp8", None)
    other = layout_profile(rows, engine="auto", gpu=gpus["mi355x"], rate="fp4", n_gpus=8)
    assert other.efficiency.engine == "pooled"


def test_an_all_reduce_that_leaves_the_node_takes_the_networks_time(connection, gpus):
    row = queries.layouts(connection)[0]
    engine = replace(Engine(), link_latency_s=1e-6, link_share=0.5)
    inside = laid_out(engine, row, Worker(tensor=8), gpus["h100-sxm"])
    across = laid_out(engine, row, Worker(tensor=16), gpus["h100-sxm"])
    assert (inside.link_latency_s, inside.link_share) == (1e-6, 0.5)
    assert (across.link_latency_s, across.link_share) == (row.exchange_latency_s, row.exchange_share)
    assert inside.handover_s == row.handover_s
    assert engine_of(queries.efficiencies(connection)[0]).handover_s == 0


def names(answer):
    grid = answer.grid
    return {str(grid.hardware.candidates[h].worker) for h in grid.h}


@pytest.mark.parametrize("kind", list(LayoutKind))
def test_ranks_are_ranked_for_a_mixture_of_experts_as_asked(tables_on, kind):
    asked = replace(DEFAULT, model="deepseek-v3", layout=kind)
    found = names(deploy(asked, Fields(), tables_on(DEFAULT.as_of)))
    assert any("DP" in name for name in found) == (kind != LayoutKind.TENSOR)
    assert any("DP" not in name for name in found) == (kind != LayoutKind.DATA)


def test_ranks_are_not_ranked_for_a_dense_model_nor_beyond_the_link(tables_on):
    tables = tables_on(DEFAULT.as_of)
    dense = deploy(replace(DEFAULT, model="llama-3.3-70b"), Fields(), tables)
    assert not any("DP" in name for name in names(dense))
    grid = deploy(replace(DEFAULT, model="deepseek-v3"), Fields(), tables).grid
    for candidate in grid.hardware.candidates:
        assert candidate.n_gpus <= candidate.gpu.link_gpus
        assert candidate.worker.ranks == 1 or candidate.gpu.gpu_id in tables.node_links
        assert candidate.n_gpus == candidate.worker.tensor * candidate.worker.ranks


def test_who_names_gpus_and_no_layout_means_tensor_parallelism(tables_on):
    tables = tables_on(DEFAULT.as_of)
    named = replace(DEFAULT, model="deepseek-v3", gpu="h200-sxm", gpus=8)
    for kind, layout in ((LayoutKind.AUTO, ""), (LayoutKind.TENSOR, ""), (LayoutKind.DATA, "DP8")):
        (one,) = candidates_on(tables, replace(named, layout=kind)).candidates
        assert (one.layout, one.n_gpus) == (layout, 8)


def test_experts_that_ranks_cannot_share_evenly_are_refused_by_name(tables_on):
    tables = tables_on(DEFAULT.as_of)
    asked = replace(DEFAULT, gpu="h200-sxm", layout=LayoutKind.DATA)
    dense = candidates_on(tables, replace(asked, model="llama-3.3-70b", gpus=8))
    assert "has no experts to spread" in dense.refusal
    uneven = candidates_on(tables, replace(asked, model="deepseek-v3", gpus=6))
    assert "its 256 experts cannot be spread evenly over 6 GPUs" in uneven.refusal
    assert candidates_on(tables, replace(asked, model="deepseek-v3", gpus=8)).refusal is None


@pytest.mark.parametrize(("mode", "clients"), [("continuous", 64), ("disaggregated", 64), ("continuous", 2)])
def test_a_ranked_layout_is_what_the_estimate_says_of_it(tables_on, mode, clients):
    tables = tables_on(DEFAULT.as_of)
    asked = replace(
        DEFAULT, model="deepseek-v3", gpu="h200-sxm", gpus=8, layout="dp", mode=mode, batch=clients
    )
    (one,) = candidates_on(tables, asked).candidates
    shape = asked.shapes.a
    result = evaluate(
        model_shape(tables.models["deepseek-v3"], tables.precisions["fp8"], KV_BYTES["fp16"]),
        [one],
        ask_of(asked.targets, asked.mode),
        prompt_tokens=np.array([float(shape.prompt_tokens)]),
        completion_tokens=np.array([float(shape.completion_tokens)]),
        cached_tokens=np.array([float(shape.cached_tokens)]),
    )
    found = estimate(
        Question(
            model=tables.models["deepseek-v3"],
            gpu=one.gpu,
            n_gpus=8,
            precision=tables.precisions["fp8"],
            kv_precision="fp16",
            rate="fp8",
            profile=one.profile,
            mode=asked.mode,
            batch=clients,
            prompt_tokens=shape.prompt_tokens,
            completion_tokens=shape.completion_tokens,
            cached_tokens=shape.cached_tokens,
            usable=asked.usable,
            layout=one.worker,
            spread=one.profile.spread,
            links=tables.node_links,
        )
    )
    assert result.ttft_s[0, 0] == pytest.approx(found["ttft_s"])
    assert result.tpot_s[0, 0] == pytest.approx(found["tpot_s"])
    assert result.most_sequences[0, 0] == found["max_batch"]
    assert result.batch[0, 0] == clients
    # Seconds of the worker: eight ranks answer eight requests at once.
    per_s = found["tokens_per_s"] / shape.completion_tokens
    spent = result.decode_s[0, 0] + (result.prefill_s[0, 0] if mode == "continuous" else 0)
    assert 1 / spent == pytest.approx(per_s)


def test_a_file_is_replayed_on_gpus_that_hold_each_layer_together(tables_on, connection, tmp_path):
    tables = tables_on(DEFAULT.as_of)
    file = tmp_path / "same.csv"
    file.write_text("input_tokens,output_tokens\n" + "1000,200\n" * 20, encoding="utf-8")
    workload = read_workload(file, edges=price_edges(connection))
    asked = replace(DEFAULT, model="deepseek-v3")
    offers = host_workload(workload, tables, asked).offers
    one = next(offer for offer in offers if offer.model.model_id == "deepseek-v3")
    assert one.replayed.worker.ranks == 1
    _, candidate = deployment_of(asked, tables, host_workload(workload, tables, asked))
    assert candidate == one.replayed
    named = replace(asked, gpu="h200-sxm", gpus=8, layout="dp")
    model, spread = deployment_of(named, tables, None)
    with pytest.raises(Unplaceable, match="DP8 has ranks with requests of their own, which are not replayed"):
        server_for(named, PlanFields(), tables, model, spread)
