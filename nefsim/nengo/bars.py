"""Show no progress bar, one of nefsim, or one of Nengo that the user passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from nengo.utils.progress import Progress, ProgressBar, ProgressTracker

from nefsim import _checks as check
from nefsim.progress import progress_bar

WHO = "nefsim.nengo.Simulator"


@dataclass(frozen=True, eq=False)
class Work:
    """The numbers of steps to run between updates of a bar, and the functions that update it."""

    pieces: list[int]
    report: Callable[[int], Any]
    next_stage: Callable[[str, str], Any]


@contextmanager
def progress_of(bar: Any, doing: str, name: str, n_steps: int = 0) -> Iterator[Work]:
    """Show a bar during some work: Nengo's if the user passed one, else one of nefsim.

    ``doing`` is the text during the work, such as "Simulating"; ``name`` is the text after it.
    """
    if isinstance(bar, ProgressBar):
        with ProgressTracker(bar, Progress(doing, name, n_steps or None)) as tracker:
            size = max(n_steps // 100, 1)
            pieces = [min(size, n_steps - start) for start in range(0, n_steps, size)]
            yield Work(pieces, tracker.total_progress.step, tracker.next_stage)
        return
    if bar is not None and not isinstance(bar, (bool, np.bool_)):
        do = "pass True, False, None or one of nengo.utils.progress"
        got = check.show(bar)
        check.fail(WHO, "progress_bar", "be a bar of Nengo's or a flag", got, do, TypeError)
    show = progress_bar("Simulator", None if bar and n_steps else False)
    with show(n_steps) as (pieces, report):
        yield Work(pieces, report, lambda name, done: None)
