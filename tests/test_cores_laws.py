"""Laws of how the interpreter's work is divided: stages, pieces, units and calls."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from nefsim.backends.compiled import cores, opcodes, stages
from nefsim.backends.compiled.stages import Loop, Mixed, Phase, Pieces, Rows


def table(*numbers: int) -> np.ndarray:
    """An instruction table whose rows write so many numbers."""
    found = np.full((len(numbers), opcodes.N_COLUMNS), 77)
    found[:, opcodes.N], found[:, opcodes.KIND] = numbers, opcodes.LOWPASS
    return found


# -- stages ------------------------------------------------------------------------------------


def rows(phases: Any, parts: Any = None, level: int = 0, sources: Any = ()) -> Rows:
    block: Any = SimpleNamespace(level=level, sources=sources)
    last = max((span[1] for units in phases for span in units), default=0)
    return Rows(block, [(0, last)] if parts is None else parts, phases)


def test_a_range_of_rows_costs_the_numbers_that_it_writes() -> None:
    assert stages.cost(table(1, 20, 300, 4000), (1, 3)) == 320


PHASES = [[(0, 1)], [(1, 2), (2, 3), (3, 4)], [(4, 5)], [(5, 6), (6, 7)]]


def test_a_loop_has_phases_of_units_with_enough_work_and_tails() -> None:
    loop = stages._loop(rows(PHASES), table(100, 1200, 1200, 1200, 500, 800, 700))
    assert loop == Loop(
        (0, 7),
        (0, 1),
        [
            Phase([(1, 2), (2, 3), (3, 4)], [1200, 1200, 1200], [(4, 5)]),
            Phase([(5, 6), (6, 7)], [800, 700], []),
        ],
        5700,
    )
    # A phase of less than 1500 numbers, or of one large unit, is not shared.
    for last in ((800, 699), (1600, 500)):
        loop = stages._loop(rows(PHASES), table(100, 1200, 1200, 1200, 500, *last))
        assert loop is not None and [len(phase.units) for phase in loop.phases] == [3]
        assert loop.phases[0].tail == [(4, 5), (5, 6), (6, 7)]


@pytest.mark.parametrize(("units", "shared"), [((3000, 1000), 0), ((2999, 1001), 1)])
def test_a_phase_is_shared_if_others_can_take_more_than_a_quarter(units: Any, shared: int) -> None:
    loop = stages._loop(rows([[(0, 1), (1, 2)]]), table(*units))
    assert (loop is not None) == shared


def test_small_loops_and_loops_without_units_are_not_shared() -> None:
    assert stages._loop(rows([[(0, 1)], [(1, 2)]]), table(9000, 9000)) is None
    assert stages._loop(rows([]), table()) is None
    two = rows([[(0, 1), (1, 2)], [(2, 3)]])
    assert stages._loop(two, table(1900, 1900, 199)) is None  # less than 4000 in all
    assert stages._loop(two, table(1900, 1900, 200)) is not None
    assert stages._loop(two, table(2000, 2000, 4001)) is None  # less than half is shared
    assert stages._loop(two, table(2000, 2000, 4000)) is not None


def test_blocks_in_python_end_a_pipeline() -> None:
    blocks = [
        rows([], [(0, 1)], 0),
        rows([], [3, (1, 2)], 1, {0}),
        rows([], [(2, 3)], 1, {0}),
        rows([], [], 1, {0}),  # a copy
        rows([], [(3, 4)], 2, {2, 3}),
        rows([], [(4, 5), (5, 6)], 3, {4}),
    ]
    assert [block.is_compiled for block in blocks] == [True, False, True, False, True, False]
    assert [*stages.stages(blocks, table(1, 2, 3, 4, 5, 6))] == [
        Pieces([(0, 1)], [0], [set()], [1]),
        Mixed([3, (1, 2)]),
        Pieces([(2, 3), (3, 4)], [1, 2], [set(), {0}], [3, 4]),
        Mixed([(4, 5), (5, 6)]),
    ]
    # Through the copy the last piece reads the first.
    del blocks[1]
    blocks[3] = rows([], [(3, 4)], 2, {1, 2})
    first, last = stages.stages(blocks, table(1, 2, 3, 4, 5, 6))
    assert first == Pieces([(0, 1), (2, 3), (3, 4)], [0, 1, 2], [set(), {0}, {0, 1}], [1, 3, 4])
    assert isinstance(last, Mixed)


# -- shares ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "n", "expected"),
    [
        ([1, 1, 1, 1], 2, [0, 0, 1, 1]),
        ([3, 1, 1, 1], 2, [0, 1, 1, 1]),
        ([1, 1, 1, 3], 2, [0, 0, 0, 1]),
        ([5, 5], 4, [0, 2]),
        ([1, 0], 2, [0, 1]),
        ([0, 0], 2, [0, 0]),
        ([], 3, []),
    ],
)
def test_a_share_begins_where_the_ones_before_are_full(
    cost: list[int], n: int, expected: list[int]
) -> None:
    assert cores.shares(cost, n) == expected


def test_units_are_ranges_of_about_equal_work() -> None:
    phase = Phase([(0, 2), (2, 3), (3, 5), (5, 9)], [1, 1, 1, 3], [])
    assert cores._units(phase, 2) == [(0, 5), (5, 9)]
    assert cores._units(phase, 99) == phase.units


def test_the_memory_of_shared_steps_lists_phases_and_their_units() -> None:
    k = opcodes
    phases = [Phase([(2, 4), (4, 6)], [5, 5], [(6, 7), (8, 9)]), Phase([(9, 11)], [5], [])]
    loop = Loop((0, 12), (0, 2), phases, 99)
    memory = cores.shared_memory(loop, 3)
    assert len(memory) == k.SHARED_WORDS + 2 * k.PHASE_WORDS + 3 * k.UNIT_WORDS
    assert memory.ctypes.data % 64 == 0 and memory.dtype == np.int64
    assert (memory[k.SHARED_PHASES], memory[k.SHARED_THREADS]) == (2, 3)
    assert memory[k.SHARED_YIELD] == cores.yield_address()
    first, second = (memory[k.SHARED_WORDS + i * k.PHASE_WORDS :] for i in range(2))
    units = k.SHARED_WORDS + 2 * k.PHASE_WORDS
    assert (first[k.PHASE_UNITS], first[k.PHASE_SIZE]) == (units, 2)
    assert (first[k.PHASE_TAIL], first[k.PHASE_TAIL_END]) == (6, 9)
    assert (first[k.PHASE_NEXT], first[k.PHASE_NEXT_END]) == (0, 0)
    assert (second[k.PHASE_UNITS], second[k.PHASE_SIZE]) == (units + 2 * k.UNIT_WORDS, 1)
    assert (second[k.PHASE_TAIL], second[k.PHASE_TAIL_END]) == (0, 0)
    assert (second[k.PHASE_NEXT], second[k.PHASE_NEXT_END]) == (0, 2)
    spans = [memory[units + i * k.UNIT_WORDS :][:3].tolist() for i in range(3)]
    assert spans == [[2, 4, 0], [4, 6, 0], [9, 11, 0]]


def test_a_phase_of_functions_in_python_has_no_units_and_then_rows() -> None:
    k = opcodes
    phases = [Phase([(2, 4), (4, 6)], [5, 5], []), Phase([], [], [(6, 8)], [3])]
    memory = cores.shared_memory(Loop((0, 8), (0, 2), phases, 99), 2)
    call = memory[k.SHARED_WORDS + k.PHASE_WORDS :]
    assert call[k.PHASE_SIZE] == 0
    assert (call[k.PHASE_TAIL], call[k.PHASE_TAIL_END]) == (6, 8)
    assert (call[k.PHASE_NEXT], call[k.PHASE_NEXT_END]) == (0, 2)


@pytest.mark.skipif(os.name == "nt", reason="functions of POSIX")
def test_the_system_has_a_function_that_lets_others_run() -> None:
    assert cores.yield_address() > 0


# -- calls -------------------------------------------------------------------------------------


class Calls:
    """Calls of the interpreter, by spans and rows, from several threads."""

    def __init__(self, monkeypatch: Any, n_cores: int, least: int) -> None:
        self.seen: list[Any] = []
        self.threads: set[int] = set()
        monkeypatch.setattr(cores, "cores", lambda: n_cores)
        monkeypatch.setattr(cores, "MIN_WORK_FOR_THREADS", least)
        monkeypatch.setattr(cores, "one_call", self.one_call)

    def one_call(self, arrays: Any, spans: Any, then: Any = ()) -> Any:
        def run(lo: int, hi: int) -> None:
            self.threads.add(threading.get_ident())
            self.seen.append((tuple(spans), lo, hi))

        return SimpleNamespace(rows=run)


STAGE = Pieces([(0, 1), (1, 2), (2, 3)], [1, 1, 2], [set(), set(), {0}], [10, 10, 10])


def test_a_chunk_with_little_work_is_one_call(monkeypatch: Any) -> None:
    every = tuple(STAGE.spans)
    for n_cores, least, stage in (
        (1, 0, STAGE),
        (2, 10**9, STAGE),
        (2, 0, Pieces([(0, 1)], [1], [set()], [10])),
    ):
        calls = Calls(monkeypatch, n_cores, least)
        cores.in_pieces((), stage)(3, 200)
        assert calls.seen == [(every if len(stage.spans) == 3 else ((0, 1),), 3, 200)]


@pytest.mark.parametrize("task", [1, 400, 10**6])
def test_pieces_of_a_pipeline_run_all_rows_in_whole_tiles(monkeypatch: Any, task: int) -> None:
    calls = Calls(monkeypatch, 2, 1)
    monkeypatch.setattr(cores, "TASK", task)
    cores.in_pieces((), STAGE)(5, 505)
    for span in STAGE.spans:
        of_span = sorted((lo, hi) for spans, lo, hi in calls.seen if span in spans)
        assert [row for lo, hi in of_span for row in range(lo, hi)] == [*range(5, 505)]
        assert all((lo - 5) % opcodes.TILE == 0 for lo, _ in of_span)
    order = [(spans, lo) for spans, lo, _ in calls.seen]
    for spans, lo in order:
        if (2, 3) in spans and (0, 1) not in spans:
            (source,) = (i for i, (s, at) in enumerate(order) if (0, 1) in s and at == lo)
            assert source < order.index((spans, lo))


@pytest.mark.parametrize(
    ("task", "least", "n_segments"), [(10**6, 1, 4), (10**6, 10**6, 1), (1, 1, 8), (3000, 1, 4)]
)
def test_a_pipeline_has_four_segments_or_tasks_of_a_size(
    task: int, least: int, n_segments: int, monkeypatch: Any
) -> None:
    calls = Calls(monkeypatch, 2, 1)
    monkeypatch.setattr(cores, "TASK", task)
    monkeypatch.setattr(cores, "LEAST_TASK", least)
    cores.in_pieces((), STAGE)(5, 505)
    assert len({lo for _, lo, _ in calls.seen}) == n_segments
    assert cores.SEGMENTS == 4


def test_blocks_of_one_level_run_whole_chunks(monkeypatch: Any) -> None:
    calls = Calls(monkeypatch, 2, 1)
    level = Pieces([(0, 1), (1, 2)], [1, 1], [set(), set()], [10, 10])
    cores.in_pieces((), level)(5, 505)
    assert sorted(calls.seen) == [(((0, 1),), 5, 505), (((1, 2),), 5, 505)]


def test_steps_are_shared_after_the_lead_of_the_first(monkeypatch: Any) -> None:
    calls = Calls(monkeypatch, 3, 100)
    seen: list[Any] = []
    lock = threading.Lock()

    def run(*arguments: Any) -> None:
        with lock:
            seen.append(arguments)

    monkeypatch.setattr(cores, "call_of", lambda arrays: (run, 7, (8, 9)))
    loop = Loop((0, 12), (0, 2), [Phase([(2, 4), (4, 6)], [5, 5], [])], 10)
    advance = cores.in_steps((), loop)
    advance(5, 14)  # 90 numbers
    assert calls.seen == [(((0, 12),), 5, 14)] and not seen
    advance(5, 15)
    assert calls.seen[1:] == [(((0, 2),), 5, 6)]
    numbers = sorted(call[2] for call in seen)
    assert -1 in numbers and set(numbers) <= {-1, -2, -3} and len(set(numbers)) == len(numbers)
    assert {(call[0], *call[3:]) for call in seen} == {(7, 5, 15, 8, 9)}
    Calls(monkeypatch, 1, 0)
    cores.in_steps((), loop)


def test_helpers_are_stopped_if_another_cannot_begin(monkeypatch: Any) -> None:
    ends = threading.Event()

    class Pool:
        def submit(self, work: Any, i: int) -> Any:
            if i == 2:
                raise RuntimeError("can't start new thread")
            return cores.ThreadPoolExecutor(1).submit(work, i)

    monkeypatch.setattr(cores, "pool", lambda n: Pool())
    with pytest.raises(RuntimeError, match="new thread"):
        cores.with_helpers(3, lambda i: ends.wait(60) and None, ends.set)
    assert ends.is_set()


def test_an_error_of_a_helper_is_raised() -> None:
    began = threading.Event()

    def work(number: int) -> None:
        if number:
            began.set()
            raise OSError("a helper failed")
        began.wait(10)

    with pytest.raises(OSError, match="a helper failed"):
        cores.with_helpers(2, work)
