"""Laws of a run: cut anywhere, repeated, saved, watched or batched, it stays the same run."""

import builtins
import copy
import json
import pickle
import subprocess
import sys
from functools import cache

import models
import numpy as np
import pytest

import nefsim as nef
from nefsim import backends, files, progress
from nefsim.network.objects import whole

SENTENCE = r"^[^:]+: .+ must .+, got .+; .+\.$"
BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]
MODELS = models.MODELS | {
    "poisson": lambda: models.neuron_type(nef.PoissonSpiking(nef.LIFRate())),
    "stochastic": lambda: models.neuron_type(nef.StochasticSpiking(nef.RectifiedLinear())),
    "izhikevich": lambda: models.neuron_type(nef.Izhikevich()),
    "adaptive": lambda: models.neuron_type(nef.AdaptiveLIF(tau_n=0.1, inc_n=0.02)),
}
#: Models with random numbers during a run, whose generators are repeated, saved and restored.
RANDOM = ("neuron_connections", "signals", "poisson", "stochastic")

each_model = pytest.mark.parametrize("model", MODELS)
each_random_model = pytest.mark.parametrize("model", RANDOM)


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def watched(model):
    """A model with a probe on the spikes of every population."""
    net = MODELS[model]()
    populations = [e for e in net.all_ensembles if e.neurons.size_out]
    return net, [net.probe(e.neurons) for e in populations]


def records(simulator, probes=None):
    return [simulator.data[p] for p in (simulator.probes if probes is None else probes)]


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def assert_same_run(first, second, spikes):
    """The same spikes; values up to rounding, as products of other sizes sum in other orders."""
    for probe in first.probes:
        one, other = first.data[probe], second.data[probe]
        if probe in spikes and whole(probe.target).ensemble.neuron_type.spiking:
            assert one.any()
            np.testing.assert_array_equal(one[: len(other)], other)
        else:
            scale = max(1.0, np.abs(one).max())
            np.testing.assert_allclose(other, one[: len(other)], rtol=0, atol=1e-9 * scale)


@cache
def reference(model, backend):
    """A run of 1.3 s in one piece, for all that is compared with it."""
    net, spikes = watched(model)
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(1.3)
    return simulator, net, spikes


# A run is the same however it is cut


@each_model
def test_two_runs_equal_one(model, backend):
    one_piece, net, spikes = reference(model, backend)
    parts = nef.Simulator(net, backend=backend)
    parts.run(0.437)
    parts.run(0.863)
    np.testing.assert_array_equal(parts.time, one_piece.time)
    assert_same_run(one_piece, parts, spikes)


@each_model
def test_single_steps_equal_a_run(model, backend):
    one_piece, net, spikes = reference(model, backend)
    steps = nef.Simulator(net, backend=backend)
    for _ in range(150):
        steps.step()
    assert_same_run(one_piece, steps, spikes)


@each_model
def test_the_same_seed_gives_the_same_bits(model, backend):
    one_piece, _, _ = reference(model, backend)
    again = nef.Simulator(watched(model)[0], backend=backend)
    again.run(1.3)
    assert_equal(records(again), records(one_piece))


@each_model
def test_a_probe_changes_no_bit(model, backend):
    plain, crowded = MODELS[model](), MODELS[model]()
    n = len(plain.all_probes)
    for ensemble in crowded.all_ensembles:
        crowded.probe(ensemble, synapse=0.03)
        crowded.probe(ensemble, "input")
        if ensemble.neurons.size_out:
            crowded.probe(ensemble.neurons, "input", sample_every=0.003)
            for name in ensemble.neuron_type.initial_state:
                crowded.probe(ensemble.neurons, name)
    for node in crowded.all_nodes:
        crowded.probe(node)
    for connection in crowded.all_connections:
        crowded.probe(connection, "input", synapse=nef.Alpha(0.01))
        crowded.probe(connection, "output")
    runs = []
    for net in (plain, crowded):
        simulator = nef.Simulator(net, backend=backend)
        simulator.run(0.2)
        runs.append(records(simulator, simulator.probes[:n]))
    assert_equal(*runs)


@each_random_model
def test_reset_repeats_the_run(model, backend):
    net, _ = watched(model)
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.3)
    first = records(simulator)
    simulator.reset()
    assert simulator.n_steps == 0
    assert all(len(simulator.data[p]) == 0 for p in simulator.probes)
    simulator.run(0.3)
    assert_equal(records(simulator), first)


