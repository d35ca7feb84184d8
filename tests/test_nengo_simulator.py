"""Nengo networks in nefsim: the spikes of Nengo, the same interface, and improvements."""

import gc
import json
import pickle
import re
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

nengo = pytest.importorskip("nengo")

import nengo_custom  # noqa: E402
import nengo_judge  # noqa: E402
import nengo_models  # noqa: E402
import nengo_random  # noqa: E402
from nengo.exceptions import (  # noqa: E402
    BuildError,
    ReadonlyError,
    SimulationError,
    SimulatorClosed,
    ValidationError,
)

import nefsim as nef  # noqa: E402
import nefsim.nengo  # noqa: E402
from nefsim import backends  # noqa: E402
from nefsim.cli import main  # noqa: E402

BACKENDS = [name for name in ("numpy", "numba") if name in backends.available()]

#: The order of sums differs from Nengo's.
ROUNDING = 1e-9


@pytest.fixture(autouse=True)
def without_cache():
    """Decoders are solved, not read from this machine."""
    before = nengo.rc.get("decoder_cache", "enabled")
    nengo.rc.set("decoder_cache", "enabled", "False")
    yield
    nengo.rc.set("decoder_cache", "enabled", before)


def in_nefsim(model, seconds=0.2, **options):
    with nefsim.nengo.Simulator(model, progress_bar=False, **options) as simulator:
        simulator.run(seconds)
    return simulator


def in_nengo(model, seconds=0.2, **options):
    with nengo.Simulator(model, progress_bar=False, optimize=False, **options) as simulator:
        simulator.run(seconds)
    return simulator


def assert_same(actual, other):
    """Equal spikes, and other values equal up to rounding."""
    assert actual.model.probes
    assert nengo_judge.difference(actual, other) == ""


# The same spikes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", nengo_models.MODELS)
def test_a_model_gives_nengos_spikes(name, backend):
    other = in_nengo(nengo_models.network(name))
    actual = in_nefsim(nengo_models.network(name), backend=backend)
    assert_same(actual, other)
    assert np.array_equal(actual.trange(), other.trange())


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.filterwarnings("ignore")  # Nengo warns of encoders and overflow
def test_a_random_model_gives_nengos_spikes(seed):
    assert not nengo_random.compared(seed, 0.05, nefsim.nengo.Simulator, BACKENDS)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore:overflow")
def test_nan_stops_a_run_at_the_same_step_as_in_nengo(backend):
    def build_model():
        with nengo.Network(seed=1) as model:
            grows = nengo.Node(size_in=1)
            nengo.Connection(nengo.Node(1.0), grows, synapse=None)
            nengo.Connection(grows, grows, transform=1e30, synapse=0)
            relay = nengo.Node(size_in=1)  # of infinity less infinity, in the end
            nengo.Connection(grows, relay, transform=1e300, synapse=0)
            nengo.Connection(grows, relay, transform=-1e300, synapse=0)
            nengo.Connection(relay, relay, transform=0.5, synapse=0.01)
            model.p = nengo.Probe(grows)
        return model

    steps = []
    for maker, options in [
        (nengo.Simulator, {"optimize": False}),
        (nefsim.nengo.Simulator, {"backend": backend}),
    ]:
        model = build_model()
        with maker(model, progress_bar=False, **options) as simulator:
            with pytest.raises(FloatingPointError, match="invalid value"):
                simulator.run(0.1)
            steps.append(len(simulator.data[model.p]))
    assert steps[0] == steps[1] < 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_threads_of_blas_look_for_nan(backend, monkeypatch):
    """On a busy machine they take milliseconds to begin, in each call of a run."""

    def refuse(*arrays):
        raise AssertionError("a product by BLAS")

    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(50, 1)
        nengo.Connection(nengo.Node(np.sin), a)
        y = nengo.Probe(a, synapse=0.01)
    with nefsim.nengo.Simulator(model, backend=backend, progress_bar=False) as sim:
        monkeypatch.setattr(np, "vdot", refuse)
        monkeypatch.setattr(np, "dot", refuse)
        sim.run(0.01)
        sim.step()
        assert len(sim.data[y]) == 11


