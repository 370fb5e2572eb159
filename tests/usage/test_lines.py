"""Every line of a polluted table is a row, or said to stand inside a cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.usage.pollute import LINE_END, fate, lines_of, sample_of


@pytest.mark.parametrize(
    "seeds", [range(0, 24), pytest.param(range(24, 240), marks=pytest.mark.slow)], ids=str
)
def test_no_line_of_a_polluted_table_is_lost_without_a_word(seeds: range, tmp_path: Path) -> None:
    """``python -m tests.usage.pollute 3000`` tries many more."""
    fates = {seed: fate(sample_of(seed), tmp_path / "usage.csv") for seed in seeds}
    assert {seed: what for seed, what in fates.items() if what not in ("equal", "refused")} == {}
    assert sum(what == "equal" for what in fates.values()) > 0.9 * len(seeds)


def test_the_count_of_lines_asks_no_reader() -> None:
    text = 'a,b\r\n1,"2\n3"\r,,\n\n4,5'
    assert len(LINE_END.split(text)) == 6
    assert lines_of(text, header=0) == (3, 2)
