"""Links: what is written comes back, and nothing that is read raises."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import get_type_hints
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.question.link import LONGEST_LINK, MOST_PARTS, Decoded, KnownIds, decode, encode
from breakeven.question.scenario import LIMITS, Scenario
from tests.builders import DEFAULT, TODAY

NAMES = [field.name for field in fields(Scenario)]
HINTS = get_type_hints(Scenario)
KNOWN = KnownIds(
    model={"llama-3.3-70b", "llama-2-70b"},
    api={"openai-gpt-5"},
    gpu={"h100-sxm"},
    gpu_offer={"lambda-h100-2026"},
    engine={"vllm"},
)
FULL = dict(parse_qsl(encode(DEFAULT)))

quick = settings(deadline=None, max_examples=150)
anything = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=60)
"""Text with NULs, surrogates, controls, right-to-left marks."""
ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,40}", fullmatch=True) | st.sampled_from(
    ["a b", "a&b=c", "100%", "a+b", "modèle", "模型", "none", "?#/:", "'\"<>"]
)


def values_of(name):
    """Every value that a field may have, from its limits and its type."""
    limit, hint = LIMITS.get(name), str(HINTS[name])
    if limit is None:
        return st.booleans() if "bool" in hint else ids
    if limit.choices:
        return st.sampled_from(limit.choices)
    if name == "as_of":
        return st.dates(date.fromordinal(int(limit.low)), date.fromordinal(int(limit.high)))
    whole = "int" in hint
    some = st.integers(int(limit.low), int(limit.high)) if whole else st.floats(limit.low, limit.high)
    return some | st.none() if "None" in hint else some


@st.composite
def scenarios(draw):
    values = {name: draw(values_of(name)) for name in NAMES}
    for letter in "ab":
        values[f"cached_{letter}"] = draw(st.integers(0, values[f"prompt_{letter}"] - 1))
    return Scenario(**values)


def link(**changes):
    """Write the default scenario's link with some parameters changed, added, or (None) left out."""
    pairs = {**FULL, **changes}
    return urlencode({key: value for key, value in pairs.items() if value is not None})


def the_warning(decoded):
    """Hand out the one sentence there is."""
    assert len(decoded.warnings) == 1, decoded.warnings
    (sentence,) = decoded.warnings
    assert sentence.endswith(".")
    return sentence


# --- there and back ---------------------------------------------------------------------------


@settings(deadline=None, max_examples=80)
@given(scenarios())
def test_a_scenario_comes_back_from_its_link(scenario):
    assert decode(encode(scenario), default=DEFAULT) == Decoded(scenario=scenario, warnings=())


@settings(deadline=None, max_examples=30)
@given(scenarios())
def test_a_scenario_comes_back_from_parameters(scenario):
    parameters = dict(parse_qsl(encode(scenario), keep_blank_values=True))
    assert decode(parameters, default=DEFAULT) == Decoded(scenario=scenario, warnings=())
    lists = {key: [value] for key, value in parameters.items()}
    assert decode(lists, default=DEFAULT) == Decoded(scenario=scenario, warnings=())


def test_every_field_is_written_defaults_too():
    assert [key for key, _ in parse_qsl(encode(DEFAULT))] == ["v", *NAMES]


def test_old_links_keep_their_meaning_when_defaults_change():
    other = replace(DEFAULT, as_of=date(2027, 1, 1), model="llama-2-70b", gpus=8, ttft=None, currency="EUR")
    assert decode(encode(DEFAULT), default=other).scenario == DEFAULT


@pytest.mark.parametrize("before", ["", "?", "https://breakeven.example/?", "  ?"])
def test_a_whole_address_is_read_like_its_query(before):
    scenario = replace(DEFAULT, gpus=8)
    assert decode(before + encode(scenario) + "#top", default=DEFAULT).scenario == scenario


def test_links_with_the_longest_names_stay_short_enough():
    # 100 characters: a third more than the longest id in the tables.
    name = "x" * 100
    scenario = Scenario(
        as_of=TODAY,
        model=name,
        api=name,
        resellers=True,
        gpu=name,
        gpus=64,
        gpu_price_type="marketplace",
        gpu_offer=name,
        engine=name,
        mode="disaggregated",
        prompt_a=2_000_000,
        completion_a=2_000_000,
        cached_a=1_999_999,
        prompt_b=2_000_000,
        completion_b=2_000_000,
        cached_b=1_999_999,
        requests=1 / 3e-5,
        batch=4096,
        ttft=1 / 3,
        tpot=1 / 30,
        utilisation=1 / 3,
        usable=2 / 3,
        rate=1 / 3e-5,
        overhead_percent=1 / 3,
        overhead_month=1 / 3e-5,
    )
    assert len(encode(scenario)) <= LONGEST_LINK == 2_000
    assert decode(encode(scenario), default=DEFAULT).scenario == scenario


# --- one sentence per problem -----------------------------------------------------------------


def test_an_empty_link_is_the_default_without_a_word():
    for empty in ("", "?", {}):
        assert decode(empty, default=DEFAULT) == Decoded(scenario=DEFAULT, warnings=())


