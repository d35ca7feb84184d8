"""The number of steps between two updates of a page, and the speed, by wall time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

#: Wall time over which the speed is measured [s].
SPAN = 1.0

#: Most wall time for which one update catches up, after a delay [s].
MOST_LATE = 0.5

#: Approximate limit of the wall time of one run, so that buttons act soon [s].
MOST_BUSY = 0.1


class Pace:
    """Decides the number of steps of each update, and measures the speed.

    The speed is model time over wall time, which includes drawing, sending and waiting.

    Parameters
    ----------
    clock : callable
        Function that returns wall time [s].
    dt : float [s]
        Length of a step of the run.
    """

    def __init__(self, clock: Callable[[], float], dt: float) -> None:
        self._clock, self._dt = clock, dt
        self._fastest = float("inf")
        self.start(0.0)

    def start(self, model: float) -> None:
        """Restart the measurement, with the run at ``model`` [s]."""
        now = self._clock()
        self._measurements = deque([(now, model)])
        self._last = now
        self._owed = 0.0

    def due(self, speed: float) -> int:
        """The number of steps to take now, for a target speed."""
        self._run_start = self._clock()
        late = min(self._run_start - self._last, MOST_LATE)
        self._last = self._run_start
        possible = max(MOST_BUSY * self._fastest, self._dt)
        self._owed = min(self._owed + speed * late, possible)
        return int(self._owed / self._dt + 1e-6)

    def ran(self, n_steps: int) -> None:
        """Record that the run has taken ``n_steps``, which are not drawn yet."""
        model, wall = n_steps * self._dt, self._clock() - self._run_start
        self._owed -= model
        if n_steps and wall > 0.0:
            self._fastest = model / wall

    def drawn(self, model: float) -> float | None:
        """The speed over the last second, after the run up to ``model`` [s] has been drawn."""
        now = self._clock()
        self._measurements.append((now, model))
        while len(self._measurements) > 2 and self._measurements[1][0] <= now - SPAN:
            self._measurements.popleft()
        wall, before = self._measurements[0]
        return (model - before) / (now - wall) if now > wall else None
