"""A scenario and the tables become the answer: who is cheaper, from when, and why."""

import math
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.comparison.answer import compare
from breakeven.comparison.map import MAP_COMPLETIONS, MAP_PROMPTS
from breakeven.comparison.reach import LEVEL_SHARE
from breakeven.comparison.volume import VOLUME_POINTS
from breakeven.hosting.hardware import candidates_on
from breakeven.question.scenario import LIMITS, Scenario
from tests.builders import ARTICLE, DEFAULT, FOUR_H100, TODAY

ARTICLE_DAY, COREWEAVE = ARTICLE.as_of, ARTICLE.gpu_offer
ONE_H100 = replace(DEFAULT, gpu="h100-sxm", gpus=1, precision="fp8")
"""70.6 GB of weights on 80 GB: fits, with room for little more."""


@pytest.fixture
def answer(tables_on):
    """Compare with the rows of the scenario's own day."""
    return lambda scenario: compare(scenario, tables_on(scenario.as_of))


def sentences(comparison) -> list[str]:
    """Everything that the answer says is wrong."""
    return [
        *comparison.problems,
        *(shape.host_reason for shape in comparison.shapes if shape.host_reason),
    ]


def says(comparison, *words: str) -> bool:
    """One sentence of the answer has all the words."""
    return any(all(word in line for word in words) for line in sentences(comparison))


def no_zero_dollars(comparison) -> bool:
    """Nothing that was priced costs nothing."""
    amounts = []
    for shape in comparison.shapes:
        for row in (shape.host, shape.ideal, *(one.row for one in shape.ranking)):
            if row is not None:
                amounts += [row.prompt_usd, row.completion_usd, row.usd, row.usd_low, row.usd_high]
        amounts += [one.usd for one in shape.ranking]
        if shape.curve is not None:
            amounts += [*shape.curve.prompt_usd_per_token, *shape.curve.completion_usd_per_token]
        if shape.volume is not None:
            amounts += [*shape.volume.host_usd]
        if shape.at_load is not None:
            own = shape.at_load
            amounts += [own.host_usd, own.host_usd_low, own.host_usd_high]
    if comparison.map is not None:
        host, ratio = comparison.map.host_usd, comparison.map.host_over_api
        amounts += [*host[np.isfinite(host)], *ratio[np.isfinite(ratio)]]
    return all(amount > 0 and math.isfinite(amount) for amount in amounts)


# The 2023 article


@pytest.mark.parametrize("batch", [2, 4, 8, 16, 32, 64])
def test_prompt_tokens_were_three_to_four_times_cheaper_self_hosted_in_2023(answer, batch):
    # Sanger 2023: $0.00043 to $0.00049 per 1K prompt tokens against $0.0015: 3.1 to 3.5 times.
    shape = answer(replace(ARTICLE, batch=batch)).shapes[0]
    assert 3 <= shape.api.bill.prompt_usd / shape.host.prompt_usd <= 4


@pytest.mark.parametrize("batch", [1, 2, 4, 8, 16, 32])
def test_completion_tokens_were_dearer_self_hosted_in_2023_up_to_a_batch_of_32(answer, batch):
    # Sanger 2023: completion tokens only get competitive with $0.002 per 1K beyond these batches.
    shape = answer(replace(ARTICLE, batch=batch)).shapes[0]
    assert shape.host.completion_usd > 1.05 * shape.api.bill.completion_usd


def test_completion_tokens_were_level_with_the_api_in_2023_at_a_batch_of_64(answer):
    # Sanger 2023: "near batch 64"; the estimate is good to about 5 % there.
    shape = answer(replace(ARTICLE, batch=64)).shapes[0]
    assert shape.host.completion_usd == pytest.approx(shape.api.bill.completion_usd, rel=0.05)
    assert shape.host.fits


def test_the_articles_memory_holds_64_sequences_of_1024_tokens_and_no_more_than_65(answer):
    # (160e9 - 2·68.98e9 B) / (327,680 B · 1024) = 65.7.
    assert answer(ARTICLE).shapes[0].host.most_sequences == 65
    assert says(answer(replace(ARTICLE, batch=66)), "A batch of 66 does not fit", "at most 65 sequences")


def test_a_completion_token_of_one_sequence_cost_about_a_sixth_of_a_cent_in_2023(answer):
    # Sanger 2023: $0.066 per 1K at batch 1 (weights alone, 1.3 TB/s each); the cache comes on top.
    shape = answer(ARTICLE).shapes[0]
    assert shape.host.completion_usd / 512 * 1000 == pytest.approx(0.0661, rel=0.05)


def test_the_article_is_answered_with_its_own_price_and_engine(answer):
    host = answer(ARTICLE).shapes[0].host
    assert host.candidate.usd_per_hour == pytest.approx(4.42)  # "$4.42/hour" for both GPUs
    assert host.candidate.price.offer.gpu_offer_id == COREWEAVE
    assert host.candidate.profile.efficiency.engine == "tgi-2023"
    assert host.candidate.profile.caveat is None
    assert host.bound_prefill == "compute"
    assert host.bound_decode == "bandwidth"


