"""Decoding of a tile of steps: sums of the rows of the neurons that fired in each step.

A row is loaded once and added to the sums of all steps in which its neuron fired.  The sums of
some columns are in the innermost cache meanwhile.  Neurons are in ascending order in each sum.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.common import options, words
from nefsim.backends.compiled.kernel.vectors import (
    BIT,
    WHOLE,
    fetch_early,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.kernel.wide import panel_of
from nefsim.backends.compiled.opcodes import (
    BITS,
    OUT,
    OUT_STRIDE,
    PANEL,
    REGISTERS,
    SCRATCH,
    SET,
    TILE,
    M,
    N,
    X,
)

#: Rows that a row is loaded before it is added.
ROWS_EARLY = 8


@njit(**options)
def steps_of_spikes(t, n_rows, spikes):
    """A word for each neuron, with a bit for each step of a tile: a transposed matrix of bits."""
    bits, out, n_words = shifted(spikes, t[BITS]), shifted(spikes, t[X]), words(t[N])
    for w in range(n_words):
        block = shifted(out, w * TILE)
        for r in range(TILE):
            block[r] = bits[r * n_words + w] if r < n_rows else 0
        size, mask = TILE // 2, (1 << (TILE // 2)) - 1
        while size:  # swap the upper right with the lower left part of smaller and smaller squares
            k = 0
            while k < TILE:
                swapped = ((block[k] >> size) ^ block[k + size]) & mask
                block[k] ^= swapped << size
                block[k + size] ^= swapped
                k = ((k | size) + 1) & ~size
            size >>= 1
            mask ^= mask << size


def _add_row(n_registers):
    """An instruction that adds a row of some registers to the sums of steps."""

    @intrinsic
    def add(typing_context, sums, row, width, steps):
        """Sums of a step are ``width`` numbers apart; ``steps`` has a bit for each step."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            sums, row, width, steps = arguments
            size = 8 if isinstance(sums.type.pointee, ir.DoubleType) else 4
            vector = ir.VectorType(sums.type.pointee, PANEL // 2 // size)

            def at(pointer, u):
                place = builder.gep(pointer, [WHOLE(u * vector.count)])
                return builder.bitcast(place, vector.as_pointer())

            rows = [builder.load(at(row, u), align=size) for u in range(n_registers)]
            rest = cgutils.alloca_once_value(builder, steps)
            body, end = (builder.append_basic_block(name) for name in ("step", "added"))
            builder.cbranch(builder.icmp_signed("!=", steps, WHOLE(0)), body, end)
            builder.position_at_end(body)
            now = builder.load(rest)
            place = builder.gep(sums, [builder.mul(builder.cttz(now, BIT(1)), width)])
            for u, more in enumerate(rows):
                total = builder.load(at(place, u), align=size)
                builder.store(builder.fadd(total, more), at(place, u), align=size)
            later = builder.and_(now, builder.sub(now, WHOLE(1)))
            builder.store(later, rest)
            builder.cbranch(builder.icmp_signed("!=", later, WHOLE(0)), body, end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return types.void(sums, row, width, steps), generate

    return add


add_row, add_register = _add_row(REGISTERS), _add_row(1)


@njit(**options)
def rows_of_tile(t, row, n_rows, data, spikes, c):
    """Rows of a tile from ``row`` on: a panel of columns is summed for all of them."""
    whole_registers()
    n, m, register = t[N], t[M], panel_of(c) // 2
    sums, steps = shifted(data, t[SCRATCH]), shifted(spikes, t[X])
    total = n + -n % register
    for first in range(0, total, REGISTERS * register):
        width = min(REGISTERS * register, total - first)
        panel, columns = shifted(c, first * m), min(width, n - first)
        for r in range(n_rows):
            y = shifted(data, t[OUT] + (row + r) * t[OUT_STRIDE] + first)
            part = shifted(sums, r * width)
            for i in range(width):
                part[i] = y[i] if i < columns and t[SET] == 0 else 0.0
        if width == REGISTERS * register:
            for j in range(m):
                later = shifted(panel, (j + ROWS_EARLY) * width)
                for u in range(REGISTERS):
                    fetch_early(later, u * PANEL // 2)
                add_row(sums, shifted(panel, j * width), width, steps[j])
        else:
            for i in range(0, width, register):
                for j in range(m):
                    add_register(shifted(sums, i), shifted(panel, j * width + i), width, steps[j])
        for r in range(n_rows):
            y = shifted(data, t[OUT] + (row + r) * t[OUT_STRIDE] + first)
            part = shifted(sums, r * width)
            for i in range(columns):
                y[i] = part[i]
