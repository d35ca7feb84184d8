"""Functions of users that are arithmetic, computed at all points at once."""

from __future__ import annotations

import math
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nefsim as nef
from nefsim.network import arithmetic
from nefsim.network.arithmetic import values_of

POINTS = np.random.default_rng(0).normal(size=(500, 3))


def one_by_one(function: Any, points: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(function(x.copy()), np.float64).ravel() for x in points])


def at_once(function: Any, points: np.ndarray = POINTS) -> Any:
    return values_of(function, points, lambda x: np.asarray(function(x), np.float64).ravel())


def two_parts(x: Any, slope: float = 15.0, shift: float = 0.3) -> Any:
    return np.maximum(-1 / np.exp(slope * (x - shift)) + 1, 0) * 0.7


WEIGHTS = np.array([0.1, 0.2, 0.3])
PLACE, WHOLE, TRUE = np.int64(1), np.array([1, 2, 3]), np.array([True, False, True])
SQUARE, SMALL = np.ones((3, 3)), np.ones(3, np.int8)
GENERATOR = np.random.default_rng(3)


arithmetic_steps = arithmetic.MOST_STEPS


def guarded(x: Any) -> Any:
    """A refusal within ``try`` would be taken for an error of the function."""
    try:
        return float(x[0]) - 0.85 if x[0] > 0.85 else 0.0
    except Exception:
        return 0.0


def with_state() -> Any:
    total = 0.0

    def add(x: Any) -> Any:
        nonlocal total
        total += 1.0
        return x[0] + total

    return add


ARITHMETIC = {
    "product": lambda x: x[0] * x[1],
    "square": lambda x: x**2,
    "several": lambda x: [x[1], 2.0, -x[0] / 3 + 1],
    "list": lambda x: [x[0] * x[1], 1 - x[2], abs(x[0])],
    "constant": lambda x: 1,
    "exponential": two_parts,
    "threshold": lambda x: x > 0.3,
    "weighted": lambda x: x * WEIGHTS,
    "part": lambda x: 3 * x[1:],
    "reversed": lambda x: x[::-1] - x,
    "chosen": lambda x: np.where(x > 0, np.sqrt(np.abs(x)), -1.5),
    "sum": lambda x: sum(x),
    "unpacked": lambda x: (lambda a, b, c: a * b + c)(*x),
    "copied": lambda x: x.copy() / 2,
    "nothing": lambda x: x[3:],
    "of a bool": lambda x: (x[0] > 0) * x[1],
    "one and three": lambda x: x[:1] * x - x[2:],
    "some elements": lambda x: x[[2, 0]],
    "an element by a number of NumPy": lambda x: x[PLACE],
    "numbers first": lambda x: [2 - x[0], 2 / x[1], 2 + x[2], 2 * x[0]],
    "an array first": lambda x: WEIGHTS - x,
    "comparisons": lambda x: [x <= 0.3, x >= 0.3, x < WEIGHTS, x == 0.3, x != 0.3, +x],
    "arrays of numbers": lambda x: [x * np.e, x * WHOLE, x * TRUE],
    "square by a float": lambda x: x**2.0,
    "length": lambda x: x / len(x) + x.size + x.ndim + x.shape[0],
}

