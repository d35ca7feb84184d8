"""Signals, the operations on them, and the program that consists of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.filtering import Form
from nefsim.learning import LearningRule
from nefsim.neurons import NeuronType
from nefsim.processes import Process
from nefsim.sampling import Distribution
from nefsim.sampling.streams import generator_of

Array = NDArray[np.float64]
Index = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Signal:
    """A vector that changes from step to step; operations refer to it by its number."""

    name: str
    size: int


@dataclass(frozen=True, eq=False)
class Read:
    """The input of an operation: elements of a signal, of this step or (delay 1) the last."""

    signal: int
    delay: int = 0
    columns: Index | None = None


@dataclass(frozen=True, eq=False)
class Stream:
    """A stream of random numbers, identified by a seed and a key.

    If ``fixed``, the seed belongs to an object and the simulator's seed does not replace it.
    """

    seed: int
    key: tuple[int, ...] = ()
    fixed: bool = False

    def child(self, *key: int) -> Stream:
        """The stream of a part of the object, whose key is appended to this one."""
        return Stream(self.seed, (*self.key, *key), self.fixed)

    def generator(self, seed: int | None = None, trial: int = 0) -> np.random.Generator:
        """A generator of this stream for one trial; ``seed`` replaces a seed that is not fixed."""
        root = self.seed if seed is None or self.fixed else seed
        return generator_of(root, (*self.key, trial))


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
    """``output = offset + sum of terms``, for summed inputs, encoding and decoding.

    If ``is_input``, there are no terms, and ``offset`` is the initial value of an output that the
    state holds and that a user sets between steps.
    """

    output: int
    terms: tuple[Term, ...]
    offset: Array | None = None
    is_input: bool = False

    @property
    def reads(self) -> tuple[Read, ...]:
        """The reads of all terms."""
        return tuple(term.read for term in self.terms)


@dataclass(frozen=True, eq=False)
class Evaluate:
    """``output = function(t)``, ``function(t, x)`` or ``function(x)``, called in Python.

    ``form`` names the arguments: "t", "tx" or "x".  ``after`` reads the output of a function
    that must be called before this one in each step.
    """

    output: int
    function: Callable[..., Any]
    form: str
    name: str
    input: Read | None = None
    after: Read | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """Reads of x, if any, and of the function to be called before."""
        return tuple(read for read in (self.input, self.after) if read is not None)


@dataclass(frozen=True, eq=False)
class Play:
    """``output = process(t)``, a signal over time that has no input."""

    output: int
    process: Process
    stream: Stream

    reads: tuple[Read, ...] = ()


Step = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Call:
    """``outputs = step(t, *inputs)``, a Python function that may have memory.

    ``start(trial)`` returns ``step`` for one trial.  ``step`` is called once in each time step
    and returns an array, or one array for each of several outputs.  If ``chunked``, it accepts
    times (n,) and inputs (n, size) and returns (n, size).  ``shared`` marks functions of a
    user, which may share variables with one another.  ``after`` reads an output of the function
    that must be called before this one in each step.
    """

    outputs: tuple[int, ...]
    inputs: tuple[Read, ...]
    start: Callable[[int], Step]
    name: str
    chunked: bool = False
    shared: bool = False
    after: Read | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """Reads of the inputs, and of the function to be called before."""
        return self.inputs if self.after is None else (*self.inputs, self.after)

    @property
    def output(self) -> int:
        """The first signal that is written."""
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class Neurons:
    """``output = step(currents)``: the spikes or rates of a population of neurons.

    ``initial`` has the initial value of each state variable by name, as a distribution or an
    array.  ``observed`` maps names of state variables to the signals that record them.
    """

    output: int
    current: int
    neuron: NeuronType
    initial: Mapping[str, Distribution | Array]
    stream: Stream
    observed: tuple[tuple[str, int], ...] = ()

    @property
    def reads(self) -> tuple[Read, ...]:
        """All reads: that of the currents."""
        return (Read(self.current),)


@dataclass(frozen=True, eq=False)
class Filter:
    """``output = H(z) input``, a linear filter of each element of a signal.

    Before the first step input and output have been ``start`` for ever: one number, or one for
    each element.
    """

    output: int
    input: int
    form: Form
    start: float | Array = 0.0

    @property
    def reads(self) -> tuple[Read, ...]:
        """All reads: that of the input."""
        return (Read(self.input),)


@dataclass(frozen=True, eq=False)
class Weigh:
    """``output = weights @ input``, with weights that a :class:`Learn` changes.

    ``initial`` is (M, N); the state holds the transpose, so that the weights which one spike
    adds are contiguous.  ``observed`` is a signal with the weights of each step.

    Where PES changes weights onto neurons, ``initial`` may be few rows D of weights that are
    ``encoders @ D`` and the weights of another operation, whose output is ``rest``.  That one has
    ``is_rest``: no rule changes it, and it is left out while the state has 0 as ``in_use``
    (:mod:`.factored`).
    """

    output: int
    input: Read
    initial: Array
    observed: int | None = None
    encoders: Array | None = None
    rest: int | None = None
    is_rest: bool = False

    @property
    def reads(self) -> tuple[Read, ...]:
        """All reads: that of the input."""
        return (self.input,)

    @property
    def is_empty(self) -> bool:
        """Whether all weights are 0 and refer to one number."""
        return self.is_rest and not any(self.initial.strides)


@dataclass(frozen=True, eq=False)
class Part:
    """A learning rule with its inputs: filtered activities by name, an error, a gate, constants.

    ``start`` has initial values of the rule's state that replace those of the rule.
    """

    rule: LearningRule
    traces: Mapping[str, Read]
    error: Read | None
    gate: Read | None
    constants: Mapping[str, Any]
    start: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Learn:
    """Change the weights of the operation ``learned`` by learning rules, after it used them.

    Each rule computes its change from the weights of this step; the changes are then added.
    """

    learned: Weigh
    parts: tuple[Part, ...]
    name: str

    @property
    def reads(self) -> tuple[Read, ...]:
        """The reads of all rules, and of the output of ``learned``, which must run before."""
        inputs = [[*part.traces.values(), part.error, part.gate] for part in self.parts]
        return (Read(self.learned.output), *(r for reads in inputs for r in reads if r is not None))


Op = Sum | Evaluate | Play | Call | Neurons | Filter | Weigh | Learn


def outputs(op: Op) -> tuple[int, ...]:
    """The numbers of the signals that an operation writes."""
    if isinstance(op, Learn):
        return ()
    if isinstance(op, Call):
        return op.outputs
    if isinstance(op, Neurons):
        return (op.output, *(signal for _, signal in op.observed))
    if isinstance(op, Weigh) and op.observed is not None:
        return (op.output, op.observed)
    return (op.output,)


def writers(ops: Iterable[Op]) -> dict[int, int]:
    """The index of the operation that writes each signal, by the number of the signal."""
    return {signal: i for i, op in enumerate(ops) for signal in outputs(op)}


def read_size(signals: Sequence[Signal], read: Read) -> int:
    """The number of elements of a read."""
    size, columns = signals[read.signal].size, read.columns
    if columns is None:
        return size
    return len(range(size)[columns]) if isinstance(columns, slice) else len(columns)


@dataclass(frozen=True, eq=False)
class Group:
    """The operations of a loop, in the order of a step; or one operation outside of loops.

    Outside of loops (``loop`` is False), it may run any number of steps at once.
    """

    ops: tuple[int, ...]
    loop: bool


@dataclass(frozen=True, eq=False)
class Record:
    """The read that a probe records, and the interval between records in steps."""

    read: Read
    every: float


@dataclass(frozen=True, eq=False)
class Program:
    """A network as signals and operations, for any back end.

    Attributes
    ----------
    dt : float [s]
        The time step.
    signals : tuple of Signal
        The vectors that change in each step.
    ops : tuple of Op
        The operations that write the signals.
    records : tuple of Record
        The reads that probes record.
    groups : tuple of Group
        The operations in the order of a step; those of a loop are one group.

    See Also
    --------
    State : The arrays that change while a program runs.
    ProgramBuilder : Collects the parts of a program.
    """

    dt: float
    signals: tuple[Signal, ...]
    ops: tuple[Op, ...]
    groups: tuple[Group, ...]
    records: tuple[Record, ...]

    @cached_property
    def writer(self) -> dict[int, int]:
        """The index of the operation that writes each signal, by the number of the signal."""
        return writers(self.ops)

    @cached_property
    def n_readers(self) -> Counter[int]:
        """The number of reads of each signal by operations; probes do not count."""
        return Counter(read.signal for op in self.ops for read in op.reads)

    def size(self, read: Read) -> int:
        """The number of elements of a read."""
        return read_size(self.signals, read)

    def width(self, op: Op) -> int:
        """Size of the first signal that an operation writes."""
        return self.signals[outputs(op)[0]].size
