"""What it would take: sentences for a model that fits nowhere and for targets that nothing holds."""

from __future__ import annotations

import numpy as np

from breakeven.formulas.parts import ModelShape
from breakeven.hosting import Ask, what_would_fit
from breakeven.hosting.grid import Grid
from breakeven.question.parts import Shape
from breakeven.question.scenario import Scenario
from breakeven.words.names import placed_name
from breakeven.words.numbers import seconds
from breakeven.words.terms import EXPERT, Terms


def what_it_takes(
    grid: Grid, ask: Ask, shape: Shape, scenario: Scenario, say: Terms = EXPERT
) -> tuple[str, ...]:
    """Say what is missing and what would be enough."""
    if not grid.work.models:
        return ("No model can be placed: the reasons stand under what is left out.",)
    if not grid.hardware.candidates or (not grid.w.size and not grid.too_large):
        return (
            "None of the GPUs with a price can run these weights; choose another weight format or kind of "
            "price. The reasons stand under what is left out.",
        )
    if not grid.w.size:
        return _memory(grid, shape, scenario)
    if not grid.result.fits.any():
        most = int(grid.result.most_sequences.max())
        return (
            f"A batch of {ask.batch:,} fits nowhere: the roomiest deployment holds {most:,} sequences. "
            "Choose a smaller batch.",
        )
    return _targets(grid, ask, say)


def _memory(grid: Grid, shape: Shape, scenario: Scenario) -> tuple[str, ...]:
    """The smallest format on the largest GPU, and how many would hold it."""
    lightest = int(np.argmin(np.asarray(grid.work.shape.weights_bytes)))
    work = grid.work
    one = _one(work.shape, lightest)
    gpu = max(grid.hardware.gpus, key=lambda gpu: gpu.memory_gb)
    precision = work.precisions[work.precision[lightest]].precision_id
    name = f"{work.models[work.model[lightest]].name} at {precision}"
    longest = shape.prompt_tokens + shape.completion_tokens
    lines = [what_would_fit(one, gpu, usable=scenario.usable, context_tokens=longest, name=name)]
    if gpu.link_gpus < 16:
        lines.append(f"{gpu.name}: {gpu.link_gpus} at most are joined by their link ({gpu.interconnect}).")
    smaller = [p for p in ("int4", "fp4") if p not in {one.precision_id for one in work.precisions}]
    if smaller:
        lines.append("Four-bit weights take half of 8-bit ones; they are not considered now.")
    return tuple(lines)


def _one(shape: ModelShape, row: int) -> ModelShape:
    names = ModelShape.__dataclass_fields__
    return ModelShape(**{name: float(getattr(shape, name)[row]) for name in names})


def _targets(grid: Grid, ask: Ask, say: Terms) -> tuple[str, ...]:
    """The best that any deployment reaches of each target."""
    result, lines = grid.result, []
    fits = result.fits
    for what, write, target, times in (
        (say.wait, say.first, ask.ttft_s, result.ttft_s),
        (say.speed, say.pace, ask.tpot_s, result.tpot_s),
    ):
        if target is None:
            continue
        reached = np.where(fits, times, np.inf)
        best = int(np.argmin(reached))
        candidate = grid.hardware.candidates[grid.h[best]]
        name = placed_name(candidate)
        fastest, batch = float(reached[best]), int(result.batch[best])
        gives = f"gives: {write(fastest)}" if say.is_plain else f"takes {seconds(fastest)}"
        if fastest > target:
            asked = write(target) if say.is_plain else f"a {what} of {seconds(target)}"
            at = f", {batch:,} at once" if say.is_plain else f" at batch {batch:,}"
            lines.append(f"No deployment reaches {asked}: the fastest, {name}, {gives}{at}.")
        else:
            lines.append(f"The {what} target alone can be held: {name} {gives}.")
    if len(lines) == 2 and all(line.startswith("The ") for line in lines):
        lines.append("No deployment holds both together: loosen one of them.")
    return tuple(lines)