@each_random_model
def test_another_seed_of_the_run_changes_it_and_keeps_the_arrays(model, backend):
    net, spikes = watched(model)
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.2)
    first = records(simulator, spikes)
    simulator.reset(seed=7)
    simulator.run(0.2)
    second = records(simulator, spikes)
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    simulator.reset()
    simulator.run(0.2)
    assert_equal(records(simulator, spikes), second)
    fresh = nef.Simulator(net, backend=backend, seed=7)
    fresh.run(0.2)
    assert_equal(records(fresh, spikes), second)
    for ensemble in net.all_ensembles:
        np.testing.assert_array_equal(fresh.data[ensemble].gain, simulator.data[ensemble].gain)


def test_initial_state_and_noise_of_an_ensemble_with_a_seed_do_not_depend_on_other_seeds(backend):
    def spikes(seed, run_seed):
        net = nef.Network(seed=seed)
        net.ensemble(20, 1)
        noise = nef.WhiteNoise(nef.Gaussian(0, 0.01))
        ensemble = net.ensemble(20, 1, seed=5, noise=noise, neuron_type=nef.StochasticSpiking())
        probe = net.probe(ensemble.neurons)
        simulator = nef.Simulator(net, seed=run_seed, backend=backend)
        simulator.run(0.2)
        return simulator.data[probe]

    first = spikes(1, None)
    assert first.any()
    np.testing.assert_array_equal(spikes(2, 9), first)


# Batches


@each_random_model
def test_the_first_trial_is_the_run_without_a_batch(model, backend):
    net, spikes = watched(model)
    single = nef.Simulator(net, backend=backend)
    batch = nef.Simulator(net, backend=backend, batch_size=3)
    single.run(0.2)
    batch.run(0.2)
    for probe in net.all_probes:
        one, three = single.data[probe], batch.data[probe]
        assert three.shape == (3, *one.shape)
        if probe in spikes:
            np.testing.assert_array_equal(three[0], one)
        else:
            # Products of three rows sum in another order than of one.
            np.testing.assert_allclose(three[0], one, rtol=0, atol=1e-9)
    assert any(not np.array_equal(batch.data[p][0], batch.data[p][1]) for p in spikes)
    assert any(not np.array_equal(batch.data[p][1], batch.data[p][2]) for p in spikes)


def test_trials_differ_in_initial_voltages_and_noise_alone(backend):
    net = nef.Network(seed=1)
    noisy = net.ensemble(20, 1, noise=nef.WhiteNoise(), initial_state={"voltage": 0.0})
    quiet = net.ensemble(20, 1, initial_state={"voltage": 0.0})
    drawn = net.ensemble(20, 1)
    probes = [net.probe(e.neurons, "voltage") for e in (noisy, quiet, drawn)]
    signal = net.probe(net.node(nef.WhiteSignal(1.0, high=5)))
    simulator = nef.Simulator(net, backend=backend, batch_size=2)
    simulator.run_steps(5)
    differ = [not np.array_equal(*simulator.data[p]) for p in (*probes, signal)]
    assert differ == [True, False, True, True]


def test_functions_see_one_trial_at_a_time(backend):
    shapes = set()

    def output(t, x):
        shapes.add(x.shape)
        return x[0] + t

    net = nef.Network(seed=1)
    node = net.node(output, size_in=2)
    net.connect(net.node(nef.WhiteNoise(), size_out=2), node, synapse=None)
    given_probe, probe = net.probe(node, "input"), net.probe(node)
    simulator = nef.Simulator(net, backend=backend, batch_size=4)
    simulator.run_steps(10)
    assert shapes == {(2,)}
    expected = simulator.data[given_probe][..., :1] + simulator.time[:, None]
    np.testing.assert_array_equal(simulator.data[probe], expected)


def test_a_batch_of_one_has_the_axis_of_trials(backend):
    net = models.square()
    simulator = nef.Simulator(net, backend=backend, batch_size=1)
    assert simulator.data[net.probes[0]].shape == (1, 0, 1)
    simulator.step()
    assert simulator.data[net.probes[0]].shape == (1, 1, 1)


# Precision


