"""Laws of the collection of signals and operations into a program."""

from __future__ import annotations

import numpy as np

from nefsim.program import ProgramBuilder, Read, Sum, Term


def sums(builder: ProgramBuilder) -> dict[int, Sum]:
    return {op.output: op for op in builder.finish().ops if isinstance(op, Sum)}


def test_constants_of_a_sum_are_added_up_and_zeros_are_none() -> None:
    builder = ProgramBuilder(0.001)
    start = np.array([1.0, 2.0, 3.0])
    plain, begun, zero, cancelled = (builder.sum(n, 3, start if n == "b" else None) for n in "abcd")
    for signal in (plain, begun):
        builder.add_offset(signal, None, [10.0, 20.0, 30.0])
        builder.add_offset(signal, [2, 2], [0.5, 0.25])
    builder.add_offset(zero, None, np.zeros(3))
    builder.add_offset(cancelled, slice(0, 2), [1.0, -1.0])
    builder.add_offset(cancelled, [0, 1], [-1.0, 1.0])
    reader = builder.sum("e", 3)
    for signal in (plain, zero, cancelled):
        builder.add_term(reader, Term(Read(signal)))
    found = sums(builder)
    assert np.array_equal(found[plain].offset, [10.0, 20.0, 30.75])
    assert np.array_equal(found[begun].offset, [11.0, 22.0, 33.75])
    assert np.array_equal(start, [1.0, 2.0, 3.0])
    # A sum of nothing is 0, so that its readers leave it out.
    assert found[zero].offset is None and found[cancelled].offset is None
    assert [term.read.signal for term in found[reader].terms] == [plain]


def test_terms_are_known_until_constants_are_added() -> None:
    builder = ProgramBuilder(0.001)
    a, b, c = builder.sum("a", 2), builder.sum("b", 2, np.ones(2)), builder.signal("c", 2)
    term = Term(Read(c))
    builder.add_term(a, term)
    assert builder.terms_of(a) == [term]
    assert builder.terms_of(b) is None and builder.terms_of(c) is None
    builder.as_sum(c, [])
    assert builder.terms_of(c) == []
    builder.add_offset(a, None, np.ones(2))
    assert builder.terms_of(a) is None


def test_delays_are_the_sum_of_the_steps_of_a_read_and_of_its_filter() -> None:
    builder = ProgramBuilder(0.001)
    signal = builder.input("u", np.arange(3.0))
    for read, steps, delay in ((Read(signal), 0, 0), (Read(signal), 1, 1), (Read(signal, 1), 0, 1)):
        late = builder.delayed("x", read, steps)
        assert (late.signal, late.delay, late.columns) == (signal, delay, None)
    for read, steps, more in ((Read(signal), 2, 1), (Read(signal), 7, 6), (Read(signal, 1), 3, 2)):
        late = builder.delayed("x", read, steps)
        (op,) = (op for op in builder.ops if late.signal in (getattr(op, "output", None),))
        b, a = op.form
        assert late.delay == 1 and len(b) - 1 == steps - 1 == more and len(a) == 1
        assert b[-1] == 1.0 and not b[:-1].any()
