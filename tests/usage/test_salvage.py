"""A JSON document that breaks off or is damaged: whole records are priced, the others are listed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.usage.read import read_workload
from breakeven.usage.salvage import salvage
from breakeven.usage.spool import Unreadable

RECORDS = [{"model": "gpt-4o", "input_tokens": 10 * n, "output_tokens": n} for n in range(1, 41)]
BUCKETS = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1793491200 + 86400 * day,
            "end_time": 1793577600 + 86400 * day,
            "results": [
                {"model": "gpt-4o", "input_tokens": 100, "output_tokens": 7, "num_model_requests": 2}
                for _ in range(3)
            ],
        }
        for day in range(5)
    ],
}


def save(tmp_path, text):
    path = tmp_path / "usage.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("indent", [None, 2])
def test_list_that_breaks_off_is_priced_up_to_there(tmp_path, indent):
    text = json.dumps(RECORDS, indent=indent)
    cut = text.index('"input_tokens": 300,') + 10  # in the thirtieth record
    workload = read_workload(save(tmp_path, text[:cut]))
    assert workload.tokens.requests == 29
    assert workload.tokens.output == sum(range(1, 30))
    assert [(p.line, p.reason) for p in workload.problems] == [
        (30, "the record breaks off or is not valid JSON")
    ]
    assert workload.rows_read == 30
    assert any("breaks off" in note for note in workload.notes)


def test_whole_results_of_a_bucket_that_breaks_off_are_kept(tmp_path):
    text = json.dumps(BUCKETS)
    cut = text.rindex('"input_tokens"')  # in the last result of the last bucket
    workload = read_workload(save(tmp_path, text[:cut]))
    assert workload.tokens.output == 14 * 7  # five days of three results, less one
    assert workload.rows_rejected == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b'"input_tokens": 200,', b'"input_tokens": 20x0,'),
        (b'"input_tokens": 200,', b'"input_tokens": NaN,'),
        (b'{"model": "gpt-4o", "input_tokens": 200', b'"model": "gpt-4o", "input_tokens": 200'),
        (b'"output_tokens": 20}', b'"output_tokens": 20]'),
        (b'"output_tokens": 20}', b'"output_tokens": 20'),
    ],
)
def test_damage_in_the_middle_costs_the_records_it_touches(tmp_path, right, wrong):
    text = json.dumps(RECORDS).encode()
    assert text.count(right) == 1
    workload = read_workload(save(tmp_path, text.replace(right, wrong)))
    assert 38 <= workload.tokens.requests <= 39
    assert workload.rows_rejected >= 1
    # A record that breaks off has its number, a number that cannot be its line: the document is one line.
    assert all(problem.line == 1 or 19 <= problem.line <= 22 for problem in workload.problems)


def test_bracket_that_ends_the_list_too_early_does_not_hide_what_follows(tmp_path):
    text = json.dumps(RECORDS).replace('"input_tokens": 200,', '"input_tokens": 200}],')
    workload = read_workload(save(tmp_path, text))
    assert workload.tokens.requests == 39
    assert {problem.line for problem in workload.problems} <= {20, 21}
    assert workload.problems


def test_document_without_a_whole_record_is_refused_with_the_place(tmp_path):
    with pytest.raises(Unreadable, match="Malformed JSON"):
        read_workload(save(tmp_path, '[{"model": "gpt-4o", "input_tokens": 5'))


def test_brackets_and_marks_in_strings_are_text(tmp_path):
    records = [{"model": 'a "]}[{ \\" b', "input_tokens": 5, "output_tokens": 1}] * 3
    workload = read_workload(save(tmp_path, json.dumps(records)[:-1]))
    assert (workload.tokens.requests, workload.rows_rejected) == (3, 0)
    assert list(workload.by_model) == ['a "]}[{ \\" b']


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_left_can_be_read(tmp_path_factory, data):
    document = data.draw(st.sampled_from([RECORDS[:6], {"data": RECORDS[:6], "more": [{"x": [1]}]}, BUCKETS]))
    text = bytearray(json.dumps(document, indent=data.draw(st.sampled_from([None, 1]))).encode())
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=4)):
        text[at] = data.draw(st.sampled_from(b'{}[]",:x0\n'))
    text = text[: data.draw(st.integers(1, len(text)))]
    folder = tmp_path_factory.mktemp("salvage")
    left = salvage(save(folder, bytes(text)), folder / "left", 100)
    if left is not None:
        json.loads((folder / "left").read_bytes())
        assert left.whole >= 1
