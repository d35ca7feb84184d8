"""Lower learning rules: add operations for learned weights and for their changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.learning import LearningRule, Trace
from nefsim.lowering.arrays import BuiltEnsemble, into, preset_of
from nefsim.lowering.context import Context
from nefsim.lowering.matrices import as_index
from nefsim.lowering.outline import abstract_array
from nefsim.network import Connection, Ensemble, Learning
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import Gate, indices, whole
from nefsim.program import Learn, Part, Read, Term, Weigh, in_factors
from nefsim.synapses import as_synapse

Array = NDArray[np.float64]


class LearningRules:
    """Adds the learning rules of a network, and the weights that they change, to a program.

    Attributes
    ----------
    weighing : dict
        The product with learned weights, :class:`~nefsim.program.Weigh`, of each connection
        with learned weights and of each ensemble with learned encoders.
    weight_signals : dict
        Numbers of the signals of probed weights.
    shapes : dict
        Shapes of probed weights, by the numbers of their signals.
    """

    def __init__(self, context: Context) -> None:
        self._context, network = context, context.network
        self.weighing: dict[Connection | Ensemble, Weigh] = {}
        self.weight_signals: dict[Connection | Ensemble, int] = {}
        self.shapes: dict[int, tuple[int, int]] = {}
        self._learning_connections = [c for c in network.all_connections if c.rules]
        ends = [whole(c.post) for c in network.all_connections]
        self._connected = {end for end in ends if isinstance(end, (Learning, Gate))}
        self._encoders = {
            whole(c.post) for c in self._learning_connections for _ in _rules_of(c, True)
        }
        self._probed = {
            p.target for p in context.probes if p.attr in ("weights", "scaled_encoders")
        }
        self._read: dict[Connection | Ensemble, Read] = {}
        self._factors: dict[Connection | Ensemble, Array] = {}
        self._traces: dict[Any, Read] = {}

    def learns(self, thing: Connection | Ensemble) -> bool:
        """Whether a connection's weights or an ensemble's encoders are learned."""
        if isinstance(thing, Ensemble):
            return thing in self._encoders
        return any(True for _ in _rules_of(thing, False))

    def weigh(self, thing: Connection | Ensemble, read: Read, matrix: Any, n_out: int) -> Read:
        """Add ``weights @ read`` with learned weights; ``matrix`` is their initial value."""
        make = self._context.builder
        out = make.signal(f"{thing!r}.weighted", n_out)
        initial = dense(matrix, make.size(read))
        learned = preset_of(thing).get("learned")
        if learned is not None and len(learned) == len(initial):
            initial = _preset(thing, learned, initial.shape)
        elif learned is not None:  # weights in factors
            self._factors[thing] = learned
        signal = None
        if thing in self._probed:
            signal = self.weight_signals[thing] = make.signal(f"{thing!r}.weights", initial.size)
            self.shapes[signal] = (n_out, initial.shape[1])
        self._read[thing] = read
        self.weighing[thing] = Weigh(out, read, initial, signal)  # added with its rules
        return Read(out)

    def inputs(self) -> dict[Learning | Gate, int]:
        """Add signals of the summed errors of rules and of the summed inputs of their gates."""
        make = self._context.builder
        sums: dict[Learning | Gate, int] = {}
        for learning in (part for c in self._learning_connections for part in c.learning):
            if learning.size_in:
                sums[learning] = make.sum(f"{learning!r}.error", learning.size_in)
            if learning.gate in self._connected:
                sums[learning.gate] = make.sum(repr(learning.gate), 1)
        return sums

    def learn(self) -> None:
        """Add one :class:`~nefsim.program.Learn` for all rules that change the same weights."""
        for thing, learnings in rules_by_weights(self._learning_connections).items():
            parts = tuple(self._part(learning, thing) for learning in learnings)
            weigh, make = self.weighing[thing], self._context.builder
            learn = Learn(weigh, parts, ", ".join(map(repr, learnings)))
            start = self._factors.get(thing)
            find = _abstract_product if self._context.outline else None
            factors = in_factors(make, weigh, learn, start, find)
            if factors is not None:
                self.weighing[thing], learn = factors
            elif start is not None:
                _preset(thing, start, weigh.initial.shape)
            make.ops += [self.weighing[thing], learn]

    def trace(self, learning: Learning, name: str) -> Read:
        """The filtered activity that a rule reads, such as "pre" or "post"."""
        return self._traces[learning, name]

    def _part(self, learning: Learning, thing: Connection | Ensemble) -> Part:
        rule, preset = learning.rule, preset_of(learning.connection)
        known = {
            name: preset[key]
            for name in preset_names(rule)
            if (key := name_of_variable(learning.place, name)) in preset
        }
        traces = {
            name: self._trace(replace(trace, start=known.get(name, trace.start)), thing)
            for name, trace in rule.traces().items()
        }
        self._traces |= {(learning, name): read for name, read in traces.items()}
        traces.setdefault("pre", self._read[thing])
        gate = self._context.inputs.get(learning.gate)
        return Part(
            rule,
            traces,
            self._error(learning),
            None if gate is None else Read(gate),
            {name: self._constant(learning, name) for name in rule.constants},
            self._start(learning, thing, known),
        )

    def _start(
        self, learning: Learning, thing: Connection | Ensemble, known: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Initial values of a rule's state that came with the network, checked."""
        chosen = {
            name: value for name, value in known.items() if name not in learning.rule.traces()
        }
        if not chosen:
            return {}
        n_out, n_in = self.weighing[thing].initial.shape
        fresh = learning.rule.start(n_in, n_out, self._context.builder.dt)
        return {name: _preset(thing, chosen[name], np.shape(fresh[name])) for name in chosen}

    def _trace(self, trace: Trace, thing: Connection | Ensemble) -> Read:
        make = self._context.builder
        read = self._read[thing]
        if trace.of == "post":
            neurons = self._after(thing)
            read = Read(self.weighing[thing].output) if neurons is None else neurons
        synapse = as_synapse(repr(thing), trace.synapse)
        if synapse is None:
            return read
        n = make.size(read)
        if np.ndim(trace.start) and len(np.asarray(trace.start)) != n:
            must, got = f"have one number for each of {n} neurons", f"{np.size(trace.start)}"
            check.fail(repr(thing), "theta_start", must, got, "pass a number, or one for each")
        start = _hashable(trace.start)
        key = (read.signal, read.delay, _hashable(read.columns), synapse, start)
        if key not in self._traces:
            name = make.signals[read.signal].name + " trace"
            filtered = make.filtered(name, read, synapse, trace.start)
            self._traces[key] = Read(filtered.signal)
        return self._traces[key]

    def _after(self, thing: Connection | Ensemble) -> Read | None:
        """The activities of the target neurons; None if the weights decode values."""
        if isinstance(thing, Ensemble):
            return Read(self._context.outputs[thing.neurons])
        post = whole(thing.post)
        if isinstance(post, NeuronsOf):
            return Read(self._context.outputs[post], 0, as_index(indices(thing.post)))
        if self._context.connections[thing].full is None or not isinstance(post, Ensemble):
            return None
        return Read(self._context.outputs[post.neurons])

    def _error(self, learning: Learning) -> Read | None:
        """The error of each row of the weights; None for a rule without an error."""
        if learning not in self._connected:
            if learning.rule.needs_error:
                name = learning.connection.label
                name = name if name.isidentifier() else "connection"
                do = f"write net.connect(error, {name}.learning_rule)"
                got = f"{type(learning.rule).__name__} without one"
                check.fail(repr(learning.connection), "learning_rule", "have an error", got, do)
            return None
        read = Read(self._context.inputs[learning])
        ensemble = self._ensemble(learning)
        if learning.rule.error == "scalar" or ensemble is None:
            return read
        make = self._context.builder
        rows = self._error_encoders(learning.connection, ensemble)
        local = make.sum(f"{learning!r}.local", len(rows))
        make.add_term(local, Term(read, rows))
        return Read(local)

    def _error_encoders(self, connection: Connection, ensemble: BuiltEnsemble) -> Array:
        """Scaled encoders, by which an error is projected to the target neurons."""
        if not isinstance(whole(connection.post), NeuronsOf):
            return into(ensemble, indices(connection.post))
        chosen = indices(connection.post)
        scaled = ensemble.scaled_encoders
        return scaled if chosen is None else scaled[list(chosen)]

    def _ensemble(self, learning: Learning) -> BuiltEnsemble | None:
        """The ensemble of the target neurons; None if the weights decode values."""
        connection = learning.connection
        post: Any = whole(connection.post)
        if isinstance(post, NeuronsOf):
            return self._context.ensembles[post.ensemble]
        encoders = learning.rule.modifies == "encoders"
        if encoders or self._context.connections[connection].full is not None:
            return self._context.ensembles[post]
        return None

    def _constant(self, learning: Learning, name: str) -> Any:
        if name == "dt":
            return self._context.builder.dt
        ensemble = self._ensemble(learning)
        rule = type(learning.rule).__name__
        if ensemble is None:
            do = "pass solver=LstsqL2(weights=True)"
            got = "values"
            check.fail(rule, "connection", f"end in neurons with a {name}", got, do)
        known = {
            "gain": ensemble.gain,
            "scale": ensemble.gain / ensemble.radius,
            # A neuron that never fires has no share of its maximum.
            "max_rates": np.where(ensemble.max_rates > 0, ensemble.max_rates, np.inf),
        }
        values = known[check.one_of(rule, "constants", name, (*known, "dt"))]
        post = learning.connection.post
        chosen = indices(post) if isinstance(whole(post), NeuronsOf) else None
        return values if chosen is None else values[list(chosen)]


