"""Laws of spikes that drive populations: which sums and filters are taken along with their step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import driving, tiling
from nefsim.backends.compiled.driving import Drive
from nefsim.filtering import shift
from nefsim.lowering import build
from nefsim.program import Filter, Neurons, Program, Read, Record, Signal, Sum, Term

SPARSE = scipy.sparse.csr_array(np.ones((4, 4)))
DENSE = np.ones((4, 4))
LOWPASS = np.array([0.1]), np.array([1.0, -0.9])
SECOND = np.array([0.1]), np.array([1.0, -0.9, 0.1])

# Operation i writes signal i: the population, its currents, the sum of weights of its spikes, and
# the lowpass filter, which the currents read of the step before; then a delay.
POPULATION, CURRENTS, SOURCE, FILTER, DELAY = range(5)


def population(kind: Any = None) -> Neurons:
    net = nef.Network(seed=1)
    net.ensemble(4, 1, neuron_type=nef.LIF() if kind is None else kind)
    ops = build(net, 0.001, 1).program.ops
    found = next(op for op in ops if isinstance(op, Neurons))
    return replace(found, output=POPULATION, current=CURRENTS)


LIF, ADAPTIVE = population(), population(nef.AdaptiveLIF())


def driven(slots: int = 0, records: Any = (), **change: Any) -> Program:
    """A population that drives itself, ``slots`` steps later; operations can be replaced."""
    ops: dict[str, Any] = {
        "population": LIF,
        "currents": Sum(CURRENTS, (Term(Read(FILTER, 1)),), np.zeros(4)),
        "source": Sum(SOURCE, (Term(Read(POPULATION), SPARSE),)),
        "filter": Filter(FILTER, SOURCE, LOWPASS),
    }
    signals = [Signal("", 4)] * 4
    if slots:
        copy = len(ops) + (slots > 1)
        if slots > 1:
            ops["delay"] = Filter(DELAY, SOURCE, shift(slots - 1))
        delayed = Read(DELAY if slots > 1 else SOURCE, 1)
        ops["copy"] = Sum(copy, (Term(delayed),))
        ops["filter"] = Filter(FILTER, copy, LOWPASS)
        signals += [Signal("", 4)] * (1 + (slots > 1))
    ops |= change
    records = tuple(Record(Read(signal), 1.0) for signal in records)
    return Program(0.001, tuple(signals), tuple(ops.values()), (), records)


def drives(program: Program, analytic: Any = (POPULATION,), materialized: Any = ()) -> Any:
    every = [range(len(program.ops))]
    return driving.find_drives(program, every, {*analytic}, {*materialized})


def summary(found: Any) -> list[Any]:
    return [
        (i, [(d.population, d.filter, d.source, d.delay, d.slots) for d in each])
        for i, each in found.items()
    ]


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (0, (POPULATION, FILTER, SOURCE, None, 0)),
        (1, (POPULATION, FILTER, SOURCE, None, 1)),
        (2, (POPULATION, FILTER, SOURCE, DELAY, 2)),
        (5, (POPULATION, FILTER, SOURCE, DELAY, 5)),
    ],
)
def test_weights_of_spikes_through_a_lowpass_drive_a_population(slots: int, expected: Any) -> None:
    program = driven(slots)
    found = drives(program)
    assert summary(found) == [(POPULATION, [expected])]
    (drive,) = found[POPULATION]
    delays = () if drive.delay is None else (DELAY,)
    assert drive.ops == (POPULATION, FILTER, SOURCE, *delays)
    assert driving.order(found) == {SOURCE: [POPULATION]}
    rows = {FILTER} | ({SOURCE} if slots else set()) | ({DELAY} if slots > 1 else set())
    assert driving.single_rows(program, found) == rows


def currents(term: Term, *more: Term) -> dict[str, Any]:
    return {"currents": Sum(CURRENTS, (term, *more), np.zeros(4))}


@pytest.mark.parametrize(
    "term",
    [
        Term(Read(FILTER, 1), 2.0),
        Term(Read(FILTER, 1), np.ones(4)),
        Term(Read(FILTER, 1), None, slice(0, 4)),
    ],
)
def test_a_drive_has_a_factor_for_all_or_for_each_neuron(term: Term) -> None:
    assert len(drives(driven(**currents(term)))) == 1


@pytest.mark.parametrize(
    "change",
    [
        currents(Term(Read(FILTER))),
        currents(Term(Read(FILTER, 2))),
        currents(Term(Read(FILTER, 1, slice(0, 4)))),
        currents(Term(Read(FILTER, 1), DENSE)),
        currents(Term(Read(FILTER, 1), SPARSE)),
        currents(Term(Read(FILTER, 1), None, np.array([0, 1, 2, 3]))),
        currents(Term(Read(FILTER, 1)), Term(Read(FILTER, 1))),
        currents(Term(Read(SOURCE, 1), 2.0)),
        {"filter": Filter(FILTER, SOURCE, SECOND)},
        {"source": Sum(SOURCE, (Term(Read(POPULATION), SPARSE),), np.zeros(4))},
        {"source": Sum(SOURCE, (Term(Read(POPULATION, 1), SPARSE),))},
        {"source": Sum(SOURCE, (Term(Read(CURRENTS, 1), SPARSE),))},
        {"source": Sum(SOURCE, (Term(Read(POPULATION)),))},
        {"source": Sum(SOURCE, (Term(Read(POPULATION), SPARSE, np.array([0, 1, 2, 3])),))},
        {"source": Sum(SOURCE, (Term(Read(POPULATION, 0, slice(0, 4)), DENSE),))},
        {"source": Sum(SOURCE, ())},
        {"population": ADAPTIVE},
        {"records": (FILTER,)},
    ],
    ids=str,
)
def test_other_operations_are_no_drive(change: dict[str, Any]) -> None:
    assert drives(driven(**change)) == {}


def test_dense_weights_and_slices_of_sparse_ones_drive_too_unless_they_are_delayed() -> None:
    dense = {"source": Sum(SOURCE, (Term(Read(POPULATION), DENSE),))}
    both = Term(Read(POPULATION), SPARSE), Term(Read(POPULATION, 0, slice(0, 4)), SPARSE)
    for slots, n in ((0, 1), (1, 0), (3, 0)):
        assert len(drives(driven(slots, **dense))) == n
    for slots in (0, 1, 3):
        assert len(drives(driven(slots, source=Sum(SOURCE, both)))) == 1


def test_signals_of_a_drive_are_read_by_it_alone() -> None:
    assert drives(driven(), analytic=()) == {}
    for signal in (CURRENTS, SOURCE):
        assert drives(driven(), materialized=(signal,)) == {}
    program = driven()
    reader = Sum(4, (Term(Read(0)),))
    for signal in (CURRENTS, SOURCE, FILTER):
        ops = (*program.ops, replace(reader, terms=(Term(Read(signal)),)))
        more = replace(program, ops=ops, signals=(*program.signals, Signal("", 4)))
        assert drives(more) == {}
    apart = [[POPULATION, CURRENTS, FILTER], [SOURCE]]
    assert driving.find_drives(program, apart, {POPULATION}, set()) == {}


def test_spikes_are_silent_if_only_their_indices_are_read() -> None:
    program = driven()
    assert driving.silent(program, [POPULATION], set()) == {POPULATION}
    assert driving.silent(program, [], set()) == set()
    assert driving.silent(program, [POPULATION], {POPULATION}) == set()
    for term, is_silent in (
        (Term(Read(POPULATION, 0, slice(0, 2)), SPARSE), True),
        (Term(Read(POPULATION), DENSE), True),
        (Term(Read(POPULATION, 1), SPARSE), False),
        (Term(Read(POPULATION, 1), DENSE), False),
        (Term(Read(POPULATION, 0, slice(0, 2)), DENSE), False),
        (Term(Read(POPULATION), 2.0), False),
    ):
        ops = (*program.ops, Sum(4, (term,)))
        more = replace(program, ops=ops, signals=(*program.signals, Signal("", 4)))
        assert driving.silent(more, [POPULATION], set()) == ({POPULATION} if is_silent else set())
    ops = (*program.ops, Filter(4, POPULATION, LOWPASS))
    more = replace(program, ops=ops, signals=(*program.signals, Signal("", 4)))
    assert driving.silent(more, [POPULATION], set()) == set()


def test_a_drive_without_a_delay_is_in_no_slots() -> None:
    drive = Drive(1, Term(Read(0)), 2, 3)
    assert (drive.delay, drive.slots, drive.ops) == (None, 0, (1, 2, 3))


# -- forms in which spikes are read ------------------------------------------------------------


def test_spikes_are_read_as_bits_for_few_rows_and_as_lists_for_many() -> None:
    bits, listed, values = tiling.BITS, tiling.LIST, tiling.VALUES
    for term, form in (
        (Term(Read(0), np.ones((7, 4))), bits),
        (Term(Read(0), np.ones((8, 4))), listed),
        (Term(Read(0, 1), np.ones((7, 4))), values),
        (Term(Read(0, 0, slice(0, 4)), np.ones((7, 4))), values),
        (Term(Read(1), np.ones((7, 4))), values),
        (Term(Read(0), SPARSE), values),
        (Term(Read(0), np.ones(4)), values),
        (Term(Read(0)), values),
    ):
        assert tiling.spike_form(term, {0}) == form
