"""Steps of a simulator, with a lock against calls during a run."""

from __future__ import annotations

from threading import Lock

from nefsim import _checks as check
from nefsim.backends import Runner, interrupts
from nefsim.program import State
from nefsim.records import Records


class Turn:
    """A ``with`` block for one caller at a time; for others it raises an error.

    Other callers are functions of nodes, which are called during a run, and other threads.

    Parameters
    ----------
    who : str
        Method that takes steps in the block, for error messages.
    """

    __slots__ = ("_busy", "_who")

    def __init__(self, who: str) -> None:
        self._busy, self._who = Lock(), who

    def __enter__(self) -> None:
        if not self._busy.acquire(blocking=False):
            check.must_not_be_running(self._who)

    def __exit__(self, *error: object) -> None:
        self._busy.release()

    def forbid(self, who: str) -> None:
        """Raise an error about a method that must not be called during a run."""
        if self._busy.locked():
            check.must_not_be_running(who)


def advance(run: Runner, n_steps: int, state: State, records: Records) -> None:
    """Take steps and record them; complete steps are preserved after an error or Ctrl-C."""
    records.reserve(n_steps)
    with interrupts.put_off():
        try:
            run(n_steps, records)
        finally:
            records.settle(state.step)
