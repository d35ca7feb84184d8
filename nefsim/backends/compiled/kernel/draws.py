"""Calls of NumPy's functions for random numbers, at addresses in memory."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numba.np.random._constants import (
    fi_double,
    ki_double,
    wi_double,
    ziggurat_nor_inv_r,
    ziggurat_nor_r,
)

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.vectors import BYTE, WHOLE

DOUBLE, POINTER = ir.DoubleType(), BYTE.as_pointer()

#: NumPy's tables of the ziggurat method: for each layer its width, the heights within its inner
#: part, and the density at its edge; and the bits of a height.
WIDTH, INNER, DENSITY = wi_double, ki_double.astype(np.int64), fi_double
HEIGHTS = 2**52 - 1

#: The place of the function for a number from [0, 1) in NumPy's struct of a bit generator, after
#: its state, and before it that for 64 bits.
STATE, NEXT_WORD, NEXT_DOUBLE = 0, 1, 3


def _next(builder, generator, place, result):
    """Call a function of the bit generator at the first address."""
    bits = builder.inttoptr(builder.load(generator), POINTER.as_pointer())
    state, function = (builder.load(builder.gep(bits, [WHOLE(i)])) for i in (STATE, place))
    form = ir.FunctionType(result, [POINTER])
    return builder.call(builder.bitcast(function, form.as_pointer()), [state])


@intrinsic
def next_double(typing_context, generator):
    """The next number from [0, 1)."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return _next(builder, arguments[0], NEXT_DOUBLE, DOUBLE)

    return types.float64(generator), generate


@intrinsic
def next_word(typing_context, generator):
    """The next 64 bits."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return _next(builder, arguments[0], NEXT_WORD, WHOLE)

    return types.int64(generator), generate


@intrinsic
def large_poisson(typing_context, generator, mean):
    """A Poisson number, by the function at the second address."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        generator, mean = arguments
        form = ir.FunctionType(WHOLE, [WHOLE, DOUBLE])
        address = builder.load(builder.gep(generator, [WHOLE(1)]))
        function = builder.inttoptr(address, form.as_pointer())
        return builder.sitofp(builder.call(function, [builder.load(generator), mean]), DOUBLE)

    return types.float64(generator, types.float64), generate


@njit(**options)
def standard_normal(generator):
    """A Gaussian number of mean 0 and variance 1, the one that NumPy's ziggurat method draws.

    NumPy's function branches on the sign, which the processor guesses wrongly half of the time.
    """
    while True:
        word = next_word(generator)
        layer, word = word & 255, word >> 8
        height = (word >> 1) & HEIGHTS
        x = height * WIDTH[layer]
        x = -x if word & 1 else x
        if height < INNER[layer]:
            return x
        if layer == 0:
            while True:
                beyond = -ziggurat_nor_inv_r * math.log1p(-next_double(generator))
                other = -math.log1p(-next_double(generator))
                if other + other > beyond * beyond:
                    x = ziggurat_nor_r + beyond
                    return -x if (height >> 8) & 1 else x
        below, density = DENSITY[layer], DENSITY[layer - 1]
        if (density - below) * next_double(generator) + below < math.exp(-0.5 * x * x):
            return x
