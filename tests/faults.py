"""One fault for each law of nefsim.testing, by the name of the law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from strangers import backend, rule, solver, synapse
from strangers.neuron import Hill

import nefsim as nef
from nefsim import testing
from nefsim.processes.base import FunctionOfTime, Running

#: Check, law, and a function that makes the object with the fault.
FAULTS: list[tuple[Callable[..., Any], str, Callable[[], Any], dict[str, Any]]] = []


def fault(check: Callable[..., Any], law: str, **options: Any) -> Callable[[Any], Any]:
    """Add a class, or a function, with the fault of a law."""

    def add(make: Any) -> Any:
        FAULTS.append((check, law, make, options))
        return make

    return add


NEURON, SYNAPSE, RULE = testing.check_neuron_type, testing.check_synapse, testing.check_rule
SOLVER, SAMPLE = testing.check_solver, testing.check_distribution
PROCESS, BACKEND = testing.check_process, testing.check_backend

# -- all kinds: a dataclass that is not equal to its copy ----------------------------------


class Unequal:
    """Equal to nothing but itself."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


for check, base in (
    (NEURON, Hill),
    (SYNAPSE, synapse.Bandpass),
    (RULE, rule.Covariance),
    (SOLVER, solver.Ridge),
    (SAMPLE, nef.Uniform),
    (PROCESS, nef.WhiteNoise),
):
    kind = type("Wrong", (Unequal, base), {})
    make = (lambda kind=kind: kind(-1, 1)) if check is SAMPLE else kind
    fault(check, "is a frozen value")(make)

# -- neuron types --------------------------------------------------------------------------


@fault(NEURON, "rates have the shape of the currents")
class FlatRates(Hill):
    def rates(self, J: Any) -> Any:
        return np.ravel(super().rates(J))


@fault(NEURON, "rates of the current of a rate are the rate")
class WrongInverse(Hill):
    def current(self, rates: Any) -> Any:
        return 1.1 * super().current(rates)


@fault(NEURON, "rates do not fall as the current rises")
class Falling(Hill):
    def rates(self, J: Any) -> Any:
        return np.where(np.asarray(J) > 60.0, 0.0, super().rates(J))


@fault(NEURON, "the rate at the threshold current is rate floor")
class WrongThreshold(Hill):
    threshold_current = 1.0


@fault(NEURON, "start has the variables of initial state")
class NoVariable(Hill):
    def read(self, state: Any, name: str) -> Any:
        return state[name][:1]


@fault(NEURON, "the state is all that a run needs")
class HiddenClock(Hill):
    clock: ClassVar[list[int]] = [0]

    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        self.clock[0] += 1
        super().step(J * (1.0 + 1e-3 * self.clock[0]), state, dt, out, rng)


@fault(NEURON, "leading axes are separate runs")
class Mixing(Hill):
    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        super().step(J + 0.1 * np.mean(J), state, dt, out, rng)


@fault(NEURON, "spikes are whole pulses")
class Partial(Hill):
    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        super().step(J, state, dt, out, rng)
        out *= 0.9


@fault(NEURON, "the mean output is the rate")
class Slow(Hill):
    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        super().step(J, state, 0.9 * dt, out, rng)
        out *= 0.9


@fault(NEURON, "a run in pieces is a run in one")
class OfOneTrial(Hill):
    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        super().step(J, state, dt, out, rng)
        if J.ndim == 2 and len(J) == 2:
            out[0] = out[1]


# -- synapses ------------------------------------------------------------------------------


@fault(SYNAPSE, "coefficients are two finite vectors")
class Unscaled(synapse.Bandpass):
    def coefficients(self, dt: float) -> Any:
        b, a = super().coefficients(dt)
        return 2 * b, 2 * a


@fault(SYNAPSE, "both forms are one filter")
class TwoFilters(synapse.Bandpass):
    def state_space(self, dt: float) -> Any:
        return nef.LinearFilter([1.0], np.poly([-20, -30, -40, -50]) / 1.2e6).state_space(dt)


@fault(SYNAPSE, "filters are linear and do not depend on when")
class Rectified(synapse.Bandpass):
    def filt(self, signal: Any, dt: float = 0.001, axis: int = 0) -> Any:
        return np.maximum(super().filt(signal, dt, axis), 0.0)


