"""Steps of a simulator, which one caller at a time may ask for."""

from __future__ import annotations

from threading import Lock

from nefsim import _checks as check
from nefsim.backends import Runner, interrupts
from nefsim.program import State
from nefsim.records import Records


class Turn:
    """A ``with`` block that one caller at a time may enter; any other is refused.

    Others are functions of nodes, which are called within a run, and other threads.

    Parameters
    ----------
    who : str
        The method whose steps are taken in the block, for messages.
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
        """Refuse a method that must not be called within a run."""
        if self._busy.locked():
            check.must_not_be_running(who)


def advance(run: Runner, n_steps: int, state: State, records: Records) -> None:
    """Take steps and record them; after an error or Ctrl-C those that were complete stay."""
    records.reserve(n_steps)
    with interrupts.put_off():
        try:
            run(n_steps, records)
        finally:
            records.settle(state.step)
