"""Every stored verdict follows from the recomputed value, and the values are the published ones."""

import inspect
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.question.pages.articles import DOCUMENTS, OPEN, REPRODUCES, ROUNDS, WRONG
from breakeven.tables import queries
from breakeven.tables.records import Claim
from breakeven.views.articles import conclusions
from breakeven.views.articles.documents import parts_of
from breakeven.views.articles.facts import CannotRecompute, read_facts
from breakeven.views.articles.judge import amount, factor, judge, verdict_of, verdict_text
from breakeven.views.articles.registry import REGISTRY, pairs, recompute
from tests.builders import TODAY

KEYS_OF_ROWS = {
    *("model", "gpu", "offer", "api", "dear", "cheap", "embedding", "row", "few", "many", "column"),
    *("provider", "precision"),
}
"""Inputs that name a row of a table."""


def test_every_stored_verdict_follows_from_the_recomputed_value(judged):
    assert [(key, one.verdict) for key, one in judged.items() if one.verdict != one.claim.verdict] == []


def test_every_claim_that_names_a_recomputation_is_recomputed(judged):
    assert [(key, one.reason) for key, one in judged.items() if one.reason] == []
    assert all((one.value is None) == (one.claim.expression is None) for one in judged.values())


def test_every_recomputation_is_used(judged):
    used = {one.claim.expression for one in judged.values() if one.claim.expression}
    assert set(REGISTRY) == used


# formulas.md's sources: the figure as the article or the recomputation by hand has it; the tolerance is
# half a step of its last digit.
@pytest.mark.parametrize(
    ("claim_id", "value", "rel"),
    [
        pytest.param("sanger-kv-bytes", 327_680, 0, id="2 x 80 layers x 8 heads x 128 x 2 B"),
        pytest.param("sanger-ridge", 156, 0, id="312e12 / 2e12"),
        pytest.param("sanger-prompt-rate", 2857, 0.001, id="2 x 200e12 / 140e9"),
        pytest.param("sanger-prompt-price", 0.00043, 0.01, id="4.42 / 3600 / 2857 x 1000"),
        pytest.param("sanger-decode-rate", 18.57, 0.001, id="2 x 1.3e12 / 140e9"),
        pytest.param("sanger-decode-price", 0.0661, 0.001, id="4.42 / 3600 / 18.57 x 1000"),
        pytest.param("sanger-ttft-64-512", 2.867, 0.0005, id="32,768 x 140e9 / 1.6e15"),
        pytest.param("sanger-ttft-64-3596", 20.14, 0.0005, id="230,144 x 140e9 / 1.6e15"),
        pytest.param("sanger-attention-8192", 21.5, 0.005, id="4 x 8192 x 80 x 8192"),
        pytest.param("shrott-gpt4-bill", 168_000, 0, id="4e6 x (0.03 + 0.2 x 0.06)"),
        pytest.param("shrott-gpt35", 7_600, 0, id="4e6 x (0.0015 + 0.2 x 0.002)"),
        pytest.param("shrott-examples", 84, 0, id="2,000 x 0.042"),
        pytest.param("shrott-total", 189.58, 0, id="84 + 6.60 + 98.98"),
        pytest.param("shrott-gpt4-saving", 167_810.42, 0, id="168,000 - 189.58"),
        pytest.param("shrott-gpt35-saving", 7_410.42, 0, id="7,600 - 189.58"),
        pytest.param("cost-gpt3", 1_059_115, 1e-6, id="6 x 175e9 x 500e9 / 312e12 / 3600 x 2.2659"),
        pytest.param("cost-gpt4-ratio", 267.4, 0.0002, id="1.8e12 x 13e12 / (175e9 x 500e9)"),
        pytest.param("cost-gpt4-full", 283.2, 0.0002, id="million dollars"),
        pytest.param("cost-gpt4", 141.6, 0.0002, id="half of it"),
        pytest.param("cost-usd", 0.018, 0.005, id="2 x 8.222e11 x 1000 / 1e14 x 3.93 / 3600"),
        pytest.param("numbers-kv-13b", 0.8192, 0, id="2 x 40 x 5120 x 2 B"),
        pytest.param("numbers-train-13b", 0.946, 0.001, id="135,168 h x 1.4 x 5"),
        pytest.param("numbers-own-embedding", 10.8, 0.001, id="0.0004 / (1.2 / 3600 / 9000 x 1000)"),
    ],
)
def test_recomputed_value_is_the_one_worked_out_by_hand(judged, claim_id, value, rel):
    assert judged[claim_id].value == pytest.approx(value, rel=rel or 1e-12)


