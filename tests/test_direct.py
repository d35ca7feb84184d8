"""A network in direct mode computes its functions exactly, and is a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.network.direct import Twins


def is_direct(ensemble: Any) -> bool:
    return isinstance(ensemble.neuron_type, nef.Direct)


def test_functions_transforms_and_filters_are_exact() -> None:
    net = nef.Network(seed=1)
    inner = net.subnetwork("inner")
    wave = net.node(np.sin)
    a = inner.ensemble(30, 2, noise=nef.WhiteNoise(), initial_state={"voltage": 0.5}, label="a")
    b = net.ensemble(30, 1)
    net.connect(wave, a[1], synapse=None)
    net.connect(a[1], b, function=np.square, transform=-0.5, synapse=0.01)
    net.connect(b, b, synapse=0.1, transform=0.5, solver=nef.LstsqL2(weights=True))
    y = net.probe(b, label="y")
    ideal = nef.direct_mode(net)
    assert all(map(is_direct, ideal.all_ensembles))
    assert not any(map(is_direct, net.all_ensembles))
    sim = nef.Simulator(ideal, backend="numpy")
    sim.run(1.0)
    t = np.arange(1, 1001) * 0.001
    came, state, expected = nef.Lowpass(0.01).filt(-0.5 * np.sin(t) ** 2), 0.0, []
    keep, before = np.exp(-0.01), 0.0
    for step in range(1000):
        value = before + (came[step - 1] if step else 0.0)
        expected.append(value)
        state = keep * state + (1 - keep) * 0.5 * value
        before = state
    # The same sums in another order.
    np.testing.assert_allclose(sim.data["y"][:, 0], expected, atol=1e-12)
    assert y not in ideal.all_probes


def test_a_copy_has_the_order_labels_seeds_and_names_of_its_network() -> None:
    net = nef.Network(seed=7, label="net")
    inner = net.subnetwork("inner", seed=3)
    inner.output = inner.node(nef.WhiteSignal(1.0, 5.0), size_out=1, label="noise")
    net.first = net.ensemble(10, 2, label="first", seed=5)
    net.pair = net.first[1]
    net.note = "text"
    c = net.connect(inner.output, net.first[0], label="c")
    net.probe(net.first, label="y")
    twins = Twins(net)
    copied = twins.network
    assert (copied.seed, copied.label) == (7, "net")
    assert [n.label for n in copied.networks] == ["inner"]
    assert copied.networks[0].parent is copied
    for kind in ("all_nodes", "all_ensembles", "all_connections", "all_probes"):
        ours, theirs = getattr(net, kind), getattr(copied, kind)
        assert [(x.label, x.network.path()) for x in ours] == [
            (x.label, x.network.path()) for x in theirs
        ]
        assert not set(ours) & set(theirs)
    assert copied.first is copied.ensembles[0] is twins(net.first)
    assert copied.first.seed == 5
    assert copied.pair == copied.first[1]
    assert copied.note == "text"
    assert copied.networks[0].output is twins(inner.output)
    assert twins(c).pre is twins(inner.output)
    assert twins(c).post == copied.first[0]
    before, after = (nef.Simulator(n, backend="numpy") for n in (net, copied))
    for sim in (before, after):
        sim.run(0.1)
    # The noise of a node is drawn from the same place.
    inputs = [
        nef.Simulator(n, backend="numpy", probes=[n.probe(n.ensembles[0], "input", attach=False)])
        for n in (net, copied)
    ]
    for sim in inputs:
        sim.run(0.1)
    records = [sim.data[sim.probes[-1]] for sim in inputs]
    assert np.array_equal(*records)
    assert records[0].any()


def test_neurons_that_are_needed_are_kept() -> None:
    net = nef.Network(seed=1)
    names = ["plain", "currents", "spikes", "taught", "teacher", "points", "shown", "encoders"]
    names += ["onto", "decoded"]
    e = {name: net.ensemble(9, 1, label=name) for name in names}
    net.connect(net.node(1.0), e["currents"].neurons, transform=np.ones((9, 1)))
    net.connect(e["spikes"].neurons, net.node(size_in=9))
    learns = net.connect(e["teacher"], e["taught"], learning_rule=nef.PES())
    net.connect(e["plain"], learns.learning_rule)
    x = np.linspace(-1, 1, 5)[:, None]
    net.connect(e["points"], e["plain"], function=x**2, eval_points=x)
    net.probe(e["shown"].neurons, "voltage")
    net.probe(e["encoders"], "scaled_encoders")
    net.connect(e["spikes"], e["onto"], solver=nef.LstsqL2(weights=True))
    net.probe(e["decoded"])
    net.probe(e["decoded"], "input")
    copied = nef.direct_mode(net)
    kept = {x.label for x in copied.ensembles if not is_direct(x)}
    assert kept == set(names) - {"plain", "decoded"}
    sim = nef.Simulator(copied, backend="numpy")
    sim.run(0.01)
    assert sim.trange().size == 10


def test_the_network_itself_stays_as_it_is() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1, noise=nef.WhiteNoise())
    before = dict(vars(a)), dict(vars(net))
    nef.direct_mode(net)
    assert (dict(vars(a)), dict(vars(net))) == before


def test_a_part_of_a_network_is_refused() -> None:
    with pytest.raises(ValueError, match="net must not be part of another"):
        nef.direct_mode(nef.Network().subnetwork())