def test_decoders_of_many_functions_equal_nengos_to_the_last_bit():
    with nengo.Network(seed=2) as model:
        a, b = nengo.Ensemble(50, 2), nengo.Ensemble(40, 1, neuron_type=nengo.Tanh())
        nengo.Connection(a, nengo.Node(size_in=2))
        nengo.Connection(a[0], nengo.Node(size_in=1), function=np.square)
        nengo.Connection(a, b, function=lambda x: x[0] * x[1])
        nengo.Connection(a, b, function=lambda x: 1.0, solver=nengo.solvers.LstsqL2(reg=0.01))
        nengo.Connection(b, a[1], eval_points=[[0.1], [0.3], [-0.5]])
        nengo.Connection(b, a[0], solver=nengo.solvers.LstsqL2(weights=True))
        nengo.Connection(b, a[1])
    actual, other = (
        s(model, progress_bar=False) for s in (nefsim.nengo.Simulator, nengo.Simulator)
    )
    with actual, other:
        for connection in model.all_connections:
            x, y = actual.data[connection], other.data[connection]
            assert np.array_equal(x.weights, y.weights)
            assert np.array_equal(x.eval_points, y.eval_points)
            assert np.array_equal(x.solver_info["rmses"], y.solver_info["rmses"])


@pytest.mark.parametrize(
    "neurons",
    [
        nengo.LIF(tau_rc=0.03, tau_ref=0.001),
        nengo.LIF(amplitude=0.3),
        nengo.LIFRate(),
        nengo.AdaptiveLIF(),
        nengo.RectifiedLinear(),
    ],
    ids=str,
)
def test_decoders_of_a_neuron_type_equal_nengos_to_the_last_bit(neurons):
    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(61, 3, neuron_type=neurons)
        connection = nengo.Connection(a, nengo.Node(size_in=3), function=np.sin)
    actual, other = (
        s(model, progress_bar=False) for s in (nefsim.nengo.Simulator, nengo.Simulator)
    )
    with actual, other:
        assert np.array_equal(actual.data[connection].weights, other.data[connection].weights)


@pytest.mark.parametrize("dt", [0.0005, 0.003])
def test_other_steps_give_nengos_spikes(dt):
    other = in_nengo(nengo_models.network("communication"), dt=dt)
    assert_same(in_nefsim(nengo_models.network("communication"), dt=dt), other)


def test_learned_weights_can_be_read_while_running():
    model = nengo_models.network("pes_weights")
    other = nengo.Simulator(model, progress_bar=False, optimize=False)
    actual = nefsim.nengo.Simulator(model, progress_bar=False)
    learned = [c for c in model.all_connections if c.learning_rule is not None]
    with actual, other:
        for simulator in (actual, other):
            simulator.run(0.1)
        a, b = (s.signals[s.model.sig[learned[0]]["weights"]] for s in (actual, other))
        # In nefsim they are those of the next step; Nengo adds the change of this step later.
        b = b + other.signals[other.model.sig[learned[0].learning_rule]["delta"]]
    assert np.allclose(a, b, rtol=0.0, atol=ROUNDING * np.abs(b).max())
    assert np.abs(a - actual.data[learned[0]].weights).max() > 1e-9


# Custom parts


@pytest.mark.parametrize("backend", BACKENDS)
def test_custom_parts_run_in_nengos_code(backend):
    def build_model():
        with nengo.Network(seed=3) as model:
            u = nengo.Node(nengo_custom.Walk())
            a = nengo.Ensemble(20, 1, neuron_type=nengo_custom.Tired())
            b = nengo.Ensemble(20, 1)
            nengo.Connection(u, a, synapse=nengo_custom.Hold())
            c = nengo.Connection(
                a.neurons,
                b.neurons,
                transform=np.full((20, 20), 1e-3),
                learning_rule_type=nengo_custom.Decay(),
            )
            for target, attr in [(a.neurons, "rest"), (b.neurons, "output"), (c, "weights")]:
                nengo.Probe(target, attr)
            nengo.Probe(c.learning_rule, "delta")
            nengo.Probe(u)
        return model

    assert_same(in_nefsim(build_model(), backend=backend), in_nengo(build_model()))


