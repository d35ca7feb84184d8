"""Run products with learned weights, and learning rules, step by step in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends.engine import Advance, Engine
from nefsim.backends.reports import (
    DIVERGED,
    LARGEST_WEIGHT,
    LEARNED,
    REPEATED,
    SAFE_NORM,
    Report,
    has_factors,
)
from nefsim.backends.vectorised.layout import picker
from nefsim.learning import Hebbian
from nefsim.program import Learn, Part, Read, Weigh

Array = NDArray[np.float64]


#: Numbers of a block of weights that changes together, so that the changes stay in the cache.
BLOCK = 1 << 15

#: Share of inputs that are not 0 below which only their weights are multiplied.
FEW = 0.25


def weigh(engine: Engine, op: Weigh, index: int) -> Advance:
    """``output = weights @ input`` with the weights of this step."""
    out, weights = engine.rows[op.output], engine.state.ops[index]["weights"]
    probed = None if op.observed is None else engine.rows[op.observed]
    read = _row_reader(engine, op.input, ...)
    report, in_use = engine.reports.get(index), engine.state.ops[index].get("in_use")

    def advance(lo: int, hi: int) -> None:
        if in_use is not None and not in_use.any():
            return  # the output is 0 from the start
        if report is not None:
            lo = max(lo, int(report.rows[0, REPEATED]))
        with np.errstate(all="ignore"):  # the engine raises if weights diverge, with the time
            for row in range(lo, hi):
                x = read(row)
                if weights.ndim == 2:
                    _multiply(x, weights, out[row + 1])
                else:  # each trial has a matrix
                    out[row + 1] = (x[:, None] @ weights)[:, 0]
                if probed is not None:
                    probed[row + 1] = weights.swapaxes(-1, -2).reshape(probed[row + 1].shape)

    return advance


def _multiply(x: Array, weights: Array, out: Array) -> None:
    """``out = x @ weights``, from a few rows of large weights if the other inputs are 0."""
    if weights.size >= BLOCK:
        active = np.flatnonzero(x)
        if len(active) < FEW * len(x):
            np.matmul(x[active], weights[active], out=out)
            return
    np.matmul(x, weights, out=out)


def learn(engine: Engine, op: Learn, index: int) -> Advance:
    """All rules read the weights of this step; then their changes are added, in order."""
    weigh_index = engine.program.writer[op.learned.output]
    weights = engine.state.ops[weigh_index]["weights"]
    memory, dt = engine.state.ops[index], engine.program.dt
    n_trials = 1 if weights.ndim == 2 else len(weights)
    report = engine.reports.setdefault(weigh_index, new_report(op, n_trials))
    changing = []
    for b in range(n_trials):
        trial = ... if weights.ndim == 2 else b
        view = weights[trial].T.view()
        view.setflags(write=False)
        parts = [_term(engine, op, i, part, memory, view, trial) for i, part in enumerate(op.parts)]
        changing.append((_Weights(weights[trial], dt, report, b), parts))

    def advance(lo: int, hi: int) -> None:
        with np.errstate(all="ignore"):
            for row in range(lo, hi):
                for learned, parts in changing:
                    if learned.goes_on(row + 1):
                        changes = [part(row) for part in parts]
                        learned.add([c for c in changes if c is not None], row + 1)

    return advance


def new_report(op: Learn, n_trials: int, in_place: bool = False) -> Report:
    """An empty report on the weights that an operation changes."""
    rows = np.zeros((n_trials, 3), np.int64)
    return Report(op.name, rows, np.full(n_trials, np.inf), in_place)


@dataclass(frozen=True, eq=False)
class _Change:
    """A change of weights per second: ``outer(pre, u) - weights * d``, with a row for each input.

    Or ``whole``, of a rule without factors.
    """

    pre: Array
    u: Array
    d: Array | None
    whole: Array | None = None

    def growth(self) -> tuple[float, float]:
        """Bounds of the norm of the change: a number, and a multiple of that of the weights."""
        if self.whole is not None:
            return _norm(self.whole), 0.0
        return _norm(self.pre) * _norm(self.u), 0.0 if self.d is None else _norm(self.d)

    def add(self, old: Array, new: Array, dt: float, rows: slice, scratch: Array) -> None:
        """Add the change of some rows, computed from the old weights, to the new weights."""
        if self.whole is not None:
            new += np.multiply(self.whole[rows], dt, out=scratch)
            return
        if self.d is not None:
            new -= np.multiply(old, dt * self.d, out=scratch)
        new += np.multiply(self.pre[rows, None], dt * self.u, out=scratch)


class _Weights:
    """The weights of a trial, (n_in, n_out), which change in blocks of rows, in place."""

    def __init__(self, weights: Array, dt: float, report: Report, trial: int) -> None:
        self._weights, self._dt, self._report, self._trial = weights, dt, report, trial
        n_in, n_out = weights.shape
        self._n_rows = max(1, min(n_in, BLOCK // max(n_out, 1)))
        self._scratch = np.empty((2, self._n_rows, n_out), weights.dtype)

    def goes_on(self, row: int) -> bool:
        """Whether the weights learn in a row: they have not diverged or learned it before."""
        _, diverged, repeated = self._report.rows[self._trial].tolist()
        return not diverged and row > repeated

    def add(self, changes: Sequence[_Change], row: int) -> None:
        """Add ``dt`` times the changes, unless the weights would diverge."""
        grown, share = 0.0, 0.0
        for change in changes:
            more, multiple = change.growth()
            grown, share = grown + self._dt * more, share + self._dt * multiple
        after = float(self._report.bound[self._trial]) * (1.0 + share) + grown
        if not after < SAFE_NORM:
            after = _norm(self._weights) * (1.0 + share) + grown
        if not after < SAFE_NORM and not self._stays_below(changes):
            self._report.rows[self._trial, DIVERGED] = row
            return
        self._report.bound[self._trial] = after
        for rows, old in self._blocks():
            self._changed(changes, rows, old, old)
        self._report.rows[self._trial, LEARNED] = row

    def _blocks(self) -> Iterator[tuple[slice, Array]]:
        for first in range(0, len(self._weights), self._n_rows):
            rows = slice(first, first + self._n_rows)
            yield rows, self._weights[rows]

    def _changed(self, changes: Sequence[_Change], rows: slice, old: Array, new: Array) -> None:
        scratch = self._scratch[0, : len(old)]
        # A second change must not read the weights that the first one has changed.
        kept = old if len(changes) < 2 or old is not new else old.copy()
        for change in changes:
            change.add(kept, new, self._dt, rows, scratch)

    def _stays_below(self, changes: Sequence[_Change]) -> bool:
        """Whether all weights stay below the bound, tried on a copy of each block."""
        for rows, old in self._blocks():
            new = self._scratch[1, : len(old)]
            new[...] = old
            self._changed(changes, rows, old, new)
            if not (np.abs(new) < LARGEST_WEIGHT).all():  # NaN is not below the bound either
                return False
        return True


def _norm(values: Array) -> float:
    """The Euclidean norm, at least as large as any of the numbers; NaN if one of them is."""
    return sqrt(np.vdot(values, values))


def _term(
    engine: Engine,
    op: Learn,
    place: int,
    part: Part,
    memory: dict[str, Array],
    view: Array,
    trial: Any,
) -> Callable[[int], _Change | None]:
    """A function of a row: the change per second by one rule, or None where its gate is 0."""
    prefix = f"{place} "
    fixed: dict[str, Any] = dict(part.constants)
    for name, values in memory.items():
        if name.startswith(prefix):
            fixed[name.removeprefix(prefix)] = values[trial]
    traces = {name: _row_reader(engine, read, trial) for name, read in part.traces.items()}
    pre, post = traces.pop("pre"), traces.pop("post", _no_signal)
    error, gate = _row_reader(engine, part.error, trial), _row_reader(engine, part.gate, trial)
    rule, n_out = part.rule, len(view)

    def change(row: int) -> _Change | None:
        switch = gate(row)
        if switch is not None and switch[0] == 0.0:
            return None
        more = {name: trace(row) for name, trace in traces.items()}
        x = pre(row)
        try:
            if has_factors(rule):
                assert isinstance(rule, Hebbian)
                u, d = rule.factors(x, post(row), error(row), **more, **fixed)
                if np.shape(u) == (n_out,) and (d is None or np.shape(d) == (n_out,)):
                    if switch is not None:
                        u, d = switch[0] * u, None if d is None else switch[0] * d
                    return _Change(x, u, d)
            result = rule.step(x, post(row), error(row), view, **more, **fixed)
        except Exception as problem:
            problem.add_note(f"in {op.name} at t = {_time(engine, row):g} s")
            raise
        if np.shape(result) != view.shape:
            got = f"{check.show(result)} at t = {_time(engine, row):g} s"
            must, do = f"return the change of {view.shape} weights", "return one number for each"
            check.fail(f"{type(rule).__name__}.step", "result", must, got, do)
        result = np.asarray(result if switch is None else switch[0] * result)
        return _Change(x, x, None, result.T)

    return change


def _row_reader(engine: Engine, read: Read | None, trial: Any) -> Callable[[int], Any]:
    """A function of a row that returns the values of a read in one trial."""
    if read is None:
        return _no_signal
    rows = engine.rows[read.signal][1 - read.delay :]
    rows = rows if trial is ... else rows[:, trial]
    return picker(rows, slice(None) if read.columns is None else read.columns)


def _no_signal(row: int) -> None:
    """The value of an error or gate that nothing is connected to: None."""
    del row


def _time(engine: Engine, row: int) -> float:
    return (engine.state.step + row + 1) * engine.program.dt
