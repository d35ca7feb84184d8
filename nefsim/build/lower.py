"""Lower a network to a program: each object becomes signals and operations on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.build.arrays import (
    NEURONS,
    NOISE,
    SOLVER,
    BuiltConnection,
    BuiltEnsemble,
    Decoders,
    build_ensemble,
    eval_points_of,
    into,
    targets_of,
    times,
)
from nefsim.build.schedule import schedule
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import Endpoint, indices, whole
from nefsim.neurons import Direct
from nefsim.processes import Process
from nefsim.program import (
    Evaluate,
    Filter,
    Index,
    Neurons,
    Op,
    Play,
    Program,
    Read,
    Record,
    Signal,
    Stream,
    Sum,
    Term,
)
from nefsim.sampling import Distribution, as_distribution
from nefsim.synapses import Synapse

#: Kinds of object, each with random streams of its own.
ENSEMBLES, NODES, CONNECTIONS, NETWORKS = range(4)


@dataclass(frozen=True, eq=False)
class Built:
    """A network that is ready to run.

    Attributes
    ----------
    network : Network
        The description.
    program : Program
        The same as operations on signals.
    seed : int
        The seed that everything random came from.
    ensembles, connections : mapping
        The arrays of each object.
    probe_data : mapping of Probe to BuiltConnection
        Decoders of probes that decode.
    streams : mapping
        Where each object draws its random numbers.
    """

    network: Network
    program: Program
    seed: int
    ensembles: Mapping[Ensemble, BuiltEnsemble]
    connections: Mapping[Connection, BuiltConnection]
    probe_data: Mapping[Probe, BuiltConnection]
    streams: Mapping[Any, Stream]


def build(network: Network, dt: float, seed: int) -> Built:
    """Draw and solve a network's arrays and put its operations in order."""
    lowering = _Lowering(dt)
    lowering.streams(network, Stream(seed))
    for ensemble in network.all_ensembles:
        lowering.ensemble(ensemble)
    for node in network.all_nodes:
        lowering.node(node)
    for connection in network.all_connections:
        lowering.connection(connection)
    for probe in network.all_probes:
        lowering.probe(probe)
    program = lowering.program()
    return Built(
        network,
        program,
        seed,
        lowering.ensembles,
        lowering.connections,
        lowering.probe_data,
        lowering.stream,
    )


def _index(chosen: tuple[int, ...] | None) -> Index | None:
    """A slice where the dimensions are in a row, else an index array."""
    if chosen is None:
        return None
    first, last = chosen[0], chosen[-1]
    if chosen == tuple(range(first, last + 1)):
        return slice(first, last + 1)
    return np.array(chosen, dtype=np.intp)


