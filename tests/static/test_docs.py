"""What the guide and the workflow promise of the command."""

import re

import yaml

from breakeven.cli import parser
from breakeven.static.cells import MOST_ROWS
from tests.builders import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name: str) -> dict[object, object]:
    found = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def minute_of_week(name: str) -> int:
    """When it starts; ``on`` is a truth to YAML."""
    minute, hour, _, _, day = workflow(name)[True]["schedule"][0]["cron"].split()  # type: ignore[index]
    return (int(day) * 24 + int(hour)) * 60 + int(minute)


def test_commands_of_the_guide_and_the_workflow_are_understood() -> None:
    guide = (ROOT / "docs" / "static.md").read_text("utf-8")
    commands = re.findall(r"uv run breakeven (export .+)", guide)
    steps = workflow("pages")["jobs"]["export"]["steps"]  # type: ignore[index]
    commands += [one["run"].removeprefix("uv run breakeven ") for one in steps if "run" in one]
    assert len(commands) >= 3
    for command in commands:
        parser().parse_args(command.replace('"$ADDRESS/"', "https://example.org/x/").split())
    assert f"up to {MOST_ROWS} rows" in guide


def test_the_weekly_site_has_the_live_half_and_what_puts_it_together() -> None:
    steps = workflow("pages")["jobs"]["export"]["steps"]  # type: ignore[index]
    commands = [one["run"] for one in steps if "run" in one]
    assert any("breakeven export" in command and "--live" in command for command in commands)
    used = [one.get("uses", "").partition("@")[0] for one in steps]
    assert used.index("actions/setup-node") < next(place for place, one in enumerate(steps) if "run" in one)
    assert "actions/cache" not in used, "what was compiled is held to no digest"


def test_the_site_is_written_after_the_data_was_refreshed() -> None:
    assert minute_of_week("pages") > minute_of_week("refresh") + 60


def test_only_the_step_that_publishes_may_write() -> None:
    told = workflow("pages")
    assert told["permissions"] == {"contents": "read"}
    assert "permissions" not in told["jobs"]["export"]  # type: ignore[index]
