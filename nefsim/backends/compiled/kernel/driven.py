"""LIF populations that take the filters of their currents along in their step.

See :mod:`nefsim.backends.compiled.driving`.  Blocks of neurons are so short that their currents
stay in the innermost cache.
"""

from __future__ import annotations

from numba import njit, types
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.common import options, words
from nefsim.backends.compiled.kernel.exact import lif_vector_per_neuron, write_values
from nefsim.backends.compiled.kernel.lif import in_lanes, lif_block
from nefsim.backends.compiled.kernel.vectors import (
    WHOLE,
    Vector,
    byte_shifted,
    lanes_of,
    shifted,
    whole_registers,
)
from nefsim.backends.compiled.opcodes import (
    AFTER_CONSTANTS,
    DRIVE_EACH,
    DRIVE_FILTER,
    DRIVE_GAINS,
    DRIVE_INPUT,
    DRIVE_INTEGERS,
    DRIVE_MEMORY,
    DRIVE_OUTPUT,
    DRIVE_SIZE,
    DRIVE_SLOTS,
    DRIVE_START,
    DRIVEN_BLOCK,
    DRIVES,
    FIRST_DRIVE,
    HAS_ROW,
    IN,
    LINE,
    LOWPASS_GAIN,
    LOWPASS_KEEP,
    LOWPASS_TINY,
    LOWPASS_ZERO,
    N_DRIVES,
    OUT,
    OUT_STRIDE,
    PER_NEURON,
    SCRATCH,
    STATE_2,
    WRITES,
    C,
    N,
    S,
    X,
)


