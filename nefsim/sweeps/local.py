"""Local processes: each runs one job at a time, and a process that ends is replaced."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from nefsim import _checks as check
from nefsim.sweeps.job import Job, run_job
from nefsim.sweeps.workers import Ended, Workers

#: Processes in a row that may end before they have started.
MOST_STARTS = 2

#: The cure of a script that starts itself again.
GUARD = 'in a script, call sweep below `if __name__ == "__main__":`, as each process imports it'

#: Variables by which libraries choose their number of threads.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class Pickled:
    """A function that only cloudpickle can transfer, such as one of a notebook."""

    def __init__(self, function: Any) -> None:
        import cloudpickle

        self.data: bytes = cloudpickle.dumps(function)

    def unpack(self) -> Any:
        """The function."""
        return pickle.loads(self.data)


def transferable(who: str, function: Any) -> Any:
    """The function as processes can receive it.

    Raises
    ------
    TypeError
        If it is neither a function of a module, nor is cloudpickle installed.
    """
    main = sys.modules.get("__main__")
    in_file = getattr(main, "__file__", None)
    try:
        data = pickle.dumps(function)
        if in_file or b"__main__" not in data:
            return function
    except Exception:  # pickle raises many types
        pass
    if find_spec("cloudpickle") is None:
        must = "be defined with def in a file, for processes"
        do = "write it in a file, pip install cloudpickle, or pass executor='serial'"
        check.fail(who, "fn", must, check.show(function), do, TypeError)
    return Pickled(function)


class Processes(Workers):
    """Local processes, each in a pool of one, so that the job of a process that ends is known.

    Processes are spawned, with one thread for BLAS, and end when this process ends.

    Parameters
    ----------
    n : int
        The number of processes.

    Raises
    ------
    SystemExit
        If this process is itself being started by another, which imports its script.
    """

    def __init__(self, n: int) -> None:
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            # A line in each process; the error, with its place, is that of their parent.
            raise SystemExit(f"sweep: a local process could not start; {GUARD}.")
        self.room = n
        self._ended: queue.SimpleQueue[tuple[int, int, Future[Any]]] = queue.SimpleQueue()
        self._pools: list[ProcessPoolExecutor | None] = [None] * n
        self._starts: list[Future[int] | None] = [None] * n
        self._lines: list[Connection | None] = [None] * n
        self._free = [*range(n)]
        self._failures = 0  # processes in a row that ended before they had started

    def submit(self, number: int, job: Job) -> None:
        place = self._free.pop()
        pool = self._pools[place]
        if pool is None:
            pool = self._start(place)
        try:
            future = pool.submit(_run, job)
        except BrokenExecutor:  # it ended between two jobs
            future = self._start(place).submit(_run, job)
        future.add_done_callback(lambda done: self._ended.put((number, place, done)))

    def _start(self, place: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        theirs, self._lines[place] = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(1, mp_context=context, initializer=end_with, initargs=(theirs,))
        with _one_thread_in_environment():
            self._starts[place] = pool.submit(os.getpid)
        self._pools[place] = pool
        return pool

    def wait(self) -> tuple[int, Ended]:
        number, place, future = self._ended.get()
        self._free.append(place)
        try:
            outcomes = future.result()
            self._failures = 0
            return number, outcomes
        except BrokenExecutor as error:
            start = self._starts[place]
            assert start is not None
            self._pools[place] = None
            never = start.done() and start.exception() is not None
            self._failures = self._failures + 1 if never else 0
            if self._failures > MOST_STARTS:  # one may have been killed while it started
                raise RuntimeError(
                    f"sweep: a local process could not start, its error is above; {GUARD}."
                ) from error
            return number, error
        except Exception as error:
            return number, error

    def close(self, completed: bool) -> None:
        for line in self._lines:
            if line is not None and not completed:
                line.close()  # ends the process at once
        for pool in self._pools:
            if pool is not None:
                pool.shutdown(wait=completed, cancel_futures=True)


def _run(job: Job) -> Any:
    """Run a job in a process."""
    if isinstance(job.function, Pickled):
        object.__setattr__(job, "function", job.function.unpack())
    return run_job(job)


def end_with(line: Connection) -> None:
    """End this process as soon as its parent closes the other end of a pipe, or has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one

    def watch() -> None:
        with suppress(EOFError, OSError):
            line.recv_bytes()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _one_thread_in_environment() -> Iterator[None]:
    """Let processes that are started in the block use one thread for BLAS."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
