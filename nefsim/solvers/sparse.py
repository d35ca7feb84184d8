"""Solvers for sparse decoders, most of which are exactly 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Info, Solve, Solver, peak
from nefsim.solvers.cholesky import cholesky
from nefsim.solvers.l2 import LstsqL2
from nefsim.solvers.nonnegative import nonnegative


@dataclass(frozen=True, eq=False)
class LstsqL1(Solver):
    r"""Least squares with L1 and L2 penalties (elastic net), solved exactly.

    .. math::

        \min_{D'} \frac{1}{2P} \lVert A' D' - Y \rVert^2 + l_1 \lVert D' \rVert_1
        + \frac{l_2}{2} \lVert D' \rVert^2, \qquad
        A' = \frac{A}{\max A}, \quad D = \frac{D'}{\max A}

    Rates are divided by the largest, so l1 and l2 do not depend on their unit; the defaults
    suit targets of about 1. The decoders of many neurons are exactly 0.

    Parameters
    ----------
    l1 : float
        Penalty on absolute values, above 0; a larger one leaves fewer neurons in use.
    l2 : float
        Penalty on squares, above 0, which makes the solution unique.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If a penalty is not a number above 0.

    See Also
    --------
    LstsqDrop : Sparse decoders by dropping neurons.
    LstsqL2 : The L2 penalty only.

    Notes
    -----
    ``info`` also has ``sparsity``, the share of decoders that are exactly 0.

    With D' = u - v and u, v >= 0 this is non-negative least squares. At the minimum u or v is
    0 for each neuron, so ‖u - v‖² = ‖u‖² + ‖v‖² = (‖u + v‖² + ‖u - v‖²) / 2. Up to a
    constant, the objective is then half the square of

    .. math::

        \begin{bmatrix} \sqrt{l_2/2}\,(u + v) \\ C (u - v) \end{bmatrix} -
        \begin{bmatrix} -l_1 / \sqrt{l_2/2} \\ C^{-\top} A'^\top Y / P \end{bmatrix},
        \qquad C^\top C = A'^\top A' / P + \tfrac{l_2}{2} I

    which an active-set method solves to rounding. ``condition`` refers to CᵀC.

    References
    ----------
    H. Zou and T. Hastie, Regularization and variable selection via the elastic net, Journal
    of the Royal Statistical Society B 67(2), 301-320, 2005.

    Examples
    --------
    >>> A = [[0, 40, 39], [20, 20, 20], [40, 0, 0]]
    >>> decoders, info = LstsqL1(l1=0.01)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.0242], [-0.0242], [0.0]]
    """

    l1: float = 1e-4
    l2: float = 1e-6
    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        do = "pass a number above 0 such as 1e-4, or use LstsqL2 for no L1 penalty"
        self._set(
            l1=check.positive("LstsqL1", "l1", self.l1, do),
            l2=check.positive("LstsqL1", "l2", self.l2, "pass a number above 0 such as 1e-6"),
            weights=check.flag("LstsqL1", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        import scipy.linalg

        P, N = A.shape
        top = peak(A)
        gram = A.T @ (A / (P * top**2))
        half = self.l2 / 2
        gram.flat[:: N + 1] += half
        lower, condition = cholesky("LstsqL1", "l2", self.l2, gram)
        C = np.tril(lower).T
        ridge = np.sqrt(half) * np.eye(N)
        M = np.block([[ridge, ridge], [C, -C]])

        def solve(Y: FloatArray) -> tuple[FloatArray, Info]:
            fit = scipy.linalg.solve_triangular(
                lower, A.T @ Y / (P * top), lower=True, check_finite=False
            )
            split = nonnegative(
                "LstsqL1", M, np.vstack([np.full(fit.shape, -self.l1 / np.sqrt(half)), fit])
            )
            decoders = (split[:N] - split[N:]) / top
            return decoders, {"condition": condition, "sparsity": _sparsity(decoders)}

        return solve


@dataclass(frozen=True, eq=False)
class LstsqDrop(Solver):
    r"""Sparse decoders: solve, drop the neurons with the smallest decoders, and solve again.

    .. math::

        D^{(1)} = \mathrm{solver1}(A, Y), \qquad
        D_{Kj} = \mathrm{solver2}(A_{:K}, Y_{:j}), \quad
        K = \{ i : |D^{(1)}_{ij}| \text{ not among the } \lfloor \mathrm{drop}\, N \rfloor
        \text{ smallest} \}

    for each column j of the targets; the decoders of the other neurons are exactly 0.

    Parameters
    ----------
    drop : float
        Share of the neurons to drop, from 0 and below 1.
    solver1 : Solver
        Solver for the first decoders, whose absolute values select the neurons.
    solver2 : Solver
        Solver for the decoders of the remaining neurons.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``drop`` is out of range, or an argument is not a solver.

    See Also
    --------
    LstsqL1 : Sparse decoders by an L1 penalty.

    Notes
    -----
    ``info`` also has ``sparsity``, the share of decoders that are exactly 0. The second
    solve depends on the targets; only the first is shared by all of them.

    Examples
    --------
    >>> A = [[0, 40, 5], [20, 20, 5], [40, 0, 5]]
    >>> decoders, info = LstsqDrop(drop=0.34)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.0243], [-0.0243], [0.0]]
    """

    drop: float = 0.25
    solver1: Solver = field(default=LstsqL2(reg=0.001))
    solver2: Solver = field(default=LstsqL2(reg=0.1))
    weights: bool = False

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        who, share = "LstsqDrop", "pass a share of the neurons such as 0.25"
        for name, solver in (("solver1", self.solver1), ("solver2", self.solver2)):
            check.instance(who, name, solver, Solver, "a solver", "pass one such as LstsqL2()")
        self._set(
            drop=check.real(who, "drop", self.drop, share, low=0.0, high=1.0, open_high=True),
            weights=check.flag(who, "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        first = self.solver1.factor(A, rng)
        n_drop = int(self.drop * A.shape[1])
        # Each second solve starts from this seed, whatever the number of solves before.
        seed = int(rng.integers(2**63))

        def solve(Y: FloatArray) -> tuple[FloatArray, Info]:
            first_decoders, _ = first(Y)
            decoders = np.zeros_like(first_decoders)
            for j, sizes in enumerate(np.abs(first_decoders.T)):
                indices = np.sort(np.argsort(sizes, kind="stable")[n_drop:])
                rest = A[:, indices]
                if rest.any():  # otherwise Y[:, j] is 0 and ties selected silent neurons
                    second = self.solver2.factor(rest, np.random.default_rng(seed))
                    decoders[indices, j] = second(Y[:, [j]])[0][:, 0]
            return decoders, {"sparsity": _sparsity(decoders)}

        return solve


def _sparsity(decoders: FloatArray) -> float:
    return float(np.mean(decoders == 0))
