"""Laws of bounds, sampled steps and stages, by hand and by plain loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import backends
from nefsim.backends import bounds, reports
from nefsim.backends.engine import carrying, chunk_length
from nefsim.backends.results import UserFunction, storing
from nefsim.filtering import StateSpace
from nefsim.lowering import build
from nefsim.program import Filter, Learn, Neurons, Program, Read, Signal, Sum, Term, Weigh

# -- sampled steps -----------------------------------------------------------------------------


@pytest.mark.parametrize("every", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 7.0, 10.25])
@pytest.mark.parametrize("first", [0, 1, 2, 6, 13])
@pytest.mark.parametrize("n_steps", [0, 1, 5, 30])
def test_a_probe_records_the_first_step_after_each_interval(
    every: float, first: int, n_steps: int
) -> None:
    steps = range(first + 1, first + n_steps + 1)
    expected = [i for i, step in enumerate(steps) if every <= 1 or step % every < 1]
    found = backends.sampled(first, n_steps, every)
    assert found.tolist() == expected and found.dtype == np.intp


@pytest.mark.parametrize("every", [np.inf, 1e30, 2.0**63, 1e6 + 0.5])
@pytest.mark.parametrize("first", [0, 7])
def test_an_interval_longer_than_the_run_samples_no_step(first: int, every: float) -> None:
    found = backends.sampled(first, 5, every)
    assert found.size == 0 and np.arange(5)[found].size == 0
    assert backends.sampled(7, 5, 12.0).tolist() == [4]  # the last step, and no later one


# -- choice of a back end ----------------------------------------------------------------------


def test_the_back_end_of_the_highest_rank_that_can_be_used_is_the_fastest(monkeypatch: Any) -> None:
    made = {
        "slow": backends.Backend("a", "numpy", rank=1),
        "never": backends.Backend("b", "numpy"),
        "fast": backends.Backend("c", "numpy", rank=2),
        "absent": backends.Backend("d", "no_such_package_0", rank=3),
    }
    monkeypatch.setattr(backends, "BACKENDS", made)
    assert backends.available() == ["slow", "never", "fast"]
    assert backends.fastest() == "fast"
    with pytest.raises(backends.BackendUnavailable, match="without no_such_package_0"):
        monkeypatch.setattr(backends, "cure", lambda extra: "install it")
        backends.module("absent")


def test_the_package_has_these_back_ends() -> None:
    ranks = {name: backend.rank for name, backend in backends.BACKENDS.items()}
    assert ranks == {"numpy": 1, "numba": 2, "nengo": 0, "mpi": 0}
    assert backends.PROGRAM_BACKENDS == ("numpy", "numba")
    assert [name for name, backend in backends.BACKENDS.items() if backend.is_shared] == ["mpi"]


# -- numbers that stay finite ------------------------------------------------------------------


def test_the_largest_of_numbers_is_that_of_either_sign() -> None:
    assert bounds._largest([1.0, -3.0, 2.0]) == 3.0
    assert bounds._largest([[4.0, -3.0]]) == 4.0
    assert bounds._largest(-0.5) == bounds._largest(0.5) == 0.5
    assert bounds._largest([]) == 0.0


def filtering(*form: list[float]) -> Filter:
    b, a = map(np.array, form)
    return Filter(1, 0, (b, a))


def test_the_gain_of_a_filter_of_one_pole_is_a_geometric_series() -> None:
    assert bounds._gain(filtering([0.25], [1.0, -0.5])) == 0.5
    assert bounds._gain(filtering([0.25, -0.5], [1.0, 0.5])) == 1.5
    assert bounds._gain(filtering([3.0, -4.0], [1.0])) == 7.0
    for a in ([1.0, -1.0], [1.0, 1.5], [1.0, -0.25, -0.25]):
        assert bounds._gain(filtering([1.0], a)) == np.inf
    assert bounds._gain(Filter(1, 0, StateSpace(np.eye(1), np.ones(1), np.ones(1), 0.0))) == np.inf


def program(*ops: Any) -> Program:
    """Operations that write signals of two numbers, in their order."""
    return Program(0.001, tuple(Signal("", 2) for _ in ops), ops, (), ())


def test_the_bound_of_a_sum_adds_its_terms() -> None:
    source = Sum(0, (), np.array([1.0, 2.0]), is_input=True)
    assert bounds._bound_of_sum(program(source), source, []) == 1e24
    sparse = scipy.sparse.csr_array([[0.0, -3.0]])
    terms = (
        Term(Read(0)),
        Term(Read(0), -4.0),
        Term(Read(0), np.array([1.0, -5.0])),
        Term(Read(0), np.array([[6.0, 0.0], [0.0, 1.0]])),
        Term(Read(0), sparse),
    )
    values = [1.0, 10.0, 100.0, 1000.0, 1e4]
    for offset, extra in ((None, 0.0), (np.array([-7.0, 2.0]), 7.0)):
        op = Sum(1, terms, offset)
        found = bounds._bound_of_sum(program(source, op), op, values)
        # Rows of two numbers have two products each.
        assert found == extra + 1 + 4 * 10 + 5 * 100 + 2 * 6 * 1000 + 2 * 3 * 1e4


def finite(factor: float, of_time: tuple[int, ...] = (), **change: Any) -> bool:
    """Whether a constant of 1, times a factor and filtered, is finite."""
    ops: list[Any] = [
        Sum(0, (), np.array([1.0, -1.0])),
        Sum(1, (Term(Read(0), factor),)),
        Filter(2, 1, (np.array([0.5]), np.array([1.0, -0.5]))),
    ]
    for place, op in change.items():
        ops[int(place[-1])] = op
    return bounds.stays_finite(program(*ops), of_time)


def test_numbers_up_to_a_limit_cannot_overflow() -> None:
    assert finite(0.99e200) and not finite(1.01e200)
    assert finite(1.01e170) and not finite(1.01e170, of_time=(0,))
    assert finite(0.99e170, of_time=(0,))  # functions of time are at most 1e30
    gain_two = Filter(2, 1, (np.array([1.0]), np.array([1.0, -0.5])))
    assert finite(0.49e200, op2=gain_two) and not finite(0.51e200, op2=gain_two)
    itself = Sum(1, (Term(Read(0)), Term(Read(1, 1), 0.5)))
    assert not finite(1.0, op1=itself)
    circle = Sum(1, (Term(Read(2), 0.5),))
    assert not finite(1.0, op1=circle)


def test_spikes_are_at_most_amplitude_over_dt() -> None:
    net = nef.Network(seed=1)
    net.ensemble(3, 1, neuron_type=nef.LIF(amplitude=2.0), gain=1.0, bias=0.0)
    made = build(net, 0.001, 1).program
    (spikes,) = (op.output for op in made.ops if isinstance(op, Neurons))
    number = len(made.signals)
    for factor, fits in ((0.99e200 / 2000, True), (1.01e200 / 2000, False)):
        ops = (*made.ops, Sum(number, (Term(Read(spikes), factor),)))
        more = replace(made, ops=ops, signals=(*made.signals, Signal("", 3)))
        assert bounds.stays_finite(more) == fits


# -- results of functions ----------------------------------------------------------------------


@pytest.mark.parametrize("contiguous", [True, False])
def test_a_usual_result_is_stored_in_its_row(contiguous: bool) -> None:
    for size in (1, 3, 8, 9):
        out = np.zeros((4, size)) if contiguous else np.zeros((4, 2 * size))[:, ::2]
        store = storing(out)
        numbers = np.arange(1.0, size + 1)
        lists = [numbers.tolist(), tuple(numbers.tolist()), list(numbers), [*range(1, size + 1)]]
        for row, value in enumerate([numbers, *lists]):
            out[...] = 0.0
            # Long lists, and lists for rows that are not adjacent, take the slower way.
            fits = value is numbers or (size <= 8 and contiguous)
            assert store(row % 4, value) == fits
            expected = np.zeros((4, size))
            expected[row % 4] = numbers if fits else 0.0
            np.testing.assert_array_equal(out, expected)
        for number in (2.5, 2, np.float64(2.5)):
            out[...] = 0.0
            assert store(2, number) == (size == 1)
            assert (out[2] == (number if size == 1 else 0.0)).all() and not out[[0, 1, 3]].any()


@pytest.mark.parametrize("size", [1, 3, 9])
def test_other_results_are_left_to_a_check(size: int) -> None:
    store = storing(np.zeros((2, size)))
    good = np.ones(size)
    bad = np.where(np.arange(size) == size - 1, np.nan, good)
    others: list[Any] = [np.nan, np.inf, True, None, "1", 10**400, [10**400] * size, [True] * size]
    others += [good.astype(np.float32), good[None], np.ones(size + 1), [1.0] * (size + 1), []]
    others += [bad, bad.tolist(), -np.inf * good, [None] * size]
    assert not any(store(1, value) for value in others)


def test_a_function_gets_the_arguments_of_its_form_as_copies() -> None:
    def noted(*arguments: Any) -> Any:
        for value in arguments[1:] if isinstance(arguments[0], float) else arguments:
            value += 1.0
        return [*map(np.ravel, arguments)]

    x = np.array([5.0])
    for form, expected in (("t", [0.5]), ("tx", [0.5, 6.0]), ("x", [6.0])):
        function = UserFunction(noted, form, lambda value, row: (np.concatenate(value), row))
        values, row = function(0.5, *([] if form == "t" else [x]))
        assert (values.tolist(), row, x[0]) == (expected, 0, 5.0)


# -- chunks and reports ------------------------------------------------------------------------


def rows_of(*sizes: int, learns: bool = False) -> Program:
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 1), net.ensemble(10, 1)
    if learns:
        net.connect(a, b, learning_rule=nef.Oja(), solver=nef.LstsqL2(weights=True))
    program = build(net, 0.001, 1).program
    return replace(program, signals=tuple(Signal("", size) for size in sizes))


def test_a_chunk_has_two_million_numbers_or_eight_steps_of_at_most_sixteen_million() -> None:
    lengths = {0: 1000, 1: 1000, 2000: 1000, 2001: 999, 2 * 10**5: 10, 3 * 10**5: 8}
    lengths |= {2 * 10**6: 8, 2 * 10**6 + 1: 7, 16 * 10**6: 1, 10**9: 1}
    assert {n: chunk_length(rows_of(n)) for n in lengths} == lengths
    assert chunk_length(rows_of(10**5, 2 * 10**5)) == 8
    assert chunk_length(rows_of(1001), 2) == 999


def test_a_chunk_with_weights_that_learn_has_two_million_numbers() -> None:
    lengths = {1: 1000, 2001: 999, 3 * 10**5: 6, 2 * 10**6: 1, 10**9: 1}
    assert {n: chunk_length(rows_of(n, learns=True)) for n in lengths} == lengths


def test_rows_are_carried_to_the_first_one() -> None:
    arrays = [np.arange(5.0)[:, None], np.arange(10.0, 15.0)[:, None]]
    carrying(arrays)(3)  # type: ignore[arg-type]
    assert [a[:, 0].tolist() for a in arrays] == [[3, 1, 2, 3, 4], [13, 11, 12, 13, 14]]


def test_a_report_starts_with_the_rows_that_are_learned() -> None:
    report = reports.Report("rule", np.full((2, 3), 9), np.ones(2), True)
    report.start(4)
    assert report.rows.tolist() == [[4, 0, 4]] * 2 and np.isinf(report.bound).all()
    report.start()
    assert not report.rows.any()
    assert (reports.LARGEST_WEIGHT, reports.SAFE_NORM) == (1e9, 0.5e9)


def learning(rule: Any = None, n: int = 1) -> Any:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 1), net.ensemble(4, 1)
    for _ in range(n):
        c = net.connect(a, b, learning_rule=nef.PES(1e-6) if rule is None else rule)
        if c.learning[0].rule.needs_error:
            net.connect(b, c.learning_rule)
    return build(net, 0.001, 1).program


def test_weights_need_no_copy_if_nothing_can_fail_after_them() -> None:
    program = learning()
    (learn,) = (i for i, op in enumerate(program.ops) if isinstance(op, Learn))
    (weigh,) = (i for i, op in enumerate(program.ops) if isinstance(op, Weigh))
    others = [i for i in range(len(program.ops)) if i != learn]
    order = [others[:2], [*others[2:], learn]]

    def found(order: Any, can_fail: Any = (), batch: int = 1) -> Any:
        return reports.learned_in_place(program, order, batch, can_fail)

    assert found(order) == found(order, {others[0]}) == (weigh,)
    assert found(order, {learn}) == () and found(order, batch=2) == ()
    assert found([[learn], others]) == (weigh,)
    assert found([[learn], others], {others[-1]}) == ()
    two = learning(n=2)
    assert reports.learned_in_place(two, [range(len(two.ops))], 1, ()) == ()
    assert reports.has_factors(nef.PES()) and not reports.has_factors(nef.RLS())
