"""Learning rates at which PES is stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.learning import PES
from nefsim.lowering.arrays import BuiltEnsemble, build_ensemble
from nefsim.lowering.streams import streams_of
from nefsim.network import Connection, Ensemble
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.synapses import Lowpass

#: Most evaluation points at which activities are computed.
MOST_POINTS = 500


def learning_rate_bound(power: float, n: int, dt: float) -> float:
    r"""The learning rate :math:`\kappa = 2 n / (dt \, |a|^2)` above which an error of PES grows.

    Parameters
    ----------
    power : float [Hz²]
        :math:`|a|^2`, the sum of squares of the activities of all neurons.
    n : int
        Number of neurons.
    dt : float [s]
        The time step.

    Returns
    -------
    float
    """
    return np.inf if power == 0 else 2 * n / (dt * power)


def suggest_learning_rate(
    connection: Connection, dt: float = 0.001, error_tau: float = 0.01, seed: int | None = None
) -> float:
    r"""A rate at which PES learns fast, without oscillation and well below its bound.

    .. math:: \kappa = \min\left( \frac{n}{4 \, \tau_E \max |a|^2}, \;
              \frac{n}{10 \, dt \max |a|^2} \right)

    At the first rate the feedback loop is critically damped if the lowpass filters that the
    error passes have time constants of :math:`\tau_E` in sum.  The second rate is a twentieth
    of the largest stable rate, which leaves room for the noise of spikes.

    Parameters
    ----------
    connection : Connection
        A connection from an ensemble or its neurons, with or without a rule.
    dt : float [s]
        The time step.
    error_tau : float [s]
        Sum of the time constants of the synapses from the connection's target to the error and
        from there to the rule.  The lowpass of ``connection`` itself is added to it.
    seed : int or None
        Seed of the simulator, for a network without a seed.

    Returns
    -------
    float [1/(Hz² s)]

    Raises
    ------
    TypeError
        If ``connection`` is not a connection.
    ValueError
        If the connection does not come from neurons, or a time is negative.

    See Also
    --------
    nefsim.PES : The learning rule.

    References
    ----------
    A. R. Voelker and C. Eliasmith, Analysis of oscillations in weakly-coupled prescribed
    error sensitivity learning, technical report, Centre for Theoretical Neuroscience, 2017.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(100, 1), net.ensemble(100, 1)
    >>> c = net.connect(a, b)
    >>> 1e-4 < nef.suggest_learning_rate(c) < 1e-2
    True
    """
    who = "suggest_learning_rate"
    do = "pass a connection that Network.connect returned"
    check.instance(who, "connection", connection, Connection, "a connection", do)
    step = check.seconds(who, "dt", dt)
    tau = check.seconds(who, "error_tau", error_tau, zero=True)
    if isinstance(connection.synapse, Lowpass):
        tau += connection.synapse.tau
    pre = _ensemble_before(connection)
    if pre is None:
        do = "connect from an ensemble of neurons"
        check.fail(who, "connection", "come from neurons", repr(connection.pre), do)
    root = connection.network.root
    chosen = check.seed(who, seed)
    stream = Stream(chosen if chosen is not None else root.seed or 0)
    power = _power(connection, build_ensemble(pre, streams_of(root, stream)[pre]))
    return float(_n(connection) / (power * max(4 * tau, 10 * step)))


def warn_of_fast_rules(
    connections: Mapping[Connection, Any], ensembles: Mapping[Ensemble, BuiltEnsemble], dt: float
) -> None:
    """Warn of PES rules whose error would grow at an evaluation point of the ensemble."""
    for connection in connections:
        pre = _ensemble_before(connection)
        rules = [rule for _, rule in connection.rules if isinstance(rule, PES)]
        if not rules or pre is None or connection.solver.weights:
            continue
        power = _power(connection, ensembles[pre])
        bound = learning_rate_bound(power, _n(connection), dt)
        for rule in rules:
            if rule.learning_rate > bound:
                check.warn(
                    f"{connection!r}: learning_rate must be below 2 n / (dt |a|^2) = {bound:.2g} "
                    f"for the error to shrink, got {rule.learning_rate:g}; "
                    f"try {bound / 20:.1g} or nefsim.suggest_learning_rate(connection)."
                )


def _ensemble_before(connection: Connection) -> Ensemble | None:
    pre = whole(connection.pre)
    ensemble = pre.ensemble if isinstance(pre, NeuronsOf) else pre
    if not isinstance(ensemble, Ensemble) or isinstance(ensemble.neuron_type, Direct):
        return None
    return ensemble


def _n(connection: Connection) -> int:
    pre = whole(connection.pre)
    return connection.pre.size_out if isinstance(pre, NeuronsOf) else pre.n_neurons  # type: ignore[union-attr]


def _power(connection: Connection, built: BuiltEnsemble) -> float:
    """The largest sum of squared activities [Hz²] at the ensemble's evaluation points."""
    points = built.eval_points[:MOST_POINTS]
    ensemble = _ensemble_before(connection)
    assert ensemble is not None
    rates = ensemble.neuron_type.rates(points @ built.scaled_encoders.T + built.bias)
    chosen = indices(connection.pre) if isinstance(whole(connection.pre), NeuronsOf) else None
    rates = rates if chosen is None else rates[:, list(chosen)]
    return float(np.max(np.sum(rates**2, axis=1)))