@pytest.mark.parametrize("model", ["square", "product", "views", "signals", "adaptive"])
def test_float32_is_close(model, backend):
    net, spikes = watched(model)
    runs = {}
    for dtype in ("float64", "float32"):
        simulator = nef.Simulator(net, backend=backend, dtype=dtype)
        simulator.run(1.0)
        assert all(simulator.data[p].dtype == dtype for p in simulator.probes)
        runs[dtype] = simulator
    total = differ = 0
    for probe in spikes:
        one, two = (run.data[probe] for run in runs.values())
        total += np.count_nonzero(one)
        differ += np.count_nonzero(one != two)
    # Currents rounded to 1e-7 move a spike to another step about once in 10,000 spikes; one
    # that moves counts twice, and moves those after it in a loop.
    assert differ <= 0.02 * total
    for probe in (p for p in net.all_probes if p.synapse is not None):
        one, two = (run.data[probe] for run in runs.values())
        # The effect of one shifted spike of a small population on its decoded value.
        assert np.sqrt(np.mean((one - two) ** 2)) < 5e-3


# Time


def test_time_counts_steps_from_one(backend):
    simulator = nef.Simulator(models.square(), backend=backend, dt=0.002)
    assert simulator.time.shape == (0,)
    simulator.run(0.01)
    np.testing.assert_array_equal(simulator.time, 0.002 * np.arange(1, 6))
    np.testing.assert_array_equal(simulator.trange(), simulator.time)
    assert simulator.n_steps == 5


@each_random_model
def test_clearing_probes_discards_records_and_changes_no_spike(model, backend, tmp_path):
    net, _ = watched(model)
    sampled = net.probe(net.all_ensembles[0], sample_every=0.003)
    straight, cleared = (nef.Simulator(net, backend=backend) for _ in range(2))
    for seconds in (0.1, 0.05, 0.05):  # as below: NumPy's last digits depend on the pieces
        straight.run(seconds)
    cleared.run(0.1)
    cleared.clear_probes()
    assert cleared.time.shape == (0,)
    assert all(len(cleared.data[probe]) == 0 for probe in cleared.probes)
    cleared.run(0.05)
    path = cleared.save(tmp_path / "part")
    loaded = nef.Simulator.load(path, net, backend=backend)
    for simulator in (cleared, loaded):
        simulator.run(0.05)
        np.testing.assert_array_equal(simulator.time, straight.time[100:])
        for probe in simulator.probes:
            times = straight.trange(probe) > 0.1005
            np.testing.assert_array_equal(simulator.trange(probe), straight.trange(probe)[times])
            np.testing.assert_array_equal(simulator.data[probe], straight.data[probe][times])
        result = simulator.result()
        np.testing.assert_array_equal(result.trange(sampled), simulator.trange(sampled))
    with pytest.raises(ValueError, match="records must be whole for a stream"):
        nef.Simulator.load(path, net, stream=tmp_path / "stream")


def test_run_rounds_to_steps(backend):
    simulator = nef.Simulator(models.square(), backend=backend)
    for seconds, steps in ((0.0, 0), (0.0004, 0), (0.0006, 1), (0.0294, 29)):
        before = simulator.n_steps
        simulator.run(seconds)
        assert simulator.n_steps - before == steps


@pytest.mark.parametrize("every", [0.001, 0.002, 0.0025, 0.01, 0.0333, 0.5])
@pytest.mark.parametrize("cuts", [(100,), (1, 2, 30, 67)])
def test_sample_every_records_the_steps_that_complete_a_period(every, cuts, backend):
    net = nef.Network(seed=1)
    node = net.node(lambda t: t)
    sampled, full = net.probe(node, sample_every=every), net.probe(node)
    simulator = nef.Simulator(net, backend=backend)
    for cut in cuts:
        simulator.run_steps(cut)
    steps = np.arange(1, 101)
    chosen = steps[steps % (every / 0.001) < 1]
    np.testing.assert_array_equal(simulator.data[sampled], simulator.data[full][chosen - 1])
    np.testing.assert_array_equal(simulator.trange(sampled), simulator.data[sampled][:, 0])
    assert len(simulator.trange(full)) == 100


@pytest.mark.parametrize("dt", [0.0002, 0.0005, 0.002])
def test_other_steps_give_the_same_value_up_to_spiking_noise(dt, backend):
    def decoded(dt):
        net = models.square()
        simulator = nef.Simulator(net, dt=dt, backend=backend)
        simulator.run(2.0)
        return np.interp(
            np.arange(0.1, 2.0, 0.01), simulator.time, simulator.data[net.probes[0]][:, 0]
        )

    # Spikes fall into other steps: differences are those of spiking noise, 0.03 at 90 neurons.
    # Steps longer than the refractory time would lengthen it, and lower all rates.
    assert np.sqrt(np.mean((decoded(dt) - decoded(0.001)) ** 2)) < 0.03


