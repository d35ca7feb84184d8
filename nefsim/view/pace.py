"""How far to run between two looks, and how fast that was, by the clock on the wall."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

#: Over how much wall time the speed is measured [s].
SPAN = 1.0

#: What was not run for lack of time is made up for, but no more than this at once [s].
MOST_LATE = 0.5

#: A piece takes about so much wall time at most, so that buttons act soon [s].
MOST_BUSY = 0.1


class Pace:
    """Shares wall time out to a run, and measures the speed that comes of it.

    The speed is model time over wall time, which includes drawing, sending and waiting.

    Parameters
    ----------
    clock : callable
        Gives wall time [s].
    dt : float [s]
        Length of a step of the run.
    """

    def __init__(self, clock: Callable[[], float], dt: float) -> None:
        self._clock, self._dt = clock, dt
        self._fastest = float("inf")
        self.start(0.0)

    def start(self, model: float) -> None:
        """Begin to measure anew, with the run at ``model`` [s]."""
        now = self._clock()
        self._seen = deque([(now, model)])
        self._last = now
        self._owed = 0.0

    def due(self, speed: float) -> int:
        """Steps to take now, for a wanted speed."""
        self._began = self._clock()
        late = min(self._began - self._last, MOST_LATE)
        self._last = self._began
        possible = max(MOST_BUSY * self._fastest, self._dt)
        self._owed = min(self._owed + speed * late, possible)
        return int(self._owed / self._dt + 1e-6)

    def ran(self, n_steps: int) -> None:
        """So many steps were taken, and are not yet drawn."""
        piece, took = n_steps * self._dt, self._clock() - self._began
        self._owed -= piece
        if n_steps and took > 0.0:
            self._fastest = piece / took

    def drawn(self, model: float) -> float | None:
        """The speed over the last second, when the run up to ``model`` [s] has been drawn."""
        now = self._clock()
        self._seen.append((now, model))
        while len(self._seen) > 2 and self._seen[1][0] <= now - SPAN:
            self._seen.popleft()
        wall, before = self._seen[0]
        return (model - before) / (now - wall) if now > wall else None
