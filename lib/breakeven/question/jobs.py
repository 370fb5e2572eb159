"""Jobs that published articles describe, as the fields of a scenario that they fix; one click each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from breakeven.question.kinds import Per

NO_TARGETS: Mapping[str, Any] = MappingProxyType({"per": Per.ONCE, "ttft": None, "tpot": None})

JOBS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # "4 million prompts", 1,000 tokens in and 200 out, on a 7B model: R. Shrott, 2023,
        # source shrott-2023
        "Shrott's 4 million prompts": {
            **NO_TARGETS,
            "requests": 4e6,
            "model": "llama-3.1-8b",
            "prompt_a": 1000,
            "completion_a": 200,
        },
        # "offline batch-processing jobs", 512 tokens in and 512 out: A. Sanger, 2023,
        # source sanger-2023
        "Sanger's offline batches": {
            **NO_TARGETS,
            "requests": 1e6,
            "model": "llama-3.3-70b",
            "prompt_a": 512,
            "completion_a": 16,
            "prompt_b": 512,
            "completion_b": 512,
        },
    }
)
