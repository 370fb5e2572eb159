"""What the Evidence page adds to the scenario, and how it is written into a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit

ANY = "all"


SEEN = "in_sample"
"""Word of the link for a fit that saw every row."""


UNSEEN_WORDS: Mapping[str, str] = {
    SEEN: "nothing: the shipped rows",
    "cell": "its cell: model, GPU, engine, format, lengths and number of GPUs together",
    "shape": "its prompt and completion length",
    "concurrency": "its number of clients",
    "model": "its model",
    "gpu": "its GPU family",
    "parallel": "its model on that many GPUs",
}
"""What the fit did not see, as the page asks for it."""


BY: Mapping[str, str] = {
    "gpu": "GPU",
    "engine": "Engine",
    "model": "Model",
    "precision": "Precision",
    "shape": "Prompt/completion tokens",
    "clients": "Sequences together",
    "workload": "Kind of work",
    "architecture": "Kind of model",
}
"""Columns that errors are grouped by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What the page adds to the link: which rows, which quantity, which fit."""

    quantity: str = "tpot"
    unseen: str = "shape"
    by: str = "gpu"
    engine: str = ANY
    gpu: str = ANY
    models: str = ANY
    work: str = ANY


FIELDS = LinkFields(
    holds=Fields,
    prefix="evidence_",
    limits={
        "quantity": Limit(choices=("tpot", "ttft", "throughput")),
        "unseen": Limit(choices=tuple(UNSEEN_WORDS)),
        "by": Limit(choices=tuple(BY)),
        "models": Limit(choices=(ANY, "dense", "mixtures")),
        "work": Limit(choices=(ANY, "prompt-heavy", "balanced", "generation-heavy")),
    },
)


USUAL = Fields()
