"""An efficiency row that travels in a link: what somebody's own runs gave, as a few short texts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from breakeven.formulas.mode import Mode
from breakeven.question.fields import LinkFields, pairs_of
from breakeven.tables.records import Efficiency, RangeOf

OWN = "yours"
"""Start of the engine of a row that somebody's own runs gave."""
FITTED = (
    *("mfu", "mbu", "kv_mbu", "link_share", "link_latency_s", "prefill_overhead_s", "step_overhead_s"),
    *("layer_overhead_s", "sequence_overhead_s", "expert_mfu", "expert_mbu", "expert_overhead_s"),
    *("ttft_fixed_s", "first_token_steps", "context_overhead_s", "busy_steps"),
    *("busy_fixed_s", "queue_share", "latent_overhead_s"),
)
"""Columns of the efficiency table that a fit gives, in the order of the link."""
FITTED_BEFORE = (15, 18)
"""Columns that older links hold, which say nothing of the neighbours or of latent attention."""
SEPARATOR = "~"
"""Stands between numbers; no link needs to escape it."""
RATES = ("fp16", "fp8", "fp4")
MODES = (Mode.CONTINUOUS, Mode.STATIC)
MOST_RUNS = 1_000_000
MOST_GPUS = 64
SHARES = ("mfu", "mbu", "kv_mbu", "link_share", "expert_mfu", "expert_mbu")
MOST = dict.fromkeys((*SHARES, "queue_share"), 1.0)
"""Largest value that is believed, where it is not a time. [-]"""
LONGEST_S = 100.0
"""Longest fixed time that is believed. [s]"""
WIDEST = 1000.0
"""Widest range that is believed, as a factor. [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Somebody's own efficiency row; every field None: there is none."""

    on: str | None = None
    """GPU family, rate, mode and GPUs of the runs: ``h100~fp8~continuous~2``."""
    numbers: str | None = None
    """The fitted numbers, in the order of :data:`breakeven.calibration.parameters.FITTED`."""
    range: str | None = None
    """Measured over predicted, 10th and 90th percentile of TTFT at load, of TPOT, of TTFT alone."""
    error: str | None = None
    """Median error of TTFT and of TPOT; ``none`` where not measured."""
    runs: str | None = None
    """How many runs, and the model's id: ``9~llama-3.1-8b``."""

    def __post_init__(self) -> None:
        """Refuse what no formula is valid for."""
        parts = (self.on, self.numbers, self.range, self.error, self.runs)
        if any(part is not None for part in parts):
            if any(part is None for part in parts):
                raise ValueError("a calibration needs all of its fields: on, numbers, range, error, runs")
            self._checked()

    @property
    def given(self) -> bool:
        """There is a calibration."""
        return self.numbers is not None

    @property
    def engine(self) -> str:
        """Name of the engine; another calibration has another name, so that no answer is mistaken."""
        text = "|".join(str(part) for part in (self.on, self.numbers, self.range, self.error, self.runs))
        return f"{OWN}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def model_id(self) -> str:
        """Model of the runs."""
        return (self.runs or "").partition(SEPARATOR)[2]

    @property
    def gpu_family(self) -> str:
        """GPU family of the runs."""
        return (self.on or "").partition(SEPARATOR)[0]

    def _checked(self) -> Efficiency:
        family, rate, mode, n_gpus = _parts(self.on, 4, "on")
        found = _parts(self.numbers, len(FITTED), "numbers", *FITTED_BEFORE)
        values = dict(zip(FITTED, map(_number, found), strict=False))
        for name, value in values.items():
            top = MOST.get(name, LONGEST_S)
            if not 0 <= value <= top or (value == 0 and name in (*SHARES, "first_token_steps")):
                raise ValueError(f"numbers: {name} cannot be {value:g}")
        ends = [_number(text) for text in _parts(self.range, 6, "range", 4)]
        low, high, step_low, step_high, alone_low, alone_high = ends if len(ends) == 6 else [*ends, *ends[:2]]
        if not all(0 < end <= 1 for end in ends[::2]) or not all(1 <= end <= WIDEST for end in ends[1::2]):
            raise ValueError("range must hold pairs of a factor up to 1 and one from 1")
        errors = [None if e == "none" else _number(e) for e in _parts(self.error, 2, "error")]
        if any(e is not None and e < 0 for e in errors):
            raise ValueError("error must be zero or more")
        count, model = _parts(self.runs, 2, "runs")
        if rate not in RATES or mode not in MODES:
            raise ValueError(f"on: rate must be one of {', '.join(RATES)} and mode one of {', '.join(MODES)}")
        runs, gpus = _whole(count, MOST_RUNS, "runs"), _whole(n_gpus, MOST_GPUS, "on")
        return Efficiency(
            efficiency_id=f"{self.engine}-{family}-{rate}",
            engine=self.engine,
            gpu_family=family,
            precision_class=rate,
            mode=mode,
            **values,
            ttft_factor_low=low,
            ttft_factor_high=high,
            ttft_alone_factor_low=alone_low,
            ttft_alone_factor_high=alone_high,
            tpot_factor_low=step_low,
            tpot_factor_high=step_high,
            ttft_median_error=errors[0],
            tpot_median_error=errors[1],
            n_rows=runs,
            min_gpus=gpus,
            max_gpus=gpus,
            architecture=None,
            range_of=RangeOf.MODEL,
            fitted_on=f"your own {runs} runs of {model}",
            method="fitted",
            notes="carried in the link",
            source_id=OWN_SOURCE,
        )

    def efficiency(self) -> Efficiency | None:
        """The row; None where there is no calibration."""
        return self._checked() if self.given else None