@fault(SYNAPSE, "the gain is as stated", gain=1.0)
class NoGain(synapse.Bandpass):
    pass


@fault(SYNAPSE, "a network filters one step late")
class Early(synapse.Bandpass):
    def filt(self, signal: Any, dt: float = 0.001, axis: int = 0) -> Any:
        return 1.001 * super().filt(signal, dt, axis)


# -- rules ---------------------------------------------------------------------------------


@fault(RULE, "attributes have known values")
class UnknownWeights(rule.Covariance):
    constants = ("colour",)


@fault(RULE, "traces are of pre or post")
class UnknownTrace(rule.Covariance):
    def traces(self) -> Any:
        return {"pre": "pre", "post": "post"}


@fault(RULE, "the change has the shape of the weights")
class Transposed(rule.Covariance):
    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        return super().step(pre, post, error, weights, **more).T


@fault(RULE, "step writes to its memory alone")
class InPlace(rule.Covariance):
    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        weights *= 0.999
        return super().step(pre, post, error, weights, **more)


@fault(RULE, "step is the outer product of the factors")
class TwoEquations(nef.Oja):
    def step(self, *arguments: Any, **more: Any) -> Any:
        return 2 * super().step(*arguments, **more)


@fault(RULE, "a run in pieces is a run in one")
class CountsSimulators(rule.Covariance):
    counts: ClassVar[dict[str, int]] = {"n": 0}

    def start(self, n_in: int, n_out: int, dt: float) -> Any:
        if n_in > 10:  # not in the laws on arrays
            self.counts["n"] += 1
        return {"mean": np.full(n_in, float(self.counts["n"]))}


@fault(RULE, "trials of a batch are separate")
class Batched(rule.Covariance):
    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        place = more["mean"].base is not None and more["mean"].base.ndim > 1
        return super().step(pre, post, error, weights, **more) * (2.0 if place else 1.0)


@fault(RULE, "each back end gives the same weights")
class OtherWhenCompiled(nef.Oja):
    def factors(self, pre: Any, post: Any, error: Any, **more: Any) -> Any:
        u, d = super().factors(pre, post, error, **more)
        return (u if isinstance(pre, np.ndarray) else 2.0 * u), d


# -- solvers -------------------------------------------------------------------------------


@fault(SOLVER, "flags are true or false")
class NoFlag(solver.Ridge):
    compositional = None


@fault(SOLVER, "decoders have a row per neuron and a column per output")
class Sideways(solver.Ridge):
    def prepare(self, activities: Any, rng: Any = None) -> Any:
        decode = super().prepare(activities, rng)
        return lambda Y: (decode(Y)[0].T, {})