def _abstract_product(encoders: Array, weights: Array) -> Array | None:
    """The rows of weights that would be solved for; None for weights that are numbers."""
    is_abstract = not any(weights.strides)
    return abstract_array(encoders.shape[1], weights.shape[1]) if is_abstract else None


def _preset(thing: Connection | Ensemble, learned: Array, shape: tuple[int, ...]) -> Array:
    """Learned weights that came with the network, checked."""
    do = "save the model again"
    return check.array(repr(thing), "learned weights", learned, shape, do)


def rules_by_weights(connections: Iterable[Connection]) -> dict[Any, list[Learning]]:
    """The rules that change the weights of each connection, or the encoders of each ensemble.

    Their order is that of the parts of :class:`~nefsim.program.Learn`.
    """
    found: dict[Any, list[Learning]] = {}
    for connection in connections:
        for encoders in (False, True):
            for learning in _rules_of(connection, encoders):
                thing = whole(connection.post) if encoders else connection
                found.setdefault(thing, []).append(learning)
    return found


def preset_names(rule: LearningRule) -> dict[str, int]:
    """Names of the variables of a rule that last, with the number of their dimensions.

    These are its state, and traces other than the activities "pre" and "post", such as the
    threshold of BCM.
    """
    names = {name: np.ndim(value) for name, value in rule.start(1, 1, 0.001).items()}
    return names | {
        name: 1
        for name, trace in rule.traces().items()
        if name not in ("pre", "post") and trace.synapse is not None
    }


def name_of_variable(place: int, name: str) -> str:
    """The name of a variable of a rule among the arrays of its connection."""
    return f"rule {place} {name}"


def _rules_of(connection: Connection, encoders: bool) -> list[Learning]:
    """The rules of a connection that change encoders (True) or its weights (False)."""
    return [part for part in connection.learning if (part.rule.modifies == "encoders") == encoders]


def _hashable(columns: Any) -> Any:
    return columns.tobytes() if isinstance(columns, np.ndarray) else str(columns)


def dense(matrix: Any, n_in: int) -> Array:
    """A number, a diagonal, a sparse or a dense matrix as a dense matrix with n_in columns."""
    if hasattr(matrix, "tocsr"):
        return np.asarray(matrix.toarray())
    if np.ndim(matrix) == 2:
        return np.asarray(matrix)
    return np.diag(np.broadcast_to(np.asarray(matrix, np.float64), n_in))
