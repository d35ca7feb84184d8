"""With the same arrays Nengo gives the same spikes, for ten seconds of each model."""

from collections import Counter
from dataclasses import dataclass

import models
import numpy as np
import pytest

import nefsim as nef

nengo = pytest.importorskip("nengo")

from nefsim.nengo import to_nengo, translate  # noqa: E402

SECONDS = 10.0


def assert_agrees(report):
    assert report.n_spikes > 10_000
    assert report.spikes_differ == 0, report
    assert report.agrees, report
    assert str(report).endswith("agree: the same spikes, and values equal up to rounding.")


# The same spikes


@pytest.mark.parametrize("model", models.MODELS)
def test_nengo_gives_the_spikes_and_values_of_every_model(model):
    net = models.MODELS[model]()
    report = nef.crosscheck(net, SECONDS)
    assert report.backends == ("numpy", "nengo")
    assert len(report.probes) == len(net.all_probes)
    assert_agrees(report)
    states = ("voltage", "refractory_time")
    for probe, compared in zip(net.all_probes, report.probes, strict=True):
        if probe.attr not in states:
            # Sums over neurons in another order.
            assert compared.max_abs_diff <= 1e-9


@pytest.mark.parametrize("kind", models.NEURON_TYPES, ids=repr)
def test_nengo_gives_the_spikes_and_values_of_every_neuron_type(kind):
    report = nef.crosscheck(models.neuron_type(kind), SECONDS)
    assert_agrees(report)
    assert all(p.max_abs_diff <= 1e-9 for p in report.probes)


@pytest.mark.parametrize("dt", [0.0005, 0.002])
def test_nengo_gives_the_same_spikes_at_other_steps(dt):
    assert_agrees(nef.crosscheck(models.product(), 2.0, dt=dt))


def test_a_crosscheck_does_not_change_a_network_without_a_seed():
    net = models.square(None)
    before = repr(net)
    assert nef.crosscheck(net, 1.0).agrees
    assert net.seed is None
    assert repr(net) == before


# Errors of the translation are detected


def translate_with(monkeypatch, change):
    """Let Nengo run a network in which ``change`` was applied to ensemble b."""
    original = translate.Translation._ensemble

    def with_change(self, ensemble):
        result = original(self, ensemble)
        if ensemble.label == "b":
            change(result)
        return result

    monkeypatch.setattr(translate.Translation, "_ensemble", with_change)


def slower(ensemble):
    ensemble.neuron_type = nengo.LIF(tau_rc=0.0201)


def stronger(ensemble):
    ensemble.gain = ensemble.gain * (1 + 1e-6)


def without_bias(ensemble):
    ensemble.bias = np.zeros_like(ensemble.bias)


def taller(ensemble):
    start = ensemble.neuron_type.initial_state
    ensemble.neuron_type = nengo.LIF(amplitude=1.1, initial_state=start)


def silent(ensemble):
    ensemble.bias = np.full_like(ensemble.bias, -100.0)


@pytest.mark.parametrize("change", [slower, stronger, without_bias, taller, silent])
def test_errors_of_the_translation_are_detected(change, monkeypatch):
    translate_with(monkeypatch, change)
    report = nef.crosscheck(models.square(), 2.0)
    assert not report.agrees
    a, b = report.populations
    assert a.spikes_differ == 0
    assert b.spikes_differ > 0
    assert report.spikes_differ == b.spikes_differ
    text = str(report)
    assert f"do not agree: {b.spikes_differ} spikes differ, values by up to" in text
    assert f"  b: {b.n_spikes} spikes, {b.spikes_differ} differ" in text


def test_spikes_of_a_silent_population_are_detected(monkeypatch):
    def run(bias):
        net = nef.Network(seed=1)
        net.ensemble(10, 1, gain=1.0, bias=bias, label="b")
        return nef.crosscheck(net, 0.5)

    assert run(0.0).agrees

    def louder(ensemble):
        ensemble.bias = np.full(10, 2.0)

    translate_with(monkeypatch, louder)
    report = run(0.0)
    assert report.n_spikes == 0
    assert report.spikes_differ > 100
    assert not report.agrees


def test_wrong_rates_are_detected(monkeypatch):
    def wrong(ensemble):
        ensemble.neuron_type = nengo.LIFRate(tau_rc=0.0200001)

    translate_with(monkeypatch, wrong)
    net = nef.Network(seed=1)
    net.ensemble(10, 1, neuron_type=nef.LIFRate(), label="b")
    report = nef.crosscheck(net, 0.1)
    assert (report.spikes_differ, report.agrees) == (0, False)
    assert "rates differ by at most" in str(report)


