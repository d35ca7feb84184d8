"""The metrics of NeuroBench are counts of weights, spikes and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import nefsim as nef
from nefsim.analysis import neurobench


def test_the_metrics_of_a_small_network_are_counted_by_hand() -> None:
    net = nef.Network(seed=1)
    stimulus = net.node(np.sin)
    a, b = net.ensemble(10, 2), net.ensemble(20, 1)
    net.connect(stimulus, a[0], synapse=None)
    net.connect(a, b, function=lambda x: x[0] * x[1])
    spikes = [net.probe(ensemble.neurons) for ensemble in (a, b)]
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.5)
        found = neurobench(sim)
        fired = [np.count_nonzero(sim.data[probe], axis=0) / 500 for probe in spikes]
        decoders = sim.data[net.connections[1]].decoders
    # Encoders of both, (10, 2) and (20, 1), and decoders (1, 10).
    assert found.dense == 20 + 20 + 10
    assert decoders.all() and found.connection_sparsity == 0.0
    assert found.effective_macs == 40.0
    assert found.effective_acs == pytest.approx(fired[0].sum(), rel=1e-12)
    mean = (fired[0].sum() + fired[1].sum()) / 30
    assert found.activation_sparsity == pytest.approx(1 - mean, rel=1e-12)
    # Besides weights: a bias and two variables of each neuron, and one of the filter.
    assert found.footprint == 8 * (50 + 30 + 2 * 30 + 1)


@pytest.mark.parametrize("kind", [np.array, scipy.sparse.csr_array])
def test_zeros_of_weights_are_left_out(kind: Any) -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(4, 1), net.ensemble(3, 1)
    weights = np.array([[1.0, 0, 0, 2], [0, 0, 0, 0], [0, 1, 0, 0]])
    net.connect(a.neurons, b.neurons, transform=kind(weights))
    probe = net.probe(a.neurons)
    net.probe(b.neurons)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.3)
        found = neurobench(sim)
        fired = np.count_nonzero(sim.data[probe], axis=0) / 300
    # Twelve weights, of which nine are 0, and the gains of three neurons.
    assert found.dense == 15.0 and found.effective_macs == 3.0
    assert found.connection_sparsity == pytest.approx(9 / 15)
    assert found.effective_acs == pytest.approx(fired @ [1, 1, 0, 1], rel=1e-12)


def test_outputs_of_rate_neurons_are_multiplied() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1, neuron_type=nef.LIFRate())
    probe = net.probe(a.neurons)
    net.probe(a)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.01)
        found = neurobench(sim)
        active = np.count_nonzero(sim.data[probe][0])
    assert found.effective_acs == 0.0
    assert active < 10 and found.effective_macs in (active, active + 10)


def test_every_ensemble_has_to_be_recorded() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1, label="a")
    net.probe(a)
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.01)
        with pytest.raises(ValueError, match=r"^neurobench: sim must record .* got none of .*'a'"):
            neurobench(sim)


def test_a_run_is_needed() -> None:
    with pytest.raises(TypeError, match="neurobench: sim must be a simulator"):
        neurobench(nef.Network())  # type: ignore[arg-type]
    net = nef.Network(seed=1)
    net.probe(net.ensemble(10, 1).neurons)
    with (
        nef.Simulator(net, backend="numpy") as sim,
        pytest.raises(ValueError, match=r"^neurobench: sim must have run, got no steps"),
    ):
        neurobench(sim)


def test_only_outputs_of_neurons_in_each_step_count() -> None:
    def metrics(more: bool) -> Any:
        net = nef.Network(seed=1)
        stimulus, a = net.node(np.sin), net.ensemble(10, 1)
        net.connect(stimulus, a, synapse=None)
        if more:
            net.probe(stimulus)
        net.probe(a.neurons)
        if more:
            net.probe(a.neurons, synapse=0.05)
            net.probe(a.neurons, sample_every=0.01)
            net.probe(a.neurons, "voltage")
        with nef.Simulator(net, backend="numpy") as sim:
            sim.run(0.2)
            return neurobench(sim)

    plain, other = metrics(False), metrics(True)
    assert other.activation_sparsity == plain.activation_sparsity > 0.5
    assert (other.effective_acs, other.dense) == (plain.effective_acs, plain.dense)


def test_a_diagonal_has_a_weight_for_each_chosen_neuron() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(4, 1), net.ensemble(2, 1)
    net.connect(net.node([1.0]), a, synapse=None)
    net.connect(a.neurons[[3, 1]], b.neurons, transform=np.array([2.0, 0.0]))
    probe = net.probe(a.neurons)
    net.probe(b.neurons)
    with nef.Simulator(net, backend="numpy", dtype="float32") as sim:
        sim.run(0.2)
        found = neurobench(sim)
        fired = np.count_nonzero(sim.data[probe], axis=0) / 200
    # The encoders of both, and two weights.
    assert (found.dense, found.connection_sparsity) == (8.0, 1 / 8)
    assert found.effective_acs == pytest.approx(fired[3], rel=1e-12)
    # In four bytes: weights, a bias and two variables of each neuron, filters, and the input.
    assert found.footprint == 4 * (8 + 6 + 2 * 6 + 2 + 1)


def test_a_network_without_neurons_has_no_operations() -> None:
    net = nef.Network(seed=1)
    net.probe(net.node([1.0]))
    with nef.Simulator(net, backend="numpy") as sim:
        sim.run(0.01)
        found = neurobench(sim)
    assert (found.connection_sparsity, found.activation_sparsity) == (0.0, 0.0)
    assert found.footprint == 8  # the constant input
    assert (found.effective_acs, found.effective_macs, found.dense) == (0.0, 0.0, 0.0)
