"""Compute the error budget of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.budget.paths import Path, paths_of
from nefsim.budget.report import Budget, ErrorParts, PopulationReach
from nefsim.budget.runs import decoded_alone, ideal_inputs
from nefsim.budget.terms import arrival, rates_at, settled, variance
from nefsim.lowering import build
from nefsim.lowering.arrays import BuiltEnsemble
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.network.validate import run_inputs
from nefsim.settings import fresh_seed

Array = NDArray[np.float64]

#: Steps at which the variance of spikes is found.
MOST_RATES = 500


@explained
def error_budget(
    net: Network,
    input: Any = None,
    seconds: float = 10.0,
    dt: float = 0.001,
    backend: str = "auto",
) -> Budget:
    r"""Divide the error of each connection into delay, distortion, saturation, noise and lag.

    A connection decodes a function f from the spikes :math:`\delta` or rates a of a population,
    by decoders D, and filters it by a synapse h.  If x is the ideal represented value, its error
    is

    .. math:: h * D\delta - f(x) = \underbrace{h * f(x) - f(x)}_{delay}
        + \underbrace{h * (D a(x) - f(x))}_{distortion,\ saturation}
        + \underbrace{h * D (\delta - a(x))}_{noise,\ dynamics}

    The second term is distortion while x is within the radius, and saturation while it is
    beyond.  Noise is :math:`\sum_i d_i^2 \langle v(a_i(x)) \rangle` with the variance of the
    filtered spikes of a neuron with a constant rate a,

    .. math:: v(a) = 2 a^2 \sum_{k \ge 1} |H(2 \pi k a)|^2

    where H is the transfer function of the synapse.  The rest is called dynamics: neurons lag
    behind inputs that are fast compared with their rates.

    The values x come from a run of the network without neurons (:func:`direct_mode`); each
    population is then run separately with this input.  An error is therefore the one that a
    single population adds.  It does not include the errors of populations before it, or the
    accumulation of errors in a recurrent loop such as an integrator.

    Parameters
    ----------
    net : Network
        The network; it is not changed.
    input : mapping of Node to callable, array_like or Process; one of these; or None
        Outputs that replace those of nodes in the run, by node.  If the network has a single
        node without input, its output may be passed alone.  None changes no output.
    seconds : float [s]
        Duration of the run.  The start, in which filters settle, does not count.
    dt : float [s]
        The time step.
    backend : str
        The back end, as for :class:`Simulator`.

    Returns
    -------
    Budget
        ``print`` shows a table, ``changes(rmse)`` suggests changes to reach an error, and
        ``to_dict()`` and ``to_json()`` return plain numbers.

    Raises
    ------
    ValueError, TypeError
        If an argument is not one that a simulator accepts.

    See Also
    --------
    size_for : Find the neurons, radius and rates for a desired error.
    nefsim.plot.error_budget : Plot the budget.

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
    built = build(net, step, seed, inputs=run_inputs(who, net, inputs))
    paths, left_out = paths_of(net, built.connections, built.probe_data)
    populations = list(dict.fromkeys(path.ensemble for path in paths))
    x = ideal_inputs(net, populations, inputs, n_steps, step, backend, seed)
    spikes = decoded_alone(paths, built.ensembles, x, n_steps, step, backend, seed)
    reach, connections = {}, []
    for ensemble in populations:
        decoded = [
            (path, y) for path, y in zip(paths, spikes, strict=True) if path.ensemble is ensemble
        ]
        found, rates = _judge(ensemble, built.ensembles[ensemble], x[ensemble], decoded, step)
        connections += found
        reach[ensemble] = _reach(ensemble, x[ensemble], rates, step)
    order = {path.label: i for i, path in enumerate(paths)}
    connections.sort(key=lambda c: order[c.label])
    return Budget(net.label, length, step, (*connections,), (*reach.values(),), left_out)


def _inputs(who: str, net: Network, given: Any) -> Mapping[Node, Any]:
    """A mapping of nodes to outputs; a single output is that of the only node without input."""
    if given is None or isinstance(given, Mapping):
        return {} if given is None else given
    sources = [node for node in net.all_nodes if not node.size_in]
    if len(sources) != 1:
        do = "pass a mapping such as {stimulus: WhiteSignal(1.0, 5.0)}"
        got = f"{check.show(given)} for {len(sources)} nodes"
        check.fail(who, "input", "be a mapping of nodes", got, do, TypeError)
    return {sources[0]: given}


def _judge(
    ensemble: Ensemble, built: BuiltEnsemble, x: Array, decoded: list[tuple[Path, Array]], dt: float
) -> tuple[list[ErrorParts], Array]:
    """The errors of all values decoded from a population, and its rates (S, N) at some times."""
    weights = [path.built.decoded_weights for path, _ in decoded]
    estimates: list[list[Array]] = [[] for _ in decoded]
    for rates in rates_at(ensemble.neuron_type, built, x):
        for estimate, matrix in zip(estimates, weights, strict=True):
            estimate.append(rates @ matrix.T)
    every = max(1, len(x) // MOST_RATES)
    some = np.concatenate([*rates_at(ensemble.neuron_type, built, x[::every])])
    within = np.linalg.norm(x, axis=1, keepdims=True) <= built.radius
    variances: dict[Any, Array] = {}
    found = []
    for (path, y), matrix, estimate in zip(decoded, weights, estimates, strict=True):
        if path.synapse not in variances:
            variances[path.synapse] = variance(ensemble.neuron_type, some, path.synapse, dt)
        noise = float(np.sum(matrix**2 * variances[path.synapse]) / len(matrix))
        found.append(_parts(path, x, np.concatenate(estimate), y, within, noise, dt))
    return found, some


def _parts(
    path: Path, x: Array, estimate: Array, y: Array, within: Array, noise: float, dt: float
) -> ErrorParts:
    """The parts of one error; ``noise`` is the variance of the decoded value due to spikes."""
    first = min(settled(path.synapse, len(x), dt) + round(path.delay / dt), len(x) // 2)

    def power(values: Array) -> float:
        return float(np.mean(values[first:] ** 2))

    wanted = path.wanted(x)
    error = estimate - wanted
    ideal = arrival(path.synapse, wanted, dt, path.delay)
    delay, rate_error = ideal - wanted, arrival(path.synapse, error, dt, path.delay)
    lag = max(0.0, power(y - arrival(path.synapse, estimate, dt, path.delay)) - noise)
    squares = {
        "delay": power(delay),
        "distortion": power(arrival(path.synapse, error * within, dt, path.delay)),
        "saturation": power(arrival(path.synapse, error * (1.0 - within), dt, path.delay)),
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
    highest = np.fft.rfftfreq(len(x), dt)[np.searchsorted(np.cumsum(power), 0.99 * power.sum())]
    return PopulationReach(
        label=ensemble.label,
        n_neurons=ensemble.n_neurons,
        dimensions=ensemble.dimensions,
        radius=ensemble.radius,
        share_beyond=float(np.mean(length > ensemble.radius)),
        radius_needed=float(np.quantile(length, 0.99)),
        highest_frequency=float(highest),
        mean_rate=float(rates.mean() / ensemble.neuron_type.output_per_hertz),
    )
