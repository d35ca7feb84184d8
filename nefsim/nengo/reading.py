"""Convert Nengo networks to nefsim networks, with the arrays that Nengo's builder computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.cache import get_default_decoder_cache
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.nengo import random_state, transforms, values
from nefsim.nengo.decoders import SharingBuilder
from nefsim.nengo.fixed import Given
from nefsim.network import Connection, Network
from nefsim.network.quantities import probeable
from nefsim.neurons import NeuronType
from nefsim.solvers import LstsqL2, Solver

Array = NDArray[np.float64]

#: Traces of rules that Nengo and nefsim name differently.
TRACES = {"pre_filtered": "activities", "post_filtered": "post"}


def from_nengo(network: nengo.Network, dt: float = 0.001, seed: int | None = None) -> Network:
    """Convert a Nengo network to a nefsim network with the same spikes.

    Nengo's builder draws encoders and solves for decoders; the nefsim network holds these arrays.
    It can be saved, run in batches, exported, and compared with others.

    Parameters
    ----------
    network : nengo.Network
        The network to convert.
    dt : float [s]
        The time step of later runs.
    seed : int or None
        Seed of processes without a seed; None means the network's seed + 1, as in Nengo's
        simulator.

    Returns
    -------
    Network
        A network with the same subnetworks.  Its ``all_ensembles``, ``all_nodes``,
        ``all_connections`` and ``all_probes`` have the order of the Nengo network.

    Raises
    ------
    TypeError
        If ``network`` is not a nengo.Network.
    ValueError
        If nefsim has no equal of an object, which the message names: custom neuron types,
        synapses and learning rules, processes with input, random transforms of decoded
        connections, and a few probes.  Run such networks in :class:`nefsim.nengo.Simulator`.

    See Also
    --------
    nefsim.nengo.Simulator : Runs any Nengo network.
    to_nengo : A nefsim network as a Nengo network.

    Notes
    -----
    In a batch, trial b equals the run with ``seed + b``.

    Examples
    --------
    >>> import nengo
    >>> import nefsim as nef
    >>> from nefsim.nengo import from_nengo
    >>> with nengo.Network(seed=1) as model:
    ...     a = nengo.Ensemble(50, 1)
    ...     probe = nengo.Probe(a, synapse=0.01)
    >>> net = from_nengo(model)
    >>> with nef.Simulator(net, batch_size=3) as sim:
    ...     sim.run(0.5)
    >>> sim.data[net.probes[0]].shape
    (3, 500, 1)
    """
    return converted(network, dt, seed)


class Counting:
    """Calls a function with the number of objects that Nengo's builder has built, and of all."""

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self._report, self._done = report, 0
        self.max_steps = 0  # set by the builder

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass

    def step(self, n_steps: int = 1) -> None:
        """Some more objects are built."""
        self._done += n_steps
        self._report(self._done, self.max_steps)