# Delays


def impulse(t):
    return float(abs(t - 0.01) < 1e-9)


def when(values):
    """The steps, counted from 1, at which a signal is not zero."""
    return (np.flatnonzero(values[:, 0]) + 1).tolist()


def test_a_filtered_connection_adds_one_step(backend):
    net = nef.Network()
    source, at_once, later = net.node(impulse), net.node(size_in=1), net.node(size_in=1)
    net.connect(source, at_once, synapse=None)
    connection = net.connect(source, later, synapse=nef.Lowpass(0))
    again = net.node(lambda t, x: x, size_in=1)
    net.connect(later, again, synapse=0)
    probes = [net.probe(node) for node in (source, at_once, later, again)]
    filtered_probes = [net.probe(node, synapse=0) for node in (source, later)]
    inside = [net.probe(connection, "input"), net.probe(connection, "output")]
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.03)
    assert [when(simulator.data[p]) for p in probes] == [[10], [10], [11], [12]]
    # A probe with a synapse records the value that another object would receive.
    assert [when(simulator.data[p]) for p in filtered_probes] == [[11], [12]]
    assert [when(simulator.data[p]) for p in inside] == [[10], [10]]


@pytest.mark.parametrize("synapse", [nef.Lowpass(0.005), nef.Alpha(0.01), nef.Triangle(0.004)])
def test_a_synapse_filters_and_adds_one_step(synapse, backend):
    net = nef.Network()
    source = net.node(lambda t: np.sin(50 * t))
    given_probe, probe = net.probe(source), net.probe(source, synapse=synapse)
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.1)
    expected = synapse.filt(simulator.data[given_probe])
    filtered = simulator.data[probe]
    assert filtered[0, 0] == 0.0
    # The same sums, in the order of another implementation.
    np.testing.assert_allclose(filtered[1:], expected[:-1], rtol=1e-12, atol=1e-14)


def test_spikes_reach_the_next_population_one_step_later(backend):
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    post = net.node(size_in=1)
    net.connect(a, post, synapse=0)
    spikes, received = net.probe(a.neurons), net.probe(post)
    decoders = net.probe(a)
    simulator = nef.Simulator(net, backend=backend)
    simulator.run(0.1)
    assert simulator.data[spikes].any()
    now = simulator.data[decoders]
    np.testing.assert_allclose(simulator.data[received][1:], now[:-1], rtol=1e-12, atol=1e-15)


# Saved and loaded


@pytest.mark.parametrize("batch_size", [None, 2])
@each_random_model
def test_a_saved_run_goes_on_with_the_same_bits(model, batch_size, backend, tmp_path):
    net, spikes = watched(model)
    options = {"backend": backend, "seed": 3, "batch_size": batch_size}
    straight = nef.Simulator(net, **options)
    straight.run(0.2)
    path = straight.save(tmp_path / "half")
    assert path == tmp_path / "half.npz"
    straight.run(0.2)
    other = MODELS[model]()
    for ensemble in [e for e in other.all_ensembles if e.neurons.size_out]:
        other.probe(ensemble.neurons)
    loaded = nef.Simulator.load(path, other, backend=backend)
    assert (loaded.n_steps, loaded.dt, loaded.seed) == (200, straight.dt, straight.seed)
    loaded.run(0.2)
    assert_equal(records(loaded), records(straight))
    in_one_piece = nef.Simulator(net, **options)
    in_one_piece.run(0.4)
    for probe in spikes:
        np.testing.assert_array_equal(in_one_piece.data[probe], straight.data[probe])
    loaded.reset()
    loaded.run(0.4)
    assert_equal(records(loaded), records(in_one_piece))


def test_a_run_may_go_on_on_another_back_end(tmp_path):
    net, spikes = watched("neuron_connections")
    reference = nef.Simulator(net, backend=BACKENDS[0])
    reference.run(0.2)
    path = reference.save(tmp_path / "half")
    reference.run(0.2)
    for name in BACKENDS:
        other = nef.Simulator.load(path, net, backend=name)
        assert other.backend == name
        other.run(0.2)
        assert_equal(records(other, spikes), records(reference, spikes))