@fault(SOLVER, "the reported error is that of the decoders")
class NoError(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        solve = super().factor(A, rng)
        return lambda Y: (solve(Y)[0], {"rmse": np.zeros(Y.shape[1])})


@fault(SOLVER, "arguments are not written to")
class Centring(solver.Ridge):
    def prepare(self, activities: Any, rng: Any = None) -> Any:
        decode = super().prepare(activities, rng)
        activities -= activities.mean()
        return decode


@fault(SOLVER, "the same seed gives the same decoders")
class Unseeded(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        return super().factor(A * np.random.default_rng().normal(1, 1e-3, A.shape), rng)


@fault(SOLVER, "one more target changes no bit of the others")
class Learning(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        solve, earlier = super().factor(A, rng), [0]

        def decode(Y: Any) -> Any:
            earlier[0] += 1
            return solve(Y)[0] * (1 + 1e-9 * (earlier[0] > 1)), {}

        return decode


@fault(SOLVER, "a prepared solver does not share its arrays")
class Sharing(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        solve, earlier = super().factor(A, rng), {}

        def decode(Y: Any) -> Any:
            key = Y.tobytes()
            return earlier.setdefault(key, solve(Y)[0]), {}

        return decode


@fault(SOLVER, "decoders are better than none")
class Negative(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        solve = super().factor(A, rng)
        return lambda Y: (-solve(Y)[0], {})


@fault(SOLVER, "neurons that never fire get decoders of 0")
class Padded(solver.Ridge):
    def factor(self, A: Any, rng: Any) -> Any:
        solve, silent = super().factor(A, rng), ~A.any(axis=0)[:, None]
        return lambda Y: (solve(Y)[0] + 1e-3 * silent, {})


# -- distributions, processes --------------------------------------------------------------


@fault(SAMPLE, "samples have the shape asked for")
@dataclass(frozen=True, eq=False)
class OneAxis(nef.Distribution):
    def sample(self, n: int, d: Any = None, rng: Any = None) -> Any:
        return np.zeros(n)


@fault(SAMPLE, "the same seed gives the same samples")
@dataclass(frozen=True, eq=False)
class Fresh(nef.Distribution):
    def sample(self, n: int, d: Any = None, rng: Any = None) -> Any:
        return np.random.default_rng().normal(size=n if d is None else (n, d))


@fault(SAMPLE, "randomness comes from the generator alone")
@dataclass(frozen=True, eq=False)
class Global(nef.Distribution):
    def sample(self, n: int, d: Any = None, rng: Any = None) -> Any:
        np.random.random(3)
        return np.zeros(n if d is None else (n, d))


@dataclass(frozen=True, eq=False)
class Timed(nef.Process):
    """A process by a function of the time."""

    size = 2

    def values(self, t: Any) -> Any:
        return np.stack([t, np.sin(t)], axis=1)

    def start(self, size: int, dt: float, rng: Any) -> Any:
        return FunctionOfTime(self.values, dt, rng)


@fault(PROCESS, "values have a row for each step")
class OneColumn(Timed):
    def values(self, t: Any) -> Any:
        return t[:, None]


@fault(PROCESS, "single steps are one run")
class FromZero(Timed):
    def values(self, t: Any) -> Any:
        return super().values(t - t[:1])


@fault(PROCESS, "the same generator gives the same values")
class FreshNoise(Timed):
    def start(self, size: int, dt: float, rng: Any) -> Any:
        shift = np.random.default_rng().normal()
        return FunctionOfTime(lambda t: self.values(t) + shift, dt, rng)


class Hidden(Running):
    """Noise that was drawn at the start and is not in the state."""

    def __init__(self, rng: Any) -> None:
        super().__init__(rng, {})
        self.noise = rng.normal(size=(5000, 2))

    def __call__(self, first_step: int, n_steps: int) -> Any:
        return self.noise[first_step : first_step + n_steps]


@fault(PROCESS, "rng and state are all that a saved run needs")
class NotSaved(Timed):
    def start(self, size: int, dt: float, rng: Any) -> Any:
        return Hidden(rng)


@fault(PROCESS, "run gives the values of a network")
class NoRun(Timed):
    def run(self, *arguments: Any, **options: Any) -> Any:
        return super().run(*arguments, **options)[:-1]


# -- back ends -----------------------------------------------------------------------------


class Scaled:
    """A recorder of rows times a factor."""

    def __init__(self, recorder: Any, factor: float) -> None:
        self.recorder, self.factor, self.settle = recorder, factor, recorder.settle

    def add(self, probe: int, rows: Any) -> None:
        self.recorder.add(probe, rows * self.factor)


def scaled(factor: Callable[[Any, int], float]) -> Callable[..., Any]:
    """A back end whose records are multiplied by a factor of the state and of the call."""

    def prepare(built: Any, state: Any) -> Any:
        runner, calls = backend.prepare(built, state), [0]

        def run(n_steps: int, recorder: Any) -> None:
            runner(n_steps, Scaled(recorder, factor(state, calls[0])))
            calls[0] += 1

        return run

    return prepare


@fault(BACKEND, "records are those of the numpy back end")
def wrong_values() -> Any:
    return scaled(lambda state, call: 1.001)


@fault(BACKEND, "a run in pieces is a run in one")
def wrong_pieces() -> Any:
    return scaled(lambda state, call: 1.0 + 0.001 * call)


@fault(BACKEND, "trials of a batch are those of the numpy back end")
def wrong_trials() -> Any:
    return scaled(lambda state, call: 1.001 if state.signals[0].ndim > 1 else 1.0)


@fault(BACKEND, "runners are separate")
def one_runner() -> Any:
    runners: dict[int, Any] = {}  # with the program, so that no other gets its id

    def prepare(built: Any, state: Any) -> Any:
        return runners.setdefault(id(built), (backend.prepare(built, state), built))[0]

    return prepare
