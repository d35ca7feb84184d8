"""A Nengo network as one of ours, with the arrays that Nengo's builder finds."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.cache import get_default_decoder_cache
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.nengo import drawn, transforms, values
from nefsim.nengo.decoders import SharingBuilder
from nefsim.nengo.given import Given
from nefsim.network import Connection, Network
from nefsim.network.quantities import probeable
from nefsim.neurons import NeuronType
from nefsim.solvers import LstsqL2, Solver

Array = NDArray[np.float64]

#: What Nengo calls the traces of rules, and we otherwise.
TRACES = {"pre_filtered": "activities", "post_filtered": "post"}


def from_nengo(network: nengo.Network, dt: float = 0.001, seed: int | None = None) -> Network:
    """A Nengo network as a nefsim network that gives the same spikes.

    Nengo's builder draws and solves all arrays; they are fixed in the network, so that it can be
    saved, run in batches, exported, and compared with others.

    Parameters
    ----------
    network : nengo.Network
        The model.
    dt : float [s]
        The step it is meant to run at (Nengo's builder asks for it).
    seed : int or None
        Seed of processes that have none of their own; None takes the network's seed + 1, as
        Nengo's simulator does.

    Returns
    -------
    Network
        With the same networks within it.  ``all_ensembles``, ``all_nodes``, ``all_connections`` and
        ``all_probes`` are in the order of Nengo's.

    Raises
    ------
    ValueError
        If there is something for which nefsim's networks have no word, by its name:
        neuron types, synapses and learning rules of a user's own, processes with input,
        transforms that draw random numbers for decoders, and a few probes.  All that runs in
        :class:`nefsim.nengo.Simulator`.

    Notes
    -----
    Trial b of a batch is the run with the seed + b.

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
    who = "from_nengo"
    what, do = "a nengo.Network", "pass a model of Nengo's"
    check.instance(who, "network", network, nengo.Network, what, do)
    step = check.seconds(who, "dt", dt)
    seed = check.seed(who, seed)
    cache, builder = get_default_decoder_cache(), SharingBuilder()
    model = Model(step, str(network), decoder_cache=cache, builder=builder)
    model.build(network)
    builder.forget()
    if seed is None:
        seed = np.random.randint(2**31 - 1) if network.seed is None else network.seed + 1
    return Reading(model, network, seed).net


class Reading:
    """Our network of a built model, and where each of Nengo's objects went.

    Parameters
    ----------
    model : Model
        What Nengo's builder made.
    network : nengo.Network
        Of what.
    seed : int
        Seed of what is random while running.

    Attributes
    ----------
    net : Network
        The same in our terms.
    of : dict
        Our object for each of Nengo's.
    """

    def __init__(self, model: Model, network: nengo.Network, seed: int) -> None:
        self._model = model
        self._places, self._generators = drawn.places(model), drawn.generators(model)
        self._decoded = {
            c.post_obj: c
            for c in model.params
            if isinstance(c, nengo.Connection) and isinstance(c.post_obj, nengo.Probe)
        }
        self.net = Network(seed=seed, label=network.label)
        self.net._foreign = True
        self.of: dict[Any, Any] = {network: self.net}
        networks = [network, *network.all_networks]
        for theirs in networks:
            self._objects(theirs)
        connections = [(theirs, c) for theirs in networks for c in theirs.connections]
        # Errors are connected to rules, which must be there before.
        for later in (False, True):
            for theirs, connection in connections:
                if isinstance(connection.post_obj, nengo.connection.LearningRule) == later:
                    self.of[connection] = self._connection(self.of[theirs], connection)
        for theirs in networks:
            ours = self.of[theirs]
            ours.connections[:] = [self.of[c] for c in theirs.connections]
            for probe in theirs.probes:
                self.of[probe] = self._probe(ours, probe)

    def _objects(self, theirs: nengo.Network) -> None:
        ours = self.of[theirs]
        for inner in theirs.networks:
            self.of[inner] = ours.subnetwork(inner.label)
        for node in theirs.nodes:
            self.of[node] = self._node(ours, node)
        for ensemble in theirs.ensembles:
            self.of[ensemble] = self._ensemble(ours, ensemble)

    def _process(self, process: nengo.Process, size: int, signal: Any) -> drawn.FromNengo:
        return drawn.FromNengo(process, size, self._places[signal])

    def _node(self, ours: Network, node: nengo.Node) -> Any:
        output, sizes = node.output, {"size_in": node.size_in, "label": node.label}
        if isinstance(output, nengo.Process):
            if node.size_in:
                values.refuse(node, "output", f"a process with input, {output}")
            output = self._process(output, node.size_out, self._model.sig[node]["out"])
        elif callable(output):
            sizes["size_out"] = node.size_out
        return ours.node(output, **sizes)

    def _ensemble(self, ours: Network, ensemble: nengo.Ensemble) -> Any:
        built, neuron = self._model.params[ensemble], self._neuron_type(ensemble)
        common = {"neuron_type": neuron, "radius": ensemble.radius, "label": ensemble.label}
        n, d = ensemble.n_neurons, ensemble.dimensions
        if isinstance(ensemble.neuron_type, nengo.Direct):
            return ours.ensemble(n, d, **common)
        noise, signals = None, self._model.sig[ensemble.neurons]
        if ensemble.noise is not None:
            noise = self._process(ensemble.noise, n, signals["in"])
        return ours.ensemble(
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
        theirs = ensemble.neuron_type
        kind = drawn.DRAWN.get(type(theirs))
        if kind is None:
            return values.neuron_type(ensemble, theirs)
        base = values.neuron_type(ensemble, theirs.base_type)
        output = self._model.sig[ensemble.neurons]["out"]
        rng = self._generators[output]
        return kind(base, theirs.amplitude, drawn.words_of(rng))

    def _end(self, obj: Any, chosen: Any, size: int) -> Any:
        """Our object, or a view of the dimensions that are chosen."""
        if isinstance(obj, nengo.connection.LearningRule):
            ours = self._rule(obj)
        else:
            ours = self.of[obj.ensemble].neurons if _is_neurons(obj) else self.of[obj]
        places = np.arange(size)[chosen]
        return ours if np.array_equal(places, np.arange(size)) else ours[places]

    def _rule(self, theirs: nengo.connection.LearningRule) -> Any:
        """Our rule on a connection."""
        rules, ours = theirs.connection.learning_rule_type, self.of[theirs.connection].learning_rule
        mine = theirs.learning_rule_type
        if isinstance(rules, dict):
            return next(ours[str(name)] for name, rule in rules.items() if rule is mine)
        if isinstance(rules, (list, tuple)):
            return next(ours[i] for i, rule in enumerate(rules) if rule is mine)
        return ours

    def _connection(self, ours: Network, connection: nengo.Connection) -> Connection:
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
        return ours.connect(
            self._end(pre, connection.pre_slice, pre.size_out),
            self._end(post, into, post.size_in),
            **options,
        )

    def _probe(self, ours: Network, probe: nengo.Probe) -> Any:
        end, attr = self._shown(probe)
        # Nengo's refractory times count on below 0.
        if attr == "refractory_time" or (attr is not None and attr not in probeable(end)):
            values.refuse(probe, "attr", attr)
        if attr == "weights" and not end.rules:
            matrix = self._model.params[probe.obj].weights
            if not isinstance(matrix, np.ndarray) or matrix.ndim != 2:
                values.refuse(probe, "attr", "weights that are no matrix")
        solver: Solver = LstsqL2()
        if probe in self._decoded and transforms.is_decoded(self._decoded[probe]):
            solver = Given(self._model.params[self._decoded[probe]].weights.T)
        return ours.probe(
            end,
            attr,
            synapse=values.synapse(probe, probe.synapse),
            sample_every=probe.sample_every,
            solver=solver,
            label=probe.label,
        )

    def _shown(self, probe: nengo.Probe) -> tuple[Any, str | None]:
        """What a probe shows, and the name that we have for it."""
        target, attr = probe.obj, probe.attr
        if isinstance(target, nengo.Connection):
            if attr == "input":  # in Nengo what comes out of the object before it
                pre = target.pre_obj.neurons if transforms.is_decoded(target) else target.pre_obj
                return self._end(pre, slice(None), pre.size_out), None
            return self.of[target], attr
        if _is_rule(target):
            if attr == "scaled_encoders":
                return self.of[target.connection.post_obj], attr
            if probe.slice is not None and attr != "error":
                values.refuse(probe, "target", f"a view of {attr}")
            chosen = slice(None) if probe.slice is None else probe.slice
            return self._end(target, chosen, target.size_in), TRACES.get(attr, attr)
        chosen = slice(None) if probe.slice is None else probe.slice
        return self._end(target, chosen, target.size_out), attr


def _is_neurons(obj: Any) -> bool:
    return isinstance(obj, nengo.ensemble.Neurons)


def _is_rule(obj: Any) -> bool:
    return isinstance(obj, nengo.connection.LearningRule)