def test_automatic_choice_takes_the_same_engine_for_the_article(answer):
    named, automatic = answer(ARTICLE), answer(replace(ARTICLE, engine="auto"))
    assert automatic.shapes[0].host == named.shapes[0].host


@pytest.mark.parametrize(
    ("offer", "total_usd"), [("openai/gpt-3.5-turbo", "7600"), ("openai/gpt-4", "168000")]
)
def test_shrotts_four_million_prompts_cost_what_the_price_list_says(answer, offer, total_usd):
    # 4e6·(1000·0.0015 + 200·0.002)/1000 = $7,600; 4e6·(1000·0.03 + 200·0.06)/1000 = $168,000. The article
    # prints both less $189.58, as savings.
    scenario = replace(ARTICLE, as_of=date(2023, 8, 30), api=offer, prompt_a=1000, completion_a=200)
    bill = answer(scenario).shapes[0].api.bill
    assert Decimal(repr(round(bill.usd, 12))) * 4_000_000 == Decimal(total_usd)


# Today


def test_todays_default_is_answered_against_the_same_model_from_an_api(answer):
    result = answer(DEFAULT)
    assert result.problems == ()
    for shape in result.shapes:
        assert shape.host.holds
        assert shape.host_reason is None
        assert shape.api.bill.offer.model_id == "llama-3.3-70b"
        assert shape.api.bill.mark is None
        # One request a second is 2,628,000 a month.
        assert shape.at_load.api_usd == pytest.approx(2_628_000 * shape.api.bill.usd)
        assert shape.at_load.host_usd == pytest.approx(
            730 * shape.at_load.replicas * shape.host.candidate.usd_per_hour
        )
        assert shape.ratio == pytest.approx(shape.at_load.api_usd / shape.at_load.host_usd)


def test_todays_default_is_answered_against_another_model_from_an_api(answer):
    result = answer(replace(DEFAULT, api="openai/gpt-4o"))
    assert result.problems == ()
    for shape in result.shapes:
        assert shape.host.holds
        assert shape.api.bill.offer.api_offer_id == "openai/gpt-4o"
    # $2.50 in, $10 out per 1M: 4000·2.5e-6 + 16·10e-6.
    assert result.shapes[0].api.bill.usd == pytest.approx(0.01016)
    assert answer(DEFAULT).shapes[0].host == result.shapes[0].host


def test_every_deployment_of_the_ranking_holds_the_targets_and_the_order_is_by_the_bill(answer):
    for shape in answer(DEFAULT).shapes:
        rows = [one.row for one in shape.ranking]
        assert len(rows) > 3
        assert all(row.ttft_s <= DEFAULT.ttft and row.tpot_s <= DEFAULT.tpot for row in rows)
        assert all(row.fits and row.batch <= row.most_sequences for row in rows)
        assert all(one.usd <= two.usd * (1 + 1e-9) for one, two in pairwise(shape.ranking))
        assert shape.at_load.host_usd == min(
            one.usd for one in shape.ranking if one.row.candidate.standing == 0
        )


def test_the_physical_limit_is_no_slower_and_no_dearer_than_the_estimate(answer):
    for scenario in (DEFAULT, FOUR_H100, ARTICLE):
        for shape in answer(scenario).shapes:
            assert shape.ideal.batch == shape.host.batch
            assert shape.ideal.ttft_s <= shape.host.ttft_s
            assert shape.ideal.tpot_s <= shape.host.tpot_s
            assert shape.ideal.usd <= shape.host.usd


def test_sources_name_model_gpu_price_efficiency_and_api_once_each(answer, connection):
    keys = answer(ARTICLE).source_ids
    known = {row[0] for row in connection.cursor().execute("SELECT source_id FROM sources").fetchall()}
    assert len(set(keys)) == len(keys) >= 4
    assert set(keys) <= known
    assert "sanger-2023" in keys


# What cannot be answered is said


def test_a_model_that_does_not_fit_says_what_would(answer):
    # 405.85e9 parameters at 2 B: 812 GB.
    result = answer(
        replace(DEFAULT, model="llama-3.1-405b", precision="fp16", gpu="l4", gpus=1, ttft=None, tpot=None)
    )
    assert says(result, "Llama 3.1 405B needs 812 GB for its weights", "at least", "NVIDIA L4")
    assert all(shape.host is None and shape.ratio is None for shape in result.shapes)
    assert all(shape.ranking == () for shape in result.shapes)


def test_the_longest_context_is_answered_and_one_token_more_is_not(answer):
    scenario = replace(DEFAULT, model="llama-2-70b", precision="fp16", completion_a=96)
    inside, beyond = (
        answer(replace(scenario, prompt_a=prompt)).shapes[0] for prompt in (4000, 4001)
    )  # Llama 2 holds 4,096 tokens.
    assert inside.host is not None
    assert inside.host_reason is None
    assert beyond.host is None
    assert beyond.host_reason == "Llama 2 70B holds at most 4,096 tokens of context; this request has 4,097."