def test_a_wrong_synapse_is_detected_in_the_values(monkeypatch):
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, label="a")
    net.probe(a, synapse=0.1, label="y")
    assert nef.crosscheck(net, 0.5).agrees
    monkeypatch.setattr(translate, "synapse", lambda s, dt: s and nengo.Lowpass(0.1001))
    report = nef.crosscheck(net, 0.5)
    assert (report.spikes_differ, report.agrees) == (0, False)
    difference = f"{report.probes[0].max_abs_diff:.2e}"
    assert report.max_abs_diff == report.probes[0].max_abs_diff > 1e-6
    assert f"  y: differs by at most {difference}" in str(report)
    assert f"do not agree: 0 spikes differ, values by up to {difference}" in str(report)


# Converted networks


def test_to_nengo_returns_a_network_with_the_spikes_of_nefsim():
    net = models.square()
    model = to_nengo(net)
    a, b = model.ensembles
    assert isinstance(model, nengo.Network)
    assert [e.label for e in (a, b)] == ["a", "b"]
    with model:
        nengo_probes = [nengo.Probe(e.neurons) for e in (a, b)]
    probes = [net.probe(e.neurons) for e in net.ensembles]
    with nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run(1.0)
    run = nef.Simulator(net)
    run.run(1.0)
    for probe, nengo_probe in zip(probes, nengo_probes, strict=True):
        assert run.data[probe].any()
        np.testing.assert_array_equal(run.data[probe], simulator.data[nengo_probe])
    decoded = run.data[net.probes[0]]
    # Sums over neurons in another order.
    np.testing.assert_allclose(simulator.data[model.probes[0]], decoded, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", models.MODELS)
def test_to_nengo_converts_all_neurons_and_probes(model):
    net = models.MODELS[model]()
    converted = to_nengo(net)
    assert converted.n_neurons == net.n_neurons + sum(
        e.n_neurons for e in net.all_ensembles if isinstance(e.neuron_type, nef.Direct)
    )
    assert len(converted.all_probes) == len(net.all_probes)


@pytest.mark.parametrize("net", [None, 3, "net", object(), models.square], ids=repr)
def test_to_nengo_refuses_other_objects(net):
    for call in (to_nengo, nef.crosscheck):
        with pytest.raises(TypeError, match="net must be a network, got"):
            call(net)


def records(simulator, n_steps=1200):
    simulator.run_steps(n_steps, progress_bar=False)
    return np.hstack([simulator.data[probe] for probe in simulator.model.probes])


@pytest.mark.parametrize("kind", [nef.PoissonSpiking, nef.StochasticSpiking])
def test_a_converted_network_has_equal_results_in_each_run(kind):
    net = models.neuron_type(kind(nef.LIFRate()))
    a = net.ensembles[0]
    net.connect(net.node(nef.FilteredNoise(0.01)), a, transform=0.1)
    net.ensemble(5, 1, noise=nef.WhiteNoise(nef.Gaussian(0, 0.01)))
    for ensemble in net.ensembles:
        net.probe(ensemble.neurons)
    simulator = nef.Simulator(net)
    simulator.run(1.2)
    expected = np.hstack([simulator.data[probe] for probe in net.probes])
    model = to_nengo(net)
    with nengo.Simulator(model, progress_bar=False) as first:
        first.run_steps(600, progress_bar=False)
        with nengo.Simulator(model, progress_bar=False) as second:
            again = records(second)
        run = records(first, 600)
        # Spikes are equal.  Values are equal if BLAS adds in the same order at any alignment of
        # arrays, which its kernel for SSE does not.
        np.testing.assert_allclose(again, run, rtol=0, atol=1e-14)
        first.reset()
        np.testing.assert_allclose(records(first), run, rtol=0, atol=1e-14)
    # Sums over neurons in another order.
    np.testing.assert_allclose(run, expected, rtol=0, atol=1e-9)


def test_a_converted_network_has_the_operators_of_a_native_one():
    with nengo.Network(seed=1) as native:
        a, b = nengo.Ensemble(50, 1), nengo.Ensemble(40, 1)
        nengo.Connection(nengo.Node(np.sin), a, synapse=None)
        nengo.Connection(a, b, function=np.square, synapse=0.1)
        nengo.Probe(b, synapse=0.1)
    kinds = []
    for model in (native, to_nengo(models.square())):
        with nengo.Simulator(model, progress_bar=False) as simulator:
            kinds.append(Counter(type(op) for op in simulator.step_order))
    assert kinds[0] == kinds[1]


# What Nengo cannot do is refused by name


def test_neuron_types_that_nengo_lacks_are_refused_by_name():
    net = nef.Network(seed=1)
    net.ensemble(10, 1, neuron_type=nef.LIF(method="euler"), label="odd")
    for call in (lambda: to_nengo(net), lambda: nef.Simulator(net, backend="nengo")):
        with pytest.raises(ValueError, match=r"<ensemble 'odd'>: .* LIF\(.*euler.*; run it on"):
            call()


@dataclass(frozen=True, eq=False)
class CustomLIF(nef.LIF):
    """A subclass, which may have another step."""


@dataclass(frozen=True, eq=False)
class CustomRate(nef.LIFRate):
    """A subclass, which may have other rates."""


@dataclass(frozen=True, eq=False)
class Doubled(nef.Lowpass):
    def coefficients(self, dt):
        b, a = super().coefficients(dt)
        return 2 * b, a


@pytest.mark.parametrize("kind", [CustomLIF(), nef.RegularSpiking(CustomRate())], ids=repr)
def test_custom_neuron_types_are_refused_by_name(kind):
    net = nef.Network(seed=1)
    net.ensemble(10, 1, neuron_type=kind, gain=1.0, bias=2.0, label="odd")
    with pytest.raises(ValueError, match=r"<ensemble 'odd'>: .* Custom\w+\(.*; run it on another"):
        to_nengo(net)


def test_custom_synapses_keep_their_coefficients():
    net = models.square()
    # Decoders do not depend on the filter.
    once, y = (
        net.probe(net.ensembles[1], synapse=synapse, solver=nef.LstsqL2())
        for synapse in (nef.Lowpass(0.1), Doubled(0.1))
    )
    assert nef.crosscheck(net, 0.5).agrees
    simulator = nef.Simulator(net, backend="nengo")
    simulator.run(0.5)
    assert simulator.data[once].any()
    np.testing.assert_allclose(simulator.data[y], 2 * simulator.data[once], rtol=1e-12)


@pytest.mark.parametrize("options", [{"batch_size": 2}, {"batch_size": 1}, {"dtype": "float32"}])
def test_batches_and_float32_are_refused(options):
    with pytest.raises(ValueError, match=r"run one trial in float64 on nengo, got .*; leave out"):
        nef.Simulator(models.square(), backend="nengo", **options)


def test_a_run_on_nengo_is_neither_saved_nor_loaded(tmp_path):
    net = models.square()
    with pytest.raises(ValueError, match=r"Simulator.save: .* nengo; save with another back end"):
        nef.Simulator(net, backend="nengo").save(tmp_path / "state")
    simulator = nef.Simulator(net)
    simulator.step()
    path = simulator.save(tmp_path / "state")
    with pytest.raises(ValueError, match=r"Simulator.load: .* nengo; leave it out, or pass"):
        nef.Simulator.load(path, net, backend="nengo")


# The back end


def test_the_nengo_back_end_obeys_the_laws_of_runs():
    net = models.neuron_type(nef.PoissonSpiking(nef.LIFRate()))
    spikes = net.probe(net.ensembles[0].neurons, sample_every=0.002)
    simulator = nef.Simulator(net, backend="nengo")
    simulator.run(0.05)
    simulator.step()
    simulator.run(0.049)
    assert simulator.n_steps == 100
    assert simulator.data[spikes].shape == (50, 60)
    first = simulator.data[spikes]
    simulator.reset()
    simulator.run(0.1)
    np.testing.assert_array_equal(simulator.data[spikes], first)
    simulator.reset(seed=5)
    simulator.run(0.1)
    assert not np.array_equal(simulator.data[spikes], first)


@pytest.mark.filterwarnings("ignore:.*network has changed since the simulator was made:UserWarning")
@pytest.mark.parametrize("model", ["feedback_node", "connection_probes"])
def test_a_run_starts_again_after_its_network_has_grown(model):
    net = models.MODELS[model]()
    y = net.probes[0]
    simulator = nef.Simulator(net, backend="nengo")
    simulator.run(0.1)
    first = simulator.data[y]
    c = net.ensemble(10, 1, label="late")
    node = net.node(lambda t, x: x, size_in=1)
    net.probe(net.connect(c, node))
    net.probe(node, "input")
    simulator.reset()
    simulator.run(0.1)
    assert first.any()
    np.testing.assert_array_equal(simulator.data[y], first)


@pytest.mark.parametrize(
    ("backends", "kind"),
    [
        ("numpy", TypeError),
        (("numpy",), TypeError),
        (None, TypeError),
        (("numpy", "brian"), ValueError),
        (("numpy", None), TypeError),
    ],
)
def test_other_than_two_known_back_ends_are_refused(backends, kind):
    with pytest.raises(kind, match=r"^crosscheck: backends must be .+, got .+; .+\.$"):
        nef.crosscheck(models.square(), 0.1, backends=backends)


def test_nengo_samples_at_the_same_steps_if_a_quotient_is_rounded_up() -> None:
    net = nef.Network(seed=1)
    net.probe(net.node(lambda t: t), sample_every=0.035)
    report = nef.crosscheck(net, 1.0, dt=0.005)
    assert report.agrees, str(report)