def _drive(filters, in_turn):
    """An instruction that adds a drive to eight currents.

    With ``in_turn`` the input is that of the coming step: the output is added, and then
    filtered.  Else the input is that of the last step, and is filtered first; without ``filters``
    its output is there already.
    """

    @intrinsic
    def drive(typing_context, J, gains, x, y, z, c):
        """Currents ``J``, input ``x``, output ``y`` and memory ``z`` of a filter, constants."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            J, gains, x, y, z, c = arguments
            gain = Vector.at(builder, gains)
            output = Vector.at(builder, y) if in_turn or not filters else None
            if filters:
                rate, keep, tiny, zero = (
                    Vector.spread(builder, builder.load(builder.gep(c, [WHOLE(i)])))
                    for i in (LOWPASS_GAIN, LOWPASS_KEEP, LOWPASS_TINY, LOWPASS_ZERO)
                )
                value = rate * Vector.at(builder, x) + Vector.at(builder, z)
                above = builder.fcmp_unordered(">", value.value, tiny.value)  # NaN stays
                below = builder.fcmp_unordered("<", value.value, (zero - tiny).value)
                value = value.where(builder.or_(above, below), zero)
                zero.store(x)
                (keep * value).store(z)
                if in_turn:
                    value.store(y)
                else:
                    output = value
            (Vector.at(builder, J) + gain * output).store(J)
            return context.get_dummy_value()

        return types.void(J, gains, x, y, z, c), generate

    return drive


add_output, filter_and_add, add_and_filter = (
    _drive(False, False),
    _drive(True, False),
    _drive(True, True),
)


@njit(**options)
def filtered(x, z, c):
    """One value of a lowpass filter; see :func:`.filters.lowpass`."""
    value = c[LOWPASS_GAIN] * x + z
    return c[LOWPASS_ZERO] if abs(value) <= c[LOWPASS_TINY] else value


@njit(**options)
def add_drive(d, r, first, last, J, data, constants):
    """Add a drive to the currents of neurons ``first`` to ``last``, in step ``r`` of a tile."""
    start, size, slots = d[DRIVE_START], d[DRIVE_SIZE], d[DRIVE_SLOTS]
    lo, hi = max(first, start), min(last, start + size)
    at, n = lo - start, max(hi - lo, 0)
    x = shifted(data, d[DRIVE_INPUT] + at)
    if slots:
        x = shifted(x, r % slots * size)
    y, z = shifted(data, d[DRIVE_OUTPUT] + at), shifted(data, d[DRIVE_MEMORY] + at)
    c, each = shifted(constants, d[DRIVE_FILTER]), d[DRIVE_EACH]
    gains, J = shifted(constants, d[DRIVE_GAINS] + each * at), shifted(J, lo - first)
    in_eights = n - n % LINE
    for i in range(0, in_eights, LINE):
        j, g = shifted(J, i), shifted(gains, each * i)
        u, v, w = shifted(x, i), shifted(y, i), shifted(z, i)
        if slots:
            add_and_filter(j, g, u, v, w, c)
        elif r:
            filter_and_add(j, g, u, v, w, c)
        else:
            add_output(j, g, u, v, w, c)
    for i in range(in_eights, n):
        if r and not slots:
            y[i] = filtered(x[i], z[i], c)
        J[i] += gains[each * i] * y[i]
        if slots:
            y[i] = filtered(x[i], z[i], c)
        if r or slots:
            z[i], x[i] = c[LOWPASS_KEEP] * y[i], c[LOWPASS_ZERO]


@njit(**options)
def driven_lif(t, row, r, data, constants, indices, spikes):
    """A step of a population with its drives, the ``r``-th of a tile."""
    whole_registers()
    n, d, c = t[N], shifted(indices, t[DRIVES]), shifted(constants, t[C])
    width = in_lanes(n, c)
    factors, J = shifted(c, AFTER_CONSTANTS), shifted(data, t[SCRATCH])
    base = shifted(factors, 2 * width * t[PER_NEURON])
    if d[HAS_ROW]:
        base = shifted(data, t[IN])
    bits = shifted(spikes, t[X] + r * words(n))
    for first in range(0, width, DRIVEN_BLOCK):
        last = min(first + DRIVEN_BLOCK, n)
        for i in range(first, last):
            J[i - first] = base[i]
        for i in range(last, in_lanes(last, c)):  # the padding has no current
            J[i - first] = 0.0
        for k in range(d[N_DRIVES]):
            more = shifted(d, FIRST_DRIVE + k * DRIVE_INTEGERS)
            add_drive(more, r, first, last, J, data, constants)
        v, E = shifted(data, t[S] + first), shifted(data, t[STATE_2] + first)
        out = shifted(data, t[OUT] + row * t[OUT_STRIDE] + first)
        fired, f = byte_shifted(bits, first // LINE), shifted(factors, first)
        step_block(t, in_lanes(last, c) - first, c, f, J, v, E, fired)
        if d[WRITES]:
            write_values(c, fired, (in_lanes(last, c) - first) // lanes_of(c), out)


@njit(**options)
def step_block(t, n, c, factors, J, v, E, bits):
    """A step of ``n`` neurons, a multiple of a vector."""
    whole_registers()
    width, line = in_lanes(t[N], c), lanes_of(c)
    if t[PER_NEURON] == 0:
        lif_block(c, J, J, width, 0, J, v, E, bits, n)
        return
    for i in range(0, n, line):
        j, w, f, b = shifted(J, i), shifted(v, i), shifted(E, i), byte_shifted(bits, i // 8)
        lif_vector_per_neuron(c, shifted(factors, i), j, j, width, 0, j, w, f, b)


@njit(**options)
def settle(n, y, x, c, state):
    """The filter of a drive at the end of a tile: its output is that of the step."""
    keep, zero = c[LOWPASS_KEEP], c[LOWPASS_ZERO]
    for i in range(n):
        value = filtered(x[i], state[i], c)
        y[i] = value
        state[i] = keep * value
        x[i] = zero


@njit(**options)
def delay(n, m, r, y, x, z):
    """``y`` is the input ``m`` steps before; the ``r``-th step of a tile uses a row of ``z``."""
    place = shifted(z, r % m * n)
    for i in range(n):
        before = place[i]
        place[i] = x[i]
        y[i] = before


@njit(**options)
def swap_rows(z, n, first, last):
    """Reverse the order of rows ``first`` to ``last``."""
    while first < last - 1:
        last -= 1
        a, b = shifted(z, first * n), shifted(z, last * n)
        for i in range(n):
            before = a[i]
            a[i] = b[i]
            b[i] = before
        first += 1


@njit(**options)
def rotate(n, m, steps, z):
    """At the end of a tile the row that is next comes first."""
    steps = steps % m
    if steps:
        swap_rows(z, n, 0, steps)
        swap_rows(z, n, steps, m)
        swap_rows(z, n, 0, m)
