"""Compiled populations that are stepped by cells, in strips, and random numbers drawn there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.program import Neurons
from nefsim.sampling import Gaussian

pytest.importorskip("numba")

#: More than two tiles of steps, and a part of one.
N_STEPS = 150

FIXED = [
    *(
        nef.LIFRate(),
        nef.Sigmoid(tau_ref=0.002),
        nef.Tanh(),
        nef.RectifiedLinear(),
        nef.Izhikevich(),
    ),
    *(nef.SpikingRectifiedLinear(amplitude=0.5), nef.SoftLIFRate()),
    *(nef.RegularSpiking(nef.LIFRate()), nef.RegularSpiking(nef.AdaptiveLIFRate())),
]
DRAWN = [
    nef.PoissonSpiking(nef.LIFRate()),
    nef.PoissonSpiking(nef.Tanh(tau_ref=0.00005), amplitude=0.1),  # up to 20 spikes in a step
    nef.PoissonSpiking(nef.AdaptiveLIFRate()),
    nef.StochasticSpiking(nef.RectifiedLinear()),
    nef.StochasticSpiking(nef.Tanh(tau_ref=0.00005)),
]
NOISES = [
    nef.WhiteNoise(Gaussian(0.1, 0.2), scale=False),
    nef.FilteredNoise(0.01, Gaussian(0.0, 0.02)),
    nef.FilteredNoise(nef.Alpha(0.01), Gaussian(0.0, 0.02)),
]


def network(kind: nef.neurons.NeuronType, n: int = 40, noise: Any = None) -> nef.Network:
    """One population of a type, decoded by fixed decoders."""
    net = nef.Network(seed=n)
    a = net.ensemble(n, 2, neuron_type=kind, noise=noise, max_rates=nef.sampling.Uniform(260, 340))
    if isinstance(kind, nef.Izhikevich):
        # Its square multiplies a rounding error in each step, so that the currents must be equal.
        currents = 8.0 * np.linspace(-1.0, 1.0, n)
        net.connect(net.node(lambda t: np.sin(30 * t) * currents), a.neurons, synapse=None)
    else:
        net.connect(net.node(lambda t: [np.sin(30 * t), 0.3]), a)
    decoders = np.random.default_rng(1).normal(size=(n, 2)) * 1e-3
    net.probe(a, synapse=0.01, solver=nef.NoSolver(decoders))
    net.probe(a, synapse=None, solver=nef.NoSolver(decoders))
    return net


def records(net: nef.Network, backend: str, *pieces: int, **options: Any) -> list[np.ndarray]:
    """The records of all probes after runs of these numbers of steps."""
    with nef.Simulator(net, backend=backend, progress=False, **options) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
        return [np.array(sim.data[probe]) for probe in sim.probes]


def assert_alike(net: nef.Network, **options: Any) -> None:
    """Both back ends agree to the rounding of sums, which is 1e-7 in float32."""
    bound = 2e-5 if options.get("dtype") == "float32" else 1e-12
    one, other = (records(net, backend, N_STEPS, **options) for backend in ("numpy", "numba"))
    for reference, compiled in zip(one, other, strict=True):
        scale = np.abs(reference).max()
        assert scale > 0
        np.testing.assert_allclose(compiled, reference, rtol=0, atol=bound * scale)


@pytest.mark.parametrize("kind", FIXED, ids=repr)
@pytest.mark.parametrize("n", [5, 1030])
def test_strips_of_any_length_have_the_values_of_the_reference(
    kind: nef.neurons.NeuronType, n: int
) -> None:
    assert_alike(network(kind, n))


@pytest.mark.parametrize("kind", FIXED, ids=repr)
def test_tiles_equal_single_steps_and_probes_change_no_bit(kind: nef.neurons.NeuronType) -> None:
    net = network(kind, 521)
    at_once, single = records(net, "numba", N_STEPS), records(net, "numba", *[1] * N_STEPS)
    net.probe(net.ensembles[0].neurons)
    probed = records(net, "numba", N_STEPS)
    for one, other, third in zip(at_once, single, probed, strict=False):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)


@pytest.mark.parametrize("kind", DRAWN, ids=repr)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
def test_random_spikes_are_those_of_the_reference(
    kind: nef.neurons.NeuronType, options: Any
) -> None:
    net = network(kind, 517)
    probe = net.probe(net.ensembles[0].neurons)
    assert_alike(net, **options)
    with nef.Simulator(net, backend="numba", progress=False) as sim:
        from nefsim.backends.compiled.analysis import is_compiled

        program = sim.built.program
        assert all(is_compiled(program, op) for op in program.ops if isinstance(op, Neurons))
        sim.run_steps(3)
        assert sim.data[probe].any()


@pytest.mark.parametrize("noise", NOISES, ids=repr)
@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=str)
def test_noise_is_that_of_the_reference(noise: nef.Process, options: Any) -> None:
    net = network(nef.RectifiedLinear(), 517, noise)
    net.probe(net.node(noise, size_out=3))
    assert_alike(net, **options)


@pytest.mark.parametrize("noise", [None, *NOISES], ids=repr)
def test_random_numbers_go_on_after_a_save_and_after_an_error(noise: Any, tmp_path: Any) -> None:
    """The state of generators and filters is that of the last complete step."""
    fails = [70]

    def node(t: float) -> float:
        if fails and round(t / 0.001) == fails[0]:
            fails.clear()
            raise RuntimeError("once")
        return float(np.sin(t))

    net = network(nef.PoissonSpiking(), 40, noise)
    net.connect(net.node(node), net.ensembles[0].neurons, transform=np.ones((40, 1)))
    fails.clear()
    expected = records(net, "numba", N_STEPS)
    fails.append(70)
    with nef.Simulator(net, backend="numba", progress=False) as sim:
        with pytest.raises(RuntimeError, match="once"):
            sim.run_steps(100)
        assert sim.n_steps == 69
        sim.run_steps(20)
        sim.save(tmp_path / "state.npz")
    for backend in ("numba", "numpy"):
        with nef.Simulator.load(tmp_path / "state.npz", net, backend=backend) as sim:
            sim.run_steps(N_STEPS - 89)
            for one, probe in zip(expected, sim.probes, strict=True):
                np.testing.assert_allclose(sim.data[probe], one, rtol=0, atol=1e-13)
