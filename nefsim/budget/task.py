"""The expected error of a population that decodes a function, without a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.budget.terms import arrival, rates_at, settled, variance
from nefsim.lowering import build
from nefsim.network import Connection, Ensemble, Network, Node
from nefsim.network.functions import result_size, values_at
from nefsim.neurons import Direct, NeuronType
from nefsim.processes import PresentInput, Process
from nefsim.sampling import UniformHypersphere
from nefsim.simulator import Simulator
from nefsim.solvers import Solver
from nefsim.synapses import Synapse, as_synapse

Array = NDArray[np.float64]

#: Populations of other seeds whose mean square error is taken: so many, and of small ones, which
#: differ more, so many neurons in all.
SEEDS, NEURONS = 10, 1000

#: Shares of time for which the input stays within a radius that is tried.
QUANTILES = (0.95, 0.98, 0.99, 0.999, 1.0)

#: Neurons are settled after so long [s].
SETTLING = 0.05

#: Values at which errors are found; of an input, so many of its first steps, one in ``STRIDE``.
N_POINTS, N_STEPS, STRIDE = 2000, 10_000, 5


@dataclass(frozen=True)
class Size:
    """A population that reaches a desired error, the result of :func:`nefsim.size_for`.

    Attributes
    ----------
    n_neurons : int
        Number of neurons.
    radius : float
        Radius of the population.
    max_rates : tuple of float [Hz]
        Range of maximum rates.
    rmse : float
        Expected root mean square error, over values and dimensions.
    distortion, saturation, noise : float
        Parts of the error: of values within the radius, of values beyond it, and of spikes.
    measured : float or None
        Error of the spikes of a run with the input; None without an input.
    """

    n_neurons: int
    radius: float
    max_rates: tuple[float, float]
    rmse: float
    distortion: float
    saturation: float
    noise: float
    measured: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dict of plain numbers and lists."""
        return asdict(self) | {"max_rates": list(self.max_rates)}


