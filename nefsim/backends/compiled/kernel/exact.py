"""The exact LIF step of a cache line of neurons at a time, in registers and without a branch.

See :func:`nefsim.neurons.lif.exact_step`.  The division is computed for all neurons and used for
those that fire; a branch would take longer.  Where the refractory time has two steps or more, the
divisions of two steps are one: a neuron that fired in the first is refractory in the second, which
needs no quotient, so that numerator and denominator wait in registers.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.kernel.vectors import BIT, BYTE, WHOLE, Vector, Vectors, lanes, rolled
from nefsim.backends.compiled.opcodes import (
    LIF_DECAY,
    LIF_LEAST,
    LIF_LOWEST,
    LIF_ONE,
    LIF_PULSE,
    LIF_REFRACTORY,
    LIF_ZERO,
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
        self.lanes = lanes(c.type.pointee)
        self.offsets = [WHOLE(self.lanes * u) for u in range(n)]
        decay, jump, self._low, self._pulse, self.one, self._zero, self.least = (
            Vector.spread(builder, builder.load(builder.gep(c, [WHOLE(i)])), self.lanes)
            for i in (
                *(LIF_DECAY, LIF_REFRACTORY, LIF_LOWEST, LIF_PULSE, LIF_ONE, LIF_ZERO),
                LIF_LEAST,
            )
        )
        self._factors = [(decay, jump)] * n
        if factors is not None:
            jumps = builder.gep(factors, [width])
            self._factors = [(self.at(factors, i), self.at(jumps, i)) for i in self.offsets]

    def at(self, pointer, offset):
        """The vector that starts ``offset`` numbers after a pointer."""
        return Vector.at(self.builder, pointer, offset, self.lanes)

    def states(self, *pointers):
        """State variables as variables of a loop."""
        return [Vectors(self.builder, [self.at(p, i) for i in self.offsets]) for p in pointers]

    def currents(self, x, shift=WHOLE(0)):
        """``bias + encoders x``, with biases ``shift`` numbers further on."""
        b = self.builder
        bias = b.gep(self._bias, [shift])
        J = Vectors(b, [self.at(bias, i) for i in self.offsets])
        with rolled(b, WHOLE(0), self._m) as j:
            value = Vector.spread(b, b.load(b.gep(x, [j])), self.lanes)
            column = b.gep(self._columns, [b.mul(j, self._width)])
            for u, i in enumerate(self.offsets):
                J[u] += self.at(column, i) * value
        return J

    def charge(self, J, v, E, u, waits=None):
        """Refractory factors, gaps and voltages after a step of vector ``u``, and a bit per spike.

        Neurons of the bits ``waits`` are refractory for the whole step.
        """
        decay, _ = self._factors[u]
        wait = (E * decay).largest(self.one)
        part = (wait * decay).smallest(self.one)
        if waits is not None:
            part = self.one.where(waits, part)
        gap = (J - v) * part
        voltage = J - gap
        fired = voltage.above(self.one)
        return wait, gap, voltage.largest(self._low), fired

    def step(self, u, J, v, E):
        """Voltages and refractory factors after a step of vector ``u``, and a bit per spike."""
        _, jump = self._factors[u]
        wait, gap, voltage, fired = self.charge(J, v, E, u)
        quotient = jump * (gap / (J - self.one))
        return self._zero.where(fired, voltage), quotient.where(fired, wait), fired

    def compact_step(self, u, J, z):
        """The same for states z: the voltage, or minus the factor of a neuron at rest, at 0.

        The lowest voltage is 0.  A neuron that rests for a part of a step needs its factor in that
        step only.
        """
        decay, jump = self._factors[u]
        wait = (z * decay).smallest(-self.one)
        part = (wait * -decay).smallest(self.one)
        gap = (J - z.largest(self._zero)) * part
        voltage = J - gap
        fired = voltage.above(self.one)
        quotient = -jump * (gap / (J - self.one))
        z = wait.where(part.reaches(self.one), voltage.largest(self._zero))
        return quotient.where(fired, z), fired

    def first_step(self, u, J, v, E):
        """The same, but v and E of neurons that fired are their current and their gap."""
        wait, gap, voltage, fired = self.charge(J, v, E, u)
        return J.where(fired, voltage), gap.where(fired, wait), fired

    def second_step(self, u, J, v, E, before):
        """The step after :meth:`first_step`, with the bits ``before`` of its spikes.

        The last result is the quotient of those that fired before.  If it is too small, a neuron
        may not be refractory for the whole step, and the results must not be used.
        """
        decay, jump = self._factors[u]
        wait, gap, voltage, fired = self.charge(J, self._zero.where(before, v), E, u, before)
        quotient = E.where(before, gap) / (v.where(before, J) - self.one)
        early = quotient.where(before, self.one)
        E = jump * quotient
        E = (E * decay).where(before, E.where(fired, wait))
        return self._zero.where(fired, voltage), E, fired, early

    def write_bits(self, u, fired, bits):
        """Store a bit for each neuron of vector ``u``."""
        b, word = self.builder, ir.IntType(self.lanes)
        row = b.bitcast(bits, word.as_pointer())
        b.store(b.bitcast(fired, word), b.gep(row, [WHOLE(u)]), align=1)


def _lif_step(n_vectors, per_neuron=False, is_compact=False):
    """One step of ``n_vectors`` vectors of neurons; see :class:`_Neurons`.

    If ``is_compact``, ``v`` is the whole state.
    """

    @intrinsic
    def step(typing_context, c, factors, bias, columns, width, m, x, v, E, bits):
        """Input ``x``, voltages ``v``, refractory factors ``E`` and bits of spikes."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del signature
            c, factors, bias, columns, width, m, x, v, E, bits = arguments
            factors = factors if per_neuron else None
            neurons = _Neurons(builder, n_vectors, c, bias, columns, width, m, factors)
            J = neurons.currents(x)
            for u, i in enumerate(neurons.offsets):
                if is_compact:
                    state, fired = neurons.compact_step(u, J[u], neurons.at(v, i))
                    state.store(v, i)
                else:
                    before = neurons.at(v, i), neurons.at(E, i)
                    voltage, factor, fired = neurons.step(u, J[u], *before)
                    voltage.store(v, i)
                    factor.store(E, i)
                neurons.write_bits(u, fired, bits)
            return context.get_dummy_value()

        return types.void(c, factors, bias, columns, width, m, x, v, E, bits), generate

    return step