def test_a_good_link_is_read_without_a_word():
    assert decode(link(), default=DEFAULT, known=KNOWN).warnings == ()


def test_an_unknown_key_gives_one_sentence_and_the_rest_counts():
    decoded = decode(link(colour="red", gpus="8"), default=DEFAULT)
    assert "'colour'" in the_warning(decoded)
    assert decoded.scenario == replace(DEFAULT, gpus=8)


def test_an_old_link_without_the_fields_of_jobs_is_read_without_a_word():
    old = link(finish_hours=None, startup_minutes=None)
    assert decode(old, default=DEFAULT) == Decoded(scenario=DEFAULT, warnings=())
    # What the reader's own default holds fills them in.
    usual = replace(DEFAULT, finish_hours=12.0, startup_minutes=3.0)
    assert decode(old, default=usual).scenario == usual
    assert decode(old.replace("per=second", "per=month"), default=DEFAULT).warnings == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("finish_hours=0.5", "finish_hours must lie between 1 and 8,760"),
        ("startup_minutes=60", "startup_minutes must lie between 0 and 59"),
        ("per=year", "per must be one of second, month, once"),
    ],
)
def test_a_job_that_cannot_be_gets_a_sentence(text, sentence):
    name = text.partition("=")[0]
    decoded = decode(f"{link(**{name: None})}&{text}", default=DEFAULT)
    assert sentence in the_warning(decoded)
    assert decoded.scenario == DEFAULT


def test_a_job_comes_back_from_its_link():
    job = replace(DEFAULT, requests=4e6, per="once", finish_hours=1.5, startup_minutes=0.0)
    decoded = decode(encode(job), default=DEFAULT)
    assert (decoded.scenario, decoded.warnings) == (job, ())
    assert "per=once" in encode(job)


def test_missing_keys_give_one_sentence_together():
    decoded = decode(link(gpus=None), default=DEFAULT)
    assert "leaves out gpus" in the_warning(decoded)
    few = decode("v=1&gpus=8", default=DEFAULT)
    # All fields but one are left out, of which three came later; six are named.
    assert f"and {len(NAMES) - 1 - 3 - 6} more" in the_warning(few)
    assert few.scenario == replace(DEFAULT, gpus=8)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("gpus", "two", "a whole number"),
        ("gpus", "2.5", "a whole number"),
        ("gpus", "1_000", "a whole number"),
        ("gpus", "٢", "a whole number"),
        ("gpus", "none", "a whole number"),
        ("gpus", "9" * 5000, "a whole number"),
        ("utilisation", "half", "a number"),
        ("utilisation", "", "a number"),
        ("ttft", "1" * 5000, "a number"),
        ("as_of", "yesterday", "a date like"),
        ("as_of", "2026-02-30", "a date like"),
        ("resellers", "true", "yes or no"),
        ("model", "", "a name"),
        ("model", "a\x00b", "a name"),
        ("model", "x" * 201, "a name"),
    ],
)
def test_a_malformed_value_gives_one_sentence_with_what_is_wanted(name, text, wanted):
    decoded = decode(link(**{name: text, "prompt_a": "4001"}), default=DEFAULT)
    sentence = the_warning(decoded)
    assert f"{name}='" in sentence
    assert f"{name} must be {wanted}" in sentence
    assert len(sentence) < 250
    assert decoded.scenario == replace(DEFAULT, prompt_a=4001)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("gpus", "64", "65"),
        ("prompt_a", "2000000", "2000001"),
        ("completion_b", "1", "0"),
        ("utilisation", "1", "1.0001"),
        ("utilisation", "0.01", "nan"),
        ("requests", "1e12", "inf"),
        ("precision", "fp4", "fp5"),
        ("currency", "EUR", "eur"),
        ("as_of", "2023-01-01", "2022-12-31"),
        ("as_of", "2040-12-31", "2041-01-01"),
    ],
)
def test_a_value_out_of_range_gives_one_sentence_and_the_limit_itself_none(name, good, bad):
    assert decode(link(**{name: good}), default=DEFAULT).warnings == ()
    decoded = decode(link(**{name: bad}), default=DEFAULT)
    assert f"{name}='{bad}'" in the_warning(decoded)
    assert decoded.scenario == DEFAULT


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("model", "model"),
        ("api", "API offer"),
        ("gpu", "GPU"),
        ("gpu_offer", "GPU offer"),
        ("engine", "engine"),
    ],
)
def test_a_vanished_id_gives_one_sentence_and_a_known_one_none(name, noun):
    there = sorted(getattr(KNOWN, name))[0]
    assert decode(link(**{name: there}), default=DEFAULT, known=KNOWN).warnings == ()
    decoded = decode(link(**{name: "gone-1"}), default=DEFAULT, known=KNOWN)
    assert f"{name}='gone-1': there is no such {noun};" in the_warning(decoded)
    assert decoded.scenario == DEFAULT


@pytest.mark.parametrize(
    ("name", "word"),
    [("api", "cheapest"), ("gpu", "cheapest"), ("gpu_offer", "dearest"), ("engine", "auto")],
)
def test_words_that_stand_for_an_id_need_not_exist(name, word):
    assert decode(link(**{name: word}), default=DEFAULT, known=KNOWN).warnings == ()


