"""Progress of long runs: a bar, a counter, calls of a user's function, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec

from nefsim import _checks as check

#: Number of pieces of a run with progress.
PIECES = 100

#: Interval of updates of the counter [s]; shorter runs show none.
EVERY = 0.2

Report = Callable[[int], object]
Progress = Callable[[int], AbstractContextManager[tuple[list[int], Report]]]


def no_bar(done: int, total: int) -> None:
    """Show no bar; the notice about the first compilation on a machine is still shown."""


def progress_bar(who: str, progress: object, unit: str = "step") -> Progress:
    """A function that divides a number of steps into pieces, to report progress after each.

    It returns the pieces and the function that reports.
    """
    if progress is no_bar:
        return _silent
    if progress is None:
        progress = sys.stderr.isatty()
    if callable(progress) and not isinstance(progress, type):
        return _called(progress)
    if not isinstance(progress, bool):
        do = "pass True, False, None or progress(done, total)"
        got = check.show(progress)
        check.fail(who, "progress", "be True, False, None or a function", got, do, TypeError)
    if not progress:
        return _silent
    return partial(_bar if find_spec("tqdm") else _counter, unit)


def _pieces(n: int) -> list[int]:
    size = max(n // PIECES, 1000)
    return [min(size, n - start) for start in range(0, n, size)]


def _silent(n: int) -> AbstractContextManager[tuple[list[int], Report]]:
    return nullcontext((([n] if n else []), _nothing))


def _nothing(done: int) -> None:
    """Report nothing."""


@contextmanager
def _bar(unit: str, n: int) -> Iterator[tuple[list[int], Report]]:
    from tqdm.auto import tqdm

    with tqdm(total=n, unit=unit, unit_scale=True, leave=False) as bar:
        yield _pieces(n), bar.update


@contextmanager
def _counter(unit: str, n: int) -> Iterator[tuple[list[int], Report]]:
    """A counter on one line, which is overwritten, and erased at the end."""
    done, last, width = 0, time.monotonic(), 0

    def report(piece: int) -> None:
        nonlocal done, last, width
        done += piece
        now = time.monotonic()
        if now - last >= EVERY:
            text = f"{done} of {n} {unit}s ({done / n:.0%})"
            last, width = now, len(text)
            print(f"\r{text}", end="", file=sys.stderr, flush=True)

    try:
        yield _pieces(n), report
    finally:
        if width:
            print("\r" + " " * width + "\r", end="", file=sys.stderr, flush=True)


def _called(function: Callable[[int, int], object]) -> Progress:
    @contextmanager
    def progress(n: int) -> Iterator[tuple[list[int], Report]]:
        done = 0

        def report(piece: int) -> None:
            nonlocal done
            done += piece
            function(done, n)

        yield _pieces(n), report

    return progress
