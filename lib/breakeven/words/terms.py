"""Two layers of words for one answer: plain ones, and those of the field. Numbers are the same in both.

Whoever writes a sentence or a label takes the words from here as an argument; nothing is replaced in a text
that is already written, so a name in it stays as its owner wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from breakeven.words.numbers import count, number, seconds, spread


class Layer(StrEnum):
    """Who reads."""

    PLAIN = "plain"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Words of one layer."""

    layer: Layer
    ttft: str
    """Time to first token, as a label."""
    tpot: str
    """Time per output token, as a label."""
    wait: str
    """The first, as a noun within a sentence."""
    speed: str
    """The second, as a noun within a sentence."""
    prefill: str
    """Reading the prompt, within a sentence."""
    decode: str
    """Writing the answer, within a sentence."""
    kv_cache: str
    """Keys and values of earlier tokens, within a sentence."""
    replica: str
    """The GPUs that hold one copy of the model, as a noun that takes an s."""
    batch: str
    """Sequences that are written together, before a number."""
    compute: str
    """What limits a step that arithmetic binds, after its name."""
    bandwidth: str
    """What limits a step that memory binds, after its name."""

    @property
    def is_plain(self) -> bool:
        """Whether these are the plain words."""
        return self.layer == Layer.PLAIN

    def replicas(self, n: float) -> str:
        """Count copies of the model.

        >>> EXPERT.replicas(2), PLAIN.replicas(1), PLAIN.replicas(2)
        ('2 replicas', '1 copy of the model', '2 copies of the model')
        """
        if not self.is_plain:
            return count(n, self.replica)
        return f"{n:,.0f} {'copy' if n == 1 else 'copies'} of the model"

    def copies(self, n: float) -> str:
        """Count copies where it was said before of what.

        >>> EXPERT.copies(2), PLAIN.copies(2)
        ('2 replicas', '2 copies')
        """
        return self.replicas(n).removesuffix(" of the model")

    def first(self, ttft_s: float) -> str:
        """Write after how long the first word comes.

        >>> EXPERT.first(0.624), PLAIN.first(0.624)
        ('TTFT 624 ms', 'first word after 0.62 s')
        """
        if not self.is_plain:
            return f"{self.ttft} {seconds(ttft_s)}"
        return f"first word after {spread(ttft_s, ttft_s, ttft_s)}"

    def pace(self, tpot_s: float) -> str:
        """Write how quickly the others follow.

        >>> EXPERT.pace(0.0477), PLAIN.pace(0.0477), PLAIN.pace(0.0)
        ('TPOT 47.7 ms', '21 tokens a second', '∞ tokens a second')
        """
        if not self.is_plain:
            return f"{self.tpot} {seconds(tpot_s)}"
        return f"{self._rate(tpot_s)} tokens a second"

    def first_range(self, ttft_s: float, low_s: float, high_s: float) -> str:
        """Write the same with its range, in one unit.

        >>> EXPERT.first_range(0.73, 0.45, 1.6), PLAIN.first_range(0.73, 0.45, 1.6)
        ('TTFT 0.73 s, 0.45 to 1.6', 'first word after 0.73 s, 0.45 to 1.6')
        """
        lead = "first word after" if self.is_plain else self.ttft
        return f"{lead} {spread(ttft_s, low_s, high_s)}"

    def pace_range(self, tpot_s: float, low_s: float, high_s: float) -> str:
        """Write the pace with its range, in one unit.

        >>> EXPERT.pace_range(0.0477, 0.0358, 0.053), PLAIN.pace_range(0.0477, 0.0358, 0.053)
        ('TPOT 48 ms, 36 to 53', '21 tokens a second, 19 to 28')
        """
        if not self.is_plain:
            return f"{self.tpot} {spread(tpot_s, low_s, high_s)}"
        low, high = self._rate(high_s), self._rate(low_s)
        text = self.pace(tpot_s)
        return text if {low, high} == {self._rate(tpot_s)} else f"{text}, {low} to {high}"

    def first_within(self, ttft_s: float) -> str:
        """Write a target of the first word.

        >>> EXPERT.first_within(2), PLAIN.first_within(2)
        ('TTFT ≤ 2 s', 'first word within 2 s')
        """
        return f"first word within {seconds(ttft_s)}" if self.is_plain else f"{self.ttft} ≤ {seconds(ttft_s)}"

    def pace_within(self, tpot_s: float) -> str:
        """Write a target of the others.

        >>> EXPERT.pace_within(0.05), PLAIN.pace_within(0.05)
        ('TPOT ≤ 50 ms', 'at least 20 tokens a second')
        """
        if not self.is_plain:
            return f"{self.tpot} ≤ {seconds(tpot_s)}"
        return f"at least {self._rate(tpot_s, 3)} tokens a second"

    def bound(self, by: str) -> str:
        """Write what limits a step, from ``compute`` or ``bandwidth``.

        >>> EXPERT.bound("compute"), PLAIN.bound("bandwidth")
        ('is compute-bound', 'waits for memory')
        """
        return self.compute if by == "compute" else self.bandwidth

    def limit(self, stops: str) -> str:
        """Write what keeps the batch from growing, from the phrase that says it in the words of the field.

        >>> EXPERT.limit("the TPOT target"), PLAIN.limit("the TPOT target"), PLAIN.limit("full memory")
        ('the TPOT target', 'the pace that is asked for', 'full memory')
        """
        return _LIMITS.get(stops, stops) if self.is_plain else stops

    def _rate(self, tpot_s: float, digits: int = 2) -> str:
        return number(1 / tpot_s if tpot_s > 0 else float("inf"), digits)


_LIMITS = {
    "the TPOT target": "the pace that is asked for",
    "the TTFT target": "the wait for the first word that is asked for",
}

PLAIN = Terms(
    layer=Layer.PLAIN,
    ttft="First word after",
    tpot="Each further token",
    wait="wait for the first word",
    speed="pace",
    prefill="reading the prompt",
    decode="writing the answer",
    kv_cache="memory of the text so far",
    replica="copy of the model",
    batch="requests at once:",
    compute="waits for arithmetic",
    bandwidth="waits for memory",
)
EXPERT = Terms(
    layer=Layer.EXPERT,
    ttft="TTFT",
    tpot="TPOT",
    wait="TTFT",
    speed="TPOT",
    prefill="prefill",
    decode="decode",
    kv_cache="KV cache",
    replica="replica",
    batch="batch",
    compute="is compute-bound",
    bandwidth="is bandwidth-bound",
)
TERMS: Mapping[Layer, Terms] = MappingProxyType({one.layer: one for one in (PLAIN, EXPERT)})
"""Words by layer."""
