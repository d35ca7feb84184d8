"""Random numbers as NumPy draws them, from generators at addresses in memory.

The addresses of a generator are those of its bit generator, of the numbers of PCG64, NumPy's
default bit generator, or 0, and of NumPy's function for Poisson numbers.  The next state of PCG64
is computed here, which takes half the time of a call (O'Neill, 2014: PCG XSL RR 128/64).
"""

from __future__ import annotations

import math
from functools import partial

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

DOUBLE, POINTER, LONG = ir.DoubleType(), BYTE.as_pointer(), ir.IntType(128)

#: The multiplier of the recurrence of PCG64.
MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645

#: NumPy's tables of the ziggurat method: for each layer its width, the heights within its inner
#: part, and the density at its edge; and the bits of a height.
WIDTH, INNER, DENSITY = wi_double, ki_double.astype(np.int64), fi_double
HEIGHTS = 2**52 - 1

#: The place of the function for a number from [0, 1) in NumPy's struct of a bit generator, after
#: its state, and before it that for 64 bits.
STATE, NEXT_WORD, NEXT_DOUBLE = 0, 1, 3


def _called(builder, generator, place, result):
    """Call a function of the bit generator at the first address."""
    bits = builder.inttoptr(builder.load(generator), POINTER.as_pointer())
    state, function = (builder.load(builder.gep(bits, [WHOLE(i)])) for i in (STATE, place))
    form = ir.FunctionType(result, [POINTER])
    return builder.call(builder.bitcast(function, form.as_pointer()), [state])


def _computed(builder, numbers):
    """The next 64 bits of PCG64 with its numbers in memory."""
    state = builder.inttoptr(numbers, LONG.as_pointer())
    increment = builder.load(builder.gep(state, [WHOLE(1)]), align=8)
    new = _advanced(builder, builder.load(state, align=8), increment)
    builder.store(new, state, align=8)
    return _given(builder, new)


def _advanced(builder, state, increment):
    return builder.add(builder.mul(state, LONG(MULTIPLIER)), increment)


def _given(builder, state):
    """The two words of a state, combined and rotated."""
    high = builder.trunc(builder.lshr(state, LONG(64)), WHOLE)
    word = builder.xor(high, builder.trunc(state, WHOLE))
    right = builder.lshr(high, WHOLE(58))
    left = builder.and_(builder.sub(WHOLE(64), right), WHOLE(63))
    return builder.or_(builder.lshr(word, right), builder.shl(word, left))


def _next(builder, generator, place, result, convert):
    """The next number, from the bits of PCG64 or by a function of another bit generator."""
    numbers = builder.load(builder.gep(generator, [WHOLE(1)]))
    is_known = builder.icmp_signed("!=", numbers, WHOLE(0))
    with builder.if_else(is_known, likely=True) as (then, otherwise):
        with then:
            computed, here = convert(_computed(builder, numbers)), builder.block
        with otherwise:
            called, there = _called(builder, generator, place, result), builder.block
    number = builder.phi(result)
    number.add_incoming(computed, here)
    number.add_incoming(called, there)
    return number


def _fraction(builder, word):
    """A number from [0, 1) of the 53 highest bits."""
    bits = builder.lshr(word, WHOLE(11))
    return builder.fmul(builder.sitofp(bits, DOUBLE), DOUBLE(2.0**-53))


@intrinsic
def fraction(typing_context, word):
    """A number from [0, 1) of the 53 highest bits."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return _fraction(builder, arguments[0])

    return types.float64(word), generate


@intrinsic
def next_double(typing_context, generator):
    """The next number from [0, 1)."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature

        return _next(builder, arguments[0], NEXT_DOUBLE, DOUBLE, partial(_fraction, builder))

    return types.float64(generator), generate


