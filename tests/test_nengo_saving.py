"""Simulations of Nengo models that are saved, and continue as if they had not stopped."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nengo_custom  # noqa: E402
import nengo_models  # noqa: E402

import nefsim.nengo  # noqa: E402
from nefsim import backends  # noqa: E402


class Jitter(nengo.Process):
    """A custom process without an input, whose generator is its state."""

    def make_state(self, shape_in, shape_out, dt, dtype=None):
        return {}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        return lambda t: rng.normal(size=shape_out)


HERE = Path(__file__).parent
BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]
FASTEST = BACKENDS[-1]


@pytest.fixture(autouse=True)
def without_cache():
    """Decoders are solved, not read from this machine."""
    before = nengo.rc.get("decoder_cache", "enabled")
    nengo.rc.set("decoder_cache", "enabled", "False")
    yield
    nengo.rc.set("decoder_cache", "enabled", before)


def simulator(network, **options):
    return nefsim.nengo.Simulator(network, progress_bar=False, **options)


def load(path, network, **options):
    return nefsim.nengo.Simulator.load(path, network, progress_bar=False, **options)


def noisy(seed=3) -> nengo.Network:
    """A model that learns, with noise of each kind: nefsim's, Nengo's code and a user's."""
    with nengo.Network(seed=seed) as net:
        u = nengo.Node(nengo.processes.WhiteSignal(1.0, high=5))
        noise = nengo.Node(nengo.processes.WhiteNoise())
        filtered = nengo.Node(nengo.processes.FilteredNoise(nengo.Alpha(0.02)))
        walk = nengo.Node(Jitter(), size_out=1)
        a = nengo.Ensemble(30, 1, noise=nengo.processes.WhiteNoise(seed=1))
        b = nengo.Ensemble(20, 1, neuron_type=nengo.PoissonSpiking(nengo.LIFRate()))
        c = nengo.Ensemble(20, 1, neuron_type=nengo.StochasticSpiking(nengo.LIFRate()))
        follower = nengo.Node(nengo_custom.Stumble(), size_in=1)
        error = nengo.Node(size_in=1)
        for each in (noise, filtered, u):
            nengo.Connection(each, a, transform=0.2)
        learned = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        voja = nengo.Connection(u, c, learning_rule_type=nengo.Voja(1e-3))
        rls = nengo.Connection(a, error, learning_rule_type=nengo.RLS())
        bcm = nengo.Connection(
            a.neurons,
            c.neurons,
            transform=np.full((20, 30), 1e-5),
            learning_rule_type=nengo.BCM(1e-9),
        )
        nengo.Connection(b, error)
        nengo.Connection(u, error, transform=-1)
        nengo.Connection(error, learned.learning_rule)
        nengo.Connection(error, rls.learning_rule)
        nengo.Connection(b, follower)
        for thing in (a.neurons, b.neurons, c.neurons, walk, follower, error, noise, filtered):
            nengo.Probe(thing)
        nengo.Probe(b, synapse=0.03)
        for connection in (learned, rls, bcm):
            nengo.Probe(connection, "weights", sample_every=0.05)
        nengo.Probe(voja.learning_rule, "scaled_encoders", sample_every=0.05)
    return net


def records(sim, network) -> list[np.ndarray]:
    return [sim.data[probe] for probe in network.all_probes]


def assert_equal(left, right) -> None:
    assert len(left) == len(right) > 0
    for i, (one, other) in enumerate(zip(left, right, strict=True)):
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes(), i


def run(network, n_steps, **options) -> list[np.ndarray]:
    with simulator(network, **options) as sim:
        sim.run_steps(n_steps)
        return records(sim, network)


