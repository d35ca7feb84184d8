"""The exact LIF step of eight neurons at a time, in registers and without a branch.

See :func:`nefsim.neurons.lif.exact_step`.  What does not fire is divided for nothing, which costs
less than to find out.
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
    :mod:`..opcodes`; where neurons differ in the first two, ``own`` holds these, a width apart.
    """

    def __init__(self, builder, n, c, bias, columns, width, m, own=None):
        self.builder, self._bias, self._columns = builder, bias, columns
        self._width, self._m = width, m
        self.places = [WHOLE(LINE * u) for u in range(n)]
        decay, jump, self._low, self._pulse, self._one, self._zero = (
            Vector.spread(builder, builder.load(builder.gep(c, [WHOLE(i)])))
            for i in (LIF_DECAY, LIF_REFRACTORY, LIF_LOWEST, LIF_PULSE, LIF_ONE, LIF_ZERO)
        )
        self._factors = [(decay, jump)] * n
        if own is not None:
            jumps = builder.gep(own, [width])
            self._factors = [
                (Vector.at(builder, own, i), Vector.at(builder, jumps, i)) for i in self.places
            ]

    def currents(self, x):
        """``bias + encoders x``."""
        b = self.builder
        J = Vectors(b, [Vector.at(b, self._bias, i) for i in self.places])
        with cgutils.for_range(b, self._m) as loop:
            value = Vector.spread(b, b.load(b.gep(x, [loop.index])))
            column = b.gep(self._columns, [b.mul(loop.index, self._width)])
            for u, i in enumerate(self.places):
                J[u] += Vector.at(b, column, i) * value
        return J

    def step(self, u, J, v, E):
        """The voltages and refractory factors after a step of the vector ``u``, and who fired."""
        decay, jump = self._factors[u]
        wait = E * decay
        wait = wait.where(wait.above(self._one), self._one)
        left = wait * decay
        left = (J - v) * left.where(self._one.above(left), self._one)
        voltage = J - left
        fired = voltage.above(self._one)
        voltage = self._zero.where(fired, voltage.where(voltage.above(self._low), self._low))
        return voltage, (jump * (left / (J - self._one))).where(fired, wait), fired

    def write_bits(self, fired, bits):
        """A bit for each neuron."""
        row = self.builder.bitcast(bits, BYTE.as_pointer())
        for u, some in enumerate(fired):
            place = self.builder.gep(row, [WHOLE(u)])
            self.builder.store(self.builder.bitcast(some, BYTE), place)

    def write_spikes(self, fired, out):
        """What the neurons give out."""
        for some, i in zip(fired, self.places, strict=True):
            self._pulse.where(some, self._zero).store(out, i)


def _lif_step(n_vectors, has_own=False):
    """One step of ``n_vectors`` times eight neurons; see :class:`_Neurons`."""

    @intrinsic
    def step(typing_context, c, own, bias, columns, width, m, x, v, E, out, bits):
        """Input ``x``, voltages ``v``, refractory factors ``E``, spikes ``out`` and bits."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            c, own, bias, columns, width, m, x, v, E, out, bits = arguments
            own = own if has_own else None
            neurons = _Neurons(builder, n_vectors, c, bias, columns, width, m, own)
            J, fired = neurons.currents(x), []
            for u, i in enumerate(neurons.places):
                before = Vector.at(builder, v, i), Vector.at(builder, E, i)
                voltage, factor, some = neurons.step(u, J[u], *before)
                voltage.store(v, i)
                factor.store(E, i)
                fired.append(some)
            neurons.write_spikes(fired, out)
            neurons.write_bits(fired, bits)
            return context.get_dummy_value()

        return types.void(c, own, bias, columns, width, m, x, v, E, out, bits), generate

    return step


lif_four_vectors, lif_vector, lif_own_vector = _lif_step(4), _lif_step(1), _lif_step(1, True)


@intrinsic
def lif_rows(
    typing_context,
    n_vectors,
    n_rows,
    x_stride,
    out_stride,
    bits_stride,
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

    A row waits for the one before it; that many vectors side by side keep the processor busy
    all the same.  Strides tell how far it is to the next row, of bits in bytes; where
    ``out_stride`` is 0, spikes are not written.
    """
    del typing_context
    strides = (x_stride, out_stride, bits_stride)
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


def _rows(builder, n, n_rows, x_stride, out_stride, bits_stride, *arguments):
    """Load the state, take the steps, store the state."""
    *given, x, v, E, out, bits = arguments
    neurons = _Neurons(builder, n, *given)
    states = [
        Vectors(builder, [Vector.at(builder, pointer, i) for i in neurons.places])
        for pointer in (v, E)
    ]
    bits = builder.bitcast(bits, BYTE.as_pointer())
    with cgutils.for_range(builder, n_rows) as loop:
        J, fired = neurons.currents(builder.gep(x, [builder.mul(loop.index, x_stride)])), []
        for u in range(n):
            states[0][u], states[1][u], some = neurons.step(u, J[u], states[0][u], states[1][u])
            fired.append(some)
        neurons.write_bits(fired, builder.gep(bits, [builder.mul(loop.index, bits_stride)]))
        with builder.if_then(builder.icmp_signed("!=", out_stride, WHOLE(0))):
            row = builder.gep(out, [builder.mul(loop.index, out_stride)])
            neurons.write_spikes(fired, row)
    for pointer, state in zip((v, E), states, strict=True):
        for u, i in enumerate(neurons.places):
            state[u].store(pointer, i)
