"""Run operators that nefsim does not support by Nengo's code, on Nengo's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
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

from nefsim.backends.results import NUMBERS, FunctionOfTimes, UserFunction
from nefsim.nengo import supported
from nefsim.network.functions import is_elementwise

Steps = Callable[..., Any]


@dataclass
class NengoOperatorState:
    """The memory and the random generators of unsupported operators, in one trial.

    Parameters
    ----------
    model : Model
        The built model.
    operators : sequence of Operator
        Operators that may draw random numbers when they start, in the order of a step.
    unsupported : set of Operator
        Operators that run Nengo's code.
    seed, trial : int
        Seed of the random numbers, and the index of the trial.

    Attributes
    ----------
    signals : SignalDict
        The memory of operators that run Nengo's code.
    steps : dict of Operator to callable
        The step of each of these operators.
    rngs : dict of Operator to RandomState
        The generator of each process that nefsim runs.
    generators : list of RandomState
        All generators that may be used in steps, in the order in which operators start.
    """

    model: Model
    operators: Sequence[Operator]
    unsupported: set[Operator]
    seed: int
    trial: int
    signals: SignalDict = field(default_factory=SignalDict)
    steps: dict[Operator, Callable[[], None]] = field(default_factory=dict)
    rngs: dict[Operator, np.random.RandomState] = field(default_factory=dict)
    generators: list[np.random.RandomState] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.operators:  # a new generator takes as long as a small population
            return
        rng = np.random.RandomState((self.seed + self.trial) % 2**32)
        self.generators.append(rng)
        for op in self.operators:
            if op in self.unsupported:
                op.init_signals(self.signals)
        for op in self.operators:
            if op in self.unsupported:
                self.steps[op] = self._step(op, rng)
            elif isinstance(op, SimProcess):
                self._seed(op, rng)

    def _seed(self, op: SimProcess, rng: np.random.RandomState) -> None:
        """Draw the seed of a process or filter from ``rng``, in the order of Nengo."""
        if type(op.process) not in supported.FILTERS:
            self.rngs[op] = op.process.get_rng(rng)
            self.generators.append(self.rngs[op])
        elif op.process.seed is None:
            rng.randint(maxint)

    def _step(self, op: Operator, rng: np.random.RandomState) -> Callable[[], None]:
        step: Callable[[], None]
        if type(op) is SimProcess:
            process: Any = _Process(op.process)
            op = copy(op)
            op.process = process
            step = op.make_step(self.signals, self.model.dt, rng)
            self.generators += process.generators
            return step
        if not isinstance(op, SimNeurons) or not op.state_extra:
            step = op.make_step(self.signals, self.model.dt, rng)
            return step
        # The generator restarts at each reset, unlike in Nengo's simulator.
        state: dict[str, Any] = {name: self.signals[s] for name, s in op.state.items()}
        state |= {name: self._copy(generator) for name, generator in op.state_extra.items()}
        J, output, dt = self.signals[op.J], self.signals[op.output], self.model.dt
        return lambda: op.neurons.step(dt, J, output, **state)

    def _copy(self, rng: np.random.RandomState) -> np.random.RandomState:
        own = np.random.RandomState()
        own.set_state(rng.get_state())
        for _ in range(self.trial):
            own = np.random.RandomState(own.randint(2**31 - 1))
        self.generators.append(own)
        return own


class _Process:
    """One of Nengo's processes, whose random generator can be saved and set."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self.generators: list[np.random.RandomState] = []

    def get_rng(self, rng: np.random.RandomState) -> Any:
        """The generator of the process."""
        found = self._process.get_rng(rng)
        if isinstance(found, np.random.RandomState):
            self.generators.append(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._process, name)


def stepper(
    operator_state: NengoOperatorState,
    op: Operator,
    inputs: Iterable[Signal],
    outputs: Iterable[Signal],
    token: bool,
) -> Steps:
    """The step of an unsupported operator, as a function of time and inputs."""
    step = operator_state.steps[op]
    into = [operator_state.signals[signal] for signal in inputs]
    out = [operator_state.signals[signal] for signal in outputs]
    sums = [operator_state.signals[signal] for signal in op.incs if signal in set(outputs)]
    time = [operator_state.signals[s] for s in op.reads if s is operator_state.model.time]
    count = [operator_state.signals[s] for s in op.reads if s is operator_state.model.step]
    dt, no_value = operator_state.model.dt, [np.zeros(1)] * token

    def run(t: float, *values: Any) -> Any:
        for clock in time:
            clock[...] = t
        for counter in count:
            counter[...] = round(t / dt)
        for buffer, value in zip(into, values, strict=False):
            buffer[...] = value.reshape(buffer.shape)
        for buffer in sums:
            buffer[...] = 0
        step()
        results = [*(buffer.ravel() for buffer in out), *no_value]
        return results[0] if len(results) == 1 else results

    return run


def is_at_once(op: SimPyFunc) -> bool:
    """Whether a function is one of NumPy with one argument, so that it can compute many steps."""
    has_one_argument = (op.t is None) != (op.x is None)
    if op.output is None or not has_one_argument or not is_elementwise(op.fn):
        return False
    return op.output.size == (1 if op.x is None else op.x.size)


def _not_finite(function: Any, value: Any) -> str:
    return f"{function_name(function)}: must return finite numbers, got {value!r}"


def function_at_once(op: SimPyFunc) -> Steps:
    """The step of a NumPy function, which accepts many times or values at once."""

    def run(t: Any, *values: Any) -> Any:
        value = op.fn(*values) if values else op.fn(t)[:, None]
        if not np.isfinite(value).all():
            raise SimulationError(_not_finite(op.fn, value))
        return value

    return FunctionOfTimes(run)


def function_step(op: SimPyFunc) -> Steps:
    """The step of a function of a node or a connection, called as Nengo calls it."""
    fn, has_t, has_output = op.fn, op.t is not None, op.output is not None
    shape = (1,) if op.output is None else op.output.shape

    def check_result(value: Any) -> Any:
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

    def quick(value: Any, row: int) -> Any:
        """Check quickly that common values are finite: their sum of squares is finite."""
        del row
        kind = type(value)
        if kind in (list, tuple) and len(shape) == 1:
            try:
                value = np.array(value, np.float64)
            except (TypeError, ValueError):
                return check_result(value)
            kind = np.ndarray
        if kind is np.ndarray and value.shape == shape and value.dtype == np.float64:
            total = float(value.dot(value))
            return value if isfinite(total) else check_result(value)
        if kind in NUMBERS and shape == (1,) and isfinite(value):
            return value
        return check_result(value)

    form = ("t" if has_t else "") + ("" if op.x is None else "x")
    if has_output:
        return UserFunction(fn, form, quick)

    def without_output(*arguments: Any) -> float:
        fn(*arguments)
        return 0.0

    return UserFunction(without_output, form, quick)


def functions_step(ops: Sequence[SimPyFunc]) -> Steps:
    """The step of several functions that depend on time alone, called in order."""
    runs = [function_step(op) for op in ops]
    if len(runs) == 1:
        return runs[0]
    return lambda t: [run(t) for run in runs]
