"""Steps that several threads share: they take units one by one, and wait for each other.

A step has phases.  The units of a phase are independent of each other; a thread claims a unit
before it runs it, first those of its place, then any that are left.  So a thread that has no core
delays the others by one unit at most, and one that never comes by nothing.  The thread that
finishes the last unit of a phase runs the rows of its tail, and releases the next phase.  Until
then the others spin, and after a while let other threads run.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.common import options
from nefsim.backends.compiled.kernel.vectors import WHOLE
from nefsim.backends.compiled.opcodes import SPINS


@intrinsic
def add_atomic(typing_context, pointer, number):
    """Add to a whole number; returns the one before.  Other threads see all that was written."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.atomic_rmw("add", *arguments, "acq_rel")

    return types.int64(pointer, types.int64), generate


@intrinsic
def claim(typing_context, pointer, number):
    """Whether this thread is the first to replace ``number`` by the next one."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        pointer, number = arguments
        more = builder.add(number, WHOLE(1))
        pair = builder.cmpxchg(pointer, number, more, "acq_rel", "monotonic")
        return builder.extract_value(pair, 1)

    return types.boolean(pointer, types.int64), generate


@intrinsic
def load_atomic(typing_context, pointer):
    """A whole number that another thread may write, and all that it wrote before."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.load_atomic(arguments[0], "acquire", 8)

    return types.int64(pointer), generate


@intrinsic
def store_atomic(typing_context, pointer, number):
    """Write a whole number, after all that was written before."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        pointer, number = arguments
        builder.store_atomic(number, pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(pointer, types.int64), generate


@intrinsic
def rest(typing_context, address):
    """A pause of some cycles; or, with the address of a function of the system, its call."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        (address,) = arguments
        form = ir.FunctionType(ir.IntType(32), [])
        calls = builder.icmp_unsigned("!=", address, WHOLE(0))
        with builder.if_else(calls) as (then, otherwise):
            with then:
                builder.call(builder.inttoptr(address, form.as_pointer()), [])
            with otherwise:
                if builder.module.triple.startswith("x86_64"):
                    nothing = ir.FunctionType(ir.VoidType(), [])
                    name = "llvm.x86.sse2.pause"
                    pause = cgutils.get_or_insert_function(builder.module, nothing, name)
                    builder.call(pause, [])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@njit(**options)
def wait_for(released, number, address):
    """Wait until a phase is released: spin, then let other threads run."""
    for _ in range(SPINS):
        if load_atomic(released) != number:
            return
        rest(0)
    while load_atomic(released) == number:
        rest(address)