def test_a_named_deployment_is_timed_beyond_the_context_and_says_so(answer):
    shape = answer(replace(ARTICLE, prompt_a=4096, completion_a=1)).shapes[0]
    assert shape.host is not None
    assert "at most 4,096 tokens" in shape.host_reason


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("mimo-v2-flash", "No formula for the KV cache of MiMo-V2-Flash is on record"),
        ("llama-9", "There is no model 'llama-9' in the tables."),
    ],
)
def test_a_model_that_cannot_be_placed_says_why_and_has_no_self_hosted_price(answer, model, words):
    result = answer(replace(DEFAULT, model=model))
    assert any(words in problem for problem in result.problems)
    assert all(shape.host is None and shape.ranking == () and shape.ratio is None for shape in result.shapes)
    assert result.map is None


def test_an_api_is_still_priced_for_a_model_that_cannot_be_placed(answer):
    assert all(shape.api.bill.usd > 0 for shape in answer(replace(DEFAULT, model="mimo-v2-flash")).shapes)


def test_fp8_on_an_a100_says_what_to_choose_and_nothing_about_prices(answer):
    result = answer(replace(DEFAULT, gpu="a100-80-sxm", precision="fp8"))
    assert says(result, "A100 SXM4 80GB", "no fp8 rate", "choose fp16 or int4")
    assert not says(result, "Other prices")
    assert all(shape.host is None for shape in result.shapes)
    assert [gone.what for gone in result.left_out] == ["NVIDIA A100 SXM4 80GB"]


def test_a_gpu_without_a_price_that_day_says_so(answer):
    # The first B200 offer on record is of 2025 or later.
    result = answer(replace(DEFAULT, as_of=date(2024, 6, 1), gpu="b200-sxm"))
    assert says(result, "NVIDIA B200", "no on-demand price in force on that day")
    assert all(shape.host is None for shape in result.shapes)


def test_a_gpu_without_that_kind_of_price_names_the_kinds_it_has(answer, tables_on):
    offers = tables_on(TODAY).gpu_offers
    wanted = "reserved"
    gpu_id = next(
        gpu
        for gpu in sorted({offer.gpu_id for offer in offers if offer.price_type == "on-demand"})
        if not any(offer.gpu_id == gpu and offer.price_type == wanted for offer in offers)
    )
    result = answer(replace(DEFAULT, gpu=gpu_id, gpus=1, gpu_price_type=wanted, precision="fp16"))
    assert says(result, "no reserved price in force", "Other prices on record for it that day", "on-demand")


def test_no_gpu_at_all_with_that_kind_of_price_is_one_sentence(answer):
    # On the article's day two offers are on record, both on-demand.
    result = answer(replace(DEFAULT, as_of=ARTICLE_DAY, gpu_price_type="spot"))
    assert says(result, "No GPU has a spot price in force on 2023-07-20")


@pytest.mark.parametrize(
    ("day", "in_force"), [(ARTICLE_DAY, True), (date(2023, 7, 19), False), (TODAY, False)]
)
def test_a_named_gpu_offer_counts_only_while_it_is_in_force(answer, day, in_force):
    result = answer(replace(ARTICLE, as_of=day))
    assert (result.shapes[0].host is not None) is in_force
    assert says(result, COREWEAVE, "in force on that day") is not in_force


def test_an_api_offer_that_is_not_in_force_is_a_sentence_and_not_a_price(answer):
    result = answer(replace(DEFAULT, as_of=ARTICLE_DAY, api="openai/gpt-4o"))
    assert says(result, "openai/gpt-4o has no price in force on 2023-07-20")
    assert all(shape.api.bill is None and shape.ratio is None for shape in result.shapes)
    assert result.map is None


def test_a_model_that_no_api_sells_has_a_self_hosted_price_only(answer):
    result = answer(
        replace(DEFAULT, model="falcon-40b", precision="fp16", prompt_a=512, completion_a=64, ttft=None)
    )
    shape = result.shapes[0]
    assert shape.api.bill is None
    assert shape.api.median_usd is None
    assert shape.ratio is None
    assert shape.volume is None
    assert shape.stretches is None
    assert shape.at_load.api_usd is None
    assert shape.at_load.host_usd > 0
    assert result.map is None


def test_an_unknown_gpu_is_a_sentence(answer):
    assert says(answer(replace(DEFAULT, gpu="h1000")), "There is no GPU 'h1000' in the tables.")


def test_targets_that_nothing_holds_are_said_with_what_the_nearest_reaches(answer):
    result = answer(replace(DEFAULT, ttft=0.001, tpot=0.0001))
    for shape in result.shapes:
        assert (
            "No deployment holds the latency targets. On the cheapest one that fits, at batch 1, "
            in shape.host_reason
        )
        assert "TTFT is" in shape.host_reason
        assert "(target 0.001 s)" in shape.host_reason
        assert "(target 0.1 ms)" in shape.host_reason
        assert shape.ranking == ()
        assert not shape.host.holds
        assert shape.host.batch == 1


