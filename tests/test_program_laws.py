"""Laws of the collection of signals and operations into a program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.program import (
    Call,
    Evaluate,
    Filter,
    Group,
    Learn,
    Part,
    Play,
    ProgramBuilder,
    Read,
    Signal,
    Stream,
    Sum,
    Term,
    Weigh,
    outputs,
)
from nefsim.program.operations import read_size
from nefsim.program.schedule import in_turn, schedule


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


def test_sums_and_inputs_of_a_program_are_numbered_in_order() -> None:
    builder = ProgramBuilder(0.002)
    a, b = builder.signal("a", 3), builder.input("b", np.array([1.0, 2.0]))
    assert (a, b) == (0, 1) and builder.signals == [Signal("a", 3), Signal("b", 2)]
    played = builder.op(Play(a, nef.WhiteNoise(), Stream(0)))
    builder.record(Read(b), 2.5)
    program = builder.finish()
    assert played == a and program.dt == 0.002
    (record,) = program.records
    assert (record.read.signal, record.every) == (b, 2.5)
    inputs = [op.is_input for op in program.ops if isinstance(op, Sum)]
    assert inputs == [True]


def test_the_size_of_a_read_is_that_of_its_columns() -> None:
    signals = [Signal("a", 5)]
    for columns, size in ((None, 5), (slice(1, 4), 3), (slice(0, 5, 2), 3), (np.array([4, 4]), 2)):
        assert read_size(signals, Read(0, 0, columns)) == size


def test_parts_of_a_signal_are_copied_before_a_filter_and_whole_signals_are_not() -> None:
    builder = ProgramBuilder(0.001)
    signal = builder.signal("u", 3)
    for read, is_copied in (
        (Read(signal), False),
        (Read(signal, 1), True),
        (Read(signal, 0, slice(0, 3)), True),
    ):
        found = builder.filtered("f", read, nef.Lowpass(0.1), 0.5)
        op = builder.ops[-1]
        assert isinstance(op, Filter) and (op.output, op.start) == (found.signal, 0.5)
        assert (found.delay, found.columns) == (1, None)
        assert (op.input != signal) == is_copied
        if is_copied:
            assert [term.read for term in builder.terms_of(op.input) or []] == [read]


def test_elements_are_filtered_with_those_that_share_their_synapse() -> None:
    builder = ProgramBuilder(0.001)
    signal = builder.signal("u", 3)
    fast, slow = nef.Lowpass(0.01), nef.Lowpass(0.1)
    start = np.array([1.0, 2.0, 3.0])
    found = builder.filtered("f", Read(signal), nef.PerElement([fast, slow, fast]), start)
    assert (found.delay, builder.signals[found.signal].size) == (1, 3)
    terms = builder.terms_of(found.signal)
    assert terms is not None
    assert [np.asarray(term.rows).tolist() for term in terms] == [[0, 2], [1]]
    filters = {op.output: op for op in builder.ops if isinstance(op, Filter)}
    for term, synapse, first in zip(terms, (fast, slow), ([1.0, 3.0], [2.0]), strict=True):
        op = filters[term.read.signal]
        assert np.asarray(op.start).tolist() == first and term.read.delay == 0
        assert np.array_equal(op.form[0], synapse.form(0.001)[0])
        (part,) = builder.terms_of(op.input) or []
        assert (part.read.signal, part.read.delay) == (signal, 0)
        assert np.array_equal(part.read.columns, term.rows)  # type: ignore[arg-type]
    builder.filtered("g", Read(signal), nef.PerElement([fast, slow, fast]), np.array(0.5))
    starts = [op.start for op in builder.ops if isinstance(op, Filter)][2:]
    assert [np.asarray(start).tolist() for start in starts] == [0.5, 0.5]


# Order


def evaluate(output: int, *, reads: Read | None = None, form: str = "tx") -> Evaluate:
    return Evaluate(output, lambda t, x=0: x, form, f"f{output}", reads)


def test_functions_are_called_in_order_unless_one_reads_another() -> None:
    ops = (evaluate(0, reads=Read(2)), evaluate(1), evaluate(2), evaluate(3, reads=Read(0, 1)))
    after = [op.after.signal if op.after else None for op in in_turn(ops)]  # type: ignore[union-attr]
    # 0 waits for 2: the turns are 1, 2, 0, 3.
    assert after == [2, None, 1, 0]
    assert in_turn(ops[1:2]) == ops[1:2]
    of_x = evaluate(1, reads=Read(0), form="x")  # of a connection, which has no effect
    pair = (evaluate(0), of_x)
    assert in_turn(pair) == pair
    assert [op.after for op in in_turn((evaluate(0), of_x, evaluate(2)))[:2]] == [None, None]  # type: ignore[union-attr]
    in_a_step = (evaluate(0, reads=Read(1)), evaluate(1, reads=Read(0)))
    assert in_turn(in_a_step) == in_a_step


def groups_of(*ops: Any) -> list[tuple[set[int], bool]]:
    signals = [Signal(f"s{i}", 1) for i in range(9)]
    return [({*group.ops}, group.loop) for group in schedule(ops, signals)]


def test_groups_are_loops_and_single_operations() -> None:
    def total(output: int, *reads: Read) -> Sum:
        return Sum(output, tuple(map(Term, reads)))

    assert groups_of(total(0)) == [({0}, False)]
    assert groups_of(total(0, Read(0, 1))) == [({0}, True)]
    assert groups_of(total(0, Read(1)), total(1)) == [({1}, False), ({0}, False)]
    late = (total(0, Read(1)), total(1, Read(2, 1)), total(2, Read(0)), total(3, Read(2)))
    assert groups_of(*late) == [({0, 1, 2}, True), ({3}, False)]
    signals = [Signal(f"s{i}", 1) for i in range(4)]
    first: Group = schedule(late, signals)[0]
    assert first.ops == (1, 0, 2)  # in the order of a step
    for loop, names in (((total(0, Read(0)),), "s0 <- s0"), ((*late[:1], total(1, Read(0))), "s")):
        with pytest.raises(ValueError, match=f"have a synapse in each loop, got {names}"):
            schedule(loop, signals)


def test_functions_of_nodes_share_a_group_and_others_do_not() -> None:
    pair = (evaluate(0), evaluate(1))
    assert groups_of(*pair) == [({0, 1}, True)]
    assert groups_of(evaluate(0)) == [({0}, False)]
    assert groups_of(evaluate(0), evaluate(1, form="x")) == [({0}, False), ({1}, False)]
    fast = Evaluate(1, np.sin, "t", "sine")
    assert groups_of(evaluate(0), fast) == [({0}, False), ({1}, False)]
    for shared, n in ((True, 1), (False, 2)):
        calls = [Call((i,), (), lambda trial: abs, "c", shared=shared) for i in range(2)]
        assert len(groups_of(*calls)) == n
    three = (evaluate(0), Sum(3, (Term(Read(0)),)), evaluate(1), evaluate(2))
    assert groups_of(*three) == [({0, 2, 3}, True), ({1}, False)]


def test_a_rule_is_in_the_loop_of_its_weights() -> None:
    weigh = Weigh(1, Read(0), np.ones((1, 1)))
    part = Part(nef.PES(), {"pre": Read(0)}, Read(2), Read(3), {})
    learn = Learn(weigh, (part,), "rule")
    assert [read.signal for read in learn.reads] == [1, 0, 2, 3] and outputs(learn) == ()
    ops = (Sum(0, ()), weigh, Sum(2, ()), learn, Sum(3, ()))
    found = groups_of(*ops)
    assert ({1, 3}, True) in found and len(found) == 4
    assert [loop for group, loop in found if group != {1, 3}] == [False] * 3
