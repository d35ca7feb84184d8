"""The shares of one process, run in turn with those of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import Recorder, interrupts
from nefsim.backends.distributed.balance import assign
from nefsim.backends.distributed.cut import SINKS, SOURCES, Cut
from nefsim.backends.distributed.pace import edges, longest_block, order
from nefsim.backends.distributed.share import Prepare, ShareRunner
from nefsim.backends.distributed.units import find_units
from nefsim.program import Program, State

Array = NDArray[Any]

#: Most steps of a block, and fewest blocks of a chunk where processes form a pipeline.
LONGEST_BLOCK, FEWEST_BLOCKS = 64, 8


class Transport:
    """The exchange of values between the processes of a team; this one has a single process.

    Attributes
    ----------
    n, process : int
        Number of processes, and the number of this one.
    """

    n, process = 1, 0

    def send(self, sender: int, receiver: int, rows: Array) -> None:
        """Send rows of a share to a share of another process."""
        raise NotImplementedError

    def receive(self, sender: int, receiver: int, like: Array) -> Array:
        """The next rows from a share of another process, in an array like this one.

        The next call may overwrite them.
        """
        raise NotImplementedError

    def shared(self, *rows: dict[int, Any]) -> tuple[dict[int, Any], ...]:
        """The rows of all processes, on each of them."""
        return rows

    def least(self, number: int) -> int:
        """The smallest of the numbers of all processes."""
        return number


class Team:
    """Runs the shares of this process.

    Parameters
    ----------
    cut : Cut
        The cut program.
    state : State
        The state of the whole program.
    prepare : callable
        The function ``prepare(built, state)`` of a back end.
    here : sequence of int
        The processes whose shares this process runs: its own, or all of them.
    transport : Transport
        The exchange with the other processes.
    """

    def __init__(
        self,
        cut: Cut,
        state: State,
        prepare: Prepare,
        here: tuple[int, ...],
        transport: Transport,
    ) -> None:
        self._state, self._transport = state, transport
        taken: set[int] = set()
        shares = cut.shares
        wanted = [*here, *([SOURCES] if 0 in here else []), SINKS]
        self._runners = {
            k: ShareRunner(cut, k, state, taken, prepare)
            for k in wanted
            if shares[k].items or shares[k].ports
        }
        limit = longest_block(cut)
        lags = edges(cut)
        block = LONGEST_BLOCK if limit is None else min(limit, LONGEST_BLOCK)
        same = order({pair for pair, lag in lags.items() if lag < block}, len(shares) - 2)
        assert same is not None
        self._order = [k for k in same if k in self._runners]
        longest = min((runner.longest for runner in self._runners.values()), default=10_000)
        self._longest = max(transport.least(longest), 1)
        if lags:
            self._block = max(1, min(block, self._longest // FEWEST_BLOCKS))
        else:  # no process waits for another, and long blocks stay in the caches
            self._block = self._longest
        if self._longest > self._block:
            self._longest -= self._longest % self._block

    def run(self, n_steps: int, recorder: Recorder) -> None:
        """Run steps, and pass all records of all processes to the recorder."""
        while n_steps:
            length = min(n_steps, self._longest)
            rows = self._chunk(length)
            for number, values in sorted(rows.items()):
                recorder.add(number, values)
            self._state.step += length
            recorder.settle(self._state.step)
            n_steps -= length
            interrupts.check()

    def _chunk(self, length: int) -> dict[int, Array]:
        """Run a chunk; return the rows of all records."""
        step = self._state.step
        for runner in self._runners.values():
            runner.begin(step)
        if SOURCES in self._runners:
            self._runners[SOURCES].run(0, length)
            self._send(SOURCES, 0, length)
        for lo in range(0, length, self._block):
            hi = min(lo + self._block, length)
            for k in self._order:
                runner = self._runners[k]
                for sender, inflow in runner.inflows.items():
                    self._receive(sender, k, step + hi - inflow.least, step + length)
                runner.run(lo, hi)
                self._send(k, lo, hi)
        rows = self._shared(length)
        for k in self._order:  # values that the next chunk uses
            for sender in self._runners[k].inflows:
                self._receive(sender, k, step + length, step + length)
        return rows

    def _send(self, share: int, lo: int, hi: int) -> None:
        """Send rows ``lo + 1`` to ``hi`` of a share to those that use them in this chunk."""
        runner = self._runners[share]
        for receiver in runner.receivers:
            if receiver == SINKS:
                continue
            rows = runner.sent(receiver, lo, hi)
            if receiver in self._runners:
                self._runners[receiver].inflows[share].push(rows)
            else:
                self._transport.send(share, receiver, rows)

    def _receive(self, sender: int, receiver: int, step: int, last: int) -> None:
        """Wait until the values of a step have arrived; ``last`` is the last step of the chunk."""
        inflow = self._runners[receiver].inflows[sender]
        while inflow.have < step:
            n = last - inflow.have
            like = inflow.empty(n if sender == SOURCES else min(n, self._block))
            inflow.push(self._transport.receive(sender, receiver, like))

    def _shared(self, length: int) -> dict[int, Array]:
        """End a chunk: the rows of all records of all processes."""
        to_sinks = {
            k: np.array(runner.sent(SINKS, 0, length))
            for k, runner in self._runners.items()
            if SINKS in runner.receivers
        }
        rows: dict[int, Array] = {}
        for k, runner in self._runners.items():
            if k != SINKS:
                rows |= runner.end(length)
        rows, to_sinks = self._transport.shared(rows, to_sinks)
        sinks = self._runners.get(SINKS)
        if sinks is not None:
            for k, values in to_sinks.items():
                sinks.inflows[k].push(values)
            sinks.run(0, length)
            rows |= sinks.end(length)
        return rows


def together(n: int, prepare: Prepare, process: Mapping[int, int] | None = None) -> Any:
    """A function ``prepare(built, state)`` that runs ``n`` shares in turn in this process.

    It needs no MPI and shows what several processes would compute.

    Parameters
    ----------
    n : int
        Number of shares.
    prepare : callable
        The function ``prepare`` of the back end that runs each of them.
    process : mapping of int to int, optional
        The share of atoms, by the number of the atom.
    """

    def prepare_together(built: Any, state: State) -> Any:
        program: Program = built.program
        units = find_units(program)
        cut = Cut(program, units, assign(program, units, n, process), n)
        return Team(cut, state, prepare, tuple(range(n)), Transport()).run

    return prepare_together