@pytest.mark.parametrize(
    ("claim_id", "times_too_high"),
    [
        # 1. Units and the architecture.
        ("sanger-flop-per-token-text", 1000),
        ("sanger-kv-bytes-text", 320e6 / 327_680),
        ("sanger-hidden", 0.5),
        ("sanger-mha-heads", 2),
        ("sanger-eight-memory", 2),
        ("sanger-attention-8192", 10.5e9 / (4 * 8192 * 80 * 8192)),
        # 2. Bytes of a step, not of a token: the batch.
        ("sanger-bytes-per-token", 8),
        # 3. The appendix: 3015 for 3.015; 1.5 TB/s for 2.
        ("sanger-appendix-ttft", 1000),
        ("sanger-appendix-share-2", 2 / 1.5),
        ("sanger-appendix-bandwidth-name", 1.341 * 2 * 0.084 / 0.140),
        # 6. The inference formula.
        ("cost-usd", 3600 / (2 * 3.93**2)),
        ("cost-per-watt", 400),
        ("cost-params", 822.2 / 1776),
        ("cost-cards", 1 / 8),
        ("cost-batch", 1 / 8),
        ("cost-rent-inverted", 1 / 4),
        ("cost-gpt4-active", 145 / 22.03),
        # 7. GPT-4.
        ("cost-gpt4-ratio", 280 / 267.43),
        ("cost-gpt4-full", 145 / 283.24),
        # 8. The rules of thumb.
        ("numbers-gpt4-8k", 2),
        ("numbers-train-cluster", 1e6 / (2048 * 21 * 24 * 5)),
        ("numbers-a-own-embedding", 10 * 10.8),
        ("numbers-kv-output", 512e6 / (1024 * 819_200)),
    ],
)
def test_listed_error_is_wrong_by_the_computed_factor(judged, claim_id, times_too_high):
    assert judged[claim_id].verdict == WRONG
    assert factor(judged[claim_id]) == pytest.approx(times_too_high, rel=0.002)


@pytest.mark.parametrize(
    "claim_id",
    [
        *("sanger-batch-64-rows", "sanger-generation-zh", "sanger-fig2-zh", "shrott-gpt4-bill"),
        *("shrott-gpt35-bill", "cost-mfu", "cost-factor", "numbers-b-shakespeare", "numbers-b-tuned"),
    ],
)
def test_further_listed_error_is_wrong(judged, claim_id):
    assert judged[claim_id].verdict == WRONG


def test_savings_printed_as_bills_are_named_as_savings(judged):
    assert "saving" in judged["shrott-gpt4-bill"].claim.explanation
    assert verdict_text(judged["shrott-gpt4-bill"]) == "✗ wrong: $190 too low"
    assert verdict_text(judged["shrott-gpt35-bill"]) == "✗ wrong: $189.58 too low"


OTHER_NOTATION = {
    *("sanger-kv-elements", "sanger-prompt-rate", "sanger-kv-bytes"),  # an exponent, kB for B
    *("sanger-usable-bytes", "numbers-b-shakespeare"),  # the middle of a range
    *("sanger-near-bandwidth", "sanger-batch-64-rows", "cost-turbo", "cost-split", "shrott-petals"),  # words
    *("sanger-fig1", "shrott-vast-cheapest", "shrott-aws-dearer", "numbers-five-of-ten"),  # words
    *("shrott-pairs", "cost-gpt3", "cost-gpt3-tokens", "cost-params", "cost-speed"),  # K, M, powers of ten
}


def test_quote_as_printed_holds_the_number_that_is_judged(judged):
    """Nobody can mistype one of the two unnoticed."""
    differ = set()
    for key, one in judged.items():
        printed = [
            float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", one.claim.quoted)
        ]
        if one.claim.quoted_value is not None and one.claim.quoted_value not in printed:
            differ.add(key)
    assert differ == OTHER_NOTATION


def _claim(**change: object) -> Claim:
    plain = Claim(
        claim_id="x",
        document="sanger",
        section="s",
        claim="c",
        quoted="100",
        quoted_value=100.0,
        unit="s",
        scale=1.0,
        relation="equals",
        last_digit=1.0,
        tolerance=0.05,
        expression="product",
        inputs="a=1 b=1",
        verdict=OPEN,
        explanation="e",
        page=None,
        link=None,
        source_id="s",
        locator="l",
    )
    return replace(plain, **change)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (100.5, REPRODUCES),
        (100.51, ROUNDS),
        (99.5, REPRODUCES),
        (99.49, ROUNDS),
        (105.0, ROUNDS),
        (105.01, WRONG),
        (95.0, ROUNDS),
        (94.99, WRONG),
    ],
)
def test_verdict_changes_at_half_a_printed_step_and_at_the_tolerance(value, verdict):
    assert verdict_of(_claim(), value) == verdict


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        ("at least", 1e9, REPRODUCES),
        ("at least", 95.0, ROUNDS),
        ("at least", 94.9, WRONG),
        ("at most", 0.0, REPRODUCES),
        ("at most", 105.0, ROUNDS),
        ("at most", 105.1, WRONG),
        ("open", 100.0, OPEN),
    ],
)
def test_bounds_hold_on_their_side_only(relation, value, verdict):
    assert verdict_of(_claim(relation=relation), value) == verdict


