"""Least squares with weights of one sign for each neuron, by Dale's principle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Solve, Solver
from nefsim.solvers.l2 import SHARE
from nefsim.solvers.nonnegative import NnlsL2


@dataclass(frozen=True, eq=False)
class Dale(Solver):
    r"""Least squares with L2 regularisation in which each neuron either excites or inhibits.

    .. math::

        \min_W \lVert A W - Y \rVert^2 + P \sigma^2 \lVert W \rVert^2
        \quad \text{with} \quad s_i W_{ij} \ge 0, \qquad s_i = \pm 1,
        \quad \sigma = \mathrm{reg} \cdot \max A

    P is the number of evaluation points. All outgoing weights of neuron i have the sign s_i, so
    a population has excitatory and inhibitory neurons, as a cortical area does. The signs
    depend on ``seed``, ``excitatory`` and the number of neurons only; connections of a
    population with equal solvers therefore have equal signs.

    Parameters
    ----------
    excitatory : float
        Share of excitatory neurons, from 0 to 1.
    reg : float
        Standard deviation of the noise, as a share of the maximum rate.
    seed : int
        Seed that selects the excitatory neurons.
    weights : bool
        Whether networks solve for full weights. Leave this True between ensembles, because
        decoders of one sign times encoders of both signs are weights of both signs; pass False
        for connections to nodes.

    See Also
    --------
    NnlsL2 : All neurons are excitatory.

    Notes
    -----
    With full weights a problem is solved for each postsynaptic neuron, which takes far longer
    than ``LstsqL2``.
    ``info`` also has ``signs`` (N,), 1 or -1.

    References
    ----------
    C. Parisien, C. H. Anderson and C. Eliasmith, Solving the problem of negative synaptic
    weights in cortical models, Neural Computation 20(6), 1473-1494, 2008.

    Examples
    --------
    >>> A = [[0, 40], [20, 20], [40, 0]]
    >>> decoders, info = Dale(excitatory=0.5)(A, [-1, 0, 1])
    >>> info["signs"].tolist(), (decoders[:, 0] * info["signs"] >= 0).tolist()
    ([-1.0, 1.0], [True, True])
    """

    excitatory: float = 0.8
    reg: float = 0.1
    seed: int = 0
    weights: bool = True

    compositional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        do = "pass the share of neurons that excite, such as 0.8"
        self._set(
            excitatory=check.real("Dale", "excitatory", self.excitatory, do, low=0.0, high=1.0),
            reg=check.real("Dale", "reg", self.reg, SHARE, low=0.0),
            seed=check.integer("Dale", "seed", self.seed, "pass a whole number from 0", 0),
            weights=check.flag("Dale", "weights", self.weights),
        )

    def signs(self, n_neurons: int) -> FloatArray:
        """The sign of each neuron: 1 if it is excitatory, -1 if it is inhibitory.

        Parameters
        ----------
        n_neurons : int
            Size of the population.

        Returns
        -------
        (n_neurons,) ndarray
        """
        n = check.integer("Dale.signs", "n_neurons", n_neurons, "pass the number of neurons", 1)
        signs = np.ones(n)
        n_inhibitory = n - round(self.excitatory * n)
        signs[np.random.default_rng(self.seed).permutation(n)[:n_inhibitory]] = -1.0
        return signs

    def factor(self, A: FloatArray, rng: np.random.Generator) -> Solve:
        signs = self.signs(A.shape[1])
        # With s W for W all are non-negative, and so is the penalty the same.
        solve = NnlsL2(self.reg).factor(A * signs, rng)
        return lambda Y: (signs[:, None] * solve(Y)[0], {"signs": signs.copy()})