lif_four_vectors, lif_vector = _lif_step(4), _lif_step(1)
lif_vector_per_neuron = _lif_step(1, per_neuron=True)
compact_four_vectors, compact_vector = _lif_step(4, is_compact=True), _lif_step(1, is_compact=True)


@intrinsic
def lif_pairs(
    typing_context,
    n_vectors,
    n_rows,
    x_stride,
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
    bits,
):
    """``n_rows`` steps, two at a time, of up to ``MOST_VECTORS`` vectors in registers.

    Each row depends on the one before it; with several vectors the processor computes one while
    another waits.  Strides are distances between rows, of bits in bytes; with a ``bias_stride``
    other than 0, each row has its biases.  Returns whether the result holds; if not, v and E are
    those before the first step, see ``_Neurons.second_step``.
    """
    del typing_context
    strides = (x_stride, bits_stride, bias_stride)
    kinds = (n_vectors, n_rows, *strides, c, bias, columns, width, m, x, v, E, bits)

    def generate(context, builder, signature, arguments):
        del context, signature
        n_vectors, *rest = arguments
        holds = cgutils.alloca_once_value(builder, BIT(1))
        end = builder.append_basic_block("stepped")
        cases = builder.switch(n_vectors, end)
        for n in range(1, MOST_VECTORS + 1):
            block = builder.append_basic_block(f"vectors{n}")
            cases.add_case(WHOLE(n), block)
            builder.position_at_end(block)
            builder.store(_pairs(builder, n, *rest), holds)
            builder.branch(end)
        builder.position_at_end(end)
        return builder.load(holds)

    return types.boolean(*kinds), generate


def _pairs(builder, n, n_rows, x_stride, bits_stride, bias_stride, *arguments):
    """Load the state, take the steps, store the state if the steps hold."""
    *constants, x, v, E, bits = arguments
    neurons = _Neurons(builder, n, *constants)
    states = neurons.states(v, E)
    bits = builder.bitcast(bits, BYTE.as_pointer())
    earliest = Vectors(builder, [neurons.one])
    with cgutils.for_range_slice(builder, WHOLE(0), n_rows, WHOLE(2)) as (row, _):
        before = []
        for r in (row, builder.add(row, WHOLE(1))):
            shift = builder.mul(r, bias_stride)
            J = neurons.currents(builder.gep(x, [builder.mul(r, x_stride)]), shift)
            word = builder.gep(bits, [builder.mul(r, bits_stride)])
            fired = []
            for u in range(n):
                state = states[0][u], states[1][u]
                if len(before) < n:
                    *after, mask = neurons.first_step(u, J[u], *state)
                else:
                    *after, mask, early = neurons.second_step(u, J[u], *state, before[u])
                    earliest[0] = earliest[0].smallest(early)
                states[0][u], states[1][u] = after
                fired.append(mask)
                neurons.write_bits(u, mask, word)
            before = fired
    early = neurons.least.above(earliest[0])
    whole = builder.bitcast(early, ir.IntType(neurons.lanes))
    holds = builder.icmp_unsigned("==", whole, whole.type(0))
    with builder.if_then(holds):
        for pointer, state in zip((v, E), states, strict=True):
            for u, i in enumerate(neurons.offsets):
                state[u].store(pointer, i)
    return holds


@intrinsic
def write_values(typing_context, c, bits, n_vectors, out):
    """The outputs of ``n_vectors`` vectors of neurons, from the bits of their spikes."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        c, bits, n_vectors, out = arguments
        n = lanes(c.type.pointee)
        pulse, zero = (
            Vector.spread(builder, builder.load(builder.gep(c, [WHOLE(i)])), n)
            for i in (LIF_PULSE, LIF_ZERO)
        )
        words = builder.bitcast(bits, ir.IntType(n).as_pointer())
        with cgutils.for_range(builder, n_vectors) as loop:
            word = builder.load(builder.gep(words, [loop.index]), align=1)
            fired = builder.bitcast(word, ir.VectorType(BIT, n))
            pulse.where(fired, zero).store(out, builder.mul(loop.index, WHOLE(n)))
        return context.get_dummy_value()

    return types.void(c, bits, n_vectors, out), generate
