"""A job: some tasks that one worker runs together, and the outcome of each."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

from nefsim import _cores
from nefsim.sweeps.values import Arrays, Values, divided


class Outcome(NamedTuple):
    """The values and arrays of a task, or the traceback of its failure."""

    values: Values
    arrays: Arrays
    trace: str | None = None


#: Name of a process on a machine.
Process = tuple[str, int]


@dataclass(frozen=True)
class Job:
    """Tasks that one worker runs together.

    Attributes
    ----------
    function : callable
        The function of the sweep.
    points : tuple of dict
        The parameters of each task.
    seeds : tuple of (int or None)
        The seed of each task; None passes none.
    client : (str, int)
        The process that called ``sweep``, whose threads of BLAS stay as they are.
    """

    function: Any
    points: tuple[dict[str, Any], ...]
    seeds: tuple[int | None, ...]
    client: Process


def this_process() -> Process:
    """The name of this process."""
    return socket.gethostname(), os.getpid()


def run_job(job: Job) -> list[Outcome]:
    """Run the tasks of a job on one core, and catch their errors.

    If the function has a method ``many``, seeds of equal parameters are one call of it.
    """
    if job.client != this_process():
        _one_thread()
    with _cores.at_most(1):
        if not hasattr(job.function, "many"):
            tasks = zip(job.points, job.seeds, strict=True)
            return [_outcome(job.function, point, seed) for point, seed in tasks]
        outcomes: list[Outcome] = []
        start = 0
        while start < len(job.seeds):
            end = start + 1
            while end < len(job.seeds) and job.points[end] == job.points[start]:
                end += 1
            outcomes += _of_seeds(job.function, job.points[start], job.seeds[start:end])
            start = end
        return outcomes


def _outcome(function: Any, point: dict[str, Any], seed: int | None) -> Outcome:
    arguments = point if seed is None else {**point, "seed": seed}
    try:
        return Outcome(*divided("sweep", function(**arguments)))
    except (Exception, SystemExit) as error:
        return Outcome({}, {}, _trace(error))


def _of_seeds(function: Any, point: dict[str, Any], seeds: Sequence[Any]) -> list[Outcome]:
    try:
        results = [*function.many(seeds=[*seeds], **point)]
        if len(results) != len(seeds):
            raise ValueError(
                f"sweep: many must return a result for each of {len(seeds)} seeds, "
                f"got {len(results)}; return a list in the order of the seeds."
            )
        return [Outcome(*divided("sweep", result)) for result in results]
    except (Exception, SystemExit) as error:
        return [Outcome({}, {}, _trace(error))] * len(seeds)


def _trace(error: BaseException) -> str:
    """The traceback of an error, from the user's function on."""
    inner = error.__traceback__
    if inner is not None and inner.tb_next is not None:
        inner = inner.tb_next
    return "".join(traceback.format_exception(type(error), error, inner))


_is_limited = False


def _one_thread() -> None:
    """Give BLAS one thread for the rest of this process, where threadpoolctl is installed."""
    global _is_limited
    if not _is_limited and find_spec("threadpoolctl"):
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)
    _is_limited = True
