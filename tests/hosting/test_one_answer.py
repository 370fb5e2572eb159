"""Compare, Deploy and the workloads name one deployment for one question."""

import random
from dataclasses import replace

import pytest

from breakeven.apis.workloads import price_edges
from breakeven.comparison import answer as answer_module
from breakeven.comparison.answer import compare
from breakeven.hosting.workloads import host_workload
from breakeven.question.scenario import CHEAPEST
from breakeven.usage.read import read_workload
from breakeven.views.deploy import Fields, deploy
from tests.builders import DEFAULT

ONLY_AS_ASKED = Fields(shape="a", weights="none")
PHI = replace(DEFAULT, model="phi-4", precision="fp16", prompt_a=1000, completion_a=200)


def questions(tables, n):
    """Some hundred questions, the same at every run."""
    draw = random.Random(13)
    models = [model.model_id for model in tables.models.values() if model.open_weights]
    for _ in range(n):
        yield replace(
            DEFAULT,
            model=draw.choice(models),
            precision=draw.choice(["fp16", "fp8", "int4"]),
            prompt_a=draw.choice([64, 1000, 8000, 100_000]),
            completion_a=draw.choice([1, 200, 4000]),
            ttft=draw.choice([None, 0.2, 2.0]),
            tpot=draw.choice([None, 0.01, 0.05]),
            gpu=draw.choice([CHEAPEST, CHEAPEST, *tables.gpus]),
            gpus=draw.choice([1, 2, 4, 8, 16]),
            requests=draw.choice([0.5, 1.0, 300.0]),
            per=draw.choice(["second", "month", "once"]),
        )


def named(row):
    """What has to agree of a deployment."""
    if row is None:
        return None
    one = row.candidate
    return (
        one.gpu.gpu_id,
        one.n_gpus,
        one.profile.efficiency.efficiency_id,
        row.batch,
        pytest.approx(row.usd, rel=1e-9),
    )


def test_compare_and_deploy_name_one_deployment_for_hundreds_of_questions(tables_on, monkeypatch):
    # The map says nothing about the choice and takes most of the time.
    monkeypatch.setattr(answer_module, "cost_map", lambda *_: None)
    tables = tables_on(DEFAULT.as_of)
    different = []
    for asked in questions(tables, 300):
        model = tables.models[asked.model]
        if asked.gpu != CHEAPEST and asked.prompt_a + asked.completion_a > model.max_context:
            continue  # Compare times a named deployment beyond the context on purpose.
        counts = {} if asked.gpu == CHEAPEST else {"counts": (asked.gpus,)}
        other = deploy(asked, ONLY_AS_ASKED, tables, **counts).chosen
        shape = compare(asked, tables).shapes[0]
        host = shape.host
        if named(host) != named(None if other is None else other.host):
            different.append((asked, named(host), named(other and other.host)))
        elif host is not None and other.usd != pytest.approx(shape.at_load.host_usd, rel=1e-9):
            different.append((asked, other.usd, shape.at_load.host_usd))
    assert not different


def test_the_workload_of_one_request_is_hosted_as_compare_says(tables_on, connection, tmp_path):
    tables = tables_on(DEFAULT.as_of)
    file = tmp_path / "same.csv"
    file.write_text("input_tokens,output_tokens\n" + "1000,200\n" * 20, encoding="utf-8")
    workload = read_workload(file, edges=price_edges(connection))
    for precision in ("fp16", "fp8"):
        asked = replace(PHI, precision=precision)
        for offer in host_workload(workload, tables, asked).offers:
            # A file without times is a job of its requests.
            job = replace(asked, model=offer.model.model_id, per="once", requests=20.0)
            shape = compare(job, tables).shapes[0]
            assert (offer.candidate.gpu.gpu_id, offer.candidate.n_gpus) == named(shape.host)[:2]
            assert offer.usd == pytest.approx(shape.at_load.host_usd, rel=1e-9)
            assert offer.usd_low == pytest.approx(shape.at_load.host_usd_low, rel=1e-9)
            assert offer.replicas == shape.at_load.replicas
            assert offer.hours == pytest.approx(shape.at_load.hours)


def test_heads_that_do_not_divide_are_refused_where_the_gpus_are_named(tables_on):
    answer = compare(replace(PHI, gpu="a100-80-sxm", gpus=4), tables_on(DEFAULT.as_of)).shapes[0]
    assert answer.host is None
    assert "its 40 query and 10 KV heads cannot be divided evenly over 4 GPUs" in answer.host_reason


def test_a_row_of_ones_own_reaches_the_workload(tables_on, connection, tmp_path):
    tables = tables_on(DEFAULT.as_of)
    file = tmp_path / "same.csv"
    file.write_text("input_tokens,output_tokens\n" + "1000,200\n" * 20, encoding="utf-8")
    workload = read_workload(file, edges=price_edges(connection))
    row = next(
        one for one in tables.efficiencies if one.gpu_family == "h100" and one.precision_class == "fp8"
    )
    own = replace(row, efficiency_id="yours-1-h100-fp8", engine="yours-1", mbu=row.mbu / 2)
    asked = replace(DEFAULT, engine="yours-1", gpu=CHEAPEST)
    mine = replace(tables, efficiencies=[*tables.efficiencies, own])
    used = {
        one.candidate.profile.efficiency.efficiency_id for one in host_workload(workload, mine, asked).offers
    }
    assert own.efficiency_id in used
