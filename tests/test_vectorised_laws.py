"""Laws of the NumPy back end: products, places of signals, batches, and changes of weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

import nefsim as nef
from nefsim.backends.reports import DIVERGED, LEARNED, REPEATED, Report
from nefsim.backends.vectorised import batching, learning, sums
from nefsim.backends.vectorised.batching import Stage
from nefsim.backends.vectorised.layout import Layout, as_slice, join, picker
from nefsim.lowering import build
from nefsim.program import Call, Filter, Neurons, Program, Read, Signal, Sum, Term, initial_state

RNG = np.random.default_rng(0)
FLOAT64 = np.dtype(np.float64)


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-13)


# -- products ----------------------------------------------------------------------------------

SPARSE = scipy.sparse.csr_array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
STACKS: dict[str, list[Any]] = {
    "copy": [np.ones(3)],
    "diagonal": [np.array([1.0, 2.0]), np.array([3.0])],
    "one column": [np.array([[1.0], [2.0]])],
    "columns": [np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])],
    "dense": [RNG.normal(size=(4, 3))],
    "stack": [RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))],
    "sparse": [SPARSE],
}


def whole(stack: list[Any]) -> np.ndarray:
    """The matrix of all products: each matrix has columns and rows of its own."""
    dense = [
        m.toarray() if hasattr(m, "tocsr") else np.diag(m) if m.ndim == 1 else m for m in stack
    ]
    return np.asarray(scipy.linalg.block_diag(*dense))


@pytest.mark.parametrize("few", [1, 10**9])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (20,), (5, 2)], ids=str)
@pytest.mark.parametrize("name", STACKS)
def test_each_matrix_multiplies_its_vector_in_all_rows(
    name: str, shape: Any, few: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sums, "MIN_SIZE_FOR_GATHERING", few)
    matrix = whole(STACKS[name])
    product = sums._product(STACKS[name], FLOAT64)
    rows = RNG.normal(size=(*shape, matrix.shape[1]))
    expected = rows @ matrix.T
    close(product(rows, None), expected)
    into = np.full(expected.shape, 7.0)
    assert product(rows, into) is into or name in ("columns", "stack")
    close(into, expected)


def test_rows_that_repeat_and_rows_of_few_spikes_have_the_same_product(monkeypatch: Any) -> None:
    monkeypatch.setattr(sums, "MIN_SIZE_FOR_GATHERING", 1)
    matrix = RNG.normal(size=(4, 30))
    product = sums._product([matrix], FLOAT64)
    images = np.repeat(RNG.normal(size=(4, 30)), [5, 1, 7, 7], axis=0)
    spikes = np.zeros((1, 30))
    spikes[0, [3, 17]] = 1000.0
    for rows in (images, spikes, spikes[0], np.zeros((1, 30)), np.zeros((20, 30))):
        expected = rows @ matrix.T
        into = np.full(expected.shape, 7.0)
        assert product(rows, into) is into
        for found in (product(rows, None), into):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1249, 0.13, 1.0])
def test_large_sparse_matrices_add_the_columns_of_spikes_in_their_order(share: float) -> None:
    rng = np.random.default_rng(3)
    matrix = scipy.sparse.random_array((300, 1000), density=0.27, format="csr", random_state=rng)
    assert matrix.nnz >= sums.MIN_STORED_FOR_GATHERING
    product = sums._product([matrix], FLOAT64)
    row = np.zeros(1000)
    row[rng.permutation(1000)[: int(1000 * share)]] = 1000.0
    into = np.full(300, 7.0)
    assert product(row, into) is into
    for found in (into, product(row, None), product(row[None], None)[0]):
        np.testing.assert_array_equal(found, matrix @ row)
    np.testing.assert_array_equal(product(np.stack([row, -row]), None), [into, -into])


def test_rows_may_repeat_if_two_of_the_first_eight_are_equal() -> None:
    rows = np.arange(27.0).reshape(9, 3)
    assert not sums._may_repeat(rows)
    for i in range(1, 8):
        again = rows.copy()
        again[i] = again[i - 1]
        assert sums._may_repeat(again)
        assert not sums._may_repeat(again[:8])  # too few rows
        assert not sums._may_repeat(np.stack([again] * 2, axis=1))
    late, partly = rows.copy(), rows.copy()
    late[8], partly[1, :2] = late[7], partly[0, :2]
    assert not sums._may_repeat(late) and not sums._may_repeat(partly)


def test_matrices_of_one_shape_are_stacked_unless_they_are_sparse_or_large(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(sums, "MIN_SIZE_FOR_GATHERING", 12)
    assert sums._shape(None, 4) == sums._shape(2.0, 5) == sums._shape(np.ones(3), 6) == ()
    assert sums._shape(np.ones((3, 2)), 4) == (3, 2)
    assert sums._shape(np.ones((3, 4)), 4) == ("alone", 4)
    assert sums._shape(SPARSE, 5) == ("alone", 5)
    assert sums._stacked(None, 3).tolist() == [1.0] * 3
    assert sums._stacked(2.0, 3).tolist() == [2.0] * 3
    assert sums._stacked(SPARSE, 2) is SPARSE


@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("n_rows", [1, 6])
def test_a_batch_of_sums_adds_terms_offsets_and_rows(n_rows: int, delay: int) -> None:
    matrix = RNG.normal(size=(2, 3))
    first_column, both = Read(0, delay, slice(0, 1)), Read(0, delay, slice(0, 2))
    ops: Any = (
        Sum(0, (), np.zeros(3)),
        Sum(1, (Term(Read(0, delay), matrix), Term(first_column, 2.0, slice(1, 2)))),
        Sum(2, (Term(Read(0, delay, slice(1, 3)), -1.0), Term(both))),
        Sum(
            3,
            (Term(Read(0, delay, np.array([2, 0])), np.array([3.0, 4.0])),),
            np.array([5.0, 6.0]),
        ),
    )
    made = Program(0.001, tuple(Signal("", n) for n in (3, 2, 2, 2)), ops, (), ())
    layout = Layout(made, [Stage(((0,), (1, 2, 3)), False)])
    buffers = layout.buffers([np.zeros(3)], 8)
    x = layout.view(buffers, 0)
    x[...] = RNG.normal(size=x.shape)
    sums.sums(layout, buffers, ops[1:])(1, 1 + n_rows)
    u = x[2 - delay : 2 - delay + n_rows]
    first = u @ matrix.T
    first[:, 1] += 2.0 * u[:, 0]
    expected = [first, u[:, :2] - u[:, 1:], u[:, [2, 0]] * [3.0, 4.0] + [5.0, 6.0]]
    for signal, values in zip((1, 2, 3), expected, strict=True):
        close(layout.view(buffers, signal)[2 : 2 + n_rows], values)
        assert not layout.view(buffers, signal)[:2].any()


# -- places ------------------------------------------------------------------------------------


def test_adjacent_columns_are_a_slice() -> None:
    for columns, expected in (([2, 3, 4], slice(2, 5)), ([0], slice(0, 1)), ([7], slice(7, 8))):
        assert as_slice(np.array(columns)) == expected
    for columns in ([1, 0], [0, 2], [1, 1], []):
        found = as_slice(np.array(columns, np.intp))
        assert isinstance(found, np.ndarray) and found.tolist() == columns


def test_a_picker_returns_columns_of_one_row_or_several() -> None:
    buffer = np.arange(24.0).reshape(4, 6)
    for columns in (slice(1, 3), np.array([4, 0])):
        pick = picker(buffer, columns)
        np.testing.assert_array_equal(pick(2), buffer[2, columns])
        np.testing.assert_array_equal(pick(slice(1, 3)), buffer[1:3][:, columns])
    assert picker(buffer, slice(1, 3))(2).base is not None


def test_joined_memories_are_views_of_one_array() -> None:
    memories = [{"v": np.full((2, n), float(n)), "u": np.arange(float(n))} for n in (1, 3)]
    joined = join(memories)
    np.testing.assert_array_equal(joined["v"], [[1, 3, 3, 3]] * 2)
    np.testing.assert_array_equal(joined["u"], [0, 0, 1, 2])
    joined["v"][0] = [9, 8, 7, 6]
    assert memories[0]["v"][0].tolist() == [9] and memories[1]["v"][0].tolist() == [8, 7, 6]


def chain() -> Program:
    """A constant, and two sums and filters of it in the opposite order."""
    form = np.array([0.5]), np.array([1.0, -0.5])
    ops = (
        Sum(0, (), np.ones(2)),
        Sum(1, (Term(Read(0)),)),
        Sum(2, (Term(Read(0, 0, slice(0, 1)), np.ones((3, 1))),)),
        Filter(3, 2, form),
        Filter(4, 1, form),
    )
    return Program(0.001, tuple(Signal("", n) for n in (2, 2, 3, 3, 2)), ops, (), ())


def test_outputs_of_filters_are_in_the_order_of_their_inputs() -> None:
    made = chain()
    layout = Layout(made, [Stage(((0,),), False), Stage(((1, 2), (3, 4)), False)])
    assert [layout.buffer(i) for i in range(5)] == [0, 1, 1, 2, 2]
    columns = [layout.columns(i) for i in range(5)]
    assert columns == [slice(0, 2), slice(0, 2), slice(2, 5), slice(2, 5), slice(0, 2)]
    assert layout.column_numbers(Read(2)).tolist() == [2, 3, 4]
    assert layout.column_numbers(Read(2, 1, slice(1, 3))).tolist() == [3, 4]
    buffers = layout.buffers([np.zeros((7, 2), np.float32)], 4)
    assert [b.shape for b in buffers] == [(4, 7, 2), (4, 7, 5), (4, 7, 5)]
    assert buffers[0].dtype == np.float32
    buffers[1][..., 2:5] = 1.0
    assert layout.view(buffers, 2).all() and not layout.view(buffers, 1).any()
    assert layout.span(buffers, [1, 2]).shape == (4, 7, 5)
    assert layout.runs([3, 4], [3, 4], [2, 1]) == [[4, 3]]
    assert layout.runs([3, 4], [3, 4], [1, 2]) == [[4], [3]]


# -- batches -----------------------------------------------------------------------------------


def test_calls_count_in_each_step_of_a_loop_and_for_populations() -> None:
    net = nef.Network(seed=1)
    net.probe(net.ensemble(5, 1))
    made = build(net, 0.001, 1).program
    (neurons,) = (i for i, op in enumerate(made.ops) if isinstance(op, Neurons))
    others = [i for i in range(len(made.ops)) if i != neurons][:2]
    apart = [Stage(((others[0],),), False), Stage(((neurons,),), False)]
    assert batching._time_of_calls(made, apart) == 8.0
    loop = [Stage(((neurons,), (others[0],), (others[1],)), True)]
    assert batching._time_of_calls(made, loop) == 8.0 + 2 * 4.0


def test_nodes_are_in_batches_of_one_kind_after_those_that_they_need() -> None:
    needs: dict[int, Any] = {0: (), 1: (), 2: (0,), 3: (1,), 4: (2, 3), 5: ()}
    kinds = {0: (1, "a"), 1: (1, "b"), 2: (1, "b"), 3: (1, "b"), 4: (2, "c"), 5: (0, "f")}
    # Functions come first, and then of one priority the kind that was ready first.
    assert batching._batches(needs, kinds.__getitem__) == [[5], [0], [1, 2], [3], [4]]


def test_batches_of_populations_have_at_most_so_many_neurons(monkeypatch: Any) -> None:
    monkeypatch.setattr(batching, "MOST_NEURONS", 10)
    net = nef.Network(seed=1)
    for n in (4, 6, 1, 12, 3):
        net.ensemble(n, 1)
    made = build(net, 0.001, 1).program
    populations = [i for i, op in enumerate(made.ops) if isinstance(op, Neurons)]
    sizes = [[made.width(made.ops[i]) for i in part] for part in batching._parts(made, populations)]
    assert sizes == [[4, 6], [1], [12], [3]]
    others = [i for i in range(len(made.ops)) if i not in populations]
    assert batching._parts(made, others) == [tuple(others)]


@pytest.mark.parametrize(
    ("neuron", "is_elementwise"),
    [
        (nef.LIF(), True),
        (nef.RegularSpiking(nef.LIFRate()), True),
        (nef.PoissonSpiking(nef.LIFRate()), False),
        (nef.LIF(tau_rc=[0.02, 0.03]), False),
        (nef.DiscreteLIF(), False),
    ],
)
def test_only_independent_neurons_of_equal_parameters_are_batched(
    neuron: Any, is_elementwise: bool
) -> None:
    assert batching.is_elementwise(neuron) == is_elementwise


def test_operations_are_of_one_kind_if_one_call_computes_them() -> None:
    made = chain()
    memories: Any = [{}] * 5
    kinds = [batching._kind(made, memories, i) for i in range(5)]
    assert kinds[0] == kinds[1] != kinds[2] and kinds[3] == kinds[4]
    assert {priority for priority, _ in kinds} == {batching.OTHERS}
    source = Program(0.001, made.signals, (Sum(0, (), np.ones(2), is_input=True),), (), ())
    assert batching._kind(source, memories, 0) == (batching.OTHERS, 0)
    call = Call((0,), (), lambda trial: lambda t: 0.0, "f")
    function = Program(0.001, made.signals, (call,), (), ())
    assert batching._kind(function, memories, 0) == (batching.FUNCTIONS, 0)
    net = nef.Network(seed=1)
    a, b = net.ensemble(3, 1), net.ensemble(4, 1)
    net.connect(a, b)
    net.ensemble(3, 1, neuron_type=nef.LIFRate())
    neurons = build(net, 0.001, 1).program
    memories = initial_state(neurons).ops
    of = [i for i, op in enumerate(neurons.ops) if isinstance(op, Neurons)]
    first, second, third = (batching._kind(neurons, memories, i) for i in of)
    assert first == second != third and first[0] == third[0] == batching.POPULATIONS
    between = batching._between_populations(neurons)
    assert {i for i in of if i in between} == {*of}
    # The source of a population alone is before it and after none.
    assert not any(
        i in between and isinstance(op, Sum) and not op.terms for i, op in enumerate(neurons.ops)
    )


# -- learned weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("n_active", [0, 1, 4, 5, 20])
def test_large_weights_are_multiplied_by_the_inputs_that_are_not_zero(
    n_active: int, monkeypatch: Any
) -> None:
    weights = RNG.normal(size=(20, 3))
    x = np.zeros(20)
    x[RNG.permutation(20)[:n_active]] = RNG.normal(size=n_active)
    for block in (1, 6, 7, 1 << 15):
        monkeypatch.setattr(learning, "BLOCK", block)
        out = np.full(3, 7.0)
        learning._multiply(x, weights, out)
        close(out, x @ weights)


PRE, U, D = np.array([1.0, -2.0, 0.5]), np.array([3.0, 4.0]), np.array([0.5, 0.25])


def report() -> Report:
    return Report("rule", np.zeros((2, 3), np.int64), np.full(2, np.inf), False)


@pytest.mark.parametrize("block", [1, 2, 4, 1 << 15])
@pytest.mark.parametrize("kind", ["plain", "decay", "whole", "two"])
def test_weights_change_by_dt_times_the_outer_product_and_the_decay(
    kind: str, block: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(learning, "BLOCK", block)
    full = RNG.normal(size=(3, 2))
    of_kind = {
        "plain": [learning._Change(PRE, U, None)],
        "decay": [learning._Change(PRE, U, D)],
        "whole": [learning._Change(PRE, PRE, None, full)],
        "two": [learning._Change(PRE, U, D), learning._Change(PRE, 2 * U, D)],
    }
    weights = RNG.normal(size=(3, 2))
    outer = np.outer(PRE, U)
    expected = {
        "plain": outer,
        "decay": outer - weights * D,
        "whole": full,
        "two": 3 * outer - 2 * weights * D,  # both of the weights before
    }[kind] * 0.01 + weights
    found = report()
    learned = learning._Weights(weights, 0.01, found, 1)
    learned.add(of_kind[kind], 5)
    close(weights, expected)
    assert found.rows.tolist() == [[0, 0, 0], [5, 0, 0]]
    assert np.isinf(found.bound[0]) and np.linalg.norm(weights) <= found.bound[1] < 1e3


def test_the_growth_of_a_change_is_bounded_by_norms() -> None:
    product = np.linalg.norm(PRE) * np.linalg.norm(U)
    assert learning._Change(PRE, U, None).growth() == (pytest.approx(product), 0.0)
    assert learning._Change(PRE, U, D).growth() == pytest.approx((product, np.linalg.norm(D)))
    assert learning._Change(PRE, PRE, None, np.ones((3, 3))).growth() == (3.0, 0.0)


@pytest.mark.parametrize("block", [2, 1 << 15])
@pytest.mark.parametrize("decay", [None, np.zeros(2)])
def test_weights_that_would_diverge_stay_and_the_step_is_reported(
    decay: Any, block: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(learning, "BLOCK", block)
    weights, found = np.zeros((3, 2)), report()
    learned = learning._Weights(weights, 1.0, found, 0)
    one = np.array([0.0, 1.0, 0.0])
    for u, fits in (([0.4e9, 0.0], True), ([0.5e9, 0.0], True), ([0.099e9, 0.0], True)):
        learned.add([learning._Change(one, np.array(u), decay)], 7)
        assert (found.rows[0, DIVERGED] == 0) == fits
    assert weights[1, 0] == pytest.approx(0.999e9) and found.rows[0, LEARNED] == 7
    before = weights.copy()
    learned.add([learning._Change(one, np.array([0.002e9, 0.0]), decay)], 8)
    np.testing.assert_array_equal(weights, before)
    assert found.rows[0].tolist() == [7, 8, 0] and not learned.goes_on(9)


def test_rows_that_are_repeated_are_not_learned_again() -> None:
    found = report()
    learned = learning._Weights(np.zeros((3, 2)), 1.0, found, 1)
    found.rows[1, REPEATED] = 4
    assert [learned.goes_on(row) for row in (3, 4, 5)] == [False, False, True]
    made = learning.new_report(SimpleNamespace(name="rule"), 2)  # type: ignore[arg-type]
    assert made.rows.shape == (2, 3) and np.isinf(made.bound).all() and not made.in_place