# The interface of nengo.Simulator


def wave(t):
    return np.sin(9 * t)


def small(seed=1):
    with nengo.Network(seed=seed) as model:
        u = nengo.Node(wave)
        a = nengo.Ensemble(20, 1, noise=nengo.processes.WhiteNoise())
        nengo.Connection(u, a)
        model.y = nengo.Probe(a, synapse=0.01)
        model.late = nengo.Probe(a, sample_every=0.003)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_filtered_probe_records_the_memory_of_a_rule(backend):
    with nengo.Network(seed=1) as model:
        a, out = nengo.Ensemble(20, 1), nengo.Node(size_in=1)
        learned = nengo.Connection(a, out, learning_rule_type=nengo.RLS())
        nengo.Connection(out, learned.learning_rule)
        nengo.Probe(learned.learning_rule, "inv_gamma", synapse=0.03)
        nengo.Probe(learned, "weights")
    assert_same(in_nefsim(model, backend=backend), in_nengo(model))


@pytest.mark.parametrize("backend", BACKENDS)
def test_stochastic_neurons_far_below_their_threshold_draw_as_in_nengo(backend):
    def build_model():
        with nengo.Network(seed=1) as model:
            kind = nengo.PoissonSpiking(nengo.Sigmoid())
            a = nengo.Ensemble(40, 1, neuron_type=kind, gain=[300] * 40, bias=[0] * 40)
            nengo.Connection(nengo.Node(lambda t: np.sin(20 * t)), a)
            nengo.Probe(a.neurons)
        return model

    assert_same(in_nefsim(build_model(), backend=backend), in_nengo(build_model()))


def test_runs_in_parts_are_one_run():
    model = small()
    whole = in_nefsim(model)
    with nefsim.nengo.Simulator(model, progress_bar=False) as parts:
        parts.run(0.05)
        parts.run_steps(49)
        parts.step()
        assert (parts.n_steps, parts.time) == (100, 0.1)
        parts.run(0.1)
    assert np.array_equal(whole.data[model.y], parts.data[model.y])
    assert np.array_equal(whole.data[model.late], parts.data[model.late])
    assert len(parts.trange(sample_every=0.003)) == len(parts.data[model.late])


def test_data_contains_the_arrays_of_nengo():
    model = small()
    actual, other = in_nefsim(model), in_nengo(model)
    ensemble = model.ensembles[0]
    assert np.array_equal(actual.data[ensemble].encoders, other.data[ensemble].encoders)
    assert len(actual.data) == len(other.data)
    assert set(model.all_objects) <= set(actual.data)
    with pytest.raises(KeyError):
        actual.data[object()]
    with pytest.raises(ValueError, match="read-only"):
        actual.data[model.y][0] = 1.0


def test_time_continues_after_probes_are_cleared():
    model = small()
    with nefsim.nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run(0.1)
        simulator.clear_probes()
        assert simulator.data[model.y].shape == (0, 1)
        simulator.run(0.05)
        assert simulator.n_steps == 150
        assert np.array_equal(simulator.data[model.y], in_nefsim(model, 0.15).data[model.y][100:])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch_size", [None, 2])
def test_cleared_probes_that_skip_steps_keep_their_times(backend, batch_size):
    model = small()
    with model:
        for every in (0.003, 0.0025):
            nengo.Probe(model.ensembles[0].neurons, sample_every=every)
            nengo.Probe(model.ensembles[0], sample_every=every)
    whole = in_nefsim(model, 0.2, backend=backend, batch_size=batch_size)
    with nefsim.nengo.Simulator(
        model, progress_bar=False, backend=backend, batch_size=batch_size
    ) as simulator:
        simulator.run_steps(100)
        simulator.clear_probes()
        simulator.run_steps(1)
        simulator.run_steps(49)
        again = pickle.loads(pickle.dumps(simulator))
    with again:
        again.run_steps(50)
    for probe, same in zip(model.all_probes, again.model.probes, strict=True):
        n_before = np.sum(whole.trange(sample_every=probe.sample_every or 0.001) < 0.1005)
        actual, wanted = again.data[same], whole.data[probe][..., n_before:, :]
        # The order of sums differs for chunks of other lengths: spikes are equal, decoded
        # values of about 1 differ by some roundings.
        spikes = probe.target is model.ensembles[0].neurons
        assert actual.shape == wanted.shape
        assert np.allclose(actual, wanted, rtol=0, atol=0 if spikes else 1e-14)


