"""Indices of Nengo's signals, and the operators that write and read each block of memory.

A block is a base signal, of which other signals may be views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from nengo.builder.operator import Operator
from nengo.builder.signal import Signal

from nefsim.program import Index

Use = tuple[Operator, Signal]


def name_of(op: Operator) -> str:
    """The name of an operator, also of one whose ``str`` fails."""
    try:
        return str(op)
    except AttributeError:
        return type(op).__name__


def indices_of(signal: Signal) -> Any:
    """The indices of a signal's elements in its flattened base, in the shape of the signal."""
    if not signal.is_view:
        return np.arange(signal.size).reshape(signal.shape)
    at = np.array(signal.elemoffset)
    for length, stride in zip(signal.shape, signal.elemstrides, strict=True):
        at = at[..., None] + stride * np.arange(length)
    return at


def as_index(at: Any, size: int) -> Index | None:
    """Simplify indices: None if they are all in order, a slice if they are adjacent."""
    flat = np.ravel(at)
    if len(flat) and (np.diff(flat) == 1).all():
        first = int(flat[0])
        whole = first == 0 and len(flat) == size
        return None if whole else slice(first, first + len(flat))
    return np.asarray(flat, dtype=np.intp)


def elements(signal: Signal) -> Index | None:
    """The index of a signal's elements in its flattened base; None means all of them."""
    if not signal.is_view:
        return None
    if signal.elemstrides == (1,):
        first = signal.elemoffset
        whole = first == 0 and signal.size == signal.base.size
        return None if whole else slice(first, first + signal.size)
    return as_index(indices_of(signal), signal.base.size)


class Memory:
    """The operators that set, add to, update and read each block of memory.

    Parameters
    ----------
    operators : iterable of Operator
        All operators of a model.
    """

    def __init__(self, operators: Iterable[Operator]) -> None:
        self.sets: dict[Signal, list[Use]] = defaultdict(list)
        self.incs: dict[Signal, list[Use]] = defaultdict(list)
        self.updates: dict[Signal, list[Use]] = defaultdict(list)
        self.reads: dict[Signal, list[Use]] = defaultdict(list)
        for op in operators:
            for signal in op.sets:
                self.sets[signal.base].append((op, signal))
            for signal in op.incs:
                self.incs[signal.base].append((op, signal))
            for signal in op.updates:
                self.updates[signal.base].append((op, signal))
            for signal in op.reads:
                self.reads[signal.base].append((op, signal))

    def writes(self, base: Signal) -> list[Use]:
        """The operators that set, add to or update a block."""
        return [*self.sets.get(base, ()), *self.incs.get(base, ()), *self.updates.get(base, ())]

    def is_constant(self, base: Signal) -> bool:
        """Whether no operator writes a block."""
        return base not in self.sets and base not in self.incs and base not in self.updates

    def covered_elements(self, base: Signal) -> Any:
        """A flat mask of the elements of a block that operators set in each step."""
        mask = np.zeros(base.size, bool)
        for _, signal in self.sets.get(base, ()):
            index = elements(signal)
            mask[slice(None) if index is None else index] = True
        return mask

    def is_accumulated(self, base: Signal) -> bool:
        """Whether operators add to a block from step to step without setting it before."""
        if base in self.updates:
            return base in self.sets or base in self.incs
        if base not in self.incs:
            return False
        mask = self.covered_elements(base)
        indices = (elements(signal) for _, signal in self.incs[base])
        return not all(mask[slice(None) if i is None else i].all() for i in indices)
