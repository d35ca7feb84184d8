"""Least squares with L2 regularisation: the standard solver of the NEF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.solvers.base import (
    Blocks,
    Decode,
    FloatArray,
    Info,
    Solve,
    Solver,
    checked_targets,
    peak,
)
from nefsim.solvers.cholesky import Systems, systems

SHARE = "pass a share of the maximum rate such as 0.1"


@dataclass(frozen=True, eq=False)
class LstsqL2(Solver):
    r"""Least squares with L2 regularisation.

    .. math::

        (A^\top A + P \sigma^2 I)\, D = A^\top Y,
        \qquad \sigma = \mathrm{reg} \cdot \max A

    The penalty equals the mean square error that independent noise of standard deviation σ
    on every rate would add, so the decoders tolerate the noise of spikes. It grows with the
    number P of points as :math:`A^\top A` does, so D does not depend on P. With fewer points
    than neurons the same D comes from the smaller system,
    :math:`D = A^\top (A A^\top + P \sigma^2 I)^{-1} Y`.

    Parameters
    ----------
    reg : float
        Standard deviation of the noise, as a share of the maximum rate; 0 is plain least
        squares and needs a Gram matrix that is positive definite.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError
        On use, if the Gram matrix with this reg is not positive definite in double precision.

    See Also
    --------
    LstsqL2nz : A penalty that depends on how often a neuron fires.
    LstsqWeighted : A weight for each evaluation point.
    Lstsq : No penalty.

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering: Computation, Representation, and
    Dynamics in Neurobiological Systems, MIT Press, 2003, chapter 2.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = LstsqL2(reg=0.1)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.0243], [-0.0243]]
    """

    reg: float = 0.1
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            reg=check.real("LstsqL2", "reg", self.reg, SHARE, low=0.0),
            weights=check.flag("LstsqL2", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        ridge = len(A) * (self.reg * peak(A)) ** 2
        solve, condition = factor_ridge("LstsqL2", self.reg, A, ridge)
        return lambda Y: (solve(Y), {"condition": condition})

    def prepare_blocks(self, blocks: Blocks, rng: np.random.Generator) -> Decode:
        """Sum ``A.T @ A`` and ``A.T @ Y`` over blocks, with one block in memory at a time."""
        gram, n_points, top = gram_of(blocks)
        if not top:
            return super().prepare_blocks(blocks, rng)
        gram.flat[:: len(gram) + 1] += n_points * (self.reg * top) ** 2
        solve, condition = systems("LstsqL2", "reg", self.reg, gram)
        return by_blocks("LstsqL2", blocks, n_points, solve, {"condition": condition})


@dataclass(frozen=True, eq=False)
class LstsqL2nz(Solver):
    r"""Least squares with an L2 penalty for each neuron, by the share of points where it fires.

    .. math::

        (A^\top A + P\, \mathrm{diag}(\sigma_i^2))\, D = A^\top Y,
        \qquad \sigma_i = \mathrm{reg} \cdot \max A \cdot \sqrt{p_i}

    :math:`p_i` is the share of evaluation points at which neuron i fires, since only firing
    neurons have noise. Decoders of neurons that never fire are 0.

    Parameters
    ----------
    reg : float
        Standard deviation of the noise, as a share of the maximum rate.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError
        On use, if the Gram matrix with this reg is not positive definite in double precision.

    See Also
    --------
    LstsqL2 : The same penalty for every neuron.

    Examples
    --------
    >>> A = [[0, 40, 0], [20, 20, 0], [40, 0, 0]]
    >>> decoders, info = LstsqL2nz(reg=0.1)(A, [-1, 0, 1])
    >>> decoders.round(4).tolist()
    [[0.0245], [-0.0245], [0.0]]
    """

    reg: float = 0.1
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            reg=check.real("LstsqL2nz", "reg", self.reg, SHARE, low=0.0),
            weights=check.flag("LstsqL2nz", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        # With B = A / sqrt(p) and E = sqrt(p) D the penalty is the same for every row of E.
        scale = np.sqrt((A != 0).mean(axis=0))
        scale[scale == 0] = 1.0
        ridge = len(A) * (self.reg * peak(A)) ** 2
        solve, condition = factor_ridge("LstsqL2nz", self.reg, A / scale, ridge)
        return lambda Y: (solve(Y) / scale[:, None], {"condition": condition})


def gram_of(blocks: Blocks) -> tuple[FloatArray, int, float]:
    """``A.T @ A``, the number of points and the largest rate of activities in blocks."""
    gram, n_points, top = None, 0, 0.0
    for A in blocks():
        # The first product is used as the sum, which saves a matrix of zeros.
        gram = A.T @ A if gram is None else np.add(gram, A.T @ A, out=gram)
        n_points, top = n_points + len(A), max(top, peak(A))
    assert gram is not None
    return gram, n_points, top


def by_blocks(
    who: str, blocks: Blocks, n_points: int, solve: Systems, figures: Mapping[str, Any]
) -> Decode:
    """A function that solves for decoders from ``A.T @ Y``, computed block by block."""

    def decode(targets: ArrayLike) -> tuple[FloatArray, Info]:
        Y = checked_targets(who, targets, n_points)
        decoders = solve(np.asarray(sum(A.T @ Y[rows] for rows, A in _numbered(blocks))))
        squares = sum(((A @ decoders - Y[rows]) ** 2).sum(0) for rows, A in _numbered(blocks))
        return decoders, {"solver": who, "rmse": np.sqrt(squares / n_points), **figures}

    return decode


def _numbered(blocks: Blocks) -> Iterator[tuple[slice, FloatArray]]:
    """Iterate over blocks of activities, each with the slice of its rows."""
    first = 0
    for A in blocks():
        yield slice(first, first + len(A)), A
        first += len(A)


def factor_ridge(
    who: str, reg: float, A: FloatArray, ridge: float
) -> tuple[Callable[[FloatArray], FloatArray], float]:
    """Factor AᵀA + ridge I; return a function from Y to D, and the condition number.

    With fewer points than neurons (AᵀA + ridge I)⁻¹ Aᵀ = Aᵀ (AAᵀ + ridge I)⁻¹ gives the
    same decoders from the smaller of the two matrices.
    """
    dual = A.shape[0] < A.shape[1]
    gram = A @ A.T if dual else A.T @ A
    gram.flat[:: len(gram) + 1] += ridge
    systems_of_gram, condition = systems(who, "reg", reg, gram)

    def solve(Y: FloatArray) -> FloatArray:
        return A.T @ systems_of_gram(Y) if dual else systems_of_gram(A.T @ Y)

    return solve, condition