def test_a_network_without_a_seed_is_saved_with_the_one_it_drew(tmp_path):
    net = models.square(None)
    simulator = nef.Simulator(net)
    simulator.run(0.1)
    path = simulator.save(tmp_path / "half")
    simulator.run(0.1)
    loaded = nef.Simulator.load(path, net)
    loaded.run(0.1)
    assert net.seed is None
    assert_equal(records(loaded), records(simulator))


def test_a_state_of_another_network_is_refused(tmp_path):
    path = nef.Simulator(models.square()).save(tmp_path / "state")
    fewer = models.square()
    fewer.probes.pop()
    more = models.square()
    more.probe(more.nodes[0])
    sampled = models.square()
    sampled.probes.clear()
    sampled.probe(sampled.ensembles[1], synapse=0.1, sample_every=0.01)
    for net in (models.square(2), models.product(), fewer, more, None, models.square):
        with pytest.raises((ValueError, TypeError), match=SENTENCE):
            nef.Simulator.load(path, net)
    simulator = nef.Simulator(models.square())
    simulator.step()
    with pytest.raises(ValueError, match="must have the saved probes"):
        nef.Simulator.load(simulator.save(tmp_path / "state"), sampled)


def broken_files(folder):
    """Files that are not saved simulators, by their fault."""
    good = nef.Simulator(models.square()).save(folder / "good").read_bytes()
    contents = {
        "empty": b"",
        "text": b"not an archive\n",
        "cut": good[: len(good) // 2],
        "flipped": good[:200] + bytes(255 - b for b in good[200:300]) + good[300:],
    }
    for name, content in contents.items():
        (folder / name).with_suffix(".npz").write_bytes(content)
    arrays = {
        "foreign": {"x": np.ones(3)},
        "not json": {files.META: np.array("{")},
        "not a dict": {files.META: np.array("[1]")},
        "other version": {files.META: np.array(json.dumps({"kind": "simulator", "version": 0}))},
        "pickled": {files.META: np.array([object()])},
    }
    for name, saved in arrays.items():
        np.savez(folder / name, **saved)
    with (folder / "array.npz").open("wb") as stream:
        np.save(stream, np.ones(3))
    nef.Result({}, {}, [], {}).save(folder / "result")
    (folder / "folder.npz").mkdir()
    names = [*contents, *arrays, "array", "result", "folder", "missing"]
    return [folder / f"{name}.npz" for name in names]


def test_foreign_and_broken_files_are_refused(tmp_path):
    for path in broken_files(tmp_path):
        with pytest.raises(ValueError, match=r"(?s)^Simulator.load: path must .+, got .+; .+\.$"):
            nef.Simulator.load(path, models.square())


@pytest.mark.parametrize("path", [None, 3, "", b"", object(), "/"], ids=repr)
def test_a_path_of_another_type_is_refused(path):
    simulator = nef.Simulator(models.square())
    for call in (
        lambda: simulator.save(path),
        lambda: nef.Simulator.load(path, models.square()),
        lambda: simulator.result().save(path),
        lambda: nef.Result.load(path),
    ):
        with pytest.raises((ValueError, TypeError), match=SENTENCE):
            call()


def test_saving_into_a_folder_that_is_missing_or_is_the_file_is_refused(tmp_path):
    simulator = nef.Simulator(models.square())
    (tmp_path / "taken.npz").mkdir()
    for path in (tmp_path / "none" / "state.npz", tmp_path / "taken.npz"):
        with pytest.raises(ValueError, match=r"Simulator.save: path must .+, got .+; .+\."):
            simulator.save(path)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    simulator = nef.Simulator(models.square())
    path = simulator.save(tmp_path / "state")
    old = path.read_bytes()

    def fails(stream, **arrays):
        stream.write(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez_compressed", fails)
    with pytest.raises(OSError, match="the disk is full"):
        simulator.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


# Results


def labelled(n_steps=20, **options):
    net = nef.Network(seed=1)
    node = net.node(lambda t: [t, 2 * t])
    probes = [
        net.probe(node, label="y"),
        net.probe(node, label="y", sample_every=0.002),
        net.probe(node[1], label="y 1"),
        net.probe(node[0]),
    ]
    simulator = nef.Simulator(net, **options)
    simulator.run_steps(n_steps)
    return simulator, probes


def test_a_result_is_read_by_probe_and_by_label():
    simulator, probes = labelled()
    result = simulator.result()
    assert list(result) == ["y", "y 1", "y 1 1", "probe 3"]
    assert len(result) == 4
    for label, probe in zip(result, probes, strict=True):
        np.testing.assert_array_equal(result[label], simulator.data[probe])
        np.testing.assert_array_equal(result[probe], simulator.data[probe])
        np.testing.assert_array_equal(result.trange(label), simulator.trange(probe))
        np.testing.assert_array_equal(result.trange(probe), simulator.trange(probe))
    np.testing.assert_array_equal(result.time, simulator.time)
    assert result.info["dt"] == 0.001
    assert result.info["n_steps"] == 20
    assert repr(result) == "<result: 'y', 'y 1', 'y 1 1', 'probe 3'; 20 steps>"


def test_a_result_stays_as_it_was_when_the_run_goes_on():
    simulator, (probe, *_) = labelled()
    result = simulator.result()
    simulator.run_steps(5)
    simulator.reset()
    assert result[probe].shape == (20, 2)


@pytest.mark.parametrize("key", ["z", None, 0, object()], ids=repr)
def test_unknown_keys_of_a_result_are_refused(key):
    with pytest.raises(ValueError, match=r"Result: key must .* pass one of 'y', 'y 1'"):
        labelled()[0].result()[key]
    with pytest.raises(ValueError, match=SENTENCE):
        nef.Result({}, {}, [], {})[labelled()[1][0]]


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dtype": "float32"}], ids=repr)
def test_a_saved_result_is_the_same(options, tmp_path):
    simulator, _ = labelled(**options)
    result = simulator.result()
    loaded = nef.Result.load(result.save(tmp_path / "result"))
    assert list(loaded) == list(result)
    for label in result:
        np.testing.assert_array_equal(loaded[label], result[label])
        np.testing.assert_array_equal(loaded.trange(label), result.trange(label))
        assert loaded[label].dtype == result[label].dtype
    np.testing.assert_array_equal(loaded.time, result.time)
    assert loaded.info == result.info


def test_a_result_keeps_values_of_any_size(tmp_path):
    net = nef.Network()
    probe = net.probe(net.node(lambda t: 1e300 * t))
    simulator = nef.Simulator(net)
    simulator.run_steps(3)
    loaded = nef.Result.load(simulator.result().save(tmp_path / "large"))
    np.testing.assert_array_equal(loaded["probe 0"], simulator.data[probe])


def test_broken_files_are_no_results(tmp_path):
    paths = [p for p in broken_files(tmp_path) if p.stem != "result"]
    for path in [*paths, tmp_path / "good.npz"]:
        with pytest.raises(ValueError, match=r"(?s)^Result.load: path must .+, got .+; .+\.$"):
            nef.Result.load(path)


def test_a_result_has_one_time_for_each_row():
    with pytest.raises(ValueError, match="times must have the labels of records"):
        nef.Result({"y": np.zeros((2, 1))}, {}, [0.001, 0.002], {})
    with pytest.raises(TypeError, match=SENTENCE):
        nef.Result([], {}, [], {})


def test_an_error_names_xarray_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"to_xarray: xarray must be installed, .*pip install"):
        labelled()[0].result().to_xarray()


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}], ids=repr)
def test_xarray_gets_named_dimensions(options):
    pytest.importorskip("xarray")
    result = labelled(**options)[0].result()
    dataset = result.to_xarray()
    for label in result:
        np.testing.assert_array_equal(dataset[label].values, result[label])
        np.testing.assert_array_equal(dataset[f"time of {label}"], result.trange(label))
        assert dataset[label].dims[-2:] == (f"time of {label}", f"dimension of {label}")
    assert dataset.attrs["dt"] == 0.001


