"""Groups of tasks that run together, shards of these groups, and jobs made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from nefsim import _checks as check
from nefsim.sweeps.grid import Task
from nefsim.sweeps.job import Job, this_process


def groups(function: Any, tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks that run together: up to ``function.batch`` seeds of one point, or single tasks.

    A group has seeds from ``k batch`` to ``(k + 1) batch - 1``, whatever other seeds there are.
    """
    if not hasattr(function, "many"):
        return [[task] for task in tasks]
    size = check.integer("sweep", "fn.batch", getattr(function, "batch", 1), low=1)
    # Tasks of a point share the dict of its parameters.
    parts = groupby(tasks, lambda task: (id(task.parameters), (task.seed or 0) // size))
    return [[*part] for _, part in parts]


def shard(who: str, value: Any, every: Sequence[list[Task]]) -> Sequence[list[Task]]:
    """The groups of shard i of n; None is all of them.

    Examples
    --------
    >>> len(shard("sweep", (2, 3), [[]] * 10))
    3
    """
    if value is None:
        return every
    do = "pass a pair, such as (1, 8)"
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        check.fail(who, "shard", "be a pair (i, n)", check.show(value), do, TypeError)
    n = check.integer(who, "shard", value[1], do, 1)
    return every[check.integer(who, "shard", value[0], do, 1, n) - 1 :: n]


def jobs(groups: Sequence[list[Task]], chunk: int) -> list[list[Task]]:
    """``chunk`` groups at a time as lists of tasks."""
    return [
        [task for group in groups[i : i + chunk] for task in group]
        for i in range(0, len(groups), chunk)
    ]


def job_of(function: Any, tasks: Sequence[Task]) -> Job:
    """The job that a worker receives."""
    points = tuple(task.parameters for task in tasks)
    return Job(function, points, tuple(task.seed for task in tasks), this_process())
