"""Names of things as people read them: a shape, a GPU, a deployment, an offer."""

from __future__ import annotations

from typing import Protocol


class HasTokens(Protocol):
    """A request's tokens."""

    @property
    def prompt_tokens(self) -> int: ...  # noqa: D102
    @property
    def completion_tokens(self) -> int: ...  # noqa: D102
    @property
    def cached_tokens(self) -> int: ...  # noqa: D102


class Named(Protocol):
    """A row with a name."""

    @property
    def name(self) -> str: ...  # noqa: D102


class Offered(Named, Protocol):
    """A row with a name and who sells it."""

    @property
    def provider(self) -> str: ...  # noqa: D102


class Placed(Protocol):
    """So many of a GPU, in some layout."""

    @property
    def gpu(self) -> Named: ...  # noqa: D102
    @property
    def n_gpus(self) -> int: ...  # noqa: D102
    @property
    def layout(self) -> str: ...  # noqa: D102


class Deployed(Protocol):
    """A deployment with what it delivers."""

    @property
    def candidate(self) -> Placed: ...  # noqa: D102


PER_REQUESTS = 1000
"""Bills are shown for this many requests."""


FRESH_DAYS = 90
"""A price that was read longer ago says so."""


def kind_of(shape: HasTokens) -> str:
    """Name a shape by what it has more of; between a quarter and four times it is balanced."""
    ratio = shape.prompt_tokens / shape.completion_tokens
    if ratio >= 4:
        return "Prompt-heavy"
    return "Generation-heavy" if ratio <= 0.25 else "Balanced"


def shape_name(shape: HasTokens) -> str:
    """Write a shape in tokens."""
    cached = f" ({shape.cached_tokens:,} cached)" if shape.cached_tokens else ""
    return f"{shape.prompt_tokens:,} in{cached} / {shape.completion_tokens:,} out"


def gpu_name(gpu: Named) -> str:
    """Write a GPU without its maker."""
    name = gpu.name
    for maker in ("NVIDIA ", "AMD ", "Intel ", "Google ", "GeForce "):
        name = name.removeprefix(maker)
    return name.partition(" (")[0]


def placed_name(placed: Placed) -> str:
    """Write how many of which GPU, and the layout where each layer is not on all of them."""
    name = f"{placed.n_gpus}×{gpu_name(placed.gpu)}"
    return f"{name} {placed.layout}" if placed.layout else name


def deployment_name(row: Deployed) -> str:
    """Write a deployment: how many of which GPU, and its layout."""
    return placed_name(row.candidate)


def offer_name(offer: Offered) -> str:
    """Write an API offer."""
    return f"{offer.name} at {offer.provider}"
