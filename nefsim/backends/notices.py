"""A line on stderr about what takes a while: what is done, for how long, and the outcome."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

#: Seconds between two words in a terminal.
INTERVAL = 1.0

_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silenced(silent: bool) -> Iterator[None]:
    """Say nothing within this block if ``silent``."""
    before = _silent.set(silent or _silent.get())
    try:
        yield
    finally:
        _silent.reset(before)


def notice(doing: str) -> Any:
    """Say what is done in a ``with`` block and for how many seconds.

    In a terminal the seconds count meanwhile.  Nothing is shown within :func:`silenced`, nor
    where there is no stderr.

    Parameters
    ----------
    doing : str
        What is done.

    Returns
    -------
    context manager
        Gives a function that takes a few words on the outcome.
    """
    if _silent.get() or sys.stderr is None:
        return nullcontext(_say_nothing)
    return _shown(f"nefsim: {doing} ...", sys.stderr)


def _say_nothing(outcome: str) -> None:
    """Nobody listens."""


@contextmanager
def _shown(line: str, stream: Any) -> Iterator[Callable[[str], None]]:
    start, ended, outcomes = time.monotonic(), threading.Event(), ["stopped"]
    stream.write(line)
    stream.flush()
    counter = None
    if stream.isatty():

        def count() -> None:
            while not ended.wait(INTERVAL):
                stream.write(f"\r{line} {time.monotonic() - start:.0f} s")
                stream.flush()

        counter = threading.Thread(target=count, daemon=True)
        counter.start()

    def tell(outcome: str) -> None:
        outcomes[:] = [outcome]

    try:
        yield tell
    finally:
        ended.set()
        if counter is not None:
            counter.join()
        again = f"\r{line}" if counter is not None else ""
        (outcome,) = outcomes
        words = f"{outcome} after" if outcome == "stopped" else "done in"
        more = "" if outcome == "stopped" else f"; {outcome}"
        stream.write(f"{again} {words} {time.monotonic() - start:.0f} s{more}\n")
        stream.flush()
