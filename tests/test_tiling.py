"""Time tiling in the compiled back end: operations that run many steps before the next one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from models import MODELS, neuron_type

import nefsim as nef
from nefsim.program import Filter, Neurons, Sum

pytest.importorskip("numba")

#: More than two tiles of steps, and a part of one.
N_STEPS = 150


def records(net: nef.Network, *pieces: int, **options: Any) -> list[np.ndarray]:
    """The records of all probes after runs of these numbers of steps."""
    with nef.Simulator(net, backend="numba", **options) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
        return [sim.data[probe] for probe in sim.probes]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
def test_tiled_steps_equal_single_steps_bit_for_bit(name: str, options: Any) -> None:
    net = MODELS[name](1)
    at_once, one_by_one = records(net, N_STEPS, **options), records(net, *[1] * N_STEPS, **options)
    for one, other in zip(at_once, one_by_one, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(one.any() for one in at_once)


@pytest.mark.parametrize("n", [8, 9, 50, 56, 57, 64, 65, 120, 1000])
@pytest.mark.parametrize("dimensions", [1, 3])
def test_tiled_populations_have_the_spikes_of_the_reference(n: int, dimensions: int) -> None:
    """For any number of blocks of neurons, also if probes store the spikes of each step."""
    net = nef.Network(seed=n)
    u = net.node(nef.WhiteSignal(1.0, high=20.0, rms=0.5), size_out=dimensions)
    a, b = net.ensemble(n, dimensions), net.ensemble(n, dimensions)
    net.connect(u, a, synapse=None)
    net.connect(a, b, synapse=0.005, solver=nef.NoSolver(np.full((n, dimensions), 2e-3 / n)))
    for x in (a, b):
        net.probe(x.neurons)
    with nef.Simulator(net, backend="numba") as sim:
        compiled = records(net, N_STEPS)
        assert len(tiled(sim, Neurons)) == 2
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run_steps(N_STEPS)
        for one, probe in zip(compiled, sim.probes, strict=True):
            np.testing.assert_array_equal(one, sim.data[probe])
            assert one.any()


def tiled(sim: nef.Simulator, kind: type) -> list[Any]:
    """The tiled operations of a type."""
    from nefsim.backends.compiled import analysis, make_plan

    program = sim.built.program
    exact = analysis.analytic_lif_outputs(program, sim.state)
    plan = make_plan(program, 1, exact)
    return [program.ops[i] for i in plan.tiled if isinstance(program.ops[i], kind)]


def test_populations_that_feed_forward_are_tiled() -> None:
    """In x squared these are two populations, two decodings and two filters."""
    with nef.Simulator(MODELS["square"](1), backend="numba") as sim:
        assert [len(tiled(sim, kind)) for kind in (Neurons, Sum, Filter)] == [2, 2, 2]


def test_a_recurrent_population_is_not_tiled() -> None:
    net = nef.Network(seed=1)
    x = net.ensemble(50, 1)
    net.connect(x, x, synapse=0.1)
    net.probe(x, synapse=0.01)
    with nef.Simulator(net, backend="numba") as sim:
        assert not tiled(sim, Neurons)
        (probe_filter,) = tiled(sim, Filter)  # no operation reads its output
        assert probe_filter.output == sim.built.program.records[0].read.signal


@pytest.mark.parametrize(
    "kind",
    [nef.AdaptiveLIF(), nef.LIF(method="euler"), nef.LIF(np.full(60, 0.02))],
    ids=["adaptive", "euler", "time constants per neuron"],
)
def test_of_lif_neurons_only_exact_and_equal_ones_are_tiled(kind: nef.neurons.NeuronType) -> None:
    with nef.Simulator(neuron_type(kind), backend="numba") as sim:
        assert [op.neuron for op in tiled(sim, Neurons)] == [nef.LIF()]


def test_a_probe_changes_no_bit() -> None:
    """Although a population with probed voltages is not tiled."""

    def network(*quantities: str) -> nef.Network:
        net = nef.Network(seed=1)
        a, b = net.ensemble(100, 1), net.ensemble(70, 2)
        net.connect(net.node(np.sin), a)
        net.connect(a, b[0], function=np.square)
        net.probe(b, synapse=0.01)
        for name in quantities:
            net.probe(a.neurons, name)
            net.probe(b.neurons, name, synapse=0.003)
        return net

    plain, probed = network(), network("voltage", "output")
    (one,), (other, *more) = records(plain, N_STEPS), records(probed, N_STEPS)
    np.testing.assert_array_equal(one, other)
    assert all(values.any() for values in more)


@pytest.mark.parametrize(("n_pre", "n_post"), [(30, 30), (8, 40), (60, 12), (30, 5)])
@pytest.mark.parametrize("full", [False, True])
def test_spikes_that_nothing_filters_reach_the_neurons_after_a_tiled_population(
    n_pre: int, n_post: int, full: bool
) -> None:
    pytest.importorskip("numba")

    def spikes(backend: str) -> np.ndarray:
        net = nef.Network(seed=1)
        a, b = net.ensemble(n_pre, 1), net.ensemble(n_post, 1)
        net.connect(net.node(np.sin), a)
        weights = np.random.default_rng(0).normal(0.0, 0.01, (n_post, n_pre))
        if full:
            net.connect(a, b, synapse=None, solver=nef.LstsqL2(weights=True))
        else:
            net.connect(a.neurons, b.neurons, synapse=None, transform=weights)
        probe = net.probe(b.neurons)
        with nef.Simulator(net, backend=backend, progress=False) as sim:
            sim.run(0.2)
        return np.asarray(sim.data[probe])

    assert np.array_equal(spikes("numpy"), spikes("numba"))