class _Lowering:
    """Collects signals and operations; sums are gathered first and made at the end."""

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.ensembles: dict[Ensemble, BuiltEnsemble] = {}
        self.connections: dict[Connection, BuiltConnection] = {}
        self.probe_data: dict[Probe, BuiltConnection] = {}
        self.stream: dict[Any, Stream] = {}
        self._signals: list[Signal] = []
        self._ops: list[Op] = []
        self._records: list[Record] = []
        self._decoders = Decoders()
        self._sums: dict[int, tuple[list[Term], NDArray[np.float64] | None]] = {}
        self._in: dict[Any, int] = {}
        self._out: dict[Any, int] = {}
        self._unfiltered: dict[Connection, tuple[Read, Any]] = {}
        self._observed: dict[Ensemble, list[tuple[str, int]]] = {}
        self._neurons: list[tuple[Ensemble, int, int]] = []

    # -- pieces ---------------------------------------------------------------------------

    def streams(self, network: Network, stream: Stream) -> None:
        """Give every object its random stream, by kind and place, or its own seed's."""

        def of(obj: Any, kind: int, index: int) -> Stream:
            return stream.child(kind, index) if obj.seed is None else Stream(obj.seed, (), True)

        for kind, objects in (
            (ENSEMBLES, network.ensembles),
            (NODES, network.nodes),
            (CONNECTIONS, network.connections),
        ):
            for i, obj in enumerate(objects):
                self.stream[obj] = of(obj, kind, i)
        for i, inner in enumerate(network.networks):
            self.streams(inner, of(inner, NETWORKS, i))

    def _signal(self, name: str, size: int) -> int:
        self._signals.append(Signal(name, size))
        return len(self._signals) - 1

    def _sum(self, name: str, size: int, offset: NDArray[np.float64] | None = None) -> int:
        """A signal that collects terms."""
        signal = self._signal(name, size)
        self._sums[signal] = ([], offset)
        return signal

    def _add(self, signal: int, term: Term) -> None:
        self._sums[signal][0].append(term)

    def _filtered(self, name: str, signal: int, synapse: Synapse) -> int:
        output = self._signal(name, self._signals[signal].size)
        b, a = synapse.coefficients(self.dt)
        self._ops.append(Filter(output, signal, b, a))
        return output

    # -- objects --------------------------------------------------------------------------

    def ensemble(self, ensemble: Ensemble) -> None:
        """x, J and spikes; in Direct mode x alone."""
        stream = self.stream[ensemble]
        built = self.ensembles[ensemble] = build_ensemble(ensemble, stream)
        x = self._in[ensemble] = self._sum(f"{ensemble!r}.input", ensemble.dimensions)
        if isinstance(ensemble.neuron_type, Direct):
            self._out[ensemble] = x
            return
        n = ensemble.n_neurons
        J = self._in[ensemble.neurons] = self._sum(f"{ensemble!r}.neurons.input", n, built.bias)
        self._add(J, Term(Read(x), built.scaled_encoders))
        if ensemble.noise is not None:
            noise = self._signal(f"{ensemble!r}.noise", n)
            self._ops.append(Play(noise, ensemble.noise, stream.child(NOISE)))
            self._add(J, Term(Read(noise)))
        spikes = self._out[ensemble.neurons] = self._signal(f"{ensemble!r}.neurons.output", n)
        self._neurons.append((ensemble, J, spikes))
        self._observed[ensemble] = []

    def node(self, node: Node) -> None:
        """A sum for what comes in, an operation for what goes out."""
        if node.size_in:
            self._in[node] = self._sum(f"{node!r}.input", node.size_in)
        if node.output is None:
            self._out[node] = self._in[node]
            return
        output = node.output
        if isinstance(output, np.ndarray):
            self._out[node] = self._sum(f"{node!r}.output", node.size_out, output)
            return
        signal = self._out[node] = self._signal(f"{node!r}.output", node.size_out)
        if isinstance(output, Process):
            self._ops.append(Play(signal, output, self.stream[node]))
        else:
            read = Read(self._in[node]) if node.size_in else None
            form = "tx" if node.size_in else "t"
            self._ops.append(Evaluate(signal, output, form, f"{node!r}", read))

    def connection(self, connection: Connection) -> None:
        """A term in the sum of what is after, through a filter if there is one."""
        source, matrix = self._source(connection)
        full = self.connections[connection].full is not None
        post = whole(connection.post)
        target = self._in[post.neurons if full and isinstance(post, Ensemble) else post]
        rows = None if full else _index(indices(connection.post))
        gain = self._gain(post, connection)
        if connection.synapse is None:
            self._unfiltered[connection] = (source, matrix)
            self._add(target, Term(source, _product(gain, matrix), rows))
            return
        size = self._signals[target].size if full else connection.post.size_in
        weighted = self._sum(f"{connection!r}.input", size)
        self._add(weighted, Term(source, matrix))
        filtered = self._filtered(f"{connection!r}.output", weighted, connection.synapse)
        self._in[connection], self._out[connection] = weighted, filtered
        self._add(target, Term(Read(filtered, 1), gain, rows))

    def _gain(self, post: Node | Ensemble | NeuronsOf, connection: Connection) -> Any:
        """Currents into neurons are multiplied by their gains, as encoded ones are."""
        if not isinstance(post, NeuronsOf):
            return 1.0
        gain = self.ensembles[post.ensemble].gain
        chosen = indices(connection.post)
        return gain if chosen is None else gain[list(chosen)]

    def _source(self, connection: Connection) -> tuple[Read, Any]:
        """What a connection reads and the matrix from there to what it adds."""
        pre = whole(connection.pre)
        if isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct):
            built = self._decoded(connection, pre)
            self.connections[connection] = built
            matrix = built.decoded_weights if built.full is None else built.full
            return Read(self._out[pre.neurons]), matrix
        self.connections[connection] = BuiltConnection(None, None, {}, connection.transform)
        read = Read(self._out[pre], 0, _index(indices(connection.pre)))
        if connection.function is not None:
            if not callable(connection.function):
                do = "pass a function"
                got = "values at points"
                must = "be a function where nothing is decoded"
                check.fail(repr(connection), "function", must, got, do)
            output = self._signal(f"{connection!r}.function", connection.size_mid)
            name = f"{connection!r}"
            self._ops.append(Evaluate(output, connection.function, "x", name, read))
            read = Read(output)
        return read, connection.transform

    def _decoded(self, connection: Connection, pre: Ensemble) -> BuiltConnection:
        """Decoders of a connection from spiking or rate neurons."""
        own = connection.seed is not None or isinstance(connection.eval_points, Distribution)
        stream = self.stream[connection] if own else self.stream[pre].child(SOLVER)
        built = self.ensembles[pre]
        points = eval_points_of(connection, pre, built, self.stream[connection])
        targets = targets_of(connection, points)
        solver, transform = connection.solver, connection.transform
        post, rows = whole(connection.post), indices(connection.post)
        after = (self.ensembles[post], rows) if isinstance(post, Ensemble) else None
        if (
            after is not None
            and isinstance(post, Ensemble)
            and isinstance(post.neuron_type, Direct)
        ):
            after = None

        def solve(wanted: NDArray[np.float64]) -> tuple[NDArray[np.float64], Mapping[str, Any]]:
            return self._decoders.solve(pre, built, solver, points, wanted, stream)

        if solver.compositional:
            decoders, info = solve(targets)
            full = None
            if solver.weights:
                assert after is not None
                full = into(*after) @ times(transform, decoders.T)
            return BuiltConnection(decoders, points, info, transform, full, after)
        # What is not linear in its targets has to see the transform, and the encoders too
        # when it solves for weights.
        wanted = times(transform, targets.T).T
        if not solver.weights:
            decoders, info = solve(wanted)
            return BuiltConnection(decoders, points, info, 1.0, None, after)
        assert after is not None
        weights, info = solve(wanted @ into(*after).T)
        return BuiltConnection(None, points, info, transform, weights.T, after)

    # -- probes ---------------------------------------------------------------------------

    def probe(self, probe: Probe) -> None:
        """The signal that a probe names, decoded and filtered as it asks, and its record."""
        read = self._probed(probe)
        if probe.synapse is not None:
            size = self._size(read)
            if read.columns is not None or read.delay:
                chosen = self._sum(f"{probe!r}.input", size)
                self._add(chosen, Term(read))
                read = Read(chosen)
            filtered = self._filtered(f"{probe!r}.output", read.signal, probe.synapse)
            read = Read(filtered, 1)
        every = 1.0 if probe.sample_every is None else probe.sample_every / self.dt
        self._records.append(Record(read, every))

    def _size(self, read: Read) -> int:
        whole_size = self._signals[read.signal].size
        return whole_size if read.columns is None else len(np.arange(whole_size)[read.columns])

    def _probed(self, probe: Probe) -> Read:
        target, attr = probe.target, probe.attr
        if isinstance(target, Connection):
            return self._probed_connection(target, attr)
        obj, columns = whole(target), _index(indices(target))
        if attr == "input":
            return Read(self._in[obj], 0, columns)
        if isinstance(obj, Node):
            return Read(self._out[obj], 0, columns)
        if isinstance(obj, NeuronsOf):
            if attr in ("output", "spikes", "rates"):
                return Read(self._out[obj], 0, columns)
            return Read(self._state(obj.ensemble, attr), 0, columns)
        if isinstance(obj.neuron_type, Direct):
            return Read(self._out[obj], 0, columns)
        return Read(self._decoded_output(probe, obj, target))

    def _decoded_output(self, probe: Probe, ensemble: Ensemble, target: Endpoint) -> int:
        built, chosen = self.ensembles[ensemble], indices(target)
        points = built.eval_points
        wanted = points if chosen is None else points[:, list(chosen)]
        stream = self.stream[ensemble].child(SOLVER)
        decoders, info = self._decoders.solve(ensemble, built, probe.solver, points, wanted, stream)
        self.probe_data[probe] = BuiltConnection(decoders, points, info, 1.0)
        decoded = self._sum(f"{probe!r}.decoded", decoders.shape[1])
        self._add(decoded, Term(Read(self._out[ensemble.neurons]), decoders.T))
        return decoded

    def _probed_connection(self, connection: Connection, attr: str) -> Read:
        """A connection's output after this step's filtering, or what goes into its filter."""
        if connection in self._unfiltered:
            size = connection.post.size_in
            signal = self._sum(f"{connection!r}.output", size)
            self._add(signal, Term(*self._unfiltered[connection]))
            return Read(signal)
        return Read((self._out if attr == "output" else self._in)[connection])

    def _state(self, ensemble: Ensemble, name: str) -> int:
        observed = dict(self._observed[ensemble])
        if name not in observed:
            observed[name] = self._signal(f"{ensemble!r}.neurons.{name}", ensemble.n_neurons)
            self._observed[ensemble].append((name, observed[name]))
        return observed[name]

    # -- the end --------------------------------------------------------------------------

    def program(self) -> Program:
        """All operations, in the order of a step."""
        for ensemble, J, spikes in self._neurons:
            neuron = ensemble.neuron_type
            initial = {
                name: _start(ensemble, name, default)
                for name, default in neuron.initial_state.items()
            }
            stream = self.stream[ensemble].child(NEURONS)
            observed = tuple(self._observed[ensemble])
            self._ops.append(Neurons(spikes, J, neuron, initial, stream, observed))
        for signal, (terms, offset) in self._sums.items():
            self._ops.append(Sum(signal, tuple(terms), offset))
        ops = tuple(self._ops)
        signals = tuple(self._signals)
        return Program(self.dt, signals, ops, schedule(ops, signals), tuple(self._records))


def _start(ensemble: Ensemble, name: str, default: Any) -> Any:
    """Where a state variable starts: as the user says, or as the neuron type does."""
    start = ensemble.initial_state.get(name, default)
    if isinstance(start, (Distribution, np.ndarray)):
        return start
    return as_distribution(repr(ensemble), f"initial_state[{name!r}]", start)


def _product(gain: Any, matrix: Any) -> Any:
    """``diag(gain) @ matrix``, leaving a number or a sparse array what it is."""
    if np.ndim(gain) == 0 and gain == 1.0:
        return matrix
    if hasattr(matrix, "tocsr"):
        return matrix.multiply(gain[:, None]).tocsr()
    return np.asarray(gain * matrix if np.ndim(matrix) < 2 else gain[:, None] * matrix)