# The functions of "environment" share a Python variable, which no file has.
@pytest.mark.parametrize("name", sorted(nengo_models.MODELS.keys() - {"environment"}))
def test_every_model_of_the_list_continues(tmp_path, name):
    """NumPy's chunks end at other steps after a stop, so the compiled back end is judged."""
    network = nengo_models.network(name)
    with simulator(network, backend=FASTEST) as sim:
        sim.run_steps(70)
        path = sim.save(tmp_path / "state")
        sim.run_steps(80)
        expected = records(sim, network)
    again = nengo_models.network(name)
    with load(path, again, backend=FASTEST) as sim:
        assert sim.n_steps == 70
        sim.run_steps(80)
        assert_equal(records(sim, again), expected)


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("backend", BACKENDS)
def test_noise_and_learning_continue(tmp_path, backend, batch_size):
    expected = run(noisy(), 2600, backend=backend, batch_size=batch_size)
    with simulator(noisy(), backend=backend, batch_size=batch_size) as sim:
        sim.run_steps(1000)
        path = sim.save(tmp_path / "state.npz")
    network = noisy()
    with load(path, network, backend=backend) as sim:
        sim.run_steps(1600)
        assert_equal(records(sim, network), expected)


def test_single_steps_and_cleared_records_continue(tmp_path):
    expected = run(noisy(), 60, backend=FASTEST)
    with simulator(noisy(), backend=FASTEST) as sim:
        for _ in range(7):
            sim.step()
        sim.clear_probes()
        for _ in range(13):
            sim.step()
        path = sim.save(tmp_path / "state")
    network = noisy()
    with load(path, network, backend=FASTEST) as sim:
        for _ in range(40):
            sim.step()
        found = records(sim, network)
    for one, other in zip(found[:9], expected[:9], strict=True):
        assert one.tobytes() == other[7:].tobytes()


def test_a_network_without_a_seed_is_built_with_the_seed_of_the_file(tmp_path):
    network = noisy(None)
    with simulator(network, backend=FASTEST, dtype="float32") as sim:
        sim.run_steps(50)
        path = sim.save(tmp_path / "state")
        sim.run_steps(50)
        expected = records(sim, network)
    with load(path, network, backend=FASTEST) as sim:
        assert network.seed is None
        sim.run_steps(50)
        assert_equal(records(sim, network), expected)
        assert expected[-1].dtype == np.float32


@pytest.mark.filterwarnings("ignore:'Node.size_out'")  # Nengo warns when it copies a node
def test_a_pickled_simulator_continues_its_noise():
    """Generators of a user's processes and of Nengo's neuron types were not in the pickle."""
    expected = run(noisy(), 100, backend=FASTEST)
    with simulator(noisy(), backend=FASTEST) as sim:
        sim.run_steps(40)
        text = pickle.dumps(sim)
    with pickle.loads(text) as again:
        again.run_steps(60)
        assert_equal([again.data[probe] for probe in again.model.probes], expected)


# Checkpoints


def killed(path: str, backend: str) -> None:
    """A run that kills its process after 2.3 s."""
    network = noisy()

    def stop(t):
        if t > 2.3:
            os.kill(os.getpid(), signal.SIGKILL)

    with network:
        nengo.Node(stop, size_in=0, size_out=0)
    with simulator(network, backend=backend) as sim:
        sim.run(2.6, checkpoint_every=1.0, checkpoint=path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals of POSIX")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, backend):
    path = tmp_path / "state.npz"
    code = "import sys, test_nengo_saving as t; t.killed(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), backend],
        check=False,
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE}"},
    )
    assert done.returncode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir()] == ["state.npz"]

    def of_file():
        network = noisy()
        with network:
            nengo.Node(lambda t: None, size_in=0, size_out=0)
        return network

    network = of_file()
    with load(path, network, backend=backend) as sim:
        assert sim.n_steps == 2000
        sim.run_steps(600, checkpoint_every=1.0, checkpoint=path)
        found = records(sim, network)
    # In another process arrays lie at other addresses, by which OpenBLAS chooses an order of sums.
    for one, other in zip(found, run(of_file(), 2600, backend=backend), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    with load(path, of_file(), backend=backend) as sim:
        assert sim.n_steps == 2600


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_the_last_complete_step_is_saved_after_an_error(tmp_path, error):
    def stop(t):
        if t > 0.1234:
            raise error
        return t

    with nengo.Network(seed=1) as network:
        node = nengo.Node(stop)
        nengo.Connection(node, nengo.Ensemble(10, 1))
    with simulator(network) as sim, pytest.raises(error):
        sim.run(1.0, checkpoint_every=0.05, checkpoint=tmp_path / "state")
    with load(tmp_path / "state", network) as again:
        assert again.n_steps == sim.n_steps == 123


def test_states_are_saved_at_multiples_since_the_start_also_with_a_step_of_a_subclass(tmp_path):
    saved = []

    class Watched(nefsim.nengo.Simulator):
        def save(self, path, compress=True):
            saved.append(self.n_steps)
            return super().save(path, compress)

    class Stepping(Watched):
        def step(self):
            super().step()

    for kind in (Watched, Stepping):
        with kind(noisy(), progress_bar=False, backend="numpy") as sim:
            sim.run_steps(30)
            sim.run(0.25, checkpoint_every=0.1, checkpoint=tmp_path / "state")
            sim.run_steps(20, checkpoint_every=0.1, checkpoint=tmp_path / "state.npz")
    assert saved == 2 * [100, 200, 280, 300]


# Refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"checkpoint_every": 1.0}, "checkpoint must be passed together with checkpoint_every"),
        ({"checkpoint": "a"}, "checkpoint_every must be passed together with checkpoint,"),
        ({"checkpoint_every": 1e-4, "checkpoint": "a"}, "checkpoint_every must be a step"),
        ({"checkpoint_every": 1.0, "checkpoint": "no/a"}, "checkpoint must be in a folder"),
    ],
)
def test_wrong_checkpoints_are_refused_before_a_step(arguments, words):
    with simulator(noisy(), backend="numpy") as sim:
        for call in (sim.run, sim.run_steps):
            with pytest.raises((ValueError, TypeError), match=words):
                call(1, **arguments)
        assert sim.n_steps == 0


