"""From a network to its error budget: ideal inputs, rates and a run of each population alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget.report import Budget, ErrorParts, PopulationReach
from nefsim.budget.variance import regular
from nefsim.lowering.arrays import BuiltConnection, BuiltEnsemble, times
from nefsim.lowering.decode import targets_of
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.network.direct import Twins
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct, NeuronType
from nefsim.processes import PresentInput
from nefsim.simulator import Simulator, fresh_seed
from nefsim.solvers import NoSolver
from nefsim.synapses import Synapse

Array = NDArray[np.float64]

#: Currents that become rates at a time [numbers].
BLOCK = 1 << 20

#: Steps at which the variance of spikes is found.
MOST_RATES = 500

#: A filter has settled when its response to a step is as near as this to its end.
SETTLED = 0.01


@explained
def error_budget(
    net: Network,
    input: Any = None,
    seconds: float = 4.0,
    dt: float = 0.001,
    backend: str = "auto",
) -> Budget:
    r"""How much of the error of each connection is delay, distortion, saturation, noise and lag.

    A connection decodes f from the rates a of a population and filters it by its synapse h;
    x is the value that the population should represent.  Its error is

    .. math:: h * D\delta - f(x) = \underbrace{h * f(x) - f(x)}_{delay}
        + \underbrace{h * (D a(x) - f(x))}_{distortion,\ saturation}
        + \underbrace{h * D (\delta - a(x))}_{noise,\ dynamics}

    Distortion counts while x is within the radius, saturation while it is beyond.
    The spikes of a neuron of steady rate a have, filtered by H, the variance

    .. math:: v(a) = 2 a^2 \sum_{k \ge 1} |H(2 \pi k a)|^2

    and :math:`\sum_i d_i^2 \langle v(a_i(x)) \rangle` is the noise.  What spikes do beyond that
    is the dynamics of neurons: they lag behind inputs that are fast for their rates.

    The values x come from a run of the network without neurons (:func:`direct_mode`), and each
    population then runs alone with that input.  So an error is that of one step from value to
    value: a loop, such as an integrator, adds it up from pass to pass, and what a network makes
    of the errors of earlier populations is not in it.

    Parameters
    ----------
    net : Network
        The model, which stays as it is.
    input : mapping of Node to callable, array_like or Process; one of these; or None
        For the run, the output of nodes in the place of their own; that of a network's only
        node without input may be passed as it is.
    seconds : float [s]
        How long to run.  Times in which filters settle are left out.
    dt : float [s]
        The time step.
    backend : str
        The back end, as for :class:`Simulator`.

    Returns
    -------
    Budget
        ``print`` shows a table, ``changes(rmse)`` says what to change for an error,
        ``to_dict()`` and ``to_json()`` give plain numbers.

    Raises
    ------
    ValueError, TypeError
        If an argument is none that a simulator takes.

    See Also
    --------
    size_for : Neurons, radius and rates for an error that is wanted.
    nefsim.plot.error_budget : Draws it.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> stimulus = net.node(np.sin)
    >>> a, b = net.ensemble(50, 1, label="a"), net.ensemble(50, 1, label="b")
    >>> c = net.connect(stimulus, a, synapse=None)
    >>> square = net.connect(a, b, function=np.square, synapse=0.1, label="square")
    >>> budget = nef.error_budget(net)
    >>> budget["square"].largest
    'delay'
    """
    who = "error_budget"
    check.instance(who, "net", net, Network, "a network", "pass a Network")
    if net.parent is not None:
        check.fail(who, "net", "not be part of another", repr(net), "pass the outermost one")
    length = check.seconds(who, "seconds", seconds)
    step = check.seconds(who, "dt", dt)
    n_steps = check.integer(who, "seconds / dt", round(length / step), "run longer", 10, 10**8)
    inputs = _inputs(who, net, input)
    seed = fresh_seed(net)
    built = Simulator(net, step, backend, inputs=inputs, build_seed=seed, progress=False).built
    paths, left_out = _paths(net, built.connections, built.probe_data)
    populations = list(dict.fromkeys(path.ensemble for path in paths))
    x = _ideal_inputs(net, populations, inputs, n_steps, step, backend, seed)
    spikes = _decoded(paths, built.ensembles, x, n_steps, step, backend, seed)
    reach, connections = {}, []
    for ensemble in populations:
        own = [(path, y) for path, y in zip(paths, spikes, strict=True) if path.ensemble is ensemble]
        found, rates = _judge(ensemble, built.ensembles[ensemble], x[ensemble], own, step)
        connections += found
        reach[ensemble] = _reach(ensemble, x[ensemble], rates, step)
    order = {path.label: i for i, path in enumerate(paths)}
    connections.sort(key=lambda c: order[c.label])
    return Budget(net.label, length, step, (*connections,), (*reach.values(),), left_out)


@dataclass(frozen=True, eq=False)
class Path:
    """One value that is decoded from a population.

    Attributes
    ----------
    thing : Connection or Probe
    ensemble : Ensemble
        Which is decoded.
    built : BuiltConnection
        Its decoders.
    synapse : Synapse or None
    label : str
    """

    thing: Connection | Probe
    ensemble: Ensemble
    built: BuiltConnection
    synapse: Synapse | None
    label: str

    def wanted(self, x: Array) -> Array:
        """The ideal values (T, k) for values x (T, D) of the population."""
        if isinstance(self.thing, Connection):
            return times(self.thing.transform, targets_of(self.thing, x).T).T
        chosen = indices(self.thing.target)  # type: ignore[arg-type]
        return x if chosen is None else x[:, list(chosen)]

    def filtered(self, values: Array, dt: float) -> Array:
        """As another population receives it: filtered, and a step later."""
        if self.synapse is None:
            return values
        y = self.synapse.filt(values, dt)
        return np.concatenate([np.zeros_like(y[:1]), y[:-1]])


def _inputs(who: str, net: Network, given: Any) -> Mapping[Node, Any]:
    """A mapping of nodes to outputs; one output belongs to the only node without input."""
    if given is None or isinstance(given, Mapping):
        return {} if given is None else given
    sources = [node for node in net.all_nodes if not node.size_in]
    if len(sources) != 1:
        do = "pass a mapping such as {stimulus: WhiteSignal(1.0, 5.0)}"
        got = f"{check.show(given)} for {len(sources)} nodes"
        check.fail(who, "input", "be a mapping of nodes", got, do, TypeError)
    return {sources[0]: given}


def _paths(
    net: Network,
    connections: Mapping[Connection, BuiltConnection],
    probes: Mapping[Probe, BuiltConnection],
) -> tuple[list[Path], dict[str, str]]:
    """All that is decoded, and what is not judged, with the reason."""
    driven = {
        whole(c.post).ensemble: "its neurons get currents"  # type: ignore[union-attr]
        for c in net.all_connections
        if hasattr(whole(c.post), "ensemble")
    }
    moved = {
        whole(c.post): "its encoders are learned"
        for c in net.all_connections
        for _, rule in c.rules
        if rule.modifies == "encoders"
    }
    paths, left_out = [], {}
    for thing, built in (*connections.items(), *probes.items()):
        is_connection = isinstance(thing, Connection)
        end = whole(thing.pre if is_connection else thing.target)  # type: ignore[union-attr, arg-type]
        if not isinstance(end, Ensemble) or isinstance(end.neuron_type, Direct):
            continue
        label = thing.label
        while label in left_out or any(path.label == label for path in paths):
            label += "'"
        why = driven.get(end) or moved.get(end)
        if is_connection and any(rule.modifies != "encoders" for _, rule in thing.rules):  # type: ignore[union-attr]
            why = "its weights are learned"
        elif is_connection and isinstance(thing.function, np.ndarray):  # type: ignore[union-attr]
            why = "its function is known at its evaluation points only"
        elif built.decoders is None:
            why = "it has weights and no decoders"
        if why:
            left_out[label] = why
        else:
            paths.append(Path(thing, end, built, thing.synapse, label))
    return paths, left_out


def _ideal_inputs(
    net: Network,
    populations: list[Ensemble],
    inputs: Mapping[Node, Any],
    n_steps: int,
    dt: float,
    backend: str,
    seed: int,
) -> dict[Ensemble, Array]:
    """What each population would get if no population had neurons, (T, D)."""
    twins = Twins(net)
    own = {twins(node): output for node, output in inputs.items()}
    probes = [twins.network.probe(twins(e), "input", attach=False) for e in populations]
    simulator = Simulator(
        twins.network, dt, backend, probes=probes, inputs=own, build_seed=seed, progress=False
    )
    simulator.run_steps(n_steps)
    return {e: simulator.data[p] for e, p in zip(populations, probes, strict=True)}


def _decoded(
    paths: list[Path],
    arrays: Mapping[Ensemble, BuiltEnsemble],
    x: Mapping[Ensemble, Array],
    n_steps: int,
    dt: float,
    backend: str,
    seed: int,
) -> list[Array]:
    """The filtered values that are decoded from spikes, each population alone with its input."""
    net = Network(seed=seed)
    alone: dict[Ensemble, Ensemble] = {}
    for ensemble, values in x.items():
        built = arrays[ensemble]
        alone[ensemble] = net.ensemble(
            ensemble.n_neurons,
            ensemble.dimensions,
            radius=built.radius,
            encoders=built.encoders,
            normalize_encoders=False,
            gain=built.gain,
            bias=built.bias,
            eval_points=np.zeros((1, ensemble.dimensions)),
            neuron_type=ensemble.neuron_type,
            noise=ensemble.noise,
            initial_state=dict(ensemble.initial_state),
        )
        net.connect(net.node(PresentInput(values, dt)), alone[ensemble], synapse=None)
    watching = []
    for path in paths:
        decoders = path.built.decoded_weights.T
        end = net.node(size_in=decoders.shape[1])
        net.connect(
            alone[path.ensemble],
            end,
            function=np.zeros((1, decoders.shape[1])),
            eval_points=np.zeros((1, path.ensemble.dimensions)),
            solver=NoSolver(decoders),
            synapse=path.synapse,
        )
        watching.append(net.probe(end))
    simulator = Simulator(net, dt, backend, progress=False)
    simulator.run_steps(n_steps)
    return [simulator.data[probe] for probe in watching]


def _judge(
    ensemble: Ensemble, built: BuiltEnsemble, x: Array, own: list[tuple[Path, Array]], dt: float
) -> tuple[list[ErrorParts], Array]:
    """The errors of all that is decoded from a population, and some of its rates (S, N)."""
    weights = [path.built.decoded_weights for path, _ in own]
    estimates: list[list[Array]] = [[] for _ in own]
    for rates in _rates(ensemble.neuron_type, built, x):
        for estimate, matrix in zip(estimates, weights, strict=True):
            estimate.append(rates @ matrix.T)
    every = max(1, len(x) // MOST_RATES)
    some = np.concatenate([*_rates(ensemble.neuron_type, built, x[::every])])
    beyond = np.linalg.norm(x, axis=1, keepdims=True) > built.radius
    variances: dict[Any, Array] = {}
    found = []
    for (path, y), matrix, estimate in zip(own, weights, estimates, strict=True):
        if path.synapse not in variances:
            variances[path.synapse] = _variance(ensemble.neuron_type, some, path.synapse, dt)
        noise = float(np.sum(matrix**2 * variances[path.synapse]) / len(matrix))
        found.append(_parts(path, x, np.concatenate(estimate), y, beyond, noise, dt))
    return found, some


def _parts(
    path: Path, x: Array, estimate: Array, y: Array, beyond: Array, noise: float, dt: float
) -> ErrorParts:
    """The parts of one error; ``noise`` is the variance of its spikes."""
    first = _settled(path.synapse, len(x), dt)

    def power(values: Array) -> float:
        return float(np.mean(values[first:] ** 2))

    wanted = path.wanted(x)
    error = estimate - wanted
    ideal = path.filtered(wanted, dt)
    delay, rate_error = ideal - wanted, path.filtered(error, dt)
    lag = max(0.0, power(y - path.filtered(estimate, dt)) - noise)
    squares = {
        "delay": power(delay),
        "distortion": power(path.filtered(error * ~beyond, dt)),
        "saturation": power(path.filtered(error * beyond, dt)),
        "noise": noise,
        "dynamics": lag,
        "predicted": power(delay + rate_error) + noise,
        "measured": power(y - wanted),
        "without_delay": power(rate_error) + noise,
        "size": power(wanted),
    }
    return ErrorParts(
        label=path.label,
        kind="connection" if isinstance(path.thing, Connection) else "probe",
        population=path.ensemble.label,
        n_neurons=path.ensemble.n_neurons,
        synapse=repr(path.synapse),
        **{name: float(np.sqrt(square)) for name, square in squares.items()},
    )


def _reach(ensemble: Ensemble, x: Array, rates: Array, dt: float) -> PopulationReach:
    length = np.linalg.norm(x, axis=1)
    power = (np.abs(np.fft.rfft(x - x.mean(axis=0), axis=0)) ** 2).sum(axis=1)
    share = np.cumsum(power) / max(power.sum(), np.finfo(float).tiny)
    highest = np.fft.rfftfreq(len(x), dt)[min(int(np.searchsorted(share, 0.99)), len(share) - 1)]
    return PopulationReach(
        label=ensemble.label,
        n_neurons=ensemble.n_neurons,
        dimensions=ensemble.dimensions,
        radius=ensemble.radius,
        share_beyond=float(np.mean(length > ensemble.radius)),
        radius_needed=float(np.quantile(length, 0.99)),
        highest_frequency=float(highest) if power.any() else 0.0,
        mean_rate=float(rates.mean() / ensemble.neuron_type.output_per_hertz),
    )


def _rates(neuron: NeuronType, built: BuiltEnsemble, x: Array) -> Iterator[Array]:
    """Rates (n, N) at some values after the other."""
    n = max(1, BLOCK // len(built.bias))
    for first in range(0, len(x), n):
        yield neuron.rates(x[first : first + n] @ built.scaled_encoders.T + built.bias)


def _variance(neuron: NeuronType, rates: Array, synapse: Synapse | None, dt: float) -> Array:
    """The variance of the filtered output of each neuron, averaged over values, (N,)."""
    if not neuron.spiking:
        return np.zeros(rates.shape[1])
    return regular(rates, synapse, dt).mean(axis=0)


def _settled(synapse: Synapse | None, n_steps: int, dt: float) -> int:
    """The step from which a filter has settled, at most half of all."""
    if synapse is None:
        return 1
    response = synapse.filt(np.ones(n_steps), dt)
    off = np.flatnonzero(np.abs(response - response[-1]) > SETTLED * np.abs(response).max())
    return min(int(off[-1]) + 2 if len(off) else 1, n_steps // 2)
