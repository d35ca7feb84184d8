"""Trials of a batch as groups, which the cores compute one after the other.

Trials read nothing of one another, so that a group needs no order and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nefsim.backends.compiled import cores
from nefsim.backends.compiled.stages import Loop, Pieces, Span
from nefsim.backends.engine import Advance


def has_a_trial_for_each_core(arrays: tuple[Any, ...]) -> bool:
    """Whether the cores can share the trials of a batch."""
    return len(arrays[1]) >= cores.cores() > 1


def in_trials(arrays: tuple[Any, ...], stage: Loop | Pieces) -> Advance:
    """The ``advance`` of the blocks of a stage, by groups of trials if there is enough work."""
    spans, work = ([stage.span], stage.work) if isinstance(stage, Loop) else _blocks(stage)
    n_trials = len(arrays[1])
    alone, n_cores = cores.one_call(arrays, spans).rows, cores.cores()
    n = min(n_trials, cores.PIECES * n_cores)
    ends = [n_trials * i // n for i in range(n + 1)]
    groups = [cores.one_call(_part(arrays, *ends[i : i + 2]), spans).rows for i in range(n)]

    def advance(lo: int, hi: int) -> None:
        if work * n_trials * (hi - lo) < cores.MIN_WORK_FOR_THREADS:
            alone(lo, hi)
            return
        tasks = cores.Tasks([set()] * n, 1)

        def task(group: int, k: int) -> None:
            del k
            groups[group](lo, hi)

        cores.with_helpers(n_cores, lambda thread: tasks.run(task))

    return advance


def _blocks(stage: Pieces) -> tuple[Sequence[Span], int]:
    return stage.spans, sum(stage.cost)


def _part(arrays: tuple[Any, ...], first: int, end: int) -> tuple[Any, ...]:
    """The arrays of some trials, as views."""
    table, data, constants, indices, fired, counts = arrays
    return table, data[first:end], constants, indices, fired[first:end], counts[first:end]
