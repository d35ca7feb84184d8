"""The instruction table of a program, and the memory that its instructions refer to.

A signal that is used only within one fused block is stored for one step, so that the data of a
population stay in the cache.  Every other signal is stored for each step of a chunk.  The modules
of :mod:`.emit` add the instructions of each type of operation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.compiled import opcodes as k
from nefsim.backends.compiled.analysis import is_step_counter
from nefsim.backends.compiled.cells import CELLS
from nefsim.backends.compiled.draws import N_ADDRESSES
from nefsim.backends.compiled.driving import Drive
from nefsim.backends.compiled.plan import Plan
from nefsim.backends.compiled.split import memories
from nefsim.program import Filter, Read, State, Sum, Term

Address = tuple[int, int]  # offset of row 0, and the stride from row to row

#: First offset of weights that are not in the array of variables but in one of the state.
ELSEWHERE = 1 << 60


class Table:
    """Instructions as rows of integers, and the addresses of their arrays.

    Parameters
    ----------
    state : State
        The state, whose arrays get addresses.
    plan : Plan
        The program, and decisions on how to run it.

    Attributes
    ----------
    addresses : list of Address
        The address of each signal.
    memories : list of dict of str to int
        Offsets of the state variables of each operation, by name; those of parts are within
        those of the whole population.
    checkpoint : (int, int)
        Start and end of all memories.
    compact_flags : int or None
        Offset of a number for each operation, which is not 0 while the state of a population is
        one number for each neuron; None if it always is two.
    reports : dict of int to (int, int)
        For each operation with learned weights, by its index, the index of the first count of
        its report, and the offset of the bound of its weights; see :mod:`nefsim.backends.reports`.
    bits, lists, spiking : dict, dict, set
        Populations with spike bits, with a list of spikes, and those whose output can be listed.
    generators, filters : dict of int to int
        Signals that are drawn: index of the addresses of their generator, and for filtered noise
        the offset of the memory of the filter.
    decoded : dict of Term to Address
        The values of terms that populations compute themselves.
    """

    def __init__(self, state: State, plan: Plan) -> None:
        program = self.program = plan.program
        self.plan = plan
        self.dtype = state.signals[0].dtype if state.signals else np.dtype(np.float64)
        #: Numbers in a cache line.
        self.lanes = 8 * k.LINE // self.dtype.itemsize
        self._rows: list[list[int]] = []
        self._tiled_rows: set[int] = set()
        self._constants: list[NDArray[Any]] = [np.zeros(k.LINE)]
        self._n_constants = k.LINE
        self._numbers: dict[tuple[float, float], int] = {}
        self._indices: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._n_indices = 1
        self._size = 0
        self._n_spike_words = self._n_counts = 0
        self.lists: dict[int, tuple[int, int]] = {}
        self.spiking: set[int] = set()
        self.generators: dict[int, int] = {}
        self.filters: dict[int, int] = {}
        self.decoded: dict[Term, Address] = {}
        self.bits: dict[int, tuple[int, float]] = {}
        self._steps_of_spikes: dict[int, int] = {}
        self.addresses: list[Address] = []
        split = {whole for whole, _ in plan.parts.whole.values()} - plan.parts.complete
        for i, signal in enumerate(program.signals):
            if i in plan.parts.whole:
                whole, first = plan.parts.whole[i]
                offset, stride = self.addresses[whole]
                self.addresses.append((offset + first, stride))
                continue
            stride = signal.size if i in plan.materialized else 0
            if i in split:  # the kernel writes whole cache lines, and parts are written at once
                stride += -stride % self.lanes
            # The kernel may write a row in whole cache lines.
            size = 0 if i in plan.copies else signal.size + stride * plan.length + self.lanes
            self.addresses.append((self.allocate(size), stride))
        start = self._size
        self.memories = memories(plan.parts.origin, self._own_memories(state), len(program.ops))
        self._in_place = [state.ops[i]["weights"] for i in plan.in_place]
        for drive in (drive for each in plan.drives.values() for drive in each):
            self._allocate_drive(drive)
        self.compact_flags = self.allocate(len(program.ops)) if plan.compacts else None
        self.checkpoint = start, self._size
        self.reports: dict[int, tuple[int, int]] = {}
        for op, memory in zip(program.ops, self.memories, strict=True):
            if isinstance(op, Sum) and op.is_input and op.output not in plan.materialized:
                self.addresses[op.output] = memory["value"], 0
        for i in plan.copies:
            self.addresses[i] = self._origin(i)

    def __len__(self) -> int:
        return len(self._rows)

    def _own_memories(self, state: State) -> list[dict[str, int]]:
        """Offsets of the state variables of the operations that have a state.

        Refractory factors that most steps do not read lie apart from all others.
        """
        plan, own = self.plan, [dict.fromkeys(memory, 0) for memory in state.ops]
        for apart in (False, True):
            for i, memory in enumerate(state.ops):
                for name, value in memory.items():
                    if apart != (plan.compacts and name == "refractory_factor"):
                        continue
                    if name == "weights" and i in plan.in_place:
                        own[i][name] = ELSEWHERE + plan.in_place.index(i)
                    else:
                        is_one = is_step_counter(self.program.ops[i], name)
                        own[i][name] = self.allocate(1 if is_one else _per_trial(value, state))
        return own

    # -- numbers -----------------------------------------------------------------------

    def allocate(self, size: int) -> int:
        """Reserve ``size`` numbers that change; return their offset."""
        lines = size + -size % self.lanes
        self._size += lines
        return self._size - lines

    def scratch(self, size: int) -> Address:
        """Reserve ``size`` intermediate numbers of one step; return their address."""
        return self.allocate(size), 0

    def constant(self, *parts: Any) -> int:
        """Store constants, each part from a cache line on; return their offset."""
        lines = [_in_lines(np.ravel(np.asarray(part, dtype=np.float64))) for part in parts]
        offset = self._n_constants
        self._constants += lines
        self._n_constants += sum(line.size for line in lines)
        return offset

    def number(self, value: Any) -> int:
        """Store a constant number, if it is not stored yet; return its offset."""
        value = float(value)
        key = math.copysign(1.0, value), value
        if key not in self._numbers:
            self._numbers[key] = self.constant(value)
        return self._numbers[key]

    def columns(self, matrix: NDArray[Any], *before: Any) -> int:
        """Store constants, then the columns of a matrix; return their offset."""
        return self.constant(*before, in_columns(matrix))

    def index(self, values: Any) -> int:
        """Store integers; return their offset."""
        flat = np.ravel(np.asarray(values, dtype=np.int64))
        self._indices.append(flat)
        self._n_indices += flat.size
        return self._n_indices - flat.size

    def _allocate_drive(self, drive: Drive) -> None:
        """Addresses of the signals of a drive, among the memories.

        An output that is delayed and the memory of the delay are adjacent: the inputs of the
        filter in turn.
        """
        signals, ops = self.program.signals, self.program.ops
        source = self.program.ops[drive.source]
        assert isinstance(source, Sum)
        n = signals[source.output].size
        rows = self.allocate(max(drive.slots, 1) * n + k.LINE), 0
        self.addresses[source.output] = rows
        if drive.delay is not None:
            delay = ops[drive.delay]
            assert isinstance(delay, Filter)
            self.addresses[delay.output] = rows
            self.memories[drive.delay] = {"z": rows[0] + n}
        self.addresses[drive.term.read.signal] = self.allocate(n + k.LINE), 0

    # -- signals -----------------------------------------------------------------------

    def address(self, read: Read) -> Address:
        """Address of the first element of a read, in the row of this step or the last one."""
        offset, stride = self.addresses[read.signal]
        start = read.columns.start if isinstance(read.columns, slice) else 0
        return offset + start - read.delay * stride, stride

    def source(self, read: Read) -> tuple[Address, int]:
        """Address and size of a read; scattered elements are first copied to adjacent ones."""
        address, size = self.address(read), self.program.size(read)
        if isinstance(read.columns, np.ndarray):
            gathered = self.scratch(size)
            self.op(k.GATHER, gathered, size, address, X=self.index(read.columns))
            return gathered, size
        return address, size

    def _origin(self, signal: int) -> Address:
        """Address of a signal, or of the signal that it copies."""
        read = self.plan.copies.get(signal)
        if read is None:
            return self.addresses[signal]
        offset, stride = self._origin(read.signal)
        start = read.columns.start if isinstance(read.columns, slice) else 0
        return offset + start - read.delay * stride, stride

    # -- spikes ------------------------------------------------------------------------

    def spike_bits(self, signal: int, n: int, pulse: float) -> int:
        """Offset of a population's spike bits: for each neuron and step of a tile, 1 is a spike."""
        offset, self._n_spike_words = (
            self._n_spike_words,
            self._n_spike_words + k.TILE * -(-n // 64),
        )
        self.bits[signal] = offset, pulse
        return offset

    def spike_list(self, signal: int, n: int) -> dict[str, int]:
        """Entries for a population's row: offset of its list of spikes, index of their number."""
        offset, count = self.lists[signal] = self._n_spike_words, self._n_counts
        self._n_spike_words, self._n_counts = offset + n, count + 1
        return {"X": offset, "COUNT": count}

    def steps_of_spikes(self, signal: int) -> int:
        """Offset of a word for each neuron, with a bit for each step of a tile: 1 for a spike.

        The first call adds a row that computes them.
        """
        if signal not in self._steps_of_spikes:
            n = self.program.signals[signal].size
            offset = self._steps_of_spikes[signal] = self._n_spike_words
            self._n_spike_words += n + -n % k.TILE
            self.op(k.STEPS_OF_SPIKES, (0, 0), n, X=offset, BITS=self.bits[signal][0])
        return self._steps_of_spikes[signal]

    def words(self, n: int) -> int:
        """Offset of ``n`` words among the spike bits, for whole numbers or float64."""
        self._n_spike_words += n
        return self._n_spike_words - n

    def generator(self, signal: int, n: int) -> tuple[int, int]:
        """Index of the addresses of a signal's generator, and offset of n numbers in float64.

        The addresses are those of :func:`nefsim.backends.compiled.draws.addresses`.
        """
        self.generators[signal] = self._n_counts
        self._n_counts += N_ADDRESSES
        return self.generators[signal], self.words(n)

    def has_spikes(self, read: Read) -> bool:
        """Whether a read covers a whole population in this step that has or can list spikes."""
        known = (self.bits, self.lists, self.spiking)
        return (
            any(read.signal in signals for signals in known)
            and read.columns is None
            and not read.delay
        )

    # -- learned weights ---------------------------------------------------------------

    def report(self, weigh: int, n: int) -> tuple[int, int]:
        """The entry of ``reports`` for an operation with ``n`` outputs, made if there is none."""
        if weigh not in self.reports:
            self.reports[weigh] = self._n_counts, self.allocate(1 + n)
            self._n_counts += 3
        return self.reports[weigh]

    def has_events(self, term: Term) -> bool:
        """Whether a term adds sparse weights for each spike of this step."""
        signal, delay = term.read.signal, term.read.delay
        known = (self.bits, self.lists, self.spiking)
        is_listed = any(signal in signals for signals in known)
        return is_listed and not delay and hasattr(term.matrix, "tocsr")

    # -- rows --------------------------------------------------------------------------

    def op(self, kind: int, out: Address, n: int, source: Address = (0, 0), **columns: int) -> None:
        """Add an instruction: opcode, output, number of outputs, and input."""
        if not 0 <= kind < k.FIRST_CELL + len(CELLS):
            raise ValueError(f"opcode {kind} is not defined; add it to opcodes, within its group")
        row = [0] * k.N_COLUMNS
        row[k.KIND], row[k.OUT], row[k.OUT_STRIDE], row[k.N] = kind, *out, n
        row[k.IN], row[k.IN_STRIDE] = source
        for name, value in columns.items():
            row[getattr(k, name)] = value
        self._rows.append(row)

    def mark_tiled(self, rows: range) -> None:
        """Mark instructions that run a tile of steps at once."""
        self._tiled_rows.update(rows)

    def arrays(self, batch: int) -> tuple[Any, ...]:
        """The table and its arrays in the form that the interpreter reads."""
        span = 0
        for i in reversed(range(len(self._rows))):
            span = 0 if i in self._tiled_rows else span + 1
            self._rows[i][k.SPAN] = span
        rows = np.array(self._rows, np.int64).reshape(-1, k.N_COLUMNS)
        data = aligned((batch, self._size), self.dtype)
        for place, weights in enumerate(self._in_place):
            distance = weights.ctypes.data - data.ctypes.data
            rows[rows == ELSEWHERE + place] = distance // data.itemsize
        return (
            rows,
            data,
            np.concatenate(
                self._constants,
                out=aligned((self._n_constants,), self.dtype),
                casting="same_kind",
            ),
            np.concatenate(self._indices),
            np.zeros((batch, max(self._n_spike_words, 1)), np.int64),
            np.zeros((batch, max(self._n_counts, 1)), np.int64),
        )


def in_columns(matrix: NDArray[Any]) -> NDArray[Any]:
    """The columns of a matrix, each of which starts at a cache line."""
    n, m = np.shape(matrix)
    lines = np.zeros((m, n + -n % k.LINE))
    lines[:, :n] = np.transpose(matrix)
    return lines.ravel()


def _in_lines(numbers: NDArray[Any]) -> NDArray[Any]:
    """Pad numbers with zeros to whole cache lines."""
    padding = -len(numbers) % k.LINE
    return np.concatenate([numbers, np.zeros(padding)]) if padding else numbers


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of zeros that starts at a cache line; vectors across two lines are slow."""
    line, size = k.LINE * 8, math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + line, np.uint8)
    start = -memory.ctypes.data % line
    return memory[start : start + size].view(dtype).reshape(shape)


def _per_trial(value: NDArray[Any], state: State) -> int:
    """Size of a state variable in one trial."""
    return value.size // (state.signals[0].shape[0] if state.signals[0].ndim == 2 else 1)
