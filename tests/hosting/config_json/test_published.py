"""Published files: what the makers state comes out, or the key that has no formula is named.

``published.json`` holds for each file the keys that say its shape, the names of the others (``also``), and
what its maker states: parameters in billions, cache in bytes a token at 16 bits by hand from the dimensions,
and, where its layers keep one, the state of a sequence in bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from breakeven.hosting import model_shape
from breakeven.hosting.config_json import from_link, read_config, to_link
from breakeven.hosting.config_json.families import _table
from tests.hosting.config_json.test_read import FP16

ALL: list[dict[str, Any]] = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
RIGHT = [entry for entry in ALL if "refused" not in entry]


@pytest.mark.parametrize("entry", RIGHT, ids=lambda entry: entry["name"])
def test_what_the_maker_states_comes_out(entry: dict[str, Any]) -> None:
    read = read_config(json.dumps(entry["keys"]))
    assert read.problem is None
    assert read.model is not None
    shape = model_shape(read.model, FP16, 2.0)
    assert read.model.params_total_b == pytest.approx(entry["total_b"], rel=0.02)
    assert shape.weights_bytes == pytest.approx(2e9 * entry["total_b"], rel=0.02)
    if entry["active_b"] is not None:
        # Makers round to whole billions, and some leave out one or both tables of the vocabulary.
        table = read.model.vocab * read.model.hidden / 1e9
        nearest = min(
            (read.model.params_active_b - n * table for n in range(3)),
            key=lambda active: abs(active - entry["active_b"]),
        )
        assert nearest == pytest.approx(entry["active_b"], rel=0.05, abs=0.5)
    if entry["cache"] is not None:
        assert shape.full_kv_bytes_per_token == pytest.approx(entry["cache"], rel=0.01)
    assert shape.sliding_kv_bytes_per_token == pytest.approx(entry["sliding_cache"], rel=0.01)
    if "state" in entry:
        assert shape.state_bytes == pytest.approx(entry["state"], rel=0.01)
    if entry["native"] is not None:
        assert read.model.native_precision == entry["native"]
    assert from_link(to_link(read.model)) == (read.model, None)


def test_state_of_the_tables_models_is_that_of_their_published_files(connection: DuckDBPyConnection) -> None:
    by_name = {entry["name"]: entry for entry in RIGHT}
    held = connection.execute("SELECT hf_id, state_bytes FROM models WHERE kv_derived").fetchall()
    compared = {
        name: (state, read_config(json.dumps(by_name[name]["keys"])).model)
        for name, state in held
        if name in by_name
    }
    assert {name: state for name, (state, _) in compared.items()} == {
        name: read and read.state_bytes for name, (_, read) in compared.items()
    }
    assert len(compared) >= 50
    assert sum(state is not None for state, _ in compared.values()) == 7


@pytest.mark.parametrize("entry", [e for e in ALL if "refused" in e], ids=lambda entry: entry["name"])
def test_what_has_no_formula_is_refused_by_name(entry: dict[str, Any]) -> None:
    read = read_config(json.dumps(entry["keys"]))
    assert read.model is None
    assert entry["refused"] in str(read.problem)


def test_other_keys_of_these_files_are_known_to_change_nothing() -> None:
    table = _table()
    known = table.harmless | table.harmless_at.keys() | table.only_with.keys()
    assert {key for entry in ALL for key in entry["also"]} - known == set()


@pytest.mark.parametrize("value", [1, True, "yes", 0.5, False, ["x"]])
def test_key_that_nobody_knows_is_refused_with_its_value(value: object) -> None:
    for entry in RIGHT[:20]:
        problem = read_config(json.dumps(entry["keys"] | {"memory_slots": value})).problem
        assert problem is not None
        assert problem.startswith(f"config.json: memory_slots is '{value}'"[:60])


def test_a_hundred_files_or_so_are_on_record() -> None:
    assert len(ALL) >= 100
    assert len({entry["name"] for entry in ALL}) == len(ALL)
