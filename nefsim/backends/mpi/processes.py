"""Messages between the processes of MPI."""

from __future__ import annotations

import os
import pickle
import time
from collections import deque
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import interrupts
from nefsim.backends.distributed.cut import SOURCES
from nefsim.backends.distributed.team import Transport
from nefsim.backends.mpi.ending import all_must_begin, watch_the_end

Array = NDArray[Any]

#: Tag of the last message of a process; those of shares are from 1 on.
GOODBYE = 0

#: Most messages to other processes that are under way; the next one waits for the oldest.
MOST_UNDER_WAY = 64

#: A waiting process tests so many times at once, and so many times more after it has let others
#: run; few times if there are more processes than cores.  Then it sleeps between tests [s].
TESTS, YIELDS, FEW, SLEEP = 100, 2000, 10, 5e-5

#: A waiting process looks so often whether another has ended, and then waits so long for messages
#: that were sent before [s].
LOOK, PATIENCE = 0.25, 6.0


class Processes(Transport):
    """The processes that ``mpiexec`` has started."""

    def __init__(self) -> None:
        self._under_way: list[tuple[Any, Any]] = []
        self._sending: dict[Any, deque[tuple[Any, Array]]] = {}
        self._receiving: dict[Any, tuple[Any, Array]] = {}
        self._tests, self._yields = TESTS, YIELDS
        with all_must_begin():
            from mpi4py import MPI

            self._mpi = MPI
            self._comm = MPI.COMM_WORLD.Dup()
            self.n, self.process = self._comm.Get_size(), self._comm.Get_rank()
            if self.n > 1:
                self._share_cores()

    def _share_cores(self) -> None:
        """Let each process of a machine use its part of the cores, unless mpiexec has done so."""
        if not hasattr(os, "sched_getaffinity"):
            return
        here = self._comm.Split_type(self._mpi.COMM_TYPE_SHARED)
        cores = sorted(os.sched_getaffinity(0))
        n, k = here.Get_size(), here.Get_rank()
        of_all = here.allgather(cores)
        if n > len(set().union(*of_all)):
            self._tests = self._yields = FEW
        elif n <= len(cores) and all(other == cores for other in of_all):
            os.sched_setaffinity(0, cores[k * len(cores) // n : (k + 1) * len(cores) // n])
        here.Free()

    # -- messages -------------------------------------------------------------------------

    def send(self, sender: int, receiver: int, rows: Array) -> None:
        """Send rows of a share to that of another process."""
        if len(rows) == 1:
            self._send_row(sender, receiver, rows)
            return
        buffer = np.array(rows, order="C")
        if len(self._under_way) >= MOST_UNDER_WAY:
            self._under_way = [pair for pair in self._under_way if not pair[0].Test()]
            while len(self._under_way) >= MOST_UNDER_WAY:
                self._wait(self._under_way.pop(0)[0])
        self._under_way.append((self._comm.Isend(buffer, receiver, _tag(sender)), buffer))

    def _send_row(self, sender: int, receiver: int, row: Array) -> None:
        """Send one row, with a request that is prepared once and used for many steps."""
        key = sender, receiver, row.shape, row.dtype
        sending = self._sending.setdefault(key, deque())
        if sending and (len(sending) >= MOST_UNDER_WAY or sending[0][0].Test()):
            request, buffer = sending.popleft()
            self._wait(request)
        else:
            buffer = np.empty(row.shape, row.dtype)
            request = self._comm.Send_init(buffer, receiver, _tag(sender))
        buffer[...] = row
        request.Start()
        sending.append((request, buffer))

    def receive(self, sender: int, receiver: int, like: Array) -> Array:
        """The next rows of a share of another process."""
        del receiver
        if len(like) == 1:
            return self._receive_row(sender, like)
        self._wait(self._comm.Irecv(like, max(sender, 0), _tag(sender)))
        return like

    def _receive_row(self, sender: int, like: Array) -> Array:
        """The next row of a share, in an array that the next call overwrites."""
        key = sender, like.shape, like.dtype
        if key not in self._receiving:
            buffer = np.empty(like.shape, like.dtype)
            request = self._comm.Recv_init(buffer, max(sender, 0), _tag(sender))
            self._receiving[key] = request, buffer
        request, buffer = self._receiving[key]
        request.Start()
        self._wait(request)
        return buffer

    def shared(self, *rows: dict[int, Any]) -> tuple[dict[int, Any], ...]:
        """The rows of all processes, on each of them."""
        mine = np.frombuffer(pickle.dumps(rows, protocol=5), np.uint8)
        sizes = np.zeros(self.n, np.int64)
        self._wait(self._comm.Iallgather(np.array([mine.size], np.int64), sizes))
        all_of_them = np.empty(int(sizes.sum()), np.uint8)
        places = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        target = [all_of_them, (sizes.tolist(), places.tolist())]
        self._wait(self._comm.Iallgatherv(mine, target))
        found: tuple[dict[int, Any], ...] = tuple({} for _ in rows)
        for first, size in zip(places.tolist(), sizes.tolist(), strict=True):
            parts = pickle.loads(all_of_them[first : first + size].data)
            for whole, part in zip(found, parts, strict=True):
                whole |= part
        return found

    def least(self, number: int) -> int:
        """The smallest of the numbers of all processes."""
        result = np.zeros(1, np.int64)
        mine = np.array([number], np.int64)
        self._wait(self._comm.Iallreduce(mine, result, self._mpi.MIN))
        return int(result[0])

    def of_first(self, number: int) -> int:
        """The number from 0 and below 2**64 that the first process has."""
        buffer = np.array([number], np.uint64)
        self._wait(self._comm.Ibcast(buffer, 0))
        return int(buffer[0])

    def _wait(self, request: Any) -> None:
        """Wait for a message; raise an error if a process has ended."""
        for _ in range(self._tests):
            if request.Test():
                return
        tests, next_look, ended = 0, time.monotonic() + LOOK, None
        while not request.Test():
            tests += 1
            if tests < self._yields:
                os.sched_yield()
                continue
            time.sleep(SLEEP)
            now = time.monotonic()
            if now < next_look:
                continue
            next_look = now + LOOK
            interrupts.check()
            gone = self._gone()
            if gone is not None and ended is None:
                ended = now
            if ended is not None and now - ended > PATIENCE:
                raise RuntimeError(f"process {gone} has ended, and others wait for its values")

    # -- the end --------------------------------------------------------------------------

    def _gone(self) -> int | None:
        """A process that has ended, if any."""
        status = self._mpi.Status()
        if self._comm.Iprobe(self._mpi.ANY_SOURCE, GOODBYE, status):
            return int(status.Get_source())
        return None

    def say_goodbye(self) -> None:
        """Let the others know that this process takes no more steps."""
        if self._mpi.Is_finalized():
            return
        requests = [
            self._comm.Isend(np.zeros(0), k, GOODBYE) for k in range(self.n) if k != self.process
        ]
        del requests

    def abort(self) -> None:
        """End all processes."""
        self._comm.Abort(1)


def _tag(sender: int) -> int:
    return sender - SOURCES + 1


@cache
def processes() -> Processes:
    """The processes of this job, which MPI is started for."""
    found = Processes()
    if found.n > 1:
        watch_the_end(found)
    return found
