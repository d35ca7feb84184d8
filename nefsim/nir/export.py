"""Export of networks to NIR graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.lowering import Built, build
from nefsim.lowering.arrays import times
from nefsim.network import Connection, Ensemble, Network, Neurons, Node, Probe
from nefsim.network.objects import whole
from nefsim.neurons import Direct
from nefsim.nir.lossy import simplified
from nefsim.nir.neurons import losses, neuron_node
from nefsim.nir.parts import as_matrix, placed, selected, time_constants
from nefsim.settings import fresh_seed

Array = NDArray[np.float64]

SPIKES = ("unit", "delta")


def to_nir(
    net: Network, dt: float = 0.001, spikes: str = "unit", allow_lossy: bool = False
) -> nir.NIRGraph:
    r"""Convert a network to a NIR graph, to run in other tools or to save with ``nir.write``.

    ===========================  =====================================================
    nefsim                       NIR
    ===========================  =====================================================
    node of time or a process    ``Input``, for values from outside
    node without input           ``Input``
    constant node                ``Affine`` of weight 0
    passthrough node             ``Scale`` of ones
    encoders, gains, biases      ``Affine(gain * encoders / radius, bias)``
    LIF, DiscreteLIF             ``LIF`` or ``IF``
    decoders, transforms         ``Linear(transform @ decoders.T)``
    Lowpass, Alpha, DoubleExp    ``LI``, two of them for the latter
    probe                        ``Output``
    ===========================  =====================================================

    NIR has no refractory time, no minimum voltage, no noise, no learning and no Python
    functions.  A network with any of these raises an error, unless ``allow_lossy`` is True.
    They are then left out: weights are those before learning, gains and decoders are solved
    again for the simpler neurons, and a function becomes an ``Output`` for its arguments and
    an ``Input`` for its values.

    Parameters
    ----------
    net : Network
        The network to convert.
    dt : float [s]
        Time step for other tools, written to the graph's metadata.
    spikes : {"unit", "delta"}
        Height of spikes in the graph: 1, as in tools for machine learning, or 1/dt, as in
        nefsim.  With 1, decoders are divided by dt.
    allow_lossy : bool
        Whether to leave out parts that NIR cannot express.

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    ValueError, TypeError
        If the network contains parts that NIR cannot express, or an argument is out of range.

    See Also
    --------
    from_nir : The other direction.
    nefsim.nengo.to_nengo : Conversion to Nengo.

    References
    ----------
    Pedersen et al. (2024), Neuromorphic intermediate representation: a unified instruction
    set for interoperable brain-inspired computing, Nature Communications 15.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1, label="a")
    >>> c = net.connect(net.node(np.sin, label="input"), a, synapse=None)
    >>> y = net.probe(a, synapse=0.02, label="output")
    >>> sorted(to_nir(net, allow_lossy=True).nodes)
    ['a', 'a.encoders', 'input', 'output', 'output.decoders', 'output.synapse']
    """
    who, do = "to_nir", "pass a Network"
    check.instance(who, "net", net, Network, "a network", do)
    step = check.seconds(who, "dt", dt)
    unit = check.one_of(who, "spikes", spikes, SPIKES) == "unit"
    if check.flag(who, "allow_lossy", allow_lossy):
        net = simplified(net, step)
    else:
        for obj, loss in _all_losses(net):
            got, do = f"{loss} of {obj!r}", "pass allow_lossy=True to leave it out"
            check.fail(who, "net", "have only parts that NIR can express", got, do)
    return _Export(build(net, step, fresh_seed(net)), step, unit).graph()


def _all_losses(net: Network) -> Iterator[tuple[Any, str]]:
    for ensemble in net.all_ensembles:
        yield from ((ensemble, loss) for loss in losses(ensemble))
    for node in net.all_nodes:
        if node.size_in and callable(node.output):
            yield node, "function"
    for connection in net.all_connections:
        if connection.function is not None and not _decodes(whole(connection.pre)):
            yield connection, "function"
        yield from ((connection, f"{type(rule).__name__} rule") for _, rule in connection.rules)


def _a_probe(net: Network) -> str:
    """The line that probes the last population or node from which no connection leaves."""

    def owner(end: Any) -> Any:
        return getattr(whole(end), "ensemble", whole(end))

    left = {owner(connection.pre) for connection in net.all_connections}
    ends: list[tuple[Any, str]] = [
        (node, f"all_nodes[{i}]") for i, node in enumerate(net.all_nodes)
    ]
    ends += [(e, f"all_ensembles[{i}]") for i, e in enumerate(net.all_ensembles)]
    last = [(end, name) for end, name in ends if end not in left and end.size_out]
    if not last:
        return "net.probe(ensemble), or net.probe(ensemble.neurons) for its spikes"
    end, name = last[-1]
    into = [whole(c.post) for c in net.all_connections if owner(c.post) is end]
    spikes = isinstance(end, Ensemble) and end not in into
    return f"net.probe(net.{name}{'.neurons' if spikes else ''})"


def _decodes(pre: Any) -> bool:
    return isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)


class _Export:
    """The nodes and edges of the graph, and the nodes of each object's input and output."""

    def __init__(self, built: Built, dt: float, unit: bool) -> None:
        self.built, self.dt, self.unit = built, dt, unit
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self._in: dict[Any, str] = {}
        self._out: dict[Any, str] = {}
        self._constants: list[str] = []
        self._biases: dict[str, Array] = {}

    def graph(self) -> nir.NIRGraph:
        """The complete graph."""
        net = self.built.network
        fed = {whole(c.post) for c in net.all_connections if not self._has_full_weights(c)}
        for ensemble in net.all_ensembles:
            self._ensemble(ensemble, ensemble in fed)
        for node in net.all_nodes:
            self._node(node, node in fed)
        for connection in net.all_connections:
            self._connection(connection)
        for probe in net.all_probes:
            self._probe(probe)
        self._feed_what_has_no_input()
        kinds = [type(node) for node in self.nodes.values()]
        if nir.Output not in kinds:
            check.fail("to_nir", "net", "have an output", repr(net), f"write {_a_probe(net)}")
        convention = "unit" if self.unit else "delta"
        return nir.NIRGraph(self.nodes, self.edges, {"dt": self.dt, "spikes": convention})

    def _add(self, label: str, node: Any, *sources: str) -> str:
        """Add a node under a new name that is valid in HDF5, and edges to it."""
        name = base = label.replace("/", "|")
        count = 1
        while name in self.nodes:
            count += 1
            name = f"{base} ({count})"
        self.nodes[name] = node
        self.edges += [(source, name) for source in sources]
        return name

    def _edge(self, source: str, target: str) -> None:
        """Add an edge; a second edge between two nodes goes through a new node."""
        if (source, target) in self.edges:
            again = nir.Scale(np.ones(self._size(source)))
            source = self._add(f"{source} again", again, source)
        self.edges.append((source, target))

    # -- objects -----------------------------------------------------------------------

    def _has_full_weights(self, connection: Connection) -> bool:
        return self.built.connections[connection].full is not None

    def _ensemble(self, ensemble: Ensemble, encodes: bool) -> None:
        label, built = ensemble.label, self.built.ensembles[ensemble]
        if isinstance(ensemble.neuron_type, Direct):
            relay = self._add(label, nir.Scale(np.ones(ensemble.dimensions)))
            self._in[ensemble] = self._out[ensemble] = relay
            return
        neurons = self._add(label, neuron_node(ensemble, self.dt))
        self._in[ensemble.neurons] = self._out[ensemble.neurons] = neurons
        if encodes:
            affine = nir.Affine(built.scaled_encoders, built.bias)
            self._in[ensemble] = self._add(f"{label}.encoders", affine)
            self.edges.append((self._in[ensemble], neurons))
        elif built.bias.any():
            self._biases[neurons] = built.bias

    def _node(self, node: Node, fed: bool) -> None:
        label, output = node.label, node.output
        if output is None and not fed:
            self._out[node] = self._input(label, node.size_in)
        elif output is None:
            relay = self._add(label, nir.Scale(np.ones(node.size_in)))
            self._in[node] = self._out[node] = relay
        elif isinstance(output, np.ndarray):
            affine = nir.Affine(np.zeros((len(output), 1)), output.copy())
            self._out[node] = self._add(label, affine)
            self._constants.append(self._out[node])
        else:
            if node.size_in:
                self._in[node] = self._show(f"{label}.input", node.size_in)
            self._out[node] = self._input(label, node.size_out)

    def _connection(self, connection: Connection) -> None:
        pre, post, label = connection.pre, whole(connection.post), connection.label
        if connection.delay:
            got, do = f"a delay of {connection!r}", "leave out its delay"
            check.fail("to_nir", "net", "be what NIR's parts here express", got, do)
        full = self._has_full_weights(connection) and isinstance(post, Ensemble)
        target = self._in[post.neurons if full else post]  # type: ignore[union-attr]
        matrix, source = self._matrix(connection), self._source(pre)
        if connection.function is not None and not _decodes(whole(pre)):
            output = self._show(f"{label}.input", pre.size_out)
            self._edge(self._linear(f"{label}.slice", source, selected(pre)), output)
            source, matrix = self._input(label, connection.size_mid), connection.transform
        if not full:
            gain = self.built.ensembles[post.ensemble].gain if isinstance(post, Neurons) else None
            matrix = placed(matrix, connection.post, gain)
        bias = self._biases.pop(target, None) if connection.synapse is None else None
        end = self._linear(label, source, matrix, bias)
        self._edge(self._filtered(connection, end), target)

    def _probe(self, probe: Probe) -> None:
        target, label = probe.target, probe.label
        obj = None if isinstance(target, Connection) else whole(target)
        output = probe.attr in ("decoded_output", "output", "spikes")
        if isinstance(target, Connection) or not output:
            got, do = f"{probe.attr} of {target!r}", "probe nodes, ensembles or spikes"
            check.fail("to_nir", "net", "have probes that NIR can express", got, do)
        if _decodes(obj):
            decoders = self.built.probe_data[probe].decoders
            assert decoders is not None
            end = self._linear(
                f"{label}.decoders", self._source(obj), decoders.T * self._height(obj)
            )
        else:
            end = self._linear(f"{label}.slice", self._source(target), selected(target))
        self._edge(self._filtered(probe, end), self._show(label, target.size_out))

    # -- parts -------------------------------------------------------------------------

    def _input(self, label: str, size: int) -> str:
        return self._add(label, nir.Input(input_type={"input": np.array([size])}))

    def _show(self, label: str, size: int) -> str:
        return self._add(label, nir.Output(output_type={"output": np.array([size])}))

    def _linear(self, label: str, source: str, matrix: Any, bias: Array | None = None) -> str:
        """Add a node that multiplies the output of ``source`` by ``matrix``; none if that is 1."""
        if bias is not None:
            weights = as_matrix(matrix, len(bias))
            return self._add(label, nir.Affine(np.array(weights), bias), source)
        if hasattr(matrix, "tocsr") or np.ndim(matrix) == 2:
            return self._add(label, nir.Linear(np.array(as_matrix(matrix, 0))), source)
        if np.ndim(matrix) == 0 and matrix == 1.0:
            return source
        scale = np.broadcast_to(matrix, self._size(source)).copy()
        return self._add(label, nir.Scale(scale), source)

    def _filtered(self, owner: Connection | Probe, end: str) -> str:
        """Add the owner's synapse as leaky integrators in a row."""
        for i, tau in enumerate(time_constants(owner, owner.synapse)):
            one = np.ones(self._size(end))
            label = f"{owner.label}.synapse" + (f" {i + 1}" if i else "")
            end = self._add(label, nir.LI(tau=tau * one, r=one, v_leak=0.0 * one), end)
        return end

    def _size(self, name: str) -> int:
        return int(np.prod(self.nodes[name].output_type["output"]))

    def _source(self, pre: Any) -> str:
        obj: Any = whole(pre)
        return self._out[obj.neurons if _decodes(obj) else obj]

    def _height(self, pre: Any) -> float:
        """Height of a spike of nefsim in units of a spike of the graph."""
        obj = pre.ensemble if isinstance(pre, Neurons) else pre
        amplitude = obj.neuron_type.output_per_hertz
        return float(amplitude / self.dt if self.unit else amplitude)

    def _matrix(self, connection: Connection) -> Any:
        """Matrix from the output of ``pre`` to the values of the connection."""
        pre, built = connection.pre, self.built.connections[connection]
        obj = whole(pre)
        if _decodes(obj):
            weights = built.decoded_weights if built.full is None else built.full
            return weights * self._height(obj)
        matrix, selection = connection.transform, selected(pre)
        if np.ndim(selection):
            matrix = times(matrix, selection)
        return matrix * self._height(obj) if isinstance(obj, Neurons) else matrix

    def _feed_what_has_no_input(self) -> None:
        """Connect nodes without input, such as constants, to any source with a weight of 0."""
        for neurons, bias in self._biases.items():
            constant = self._add(f"{neurons}.bias", nir.Affine(np.zeros((len(bias), 1)), bias))
            self._constants.append(constant)
            self.edges.append((constant, neurons))
        fed = {target for _, target in self.edges}
        for name, node in list(self.nodes.items()):
            if name not in fed and name not in self._constants and not isinstance(node, nir.Input):
                size = int(np.prod(node.input_type["input"]))
                self.edges.append((self._input(f"{name}.input", size), name))
        inputs = [name for name, node in self.nodes.items() if isinstance(node, nir.Input)]
        if self._constants and not inputs:
            inputs = [self._input("input", 1)]
        for name in self._constants:
            bias = self.nodes[name].bias
            self.nodes[name] = nir.Affine(np.zeros((len(bias), self._size(inputs[0]))), bias)
            self.edges.append((inputs[0], name))