def test_a_closed_simulator_refuses_steps():
    model = small()
    simulator = in_nefsim(model)
    assert simulator.closed
    for call in (simulator.step, simulator.reset, lambda: simulator.run(0.1)):
        with pytest.raises(SimulatorClosed):
            call()
    with pytest.raises(SimulatorClosed), simulator:
        pass
    assert simulator.data[model.y].shape == (200, 1)
    assert simulator.signals is None


def test_a_model_that_is_none_is_refused():
    with pytest.raises(TypeError, match=r"model must be a nengo\.builder\.Model, got 0"):
        nefsim.nengo.Simulator(small(), model=0, progress_bar=False)


def test_errors_are_those_of_nengo():
    with nefsim.nengo.Simulator(small(), progress_bar=False) as simulator:
        with pytest.raises(ReadonlyError):
            simulator.dt = 0.002
        with pytest.raises(ValidationError, match="must be at least 0 s, got -1; pass seconds"):
            simulator.run(-1.0)
        with pytest.warns(UserWarning, match="0 steps"):
            simulator.run(0.0)
        with pytest.warns(DeprecationWarning, match="sample_every"):
            simulator.trange(dt=0.001)
        with pytest.raises(ValidationError, match="Only one"):
            simulator.trange(dt=0.001, sample_every=0.001)


def test_a_simulator_that_is_not_closed_warns():
    simulator = nefsim.nengo.Simulator(small(), progress_bar=False)
    with pytest.warns(ResourceWarning, match="deallocated while open"):
        del simulator
        gc.collect()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "finite"),
        (np.float64(np.inf), "finite"),
        (np.array([-np.inf]), "finite"),
        ([1.0, 2.0], "shape"),
        (None, "finite"),
    ],
)
def test_functions_must_return_numbers(value, message, backend):
    with nengo.Network() as model:
        node = nengo.Node(lambda t: value if t > 0.0105 else 0.0, size_out=1)
        probe = nengo.Probe(node)
    with nefsim.nengo.Simulator(model, progress_bar=False, backend=backend) as simulator:
        with pytest.raises(SimulationError, match=message):
            simulator.run(0.1)
        assert simulator.n_steps == len(simulator.data[probe]) == 10


@pytest.mark.parametrize(
    "options",
    [
        {"network": None},
        {"network": 3},
        {"dt": 0.0},
        {"dt": np.nan},
        {"seed": -1},
        {"seed": 1.5},
        {"backend": "nengo"},
        {"batch_size": 0},
        {"dtype": "float16"},
    ],
    ids=str,
)
def test_bad_arguments_are_refused_in_a_sentence(options):
    network = options.pop("network", small())
    with pytest.raises((ValueError, TypeError), match=r": .+ must .+, got .+; .+\."):
        nefsim.nengo.Simulator(network, progress_bar=False, **options)


def test_sparse_weights_are_recorded_as_dense_matrices():
    with nengo.Network() as model:
        u = nengo.Node([1.0, 2.0])
        shape = nengo.transforms.Sparse((3, 2), indices=[[2, 0]], init=[0.5])
        c = nengo.Connection(u, nengo.Node(size_in=3), transform=shape)
        weights = nengo.Probe(c, "weights")
    values = in_nefsim(model, 0.002).data[weights]
    assert np.array_equal(values, [[[0, 0], [0, 0], [0.5, 0]]] * 2)


