"""``breakeven compare``: the Compare page's answer."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import date
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("compare", help="the Compare page's answer")
    command.add_argument("--scenario", required=True, help="a link, or the part after its question mark")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> int:
    from lib.answer import answer_as_json, answer_as_text
    from lib.calibration.link import calibration_of
    from lib.comparison import compare
    from lib.db.build import open_memory
    from lib.lookup import read_ids, read_tables, with_own
    from lib.scenario import Scenario
    from lib.scenario_url import decode

    connection = open_memory()
    known = read_ids(connection)
    calibrated, more = calibration_of(options.scenario)
    if calibrated.given:
        known = replace(known, engine={*known.engine, calibrated.engine})
    decoded = decode(options.scenario, default=Scenario(as_of=date.today()), known=known)
    decoded = replace(decoded, warnings=(*decoded.warnings, *more))
    answer = compare(decoded.scenario, with_own(read_tables(connection, decoded.scenario.as_of), calibrated))
    if options.json:
        print(json.dumps(answer_as_json(answer, decoded.warnings), indent=2))
    else:
        print(answer_as_text(answer, decoded.warnings))
    return 0
