"""A deployment is the same values, whichever command writes it."""

from dataclasses import replace

import pytest

from breakeven.apis.workloads import price_edges
from breakeven.comparison.answer import compare
from breakeven.hosting.program import deployment_as_json
from breakeven.hosting.workloads import host_workload
from breakeven.usage.read import read_workload
from breakeven.views.compare.program import answer_as_json
from breakeven.views.deploy import Fields, deploy
from breakeven.views.deploy.table import rows_of
from tests.builders import DEFAULT, TODAY

PHI = replace(DEFAULT, model="phi-4", precision="fp16", prompt_a=1000, completion_a=200)
COLUMNS = (
    *("rank", "model", "gpu", "gpus", "replicas", "prefill_replicas", "precision", "kv_precision", "mode"),
    *("usd_per_1m_tokens", "usd_per_1m_tokens_low", "usd_per_1m_tokens_high", "usd_per_month", "batch"),
    *("max_batch", "ttft_s", "ttft_low_s", "ttft_high_s", "tpot_s", "tpot_low_s", "tpot_high_s"),
    *("bound_prefill", "bound_decode", "holds_targets", "usd_per_gpu_hour", "gpu_offer", "efficiency"),
    *("measured", "not_certain_because", "usd_per_hour"),
    *("gpu_price_as_of", "gpu_price_age_days", "gpu_price_doubt"),
    *("usd_at_load", "usd_at_load_low", "usd_at_load_high", "hours", "busy"),
    *("ttft_alone_s", "ttft_alone_low_s", "ttft_alone_high_s"),
    "layout",
)


def test_compare_rank_and_the_workload_write_one_deployment_alike(tables_on, connection, tmp_path):
    tables = tables_on(TODAY)
    answer = compare(PHI, tables)
    wanted = deployment_as_json(answer.shapes[0].host.candidate)
    written = answer_as_json(answer, ())["shapes"][0]["self_hosted"]
    assert {name: written[name] for name in wanted} == wanted
    ranked = deploy(PHI, Fields(shape="a", weights="none"), tables)
    row = rows_of(ranked, [ranked.grid.best()])[0]
    assert {name: row[{"caveat": "not_certain_because"}.get(name, name)] for name in wanted} == wanted
    file = tmp_path / "same.csv"
    file.write_text("input_tokens,output_tokens\n" + "1000,200\n" * 20, encoding="utf-8")
    workload = read_workload(file, edges=price_edges(connection))
    hosted = next(o for o in host_workload(workload, tables, PHI).offers if o.model.model_id == "phi-4")
    assert deployment_as_json(hosted.candidate) == wanted


def test_columns_of_the_ranking_keep_their_places(tables_on):
    ranked = deploy(PHI, Fields(shape="a"), tables_on(TODAY))
    assert tuple(rows_of(ranked, ranked.order[:1])[0]) == COLUMNS


def test_bills_of_the_ranking_are_one_bill_in_two_units(tables_on):
    for changes in ({"requests": 0.1}, {"requests": 1e6, "per": "month"}, {"requests": 1e6, "per": "once"}):
        ranked = deploy(replace(PHI, **changes), Fields(shape="a"), tables_on(TODAY))
        # A million requests, or a month of a tenth a second, of 1,200 tokens.
        tokens = 1200 * (0.1 * 730 * 3600 if changes["requests"] == 0.1 else 1e6)
        for row in rows_of(ranked, ranked.order):
            assert row["usd_per_1m_tokens"] == pytest.approx(row["usd_at_load"] / tokens * 1e6)
            assert row["usd_at_load_low"] <= row["usd_at_load"] * (1 + 1e-9)
            assert row["usd_at_load"] <= row["usd_at_load_high"] * (1 + 1e-9)
            if changes.get("per") == "once":
                assert row["usd_per_month"] is None
                assert row["hours"] <= 24
            else:
                assert row["usd_per_month"] == row["usd_at_load"]
                assert row["hours"] == 730
