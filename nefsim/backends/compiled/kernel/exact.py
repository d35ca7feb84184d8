"""The exact LIF step of eight neurons at a time, in registers and without a branch.

See :func:`nefsim.neurons.lif.exact_step`.  The division is computed for all neurons and used for
those that fire; a branch would take longer.
"""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.vectors import BYTE, WHOLE, Vector, Vectors
from nefsim.backends.compiled.opcodes import (
    LIF_DECAY,
    LIF_LOWEST,
    LIF_ONE,
    LIF_PULSE,
    LIF_REFRACTORY,
    LIF_ZERO,
    LINE,
    MOST_VECTORS,
)


class _Neurons:
    """Instructions that step ``n`` vectors of neurons; arguments are pointers to the first.

    ``m`` columns of encoders are ``width`` apart.  The constants ``c`` are those of LIF in
    :mod:`..opcodes`; if the first two differ between neurons, ``factors`` points to an array of
    each, a width apart.
    """

    def __init__(self, builder, n, c, bias, columns, width, m, factors=None):
        self.builder, self._bias, self._columns = builder, bias, columns
        self._width, self._m = width, m
        self.offsets = [WHOLE(LINE * u) for u in range(n)]
        decay, jump, self._low, self._pulse, self._one, self._zero = (
            Vector.spread(builder, builder.load(builder.gep(c, [WHOLE(i)])))
            for i in (LIF_DECAY, LIF_REFRACTORY, LIF_LOWEST, LIF_PULSE, LIF_ONE, LIF_ZERO)
        )
        self._factors = [(decay, jump)] * n
        if factors is not None:
            jumps = builder.gep(factors, [width])
            self._factors = [
                (Vector.at(builder, factors, i), Vector.at(builder, jumps, i)) for i in self.offsets
            ]

    def currents(self, x, shift=WHOLE(0)):
        """``bias + encoders x``, with biases ``shift`` numbers further on."""
        b = self.builder
        bias = b.gep(self._bias, [shift])
        J = Vectors(b, [Vector.at(b, bias, i) for i in self.offsets])
        with cgutils.for_range(b, self._m) as loop:
            value = Vector.spread(b, b.load(b.gep(x, [loop.index])))
            column = b.gep(self._columns, [b.mul(loop.index, self._width)])
            for u, i in enumerate(self.offsets):
                J[u] += Vector.at(b, column, i) * value
        return J

    def step(self, u, J, v, E):
        """Voltages and refractory factors after a step of vector ``u``, and a bit per spike."""
        decay, jump = self._factors[u]
        wait = E * decay
        wait = wait.where(wait.above(self._one), self._one)
        gap = wait * decay
        gap = (J - v) * gap.where(self._one.above(gap), self._one)
        voltage = J - gap
        fired = voltage.above(self._one)
        voltage = self._zero.where(fired, voltage.where(voltage.above(self._low), self._low))
        return voltage, (jump * (gap / (J - self._one))).where(fired, wait), fired

    def write_bits(self, fired, bits):
        """Store a bit for each neuron."""
        row = self.builder.bitcast(bits, BYTE.as_pointer())
        for u, mask in enumerate(fired):
            address = self.builder.gep(row, [WHOLE(u)])
            self.builder.store(self.builder.bitcast(mask, BYTE), address)

    def write_spikes(self, fired, out):
        """Store the output of each neuron."""
        for mask, i in zip(fired, self.offsets, strict=True):
            self._pulse.where(mask, self._zero).store(out, i)


def _lif_step(n_vectors, per_neuron=False):
    """One step of ``n_vectors`` times eight neurons; see :class:`_Neurons`."""

    @intrinsic
    def step(typing_context, c, factors, bias, columns, width, m, x, v, E, out, bits):
        """Input ``x``, voltages ``v``, refractory factors ``E``, spikes ``out`` and bits."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            c, factors, bias, columns, width, m, x, v, E, out, bits = arguments
            factors = factors if per_neuron else None
            neurons = _Neurons(builder, n_vectors, c, bias, columns, width, m, factors)
            J, fired = neurons.currents(x), []
            for u, i in enumerate(neurons.offsets):
                before = Vector.at(builder, v, i), Vector.at(builder, E, i)
                voltage, factor, mask = neurons.step(u, J[u], *before)
                voltage.store(v, i)
                factor.store(E, i)
                fired.append(mask)
            neurons.write_spikes(fired, out)
            neurons.write_bits(fired, bits)
            return context.get_dummy_value()

        return types.void(c, factors, bias, columns, width, m, x, v, E, out, bits), generate

    return step


lif_four_vectors, lif_vector = _lif_step(4), _lif_step(1)
lif_vector_per_neuron = _lif_step(1, True)


@intrinsic
def lif_rows(
    typing_context,
    n_vectors,
    n_rows,
    x_stride,
    out_stride,
    bits_stride,
    bias_stride,
    c,
    bias,
    columns,
    width,
    m,
    x,
    v,
    E,
    out,
    bits,
):
    """``n_rows`` steps of up to ``MOST_VECTORS`` vectors, whose state stays in registers.

    Each row depends on the one before it; with several vectors the processor computes one while
    another waits.  Strides are distances between rows, of bits in bytes; if ``out_stride`` is 0,
    spikes are written as bits only.  With a ``bias_stride`` other than 0, each row has its biases.
    """
    del typing_context
    strides = (x_stride, out_stride, bits_stride, bias_stride)
    kinds = (n_vectors, n_rows, *strides, c, bias, columns, width, m)

    def generate(context, builder, signature, arguments):
        del signature
        n_vectors, *rest = arguments
        end = builder.append_basic_block("stepped")
        cases = builder.switch(n_vectors, end)
        for n in range(1, MOST_VECTORS + 1):
            block = builder.append_basic_block(f"vectors{n}")
            cases.add_case(WHOLE(n), block)
            builder.position_at_end(block)
            _rows(builder, n, *rest)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*kinds, x, v, E, out, bits), generate


def _rows(builder, n, n_rows, x_stride, out_stride, bits_stride, bias_stride, *arguments):
    """Load the state, take the steps, store the state."""
    *constants, x, v, E, out, bits = arguments
    neurons = _Neurons(builder, n, *constants)
    states = [
        Vectors(builder, [Vector.at(builder, pointer, i) for i in neurons.offsets])
        for pointer in (v, E)
    ]
    bits = builder.bitcast(bits, BYTE.as_pointer())
    with cgutils.for_range(builder, n_rows) as loop:
        shift = builder.mul(loop.index, bias_stride)
        J = neurons.currents(builder.gep(x, [builder.mul(loop.index, x_stride)]), shift)
        fired = []
        for u in range(n):
            states[0][u], states[1][u], mask = neurons.step(u, J[u], states[0][u], states[1][u])
            fired.append(mask)
        neurons.write_bits(fired, builder.gep(bits, [builder.mul(loop.index, bits_stride)]))
        with builder.if_then(builder.icmp_signed("!=", out_stride, WHOLE(0))):
            row = builder.gep(out, [builder.mul(loop.index, out_stride)])
            neurons.write_spikes(fired, row)
    for pointer, state in zip((v, E), states, strict=True):
        for u, i in enumerate(neurons.offsets):
            state[u].store(pointer, i)
