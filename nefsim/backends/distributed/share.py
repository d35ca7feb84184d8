"""Run the program of one share, block by block, on the NumPy or the compiled back end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.distributed.cut import Cut, Whole
from nefsim.backends.distributed.inflow import Inflow
from nefsim.backends.distributed.programs import ShareProgram, share_program, size_of
from nefsim.backends.engine import Engine
from nefsim.program import Call, Program, State, outputs

Array = NDArray[Any]
Prepare = Callable[[Any, State], Callable[..., None]]


@dataclass(frozen=True)
class HasProgram:
    """A program, as back ends take it."""

    program: Program


class Rows:
    """A recorder that stores the rows of a chunk."""

    def __init__(self) -> None:
        self.rows: dict[int, Array] = {}

    def add(self, probe: int, rows: Array) -> None:
        """Copy the rows of a record."""
        self.rows[probe] = np.array(rows)

    def settle(self, n_steps: int) -> None:
        """All rows of a chunk are complete when it ends."""


class ShareRunner:
    """The engine of a share, and the values that it receives.

    Parameters
    ----------
    cut : Cut
        The cut of the whole program.
    share : int
        The share.
    state : State
        The state of the whole program.  The share changes the memories of its operations there,
        except those in ``taken``, which it copies.
    taken : set of int
        Operations whose memory another share of this process uses; those of this share are added.
    prepare : callable
        The function ``prepare(built, state)`` of a back end.

    Attributes
    ----------
    inflows : dict of int to Inflow
        Received values by sender.
    longest : int
        Most steps of a chunk.
    """

    def __init__(
        self, cut: Cut, share: int, state: State, taken: set[int], prepare: Prepare
    ) -> None:
        self.share = share
        made = self._made = share_program(cut, share)
        lead, dtype = _lead(state)
        self._records = cut.shares[share].records
        self.inflows: dict[int, Inflow] = {}
        ports = cut.shares[share].inflow
        for sender, columns in made.columns.items():
            sizes = [size_of(cut, port.value) for port in ports[sender]]
            lags = [
                port.lag for port, n in zip(ports[sender], sizes, strict=True) for _ in range(n)
            ]
            assert len(lags) == columns.stop - columns.start
            self.inflows[sender] = Inflow(lags, lead, dtype)
        self.engine: Engine | None = None
        self.longest = 10_000
        if made.program.ops:
            own = _share_state(cut, made, state, taken)
            run: Any = prepare(HasProgram(made.program), own)
            self.engine = run.__self__
            self.longest = run.__self__.longest

    def begin(self, step: int) -> None:
        """Begin a chunk after ``step`` steps."""
        self._step = step
        if self.engine is not None:
            for report in self.engine.reports.values():
                report.start()
                report.rows[:] = 0

    def run(self, lo: int, hi: int) -> None:
        """Compute rows ``lo + 1`` to ``hi`` of the chunk; all values must have arrived."""
        if self.engine is None:
            return
        if self._made.inbox is not None:
            inbox = self.engine.rows[self._made.inbox][lo + 1 : hi + 1]
            for sender, inflow in self.inflows.items():
                out = inbox[..., self._made.columns[sender]]
                inflow.fill(out, self._step + lo, self._step + hi)
            self.engine.rows_done[self._made.program.writer[self._made.inbox]] = hi
        self.engine.chunk(hi, lo)

    def sent(self, receiver: int, lo: int, hi: int) -> Array:
        """Rows ``lo + 1`` to ``hi`` of the values for another share."""
        assert self.engine is not None
        rows: Array = self.engine.rows[self._made.outboxes[receiver]][lo + 1 : hi + 1]
        return rows

    @property
    def receivers(self) -> tuple[int, ...]:
        """The shares to which this one sends values."""
        return tuple(self._made.outboxes)

    def end(self, length: int) -> dict[int, Array]:
        """End a chunk; return the rows of each record."""
        if self.engine is None:
            return {}
        recorder = Rows()
        self.engine.stop_if_diverged()
        self.engine.finish(length, recorder)
        return {
            number: recorder.rows[i] for i, number in enumerate(self._records) if i in recorder.rows
        }


def _lead(state: State) -> tuple[tuple[int, ...], Any]:
    """The shape of a batch, and the type of values."""
    if not state.signals:
        return (), np.float64
    return state.signals[0].shape[:-1], state.signals[0].dtype


def _share_state(cut: Cut, made: ShareProgram, state: State, taken: set[int]) -> State:
    """The state of a share, with the memories of the whole state where no other share has them."""
    lead, dtype = _lead(state)
    program = made.program
    signals = [np.zeros((*lead, signal.size), dtype) for signal in program.signals]
    memories: list[dict[str, Any]] = []
    rngs: list[list[Any]] = []
    running: list[list[Any]] = []
    steps: dict[int, list[Any]] = {}
    trials = range(lead[0] if lead else 1)
    for k, (op, item) in enumerate(zip(program.ops, made.items, strict=True)):
        whole = item.op if isinstance(item, Whole) else None
        is_first = isinstance(item, Whole) and not item.late and whole not in taken
        if whole is None:
            memories.append({})
        else:
            memory = state.ops[whole]
            memories.append(memory if is_first else copy.deepcopy(memory))
        rngs.append([] if whole is None else state.rngs[whole])
        running.append([] if whole is None else state.running[whole])
        if whole is not None and is_first:
            taken.add(whole)
            for mine, its in zip(outputs(op), outputs(cut.program.ops[whole]), strict=True):
                signals[mine][...] = state.signals[its]
        if isinstance(op, Call):
            if whole is None:
                steps[k] = [op.start(trial) for trial in trials]
            else:
                steps[k] = state.steps[whole]
    return State(state.step, signals, memories, rngs, running, steps)
