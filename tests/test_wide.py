"""Populations of many dimensions, whose encoders and decoders are multiplied in panels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef

pytest.importorskip("numba")

#: Tiles of steps, parts of a tile, and single steps.
PIECES = (70, 1, 1, 2, 5, 71)


def channel(
    n: int,
    dimensions: int,
    constant: bool = False,
    recurrent: bool = False,
    neuron_type: nef.neurons.NeuronType = nef.LIF(),
    voltages: bool = False,
) -> nef.Network:
    """Two populations in a row; decoders are drawn, as it is a test of sums only."""
    rng = np.random.default_rng(0)
    net = nef.Network(seed=1)

    def decoders() -> nef.solvers.Solver:
        return nef.NoSolver(rng.normal(0.0, 2e-3 / np.sqrt(n), (n, dimensions)))

    if constant:
        images = rng.normal(0.0, 1.0 / np.sqrt(dimensions), (3, dimensions))
        u = net.node(nef.PresentInput(images, 0.023))
    else:
        u = net.node(nef.WhiteSignal(1.0, high=20.0, rms=0.3), size_out=dimensions)
    a, b = (net.ensemble(n, dimensions, neuron_type=neuron_type) for _ in range(2))
    net.connect(u, a, synapse=None)
    net.connect(a, b, synapse=0.005, solver=decoders())
    if recurrent:
        net.connect(b, b, synapse=0.02, solver=decoders())
    for x in (a, b):
        net.probe(x.neurons)
        net.probe(x, synapse=0.01, solver=decoders())
        if voltages:
            net.probe(x.neurons, "voltage")
    return net


def records(net: nef.Network, pieces: tuple[int, ...], **options: Any) -> list[np.ndarray]:
    """The records of the first two probes of each population."""
    with nef.Simulator(net, progress=False, **options) as sim:
        for n_steps in pieces:
            sim.run_steps(n_steps)
        kinds = (probe for probe in sim.probes if probe.attr != "voltage")
        return [np.asarray(sim.data[probe]) for probe in kinds]


@pytest.mark.parametrize("n", [8, 50, 90, 113, 300])
@pytest.mark.parametrize("dimensions", [8, 11, 12, 13, 63, 64, 65, 130])
@pytest.mark.parametrize("recurrent", [False, True])
def test_spikes_equal_those_of_the_other_back_end(n: int, dimensions: int, recurrent: bool) -> None:
    """For numbers that fill no panel, no register and no eight steps."""
    net = channel(n, dimensions, recurrent=recurrent)
    ours = records(net, PIECES, backend="numba")
    theirs = records(net, (sum(PIECES),), backend="numpy")
    for one, other in zip(ours, theirs, strict=True):
        # Spikes are equal; sums are added in another order and products not rounded: rounding.
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
        assert one.any()


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("dimensions", [16, 80])
@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"batch_size": 2}], ids=str)
def test_single_steps_equal_a_run_bit_for_bit(
    constant: bool, dimensions: int, options: Any
) -> None:
    """Also where an image is shown for many steps and multiplied once."""
    net = channel(90, dimensions, constant)
    at_once = records(net, PIECES, backend="numba", **options)
    one_by_one = records(net, (1,) * sum(PIECES), backend="numba", **options)
    for one, other in zip(at_once, one_by_one, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.any()


@pytest.mark.parametrize("dimensions", [16, 80])
def test_a_probe_changes_no_bit(dimensions: int) -> None:
    """Populations with probed voltages take single steps."""
    plain = records(channel(90, dimensions), PIECES, backend="numba")
    probed = records(channel(90, dimensions, voltages=True), PIECES, backend="numba")
    for one, other in zip(plain, probed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_and_time_constants_of_each_neuron() -> None:
    kind = nef.LIF(np.linspace(0.015, 0.03, 90), 0.002)
    net = channel(90, 80, constant=True, neuron_type=kind)
    ours, theirs = (records(net, PIECES, backend=name) for name in ("numba", "numpy"))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)  # rounding
        assert one.any()
