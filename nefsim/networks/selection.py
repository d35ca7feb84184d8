"""Choosing one of several: thresholds, and winner-take-all."""

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
        The network to which the populations are added.
    n_neurons : int
        Neurons of each population.
    n_ensembles : int
        Number of populations.
    threshold : float
        The value below which all neurons are silent; at least 0 and less than the radius.
    intercept_width : float
        Scale of the intercepts' distances from the threshold.
    radius : float
        The largest value to represent.
    label : str or None
        A name.
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
    """Accumulators that race to a threshold, of which the first one wins.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        Input: the value of each choice.  Output: 1 to 1.4 for the winner and 0 for the others.
        Both (dimensions,).
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
    r"""Add independent accumulators, which choose the largest of several values.

    .. math:: \dot x_i = u_i / T, \qquad y_i = [x_i > \vartheta]

    Until one of them passes the threshold, accumulators do not act on one another; the winner
    then silences all others, by ``inhibition``, and keeps itself active.  It stays the winner
    until ``reset`` is 1.  Values from .3 to 1 that lead by .1 win.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons of each choice, two thirds of them in its accumulator.
    dimensions : int
        Number of choices.
    timescale : float [s]
        T, how long a value of 1 takes to fill an accumulator.
    threshold : float
        Where an accumulator wins, between 0 and 1.
    inhibition : float
        How strongly a winner inhibits others.
    tau : float [s]
        Time constant of the accumulators' loops.
    label : str or None
        A name.
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
        If there are fewer than 3 neurons, or a number or option does not fit.

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
