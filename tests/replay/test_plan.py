"""From arrivals and tables to a plan: deployment, prices, words, figures."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from breakeven.apis.workloads import price_edges, price_workload
from breakeven.cli import main
from breakeven.hosting import Unplaceable
from breakeven.hosting.workloads import host_workload
from breakeven.question.pages.capacity import FIELDS, Fields
from breakeven.question.scenario import Scenario
from breakeven.replay.arrivals import read_arrivals
from breakeven.replay.plan import Plan, make_fluid, make_plan, warm_up
from breakeven.replay.search import CURVE
from breakeven.usage.read import read_workload
from breakeven.views.capacity import charts as charts_capacity
from breakeven.views.capacity import words
from breakeven.words.numbers import Money
from tests.builders import DEFAULT, SAMPLES, TODAY, json_of, output_of

ASKED = Scenario(as_of=TODAY, gpu="h100-sxm", gpus=2)


@pytest.fixture(scope="module")
def conv(connection):
    """The conversation sample: arrivals and prices."""
    path = SAMPLES / "shape_conv.csv.gz"
    workload = read_workload(path, edges=price_edges(connection))
    return read_arrivals(path), price_workload(workload, connection, TODAY)


def planned(conv, tables_on, scenario: Scenario = ASKED, **options) -> Plan:
    arrivals, priced = conv
    return make_plan(arrivals, priced, scenario, Fields(**options), tables_on(TODAY))


@pytest.fixture(scope="module")
def plan(conv, tables_on) -> Plan:
    return planned(conv, tables_on)


def test_the_fixed_fleet_costs_replicas_times_rent_times_hours(plan):
    best = plan.found.best
    assert best is not None
    hours = plan.arrivals.requests.span_s / 3600
    assert plan.usd_fixed == pytest.approx(
        best.replicas * 2 * plan.candidate.price.usd_per_gpu_hour * hours, rel=1e-12
    )


def test_the_api_bill_is_the_workload_on_an_offer_of_the_same_model(plan, conv):
    offer = plan.api.offer
    assert offer is not None
    assert offer.offer.model_id == "llama-3.3-70b"
    assert offer.serves_all
    tokens = conv[1].workload.tokens
    tier = offer.offer.tiers[0]
    by_hand = (
        tokens.prompt * float(tier.input_usd_per_mtok) + tokens.output * float(tier.output_usd_per_mtok)
    ) / 1e6
    assert plan.api.usd == pytest.approx(by_hand, rel=1e-9)


def test_a_cheaper_offer_that_is_too_short_for_some_requests_is_named(plan, conv, tables_on):
    # novita asks $0.135 in and $0.40 out and takes 12,288 tokens; some requests of the sample are longer.
    (short,) = plan.api.too_short
    assert short.offer.api_offer_id == "novita/meta-llama/llama-3.3-70b-instruct"
    assert short.requests_not_served > 0
    said = " ".join(words.withheld(plan))
    assert f"too short for {short.requests_not_served} request" in said
    named = planned(conv, tables_on, replace(ASKED, api="openai/gpt-4o"))
    assert named.api.too_short == ()


def test_another_api_can_be_named_and_one_without_a_price_says_so(conv, tables_on):
    named = planned(conv, tables_on, replace(ASKED, api="openai/gpt-4o"))
    assert named.api.offer is not None
    assert named.api.offer.offer.api_offer_id == "openai/gpt-4o"
    gone = planned(conv, tables_on, replace(ASKED, api="openai/no-such"))
    assert gone.api.usd is None
    assert "no price in force" in str(gone.api.reason)


def test_without_a_gpu_the_cheapest_deployment_of_the_workload_is_planned(conv, tables_on):
    arrivals, priced = conv
    scenario = DEFAULT
    hosting = host_workload(priced.workload, tables_on(TODAY), scenario)
    plan = make_plan(arrivals, priced, scenario, Fields(), tables_on(TODAY), hosting=hosting)
    chosen = next(one for one in hosting.offers if one.model.model_id == scenario.model)
    assert plan.candidate is chosen.candidate


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"gpus": 1, "precision": "fp16"}, "at least 2", id="weights-do-not-fit"),
        pytest.param({"gpu": "a100-80-sxm"}, "no fp8 rate", id="no-rate"),
        pytest.param({"gpu": "mi355x"}, "no on-demand price", id="no-price"),
        pytest.param({"model": "mimo-v2-flash"}, "KV cache", id="no-cache-formula"),
        pytest.param({"gpu": "cheapest"}, "has no deployment", id="nothing-found"),
        pytest.param(
            {"model": "phi-4", "gpus": 4},
            "^Phi-4 14B: its 40 query and 10 KV heads cannot be divided evenly over 4 GPUs.$",
            id="heads-do-not-divide",
        ),
    ],
)
def test_what_cannot_be_placed_says_why(conv, tables_on, change, why):
    with pytest.raises(Unplaceable, match=why):
        planned(conv, tables_on, replace(ASKED, **change))


def test_a_target_that_nobody_can_hold_is_said_with_the_reason(conv, tables_on):
    plan = planned(conv, tables_on, replace(ASKED, tpot=0.001))
    assert not plan.feasible
    assert words.headline(plan) == (
        "No number of replicas of 2×H100 SXM5 80GB can hold TTFT 2 s and TPOT 1 ms at the 95th percentile"
    )
    assert "when nobody else is there" in str(words.why_not(plan))
    answer = words.plan_as_json(plan)
    assert answer["feasible"] is False
    assert answer["replicas"] is answer["usd_fixed"] is answer["ttft_s"] is None
    assert answer["usd_api"] > 0


def test_the_headline_names_both_the_answer_and_the_mean(plan):
    best = plan.found.best
    assert best is not None
    text = words.headline(plan)
    assert text.startswith(f"{best.replicas} replica")
    assert "TTFT 2 s and TPOT 50 ms at the 95th percentile; mean load alone says" in text


def test_one_replica_less_misses_and_one_more_holds(conv, tables_on):
    plan = planned(conv, tables_on, replace(ASKED, ttft=0.4, tpot=0.03))
    less, best, more = words.neighbours(plan)
    assert not less.holds
    assert best.holds
    assert more.holds
    assert [line[:16] for line in words.one_more_or_less(plan)] == ["One replica less", "One replica more"]


@pytest.mark.parametrize("mode", ["static", "disaggregated"])
def test_other_modes_are_planned_too(conv, tables_on, mode):
    plan = planned(conv, tables_on, replace(ASKED, mode=mode, tpot=None, ttft=5.0))
    assert plan.feasible
    assert bool(words.pools(plan)) is (mode == "disaggregated")


def test_without_targets_the_fleet_has_to_keep_up(conv, tables_on):
    plan = planned(conv, tables_on, replace(ASKED, ttft=None, tpot=None))
    assert "keeps up with the load" in words.headline(plan) or "keep up with the load" in words.headline(plan)
    assert plan.autoscaled is None


def test_notes_say_what_was_assumed(tables_on, connection):
    path = SAMPLES / "mooncake_trace.jsonl"
    workload = read_workload(path, edges=price_edges(connection))
    plan = planned((read_arrivals(path), price_workload(workload, connection, TODAY)), tables_on)
    notes = " ".join(plan.notes)
    assert "rounded to the 3 seconds, so requests are spread at random" in notes
    assert "share their first blocks" in notes


def test_sums_get_the_fluid_estimate_with_its_caveat(tables_on, connection):
    path = SAMPLES / "claude_api_tokens.csv"
    workload = read_workload(path, edges=price_edges(connection))
    priced = price_workload(workload, connection, TODAY)
    # This export sums tokens and does not count requests: nothing can be said.
    with pytest.raises(Unplaceable, match="do not count requests"):
        make_fluid(workload, priced, ASKED, Fields(), tables_on(TODAY))
    path = SAMPLES / "completions_usage_openai.csv"
    workload = read_workload(path, edges=price_edges(connection))
    priced = price_workload(workload, connection, TODAY)
    fluid = make_fluid(workload, priced, ASKED, Fields(), tables_on(TODAY))
    assert 0 < fluid.mean_load <= fluid.peak_load
    # The busiest row, as busy as planned: half.
    assert fluid.replicas == max(1, int(np.ceil(fluid.peak_load / 0.5)))
    assert "bursts inside a row cannot be seen" in fluid.caveat
    assert words.fluid_as_json(fluid)["ttft_s"] is None


def test_figures_are_valid_and_show_the_target(plan):
    chart, peak = charts_capacity.load(plan)
    assert isinstance(go.Figure(chart.to_dict()), go.Figure)
    assert peak >= plan.found.mean_load
    for kind, limit in (("ttft", "target 2 s"), ("tpot", "target 50 ms")):
        figure = charts_capacity.latency(plan, words.neighbours(plan), kind)
        assert [note.text for note in figure.layout.annotations] == [limit]
        assert len(figure.data[0].y) == CURVE.size
    bars = charts_capacity.costs(plan, Money(currency="EUR", rate=0.5))
    assert bars.data[0].x[0] == pytest.approx(plan.usd_fixed * 0.5)
    assert bars.layout.xaxis.title.text == "EUR over the file's time"


def test_a_link_carries_the_options():
    options = Fields(percent=99.0, routing="round-robin", delay=60.0, minimum=2, budget=2048)
    written = FIELDS.write(options)
    values, warnings = FIELDS.read(written, default=Fields())
    assert warnings == []
    assert Fields(**values) == options


def test_options_beyond_their_limits_are_refused():
    with pytest.raises(ValueError, match="percent must lie between 1 and 100"):
        Fields(percent=101)
    with pytest.raises(ValueError, match="routing must be one of"):
        Fields(routing="random")


def test_warming_up_compiles_without_a_table():
    warm_up()


# --- breakeven plan -------------------------------------------------------------------------------

COMMAND = ["--model", "llama-3.3-70b", "--gpu", "h100-sxm", "--gpus", "2", "--as-of", "2026-11-21"]
TARGETS = ["--ttft", "2", "--tpot", "0.05", "--percentile", "95"]


def test_plan_prints_the_keys_that_programs_rely_on(capsys):
    answer = json_of(capsys, "plan", str(SAMPLES / "shape_conv.csv.gz"), *COMMAND, *TARGETS)
    for key in ("ttft_s", "tpot_s"):
        assert set(answer[key]) == {"p50", "p95", "p99"}
        assert answer[key]["p50"] <= answer[key]["p95"] <= answer[key]["p99"]
    assert answer["feasible"] is True
    assert answer["reason"] is None
    assert answer["ttft_s"]["p95"] <= 2
    assert answer["tpot_s"]["p95"] <= 0.05
    assert answer["replicas"] >= 1
    assert 0 < answer["utilisation"] <= 1
    assert answer["preemptions"] >= 0
    assert answer["usd_fixed"] > 0
    assert answer["usd_api"] > 0
    assert answer["usd_autoscaled"] is None or answer["usd_autoscaled"] < answer["usd_fixed"]


def test_plan_of_sums_is_the_fluid_estimate_under_the_same_keys(capsys):
    answer = json_of(capsys, "plan", str(SAMPLES / "completions_usage_openai.csv"), *COMMAND)
    assert answer["feasible"] is answer["ttft_s"] is None
    assert "cannot be seen" in answer["reason"]


def test_plan_in_words_starts_with_the_answer(capsys):
    first = output_of(capsys, "plan", str(SAMPLES / "shape_code.csv.gz"), *COMMAND, *TARGETS).splitlines()[0]
    assert "TTFT 2 s and TPOT 50 ms at the 95th percentile" in first


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["by_hand.csv", *COMMAND], "capacity is withheld: the file has no times", id="no-times"),
        pytest.param(["nothing.csv", *COMMAND], "There is no file", id="no-file"),
        pytest.param(
            ["shape_conv.csv.gz", *COMMAND, "--percentile", "0"], "percent must lie between 1 and 100", id="0"
        ),
        pytest.param(
            ["shape_conv.csv.gz", *COMMAND, "--routing", "random"], "routing must be one of", id="routing"
        ),
        pytest.param(
            ["shape_conv.csv.gz", "--model", "llama-9", "--gpu", "h100-sxm"], "there is no 'llama-9'", id="id"
        ),
        pytest.param(["shape_conv.csv.gz", *COMMAND, "--ttft", "-1"], "ttft must lie between", id="ttft"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(arguments, sentence, capsys):
    assert main(["plan", str(SAMPLES / arguments[0]), *arguments[1:]]) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