def test_only_the_target_that_is_missed_is_named(answer):
    reason = answer(replace(FOUR_H100, batch=None, ttft=0.001)).shapes[0].host_reason
    assert reason.startswith("This deployment does not hold the latency targets: at batch ")
    assert "TTFT is" in reason
    assert "TPOT" not in reason


def test_the_largest_batch_that_fits_is_answered_and_one_more_is_not(answer):
    most = answer(replace(FOUR_H100, batch=1)).shapes[0].host.most_sequences
    assert answer(replace(FOUR_H100, batch=most)).shapes[0].host.batch == most
    beyond = answer(replace(FOUR_H100, batch=most + 1)).shapes[0]
    assert beyond.host is None
    assert f"A batch of {most + 1:,} does not fit" in beyond.host_reason
    assert f"at most {most:,} sequences" in beyond.host_reason


def test_one_sequence_is_not_written_as_a_plural(answer):
    result = answer(replace(ONE_H100, batch=64, prompt_a=4000, completion_a=96, ttft=None, tpot=None))
    # 72e9 - 70.55e9 B of room for 1.34e9 B each.
    assert says(result, "at most 1 sequence of 4,096 tokens")


def test_resellers_count_only_with_the_toggle(answer):
    # A reseller undercuts the hosts of Kimi K2.5 in the catalogue.
    scenario = replace(DEFAULT, model="kimi-k2.5")
    for without, with_them in zip(
        answer(scenario).shapes, answer(replace(scenario, resellers=True)).shapes, strict=True
    ):
        assert not without.api.bill.offer.reseller
        assert with_them.api.bill.offer.reseller
        assert with_them.api.bill.usd < without.api.bill.usd
        marks = {bill.offer.api_offer_id: bill.mark for bill in without.api.same_model}
        assert marks[with_them.api.bill.offer.api_offer_id] == "reseller"


def test_nothing_is_left_out_without_a_reason(answer, tables_on):
    for scenario in (DEFAULT, replace(DEFAULT, precision="fp4"), replace(DEFAULT, gpu_price_type="spot")):
        result = answer(scenario)
        assert result.left_out
        assert all(gone.what and len(gone.why) > 10 for gone in result.left_out)
        # Every GPU is ranked, tried or left out.
        ranked = {one.row.candidate.gpu.name for shape in result.shapes for one in shape.ranking}
        names = {gpu.name for gpu in tables_on(TODAY).gpus.values()}
        assert {gone.what for gone in result.left_out} | ranked <= names


def test_offers_with_too_short_a_context_are_left_out_with_both_numbers(answer):
    result = answer(replace(DEFAULT, prompt_a=60_000, completion_a=100))
    assert result.shapes[0].api.left_out
    assert all(
        gone.why.startswith("takes at most ") and gone.why.endswith("the request has 60,100")
        for gone in result.shapes[0].api.left_out
    )


def test_what_cannot_be_answered_is_never_priced_at_zero(answer):
    for changes in (
        {"model": "llama-3.1-405b", "precision": "fp16", "gpu": "l4", "gpus": 1},
        {"model": "mimo-v2-flash"},
        {"gpu": "a100-80-sxm", "precision": "fp8"},
        {"ttft": 0.001, "tpot": 0.0001},
        {"api": "openai/gpt-3.5-turbo-0301"},
        {"prompt_a": 1_000_000},
    ):
        assert no_zero_dollars(answer(replace(DEFAULT, **changes)))


# Cost against volume


VOLUME_CASES = [
    pytest.param(replace(ARTICLE, batch=16, prompt_a=3584), id="article-prompt-heavy"),
    pytest.param(replace(DEFAULT, api="openai/gpt-4o"), id="today-gpt-4o"),
    pytest.param(replace(DEFAULT, api="openai/gpt-4o", overhead_month=20_000), id="fixed-overhead"),
    pytest.param(replace(FOUR_H100, api="openai/gpt-4o", overhead_percent=40), id="share-of-overhead"),
    pytest.param(replace(FOUR_H100, api="openai/gpt-4o-mini"), id="cheap-api"),
    pytest.param(DEFAULT, id="never-pays"),
]


def fleets_at(scenario, shape, load):
    """Replicas and bill of each deployment at any loads, from first principles: none busier than planned."""
    rows = [one.row for one in shape.ranking] or [shape.host]
    best = min(row.candidate.standing for row in rows)
    rows = [row for row in rows if row.candidate.standing == best]
    more = 1 + scenario.overhead_percent / 100
    rent = [730 * more * row.candidate.n_gpus * row.candidate.price.usd_per_gpu_hour for row in rows]
    work = np.array([row.prefill_s + row.decode_s for row in rows])
    replicas = np.ceil(load[:, None] * work / scenario.utilisation * (1 - 1e-12))
    return replicas, replicas * np.array(rent) + scenario.overhead_month


def bills_at(scenario, shape, load):
    """Both bills of a month at any loads: whole replicas of the cheapest deployment."""
    replicas, usd = fleets_at(scenario, shape, load)
    each, least = np.arange(load.size), usd.argmin(axis=1)
    return replicas[each, least], usd[each, least], load * 2_628_000 * shape.api.bill.usd