@intrinsic
def next_word(typing_context, generator):
    """The next 64 bits."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return _next(builder, arguments[0], NEXT_WORD, WHOLE, lambda word: word)

    return types.int64(generator), generate


@intrinsic
def large_poisson(typing_context, generator, mean):
    """A Poisson number, by the function at the third address."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        generator, mean = arguments
        form = ir.FunctionType(WHOLE, [WHOLE, DOUBLE])
        address = builder.load(builder.gep(generator, [WHOLE(2)]))
        function = builder.inttoptr(address, form.as_pointer())
        return builder.sitofp(builder.call(function, [builder.load(generator), mean]), DOUBLE)

    return types.float64(generator, types.float64), generate


@intrinsic
def words_at(typing_context, address):
    """Whole numbers in memory."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.inttoptr(arguments[0], WHOLE.as_pointer())

    return types.CPointer(types.int64)(address), generate


@intrinsic
def word_after(typing_context, low, high, increment_low, increment_high):
    """The two words of the next state of PCG64, and the 64 bits that it gives.

    A loop has the state in registers, which takes half the time of a state in memory.
    """
    del typing_context

    def generate(context, builder, signature, arguments):
        state, increment = (
            builder.or_(builder.zext(low, LONG), builder.shl(builder.zext(high, LONG), LONG(64)))
            for low, high in (arguments[:2], arguments[2:])
        )
        new = _advanced(builder, state, increment)
        words = builder.trunc(new, WHOLE), builder.trunc(builder.lshr(new, LONG(64)), WHOLE)
        results = [*words, _given(builder, new)]
        return context.make_tuple(builder, signature.return_type, results)

    words = (types.int64,) * 4
    return types.UniTuple(types.int64, 3)(*words), generate


@njit(**options)
def uniforms(generator, out, n):
    """The next numbers from [0, 1)."""
    if generator[1] == 0:
        for i in range(n):
            out[i] = next_double(generator)
        return
    state = words_at(generator[1])
    low, high, more, most = state[0], state[1], state[2], state[3]
    for i in range(n):
        low, high, word = word_after(low, high, more, most)
        out[i] = fraction(word)
    state[0], state[1] = low, high


@njit(**options)
def normals(generator, out, n):
    """Gaussian numbers of mean 0 and variance 1."""
    if generator[1] == 0:
        for i in range(n):
            out[i] = standard_normal(generator)
        return
    state = words_at(generator[1])
    low, high, more, most = state[0], state[1], state[2], state[3]
    for i in range(n):
        low, high, word = word_after(low, high, more, most)
        layer, height = word & 255, (word >> 9) & HEIGHTS
        x = height * WIDTH[layer]
        x = -x if word & 256 else x
        if height >= INNER[layer]:  # one in a hundred
            state[0], state[1] = low, high
            is_taken, x = at_the_edge(generator, layer, height, x)
            if not is_taken:
                x = standard_normal(generator)
            low, high = state[0], state[1]
        out[i] = x
    state[0], state[1] = low, high


@njit(**options)
def standard_normal(generator):
    """A Gaussian number of mean 0 and variance 1, the one that NumPy's ziggurat method draws.

    NumPy's function branches on the sign, which the processor guesses wrongly half of the time.
    """
    while True:
        word = next_word(generator)
        layer, height = word & 255, (word >> 9) & HEIGHTS
        x = height * WIDTH[layer]
        x = -x if word & 256 else x
        if height < INNER[layer]:
            return x
        is_taken, x = at_the_edge(generator, layer, height, x)
        if is_taken:
            return x


@njit(**options)
def at_the_edge(generator, layer, height, x):
    """Whether a number outside the inner part of its layer is taken, and the number."""
    if layer == 0:
        while True:
            beyond = -ziggurat_nor_inv_r * math.log1p(-next_double(generator))
            other = -math.log1p(-next_double(generator))
            if other + other > beyond * beyond:
                far = ziggurat_nor_r + beyond
                return True, -far if (height >> 8) & 1 else far
    below, density = DENSITY[layer], DENSITY[layer - 1]
    return (density - below) * next_double(generator) + below < math.exp(-0.5 * x * x), x