OTHER: dict[str, Any] = {
    "power of a number": lambda x: x[0] ** 2,  # NumPy takes another function for it
    "cube": lambda x: x**3,
    "test": lambda x: x[0] if x[1] > 0 else 0.0,
    "largest": lambda x: max(x),
    "inner product": lambda x: np.dot(x, x),
    "matrix": lambda x: np.ones((2, 3)) @ x,
    "total": lambda x: np.sum(x),
    "method": lambda x: x.sum(),
    "sine": lambda x: np.sin(x),
    "sine of math": lambda x: math.sin(x[0]),
    "conversion": lambda x: float(x[0]),
    "type": lambda x: 1.0 if isinstance(x, np.ndarray) else 0.0,
    "index of a list": lambda x: [1.0, 2.0][int(x[0] > 0)],
    "random": lambda x: np.random.rand(),
    "text": lambda x: "a",
    "array": lambda x: np.array([x[0] > 0.6, x[1] > 0.6]).sum(),
    "mean of tests": lambda x: np.mean([x[0] > 0.6, x[1] > 0.6]),
    "zeros": lambda x: np.zeros(2),
    "errors": guarded,
    "state": with_state(),
    "generator": lambda x: x[0] + GENERATOR.normal(),
    "kind of argument": lambda x: x[0] if not isinstance(x, np.ndarray) else np.minimum(x[0], 2.5),
    "attribute": lambda x: x[0] if not hasattr(x, "dtype") else np.minimum(x[0], 2.5),
    "another function": lambda x: two_parts(x),
    "method of an object": nef.Lowpass(0.1).form,
    "many operations": lambda x: sum(x[0] * i for i in range(arithmetic_steps)),
    "an option": lambda x: np.negative(x, casting="unsafe"),
    "index of a bool": lambda x: x[True],
    "list of bools": lambda x: x[[True, False, True]],
    "square matrix": lambda x: x * SQUARE,
    "small numbers": lambda x: x * SMALL,
    "a condition alone": lambda x: np.where(x > 0),
    "power of half": lambda x: x**0.5,
    "membership": lambda x: 1.0 if x[0] in WEIGHTS else 0.0,
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_has_the_values_of_calls_for_each_point_bit_for_bit(name: str) -> None:
    function = ARITHMETIC[name]
    values = at_once(function)
    assert values is not None
    assert values.tobytes() == one_by_one(function, POINTS).tobytes()


@pytest.mark.parametrize("name", OTHER)
def test_other_functions_are_called_point_by_point(name: str) -> None:
    assert at_once(OTHER[name]) is None


def in_place(x: Any) -> Any:
    x *= 2
    return x


def set_element(x: Any) -> Any:
    x[0] = 1.0
    return x


def test_changes_of_the_argument_are_left_to_python() -> None:
    assert at_once(in_place) is None and at_once(set_element) is None


def test_functions_that_count_their_calls_are_called_for_each_point() -> None:
    calls = count()
    values = at_once(lambda x: x[0] + next(calls))
    assert values is None
    # A fault that only some points show is found by the comparison.
    assert at_once(lambda x: x[0] * (1.0 if type(x) is not np.ndarray else 2.0)) is None


def test_errors_and_few_points_are_left_to_the_call_for_each_point() -> None:
    assert at_once(lambda x: x[0] / (1 / 0)) is None
    assert at_once(lambda x: x[7]) is None
    assert at_once(lambda x: x[0], POINTS[: arithmetic.FEWEST_POINTS - 1]) is None
    assert at_once(lambda x: x[0], POINTS.astype(np.float32)) is None


def test_a_hundred_points_and_two_thousand_operations_are_computed_at_once() -> None:
    assert at_once(lambda x: x[0], POINTS[:100]) is not None
    assert at_once(lambda x: x[0], POINTS[:99]) is None
    assert at_once(lambda x: x[0], POINTS[:, :, None]) is None
    for n, is_known in ((1000, True), (1001, False)):
        # A product and a sum each.
        found = at_once(lambda x, n=n: sum(x[0] * i for i in range(n)), POINTS[:100])
        assert (found is not None) == is_known


def test_sixteen_points_from_the_first_to_the_last_are_compared() -> None:
    seen: list[float] = []

    def value_at(x: np.ndarray) -> np.ndarray:
        seen.append(x[0])
        return x[:1]

    assert values_of(lambda x: x[0], POINTS[:151], value_at) is not None
    assert seen == POINTS[:151:10, 0].tolist()
    for wrong in (lambda x: x[:2], lambda x: x[:1] + 1e-9, lambda x: -0.0 * x[:1]):
        assert values_of(lambda x: x[0], POINTS, wrong) is None
    one = values_of(lambda x: x[0], POINTS, lambda x: x[:1] if x[0] != POINTS[-1, 0] else x[1:2])
    assert one is None


EXTREMES = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e300, -1e300, 709.0, -745.0, np.inf, -np.inf]


@pytest.mark.parametrize("function", sorted(arithmetic.ALLOWED, key=lambda f: f.__name__))
def test_allowed_functions_treat_each_number_alone(function: Any) -> None:
    rng = np.random.default_rng(1)
    x, y = (
        rng.permutation(np.concatenate([EXTREMES, rng.normal(size=200), rng.normal(size=99) * 100]))
        for _ in range(2)
    )
    inputs = (x, y)[: function.nin]
    with np.errstate(all="ignore"):
        many = function(*inputs)
        for i in range(len(x)):
            arrays = function(*(a[i : i + 1] for a in inputs))
            number = function(*(a[i] for a in inputs))
            for one in (arrays[0], number):
                assert (np.isnan(one) and np.isnan(many[i])) or one.tobytes() == many[i].tobytes()


FORMS = [
    *("({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} / (1 + abs({b})))", "abs({a})"),
    *("np.maximum({a}, {b})", "np.minimum({a}, {b})", "np.exp(-abs({a}))", "-{a}"),
    *("np.where({a} > {b}, {a}, {b})", "({a} < {b})", "np.sqrt(abs({a}))"),
]


@st.composite
def expressions(draw: Any, depth: int = 3) -> str:
    """The source of a random arithmetic expression of x, an array of three numbers."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return str(draw(st.sampled_from(["x[0]", "x[1]", "x[-1]", "0.3", "2", "-1.5"])))
    a, b = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    form = draw(st.sampled_from(FORMS))
    return str(form.format(a=a, b=b))


@settings(max_examples=60, deadline=None)
@given(source=expressions())
def test_random_expressions_have_the_same_bits(source: str) -> None:
    function = eval(f"lambda x: {source}", {"np": np})
    points = POINTS[:120]
    try:
        expected = one_by_one(function, points)
    except TypeError:  # such as minus a bool
        assert at_once(function, points) is None
        return
    values = at_once(function, points)
    assert values is None or values.tobytes() == expected.tobytes()
    if "<" not in source and ">" not in source:
        assert values is not None


def test_decoders_are_those_of_calls_for_each_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoders() -> Any:
        net = nef.Network(seed=1)
        a = net.ensemble(40, 2)
        c = net.connect(a, net.node(size_in=1), function=lambda x: x[0] * x[1])
        return nef.Simulator(net, progress=False).data[c].decoders

    fast = decoders()
    monkeypatch.setattr("nefsim.network.functions.values_of", lambda *_: None)
    assert fast.tobytes() == decoders().tobytes()


def test_the_error_at_a_point_is_that_of_its_call() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(40, 1)
    net.connect(a, net.node(size_in=1), function=lambda x: np.log(x))
    with pytest.raises(ValueError, match="function must be finite at all evaluation points"):
        nef.Simulator(net, progress=False)
