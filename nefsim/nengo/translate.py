"""Convert nefsim networks to Nengo networks."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import neurons
from nefsim.learned import initial_weights
from nefsim.lowering import Built, build
from nefsim.lowering.arrays import preset_of
from nefsim.lowering.matrices import as_index
from nefsim.nengo import rules
from nefsim.nengo.adapters import Draws, Full, NefsimProcess, Start
from nefsim.nengo.filters import synapse, with_delay
from nefsim.nengo.neuron_types import neuron_type
from nefsim.network import Connection, Ensemble, Learning, Network, Neurons, Node, Probe
from nefsim.network.objects import Endpoint, Gate, indices, whole
from nefsim.processes import Process
from nefsim.program import Filter, State, initial_state
from nefsim.settings import fresh_seed
from nefsim.synapses import PerElement

Array = NDArray[np.float64]


def to_nengo(net: Network, dt: float = 0.001) -> nengo.Network:
    """Convert a network to a Nengo network, with the arrays that nefsim draws and solves.

    Parameters
    ----------
    net : Network
        The network to convert; its seed determines the arrays.
    dt : float [s]
        The time step of later runs.

    Returns
    -------
    nengo.Network
        A network without subnetworks, with the labels of the objects; run it in
        ``nengo.Simulator(model, dt=dt)``.

    Raises
    ------
    TypeError
        If ``net`` is not a Network.
    ValueError
        If ``dt`` is not positive, or the network has an object that Nengo does not have, such as
        some neuron types and learning rules.

    See Also
    --------
    from_nengo : A Nengo network as a nefsim network.
    nefsim.crosscheck : The spikes of a network on several back ends, Nengo included.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.nengo import to_nengo
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(20, 1, label="a")
    >>> to_nengo(net).ensembles[0].n_neurons
    20
    """
    do = "pass a Network"
    check.instance("to_nengo", "net", net, Network, "a network", do)
    built = build(net, check.seconds("to_nengo", "dt", dt), fresh_seed(net))
    return Translation(built, initial_state(built.program)).model


class Translation:
    """Converts a built network to a Nengo network.

    Parameters
    ----------
    built : Built
        The built network.
    state : State
        Its initial state.

    Attributes
    ----------
    model : nengo.Network
        The Nengo model.
    of : dict
        Nengo's object for each object of the network.
    """

    def __init__(self, built: Built, state: State) -> None:
        self.built, self.state = built, state
        self.model = nengo.Network(label=built.network.label, seed=built.seed % 2**31)
        self.of: dict[Any, Any] = {}
        self._ops = built.program.writer
        self._relays: dict[Node, nengo.Node] = {}
        with self.model:
            for ensemble in built.ensembles:
                self.of[ensemble] = self._ensemble(ensemble)
            for node in (obj for obj in built.signals if isinstance(obj, Node)):
                self.of[node] = self._node(node)
            self._relay_inputs()
            # Connections to rules, which carry errors, come after the rules are added.
            into_rules = [isinstance(whole(c.post), (Learning, Gate)) for c in built.connections]
            for later in (False, True):
                for connection, is_error in zip(built.connections, into_rules, strict=True):
                    if is_error == later:
                        self.of[connection] = self._connection(connection)
            for probe in built.probes:
                self.of[probe] = self._probe(probe)

    def _relay_inputs(self) -> None:
        """Add a relay before each node with a probed input, as Nengo cannot probe that input."""
        nodes = (_node_of_probed_input(probe) for probe in self.built.probes)
        for node in dict.fromkeys(node for node in nodes if node is not None):
            self._relays[node] = nengo.Node(size_in=node.size_in, label=f"{node.label}.input")
            nengo.Connection(self._relays[node], self.of[node], synapse=None)

    def _end(self, end: Endpoint, into: bool = False) -> Any:
        """Nengo's object for the start of a connection, or for its target if ``into``."""
        obj = whole(end)
        if isinstance(obj, Gate):
            must, do = "be one that Nengo has", "compare other back ends"
            check.fail(repr(obj), "switch", must, "a gate", do)
        if isinstance(obj, Learning):
            return _view(rules.of_connection(self.of[obj.connection], obj), end)
        target = self.of[obj.ensemble].neurons if isinstance(obj, Neurons) else self.of[obj]
        if into and isinstance(obj, Node):
            target = self._relays.get(obj, target)
        return _view(target, end)

    def _process(self, signal: int) -> NefsimProcess:
        """A Nengo process for the process that writes ``signal``, from its initial state."""
        running = self.state.running[self._ops[signal]][0]
        return NefsimProcess(running, self.built.program.signals[signal].size)

    def _ensemble(self, ensemble: Ensemble) -> nengo.Ensemble:
        built = self.built.ensembles[ensemble]
        common = {"radius": ensemble.radius, "label": ensemble.label}
        n, d = ensemble.n_neurons, ensemble.dimensions
        if isinstance(ensemble.neuron_type, neurons.Direct):
            return nengo.Ensemble(n, d, neuron_type=nengo.Direct(), **common)
        noise = None
        if ensemble.noise is not None:
            noise = self._process(self.built.noise[ensemble])
        return nengo.Ensemble(
            n,
            d,
            encoders=self._encoders(ensemble),
            gain=built.gain,
            bias=built.bias,
            eval_points=np.zeros((1, d)),
            neuron_type=self._neuron_type(ensemble),
            noise=noise,
            normalize_encoders=False,
            **common,
        )

    def _encoders(self, ensemble: Ensemble) -> Array:
        """The initial encoders: learned ones if a model file has them, else those drawn."""
        built = self.built.ensembles[ensemble]
        signal = self.built.learned.get(ensemble)
        if signal is None or "learned" not in preset_of(ensemble):
            return built.encoders
        initial = initial_weights(self.built.program, self.built.program.writer[signal])
        return np.asarray(initial / (built.gain / built.radius)[:, None])

    def _neuron_type(self, ensemble: Ensemble) -> nengo.neurons.NeuronType:
        index = self._ops[self.built.signals[ensemble.neurons]]
        neuron, memory = ensemble.neuron_type, self.state.ops[index]
        initial = {name: Start(neuron.read(memory, name)) for name in neuron.initial_state}
        return neuron_type(repr(ensemble), neuron, initial, Draws(self.state.rngs[index][0]))

    def _node(self, node: Node) -> nengo.Node:
        signal = self.built.signals[node]
        if node in self.built.inputs:
            if node.size_in:
                must, do = "be a source to have another output in Nengo", "pass another back end"
                check.fail("Simulator", "inputs", must, repr(node), do)
            node = self.built.inputs[node]
        common = {"size_in": node.size_in, "label": node.label}
        if node.output is None:
            # In Nengo a connection from a node without output cannot have a function.
            ends = self.built.connections
            called = any(whole(c.pre) is node and c.function is not None for c in ends)
            return nengo.Node((lambda t, x: x) if called else None, **common)
        if isinstance(node.output, Process):
            return nengo.Node(self._process(signal), label=node.label)
        if isinstance(node.output, np.ndarray):
            return nengo.Node(node.output, label=node.label)
        return nengo.Node(node.output, size_out=node.size_out, **common)

    def _connection(self, connection: Connection) -> nengo.Connection:
        dt = self.built.program.dt
        if isinstance(connection.synapse, PerElement):
            return self._filtered_apart(connection, connection.synapse)
        nengo_synapse = with_delay(connection.synapse, dt, round(connection.delay / dt))
        if connection.rules:
            if connection.delay:
                must, do = "be 0 in Nengo where weights learn", "compare other back ends"
                check.fail(repr(connection), "delay", must, f"{connection.delay:g} s", do)
            return self._learned(connection, nengo_synapse)
        return self._carry(connection, self._into(connection), nengo_synapse)

    def _into(self, connection: Connection) -> Any:
        """The end of a connection, or a node of currents of neurons for full weights."""
        post, full = whole(connection.post), self.built.connections[connection].full
        if full is None:
            return self._end(connection.post, into=True)
        # Nengo multiplies the input of neurons by their gain.
        assert isinstance(post, Ensemble)
        gain = self.built.ensembles[post].gain
        inverse = np.divide(1.0, gain, out=np.zeros_like(gain), where=gain != 0)
        currents = nengo.Node(size_in=len(full), label=f"{connection.label}.currents")
        nengo.Connection(currents, self.of[post].neurons, transform=inverse, synapse=None)
        return currents

    def _filtered_apart(self, connection: Connection, synapses: PerElement) -> nengo.Connection:
        """A connection to a node, and one from there to the target for each synapse."""
        if connection.rules:
            must, do = "be one filter in Nengo where weights learn", "compare other back ends"
            check.fail(repr(connection), "synapse", must, "one for each element", do)
        dt = self.built.program.dt
        vector = nengo.Node(size_in=len(synapses.synapses), label=f"{connection.label}.vector")
        post, chosen = self._into(connection), indices(connection.post)
        post = post.obj if isinstance(post, nengo.base.ObjView) else post
        steps = round(connection.delay / dt)
        for each, places in synapses.groups().items():
            rows = places if chosen is None else [chosen[i] for i in places]
            nengo.Connection(vector[places], post[rows], synapse=with_delay(each, dt, steps))
        return self._carry(connection, vector, None)

    def _learned(
        self, connection: Connection, nengo_synapse: nengo.synapses.Synapse | None
    ) -> nengo.Connection:
        """Add a connection with learning rules and the same initial weights."""
        built, post = self.built.connections[connection], self._end(connection.post, into=True)
        options: dict[str, Any] = {
            "synapse": nengo_synapse,
            "label": connection.label,
            "learning_rule_type": rules.learning_rule_type(connection, self.built.program.dt),
        }
        if connection not in self.built.learned:  # its rules change encoders only
            return self._carry(connection, post, **options)
        index = self._ops[self.built.learned[connection]]
        initial = initial_weights(self.built.program, index)
        pre = self._end(connection.pre)
        if isinstance(whole(connection.pre), Neurons):
            return nengo.Connection(pre, post, transform=initial, **options)
        full, size = built.full is not None, connection.post.size_in
        solver = Full(initial.T, True) if full else nengo.solvers.NoSolver(initial.T)
        return nengo.Connection(
            pre, post, function=lambda x: np.zeros(size), solver=solver, **options
        )

    def _carry(
        self,
        connection: Connection,
        post: Any,
        synapse: nengo.synapses.Synapse | None,
        **options: Any,
    ) -> nengo.Connection:
        """Add a connection to ``post`` with the same function and transform."""
        built, pre = self.built.connections[connection], self._end(connection.pre)
        options = {"label": connection.label, **options, "synapse": synapse}
        if built.full is not None:
            pre = self.of[whole(connection.pre)].neurons
            return nengo.Connection(pre, post, transform=built.full, **options)
        if built.decoders is not None:
            size = built.decoders.shape[1]
            options["function"] = lambda x: np.zeros(size)
            options["solver"] = nengo.solvers.NoSolver(built.decoders)
        elif connection.function is not None:
            function = connection.function
            options["function"] = lambda x: function(x)  # type: ignore[operator]
        transform = _transform(built.transform, dense=built.decoders is not None)
        return nengo.Connection(pre, post, transform=transform, **options)

    def _sample_every(self, probe: Probe) -> float | None:
        """Seconds between records, slightly reduced so that Nengo does not round them up."""
        if probe.sample_every is None:
            return None
        every: dict[Probe, float] = {
            p: record.every
            for p, record in zip(self.built.probes, self.built.program.records, strict=True)
        }
        return every[probe] * self.built.program.dt * (1 - 1e-12)

    def _probe(self, probe: Probe) -> nengo.Probe:
        target = probe.target
        learning = None if isinstance(target, Connection) else whole(target)
        if isinstance(target, Connection) and probe.attr == "weights":
            if target in self.built.learned:
                probed, attr = self.of[target], "weights"
            else:
                probed, attr = self._constant_weights(probe), "output"
        elif isinstance(target, Connection):
            probed, attr = self._values_of(target, probe.attr), "output"
        elif isinstance(learning, Learning):
            probed = rules.of_connection(self.of[learning.connection], learning)
            attr = rules.probe_name(learning, probe.attr)
        else:
            is_input = _node_of_probed_input(probe) is not None
            probed = self._end(target, into=is_input)
            attr = "output" if is_input or probe.attr in ("spikes", "rates") else probe.attr
        options: dict[str, Any] = {
            "synapse": synapse(probe.synapse, self.built.program.dt),
            "sample_every": self._sample_every(probe),
            "label": probe.label,
        }
        decoding = self.built.probe_data.get(probe)
        if decoding is not None:
            options["solver"] = nengo.solvers.NoSolver(decoding.decoders)
        return nengo.Probe(probed, attr, **options)

    def _constant_weights(self, probe: Probe) -> nengo.Node:
        """Add a node whose output is the constant weights, which Nengo cannot always probe."""
        program = self.built.program
        record = program.records[self.built.probes.index(probe)]
        op: Any = program.ops[self._ops[record.read.signal]]
        if isinstance(op, Filter):
            op = program.ops[self._ops[op.input]]
        return nengo.Node(op.offset, label=f"{probe.label}.held")

    def _values_of(self, connection: Connection, attr: str) -> Any:
        """Add a node with the values of a connection, before or after its filter."""
        if attr == "output" and connection.synapse is not None:
            return self.of[connection]
        if connection.rules:
            must, do = "be a quantity that Nengo can probe", "probe its output or its weights"
            check.fail(repr(connection), "probe", must, attr, do)
        # In Nengo the input of a connection is spikes, so a second connection has the values.
        full = self.built.connections[connection].full
        node = nengo.Node(size_in=connection.post.size_in if full is None else len(full))
        dt = self.built.program.dt
        self._carry(connection, node, with_delay(None, dt, round(connection.delay / dt)))
        return node


def _view(target: Any, end: Endpoint) -> Any:
    """A view of Nengo's object with the dimensions of ``end``."""
    dimensions = as_index(indices(end))
    if dimensions is None or isinstance(dimensions, slice):
        return target if dimensions is None else target[dimensions]
    return target[dimensions.tolist()]


def _node_of_probed_input(probe: Probe) -> Node | None:
    if isinstance(probe.target, Connection) or probe.attr != "input":
        return None
    obj = whole(probe.target)
    return obj if isinstance(obj, Node) else None


def _transform(transform: Any, dense: bool) -> Any:
    """The transform as a transform of Nengo; ``dense`` where decoders require it."""
    if hasattr(transform, "tocsr"):
        if dense:
            return transform.toarray()
        entries = transform.tocoo()
        places = np.stack([entries.row, entries.col], axis=1)
        return nengo.Sparse(transform.shape, indices=places, init=entries.data)
    # Without a transform Nengo saves a multiplication by 1.
    return None if np.ndim(transform) == 0 and transform == 1.0 else transform
