"""Ready networks: in direct mode they are their equations, and with neurons they come near."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import dynamics, networks

DIRECT: dict[str, Any] = {"neuron_type": nef.Direct()}

#: Sums of some ten values of size 1 in another order.
ROUNDING = 1e-12


def outputs(net: nef.Network, node: nef.Node, inputs: dict[Any, Any], seconds: float) -> np.ndarray:
    """Values of a node for inputs to others, without filters."""
    for target, value in inputs.items():
        net.connect(net.node(value), target, synapse=None)
    probe = net.probe(node)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(seconds)
    return np.asarray(sim.data[probe])


def outputs_behind(
    net: nef.Network, node: nef.Node, inputs: dict[Any, Any], seconds: float
) -> np.ndarray:
    """Values of a node behind a lowpass of 0.1 s."""
    behind = net.node(size_in=node.size_out)
    net.connect(node, behind, synapse=0.1)
    return outputs(net, behind, inputs, seconds)


def vectors(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, shape)


# Products


def test_a_product_is_one_without_neurons() -> None:
    net, (a, b) = nef.Network(), vectors(2, 4)
    p = networks.product(net, 10, 4, **DIRECT)
    got = outputs(net, p.output, {p.a: a, p.b: b}, 0.001)
    np.testing.assert_allclose(got, [a * b], rtol=0, atol=ROUNDING)


def test_a_dot_product_is_one_without_neurons() -> None:
    net, (a, b) = nef.Network(), vectors(2, 4)
    p = networks.dot_product(net, 10, 4, **DIRECT)
    got = outputs(net, p.output, {p.a: a, p.b: b}, 0.001)
    np.testing.assert_allclose(got, [[a @ b]], rtol=0, atol=ROUNDING)


def test_a_matrix_product_is_one_without_neurons() -> None:
    net, a, b = nef.Network(), vectors(2, 3), vectors(3, 4)
    p = networks.matrix_product(net, 10, (2, 3), (3, 4), **DIRECT)
    got = outputs(net, p.output, {p.a: a.ravel(), p.b: b.ravel()}, 0.001)
    np.testing.assert_allclose(got.reshape(2, 4), a @ b, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("d", [1, 2, 5, 8])
@pytest.mark.parametrize("invert_a", [False, True])
@pytest.mark.parametrize("invert_b", [False, True])
def test_a_circular_convolution_is_one_without_neurons(
    d: int, invert_a: bool, invert_b: bool
) -> None:
    net, (a, b) = nef.Network(), vectors(2, d)
    c = networks.circular_convolution(net, 10, d, invert_a, invert_b, **DIRECT)
    got = outputs(net, c.output, {c.a: a, c.b: b}, 0.001)
    x, y = (v[-np.arange(d)] if turned else v for v, turned in ((a, invert_a), (b, invert_b)))
    ideal = [sum(x[k] * y[(j - k) % d] for k in range(d)) for j in range(d)]
    np.testing.assert_allclose(got, [ideal], rtol=0, atol=ROUNDING)


def test_products_of_neurons_are_near_those_of_numbers() -> None:
    net, (a, b) = nef.Network(seed=1), vectors(2, 8)
    p = networks.product(net, 400, 8)
    y = outputs(net, p.output, {p.a: a, p.b: b}, 0.5)
    # The mean over .4 s of 400 neurons: noise and distortion are about .02.
    assert np.abs(y[100:].mean(axis=0) - a * b).max() < 0.06


# Arrays


def test_outputs_of_an_array_stand_side_by_side() -> None:
    net = nef.Network()
    array = networks.ensemble_array(net, 10, 2, ens_dimensions=2, **DIRECT)
    node = array.add_output("both", [np.square, lambda x: x.sum()])
    assert array.outputs == {"both": node}
    assert array.input.size_in == array.output.size_out == 4
    got = outputs(net, node, {array.input: [1.0, 2.0, 3.0, 4.0]}, 0.001)
    assert got.tolist() == [[1.0, 4.0, 7.0]]


def test_an_output_that_fails_leaves_nothing_behind() -> None:
    net = nef.Network()
    array = networks.ensemble_array(net, 10, 2)
    nodes, connections = len(net.all_nodes), len(net.all_connections)
    for wrong in ({"function": [np.square]}, {"solver": 3}, {"function": lambda x: []}):
        with pytest.raises((ValueError, TypeError)):
            array.add_output("square", **{"function": np.square} | wrong)
    assert (len(net.all_nodes), len(net.all_connections)) == (nodes, connections)
    array.add_output("square", np.square)
    with pytest.raises(ValueError, match="name must be new, got 'square'"):
        array.add_output("square")


def test_two_networks_of_a_kind_have_names_and_neurons_of_their_own() -> None:
    net = nef.Network(seed=1)
    first, second = (networks.ensemble_array(net, 20, 1) for _ in range(2))
    assert [inner.label for inner in net.networks] == ["ensemble array", "ensemble array 2"]
    sim = nef.Simulator(net)
    bias = [sim.data[array.ensembles[0]].bias for array in (first, second)]
    assert not np.array_equal(*bias)


# Systems


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("synapse", [0.1, nef.Alpha(0.05)])
def test_a_system_without_neurons_has_the_states_of_its_equation(array: bool, synapse: Any) -> None:
    A, B = [[-1.0, 8.0], [-8.0, -1.0]], [[3.0], [0.0]]
    net = nef.Network()
    radii = [2.0, 0.5]
    s = networks.system(net, 10, A, B, synapse, radii=radii, array=array, **DIRECT)
    u = np.sin(20 * np.arange(1, 401) * 0.001)
    got = outputs(net, s.output, {s.input: lambda t: np.sin(20 * t)}, 0.4)
    real = dynamics.realise(A, B, synapse)
    x, ideal = np.zeros(2), []
    for value in u:
        ideal.append(x)
        x = real.A @ x + real.B[:, 0] * value
    np.testing.assert_allclose(got, ideal, rtol=0, atol=1e-10)


def test_an_integrator_without_neurons_is_a_sum() -> None:
    net = nef.Network()
    i = networks.integrator(net, 10, 2, radius=3.0, **DIRECT)
    got = outputs(net, i.output, {i.input: lambda t: [np.sin(5 * t), 1.0]}, 0.5)
    u = np.stack([np.sin(5 * np.arange(500) * 0.001 + 0.005), np.ones(500)], axis=1)
    ideal = np.concatenate([np.zeros((1, 2)), np.cumsum(u, axis=0)[:-1] * 0.001])
    np.testing.assert_allclose(got, ideal, rtol=0, atol=1e-10)


def test_an_integrator_of_500_neurons_hardly_drifts() -> None:
    drifts = []
    for seed in range(4):
        net = nef.Network(seed=seed)
        i = networks.integrator(net, 500)
        net.connect(net.node(nef.Piecewise({0.0: 2.5, 0.2: 0.0})), i.input, synapse=None)
        y = net.probe(i.output, synapse=0.1)
        with nef.Simulator(net, progress=False) as sim:
            sim.run(1.8)
        drifts.append(abs(sim.data[y][1699, 0] - sim.data[y][699, 0]))
    # The figure for the median of eight seeds.
    assert np.median(drifts) <= 0.006


def test_a_controlled_integrator_keeps_and_forgets() -> None:
    net = nef.Network()
    i = networks.controlled_integrator(net, 10, 2, radius=2.0, **DIRECT)
    inputs = {
        i.input: lambda t: [5.0 * (t <= 0.1), 2.0 * (t <= 0.1)],
        i.control: lambda t: float(t < 0.3),
    }
    got = outputs(net, i.output, inputs, 1.0)
    # Input and control pass other filters, of .1 s and of 5 ms.
    np.testing.assert_allclose(got[280], [0.5, 0.2], rtol=0.05)
    np.testing.assert_allclose(got[700], got[600] * np.exp(-1), rtol=0.02)


def test_an_attractor_without_neurons_takes_the_steps_of_its_map() -> None:
    net = nef.Network()

    def slope(x: np.ndarray) -> np.ndarray:
        return np.array([3 * x[1], -3 * x[0] - x[1] ** 3])

    a = networks.attractor(
        net, 10, 2, slope, radii=[2.0, 3.0], centre=[1.0, -1.0], method="euler", **DIRECT
    )
    got = outputs(net, a.output, {a.input: [0.5, 0.0]}, 0.3)
    x, ideal = np.array([1.0, -1.0]), []
    for _ in range(300):
        ideal.append(x)
        x = x + 0.001 * (slope(x) + np.array([0.5, 0.0]))
    np.testing.assert_allclose(got, ideal, rtol=0, atol=1e-10)


@pytest.mark.parametrize("frequency", [-3.0, 1.0, 10.0])
def test_an_oscillator_keeps_its_frequency_and_radius(frequency: float) -> None:
    net = nef.Network(seed=2)
    o = networks.oscillator(net, 500, frequency, radius=2.0)
    y = net.probe(o.output, synapse=0.005)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(5.0)
    filtered = nef.Lowpass(0.005).filt(sim.data[y])[1000:]
    angle = np.unwrap(np.arctan2(filtered[:, 1], filtered[:, 0]))
    turns = (angle[-1] - angle[0]) / (2 * np.pi) / ((len(angle) - 1) * 0.001)
    # The targets of benchmarks/networks.py, which takes 60 s; 4 s end within a noise of .01.
    assert turns == pytest.approx(frequency, rel=0.02 + 0.01 / abs(frequency))
    passed = 1 / (1 + (2 * np.pi * frequency * 0.005) ** 2)
    assert np.linalg.norm(filtered, axis=1).mean() / passed == pytest.approx(2.0, rel=0.1)


def test_a_lorenz_system_has_the_sizes_of_its_equation() -> None:
    net = nef.Network(seed=4)
    chaos = networks.lorenz(net, 2000)
    y = net.probe(chaos.output, synapse=0.01)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(30.0)
    # Those of the equation over 200 s; 30 s of it have them within a tenth.
    np.testing.assert_allclose(sim.data[y][3000:].std(axis=0), [7.93, 8.98, 8.54], rtol=0.15)


def test_the_points_of_a_lorenz_system_lie_around_the_middle_within_the_radius() -> None:
    chaos = networks.lorenz(nef.Network(seed=4), 100)
    (ensemble,) = chaos.network.all_ensembles
    low, high = np.min(ensemble.eval_points, axis=0), np.max(ensemble.eval_points, axis=0)
    # Half of the extent is 1 / 1.2 of the radius; the points have noise of 0.05.
    np.testing.assert_allclose((high - low) / 2, 1 / 1.2, atol=0.15)
    np.testing.assert_allclose((high + low) / 2, 0.0, atol=0.1)


def test_a_window_gives_the_input_of_several_moments() -> None:
    net = nef.Network()
    w = networks.delay(net, 12, 0.2, 12, **DIRECT)
    several = w.at([0.0, 0.05, 0.2])
    got = outputs(net, several, {w.input: lambda t: np.sin(10 * t)}, 1.0)
    t = np.arange(1, 1001) * 0.001
    # Twelve polynomials over a third of a period are as good as exact; a value that is held for
    # a step is half a step old.
    for column, ago in zip(got.T, (0.0005, 0.0505, 0.2005), strict=True):
        assert np.abs(column - np.sin(10 * (t - ago)))[500:].max() < 1e-3


def test_a_lag_of_values_is_made_up_for_to_the_first_order() -> None:
    """A turning state that is seen 2 ms late, with the transforms for this, turns as it should."""
    turning = 2 * np.pi * np.array([[0.0, -1.0], [1.0, 0.0]])
    ends = []
    for lag in (0.0, 0.002):
        net = nef.Network()
        s = networks.system(net, 2, turning, [[1.0], [0.0]], lag=lag, **DIRECT)
        real, late = s.realisation, nef.Network()
        start = late.node(lambda t: 50.0 * (t <= 0.02))
        x, seen = late.node(size_in=2), late.node(size_in=2)
        for matrix, synapse in real.inputs:
            late.connect(start, x, transform=matrix, synapse=synapse)
        late.connect(x, seen, synapse=None, delay=0.002)
        late.connect(seen, x, transform=real.recurrent, synapse=real.synapse)
        y = late.probe(x)
        with nef.Simulator(late, progress=False) as sim:
            sim.run(2.01)
        ends.append(np.linalg.norm(sim.data[y][-1] - [1.0, 0.0]))
    # The second order of w lag, over the 12.6 rad of two turns: 12.6 (w lag)^2 / 2 and the
    # start, which lasts 20 ms.
    assert ends[1] < 0.02 < 0.1 < ends[0]


def test_a_lag_needs_a_lowpass() -> None:
    with pytest.raises(ValueError, match=r"system: lag must .*, got .*; .*\.$"):
        networks.system(nef.Network(), 10, [[-1.0]], [1.0], nef.Alpha(0.1), lag=0.001)


def test_a_lag_that_is_long_for_the_system_is_refused_and_left_out_of_fast_delays() -> None:
    with pytest.raises(ValueError, match=r"system: lag must .*, got .*; .*\.$"):
        networks.system(nef.Network(), 10, [[-200.0]], [1.0], lag=0.001)
    plain, fast = (networks.delay(nef.Network(), 27, 0.1, 27, lag=lag) for lag in (0.0, None))
    np.testing.assert_array_equal(
        plain.system.realisation.recurrent, fast.system.realisation.recurrent
    )


def test_spikes_that_lead_are_made_up_for_in_a_delay() -> None:
    """Spiking neurons lead by about a millisecond, with which a delay of 1 s is too short."""
    errors = []
    for lag in (0.0, None):
        net = nef.Network(seed=1)
        signal = nef.WhiteSignal(8.0, high=1.0, rms=0.35, seed=1)
        another = nef.WhiteSignal(8.0, high=1.0, rms=0.35, seed=2)
        d = networks.delay(net, 1000, 1.0, lag=lag, sample=another.run(8.0)[:, 0])
        got = outputs_behind(net, d.output, {d.input: signal}, 8.0)
        ideal = nef.Lowpass(0.1).filt(signal.run(8.0)[:-1000])[1000:]
        errors.append(np.std(got[2000:] - ideal) / np.std(ideal))
    assert errors[1] < 0.03 < 0.035 < errors[0]


# Memories


def test_a_gate_keeps_a_value_and_a_reset_clears_it() -> None:
    net = nef.Network(seed=1)
    m = networks.input_gated_memory(net, 200, 1, difference_gain=5.0)
    for node, signal in (
        (m.input, lambda t: 0.6 if t < 0.5 else -0.6),
        (m.gate, lambda t: float(t > 0.4)),
        (m.reset, lambda t: float(t > 1.2)),
    ):
        net.connect(net.node(signal), node, synapse=None)
    y = net.probe(m.output, synapse=0.05)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(1.6)
    value = sim.data[y][:, 0]
    assert value[390] == pytest.approx(0.6, abs=0.05)
    assert value[1190] == pytest.approx(value[450], abs=0.1)
    assert value[-1] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("clean", [False, True])
def test_an_associative_memory_gives_the_partner_or_the_default(clean: bool) -> None:
    net = nef.Network(seed=1)
    keys, values = np.eye(3), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    m = networks.associative_memory(
        net, keys, values, winner_take_all=True, clean=clean, default=[-1.0, -1.0]
    )
    net.connect(net.node(lambda t: keys[1] * (t < 0.4) * 0.8), m.input, synapse=None)
    y = net.probe(m.output, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(0.8)
    # A utility is a step that saturates at .8 within 10 %.
    np.testing.assert_allclose(sim.data[y][390], [0.0, 1.0], atol=0.15)
    np.testing.assert_allclose(sim.data[y][-1], [-1.0, -1.0], atol=0.15)


# Choices


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_value_wins_and_a_reset_starts_again(seed: int) -> None:
    net = nef.Network(seed=seed)
    race = networks.winner_take_all(net, 300, 4)
    values = np.full(4, 0.7)
    values[seed % 4] = 0.8
    net.connect(net.node(lambda t: values if t < 1.0 else values[::-1]), race.input, synapse=None)
    net.connect(net.node(lambda t: float(1.0 < t < 1.5)), race.reset, synapse=None)
    y = net.probe(race.output, synapse=0.02)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(2.5)
    first, second = np.eye(4)[[seed % 4, 3 - seed % 4]]
    assert np.array_equal(sim.data[y][999] > 0.5, first > 0)
    assert np.array_equal(sim.data[y][-1] > 0.5, second > 0)


def test_a_thresholding_population_is_silent_below() -> None:
    net = nef.Network(seed=1)
    gate = networks.thresholding(net, 50, 1, 0.4, radius=2.0)
    net.connect(net.node(lambda t: 0.39 if t <= 0.3 else 1.5), gate.input, synapse=None)
    spikes = net.probe(gate.ensembles[0].neurons)
    y = net.probe(gate.output, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(0.6)
    assert sim.data[spikes][:300].sum() == 0
    assert sim.data[y][-1, 0] == pytest.approx(1.5, abs=0.1)


def test_decisions_follow_drift_and_diffusion() -> None:
    net = nef.Network(seed=1)
    choice = networks.decision(net, 500)
    net.connect(net.node(1.0), choice.input, synapse=None)
    y = net.probe(choice.output, synapse=0.003)
    with nef.Simulator(net, batch_size=200, progress=False) as sim:
        sim.run(4.0)
    passed = sim.data[y] > 0.5
    decided = passed.any(axis=(1, 2))
    times = np.where(passed.any(axis=1), passed.argmax(axis=1) * 0.001, np.inf)[decided]
    # Three standard errors of 200 trials are .07 and .13 s; .05 s pass until a bound is seen.
    assert decided.mean() > 0.98
    assert (times[:, 0] < times[:, 1]).mean() == pytest.approx(1 / (1 + np.exp(-2)), abs=0.07)
    assert times.min(axis=1).mean() == pytest.approx(np.tanh(1.0) + 0.05, abs=0.13)
    assert not (passed[:, -1].all(axis=1)).any()


@pytest.mark.parametrize(("bound", "tau"), [(1.0, 0.1), (2.0, 0.05)])
def test_evidence_beyond_a_bound_is_driven_on_by_three_bounds_in_tau(
    bound: float, tau: float
) -> None:
    net = nef.Network(seed=1)
    choice = networks.decision(net, 5, noise=0.0, bound=bound, tau=tau, **DIRECT)
    x = outputs(net, choice.evidence, {choice.input: -4.0}, 1.2 * bound / 4)[:, 0]
    first = int(np.argmin(x > -bound))
    assert x[first] == pytest.approx(-bound, abs=0.01 * bound)
    # A step of 20 around the bound is 1 from 1.5 bounds on, up to exp(-10).
    slope = (x[-1] - x[-11]) / 0.01
    assert x[-11] < -1.5 * bound
    assert slope == pytest.approx(-4.0 - 3 * bound / tau, rel=1e-4)


def test_adaptive_control_starts_at_0_and_learns_a_constant_force() -> None:
    net = nef.Network(seed=1)
    adaptive = networks.adaptive_control(net, 100, 2, size_out=2, learning_rate=1e-3)
    target = np.array([0.5, -0.3])
    error = net.node(size_in=2)
    net.connect(net.node(target), error, synapse=None)
    net.connect(adaptive.output, error, transform=-1)
    net.connect(error, adaptive.control, synapse=None)
    y = net.probe(adaptive.output, synapse=0.05)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(2.0)
    assert np.abs(sim.data[y][1]).max() < 0.05
    np.testing.assert_allclose(sim.data[y][-1], target, atol=0.02)


def test_weights_of_a_reservoir_have_the_spectral_radius() -> None:
    net = nef.Network()
    pool = networks.reservoir(net, 80, 1, spectral_radius=1.3, density=0.2, seed=5)
    assert np.abs(np.linalg.eigvals(pool.weights)).max() == pytest.approx(1.3)
    assert (pool.weights != 0).mean() == pytest.approx(0.2, abs=0.03)
    assert np.array_equal(networks.reservoir(net, 80, 1, 1.3, 0.2, seed=5).weights, pool.weights)
