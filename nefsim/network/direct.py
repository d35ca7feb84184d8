"""Copies of networks in direct mode, without neurons."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network.habits import ATTRIBUTES
from nefsim.network.network import Network
from nefsim.network.objects import (
    Connection,
    Ensemble,
    Gate,
    Learning,
    Neurons,
    Node,
    Probe,
    Scope,
    View,
    whole,
)
from nefsim.neurons import Direct

T = TypeVar("T")

#: Quantities that a probe may record of an ensemble without neurons.
WITHOUT_NEURONS = ("decoded_output", "input")


@explained
def direct_mode(net: Network) -> Network:
    """Copy a network to direct mode, in which ensembles represent values without neurons.

    The copy has the same nodes, functions, transforms, synapses and seeds, but no distortion,
    noise or saturation.  Compare both to find the errors that are due to neurons.  An ensemble
    retains its neurons if a connection uses ``ensemble.neurons``, has a learning rule, or has a
    function that is defined by values at points.

    Parameters
    ----------
    net : Network
        The network; it is not changed.

    Returns
    -------
    Network
        The copy.  Its objects have the order and the labels of those of ``net``, and
        attributes such as ``net.output`` refer to the copies.

    Raises
    ------
    TypeError
        If ``net`` is not a network.
    ValueError
        If ``net`` is a subnetwork of another network.

    See Also
    --------
    error_budget : The sources of the error of each connection.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(net.node(0.5), a, synapse=None)
    >>> y = net.probe(a, label="y")
    >>> sim = nef.Simulator(nef.direct_mode(net))
    >>> sim.run(0.002)
    >>> sim.data["y"].tolist()
    [[0.5], [0.5]]
    """
    who = "direct_mode"
    check.instance(who, "net", net, Network, "a network", "pass a Network")
    if net.parent is not None:
        check.fail(who, "net", "not be part of another", repr(net), "pass the outermost one")
    return Twins(net).network


class Twins:
    """A copy of a network in direct mode, and the copy of each of its objects.

    Parameters
    ----------
    network : Network
        An outermost network.

    Attributes
    ----------
    network : Network
        The copy.
    """

    def __init__(self, network: Network) -> None:
        self._with_neurons = _with_neurons(network)
        self._of: dict[Any, Any] = {}
        self.network = self._scope(network)
        for scope in network.everything():
            named = {k: self(v) for k, v in vars(scope).items() if k not in ATTRIBUTES}
            vars(self._of[scope]).update(named)

    def __call__(self, thing: T) -> T:
        """The copy of an object of the network; other things unchanged."""
        match thing:
            case View():
                return View(self(thing.obj), thing.indices)  # type: ignore[return-value]
            case Neurons():
                return Neurons(self(thing.ensemble))  # type: ignore[return-value]
            case Learning():
                return Learning(self(thing.connection), thing.place)  # type: ignore[return-value]
            case Gate():
                return Gate(self(thing.learning))  # type: ignore[return-value]
            case Scope() | Node() | Ensemble() | Connection() | Probe():
                return self._of.get(thing, thing)  # type: ignore[no-any-return]
        return thing

    def _scope(self, network: Scope) -> Network:
        """Copy a network and its objects; the ends of connections come before connections."""
        twin = self._of[network] = Network(network.seed, network.label)
        for inner in network.networks:
            copied = self._scope(inner)
            copied.parent = twin
            twin.networks.append(copied)
        twin.nodes = [self._copy(node) for node in network.nodes]
        twin.ensembles = [self._ensemble(ensemble) for ensemble in network.ensembles]
        if network.parent is None:  # by now all ends are there
            for scope in network.everything():
                twin_of_scope = self._of[scope]
                twin_of_scope.connections = [
                    self._copy(c, "pre", "post") for c in scope.connections
                ]
            for scope in network.everything():
                self._of[scope].probes = [self._copy(p, "target") for p in scope.probes]
        return twin

    def _ensemble(self, ensemble: Ensemble) -> Ensemble:
        if ensemble in self._with_neurons or isinstance(ensemble.neuron_type, Direct):
            return self._copy(ensemble)
        return self._copy(ensemble, neuron_type=Direct(), noise=None, initial_state={})

    def _copy(self, thing: T, *ends: str, **values: Any) -> T:
        """Copy an object, with references to the copies of its network and of its ends."""
        twin: Any = object.__new__(type(thing))
        fields = dict(vars(thing))
        fields |= {name: self(fields[name]) for name in ("network", *ends)}
        vars(twin).update(fields | values)
        self._of[thing] = twin
        return twin  # type: ignore[no-any-return]


def _with_neurons(network: Scope) -> set[Ensemble]:
    """Ensembles whose neurons a connection or a probe uses."""
    found: set[Ensemble] = set()

    def keep(*ends: Any) -> None:
        for end in map(whole, ends):
            if isinstance(end, Neurons):
                found.add(end.ensemble)
            elif isinstance(end, Ensemble):
                found.add(end)

    for connection in network.all_connections:
        ends = connection.pre, connection.post
        keep(*(end for end in ends if isinstance(whole(end), Neurons)))
        if connection.rules:
            keep(*ends)
        if isinstance(connection.function, np.ndarray):
            keep(connection.pre)
    for probe in network.all_probes:
        if isinstance(probe.target, Connection):
            if probe.attr == "weights":
                keep(probe.target.pre, probe.target.post)
        elif isinstance(whole(probe.target), Neurons) or (
            isinstance(whole(probe.target), Ensemble) and probe.attr not in WITHOUT_NEURONS
        ):
            keep(probe.target)
    # Full weights go from neurons to neurons.
    while True:
        wanted = {
            whole(connection.post)
            for connection in network.all_connections
            if connection.solver.weights and whole(connection.pre) in found
        }
        if wanted <= found:
            return found
        found |= wanted  # type: ignore[arg-type]
