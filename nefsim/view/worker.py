"""A thread in which the network of a page runs, so that drawing does not hold it up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from nefsim.view.live import Live
from nefsim.view.pace import Pace
from nefsim.view.taps import Piece

#: Approximate wall time of a run of the thread, after which a page can draw and inputs act [s].
BUSY = 0.02

#: Most runs whose records are not yet drawn; the thread then waits.
MOST_WAITING = 50

#: Time for which the thread sleeps if nothing is due [s].
NAP = 0.002


class Worker:
    """Runs a network in a thread, at a speed that can be changed.

    Parameters
    ----------
    live : Live
        The network; while the thread plays, use it only within :meth:`alone`.
    pace : Pace
        Chooses the number of steps of each run.

    Attributes
    ----------
    speed : float
        Times real time; infinity is as fast as possible.
    error : BaseException or None
        The error that has stopped the run.
    """

    def __init__(self, live: Live, pace: Pace) -> None:
        self._live, self._pace = live, pace
        self.speed = 1.0
        self.error: BaseException | None = None
        self._plays, self._ends = threading.Event(), False
        self._turn, self._asked = threading.RLock(), 0
        self._done: deque[tuple[int, list[Piece]]] = deque()
        self._thread = threading.Thread(target=self._run, name="nefsim view", daemon=True)
        self._thread.start()

    def play(self) -> None:
        """Begin or continue to run."""
        self.error = None
        self._plays.set()

    def pause(self) -> None:
        """Stop after the present run."""
        self._plays.clear()

    def close(self) -> None:
        """End the thread."""
        self._ends = True
        self._plays.set()

    def take(self) -> list[tuple[int, list[Piece]]]:
        """The steps so far and the new records of each run since the last call, in order."""
        taken: list[tuple[int, list[Piece]]] = []
        while self._done:
            taken.append(self._done.popleft())
        return taken

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A ``with`` block during which the network does not run; blocks may be nested."""
        self._asked += 1
        try:
            with self._turn:
                yield
        finally:
            self._asked -= 1

    def _run(self) -> None:
        while True:
            self._plays.wait()
            if self._ends:
                return
            if self._asked or len(self._done) >= MOST_WAITING:
                time.sleep(NAP)
                continue
            with self._turn:
                n_steps = self._pace.due(self.speed) if self._plays.is_set() else 0
                if n_steps:
                    try:
                        pieces = self._live.advance(n_steps * self._live.simulator.dt)
                        self._done.append((self._live.simulator.n_steps, pieces))
                    except BaseException as error:  # a user's function may raise anything
                        self.error = error
                        self._plays.clear()
                    self._pace.ran(n_steps)
            if not n_steps:
                time.sleep(NAP)
