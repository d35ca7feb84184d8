"""LIF populations of many dimensions: their currents are products of matrices.

Encoders are stored in panels of two registers of neurons, column by column.  The currents of
eight steps are computed in one pass over a panel, so that each number of it is loaded once for
eight steps.  Each current is ``bias + encoders x``, summed in the order of the dimensions, however
many steps are computed together.
"""

from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.common import options, padded, vectors_of_block, words
from nefsim.backends.compiled.kernel.driven import step_block
from nefsim.backends.compiled.kernel.exact import write_values
from nefsim.backends.compiled.kernel.lif import in_lanes, lif_rows, write_rows
from nefsim.backends.compiled.kernel.vectors import (
    INDEX,
    WHOLE,
    byte_shifted,
    lanes_of,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    AFTER_CONSTANTS,
    ENCODERS,
    IN,
    IN_STRIDE,
    LINE,
    LONG_INPUT,
    OUT,
    OUT_STRIDE,
    PANEL,
    PANELS,
    PER_NEURON,
    SCRATCH,
    STATE_2,
    STEPS_AT_ONCE,
    TILE,
    C,
    N,
    S,
    X,
)

#: Sums that are computed together: two registers for eight steps, eight registers for one step.
#: Processors with fewer or shorter registers take a part of them at a time.
_IS_LONG = llvm.get_host_cpu_features().get("avx512f", False)
_AT_ONCE = {(2, 8): (2, 8), (8, 1): (8, 1), (2, 1): (2, 1)}
if not _IS_LONG:
    _AT_ONCE = {(2, 8): (1, 4), (8, 1): (4, 1), (2, 1): (2, 1)}


def _product(n_registers, n_steps):
    """An instruction for the currents of some registers of neurons in some steps."""
    registers, steps = _AT_ONCE[n_registers, n_steps]

    @intrinsic
    def product(typing_context, J, stride, bias, panels, m, x):
        """Currents ``J``, ``stride`` from step to step; biases, panels, ``m`` dimensions.

        ``x`` has the numbers of all steps for each dimension.
        """
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            for first in range(0, n_registers, registers):
                for step in range(0, n_steps, steps):
                    which = range(first, first + registers), range(step, step + steps)
                    _block(builder, n_steps, *which, *arguments)
            return context.get_dummy_value()

        return types.void(J, stride, bias, panels, m, x), generate

    return product


