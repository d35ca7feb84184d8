"""Decoders are matched to the filters between the spikes and where a value is read."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering import build, threads
from nefsim.lowering.decode import Solving
from nefsim.lowering.onward import ASSUMED, Onward

OWN = nef.Lowpass(0.02)
LATER = nef.Lowpass(0.03)


def reached(net: nef.Network, reader: Any) -> tuple[Any, bool]:
    """The filter on the way to those who read a connection or probe, and whether it goes on."""
    spikes = Onward(net, 0.001)(reader, nef.LIF())
    assert spikes.dt == 0.001
    return spikes.synapse, spikes.onward


@pytest.fixture
def net() -> nef.Network:
    return nef.Network(seed=1)


@pytest.mark.parametrize("synapse", [OWN, None, 0.0], ids=str)
def test_a_node_without_onward_connections_and_a_probe_read_behind_the_synapse(
    net: nef.Network, synapse: Any
) -> None:
    a = net.ensemble(10, 1)
    wanted = synapse or ASSUMED  # a filter is likely to follow
    assert reached(net, net.connect(a, net.node(size_in=1), synapse=synapse)) == (wanted, False)
    assert reached(net, net.probe(a, synapse=synapse)) == (wanted, False)


def test_of_synapses_of_elements_the_fastest_counts(net: nef.Network) -> None:
    a = net.ensemble(10, 2)
    assert reached(net, net.connect(a, net.node(size_in=2), synapse=[0.1, 0.02])) == (OWN, False)
    some = net.connect(a, net.node(size_in=2), synapse=[0.1, 0.0])
    assert reached(net, some) == (ASSUMED, False)


def test_populations_their_neurons_and_learning_rules_pass_values_on_more_slowly(
    net: nef.Network,
) -> None:
    a, b = net.ensemble(10, 1), net.ensemble(10, 1)
    rule = net.connect(a, net.node(size_in=1), learning_rule=nef.PES()).learning_rule
    for end, transform in ((b, 1.0), (a, 1.0), (b.neurons, np.ones((10, 1))), (rule, 1.0)):
        reader = net.connect(a, end, transform=transform, synapse=OWN)
        assert reached(net, reader) == (OWN * ASSUMED, True)
    assert reached(net, net.connect(a, b[0], synapse=None)) == (ASSUMED, True)


def test_nodes_that_add_up_pass_values_on_through_their_synapses(net: nef.Network) -> None:
    a, first, second = net.ensemble(10, 1), net.node(size_in=1), net.node(size_in=2)
    reader = net.connect(a, first, synapse=None)
    net.connect(first, second[1], synapse=LATER)
    assert reached(net, reader) == (ASSUMED, False)  # nobody reads it in the network
    net.connect(second, net.ensemble(10, 2), synapse=OWN)
    assert reached(net, reader) == (LATER * OWN * ASSUMED, True)


def test_of_several_ways_the_fastest_counts(net: nef.Network) -> None:
    a, hub = net.ensemble(10, 1), net.node(size_in=1)
    reader = net.connect(a, hub, synapse=OWN)
    net.connect(hub, net.node(size_in=1), synapse=None)  # leads nowhere, which is no way
    net.connect(hub, net.ensemble(10, 1), synapse=nef.Alpha(0.001))
    net.connect(hub, net.ensemble(10, 1), synapse=LATER)
    assert reached(net, reader) == (OWN * LATER * ASSUMED, True)
    net.connect(hub, net.ensemble(10, 1), synapse=None)
    assert reached(net, reader) == (OWN * ASSUMED, True)


def test_a_function_reads_the_value_where_it_is_called(net: nef.Network) -> None:
    a, hub = net.ensemble(10, 1), net.node(size_in=1)
    called = net.connect(a, net.node(lambda t, x: x**2, size_in=1), synapse=OWN)
    before = net.connect(a, hub, synapse=OWN)
    net.connect(hub, net.ensemble(10, 1), function=np.square, synapse=LATER)
    assert reached(net, called) == reached(net, before) == (OWN, False)


def test_populations_in_direct_mode_are_like_nodes(net: nef.Network) -> None:
    a, hub = net.ensemble(10, 1), net.ensemble(1, 1, neuron_type=nef.Direct())
    reader = net.connect(a, hub, synapse=OWN)
    net.connect(hub, net.ensemble(10, 1), synapse=LATER)
    assert reached(net, reader) == (OWN * LATER * ASSUMED, True)


def test_loops_of_nodes_end(net: nef.Network) -> None:
    a, hub = net.ensemble(10, 1), net.node(size_in=1)
    reader = net.connect(a, hub, synapse=OWN)
    net.connect(hub, hub, synapse=LATER)
    assert reached(net, reader) == (OWN, False)
    net.connect(hub, net.ensemble(10, 1), synapse=None)
    assert reached(net, reader) == (OWN * ASSUMED, True)


def test_a_probe_changes_no_decoders(net: nef.Network) -> None:
    a, hub = net.ensemble(20, 1), net.node(size_in=1)
    reader = net.connect(a, hub, synapse=None)
    before = nef.Simulator(net).data[reader].decoders
    net.probe(hub, synapse=LATER)
    np.testing.assert_array_equal(nef.Simulator(net).data[reader].decoders, before)


@pytest.mark.parametrize("neuron_type", [nef.LIF(), nef.LIFRate()], ids=str)
def test_spikes_that_go_on_to_a_population_have_the_higher_floor(
    net: nef.Network, neuron_type: nef.neurons.NeuronType
) -> None:
    a, b = net.ensemble(30, 1, neuron_type=neuron_type), net.ensemble(30, 1)
    reader = net.connect(a, b, synapse=OWN)
    sim = nef.Simulator(net)
    arrays, built = sim.data[a], sim.data[reader]
    x = arrays.eval_points
    A = nef.tuning_curves(neuron_type, x, arrays.encoders, arrays.gain, arrays.bias)
    floor = 0.01 if neuron_type.spiking else 0.001
    solver = nef.NoiseMatched(synapse=OWN * ASSUMED, neuron_type=neuron_type)
    variance = solver(A, x)[1]["variance"]
    # The same numbers, found in another order.
    np.testing.assert_allclose(built.solver_info["variance"], variance, rtol=1e-9)
    gram = A.T @ A / len(A) + np.diag(variance + (floor * A.max()) ** 2)
    wanted = np.linalg.solve(gram, A.T @ x / len(A))
    # The condition of the system is up to 1e7.
    np.testing.assert_allclose(built.decoders, wanted, atol=1e-7 * np.abs(wanted).max())


@pytest.mark.parametrize("later", [False, True])
def test_values_that_are_filtered_after_a_node_are_as_good_as_those_filtered_before(
    later: bool,
) -> None:
    net = nef.Network(seed=4)
    x = net.node(nef.WhiteSignal(4.0, high=3.0, rms=0.4, seed=5))
    a, hub, end = net.ensemble(60, 1), net.node(size_in=1), net.ensemble(60, 1)
    net.connect(x, a, synapse=None)
    net.connect(a, hub, synapse=None if later else 0.02)
    net.connect(hub, end, synapse=0.02 if later else None)
    y, shown = net.probe(end, "input"), net.probe(x, synapse=0.02)
    sim = nef.Simulator(net)
    sim.run(4.0)
    error = np.sqrt(np.mean((sim.data[y][1:] - sim.data[shown][:-1])[500:] ** 2))
    assert error < 0.02  # decoders for unfiltered spikes shrink: 0.06


def test_ways_are_found_in_one_thread_of_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread would take a way that is half found for one that nobody reads."""
    pytest.importorskip("threadpoolctl")
    found: set[bool] = set()
    solving: set[bool] = set()
    main = threading.get_ident()
    call = Onward.__call__

    def noted(self: Any, *arguments: Any) -> Any:
        found.add(threading.get_ident() == main)
        return call(self, *arguments)

    solve = Solving._solve

    def noted_solve(self: Any, *arguments: Any) -> Any:
        solving.add(threading.get_ident() == main)
        time.sleep(0.001)  # so that other threads get some
        return solve(self, *arguments)

    monkeypatch.setattr(Onward, "__call__", noted)
    monkeypatch.setattr(Solving, "_solve", noted_solve)
    monkeypatch.setattr(threads, "cores", lambda: 4)
    net = nef.Network(seed=1)
    array = nef.networks.ensemble_array(net, 20, 12)
    net.connect(array.output, net.ensemble(20, 12), synapse=0.02)
    build(net, 0.001, 1)
    assert found == {True} and False in solving
