"""Neurons of trained networks: their steps, rates, and the same spikes on every back end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import nefsim as nef
from nefsim.neurons import discrete
from nefsim.neurons.base import NeuronType
from nefsim.neurons.discrete import discrete_step
from nefsim.neurons.soft import soft_lif_rates

DT = 0.001

#: Fractions that binary numbers hold, so that sums of them are exact in any order.
EXACT = st.integers(1, 96).map(lambda n: n / 64)


def run(neuron: NeuronType, currents: np.ndarray) -> np.ndarray:
    """Output times dt over steps of currents (n_steps, N), from rest."""
    n = currents.shape[1:]
    state = neuron.start({name: np.zeros(n) for name in neuron.initial_state}, DT)
    out = np.zeros_like(currents)
    for J, y in zip(currents, out, strict=True):
        neuron.step(J, state, DT, y)
    return out * DT


def layers(*kinds: NeuronType, seed: int = 1, n: int = 60) -> nef.Network:
    """Layers with random weights that hand spikes on within the step, driven by noise."""
    rng = np.random.default_rng(seed)
    net = nef.Network(seed=seed)
    before: Any = net.node(nef.WhiteSignal(1.0, high=100.0, rms=0.6), size_out=n)
    for i, kind in enumerate(kinds):
        a = net.ensemble(n, 1, neuron_type=kind, gain=1.0, bias=0.01, label=f"layer {i}")
        scale = 1.0 if i == 0 else DT
        weights = rng.normal(0.05, 1.0, (n, n)) * scale / np.sqrt(n)
        net.connect(before, a.neurons, transform=weights, synapse=None)
        net.probe(a.neurons, "voltage")
        net.probe(a.neurons)
        before = a.neurons
    return net


# -- the step ---------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 64), st.integers(1, 200), st.sampled_from([">", ">="]))
def test_a_constant_input_gives_spikes_at_a_constant_interval(k: int, c: int, rule: str) -> None:
    threshold, x = float(k), float(c)
    neuron = nef.DiscreteLIF(threshold=threshold, threshold_rule=rule)
    spikes = run(neuron, np.full((400, 1), x))[:, 0]
    period = k // c + 1 if rule == ">" else -(-k // c)
    np.testing.assert_array_equal(np.flatnonzero(spikes), np.arange(period - 1, 400, period))


@given(EXACT, EXACT, st.sampled_from([">", ">="]))
def test_a_soft_reset_without_leak_conserves_the_input(
    x: float, threshold: float, rule: str
) -> None:
    neuron = nef.DiscreteLIF(threshold=threshold, threshold_rule=rule, reset="subtract")
    n_spikes = np.cumsum(run(neuron, np.full((300, 1), min(x, threshold)))[:, 0])
    charge = min(x, threshold) * np.arange(1, 301) / threshold
    expected = np.ceil(charge) - 1 if rule == ">" else np.floor(charge)
    np.testing.assert_array_equal(n_spikes, expected)


def test_the_potential_before_the_reset_gives_the_same_spikes() -> None:
    """The equations as first written keep u and multiply by 1 - o in the next step."""
    rng = np.random.default_rng(0)
    x = rng.normal(0.2, 0.4, (500, 30))
    u = o = np.zeros(30)
    for k, actual in enumerate(run(nef.DiscreteLIF(), x)):
        u = u * (1 - o) + x[k]
        o = (u > 1.0).astype(float)
        np.testing.assert_array_equal(actual, o)


def test_a_unit_with_leak_is_a_leaky_integrator_with_the_same_decay() -> None:
    """An SNU with W = 1, b = -2.5, tau = 25 ms against Euler steps of a LIF neuron."""
    rng = np.random.default_rng(1)
    x = (rng.random((1000, 5)) < 0.1).astype(float)
    v = np.zeros(5)
    snu = nef.DiscreteLIF(decay=1 - 1 / 25, threshold=2.5, activation="relu")
    spikes = run(snu, x)
    for k in range(1000):
        v = v + (0 - v) / 25 + x[k]
        fired = v > 2.5
        v[fired] = 0
        np.testing.assert_array_equal(spikes[k], fired)
    assert spikes.sum() > 20


@pytest.mark.parametrize("activation", ["relu", "elu", "leaky_relu"])
def test_activations_bend_only_what_is_below_zero(activation: str) -> None:
    u = np.linspace(-3, 3, 13)
    below = {"relu": 0 * u, "elu": np.exp(u) - 1, "leaky_relu": 0.1 * u}[activation]
    # expm1 differs from exp - 1 in the last digit.
    expected = np.where(u > 0, u, below)
    np.testing.assert_allclose(discrete.activate(u, activation), expected, rtol=0, atol=1e-15)


def test_a_soft_unit_resets_in_proportion_to_its_output() -> None:
    x, v = np.array([0.3, 2.0]), np.array([1.0, -0.5])
    y, after = discrete_step(x, v, 0.8, 1.0, fire=discrete.sigmoid)
    u = 0.8 * v + x
    np.testing.assert_allclose(y, 1 / (1 + np.exp(1.0 - u)), rtol=1e-15)
    np.testing.assert_array_equal(after, u * (1 - y))


# -- rates ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.lists(EXACT, min_size=1, max_size=5),
    EXACT,
    st.sampled_from([0.0, 0.5, 0.75, 1.0]),
    st.sampled_from([">", ">="]),
    st.sampled_from(["zero", "subtract"]),
    st.sampled_from(discrete.ACTIVATIONS),
)
def test_rates_are_the_spikes_counted(
    x: list[float], threshold: float, decay: float, rule: str, reset: str, activation: str
) -> None:
    neuron = nef.DiscreteLIF(decay, threshold, reset, rule, activation=activation)
    spikes = run(neuron, np.tile(x, (2000, 1)))
    counted = spikes[1000:].mean(axis=0)
    # A window that is not a whole number of periods is off by one spike; a neuron that
    # climbs to its threshold by halves or quarters gets there through rounding alone.
    climbs = np.isclose(np.array(x) / (1 - decay), threshold) if decay < 1 else np.zeros(len(x))
    rates = neuron.rates(x) * DT
    np.testing.assert_allclose(rates[climbs == 0], counted[climbs == 0], rtol=0, atol=1 / 999)


@given(st.floats(0.01, 1.0), st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.floats(0.1, 3))
def test_the_current_of_a_rate_gives_the_rate_of_the_next_whole_number_of_steps(
    per_step: float, decay: float, threshold: float
) -> None:
    neuron = nef.DiscreteLIF(decay, threshold, threshold_rule=">=")
    J = neuron.current(per_step / DT)
    steps = 1.0 / (per_step / DT * DT)
    # Just above the current it is reached, just below it takes a step more, or never.
    assert neuron.rates(J * (1 + 1e-9)) * DT * np.ceil(steps * (1 - 1e-6)) >= 1 - 1e-6
    assert neuron.rates(J * (1 - 1e-6)) * DT * np.ceil(steps) <= 1 + 1e-9


@given(st.floats(0.1, 499.0), st.floats(1e-3, 0.1), st.floats(1e-4, 0.002), st.floats(1e-3, 2.0))
def test_soft_lif_rates_of_the_current_of_a_rate_are_the_rate(
    rate: float, tau_rc: float, tau_ref: float, sigma: float
) -> None:
    neuron = nef.SoftLIFRate(tau_rc, tau_ref, sigma)
    # Rounding in J of a few units in the last place, times the slope of the curve.
    assert neuron.rates(neuron.current(rate)) == pytest.approx(rate, rel=1e-9)


def test_the_soft_curve_becomes_the_hard_one() -> None:
    J = np.linspace(-1, 5, 601)
    hard = nef.LIFRate().rates(J)
    gaps = [np.abs(nef.SoftLIFRate(sigma=s).rates(J) - hard).max() for s in (0.1, 0.01, 0.001)]
    assert gaps[0] > gaps[1] > gaps[2]
    away = np.abs(J - 1) > 0.02
    # Beyond 20 sigma, softplus is the ramp up to e^-20.
    soft = nef.SoftLIFRate(sigma=0.001).rates(J)
    np.testing.assert_allclose(soft[away & (J > 1)], hard[away & (J > 1)], rtol=1e-6)
    assert (np.diff(soft) >= 0).all() and np.isfinite(soft).all()


def test_the_soft_curve_is_continuous_where_its_formula_changes() -> None:
    q = np.array([-36.0 - 1e-9, -36.0 + 1e-9])
    below, above = soft_lif_rates(1.0 + 0.02 * q, 0.02, 0.002, 0.02)
    assert below == pytest.approx(above, rel=1e-9)


def test_far_below_the_threshold_the_soft_rate_is_small_and_finite() -> None:
    rates = nef.SoftLIFRate().rates([-1e3, -1e6, 0.0])
    assert (rates > 0).all() and (rates < 2).all()


# -- accumulate and release ------------------------------------------------------------------


def released(neuron: nef.InverseLIF, inputs: np.ndarray) -> np.ndarray:
    """The values that the spikes after one window of inputs (T, N) represent."""
    T = neuron.n_steps
    spikes = run(neuron, np.vstack([inputs, np.zeros_like(inputs)]))
    assert not spikes[:T].any()
    return np.asarray(neuron.threshold * np.tensordot(neuron.digits, spikes[T:], 1))


@given(
    st.integers(1, 24),
    st.lists(st.floats(-2.0, 4.0), min_size=1, max_size=20),
    st.sampled_from([0.25, 1.0, 2.0, 1.7]),
)
def test_with_factor_two_a_value_is_cut_to_binary_digits(
    T: int, values: list[float], threshold: float
) -> None:
    neuron = nef.InverseLIF(n_steps=T, threshold=threshold)
    inputs = np.zeros((T, len(values)))
    inputs[0] = values  # equal to its value in the first step, the most significant
    q = threshold * 2.0 ** (1 - T)
    expected = np.clip(np.floor(np.array(values) / q), 0, 2**T - 1) * q
    np.testing.assert_array_equal(released(neuron, inputs), expected)


@given(st.integers(1, 16), st.data())
def test_an_accumulated_release_is_the_encoded_value(T: int, data: st.DataObject) -> None:
    digits = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=T, max_size=T)))
    neuron = nef.InverseLIF(n_steps=T)
    np.testing.assert_array_equal(released(neuron, digits[:, None]), [neuron.digits @ digits])


def test_negative_input_cancels_earlier_positive_input() -> None:
    """Inputs 1, 1, -1, -1: a neuron that fires while it accumulates says 2, this one 0."""
    inputs = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    assert released(nef.InverseLIF(n_steps=4, factor=1.0), inputs) == 0
    early = run(nef.DiscreteLIF(reset="subtract", threshold_rule=">="), inputs)
    assert early.sum() == 2


def test_the_next_input_accumulates_during_a_release() -> None:
    T, rng = 6, np.random.default_rng(3)
    bits = rng.integers(0, 2, (10 * T, 4)).astype(float)
    offset = np.array([0.0, 0.5, -0.25, 0.0])
    neuron = nef.InverseLIF(n_steps=T, threshold=0.5, offset=offset)
    windows = run(neuron, bits).reshape(10, T, 4)
    for w in range(1, 10):
        value = neuron.digits @ bits[(w - 1) * T : w * T] + offset
        q = 0.5 * 2.0 ** (1 - T)
        expected = np.clip(np.floor(value / q), 0, 2**T - 1) * q
        np.testing.assert_array_equal(0.5 * neuron.digits @ windows[w], expected)


# -- as populations of a network ------------------------------------------------------------

POPULATIONS = (
    nef.DiscreteLIF(),
    nef.DiscreteLIF(0.9, 0.5, "subtract", ">="),
    nef.DiscreteLIF(np.linspace(0.5, 1, 60), np.linspace(0.2, 2, 60), scale=0.3),
    nef.DiscreteLIF(0.8, 0.7, activation="relu"),
    nef.DiscreteLIF(0.8, 0.7, activation="elu"),
    nef.DiscreteLIF(0.8, 0.7, "subtract", activation="leaky_relu"),
    nef.DiscreteLIF(0.8, 0.7, output="sigmoid", activation="elu"),
    nef.InverseLIF(n_steps=8, threshold=np.linspace(0.5, 2, 60), offset=0.05),
    nef.InverseLIF(n_steps=5, factor=1.5),
    nef.InverseLIF(n_steps=6, threshold=0.5, overlap=False),
    nef.InverseLIF(n_steps=6, threshold=0.5, offset=0.1, samples=True),
)


@pytest.mark.parametrize("kind", POPULATIONS, ids=range(len(POPULATIONS)))
def test_compiled_spikes_equal_those_of_the_reference(kind: NeuronType) -> None:
    pytest.importorskip("numba")
    report = nef.crosscheck(layers(kind, kind), 1.0, backends=("numpy", "numba"))
    assert report.agrees and report.spikes_differ == 0, str(report)
    if kind.spiking:
        assert report.n_spikes > 1000


def weights(shape: str, rng: np.random.Generator, n: int) -> Any:
    """Whole numbers, so that sums of them are exact in any order; some columns are empty."""
    matrix = rng.integers(-3, 4, (n, n)).astype(float)
    if shape == "scattered":
        matrix[rng.random((n, n)) < 0.8] = 0.0
    elif shape == "banded":  # runs of several lengths, the same in many columns
        band = rng.integers(1, 5, (5, 13)) * 1.0
        matrix[:] = 0.0
        for j in range(n):
            run = band[j % 5, : 4 + j % 10]
            start = min(3 * (j % 11), n - len(run))
            matrix[start : start + len(run), j] = run
    matrix[:, 7:11] = 0.0
    return matrix if shape == "dense" else csr_array(matrix)


@pytest.mark.parametrize("shape", ["dense", "scattered", "banded"])
@pytest.mark.parametrize(
    "kind",
    [
        nef.DiscreteLIF(threshold=4.0, amplitude=DT),
        nef.InverseLIF(n_steps=6, threshold=4.0, amplitude=DT),
        nef.InverseLIF(n_steps=4, threshold=4.0, overlap=False, amplitude=DT),
    ],
    ids=["discrete", "overlapping", "by turns"],
)
def test_weights_added_spike_by_spike_are_the_matrix_times_the_spikes(
    kind: NeuronType, shape: str
) -> None:
    pytest.importorskip("numba")
    rng, n = np.random.default_rng(1), 45
    net = nef.Network(seed=0)
    first = net.ensemble(n, 1, neuron_type=nef.DiscreteLIF(amplitude=DT), gain=1.0, bias=0.0)
    net.connect(net.node(rng.uniform(0.1, 0.9, n)), first.neurons, synapse=None)
    ends = []
    for probed in (False, True):  # with and without a signal for the currents
        a = net.ensemble(n, 1, neuron_type=kind, gain=1.0, bias=0.0)
        for _ in range(2):
            net.connect(first.neurons, a.neurons, transform=weights(shape, rng, n), synapse=None)
        ends.append([net.probe(a.neurons, name) for name in ("voltage", *["input"] * probed)])
        ends[-1].append(net.probe(a.neurons))
    actual = {}
    for backend in ("numpy", "numba"):
        with nef.Simulator(net, dt=DT, backend=backend) as sim:
            sim.run(0.1)
            actual[backend] = [sim.data[probe] for probes in ends for probe in probes]
    for one, other in zip(*actual.values(), strict=True):
        assert one.any()
        np.testing.assert_array_equal(one, other)


def test_sparse_weights_of_inputs_that_are_held_and_change() -> None:
    pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 3, (4, 100)).astype(float)
    pictures[2] = pictures[1]  # held for two presentations
    net = nef.Network(seed=0)
    kind = nef.DiscreteLIF(threshold=40.0, amplitude=DT)
    a = net.ensemble(50, 1, neuron_type=kind, gain=1.0, bias=0.0)
    matrix = csr_array(rng.integers(-3, 5, (50, 100)) * (rng.random((50, 100)) < 0.3) * 1.0)
    presentation = net.node(nef.PresentInput(pictures, 5 * DT))
    net.connect(presentation, a.neurons, transform=matrix, synapse=None)
    current = net.probe(a.neurons, "input")
    for backend in ("numpy", "numba"):
        with nef.Simulator(net, dt=DT, backend=backend) as sim:
            sim.run_steps(20)
            sim.run_steps(20)
        expected = np.tile(np.repeat(pictures @ matrix.T, 5, axis=0), (2, 1))
        np.testing.assert_array_equal(sim.data[current], expected)


@pytest.mark.parametrize("batch_size", [None, 3])
def test_a_saved_release_continues_at_its_step(batch_size: int | None, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    net = layers(*[nef.InverseLIF(n_steps=6, threshold=0.5)] * 2)
    for name in ("steps_done", "accumulated"):
        net.probe(net.ensembles[1].neurons, name)
    runs = []
    for first, then in (("numpy", "numba"), ("numba", "numpy")):
        with nef.Simulator(net, backend=first, batch_size=batch_size) as sim:
            sim.run_steps(40)
            sim.save(tmp_path / first)
        with nef.Simulator.load(tmp_path / f"{first}.npz", net, backend=then) as sim:
            sim.run_steps(40)
            runs.append([sim.data[probe] for probe in net.probes])
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)  # matrix products round differently
    steps = runs[1][-2].reshape(-1, 80, 60)
    np.testing.assert_array_equal(
        steps, np.broadcast_to(np.arange(1, 81)[:, None] % 6, steps.shape)
    )


def test_the_neurons_of_a_population_release_together() -> None:
    net = nef.Network(seed=0)
    for start in (np.array([0.0, 1.0]), 2.5, 4.0):
        kind = nef.InverseLIF(n_steps=4)
        a = net.ensemble(2, 1, neuron_type=kind, gain=1.0, bias=0.0)
        a.initial_state["steps_done"] = start
        with pytest.raises(ValueError, match=r"InverseLIF: initial_state.* one whole number below"):
            nef.Simulator(net)


def test_a_layer_in_a_network_takes_the_steps_of_the_formula() -> None:
    kind = nef.DiscreteLIF(0.8, 0.7, activation="relu", amplitude=DT)
    net = layers(kind)
    currents, spikes = net.probe(net.ensembles[0].neurons, "input"), net.probes[1]
    with nef.Simulator(net, dt=DT, backend="numpy") as sim:
        sim.run(0.5)
        np.testing.assert_array_equal(sim.data[spikes], run(kind, sim.data[currents]) / DT)
        assert set(np.unique(sim.data[spikes])) == {0.0, 1.0}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_float32_populations_run(backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    for kind in POPULATIONS:
        with nef.Simulator(layers(kind), backend=backend, dtype="float32") as sim:
            sim.run(0.1)
            assert sim.data[sim.probes[1]].dtype == np.float32
            assert sim.data[sim.probes[1]].any()


@pytest.mark.parametrize(
    "kind",
    [
        nef.DiscreteLIF(0.95, 1.0, scale=0.05),
        nef.DiscreteLIF(1.0, 1.0, "subtract", activation="relu"),
        nef.SoftLIFRate(),
    ],
)
def test_a_discrete_population_represents_a_value(kind: NeuronType) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(200, 1, neuron_type=kind, max_rates=(100, 200))
    net.connect(net.node(lambda t: np.sin(6 * t)), a, synapse=None)
    y = net.probe(a, synapse=0.02)
    with nef.Simulator(net) as sim:
        sim.run(2.0)
        ideal = nef.Lowpass(0.02).filt(np.sin(6 * sim.time), DT)
        error = np.sqrt(np.mean((sim.data[y][:, 0] - ideal) ** 2))
    # Spiking noise of 200 neurons; a wrong rate curve gives more than 0.2.
    assert error < 0.06


@settings(deadline=None)
@given(st.sampled_from(POPULATIONS))
def test_types_are_equal_by_content(kind: Any) -> None:
    from dataclasses import replace

    assert replace(kind) == kind and hash(replace(kind)) == hash(kind)
    assert replace(kind, amplitude=0.5) != kind


SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nef.DiscreteLIF(decay=1.1),
        lambda: nef.DiscreteLIF(decay=[0.5, -0.1]),
        lambda: nef.DiscreteLIF(threshold=[]),
        lambda: nef.DiscreteLIF(decay=[0.5, 0.5], threshold=[1.0, 1.0, 1.0]),
        lambda: nef.DiscreteLIF([0.5, 0.5]).rates([1.0, 1.0, 1.0]),
        lambda: nef.Simulator(layers(nef.InverseLIF(threshold=np.ones(7)))),
        lambda: nef.DiscreteLIF(reset="none"),
        lambda: nef.DiscreteLIF(scale=0.0),
        lambda: nef.DiscreteLIF(0.5, reset="subtract").current(10.0),
        lambda: nef.DiscreteLIF(output="sigmoid").current(10.0),
        lambda: nef.InverseLIF(n_steps=0),
        lambda: nef.InverseLIF(threshold=0.0),
        lambda: nef.InverseLIF().current(10.0),
        lambda: nef.SoftLIFRate(sigma=0.0),
        lambda: nef.SoftLIFRate().current(0.0),
        lambda: nef.SoftLIFRate().current(500.0),
    ],
)
def test_invalid_arguments_raise_one_sentence(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        wrong()
