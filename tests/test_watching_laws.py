"""Laws of the watch over inputs: when it looks, what it counts, and which signals it adds up."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.lowering import build
from nefsim.program import Read, Sum, Term, outputs
from nefsim.program.operations import Signal
from nefsim.watching import inputs, watch


def ensembles(*dimensions: int, **options: Any) -> list[nef.Ensemble]:
    net = nef.Network(seed=1)
    return [net.ensemble(10 * d, d, **options) for d in dimensions]


class Found:
    """Inputs of given lengths."""

    def __init__(self, things: list[nef.Ensemble], lengths: Any = (), n: int = 1) -> None:
        self.ensembles, self.n = (*things,), n
        self.reach = np.array([thing.radius for thing in things])
        self.looked: list[int] = []
        self._lengths = np.array(lengths, float)

    def lengths(self, rows: Any) -> Any:
        self.looked += rows.tolist()
        return np.tile(self._lengths, (len(rows), 1))


def watched(
    monkeypatch: pytest.MonkeyPatch, things: list[nef.Ensemble], lengths: Any, n: int = 1
) -> tuple[watch.Watch, Found]:
    found = Found(things, lengths, n)
    monkeypatch.setattr(watch, "Inputs", lambda *given: found)
    built: Any = SimpleNamespace(ensembles=things, connections={}, probe_data={})
    return watch.Watch(built), found


@pytest.mark.parametrize("stored", [True, False])
def test_looks_take_half_a_hundredth_of_the_time_of_steps(
    stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = ensembles(1, 3)  # 40 neurons
    seen, _ = watched(monkeypatch, things, [0.5, 0.5], n=250)
    rows = np.zeros(1)
    seen(SimpleNamespace(rows=[rows, rows if stored else None]), 0, 100)  # type: ignore[arg-type]
    # A compiled step is 10 ns and half a nanosecond a neuron, NumPy adds 10 us; a look 25 us and
    # 0.1 us a number, with cold caches 75 us more; the first one 40 us and 8 us a number.
    step = 10e-9 + 40 * 0.5e-9 + (10e-6 if stored else 0.0)
    look = 25e-6 + 250 * 0.1e-6 + (0.0 if stored else 75e-6)
    assert seen._interval == round(look / 0.005 / step)
    assert seen._first_after_reset == round((look + 40e-6 + 250 * 8e-6) / 0.005 / step)
    assert seen._next == 100 + seen._interval
    seen.restart()
    assert seen._next == seen._first_after_reset and seen._inputs is None


def test_one_of_fifty_steps_is_looked_at_up_to_twenty_of_a_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, found = watched(monkeypatch, ensembles(1), [0.5])
    engine: Any = SimpleNamespace(rows=[np.zeros(1)])
    seen(engine, 0, 99)
    assert seen.n_samples == 0 and seen.shares() is None
    seen(engine, 0, 100)
    assert found.looked == [50, 100] and seen.n_samples == 2
    del found.looked[:]
    seen(engine, 100, seen._interval - 1)
    assert not found.looked
    seen(engine, 100, seen._interval)
    n = min(seen._interval // 50, 20)
    assert len(found.looked) == n
    del found.looked[:]
    seen._next = 0
    seen(engine, 0, 1010)
    assert found.looked == [((k + 1) * 1010) // 20 for k in range(20)]
    seen.n_samples, seen._next = 997, 0
    del found.looked[:]
    seen(engine, 0, 1000)
    assert len(found.looked) == 3 and seen.n_samples == 1000
    seen._next = 0
    seen(engine, 0, 1000)
    assert len(found.looked) == 3


def test_inputs_are_beyond_the_radius_and_beyond_their_slack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    things = ensembles(*[1] * 6, radius=2.0)
    at = [2.0 * (1 + 0.5e-9), 2.0 * (1 + 1.5e-9), 1.99, 2.2, 2.2 + 1e-9, 2.5]
    seen, _ = watched(monkeypatch, things, at)
    seen(SimpleNamespace(rows=[np.zeros(1)]), 0, 1000)  # type: ignore[arg-type]
    assert seen.beyond.tolist() == [0, 20, 0, 20, 20, 20]
    assert seen.far.tolist() == [0, 0, 0, 0, 20, 20] and seen.longest.tolist() == at
    assert seen.shares() == dict(zip(things, [0.0, 1.0, 0.0, 1.0, 1.0, 1.0], strict=True))


@pytest.mark.parametrize(
    ("n_samples", "far", "warned"),
    [(19, 19, False), (20, 20, True), (20, 2, False), (20, 3, True), (100, 10, False)],
)
def test_populations_are_warned_of_after_twenty_steps_of_which_more_than_a_tenth_are_far(
    n_samples: int, far: int, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, _ = watched(monkeypatch, ensembles(1), [1.5])
    seen(SimpleNamespace(rows=[np.zeros(1)]), 0, 1000)  # type: ignore[arg-type]
    seen.n_samples, seen.far = n_samples, np.array([far])
    for again in (warned, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            seen.warn()
        assert [w.category for w in caught] == [nef.RadiusWarning] * again
        if again:
            share = f"{far / n_samples:.0%} of {n_samples} sampled steps"
            words = f"got longer ones than 1.1 in {share}"
            assert words in str(caught[0].message) and "radius=1.5 to" in str(caught[0].message)


def test_the_slack_of_a_population_is_that_of_its_dimensions() -> None:
    slack = [watch._slack(thing) for thing in ensembles(1, 2, 3, 4, 5)]
    assert slack == [1.1, 1.18, 1.25, 1.3, 1.3]


def test_the_reach_is_the_radius_or_the_longest_point_of_a_decoder() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 2), net.ensemble(10, 2, eval_points=[[0.0, 0.6], [0.1, 0.1]])
    c = net.ensemble(10, 2, eval_points=[[3.0, 4.0], [1.0, 1.0]])
    d = net.ensemble(10, 2, radius=7.0)
    for thing in (a, b, c, d):
        net.connect(net.node([0.1, 0.2]), thing)
        net.probe(thing)
    net.connect(a, net.node(size_in=2), eval_points=[[0.6, 0.8], [5.0, 12.0]])
    reaches = watch._reaches(nef.Simulator(net, progress=False).built)
    assert reaches == {a: 13.0, b: 1.0, c: 5.0, d: 7.0}


# -- sums of signals -----------------------------------------------------------------------------


def lengths(ops: list[Sum], sizes: list[int], rows: list[Any], unknown: Any = ()) -> Any:
    """Lengths of the input of the last signal; operation k writes the signal ``k + 1``."""
    signals = [Signal(str(k), n) for k, n in enumerate(sizes)]
    writer = {op.output: k for k, op in enumerate(ops)}
    program = SimpleNamespace(signals=signals, ops=ops, writer=writer)
    (thing,) = ensembles(sizes[-1])
    built: Any = SimpleNamespace(program=program, represented={thing: len(sizes) - 1})
    found = inputs.Inputs(built, rows, {thing: 1.5}, unknown)
    if not found.ensembles:
        assert found.n == 0
        return None
    assert found.ensembles == (thing,) and found.reach.tolist() == [1.5]
    return found.lengths(np.arange(len(rows[0])))[:, 0]


ROWS = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.0]])


def test_inputs_are_sums_of_all_kinds_of_weights() -> None:
    sparse = scipy.sparse.csr_array([[0.0, 2.0], [0.0, 0.0]])
    for matrix, whole in (
        (None, np.eye(2)),
        (3.0, 3.0 * np.eye(2)),
        (np.array([2.0, -1.0]), np.diag([2.0, -1.0])),
        (np.array([[1.0, 0.0], [4.0, 5.0]]), np.array([[1.0, 0.0], [4.0, 5.0]])),
        (sparse, sparse.toarray()),
    ):
        for offset in (None, np.array([0.5, -2.0])):
            op = Sum(1, (Term(Read(0), matrix),), offset)
            x = ROWS @ whole.T + (0.0 if offset is None else offset)
            expected = np.linalg.norm(x, axis=1)
            np.testing.assert_allclose(lengths([op], [2, 2], [ROWS, None]), expected, rtol=1e-14)
    swap = Term(Read(0, 0, slice(1, None, -1)), np.array([1.0, 2.0]), np.array([1, 0]))
    found = lengths([Sum(1, (swap,), None)], [2, 2], [ROWS, None])
    np.testing.assert_allclose(found, np.hypot(ROWS[:, 1], 2.0 * ROWS[:, 0]), rtol=1e-14)


def test_values_of_the_step_before_are_those_of_the_row_before() -> None:
    op = Sum(1, (Term(Read(0, 1), 2.0),), None)
    padded = np.vstack([[[6.0, 8.0]], ROWS])[1:]  # a view with a row in front
    found = lengths([op], [2, 2], [padded, None])
    np.testing.assert_allclose(found, 2 * np.linalg.norm([[6, 8], *ROWS[:2]], axis=1), rtol=1e-14)


def test_a_sum_of_unknown_or_earlier_values_without_rows_is_left_out() -> None:
    inner = Sum(1, (Term(Read(0), 1.0),), np.array([0.25, 0.0]))
    outer = Sum(2, (Term(Read(1), 1.0), Term(Read(0), 1.0)), np.ones(2))
    sizes, rows = [2, 2, 2], [ROWS, None, None]
    expected = np.linalg.norm(2 * ROWS + [1.25, 1.0], axis=1)
    np.testing.assert_allclose(lengths([inner, outer], sizes, rows), expected, rtol=1e-14)
    assert lengths([inner, outer], sizes, rows, {1}) is None
    assert lengths([inner, outer], sizes, rows, {0}) is not None  # which has rows
    late = Sum(2, (Term(Read(1, 1), 1.0),), None)
    assert lengths([inner, late], sizes, rows) is None
    assert lengths([SimpleNamespace(output=1), outer], sizes, rows) is None  # type: ignore[list-item]


def test_populations_beyond_131072_numbers_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_at(*sizes: int) -> int:
        rows = [np.zeros((1, size)) for size in sizes]
        signals = [Signal(str(k), size) for k, size in enumerate(sizes)]
        reach: Any = {_Key(k, size): 1.0 for k, size in enumerate(sizes)}
        program = SimpleNamespace(signals=signals, ops=[], writer={})
        built: Any = SimpleNamespace(program=program, represented={k: k.number for k in reach})
        return inputs.Inputs(built, rows, reach).n

    assert looked_at(131_073) == 0
    monkeypatch.setattr(inputs, "LARGEST", 5)
    assert looked_at(5) == 5 and looked_at(6) == 0
    assert looked_at(3, 2, 1) == 5 and looked_at(3, 3, 1) == 4


class _Key:
    def __init__(self, number: int, dimensions: int) -> None:
        self.number, self.dimensions = number, dimensions


@pytest.mark.parametrize("n_bytes", [40, 43])
def test_the_numbers_of_aligned_memory_are_those_of_its_bytes(n_bytes: int) -> None:
    memory = np.zeros(n_bytes, np.uint8)
    view = memory[:40].view(np.float64)
    view[:] = np.arange(5.0)
    for part in (view, view[1:3], view[:4].reshape(2, 2)[1]):
        whole = inputs._whole(part)
        assert whole.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0] and np.shares_memory(whole, memory)
    assert inputs._whole(ROWS[1]).tolist() == ROWS.ravel().tolist()


def test_a_sum_behind_many_populations_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nef.Network(seed=1)
    array = nef.networks.ensemble_array(net, 10, 12, n_eval_points=20)
    source = net.node(nef.WhiteSignal(1.0, high=5.0, seed=1), size_out=12)
    between = net.node(size_in=12)
    net.connect(source, between, transform=np.ones((12, 12)), synapse=None)
    net.connect(between, array.input, transform=np.eye(12), synapse=None)
    seen: list[int] = []
    original = inputs._weights

    def counted(program: Any, term: Term, size: int) -> Any:
        seen.append(id(term))
        return original(program, term, size)

    monkeypatch.setattr(inputs, "_weights", counted)
    built = build(net, 0.001, 1)
    stored: list[Any] = [None] * len(built.program.signals)
    for op in built.program.ops:
        if not isinstance(op, Sum):
            for signal in outputs(op):
                stored[signal] = np.zeros((2, built.program.signals[signal].size))
    inputs.Inputs(built, stored, dict.fromkeys(net.all_ensembles, 1.0))
    assert seen and len(seen) == len({*seen})
