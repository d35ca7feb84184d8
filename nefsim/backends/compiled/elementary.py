"""Exponential, logarithm and hyperbolic tangent without branches, which LLVM can vectorise.

The functions of the C library are called number by number.  These are plain Python on numbers of
NumPy: they run uncompiled in a test, and compiled (:mod:`.kernel.populations`) a loop over them
becomes a loop over vectors.  They compute in float64; infinities, NaN and zeros of both signs give
the values of NumPy's functions.

The error is below 1 unit in the last place, that of :func:`tanh` below 3.  Polynomials are
interpolated at Chebyshev nodes, and evaluated so that few operations wait for one another.
Products and sums may be fused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: log(2) as a sum; products of the first number with whole numbers below 2**20 are exact.
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LOG2_E = 1.4426950408889634

#: The last bits of a number plus ``ROUND`` are the nearest whole number.
ROUND = 1.5 * 2.0**52
ROUND_BITS = 4843621399236968448

#: Exponent bits of 1.0, their place, and the bits of the root of 1/2.
BIAS, PLACE, ROOT_BITS = 1023, 52, 4604544271217802189

#: Beyond these exp is infinite or 0; beyond this tanh is 1.
HIGHEST, LOWEST, TANH_IS_ONE = 710.0, -746.0, 22.0

SIGN = -(2**63)

#: Coefficients of ``(exp(r) - 1 - r) / r**2`` for ``|r| <= log(2) / 2``.
EXP = (
    *(0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326141, 0.0013888888888883752),
    *(0.00019841269874800493, 2.4801587325533363e-05, 2.7557255425746435e-06),
    *(2.7557273661348637e-07, 2.510520637395701e-08, 2.0914679376583935e-09),
)

#: Those of ``(log(1 + f) - f + f**2 / 2) / f**3`` for 1 + f from the root of 1/2 to that of 2.
LOG1P = (
    *(0.33333333333333337, -0.2499999999999993, 0.19999999999993223, -0.16666666666697305),
    *(0.1428571428759174, -0.12499999997109267, 0.11111110909841072, -0.0999999999631727),
    *(0.09090919875998202, -0.08333345056413204, 0.0769198812013375, -0.0714223204915847),
    *(0.06671985555271291, -0.06265031869518063, 0.05837018351464999, -0.05368280388050548),
    *(0.0537187789066478, -0.06129561980727906, 0.0566642324205218, -0.025061228095282464),
)


def bits_of(number: Any) -> Any:
    """The bits of a number in float64 as a whole number."""
    return np.float64(number).view(np.int64)


def from_bits(bits: Any) -> Any:
    """The number in float64 with these bits."""
    return np.int64(bits).view(np.float64)


def floor(number: Any) -> Any:
    """The largest whole number that is not above a number, of the same type."""
    return np.floor(number)


def polynomial(x: Any, coefficients: Any) -> Any:
    """The sum of ``coefficients[k] * x**k``: pairs of terms, then pairs of these, and so on."""
    terms = list(coefficients)
    while len(terms) > 1:
        last = terms[-1:] if len(terms) % 2 else []
        terms = [a + x * b for a, b in zip(terms[::2], terms[1::2], strict=False)] + last
        x = x * x
    return terms[0]


def exp(number: Any) -> Any:
    """The exponential."""
    x: Any = np.float64(number)
    x = HIGHEST if x > HIGHEST else x  # NaN stays
    x = LOWEST if x < LOWEST else x
    near = x * LOG2_E + ROUND
    k = bits_of(near) - ROUND_BITS
    whole = near - ROUND
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    # Two factors, as 2**k may overflow or be subnormal where the exponential is not.
    half = k >> 1
    first = from_bits((half + BIAS) << PLACE)
    second = from_bits((k - half + BIAS) << PLACE)
    return (1.0 + (r + r * r * polynomial(r, EXP))) * first * second


def log1p_of_finite(number: Any) -> Any:
    """The logarithm of 1 + x for finite x above -1, except -0; NaN stays."""
    x: Any = np.float64(number)
    u = 1.0 + x
    lost = x - (u - 1.0)
    bits = bits_of(u)
    k = (bits - ROOT_BITS) >> PLACE
    whole = from_bits(k + ROUND_BITS) - ROUND
    f = from_bits(bits - (k << PLACE)) - 1.0
    # The digits of x that u lacks, relative to u: lost / 2**k / (1 + f).
    lost = 0.5 * (lost * from_bits((BIAS + 1 - k) << PLACE))
    lost = lost * (1.0 - f * (1.0 - f * (1.0 - f)))
    s = f * f
    rest = (s * f) * polynomial(f, LOG1P) + (whole * LN2_LOW + lost)
    return whole * LN2_HIGH - ((0.5 * s - rest) - f)


def log1p(number: Any) -> Any:
    """The logarithm of 1 + x."""
    x: Any = np.float64(number)
    result = log1p_of_finite(x)
    result = x if x == 0.0 else result  # -0 too
    result = np.inf if x == np.inf else result
    result = -np.inf if x == -1.0 else result
    return result if x >= -1.0 else np.nan


def tanh(number: Any) -> Any:
    """The hyperbolic tangent, ``(exp(2 |x|) - 1) / (exp(2 |x|) + 1)`` with the sign of x."""
    x: Any = np.float64(number)
    y: Any = abs(x)
    y = TANH_IS_ONE if y > TANH_IS_ONE else y  # NaN stays
    y = y + y
    near = y * LOG2_E + ROUND
    k = bits_of(near) - ROUND_BITS
    whole = near - ROUND
    r = (y - whole * LN2_HIGH) - whole * LN2_LOW
    power = from_bits((k + BIAS) << PLACE)
    above = power * (r + r * r * polynomial(r, EXP)) + (power - 1.0)  # exp(y) - 1
    result = above / (above + 2.0)
    sign = bits_of(x) & SIGN
    return from_bits(bits_of(result) | sign)


#: The functions above that the kernel compiles for the steps of cells; those before them are
#: instructions there (:mod:`.kernel.vectors`).
FUNCTIONS = (exp, log1p_of_finite, log1p, tanh)
