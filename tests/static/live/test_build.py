"""What the live half is made of."""

from breakeven.static.live.build import _tables


def test_the_tables_of_the_tab_are_the_same_bytes_each_time(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert _tables(first) == _tables(second)