def step_of(scenario, shape):
    """Load that one replica of the chosen deployment carries."""
    return scenario.utilisation / shape.host.replica_s


@pytest.mark.parametrize("scenario", VOLUME_CASES)
def test_self_hosting_is_never_dearer_beyond_its_volume_and_dearer_just_below(answer, scenario):
    for shape in answer(scenario).shapes:
        step, always = step_of(scenario, shape), shape.never_dearer
        if math.isinf(always):
            _, host, api = bills_at(scenario, shape, np.arange(1, 2000) * step)
            assert (host >= api * (1 - 1e-9)).all()  # not even full replicas pay
            continue
        near, far = np.linspace(0, 50 * step, 5001), step * 2.0 ** np.arange(20)
        _, host, api = bills_at(scenario, shape, always * (1 + 1e-9) + np.concatenate([near, far]))
        assert (host <= api * (1 + 1e-9)).all()
        _, host, api = bills_at(scenario, shape, np.array([always * (1 - 1e-6)]))
        assert (host > api).all()


@pytest.mark.parametrize("scenario", VOLUME_CASES)
def test_self_hosting_first_pays_where_its_rent_meets_the_apis_bill(answer, scenario):
    for shape in answer(scenario).shapes:
        step, first = step_of(scenario, shape), shape.first_paying
        if math.isinf(first):
            _, host, api = bills_at(scenario, shape, np.linspace(step / 1000, 20 * step, 2000))
            assert (host > api * (1 - 1e-9)).all()
            continue
        assert first <= shape.never_dearer
        _, host, api = bills_at(scenario, shape, np.linspace(first / 1000, first * (1 - 1e-6), 1000))
        assert (host > api).all()
        _, host, api = bills_at(scenario, shape, np.array([first * (1 + 1e-6)]))
        assert (host < api).all()


@pytest.mark.parametrize("scenario", VOLUME_CASES)
def test_the_staircase_has_whole_replicas_and_rises_with_the_load(answer, scenario):
    for shape in answer(scenario).shapes:
        volume = shape.volume
        assert len(volume.requests) == VOLUME_POINTS
        _, host, api = bills_at(scenario, shape, volume.requests)
        assert (volume.replicas == np.floor(volume.replicas)).all()
        assert volume.replicas[0] >= 1
        assert (np.diff(volume.host_usd) >= 0).all()
        every, usd = fleets_at(scenario, shape, volume.requests)
        # Two replicas of one GPU may cost what one of two does.
        least = np.isclose(usd, usd.min(axis=1, keepdims=True), rtol=1e-9, atol=0)
        assert (least & (every == volume.replicas[:, None])).any(axis=1).all()
        assert volume.host_usd == pytest.approx(host)
        assert volume.api_usd == pytest.approx(api)
        own = scenario.load.per_s
        assert volume.requests[-1] >= own
        assert shape.at_load.replicas == math.ceil(own * shape.host.replica_s / scenario.utilisation)
        assert 0 < shape.at_load.busy <= scenario.utilisation * (1 + 1e-9)


def test_break_even_busy_share_is_where_both_cost_the_same(answer):
    # So much load that no replica is idle beyond what is planned.
    scenario = replace(FOUR_H100, api="openai/gpt-4o", requests=1e6)
    busy = answer(scenario).shapes[1].break_even_busy
    assert LIMITS["utilisation"].low < busy < 1
    # No target is set and the batch is fixed, so the busy share changes the number of replicas alone.
    assert answer(replace(scenario, utilisation=busy)).shapes[1].ratio == pytest.approx(1, rel=1e-4)


def test_how_busy_the_best_gpus_must_be_does_not_hang_on_the_load(answer):
    # At a request a month the cheapest GPU is chosen, at a thousand a second the quickest for its rent.
    shares = {
        shape.break_even_busy
        for load in (1e-6, 1.0, 1000.0)
        for shape in answer(replace(DEFAULT, requests=load)).shapes[:1]
    }
    assert len(shares) == 1


def test_a_month_has_730_hours():
    # 365·24/12, as cloud price lists count.
    assert replace(DEFAULT, requests=730 * 3600, per="month").load.per_s == pytest.approx(1.0)
    assert replace(DEFAULT, requests=1.0, per="second").load.per_s == 1.0


# The map


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(replace(ARTICLE, batch=16), id="article"),
        pytest.param(replace(FOUR_H100, api="openai/gpt-4o", batch=None, tpot=0.05), id="four-h100"),
    ],
)
def test_a_cell_of_the_map_is_the_answer_at_that_shape(answer, scenario):
    drawn = answer(scenario).map
    for row, column in ((0, 0), (8, 12), (12, 8), (18, 6), (3, 16)):
        prompt, completion = MAP_PROMPTS[column], MAP_COMPLETIONS[row]
        if prompt != int(prompt) or completion != int(completion):
            continue
        shape = answer(replace(scenario, prompt_a=int(prompt), completion_a=int(completion))).shapes[0]
        if shape.api.bill is None or not shape.host or not shape.host.holds or shape.host_reason:
            assert np.isnan(drawn.host_over_api[row, column])
        else:
            assert drawn.host_usd[row, column] == pytest.approx(shape.at_load.host_usd)
            assert drawn.api_usd[row, column] == pytest.approx(shape.at_load.api_usd)
            assert drawn.host_over_api[row, column] == pytest.approx(1 / shape.ratio)


