"""Decoded values at the evaluation points of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.learned import LearnedConnection
from nefsim.lowering.arrays import times
from nefsim.lowering.decode import targets_of
from nefsim.network import Connection, Ensemble
from nefsim.network.objects import whole
from nefsim.simulator import Simulator

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DecodedPoints:
    """Evaluation points of a connection, and the values decoded there.

    Attributes
    ----------
    points : (P, D) ndarray
        Represented values of the ensemble.
    targets : (P, k) ndarray
        Values of the function at the points, after the transform.
    decoded : (P, k) ndarray
        Firing rates at the points times decoders, after the transform.
    """

    points: Array
    targets: Array
    decoded: Array

    @property
    def rmse(self) -> float:
        """Root mean square of ``decoded - targets``."""
        return float(np.sqrt(np.mean((self.decoded - self.targets) ** 2)))


@explained
def decoded_points(sim: Simulator, connection: Connection) -> DecodedPoints:
    r"""Evaluate a connection's decoders at its evaluation points, from firing rates.

    .. math:: \hat f(x_p) = \sum_i a_i(x_p) \, d_i

    Parameters
    ----------
    sim : Simulator
        The simulator that built the network.
    connection : Connection
        A connection that decodes from an ensemble.  If it learns, its present weights are used
        (in a batch, those of the first trial).

    Returns
    -------
    DecodedPoints
        With ``points`` (P, D), ``targets`` and ``decoded`` (P, k), and ``rmse``.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If the connection has no decoders.
    KeyError
        If the connection is not in the simulator's network.

    See Also
    --------
    nefsim.plot.decoding_error : Plot the difference.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(50, 1), net.ensemble(50, 1)
    >>> c = net.connect(a, b, function=np.square)
    >>> at = nef.decoded_points(nef.Simulator(net), c)
    >>> at.points.shape, bool(np.allclose(at.targets, at.points**2)), at.rmse < 0.05
    ((750, 1), True, True)
    """
    who = "decoded_points"
    check.instance(who, "sim", sim, Simulator, "a Simulator", "pass the one that built it")
    do = "pass a connection that decodes from an ensemble"
    check.instance(who, "connection", connection, Connection, "a connection", do)
    built: Any = sim.data[connection]
    if built.decoders is None:
        check.fail(who, "connection", "have decoders", repr(connection), do)
    learned = isinstance(built, LearnedConnection)
    weights = built.weights if learned else built.decoded_weights
    ensemble = whole(connection.pre)
    assert isinstance(ensemble, Ensemble)
    before = sim.data[ensemble]
    points = built.eval_points
    rates = ensemble.neuron_type.rates(points @ before.scaled_encoders.T + before.bias)
    targets = times(connection.transform, targets_of(connection, points).T).T
    return DecodedPoints(points, targets, rates @ weights.reshape(-1, *weights.shape[-2:])[0].T)
