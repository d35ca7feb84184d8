"""Laws of encoding: gains and biases, tuning curves, and weights from factors."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nefsim as nef

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

RNG = np.random.default_rng(0)
TAU_RC, TAU_REF = st.floats(0.005, 0.1), st.floats(0, 0.005)
RATE, INTERCEPT = st.floats(20, 190), st.floats(-1, 0.99)
TYPES = [
    nef.LIF(),
    nef.LIF(amplitude=0.2, method="euler"),
    nef.AdaptiveLIF(amplitude=3.0),
    nef.RectifiedLinear(amplitude=3.0),
    nef.SpikingRectifiedLinear(),
    nef.Tanh(),
    nef.Izhikevich(),
    nef.RegularSpiking(nef.LIFRate(amplitude=0.1), amplitude=2.0),
]


def population(n, d, seed=0):
    """Encoders of length 1, gains and biases of LIF neurons."""
    rng = np.random.default_rng(seed)
    encoders = rng.normal(size=(n, d))
    encoders /= np.linalg.norm(encoders, axis=1, keepdims=True)
    expected = rng.uniform(100, 200, n), rng.uniform(-1, 0.9, n)
    return encoders, *nef.gain_bias(nef.LIF(), *expected)


# -- gains and biases ---------------------------------------------------------------------


@given(RATE, INTERCEPT, TAU_RC, TAU_REF)
def test_gain_and_bias_are_those_of_the_plain_loop(rate, intercept, tau_rc, tau_ref):
    (gain,), (bias,) = nef.gain_bias(nef.LIF(tau_rc, tau_ref), [rate], [intercept])
    g, b = naive.gain_bias(rate, intercept, tau_rc, tau_ref)
    # The loop takes 1 - z, where z is near 1 for slow neurons, and divides by 1 - intercept.
    rounding = 1e-14 * (1 + abs(g) + 1 / (1 - intercept))
    assert gain == pytest.approx(g, rel=1e-12, abs=rounding)
    assert bias == pytest.approx(b, rel=1e-12, abs=rounding)


@pytest.mark.parametrize("neuron", TYPES, ids=repr)
def test_rates_and_intercepts_of_gain_and_bias_are_the_passed_ones(neuron):
    rates, intercepts = RNG.uniform(20, 300, 100), RNG.uniform(-1, 0.95, 100)
    gain, bias = nef.gain_bias(neuron, rates, intercepts)
    found_rates, found_intercepts = nef.max_rates_intercepts(neuron, gain, bias)
    # Izhikevich's table has steps of 0.5 Hz to divide by; the others lose fewer digits.
    np.testing.assert_allclose(found_rates, rates, rtol=1e-10)
    np.testing.assert_allclose(found_intercepts, intercepts, rtol=0, atol=1e-12)


def test_one_rate_or_one_intercept_is_for_all_neurons():
    rates, intercepts = np.array([100.0, 150.0, 200.0]), np.array([-0.5, 0.0, 0.5])
    for one, many in (
        ((rates, 0.1), (rates, np.full(3, 0.1))),
        ((120.0, intercepts), (np.full(3, 120.0), intercepts)),
    ):
        got, expected = nef.gain_bias(nef.LIF(), *one), nef.gain_bias(nef.LIF(), *many)
        np.testing.assert_array_equal(got, expected)


# -- tuning curves ------------------------------------------------------------------------


def test_tuning_curves_are_the_scalar_equation():
    encoders, gain, bias = population(30, 3)
    x = RNG.normal(size=(20, 3))
    A = nef.tuning_curves(nef.LIF(), x, encoders, gain, bias)
    loop = [
        [
            naive.lif_rate(naive.encode(point, e, g, b))
            for e, g, b in zip(encoders.tolist(), gain.tolist(), bias.tolist(), strict=True)
        ]
        for point in x.tolist()
    ]
    assert A.shape == (20, 30)
    np.testing.assert_allclose(A, loop, rtol=1e-10)  # the curve is steep at the threshold


def test_a_radius_scales_the_values():
    encoders, gain, bias = population(30, 2)
    x = RNG.normal(size=(20, 2))
    np.testing.assert_array_equal(
        nef.tuning_curves(nef.LIF(), 4 * x, encoders, gain, bias, radius=4.0),
        nef.tuning_curves(nef.LIF(), x, encoders, gain, bias),
    )


def test_one_dimension_needs_no_columns():
    encoders, gain, bias = population(5, 1)
    x = np.linspace(-1, 1, 7)
    np.testing.assert_array_equal(
        nef.tuning_curves(nef.LIF(), x, encoders[:, 0], gain, bias),
        nef.tuning_curves(nef.LIF(), x[:, None], encoders, gain, bias),
    )


@pytest.mark.parametrize("seconds", [0.5, 2.0])
@pytest.mark.parametrize("dt", [0.001, 0.002])
def test_measured_tuning_curves_are_within_one_spike_of_the_closed_form(seconds, dt):
    encoders, gain, bias = population(40, 2)
    x = RNG.normal(size=(25, 2))
    exact = nef.tuning_curves(nef.LIF(), x, encoders, gain, bias)
    measured = nef.measure_tuning_curves(
        nef.LIF(), x, encoders, gain, bias, seconds=seconds, dt=dt, rng=1
    )
    # One spike in the time measured; sums of spikes are rounded.
    assert (np.abs(measured - exact) <= 1 / seconds + 1e-9).all()
    assert (measured != exact).any()


@pytest.mark.parametrize("neuron", [nef.LIFRate(), nef.Sigmoid(), nef.RectifiedLinear(2.0)])
def test_measured_rates_of_rate_neurons_are_the_closed_form(neuron):
    encoders, gain, bias = population(10, 1)
    measured = nef.measure_tuning_curves(neuron, [-1, 0.5, 1], encoders, gain, bias, seconds=0.05)
    exact = nef.tuning_curves(neuron, [-1, 0.5, 1], encoders, gain, bias)
    np.testing.assert_allclose(measured, exact, rtol=1e-13)  # a mean of 50 equal numbers


def test_a_seed_measures_the_same_curves_again():
    encoders, gain, bias = population(10, 1)
    neuron = nef.PoissonSpiking()
    first, again, other = (
        nef.measure_tuning_curves(neuron, [0.5, 1], encoders, gain, bias, rng=rng)
        for rng in (1, np.random.default_rng(1), 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


# -- weights ------------------------------------------------------------------------------


@given(st.integers(1, 30), st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32))
def test_weights_are_the_factored_path(n, m, d, seed):
    rng = np.random.default_rng(seed)
    decoders, rates = rng.normal(size=(n, d)), rng.uniform(0, 100, n)
    encoders, gain, _ = population(m, d, seed)
    W = nef.connection_weights(decoders, encoders, gain)
    assert W.shape == (m, n)
    factored = gain * (encoders @ (decoders.T @ rates))
    # Two orders of summing n * d products.
    scale = np.abs(gain).max() * 100 * n * d
    np.testing.assert_allclose(W @ rates, factored, rtol=0, atol=1e-14 * scale)


@pytest.mark.parametrize("radius", [1.0, 2.5])
def test_a_network_has_the_weights_of_its_factors_and_runs_the_same_with_either(radius):
    spikes = []
    for full in (False, True):
        net = nef.Network(seed=3)
        a, b = net.ensemble(40, 2), net.ensemble(30, 1, radius=radius)
        net.connect(net.node(lambda t: [np.sin(7 * t), np.cos(3 * t)], size_out=2), a)
        conn = net.connect(
            a, b, function=lambda x: x[0] * x[1], transform=3.0, solver=nef.LstsqL2(weights=full)
        )
        out = net.probe(b.neurons)
        sim = nef.Simulator(net, backend="numpy")
        sim.run(0.5)
        spikes.append(sim.data[out])
        after = sim.data[b]
        W = nef.connection_weights(
            3.0 * sim.data[conn].decoders, after.encoders / radius, after.gain
        )
        np.testing.assert_allclose(sim.data[conn].weights, W, rtol=1e-12)
        assert W.shape == (30, 40)
    assert spikes[0].any()
    np.testing.assert_array_equal(*spikes)


# -- errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nef.gain_bias(nef.LIF(), [100, 600], [0, 0]),
        lambda: nef.gain_bias(nef.LIF(), [500], [0]),
        lambda: nef.gain_bias(nef.LIF(), [np.nextafter(500, 0)], [0]),
        lambda: nef.gain_bias(nef.LIF(), [0], [0]),
        lambda: nef.gain_bias(nef.Sigmoid(), [200], [0]),
        lambda: nef.gain_bias(nef.LIF(), [100], [1]),
        lambda: nef.gain_bias(nef.LIF(), [100, 100], [0, 0, 0]),
        lambda: nef.gain_bias(nef.LIF(), [100], [[0, 0], [0, 0]]),
        lambda: nef.gain_bias(nef.LIF(), [], []),
        lambda: nef.gain_bias(nef.LIF(), [np.nan], [0]),
        lambda: nef.gain_bias(nef.LIF, [100], [0]),
        lambda: nef.gain_bias(nef.Direct(), [100], [0]),
        lambda: nef.max_rates_intercepts(nef.LIF(), [0.0], [1.0]),
        lambda: nef.max_rates_intercepts(nef.LIF(), [1.0, 1.0], [1.0]),
        lambda: nef.tuning_curves(nef.LIF(), [[0, 1]], [[1.0]], [1], [1]),
        lambda: nef.tuning_curves(nef.LIF(), [0], [[1.0]], [1, 1], [1]),
        lambda: nef.tuning_curves(nef.LIF(), [0], [[1.0]], [1], [1, 1]),
        lambda: nef.tuning_curves(nef.LIF(), [0], [[1.0]], [1], [1], radius=0),
        lambda: nef.tuning_curves(nef.LIF(), [np.inf], [[1.0]], [1], [1]),
        lambda: nef.tuning_curves(nef.LIF(), np.zeros((2, 1, 1)), [[1.0]], [1], [1]),
        lambda: nef.measure_tuning_curves(nef.LIF(), [0], [1], [1], [1], seconds=0),
        lambda: nef.measure_tuning_curves(nef.LIF(), [0], [1], [1], [1], seconds=1e-4),
        lambda: nef.measure_tuning_curves(nef.LIF(), [0], [1], [1], [1], dt=-1),
        lambda: nef.measure_tuning_curves(nef.LIF(), [0], [1], [1], [1], rng="x"),
        lambda: nef.connection_weights([[1.0]], [[1.0, 2.0]], [1.0]),
        lambda: nef.connection_weights([[1.0]], [[1.0]], [1.0, 1.0]),
        lambda: nef.connection_weights([1.0], [[1.0]], [1.0]),
        lambda: nef.connection_weights(None, [[1.0]], [1.0]),
    ],
)
def test_invalid_arguments_raise_one_sentence(wrong):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        wrong()


def test_the_sentence_names_the_neuron_that_is_out_of_reach():
    with pytest.raises(ValueError, match=r"1/tau_ref = 500 Hz, got 600 Hz \(neuron 3\)"):
        nef.gain_bias(nef.LIF(), [100, 200, 300, 600], np.zeros(4))


def test_response_curves_are_tuning_curves_along_each_encoder() -> None:
    rng = np.random.default_rng(0)
    rates, intercepts = rng.uniform(50, 200, 20), rng.uniform(-0.9, 0.9, 20)
    gain, bias = nef.gain_bias(nef.LIF(), rates, intercepts)
    x = np.linspace(-1, 1, 11)
    curves = nef.response_curves(nef.LIF(), x, gain, bias)
    assert curves.shape == (11, 20)
    np.testing.assert_allclose(curves[-1], rates)
    at = np.diag(nef.response_curves(nef.LIF(), intercepts + 1e-9, gain, bias))
    assert (at < 0.2 * rates).all()
    along = nef.tuning_curves(nef.LIF(), x, np.ones(20), gain, bias)
    np.testing.assert_allclose(curves, along)
