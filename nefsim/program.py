"""The waist: what a network is to a back end.

A :class:`Program` is a list of signals and a list of operations on them, in the order of a
time step; a :class:`State` is what changes.  Each signal is written by one operation.  An
operation reads a signal either as it is in this step (delay 0) or as it was in the step
before (delay 1): the output of a filter is read with delay 1 by all that it drives, and
that is all there is to the order of a step.  Operations that do not depend on their own
output, however far around, may therefore run for many steps at once (see ``groups``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.learning import LearningRule
from nefsim.neurons import NeuronType
from nefsim.processes import Process, Running
from nefsim.sampling import Distribution, stream

Array = NDArray[np.float64]
Index = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Signal:
    """A vector that has one value in each step."""

    name: str
    size: int


@dataclass(frozen=True, eq=False)
class Read:
    """Some elements of a signal, of this step (delay 0) or of the step before (delay 1)."""

    signal: int
    delay: int = 0
    columns: Index | None = None


@dataclass(frozen=True, eq=False)
class Stream:
    """A place to draw random numbers from: a seed, and a key below it.

    ``own`` marks a seed that a user gave to this very object; it holds whatever seed the
    simulator is given.
    """

    seed: int
    key: tuple[int, ...] = ()
    own: bool = False

    def child(self, *key: int) -> Stream:
        """The stream of a part of this object."""
        return Stream(self.seed, (*self.key, *key), self.own)

    def generator(self, seed: int | None = None, trial: int = 0) -> np.random.Generator:
        """A generator; ``seed`` takes the place of a seed that is not the object's own."""
        root = self.seed if seed is None or self.own else seed
        return stream(root, *self.key, trial)


@dataclass(frozen=True, eq=False)
class Term:
    """One addend of a sum: ``matrix @ read``, added to the elements ``rows`` of the output.

    ``matrix`` is None or a number (times the identity), a (D,) diagonal, an (M, D) array or
    a SciPy sparse array.
    """

    read: Read
    matrix: Any = None
    rows: Index | None = None


@dataclass(frozen=True, eq=False)
class Sum:
    """``output = offset + sum of terms``: inputs that meet, encoding, decoding."""

    output: int
    terms: tuple[Term, ...]
    offset: Array | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """What the terms read."""
        return tuple(term.read for term in self.terms)


@dataclass(frozen=True, eq=False)
class Evaluate:
    """``output = function(t)``, ``function(t, x)`` or ``function(x)``, called in Python.

    ``form`` names the arguments: "t", "tx" or "x".
    """

    output: int
    function: Callable[..., Any]
    form: str
    name: str
    input: Read | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """The x that is read, if any."""
        return () if self.input is None else (self.input,)


@dataclass(frozen=True, eq=False)
class Play:
    """``output = process(t)``, a signal over time that depends on nothing but its seed."""

    output: int
    process: Process
    stream: Stream

    reads: tuple[Read, ...] = ()


Step = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Call:
    """``outputs = step(t, *inputs)``, in Python, with a memory that nobody else sees.

    ``start(trial)`` gives the step of a trial, which is called once for each time step and
    in order; with several outputs it returns one array for each.  Where ``chunked`` it takes
    times (n,) and inputs (n, size) and returns (n, size).  ``shared`` marks functions of a
    user, which may share variables with one another.
    """

    outputs: tuple[int, ...]
    reads: tuple[Read, ...]
    start: Callable[[int], Step]
    name: str
    chunked: bool = False
    shared: bool = False

    @property
    def output(self) -> int:
        """The first signal that is written."""
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class Neurons:
    """One step of a population: currents in, spikes (or rates) out.

    ``initial`` gives each state variable's start as a distribution or an array;
    ``observed`` names state variables that are copied into signals after each step.
    """

    output: int
    current: int
    neuron: NeuronType
    initial: Mapping[str, Distribution | Array]
    stream: Stream
    observed: tuple[tuple[str, int], ...] = ()

    @property
    def reads(self) -> tuple[Read, ...]:
        """The currents of this step."""
        return (Read(self.current),)


