"""From a program to the table that the compiled interpreter runs.

Signals that one block of operations keeps to itself have a single row, so that the
neurons of a population stay in the cache; all others have a row for each step of a chunk.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nefsim.backends import codes as k
from nefsim.backends.lessons import emit_learn, emit_weigh
from nefsim.backends.populations import emit_neurons, worth
from nefsim.backends.spikewise import accumulators, emit_spikes, is_phase
from nefsim.backends.turns import HELD, encodes, inside, is_copy, is_lowpass, is_tall
from nefsim.filtering import StateSpace, order
from nefsim.neurons import InverseLIF
from nefsim.program import Filter, Learn, Neurons, Program, Read, State, Sum, Term, Weigh

Place = tuple[int, int]  # offset of row 0, and the stride from row to row


class Encoders(NamedTuple):
    """What an LIF population makes its currents of: ``offset + matrix @ source``."""

    source: Place
    matrix: NDArray[Any]
    offset: NDArray[np.float64]


class Table:
    """The operations of a program as rows of numbers, and the arrays they speak of.

    Parameters
    ----------
    program : Program
        What to run.
    state : State
        Where it starts; its memories are moved into ``data``.
    shared : set of int
        Signals that have a row for each step.
    exact : set of int
        Spikes of populations that take the exact step without a logarithm.
    ahead : set of int
        Operations that take many steps before the next has its turn.
    length : int
        Steps of a chunk.
    """

    def __init__(
        self,
        program: Program,
        state: State,
        shared: set[int],
        exact: set[int],
        ahead: set[int],
        length: int,
    ) -> None:
        self.program = program
        self.dtype = state.signals[0].dtype if state.signals else np.dtype(np.float64)
        self._ops: list[list[int]] = []
        self._constants: list[NDArray[Any]] = [np.zeros(k.LINE)]
        self._n_constants = k.LINE
        self._indices: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._n_indices = 1
        self._size = 0
        self._n_fired = self._n_counts = 0
        self._lists: dict[int, tuple[int, int]] = {}
        self._bits: dict[int, tuple[int, float]] = {}
        self.encoders: dict[int, Encoders] = {}
        # In float32 what spikes of a step add up to is rounded once, not with each of them.
        single = self.dtype == np.float32
        self.accumulators = {} if single else accumulators(program, shared)
        self._ahead = ahead
        self._ahead_rows: set[int] = set()
        self._inside = inside(program, exact, shared)
        self._same = {
            op.output: op.terms[0].read
            for op in program.ops
            if isinstance(op, Sum) and op.output not in shared and is_copy(op)
        }
        self.places: list[Place] = []
        for i, signal in enumerate(program.signals):
            stride = signal.size if i in shared else 0
            # A row may be written in whole lines.
            room = 0 if i in self._same else signal.size + stride * length + k.LINE
            self.places.append((self.room(room), stride))
        for i in self._same:
            self.places[i] = self._origin(i)
        start = self._size
        self.memories: list[dict[str, int]] = [
            {
                name: self.room(1 if is_phase(op, name) else _per_trial(value, state))
                for name, value in memory.items()
            }
            for op, memory in zip(program.ops, state.ops, strict=True)
        ]
        self.remembered = start, self._size

    # -- what operations are made of ---------------------------------------------------

    def room(self, size: int) -> int:
        """Offset of so many numbers that change."""
        self._size += size + -size % k.LINE
        return self._size - (size + -size % k.LINE)

    def constant(self, values: Any) -> int:
        """Offset of numbers that do not change."""
        flat = _in_lines(np.ravel(np.asarray(values, dtype=np.float64)))
        self._constants.append(flat)
        self._n_constants += flat.size
        return self._n_constants - flat.size

    def columns(self, matrix: NDArray[Any], *before: NDArray[Any]) -> int:
        """Offset of other columns and those of a matrix, each from a line of the cache on."""
        n, m = np.shape(matrix)
        lines = np.zeros((m, n + -n % k.LINE))
        lines[:, :n] = np.transpose(matrix)
        return self.constant(np.concatenate([*map(_in_lines, before), lines.ravel()]))

    def index(self, values: Any) -> int:
        """Offset of whole numbers."""
        flat = np.ravel(np.asarray(values, dtype=np.int64))
        self._indices.append(flat)
        self._n_indices += flat.size
        return self._n_indices - flat.size

    def op(self, kind: int, out: Place, n: int, source: Place = (0, 0), **columns: int) -> None:
        """One more row."""
        row = [0] * k.N_COLUMNS
        row[k.KIND], row[k.OUT], row[k.OUT_STRIDE], row[k.N] = kind, *out, n
        row[k.IN], row[k.IN_STRIDE] = source
        for name, value in columns.items():
            row[getattr(k, name)] = value
        self._ops.append(row)

    def place(self, read: Read) -> Place:
        """Where what is read lies, its delay taken off; a slice of it starts there too."""
        offset, stride = self.places[read.signal]
        start = read.columns.start if isinstance(read.columns, slice) else 0
        return offset + start - read.delay * stride, stride

    def size(self, read: Read) -> int:
        """How many elements are read."""
        size = self.program.signals[read.signal].size
        return size if read.columns is None else len(np.arange(size)[read.columns])

    def source(self, read: Read) -> tuple[Place, int]:
        """Where what is read lies in one piece, and its size; scattered elements are gathered."""
        place, size = self.place(read), self.size(read)
        if isinstance(read.columns, np.ndarray):
            gathered = (self.room(size), 0)
            self.op(k.GATHER, gathered, size, place, X=self.index(read.columns))
            return gathered, size
        return place, size

    def arrays(self, batch: int) -> tuple[Any, ...]:
        """The table and its arrays, for the interpreter."""
        together = 0
        for i in reversed(range(len(self._ops))):
            together = 0 if i in self._ahead_rows else together + 1
            self._ops[i][k.TOGETHER] = together
        return (
            np.array(self._ops, np.int64).reshape(-1, k.N_COLUMNS),
            _aligned((batch, self._size), self.dtype),
            np.concatenate(
                self._constants,
                out=_aligned((self._n_constants,), self.dtype),
                casting="same_kind",
            ),
            np.concatenate(self._indices),
            np.zeros((batch, max(self._n_fired, 1)), np.int64),
            np.zeros((batch, max(self._n_counts, 1)), np.int64),
        )

    def _origin(self, signal: int) -> Place:
        """Where a signal really lies that only repeats another."""
        read = self._same.get(signal)
        if read is None:
            return self.places[signal]
        offset, stride = self._origin(read.signal)
        start = read.columns.start if isinstance(read.columns, slice) else 0
        return offset + start - read.delay * stride, stride

    # -- who fired -----------------------------------------------------------------------

    def bits(self, signal: int, n: int, pulse: float) -> int:
        """Offset of a bit for each neuron and step of a tile, set when it gives out a pulse."""
        offset, self._n_fired = self._n_fired, self._n_fired + k.TILE * -(-n // 64)
        self._bits[signal] = offset, pulse
        return offset

    def lists(self, signal: int, n: int) -> dict[str, int]:
        """Columns that tell where a population lists who fires, and where it counts them."""
        fired, count = self._lists[signal] = self._n_fired, self._n_counts
        self._n_fired, self._n_counts = fired + n, count + 1
        return {"X": fired, "SET": count}

    def fires(self, read: Read) -> bool:
        """Whether it is known who of the whole population that is read fired in this step."""
        known = read.signal in self._bits or read.signal in self._lists
        return known and read.columns is None and not read.delay

    def listed(self, read: Read) -> tuple[int, int]:
        """Where those who fired are listed, and where counted; lists are made when asked for."""
        signal = read.signal
        if signal not in self._lists:
            n = self.size(read)
            lists = self.lists(signal, n)
            self.op(k.LISTED, (0, 0), n, X=lists["X"], S=lists["SET"], M=self._bits[signal][0])
        return self._lists[signal]

    # -- operations ----------------------------------------------------------------------

    def emit(self, index: int) -> range:
        """The rows of one operation of the program."""
        first = len(self._ops)
        op = self.program.ops[index]
        if isinstance(op, Sum):
            if op.output in self.accumulators:
                self._accumulate(op, self.accumulators[op.output])
            elif op.output not in self._same:
                self._sum(op)
        elif isinstance(op, Neurons):
            emit_neurons(self, op, self.memories[index])
        elif isinstance(op, Filter):
            self._filter(op, self.memories[index])
        elif isinstance(op, Weigh):
            emit_weigh(self, op, self.memories[index])
        elif isinstance(op, Learn):
            emit_learn(self, op, self.memories[index])
        rows = range(first, len(self._ops))
        if index in self._ahead:
            self._ahead_rows.update(rows)
        return rows

    def _filter(self, op: Filter, memory: dict[str, int]) -> None:
        n = self.program.signals[op.output].size
        out, source = self.places[op.output], self.places[op.input]
        m = order(op.form)
        if isinstance(op.form, StateSpace):
            c, scratch = self.constant(op.form.matrix()), self.room(m * n)
            self.op(k.STATE, out, n, source, C=c, S=memory["z"], M=m, SCRATCH=scratch)
            return
        if is_lowpass(op):
            (gain,), (_, a) = op.form
            c = self.constant([gain, -a, np.finfo(self.dtype).tiny * 1e9, 0.0])
            self.op(k.LOWPASS, out, n, source, C=c, S=memory["z"], M=1)
            return
        b, a = (np.pad(part, (0, m + 1 - len(part))) for part in op.form)
        c = self.constant([*b, *a])
        self.op(k.FILTER, out, n, source, C=c, S=memory["z"], M=m)

    def _sum(self, op: Sum) -> None:
        out, n = self.places[op.output], self.program.signals[op.output].size
        terms = list(op.terms)
        if op.offset is not None and terms and encodes(terms[0], n):
            term = terms.pop(0)
            source, m = self.place(term.read), self.size(term.read)
            if op.output in self._inside:
                self.encoders[op.output] = Encoders(source, np.asarray(term.matrix), op.offset)
            else:
                c = self.columns(term.matrix, op.offset)
                self.op(k.AFFINE, out, n, source, C=c, M=m)
        elif op.offset is not None:
            self.op(k.FILL, out, n, C=self.constant(op.offset), M=1)
        elif not terms or terms[0].rows is not None:
            self.op(k.FILL, out, n)
        for i, term in enumerate(terms):
            sets = int(i == 0 and op.offset is None and term.rows is None)
            self._term(term, out, n, sets)

    def _accumulate(self, op: Sum, population: int) -> None:
        """Spikes into what a population of inverse leaky neurons accumulates."""
        neurons, memory = self.program.ops[population], self.memories[population]
        assert isinstance(neurons, Neurons) and isinstance(neurons.neuron, InverseLIF)
        out, n = (memory["accumulated"], 0), self.program.signals[op.output].size
        for term in op.terms:
            source = self.place(term.read)
            emit_spikes(self, term, out, n, source, memory["steps_done"], worth(neurons.neuron))

    def _term(self, term: Term, out: Place, n: int, sets: int) -> None:
        """``out = ...`` or ``out += ...``, through a scratch row for scattered elements."""
        source, m = self.source(term.read)
        if term.rows is None:
            self._product(term, out, n, source, m, sets)
        elif isinstance(term.rows, slice):
            start, stop = term.rows.start, term.rows.stop
            self._product(term, (out[0] + start, out[1]), stop - start, source, m, sets)
        else:
            scratch, size = (self.room(len(term.rows)), 0), len(term.rows)
            self._product(term, scratch, size, source, m, 1)
            self.op(k.SCATTER, out, n, scratch, X=self.index(term.rows), M=size)

    def _product(self, term: Term, out: Place, n: int, source: Place, m: int, sets: int) -> None:
        matrix = term.matrix
        if hasattr(matrix, "tocsr"):
            self._sparse(term, out, n, source, sets)
        elif matrix is None or np.ndim(matrix) == 0:
            c = self.constant(1.0 if matrix is None else matrix)
            self.op(k.SCALE, out, n, source, C=c, M=m, SET=sets)
        elif np.ndim(matrix) == 1:
            self.op(k.DIAGONAL, out, n, source, C=self.constant(matrix), M=m, SET=sets)
        elif self.fires(term.read):
            self._of_spikes(term.read, np.asarray(matrix), out, n, source, sets)
        elif m >= HELD and n >= k.LINE:
            kept = self.room(m + -m % k.LINE + n)
            self.op(k.HELD, out, n, source, C=self.columns(matrix), M=m, S=kept, SET=sets)
        elif is_tall(matrix):
            self.op(k.COLUMNS, out, n, source, C=self.columns(matrix), M=m, SET=sets)
        else:
            self.op(k.ROWS, out, n, source, C=self.constant(matrix), M=m, SET=sets)

    def _of_spikes(
        self, read: Read, matrix: NDArray[Any], out: Place, n: int, source: Place, sets: int
    ) -> None:
        """Few outputs are summed over bits, many by the rows of those who fired."""
        if n < k.LINE and read.signal in self._bits:
            bits, pulse = self._bits[read.signal]
            lines = -(-matrix.shape[1] // (4 * k.LINE)) * 4
            padded = np.pad(matrix * pulse, ((0, 0), (0, lines * k.LINE - matrix.shape[1])))
            self.op(k.FIRED, out, n, C=self.constant(padded), X=bits, M=lines, SET=sets)
        else:
            fired, count = self.listed(read)
            kind, pulse = k.SPIKES, 1.0
            if read.signal in self._bits:
                kind, pulse = k.ROWS_OF_FIRED, self._bits[read.signal][1]
            c, m = self.constant(matrix.T * pulse), matrix.shape[1]
            self.op(kind, out, n, source, C=c, X=fired, S=count, M=m, SET=sets)

    def _sparse(self, term: Term, out: Place, n: int, source: Place, sets: int) -> None:
        """Row by row, or spike by spike and then column by column."""
        if self.fires(term.read):
            if sets:
                self.op(k.FILL, out, n)
            emit_spikes(self, term, out, n, source)
            return
        csr = term.matrix.tocsr()
        x = self.index(np.concatenate([csr.indptr, csr.indices]))
        c, m = self.constant(csr.data), csr.shape[1]
        if m >= HELD and csr.nnz > 2 * (m + n):
            kept = self.room(m + -m % k.LINE + n)
            self.op(k.HELD_SPARSE, out, n, source, C=c, X=x, M=m, S=kept, SET=sets)
        else:
            self.op(k.SPARSE, out, n, source, C=c, X=x, M=m, SET=sets)


def _in_lines(column: NDArray[Any]) -> NDArray[Any]:
    """A column, ending with a line of the cache."""
    lacking = -len(column) % k.LINE
    return np.concatenate([column, np.zeros(lacking)]) if lacking else column


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros from a line of the cache on: vectors that straddle lines are slow."""
    line, size = k.LINE * 8, math.prod(shape) * dtype.itemsize
    room = np.zeros(size + line, np.uint8)
    start = -room.ctypes.data % line
    return room[start : start + size].view(dtype).reshape(shape)


def _per_trial(value: NDArray[Any], state: State) -> int:
    """Numbers of a memory in one trial."""
    return value.size // (state.signals[0].shape[0] if state.signals[0].ndim == 2 else 1)
