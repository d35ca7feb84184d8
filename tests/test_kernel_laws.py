"""Laws of the interpreter: sums of all shapes, of values and of spikes, equal those of NumPy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim import backends
from nefsim.backends.results import FunctionOfTimes
from nefsim.program import Call, Program, ProgramBuilder, Read, Term, initial_state
from nefsim.testing.backends import Recording

pytest.importorskip("numba")

# Inputs are of any size here.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")


def records(program: Program, backend: str, dtype: str, batch: int | None) -> list[Any]:
    state = initial_state(program, 1, batch, dtype)
    run = backends.module(backend, dtype).prepare(SimpleNamespace(program=program), state)
    found = Recording()
    run(70, found)
    run(1, found)
    return found.arrays()


def assert_equal(program: Program, dtype: str, batch: int | None) -> None:
    """Sums of both back ends are in another order, so that the last digits may differ."""
    pairs = zip(*(records(program, b, dtype, batch) for b in ("numba", "numpy")), strict=True)
    rtol = 1e-12 if dtype == "float64" else 1e-4
    for i, (actual, expected) in enumerate(pairs):
        atol = rtol * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=str(i))
        assert expected.any()


class Sums(ProgramBuilder):
    """A program whose sums are all recorded."""

    def __init__(self) -> None:
        super().__init__(0.001)
        self.rng = np.random.default_rng(0)

    def source(self, size: int, held: bool = False) -> int:
        """Waves of different frequencies; ``held`` for five steps each."""

        def values(times: Any) -> Any:
            steps = np.round(times / 0.001)
            steps = steps // 5 if held else steps
            return np.sin(np.outer(steps, np.arange(1.0, size + 1)) / 3)

        step = FunctionOfTimes(values)
        number = self.signal(f"source {size}", size)
        self.ops.append(Call((number,), (), lambda trial: step, "source", chunked=True))
        return number

    def normal(self, *shape: int) -> Any:
        return self.rng.normal(size=shape)

    def sparse(self, n: int, m: int, share: float) -> Any:
        mask = self.rng.random((n, m)) < share
        mask[0, -1] = True
        return scipy.sparse.csr_array(np.where(mask, self.normal(n, m), 0.0))

    def total(self, size: int, *terms: Term, offset: bool = False) -> int:
        """A recorded sum."""
        number = self.sum(f"sum {len(self.ops)}", size)
        for term in terms:
            self.add_term(number, term)
        if offset:
            self.add_offset(number, None, self.normal(size))
        self.record(Read(number), 1.0)
        return number


@pytest.mark.parametrize(
    ("dtype", "batch"), [("float64", None), ("float64", 2), ("float32", None)], ids=str
)
@pytest.mark.parametrize("delay", [0, 1])
def test_dense_products_of_all_shapes(delay: int, dtype: str, batch: int | None) -> None:
    of = Sums()
    for m in (1, 2, 3, 4, 5, 6, 7, 9):
        x = of.source(m)
        for n in (1, 2, 7, 8, 9, 17):
            for offset in (False, True):
                of.total(n, Term(Read(x, delay), of.normal(n, m)), offset=offset)
    assert_equal(of.finish(), dtype, batch)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("held", [False, True])
def test_products_of_long_inputs_that_may_be_held(held: bool, dtype: str) -> None:
    of = Sums()
    for m in (63, 64, 65, 70):
        x = of.source(m, held)
        for n in (1, 7, 8, 9, 17):
            for matrix in (of.normal(n, m), of.sparse(n, m, 0.1), of.sparse(n, m, 0.9)):
                of.total(n, Term(Read(x), matrix))
                of.total(n, Term(Read(x), matrix), Term(Read(x, 0, slice(0, n)), 2.0), offset=True)
    assert_equal(of.finish(), dtype, None)


@pytest.mark.parametrize(("dtype", "batch"), [("float64", None), ("float64", 2), ("float32", None)])
def test_terms_of_all_kinds_in_all_places(dtype: str, batch: int | None) -> None:
    of = Sums()
    x, y = of.source(9), of.source(4)
    some, places = np.array([8, 0, 3]), np.array([5, 1, 6])
    for offset in (False, True):
        for delay in (0, 1):
            part = Read(x, delay, slice(2, 6))
            chosen = Read(x, delay, some)
            of.total(9, Term(Read(x, delay)), offset=offset)
            of.total(9, Term(Read(x, delay), -2.5), offset=offset)
            of.total(9, Term(Read(x, delay), of.normal(9)), offset=offset)
            of.total(4, Term(part), Term(Read(y), 3.0), offset=offset)
            of.total(4, Term(part, of.normal(4, 4)), Term(part, of.normal(4)), offset=offset)
            of.total(3, Term(chosen), offset=offset)
            of.total(3, Term(chosen, of.normal(3, 3)), Term(chosen, of.sparse(3, 3, 0.5)))
            for rows in (slice(3, 6), places):
                for matrix in (None, 2.0, of.normal(3), of.normal(3, 3), of.sparse(3, 3, 0.5)):
                    of.total(9, Term(chosen, matrix, rows), offset=offset)
                    of.total(9, Term(Read(x)), Term(chosen, matrix, rows), offset=offset)
            of.total(9, Term(Read(y, delay), of.sparse(9, 4, 0.5)), offset=offset)
            of.total(2, Term(Read(y, delay), of.sparse(2, 4, 0.7)), Term(Read(y, 0, slice(0, 2))))
    assert_equal(of.finish(), dtype, batch)


# -- spikes ------------------------------------------------------------------------------------

RNG = np.random.default_rng(1)
SPIKING = {
    "LIF": nef.LIF(),
    "LIF of different times": None,
    "adaptive": nef.AdaptiveLIF(),
    "Euler": nef.LIF(method="euler"),
    "whole numbers": nef.SpikingRectifiedLinear(),
    "regular": nef.RegularSpiking(nef.LIFRate()),
    "discrete": nef.DiscreteLIF(),
}


def population(net: nef.Network, name: str, n: int) -> Any:
    """Neurons that fire at different rates, each by itself."""
    kind = SPIKING[name]
    if kind is None:
        kind = nef.LIF(tau_rc=RNG.uniform(0.01, 0.03, n), tau_ref=RNG.uniform(0.0, 0.004, n))
    gain, bias = RNG.uniform(1.0, 2.0, n), RNG.uniform(1.5, 10.0, n)
    bias = bias * 40 if name == "whole numbers" else bias
    if name == "discrete":
        a = net.ensemble(n, 1, neuron_type=kind, gain=0.01 * gain, bias=0.05 * bias)
    else:
        a = net.ensemble(n, 1, neuron_type=kind, gain=gain, bias=bias)
    net.connect(net.node(np.sin), a, synapse=None)
    return a


def both(net: nef.Network, **options: Any) -> tuple[int, list[Any]]:
    """Compare the records of both back ends; the number of records that have spikes."""
    found = []
    for backend in ("numba", "numpy"):
        sim = nef.Simulator(net, backend=backend, progress=False, **options)
        sim.run_steps(70)
        sim.run_steps(1)
        found.append([sim.data[probe] for probe in sim.probes])
    n = 0
    for actual, expected, probe in zip(*found, net.all_probes, strict=True):
        if isinstance(probe.target, nef.network.Neurons):
            np.testing.assert_array_equal(actual, expected)
            n += bool(expected.any())
        else:
            atol = 1e-12 * max(np.abs(expected).max(), 1e-300)
            np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
    return n, found[1]


@pytest.mark.parametrize("name", SPIKING)
@pytest.mark.parametrize("recorded", [False, True])
def test_products_of_spikes_with_matrices_of_all_shapes(name: str, recorded: bool) -> None:
    net = nef.Network(seed=1)
    sizes = (1, 7, 8, 9, 63, 65, 130)
    for n in sizes:
        a = population(net, name, n)
        for rows in (1, 3, 7, 8, 9, 17, 40):
            out = net.node(size_in=rows)
            weights = RNG.normal(size=(rows, n)) * 1e-3
            net.connect(a.neurons, out, transform=weights, synapse=None)
            net.probe(out)
        filtered = net.node(size_in=2)
        net.connect(a.neurons, filtered, transform=RNG.normal(size=(2, n)), synapse=0.01)
        net.probe(filtered)
        if recorded:
            net.probe(a.neurons)
    n_spiking, _ = both(net)
    assert n_spiking == recorded * len(sizes)


@pytest.mark.parametrize("name", ["LIF", "whole numbers", "regular"])
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_sparse_weights_of_spikes_of_all_shapes(name: str, share: float) -> None:
    net = nef.Network(seed=1)
    for n, m in ((5, 40), (64, 65), (130, 7), (9, 9)):
        a, b = population(net, name, n), population(net, name, m)
        mask = RNG.random((m, n)) < share
        mask[0, 0] = True
        weights = scipy.sparse.csr_array(np.where(mask, RNG.normal(size=(m, n)), 0.0) * 1e-3)
        for synapse, delay in ((None, 0.0), (0.01, 0.0), (0.005, 0.003)):
            out = net.node(size_in=m)
            net.connect(a.neurons, out, transform=weights, synapse=synapse, delay=delay)
            net.probe(out)
        net.connect(a.neurons, b.neurons, transform=weights, synapse=0.005)
        net.probe(b.neurons)
    n_spiking, _ = both(net)
    assert n_spiking == 4


@pytest.mark.parametrize("dimensions", [1, 2, 7, 8, 11, 12, 13, 20])
def test_populations_of_any_size_and_number_of_dimensions(dimensions: int) -> None:
    """Encoders of many dimensions are stored in panels."""
    net = nef.Network(seed=1)
    x = net.node(lambda t: np.sin(20 * t + np.arange(dimensions)), size_out=dimensions)
    for n in (1, 7, 8, 15, 16, 17, 33, 129):
        gain, bias = RNG.uniform(1.0, 2.0, n), RNG.uniform(0.5, 10.0, n)
        a = net.ensemble(n, dimensions, gain=gain, bias=bias)
        net.connect(x, a, synapse=None)
        net.probe(a.neurons)
    n_spiking, _ = both(net)
    assert n_spiking >= 7  # the only neuron of the smallest may be silent
