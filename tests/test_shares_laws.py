"""Laws of shares: values that arrive, blocks of steps, and processes that are threads here."""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from processes import NETWORKS

import nefsim as nef
from nefsim import backends
from nefsim.backends.distributed import pace, programs
from nefsim.backends.distributed.balance import assign
from nefsim.backends.distributed.cut import Cut, Offset, Partial, Port, Share, Whole
from nefsim.backends.distributed.fingerprint import fingerprint
from nefsim.backends.distributed.inflow import ROOM, Inflow
from nefsim.backends.distributed.programs import share_program
from nefsim.backends.distributed.share import _share_state
from nefsim.backends.distributed.team import Team, Transport, together
from nefsim.backends.distributed.units import find_units
from nefsim.lowering import build
from nefsim.program import Program, Read, Signal, Sum, Term, Weigh, initial_state, outputs
from nefsim.testing.backends import Recording

pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

# -- processes that exchange values ------------------------------------------------------------


class Post:
    """The messages between processes, and the numbers that all of them compare."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.queues: dict[Any, queue.Queue[Any]] = {}
        self.lock, self.barrier = threading.Lock(), threading.Barrier(n, timeout=60)
        self.given: dict[int, Any] = {}

    def queue(self, key: Any) -> queue.Queue[Any]:
        with self.lock:
            return self.queues.setdefault(key, queue.Queue())

    def all_of(self, process: int, mine: Any) -> list[Any]:
        self.given[process] = mine
        self.barrier.wait()
        found = [self.given[k] for k in range(self.n)]
        self.barrier.wait()
        return found


class Thread(Transport):
    """A process that is a thread."""

    def __init__(self, post: Post, process: int) -> None:
        self.post, self.process, self.n = post, process, post.n

    def send(self, sender: int, receiver: int, rows: Any) -> None:
        self.post.queue((sender, receiver)).put(np.array(rows))

    def receive(self, sender: int, receiver: int, like: Any) -> Any:
        rows = self.post.queue((sender, receiver)).get(timeout=60)
        assert rows.shape == like.shape and rows.dtype == like.dtype
        return rows

    def shared(self, *rows: dict[int, Any]) -> tuple[dict[int, Any], ...]:
        merged: tuple[dict[int, Any], ...] = tuple({} for _ in rows)
        for each in self.post.all_of(self.process, rows):
            for whole, part in zip(merged, each, strict=True):
                whole |= part
        return merged

    def least(self, number: int) -> int:
        return min(self.post.all_of(self.process, number))


def in_threads(net: nef.Network, n: int, pieces: Any, batch: int | None) -> list[list[Any]]:
    """The records that each process has."""
    post, found, errors = Post(n), [Recording() for _ in range(n)], []
    prepare = backends.module("numpy").prepare
    built = [build(net, 0.001, 1).program for _ in range(n)]

    def process(k: int) -> None:
        try:
            program = built[k]
            units = find_units(program)
            cut = Cut(program, units, assign(program, units, n), n)
            state = initial_state(program, 2, batch)
            team = Team(cut, state, prepare, (k,), Thread(post, k))
            for n_steps in pieces:
                team.run(n_steps, found[k])
            assert state.step == sum(pieces)
        except BaseException as error:
            errors.append(error)
            post.barrier.abort()

    threads = [threading.Thread(target=process, args=(k,)) for k in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return [recording.arrays() for recording in found]


@pytest.mark.parametrize(
    ("name", "n", "batch"),
    [("oscillator", 2, None), ("arrays", 3, None), ("delays", 3, None), ("arrays", 2, 2)],
)
def test_processes_have_the_records_of_shares_in_turn(name: str, n: int, batch: Any) -> None:
    net, pieces = NETWORKS[name](), (1, 70, 129)
    expected = Recording()
    built = build(net, 0.001, 1)
    prepare = together(n, backends.module("numpy").prepare)
    run = prepare(built, initial_state(built.program, 2, batch))
    for n_steps in pieces:
        run(n_steps, expected)
    for records in in_threads(net, n, pieces, batch):
        for actual, one in zip(records, expected.arrays(), strict=True):
            np.testing.assert_array_equal(actual, one)


def test_a_share_begins_with_the_values_and_memories_of_its_operations() -> None:
    program = build(NETWORKS["arrays"](), 0.001, 1).program
    units = find_units(program)
    cut = Cut(program, units, assign(program, units, 2), 2)
    state = initial_state(program, 2)
    for k, values in enumerate(state.signals):
        values += k + 1 + np.arange(values.size) / values.size
    taken: set[int] = set()
    used: dict[int, list[Any]] = {}
    for number in (0, 1):
        made = share_program(cut, number)
        own = _share_state(cut, made, state, taken)
        assert own.step == state.step == 0 and len(own.ops) == len(made.items)
        for k, (op, item) in enumerate(zip(made.program.ops, made.items, strict=True)):
            if not isinstance(item, Whole):
                assert own.ops[k] == {} and own.rngs[k] == own.running[k] == []
                continue
            used.setdefault(item.op, []).append(own.ops[k])
            assert own.rngs[k] is state.rngs[item.op] and own.running[k] is state.running[item.op]
            if not item.late and len(used[item.op]) == 1:
                assert own.ops[k] is state.ops[item.op] and item.op in taken
                for mine, its in zip(outputs(op), outputs(program.ops[item.op]), strict=True):
                    np.testing.assert_array_equal(own.signals[mine], state.signals[its])
            else:
                assert own.ops[k] is not state.ops[item.op]
    assert taken and len(used) > len(taken) / 2


# -- values that arrive ------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[1] * 300, [100, 1, 199], [300], [7, 64, 65, 164]])
def test_rows_stay_until_they_are_used(sizes: list[int]) -> None:
    """Also if many arrive before any is used."""
    inflow = Inflow([2, 2, 5], (3,), np.float32)
    assert inflow.least == 2 and inflow.have == 0
    rows = np.arange(1, 301, dtype=np.float32)[:, None, None] * np.ones((3, 3), np.float32)
    assert inflow.empty(4).shape == (4, 3, 3) and inflow.empty(4).dtype == np.float32
    used = 0
    for n in sizes:
        inflow.push(rows[inflow.have : inflow.have + n])
        if n != 100:
            out = np.full((inflow.have - used, 3, 3), -1.0, np.float32)
            inflow.fill(out, used, inflow.have)
            steps = np.arange(used + 1, inflow.have + 1)
            for column, lag in enumerate((2, 2, 5)):
                values = np.maximum(steps - lag, 0)
                np.testing.assert_array_equal(out[..., column], values[:, None] + np.zeros(3))
            used = inflow.have
    assert inflow.have == 300
    if sizes[0] == 1:
        assert len(inflow._rows) == 5 + ROOM  # no more memory is needed


# -- blocks of steps ---------------------------------------------------------------------------


def cut_of(*ports: tuple[int, int, int]) -> Any:
    """Processes 0 to 3, with ports (receiver, sender, lag)."""
    shares = {k: Share() for k in range(-2, 4)}
    for number, (receiver, sender, lag) in enumerate(ports):
        shares[receiver].ports.add(Port(sender, number, lag))
    return SimpleNamespace(shares=shares)


def test_a_block_is_as_long_as_the_shortest_lag_of_a_circle_allows() -> None:
    assert pace.edges(cut_of((1, 0, 3), (1, 0, 2), (0, -1, 0), (-2, 1, 0))) == {(0, 1): 2}
    chain = (1, 0, 1), (2, 1, 1)
    assert pace.longest_block(cut_of(*chain)) is None
    assert pace.longest_block(cut_of(*chain, (0, 2, 7))) == 7
    assert pace.longest_block(cut_of(*chain, (0, 2, 7), (1, 2, 3))) == 3
    assert pace.longest_block(cut_of((1, 0, 1), (0, 1, 1))) == 1
    assert pace.order({(2, 0), (0, 1)}) == [2, 0, 1]
    assert pace.order({(2, 0), (0, 2)}) is None
    assert sorted(pace.order({(2, 0)}, 4) or []) == [0, 1, 2, 3]


# -- columns -----------------------------------------------------------------------------------


def test_successive_numbers_are_a_slice() -> None:
    assert programs.as_slice([3]) == slice(3, 4) and programs.as_slice([2, 3, 4]) == slice(2, 5)
    for numbers in ([3, 2], [1, 3], [1, 1], []):
        found = programs.as_slice(numbers)
        assert isinstance(found, np.ndarray) and found.tolist() == numbers
    assert programs.within(slice(10, 15), None) == slice(10, 15)
    assert programs.within(slice(10, 15), slice(1, 3)) == slice(11, 13)
    found = programs.within(slice(10, 15), np.array([4, 0]))
    assert isinstance(found, np.ndarray) and found.tolist() == [14, 10]


def test_a_part_of_a_sum_has_the_rows_that_its_terms_add_to() -> None:
    terms = Term(Read(0), None, slice(3, 5)), Term(Read(0), None, np.array([1, 4]))
    op = Sum(1, terms)
    program = Program(0.001, (Signal("", 2), Signal("", 6)), (Sum(0, (), np.ones(2)), op), (), ())
    cut: Any = SimpleNamespace(program=program, parts=lambda i: {2: [*terms], 0: [Term(Read(0))]})
    assert programs.partial_rows(cut, Partial(1, 2)).tolist() == [1, 3, 4]
    assert programs.partial_rows(cut, Partial(1, 0)).tolist() == [0, 1, 2, 3, 4, 5]
    sizes = [programs.size_of(cut, value) for value in (0, 1, Partial(1, 2), Offset(1))]
    assert sizes == [2, 6, 3, 6]


def test_operations_of_a_share_are_in_the_order_of_the_program() -> None:
    items = [Whole(2, 1), Whole(2, 0), Partial(2, 3), Partial(2, 1), Offset(2), Whole(1, 5)]
    expected = [Whole(1, 5), Whole(2, 0), Whole(2, 1), Partial(2, 1), Partial(2, 3), Offset(2)]
    assert sorted(items, key=programs._key) == expected


# -- fingerprints ------------------------------------------------------------------------------


def test_programs_that_differ_in_any_part_have_other_fingerprints() -> None:
    import scipy.sparse

    def of(
        offset: Any = (1.0, 2.0),
        matrix: Any = None,
        name: str = "a",
        process: Any = (),
        weights: Any = 1.0,
    ) -> int:
        ops: Any = (
            Sum(0, (), None if offset is None else np.array(offset)),
            Sum(1, (Term(Read(0), matrix), Term(Read(0)))),
            Weigh(2, Read(0), np.full((2, 2), weights)),
        )
        signals = (Signal(name, 2), Signal("b", 2), Signal("c", 2))
        return fingerprint(Program(0.001, signals, ops, (), ()), dict(process))

    sparse = scipy.sparse.csr_array([[0.0, 5.0], [6.0, 0.0]])
    different: list[dict[str, Any]] = [
        {},
        {"offset": (1.0, 3.0)},
        {"offset": None},
        {"matrix": 2.0},
        {"matrix": np.ones((2, 2))},
        {"matrix": 2 * np.ones((2, 2))},
        {"matrix": sparse},
        {"matrix": 2 * sparse},
        {"name": "d"},
        {"process": [(0, 1)]},
        {"process": [(0, 1), (1, 0)]},
        {"weights": 2.0},
    ]
    numbers = [of(**options) for options in different]
    assert len({*numbers}) == len(numbers)
    assert numbers == [of(**options) for options in different]
    assert of(process=[(1, 0), (0, 1)]) == of(process=[(0, 1), (1, 0)])