# Data of a simulator


def test_data_hold_records_and_arrays_of_every_object():
    net = models.product()
    simulator = nef.Simulator(net)
    simulator.run_steps(4)
    assert set(simulator.data) == {*net.all_probes, *net.all_ensembles, *net.all_connections}
    assert len(simulator.data) == len(set(simulator.data))
    both = net.ensembles[0]
    data = simulator.data[both]
    assert data.encoders.shape == (200, 2)
    np.testing.assert_allclose(np.linalg.norm(data.encoders, axis=1), 1.0, rtol=1e-12)
    scaled = data.encoders * (data.gain / data.radius)[:, None]
    np.testing.assert_array_equal(data.scaled_encoders, scaled)
    decoded = simulator.data[net.connections[2]]
    assert decoded.decoders.shape == (200, 1)
    assert decoded.solver_info["rmse"].shape == (1,)
    for key in (None, "both", both[0], both.neurons, models.product().probes[0], object()):
        with pytest.raises((TypeError, ValueError), match=SENTENCE):
            simulator.data[key]


def test_probes_made_later_are_not_seen():
    net = models.square()
    simulator = nef.Simulator(net)
    late = net.probe(net.nodes[0])
    simulator.step()
    with pytest.raises(TypeError, match="make probes before the simulator"):
        simulator.data[late]