@dataclass(frozen=True, eq=False)
class Filter:
    """``output = H(z) input``, by its coefficients in z^-1; ``a[0]`` is 1.

    At the start it is at rest at ``start``, as if that had been its input and output for ever.
    """

    output: int
    input: int
    b: Array
    a: Array
    start: float = 0.0

    @property
    def reads(self) -> tuple[Read, ...]:
        """The input of this step."""
        return (Read(self.input),)


@dataclass(frozen=True, eq=False)
class Weigh:
    """``output = weights @ input``, with weights of its own that a :class:`Learn` changes.

    ``initial`` is (M, N); memory holds the transpose, a row for each input, so that what
    one spike adds lies together.  ``observed`` is a signal that shows the weights of each step.
    """

    output: int
    input: Read
    initial: Array
    observed: int | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """What is weighed."""
        return (self.input,)


@dataclass(frozen=True, eq=False)
class Part:
    """One rule and what it reads: traces by name, an error, a switch, and constants."""

    rule: LearningRule
    traces: Mapping[str, Read]
    error: Read | None
    gate: Read | None
    constants: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Learn:
    """Change the weights of the operation that writes signal ``weighing``, after it.

    All parts see the weights as they were; their changes are added in order.
    """

    weighing: int
    parts: tuple[Part, ...]
    name: str

    @property
    def reads(self) -> tuple[Read, ...]:
        """All of this step; the weights are changed after they have been used."""
        inputs = [[*part.traces.values(), part.error, part.gate] for part in self.parts]
        return (Read(self.weighing), *(r for reads in inputs for r in reads if r is not None))


Op = Sum | Evaluate | Play | Call | Neurons | Filter | Weigh | Learn


def outputs(op: Op) -> tuple[int, ...]:
    """The signals that an operation writes."""
    if isinstance(op, Learn):
        return ()
    if isinstance(op, Call):
        return op.outputs
    if isinstance(op, Neurons):
        return (op.output, *(signal for _, signal in op.observed))
    if isinstance(op, Weigh) and op.observed is not None:
        return (op.output, op.observed)
    return (op.output,)


@dataclass(frozen=True, eq=False)
class Group:
    """Operations that need each other's output step by step, in order; or just one.

    Where ``loop`` is False there is one operation, and it may run any number of steps at
    once.
    """

    ops: tuple[int, ...]
    loop: bool


@dataclass(frozen=True, eq=False)
class Record:
    """What a probe records: a signal, every ``every`` steps."""

    read: Read
    every: float


@dataclass(frozen=True, eq=False)
class Program:
    """A network as plain arrays and operations, ready for any back end.

    Attributes
    ----------
    dt : float [s]
        The time step.
    signals, ops, records : tuple
        What there is, what is done with it, and what is kept.
    groups : tuple of Group
        The operations in the order of a step; see :class:`Group`.
    """

    dt: float
    signals: tuple[Signal, ...]
    ops: tuple[Op, ...]
    groups: tuple[Group, ...]
    records: tuple[Record, ...]


@dataclass
class State:
    """All that changes while a program runs.

    Attributes
    ----------
    step : int
        Steps done so far.
    signals : list of ndarray
        Each signal's value in the last step.
    ops : list of dict of str to ndarray
        What each operation remembers.
    rngs : list of list of Generator
        The random streams of each population, one per trial.
    running : list of list of Running
        The processes under way, one per trial.
    steps : dict of int to list of callable
        The steps of each :class:`Call`, one per trial.
    """

    step: int
    signals: list[Array]
    ops: list[dict[str, Array]]
    rngs: list[list[np.random.Generator]]
    running: list[list[Running]]
    steps: dict[int, list[Step]] = field(default_factory=dict)


