"""Laws of neuron types: the rate curve and its inverse, and steps that follow the curve."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.neurons import NeuronType
from nefsim.simulator import Simulator
from nefsim.testing.laws import Laws, require, require_close, require_equal, require_value

Array = NDArray[np.float64]

LAWS = Laws()
#: Neurons of a type without time constants for each neuron.
N_NEURONS = 20
#: Firing rates at which curves are compared, as shares of the way to the limit.
SHARES = (0.02, 0.95)


@dataclass(frozen=True)
class Case:
    """A neuron type, and the way in which it is run."""

    neuron: NeuronType
    dt: float
    settle: float
    curve: bool

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.neuron.size or N_NEURONS

    @property
    def top(self) -> float:
        """The highest firing rate that is asked for [Hz]."""
        return float(min(np.min(self.neuron.rate_limit), 1000.0))

    def rates(self, low: float, high: float) -> Array:
        """Firing rates between two shares of the way from the floor to the top [Hz]."""
        floor = self.neuron.rate_floor
        return floor + np.linspace(low, high, self.n) * (self.top - floor)

    def currents(self) -> Array:
        """Input currents of moderate firing rates, (n,)."""
        if self.curve:
            return np.array(self.neuron.current(self.rates(0.05, 0.5)))
        return np.linspace(0.5, 5.0, self.n)

    def start(self, shape: tuple[int, ...]) -> dict[str, Array]:
        """The state before the first step; the same at each call."""
        rng = np.random.default_rng(1)
        initial = {
            name: rng.uniform(*first, shape) if isinstance(first, tuple) else np.full(shape, first)
            for name, first in self.neuron.initial_state.items()
        }
        return self.neuron.start(initial, self.dt)

    def generator(self) -> np.random.Generator:
        """The generator of one trial."""
        return self.neuron.generator(np.random.default_rng(2))

    def run(self, J: Array, state: dict[str, Array], rng: np.random.Generator) -> Array:
        """Outputs at given currents, one row for each step."""
        out = np.zeros_like(J)
        for now, row in zip(J, out, strict=True):
            self.neuron.step(now, state, self.dt, row, rng)
        return out

    @property
    def is_random(self) -> bool:
        """Whether a step draws from the generator."""
        J = self.currents()
        one, other = (self.run(np.tile(J, (50, 1)), self.start(J.shape), rng) for rng in _two())
        return not np.array_equal(one, other)


def _two() -> tuple[np.random.Generator, np.random.Generator]:
    return np.random.default_rng(3), np.random.default_rng(4)


def check_neuron_type(
    neuron: NeuronType, dt: float = 0.001, settle: float = 6.0, curve: bool = True
) -> tuple[str, ...]:
    """Check the laws of neuron types.

    Parameters
    ----------
    neuron : NeuronType
        The value to check.
    dt : float [s]
        Length of a step.
    settle : float [s]
        Time after which the output at a constant current has its mean.
    curve : bool
        Whether the type has a rate curve with an inverse; laws about it are left out otherwise.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.NeuronType : the methods of a neuron type.

    Examples
    --------
    >>> import nefsim as nef
    >>> "spikes are whole pulses" in nef.testing.check_neuron_type(nef.LIF())
    True
    """
    who = "check_neuron_type"
    check.instance(who, "neuron", neuron, NeuronType, "a neuron type", "pass a value such as LIF()")
    step, time = check.seconds(who, "dt", dt), check.seconds(who, "settle", settle)
    return LAWS.check(neuron, Case(neuron, step, time, check.flag(who, "curve", curve)))


def _has_curve(case: Case) -> bool:
    return case.curve


def _spikes(case: Case) -> bool:
    return case.neuron.spiking


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A neuron type is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.neuron)


@LAWS.law(_has_curve)
def rates_have_the_shape_of_the_currents(case: Case) -> None:
    """rates(J) has the shape of J, is finite, and does not write to J."""
    for shape in ((case.n,), (3, case.n), (2, 3, case.n)):
        J = np.broadcast_to(case.currents(), shape).copy()
        before = J.copy()
        rates = np.asarray(case.neuron.rates(J))
        require(rates.shape == shape, f"It is {rates.shape} for currents {shape}")
        require(np.isfinite(rates).all(), f"It is not finite at {J[~np.isfinite(rates)][:1]}")
        require_equal(J, before, "the currents after the call")


@LAWS.law(_has_curve)
def rates_of_the_current_of_a_rate_are_the_rate(case: Case) -> None:
    """rates(current(r)) is output_per_hertz times r."""
    r = case.rates(*SHARES)
    found = case.neuron.rates(case.neuron.current(r))
    unit = case.neuron.output_per_hertz
    # An inverse by bisection, or near the threshold, has fewer digits than double precision.
    require_close(found, unit * r, 1e-6 * unit * case.top, "the rate")


@LAWS.law(_has_curve)
def rates_do_not_fall_as_the_current_rises(case: Case) -> None:
    """A higher current gives no lower rate, and none above rate_limit."""
    J = np.sort(case.neuron.current(case.rates(*SHARES)))
    grid = np.linspace(J[0] - 1.0, 2 * J[-1] - J[0] + 1.0, 200)[:, None] * np.ones(case.n)
    rates = np.asarray(case.neuron.rates(grid)) / case.neuron.output_per_hertz
    fall = np.diff(rates, axis=0)
    # Bisection rounds differently at neighbouring currents.
    require((fall >= -1e-9 * case.top).all(), f"It falls by {-fall.min():.6g} Hz")
    limit = float(np.max(case.neuron.rate_limit))
    require((rates <= limit * (1 + 1e-9)).all(), f"{rates.max():.6g} Hz exceeds {limit:.6g} Hz")
    if not case.neuron.negative:
        require((rates >= 0).all(), f"A rate is {rates.min():.6g} Hz, and negative is False")


@LAWS.law(_has_curve)
def the_rate_at_the_threshold_current_is_rate_floor(case: Case) -> None:
    """At threshold_current, where the intercept is, the firing rate is rate_floor."""
    J = np.full(case.n, float(case.neuron.threshold_current))
    found = np.asarray(case.neuron.rates(J)) / case.neuron.output_per_hertz
    require_close(found, np.full(case.n, case.neuron.rate_floor), 1e-6 * case.top, "the rate [Hz]")


@LAWS.law()
def start_has_the_variables_of_initial_state(case: Case) -> None:
    """start gives arrays from which read has each variable of initial_state."""
    state = case.start((case.n,))
    for name in case.neuron.initial_state:
        values = np.asarray(case.neuron.read(state, name))
        require(values.shape == (case.n,), f"{name} has shape {values.shape}, not ({case.n},)")
        require(np.isfinite(values).all(), f"{name} is not finite")
    case.neuron.check_state("check_neuron_type", state)


@LAWS.law()
def step_writes_into_out_and_state_in_place(case: Case) -> None:
    """step writes each element of out, changes the arrays of state in place, and not J."""
    J = case.currents()
    state, out, before = case.start(J.shape), np.full(J.shape, np.nan), J.copy()
    arrays = dict(state)
    value: Any = case.neuron.step(J, state, case.dt, out, case.generator())
    require(value is None, f"It returns {check.show(value)} and not None")
    require(np.isfinite(out).all(), f"{int((~np.isfinite(out)).sum())} elements are not finite")
    require_equal(J, before, "the currents after the call")
    require(state.keys() == arrays.keys(), f"The state has {[*state]} and not {[*arrays]}")
    for name, array in arrays.items():
        require(state[name] is array, f"state[{name!r}] is another array after a step")


@LAWS.law()
def the_state_is_all_that_a_run_needs(case: Case) -> None:
    """From the same state and generator, the same outputs follow."""
    J = np.tile(case.currents(), (60, 1))
    state, rng = case.start(J.shape[1:]), case.generator()
    case.run(J, state, rng)
    saved, drawn = copy.deepcopy(state), copy.deepcopy(rng)
    first = case.run(J, state, rng)
    require_equal(case.run(J, saved, drawn), first, "the output of a run from a copy of the state")


@LAWS.law(lambda case: not case.is_random)
def leading_axes_are_separate_runs(case: Case) -> None:
    """Trials in leading axes do not influence one another."""
    J = np.random.default_rng(5).uniform(0.5, 1.5, (60, 2, 3, case.n)) * case.currents()
    whole = case.run(J, case.start(J.shape[1:]), case.generator())
    start = case.start(J.shape[1:])
    for trial in np.ndindex(2, 3):
        part = {name: np.array(values[trial]) for name, values in start.items()}
        alone = case.run(np.ascontiguousarray(J[:, *trial]), part, case.generator())
        require_equal(whole[:, *trial], alone, f"the output of trial {trial}")


@LAWS.law(_spikes)
def spikes_are_whole_pulses(case: Case) -> None:
    """The output is a whole number of pulses of amplitude / dt."""
    J = np.tile(case.currents(), (500, 1))
    out = case.run(J, case.start(J.shape[1:]), case.generator())
    pulses = out * case.dt / case.neuron.output_per_hertz
    require_close(pulses, np.round(pulses), 1e-9, "the pulses in a step")
    require(pulses.any(), "There is no spike in 500 steps")
    if not case.neuron.negative:
        require((pulses >= 0).all(), f"A step has {pulses.min():g} pulses, and negative is False")


@LAWS.law(_has_curve)
def the_mean_output_is_the_rate(case: Case) -> None:
    """At a constant current the mean output is that of rates, after the time to settle."""
    J, seconds = case.currents(), 5.0
    state, rng, out = case.start(J.shape), case.generator(), np.zeros(J.shape)
    settle, count = (max(1, round(t / case.dt)) for t in (case.settle, seconds))
    total = np.zeros(J.shape)
    for k in range(settle + count):
        case.neuron.step(J, state, case.dt, out, rng)
        if k >= settle:
            total += out
    unit = case.neuron.output_per_hertz
    expected = np.asarray(case.neuron.rates(J)) / unit
    # A share for slow variables that ripple, one spike that is missed, and where spikes are
    # random five standard errors of a Poisson process.
    slack = 0.02 * np.abs(expected).max() + (1 / seconds if case.neuron.spiking else 0.0)
    if case.is_random:
        slack = slack + 5 * np.sqrt(np.abs(expected) / seconds)
    require_close(total / count / unit, expected, slack, "the mean rate [Hz]")


@LAWS.law()
def a_run_in_pieces_is_a_run_in_one(case: Case) -> None:
    """A network of these neurons has the same output in one run, in several, and in a batch."""
    net, n = Network(seed=1), case.n
    options: dict[str, Any] = {"gain": np.ones(n), "bias": case.currents()}
    a = net.ensemble(n, 1, neuron_type=case.neuron, **options)
    net.connect(net.node(np.sin), a)
    probes = [net.probe(a.neurons)]
    probes += [net.probe(a.neurons, name) for name in case.neuron.initial_state]
    whole, pieces, batch = (
        Simulator(net, case.dt, "numpy", batch_size=size, progress=False)
        for size in (None, None, 2)
    )
    whole.run_steps(150)
    for n_steps in (1, 2, 47, 100):
        pieces.run_steps(n_steps)
    batch.run_steps(150)
    for probe in probes:
        expected = whole.data[probe]
        require_equal(pieces.data[probe], expected, f"{probe.attr} of a run in pieces")
        require_equal(batch.data[probe][0], expected, f"{probe.attr} of the first trial of a batch")
