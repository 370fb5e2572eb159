"""From the lengths at which a file tells requests apart to those of a price list."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Classes:
    """How many lengths of a price list a value exceeds that lies between two of the file's."""

    mine: Sequence[int]
    """Lengths of the file, ascending. [tokens]"""
    wanted: Sequence[int]
    """Lengths of the price list, ascending. [tokens]"""
    missed: set[int] = field(default_factory=set)
    """Lengths of the price list on either side of which some value may lie."""

    def of(self, above: int, least: int = 0, most: int | None = None) -> tuple[int, int]:
        """Fewest and most lengths exceeded by a value above one of the file's (0: below all of them).

        Parameters
        ----------
        above
            The longest of the file's lengths that the value exceeds.
        least, most
            What else is known of the value. [tokens]

        >>> Classes(mine=(100, 200), wanted=(100, 150, 200)).of(100)
        (1, 2)
        >>> Classes(mine=(100, 200), wanted=(100, 150, 200)).of(100, least=160)
        (2, 2)
        """
        place = bisect_right(self.mine, above)
        if above:
            least = max(least, above + 1)
        if place < len(self.mine):
            most = self.mine[place] if most is None else min(most, self.mine[place])
        fewest = bisect_left(self.wanted, least)
        furthest = len(self.wanted) if most is None else max(fewest, bisect_left(self.wanted, most))
        self.missed.update(self.wanted[fewest:furthest])
        return fewest, furthest
