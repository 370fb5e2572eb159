"""Who runs next where there is not room for all: who has used least of late."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition

_REMEMBERED = 1000
"""Visitors whose use is remembered."""
_LOOK_S = 0.1
"""How often somebody who waits looks whether to go on waiting. [s]"""


class Turns:
    """Gives room to one visitor after the other, and to nobody twice at once."""

    def __init__(self, room: int) -> None:
        """Nobody waits.

        Parameters
        ----------
        room
            What all who run may take together, in any unit.
        """
        self.room = room
        self._free = room
        self._changed = Condition()
        self._running: set[str] = set()
        self._used: dict[str, tuple[float, float]] = {}
        """Seconds that a visitor has used, halved every minute, and when that was noted."""
        self._waiting: list[tuple[float, float, str]] = []

    def runs(self, visitor: str) -> bool:
        """Whether a visitor has a turn, or waits for one."""
        with self._changed:
            return visitor in self._running or any(place[2] == visitor for place in self._waiting)

    def full(self, takes: int) -> bool:
        """Whether who comes now has to wait."""
        with self._changed:
            return bool(self._waiting) or self._free < min(takes, self.room)

    def begin(
        self,
        visitor: str,
        patience_s: float = float("inf"),
        *,
        takes: int = 1,
        heed: Callable[[], None] | None = None,
    ) -> bool:
        """Wait for a turn; False where none comes.

        Who has used least is first, and nobody passes by whoever is first, however much room that takes.

        Parameters
        ----------
        visitor
            Who waits.
        patience_s
            How long. [s]
        takes
            Part of the room; more than all of it takes all of it.
        heed
            Is called now and then; what it raises ends the wait.
        """
        takes = min(takes, self.room)
        late = time.monotonic() + patience_s
        with self._changed:
            place = (self._spent(visitor), time.monotonic(), visitor)
            self._waiting.append(place)
            try:
                while not self._is_first(place, takes):
                    if heed is not None:
                        heed()
                    if time.monotonic() >= late:
                        return False
                    self._changed.wait(min(_LOOK_S, max(late - time.monotonic(), 0)))
                self._free -= takes
                self._running.add(visitor)
            finally:
                self._waiting.remove(place)
                self._changed.notify_all()
        return True

    def _is_first(self, place: tuple[float, float, str], takes: int) -> bool:
        """Whether it is this one's turn: of those who do not run already it has used least."""
        able = [one for one in self._waiting if one[2] not in self._running]
        return place in able and min(able) == place and self._free >= takes

    def end(self, visitor: str, seconds: float, *, takes: int = 1) -> None:
        """Give the turn back."""
        with self._changed:
            self._free += min(takes, self.room)
            self._running.discard(visitor)
            now = time.monotonic()
            self._used[visitor] = (self._spent(visitor) + seconds, now)
            if len(self._used) > _REMEMBERED:
                del self._used[min(self._used, key=lambda one: self._used[one][1])]
            self._changed.notify_all()

    def _spent(self, visitor: str) -> float:
        used, noted = self._used.get(visitor, (0.0, 0.0))
        return float(used * 0.5 ** ((time.monotonic() - noted) / 60))