def test_a_loop_without_a_synapse_is_refused():
    with nengo.Network() as model:
        node = nengo.Node(size_in=1)
        nengo.Connection(node, node, synapse=None)
    with pytest.raises(BuildError, match="synapse"):
        nefsim.nengo.Simulator(model, progress_bar=False)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pickled_simulator_continues(backend):
    model = small()
    whole = in_nefsim(model, backend=backend)
    with nefsim.nengo.Simulator(model, progress_bar=False, backend=backend) as simulator:
        simulator.run(0.1)
        text = pickle.dumps((simulator, model.y))
    again, probe = pickle.loads(text)
    with again:
        again.run(0.1)
    assert np.array_equal(again.data[probe], whole.data[model.y])


def test_an_open_bar_of_nengo_is_used():
    class Bar(nengo.utils.progress.ProgressBar):
        def __init__(self):
            super().__init__()
            self.states = []

        def update(self, progress):
            self.states.append((progress.n_steps, progress.max_steps))

        def close(self):
            self.states.append("closed")

    bar = Bar()
    with nefsim.nengo.Simulator(small(), progress_bar=False) as simulator:
        simulator.run(0.05, progress_bar=bar)
    assert bar.states[-1] == "closed"
    assert (50, 50) in bar.states


# Improvements over Nengo


def test_the_same_seed_gives_the_same_noise_every_time():
    """In Nengo the optimizer seeds processes in the order of memory addresses."""
    runs = [in_nefsim(small()).data for _ in range(3)]
    values = [data[next(p for p in data if isinstance(p, nengo.Probe))] for data in runs]
    assert np.array_equal(values[0], values[1])
    assert np.array_equal(values[0], values[2])


@pytest.mark.parametrize("kind", [nengo.PoissonSpiking, nengo.StochasticSpiking])
def test_reset_rewinds_stochastic_neurons(kind):
    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(20, 1, neuron_type=kind(nengo.LIFRate()))
        spikes = nengo.Probe(a.neurons)
    with nefsim.nengo.Simulator(model, progress_bar=False) as simulator:
        simulator.run(0.1)
        first = simulator.data[spikes]
        simulator.reset()
        simulator.run(0.1)
        assert first.any()
        assert np.array_equal(simulator.data[spikes], first)


@pytest.mark.parametrize("backend", BACKENDS)
def test_trials_of_a_batch_are_runs_with_seeds_in_a_row(backend):
    model = small()
    batch = in_nefsim(model, seed=7, batch_size=3, backend=backend)
    assert batch.data[model.y].shape == (3, 200, 1)
    for trial in range(3):
        alone = in_nefsim(model, seed=7 + trial, backend=backend)
        # The same numbers, in matrix products of another shape.
        assert np.abs(batch.data[model.y][trial] - alone.data[model.y]).max() < ROUNDING


def test_a_simulator_that_runs_is_not_reset():
    with nengo.Network() as net:
        nengo.Node(lambda t: t)
    with nefsim.nengo.Simulator(net, progress_bar=False) as sim:
        with (
            sim._turn,
            pytest.raises(RuntimeError, match=r"Simulator\.reset: .* must not be running"),
        ):
            sim.reset()
        sim.reset()


def random_inputs():
    """A signal that differs between trials."""
    with nengo.Network(seed=1) as model:
        u = nengo.Node(nengo.processes.WhiteSignal(0.2, 20))
        a = nengo.Ensemble(30, 1)
        nengo.Connection(u, a)
        model.signal, model.spikes = nengo.Probe(u), nengo.Probe(a.neurons)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_inputs_differ_between_trials_of_a_batch(backend):
    model = random_inputs()
    batch = in_nefsim(model, seed=3, batch_size=4, backend=backend)
    for trial in range(4):
        with nengo.Simulator(model, seed=3 + trial, progress_bar=False, optimize=False) as other:
            other.run(0.2)
        assert np.array_equal(batch.data[model.signal][trial], other.data[model.signal])
        assert np.array_equal(batch.data[model.spikes][trial], other.data[model.spikes])
    assert len({trial.tobytes() for trial in batch.data[model.signal]}) == 4


