"""End all processes if one of them fails, instead of letting the others wait for it."""

from __future__ import annotations

import atexit
import faulthandler
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

#: A process waits so long for others to begin, and as long as it took to begin itself [s].
BEGIN = 60.0

#: Variables of the environment that launchers of several processes set.
LAUNCHED = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS")


class Ending(Protocol):
    """The methods of :class:`~nefsim.backends.mpi.processes.Processes` that end a job."""

    n: int
    process: int

    def say_goodbye(self) -> None:
        """Let the others know that this process takes no more steps."""

    def abort(self) -> None:
        """End all processes."""


@contextmanager
def all_must_begin() -> Iterator[None]:
    """A ``with`` block that waits for all processes, and ends this one if others never come.

    MPI itself would wait for ever for a process that has failed before.  Python cannot interrupt
    it, so the limit is set by the module faulthandler, which prints where the process waits.
    """
    errors, is_launched = sys.__stderr__, any(name in os.environ for name in LAUNCHED)
    if errors is not None and is_launched:
        limit = BEGIN + time.process_time()
        faulthandler.dump_traceback_later(limit, exit=True, file=errors)
    try:
        yield
    finally:
        if errors is not None and is_launched:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def end_all(team: Ending) -> Iterator[None]:
    """A ``with`` block whose error ends all processes, after it is printed."""
    try:
        yield
    except BaseException as error:
        _end(team, error)
        raise


def _end(team: Ending, error: BaseException) -> None:
    traceback.print_exception(error)
    kind = type(error).__name__
    print(
        f"nefsim: process {team.process} of {team.n} ends all others: {kind}: {error}",
        file=sys.stderr,
        flush=True,
    )
    sys.stdout.flush()
    team.abort()


def watch_the_end(team: Ending) -> None:
    """End all processes if an error ends this one, and let them know if it ends otherwise."""
    atexit.register(team.say_goodbye)
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, SystemExit):
            before(kind, error, trace)
        else:
            _end(team, error)

    sys.excepthook = hook
