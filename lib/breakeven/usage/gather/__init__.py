"""Usage out of JSON of any shape: responses, agents' logs, spans, exports and benchmarks."""

from breakeven.usage.gather.gathering import Source, gather
from breakeven.usage.gather.refusal import refusal_for, text_refusal

__all__ = ["Source", "gather", "refusal_for", "text_refusal"]
