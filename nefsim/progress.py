"""Progress of long work: a bar in a terminal, a call to the user's function, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec

from nefsim import _checks as check

#: Work is cut into this many pieces where progress is shown.
PIECES = 100

Report = Callable[[int], object]
Progress = Callable[[int], AbstractContextManager[tuple[list[int], Report]]]


def no_bar(done: int, total: int) -> None:
    """Show no bar, but do say what the first compiled run on a machine waits for."""


def progress_bar(who: str, progress: object) -> Progress:
    """How to run ``n`` steps: in which pieces, and what to call after each."""
    if progress is no_bar:
        return _silent
    if progress is None:
        progress = sys.stderr.isatty() and find_spec("tqdm") is not None
    if callable(progress) and not isinstance(progress, type):
        return _called(progress)
    if not isinstance(progress, bool):
        do = "pass True, False, None or progress(done, total)"
        got = check.show(progress)
        check.fail(who, "progress", "be True, False, None or a function", got, do, TypeError)
    if progress and find_spec("tqdm") is None:
        do = 'pip install "nefsim[progress]"'
        check.fail(who, "progress", "have tqdm for a bar", "no tqdm", do)
    return _bar if progress else _silent


def _pieces(n: int) -> list[int]:
    size = max(n // PIECES, 1000)
    return [min(size, n - start) for start in range(0, n, size)]


def _silent(n: int) -> AbstractContextManager[tuple[list[int], Report]]:
    return nullcontext((([n] if n else []), _nothing))


def _nothing(done: int) -> None:
    """Nobody asked."""


@contextmanager
def _bar(n: int) -> Iterator[tuple[list[int], Report]]:
    from tqdm.auto import tqdm

    with tqdm(total=n, unit="step", unit_scale=True, leave=False) as bar:
        yield _pieces(n), bar.update


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
