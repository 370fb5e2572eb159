"""What the Deploy page adds to a scenario: what is considered, who owns the hardware, what is typed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from breakeven.formulas.mode import Mode
from breakeven.question.fields import LinkFields
from breakeven.question.kinds import CacheFormat, WeightFormat
from breakeven.question.parts import Shape, part_of
from breakeven.question.scenario import TOKENS, Limit, Scenario, refuse

WEIGHTS = tuple(one for one in WeightFormat if one is not WeightFormat.BF16)
"""Weight formats that can be considered beside the scenario's; bf16 is fp16 in size and speed."""
CACHES = tuple(CacheFormat)
MODES = tuple(Mode)
NOTHING_ELSE = "none"
"""Says that only the scenario's own choice is considered."""
Word = TypeVar("Word", bound=StrEnum)
RENTED, OWNED = "rented", "owned"
TYPED_NAME = "My GPU"
LONGEST_MODEL = 320

_USD = Limit(low=0, high=10_000_000)
_TFLOPS = Limit(low=0.1, high=1_000_000)

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "shape": Limit(choices=("a", "b", "own")),
        "prompt": TOKENS,
        "completion": TOKENS,
        "hit": Limit(low=0, high=99.9),
        "price": Limit(choices=(RENTED, OWNED)),
        "buy": _USD,
        "resale": _USD,
        "years": Limit(low=0.1, high=20),
        "interest": Limit(low=0, high=100),
        "watts": Limit(low=1, high=100_000),
        "pue": Limit(low=1, high=5),
        "kwh": Limit(low=0, high=10),
        "hosting": Limit(low=0, high=1000),
        "drafts": Limit(low=0, high=16),
        "acceptance": Limit(low=0, high=100),
        "draft": Limit(low=0, high=100),
        "gpu_memory": Limit(low=1, high=100_000),
        "gpu_bandwidth": Limit(low=1, high=1_000_000),
        "gpu_fp16": _TFLOPS,
        "gpu_fp8": _TFLOPS,
        "gpu_fp4": _TFLOPS,
        "gpu_link": Limit(low=1, high=100_000),
        "gpu_usd": Limit(low=0.001, high=10_000),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Whether a GPU is rented or owned, and what an owned one costs."""

    price: str
    buy: float
    resale: float
    years: float
    interest: float
    watts: float | None
    pue: float
    kwh: float
    hosting: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedGpu:
    """The GPU that is typed in, and whether it is considered."""

    gpu: bool
    gpu_name: str
    gpu_memory: float
    gpu_bandwidth: float
    gpu_fp16: float
    gpu_fp8: float | None
    gpu_fp4: float | None
    gpu_link: float | None
    gpu_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What is asked beside the scenario. Percentages are as people write them."""

    shape: str = "a"
    """``a`` or ``b`` of the scenario, or ``own``."""
    prompt: int = 4000
    """Prompt of the own shape. [tokens]"""
    completion: int = 500
    """Completion of the own shape. [tokens]"""
    hit: float | None = None
    """Part of every prompt that is found in the prefix cache; None: as the shape says. [%]"""
    weights: str = "fp16,fp8"
    """Weight formats considered beside the scenario's, with commas."""
    cache: str = NOTHING_ELSE
    """Cache formats considered beside the scenario's."""
    modes: str = NOTHING_ELSE
    """Serving modes considered beside the scenario's."""
    price: str = RENTED
    """Rented at the scenario's kind of price, or owned."""
    buy: float = 30_000.0
    """Price of one GPU with its share of the server. [USD]"""
    resale: float = 0.0
    """What it fetches at the end. [USD]"""
    years: float = 4.0
    """Years in use. [years]"""
    interest: float = 8.0
    """Yearly interest. [%]"""
    watts: float | None = None
    """Power drawn per GPU with its share of the server; None: what the table says. [W]"""
    pue: float = 1.3
    """Power usage effectiveness of the building. [-]"""
    kwh: float = 0.12
    """Tariff. [USD/kWh]"""
    hosting: float = 0.1
    """Space, network, staff. [USD per GPU-hour]"""
    drafts: int = 0
    """Tokens drafted per step; 0: no speculative decoding. [-]"""
    acceptance: float = 70.0
    """Chance that a drafted token is accepted. [%]"""
    draft: float = 5.0
    """Size of the draft model as a share of the model. [%]"""
    gpu: bool = False
    """Consider the GPU typed in."""
    gpu_name: str = TYPED_NAME
    """What to call it."""
    gpu_memory: float = 80.0
    """Its memory. [GB]"""
    gpu_bandwidth: float = 3350.0
    """Its memory bandwidth. [GB/s]"""
    gpu_fp16: float = 989.0
    """Its dense fp16 rate. [TFLOP/s]"""
    gpu_fp8: float | None = None
    """Its dense fp8 rate; None: it has none. [TFLOP/s]"""
    gpu_fp4: float | None = None
    """Its dense fp4 rate; None: it has none. [TFLOP/s]"""
    gpu_link: float | None = None
    """Its link to the others in one direction; None: one GPU only. [GB/s]"""
    gpu_usd: float = 2.5
    """Its rent. [USD per GPU-hour]"""
    model: str | None = None
    """A model typed in, as :func:`breakeven.hosting.config_json.to_link` writes it."""

    def __post_init__(self) -> None:
        """Refuse values that no formula downstream is valid for."""
        refuse(self, LIMITS)
        for name, known in (("weights", WEIGHTS), ("cache", CACHES), ("modes", MODES)):
            chosen = listed(getattr(self, name))
            strange = [word for word in chosen if word not in known]
            if strange:
                raise ValueError(f"{name} must be some of {', '.join(known)}, got {strange[0][:20]}")

    @property
    def paid(self) -> Paid:
        """Whether a GPU is rented or owned, and what an owned one costs."""
        return part_of(self, Paid)

    @property
    def typed_gpu(self) -> TypedGpu:
        """The GPU that is typed in."""
        return part_of(self, TypedGpu)


FIELDS = LinkFields(
    holds=Fields,
    prefix="deploy_",
    limits=LIMITS,
    longest={"gpu_name": 24, "model": LONGEST_MODEL, "weights": 40, "cache": 20, "modes": 40},
)
"""The page's own parameters."""


def listed(text: str) -> list[str]:
    """Words between commas; none for ``none``."""
    return [] if text == NOTHING_ELSE else [word for word in text.split(",") if word]


def considered(own: Word, also: str, known: tuple[Word, ...]) -> list[Word]:
    """The scenario's own choice first, then the others in their usual order, none twice."""
    first = own if own in known else known[0]  # of the weights alone: bf16 is fp16 in size and speed
    return [first, *(word for word in known if word in listed(also) and word != first)]


def shape_of(scenario: Scenario, extra: Fields) -> Shape:
    """Tokens of the request that is asked about."""
    a, b = scenario.shapes
    own = Shape(prompt_tokens=extra.prompt, completion_tokens=extra.completion)
    shape = {"a": a, "b": b, "own": own}[extra.shape]
    if extra.hit is None:
        return shape
    # At least one token is computed: the last one's output starts the completion.
    cached = min(int(shape.prompt_tokens * extra.hit / 100), shape.prompt_tokens - 1)
    return Shape(
        prompt_tokens=shape.prompt_tokens, completion_tokens=shape.completion_tokens, cached_tokens=cached
    )


USUAL = Fields()
"""What a visitor starts from."""
