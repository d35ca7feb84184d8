"""End all processes if one of them fails, instead of letting the others wait for it."""

from __future__ import annotations

import atexit
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nefsim.backends.mpi.processes import Processes


@contextmanager
def end_all(team: Processes) -> Iterator[None]:
    """A ``with`` block whose error ends all processes, after it is printed."""
    try:
        yield
    except BaseException as error:
        _end(team, error)
        raise


def _end(team: Processes, error: BaseException) -> None:
    traceback.print_exception(error)
    kind = type(error).__name__
    print(
        f"nefsim: process {team.process} of {team.n} ends all others: {kind}: {error}",
        file=sys.stderr,
        flush=True,
    )
    sys.stdout.flush()
    team.abort()


def watch_the_end(team: Processes) -> None:
    """End all processes if an error ends this one, and let them know if it ends otherwise."""
    atexit.register(team.say_goodbye)
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, SystemExit):
            before(kind, error, trace)
        else:
            _end(team, error)

    sys.excepthook = hook