def test_records_cannot_be_written(backend):
    net = models.square()
    simulator = nef.Simulator(net, backend=backend)
    simulator.run_steps(5)
    first = simulator.data[net.probes[0]]
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 7.0
    simulator.run_steps(5)
    np.testing.assert_array_equal(simulator.data[net.probes[0]][:5], first)


def test_a_closed_simulator_refuses_steps_and_keeps_its_data():
    net = models.square()
    with nef.Simulator(net) as simulator:
        simulator.run_steps(3)
        assert not simulator.closed
    assert simulator.closed
    assert simulator.data[net.probes[0]].shape == (3, 1)
    for call in (simulator.step, lambda: simulator.run(1.0), lambda: simulator.run_steps(0)):
        with pytest.raises(ValueError, match=r"simulator must be open, got a closed one"):
            call()


# Progress


def test_progress_gets_the_steps_done_and_the_total(backend):
    calls = []
    simulator = nef.Simulator(
        models.square(), backend=backend, progress=lambda done, total: calls.append((done, total))
    )
    simulator.run_steps(2500)
    assert {total for _, total in calls} == {2500}
    done = [d for d, _ in calls]
    assert done == sorted(set(done))
    assert done[-1] == 2500
    assert len(done) > 1
    calls.clear()
    simulator.run_steps(3)
    assert calls == [(3, 3)]


def test_progress_changes_no_spike(backend):
    net, spikes = watched("square")
    silent = nef.Simulator(net, backend=backend, progress=False)
    noisy = nef.Simulator(net, backend=backend, progress=lambda done, total: None)
    silent.run_steps(2500)
    noisy.run_steps(2500)
    assert_same_run(silent, noisy, spikes)


