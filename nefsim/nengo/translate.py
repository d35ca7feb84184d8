"""A built network as a Nengo network, object by object."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import neurons
from nefsim.lowering import Built, build
from nefsim.lowering.arrays import preset_of
from nefsim.lowering.matrices import as_index
from nefsim.nengo import rules
from nefsim.nengo.filters import synapse
from nefsim.nengo.guests import Draws, Full, Played, Start
from nefsim.nengo.neuron_types import neuron_type
from nefsim.network import Connection, Ensemble, Learning, Network, Neurons, Node, Probe
from nefsim.network.objects import Endpoint, Gate, indices, whole
from nefsim.processes import Process
from nefsim.program import Filter, State, initial_state
from nefsim.settings import fresh_seed

Array = NDArray[np.float64]


def to_nengo(net: Network, dt: float = 0.001) -> nengo.Network:
    """The network as a Nengo network with the arrays that nefsim draws and solves.

    Parameters
    ----------
    net : Network
        The model; its seed decides the arrays.
    dt : float [s]
        The step it is meant to run at (processes and initial states depend on it).

    Returns
    -------
    nengo.Network
        Flat, with the labels of the objects; run it in ``nengo.Simulator(model, dt=dt)``.

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
    """A Nengo model of a built network, and where each of our objects went."""

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
            # Errors are connected to rules, which must be there before.
            into_rules = [isinstance(whole(c.post), (Learning, Gate)) for c in built.connections]
            for later in (False, True):
                for connection, is_error in zip(built.connections, into_rules, strict=True):
                    if is_error == later:
                        self.of[connection] = self._connection(connection)
            for probe in built.probes:
                self.of[probe] = self._probe(probe)

    def _relay_inputs(self) -> None:
        """Nengo shows no node's input, so that a relay in front of the node shows it."""
        nodes = (_node_of_shown_input(probe) for probe in self.built.probes)
        for node in dict.fromkeys(node for node in nodes if node is not None):
            self._relays[node] = nengo.Node(size_in=node.size_in, label=f"{node.label}.input")
            nengo.Connection(self._relays[node], self.of[node], synapse=None)

    def _end(self, end: Endpoint, into: bool = False) -> Any:
        """Where values come out of an object, or where they go into it."""
        obj = whole(end)
        if isinstance(obj, Gate):
            must, do = "be one that Nengo has", "compare other back ends"
            check.fail(repr(obj), "switch", must, "a gate", do)
        if isinstance(obj, Learning):
            theirs = rules.of_connection(self.of[obj.connection], obj)
            return _view(theirs, end)
        theirs = self.of[obj.ensemble].neurons if isinstance(obj, Neurons) else self.of[obj]
        if into and isinstance(obj, Node):
            theirs = self._relays.get(obj, theirs)
        return _view(theirs, end)

    def _played(self, signal: int) -> Played:
        """The process behind a signal, fresh from its stream as our state has it."""
        running = self.state.running[self._ops[signal]][0]
        return Played(running, self.built.program.signals[signal].size)

    def _ensemble(self, ensemble: Ensemble) -> nengo.Ensemble:
        built = self.built.ensembles[ensemble]
        common = {"radius": ensemble.radius, "label": ensemble.label}
        n, d = ensemble.n_neurons, ensemble.dimensions
        if isinstance(ensemble.neuron_type, neurons.Direct):
            return nengo.Ensemble(n, d, neuron_type=nengo.Direct(), **common)
        noise = None
        if ensemble.noise is not None:
            noise = self._played(self.built.noise[ensemble])
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
        """Encoders at the start; a model file has learned ones, which differ from those drawn."""
        built = self.built.ensembles[ensemble]
        signal = self.built.learned.get(ensemble)
        if signal is None or "learned" not in preset_of(ensemble):
            return built.encoders
        op: Any = self.built.program.ops[self.built.program.writer[signal]]
        return np.asarray(op.initial / (built.gain / built.radius)[:, None])

    def _neuron_type(self, ensemble: Ensemble) -> nengo.neurons.NeuronType:
        index = self._ops[self.built.signals[ensemble.neurons]]
        neuron, memory = ensemble.neuron_type, self.state.ops[index]
        initial = {name: Start(neuron.read(memory, name)) for name in neuron.initial_state}
        return neuron_type(repr(ensemble), neuron, initial, Draws(self.state.rngs[index][0]))

    def _node(self, node: Node) -> nengo.Node:
        signal = self.built.signals[node]
        if node in self.built.inputs:
            if node.size_in:
                must, do = "be a source to have another output in Nengo", "take another back end"
                check.fail("Simulator", "inputs", must, repr(node), do)
            node = self.built.inputs[node]
        common = {"size_in": node.size_in, "label": node.label}
        if node.output is None:
            # Nengo takes no function from a node that only passes its input on.
            ends = self.built.connections
            called = any(whole(c.pre) is node and c.function is not None for c in ends)
            return nengo.Node((lambda t, x: x) if called else None, **common)
        if isinstance(node.output, Process):
            return nengo.Node(self._played(signal), label=node.label)
        if isinstance(node.output, np.ndarray):
            return nengo.Node(node.output, label=node.label)
        return nengo.Node(node.output, size_out=node.size_out, **common)

    def _connection(self, connection: Connection) -> nengo.Connection:
        filtered = synapse(connection.synapse, self.built.program.dt)
        if connection.rules:
            return self._learned(connection, filtered)
        post, full = whole(connection.post), self.built.connections[connection].full
        if full is None:
            return self._carry(connection, self._end(connection.post, into=True), filtered)
        # Nengo multiplies by the gain on the way into neurons.
        assert isinstance(post, Ensemble)
        gain = self.built.ensembles[post].gain
        undone = np.divide(1.0, gain, out=np.zeros_like(gain), where=gain != 0)
        currents = nengo.Node(size_in=len(full), label=f"{connection.label}.currents")
        nengo.Connection(currents, self.of[post].neurons, transform=undone, synapse=None)
        return self._carry(connection, currents, filtered)

    def _learned(
        self, connection: Connection, filtered: nengo.synapses.Synapse | None
    ) -> nengo.Connection:
        """A connection that learns, from the same weights."""
        built, post = self.built.connections[connection], self._end(connection.post, into=True)
        options: dict[str, Any] = {
            "synapse": filtered,
            "label": connection.label,
            "learning_rule_type": rules.learning_rule_type(connection, self.built.program.dt),
        }
        if connection not in self.built.learned:  # only encoders are
            return self._carry(connection, post, **options)
        index = self._ops[self.built.learned[connection]]
        op: Any = self.built.program.ops[index]
        pre = self._end(connection.pre)
        if isinstance(whole(connection.pre), Neurons):
            return nengo.Connection(pre, post, transform=op.initial, **options)
        full, size = built.full is not None, connection.post.size_in
        solver = Full(op.initial.T, True) if full else nengo.solvers.NoSolver(op.initial.T)
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
        """What a connection carries, brought to ``post``."""
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
        """Seconds between records, a hair less, so that Nengo's quotient is not rounded up."""
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
            stay = target not in self.built.learned
            theirs, attr = (self._held(probe), "output") if stay else (self.of[target], "weights")
        elif isinstance(target, Connection):
            theirs, attr = self._carried(target, probe.attr), "output"
        elif isinstance(learning, Learning):
            theirs = rules.of_connection(self.of[learning.connection], learning)
            attr = rules.traced(learning, probe.attr)
        else:
            shown = _node_of_shown_input(probe) is not None
            theirs = self._end(target, into=shown)
            attr = "output" if shown or probe.attr in ("spikes", "rates") else probe.attr
        options: dict[str, Any] = {
            "synapse": synapse(probe.synapse, self.built.program.dt),
            "sample_every": self._sample_every(probe),
            "label": probe.label,
        }
        decoding = self.built.probe_data.get(probe)
        if decoding is not None:
            options["solver"] = nengo.solvers.NoSolver(decoding.decoders)
        return nengo.Probe(theirs, attr, **options)

    def _held(self, probe: Probe) -> nengo.Node:
        """Weights that stay; Nengo has none to show where it multiplies by 1."""
        program = self.built.program
        record = program.records[self.built.probes.index(probe)]
        op: Any = program.ops[self._ops[record.read.signal]]
        if isinstance(op, Filter):
            op = program.ops[self._ops[op.input]]
        return nengo.Node(op.offset, label=f"{probe.label}.held")

    def _carried(self, connection: Connection, attr: str) -> Any:
        """Where to see what goes through a connection, after its filter or before it."""
        if attr == "output" and connection.synapse is not None:
            return self.of[connection]
        if connection.rules:
            must, do = "not be what Nengo weighs", "probe its output or its weights"
            check.fail(repr(connection), "probe", must, attr, do)
        # What Nengo calls a connection's input is the spikes, so that a twin shows the values.
        full = self.built.connections[connection].full
        node = nengo.Node(size_in=connection.post.size_in if full is None else len(full))
        self._carry(connection, node, None)
        return node


def _view(theirs: Any, end: Endpoint) -> Any:
    """The same dimensions of their object, in a slice where they lie in a row."""
    chosen = as_index(indices(end))
    if chosen is None or isinstance(chosen, slice):
        return theirs if chosen is None else theirs[chosen]
    return theirs[chosen.tolist()]


def _node_of_shown_input(probe: Probe) -> Node | None:
    if isinstance(probe.target, Connection) or probe.attr != "input":
        return None
    obj = whole(probe.target)
    return obj if isinstance(obj, Node) else None


def _transform(transform: Any, dense: bool) -> Any:
    """The transform in Nengo's terms, whose decoders go with dense ones only."""
    if hasattr(transform, "tocsr"):
        if dense:
            return transform.toarray()
        entries = transform.tocoo()
        places = np.stack([entries.row, entries.col], axis=1)
        return nengo.Sparse(transform.shape, indices=places, init=entries.data)
    # Nengo multiplies by a 1 that it is given.
    return None if np.ndim(transform) == 0 and transform == 1.0 else transform
