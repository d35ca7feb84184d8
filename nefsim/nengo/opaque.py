"""Operators that only Nengo knows: they take their own steps, on memory of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import Operator, SimPyFunc
from nengo.builder.processes import SimProcess
from nengo.builder.signal import Signal, SignalDict
from nengo.exceptions import SimulationError
from nengo.utils.functions import function_name
from nengo.utils.numpy import maxint

from nefsim.nengo import known
from nefsim.network.functions import is_elementwise

Steps = Callable[..., Any]

#: Kinds of number of which Python tells quickly whether they are finite.
NUMBERS = (float, int, np.float64)


@dataclass
class World:
    """What changes in Nengo's own operators, in one trial.

    Parameters
    ----------
    model : Model
        What was built.
    operators : sequence of Operator
        All that may draw random numbers when they start, in the order of a step.
    guests : set of Operator
        Those that take their own steps.
    seed, trial : int
        Where random numbers come from.
    """

    model: Model
    operators: Sequence[Operator]
    guests: set[Operator]
    seed: int
    trial: int
    signals: SignalDict = field(default_factory=SignalDict)
    steps: dict[Operator, Callable[[], None]] = field(default_factory=dict)
    rngs: dict[Operator, np.random.RandomState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.operators:  # a generator takes as long as a small population
            return
        rng = np.random.RandomState((self.seed + self.trial) % 2**32)
        for op in self.operators:
            if op in self.guests:
                op.init_signals(self.signals)
        for op in self.operators:
            if op in self.guests:
                self.steps[op] = self._step(op, rng)
            elif isinstance(op, SimProcess):
                self._seed(op, rng)

    def _seed(self, op: SimProcess, rng: np.random.RandomState) -> None:
        """Nengo draws a seed for each process; filters of the program have no use for theirs."""
        if type(op.process) not in known.FILTERS:
            self.rngs[op] = op.process.get_rng(rng)
        elif op.process.seed is None:
            rng.randint(maxint)

    def _step(self, op: Operator, rng: np.random.RandomState) -> Callable[[], None]:
        if not isinstance(op, SimNeurons) or not op.state_extra:
            step: Callable[[], None] = op.make_step(self.signals, self.model.dt, rng)
            return step
        # Random numbers begin anew at each reset, which Nengo's own do not.
        state: dict[str, Any] = {name: self.signals[s] for name, s in op.state.items()}
        state |= {name: self._again(theirs) for name, theirs in op.state_extra.items()}
        J, output, dt = self.signals[op.J], self.signals[op.output], self.model.dt
        return lambda: op.neurons.step(dt, J, output, **state)

    def _again(self, rng: np.random.RandomState) -> np.random.RandomState:
        fresh = np.random.RandomState()
        fresh.set_state(rng.get_state())
        for _ in range(self.trial):
            fresh = np.random.RandomState(fresh.randint(2**31 - 1))
        return fresh


def stepper(
    world: World, op: Operator, inputs: Iterable[Signal], outputs: Iterable[Signal], token: bool
) -> Steps:
    """An operator's step as a function of what it reads from outside its own memory."""
    step = world.steps[op]
    into = [world.signals[signal] for signal in inputs]
    out = [world.signals[signal] for signal in outputs]
    added = [world.signals[signal] for signal in op.incs if signal in set(outputs)]
    time = [world.signals[s] for s in op.reads if s is world.model.time]
    count = [world.signals[s] for s in op.reads if s is world.model.step]
    dt, no_value = world.model.dt, [np.zeros(1)] * token

    def run(t: float, *values: Any) -> Any:
        for clock in time:
            clock[...] = t
        for counter in count:
            counter[...] = round(t / dt)
        for buffer, value in zip(into, values, strict=False):
            buffer[...] = value.reshape(buffer.shape)
        for buffer in added:
            buffer[...] = 0
        step()
        given = [*(buffer.ravel() for buffer in out), *no_value]
        return given[0] if len(given) == 1 else given

    return run


def is_at_once(op: SimPyFunc) -> bool:
    """Whether a function is NumPy's and takes the numbers of many steps at once."""
    alone = (op.t is None) != (op.x is None)
    if op.output is None or not alone or not is_elementwise(op.fn):
        return False
    return op.output.size == (1 if op.x is None else op.x.size)


def _not_finite(function: Any, value: Any) -> str:
    return f"{function_name(function)}: must return finite numbers, got {value!r}"


def function_at_once(op: SimPyFunc) -> Steps:
    """A NumPy function, of many times or values at once."""

    def run(t: Any, *values: Any) -> Any:
        value = op.fn(*values) if values else op.fn(t)[:, None]
        if not np.isfinite(value).all():
            raise SimulationError(_not_finite(op.fn, value))
        return value

    return run


def function_step(op: SimPyFunc) -> Steps:
    """The function of a node or a connection, called as Nengo calls it."""
    fn, takes_t, gives = op.fn, op.t is not None, op.output is not None
    shape = (0,) if op.output is None else op.output.shape

    def checked(value: Any) -> Any:
        try:
            if value is None or not np.isfinite(value).all():
                raise SimulationError(_not_finite(fn, value))
            result = np.empty(shape)
            result[...] = value
        except (TypeError, ValueError) as error:
            must = f"must return an array of shape {shape}"
            got = f"{value!r}, a {type(value).__name__}"
            raise SimulationError(f"{function_name(fn)}: {must}, got {got}") from error
        return result.ravel()

    def quick(value: Any) -> Any:
        """The common cases, in which one number tells whether all are finite."""
        kind = type(value)
        if kind in (list, tuple) and len(shape) == 1:
            try:
                value = np.array(value, np.float64)
            except (TypeError, ValueError):
                return checked(value)
            kind = np.ndarray
        if kind is np.ndarray and value.shape == shape and value.dtype == np.float64:
            total = float(value.dot(value))
            return value if isfinite(total) else checked(value)
        if kind in NUMBERS and shape == (1,) and isfinite(value):
            return value
        return checked(value)

    def run(t: float, *values: Any) -> Any:
        given = [value.copy() for value in values]
        value = fn(t, *given) if takes_t else fn(*given)
        return quick(value) if gives else 0.0

    return run


def functions_step(ops: Sequence[SimPyFunc]) -> Steps:
    """Functions of the time alone, called in turn."""
    runs = [function_step(op) for op in ops]
    if len(runs) == 1:
        return runs[0]
    return lambda t: [run(t) for run in runs]