@pytest.mark.parametrize(
    ("terminal", "progress_argument", "bar"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
    ],
)
def test_a_bar_is_shown_in_a_terminal_alone(terminal, progress_argument, bar, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    chosen = progress.progress_bar("test", progress_argument)
    assert (getattr(chosen, "func", None) is progress._bar) is bar


def test_without_tqdm_a_terminal_shows_a_counter(monkeypatch, capsys):
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    assert progress.progress_bar("test", None) is progress._silent
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert progress.progress_bar("test", None).func is progress._counter
    monkeypatch.setattr(progress, "EVERY", 0.0)
    nef.Simulator(models.square()).run_steps(2500)
    captured = capsys.readouterr()
    assert captured.out == ""
    shown = captured.err.split("\r")
    said = ["1000 of 2500 steps (40%)", "2000 of 2500 steps (80%)", "2500 of 2500 steps (100%)"]
    assert shown[1:4] == said
    assert shown[4:] == [" " * len(said[-1]), ""]  # wiped


def test_short_work_shows_no_counter(monkeypatch, capsys):
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    monkeypatch.setattr(progress, "EVERY", 1000.0)
    nef.Simulator(models.square(), progress=True).run_steps(10)
    assert capsys.readouterr().err == ""


def test_a_bar_is_written_to_the_terminals_error_stream(capsys):
    pytest.importorskip("tqdm")
    nef.Simulator(models.square(), progress=True).run_steps(10)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "step" in captured.err


# Optional packages


def test_a_package_that_is_installed_during_the_session_is_found(monkeypatch):
    monkeypatch.setattr(backends, "_installed", set())
    there = {}
    monkeypatch.setattr(backends, "find_spec", there.get)
    assert not backends.is_installed("numba")
    there["numba"] = object()
    assert backends.is_installed("numba")


@pytest.mark.parametrize(("name", "extra"), [("numba", "fast"), ("nengo", "nengo")])
def test_a_back_end_that_is_missing_names_the_extra(name, extra, monkeypatch):
    if name not in backends.BACKENDS:
        pytest.skip(f"there is no back end {name}")
    monkeypatch.setattr(backends, "is_installed", lambda package: package == "numpy")
    with pytest.raises(
        nef.BackendUnavailable, match=rf'pip install {name}.* \(the extra "{extra}"\)'
    ):
        nef.Simulator(models.square(), backend=name)
    assert issubclass(nef.BackendUnavailable, ImportError)
    assert nef.Simulator(models.square(), backend="auto").backend == "numpy"


@pytest.mark.parametrize("name", ["Numpy", "", "brian", None, 1, np])
def test_unknown_back_ends_are_refused(name):
    with pytest.raises((ValueError, TypeError), match=r"backend must be one of 'auto', 'numpy'"):
        nef.Simulator(models.square(), backend=name)


def test_importing_nefsim_imports_nothing_optional_or_slow():
    slow = ("matplotlib", "numba", "nengo", "torch", "tqdm", "scipy.signal", "scipy.stats")
    code = f"import sys, nefsim; print([name for name in {slow!r} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_the_core_runs_where_nothing_optional_is_installed():
    code = """
import sys
for name in ("numba", "nengo", "torch", "tqdm", "xarray"):
    sys.modules[name] = None
import nefsim as nef
net = nef.Network(seed=1)
probe = net.probe(net.ensemble(10, 1))
with nef.Simulator(net, backend="numpy", progress=False) as simulator:
    simulator.run(0.01)
print(simulator.data[probe].shape)
"""
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "(10, 1)"


def test_a_run_changes_no_global_state():
    before = set(vars(builtins))
    state = np.random.get_state()
    nef.Simulator(models.signals()).run(0.01)
    assert set(vars(builtins)) == before
    np.testing.assert_array_equal(np.random.get_state()[1], state[1])


def test_a_state_of_a_network_with_another_function_is_refused(tmp_path):
    def network(function):
        net = nef.Network(seed=1)
        a = net.ensemble(20, 1)
        net.connect(a, a, function=function)
        return net

    with nef.Simulator(network(np.sin)) as sim:
        sim.run(0.01)
        path = sim.save(tmp_path / "state")
    with pytest.raises(ValueError, match=r"Simulator\.load: net must fit the saved state"):
        nef.Simulator.load(path, network(np.square))
    assert nef.Simulator.load(path, network(np.sin)).n_steps == 10


@pytest.mark.parametrize(("dt", "every"), [(0.005, 0.035), (0.01, 0.07), (0.001, 0.003)])
def test_samples_fall_on_time_where_the_quotient_is_rounded_up(dt, every):
    net = nef.Network(seed=1)
    probe = net.probe(net.node(lambda t: t), sample_every=every)
    with nef.Simulator(net, dt=dt) as sim:
        sim.run(1.0)
    times = every * np.arange(1, int(1.0 / every) + 1)
    # Times are whole numbers of steps, so that a sample one step late is off by dt.
    np.testing.assert_allclose(sim.data[probe][: len(times), 0], times, atol=dt / 100)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_simulator_is_saved_not_copied(duplicate):
    sim = nef.Simulator(nef.Network(seed=1))
    with pytest.raises(TypeError, match="use save and load"):
        duplicate(sim)


def test_a_saved_state_refuses_other_neurons_weights_and_signals(tmp_path):
    def network(sign=1.0, tau_rc=0.02, high=5.0):
        net = nef.Network(seed=1)
        stimulus = net.node(nef.WhiteSignal(1.0, high=high))
        a = net.ensemble(20, 1, neuron_type=nef.LIF(tau_rc=tau_rc))
        net.connect(stimulus, a, transform=sign)
        return net

    with nef.Simulator(network()) as sim:
        path = sim.save(tmp_path / "state")
    for other in ({"sign": -1.0}, {"tau_rc": 0.05}, {"high": 6.0}):
        with pytest.raises(ValueError, match=r"Simulator\.load: net must fit"):
            nef.Simulator.load(path, network(**other))
    assert nef.Simulator.load(path, network()).n_steps == 0


def test_a_run_of_less_than_half_a_step_is_warned_of(backend):
    net = models.MODELS["neuron_connections"]()
    sim = nef.Simulator(net, backend=backend)
    with pytest.warns(UserWarning, match=r"run: 0.0001 s are no step, as dt is 0.001 s; nothing"):
        sim.run(0.0001)
    sim.run(0.0)
    assert sim.n_steps == 0