def initial_state(
    program: Program,
    seed: int | None = None,
    batch_size: int | None = None,
    dtype: Any = np.float64,
) -> State:
    """The state before the first step: filters at rest, neurons where their types start.

    Trials of a batch differ in what is random while running; the first is the unbatched run.
    """
    lead = () if batch_size is None else (batch_size,)
    trials = range(batch_size or 1)
    signals = [np.zeros((*lead, signal.size), dtype) for signal in program.signals]
    ops: list[dict[str, Array]] = []
    rngs: list[list[np.random.Generator]] = []
    running: list[list[Running]] = []
    for op in program.ops:
        memory: dict[str, Array] = {}
        streams: list[np.random.Generator] = []
        processes: list[Running] = []
        size = program.signals[outputs(op)[0]].size if outputs(op) else 0
        if isinstance(op, Neurons):
            starts = [_neuron_start(op, size, seed, trial) for trial in trials]
            initial = {
                name: np.stack([s[name] for s in starts]) if lead else starts[0][name]
                for name in op.initial
            }
            memory = {k: v.astype(dtype) for k, v in op.neuron.start(initial, program.dt).items()}
            drawn = (op.stream.child(1).generator(seed, trial) for trial in trials)
            streams = [op.neuron.generator(rng) for rng in drawn]
        elif isinstance(op, Play):
            generators = [op.stream.generator(seed, trial) for trial in trials]
            processes = [op.process.start(size, program.dt, rng) for rng in generators]
        elif isinstance(op, Filter):
            order = max(len(op.a), len(op.b)) - 1
            memory = {"z": np.zeros((order, *lead, size), dtype)}
            memory["z"] += _at_rest(op, order).reshape(order, *[1] * (1 + len(lead)))
        elif isinstance(op, Weigh):
            memory = {
                "weights": np.array(
                    np.broadcast_to(op.initial.T, (*lead, *op.initial.T.shape)), dtype
                )
            }
        elif isinstance(op, Learn):
            n_out, n_in = weighing(program, op).initial.shape
            for i, part in enumerate(op.parts):
                for name, value in part.rule.start(n_in, n_out, program.dt).items():
                    memory[f"{i} {name}"] = np.array(
                        np.broadcast_to(value, (*lead, *np.shape(value))), dtype
                    )
        ops.append(memory)
        rngs.append(streams)
        running.append(processes)
    steps = {
        i: [op.start(trial) for trial in trials]
        for i, op in enumerate(program.ops)
        if isinstance(op, Call)
    }
    return State(0, signals, ops, rngs, running, steps)


def weighing(program: Program, op: Learn) -> Weigh:
    """The operation whose weights are learned."""
    found = program.ops[weighing_index(program, op)]
    assert isinstance(found, Weigh)
    return found


def weighing_index(program: Program, op: Learn) -> int:
    """The place of the operation whose weights are learned."""
    return next(i for i, other in enumerate(program.ops) if op.weighing in outputs(other))


def _at_rest(op: Filter, order: int) -> Array:
    """The memory of a filter whose input and output have been ``op.start`` for ever."""
    b, a = (np.pad(part, (0, order + 1 - len(part))) for part in (op.b, op.a))
    left: Array = np.cumsum((b - a)[:0:-1])[::-1]
    return op.start * left


def _neuron_start(op: Neurons, size: int, seed: int | None, trial: int) -> dict[str, Array]:
    rng = op.stream.child(0).generator(seed, trial)
    return {
        name: start.sample(size, rng=rng) if isinstance(start, Distribution) else np.array(start)
        for name, start in op.initial.items()
    }


Snapshot = tuple[list[dict[str, Array]], list[list[Any]], list[list[tuple[Any, dict[str, Any]]]]]


def snapshot(state: State) -> Snapshot:
    """What operations remember, to be put back if the steps that follow fail."""
    return (
        [{name: value.copy() for name, value in memory.items()} for memory in state.ops],
        [[rng.bit_generator.state for rng in streams] for streams in state.rngs],
        [
            [(p.rng.bit_generator.state, {k: v.copy() for k, v in p.state.items()}) for p in trials]
            for trials in state.running
        ],
    )


def restore(state: State, before: Snapshot) -> None:
    """Put a snapshot back, into the very arrays that a back end holds."""
    memories, streams, processes = before
    for memory, old in zip(state.ops, memories, strict=True):
        for name, value in old.items():
            memory[name][...] = value
    for rngs, states in zip(state.rngs, streams, strict=True):
        for rng, was in zip(rngs, states, strict=True):
            rng.bit_generator.state = was
    for trials, olds in zip(state.running, processes, strict=True):
        for process, (rng_state, values) in zip(trials, olds, strict=True):
            process.rng.bit_generator.state = rng_state
            process.state.update({name: value.copy() for name, value in values.items()})