def test_the_cheapest_deployment_of_the_map_is_that_of_the_answer(answer):
    drawn = answer(DEFAULT).map
    cells = [(2 * i, 2 * j) for i, j in ((2, 6), (4, 4), (6, 2), (8, 8), (10, 1))]
    for row, column in cells:
        changes = {"prompt_a": int(MAP_PROMPTS[column]), "completion_a": int(MAP_COMPLETIONS[row])}
        shape = answer(replace(DEFAULT, **changes)).shapes[0]
        assert drawn.host_usd[row, column] == pytest.approx(shape.at_load.host_usd)


def test_the_map_is_blank_where_the_answer_has_no_deployment_and_nowhere_else(answer):
    # No measured deployment is that fast: only some that nobody measured are left.
    asked = replace(DEFAULT, model="llama-3.1-405b", tpot=0.016, ttft=0.5)
    drawn = answer(asked).map
    unmeasured = 0
    for row in range(2, 29, 6):
        for column in range(4, 27, 6):
            lengths = {"prompt_a": int(MAP_PROMPTS[column]), "completion_a": int(MAP_COMPLETIONS[row])}
            host = answer(replace(asked, **lengths)).shapes[0].host
            holds = host is not None and host.holds
            assert np.isfinite(drawn.host_usd[row, column]) == holds, lengths
            unmeasured += holds and not host.candidate.profile.measured
    assert unmeasured  # Otherwise the rule of the ranking was not needed.


def test_the_map_is_empty_beyond_the_context(answer):
    drawn = answer(replace(ARTICLE, batch=1)).map
    total = drawn.prompt_tokens[None, :] + drawn.completion_tokens[:, None]
    assert np.isnan(drawn.host_over_api[total > 4096]).all()
    assert np.isfinite(drawn.host_over_api[total <= 4096]).all()


def test_an_offer_free_of_charge_leaves_nothing_to_compare(answer):
    # The catalogue lists it at 0 and flags it: a free tier, or a price that is missing.
    result = answer(replace(DEFAULT, api="google/gemma-3-27b-it", prompt_a=1000, completion_a=200))
    shape = result.shapes[0]
    assert shape.api.bill.usd == 0
    assert shape.api.bill.offer.flag
    assert shape.ratio is None
    assert shape.volume is None
    assert np.isnan(result.map.host_over_api).all()


def test_the_map_does_not_take_offers_that_are_marked(answer):
    result = answer(DEFAULT)
    marked = [bill for bill in result.shapes[0].api.same_model if bill.mark]
    assert marked  # Otherwise the next line tests nothing.
    row, column = 8, 12
    shape = replace(DEFAULT, prompt_a=int(MAP_PROMPTS[column]), completion_a=int(MAP_COMPLETIONS[row]))
    assert result.map.api_usd[row, column] == pytest.approx(answer(shape).shapes[0].at_load.api_usd)


# The batch curve


def test_the_batch_curve_passes_through_the_answer(answer):
    scenario = replace(ARTICLE, batch=16)
    shape = answer(scenario).shapes[0]
    at = list(shape.curve.batch).index(16.0)
    assert shape.curve.prompt_usd_per_token[at] * 512 == pytest.approx(shape.host.prompt_usd)
    assert shape.curve.completion_usd_per_token[at] * 512 == pytest.approx(shape.host.completion_usd)
    assert shape.curve.ttft_s[at] == pytest.approx(shape.host.ttft_s)
    assert (np.diff(shape.curve.completion_usd_per_token) < 0).all()
    # 65 sequences fit: 64 does, 128 does not.
    fits = dict(zip(shape.curve.batch, shape.curve.fits, strict=True))
    assert (fits[64.0], fits[128.0]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 4}, "set by hand"),
        ({"batch": None}, "full memory"),
        ({"batch": None, "tpot": 0.02}, "TPOT target"),
        ({"batch": None, "mode": "static", "ttft": 2.0, "prompt_a": 4000}, "TTFT target"),
        ({"batch": None, "gpus": 8, "prompt_a": 16, "completion_a": 16}, "1,024 sequences"),
    ],
)
def test_what_stops_a_larger_batch_is_named(answer, changes, words):
    scenario = replace(FOUR_H100, prompt_a=512, completion_a=512, batch=None)
    assert words in answer(replace(scenario, **changes)).shapes[0].stops_next


# The tables of a day


def test_offers_of_a_model_are_found_by_their_key_alone(tables_on):
    tables = tables_on(TODAY)
    for model in ("llama-3.3-70b", "falcon-7b", None):
        wanted = [offer for offer in tables.api_offers if offer.model_id == model]
        assert tables.api_offers_by_model.get(model, []) == wanted


