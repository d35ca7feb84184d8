"""The graph of a Nengo network as a nefsim network, before anything is drawn or solved."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np

from nefsim.learning import PES
from nefsim.nengo import values
from nefsim.network import Connection, Network
from nefsim.neurons import LIF, Direct


def sketch(network: nengo.Network) -> Network:
    """A network with the subnetworks, objects, labels and wires of a Nengo network.

    It is made to be drawn, not run: connections go from one dimension to another, by the size of
    their transforms, and functions of nodes return zeros.

    Parameters
    ----------
    network : nengo.Network
        The network to describe.

    Returns
    -------
    Network
        Its ``all_ensembles``, ``all_nodes`` and subnetworks have the order and the labels of
        those of :func:`from_nengo`; connections that cannot be drawn are left out.

    Examples
    --------
    >>> import nengo
    >>> from nefsim.nengo.sketch import sketch
    >>> with nengo.Network() as model:
    ...     a = nengo.Ensemble(50, 2, label="a")
    ...     connection = nengo.Connection(a, a, transform=0.5)
    >>> net = sketch(model)
    >>> net.ensembles[0].label, net.all_connections[0].transform
    ('a', 0.5)
    """
    net = Network(label=network.label)
    net._warns_of_radius = False
    of: dict[Any, Any] = {network: net}
    scopes = [network, *network.all_networks]
    for scope in scopes:
        here = of[scope]
        for inner in scope.networks:
            of[inner] = here.subnetwork(inner.label)
        for node in scope.nodes:
            of[node] = _node(here, node)
        for ensemble in scope.ensembles:
            of[ensemble] = _ensemble(here, ensemble)
    connections = [(scope, c) for scope in scopes for c in scope.connections]
    for later in (False, True):
        for scope, connection in connections:
            is_error = isinstance(connection.post_obj, nengo.connection.LearningRule)
            if is_error == later and connection not in of:
                of[connection] = _connection(of[scope], connection, of)
    return net


def _node(net: Network, node: nengo.Node) -> Any:
    output, sizes = node.output, {"size_in": node.size_in, "label": node.label}
    if output is not None and not isinstance(output, np.ndarray):
        zeros = np.zeros(node.size_out)
        sizes["size_out"] = node.size_out
        output = (lambda t, x: zeros) if node.size_in else (lambda t: zeros)
    return net.node(output, **sizes)


def _ensemble(net: Network, ensemble: nengo.Ensemble) -> Any:
    kind = ensemble.neuron_type
    try:
        neuron = Direct() if isinstance(kind, nengo.Direct) else values.neuron_type(ensemble, kind)
    except ValueError:  # the build says why
        neuron = LIF()
    n, options = ensemble.n_neurons, {"radius": ensemble.radius, "label": ensemble.label}
    if not isinstance(neuron, Direct):  # any curve, as those of Nengo are drawn later
        options |= {"gain": np.ones(n), "bias": np.zeros(n)}
    return net.ensemble(n, ensemble.dimensions, neuron_type=neuron, **options)


def _connection(
    net: Network, connection: nengo.Connection, of: dict[Any, Any]
) -> Connection | None:
    post = connection.post_obj
    if isinstance(post, nengo.connection.LearningRule):
        taught = of.get(post.connection)
        end = None if taught is None or not taught.rules else taught.learning_rule
    else:
        end = _part(post, of)
    pre = _part(connection.pre_obj, of)
    if pre is None or end is None:
        return None
    options: dict[str, Any] = {"transform": _size(connection.transform), "label": connection.label}
    if connection.function is not None and len(np.shape(connection.function)) == 0:
        options["function"] = _named(connection.function)
    if connection.learning_rule_type is not None:
        options["learning_rule"] = PES()
    try:
        return net.connect(pre, end, **options)
    except (TypeError, ValueError):  # such as a rule between other kinds of objects
        return None


def _part(obj: Any, of: dict[Any, Any]) -> Any:
    """One dimension of an object, or one neuron; None if it has none, or is of another network."""
    is_neurons = isinstance(obj, nengo.ensemble.Neurons)
    found = of.get(obj.ensemble if is_neurons else obj)
    if found is None:
        return None
    if is_neurons:
        return found.neurons[:1]
    size = getattr(found, "dimensions", None) or found.size_out or found.size_in
    return found[:1] if size else None


def _named(function: Any) -> Any:
    """A function of one dimension to one, with the name of another one."""

    def zero(x: Any) -> float:
        return 0.0

    zero.__name__ = getattr(function, "__name__", type(function).__name__)
    return zero


def _size(transform: Any) -> float:
    """The norm of a transform, relative to that of the identity; 1 where it is drawn later."""
    matrix: Any = getattr(transform, "init", None)
    if hasattr(matrix, "data") and not isinstance(matrix, np.ndarray):
        matrix = matrix.data
    try:
        elements = np.asarray(matrix, np.float64)
    except (TypeError, ValueError):
        return 1.0
    shape = (*getattr(transform, "shape", ()), 1)[:2] if elements.ndim else (1, 1)
    size = float(np.sqrt((elements**2).sum() / max(min(shape), 1)))
    return size if np.isfinite(size) and size else 1.0
