"""The basal ganglia and the thalamus, which select an action."""

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
    """The basal ganglia: the output is near 0 for the action of largest value, else negative.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The value of each action, (dimensions,).
    output : Node
        The inhibition of each action, (dimensions,): about 0 for the selected action, negative
        for the others.
    d1, d2, stn, gpe, gpi : EnsembleArray
        Populations of the striatum with D1 and with D2 receptors, the subthalamic nucleus, and
        the external and internal globus pallidus.
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
    r"""Add basal ganglia, which select the action of the largest value.

    Each nucleus has a population for each action, whose output is
    :math:`y = \max(0, x - \epsilon)`.  For the values u of the actions, its input x is

    .. math:: x_{D1} = 1.2 u, \quad x_{D2} = 0.8 u, \quad
              x_{STN} = u - y_{GPe}, \quad
              x_{GPe} = 0.9 \textstyle\sum y_{STN} - y_{D2}, \quad
              x_{GPi} = 0.9 \textstyle\sum y_{STN} - 0.3 y_{GPe} - y_{D1}

    and the threshold :math:`\epsilon` is 0.2 (D1, D2), -0.25 (STN) or -0.2 (GPe, GPi).

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    dimensions : int
        Number of actions.
    n_neurons : int
        Number of neurons of each population; there are five populations for each action.
    output_weight : float
        Factor from the output of the GPi to the output of the subnetwork.
    input_bias : float
        Number to add to the value of each action.
    ampa, gaba : Synapse or number [s]
        Synapses of excitatory and of inhibitory connections.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
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
        If an argument is out of range or of a wrong type.

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
    """A thalamus, in which each action is active unless it is inhibited.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        The inhibition of each action, (dimensions,), such as the output of basal ganglia.
    output : Node
        The activity of each action, (dimensions,): about 1 if it is not inhibited, else 0.
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
    r"""Add a thalamus, whose output is 1 for the action that basal ganglia select.

    .. math:: x_i = 1 + u_i - m \sum_{j \ne i} x_j, \qquad x_i \ge \vartheta

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    dimensions : int
        Number of actions.
    n_neurons : int
        Number of neurons of each action.
    mutual_inhib : float
        Strength m of the inhibition between actions; 0 makes no such connection.
    threshold : float
        Activity :math:`\vartheta` below which an action is silent; less than 1.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
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
        If the threshold is not below 1, or another argument is out of range.

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
