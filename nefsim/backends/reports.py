"""Reports on learned weights: the rows that they have learned, and the row at which they diverge.

A back end checks weights before it changes them, so that they stay those of the last good step.
It has an upper bound of their norm, which grows with each change; only where that bound is
large it looks at the weights themselves.

Weights as large as a matrix of neurons by neurons are not copied before each chunk if nothing
can fail after them in a step.  If a chunk is repeated, its product with the weights and the change
of the weights are then left out in the rows that the weights have learned, as the output of that
product is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.learning import Hebbian, LearningRule
from nefsim.program import Learn, Op, Program, Weigh

#: Learned weights beyond this [value / Hz or current / Hz] have diverged.
LARGEST_WEIGHT = 1e9

#: Bound of the norm of weights below which they cannot have diverged, whatever the rounding.
SAFE_NORM = 0.5 * LARGEST_WEIGHT

#: Columns of a report: the last row that the weights have learned, the first one whose change
#: would exceed all bounds, and the last one that is left out as it is repeated.
LEARNED, DIVERGED, REPEATED = range(3)


@dataclass(frozen=True, eq=False)
class Report:
    """The report on the weights of one operation.

    Attributes
    ----------
    name : str
        The rules that change the weights.
    rows : (n_trials, 3) ndarray of int
        Rows of this chunk, from 1; see ``LEARNED``, ``DIVERGED`` and ``REPEATED``.
    bound : (n_trials,) ndarray
        Upper bound of the norm of the weights; infinite if it is not known.
    in_place : bool
        Whether the weights are not copied before a chunk.
    """

    name: str
    rows: NDArray[np.int64]
    bound: NDArray[Any]
    in_place: bool

    def start(self, learned: int = 0) -> None:
        """Start a chunk whose first rows the weights have learned before."""
        self.rows[:] = learned, 0, learned
        self.bound[:] = np.inf


def learned_in_place(
    program: Program, order: Iterable[Sequence[int]], batch: int, can_fail: Iterable[int]
) -> tuple[int, ...]:
    """The operations whose weights need no copy before a chunk, in one trial.

    Parameters
    ----------
    program : Program
        The operations.
    order : iterable of sequence of int
        Operations in the order in which a back end runs them; those that loop row by row
        together are one sequence.
    batch : int
        Number of trials.
    can_fail : iterable of int
        Operations that may raise an error.

    Returns
    -------
    tuple of int
        Those without rules, and the only one with rules, if these have no memory, and no
        operation can fail after the change of the weights.
    """
    if batch != 1:
        return ()
    constant = tuple(i for i, op in enumerate(program.ops) if isinstance(op, Weigh) and op.is_rest)
    learns = [i for i, op in enumerate(program.ops) if isinstance(op, Learn)]
    if len(learns) != 1:
        return constant
    (learn,) = learns
    op: Op = program.ops[learn]
    assert isinstance(op, Learn)
    flat = [i for each in order for i in each]
    later = set(flat[flat.index(learn) :])
    if later.intersection(can_fail) or not all(has_factors(part.rule) for part in op.parts):
        return constant
    return (*constant, program.writer[op.learned.output])


def has_factors(rule: LearningRule) -> bool:
    """Whether the change by a rule is that of its factors, and it has no state."""
    kind = type(rule)
    return isinstance(rule, Hebbian) and (kind.step, kind.start) == (Hebbian.step, Hebbian.start)
