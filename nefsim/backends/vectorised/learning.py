"""Run products with learned weights, and learning rules, step by step in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
            lo = max(lo, report.rows.item(0, REPEATED))
        with np.errstate(all="ignore"):  # the engine raises if weights diverge, with the time
            for row in range(lo, hi):
                if weights.ndim == 3:  # each trial has a matrix
                    out[row + 1] = (read(row)[:, None] @ weights)[:, 0]
                elif weights.size < BLOCK:
                    np.matmul(read(row), weights, out=out[row + 1])
                else:
                    _multiply(read(row), weights, out[row + 1])
                if probed is not None:
                    probed[row + 1] = weights.swapaxes(-1, -2).reshape(probed[row + 1].shape)

    return advance


def _multiply(x: Array, weights: Array, out: Array) -> None:
    """``out = x @ weights`` for large weights; from a few rows if the other inputs are 0."""
    active = np.flatnonzero(x != 0.0)  # faster than of numbers
    if len(active) >= FEW * len(x):
        np.matmul(x, weights, out=out)
        return
    out[...] = 0.0
    n_rows = max(1, BLOCK // weights.shape[1])
    for first in range(0, len(active), n_rows):  # these rows are copied
        some = active[first : first + n_rows]
        out += x[some] @ weights[some]


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
                    if not learned.goes_on(row + 1):
                        continue
                    if len(parts) == 1:
                        change = parts[0](row)
                        learned.add(() if change is None else (change,), row + 1)
                        continue
                    changes = [part(row) for part in parts]
                    learned.add([each for each in changes if each is not None], row + 1)

    return advance


def new_report(op: Learn, n_trials: int, in_place: bool = False) -> Report:
    """An empty report on the weights that an operation changes."""
    rows = np.zeros((n_trials, 3), np.int64)
    return Report(op.name, rows, np.full(n_trials, np.inf), in_place)


class _Change:
    """A change of weights per second: ``outer(pre, u) - weights * d``, with a row for each input.

    Or ``whole``, of a rule without factors.
    """

    __slots__ = ("d", "pre", "u", "whole")

    def __init__(self, pre: Array, u: Array, d: Array | None, whole: Array | None = None) -> None:
        self.pre, self.u, self.d, self.whole = pre, u, d, whole

    def growth(self) -> tuple[float, float]:
        """Bounds of the norm of the change: a number, and a multiple of that of the weights."""
        if self.whole is not None:
            return _norm(self.whole), 0.0
        grown = sqrt(self.pre.dot(self.pre) * self.u.dot(self.u))
        return grown, 0.0 if self.d is None else _norm(self.d)

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
        self._weights, self._dt = weights, dt
        self._rows, self._bound, self._trial = report.rows[trial], report.bound, trial
        n_in, n_out = weights.shape
        n_rows = max(1, min(n_in, BLOCK // max(n_out, 1)))
        self._scratch = np.empty((2, n_rows, n_out), weights.dtype)
        self._is_small, self._more = n_rows >= n_in, self._scratch[0]
        self._flat = self._more.ravel()
        slices = [slice(first, first + n_rows) for first in range(0, n_in, n_rows)]
        self._blocks = [
            (rows, weights[rows], self._scratch[0, : len(weights[rows])]) for rows in slices
        ]

    def goes_on(self, row: int) -> bool:
        """Whether the weights learn in a row: they have not diverged or learned it before."""
        rows = self._rows
        return row > rows.item(REPEATED) and not rows.item(DIVERGED)

    def add(self, changes: Sequence[_Change], row: int) -> None:
        """Add ``dt`` times the changes, unless the weights would diverge."""
        if self._is_small and len(changes) == 1 and self._add_at_once(changes[0], row):
            return
        grown, factor, dt = 0.0, 1.0, self._dt
        for change in changes:
            more, multiple = change.growth()
            grown += dt * more
            factor += dt * multiple
        after = self._bound.item(self._trial) * factor + grown
        if not after < SAFE_NORM:
            after = _norm(self._weights) * factor + grown
        if not after < SAFE_NORM and not self._stays_below(changes):
            self._rows[DIVERGED] = row
            return
        self._bound[self._trial] = after
        for rows, weights, scratch in self._blocks:
            # A second change must not read the weights that the first one has changed.
            old = weights if len(changes) < 2 else weights.copy()
            for change in changes:
                change.add(old, weights, dt, rows, scratch)
        self._rows[LEARNED] = row

    def _add_at_once(self, change: _Change, row: int) -> bool:
        """Add a change without decay to small weights in few calls, if its norm is safe."""
        if change.d is not None or change.whole is not None:
            return False
        np.multiply(change.pre[:, None], self._dt * change.u, out=self._more)
        after = self._bound.item(self._trial) + sqrt(self._flat.dot(self._flat))
        if not after < SAFE_NORM:
            return False
        self._bound[self._trial] = after
        self._weights += self._more
        self._rows[LEARNED] = row
        return True

    def _stays_below(self, changes: Sequence[_Change]) -> bool:
        """Whether all weights stay below the bound, tried on a copy of each block."""
        for rows, weights, scratch in self._blocks:
            new = self._scratch[1, : len(weights)]
            new[...] = weights
            for change in changes:
                change.add(weights, new, self._dt, rows, scratch)
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
    rule, shape = part.rule, (len(view),)
    factors = rule.factors if isinstance(rule, Hebbian) and has_factors(rule) else None

    def change(row: int) -> _Change | None:
        switch = gate(row)
        if switch is not None and switch[0] == 0.0:
            return None
        more = {**fixed}
        for name, trace in traces.items():
            more[name] = trace(row)
        x = pre(row)
        try:
            if factors is not None:
                u, d = factors(x, post(row), error(row), **more)
                if getattr(u, "shape", None) == shape and (d is None or np.shape(d) == shape):
                    if switch is not None:
                        u, d = switch[0] * u, None if d is None else switch[0] * d
                    return _Change(x, u, d)
            result = rule.step(x, post(row), error(row), view, **more)
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
