"""Calls of NumPy's functions for random numbers, at addresses in memory."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.vectors import BYTE, WHOLE

DOUBLE, POINTER = ir.DoubleType(), BYTE.as_pointer()

#: The place of the function for a number from [0, 1) in NumPy's struct of a bit generator, after
#: its state and functions for whole numbers of 64 and of 32 bits.
STATE, NEXT_DOUBLE = 0, 3


@intrinsic
def next_double(typing_context, generator):
    """The next number from [0, 1) of the bit generator at the first address."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        form = ir.FunctionType(DOUBLE, [POINTER])
        bits = builder.inttoptr(builder.load(arguments[0]), POINTER.as_pointer())
        state, function = (
            builder.load(builder.gep(bits, [WHOLE(place)])) for place in (STATE, NEXT_DOUBLE)
        )
        return builder.call(builder.bitcast(function, form.as_pointer()), [state])

    return types.float64(generator), generate


@intrinsic
def draw_normal(typing_context, generator, n, numbers):
    """Gaussian numbers of mean 0 and variance 1, by the function at the third address."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        generator, n, numbers = arguments
        form = ir.FunctionType(ir.VoidType(), [WHOLE, WHOLE, numbers.type])
        address = builder.load(builder.gep(generator, [WHOLE(2)]))
        function = builder.inttoptr(address, form.as_pointer())
        builder.call(function, [builder.load(generator), n, numbers])
        return context.get_dummy_value()

    return types.void(generator, types.int64, numbers), generate


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
