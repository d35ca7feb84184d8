"""Probes are attached and removed, and inputs set by hand, while a network runs."""

import lessons
import models
import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering.taps import Taps

NETWORKS = {
    **{name: models.MODELS[name] for name in [*models.MODELS][:10]},
    **dict([*lessons.WITH_NENGO.items()][:2]),
}

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]


class Tapped:
    """A simulator whose probes change while it runs."""

    def __init__(self, net, backend="numpy", **options):
        self.sim = nef.Simulator(net, backend=backend, progress=False, **options)
        self.taps = Taps(self.sim.built)
        self.now = self.taps.original

    def change(self, probes, held=None):
        after = self.taps.with_probes(probes, held)
        state = after.continued(self.sim.state, self.now, self.sim.run_seed)
        self.sim._go_on_with(after.built, state)
        self.now = after


def spikes_of(sim, probes):
    return [
        np.column_stack([events.steps + sim._records.start, events.neurons])
        for events in (sim.data.events(probe) for probe in probes)
    ]


def joined(parts):
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def watched(net):
    """Probes of the spikes, and others of all kinds, that no simulator has."""
    spikes, others = [], []
    for ensemble in net.all_ensembles:
        others.append(net.probe(ensemble, synapse=0.02, attach=False))
        others.append(net.probe(ensemble[0], sample_every=0.005, attach=False))
        if ensemble.neuron_type.spiking:
            spikes.append(net.probe(ensemble.neurons, attach=False))
        for name in ensemble.neuron_type.initial_state:
            others.append(net.probe(ensemble.neurons[:3], name, attach=False))
    others += [net.probe(node, attach=False) for node in net.all_nodes if node.size_out]
    return spikes, others


@pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_no_spike_changes_when_probes_come_and_go(name, backend):
    net = NETWORKS[name]()
    spikes, _ = watched(net)
    plain = nef.Simulator(net, backend=backend, progress=False, probes=spikes)
    plain.run(0.2)
    expected = spikes_of(plain, spikes)
    net = NETWORKS[name]()
    spikes, others = watched(net)
    tapped = Tapped(net, backend)
    parts = []
    for step in range(8):
        some = others[step % 3 :: 3] if step % 4 else []
        tapped.change([*some, *spikes] if step % 2 else [*spikes, *some])
        tapped.sim.run_steps(25)
        parts.append(spikes_of(tapped.sim, spikes))
    for got, want in zip(joined(parts), expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert sum(map(len, expected)) > 0 or not spikes


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_probe_that_comes_later_records_what_one_from_the_start_does(backend):
    def network():
        net = nef.Network(seed=1)
        a = net.ensemble(50, 2, label="a")
        net.connect(net.node(lambda t: [np.sin(9 * t), np.cos(9 * t)]), a)
        return net, a

    def probes(net, a):
        return [
            net.probe(a, attach=False),
            net.probe(a, "input", attach=False),
            net.probe(a.neurons[[7, 3]], "voltage", attach=False),
            net.probe(a.neurons, "input", attach=False),
            net.probe(a[1], sample_every=0.004, attach=False),
        ]

    net, a = network()
    first = probes(net, a)
    plain = nef.Simulator(net, backend=backend, probes=first, progress=False)
    plain.run(0.1)
    net, a = network()
    later = probes(net, a)
    tapped = Tapped(net, backend)
    tapped.sim.run_steps(40)
    tapped.change(later)
    tapped.sim.run_steps(60)
    for one, other in zip(first, later, strict=True):
        got, want = tapped.sim.data[other], plain.data[one][-len(tapped.sim.data[other]) :]
        assert len(got) == (60 if one.sample_every is None else 15)
        # Decoded values differ in the last digits, as they are added in another order.
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(tapped.sim.trange(other), plain.trange(one)[-len(got) :])


def test_a_filter_of_a_probe_starts_at_rest_and_is_kept_when_others_come():
    net = nef.Network(seed=1)
    one = net.node([1.0])
    first, second = (net.probe(one, synapse=0.01, attach=False) for _ in range(2))
    tapped = Tapped(net)
    tapped.sim.run_steps(10)
    tapped.change([first])
    tapped.sim.run_steps(10)
    tapped.change([second, first])
    tapped.sim.run_steps(1)
    decay = np.exp(-0.1)
    n = [tapped.sim.data[probe][0, 0] for probe in (first, second)]
    # A filter's output follows one step after its input.
    assert n == pytest.approx([1 - decay**10, 0.0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node_is_held_and_handed_back_while_its_function_goes_on(backend):
    calls = []

    def count(t):
        calls.append(t)
        return len(calls)

    net = nef.Network(seed=1)
    node, relay, noise = net.node(count), net.node(size_in=1), net.node(nef.WhiteNoise(seed=2))
    net.connect(node, relay, synapse=None)
    probes = [net.probe(each, attach=False) for each in (node, relay, noise)]
    plain = nef.Simulator(net, probes=probes, backend=backend, progress=False)
    plain.run_steps(9)
    expected = plain.data[probes[2]]
    calls.clear()
    tapped = Tapped(net, backend)
    tapped.change(probes)
    tapped.sim.run_steps(3)
    tapped.change(probes, {node: [7.5], noise: [0.25]})
    tapped.sim.run_steps(2)
    tapped.sim.inputs[node][:] = -1.0
    tapped.sim.run_steps(1)
    assert tapped.sim.data[probes[0]].ravel().tolist() == [7.5, 7.5, -1.0]
    assert tapped.sim.data[probes[1]].ravel().tolist() == [7.5, 7.5, -1.0]
    assert tapped.sim.data[probes[2]].ravel().tolist() == [0.25] * 3
    tapped.change(probes)
    tapped.sim.run_steps(3)
    assert tapped.sim.data[probes[0]].ravel().tolist() == [7.0, 8.0, 9.0]
    assert len(calls) == 9
    np.testing.assert_array_equal(tapped.sim.data[probes[2]], expected[6:])


def test_the_probes_of_the_model_are_recorded_with_others_or_not():
    net = models.MODELS["square"]()
    own = net.all_probes[0]
    plain = nef.Simulator(net, progress=False)
    plain.run_steps(30)
    tapped = Tapped(net)
    tapped.sim.run_steps(10)
    tapped.change([])
    tapped.sim.run_steps(10)
    tapped.change([own])
    tapped.sim.run_steps(10)
    np.testing.assert_array_equal(tapped.sim.data[own], plain.data[own][-10:])


def test_trials_go_on_apart():
    net = nef.Network(seed=1)
    a = net.ensemble(30, 1, noise=nef.WhiteNoise(nef.Gaussian(0, 1)))
    spikes, voltage = net.probe(a.neurons, attach=False), net.probe(a, synapse=0.1, attach=False)
    plain = nef.Simulator(net, probes=[spikes], batch_size=2, backend="numpy")
    plain.run_steps(40)
    tapped = Tapped(net, batch_size=2)
    tapped.sim.run_steps(20)
    tapped.change([voltage, spikes])
    tapped.sim.run_steps(20)
    np.testing.assert_array_equal(tapped.sim.data[spikes], plain.data[spikes][:, 20:])


def test_a_quantity_without_a_signal_is_refused():
    net = nef.Network(seed=1)
    a = net.ensemble(10, 1)
    connection = net.connect(net.node([0.0]), a)
    weights = net.probe(connection, "weights", attach=False)
    taps = Taps(nef.Simulator(net).built)
    assert not taps.finds(weights)
    with pytest.raises(ValueError, match=r"attr must have a signal in the build, got .*weights"):
        taps.with_probes([weights])


def test_records_of_a_stream_cannot_be_cut(tmp_path):
    net = models.MODELS["square"]()
    tapped = Tapped(net, stream=tmp_path / "records")
    with pytest.raises(ValueError, match="records must be in memory"):
        tapped.change([])


@pytest.mark.parametrize("backend", BACKENDS)
def test_spikes_of_chosen_neurons_are_copies_and_those_of_the_others_are_not_recorded(backend):
    """The record reads the copy, so that a back end need not write down the other spikes."""
    net = nef.Network(seed=2)
    a = net.ensemble(60, 1)
    net.connect(net.node(lambda t: np.sin(20 * t)), a)
    chosen = [41, 3, 17, 59]
    all_of_it = net.probe(a.neurons, attach=False)
    some = net.probe(a.neurons[chosen], attach=False)
    tapped = Tapped(net, backend)
    tapped.change([some])
    program = tapped.sim.built.program
    (record,) = program.records
    assert record.read.signal != tapped.sim.built.signals[a.neurons]
    assert program.size(record.read) == len(chosen)
    tapped.sim.run(0.3)
    events = tapped.sim.data.events(some)
    plain = nef.Simulator(net, backend=backend, progress=False, probes=[all_of_it, some])
    plain.run(0.3)
    assert len(events.times) > 10
    for other in (plain.data.events(some), tapped.sim.data.events(some)):
        np.testing.assert_array_equal(other.steps, events.steps)
        np.testing.assert_array_equal(other.neurons, events.neurons)
    np.testing.assert_array_equal(events.dense(), plain.data[all_of_it][:, chosen])


def test_quantities_of_a_rule_are_found_if_they_are_signals_of_the_build():
    net = nef.Network(seed=1)
    a, b = net.ensemble(10, 1), net.ensemble(10, 1)
    taught = net.connect(a, b, learning_rule=nef.PES())
    net.connect(b, taught.learning_rule)
    twins = [net.connect(a, b, learning_rule=nef.PES(), label="twin") for _ in range(2)]
    for twin in twins:
        net.connect(b, twin.learning_rule)
    inside = net.probe(twins[0], "weights")
    taps = Taps(nef.Simulator(net, backend="numpy", progress=False).built)

    def finds(target, attr):
        return taps.finds(net.probe(target, attr, attach=False))

    assert finds(taught.learning_rule, "error")
    assert not finds(taught.learning_rule, "activities")
    assert not finds(taught, "weights") and not finds(taught.learning_rule.gate, "input")
    assert taps.finds(inside)
    # Signals are found by their names, which differ.
    assert not any(finds(twin.learning_rule, "error") for twin in twins)
    assert finds(a, "decoded_output") and finds(a.neurons, "voltage")