def test_no_bar_sleeps(monkeypatch):
    """A thread of Nengo's bar sleeps for a tenth of a second at the end of each build and run."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    model = nengo_models.network("square")
    with nengo.Simulator(model):
        assert slept
    slept.clear()
    with nefsim.nengo.Simulator(model) as simulator:
        simulator.run_steps(10)
    assert not slept


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch_size", [None, 2])
def test_spikes_are_stored_as_events(backend, batch_size):
    model = random_inputs()
    simulator = in_nefsim(model, backend=backend, batch_size=batch_size)
    events = simulator.data.events(model.spikes)
    assert len(events) == np.count_nonzero(simulator.data[model.spikes]) > 100
    assert np.array_equal(events.dense(), simulator.data[model.spikes])
    assert np.array_equal(events.times, simulator.trange()[events.steps])
    for other in (model.signal, object()):
        with pytest.raises(
            ValueError, match=r"probe must be a probe of spikes, got .+; read other"
        ):
            simulator.data.events(other)


def learning():
    """Rules that nefsim supports, and a custom one."""
    with nengo.Network(seed=1) as model:
        u = nengo.Node(lambda t: np.sin(20 * t))
        a, b, c = (nengo.Ensemble(20, 1) for _ in range(3))
        solver = nengo.solvers.LstsqL2(weights=True)
        model.pes = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        model.bcm = nengo.Connection(a, c, solver=solver, learning_rule_type=nengo.BCM(1e-9))
        model.rls = nengo.Connection(
            a, nengo.Node(size_in=1), function=np.square, learning_rule_type=nengo.RLS(1e-5)
        )
        model.voja = nengo.Connection(u, a, learning_rule_type=nengo.Voja(1e-3))
        model.custom = nengo.Connection(
            a.neurons,
            b.neurons,
            transform=np.full((20, 20), 1e-3),
            learning_rule_type=nengo_custom.Decay(),
        )
        for connection in (model.pes, model.rls):
            nengo.Connection(u, connection.learning_rule)
        model.encoded = a
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_learned_weights_can_be_read_set_and_saved(backend):
    model = learning()
    with model:
        spikes = [nengo.Probe(e.neurons) for e in model.ensembles]
    things = [model.pes, model.bcm, model.rls, model.custom, model.encoded]

    def simulator():
        return nefsim.nengo.Simulator(model, progress_bar=False, backend=backend)

    with simulator() as first, simulator() as second:
        assert set(first.learned) == set(things)
        start = dict(first.learned)
        for connection in things[:-1]:
            assert np.array_equal(start[connection], first.data[connection].weights)
        assert np.array_equal(start[things[-1]], first.data[things[-1]].scaled_encoders)
        first.run(0.2)
        after = dict(first.learned)
        assert all(np.abs(after[thing] - start[thing]).max() > 1e-12 for thing in things)
        # Weights are read as copies, which do not change.
        first.run_steps(1)
        assert not np.array_equal(first.learned[model.pes], after[model.pes])
        first.reset(keep_weights=True)
        weights = dict(first.learned)
        assert (first.n_steps, len(first.data[spikes[0]])) == (0, 0)
        for thing in things:
            second.learned[thing] = weights[thing]
            assert np.array_equal(second.learned[thing], weights[thing])
        # The memory of RLS stays too, and no spike depends on it.
        first.run(0.1)
        second.run(0.1)
        for probe in spikes:
            assert first.data[probe].any()
            assert np.array_equal(first.data[probe], second.data[probe])
        first.reset()
        assert all(np.array_equal(first.learned[thing], start[thing]) for thing in things)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pickled_simulator_keeps_learned_weights(backend):
    with nengo.Network(seed=1) as model:
        u, a, b = nengo.Node(np.cos), nengo.Ensemble(20, 1), nengo.Ensemble(20, 1)
        nengo.Connection(u, a, learning_rule_type=nengo.Voja(1e-3))
        taught = nengo.Connection(a, b, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(u, taught.learning_rule)
    with nefsim.nengo.Simulator(model, progress_bar=False, backend=backend) as simulator:
        simulator.run(0.1)
        with pickle.loads(pickle.dumps(simulator)) as again:
            for further in (0, 100):
                for each in (simulator, again):
                    each.run_steps(further)
                loaded, original = (list(s.learned.values()) for s in (again, simulator))
                assert len(loaded) == 2
                assert all(np.array_equal(x, y) for x, y in zip(loaded, original, strict=True))
        assert not np.array_equal(simulator.learned[taught], simulator.data[taught].weights)


def test_weights_of_each_trial_are_set():
    model = learning()
    model.connections.remove(model.custom)
    with nefsim.nengo.Simulator(model, progress_bar=False, batch_size=2) as simulator:
        weights = np.stack([np.full((1, 20), 1.0), np.full((1, 20), 2.0)])
        simulator.learned[model.pes] = weights
        assert np.array_equal(simulator.learned[model.pes], weights)
        simulator.learned[model.pes] = weights[0]
        assert np.array_equal(simulator.learned[model.pes], weights[[0, 0]])
        with pytest.raises(ValueError, match=r"weights must have shape \(1, 20\), got shape"):
            simulator.learned[model.pes] = np.ones(20)
        for thing in (model.nodes[0], model.ensembles[1], 3):
            with pytest.raises(TypeError, match=r"key must be learned, got .+; pass a connection"):
                simulator.learned[thing]
        with pytest.raises(TypeError, match=r"reset: keep_weights must be True or False"):
            simulator.reset(keep_weights=1)


def test_float32_values_are_close():
    model = nengo_models.network("square")
    half = in_nefsim(model, dtype="float32")
    probe = model.probes[0]
    assert half.data[probe].dtype == np.float32
    assert np.abs(half.data[probe] - in_nefsim(model).data[probe]).max() < 0.05


# The page for users of Nengo


def test_the_models_of_the_page_run_in_nengo_and_nefsim():
    page = Path(__file__).parent.parent / "docs" / "from-nengo.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for block in blocks:
        if "import nengo_spa" in block and not find_spec("nengo_spa"):
            continue
        exec(compile(block, str(page), "exec"), names)
        if "nef.Network" not in block:
            in_nefsim(names["model"], 0.01)
            continue
        with nef.Simulator(names["net"]) as simulator:
            simulator.run(0.01)
    assert len(blocks) == 24


# The command

SCRIPT = """
import nengo

