"""A program to which signals and operations are added."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.program import (
    Filter,
    Op,
    Program,
    Read,
    Signal,
    Sum,
    Term,
    outputs,
    read_size,
)

Array = NDArray[np.float64]


class Draft:
    """Signals and operations of a program to which others are added."""

    def __init__(self, program: Program) -> None:
        self.dt, self._program = program.dt, program
        self.signals, self.ops = list(program.signals), list(program.ops)
        self.signal_keys: list[Hashable] = [*range(len(self.signals))]
        self.op_keys: list[Hashable] = [*range(len(self.ops))]
        self.observed: dict[int, dict[str, int]] = {}

    def size(self, read: Read) -> int:
        """Number of elements of a read."""
        return read_size(self.signals, read)

    def _signal(self, key: Hashable, size: int) -> int:
        name = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        self.signals.append(Signal(name, size))
        self.signal_keys.append(key)
        return len(self.signals) - 1

    def _op(self, key: Hashable, op: Op) -> int:
        self.ops.append(op)
        self.op_keys.append(key)
        return outputs(op)[0]

    def sum(self, key: Hashable, size: int, term: Term) -> int:
        """Add a sum of one term, and return its signal."""
        return self._op(key, Sum(self._signal(key, size), (term,)))

    def filtered(self, key: Hashable, source: int, size: int, form: Any) -> Read:
        """Add a filter; return a read of its output."""
        return Read(self._op(key, Filter(self._signal(key, size), source, form)), 1)

    def observe(self, index: int, name: str) -> int:
        """The signal of a state variable of neurons."""
        op: Any = self._program.ops[index]
        names = self.observed.setdefault(index, {})
        known = dict(op.observed) | names
        if name not in known:
            known[name] = names[name] = self._signal((index, name), self.signals[op.output].size)
        return known[name]

    def hold(self, signal: int, values: Array) -> None:
        """Make a signal one that a user sets; the operation that wrote it writes another one."""
        index = self._program.writer[signal]
        free = self._signal(("free", signal), self.signals[signal].size)
        op: Any = self.ops[index]
        if len(outputs(op)) == 1:
            self.ops[index] = replace(op, output=free)
        else:
            places = tuple(free if s == signal else s for s in outputs(op))
            self.ops[index] = replace(op, outputs=places)
        others: list[Any] = self.ops
        for i, other in enumerate(others):  # functions are called in the same order
            after = getattr(other, "after", None)
            if after is not None and after.signal == signal:
                self.ops[i] = replace(other, after=Read(free))
        held = Sum(signal, (), np.array(values, np.float64), is_input=True)
        self._op(("held", signal), held)
