"""A line on stderr about long work: its name, the seconds it took, and the outcome."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

#: Seconds between two updates of the line in a terminal.
INTERVAL = 1.0

_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silenced(silent: bool) -> Iterator[None]:
    """Show no notices within this block if ``silent``."""
    before = _silent.set(silent or _silent.get())
    try:
        yield
    finally:
        _silent.reset(before)


def notice(doing: str) -> Any:
    """Show the name of the work in a ``with`` block, and the seconds that it took.

    In a terminal the seconds are counted during the work.  Nothing is shown within
    :func:`silenced`, or if there is no stderr.

    Parameters
    ----------
    doing : str
        Name of the work, such as "compiling the interpreter".

    Returns
    -------
    context manager
        ``with notice(...) as outcome``: call ``outcome(text)`` to show the outcome.
    """
    if _silent.get() or sys.stderr is None:
        return nullcontext(_ignore)
    return _line(f"nefsim: {doing} ...", sys.stderr)


def _ignore(outcome: str) -> None:
    """Ignore an outcome, as no line is shown."""


@contextmanager
def _line(line: str, stream: Any) -> Iterator[Callable[[str], None]]:
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

    def report(outcome: str) -> None:
        outcomes[:] = [outcome]

    try:
        yield report
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