def converted(
    network: nengo.Network,
    dt: float = 0.001,
    seed: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Network:
    """As :func:`from_nengo`; ``report(done, total)`` is called with numbers of objects."""
    who = "from_nengo"
    check.instance(
        who, "network", network, nengo.Network, "a nengo.Network", "pass a model of Nengo's"
    )
    step = check.seconds(who, "dt", dt)
    seed = check.seed(who, seed)
    cache, builder = get_default_decoder_cache(), SharingBuilder()
    model = Model(step, str(network), decoder_cache=cache, builder=builder)
    model.build(network, progress=None if report is None else Counting(report))
    builder.forget()
    if seed is None:
        seed = np.random.randint(2**31 - 1) if network.seed is None else network.seed + 1
    return Reading(model, network, seed).net


class Reading:
    """Converts a built Nengo model to a nefsim network.

    Parameters
    ----------
    model : Model
        The built model.
    network : nengo.Network
        The network that ``model`` was built from.
    seed : int
        Seed of processes and stochastic neurons.

    Attributes
    ----------
    net : Network
        The nefsim network.
    of : dict
        The nefsim object for each of Nengo's objects.
    """

    def __init__(self, model: Model, network: nengo.Network, seed: int) -> None:
        self._model = model
        self._places, self._generators = random_state.places(model), random_state.generators(model)
        self._decoded = {
            c.post_obj: c
            for c in model.params
            if isinstance(c, nengo.Connection) and isinstance(c.post_obj, nengo.Probe)
        }
        self.net = Network(seed=seed, label=network.label)
        self.net._warns_of_radius = False
        self.of: dict[Any, Any] = {network: self.net}
        scopes = [network, *network.all_networks]
        for scope in scopes:
            self._objects(scope)
        connections = [(scope, c) for scope in scopes for c in scope.connections]
        # Connections to rules, which carry errors, come after the rules are added.
        for later in (False, True):
            for scope, connection in connections:
                if isinstance(connection.post_obj, nengo.connection.LearningRule) == later:
                    self.of[connection] = self._connection(self.of[scope], connection)
        for scope in scopes:
            net = self.of[scope]
            net.connections[:] = [self.of[c] for c in scope.connections]
            for probe in scope.probes:
                self.of[probe] = self._probe(net, probe)

    def _objects(self, scope: nengo.Network) -> None:
        net = self.of[scope]
        for inner in scope.networks:
            self.of[inner] = net.subnetwork(inner.label)
        for node in scope.nodes:
            self.of[node] = self._node(net, node)
        for ensemble in scope.ensembles:
            self.of[ensemble] = self._ensemble(net, ensemble)

    def _process(self, process: nengo.Process, size: int, signal: Any) -> random_state.FromNengo:
        return random_state.FromNengo(process, size, self._places[signal])

    def _node(self, net: Network, node: nengo.Node) -> Any:
        output, sizes = node.output, {"size_in": node.size_in, "label": node.label}
        if isinstance(output, nengo.Process):
            if node.size_in:
                values.refuse(node, "output", f"a process with input, {output}")
            output = self._process(output, node.size_out, self._model.sig[node]["out"])
        elif callable(output):
            sizes["size_out"] = node.size_out
        return net.node(output, **sizes)

    def _ensemble(self, net: Network, ensemble: nengo.Ensemble) -> Any:
        built, neuron = self._model.params[ensemble], self._neuron_type(ensemble)
        common = {"neuron_type": neuron, "radius": ensemble.radius, "label": ensemble.label}
        n, d = ensemble.n_neurons, ensemble.dimensions
        if isinstance(ensemble.neuron_type, nengo.Direct):
            return net.ensemble(n, d, **common)
        noise, signals = None, self._model.sig[ensemble.neurons]
        if ensemble.noise is not None:
            noise = self._process(ensemble.noise, n, signals["in"])
        return net.ensemble(
            n,
            d,
            encoders=built.encoders,
            normalize_encoders=False,
            gain=built.gain,
            bias=built.bias,
            eval_points=built.eval_points / ensemble.radius,
            noise=noise,
            initial_state={
                name: np.ravel(signals[name].initial_value)
                for name in neuron.initial_state
                if name in signals
            },
            **common,
        )

    def _neuron_type(self, ensemble: nengo.Ensemble) -> NeuronType:
        original = ensemble.neuron_type
        kind = random_state.STOCHASTIC.get(type(original))
        if kind is None:
            return values.neuron_type(ensemble, original)
        base = values.neuron_type(ensemble, original.base_type)
        output = self._model.sig[ensemble.neurons]["out"]
        rng = self._generators[output]
        return kind(base, original.amplitude, random_state.words_of(rng))

    def _end(self, obj: Any, index: Any, size: int) -> Any:
        """The nefsim object for one of Nengo's objects, or a view of the dimensions ``index``."""
        if isinstance(obj, nengo.connection.LearningRule):
            whole = self._rule(obj)
        else:
            whole = self.of[obj.ensemble].neurons if _is_neurons(obj) else self.of[obj]
        dimensions = np.arange(size)[index]
        return whole if np.array_equal(dimensions, np.arange(size)) else whole[dimensions]

    def _rule(self, obj: nengo.connection.LearningRule) -> Any:
        """The nefsim object for a rule on a connection."""
        types, learning = obj.connection.learning_rule_type, self.of[obj.connection].learning_rule
        rule_type = obj.learning_rule_type
        if isinstance(types, dict):
            return next(learning[str(name)] for name, kind in types.items() if kind is rule_type)
        if isinstance(types, (list, tuple)):
            return next(learning[i] for i, kind in enumerate(types) if kind is rule_type)
        return learning

    def _connection(self, net: Network, connection: nengo.Connection) -> Connection:
        pre, post = connection.pre_obj, connection.post_obj
        options: dict[str, Any] = {
            "synapse": values.synapse(connection, connection.synapse),
            "transform": transforms.of_connection(self._model, connection),
            "label": connection.label,
        }
        if connection.function is not None:
            options["function"] = connection.function
        if connection.learning_rule_type is not None:
            rule = connection.learning_rule_type
            options["learning_rule"] = values.learning_rule(connection, rule)
        if transforms.is_decoded(connection):
            built = self._model.params[connection]
            full = connection.solver.weights and isinstance(post, nengo.Ensemble)
            options["solver"] = Given(built.weights.T, weights=full)
            if built.eval_points is not None:
                options |= {"eval_points": built.eval_points, "scale_eval_points": False}
        into, repeats = transforms.distinct(np.arange(post.size_in)[connection.post_slice])
        if repeats is not None:
            transforms.sum_repeated(connection, options, repeats)
        return net.connect(
            self._end(pre, connection.pre_slice, pre.size_out),
            self._end(post, into, post.size_in),
            **options,
        )

    def _probe(self, net: Network, probe: nengo.Probe) -> Any:
        end, attr = self._target(probe)
        # Nengo's refractory times continue below 0, unlike those of nefsim.
        if attr == "refractory_time" or (attr is not None and attr not in probeable(end)):
            values.refuse(probe, "attr", attr)
        if attr == "weights" and not end.rules:
            matrix = self._model.params[probe.obj].weights
            if not isinstance(matrix, np.ndarray) or matrix.ndim != 2:
                values.refuse(probe, "attr", "weights that are not a matrix")
        solver: Solver = LstsqL2()
        if probe in self._decoded and transforms.is_decoded(self._decoded[probe]):
            solver = Given(self._model.params[self._decoded[probe]].weights.T)
        return net.probe(
            end,
            attr,
            synapse=values.synapse(probe, probe.synapse),
            sample_every=probe.sample_every,
            solver=solver,
            label=probe.label,
        )

    def _target(self, probe: nengo.Probe) -> tuple[Any, str | None]:
        """The nefsim object that a probe records, and the name of the quantity in nefsim."""
        target, attr = probe.obj, probe.attr
        if isinstance(target, nengo.Connection):
            if attr == "input":  # in Nengo the output of the connection's source
                pre = target.pre_obj.neurons if transforms.is_decoded(target) else target.pre_obj
                return self._end(pre, slice(None), pre.size_out), None
            return self.of[target], attr
        if _is_rule(target):
            if attr == "scaled_encoders":
                return self.of[target.connection.post_obj], attr
            if probe.slice is not None and attr != "error":
                values.refuse(probe, "target", f"a view of {attr}")
            index = slice(None) if probe.slice is None else probe.slice
            return self._end(target, index, target.size_in), TRACES.get(attr, attr)
        index = slice(None) if probe.slice is None else probe.slice
        return self._end(target, index, target.size_out), attr


def _is_neurons(obj: Any) -> bool:
    return isinstance(obj, nengo.ensemble.Neurons)


def _is_rule(obj: Any) -> bool:
    return isinstance(obj, nengo.connection.LearningRule)
