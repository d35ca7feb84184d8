"""Laws of the instruction table: places in memory, calls, and blocks with Python between them."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import calls, make_plan, mixed, opcodes, table
from nefsim.backends.compiled.analysis import analytic_lif_outputs
from nefsim.backends.compiled.calls import Prepared
from nefsim.backends.compiled.table import Table, aligned, in_columns
from nefsim.lowering import build
from nefsim.program import (
    Neurons,
    Read,
    Term,
    initial_state,
)


class Stand(SimpleNamespace):
    """A stand-in for an engine, to which weak references are possible."""


def made(dtype: str = "float64", n: int = 10, batch: int | None = None) -> Table:
    net = nef.Network(seed=1)
    a = net.ensemble(n, 2)
    net.probe(a.neurons)
    net.probe(a, synapse=0.01)
    program = build(net, 0.001, 1).program
    state = initial_state(program, None, batch, dtype)
    analytic = analytic_lif_outputs(program, state)
    return Table(state, make_plan(program, batch or 1, analytic, dtype))


# -- memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "lanes"), [("float64", 8), ("float32", 16)])
def test_memory_is_reserved_in_whole_cache_lines(dtype: str, lanes: int) -> None:
    of = made(dtype)
    assert of.lanes == lanes
    offsets = [of.allocate(n) for n in (1, lanes, lanes + 1, 0, 3)]
    first = offsets[0]
    assert first % lanes == 0
    assert offsets == [first + k * lanes for k in (0, 1, 2, 4, 4)]
    assert of.scratch(2) == (first + 5 * lanes, 0)


def test_signals_have_rows_for_all_steps_and_a_line_to_write_beyond() -> None:
    of, at = made(), 0
    for i, signal in enumerate(of.program.signals):
        if i in of.plan.copies:
            continue
        offset, stride = of.addresses[i]
        assert stride == (signal.size if i in of.plan.materialized else 0)
        assert offset == at
        used = signal.size + stride * of.plan.length + 8
        at += -(-used // 8) * 8
    start, end = of.checkpoint
    assert start == at
    sizes = [v.size for memory in initial_state(of.program).ops for v in memory.values()]
    assert end - start == sum(-(-n // 8) * 8 for n in sizes)


@pytest.mark.parametrize("batch", [None, 3])
def test_a_state_variable_takes_the_memory_of_one_trial(batch: int | None) -> None:
    of = made(batch=batch)
    state = initial_state(of.program, None, batch)
    (memory,) = (m for m in state.ops if "voltage" in m)
    assert table._per_trial(memory["voltage"], state) == 10
    start, end = of.checkpoint
    assert end - start == made().checkpoint[1] - made().checkpoint[0]


def test_constants_and_indices_follow_one_another() -> None:
    of = made()
    first = of.constant([1.0, 2.0], 3.0)
    assert of.constant(np.ones((2, 5))) == first + 16
    assert of.columns(np.array([[1.0, 2.0], [3.0, 4.0]]), 9.0) == first + 32
    assert of.constant(7.0) == first + 32 + 8 + 16
    place = of.index([[4, 5], [6, 7]])
    assert (of.index(8), of.index([9, 10])) == (place + 4, place + 5)
    _, _, constants, indices, _, _ = of.arrays(1)
    assert constants[first : first + 16].tolist() == [1, 2, *[0] * 6, 3, *[0] * 7]
    assert constants[first + 16 : first + 32].tolist() == [*[1] * 10, *[0] * 6]
    expected = [9, *[0] * 7, 1, 3, *[0] * 6, 2, 4, *[0] * 6, 7]
    assert constants[first + 32 : first + 57].tolist() == expected
    assert indices[place : place + 7].tolist() == [4, 5, 6, 7, 8, 9, 10]
    assert constants.ctypes.data % 64 == 0


def test_columns_begin_at_cache_lines() -> None:
    matrix = np.arange(1.0, 19).reshape(9, 2)
    expected = np.concatenate([np.append(matrix[:, i], np.zeros(7)) for i in range(2)])
    np.testing.assert_array_equal(in_columns(matrix), expected)
    for shape in ((3,), (2, 5), (0,)):
        for dtype in (np.float64, np.float32):
            found = aligned(shape, np.dtype(dtype))
            assert found.shape == shape and found.dtype == dtype and not found.any()
            assert found.ctypes.data % 64 == 0 or not found.size


def test_spikes_and_words_are_counted() -> None:
    of = made()
    words, counts = of._n_spike_words, of._n_counts
    assert of.spike_bits(91, 65, 1000.0) == words  # two words of 64 neurons for each step
    assert of.bits[91] == (words, 1000.0)
    words += 2 * opcodes.TILE
    assert of.spike_list(92, 7) == {"X": words, "COUNT": counts}
    assert of.spike_list(93, 5) == {"X": words + 7, "COUNT": counts + 1}
    assert of.lists == {**of.lists, 92: (words, counts), 93: (words + 7, counts + 1)}
    assert (of.words(3), of.words(1)) == (words + 12, words + 15)
    assert of.generator(94, 6) == (counts + 2, words + 16)
    size = of._size
    assert of.report(95, 8) == (counts + 2 + 3, size)
    assert of.report(95, 8) == (counts + 5, size) and of._size == size + 16
    assert of.report(96, 7) == (counts + 8, size + 16) and of._size == size + 24
    shapes = [array.shape for array in of.arrays(2)[4:]]
    assert shapes == [(2, words + 22), (2, counts + 11)]


def test_steps_of_spikes_are_computed_by_one_row() -> None:
    of = made()
    spikes = next(op.output for op in of.program.ops if isinstance(op, Neurons))
    bits, rows = of.spike_bits(spikes, 10, 1000.0), len(of)
    offset = of.steps_of_spikes(spikes)
    assert offset == bits + opcodes.TILE and of.steps_of_spikes(spikes) == offset
    assert len(of) == rows + 1 and of.words(0) == offset + opcodes.TILE
    row = of.arrays(1)[0][-1]
    assert row[opcodes.KIND] == opcodes.STEPS_OF_SPIKES and row[opcodes.N] == 10
    assert (row[opcodes.X], row[opcodes.BITS]) == (offset, bits)


def test_reads_have_the_address_of_their_first_element() -> None:
    of = made()
    of.addresses[0], of.addresses[1] = (100, 10), (200, 0)
    assert of.address(Read(0)) == (100, 10)
    assert of.address(Read(0, 1)) == (90, 10)
    assert of.address(Read(0, 1, slice(3, 5))) == (93, 10)
    assert of.address(Read(1, 1, slice(3, 5))) == (203, 0)
    assert of.source(Read(0, 0, slice(3, 5))) == (
        (103, 10),
        of.program.size(Read(0, 0, slice(3, 5))),
    )
    rows, index = len(of), np.array([1, 0])
    (offset, stride), size = of.source(Read(0, 1, index))
    assert (stride, size) == (0, 2) and len(of) == rows + 1
    row = of.arrays(1)[0][-1]
    assert row[[opcodes.KIND, opcodes.OUT, opcodes.N]].tolist() == [opcodes.GATHER, offset, 2]
    assert row[[opcodes.IN, opcodes.IN_STRIDE]].tolist() == [90, 10]


def test_whole_populations_of_this_step_can_be_read_as_spikes() -> None:
    of = made()
    of.bits[90], of.lists[91] = (0, 1.0), (0, 0)
    of.spiking.add(92)
    sparse = scipy.sparse.csr_array(np.ones((2, 3)))
    for signal in (90, 91, 92):
        assert of.has_spikes(Read(signal)) and of.has_events(Term(Read(signal), sparse))
        assert of.has_events(Term(Read(signal, 0, slice(0, 3)), sparse))
        assert not of.has_spikes(Read(signal, 1)) and not of.has_spikes(
            Read(signal, 0, slice(0, 3))
        )
        assert not of.has_events(Term(Read(signal, 1), sparse))
        assert not of.has_events(Term(Read(signal), np.ones((2, 3))))
    assert not of.has_spikes(Read(93)) and not of.has_events(Term(Read(93), sparse))


def test_rows_know_how_many_take_each_step_together() -> None:
    of = made()
    first = len(of)
    for n in range(6):
        of.op(opcodes.SCALE, (n, 1), 2, (3, 4), C=5)
    of.mark_tiled(range(first + 2, first + 4))
    rows = of.arrays(1)[0][first:]
    assert rows[:, opcodes.SPAN].tolist() == [2, 1, 0, 0, 2, 1]
    columns = [opcodes.KIND, opcodes.OUT, opcodes.OUT_STRIDE, opcodes.N, opcodes.IN]
    assert rows[3][columns].tolist() == [opcodes.SCALE, 3, 1, 2, 3]
    assert rows[3][[opcodes.IN_STRIDE, opcodes.C]].tolist() == [4, 5]
    last = opcodes.FIRST_CELL + len(table.CELLS)
    of.op(last - 1, (0, 0), 1)
    for kind in (-1, last):
        with pytest.raises(ValueError, match=f"opcode {kind} is not defined"):
            of.op(kind, (0, 0), 1)


# -- calls -------------------------------------------------------------------------------------


def test_a_prepared_call_counts_its_row_and_runs_further_spans_a_row_later() -> None:
    seen: list[Any] = []

    def run(*arguments: int) -> None:
        seen.append(arguments)

    for then, more in (((0, 0), []), ((70, 2), [(10, 70, 2, 5, 6, 13, 14)])):
        seen.clear()
        prepared = Prepared(run, (10, 11, 12, 0, 1, 13, 14), None, then)  # type: ignore[arg-type]
        assert not prepared.is_atomic
        prepared.row = 4
        assert prepared.row == 4
        prepared()
        assert seen == [(10, 11, 12, 4, 5, 13, 14), *more] and prepared.row == 5
        seen.clear()
        prepared.rows(2, 9)
        assert seen[0] == (10, 11, 12, 2, 9, 13, 14)
    assert ctypes.sizeof(prepared._block) == 8 * 9
    assert calls.LO == 3 and calls.HI == 4


class Noted(Prepared):
    """A call that notes the rows which it computes."""

    __slots__ = ("name", "seen")

    def __init__(self, name: str, seen: list[Any]) -> None:
        self.name, self.seen = name, seen
        super().__init__(self.note, (0, 0, 0, 0, 1), None)  # type: ignore[arg-type]

    def note(self, *arguments: int) -> None:
        self.seen += [(self.name, row) for row in range(arguments[3], arguments[4])]


def block(parts: list[Any], engine: Any = None) -> tuple[Any, Any, list[Any]]:
    """The ``advance`` of a block of calls (texts) and operations in Python (numbers)."""
    seen: list[Any] = []
    engine = Stand(good=None, rows_done={}, takes={}) if engine is None else engine

    def advances(index: int) -> Any:
        return lambda lo, hi: seen.extend((index, row) for row in range(lo, hi))

    def joined(last: Noted, first: Noted) -> Any:
        return Noted(f"{last.name}{first.name}", seen)

    named = [Noted(part, seen) if isinstance(part, str) else part for part in parts]
    return mixed.mixed_advance(engine, named, advances, joined), engine, seen


def test_parts_take_turns_and_the_last_is_joined_with_the_next_first() -> None:
    advance, engine, seen = block(["a", 7, "b"])
    advance(2, 5)
    # The joined call runs the first part a row later by itself.
    assert seen == [("a", 2), (7, 2), ("ba", 2), (7, 3), ("ba", 3), (7, 4), ("b", 4)]
    assert engine.good == 5
    seen.clear()
    advance(5, 6)
    assert seen == [("a", 5), (7, 5), ("b", 5)] and engine.good == 6


@pytest.mark.parametrize("parts", [[7, "a"], ["a", 7], [7, 8], ["a", 7, 8], [7, "a", 8]])
def test_other_blocks_run_part_by_part(parts: list[Any]) -> None:
    advance, engine, seen = block(parts)
    advance(2, 5)
    assert seen == [(part, row) for row in (2, 3, 4) for part in parts]
    assert engine.good == 5


def test_functions_are_not_called_again_for_rows_that_are_repeated() -> None:
    taken: list[Any] = []
    engine = Stand(good=None, rows_done={7: 4}, takes={7: taken.append})
    advance, _, seen = block(["a", 7, "b"], engine)
    advance(2, 7)
    # Up to row 4 the slower way knows that the function was called.
    assert taken == [4, 5]
    assert [row for name, row in seen if name == 7] == [2, 3, 6]


def test_an_error_leaves_the_rows_that_are_complete() -> None:
    def fail(row: int) -> None:
        if row == 4:
            raise OSError

    engine = Stand(good=None, rows_done={}, takes={7: fail})
    advance, _, _ = block(["a", 7, "b"], engine)
    with pytest.raises(OSError):
        advance(2, 9)
    assert engine.good == 4
