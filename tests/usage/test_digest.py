"""The digest: what goes in comes out, within 1 % on every offer, and nothing forged is opened."""

import base64
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.apis.workloads import price_workload
from breakeven.usage.digest import LONGEST, BadDigest, pack, unpack
from breakeven.usage.read import read_workload
from tests.builders import SAMPLES, TODAY

FILES = sorted(
    p.name for p in SAMPLES.iterdir() if not {"cost", "empty", "premium", "manifest"} & set(p.stem.split("_"))
)

ROW = st.tuples(
    st.sampled_from(["gpt-4o", "claude-sonnet-4-5", "mystery", "日本"]),
    st.integers(0, 1_200_000),
    st.integers(0, 400_000),
    st.integers(0, 60_000),
    st.sampled_from(["standard", "batch"]),
    st.integers(1, 10**9),
)


def write(path, rows):
    path.write_text(
        "model,input_tokens,cache_read_input_tokens,output_tokens,processing,count\n"
        + "".join(",".join(str(x) for x in row) + "\n" for row in rows),
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("name", FILES)
def test_sample_survives(name, tables, edges):
    workload = read_workload(SAMPLES / name, edges=edges)
    text = pack(workload)
    again = unpack(text)
    assert len(text) <= LONGEST
    assert again.tokens == workload.tokens
    assert again.per_request == workload.per_request
    before = {o.offer.api_offer_id: o.usd for o in price_workload(workload, tables, TODAY).offers}
    after = {o.offer.api_offer_id: o.usd for o in price_workload(again, tables, TODAY).offers}
    assert before.keys() == after.keys()
    assert all(abs(after[k] - before[k]) <= before[k] / 100 for k in before)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=60))
def test_round_trip(rows, tmp_path, tables, edges):
    workload = read_workload(write(tmp_path / "x.csv", rows), edges=edges)
    text = pack(workload)
    again = unpack(text)
    assert len(text) <= LONGEST
    assert again.tokens == workload.tokens
    before = {o.offer.api_offer_id: o for o in price_workload(workload, tables, TODAY).offers}
    after = {o.offer.api_offer_id: o for o in price_workload(again, tables, TODAY).offers}
    for key, one in before.items():
        if one.serves_all and key in after:
            assert abs(after[key].usd - one.usd) <= one.usd / 100
    assert pack(again) == pack(unpack(pack(again)))


@given(text=st.text(max_size=300))
def test_no_text_raises_anything_but_a_sentence(text):
    with pytest.raises(BadDigest) as caught:
        unpack(text)
    assert str(caught.value).endswith((".", "again."))


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=400))
def test_forged_numbers_are_refused_or_harmless(raw):
    text = "1" + base64.urlsafe_b64encode(zlib.compress(raw)).decode().rstrip("=")
    try:
        workload = unpack(text)
    except BadDigest:
        return
    assert workload.cells


@pytest.fixture(scope="module")
def packed():
    return pack(read_workload(SAMPLES / "azure_2024_week.csv"))


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 5000), letter=st.sampled_from("ABCabc019-_"))
def test_changed_letter_is_noticed(packed, place, letter):
    text = packed
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    if changed == text:
        return
    try:
        again = unpack(changed)
    except BadDigest:
        return
    # The spare bits of the last letter carry nothing.
    assert again.tokens == unpack(text).tokens


def test_bomb_and_long_text_are_refused():
    bomb = "1" + base64.urlsafe_b64encode(zlib.compress(b"\0" * 1_000_000, 9)).decode().rstrip("=")
    assert len(bomb) < LONGEST
    with pytest.raises(BadDigest, match="larger"):
        unpack(bomb)
    with pytest.raises(BadDigest, match="2,000"):
        unpack("1" + "A" * 2_000)


def test_other_version_is_named():
    with pytest.raises(BadDigest, match="version 7"):
        unpack("7" + "A" * 20)
