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

    def alone(self, who: str) -> Lock:
        """A lock for a ``with`` block of a single step, in less time than that of this object.

        Another thread that comes at the same time waits for the end of the step.
        """
        if self._busy.locked():
            check.must_not_be_running(who)
        return self._busy

    def __enter__(self) -> None:
        try:
            with interrupts.put_off():  # else Ctrl-C here would leave the lock taken
                is_free = self._busy.acquire(blocking=False)
        except KeyboardInterrupt:
            if is_free:
                self._busy.release()
            raise
        if not is_free:
            check.must_not_be_running(self._who)

    def __exit__(self, *error: object) -> None:
        self._busy.release()

    def forbid(self, who: str) -> None:
        """Raise an error about a method that must not be called during a run."""
        if self._busy.locked():
            check.must_not_be_running(who)


def advance(run: Runner, n_steps: int, state: State, records: Records) -> None:
    """Take steps and record them; complete steps are preserved after an error or Ctrl-C."""
    with interrupts.put_off():
        state.settle()
        records.reserve(n_steps)
        try:
            run(n_steps, records)
        finally:
            records.settle(state.step)
