"""Signals, the operations on them, and the program that consists of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.filtering import Form
from nefsim.learning import LearningRule
from nefsim.neurons import NeuronType
from nefsim.processes import Process
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
    """A stream of random numbers: a seed, and a key below it.

    ``fixed`` marks the seed of a single object, which the seed of the simulator does not replace.
    """

    seed: int
    key: tuple[int, ...] = ()
    fixed: bool = False

    def child(self, *key: int) -> Stream:
        """The stream of a part of this object."""
        return Stream(self.seed, (*self.key, *key), self.fixed)

    def generator(self, seed: int | None = None, trial: int = 0) -> np.random.Generator:
        """A generator; ``seed`` replaces the seed of the network, except a fixed one."""
        root = self.seed if seed is None or self.fixed else seed
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
    """``output = offset + sum of terms``: sums of inputs, encoding, decoding.

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

    ``form`` names the arguments: "t", "tx" or "x".  ``after`` is the output of a function
    that is called first in each step.
    """

    output: int
    function: Callable[..., Any]
    form: str
    name: str
    input: Read | None = None
    after: Read | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """The input x, if any, and the output of the function that is called before."""
        return tuple(read for read in (self.input, self.after) if read is not None)


@dataclass(frozen=True, eq=False)
class Play:
    """``output = process(t)``, a signal over time that depends on its seed alone."""

    output: int
    process: Process
    stream: Stream

    reads: tuple[Read, ...] = ()


Step = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Call:
    """``outputs = step(t, *inputs)``, in Python, with private memory.

    ``start(trial)`` returns the step of a trial, which is called once for each time step and
    in order; with several outputs it returns one array for each.  If ``chunked``, the step
    accepts times (n,) and inputs (n, size) and returns (n, size).  ``shared`` marks functions
    of a user, which may share variables with one another; ``after`` is an output of the
    function that is called before this one in each step.
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
        """The inputs, and the output of the function that is called before."""
        return self.inputs if self.after is None else (*self.inputs, self.after)

    @property
    def output(self) -> int:
        """The first signal that is written."""
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class Neurons:
    """One step of a population: currents in, spikes (or rates) out.

    ``initial`` has the initial value of each state variable, a distribution or an array;
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
    """``output = H(z) input``, by its coefficients in z^-1 or by its state.

    At the start it is at rest at ``start``, a number or one for each element, as if that had been
    its input and output for ever.
    """

    output: int
    input: int
    form: Form
    start: float | Array = 0.0

    @property
    def reads(self) -> tuple[Read, ...]:
        """The input of this step."""
        return (Read(self.input),)


@dataclass(frozen=True, eq=False)
class Weigh:
    """``output = weights @ input``, with weights that a :class:`Learn` changes.

    ``initial`` is (M, N); the state holds the transpose, so that the weights which one spike
    adds are contiguous.  ``observed`` is a signal with the weights of each step.
    """

    output: int
    input: Read
    initial: Array
    observed: int | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """The input."""
        return (self.input,)


@dataclass(frozen=True, eq=False)
class Part:
    """One learning rule and its variables: traces by name, an error, a gate, and constants."""

    rule: LearningRule
    traces: Mapping[str, Read]
    error: Read | None
    gate: Read | None
    constants: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Learn:
    """Change the weights of the operation ``learned``, after it has used them.

    All parts read the old weights; their changes are added in order.
    """

    learned: Weigh
    parts: tuple[Part, ...]
    name: str

    @property
    def reads(self) -> tuple[Read, ...]:
        """Reads of this step; the output of ``learned`` is one, so that it comes first."""
        inputs = [[*part.traces.values(), part.error, part.gate] for part in self.parts]
        return (Read(self.learned.output), *(r for reads in inputs for r in reads if r is not None))


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


def writers(ops: Iterable[Op]) -> dict[int, int]:
    """The index of the operation that writes each signal."""
    return {signal: i for i, op in enumerate(ops) for signal in outputs(op)}


def read_size(signals: Sequence[Signal], read: Read) -> int:
    """The number of elements of a signal that are read."""
    size, columns = signals[read.signal].size, read.columns
    if columns is None:
        return size
    return len(range(size)[columns]) if isinstance(columns, slice) else len(columns)


@dataclass(frozen=True, eq=False)
class Group:
    """Operations that depend on one another from step to step, in order; or a single one.

    If ``loop`` is False, there is one operation, and it may run any number of steps at once.
    """

    ops: tuple[int, ...]
    loop: bool


@dataclass(frozen=True, eq=False)
class Record:
    """The signal that a probe records, and the interval in steps."""

    read: Read
    every: float


@dataclass(frozen=True, eq=False)
class Program:
    """A network as signals and operations, for any back end.

    Attributes
    ----------
    dt : float [s]
        The time step.
    signals, ops, records : tuple
        The vectors, the operations that write them, and the records of probes.
    groups : tuple of Group
        The operations in the order of a step; see :class:`Group`.

    See Also
    --------
    State : The arrays that change while a program runs.
    ProgramBuilder : Makes programs.
    """

    dt: float
    signals: tuple[Signal, ...]
    ops: tuple[Op, ...]
    groups: tuple[Group, ...]
    records: tuple[Record, ...]

    @cached_property
    def writer(self) -> dict[int, int]:
        """The index of the operation that writes each signal."""
        return writers(self.ops)

    @cached_property
    def n_readers(self) -> Counter[int]:
        """The number of reads of each signal by operations; probes do not count."""
        return Counter(read.signal for op in self.ops for read in op.reads)

    def size(self, read: Read) -> int:
        """The number of elements of a signal that are read."""
        return read_size(self.signals, read)

    def width(self, op: Op) -> int:
        """Size of the first signal that an operation writes."""
        return self.signals[outputs(op)[0]].size
