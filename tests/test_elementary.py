"""Exponential, logarithm and hyperbolic tangent of the compiled back end, against exact values."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")

from nefsim.backends.compiled import elementary

#: Errors in units in the last place that the module states, and NumPy's function in long double.
FUNCTIONS = {"exp": (1.0, np.exp), "log1p": (1.0, np.log1p), "tanh": (3.0, np.tanh)}

#: Zeros, infinities, NaN, and numbers at the ends of the range or next to 1.
SPECIAL = np.array(
    [
        *(0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.3e-308, -1.0, -2.0),
        *(709.7, 710.0, -708.5, -744.5, -745.0, -746.0, 1.7976e308, -1e308, 2.0**53, 22.0, -22.1),
    ]
)


def inputs(name: str) -> NDArray[np.float64]:
    """Numbers over the whole range of a function."""
    rng = np.random.default_rng(1)
    small = rng.uniform(-1.0, 1.0, 300) * 10.0 ** rng.uniform(-20.0, 0.0, 300)
    near = rng.uniform(-0.36, 0.45, 300)
    wide = rng.uniform(-708.0, 709.5, 300)
    if name == "log1p":
        wide = 10.0 ** rng.uniform(-300.0, 308.0, 300)
        near = np.maximum(near, -0.999)
    return np.concatenate([small, near, wide])


def one_by_one(function: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of a plain function of one number."""
    with np.errstate(all="ignore"):
        return np.array([function(number) for number in x])


def errors(name: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors in units in the last place; long double has 11 bits more than float64."""
    exact = FUNCTIONS[name][1](x.astype(np.longdouble))
    return np.asarray(np.abs(y - exact) / np.spacing(np.abs(exact).astype(np.float64)), np.float64)


long_double = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double has no more digits than float64"
)


@long_double
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_below_the_stated_bound(name: str) -> None:
    x = inputs(name)
    assert errors(name, x, one_by_one(getattr(elementary, name), x)).max() < FUNCTIONS[name][0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_numbers_have_the_values_of_numpy(name: str) -> None:
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(SPECIAL)
    values = one_by_one(getattr(elementary, name), SPECIAL)
    # Subnormal results may be off by one of their few digits.
    np.testing.assert_allclose(values, expected, rtol=1e-15, atol=5e-324)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values[number]), np.signbit(expected[number]))


@long_double
@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_functions_have_the_same_accuracy_and_become_vectors(name: str) -> None:
    """They are compiled as in the interpreter, where products and sums may be fused."""
    from numba import cfunc, types

    from nefsim.backends.compiled.kernel.populations import elementary_functions

    loop: dict[str, Any] = {"function": elementary_functions()[name]}
    exec("def run(x, y, n):\n    for i in range(n):\n        y[i] = function(x[i])", loop)
    pointer = types.CPointer(types.float64)
    compiled = cfunc(types.void(pointer, pointer, types.int64))(loop["run"])
    x = np.concatenate([inputs(name), SPECIAL])
    y = np.empty_like(x)
    arrays = (a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (x, y))
    compiled.ctypes(*arrays, len(x))
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(SPECIAL)
        wrong = errors(name, x, y)[: -len(SPECIAL)]
    np.testing.assert_allclose(y[-len(SPECIAL) :], expected, rtol=1e-15, atol=5e-324)
    assert wrong.max() < FUNCTIONS[name][0]
    text = compiled.inspect_llvm()
    assert " x double>" in text and f"@{name}(" not in text
