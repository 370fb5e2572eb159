"""What is asked about training: the fields that the page adds to the scenario, and their link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from breakeven.formulas.training_memory import RECOMPUTATIONS
from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit, refuse

PRETRAIN, TUNE, TUNE_OR_PROMPT = "pretrain", "tune", "tune-or-prompt"
FULL, LORA, QLORA = "full", "lora", "qlora"
ALL_LINEAR, ATTENTION, QUERY_VALUE = "all-linear", "attention", "query-value"
BY_RATIO, HOFFMANN, BESIROGLU = "20-per-parameter", "hoffmann-2022", "besiroglu-2024"

OPTIMISER_BYTES: Mapping[str, float] = MappingProxyType(
    {"adamw": 12.0, "adamw-8bit": 6.0, "adamw-no-copy": 8.0, "sgd": 4.0}
)
"""Optimiser state per trained parameter [B]: fp32 copy, mean, variance; copy and 8-bit mean, variance;
mean and variance alone; the copy alone."""

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "goal": Limit(choices=(PRETRAIN, TUNE, TUNE_OR_PROMPT)),
        "params_b": Limit(low=1e-3, high=1e5),
        "active_b": Limit(low=1e-3, high=1e5),
        "tokens_b": Limit(low=1e-6, high=1e7),
        "law": Limit(choices=(BY_RATIO, HOFFMANN, BESIROGLU)),
        "gpus": Limit(low=1, high=1_000_000),
        "usd_per_gpu_hour": Limit(low=1e-3, high=1e4),
        "mfu": Limit(low=0.001, high=1),
        "days": Limit(low=1e-3, high=1e5),
        "budget": Limit(low=0.01, high=1e13),
        "lost": Limit(low=0, high=0.95),
        "sequence": Limit(low=16, high=10_000_000),
        "micro_batch": Limit(low=1, high=4096),
        "recomputation": Limit(choices=RECOMPUTATIONS),
        "zero": Limit(low=0, high=3),
        "tensor": Limit(low=1, high=72),
        "optimiser": Limit(choices=tuple(OPTIMISER_BYTES)),
        "method": Limit(choices=(FULL, LORA, QLORA)),
        "rank": Limit(low=1, high=4096),
        "targets": Limit(choices=(ALL_LINEAR, ATTENTION, QUERY_VALUE)),
        "examples": Limit(low=1, high=10**10),
        "example_tokens": Limit(low=1, high=10_000_000),
        "epochs": Limit(low=0.01, high=1000),
        "labelled": Limit(low=0, high=10**10),
        "label_usd": Limit(low=0, high=1e4),
        "requests": Limit(low=1, high=1e13),
        "tuning_usd": Limit(low=0, high=1e12),
        "serve_usd": Limit(low=0, high=1e9),
        "pue": Limit(low=1, high=5),
        "owned_usd": Limit(low=1, high=1e7),
        "owned_years": Limit(low=0.1, high=50),
        "owned_interest": Limit(low=0, high=1),
        "owned_residual": Limit(low=0, high=1),
        "owned_hosting": Limit(low=0, high=1000),
        "usd_per_kwh": Limit(low=0, high=10),
    }
)
"""What each field may be; ids are checked against the tables where they are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One question about training. The model, the day, the kind of GPU price and the shape of a request
    are the scenario's.
    """

    goal: str = PRETRAIN
    """``pretrain``, ``tune`` or ``tune-or-prompt``."""
    params_b: float | None = None
    """Parameters of the model; None: the scenario's model. [1e9]"""
    active_b: float | None = None
    """Parameters active per token, of typed ones; None: all. [1e9]"""
    tokens_b: float | None = 1400.0
    """Pre-training tokens; None: compute-optimal. [1e9 tokens]"""
    law: str = BY_RATIO
    """What counts as compute-optimal."""
    gpu: str = "h100-sxm"
    """Key of ``gpus``."""
    gpus: int | None = None
    """GPUs; None: as few as hold the training and finish in ``days``. [-]"""
    usd_per_gpu_hour: float | None = None
    """Rent of one GPU; None: from the offers in force. [USD/h]"""
    mfu: float | None = None
    """Share of the peak that is reached; None: the range of the published runs. [0 to 1]"""
    days: float | None = 60.0
    """Time to finish in, where the number of GPUs is left open. [days]"""
    budget: float | None = None
    """Money to spend; None: not asked. [USD]"""
    lost: float = 0.0
    """Share of the rented time that failures and restarts take. [0 to 1]"""
    sequence: int = 4096
    """Tokens of one training sequence. [tokens]"""
    micro_batch: int = 1
    """Sequences of one pass on one GPU. [-]"""
    recomputation: str = "selective"
    """Activations that are computed again."""
    zero: int = 3
    """ZeRO stage. [-]"""
    tensor: int | None = None
    """GPUs that share each layer; None: as few as let it fit. [-]"""
    optimiser: str = "adamw"
    """Key of :data:`OPTIMISER_BYTES`."""
    method: str = LORA
    """What tuning trains."""
    rank: int = 16
    """Rank of the adapters. [-]"""
    targets: str = ALL_LINEAR
    """Matrices that get adapters."""
    examples: int = 25_000
    """Examples to tune on. [-]"""
    example_tokens: int = 1200
    """Tokens of one example, answer included. [tokens]"""
    epochs: float = 3.0
    """Passes over the examples. [-]"""
    labelled: int = 2000
    """Examples whose answer is bought from the bigger model. [-]"""
    label_usd: float | None = None
    """Price of one label; None: one request at the bigger model. [USD]"""
    teacher: str = "openai/gpt-4.1"
    """The bigger model, key of ``api_prices``: it labels, and prompting it is the alternative."""
    rival: str | None = None
    """A second API offer to compare with; None: none."""
    requests: float = 4_000_000.0
    """Requests to serve in all. [-]"""
    tuning_usd: float | None = None
    """Cost of the tuning, where it is known; None: computed. [USD]"""
    serve_usd: float | None = None
    """Cost of a thousand requests on the tuned model, where it is known; None: computed. [USD]"""
    pue: float = 1.2
    """Power usage effectiveness of the building. [-]"""
    owned_usd: float | None = None
    """Price of one GPU with its share of the server, where it is bought; None: rented. [USD]"""
    owned_years: float = 4.0
    """Years that it is used. [years]"""
    owned_interest: float = 0.08
    """Interest. [1/year]"""
    owned_residual: float = 0.0
    """Resale value over price. [0 to 1]"""
    owned_hosting: float = 0.0
    """Space, network, staff, for one GPU. [USD/h]"""
    usd_per_kwh: float = 0.1
    """Tariff, for owned GPUs. [USD/kWh]"""

    def __post_init__(self) -> None:
        """Refuse what no formula downstream is valid for."""
        refuse(self, LIMITS)
        if self.active_b is not None and self.params_b is None:
            raise ValueError("active_b is only read together with params_b, the size that is typed")
        if self.active_b is not None and self.params_b is not None and self.active_b > self.params_b:
            raise ValueError(f"active_b must be at most params_b ({self.params_b:g}), got {self.active_b:g}")

    @property
    def tunes(self) -> bool:
        """Whether a model that exists is tuned."""
        return self.goal != PRETRAIN

    @property
    def tuning_tokens(self) -> float:
        """Tokens of all epochs. [tokens]"""
        return self.examples * self.example_tokens * self.epochs


FIELDS = LinkFields(holds=Fields, prefix="train_", limits=LIMITS)
"""How that is written into a link."""
USUAL = Fields()
"""What a visitor starts from."""

SHROTT_SCENARIO: Mapping[str, object] = MappingProxyType(
    {
        "as_of": date(2023, 8, 30),
        "model": "llama-2-13b",
        "prompt_a": 1000,
        "completion_a": 200,
        "cached_a": 0,
        "per": "once",
    }
)
"""What Shrott's article fixes of the scenario; a 13B model stands for the one that was tuned."""

SHROTT = Fields(
    goal=TUNE_OR_PROMPT,
    gpu="a100-80-sxm",
    days=None,
    labelled=2000,
    teacher="openai/gpt-4",
    rival="openai/gpt-3.5-turbo",
    examples=27_000,
    epochs=1.0,
    requests=4_000_000.0,
    tuning_usd=6.6,
    serve_usd=98.98 / 4000,
)
"""Shrott's project with the costs of the article: $6.6 for tuning, $98.98 for four million answers."""
