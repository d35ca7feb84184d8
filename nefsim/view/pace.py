"""Choose the number of steps between two updates of a page, and measure the speed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

#: Wall time over which the speed is measured [s].
SPAN = 1.0

#: Most wall time for which one update catches up, after a delay [s].
MOST_LATE = 0.5

#: Steps of the first run that is as fast as possible, from which its speed is known.
FIRST = 10

#: Approximate limit of the wall time of one run, so that buttons act soon [s].
MOST_BUSY = 0.1


class Pace:
    """Chooses the number of steps of each update of a page, and measures the speed.

    The speed is simulated time divided by wall time, which includes the time for drawing.

    Parameters
    ----------
    clock : callable
        Function that returns the wall time [s].
    dt : float [s]
        Time step of the simulation.
    busy : float [s]
        Approximate limit of the wall time of one run.
    """

    def __init__(self, clock: Callable[[], float], dt: float, busy: float = MOST_BUSY) -> None:
        self._clock, self._dt, self._busy = clock, dt, busy
        self._fastest = float("inf")
        self.start(0.0)

    def start(self, model: float) -> None:
        """Restart the measurement at the simulated time ``model`` [s]."""
        now = self._run_start = self._clock()
        self._measurements = deque([(now, model)])
        self._last = now
        self._owed = 0.0

    def due(self, speed: float) -> int:
        """The number of steps to run now, to reach a target speed."""
        self._run_start = self._clock()
        late = min(self._run_start - self._last, MOST_LATE)
        self._last = self._run_start
        possible = max(self._busy * self._fastest, self._dt)
        if speed == float("inf"):
            self._owed = FIRST * self._dt if self._fastest == float("inf") else possible
        else:
            self._owed = min(self._owed + speed * late, possible)
        return int(max(0.0, self._owed) / self._dt + 1e-6)

    def ran(self, n_steps: int) -> None:
        """Register that ``n_steps`` have run, which are not drawn yet."""
        model, wall = n_steps * self._dt, self._clock() - self._run_start
        self._owed -= model
        if wall > 0.0:
            self._fastest = model / wall

    def drawn(self, model: float) -> float | None:
        """The speed over the last second; call it when data up to ``model`` [s] are drawn."""
        now = self._clock()
        self._measurements.append((now, model))
        while self._measurements[1][0] <= now - SPAN:
            self._measurements.popleft()
        wall, before = self._measurements[0]
        return (model - before) / (now - wall) if now > wall else None