with nengo.Network() as model:
    a = nengo.Ensemble(20, 1)
    nengo.Connection(nengo.Node(0.5), a)
    nengo.Probe(a, synapse=0.01)
"""


def test_the_command_compares_with_nengo(tmp_path, capsys):
    path = tmp_path / "model.py"
    path.write_text(SCRIPT, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert main(["nengo", "run", str(path), "--seconds", "0.1", "--compare"]) == 0
    text = capsys.readouterr().out
    assert "0 spikes differ" in text
    assert "times as fast" in text


def test_the_command_gives_the_model_a_seed(tmp_path, capsys):
    path = tmp_path / "model.py"
    path.write_text(SCRIPT, encoding="utf-8")

    def spikes(*options):
        assert main(["nengo", "run", str(path), "--json", *options]) == 0
        return json.loads(capsys.readouterr().out)["runs"][0]["spikes"]

    assert spikes() == spikes("--seed", "0") != spikes("--seed", "7")
    assert main(["nengo", "run", str(path), "--seed", "-1"]) == 2
    assert "nefsim nengo run: --seed must be " in capsys.readouterr().err


def test_the_command_names_a_missing_model_or_file(tmp_path, capsys):
    path = tmp_path / "model.py"
    path.write_text("a = 1", encoding="utf-8")
    assert main(["nengo", "run", str(path)]) == 2
    assert "must define model, a nengo.Network" in capsys.readouterr().err


def test_a_population_that_never_fires_is_refused_as_in_nengo():
    """Its points lie below all intercepts; their currents are overwritten by rates of 0."""
    with nengo.Network(seed=1) as model:
        e = nengo.Ensemble(
            10,
            1,
            encoders=np.ones((10, 1)),
            intercepts=nengo.dists.Uniform(-0.4, -0.2),
            eval_points=np.linspace(-1, -0.8, 30)[:, None],
        )
        nengo.Connection(e, nengo.Node(size_in=1))
    for simulator in (nengo.Simulator, nefsim.nengo.Simulator):
        with pytest.raises(nengo.exceptions.BuildError, match="all zero"):
            simulator(model, progress_bar=False)
