"""A solver with fixed decoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Info, Solve, Solver


@dataclass(frozen=True, eq=False)
class NoSolver(Solver):
    r"""A solver that returns fixed decoders.

    .. math:: D = \mathrm{values}

    Use it for decoders from another program, or for zeros as the start of a learning rule.

    Parameters
    ----------
    values : (N, D_out) array_like [value/Hz]
        The decoders, before any transform.
    weights : bool
        Whether to form full weights between neurons from the decoders.

    Raises
    ------
    ValueError, TypeError
        If ``values`` is not a finite matrix; on use, if its shape is not (N, D_out).

    See Also
    --------
    LstsqL2 : Decoders solved from the tuning curves.

    Notes
    -----
    Activities and targets affect only the reported ``rmse``; activities may be all 0.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = NoSolver([[0.025], [-0.025]])(A, [-1, 0, 1])
    >>> decoders.tolist(), info["rmse"].round(4).tolist()
    ([[0.025], [-0.025]], [0.0])
    """

    values: ArrayLike
    weights: bool = False

    compositional: ClassVar[bool] = True
    uses_activities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        do = "pass decoders of shape (neurons, D_out)"
        shape = (None, None)
        self._set(
            values=check.array("NoSolver", "values", self.values, shape, do),
            weights=check.flag("NoSolver", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        values = np.asarray(self.values, dtype=np.float64)

        def solve(Y: FloatArray) -> tuple[FloatArray, Info]:
            shape = (A.shape[1], Y.shape[1])
            if values.shape != shape:
                do = "pass one row per neuron and one column per output"
                must, got = f"have shape {shape}", f"shape {values.shape}"
                check.fail("NoSolver", "values", must, got, do)
            return values.copy(), {}

        return solve
