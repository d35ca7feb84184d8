"""Eight or sixteen numbers at a time, and pointers, as instructions of LLVM.

Numba has no type for vectors, and LLVM's vectors of a loop depend on its length and leave a
remainder that is computed one by one.  Here a vector has eight numbers on every processor, and
sixteen of float32 where a cache line is to be filled; LLVM splits it into several registers if
these are shorter.
"""

from __future__ import annotations

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nefsim.backends.compiled.opcodes import LINE

BIT, BYTE, INDEX, WHOLE = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)


@intrinsic
def shifted(typing_context, pointer, offset):
    """A pointer ``offset`` elements further on."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.intp), generate


@intrinsic
def byte_shifted(typing_context, pointer, offset):
    """A pointer ``offset`` bytes further on."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        byte = builder.gep(builder.bitcast(arguments[0], BYTE.as_pointer()), [arguments[1]])
        return builder.bitcast(byte, arguments[0].type)

    return pointer(pointer, types.intp), generate


def _short(bits, signed):
    """An instruction that loads an integer of some bits from a packed array."""

    @intrinsic
    def load(typing_context, packed, index):
        """The integer at an index."""
        del typing_context

        def generate(context, builder, signature, arguments):
            del context, signature
            kind = ir.IntType(bits)
            place = builder.gep(builder.bitcast(arguments[0], kind.as_pointer()), [arguments[1]])
            value = builder.load(place, align=bits // 8)
            return (builder.sext if signed else builder.zext)(value, WHOLE)

        return types.int64(packed, types.intp), generate

    return load


short_index, half_index = _short(16, False), _short(32, True)


@intrinsic
def fetch_early(typing_context, pointer, offset):
    """Let the processor load the cache line ``offset`` bytes after a pointer."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        place = builder.bitcast(arguments[0], BYTE.as_pointer())
        place = builder.gep(place, [arguments[1]])
        kinds = [place.type, INDEX, INDEX, INDEX]
        form = ir.FunctionType(ir.VoidType(), kinds)
        function = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0i8")
        builder.call(function, [place, INDEX(0), INDEX(3), INDEX(1)])
        return context.get_dummy_value()

    return types.void(pointer, types.intp), generate


@intrinsic
def doubles(typing_context, words):
    """Words of 64 bits as numbers in float64."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.bitcast(arguments[0], ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(words), generate


@intrinsic
def bits_of(typing_context, number):
    """The bits of a number in float64 as a whole number."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.bitcast(arguments[0], WHOLE)

    return types.int64(number), generate


@intrinsic
def from_bits(typing_context, bits):
    """The number in float64 with these bits."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(bits), generate


@intrinsic
def floor(typing_context, number):
    """The largest whole number that is not above a number, of the same type."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        (number,) = arguments
        return builder.call(builder.module.declare_intrinsic("llvm.floor", [number.type]), [number])

    return number(number), generate


@intrinsic
def polynomial(typing_context, x, coefficients):
    """See :func:`nefsim.backends.compiled.elementary.polynomial`."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        x, coefficients = arguments
        fused = ("contract",)
        terms = [builder.extract_value(coefficients, i) for i in range(len(coefficients.type))]
        while len(terms) > 1:
            last = terms[-1:] if len(terms) % 2 else []
            terms = [
                builder.fadd(a, builder.fmul(x, b, flags=fused), flags=fused)
                for a, b in zip(terms[::2], terms[1::2], strict=False)
            ] + last
            x = builder.fmul(x, x)
        return terms[0]

    return types.float64(x, coefficients), generate


@intrinsic
def lowest_bit(typing_context, word):
    """The place of the lowest bit that is set."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.cttz(arguments[0], BIT(1))

    return types.int64(word), generate


@intrinsic
def whole_registers(typing_context):
    """Let loops of the calling function use the widest vectors of the processor.

    By default LLVM uses half of the width of AVX-512; on other processors this has no effect.
    """
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature, arguments
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


def lanes(number):
    """How many numbers of a type fill a cache line: 8 of float64, 16 of float32."""
    return 2 * LINE if isinstance(number, ir.FloatType) else LINE


@intrinsic
def lanes_of(typing_context, pointer):
    """How many of the numbers at a pointer fill a cache line."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, builder, signature
        return WHOLE(lanes(arguments[0].type.pointee))

    return types.intp(pointer), generate


@intrinsic
def separate(typing_context):
    """Compile the calling function once, for all functions that call it."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature, arguments
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


class Vector:
    """Numbers in registers, eight unless said otherwise; arithmetic appends instructions."""

    def __init__(self, builder, value):
        self.builder, self.value = builder, value

    @classmethod
    def at(cls, builder, pointer, offset=None, n=LINE):
        """Load ``n`` numbers, from ``offset`` numbers after a pointer."""
        place, align = _address(builder, pointer, offset, n)
        return cls(builder, builder.load(place, align=align))

    @classmethod
    def spread(cls, builder, number, n=LINE):
        """A vector with ``n`` copies of one number."""
        first = ir.Constant(ir.VectorType(number.type, n), ir.Undefined)
        first = builder.insert_element(first, number, INDEX(0))
        return cls(builder, builder.shuffle_vector(first, first, _indices(0, 0, n)))

    def store(self, pointer, offset=None):
        """Store the numbers, from ``offset`` numbers after a pointer."""
        place, align = _address(self.builder, pointer, offset, self.value.type.count)
        self.builder.store(self.value, place, align=align)

    def __add__(self, other):
        return Vector(self.builder, self.builder.fadd(self.value, other.value))

    def __sub__(self, other):
        return Vector(self.builder, self.builder.fsub(self.value, other.value))

    def __mul__(self, other):
        return Vector(self.builder, self.builder.fmul(self.value, other.value))

    def __neg__(self):
        return Vector(self.builder, self.builder.fneg(self.value))

    def __truediv__(self, other):
        return Vector(self.builder, self.builder.fdiv(self.value, other.value))

    def above(self, other):
        """Bits that are 1 where these numbers are larger."""
        return self.builder.fcmp_ordered(">", self.value, other.value)

    def reaches(self, other):
        """Bits that are 1 where these numbers are equal or larger."""
        return self.builder.fcmp_ordered(">=", self.value, other.value)

    def largest(self, other):
        """The larger of each two numbers; the other one where this is NaN."""
        return self.where(self.above(other), other)

    def smallest(self, other):
        """The smaller of each two numbers; the other one where this is NaN."""
        return self.where(other.above(self), other)

    def where(self, bits, other):
        """These numbers where bits are 1, elsewhere those of another vector."""
        return Vector(self.builder, self.builder.select(bits, self.value, other.value))

    def total(self):
        """The sum of all numbers: halves are added until one number remains."""
        total, half = self.value, self.value.type.count // 2
        while half:
            low, high = (
                self.builder.shuffle_vector(total, total, _indices(start, 1, half))
                for start in (0, half)
            )
            total, half = self.builder.fadd(low, high), half // 2
        return self.builder.extract_element(total, INDEX(0))


@contextmanager
def rolled(builder, start, stop):
    """A loop with indices from ``start`` to ``stop - 1``, which LLVM does not unroll.

    It would otherwise write most loops eight times, although these have few turns.
    """
    before, body = builder.block, builder.append_basic_block("rolled")
    end = builder.append_basic_block("end")
    builder.cbranch(builder.icmp_signed("<", start, stop), body, end)
    builder.position_at_end(body)
    index = builder.phi(WHOLE)
    index.add_incoming(start, before)
    yield index
    after = builder.add(index, WHOLE(1))
    index.add_incoming(after, builder.block)
    branch = builder.cbranch(builder.icmp_signed("<", after, stop), body, end)
    branch.set_metadata("llvm.loop", _never_unrolled(builder.module))
    builder.position_at_end(end)


def _never_unrolled(module):
    """A loop's description: by LLVM's convention, its first part is the description itself."""
    disable = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, [disable], name=str(len(module.metadata)))
    loop.operands = (loop, disable)
    return loop


def _address(builder, pointer, offset, n=LINE):
    """A pointer to a vector, and the alignment of its numbers."""
    number = pointer.type.pointee
    if offset is not None:
        pointer = builder.gep(pointer, [offset])
    align = 8 if isinstance(number, ir.DoubleType) else 4
    return builder.bitcast(pointer, ir.VectorType(number, n).as_pointer()), align


def _indices(start, step, n=LINE):
    return ir.Constant(ir.VectorType(INDEX, n), [start + step * i for i in range(n)])


class Vectors:
    """Vectors that are variables of loops."""

    def __init__(self, builder, starts):
        self.builder = builder
        self._pointers = [cgutils.alloca_once_value(builder, start.value) for start in starts]

    def __getitem__(self, i):
        return Vector(self.builder, self.builder.load(self._pointers[i]))

    def __setitem__(self, i, vector):
        self.builder.store(vector.value, self._pointers[i])


@intrinsic
def sum_where_set(typing_context, values, fired, n_vectors):
    """Sum of the values whose bits are set; the number of vectors is a multiple of four."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        values, fired, n = arguments
        number = values.type.pointee
        size = lanes(number)
        word, mask = ir.IntType(size), ir.VectorType(BIT, size)
        zeros = Vector.spread(builder, number(0.0), size)
        sums, bits = Vectors(builder, [zeros] * 4), builder.bitcast(fired, word.as_pointer())
        with cgutils.for_range_slice(builder, WHOLE(0), n, WHOLE(4)) as (first, _):
            for u in range(4):
                i = builder.add(first, WHOLE(u))
                spikes = builder.bitcast(builder.load(builder.gep(bits, [i])), mask)
                vector = Vector.at(builder, values, builder.mul(i, WHOLE(size)), size)
                sums[u] += vector.where(spikes, zeros)
        return ((sums[0] + sums[1]) + (sums[2] + sums[3])).total()

    return values.dtype(values, fired, types.intp), generate


@intrinsic
def add_vector(typing_context, y, c, height):
    """``y += c * height`` for eight numbers."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del signature
        y, c, height = arguments
        more = Vector.at(builder, c) * Vector.spread(builder, height)
        (Vector.at(builder, y) + more).store(y)
        return context.get_dummy_value()

    return types.void(y, c, height), generate


@intrinsic
def list_above(typing_context, values, limits, start, indices):
    """Write the indices, from ``start``, of those of eight values that are above their limits.

    Returns their number.
    """
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        values, limits, start, indices = arguments
        bits = Vector.at(builder, values).above(Vector.at(builder, limits))
        return _write_indices(builder, bits, start, indices)

    return types.intp(values, limits, start, indices), generate


@intrinsic
def release_vector(typing_context, v, threshold, factor, start, indices):
    """``y = v >= threshold``, ``v = factor * (v - threshold * y)`` for eight potentials.

    Writes the indices of the neurons that fired to ``indices``, where the first of the eight
    has the index ``start``, and returns their number.
    """
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        v, threshold, factor, start, indices = arguments
        potential, zeros = Vector.at(builder, v), Vector.spread(builder, factor.type(0.0))
        remainder = potential - Vector.at(builder, threshold)
        fired = remainder.reaches(zeros)
        (Vector.spread(builder, factor) * remainder.where(fired, potential)).store(v)
        return _write_indices(builder, fired, start, indices)

    return types.intp(v, threshold, factor, start, indices), generate


@intrinsic
def nonzero(typing_context, values):
    """A word whose lowest eight bits are 1 where eight values are not 0."""
    del typing_context

    def generate(context, builder, signature, arguments):
        del context, signature
        (values,) = arguments
        zeros = Vector.spread(builder, values.type.pointee(0.0))
        bits = builder.fcmp_unordered("!=", Vector.at(builder, values).value, zeros.value)
        return builder.zext(builder.bitcast(bits, BYTE), WHOLE)

    return types.int64(values), generate


def _write_indices(builder, bits, start, indices):
    """Write the indices, from ``start``, of the bits that are set; returns their number."""
    whole = ir.VectorType(WHOLE, LINE)
    first = builder.insert_element(ir.Constant(whole, ir.Undefined), start, INDEX(0))
    first = builder.shuffle_vector(first, first, _indices(0, 0))
    numbers = builder.add(first, ir.Constant(whole, list(range(LINE))))
    form = ir.FunctionType(ir.VoidType(), [whole, indices.type, bits.type])
    name = "llvm.masked.compressstore.v8i64"
    builder.call(
        cgutils.get_or_insert_function(builder.module, form, name), [numbers, indices, bits]
    )
    return builder.ctpop(builder.zext(builder.bitcast(bits, BYTE), WHOLE))
