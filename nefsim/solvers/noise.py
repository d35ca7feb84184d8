"""Least squares on activities with added noise, instead of a penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Solve, Solver, peak
from nefsim.solvers.l2 import SHARE, LstsqL2
from nefsim.solvers.svd import Lstsq


@dataclass(frozen=True, eq=False)
class LstsqNoise(Solver):
    r"""Plain least squares on activities with additive Gaussian noise.

    .. math::

        \min_D \lVert (A + \sigma H) D - Y \rVert^2, \qquad
        H_{pi} \sim \mathcal N(0, 1), \quad \sigma = \mathrm{noise} \cdot \max A

    On average over H the normal equations are those of ``LstsqL2(reg=noise)``. The noise is
    drawn once for a set of activities, and is the same for all targets.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise, as a share of the maximum rate.
    solver : Solver
        Solver for the noisy activities whose decoders of ``Y @ T`` are those of Y, times T, as of
        all least squares (``Solver.compositional``). The default is plain least squares, which
        is well-posed because of the noise.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``noise`` is negative or ``solver.compositional`` is False.

    See Also
    --------
    LstsqL2 : The penalty that equals this noise on average.
    LstsqMultNoise : Noise in proportion to each rate.

    Notes
    -----
    ``info["rmse"]`` is the error on the activities without noise.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = LstsqNoise(noise=0.01)(A, [-1, 0, 1], rng=0)
    >>> decoders.round(2).tolist()
    [[0.03], [-0.03]]
    """

    noise: float = 0.1
    solver: Solver = field(default=LstsqL2(reg=0.0))
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(
            noise=check.real("LstsqNoise", "noise", self.noise, SHARE, low=0.0),
            solver=_inner("LstsqNoise", self.solver),
            weights=check.flag("LstsqNoise", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        return self.solver.factor(A + rng.normal(0.0, self.noise * peak(A), A.shape), rng)


@dataclass(frozen=True, eq=False)
class LstsqMultNoise(Solver):
    r"""Plain least squares on activities with multiplicative Gaussian noise.

    .. math::

        \min_D \lVert (A \circ (1 + \mathrm{noise}\, H)) D - Y \rVert^2, \qquad
        H_{pi} \sim \mathcal N(0, 1)

    The noise is drawn once for a set of activities, and is the same for all targets.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise, as a share of each rate.
    solver : Solver
        Solver for the noisy activities whose decoders of ``Y @ T`` are those of Y, times T, as of
        all least squares (``Solver.compositional``). The default is least squares by singular
        values, because neurons that never fire have no noise and make the Gram matrix singular.
        Its cut-off is smaller than the contribution of any firing neuron.
    weights : bool
        Whether to solve for full weights between neurons instead of decoders.

    Raises
    ------
    ValueError, TypeError
        If ``noise`` is negative or ``solver.compositional`` is False.

    See Also
    --------
    LstsqNoise : Noise of the same size on every rate.

    Notes
    -----
    ``info["rmse"]`` is the error on the activities without noise.

    Examples
    --------
    >>> A = [[0, 40, 0], [20, 20, 0], [40, 0, 0]]
    >>> decoders, info = LstsqMultNoise(noise=1e-4)(A, [-1, 0, 1], rng=0)
    >>> abs(decoders.round(3)).tolist()
    [[0.025], [0.025], [0.0]]
    """

    noise: float = 0.1
    solver: Solver = field(default=Lstsq(rcond=1e-6))
    weights: bool = False

    compositional: ClassVar[bool] = True

    def __post_init__(self) -> None:
        do = "pass a share of each rate such as 0.1"
        self._set(
            noise=check.real("LstsqMultNoise", "noise", self.noise, do, low=0.0),
            solver=_inner("LstsqMultNoise", self.solver),
            weights=check.flag("LstsqMultNoise", "weights", self.weights),
        )

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        return self.solver.factor(A * rng.normal(1.0, self.noise, A.shape), rng)


def _inner(who: str, solver: Solver) -> Solver:
    do = "pass a solver such as LstsqL2(reg=0)"
    check.instance(who, "solver", solver, Solver, "a solver", do)
    if not solver.compositional:
        check.fail(who, "solver", "be linear in the targets", solver, do)
    return solver
