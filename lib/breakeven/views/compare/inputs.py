"""The question of the Compare page as a sentence whose words can be edited."""

from __future__ import annotations

from breakeven.dashboard import inputs
from breakeven.dashboard.bar import bar
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money

_FOLDED = ("GPUs", "Day and money")
"""What the last word of the sentence opens, each in a box of its own."""


def sentence(scenario: Scenario, tables: Tables, money: Money) -> None:
    """What is sent, to whom, how quickly: each part opens what it is made of."""
    shapes = scenario.shapes
    bar(
        "compare",
        [
            ("I send", scenario.load.said(), "Load", inputs.load_and_jobs),
            ("of", shape_name(shapes.a), "Shape A", lambda: inputs.shape_inputs("a", "Shape A")),
            ("or", shape_name(shapes.b), "Shape B", lambda: inputs.shape_inputs("b", "Shape B")),
            ("to", *inputs.model_part(scenario, tables, money)),
            ("and wait", *inputs.wait_part(scenario, tables, money)),
            ("to start.", "more", "More", lambda: inputs.folded(_FOLDED, tables, money)),
        ],
    )
