"""Laws of plans: the work of a chunk, forms of programs, and parts of large populations."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef

pytest.importorskip("numba")

from nefsim.backends.compiled import make_plan, plan, plans, split
from nefsim.backends.compiled.analysis import analytic_lif_outputs
from nefsim.backends.compiled.table import Table
from nefsim.lowering import build
from nefsim.program import Learn, Read, Sum, Term, Weigh, initial_state

# -- plans -------------------------------------------------------------------------------------


def test_the_work_of_an_operation_is_its_products() -> None:
    sparse = scipy.sparse.csr_array([[0.0, 1.0, 2.0]])
    terms = Term(Read(0), np.ones((2, 3))), Term(Read(0), sparse), Term(Read(0), 2.0)
    slow = plan.SLOW
    assert (
        plan._work(Sum(1, (*terms, Term(Read(0)), Term(Read(0), np.ones(2))))) == 6 + 2 * slow + 2
    )
    large = np.broadcast_to(0.0, (1001, 1000))
    assert plan._work(Sum(1, (Term(Read(0), large[:1000]),))) == 10**6
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "CACHED", 10**6)
        both = Sum(1, (Term(Read(0), large[:1000]), Term(Read(0), large)))
        assert plan._work(both) == 10**6 + 1_001_000 * slow
    assert plan._work(Weigh(1, Read(0), np.ones((4, 5)))) == 2 * 20 * slow
    assert plan._work(Weigh(1, Read(0), np.ones((4, 6)), is_rest=True)) == 24 * slow // 8
    empty = np.broadcast_to(0.0, (4, 6))
    assert plan._work(Weigh(1, Read(0), empty, is_rest=True)) == 0


def test_a_chunk_has_at_most_so_much_work_but_steps_enough_for_a_copy(monkeypatch: Any) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(100, 1)
    c = net.connect(a, a, learning_rule=nef.PES())
    net.connect(a, c.learning_rule)
    net.connect(net.node(np.sin), a)
    program = build(net, 0.001, 1).program
    state = initial_state(program)
    analytic = analytic_lif_outputs(program, state)
    work = sum(plan._work(op) for op in program.ops)
    assert work > 100
    for most, batch in (((work + 100) * 70, 1), ((work + 100) * 70, 2), (1, 1)):
        monkeypatch.setattr(plan, "MOST_WORK", most)
        made = make_plan(program, batch, analytic)
        (learn,) = (op for op in program.ops if isinstance(op, Learn))
        is_copied = program.writer[learn.learned.output] not in made.in_place
        fewest = 50 if is_copied else 1
        assert made.length == max(fewest, most // ((work + 100) * batch))


def test_a_neuron_is_work_and_one_that_is_not_lif_is_more(monkeypatch: Any) -> None:
    for neuron_type, each in ((nef.LIF(), 1), (nef.PoissonSpiking(nef.LIFRate()), 1 + plan.SLOW)):
        net = nef.Network(seed=1)
        a = net.ensemble(50, 1, neuron_type=neuron_type)
        net.connect(net.node(np.sin), a, synapse=None)
        program = build(net, 0.001, 1).program
        work = sum(plan._work(op) for op in program.ops) + 50 * each
        monkeypatch.setattr(plan, "MOST_WORK", work * 40)
        analytic = analytic_lif_outputs(program, initial_state(program))
        assert make_plan(program, 1, analytic).length == 40


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("n", [30, 3000])
def test_a_chunk_has_rows_for_a_cache_or_four_numbers_for_each_neuron(
    monkeypatch: Any, n: int, batch: int
) -> None:
    net = nef.Network(seed=1)
    u = net.node(np.sin)
    for _ in range(4):
        a = net.ensemble(n, 1, n_eval_points=20)
        net.connect(u, a, synapse=None)
        net.probe(a)
    program = build(net, 0.001, 1).program
    state = initial_state(program)
    monkeypatch.setattr(plan, "ROWS_IN_CACHE", 5000)
    made = make_plan(program, batch, analytic_lif_outputs(program, state))
    width = batch * sum(program.signals[i].size for i in made.materialized)
    assert made.length == max(5000, 4 * 4 * n * batch) // width


def test_a_form_has_all_that_a_plan_depends_on() -> None:
    form = plans._form_of_term
    same = Term(Read(0), np.ones((2, 3))), Term(Read(0), np.zeros((2, 3)))
    assert form(same[0]) == form(same[1])
    different = [
        Term(Read(0)),
        Term(Read(0), 1.0),
        Term(Read(0), 2.0),
        Term(Read(0), np.ones(2)),
        Term(Read(0), np.ones((2, 3))),
        Term(Read(0), np.ones((3, 2))),
        Term(Read(1), np.ones((2, 3))),
        Term(Read(0, 1), np.ones((2, 3))),
        Term(Read(0, 0, slice(0, 3)), np.ones((2, 3))),
        Term(Read(0, 0, slice(1, 4)), np.ones((2, 3))),
        Term(Read(0, 0, np.array([0, 2, 1])), np.ones((2, 3))),
        Term(Read(0), np.ones((2, 3)), slice(0, 2)),
        Term(Read(0), np.ones((2, 3)), np.array([1, 0])),
    ]
    assert len({form(term) for term in different}) == len(different)
    assert form(Term(Read(0), scipy.sparse.csr_array(np.ones((2, 3))))) is None


# -- parts of populations ----------------------------------------------------------------------


@pytest.mark.parametrize("n", [4096, 4097, 5000, 8192, 8193, 100_000, 10**6])
def test_a_population_has_an_even_number_of_parts_of_about_2048(n: int) -> None:
    parts = split.parts(n)
    assert parts[0][0] == 0 and parts[-1][1] == n
    assert all(a[1] == b[0] and b[0] % 64 == 0 for a, b in itertools.pairwise(parts))
    sizes = {stop - start for start, stop in parts[:-1]}
    expected = min(2 * int(np.ceil(n / 4096)), 128)
    assert sizes == {int(np.ceil(n / expected / 64)) * 64} and len(parts) <= expected


def test_memories_of_a_part_begin_at_its_first_neuron() -> None:
    own = [{}, {"voltage": 10, "time": 30}]
    assert split.memories({1: (1, 0), 3: (1, 7)}, own, 4) == [
        {},
        {"voltage": 10, "time": 30},
        {},
        {"voltage": 17, "time": 37},
    ]


def test_constants_of_neurons_are_those_of_the_part() -> None:
    each = nef.LIF(tau_rc=np.arange(1.0, 6), tau_ref=0.002)
    part = split._neuron(each, 1, 3)
    assert part.tau_rc.tolist() == [2.0, 3.0] and part.tau_ref == 0.002
    same = nef.LIF()
    assert split._neuron(same, 1, 3) is same
    term = split._part(Term(Read(4, 1), np.arange(6.0).reshape(3, 2)), 1, 3)
    assert (term.read.signal, term.read.delay) == (4, 1) and term.matrix.tolist() == [
        [2, 3],
        [4, 5],
    ]


def test_currents_have_parts_and_spikes_are_decoded_by_few_rows() -> None:
    sparse = scipy.sparse.csr_array(np.ones((2, 3)))
    assert split._has_parts(Term(Read(0), np.ones((2, 3))))
    for term in (Term(Read(0), np.ones((2, 3)), slice(0, 2)), Term(Read(0), 2.0), Term(Read(0))):
        assert not split._has_parts(term)
    assert not split._has_parts(Term(Read(0), sparse))
    n, n_parts = 8192, len(split.parts(8192))
    rows = n // n_parts
    assert split._decodes(Term(Read(0), np.ones((rows, 1))), n)
    assert not split._decodes(Term(Read(0), np.ones((rows + 1, 1))), n)
    for term in (
        Term(Read(0, 1), np.ones((2, 3))),
        Term(Read(0, 0, slice(0, 3)), np.ones((2, 3))),
        Term(Read(0), sparse),
        Term(Read(0), np.ones(3)),
    ):
        assert not split._decodes(term, n)


@pytest.fixture
def small_parts(monkeypatch: Any) -> None:
    """Populations of 130 neurons or more have parts of 64."""
    monkeypatch.setattr(split, "MIN_SPLIT", 130)
    monkeypatch.setattr(split, "PART", 64)
    monkeypatch.setattr(plans, "_plans", OrderedDict())


def populations(probed: bool = True) -> nef.Network:
    """A large population that drives another one and itself, by a sum and by a slice of one."""
    net = nef.Network(seed=1)
    rng = np.random.default_rng(0)

    def population(n: int) -> Any:
        gain, bias = rng.uniform(1, 2, n), rng.uniform(0.5, 1.5, n)
        encoders = rng.choice([-1.0, 1.0], (n, 1))
        return net.ensemble(n, 1, gain=gain, bias=bias, encoders=encoders)

    def decoded(a: Any, b: Any, size: int) -> None:
        decoders = rng.normal(size=(a.n_neurons, size)) * 1e-4
        function = {"function": lambda x: np.zeros(size)}
        net.connect(a, b, solver=nef.NoSolver(decoders), synapse=0.01, **function)

    a, b, out = population(300), population(60), net.node(size_in=3)
    net.connect(net.node(np.sin), a, synapse=None)
    decoded(a, a, 1)
    decoded(a, b, 1)
    decoded(a, out, 3)
    decoded(a, out[1:3], 2)
    net.probe(out, label="out")
    net.probe(b.neurons, label="b")
    if probed:
        net.probe(a.neurons, label="a")
        net.probe(a.neurons, "voltage", label="v")
        net.probe(a.neurons, synapse=0.01, label="filtered")
    return net


@pytest.mark.parametrize("probed", [False, True])
@pytest.mark.parametrize("batch_size", [None, 2])
def test_parts_have_the_spikes_of_the_whole_population(
    small_parts: None, probed: bool, batch_size: int | None
) -> None:
    records = []
    for backend in ("numba", "numpy"):
        sim = nef.Simulator(populations(probed), backend=backend, batch_size=batch_size)
        sim.run_steps(150)
        sim.run_steps(1)
        records.append({label: sim.data[label] for label in sim.result()})
    for label, values in records[0].items():
        if label in ("a", "b"):
            np.testing.assert_array_equal(values, records[1][label])
        else:  # sums over parts are rounded in another order
            np.testing.assert_allclose(values, records[1][label], rtol=1e-9, atol=1e-9)
        assert values.any()


def test_parts_are_ranges_of_the_rows_and_memories_of_the_whole(small_parts: None) -> None:
    program = build(populations(), 0.001, 1).program
    state = initial_state(program)
    made = make_plan(program, 1, analytic_lif_outputs(program, state))
    assert [start for _, start in made.parts.origin.values()] == [0, 64, 128, 192, 256]
    of = Table(state, made)
    sizes = []
    for part, (whole, start) in made.parts.whole.items():
        offset, stride = of.addresses[whole]
        assert of.addresses[part] == (offset + start, stride)
        sizes.append(made.program.signals[part].size)
        # Parts write whole cache lines, at once.
        assert stride % 8 == 0 and (stride == 0) == (whole not in made.materialized)
    assert set(sizes) == {64, 300 - 256}
    for i, (whole, start) in made.parts.origin.items():
        own = of.memories[whole]
        assert of.memories[i] == {name: at + start for name, at in own.items()}
        op: Any = made.program.ops[i]
        assert made.program.signals[op.current].size == made.program.signals[op.output].size
    # Each part of the population has a decoded sum for each reader.
    assert len(made.parts.partial) == 5 * 4
