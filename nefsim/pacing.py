"""Hold the steps of a run to the clock: a schedule of periods, and a loop of a user over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

from nefsim import _checks as check
from nefsim._collector import only_young_collected
from nefsim.deadlines import Deadlines, RealTimeWarning
from nefsim.settings import steps_in

#: Wall time before a period that is spent in a loop instead of asleep, as Linux wakes a process
#: some 60 µs late [s].
SPIN = 2e-4

#: A warning is given if a run is behind by so much, and by this number of periods.
MOST_BEHIND, MOST_PERIODS = 0.1, 10

#: Share of missed deadlines above which the end of a run warns.
MOST_MISSED = 0.01


class Schedule:
    """Begins periods at fixed times of the monotonic clock.

    A period that is late does not move the times of those after it: they follow one another
    without a pause until the run has caught up.

    Parameters
    ----------
    who : str
        Name at the start of warnings.
    period : float [s]
        Wall time from one beginning to the next.
    """

    def __init__(self, who: str, period: float) -> None:
        self.deadlines = Deadlines(period)
        self._who, self._period = who, period
        self._begin: float | None = None
        self._n = 0
        self._late = self._started = 0.0
        self._most = max(MOST_BEHIND, MOST_PERIODS * period)
        self._has_warned = False

    def _wait_until(self, due: float) -> float:
        now = time.monotonic()
        if due - now > SPIN:
            time.sleep(due - now - SPIN)
            now = time.monotonic()
        while now < due:
            now = time.monotonic()
        return now

    def wait(self) -> None:
        """Wait for the beginning of the next period."""
        if self._begin is None:
            self._begin = time.monotonic()
        due = self._begin + self._n * self._period
        self._started = self._wait_until(due)
        self._late = self._started - due

    def done(self) -> None:
        """Note the end of a period, and warn if the run is far behind."""
        assert self._begin is not None
        now = time.monotonic()
        self._n += 1
        behind = now - (self._begin + self._n * self._period)
        self.deadlines._add(self._late, now - self._started, behind)
        if behind > self._most:
            at = self._n * self._period
            self._warn(f"is {behind:.2g} s behind the clock after {at:g} s")

    def finish(self) -> None:
        """Wait for the end of the last period, and warn if many ended too late."""
        if self._begin is None:
            return
        self._wait_until(self._begin + self._n * self._period)
        missed = self.deadlines.missed
        if missed > MOST_MISSED * self._n:
            self._warn(f"missed {missed} of {self._n} deadlines")

    def _warn(self, fact: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            do = "take a longer period, fewer neurons or a faster back end; see sim.deadlines"
            check.warn(f"{self._who}: the run {fact}; {do}.", RealTimeWarning)

    def run(self, n_periods: int, step: Callable[[], object]) -> None:
        """Take a step in each of a number of periods."""
        for _ in range(n_periods):
            self.wait()
            step()
            self.done()


def undisturbed() -> AbstractContextManager[None]:
    """A ``with`` block without full passes of Python's garbage collector.

    A pass visits all objects of the program, some 40,000 after the imports alone, and takes as
    long as tens of periods of a millisecond.  A loop without an end needs them.
    """
    return only_young_collected()


def periods(who: str, period: Any, seconds: Any, dt: float) -> tuple[float, int, int | None]:
    """Check the arguments of a loop: the period [s], its steps, and the number of periods."""
    length = dt if period is None else check.seconds(who, "period", period)
    n_steps = steps_in(who, "period", length, dt)
    if not n_steps or abs(length - n_steps * dt) > 1e-6 * dt:
        do = f"pass a multiple, such as {max(n_steps, 1) * dt:g}"
        check.fail(who, "period", f"be a whole number of steps of {dt:g} s", f"{length:g}", do)
    if seconds is None:
        return length, n_steps, None
    whole = check.seconds(who, "seconds", seconds, zero=True)
    n_periods = round(whole / length)
    if n_periods == 0 < whole:
        check.warn(f"{who}: {whole:g} s are no turn, as period is {length:g} s; nothing ran.")
    return length, n_steps, n_periods


def loop(
    schedule: Schedule,
    n_periods: int | None,
    n_steps: int,
    take: Callable[[int], None],
    at: Callable[[], int],
) -> Iterator[Callable[[], None]]:
    """Yield, at the beginning of each period, a function that takes its steps.

    If the body of the loop has not called it, the steps are taken at its end.  If the simulator
    is then beyond the steps of the period (``at()``), the body took some by itself, and the
    network would be ahead of the clock.  A loop of a known duration is :func:`undisturbed`.
    """
    is_due = False

    def step() -> None:
        nonlocal is_due
        if not is_due:
            raise RuntimeError("Simulator.loop: step must be called once in a period, got two.")
        is_due = False
        take(n_steps)

    with nullcontext() if n_periods is None else undisturbed():
        for _ in count() if n_periods is None else range(n_periods):
            schedule.wait()
            is_due, end = True, at() + n_steps
            yield step
            if is_due:
                step()
            if at() > end:
                raise RuntimeError(
                    "Simulator.loop: steps must be taken by the loop alone, got others within it; "
                    "call step() of the loop in the place of sim.step()."
                )
            schedule.done()
        schedule.finish()
