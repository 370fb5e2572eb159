"""One deployment at one shape, out of the arrays of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.load import STEP_TOKENS
from breakeven.hosting.candidates import Candidate
from breakeven.hosting.evaluation import MOST_SEQUENCES, Evaluation
from breakeven.question.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One deployment at one shape; seconds, US dollars per request."""

    candidate: Candidate
    batch: int
    most_sequences: int
    fits: bool
    holds: bool
    ttft_s: float
    """With so many clients at once; what the target is held against."""
    ttft_alone_s: float
    """Of a request that meets nobody."""
    wait_s: float
    """The one less the other: what the neighbours add."""
    tpot_s: float
    prefill_s: float
    decode_s: float
    prompt_usd: float
    completion_usd: float
    usd_low: float
    usd_high: float
    ttft_range_s: tuple[float, float]
    ttft_alone_range_s: tuple[float, float]
    tpot_range_s: tuple[float, float]
    bound_prefill: str
    bound_decode: str

    @property
    def rank_batch(self) -> float:
        """Sequences of one rank, at least one; all of them where each layer is on all GPUs. [-]"""
        ranks = self.candidate.worker.ranks
        return self.batch if ranks == 1 else max(self.batch / ranks, 1.0)

    @property
    def usd(self) -> float:
        """Dollars per request, idle time included. [USD]"""
        return self.prompt_usd + self.completion_usd

    @property
    def work_range(self) -> tuple[float, float]:
        """The work at both ends of the estimate's range, over that of the estimate. [-]"""
        return (self.usd_low / self.usd, self.usd_high / self.usd) if self.usd > 0 else (1.0, 1.0)

    @property
    def replica_s(self) -> float:
        """Replica seconds per request. [s]"""
        return self.prefill_s + self.decode_s


def host_row(result: Evaluation, candidate: Candidate, place: tuple[int, ...]) -> HostRow:
    """One candidate out of the arrays of an evaluation."""
    row = candidate.profile.efficiency

    def at(array: Floats | Booleans) -> float:
        return float(array[place])

    ttft, tpot, alone = at(result.ttft_s), at(result.tpot_s), at(result.ttft_alone_s)
    return HostRow(
        candidate=candidate,
        batch=int(at(result.batch)),
        most_sequences=int(at(result.most_sequences)),
        fits=bool(at(result.fits)),
        holds=bool(at(result.holds)),
        ttft_s=ttft,
        ttft_alone_s=alone,
        wait_s=at(result.wait_s),
        tpot_s=tpot,
        prefill_s=at(result.prefill_s),
        decode_s=at(result.decode_s),
        prompt_usd=at(result.prompt_usd),
        completion_usd=at(result.completion_usd),
        usd_low=at(result.prompt_usd_low) + at(result.completion_usd_low),
        usd_high=at(result.prompt_usd_high) + at(result.completion_usd_high),
        ttft_range_s=(ttft * row.ttft_factor_low, ttft * row.ttft_factor_high),
        ttft_alone_range_s=(alone * row.ttft_alone_factor_low, alone * row.ttft_alone_factor_high),
        tpot_range_s=(tpot * row.tpot_factor_low, tpot * row.tpot_factor_high),
        bound_prefill="compute" if at(result.prefill_compute_bound) else "bandwidth",
        bound_decode="compute" if at(result.decode_compute_bound) else "bandwidth",
    )


def stops_next(scenario: Scenario, host: HostRow, next_tpot_s: float) -> str:
    """Say what keeps the batch from being one larger."""
    if scenario.batch is not None:
        return "the batch that is set by hand"
    most = MOST_SEQUENCES * host.candidate.worker.ranks
    if host.batch >= most:
        return f"the scheduler, which runs at most {most:,} sequences"
    if host.batch >= host.most_sequences:
        return "full memory"
    if scenario.tpot is not None and next_tpot_s > scenario.tpot:
        return "the TPOT target"
    if scenario.ttft is not None:
        return "the TTFT target"
    return f"the engine, whose step takes at most {STEP_TOKENS:,} tokens of prompts"
