"""Whether the numbers of a program stay finite."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._graphs import strong_components
from nefsim.filtering import StateSpace
from nefsim.neurons import LIF, AdaptiveLIF
from nefsim.program import Filter, Neurons, Program, Sum

#: Numbers beyond this may overflow in a step.
LARGEST = 1e200

#: Largest usual value of a function of time.
USUAL = 1e30


def stays_finite(program: Program, of_time: Collection[int] = ()) -> bool:
    """Whether no number of a program can overflow, from a usual state on.

    The outputs of operations ``of_time`` are at most :data:`USUAL`.

    Populations of LIF neurons bound their output.  All other numbers are bounded if they follow
    from these by sums and filters of first order, without a loop among themselves.
    """
    bounds: dict[int, float] = {}  # of each operation
    writer = program.writer
    for i, op in enumerate(program.ops):
        if isinstance(op, Neurons) and isinstance(op.neuron, (LIF, AdaptiveLIF)):
            bounds[i] = float(np.max(op.neuron.amplitude)) / program.dt
        elif i in of_time:
            bounds[i] = USUAL
        elif not isinstance(op, (Sum, Filter)):
            return False
    others = [i for i in range(len(program.ops)) if i not in bounds]
    before = {
        i: [j for read in program.ops[i].reads if (j := writer[read.signal]) not in bounds]
        for i in others
    }
    for group in strong_components(before):
        i = group[0]
        if len(group) > 1 or i in before[i]:
            return False
        op = program.ops[i]
        inputs = [bounds[writer[read.signal]] for read in op.reads]
        if isinstance(op, Sum):
            bounds[i] = _bound_of_sum(program, op, inputs)
        elif isinstance(op, Filter):
            bounds[i] = _gain(op) * inputs[0]
    return all(bound < LARGEST for bound in bounds.values())


def _bound_of_sum(program: Program, op: Sum, inputs: Sequence[float]) -> float:
    if op.is_input:
        return check.HUGE
    total = 0.0 if op.offset is None else _largest(op.offset)
    for term, bound in zip(op.terms, inputs, strict=True):
        matrix: Any = 1.0 if term.matrix is None else term.matrix
        values = matrix.data if hasattr(matrix, "tocsr") else matrix
        n = program.size(term.read) if np.ndim(matrix) == 2 else 1
        total += n * _largest(values) * bound
    return total


def _largest(numbers: Any) -> float:
    values = np.asarray(numbers)
    return float(max(values.max(initial=0.0), -values.min(initial=0.0)))


def _gain(op: Filter) -> float:
    """The largest output of a filter for inputs up to 1; infinite where it is not known."""
    if isinstance(op.form, StateSpace):
        return np.inf
    numerator, denominator = (np.abs(part) for part in op.form)
    decay = float(denominator[1:].sum())  # the first coefficient is 1
    if len(denominator) > 2 or decay >= 1.0:
        return np.inf
    return float(numerator.sum()) / (1.0 - decay)