def test_a_word_does_not_stand_for_an_id_elsewhere():
    assert "no such model" in the_warning(decode(link(model="cheapest"), default=DEFAULT, known=KNOWN))


def test_a_key_given_often_gives_one_sentence_and_its_first_value_counts():
    decoded = decode(link() + "&gpus=4&gpus=8", default=DEFAULT)
    assert "'gpus' more than once" in the_warning(decoded)
    assert decoded.scenario == DEFAULT
    as_list = {**FULL, "gpus": ["16", "4", "8"]}
    assert decode(as_list, default=DEFAULT).scenario.gpus == 16


def test_an_unknown_version_is_read_as_far_as_it_goes():
    decoded = decode(link(v="2", gpus="8"), default=DEFAULT)
    assert "version '2'" in the_warning(decoded)
    assert decoded.scenario == replace(DEFAULT, gpus=8)


def test_a_cached_part_as_long_as_the_prompt_is_dropped_with_one_sentence():
    fine = decode(link(prompt_a="100", cached_a="99"), default=DEFAULT)
    assert (fine.warnings, fine.scenario.cached_a) == ((), 99)
    decoded = decode(link(prompt_a="100", cached_a="100"), default=DEFAULT)
    assert "cached_a=100" in the_warning(decoded)
    assert decoded.scenario == replace(DEFAULT, prompt_a=100, cached_a=0)


def test_a_short_prompt_drops_a_usual_cached_part_that_no_longer_fits():
    usual = replace(DEFAULT, cached_a=3999)
    assert decode("v=1&prompt_a=100", default=usual).scenario == replace(usual, prompt_a=100, cached_a=0)


def test_a_link_with_too_many_parameters_is_read_in_part():
    decoded = decode("&".join(f"k{i}=1" for i in range(MOST_PARTS)), default=DEFAULT)
    assert not any("are read" in sentence for sentence in decoded.warnings)
    decoded = decode("&".join(f"k{i}=1" for i in range(MOST_PARTS + 1)), default=DEFAULT)
    assert f"{MOST_PARTS + 1} parameters" in decoded.warnings[0]


# --- nothing raises ---------------------------------------------------------------------------


def check(decoded):
    """Whatever came in, there is a valid scenario and there are sentences that can be shown."""
    assert isinstance(decoded.scenario, Scenario)
    assert decode(encode(decoded.scenario), default=DEFAULT) == Decoded(
        scenario=decoded.scenario, warnings=()
    )
    assert len(decoded.warnings) <= MOST_PARTS + 5
    for sentence in decoded.warnings:
        assert sentence.endswith(".")
        assert sentence.isprintable()
        sentence.encode("utf-8")


@quick
@given(anything)
def test_no_text_raises(text):
    check(decode(text, default=DEFAULT, known=KNOWN))


keys = st.sampled_from(["v", *NAMES]) | anything
texts = (
    anything
    | st.sampled_from(["none", "nan", "-inf", "1e999", "-0", "9" * 400, "2026-13-01", "0x10", "yes", "%ff"])
    | st.integers().map(str)
    | st.floats().map(str)
)


@quick
@given(st.lists(st.tuples(keys, texts), max_size=40))
def test_no_parameters_in_a_link_raise(pairs):
    check(decode("&".join(f"{key}={text}" for key, text in pairs), default=DEFAULT))


@quick
@given(st.dictionaries(keys, texts | st.lists(texts, max_size=4), max_size=30), st.booleans())
def test_no_mapping_raises(parameters, strict):
    check(decode(parameters, default=DEFAULT, known=KNOWN if strict else None))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 5_000_000, id="five-million-characters"),
        pytest.param("gpus=" + "9" * 1_000_000, id="a-number-of-a-million-digits"),
        pytest.param("&".join(["gpus=2"] * 50_000), id="one-key-fifty-thousand-times"),
        pytest.param("&" * 100_000, id="nothing-but-separators"),
        pytest.param("gpus=%00&model=%00&\x00=\x00", id="nul"),
        pytest.param("model=\ud800&\udfff=1&gpus=\udcff", id="surrogates"),
        pytest.param("model=%ed%a0%80&gpus=%ff%fe", id="bytes-that-are-not-utf-8"),
        pytest.param("model=<script>alert(1)</script>", id="markup"),
        pytest.param("?" * 1000 + "#" * 1000, id="marks"),
        pytest.param("gpus=%", id="half-an-escape"),
        pytest.param("as_of=2026-W47-6&requests=1e-999&tpot=1e999", id="odd-but-read"),
    ],
)
def test_no_hostile_text_raises(text):
    check(decode(text, default=DEFAULT, known=KNOWN))


@pytest.mark.parametrize("key", ["w", "columns", "names", "plan_percent", "calibrated_on", "method_find"])
def test_what_a_page_reads_itself_is_not_called_unknown(key):
    assert not decode(FULL | {key: "x"}, default=DEFAULT).warnings
