"""Progress: nothing, a bar of ours, or a bar of Nengo's that the user made."""

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
class Stage:
    """Work in pieces, and what to call after each."""

    pieces: list[int]
    report: Callable[[int], Any]
    next_stage: Callable[[str, str], Any]


@contextmanager
def progress_of(bar: Any, doing: str, name: str, n_steps: int = 0) -> Iterator[Stage]:
    """Nengo's own bar where one is given, though it costs a tenth of a second; else ours.

    ``doing`` is what it says meanwhile, such as "Simulating", and ``name`` at the end.
    """
    if isinstance(bar, ProgressBar):
        with ProgressTracker(bar, Progress(doing, name, n_steps or None)) as tracker:
            size = max(n_steps // 100, 1)
            pieces = [min(size, n_steps - start) for start in range(0, n_steps, size)]
            yield Stage(pieces, tracker.total_progress.step, tracker.next_stage)
        return
    if bar is not None and not isinstance(bar, (bool, np.bool_)):
        do = "pass True, False, None or one of nengo.utils.progress"
        got = check.show(bar)
        check.fail(WHO, "progress_bar", "be a bar of Nengo's or a flag", got, do, TypeError)
    ours = progress_bar("Simulator", None if bar and n_steps else False)
    with ours(n_steps) as (pieces, report):
        yield Stage(pieces, report, lambda name, done: None)