def small(n=10, seed=1, dims=1):
    with nengo.Network(seed=seed) as network:
        a = nengo.Ensemble(n, dims)
        nengo.Probe(a.neurons)
    return network


def test_another_network_or_file_is_refused(tmp_path):
    with simulator(small(), backend="numpy") as sim:
        sim.run_steps(5)
        path = sim.save(tmp_path / "state")
    for other in (small(11), small(dims=2), noisy(1)):
        with pytest.raises(ValueError, match="network must fit the saved state"):
            load(path, other, backend="numpy")
    with pytest.raises(ValueError, match="network must have the seed 1 of the file, got seed 2"):
        load(path, small(seed=2), backend="numpy")
    with pytest.raises(TypeError, match="network must be a nengo"):
        load(path, 3)
    net = nefsim.Network(seed=1)
    of_nefsim = nefsim.Simulator(net, backend="numpy").save(tmp_path / "other")
    with pytest.raises(ValueError, match="path must be a simulator of a Nengo model"):
        load(of_nefsim, small())
    with pytest.raises(ValueError, match="path must be a simulator of nefsim"):
        nefsim.Simulator.load(path, net)


def test_each_flipped_bit_is_noticed(tmp_path):
    refused = 0
    with simulator(small(), backend="numpy") as sim:
        sim.run_steps(5)
        path = sim.save(tmp_path / "state")
        expected = records(sim, sim.model.toplevel)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for place in rng.integers(0, 8 * len(whole), 150):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        network = small()
        try:
            sim = load(path, network, backend="numpy")
        except ValueError:
            refused += 1
        else:  # a bit without a meaning, such as one of a date
            with sim:
                assert_equal(records(sim, network), expected)
    assert refused > 100


def test_spikes_of_some_neurons_are_read_from_files_that_have_them_as_rows(tmp_path, monkeypatch):
    """Version 0.2 recorded them so."""
    with nengo.Network(seed=1) as net:
        a = nengo.Ensemble(20, 1)
        nengo.Connection(nengo.Node(1.0), a)
        some = nengo.Probe(a.neurons[::2])
    with monkeypatch.context() as patch:
        patch.setattr("nefsim.records.records._is_of_spikes", lambda *_: False)
        with simulator(net, backend=FASTEST) as sim:
            sim.run_steps(100)
            sim.save(tmp_path / "state.npz")
    with load(tmp_path / "state.npz", net) as again, simulator(net, backend=FASTEST) as whole:
        again.run_steps(100)
        whole.run_steps(200)
        assert whole.data[some].any()
        np.testing.assert_array_equal(again.data[some], whole.data[some])
