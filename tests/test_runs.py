"""Probes, inputs and a seed of a single run, which do not change the network."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import nefsim as nef


def network(seed: int | None = 1) -> tuple[nef.Network, nef.Node, nef.Ensemble]:
    net = nef.Network(seed)
    u, a = net.node(0.5), net.ensemble(30, 1)
    net.connect(u, a)
    net.probe(a, synapse=0.01)
    return net, u, a


def content(net: nef.Network) -> tuple[object, ...]:
    outputs = [(node, node.output) for node in net.nodes]
    return net.seed, [*net.probes], outputs, [*net.connections]


@pytest.mark.parametrize("backend", ["numpy", "numba", "nengo"])
def test_a_probe_of_a_run_has_the_records_of_a_probe_of_the_network(backend: str) -> None:
    if backend != "numpy":
        pytest.importorskip(backend)
    net, _, a = network()
    spikes = net.probe(a.neurons, attach=False)
    before = content(net)
    with nef.Simulator(net, backend=backend, probes=[spikes]) as sim:
        sim.run(0.1)
    assert content(net) == before and sim.probes == (*net.probes, spikes)
    attached = net.probe(a.neurons)
    with nef.Simulator(net, backend=backend) as other:
        other.run(0.1)
    assert sim.data[spikes].any()
    np.testing.assert_array_equal(sim.data[spikes], other.data[attached])


@pytest.mark.parametrize("backend", ["numpy", "numba", "nengo"])
@pytest.mark.parametrize(
    "output", [-0.25, np.sin, lambda t: t, nef.WhiteSignal(1.0, high=5.0)], ids=str
)
def test_an_input_of_a_run_acts_like_the_output_of_its_node(backend: str, output: object) -> None:
    if backend != "numpy":
        pytest.importorskip(backend)
    net, u, a = network()
    spikes = net.probe(a.neurons)
    with nef.Simulator(net, backend=backend, inputs={u: output}) as sim:
        sim.run(0.2)
    assert isinstance(u.output, np.ndarray)
    other = nef.Network(seed=1)
    b = other.ensemble(30, 1)
    other.connect(other.node(output), b)
    same = other.probe(b.neurons)
    with nef.Simulator(other, backend=backend) as reference:
        reference.run(0.2)
    assert sim.data[spikes].any()
    np.testing.assert_array_equal(sim.data[spikes], reference.data[same])


def test_a_junction_can_be_given_values_for_a_run() -> None:
    net = nef.Network(seed=1)
    u, v = net.node(1.0), net.node(size_in=1)
    net.connect(u, v, synapse=None)
    seen = net.probe(v)
    with nef.Simulator(net, inputs={v: 3.0}) as sim:
        sim.run(0.01)
    assert (sim.data[seen] == 3.0).all()


def test_warnings_are_of_the_input_of_the_run() -> None:
    net, u, _ = network()
    with pytest.warns(UserWarning, match="must stay within its radius of 1"):
        nef.Simulator(net, inputs={u: 5.0})
    far = nef.Network(seed=1)
    v = far.node(5.0)
    far.connect(v, far.ensemble(30, 1))
    nef.Simulator(far, inputs={v: 0.5})  # warnings are errors here


def test_a_build_seed_replaces_that_of_the_network() -> None:
    net, _, a = network(None)
    first, second = (nef.Simulator(net, build_seed=seed) for seed in (5, 6))
    seeded, _, b = network(5)
    np.testing.assert_array_equal(first.data[a].bias, nef.Simulator(seeded).data[b].bias)
    assert net.seed is None and (first.data[a].bias != second.data[a].bias).any()


def test_a_saved_run_goes_on_with_its_probes_and_inputs(tmp_path: Path) -> None:
    net, u, a = network(None)
    spikes = net.probe(a.neurons, attach=False)
    options = {"probes": [spikes], "inputs": {u: np.sin}}
    with nef.Simulator(net, **options) as sim:
        sim.run(0.1)
        path = sim.save(tmp_path / "state.npz")
        sim.run(0.1)
    with nef.Simulator.load(path, net, **options) as other:
        other.run(0.1)
    np.testing.assert_array_equal(other.data[spikes], sim.data[spikes])


def test_two_threads_that_crosscheck_one_network_see_it_unchanged() -> None:
    net, _, _ = network(None)
    before, seen, reports = content(net), [], []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(content(net) == before)

    def compare() -> None:
        reports.append(nef.crosscheck(net, 0.2, ("numpy", "numpy")))

    watcher = threading.Thread(target=watch)
    threads = [threading.Thread(target=compare) for _ in range(2)]
    watcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert all(seen) and len(seen) > 10
    assert all(report.agrees and report.n_spikes for report in reports)
    assert [len(report.populations) for report in reports] == [1, 1]
    assert [len(report.probes) for report in reports] == [1, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (lambda net, u, a: {"probes": 3}, "probes must be a list of probes"),
        (lambda net, u, a: {"probes": [a]}, "probes must be probes"),
        (lambda net, u, a: {"probes": net.probes}, "differ from those of the network"),
        (lambda net, u, a: {"probes": [network()[0].probes[0]]}, "be of this network"),
        (lambda net, u, a: {"inputs": {a: 1.0}}, "inputs must be a mapping of nodes"),
        (lambda net, u, a: {"inputs": {network()[1]: 1.0}}, "be nodes of this network"),
        (lambda net, u, a: {"inputs": {u: [1.0, 2.0]}}, "size_out must be 2"),
        (lambda net, u, a: {"build_seed": -1}, "build_seed must be"),
    ],
)
def test_objects_of_other_networks_are_refused(options: object, words: str) -> None:
    net, u, a = network()
    with pytest.raises((TypeError, ValueError), match=words):
        nef.Simulator(net, **options(net, u, a))  # type: ignore[operator]
