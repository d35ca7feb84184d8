"""Populations with a threshold, and the selection of one of several values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._functions import IsAbove
from nefsim.networks._part import Part, count, part
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.networks.systems import SOLVER
from nefsim.sampling import Choice, Exponential, Uniform

POSITIVE = Choice([[1.0]])


@explained
def thresholding(
    net: Network,
    n_neurons: int,
    n_ensembles: int,
    threshold: float,
    intercept_width: float = 0.15,
    radius: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> EnsembleArray:
    r"""Add populations that are silent below a threshold and precise just above it.

    Encoders are positive, intercepts are the threshold plus exponentially distributed
    distances of scale ``intercept_width``, and decoders are solved above the threshold.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each population.
    n_ensembles : int
        Number of populations.
    threshold : float
        The value below which all neurons are silent; at least 0 and less than the radius.
    intercept_width : float
        Scale of the intercepts' distances from the threshold.
    radius : float
        The largest value to represent.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    EnsembleArray
        With nodes ``input`` and ``output``; :meth:`~EnsembleArray.add_output` adds an output that
        decodes a function, such as a step.

    Raises
    ------
    ValueError, TypeError
        If the threshold is negative or not less than the radius, or another argument is out of
        range.

    References
    ----------
    J. Gosmann and C. Eliasmith, Optimizing semantic pointer representations for symbol-like
    processing in spiking neural networks, PLOS ONE 11, 2016.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> gate = nef.networks.thresholding(net, 50, 2, threshold=0.3)
    >>> c = net.connect(net.node([0.2, 0.8]), gate.input, synapse=None)
    >>> y = net.probe(gate.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> sim.data[y][-1].round(1).tolist()
    [0.0, 0.8]
    """
    who = "thresholding"
    radius = check.positive(who, "radius", radius)
    low = check.real(
        who, "threshold", threshold, "pass a part of the radius", 0.0, radius, open_high=True
    )
    width = check.positive(who, "intercept_width", intercept_width) / radius
    low = low / radius
    given: dict[str, Any] = {
        "radius": radius,
        "encoders": POSITIVE,
        "intercepts": Exponential(width, low, 1.0),
        "eval_points": Uniform(low, 1.0),
    }
    return ensemble_array(net, n_neurons, n_ensembles, label=label, seed=seed, **given | options)


@dataclass(frozen=True, eq=False, repr=False)
class WinnerTakeAll(Part):
    """Accumulators of which the first to pass a threshold wins.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The value of each choice, (dimensions,).
    output : Node
        1 to 1.4 for the winner and 0 for the other choices, (dimensions,).
    evidence : Node
        The state of each accumulator, (dimensions,).
    reset : Node
        Input that empties all accumulators if it is 1 for five times ``tau``, (1,).
    accumulators, winners : EnsembleArray
        Populations of the evidence, and of its part above the threshold.
    """

    input: Node
    output: Node
    evidence: Node
    reset: Node
    accumulators: EnsembleArray
    winners: EnsembleArray


@explained
def winner_take_all(
    net: Network,
    n_neurons: int,
    dimensions: int,
    timescale: float = 0.2,
    threshold: float = 0.8,
    inhibition: float = 1.0,
    tau: float = 0.1,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> WinnerTakeAll:
    r"""Add independent accumulators, which select the largest of several values.

    .. math:: \dot x_i = u_i / T, \qquad y_i = [x_i > \vartheta]

    The accumulator x that first passes the threshold wins: it inhibits all others and remains
    active until ``reset`` is 1.  Before that, accumulators do not affect one another.  The
    largest value wins reliably if it is from 0.3 to 1 and leads by 0.1.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each choice, two thirds of them in its accumulator.
    dimensions : int
        Number of choices.
    timescale : float [s]
        Time T in which an input of 1 raises an accumulator to 1.
    threshold : float
        Value :math:`\vartheta` at which an accumulator wins, between 0 and 1.
    inhibition : float
        Strength of the inhibition of other choices by the winner.
    tau : float [s]
        Time constant of the recurrent synapses of the accumulators.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    WinnerTakeAll
        With ``input``, ``output`` and ``reset``.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than 3 neurons, or an argument is out of range or of a wrong type.

    See Also
    --------
    basal_ganglia, associative_memory

    References
    ----------
    J. Gosmann, A. R. Voelker and C. Eliasmith, A spiking independent accumulator model for
    winner-take-all computation, CogSci 2017.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> race = nef.networks.winner_take_all(net, 300, 3)
    >>> c = net.connect(net.node([0.6, 0.8, 0.7]), race.input, synapse=None)
    >>> y = net.probe(race.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.8)
    >>> sim.data[y][-1].round().tolist()
    [0.0, 1.0, 0.0]
    """
    who = "winner_take_all"
    n, d = count(who, "n_neurons", n_neurons, 3), count(who, "dimensions", dimensions)
    slow = check.seconds(who, "tau", tau)
    gain = slow / check.seconds(who, "timescale", timescale)
    do = "pass a part of 1, such as 0.8"
    top = check.real(who, "threshold", threshold, do, 0.0, 1.0, open_low=True, open_high=True)
    against = check.real(who, "inhibition", inhibition, low=0.0)
    given: dict[str, Any] = {"encoders": POSITIVE, "intercepts": Uniform(0.0, 1.0)}
    given |= {"eval_points": Uniform(0.0, 1.0)}
    with part(who, net, label, seed, "winner take all", saturates=True) as inner:
        races = ensemble_array(inner, n - n // 3, d, label="accumulators", **given | options)
        passed = thresholding(inner, n // 3, d, top, label="winners", **options)
        evidence = races.add_output("evidence", None, solver=SOLVER)
        winner = passed.add_output("winner", IsAbove(top))
        source, reset = inner.node(size_in=d, label="input"), inner.node(size_in=1, label="reset")
        inner.connect(source, races.input, transform=gain, synapse=slow)
        inner.connect(evidence, races.input, synapse=slow)
        inner.connect(evidence, passed.input)
        lateral = (0.5 + against) * np.eye(d) - against
        inner.connect(winner, races.input, transform=lateral)
        inner.connect(reset, races.input, transform=np.full((d, 1), -3.0), synapse=None)
    return WinnerTakeAll(inner, source, winner, evidence, reset, races, passed)
