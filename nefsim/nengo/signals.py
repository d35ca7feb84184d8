"""Nengo's signals: which elements of its memory a view is, and who writes and reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from nengo.builder.operator import Operator
from nengo.builder.signal import Signal

from nefsim.program import Index

Touch = tuple[Operator, Signal]


def name_of(op: Operator) -> str:
    """What to call an operator, which may be a user's and lack what Nengo's have."""
    try:
        return str(op)
    except AttributeError:
        return type(op).__name__


def places(signal: Signal) -> Any:
    """The places of a view's elements in its flat base, in the shape of the view."""
    if not signal.is_view:
        return np.arange(signal.size).reshape(signal.shape)
    at = np.array(signal.elemoffset)
    for length, stride in zip(signal.shape, signal.elemstrides, strict=True):
        at = at[..., None] + stride * np.arange(length)
    return at


def as_index(at: Any, size: int) -> Index | None:
    """Flat places as an index: None for all in order, a slice where they are in a row."""
    flat = np.ravel(at)
    first = int(flat[0]) if len(flat) else 0
    if len(flat) and (np.diff(flat) == 1).all():
        whole = first == 0 and len(flat) == size
        return None if whole else slice(first, first + len(flat))
    return np.asarray(flat, dtype=np.intp)


def elements(signal: Signal) -> Index | None:
    """Which elements of its flat base a signal is; None for all of them."""
    if not signal.is_view:
        return None
    if signal.ndim == 1 and signal.elemstrides == (1,) and signal.size:
        first = signal.elemoffset
        whole = first == 0 and signal.size == signal.base.size
        return None if whole else slice(first, first + signal.size)
    return as_index(places(signal), signal.base.size)


class Memory:
    """Who touches each block of memory, and how.

    Parameters
    ----------
    operators : iterable of Operator
        All operators of a model.
    """

    def __init__(self, operators: Iterable[Operator]) -> None:
        self.sets: dict[Signal, list[Touch]] = defaultdict(list)
        self.incs: dict[Signal, list[Touch]] = defaultdict(list)
        self.updates: dict[Signal, list[Touch]] = defaultdict(list)
        self.reads: dict[Signal, list[Touch]] = defaultdict(list)
        for op in operators:
            for signal in op.sets:
                self.sets[signal.base].append((op, signal))
            for signal in op.incs:
                self.incs[signal.base].append((op, signal))
            for signal in op.updates:
                self.updates[signal.base].append((op, signal))
            for signal in op.reads:
                self.reads[signal.base].append((op, signal))

    def written(self, base: Signal) -> list[Touch]:
        """Who sets, adds to or updates a block."""
        return [*self.sets.get(base, ()), *self.incs.get(base, ()), *self.updates.get(base, ())]

    def is_constant(self, base: Signal) -> bool:
        """Whether nobody writes a block."""
        return base not in self.sets and base not in self.incs and base not in self.updates

    def covered(self, base: Signal) -> Any:
        """Which elements of a block are set in each step, flat."""
        covered = np.zeros(base.size, bool)
        for _, signal in self.sets.get(base, ()):
            chosen = elements(signal)
            covered[slice(None) if chosen is None else chosen] = True
        return covered

    def is_held(self, base: Signal) -> bool:
        """Whether a block adds up from step to step, so that it is no function of this step."""
        if base in self.updates:
            return base in self.sets or base in self.incs
        if base not in self.incs:
            return False
        covered = self.covered(base)
        chosen = (elements(signal) for _, signal in self.incs[base])
        return not all(covered[slice(None) if c is None else c].all() for c in chosen)
