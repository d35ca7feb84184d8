"""The functions that a population can decode, from its tuning curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget.terms import rates_at
from nefsim.lowering.arrays import build_ensemble
from nefsim.lowering.streams import streams_of
from nefsim.network import Ensemble
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.settings import fresh_seed
from nefsim.simulator import Simulator

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Basis:
    """Orthogonal functions that a population can decode, ordered by their signal to noise.

    Attributes
    ----------
    points : (P, D) ndarray
        Represented values at which the functions are evaluated.
    singular_values : (K,) ndarray [Hz]
        Root mean square, over points, of the population's activity along each function.  The
        larger it is, the less spike noise is in the decoded function.
    functions : (P, K) ndarray
        The functions, each of root mean square 1 over the points.
    """

    points: Array
    singular_values: Array
    functions: Array

    def count(self, noise: float) -> int:
        """The number of functions whose singular value is above a noise.

        Parameters
        ----------
        noise : float [Hz]
            Standard deviation of a neuron's filtered spikes over time.  It is about
            1 / (sqrt(12) tau) for regular spikes at a high rate and a lowpass.

        Returns
        -------
        int
        """
        level = check.real("Basis.count", "noise", noise, "pass a noise in Hz", 0.0)
        return int(np.sum(self.singular_values > level))

    def shares(self, targets: ArrayLike) -> Array:
        """The share of each of these functions in the mean square of a target function.

        Parameters
        ----------
        targets : (P,) array_like
            Values of the target function at ``points``, not all 0.

        Returns
        -------
        (K,) ndarray
            Shares.  If their sum is below 1, the rest of the function cannot be decoded.
        """
        who, do = "Basis.shares", "pass a value for each of points"
        y = check.array(who, "targets", targets, (len(self.points),), do)
        if not y.any():
            check.fail(who, "targets", "differ from 0 somewhere", "only zeros", do)
        return np.asarray((self.functions.T @ y / len(y)) ** 2 / np.mean(y**2))


@explained
def svd_basis(ensemble: Ensemble, sim: Simulator | None = None) -> Basis:
    r"""The functions that a population can decode, by singular value decomposition.

    .. math:: A = \sqrt{P} \sum_k \chi_k \sigma_k u_k^\top

    A is the matrix of firing rates of all neurons at P points.  Any weighted sum of the
    functions :math:`\chi_k` can be decoded.  Decoding :math:`\chi_k` multiplies noise of the
    rates by :math:`1 / \sigma_k`, so functions of small singular values are lost in noise.  In
    one dimension the functions resemble Legendre polynomials.

    Parameters
    ----------
    ensemble : Ensemble
        The population.
    sim : Simulator or None
        A simulator that has built the population; None draws encoders and biases from the
        network's seed.

    Returns
    -------
    Basis
        ``points``, ``singular_values`` and ``functions``.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If the ensemble is in direct mode.

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering, MIT Press, 2003, section 7.3.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> basis = nef.svd_basis(net.ensemble(100, 1))
    >>> line, cubic = (basis.shares(basis.points[:, 0] ** n) for n in (1, 3))
    >>> bool(line[:2].sum() > 0.95), bool(cubic[:4].sum() > 0.95)
    (True, True)
    """
    who = "svd_basis"
    do = "pass one of a network, net.ensemble(50, 1)"
    check.instance(who, "ensemble", ensemble, Ensemble, "an ensemble", do)
    if isinstance(ensemble.neuron_type, Direct):
        check.fail(who, "ensemble", "have neurons", "one in Direct mode", "pass another")
    built: Any
    if sim is None:
        root: Any = ensemble.network.root
        built = build_ensemble(ensemble, streams_of(root, Stream(fresh_seed(root)))[ensemble])
    else:
        check.instance(who, "sim", sim, Simulator, "a Simulator or None", "pass None")
        built = sim.data[ensemble]
    rates = np.concatenate([*rates_at(ensemble.neuron_type, built, built.eval_points)])
    functions, sizes, _ = np.linalg.svd(rates, full_matrices=False)
    scale = np.sqrt(len(rates))
    # The sign of a function is free: it ends above 0 where it is largest.
    sign = np.sign(functions[np.abs(functions).argmax(axis=0), np.arange(len(sizes))])
    return Basis(built.eval_points, sizes / scale, functions * (sign * scale))
