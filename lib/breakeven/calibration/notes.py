"""How measured runs were set up, where their rows do not say: ``benchmark_notes``."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from breakeven.tables.records import Benchmark, BenchmarkNote


class Note(StrEnum):
    """What a row of ``benchmark_notes`` gives."""

    LENGTH_SHARE = "length-share"
    """Mean of the lengths drawn over the nominal one. [0 to 1]"""
    STEP_TOKENS = "step-tokens"
    """Tokens that one step of an online server takes at most. [tokens]"""
    BATCH_WAIT_STEPS = "batch-wait-steps"
    """Decode steps that a server holds prompts back to read them together. [-]"""
    USABLE_MEMORY = "usable-memory"
    """Share of the memory that a measured server used. [0 to 1]"""
    BATCH = "batch"
    """Most sequences that an offline run puts together. [-]"""
    REQUESTS = "requests"
    """Requests of an offline run. [-]"""
    PROMPT_TOKENS = "prompt-tokens"
    """Prompt length of an offline run whose source states none. [tokens]"""


USUAL = (Note.STEP_TOKENS, Note.USABLE_MEMORY)
"""What is needed of any run, one's own included."""

_SAID_OF = ("source_family", "engine", "model_id", "prompt_tokens", "completion_tokens")


class Notes:
    """The notes, to be asked run by run."""

    def __init__(self, rows: Iterable[BenchmarkNote]) -> None:
        """Put first what says most of a run."""
        said = [
            ({name: getattr(row, name) for name in _SAID_OF if getattr(row, name) is not None}, row)
            for row in rows
        ]
        said.sort(key=lambda pair: -len(pair[0]))
        self._by_note: dict[str, list[tuple[dict[str, object], float]]] = {}
        for of, row in said:
            self._by_note.setdefault(row.note, []).append((of, row.value))

    def of(self, note: Note, run: Benchmark | None = None) -> float | None:
        """What holds of a run, or of somebody's own; None where nothing is noted."""
        for of, value in self._by_note.get(note, []):
            if all(run is not None and getattr(run, name) == wanted for name, wanted in of.items()):
                return value
        return None
