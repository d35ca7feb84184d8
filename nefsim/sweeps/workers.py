"""Workers that run jobs: this process, local processes, and executors of other packages."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from nefsim.sweeps.job import Job, Outcome, run_job

#: Interval at which jobs without callbacks are asked whether they are done [s].
EVERY = 0.05

#: Outcomes of a job, or the error by which its worker was lost.
Ended = Sequence[Outcome] | BaseException


class WorkersLost(RuntimeError):
    """All workers, or the way to them, are lost; results so far are in the folder."""


class Workers(ABC):
    """Workers that run jobs at the same time.

    Attributes
    ----------
    room : int
        Most jobs that are submitted and not yet returned.
    """

    room = 1

    @abstractmethod
    def submit(self, number: int, job: Job) -> None:
        """Start a job; its number is returned with its outcomes."""

    @abstractmethod
    def wait(self) -> tuple[int, Ended]:
        """Wait until a job has ended; its number, and its outcomes or the error."""

    @abstractmethod
    def close(self, completed: bool) -> None:
        """Release the workers; if the sweep is not ``completed``, stop their jobs."""


class Serial(Workers):
    """This process, which runs a job when it is waited for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Job]] = []

    def submit(self, number: int, job: Job) -> None:
        self._waiting.append((number, job))

    def wait(self) -> tuple[int, Ended]:
        number, job = self._waiting.pop(0)
        return number, run_job(job)

    def close(self, completed: bool) -> None:
        pass


class Futures(Workers):
    """An executor with ``submit(function, argument)``, which returns futures.

    Futures of ``concurrent.futures`` and of compatible packages report their end.  Jobs of
    submitit, which have ``done`` and ``result`` only, are asked from time to time.

    Parameters
    ----------
    executor : object
        The executor.
    room : int
        Most jobs that are submitted and not yet returned.
    shut_down : callable or None
        A function that releases the executor, if the sweep made it.
    """

    def __init__(
        self, executor: Any, room: int = 1000, shut_down: Callable[[], object] | None = None
    ) -> None:
        self._executor, self.room, self._shut_down = executor, room, shut_down
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._silent: set[int] = set()  # jobs that have to be asked

    def submit(self, number: int, job: Job) -> None:
        try:
            future = self._executor.submit(run_job, job)
        except (BrokenExecutor, RuntimeError) as error:
            raise WorkersLost(str(error)) from error
        self._futures[number] = future
        if hasattr(future, "add_done_callback"):
            future.add_done_callback(lambda _: self._ended.put(number))
        else:
            self._silent.add(number)

    def wait(self) -> tuple[int, Ended]:
        while True:
            try:
                number = self._ended.get(timeout=EVERY if self._silent else None)
            except queue.Empty:
                ended = [n for n in self._silent if self._futures[n].done()]
                for n in ended:
                    self._silent.discard(n)
                    self._ended.put(n)
                continue
            future = self._futures.pop(number)
            try:
                return number, future.result()
            except (BrokenExecutor, CancelledError) as error:
                raise WorkersLost(str(error) or type(error).__name__) from error
            except Exception as error:
                if type(error).__name__ in ("CancelledError", "FutureCancelledError"):
                    raise WorkersLost(str(error)) from error  # of Dask, without its scheduler
                return number, error

    def close(self, completed: bool) -> None:
        if not completed:
            for future in self._futures.values():
                if hasattr(future, "cancel"):
                    future.cancel()
        if self._shut_down is not None:
            self._shut_down()
