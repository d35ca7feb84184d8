"""Each back end has the spikes of the reference, for the same program."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import MODELS, NEURON_TYPES, neuron_type

import nefsim as nef
from nefsim import backends

# Some networks drive populations beyond their radius; here only back ends are compared.
pytestmark = pytest.mark.filterwarnings("ignore::nefsim.RadiusWarning")

pytest.importorskip("numba")

Model = Callable[[int], nef.Network]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_compiled_spikes_equal_those_of_the_reference(name: str, seed: int) -> None:
    report = nef.crosscheck(MODELS[name](seed), 3.0, backends=("numpy", "numba"))
    assert report.n_spikes > 1000
    assert report.spikes_differ == 0
    assert report.agrees, str(report)


@pytest.mark.parametrize("kind", NEURON_TYPES, ids=repr)
def test_compiled_neuron_types_equal_the_reference(kind: nef.neurons.NeuronType) -> None:
    report = nef.crosscheck(neuron_type(kind), 3.0, backends=("numpy", "numba"))
    assert report.n_spikes > 1000
    assert report.spikes_differ == 0
    assert report.agrees, str(report)


@pytest.mark.parametrize("dt", [0.0005, 0.005])
def test_compiled_spikes_equal_the_reference_at_other_steps(dt: float) -> None:
    report = nef.crosscheck(MODELS["integrator"](1), 2.0, ("numpy", "numba"), dt=dt)
    assert report.spikes_differ == 0
    assert report.agrees, str(report)


def _records(net: nef.Network, backend: str, **options: Any) -> list[np.ndarray]:
    with nef.Simulator(net, backend=backend, **options) as sim:
        sim.run(0.7)
        return [sim.data[probe] for probe in sim.probes]


@pytest.mark.parametrize("name", ["neuron_connections", "signals", "synapses"])
def test_a_compiled_batch_equals_the_reference_batch(name: str) -> None:
    net = MODELS[name](1)
    for ensemble in net.all_ensembles:
        net.probe(ensemble.neurons)
    reference = _records(net, "numpy", batch_size=3)
    compiled = _records(net, "numba", batch_size=3)
    for one, two in zip(reference, compiled, strict=True):
        assert one.shape == two.shape
        # The order of sums differs, so values differ in their last digits.
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-9 * max(1.0, np.abs(one).max()))


def test_float32_runs_compiled_and_stays_close() -> None:
    net = MODELS["square"](1)
    single = _records(net, "numba", dtype="float32")[0]
    double = _records(net, "numba")[0]
    assert single.dtype == np.float32
    # One spike of a neuron moves the decoded value by less than this.
    np.testing.assert_allclose(single, double, atol=0.02)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 31, 33, 63, 64, 65, 130])
def test_populations_of_any_size_equal_the_reference(n: int) -> None:
    """Neither the padding of the last eight neurons nor that of a word of bits fires."""
    net = nef.Network(seed=n)
    a = net.ensemble(n, 2, bias=np.linspace(3, 0.5, n), gain=np.ones(n))
    b = net.ensemble(n, 1)
    net.connect(net.node([0.5, -1.0]), a)
    net.connect(a.neurons, b.neurons, transform=np.full((n, n), 0.1 / n))
    rng = np.random.default_rng(n)
    probes = [net.probe(x.neurons, name) for x in (a, b) for name in ("output", "voltage")]
    decoders = [nef.NoSolver(rng.normal(size=(n, k))) for k in (1, 7, 8, 11)]
    for solver in decoders:
        out = net.node(size_in=solver.values.shape[1])
        net.connect(a, out, function=lambda x, k=out.size_in: [x[0]] * k, solver=solver)
        probes.append(net.probe(out))
    reference, compiled = (nef.Simulator(net, backend=name) for name in ("numpy", "numba"))
    for sim in (reference, compiled):
        sim.run(0.3)
    for k, probe in enumerate(probes):
        one, other = reference.data[probe], compiled.data[probe]
        if k in (0, 2):  # spikes; currents are sums in another order, and so are the others
            assert np.array_equal(one, other)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * max(1, np.abs(one).max()))
    assert reference.data[probes[0]].any()


def test_several_short_runs_equal_one_long_run() -> None:
    net = MODELS["oscillator"](1)
    spikes = net.probe(net.ensembles[0].neurons)
    whole, parts = (nef.Simulator(net, backend="numba") for _ in range(2))
    whole.run(0.5)
    for n_steps in (1, 2, 47, 150, 300):
        parts.run_steps(n_steps)
    np.testing.assert_array_equal(parts.data[spikes], whole.data[spikes])


def test_a_run_saved_on_one_back_end_continues_on_the_other(tmp_path: Any) -> None:
    net = MODELS["neuron_connections"](1)
    spikes = net.probe(net.ensembles[2].neurons)
    whole = nef.Simulator(net, backend="numpy")
    whole.run(0.4)
    half = nef.Simulator(net, backend="numba")
    half.run(0.2)
    rest = nef.Simulator.load(half.save(tmp_path / "half"), net, backend="numpy")
    rest.run(0.2)
    np.testing.assert_array_equal(rest.data[spikes], whole.data[spikes])


@pytest.mark.parametrize(
    ("tau_rc", "tau_ref", "max_rates"),
    [(1e-4, 0.1, (9.97, 9.999)), (1e-6, 0.002, (499.6, 499.99))],
)
def test_very_long_refractory_times_are_equal_on_both_back_ends(
    tau_rc: float, tau_ref: float, max_rates: tuple[float, float]
) -> None:
    net = nef.Network(seed=1)
    kind = nef.LIF(tau_rc=tau_rc, tau_ref=tau_ref)
    a = net.ensemble(40, 1, neuron_type=kind, max_rates=max_rates)
    net.connect(net.node(np.sin), a)
    net.probe(a.neurons, "refractory_time")
    report = nef.crosscheck(net, 3.0, ("numpy", "numba"))
    assert report.n_spikes > 100 and report.spikes_differ == 0 and report.agrees


def test_the_euler_step_is_equal_on_both_back_ends() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(60, 1, neuron_type=nef.LIF(method="euler"))
    net.connect(net.node(np.sin), a)
    net.probe(a.neurons, "refractory_time")
    report = nef.crosscheck(net, 3.0, ("numpy", "numba"))
    assert report.n_spikes > 1000 and report.spikes_differ == 0 and report.agrees


@st.composite
def networks(draw: st.DrawFn) -> nef.Network:
    """Small random networks: populations, nodes, views, transforms, synapses, loops."""
    net = nef.Network(seed=draw(st.integers(0, 2**32)))
    kinds = st.sampled_from([k for k in NEURON_TYPES if not isinstance(k, nef.Izhikevich)])
    stimulus = net.node(nef.WhiteSignal(1.0, high=20.0, rms=0.5), size_out=2)
    ends: list[Any] = [stimulus]
    for _ in range(draw(st.integers(1, 4))):
        d = draw(st.integers(1, 3))
        ends.append(
            net.ensemble(
                draw(st.integers(1, 40)),
                d,
                radius=draw(st.sampled_from([0.5, 1.0, 3.0])),
                neuron_type=draw(st.one_of(st.just(nef.LIF()), kinds)),
                max_rates=(260.0, 390.0),
                intercepts=(-0.9, 0.5),
                noise=draw(st.sampled_from([None, nef.WhiteNoise(nef.Gaussian(0, 0.001))])),
            )
        )
    if draw(st.booleans()):
        ends.append(net.node(lambda t, x: x * np.cos(t), size_in=2))
    if draw(st.booleans()):
        ends.append(net.node(size_in=3))
    synapses = st.sampled_from([0.005, 0.1, nef.Alpha(0.01), nef.Triangle(0.004), nef.Lowpass(0.0)])
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 8))):
        pre, post = draw(st.sampled_from(ends)), draw(st.sampled_from(ends[1:]))
        if draw(st.booleans()):
            pre = pre[[draw(st.integers(0, pre.size_out - 1))]]
        if draw(st.booleans()):
            post = post[draw(st.integers(0, post.size_in - 1)) :]
        # Bounded, as otherwise a square would grow without limit in a loop of nodes.
        function = draw(st.sampled_from([None, np.sin, lambda x: np.clip(x, -1, 1) ** 2]))
        transform = 0.5 * rng.uniform(-1, 1, (post.size_in, pre.size_out))
        net.connect(pre, post, function=function, transform=transform, synapse=draw(synapses))
    for end in ends:
        net.probe(end, synapse=draw(st.sampled_from([None, 0.01])))
    return net


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_random_networks_have_equal_spikes_on_both_back_ends(net: nef.Network) -> None:
    report = nef.crosscheck(net, 0.3, backends=("numpy", "numba"))
    assert report.spikes_differ == 0
    assert report.agrees, str(report)


def test_spikes_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    from nefsim.backends.compiled import cores as compiled

    net = nef.Network(seed=1)
    stimulus = net.node(np.sin)
    for _ in range(7):
        a, b = net.ensemble(400, 1), net.ensemble(300, 1)
        net.connect(stimulus, a, synapse=None)
        net.connect(a, b)
        net.probe(b, synapse=0.01)
    watched = net.probe(net.ensembles[-1].neurons)
    records = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(compiled, "cores", lambda n=cores: n)
        with nef.Simulator(net, backend="numba") as sim:
            sim.run(0.3)
            records.append([sim.data[probe] for probe in sim.probes])
        assert sim.data[watched].any()
    for one, *others in zip(*records, strict=True):
        for other in others:
            np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize("kind", [nef.LIF(), nef.LIF(method="euler"), nef.Izhikevich()])
def test_float32_spike_counts_are_close_on_both_back_ends(kind: nef.neurons.NeuronType) -> None:
    net = nef.Network(seed=1)
    rates = (60.0, 120.0) if isinstance(kind, nef.Izhikevich) else (200.0, 400.0)
    a = net.ensemble(200, 1, neuron_type=kind, max_rates=rates)
    net.connect(net.node(np.sin), a)
    spikes = net.probe(a.neurons)
    counts = []
    for backend in ("numpy", "numba"):
        with nef.Simulator(net, backend=backend, dtype="float32") as sim:
            sim.run(2.0)
            counts.append(np.count_nonzero(sim.data[spikes]))
    # Rounding to 7 digits moves at most one spike in a thousand, to an adjacent step.
    assert abs(counts[0] - counts[1]) <= 1e-3 * counts[0]


def test_the_step_of_a_custom_neuron_type_runs_on_every_back_end() -> None:
    class Doubled(nef.LIF):
        def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
            super().step(J, state, dt, out, rng)
            out *= 2

    net = nef.Network(seed=1)
    a = net.ensemble(50, 1, neuron_type=Doubled())
    net.probe(a)
    spikes = net.probe(a.neurons)
    for backend in ("numpy", "numba"):
        with nef.Simulator(net, backend=backend) as sim:
            sim.run(0.2)
            assert set(np.unique(sim.data[spikes])) == {0.0, 2000.0}


# Currents without bound

#: Every compiled neuron type, with all options that change its code.
COMPILED_NEURONS = [
    nef.LIF(),
    nef.LIF(tau_ref=0.0),
    nef.LIF(tau_rc=1e-5),
    nef.LIF(method="euler"),
    nef.LIFRate(),
    nef.LIFRate(tau_ref=0.0),
    nef.AdaptiveLIF(),
    nef.AdaptiveLIFRate(),
    nef.RectifiedLinear(),
    nef.SpikingRectifiedLinear(),
    nef.Sigmoid(),
    nef.Tanh(),
    nef.SoftLIFRate(),
    nef.Izhikevich(),
    nef.RegularSpiking(nef.LIFRate()),
    nef.RegularSpiking(nef.Tanh()),
    nef.InverseLIF(),
    nef.DiscreteLIF(),
    nef.DiscreteLIF(activation="relu", decay=0.5),
    nef.DiscreteLIF(activation="elu"),
    nef.DiscreteLIF(activation="leaky_relu", threshold_rule=">="),
    nef.DiscreteLIF(reset="subtract"),
    nef.DiscreteLIF(output="sigmoid"),
]

CURRENTS = [0.0, 1.0, -1.0, 1e22, -1e22, 1e38, -1e38, 1e308, -1e308, np.inf, -np.inf, np.nan]


def unbounded(neuron, backend, dtype):
    """Output and memories of nine neurons at each of the currents, by current."""
    net, probes = nef.Network(seed=1), []
    for current in CURRENTS:
        population = net.ensemble(9, 1, neuron_type=neuron, gain=1.0, bias=0.0)
        # Inputs and transforms are finite; their products and sums may be infinite.
        largest = current if np.isfinite(current) else 1e308
        source = net.node(lambda t, value=largest: np.full(9, value), size_out=9)
        factors = [1.0]
        if not np.isfinite(current):
            factors = [10.0, -10.0] if np.isnan(current) else [np.copysign(10.0, current)]
        for factor in factors:
            net.connect(source, population.neurons, transform=factor, synapse=None)
        probes.append(net.probe(population.neurons))
        probes += [net.probe(population.neurons, name) for name in sorted(neuron.initial_state)]
    sim = nef.Simulator(net, backend=backend, dtype=dtype)
    with np.errstate(all="ignore"):
        sim.run_steps(5)
    return [sim.data[probe] for probe in probes]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("neuron", COMPILED_NEURONS, ids=repr)
def test_neurons_are_equal_on_both_back_ends_at_any_current(neuron, dtype):
    # Exponentials and logarithms of two libraries differ in the last digits; one library rounds
    # subnormal numbers to zero.
    rtol, tiny = 32 * np.finfo(dtype).eps, float(np.finfo(dtype).tiny)
    for compiled, reference in zip(
        *(unbounded(neuron, b, dtype) for b in ("numba", "numpy")), strict=True
    ):
        np.testing.assert_allclose(compiled, reference, rtol=rtol, atol=tiny)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_spike_counts_above_two_to_the_63_are_exact(backend):
    net = nef.Network(seed=1)
    kind = nef.SpikingRectifiedLinear()
    a = net.ensemble(1, 1, neuron_type=kind, gain=1e22, bias=0.0, encoders=[[1.0]])
    net.connect(net.node(1.0), a, synapse=None)
    probe = net.probe(a.neurons)
    sim = nef.Simulator(net, backend=backend)
    sim.run_steps(3)
    np.testing.assert_allclose(sim.data[probe], 1e22, rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_nan_spikes_stop_a_run_if_numpy_raises_at_invalid_values(backend):
    net = nef.Network(seed=1)
    a = net.ensemble(9, 1, neuron_type=nef.SpikingRectifiedLinear(), gain=1.0, bias=0.0)
    source = net.node(lambda t: np.full(9, 1e308 if t > 0.005 else 1.0), size_out=9)
    net.connect(source, a.neurons, transform=10.0, synapse=None)
    sim = nef.Simulator(net, backend=backend)
    with (
        np.errstate(over="ignore", invalid="raise"),
        pytest.raises(FloatingPointError, match="invalid value encountered"),
    ):
        sim.run_steps(20)


def test_a_process_without_mpi_writes_files_even_if_the_module_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    importlib.import_module("nefsim.backends.mpi.processes")
    assert backends.is_first_process()