_RANGES = ("ttft_factor", "tpot_factor", "ttft_alone_factor")

OWN_SOURCE = "breakeven-fit-2026-11"
"""Source of rows that `breakeven calibrate` fits."""

USUAL = Fields()

FIELDS = LinkFields(holds=Fields, prefix="calibrated_", longest={"numbers": 400})
"""The parameters ``calibrated_…`` of a link."""


def _parts(text: str | None, n: int, name: str, *before: int) -> list[str]:
    found = (text or "").split(SEPARATOR)
    if len(found) not in (n, *before):
        raise ValueError(f"{name} must hold {n} values with {SEPARATOR} between them, got {len(found)}")
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -1e9 < value < 1e9:
        raise ValueError(f"'{text[:20]}' is not a number")
    return value


def _whole(text: str, most: int, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise ValueError(f"{name}: '{text[:20]}' is not a whole number from 1 to {most:,}")
    return int(text)


def calibration_of(link: str | Mapping[str, str]) -> tuple[Fields, tuple[str, ...]]:
    """Read it from a link or its parameters, with one sentence for what could not be read."""
    pairs = {key: text for key, text in reversed(pairs_of(link)) if key.startswith(FIELDS.prefix)}
    if not pairs:
        return USUAL, ()
    values, warnings = FIELDS.read(pairs, default=USUAL)
    try:
        return replace(USUAL, **values), tuple(warnings)
    except ValueError as reason:
        return USUAL, (*warnings, f"The link's calibration cannot be used: {reason}.")


def calibrated_of(row: Efficiency, model_id: str) -> Fields:
    """Write a fitted row as the fields of a link."""

    def joined(values: Sequence[float | None]) -> str:
        return SEPARATOR.join("none" if value is None else f"{value:.4g}" for value in values)

    return Fields(
        on=SEPARATOR.join((row.gpu_family, row.precision_class, row.mode, str(row.max_gpus))),
        numbers=joined([getattr(row, name) for name in FITTED]),
        range=joined([getattr(row, f"{name}_{end}") for name in _RANGES for end in ("low", "high")]),
        error=joined([row.ttft_median_error, row.tpot_median_error]),
        runs=f"{row.n_rows}{SEPARATOR}{model_id}",
    )
