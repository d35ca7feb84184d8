"""Lower a network to a program: each object becomes signals and operations on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.build.arrays import NEURONS, NOISE, BuiltConnection, BuiltEnsemble, build_ensemble, into
from nefsim.build.assembly import Assembly, as_index, scaled
from nefsim.build.decode import Solving, decode
from nefsim.build.learning import Lessons, dense
from nefsim.build.outline import Outlining, blank, outline_ensemble
from nefsim.build.reach import warn_of_distant_constants
from nefsim.build.stability import warn_of_fast_rules
from nefsim.build.streams import streams_of
from nefsim.network import Connection, Ensemble, Learning, Network, Node, Probe
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.processes import Process
from nefsim.program import Evaluate, Neurons, Play, Program, Read, Stream, Term
from nefsim.sampling import Distribution, as_distribution
from nefsim.synapses import Synapse


@dataclass(frozen=True, eq=False)
class Built:
    """A network that is ready to run.

    Attributes
    ----------
    network : Network
        The description; it may grow later, what is built does not.
    program : Program
        The same as operations on signals.
    seed : int
        The seed that everything random came from.
    ensembles, connections : mapping
        The arrays of each object.
    probe_data : mapping of Probe to BuiltConnection
        Decoders of probes that decode.
    signals : mapping
        What comes out of each object: the number of its signal.
    noise : mapping of Ensemble to int
        The signals of the noise that ensembles are given.
    probes : tuple of Probe
        In the order of the program's records.
    learned : mapping of Connection or Ensemble to int
        Of weights or encoders that are learned, the signal that they write.
    shapes : mapping of Probe to (int, int)
        Of probes that record matrices, a row of their records.
    """

    network: Network
    program: Program
    seed: int
    ensembles: Mapping[Ensemble, BuiltEnsemble]
    connections: Mapping[Connection, BuiltConnection]
    probe_data: Mapping[Probe, BuiltConnection]
    signals: Mapping[Any, int]
    noise: Mapping[Ensemble, int]
    probes: tuple[Probe, ...]
    learned: Mapping[Connection | Ensemble, int]
    shapes: Mapping[Probe, tuple[int, int]]


def build(network: Network, dt: float, seed: int, outline: bool = False) -> Built:
    """Draw and solve a network's arrays and put its operations in order.

    In an outline nothing is drawn or solved: what would be has its shape and no numbers.
    """
    lowering = Lowering(Assembly(dt), streams_of(network, Stream(seed)), network, outline)
    for ensemble in network.all_ensembles:
        lowering.ensemble(ensemble)
    lowering.connections, lowering.probe_data = decode(
        network, lowering.ensembles, lowering.streams, Outlining if outline else Solving
    )
    for node in network.all_nodes:
        lowering.node(node)
    lowering.inputs |= lowering.lessons.inputs()
    for connection in network.all_connections:
        lowering.connection(connection)
    lowering.lessons.learn()
    if not outline:
        warn_of_fast_rules(lowering.connections, lowering.ensembles, dt)
        warn_of_distant_constants(network)
    for probe in network.all_probes:
        lowering.probe(probe)
    lowering.neurons()
    program = lowering.assembly.program()
    connections = {c: lowering.connections[c] for c in network.all_connections}
    return Built(
        network,
        program,
        seed,
        lowering.ensembles,
        connections,
        lowering.probe_data,
        lowering.outputs,
        lowering.noise,
        tuple(network.all_probes),
        {thing: op.output for thing, op in lowering.lessons.weighing.items()},
        lowering.shapes,
    )


class Lowering:
    """Where each object's values come in and go out, and what is made of it."""

    def __init__(
        self,
        assembly: Assembly,
        streams: Mapping[Any, Stream],
        network: Network,
        outline: bool = False,
    ) -> None:
        self.assembly, self.streams, self._outline = assembly, streams, outline
        self._build_ensemble = outline_ensemble if outline else build_ensemble
        self.lessons = Lessons(self, network)
        self.ensembles: dict[Ensemble, BuiltEnsemble] = {}
        self.connections: dict[Connection, BuiltConnection] = {}
        self.probe_data: dict[Probe, BuiltConnection] = {}
        self.outputs: dict[Any, int] = {}
        self.noise: dict[Ensemble, int] = {}
        self.shapes: dict[Probe, tuple[int, int]] = {}
        self.inputs: dict[Any, int] = {}
        self._weighted: dict[Connection, Term] = {}
        shown = (p.target for p in network.all_probes if p.attr in ("input", "output"))
        self._watched = {t if isinstance(t, Connection) else whole(t) for t in shown}
        self._observed: dict[Ensemble, dict[str, int]] = {}

    def ensemble(self, ensemble: Ensemble) -> None:
        """x, J and spikes; in Direct mode x alone."""
        make, stream = self.assembly, self.streams[ensemble]
        built = self.ensembles[ensemble] = self._build_ensemble(ensemble, stream)
        x = self.inputs[ensemble] = make.sum(f"{ensemble!r}.input", ensemble.dimensions)
        if isinstance(ensemble.neuron_type, Direct):
            self.outputs[ensemble] = x
            return
        n, neurons = ensemble.n_neurons, ensemble.neurons
        J = self.inputs[neurons] = make.sum(f"{neurons!r}.input", n, built.bias)
        encoded = Term(Read(x), built.scaled_encoders)
        if self.lessons.learns(ensemble):
            encoded = Term(self.lessons.weigh(ensemble, encoded.read, encoded.matrix, n))
        make.add(J, encoded)
        if ensemble.noise is not None:
            noise = self.noise[ensemble] = make.signal(f"{ensemble!r}.noise", n)
            make.add(J, Term(Read(make.op(Play(noise, ensemble.noise, stream.child(NOISE))))))
        self.outputs[neurons] = make.signal(f"{neurons!r}.output", n)
        self._observed[ensemble] = {}

    def neurons(self) -> None:
        """The step of each population, once it is known which state variables are probed."""
        for ensemble, observed in self._observed.items():
            output, J = self.outputs[ensemble.neurons], self.inputs[ensemble.neurons]
            stream = self.streams[ensemble].child(NEURONS)
            initial = _initial_state(ensemble)
            step = Neurons(output, J, ensemble.neuron_type, initial, stream, (*observed.items(),))
            self.assembly.op(step)

    def node(self, node: Node) -> None:
        """A sum for what comes in, an operation for what goes out."""
        make, output = self.assembly, node.output
        if node.size_in:
            self.inputs[node] = make.sum(f"{node!r}.input", node.size_in)
        if output is None:
            self.outputs[node] = self.inputs[node]
        elif isinstance(output, np.ndarray):
            self.outputs[node] = make.sum(f"{node!r}.output", node.size_out, output)
        else:
            signal = self.outputs[node] = make.signal(f"{node!r}.output", node.size_out)
            if isinstance(output, Process):
                make.op(Play(signal, output, self.streams[node]))
            else:
                read = Read(self.inputs[node]) if node.size_in else None
                make.op(Evaluate(signal, output, "tx" if node.size_in else "t", f"{node!r}", read))

    def connection(self, connection: Connection) -> None:
        """A term in the sum of what is after, through a filter if there is one."""
        make, post = self.assembly, whole(connection.post)
        weighted = Term(*self._source(connection))
        if self.lessons.learns(connection):
            n_out = np.shape(weighted.matrix)[0] if np.ndim(weighted.matrix) else post.size_in
            weighted = Term(self.lessons.weigh(connection, weighted.read, weighted.matrix, n_out))
        self._weighted[connection] = weighted
        full = self.connections[connection].full is not None
        target = self.inputs[post.neurons if full and isinstance(post, Ensemble) else post]
        rows = None if full else as_index(indices(connection.post))
        gain = self._gain(connection)
        if connection.synapse is None:
            make.add(target, Term(weighted.read, scaled(gain, weighted.matrix), rows))
            return
        if self._is_shorter_encoded(connection):
            self._encode_first(connection, connection.synapse)
            return
        # Kept for probes: what goes into the filter and what comes out.
        read = self._weighted_signal(connection)
        filtered = make.filtered(repr(connection), read, connection.synapse)
        self.outputs[connection] = filtered.signal
        make.add(target, Term(filtered, gain, rows))

    def _is_shorter_encoded(self, connection: Connection) -> bool:
        """Whether a population has fewer neurons than it gets values, and nobody sees these."""
        pre, post = whole(connection.pre), whole(connection.post)
        if not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct):
            return False
        decoded = isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)
        if decoded or connection.rules or post in self._watched or connection in self._watched:
            return False
        return post.n_neurons < connection.post.size_in and not self.lessons.learns(post)

    def _encode_first(self, connection: Connection, synapse: Synapse) -> None:
        """Encode what a connection carries, then filter it: the same, on a shorter vector."""
        make, post = self.assembly, whole(connection.post)
        assert isinstance(post, Ensemble)
        weighted = self._weighted[connection]
        encoders = into(self.ensembles[post], indices(connection.post))
        matrix = _composed(encoders, weighted.matrix)
        encoded = make.sum(f"{connection!r}.encoded", post.n_neurons)
        make.add(encoded, Term(weighted.read, matrix))
        filtered = make.filtered(repr(connection), Read(encoded), synapse)
        self.outputs[connection] = filtered.signal
        make.add(self.inputs[post.neurons], Term(filtered))

    def _weighted_signal(self, connection: Connection) -> Read:
        """A signal of the transformed values that a connection carries, before its filter."""
        if connection not in self.inputs:
            full = self.connections[connection].full
            size = connection.post.size_in if full is None else len(full)
            self.inputs[connection] = self.assembly.sum(f"{connection!r}.input", size)
            self.assembly.add(self.inputs[connection], self._weighted[connection])
        return Read(self.inputs[connection])

    def _gain(self, connection: Connection) -> Any:
        """Currents into neurons are multiplied by their gains, as encoded ones are."""
        post, chosen = whole(connection.post), indices(connection.post)
        if not isinstance(post, NeuronsOf):
            return 1.0
        gain = self.ensembles[post.ensemble].gain
        return gain if chosen is None else gain[list(chosen)]

    def _source(self, connection: Connection) -> tuple[Read, Any]:
        """What a connection reads and the matrix from there to what it carries."""
        pre, transform = whole(connection.pre), connection.transform
        if isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct):
            built = self.connections[connection]
            matrix = built.decoded_weights if built.full is None else built.full
            return Read(self.outputs[pre.neurons]), matrix
        self.connections[connection] = BuiltConnection(None, None, {}, transform)
        read = Read(self.outputs[pre], 0, as_index(indices(connection.pre)))
        if connection.function is None:
            return read, transform
        if not callable(connection.function):
            must, got = "be a function where nothing is decoded", "values at points"
            check.fail(repr(connection), "function", must, got, "pass a function")
        output = self.assembly.signal(f"{connection!r}.function", connection.size_mid)
        call = Evaluate(output, connection.function, "x", repr(connection), read)
        return Read(self.assembly.op(call)), transform

    def probe(self, probe: Probe) -> None:
        """The signal that a probe names, filtered as it asks, and its record."""
        read = self._probed(probe)
        if probe.synapse is not None:
            read = self.assembly.filtered(repr(probe), read, probe.synapse)
        self.assembly.record(read, probe.sample_every)

    def _probed(self, probe: Probe) -> Read:
        target: Any = probe.target
        attr = probe.attr
        if attr == "weights":
            return self._weights(probe, target)
        if isinstance(target, Connection):
            if attr == "output" and target.synapse is not None:
                return self._filtered_output(probe, target)
            return self._weighted_signal(target)
        obj: Any = whole(target)
        columns = as_index(indices(target))
        if isinstance(obj, Learning) and attr != "error":
            return self.lessons.trace(obj, "pre" if attr == "activities" else attr)
        if attr == "scaled_encoders":
            self.shapes[probe] = (obj.n_neurons, obj.dimensions)
            return self._encoders(probe, obj)
        if attr in ("input", "error"):
            return Read(self.inputs[obj], 0, columns)
        if isinstance(obj, NeuronsOf) and attr not in ("output", "spikes", "rates"):
            return Read(self._state(obj.ensemble, attr), 0, columns)
        if isinstance(obj, Ensemble) and not isinstance(obj.neuron_type, Direct):
            return self._decoded_output(probe, obj)
        return Read(self.outputs[obj], 0, columns)

    def _encoders(self, probe: Probe, ensemble: Any) -> Read:
        """Scaled encoders, as they are learned or as they stay."""
        if ensemble in self.lessons.shown:
            return Read(self.lessons.shown[ensemble])
        return self._constant(probe, self.ensembles[ensemble].scaled_encoders)

    def _weights(self, probe: Probe, connection: Connection) -> Read:
        """Weights as they are learned, or as they stay."""
        if connection in self.lessons.shown:
            shown = self.lessons.shown[connection]
            self.shapes[probe] = self.lessons.shapes[shown]
            return Read(shown)
        weighted = self._weighted[connection]
        matrix, n = weighted.matrix, self.assembly.size(weighted.read)
        shape = self.shapes[probe] = matrix.shape if np.ndim(matrix) == 2 else (n, n)
        return self._constant(probe, blank(*shape) if self._outline else dense(matrix, n))

    def _constant(self, probe: Probe, matrix: Any) -> Read:
        """A signal of numbers that stay, row by row."""
        flat = blank(matrix.size) if self._outline else np.ravel(matrix)
        return Read(self.assembly.sum(f"{probe!r}.output", matrix.size, flat))

    def _filtered_output(self, probe: Probe, connection: Connection) -> Read:
        """A connection's output after this step's filtering; a filter sees it a step later."""
        output = self.outputs[connection]
        if probe.synapse is None:
            return Read(output)
        later = self.assembly.sum(f"{probe!r}.input", self.assembly.size(Read(output)))
        self.assembly.add(later, Term(Read(output, 1)))
        return Read(later)

    def _decoded_output(self, probe: Probe, ensemble: Ensemble) -> Read:
        built = self.probe_data[probe]
        assert built.decoders is not None
        decoded = self.assembly.sum(f"{probe!r}.decoded", built.decoders.shape[1])
        spikes = Read(self.outputs[ensemble.neurons])
        self.assembly.add(decoded, Term(spikes, built.decoders.T))
        return Read(decoded)

    def _state(self, ensemble: Ensemble, name: str) -> int:
        """A signal that shows a state variable of the neurons."""
        observed = self._observed[ensemble]
        if name not in observed:
            label = f"{ensemble.neurons!r}.{name}"
            observed[name] = self.assembly.signal(label, ensemble.n_neurons)
        return observed[name]


def _initial_state(ensemble: Ensemble) -> dict[str, Any]:
    """Where each state variable starts: as the user says, or as the neuron type does."""
    initial = {**ensemble.neuron_type.initial_state, **ensemble.initial_state}
    return {
        name: start
        if isinstance(start, (Distribution, np.ndarray))
        else as_distribution(repr(ensemble), f"initial_state[{name!r}]", start)
        for name, start in initial.items()
    }


def _composed(encoders: Any, matrix: Any) -> Any:
    """``encoders @ matrix``, where the matrix may be a number or a diagonal."""
    if matrix is None or np.ndim(matrix) < 2:
        return encoders if matrix is None else encoders * matrix
    return encoders @ matrix
