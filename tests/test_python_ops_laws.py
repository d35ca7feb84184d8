"""Laws of operations in Python: which rows they compute, at which times, and how often."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nefsim.backends import python_ops
from nefsim.backends.engine import Engine
from nefsim.backends.results import FunctionOfTimes, UserFunction
from nefsim.program import Call, Evaluate, Play, Read

N_ROWS = 8


class State(SimpleNamespace):
    """A stand-in for a state, to which weak references are possible."""


class Stub:
    """The parts of an engine that these operations use, after ten steps of half a second.

    Signal 0 has three numbers, which tell row and column; signals 1 and 2 are outputs.
    """

    read = Engine.read

    def __init__(self, op: Any, trials: int | None = None, sizes: Any = (2, 1)) -> None:
        lead = () if trials is None else (trials,)
        source = np.zeros((N_ROWS + 1, *lead, 3))
        source += np.arange(N_ROWS + 1.0).reshape(-1, *[1] * (len(lead) + 1)) * 100
        source += np.arange(3.0)
        if trials is not None:
            source += 10 * np.arange(trials)[:, None]
        outs = [np.full((N_ROWS + 1, *lead, n), -7.0) for n in sizes]
        self.rows: list[Any] = [source, *outs]
        signals = [SimpleNamespace(name=name) for name in ("in", "out", "more")]
        self.program: Any = SimpleNamespace(dt=0.5, ops=[op], signals=signals)
        self.state: Any = State(step=10, under_way=0, running=[[]], steps={})
        self.rows_done: dict[int, int] = {}
        self.takes: dict[int, Any] = {}
        self.ahead: dict[int, Any] = {}
        self.good = 0


def untouched(stub: Stub, lo: int, hi: int, signal: int = 1) -> bool:
    out = stub.rows[signal]
    return bool((out[: lo + 1] == -7.0).all() and (out[hi + 1 :] == -7.0).all())


def times(lo: int, hi: int) -> np.ndarray:
    return 0.5 * np.arange(10 + lo + 1, 10 + hi + 1)


# -- NumPy functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("trials", [None, 3])
def test_a_numpy_function_of_time_computes_all_rows_ahead(trials: int | None) -> None:
    op = Evaluate(1, np.sin, "t", "f")
    stub: Any = Stub(op, trials)
    advance = python_ops.evaluate(stub, op, 0)
    assert stub.ahead == {0: advance} and not stub.takes
    advance(2, 5)
    expected = np.sin(times(2, 5)).reshape(-1, *[1] * (stub.rows[1].ndim - 1))
    np.testing.assert_array_equal(stub.rows[1][3:6], expected + np.zeros(stub.rows[1].shape[1:]))
    assert untouched(stub, 2, 5) and stub.good == 0


@pytest.mark.parametrize("trials", [None, 3])
@pytest.mark.parametrize("delay", [0, 1])
def test_a_numpy_function_of_values_computes_them_all_at_once(
    trials: int | None, delay: int
) -> None:
    op = Evaluate(1, np.negative, "x", "f", Read(0, delay, slice(1, 3)))
    stub: Any = Stub(op, trials)
    advance = python_ops.evaluate(stub, op, 0)
    assert not stub.ahead and not stub.takes
    advance(2, 5)
    np.testing.assert_array_equal(stub.rows[1][3:6], -stub.rows[0][3 - delay : 6 - delay, ..., 1:3])
    assert untouched(stub, 2, 5)


def test_the_first_infinite_value_of_a_numpy_function_is_named_with_its_time() -> None:
    op = Evaluate(2, np.reciprocal, "x", "f", Read(0, 0, slice(0, 1)))
    for good, expected in ((0, 3), (5, 5)):
        stub: Any = Stub(op)
        stub.rows[0][4:] -= 400.0  # 0 in row 4, the step after row 3
        stub.good = good
        with pytest.raises(ValueError, match=r"^f: function must return finite .* inf at t = 7 s;"):
            python_ops.evaluate(stub, op, 0)(2, 6)
        assert stub.good == expected


# -- functions of users ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["t", "tx", "x"])
@pytest.mark.parametrize("columns", [None, slice(1, 2)])
@pytest.mark.parametrize("delay", [0, 1])
def test_a_function_is_called_once_for_each_step_in_order(
    form: str, columns: Any, delay: int
) -> None:
    seen: list[Any] = []

    def function(*arguments: Any) -> Any:
        seen.append([np.array(a) for a in arguments])
        if "x" in form:
            arguments[-1][...] = 99.0  # of a copy
        return [len(seen), -len(seen)]

    read = None if form == "t" else Read(0, delay, columns)
    op = Evaluate(1, function, form, "f", read)
    stub: Any = Stub(op)
    source = stub.rows[0].copy()
    advance = python_ops.evaluate(stub, op, 0)
    assert [*stub.takes] == [0] and not stub.ahead
    advance(2, 5)
    assert (stub.rows_done, stub.good, stub.state.under_way) == ({0: 5}, 5, 4)
    np.testing.assert_array_equal(stub.rows[1][3:6], [[1, -1], [2, -2], [3, -3]])
    assert untouched(stub, 2, 5)
    np.testing.assert_array_equal(stub.rows[0], source)
    for k, arguments in enumerate(seen):
        expected = [times(2, 5)[k]] if "t" in form else []
        if read is not None:
            expected.append(source[3 + k - delay, slice(None) if columns is None else columns])
        assert len(arguments) == len(expected)
        for actual, value in zip(arguments, expected, strict=True):
            np.testing.assert_array_equal(actual, value)
    advance(2, 5)  # after an error elsewhere: nothing is called again
    advance(4, 5)
    assert len(seen) == 3
    advance(3, 7)
    assert len(seen) == 5 and stub.rows_done == {0: 7} and stub.good == 7
    stub.good = 0
    advance(7, 8)  # the engine counts single steps itself
    assert len(seen) == 6 and stub.good == 0


@pytest.mark.parametrize("form", ["t", "tx", "x"])
@pytest.mark.parametrize("trials", [1, 3])
def test_a_function_of_values_is_called_for_each_trial(form: str, trials: int) -> None:
    seen: list[Any] = []

    def function(*arguments: Any) -> Any:
        seen.append([np.array(a) for a in arguments])
        return [len(seen), 0.0]

    read = None if form == "t" else Read(0, 1)
    op = Evaluate(1, function, form, "f", read)
    stub: Any = Stub(op, trials)
    advance = python_ops.evaluate(stub, op, 0)
    assert not stub.takes
    advance(2, 4)
    calls = 1 if form == "t" else trials
    assert len(seen) == 2 * calls and stub.rows_done == {0: 4} and stub.good == 4
    first = 1.0 if form == "t" else np.arange(1.0, trials + 1)
    np.testing.assert_array_equal(stub.rows[1][3, :, 0], first + np.zeros(trials))
    np.testing.assert_array_equal(stub.rows[1][4, :, 0], first + calls + np.zeros(trials))
    assert untouched(stub, 2, 4)
    for k, arguments in enumerate(seen):
        row, trial = divmod(k, calls)
        expected = [times(2, 4)[row]] if "t" in form else []
        expected += [] if read is None else [stub.rows[0][2 + row, trial]]
        for actual, value in zip(arguments, expected, strict=True):
            np.testing.assert_array_equal(actual, value)
    advance(2, 4)
    assert len(seen) == 2 * calls
    stub.good = 0
    advance(4, 5)
    assert len(seen) == 3 * calls and stub.good == 0


@pytest.mark.parametrize("trials", [None, 2])
@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([1.0], r"return 2 values, got 1 at t = 6\.5 s"),
        ([1.0, np.nan], r"return finite numbers, got nan \(element 1\) at t = 6\.5 s"),
    ],
)
def test_a_wrong_result_is_named_with_its_time(result: Any, words: str, trials: Any) -> None:
    op = Evaluate(1, lambda t: result, "t", "f")
    stub: Any = Stub(op, trials)
    with pytest.raises(ValueError, match=rf"^f: function must {words}; "):
        python_ops.evaluate(stub, op, 0)(2, 4)
    assert stub.rows_done == {} and stub.good == 0


@pytest.mark.parametrize("trials", [None, 2])
def test_an_error_of_a_function_says_in_which_and_when(trials: Any) -> None:
    def function(t: float) -> Any:
        if t > 6.5:
            raise KeyError("x")
        return [1.0, 2.0]

    op = Evaluate(1, function, "t", "f")
    stub: Any = Stub(op, trials)
    with pytest.raises(KeyError) as caught:
        python_ops.evaluate(stub, op, 0)(2, 5)
    assert caught.value.__notes__ == ["in the function of f at t = 7 s"]
    assert stub.rows_done == {0: 3} and stub.good == 3


def test_scattered_elements_are_read_by_the_slower_way() -> None:
    op = Evaluate(1, lambda x: x[::-1], "x", "f", Read(0, 0, np.array([2, 0])))
    stub: Any = Stub(op)
    python_ops.evaluate(stub, op, 0)(2, 4)
    assert not stub.takes
    np.testing.assert_array_equal(stub.rows[1][3:5], stub.rows[0][3:5][:, [0, 2]])


# -- processes ---------------------------------------------------------------------------------


class Process:
    """A running process whose values are the steps."""

    def __init__(self, trial: int, calls_functions: bool = False) -> None:
        self.trial, self.calls_functions = trial, calls_functions
        self.calls: list[Any] = []

    def __call__(self, first: int, n: int) -> Any:
        self.calls.append((first, n))
        return np.arange(first, first + n)[:, None] * [1.0, 2.0] + 1000 * self.trial


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("trials", [None, 1, 3])
def test_a_process_gives_the_values_of_each_trial(trials: Any, by_rows: bool) -> None:
    op = Play(1, None, None)  # type: ignore[arg-type]
    stub: Any = Stub(op, trials)
    running = [Process(b, by_rows) for b in range(trials or 1)]
    stub.state.running = [running]
    python_ops.play(stub, op, 0)(2, 5)
    values = np.stack([Process(b)(12, 3) for b in range(trials or 1)], axis=1)
    np.testing.assert_array_equal(stub.rows[1][3:6], values[:, 0] if trials is None else values)
    assert untouched(stub, 2, 5)
    calls = [(12, 1), (13, 1), (14, 1)] if by_rows else [(12, 3)]
    assert all(process.calls == calls for process in running)


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.zeros((3, 1)), np.full((3, 2), np.inf)])
def test_wrong_values_of_a_process_are_refused_with_their_time(values: Any) -> None:
    op = Play(1, None, None)  # type: ignore[arg-type]
    stub: Any = Stub(op)
    kind = type("Wrong", (Process,), {"__call__": lambda self, first, n: values})
    stub.state.running = [[kind(0)]]
    with pytest.raises(ValueError, match=r"finite numbers of shape \(3, 2\), got .* t = 6\.5 s; "):
        python_ops.play(stub, op, 0)(2, 5)


# -- steps with memory -------------------------------------------------------------------------


@pytest.mark.parametrize("trials", [None, 3])
@pytest.mark.parametrize("outputs", [(1,), (1, 2)])
def test_a_step_has_the_time_and_the_inputs_of_its_trial(trials: Any, outputs: Any) -> None:
    seen: list[Any] = []

    def step_of(trial: int) -> Any:
        def step(t: float, *x: Any) -> Any:
            seen.append((trial, t, *(value.copy() for value in x)))
            pair = np.array([t, -t]) + 1000 * trial
            return (pair, [t * 2 + trial]) if len(outputs) == 2 else pair

        return step

    reads = Read(0, 1, slice(1, 3)), Read(0)
    op = Call(outputs, reads, step_of, "f")
    stub: Any = Stub(op, trials)
    stub.state.steps = {0: [step_of(b) for b in range(trials or 1)]}
    advance = python_ops.call_step(stub, op, 0)
    advance(2, 4)
    every, t = range(trials or 1), times(2, 4)
    for k, (trial, time, delayed, now) in enumerate(seen):
        row, b = divmod(k, trials or 1)
        assert (trial, time) == (b, t[row])
        source = stub.rows[0] if trials is None else stub.rows[0][:, b]
        np.testing.assert_array_equal(delayed, source[2 + row, 1:3])
        np.testing.assert_array_equal(now, source[3 + row])
    expected = np.array([[np.array([at, -at]) + 1000.0 * b for b in every] for at in t])
    np.testing.assert_array_equal(stub.rows[1][3:5], expected[:, 0] if trials is None else expected)
    if len(outputs) == 2:
        more = np.array([[[2 * at + b] for b in every] for at in t])
        np.testing.assert_array_equal(stub.rows[2][3:5], more[:, 0] if trials is None else more)
    assert untouched(stub, 2, 4) and untouched(stub, 2, 4, 2)
    assert (stub.rows_done, stub.good, stub.state.under_way) == ({0: 4}, 4, 3)
    n = len(seen)
    advance(2, 4)
    assert len(seen) == n
    stub.good = 0
    advance(4, 5)
    assert stub.rows_done == {0: 5} and stub.good == 0


def test_a_step_that_fails_is_not_called_again_for_rows_that_are_done() -> None:
    seen: list[float] = []

    def step(t: float) -> Any:
        seen.append(t)
        if len(seen) == 3:
            raise OSError("it fails")
        return [t, t]

    op = Call((1,), (), lambda trial: step, "f")
    stub: Any = Stub(op)
    stub.state.steps = {0: [step]}
    advance = python_ops.call_step(stub, op, 0)
    with pytest.raises(OSError, match="it fails"):
        advance(1, 6)
    assert stub.rows_done == {0: 3} and stub.good == 3
    advance(1, 6)
    assert seen == [6.0, 6.5, 7.0, 7.0, 7.5, 8.0] and stub.rows_done == {0: 6}


def test_a_function_of_a_user_in_a_step_is_taken_row_by_row() -> None:
    function = UserFunction(lambda t, x: [t, x[0]], "tx", lambda value, row: value)
    op = Call((1,), (Read(0, 1),), lambda trial: function, "f")
    stub: Any = Stub(op)
    stub.state.steps = {0: [function]}
    python_ops.call_step(stub, op, 0)(2, 4)
    assert [*stub.takes] == [0]
    expected = np.stack([times(2, 4), stub.rows[0][2:4, 0]], axis=1)
    np.testing.assert_array_equal(stub.rows[1][3:5], expected)


@pytest.mark.parametrize("trials", [None, 3])
@pytest.mark.parametrize("with_input", [False, True])
def test_a_step_of_many_rows_computes_those_that_are_left(trials: Any, with_input: bool) -> None:
    seen: list[Any] = []

    def step_of(trial: int) -> Any:
        def step(t: Any, *x: Any) -> Any:
            seen.append((trial, t, x))
            return np.stack([t, -t], axis=1) + 1000 * trial + sum(value[:, :2] for value in x)

        return FunctionOfTimes(step)

    reads = (Read(0, 1),) if with_input else ()
    op = Call((1,), reads, step_of, "f", chunked=True)
    stub: Any = Stub(op, trials)
    stub.state.steps = {0: [step_of(b) for b in range(trials or 1)]}
    advance = python_ops.call_step(stub, op, 0)
    assert stub.ahead == ({} if with_input else {0: advance})
    stub.rows_done = {0: 3}
    advance(2, 5)
    t = times(3, 5)
    for b in range(trials or 1):
        out = stub.rows[1] if trials is None else stub.rows[1][:, b]
        source = stub.rows[0] if trials is None else stub.rows[0][:, b]
        expected = np.stack([t, -t], axis=1) + 1000 * b
        expected += source[3:5, :2] if with_input else 0.0
        np.testing.assert_array_equal(out[4:6], expected)
    assert untouched(stub, 3, 5) and stub.rows_done == {0: 5}
    n = len(seen)
    advance(2, 5)
    assert len(seen) == n == (trials or 1)


def test_a_step_with_memory_is_not_computed_ahead() -> None:
    def step(t: Any) -> Any:
        return np.stack([t, t], axis=1)

    op = Call((1,), (), lambda trial: step, "f", chunked=True)
    stub: Any = Stub(op)
    stub.state.steps = {0: [step]}
    python_ops.call_step(stub, op, 0)
    assert not stub.ahead