def answer_at(tables, scenario):
    return compare(scenario, tables).map


def test_deployments_and_the_map_are_found_once_for_each_question_and_not_shared_between_tables(tables_on):
    tables = tables_on(TODAY)
    assert candidates_on(tables, FOUR_H100) is candidates_on(
        tables, replace(FOUR_H100, prompt_a=7, usable=0.5)
    )
    for changes in ({"gpus": 2}, {"precision": "fp16"}, {"overhead_percent": 10.0}, {"gpu": "cheapest"}):
        other = candidates_on(tables, replace(FOUR_H100, **changes)).candidates
        assert other != candidates_on(tables, FOUR_H100).candidates
    once = answer_at(tables, FOUR_H100)
    assert answer_at(tables, replace(FOUR_H100, prompt_a=7, currency="EUR", rate=0.9)) is once
    for changes in (
        {"tpot": 0.02},
        {"usable": 0.8},
        {"kv_precision": "fp8"},
        {"overhead_percent": 10.0},
        {"requests": 9.0},
        {"per": "once"},
    ):
        assert answer_at(tables, replace(FOUR_H100, **changes)) is not once
    without_prices = replace(tables, gpu_offers=[])
    assert candidates_on(without_prices, FOUR_H100).candidates == ()


# Anything a link may ask


def test_cached_tokens_make_neither_side_dearer(answer):
    scenario = replace(FOUR_H100, api="openai/gpt-4o", prompt_a=4000)
    plain, cached = answer(scenario).shapes[0], answer(replace(scenario, cached_a=3000)).shapes[0]
    assert cached.host.prompt_usd < plain.host.prompt_usd
    assert cached.api.bill.prompt_usd < plain.api.bill.prompt_usd
    assert cached.api.bill.completion_usd == plain.api.bill.completion_usd


def test_overhead_is_added_to_the_rent(answer):
    plain, more = answer(FOUR_H100).shapes[0], answer(replace(FOUR_H100, overhead_percent=25)).shapes[0]
    assert more.at_load.host_usd == pytest.approx(1.25 * plain.at_load.host_usd)
    fixed = answer(replace(FOUR_H100, overhead_month=1000)).shapes[0]
    assert fixed.at_load.host_usd == pytest.approx(plain.at_load.host_usd + 1000)
    # Of a job it counts for the day that it may take: 1000 x 24 / 730.
    job = replace(FOUR_H100, per="once", requests=1e5)
    plain, fixed = (answer(replace(job, overhead_month=usd)).shapes[0].at_load for usd in (0, 1000))
    assert fixed.host_usd == pytest.approx(plain.host_usd + 1000 * 24 / 730)


FAST = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DAYS = [ARTICLE_DAY, date(2024, 6, 1), date(2025, 6, 1), TODAY]


def choice(name: str):
    return st.sampled_from(LIMITS[name].choices)


def whole(name: str, top: int | None = None):
    limit = LIMITS[name]
    return st.integers(int(limit.low), int(limit.high if top is None else top))


def amount(name: str):
    limit = LIMITS[name]
    return st.floats(limit.low, limit.high, allow_nan=False)


@st.composite
def scenarios(draw, tables_on, day=None):
    """Any scenario that is valid, with ids that exist on some day."""
    day = draw(st.sampled_from(DAYS)) if day is None else day
    tables = tables_on(day)
    apis = [offer.api_offer_id for offer in tables.api_offers]
    gpu_offers = [offer.gpu_offer_id for offer in tables.gpu_offers]
    engines = sorted({row.engine for row in tables.efficiencies})
    tokens = st.one_of(st.integers(1, 8192), whole("prompt_a"))
    prompts = {f"prompt_{letter}": draw(tokens) for letter in "ab"}
    cached = {f"cached_{letter}": draw(st.integers(0, prompts[f"prompt_{letter}"] - 1)) for letter in "ab"}
    values = {
        "as_of": day,
        "model": draw(st.sampled_from(sorted(tables.models))),
        "api": draw(st.one_of(st.just("cheapest"), st.sampled_from(apis))),
        "resellers": draw(st.booleans()),
        "gpu": draw(st.one_of(st.just("cheapest"), st.sampled_from(sorted(tables.gpus)))),
        "gpus": draw(st.one_of(st.sampled_from([1, 2, 4, 8]), whole("gpus"))),
        "gpu_price_type": draw(st.one_of(st.just("on-demand"), choice("gpu_price_type"))),
        "gpu_offer": draw(
            st.one_of(st.sampled_from(["median", "cheapest", "dearest"]), st.sampled_from(gpu_offers))
        ),
        "engine": draw(st.sampled_from(["auto", *engines])),
        "completion_a": draw(tokens),
        "completion_b": draw(tokens),
        "batch": draw(st.one_of(st.none(), whole("batch"))),
        "ttft": draw(st.one_of(st.none(), amount("ttft"))),
        "tpot": draw(st.one_of(st.none(), amount("tpot"))),
        **prompts,
        **cached,
        **{
            name: draw(choice(name))
            for name in ("precision", "kv_precision", "mode", "layout", "per", "currency")
        },
        **{
            name: draw(amount(name))
            for name in (
                *("requests", "finish_hours", "startup_minutes", "utilisation", "usable", "rate"),
                *("overhead_percent", "overhead_month"),
            )
        },
    }
    assert set(values) == {field.name for field in fields(Scenario)}
    return Scenario(**values)