@dataclass(frozen=True, eq=False)
class Task:
    """The decoding of a function, whose error depends on the size of the population.

    Attributes
    ----------
    function : callable or None
        The function to decode; None is the identity.
    size : int
        Number of dimensions of its result.
    points : (P, D) ndarray
        Represented values: an input over time, or independent values for a radius of 1.
    values : (T, D) ndarray or None
        The input at each step; None without an input.
    synapse, neuron, solver, dt, seed
        As for :func:`size_for`.
    """

    function: Any
    size_out: int
    points: Array
    values: Array | None
    synapse: Synapse | None
    neuron: NeuronType
    solver: Solver | None
    dt: float
    seed: int

    @property
    def moving(self) -> bool:
        """Whether there is an input over time."""
        return self.values is not None

    @property
    def radii(self) -> tuple[float, ...]:
        """The radii to try."""
        if not self.moving:
            return (1.0,)
        lengths = np.linalg.norm(self.points, axis=1)
        return (*np.unique(np.quantile(lengths, QUANTILES)).tolist(),)

    def size(self, n: int, radius: float, max_rates: tuple[float, float]) -> Size:
        """The error of populations of n neurons, a root mean square over seeds."""
        x = self.points if self.moving else self.points * radius
        ideal = values_at("size_for", self.function, x, self.size_out)
        within = np.linalg.norm(x, axis=1, keepdims=True) <= radius * (1 + 1e-9)
        n_seeds = max(SEEDS, round(NEURONS / n))
        squares = np.zeros(4)
        for seed in range(self.seed, self.seed + n_seeds):
            squares += self._one(seed, n, radius, max_rates, x, ideal, within) / n_seeds
        total, distortion, saturation, noise = np.sqrt(squares).tolist()
        return Size(n, radius, max_rates, total, distortion, saturation, noise)

    def measured(self, size: Size) -> float:
        """The error of spikes of populations of other seeds during the input."""
        assert self.values is not None
        net = Network(seed=self.seed)
        net._warns_of_radius = False
        shown = net.node(PresentInput(self.values, self.dt))
        probes = []
        for _ in range(max(SEEDS, round(NEURONS / size.n_neurons))):
            ensemble = net.ensemble(
                size.n_neurons,
                self.values.shape[1],
                radius=size.radius,
                max_rates=size.max_rates,
                neuron_type=self.neuron,
            )
            net.connect(shown, ensemble, synapse=None)
            probes.append(net.probe(self._decoded(net, ensemble)[0]))
        simulator = Simulator(net, self.dt, progress=False)
        simulator.run_steps(len(self.values))
        ideal = values_at("size_for", self.function, self.values, self.size_out)
        ideal = arrival(self.synapse, ideal, self.dt)
        late = slice(settled(self.synapse, len(ideal), self.dt) + round(SETTLING / self.dt), None)
        errors = [simulator.data[probe][late] - ideal[late] for probe in probes]
        return float(np.sqrt(np.mean(np.square(errors))))

    def _decoded(self, net: Network, ensemble: Ensemble) -> tuple[Node, Connection]:
        """A node that gets the function of a population, and the connection."""
        end = net.node(size_in=self.size_out)
        how: dict[str, Any] = {} if self.solver is None else {"solver": self.solver}
        path = net.connect(ensemble, end, function=self.function, synapse=self.synapse, **how)
        return end, path

    def _power(self, error: Array) -> float:
        """Mean square of an error; an error over time is filtered first."""
        if not self.moving:
            return float(np.mean(error**2))
        step = STRIDE * self.dt
        filtered = arrival(self.synapse, error, step)
        return float(np.mean(filtered[settled(self.synapse, len(error), step) :] ** 2))

    def _one(
        self,
        seed: int,
        n: int,
        radius: float,
        max_rates: tuple[float, float],
        x: Array,
        ideal: Array,
        within: Array,
    ) -> Array:
        """Squared errors of one population: total, distortion, saturation and noise."""
        net = Network(seed=seed)
        ensemble = net.ensemble(
            n, x.shape[1], radius=radius, max_rates=max_rates, neuron_type=self.neuron
        )
        _, path = self._decoded(net, ensemble)
        built = build(net, self.dt, seed)
        arrays, decoders = built.ensembles[ensemble], built.connections[path].decoded_weights
        rates = np.concatenate([*rates_at(self.neuron, arrays, x)])
        error = rates @ decoders.T - ideal
        v = variance(self.neuron, rates, self.synapse, self.dt)
        noise = float(np.sum(decoders**2 * v) / self.size_out)
        parts = (error, error * within, error * (1.0 - within))
        all_, distortion, saturation = (self._power(e) for e in parts)
        return np.array([all_ + noise, distortion, saturation, noise])


def task_of(
    who: str,
    function: Any,
    dimensions: Any,
    synapse: Any,
    process: Any,
    neuron: Any,
    solver: Any,
    dt: Any,
    seed: Any,
) -> Task:
    d = check.integer(who, "dimensions", dimensions, "pass how many", 1, 1000)
    do = "pass a neuron type such as LIF()"
    check.instance(who, "neuron_type", neuron, NeuronType, "a neuron type", do)
    if isinstance(neuron, Direct):
        check.fail(who, "neuron_type", "have a rate curve", "Direct()", do, TypeError)
    if solver is not None:
        do = "pass one such as LstsqL2(), or None"
        check.instance(who, "solver", solver, Solver, "a solver or None", do)
    size = d
    if function is not None:
        check.function(who, "function", function)
        size = result_size(who, "function", function, np.zeros(d))
        if not size:
            do = "return a value"
            check.fail(who, "function", "return at least one number", "none", do)
    step = check.seconds(who, "dt", dt)
    start = check.integer(who, "seed", seed, "pass a whole number", 0, 2**32)
    values = None
    if process is None:
        points = UniformHypersphere().sample(N_POINTS, d, np.random.default_rng(start))
    else:
        do = "pass a process such as WhiteSignal(10.0, 5.0), or None"
        check.instance(who, "input", process, Process, "a process or None", do)
        values = process.run(N_STEPS * step, d, step, start)
        points = values[STRIDE - 1 :: STRIDE]
        if not points.any():
            check.fail(who, "input", "differ from 0 somewhere", "only zeros", do)
    return Task(
        function,
        size,
        points,
        values,
        as_synapse(who, synapse),
        neuron,
        solver,
        step,
        start,
    )