def _block(builder, n_steps, registers, steps, J, stride, bias, panels, m, x):
    """Sums that stay in registers; see :func:`_product`."""
    number = J.type.pointee
    is_double = isinstance(number, ir.DoubleType)
    lanes = PANEL // 2 // (8 if is_double else 4)
    vector, align = ir.VectorType(number, lanes), 8 if is_double else 4
    form = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fmuladd.v{lanes}{'f64' if is_double else 'f32'}"
    add_product = cgutils.get_or_insert_function(builder.module, form, name)

    def place(pointer, *offsets):
        for offset in offsets:
            pointer = builder.gep(pointer, [offset])
        return builder.bitcast(pointer, vector.as_pointer())

    starts = {}
    for u in registers:
        panel = builder.mul(m, WHOLE(u // 2 * 2 * lanes))
        starts[u] = builder.gep(panels, [builder.add(panel, WHOLE(u % 2 * lanes))])
    sums = {}
    for u in registers:
        first = builder.load(place(bias, WHOLE(u * lanes)), align=align)
        for s in steps:
            sums[u, s] = cgutils.alloca_once_value(builder, first)
    with cgutils.for_range(builder, m) as loop:
        row = builder.mul(loop.index, WHOLE(2 * lanes))
        column = {u: builder.load(place(starts[u], row), align=align) for u in registers}
        values = builder.gep(x, [builder.mul(loop.index, WHOLE(n_steps))])
        for s in steps:
            value = builder.load(builder.gep(values, [WHOLE(s)]))
            spread = builder.insert_element(ir.Constant(vector, ir.Undefined), value, INDEX(0))
            zeros = ir.Constant(ir.VectorType(INDEX, lanes), [0] * lanes)
            spread = builder.shuffle_vector(spread, spread, zeros)
            for u in registers:
                total = builder.load(sums[u, s])
                builder.store(builder.call(add_product, [column[u], spread, total]), sums[u, s])
    for (u, s), total in sums.items():
        at = builder.mul(stride, WHOLE(s))
        builder.store(builder.load(total), place(J, at, WHOLE(u * lanes)), align=align)


eight_steps, one_step_of_four, one_step = _product(2, 8), _product(8, 1), _product(2, 1)


@intrinsic
def panel_of(typing_context, numbers):
    """Neurons of a panel."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, builder, signature
        is_double = isinstance(arguments[0].type.pointee, ir.DoubleType)
        return WHOLE(PANEL // (8 if is_double else 4))

    return types.int64(numbers), generate


@njit(**options)
def currents(J, bias, panels, m, n_panels, x):
    """The currents of one step, four panels at a time."""
    panel = panel_of(J)
    in_fours = n_panels - n_panels % 4
    for p in range(0, in_fours, 4):
        at = p * panel
        one_step_of_four(shifted(J, at), 0, shifted(bias, at), shifted(panels, at * m), m, x)
    for p in range(in_fours, n_panels):
        at = p * panel
        one_step(shifted(J, at), 0, shifted(bias, at), shifted(panels, at * m), m, x)


@njit(**options)
def equals(x, y, m):
    """Whether two vectors are equal."""
    whole_registers()
    count = 0
    for j in range(m):
        count += x[j] != y[j]
    return count == 0


@njit(**options)
def copy(x, y, m):
    """``x = y``."""
    whole_registers()
    for j in range(m):
        x[j] = y[j]


@njit(**options)
def parts(t, data, constants):
    """Biases, panels, the number of panels, and the parts of the scratch memory."""
    c = shifted(constants, t[C])
    panel = panel_of(c)
    bias = shifted(c, AFTER_CONSTANTS + 2 * in_lanes(t[N], c) * t[PER_NEURON])
    n_panels = (t[N] + panel - 1) // panel
    packed = shifted(data, t[SCRATCH])
    J = shifted(packed, TILE * padded(t[ENCODERS]))
    last = shifted(J, STEPS_AT_ONCE * PANELS * panel)
    return bias, shifted(bias, n_panels * panel), n_panels, packed, J, last


@njit(**options)
def wide_lif(t, row, r, data, constants, spikes):
    """One step of a population with its encoders in panels, the ``r``-th of a tile."""
    whole_registers()
    n, m, c = t[N], t[ENCODERS], shifted(constants, t[C])
    bias, panels, n_panels, _, _, last = parts(t, data, constants)
    x, J = shifted(data, t[IN] + row * t[IN_STRIDE]), shifted(last, LINE + padded(m))
    if m < LONG_INPUT:
        currents(J, bias, panels, m, n_panels, x)
    elif last[0] == 0 or not equals(x, shifted(last, LINE), m):
        currents(J, bias, panels, m, n_panels, x)
        copy(shifted(last, LINE), x, m)
        last[0] = 1.0
    v, E, out = (
        shifted(data, t[S]),
        shifted(data, t[STATE_2]),
        shifted(data, t[OUT] + row * t[OUT_STRIDE]),
    )
    bits = shifted(spikes, t[X] + r * words(n))
    width = in_lanes(n, c)
    step_block(t, width, c, shifted(c, AFTER_CONSTANTS), J, v, E, bits)
    write_values(c, bits, width // lanes_of(c), out)


@njit(**options)
def pack(packed, x, stride, m, n_rows):
    """The numbers of eight steps side by side, for each dimension; missing steps are 0."""
    for r in range(STEPS_AT_ONCE):
        row = shifted(x, r * stride)
        for j in range(m):
            packed[j * STEPS_AT_ONCE + r] = row[j] if r < n_rows else 0.0


@njit(**options)
def repeats(x, stride, m, n_rows, before):
    """Whether rows are all equal to the one before the first."""
    for r in range(n_rows):
        row = shifted(x, r * stride)
        if not equals(row, shifted(row, -stride) if r else before, m):
            return False
    return True


@njit(**options)
def wide_lif_tile(t, row, n_rows, data, spikes, constants):
    """Rows of a tile from ``row`` on: a block of neurons runs all rows, then the next block."""
    whole_registers()
    n, m, stride = t[N], t[ENCODERS], t[IN_STRIDE]
    bias, panels, n_panels, packed, J, last = parts(t, data, constants)
    panel, c = panel_of(bias), shifted(constants, t[C])
    x, before, held = (
        shifted(data, t[IN] + row * stride),
        shifted(last, LINE),
        shifted(last, LINE + padded(m)),
    )
    changed = 0  # a bit for each eight steps
    for g in range(0, n_rows, STEPS_AT_ONCE):
        these, k = shifted(x, g * stride), min(STEPS_AT_ONCE, n_rows - g)
        first = shifted(these, -stride) if g else before
        if m < LONG_INPUT or last[0] == 0 or not repeats(these, stride, m, k, first):
            changed |= 1 << (g // STEPS_AT_ONCE)
            pack(shifted(packed, g * m), these, stride, m, k)
        last[0] = 1.0
    line = lanes_of(c)
    n_vectors = in_lanes(n, c) // line
    for p in range((n_panels - 1) // PANELS * PANELS, -1, -PANELS):
        some = min(PANELS, n_panels - p)
        at, width = p * panel, some * panel
        for g in range(0, n_rows, STEPS_AT_ONCE):
            k = min(STEPS_AT_ONCE, n_rows - g)
            if changed >> (g // STEPS_AT_ONCE) & 1:
                if k >= 3:
                    for q in range(some):
                        b, e = shifted(bias, at + q * panel), shifted(panels, (at + q * panel) * m)
                        j = shifted(J, q * panel)
                        eight_steps(j, width, b, e, m, shifted(packed, g * m))
                else:
                    for r in range(k):
                        y, b = shifted(J, r * width), shifted(bias, at)
                        row_of_x = shifted(x, (g + r) * stride)
                        currents(y, b, shifted(panels, at * m), m, some, row_of_x)
                if m >= LONG_INPUT:
                    copy(shifted(held, at), shifted(J, (k - 1) * width), width)
                base, step = J, width
            else:
                base, step = shifted(held, at), 0
            rows_of_block(
                t,
                row + g,
                g,
                k,
                at,
                min(width // line, n_vectors - at // line),
                data,
                spikes,
                c,
                base,
                step,
            )
    if m >= LONG_INPUT:
        copy(before, shifted(x, (n_rows - 1) * stride), m)


@njit(**options)
def rows_of_block(t, row, r, n_rows, first, n_vectors, data, spikes, c, J, step):
    """Steps of a block of neurons with given currents."""
    bits = shifted(spikes, t[X] + r * words(t[N]))
    out = shifted(data, t[OUT] + row * t[OUT_STRIDE])
    line, stride = lanes_of(c), 8 * words(t[N])
    size = vectors_of_block(n_vectors)
    # The padding of a row overwrites the start of the next row, which a later block writes again.
    for i in range((n_vectors - 1) // size * size, -1, -size):
        at, k = first + i * line, min(size, n_vectors - i)
        v, E = shifted(data, t[S] + at), shifted(data, t[STATE_2] + at)
        fired, y, j = byte_shifted(bits, at // 8), shifted(out, at), shifted(J, i * line)
        lif_rows(k, n_rows, 0, stride, step, c, j, j, 0, 0, j, v, E, fired)
        if t[OUT_STRIDE]:
            write_rows(c, fired, stride, k, n_rows, y, t[OUT_STRIDE])
