"""The loop of a sweep: jobs to workers, outcomes to the folder, and failures once more."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nefsim.sweeps.grid import Task
from nefsim.sweeps.job import Outcome
from nefsim.sweeps.jobs import job_of
from nefsim.sweeps.store import Store, Stored
from nefsim.sweeps.workers import Workers

#: Times that a task is run again after its worker was lost.
LOSSES = 3


class Loop:
    """Runs jobs until each of their tasks has a result or has failed.

    Parameters
    ----------
    function : callable
        The function, as the workers receive it.
    workers : Workers
        The workers.
    store : Store
        The folder.
    retries : int
        Times that a task is run again after an error.
    report : callable
        ``report(1)`` is called after each task.

    Attributes
    ----------
    results : dict of str to Stored
        The results so far, by key.
    failures : dict of str to str
        The last tracebacks of tasks that failed, by key.
    """

    def __init__(
        self,
        function: Any,
        workers: Workers,
        store: Store,
        retries: int,
        report: Callable[[int], object],
    ) -> None:
        self._function, self._workers, self._store = function, workers, store
        self._retries, self._report = retries, report
        self._errors: Counter[str] = Counter()
        self._losses: Counter[str] = Counter()
        self._waiting: deque[list[Task]] = deque()
        self.results: dict[str, Stored] = {}
        self.failures: dict[str, str] = {}

    def run(self, jobs: list[list[Task]]) -> None:
        """Run all jobs.

        Raises
        ------
        WorkersLost
            If the executor is broken; the results so far are in the folder.
        """
        self._waiting.extend(jobs)
        under_way: dict[int, list[Task]] = {}
        number, completed = 0, False
        try:
            while self._waiting or under_way:
                while self._waiting and len(under_way) < self._workers.room:
                    tasks = under_way[number] = self._waiting.popleft()
                    self._workers.submit(number, job_of(self._function, tasks))
                    number += 1
                ended, outcomes = self._workers.wait()
                tasks = under_way.pop(ended)
                if isinstance(outcomes, BaseException):
                    self._lose(tasks, outcomes)
                else:
                    for task, outcome in zip(tasks, outcomes, strict=True):
                        self._take(task, outcome)
            completed = True
        finally:
            if completed:
                self._workers.close(completed)
            else:
                with suppress(Exception):  # the first error is more useful
                    self._workers.close(completed)

    def _take(self, task: Task, outcome: Outcome) -> None:
        """Write the outcome of a task, or run it again."""
        if outcome.trace is None:
            self._store.write(task, outcome.values, outcome.arrays)
            self.results[task.key] = Stored(outcome.values, tuple(outcome.arrays))
            self._report(1)
            return
        self._errors[task.key] += 1
        self._again(task, self._errors[task.key] > self._retries, outcome.trace)

    def _lose(self, tasks: list[Task], error: BaseException) -> None:
        """Run the tasks of a lost worker again, each alone, so that one does not take others."""
        for task in tasks:
            self._losses[task.key] += 1
            n = self._losses[task.key]
            text = f"The worker was lost {n} times while it ran this task.\n{error!r}\n"
            self._again(task, n > LOSSES, text)

    def _again(self, task: Task, is_last: bool, text: str) -> None:
        if not is_last:
            self._waiting.append([task])
            return
        self._store.fail(task, text)
        self.failures[task.key] = text
        self._report(1)
