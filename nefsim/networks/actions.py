"""The basal ganglia and the thalamus, which choose an action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._functions import Excess
from nefsim.networks._part import Part, count, part
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.sampling import Choice, Uniform
from nefsim.solvers import NnlsL2

POSITIVE = Choice([[1.0]])


@dataclass(frozen=True, eq=False, repr=False)
class BasalGanglia(Part):
    """A circuit whose output is 0 for the largest input and well below for all others.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        The worth of each action, and its inhibition, (dimensions,).
    d1, d2, stn, gpe, gpi : EnsembleArray
        Striatum with D1 and with D2 receptors, subthalamic nucleus, and the external and
        internal parts of the globus pallidus.
    """

    input: Node
    output: Node
    d1: EnsembleArray
    d2: EnsembleArray
    stn: EnsembleArray
    gpe: EnsembleArray
    gpi: EnsembleArray


#: Gurney, Prescott and Redgrave (2001): the thresholds of the nuclei, and the weights between.
THRESHOLDS = {"d1": 0.2, "d2": 0.2, "stn": -0.25, "gpi": -0.2, "gpe": -0.2}
DOPAMINE = {"d1": 1.2, "d2": 0.8, "stn": 1.0}
INHIBITION = (("d1", "gpi", 1.0), ("d2", "gpe", 1.0), ("gpe", "gpi", 0.3), ("gpe", "stn", 1.0))
EXCITATION = 0.9


@explained
def basal_ganglia(
    net: Network,
    dimensions: int,
    n_neurons: int = 100,
    output_weight: float = -3.0,
    input_bias: float = 0.0,
    ampa: Any = 0.002,
    gaba: Any = 0.008,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> BasalGanglia:
    r"""Add the basal ganglia, which select the action of the largest worth.

    Each nucleus has a population for each action, which gives out
    :math:`\max(0, x - \epsilon)`.  With the worth u and the outputs y,

    .. math:: x_{D1} = 1.2 u, \quad x_{D2} = 0.8 u, \quad
              x_{STN} = u - y_{GPe}, \quad
              x_{GPe} = 0.9 \textstyle\sum y_{STN} - y_{D2}, \quad
              x_{GPi} = 0.9 \textstyle\sum y_{STN} - 0.3 y_{GPe} - y_{D1}

    and the thresholds are 0.2 (striatum), -0.25 (STN) and -0.2 (GPe, GPi).

    Parameters
    ----------
    net : Network
        Where to add it.
    dimensions : int
        Number of actions.
    n_neurons : int
        Neurons of each population; there are five for each action.
    output_weight : float
        Factor of the output of the GPi.
    input_bias : float
        Is added to the worth of each action.
    ampa, gaba : Synapse or number [s]
        Filters of excitation and of inhibition.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    BasalGanglia
        With ``input`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If a number, synapse or option does not fit.

    See Also
    --------
    thalamus

    References
    ----------
    K. Gurney, T. J. Prescott and P. Redgrave, A computational model of action selection in
    the basal ganglia, Biological Cybernetics 84, 2001; in spiking neurons, T. C. Stewart,
    X. Choo and C. Eliasmith, Dynamic behaviour of a spiking model of action selection in the
    basal ganglia, ICCM 2010.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> bg = nef.networks.basal_ganglia(net, 3)
    >>> c = net.connect(net.node([0.5, 0.8, 0.6]), bg.input, synapse=None)
    >>> y = net.probe(bg.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> int(sim.data[y][-1].argmax())
    1
    """
    who = "basal_ganglia"
    d = count(who, "dimensions", dimensions)
    weight = check.real(who, "output_weight", output_weight)
    bias = check.real(who, "input_bias", input_bias)
    with part(who, net, label, seed, "basal ganglia", saturates=True) as inner:
        source, sink = (inner.node(size_in=d, label=name) for name in ("input", "output"))
        nuclei, active = {}, {}
        for name, threshold in THRESHOLDS.items():
            given: dict[str, Any] = {
                "radius": 1.5,
                "encoders": POSITIVE,
                "intercepts": Uniform(threshold, 1.0),
            }
            nuclei[name] = array = ensemble_array(
                inner, n_neurons, d, label=name, **given | options
            )
            active[name] = array.add_output("active", Excess(threshold), solver=NnlsL2())
        for name, factor in DOPAMINE.items():
            inner.connect(source, nuclei[name].input, transform=factor, synapse=None)
        for pre, post, factor in INHIBITION:
            inner.connect(active[pre], nuclei[post].input, transform=-factor, synapse=gaba)
        for post in ("gpi", "gpe"):
            spread = np.full((d, d), EXCITATION)
            inner.connect(active["stn"], nuclei[post].input, transform=spread, synapse=ampa)
        inner.connect(active["gpi"], sink, transform=weight, synapse=None)
        if bias:
            inner.connect(inner.node(np.full(d, bias), label="bias"), source)
    return BasalGanglia(inner, source, sink, **nuclei)


@dataclass(frozen=True, eq=False, repr=False)
class Thalamus(Part):
    """Actions that are active unless they are inhibited.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        Inhibition of each action, and how active it is, (dimensions,).
    actions : EnsembleArray
        A population for each action.
    """

    input: Node
    output: Node
    actions: EnsembleArray


@explained
def thalamus(
    net: Network,
    dimensions: int,
    n_neurons: int = 50,
    mutual_inhib: float = 1.0,
    threshold: float = 0.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Thalamus:
    r"""Add a thalamus, which turns the output of the basal ganglia into one active action.

    .. math:: x_i = 1 + u_i - m \sum_{j \ne i} x_j, \qquad x_i \ge \vartheta

    Parameters
    ----------
    net : Network
        Where to add it.
    dimensions : int
        Number of actions.
    n_neurons : int
        Neurons of each action.
    mutual_inhib : float
        m, how strongly actions inhibit one another; 0 leaves that out.
    threshold : float
        Below which an action is silent, below 1.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Thalamus
        With ``input`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If a number or option does not fit, or the threshold is not below 1.

    See Also
    --------
    basal_ganglia

    References
    ----------
    T. C. Stewart, X. Choo and C. Eliasmith, Dynamic behaviour of a spiking model of action
    selection in the basal ganglia, ICCM 2010.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> bg, th = nef.networks.basal_ganglia(net, 2), nef.networks.thalamus(net, 2)
    >>> c1 = net.connect(bg.output, th.input)
    >>> c2 = net.connect(net.node([0.8, 0.4]), bg.input, synapse=None)
    >>> y = net.probe(th.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> bool(sim.data[y][-1, 0] > 0.8), bool(abs(sim.data[y][-1, 1]) < 0.1)
    (True, True)
    """
    who = "thalamus"
    d = count(who, "dimensions", dimensions)
    inhibition = check.real(who, "mutual_inhib", mutual_inhib)
    low = check.real(who, "threshold", threshold, "pass 0, say", -1.0, 1.0, open_high=True)
    given: dict[str, Any] = {"encoders": POSITIVE, "intercepts": Uniform(low, 1.0)}
    with part(who, net, label, seed, "thalamus", saturates=True) as inner:
        actions = ensemble_array(inner, n_neurons, d, label="actions", **given | options)
        source, sink = actions.input, actions.output
        if inhibition:
            inner.connect(sink, source, transform=inhibition * (np.eye(d) - 1))
        inner.connect(inner.node(1.0, label="bias"), source, transform=np.ones((d, 1)))
    return Thalamus(inner, source, sink, actions)
