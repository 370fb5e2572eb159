"""``breakeven evidence``."""

from tests.builders import json_of, output_of


def test_every_goal_is_printed_with_its_number_met_or_missed(capsys):
    out, found = output_of(capsys, "evidence"), json_of(capsys, "evidence")
    assert found["range_level"] == 0.8
    for goal in found["goals"]:
        assert goal["met"] == (
            goal["value"] >= goal["limit"] if goal["at_least"] else goal["value"] <= goal["limit"]
        )
        line = next(line for line in out.splitlines() if goal["what"] in line)
        assert line.split()[0] == ("met" if goal["met"] else "MISSED")
        assert f"{goal['value']:.1%}" in line
    for one in found["coverage"]:
        where = f"{one['quantity'].upper()} {one['engine']} on {one['gpu_family']} ({one['n']:,} rows)"
        assert f"{one['share']:.1%} {where}" in out