@FAST
@given(data=st.data())
def test_no_valid_scenario_raises_and_nothing_is_priced_at_zero(tables_on, data):
    scenario = data.draw(scenarios(tables_on))
    result = compare(scenario, tables_on(scenario.as_of))
    assert no_zero_dollars(result)
    for shape in result.shapes:
        if shape.host is None:
            assert shape.host_reason or result.problems
            assert shape.ratio is None
        else:
            assert shape.host.usd_low <= shape.host.usd <= shape.host.usd_high
        if shape.api.bill is None:
            assert shape.ratio is None
        elif shape.ratio is not None:
            assert shape.ratio > 0
            own = shape.at_load
            assert own.host_usd_low <= own.host_usd * (1 + 1e-9) <= own.host_usd_high * (1 + 2e-9)
            level = own.api_usd * LEVEL_SHARE >= own.host_usd_low
            level &= own.api_usd <= LEVEL_SHARE * own.host_usd_high
            assert shape.within_range is level
            # Only a job whose replicas start at once and cost nothing besides pays from the first request.
            assert shape.first_paying > 0 or (scenario.per == "once" and scenario.startup_minutes < 1e-3)
            assert shape.first_paying <= shape.never_dearer


@st.composite
def plausible(draw, tables_on):
    """Scenarios of today that some deployment usually can serve."""
    tokens = st.integers(1, 8192)
    return replace(
        draw(scenarios(tables_on, day=TODAY)),
        model=draw(st.sampled_from(["llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-v3"])),
        gpu=draw(st.sampled_from(["cheapest", "h100-sxm", "b200-sxm"])),
        gpus=8,
        gpu_price_type="on-demand",
        gpu_offer=draw(st.sampled_from(["median", "cheapest", "dearest"])),
        precision=draw(st.sampled_from(["fp16", "fp8", "int4"])),
        prompt_a=draw(tokens),
        completion_a=draw(tokens),
        cached_a=0,
        prompt_b=draw(tokens),
        completion_b=draw(tokens),
        cached_b=0,
        batch=None,
        ttft=draw(st.one_of(st.none(), st.floats(0.05, 10))),
        tpot=draw(st.one_of(st.none(), st.floats(0.005, 0.2))),
        usable=draw(st.floats(0.6, 1)),
    )


def cheapest(result) -> list[float]:
    """Bill of the cheapest deployment that holds the targets, infinite where there is none."""
    return [shape.ranking[0].usd if shape.ranking else math.inf for shape in result.shapes]


def no_dearer(one, other) -> bool:
    return all(a <= b * (1 + 1e-9) for a, b in zip(one, other, strict=True))


@settings(FAST, max_examples=25)
@given(data=st.data(), factor=st.floats(0.1, 1))
def test_cheaper_gpus_never_make_self_hosting_dearer(tables_on, data, factor):
    scenario = data.draw(plausible(tables_on))
    tables = tables_on(TODAY)
    lucky = data.draw(st.sampled_from(sorted({offer.provider for offer in tables.gpu_offers})))
    cut = [
        replace(offer, usd_per_gpu_hour=offer.usd_per_gpu_hour * (factor if offer.provider == lucky else 1))
        for offer in tables.gpu_offers
    ]
    before, after = compare(scenario, tables), compare(scenario, replace(tables, gpu_offers=cut))
    assert no_dearer(cheapest(after), cheapest(before))


@settings(FAST, max_examples=25)
@given(data=st.data(), looser=st.floats(1, 100))
def test_looser_targets_never_make_self_hosting_dearer(tables_on, data, looser):
    scenario = data.draw(plausible(tables_on))
    targets = {name: getattr(scenario, name) for name in ("ttft", "tpot")}
    more = {
        name: None if value is None else min(value * looser, LIMITS[name].high)
        for name, value in targets.items()
    }
    before, after = compare(scenario, tables_on(TODAY)), compare(replace(scenario, **more), tables_on(TODAY))
    assert no_dearer(cheapest(after), cheapest(before))


@settings(FAST, max_examples=25)
@given(data=st.data(), busier=st.floats(0, 1))
def test_busier_gpus_never_make_self_hosting_dearer(tables_on, data, busier):
    # Without a target for the TTFT: a busier replica lets prompts wait longer, and may miss one.
    scenario = replace(data.draw(plausible(tables_on)), ttft=None)
    share = scenario.utilisation + busier * (1 - scenario.utilisation)
    before = compare(scenario, tables_on(TODAY))
    after = compare(replace(scenario, utilisation=min(share, 1)), tables_on(TODAY))
    assert no_dearer(cheapest(after), cheapest(before))
