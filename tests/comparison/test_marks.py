"""Which offers count: marked for many shapes at once as for each alone, and by the load that is asked."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.shapes import Marks, answer_of_apis, bills_of, is_doubtful
from breakeven.comparison.answer import compare
from breakeven.comparison.reach import Winner, reach_of
from breakeven.comparison.words import headline
from breakeven.question.parts import Shape
from breakeven.words.names import FRESH_DAYS
from tests.apis.test_shapes import HISTORIC, SHAPE, offer
from tests.builders import DEFAULT, TODAY

quick = settings(deadline=None, max_examples=200)
PROVIDERS = ("a", "b", "c", "a via r", "b via r")
OFFERS = st.lists(
    st.builds(
        lambda provider, usd, context, what: offer(provider, usd, context_tokens=context, **what),
        st.sampled_from(PROVIDERS),
        st.sampled_from([0.1, 0.2, 0.39, 0.4, 0.41, 0.8, 1.0, 3.0]),
        st.sampled_from([None, 500, 5000]),
        st.sampled_from(
            [
                *({}, {}, {}),
                {"deprecated": True},
                {"reseller": True},
                {"flag": "free tier"},
                {"variant": "batch"},
                {"variant": "fast, batch"},
                HISTORIC,
                HISTORIC | {"reseller": True},
            ]
        ),
    ),
    min_size=1,
    max_size=9,
)
SHAPES = st.lists(st.tuples(st.integers(1, 8000), st.integers(1, 800)), min_size=1, max_size=6)


def bills(offers, shapes):
    prompt, completion = (np.array(column, dtype=float) for column in zip(*shapes, strict=True))
    both = bills_of(offers, prompt=prompt, completion=completion, cached=np.zeros_like(prompt))
    return both[0] + both[1]


def by_hand(offers, usd, *, resellers, patient):
    """Which offers of one model count at one shape, offer by offer in plain words."""

    def spoken_against(one):
        late = "batch" in (one.variant or "").split(", ") and not patient
        return one.flag or one.deprecated or late or (one.reseller and not resellers)

    serves = [not math.isnan(one) for one in usd]
    fine = [i for i, one in enumerate(offers) if serves[i] and not spoken_against(one)]
    if any(not is_doubtful(offers[i]) for i in fine):
        fine = [i for i in fine if not is_doubtful(offers[i])]
    gone = set()
    while left := [i for i in fine if i not in gone]:
        lowest = min(left, key=lambda i: (usd[i], i))
        others = [
            usd[i]
            for i, other in enumerate(offers)
            if serves[i]
            and i not in gone
            and not other.flag
            and offers[lowest].provider not in other.provider
        ]
        if not others or usd[lowest] >= 0.5 * min(others):
            break
        gone.add(lowest)
    return {i for i in fine if i not in gone}


@quick
@given(offers=OFFERS, shapes=SHAPES, resellers=st.booleans(), patient=st.booleans())
def test_offers_that_count_are_those_that_are_found_by_hand(offers, shapes, resellers, patient):
    usd = bills(offers, shapes)
    marks = Marks.of(offers, usd, resellers=resellers, patient=patient)
    for column in range(len(shapes)):
        counted = {i for i in range(len(offers)) if marks.clean[i, column] and not np.isnan(usd[i, column])}
        assert counted == by_hand(offers, usd[:, column], resellers=resellers, patient=patient)
        # A mark in words is what keeps an offer from counting.
        assert [mark is None for mark in marks.at(column)] == marks.clean[:, column].tolist()


@quick
@given(offers=OFFERS, shapes=SHAPES, resellers=st.booleans(), patient=st.booleans())
def test_many_shapes_at_once_are_marked_as_each_alone(offers, shapes, resellers, patient):
    usd = bills(offers, shapes)
    together = Marks.of(offers, usd, resellers=resellers, patient=patient)
    for column in range(len(shapes)):
        alone = Marks.of(offers, usd[:, [column]], resellers=resellers, patient=patient)
        assert together.at(column) == alone.at(0)


def test_the_offers_of_every_model_are_marked_alike_together_and_apart(tables_on):
    tables = tables_on(TODAY)
    shapes = [(16, 1), (300, 200), (4000, 16), (64, 4096), (60_000, 500), (131_072, 16_384)]
    some = 0
    for model, offers in tables.api_offers_by_model.items():
        if model is None:
            continue
        usd = bills(offers, shapes)
        for patient in (False, True):
            together = Marks.of(offers, usd, resellers=False, patient=patient)
            for column, (prompt, completion) in enumerate(shapes):
                answer = answer_of_apis(
                    offers,
                    Shape(prompt_tokens=prompt, completion_tokens=completion),
                    resellers=False,
                    chosen=None,
                    named=False,
                    patient=patient,
                )
                marks = dict(zip([one.api_offer_id for one in offers], together.at(column), strict=True))
                for bill in answer.same_model:
                    assert bill.mark == marks[bill.offer.api_offer_id]
                some += len(answer.same_model)
    assert some > 3000


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"deprecated": True}, "being retired by the provider"),
        ({"flag": "a free tier"}, "a free tier"),
        ({"reseller": True}, "reseller"),
        ({"variant": "batch"}, "batch processing: the answer may take hours"),
        (HISTORIC, "only in an older catalogue, which may lag"),
    ],
)
def test_what_is_spoken_against_is_not_taken_and_its_neighbour_is(odd, why):
    cheap, next_, other = offer("a", 0.8, **odd), offer("b", 1.0), offer("c", 1.2)
    answer = answer_of_apis([cheap, next_, other], SHAPE, resellers=False, chosen=None, named=False)
    assert answer.bill.offer is next_
    assert {bill.offer.provider: bill.mark for bill in answer.same_model} == {"a": why, "b": None, "c": None}
    plain = answer_of_apis([offer("a", 0.8), next_, other], SHAPE, resellers=False, chosen=None, named=False)
    assert plain.bill.offer.provider == "a"


def test_answers_that_may_take_hours_count_where_the_load_is_a_job(tables_on):
    later, now = offer("a", 0.8, variant="batch"), offer("b", 1.0)
    for patient, wanted in ((False, now), (True, later)):
        answer = answer_of_apis(
            [later, now], SHAPE, resellers=False, chosen=None, named=False, patient=patient
        )
        assert answer.bill.offer is wanted
    # On real offers too: none that answers later is in a verdict of so many requests a second.
    tables = tables_on(TODAY)
    offers = [one for one in tables.api_offers if "batch" in (one.variant or "").split(", ") and one.model_id]
    assert offers
    for one in offers[:3]:
        asked = replace(DEFAULT, model=one.model_id, precision="fp16", ttft=None, tpot=None, prompt_a=300)
        for per, counts in (("second", False), ("once", True)):
            shape = compare(replace(asked, per=per), tables).shapes[0]
            marks = {bill.offer.api_offer_id: bill.mark for bill in shape.api.same_model}
            assert ("batch" in (marks[one.api_offer_id] or "")) is not counts


# What a verdict rests on


@pytest.fixture
def asked(tables_on):
    """An answer whose model has several hosts, with its tables."""
    scenario = replace(DEFAULT, prompt_a=300, completion_a=200, requests=0.1)
    tables = tables_on(TODAY)
    return compare(scenario, tables).shapes[0], tables


def reach(shape, tables, *, day=TODAY, named=False):
    return reach_of(shape.api, shape.at_load, shape.host, tables, named=named, day=day)


def test_hosts_that_agree_are_counted_and_one_that_is_named_stands_alone(asked):
    shape, tables = asked
    clean = [bill for bill in shape.api.same_model if bill.mark is None]
    assert len(clean) > 3
    all_of_them = reach(shape, tables)
    assert (all_of_them.winner, all_of_them.hosts) == (Winner.API, len(clean))
    # A bill that only the two cheapest undercut.
    month = shape.at_load.requests
    usd = (clean[1].usd + clean[2].usd) / 2 * month * 1.3
    own = replace(shape.at_load, host_usd=usd, host_usd_low=usd, host_usd_high=usd)
    some = reach(replace(shape, at_load=own), tables)
    assert some.holding == sum(bill.usd * month * 1.05 < usd for bill in clean)
    assert some.median_ratio == pytest.approx(shape.api.median_usd * month / usd)
    alone = reach(shape, tables, named=True)
    assert (alone.hosts, alone.holding, alone.median_ratio) == (1, 1, None)


def test_an_old_price_decides_only_where_no_fresh_one_says_the_same(asked):
    shape, tables = asked
    cheapest, *others = [bill for bill in shape.api.same_model if bill.mark is None]
    source = tables.sources[cheapest.offer.source_id]
    assert reach(shape, tables).rests_on is None
    late = date_after(source.accessed, FRESH_DAYS)
    assert reach(shape, tables, day=late).rests_on is None
    old = reach(shape, tables, day=date_after(source.accessed, FRESH_DAYS + 1))
    assert old.rests_on == f"the API's price of {source.accessed} still holds"
    # The same verdict from a list that was read since.
    fresh = replace(source, source_id="fresh", accessed=late)
    bill = replace(others[0], offer=replace(others[0].offer, source_id="fresh"))
    api = replace(shape.api, same_model=(cheapest, bill))
    newer = replace(tables, sources={**tables.sources, "fresh": fresh})
    assert reach(replace(shape, api=api), newer, day=late).rests_on is None
    assert reach(replace(shape, api=api), newer, day=date_after(late, 1)).rests_on is None


def date_after(day, days):
    return day.fromordinal(day.toordinal() + days)


def test_a_price_that_no_other_host_comes_near_decides_nothing(asked):
    shape, tables = asked
    cheapest, second, *_ = [bill for bill in shape.api.same_model if bill.mark is None]
    month = shape.at_load.requests
    # Between the cheapest host and the next: the cheapest alone makes the API win.
    usd = month * math.sqrt(cheapest.usd * second.usd)
    own = replace(shape.at_load, host_usd=usd, host_usd_low=usd, host_usd_high=usd)
    found = reach(replace(shape, at_load=own), tables)
    assert (found.winner, found.holding) == (Winner.API, 1)
    assert found.rests_on == f"{cheapest.offer.provider}'s price holds, which no other host comes near"


@pytest.mark.parametrize("day", ["2026-11-21", "2027-03-01", "2027-09-01"])
@pytest.mark.parametrize("load", [1e-6, 0.1, 40.0, 1000.0])
def test_a_verdict_far_ahead_is_never_called_about_as_cheap(tables_on, day, load):
    asked = replace(DEFAULT, as_of=TODAY.fromisoformat(day), prompt_a=300, completion_a=200, requests=load)
    for shape in compare(asked, tables_on(asked.as_of)).shapes:
        if shape.ratio is not None and not 1 / 2.5 < shape.ratio < 2.5 and not shape.within_range:
            assert headline(shape, asked).startswith(("The API is ", "Self-hosting is "))
