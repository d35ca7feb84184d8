"""Laws of the choices of the compiled back end: which operations it runs, and in which way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import analysis
from nefsim.backends.compiled.cells import CELL_OF, POISSON, RECTIFIED, WHOLE_SPIKES
from nefsim.backends.compiled.opcodes import (
    CELLS_PART,
    DISCRETE,
    DISCRETE_SMOOTH,
    FIRST_CELL,
    INVERSE_LIF,
    LAST_POPULATION,
    LEARNING_PART,
    LIF,
    LINE,
    LONG_INPUT,
    LOWPASS,
    N_KINDS,
    NOISE,
    NOISE_PART,
    POPULATIONS_PART,
    RLS,
    WIDE_LIF,
    WIDE_PART,
    part_of,
)
from nefsim.filtering import StateSpace
from nefsim.lowering import build
from nefsim.program import (
    Filter,
    Learn,
    Neurons,
    Play,
    Read,
    Sum,
    Term,
    initial_state,
)

ONE, SPARSE = np.ones((9, 2)), scipy.sparse.csr_array(np.ones((9, 2)))


def test_each_opcode_is_in_its_part() -> None:
    parts = {WIDE_LIF: WIDE_PART, NOISE: NOISE_PART, FIRST_CELL: CELLS_PART, LIF: None}
    parts |= {FIRST_CELL + 9: CELLS_PART, LAST_POPULATION + 1: LEARNING_PART, RLS: LEARNING_PART}
    parts |= dict.fromkeys((DISCRETE, DISCRETE_SMOOTH, INVERSE_LIF), POPULATIONS_PART)
    parts |= {LOWPASS: None, 0: None}
    assert {kind: part_of(kind) for kind in parts} == parts
    assert N_KINDS == FIRST_CELL == RLS + 1


def test_only_a_sum_of_one_plain_term_is_a_copy() -> None:
    read = Read(0)
    copies = [Term(read), Term(read, 1.0), Term(read, np.array(1.0)), Term(Read(0, 1))]
    copies += [Term(Read(0, 0, slice(1, 3)))]
    assert all(analysis.is_copy(Sum(1, (term,))) for term in copies)
    others = [Term(read, 2.0), Term(read, np.ones(2)), Term(read, np.ones((1, 1)))]
    others += [Term(read, None, slice(0, 1)), Term(Read(0, 0, np.array([1, 0])))]
    assert not any(analysis.is_copy(Sum(1, (term,))) for term in others)
    assert not analysis.is_copy(Sum(1, (Term(read),), np.zeros(1)))
    assert not analysis.is_copy(Sum(1, (Term(read), Term(read)))) and not analysis.is_copy(
        Sum(1, ())
    )
    assert not analysis.is_copy(Filter(1, 0, (np.ones(1), np.ones(1))))


def test_a_product_encodes_if_it_is_dense_whole_and_not_of_a_long_input() -> None:
    assert analysis.encodes(Term(Read(0), ONE), 9)
    assert analysis.encodes(Term(Read(0, 1, slice(0, 2)), ONE), 9)
    for term in (
        Term(Read(0), ONE, slice(0, 9)),
        Term(Read(0), SPARSE),
        Term(Read(0), np.ones(9)),
        Term(Read(0), 2.0),
        Term(Read(0), None),
        Term(Read(0, 0, np.array([1, 0])), ONE),
    ):
        assert not analysis.encodes(term, 9)
    long, short = np.ones((LINE, LONG_INPUT)), np.ones((LINE, LONG_INPUT - 1))
    assert not analysis.encodes(Term(Read(0), long), LINE)
    assert analysis.encodes(Term(Read(0), long), LINE, of_any_length=True)
    assert analysis.encodes(Term(Read(0), short), LINE)
    # Few rows are summed one by one.
    assert not analysis.encodes(Term(Read(0), np.ones((2, 2))), 2)


def test_matrices_are_tall_from_four_rows_a_column_or_a_line_of_rows() -> None:
    shapes = [(4, 1), (3, 1), (7, 2), (8, 2), (8, 99), (7, 99)]
    tall = [analysis.is_tall(np.ones(shape)) for shape in shapes]
    assert tall == [True, False, False, True, True, False]


def test_filters_of_one_pole_and_one_input_are_lowpasses() -> None:
    def form(n_b: int, n_a: int) -> Any:
        return np.ones(n_b), np.ones(n_a)

    sizes = [(1, 2), (2, 2), (1, 1), (1, 3), (2, 1)]
    assert [analysis.is_first_order(form(*n)) for n in sizes] == [True, *[False] * 4]
    assert analysis.is_lowpass(Filter(1, 0, form(1, 2)))
    state = StateSpace(np.ones((1, 1)), np.ones(1), np.ones(1), 0.0)
    assert not analysis.is_first_order(state)


# -- neurons -----------------------------------------------------------------------------------


class OtherStep(nef.RegularSpiking):
    """Another step than that of its base."""

    def step(self, *arguments: Any) -> Any:
        return super().step(*arguments)


class SameStep(nef.RegularSpiking):
    """The step of its base."""


def test_neurons_are_stepped_by_the_cells_of_their_rates_and_spikes() -> None:
    lif_rate = CELL_OF[nef.LIFRate]
    for neuron, cells in (
        (nef.LIFRate(), (lif_rate,)),
        (nef.SpikingRectifiedLinear(), (RECTIFIED, WHOLE_SPIKES)),
        (nef.RegularSpiking(nef.LIFRate()), (lif_rate, WHOLE_SPIKES)),
        (nef.PoissonSpiking(nef.Tanh()), (CELL_OF[nef.Tanh], POISSON)),
        (SameStep(nef.LIFRate()), (lif_rate, WHOLE_SPIKES)),
        (OtherStep(nef.LIFRate()), ()),
        (nef.LIF(), ()),
        (nef.RegularSpiking(nef.AdaptiveLIFRate()), ()),
    ):
        assert analysis.cells_of(neuron) == cells
    for neuron, compiled in (
        (nef.LIF(), True),
        (nef.AdaptiveLIFRate(), True),
        (nef.LIFRate(), True),
        (nef.RegularSpiking(nef.AdaptiveLIFRate()), True),
        (OtherStep(nef.LIFRate()), False),
        (OtherStep(nef.AdaptiveLIFRate()), False),
    ):
        assert analysis.steps_compiled(neuron) == compiled


def program(kind: Any = None, n: int = 20, **options: Any) -> Any:
    """A population that represents a constant, and a decoded value of it."""
    net = nef.Network(seed=1)
    a = net.ensemble(n, 1, neuron_type=nef.LIF() if kind is None else kind)
    net.connect(net.node(0.5), a)
    net.probe(a, **options)
    return build(net, 0.001, 1).program


def only(made: Any, kind: Any) -> tuple[int, Any]:
    ((i, op),) = ((i, op) for i, op in enumerate(made.ops) if isinstance(op, kind))
    return i, op


def test_currents_are_fused_with_exact_and_cell_populations() -> None:
    for kind, is_exact, fused in (
        (nef.LIF(), True, True),
        (nef.LIF(), False, False),
        (nef.LIFRate(), False, True),
        (nef.AdaptiveLIF(), True, False),
    ):
        made = program(kind)
        i, neurons = only(made, Neurons)
        analytic = {neurons.output} if is_exact else set()
        expected = {neurons.current: i} if fused else {}
        assert analysis.fused_currents(made, analytic, set()) == expected
        assert analysis.fused_currents(made, analytic, {neurons.current}) == {}


def test_populations_of_cells_decode_a_few_values_themselves() -> None:
    made = program(nef.LIFRate())
    i, neurons = only(made, Neurons)
    ((found, (term,)),) = analysis.decoded_terms(made).items()
    assert found == i and term.read.signal == neurons.output and term.matrix.shape == (1, 20)
    assert analysis.decoded_terms(program()) == {}


def test_exact_populations_have_a_factor_of_their_refractory_time() -> None:
    made = program()
    _, neurons = only(made, Neurons)
    state = initial_state(made)
    assert analysis.analytic_lif_outputs(made, state) == {neurons.output}
    del state.ops[made.ops.index(neurons)]["refractory_factor"]
    assert analysis.analytic_lif_outputs(made, state) == set()
    rates = program(nef.LIFRate())
    state = initial_state(rates)
    state.ops[only(rates, Neurons)[0]]["refractory_factor"] = np.ones(20)
    assert analysis.analytic_lif_outputs(rates, state) == set()


def test_noise_is_drawn_if_it_is_gaussian_and_little_filtered() -> None:
    gaussian = nef.Gaussian(0.0, 1.0)
    for process, drawn in (
        (nef.WhiteNoise(gaussian), True),
        (nef.WhiteNoise(nef.Uniform(-1, 1)), False),
        (nef.FilteredNoise(0.01, gaussian), True),
        (nef.FilteredNoise(nef.Alpha(0.01), gaussian), False),
        (nef.WhiteSignal(1.0, 5.0), False),
    ):
        net = nef.Network(seed=1)
        net.probe(net.node(process))
        _, play = only(build(net, 0.001, 1).program, Play)
        assert analysis.draws_compiled(play, 0.001) == drawn


def test_at_most_one_rule_of_a_connection_has_a_decay() -> None:
    full = nef.LstsqL2(weights=True)
    for rules, compiled in (
        ([nef.Oja(1e-12)], True),
        ([nef.Oja(1e-12), nef.BCM(1e-12)], True),
        ([nef.Oja(1e-12), nef.Oja(1e-12)], False),
    ):
        net = nef.Network(seed=1)
        net.connect(net.ensemble(9, 1), net.ensemble(8, 1), solver=full, learning_rule=rules)
        made = build(net, 0.001, 1).program
        assert analysis.learns_compiled(made, only(made, Learn)[1]) == compiled


def test_spikes_are_added_one_by_one_if_they_are_whole_and_now() -> None:
    matrix = np.ones((2, 3))
    good = Term(Read(5), matrix)
    assert analysis._only_spikes(Sum(1, (good, Term(Read(5), SPARSE))), {5})
    assert analysis._only_spikes(Sum(1, (good,), np.zeros(2)), {5})
    assert not analysis._only_spikes(Sum(1, (good,), np.ones(2)), {5})
    for term in (
        Term(Read(6), matrix),
        Term(Read(5, 1), matrix),
        Term(Read(5, 0, slice(0, 3)), matrix),
        Term(Read(5), matrix, slice(0, 2)),
        Term(Read(5), np.ones(2)),
        Term(Read(5)),
    ):
        assert not analysis._only_spikes(Sum(1, (good, term)), {5})
