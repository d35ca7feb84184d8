"""Single steps: a chunk of the engine that grows by one step at a time.

A chunk of one step would cost more than its step: a copy of the state, and a few calls for each
probe.  So successive single steps fill the rows of one chunk, and their rows are recorded
together: when someone reads records, when a run begins, or when the rows are full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import Any, Protocol
from weakref import WeakMethod, proxy

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import Recorder, interrupts
from nefsim.backends.bounds import USUAL
from nefsim.program import Learn, Program, Snapshot, State, outputs, restore

Array = NDArray[np.float64]

#: Most steps of a chunk that grows, and of the first one; each may have twice as many as the one
#: before.
MOST_ROWS, FEWEST_ROWS = 1000, 16

#: Most numbers in the rows of such a chunk, which then stay in the cache.
MOST_NUMBERS = 100_000


class GrowingEngine(Protocol):
    """The parts of an engine that single steps use; see :class:`nefsim.backends.engine.Engine`."""

    program: Program
    state: State
    checkpointed: State
    plan: list[tuple[list[Callable[[int, int], None]], bool]]
    rows: list[Any]
    longest: int
    ahead: dict[int, Callable[[int, int], None]]

    @property
    def stays_finite(self) -> bool:
        """Whether no number of the program can overflow."""

    @property
    def a_step_can_fail(self) -> bool:
        """Whether a step may fail after functions of time have been computed."""

    def run(self, n_steps: int, recorder: Recorder) -> None:
        """Run steps in a chunk of their own."""

    def take_snapshot(self) -> Snapshot:
        """Copy the state, into the arrays of the last copy."""

    def chunk(self, end: int, start: int) -> None:
        """Compute rows ``start + 1`` to ``end``."""

    def record(self, start: int, end: int, recorder: Recorder) -> None:
        """Record rows ``start + 1`` to ``end``."""

    def finish(self, length: int, recorder: Recorder, start: int) -> None:
        """Record rows ``start + 1`` to ``length`` and end the chunk."""

    def check_step(self, row: int) -> None:
        """Raise an error if the step after ``row`` has made a number of the state NaN."""


class WholeStep(Protocol):
    """All operations of a step in one call, which Ctrl-C cannot cut in half.

    Attributes
    ----------
    row : int
        The complete rows; a call computes one more.
    """

    row: int

    def __call__(self) -> None:
        """Compute the next row."""

    def take(self, n: int) -> None:
        """Compute the next ``n`` rows, while Ctrl-C waits."""


class Count:
    """The complete rows of an engine whose steps are several calls."""

    row = 0

    def __call__(self) -> None:
        """Count one more row."""
        self.row += 1

    def take(self, n: int) -> None:
        """Count some more rows."""
        self.row += n


class GrowingChunk:
    """The chunk that single steps of an engine fill.

    Between steps the state is up to :attr:`row` steps ahead of ``state.step``.

    Parameters
    ----------
    engine : Engine
        The engine.

    Attributes
    ----------
    whole : WholeStep or None
        A call that takes a whole step, where no operation needs Python.
    most_at_once : int
        The most steps of one call of ``whole`` that are too little work for several cores.
    """

    def __init__(self, engine: GrowingEngine) -> None:
        # The engine owns this object.  A circle would keep its arrays until Python looks for it.
        self._engine: GrowingEngine = proxy(engine)
        self.whole: WholeStep | None = None
        self.most_at_once = 0
        self._rows: WholeStep = Count()
        width = sum(rows[0].size for rows in engine.rows if rows is not None)
        self._most_rows = min(engine.longest, MOST_ROWS, max(MOST_NUMBERS // max(width, 1), 1))
        self._limit = self._recorded = self._length = 0
        self._recorder: Any = None
        self._is_plain = self._may_overflow = self._is_stepping = False
        self._learns = any(isinstance(op, Learn) for op in engine.program.ops)
        self._advances: Sequence[Callable[[int, int], None]] = ()
        self._before: Snapshot | None = None
        self._since = 0  # the row at which that copy was made
        self._lock = RLock()  # another thread may read records

    @property
    def row(self) -> int:
        """The number of complete rows."""
        return self._rows.row

    def steps(self, recorder: Recorder, n: int) -> int:
        """Take several steps in a few calls; returns the number of those that are left.

        Steps are left if a call of the engine takes them faster, or they need Python.
        """
        while 0 < n <= self.most_at_once:
            with interrupts.put_off(), self._lock:
                self._make_room(recorder)
                if not self._is_plain or (self._may_overflow and is_strict()):
                    break
                some = min(n, self._limit - self._rows.row)
                self._rows.take(some)
            n -= some
        return n

    def step(self, recorder: Recorder, strict: bool = False) -> None:
        """Take one step; its row is recorded later.

        If a function of the user fails, the state is that of the last complete step.  If
        ``strict``, invalid numbers are errors, as with :func:`strict_numbers`.
        """
        with self._lock:
            self._make_room(recorder)
            if self._is_plain and not (self._may_overflow and (strict or is_strict())):
                self._rows()
                return
        with interrupts.put_off():
            with self._lock:
                self._make_room(recorder)
                self._is_stepping = True
            try:  # without the lock, as a function may wait for another thread
                with strict_numbers() if strict else nullcontext():
                    if self._learns:  # the engine may not copy weights, which cannot go back
                        self._engine.run(1, recorder)
                    else:
                        self._step()
            finally:
                self._is_stepping = False

    def _make_room(self, recorder: Any) -> None:
        """Begin a chunk if the last one has ended, or is full, or has other records."""
        if self._recorder is recorder and self._rows.row < self._limit:
            return
        self.close()
        engine = self._engine
        if self.whole is not None:
            self._rows = self.whole
        self._limit = min(self._most_rows, 2 * self._length + FEWEST_ROWS)
        has_computed = self._compute_ahead()
        self._advances = [
            advance
            for advances, _ in engine.plan
            for advance in advances
            if not (has_computed and advance in engine.ahead.values())
        ]
        self._is_plain = self.whole is not None and has_computed and not engine.a_step_can_fail
        self._may_overflow = not engine.stays_finite
        self._before, self._recorded = None, 0
        recorder.pending = WeakMethod(self.report)
        self._recorder = recorder

    def _compute_ahead(self) -> bool:
        """Compute functions of time for all rows, if their values are usual."""
        engine = self._engine
        try:
            for advance in engine.ahead.values():
                advance(0, self._limit)
        except Exception:  # at a later time, which may never come
            return False
        outs = [engine.rows[outputs(engine.program.ops[i])[0]] for i in engine.ahead]
        return all(np.abs(out[1 : self._limit + 1]).max(initial=0.0) < USUAL for out in outs)

    def forget(self) -> None:
        """Copy the state again before the next step, because something in it has been set.

        After an error the steps since that copy are repeated, and must see the same numbers.
        """
        self._before = None

    def _step(self) -> None:
        engine, row = self._engine, self._rows.row
        if self._before is None:
            self._before, self._since = engine.take_snapshot(), row
        try:
            for advance in self._advances:
                advance(row, row + 1)
            if is_strict():
                engine.check_step(row)
        except BaseException:
            self._undo(self._before)
            raise
        self._rows.row = row + 1

    def _undo(self, before: Snapshot) -> None:
        """Return to the last complete step, by repeating those since the copy of the state."""
        engine = self._engine
        restore(engine.checkpointed, before)
        try:
            if self._rows.row > self._since:
                engine.chunk(self._rows.row, self._since)
        except BaseException:
            restore(engine.checkpointed, before)
            self._rows.row = self._since
            raise
        finally:
            with self._lock:
                self._end()

    def report(self) -> None:
        """Record the complete rows that are not yet recorded."""
        with self._lock, interrupts.put_off():
            row = self._rows.row
            if row > self._recorded:
                self._engine.record(self._recorded, row, self._recorder)
                self._recorder.settle(self._engine.state.step + row)
                self._recorded = row

    def close(self) -> None:
        """Record all rows and end the chunk, so that the state is that of the last step.

        Within a step, whose function may ask for records, rows are only recorded.
        """
        with self._lock:
            if self._is_stepping:
                self.report()
            elif self._rows.row:
                with interrupts.put_off():
                    self._end()

    def _end(self) -> None:
        length, self._rows.row, self._before = self._rows.row, 0, None
        self._engine.state.under_way = 0
        start = min(self._recorded, length)
        self._recorded, self._limit, self._length = 0, 0, length  # the next step begins a chunk
        self._engine.finish(length, self._recorder, start)

    def latest(self, probe: int) -> Array | None:
        """A copy of the last row of a probe, or None if it must be read from the records."""
        row = self._rows.row
        record = self._engine.program.records[probe]
        if not row or record.every > 1:
            return None
        read = record.read
        values: Array = self._engine.rows[read.signal][row - read.delay]
        return values.copy() if read.columns is None else np.array(values[..., read.columns])


def is_strict() -> bool:
    """Whether NumPy is set to raise errors at invalid numbers."""
    return np.geterr()["invalid"] == "raise"


def strict_numbers() -> AbstractContextManager[Any]:
    """A ``with`` block in which invalid numbers are errors, as in Nengo's simulator."""
    return np.errstate(invalid="raise", divide="ignore")
