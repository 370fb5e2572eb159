"""What is noted of measured runs: the note that says most of a run counts, one's own runs get the usual."""

from dataclasses import replace

import pytest

from breakeven.calibration.notes import USUAL, Note, Notes
from breakeven.calibration.rows import rows_of, set_up
from breakeven.hosting import Unplaceable
from breakeven.paths import DATA
from breakeven.tables import queries
from breakeven.tables.records import BenchmarkNote


@pytest.fixture(scope="module")
def notes(connection):
    return queries.benchmark_notes(connection)


@pytest.fixture(scope="module")
def run(benchmarks):
    """Llama 3.1 70B on TensorRT-LLM, 1,024 in and 1,024 out."""
    return next(row for row in benchmarks if row.benchmark_id == "b1016")


def test_the_table_knows_every_note_and_each_has_a_row(notes):
    schema = (DATA / "schema.sql").read_text(encoding="utf-8")
    assert f"note IN ({', '.join(repr(str(note)) for note in Note)})" in schema
    assert {note.note for note in notes} == set(Note)


def test_a_note_holds_of_the_runs_that_it_speaks_of_and_no_other(notes, run):
    known = Notes(notes)
    assert known.of(Note.BATCH_WAIT_STEPS, run) == 20
    for other in (
        replace(run, prompt_tokens=1025.0),
        replace(run, completion_tokens=8192.0),
        replace(run, engine="vllm"),
        replace(run, model_id="llama-3.3-70b"),
        replace(run, source_family="sanger-2023"),
    ):
        assert known.of(Note.BATCH_WAIT_STEPS, other) is None


@pytest.mark.parametrize("turn", [1, -1])
def test_the_note_that_says_most_of_a_run_counts_wherever_it_stands(notes, run, turn):
    known = Notes(notes[::turn])
    assert known.of(Note.STEP_TOKENS, run) == 8192
    assert known.of(Note.STEP_TOKENS, replace(run, source_family="inferencex-repo-experimental")) == 2048


def test_ones_own_runs_get_what_holds_of_any_run(notes):
    own = set_up(Notes(notes))
    assert own == {
        "chunk": 8192.0,
        "usable": 0.9,
        "held_steps": 0.0,
        "requests": 0.0,
    }


@pytest.mark.parametrize("missing", USUAL)
def test_without_a_note_that_any_run_needs_it_is_left_out_with_the_name_of_the_note(
    connection, notes, run, missing
):
    rest = [note for note in notes if note.note != missing]
    with pytest.raises(Unplaceable, match=f"benchmark_notes has no {missing}"):
        set_up(Notes(rest))
    rows, left = rows_of(
        [run, replace(run, benchmark_id="other", source_family="sanger-2023")],
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=[
            *rest,
            BenchmarkNote(**dict.fromkeys(_ANY), note=missing, value=0.5, source_family="sanger-2023"),
        ],
    )
    assert rows.benchmark_id.tolist() == ["other"]
    assert [(row.benchmark_id, row.reason) for row in left] == [
        ("b1016", f"benchmark_notes has no {missing} for it")
    ]


_ANY = ("engine", "model_id", "prompt_tokens", "completion_tokens")