@given(
    quoted=st.floats(1e-9, 1e15),
    value=st.floats(0, 1e18),
    step=st.floats(0, 10),
    tolerance=st.floats(0, 0.25),
)
def test_a_looser_tolerance_never_turns_a_claim_wrong(quoted, value, step, tolerance):
    order = [WRONG, ROUNDS, REPRODUCES]
    tight = verdict_of(_claim(quoted_value=quoted, last_digit=step, tolerance=0.0), value)
    loose = verdict_of(_claim(quoted_value=quoted, last_digit=step, tolerance=tolerance), value)
    assert order.index(loose) >= order.index(tight)
    assert verdict_of(_claim(quoted_value=quoted, last_digit=0.0, tolerance=0.0), quoted) == REPRODUCES


def test_words_say_by_how_much_and_to_which_side(judged):
    assert verdict_text(judged["sanger-appendix-ttft"]) == "✗ wrong: 1,000× too high"
    assert verdict_text(judged["sanger-hidden"]) == "✗ wrong: 2× too low"
    assert verdict_text(judged["sanger-layers"]) == "✓ reproduces"
    assert verdict_text(judged["sanger-batch-64-rows"]) == "✗ wrong"  # none at all: no ratio
    assert amount(None, "s") == "–"


@pytest.mark.parametrize(
    ("name", "inputs", "sentence"),
    [
        ("nothing", None, "there is no recomputation 'nothing'"),
        ("product", "a=1", "product needs the input 'b'"),
        ("product", "a=1 b=2 z=3", "product has no input 'z'"),
        ("product", "a=1 b=x", "b must be a float, got 'x'"),
        ("product", "a=1 b", "'b' must be written key=value"),
        ("product", "a=1 a=2 b=1", "'a' is given twice"),
        ("dimension", "model=llama-9 field=hidden", "no model 'llama-9' in the tables"),
        ("dimension", "model=llama-2-7b field=name", "'name' is not one of"),
        ("quotient", "part=1 whole=0", "division by zero"),
        ("rent_per_hour", "offer=none day=2023-07-20 gpus=1", "no GPU offer 'none' on 2023-07-20"),
        ("api_usd_per_1k", "api=openai/gpt-4 day=2023-01-01 prompt_share=1", "no price of 'openai/gpt-4'"),
        ("rent_per_hour", "offer=none day=yesterday gpus=1", "day must be a date, got 'yesterday'"),
    ],
)
def test_bad_expression_or_input_gives_a_sentence(facts, name, inputs, sentence):
    with pytest.raises(CannotRecompute, match=re.escape(sentence)):
        recompute(name, inputs, facts)


def test_claim_whose_row_is_gone_cannot_be_checked_and_says_why(facts):
    one = judge([_claim(expression="dimension", inputs="model=gone field=hidden")], facts)[0]
    assert (one.verdict, one.value) == (OPEN, None)
    assert one.reason == "no model 'gone' in the tables"


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.from_regex(r"[\w./:-]{1,20}", fullmatch=True)
    )
)
def test_inputs_survive_being_written_and_read(inputs):
    assert pairs(" ".join(f"{key}={value}" for key, value in inputs.items())) == inputs


def test_every_claim_belongs_to_a_document_of_the_page(judged):
    shown = {part for key in DOCUMENTS for part in parts_of(key)}
    assert {one.claim.document for one in judged.values()} == shown


def test_tally_counts_every_claim_once(judged):
    numbers = [int(n) for n in re.findall(r"\d+", conclusions.tally(list(judged.values())))]
    assert numbers[0] == sum(numbers[1:]) == len(judged)


def test_every_value_behind_which_stand_tables_changes_with_them(judged, edited):
    other = {one.claim.claim_id: one for one in judge(queries.claims(edited), read_facts(edited, TODAY))}
    unmoved = []
    for key, one in judged.items():
        if one.claim.expression is None:
            continue
        named = KEYS_OF_ROWS & set(pairs(one.claim.inputs))
        rows_only = not inspect.signature(REGISTRY[one.claim.expression]).parameters.keys() - {"facts"}
        if (named or rows_only or one.claim.expression in ("runs_at_batch", "measured_over_bandwidth")) and (
            other[key].value == one.value
        ):
            unmoved.append(key)
    assert unmoved == []


def test_every_other_value_changes_with_the_inputs_that_the_document_states(judged, facts):
    unmoved = []
    for key, one in judged.items():
        inputs = pairs(one.claim.inputs)
        if one.claim.expression is None or KEYS_OF_ROWS & set(inputs) or not inputs:
            continue
        first = next(iter(inputs))
        # A number that leaves no ratio of two equal figures as it was.
        changed = " ".join(
            f"{name}={float(text) * 1.7 if name == first else text}" for name, text in inputs.items()
        )
        if recompute(one.claim.expression, changed, facts) / one.claim.scale == one.value:
            unmoved.append(key)
    # A price per token does not hang on the number of cards or on a compute-bound batch: that is the claim.
    assert unmoved == ["sanger-batch-64-rows", "cost-batch", "cost-cards"]
