"""Laws of the neurons: rate curves and their inverses, and steps that follow them."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from neuron_runs import spike_counts, started

import nefsim as nef
from nefsim.neurons.izhikevich import COUNT_STEPS, SETTLE_STEPS, rate_table

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

TAU_RC, TAU_REF, AMPLITUDE = st.floats(1e-3, 0.1), st.floats(0, 0.01), st.floats(0.1, 10)
INCREASE = st.floats(0, 0.1)
FAST = st.floats(1e-3, 0.01)
LIF_RATE = st.builds(nef.LIFRate, TAU_RC, TAU_REF, AMPLITUDE)
LIF_LIKE = st.one_of(
    LIF_RATE,
    st.builds(nef.LIF, TAU_RC, TAU_REF, amplitude=AMPLITUDE),
    st.builds(nef.AdaptiveLIF, TAU_RC, TAU_REF, inc_n=INCREASE, amplitude=AMPLITUDE),
    st.builds(nef.AdaptiveLIFRate, TAU_RC, TAU_REF, inc_n=INCREASE, amplitude=AMPLITUDE),
    st.builds(nef.RegularSpiking, LIF_RATE, AMPLITUDE),
)
SMOOTH = st.one_of(st.builds(nef.Sigmoid, FAST), st.builds(nef.Tanh, FAST))
NEURONS = st.one_of(
    LIF_LIKE,
    SMOOTH,
    st.builds(nef.RectifiedLinear, AMPLITUDE),
    st.builds(nef.SpikingRectifiedLinear, AMPLITUDE),
    st.builds(nef.PoissonSpiking, LIF_LIKE.filter(lambda n: not n.spiking), AMPLITUDE),
    st.builds(nef.StochasticSpiking, st.builds(nef.RectifiedLinear, AMPLITUDE), AMPLITUDE),
    st.sampled_from([nef.Izhikevich(), nef.Izhikevich(reset_voltage=-50, reset_recovery=2)]),
)
SHARE = st.floats(0.001, 0.999)  # of the way from the lowest rate to the limit

#: One of each type, for tests without random parameters.
ALL = [
    nef.LIF(amplitude=0.5),
    nef.LIF(tau_rc=1e-5),
    nef.LIF(method="euler"),
    nef.LIFRate(),
    nef.AdaptiveLIF(),
    nef.AdaptiveLIFRate(),
    nef.RectifiedLinear(amplitude=3.0),
    nef.SpikingRectifiedLinear(),
    nef.Sigmoid(),
    nef.Tanh(),
    nef.Izhikevich(),
    nef.RegularSpiking(nef.Tanh()),
    nef.StochasticSpiking(nef.Tanh()),
    nef.PoissonSpiking(),
]
STOCHASTIC = (nef.StochasticSpiking, nef.PoissonSpiking)


def rate_at(neuron, share):
    """A firing rate between the lowest and the highest that the neuron can have."""
    top = min(neuron.rate_limit, 1000.0)
    return neuron.rate_floor + share * (top - neuron.rate_floor)


# -- rate curves --------------------------------------------------------------------------


@given(NEURONS, SHARE)
def test_rates_of_the_current_of_a_rate_are_the_rate(neuron, share):
    r = rate_at(neuron, share)
    J = float(neuron.current(r))
    # A rate is between the rates of the neighbours of its current; near the threshold
    # neighbouring floats are far apart in rate.
    near = 4 * np.spacing(max(abs(J), 1.0))
    low, high = neuron.rates([J - near, J + near])
    rounding = 1e-12 * neuron.output_per_hertz * min(neuron.rate_limit, 1000.0)
    assert low - rounding <= neuron.output_per_hertz * r <= high + rounding


@given(NEURONS, SHARE, st.floats(-1, 0.95))
def test_a_tuning_curve_passes_through_its_maximum_rate_and_its_intercept(neuron, share, intercept):
    r = rate_at(neuron, share)
    assume(neuron.current(r) > neuron.threshold_current + 1e-6)
    (gain,), (bias,) = nef.gain_bias(neuron, [r], [intercept])
    # Rounding in gain and bias, which grow as the intercept nears 1, moves the current.
    near = 8 * np.spacing(abs(gain) + abs(bias) + 1.0)
    rounding = 1e-12 * neuron.output_per_hertz * min(neuron.rate_limit, 1000.0)
    low, high = neuron.rates(gain + bias + np.array([-near, near]))
    assert low - rounding <= neuron.output_per_hertz * r <= high + rounding
    at_threshold = gain * intercept + bias
    assert at_threshold == pytest.approx(neuron.threshold_current, abs=near)
    if not isinstance(neuron, (nef.Sigmoid, nef.Tanh)):
        below, above = neuron.rates(at_threshold + np.array([-2, 2]) * (near + 1e-9))
        assert below == 0
        assert above > 0
    if isinstance(neuron, nef.Sigmoid):
        assert neuron.rates(at_threshold) == pytest.approx(0.5 / neuron.tau_ref, rel=1e-12)


@given(st.builds(nef.Sigmoid, FAST), st.floats(-1000, -40))
def test_rates_of_a_sigmoid_are_exponential_far_below_its_intercept(neuron, J):
    # 1 + exp(J) rounds to 1; below -709 the other exponential overflows, and the rate is 0.
    exact = np.exp(J) / neuron.tau_ref
    assert neuron.rates(J) == pytest.approx(exact, rel=1e-12, abs=1e-300)


@given(LIF_LIKE, st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_lif_rates_rise_with_the_current_and_stay_below_one_over_tau_ref(neuron, currents):
    rates = neuron.rates(np.sort(currents)) / neuron.output_per_hertz
    # Bisection and division round differently at neighbouring currents.
    assert (np.diff(rates) >= -1e-12 * rates[:-1]).all()
    assert (rates[np.sort(currents) <= 1] == 0).all()
    assert (rates < neuron.rate_limit).all()


@given(
    st.builds(nef.AdaptiveLIF, TAU_RC, TAU_REF, inc_n=INCREASE, amplitude=AMPLITUDE),
    st.floats(1.001, 1e4),
)
def test_an_adapted_neuron_fires_like_one_without_adaptation_at_the_net_current(neuron, J):
    rate = neuron.rates(J)
    lif = nef.LIF(neuron.tau_rc, neuron.tau_ref)
    net = J - neuron.inc_n * rate
    near = 8 * np.spacing(J)
    low, high = neuron.amplitude * lif.rates([net - near, net + near])
    assert low * (1 - 1e-12) <= rate <= high * (1 + 1e-12)


# -- the other types ----------------------------------------------------------------------


@pytest.mark.parametrize("neuron", [n for n in ALL if not isinstance(n, STOCHASTIC)], ids=repr)
def test_leading_axes_are_separate_runs(neuron):
    rng = np.random.default_rng(5)
    J = rng.normal(20, 30, (60, 3, 2, 7))
    whole, out = started(neuron, (3, 2, 7), 0.001, np.random.default_rng(6))
    parts, single = started(neuron, (3, 2, 7), 0.001, np.random.default_rng(6))
    for now in J:
        neuron.step(now, whole, 0.001, out)
        for b in np.ndindex(3, 2):
            part = {name: value[b] for name, value in parts.items()}
            neuron.step(now[b], part, 0.001, single[b])
        np.testing.assert_array_equal(out, single)
    assert out.any()
    for name in neuron.initial_state:
        np.testing.assert_array_equal(neuron.read(whole, name), neuron.read(parts, name))


@pytest.mark.parametrize("neuron", [n for n in ALL if not n.spiking], ids=repr)
def test_the_output_of_rate_neurons_is_their_rate(neuron):
    J = np.random.default_rng(7).normal(1, 5, 200)
    state, out = started(neuron, 200, 0.001, None)
    neuron.step(J, state, 0.001, out)
    if isinstance(neuron, nef.AdaptiveLIFRate):  # not yet adapted in its first step
        neuron = nef.LIFRate()
    # The smooth curves are scaled before or after the function.
    np.testing.assert_allclose(out, neuron.rates(J), rtol=1e-14)


@pytest.mark.parametrize(
    "neuron",
    [nef.SpikingRectifiedLinear(2.0), nef.RegularSpiking(), nef.RegularSpiking(nef.Tanh(0.01))],
    ids=repr,
)
def test_regular_spikes_are_within_one_of_rate_times_time_at_every_step(neuron):
    rng = np.random.default_rng(8)
    J = rng.uniform(-20 if neuron.negative else 0, 3000, 300)  # several spikes in a step
    counts = spike_counts(neuron, J, 0.001, 2000, rng)
    t = 0.001 * np.arange(1, 2001)[:, None]
    # 2000 additions of a rate times dt are rounded.
    assert (np.abs(counts - t * neuron.rates(J) / neuron.amplitude) <= 1 + 1e-9).all()
    np.testing.assert_array_equal(counts, np.round(counts))


@pytest.mark.parametrize("neuron", [nef.AdaptiveLIF(tau_n=0.5), nef.AdaptiveLIFRate(tau_n=0.5)])
def test_adaptive_neurons_reach_their_steady_rate(neuron):
    J, settle, count = np.linspace(0.5, 20, 60), 6000, 10_000
    state, out = started(neuron, 60, 0.001, np.random.default_rng(9))
    total = np.zeros(60)
    for k in range(settle + count):
        neuron.step(J, state, 0.001, out)
        if k >= settle:
            total += out * 0.001
    measured = total / (count * 0.001)
    # A spike raises the adaptation by inc_n / tau_n, so that the current which a neuron
    # sees is within that of its mean; one spike may be missed; and exp(-12) is not settled.
    ripple = neuron.inc_n / neuron.tau_n if neuron.spiking else 0.0
    missed = 1 / (count * 0.001) if neuron.spiking else 0.0
    unsettled = 20 * np.exp(-12)
    assert (measured >= neuron.rates(J - ripple - unsettled) - missed).all()
    assert (measured <= neuron.rates(J + ripple + unsettled) + missed).all()


@pytest.mark.parametrize("kind", STOCHASTIC)
@pytest.mark.parametrize("base", [nef.LIFRate(), nef.Tanh(0.001), nef.RectifiedLinear(40.0)])
def test_stochastic_spikes_have_the_mean_and_the_variance_of_their_kind(kind, base):
    J, dt, n_steps = np.linspace(-3, 100, 200), 0.001, 4000
    neuron = kind(base, amplitude=2.0)
    rng = np.random.default_rng(10)
    per_step = np.diff(spike_counts(neuron, J, dt, n_steps, rng), axis=0, prepend=0)
    mean = base.rates(J) * dt
    np.testing.assert_array_equal(neuron.rates(J), 2 * base.rates(J))
    if kind is nef.PoissonSpiking:
        variance = np.abs(mean)
    else:
        fraction = np.abs(mean) % 1
        variance = fraction * (1 - fraction)
        near_integer = 1e-9
        assert (np.abs(per_step - mean) < 1 + near_integer).all()
    np.testing.assert_array_equal(per_step, np.round(per_step))
    # Five standard errors, for 200 neurons at once: passed by chance but in 1e-4 of seeds.
    assert (np.abs(per_step.mean(axis=0) - mean) <= 5 * np.sqrt(variance / n_steps) + 1e-9).all()
    total, expected = per_step.var(axis=0).sum(), variance.sum()
    assert total == pytest.approx(expected, rel=0.03)  # five errors of a variance of 8e5 draws


def test_stochastic_neurons_need_a_generator():
    for kind in STOCHASTIC:
        state, out = started(kind(), 1, 0.001, None)
        with pytest.raises(ValueError, match=SENTENCE):
            kind().step(np.ones(1), state, 0.001, out)


IZHIKEVICH = [
    nef.Izhikevich(),
    nef.Izhikevich(reset_voltage=-50, reset_recovery=2),
    nef.Izhikevich(tau_recovery=0.1, coupling=0.25, reset_recovery=2),
]


@pytest.mark.parametrize("neuron", IZHIKEVICH)
def test_izhikevich_rates_are_the_spikes_counted_at_table_currents(neuron):
    currents, rates = rate_table(neuron)
    counts = spike_counts_of_izhikevich(neuron, currents)
    assert (np.diff(rates) >= 0).all()
    np.testing.assert_array_equal(rates, np.maximum.accumulate(counts))
    np.testing.assert_array_equal(neuron.rates(currents), rates)


def spike_counts_of_izhikevich(neuron, currents):
    """Rates counted in steps of 1 ms after the time to settle [Hz], rounded as the neuron does."""
    a, b = neuron.tau_recovery, neuron.coupling
    v, u, count = np.zeros_like(currents), np.zeros_like(currents), 0
    for k in range(SETTLE_STEPS + COUNT_STEPS):
        v = v + (0.04 * v**2 + 5 * v + 140 - u + currents) * 1000 * 0.001
        fired = v >= 30
        v = np.where(fired, neuron.reset_voltage, v)
        u = u + a * (b * v - u) * 1000 * 0.001
        u = u + np.where(fired, neuron.reset_recovery, 0)
        count = count + fired * (k >= SETTLE_STEPS)
    return count / (COUNT_STEPS * 0.001)


@pytest.mark.parametrize("neuron", IZHIKEVICH)
def test_izhikevich_currents_invert_rates_on_flat_pieces_too(neuron):
    r = np.linspace(0, neuron.rate_limit * 0.999, 2001)
    # Division by the height of a step of the table, at least 0.5 Hz.
    np.testing.assert_allclose(neuron.rates(neuron.current(r)), r, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options", "mean", "spread"),
    [
        ("LIF", {}, 2, 5),
        ("LIF", {"tau_rc": 0.05, "tau_ref": 0.004, "min_voltage": -2, "amplitude": 0.3}, 2, 30),
        ("LIF", {"tau_ref": 0.0}, 2, 300),
        ("LIFRate", {"tau_ref": 0.001, "amplitude": 2}, 2, 5),
        ("AdaptiveLIF", {}, 5, 10),
        ("AdaptiveLIF", {"tau_n": 0.1, "inc_n": 0.05, "amplitude": 2, "min_voltage": -1}, 5, 10),
        ("AdaptiveLIFRate", {"tau_n": 0.1}, 5, 10),
        ("RectifiedLinear", {"amplitude": 2}, 20, 50),
        ("SpikingRectifiedLinear", {"amplitude": 2}, 200, 900),
        ("Sigmoid", {}, 0, 5),
        ("Tanh", {"tau_ref": 0.003}, 0, 2),
        ("Izhikevich", {}, 10, 20),
        ("Izhikevich", {"reset_voltage": -50, "reset_recovery": 2}, 10, 20),
        ("RegularSpiking", {"base_type": "LIFRate"}, 2, 5),
        ("RegularSpiking", {"base_type": "Tanh", "amplitude": 2}, 0, 2),
    ],
)
@pytest.mark.parametrize("dt", [0.001, 0.0005])
def test_steps_are_those_of_nengo(name, options, mean, spread, dt):
    nengo = pytest.importorskip("nengo")
    rng = np.random.default_rng(11)

    def made(package):
        given = {k: getattr(package, v)() if k == "base_type" else v for k, v in options.items()}
        return getattr(package, name)(**given)

    actual, reference = made(nef), made(nengo)
    names = list(reference.state)
    initial = {key: rng.random(300) if key == "voltage" else np.zeros(300) for key in names}
    their_state = {key: value.copy() for key, value in initial.items()}
    if "rate_out" in actual.initial_state:
        initial["rate_out"] = np.zeros(300)
    state, out, their_out = actual.start(initial, dt), np.zeros(300), np.zeros(300)
    some = 0

    def their_step(J):
        if name == "RegularSpiking":  # its step takes rates, made by a step of the base type
            rates = np.zeros(300)
            reference.base_type.step(dt, J, rates)
            J = rates
        reference.step(dt, J, their_out, **their_state)

    for _ in range(500):
        J = rng.normal(mean, spread, 300)
        actual.step(J, state, dt, out, rng)
        their_step(J)
        if actual.spiking:
            np.testing.assert_array_equal(out, their_out)
        else:
            np.testing.assert_allclose(out, their_out, rtol=1e-13, atol=1e-11)
        some += np.count_nonzero(out)
    assert some > 2000
    for key in names:
        floor = 0.0 if key == "refractory_time" else -np.inf
        expected = np.maximum(their_state[key], floor)
        # 500 steps of rounding; Nengo's refractory time runs on below 0.
        np.testing.assert_allclose(actual.read(state, key), expected, rtol=1e-9, atol=1e-10)


# -- errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nef.LIF(tau_rc=0),
        lambda: nef.LIF(tau_ref=-1),
        lambda: nef.LIF(min_voltage=0.1),
        lambda: nef.LIF(amplitude=0),
        lambda: nef.LIF(method="rk4"),
        lambda: nef.AdaptiveLIF(inc_n=-0.1),
        lambda: nef.Sigmoid(tau_ref=None),
        lambda: nef.Izhikevich(tau_recovery=2),
        lambda: nef.Izhikevich(tau_recovery=0.6, reset_recovery=5000),  # fires at any current
        lambda: nef.RegularSpiking(nef.LIF()),
        lambda: nef.PoissonSpiking(nef.Direct()),
        lambda: nef.LIF().rates(np.array([np.nan])),
        lambda: nef.LIF().rates([np.inf]),
        lambda: nef.LIF().current(500),
        lambda: nef.LIF().current(np.nextafter(500, 0)),
        lambda: nef.LIF().current(-1),
        lambda: nef.Sigmoid().current(0),
        lambda: nef.Tanh().current(-400),
        lambda: nef.Direct().rates(0),
        lambda: nef.Direct().current(0),
        lambda: nef.LIF().start({"voltage": np.full(1, 1.1), "refractory_time": np.zeros(1)}, 0.1),
    ],
)
def test_invalid_arguments_raise_one_sentence(wrong):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        wrong()


def test_the_output_of_direct_mode_is_its_input():
    J, out = np.array([1.5, -2.0]), np.zeros(2)
    nef.Direct().step(J, {}, 0.001, out)
    np.testing.assert_array_equal(out, J)


def test_a_neuron_type_that_is_no_dataclass_is_refused_with_the_cure() -> None:
    class Plain(nef.neurons.NeuronType):
        spiking = False

        def rates(self, J):
            return np.asarray(J)

        def current(self, rates):
            return np.asarray(rates)

        def step(self, J, state, dt, out, rng=None):
            out[...] = J

    with pytest.raises(TypeError, match=r"Plain: class must be a dataclass.*frozen=True"):
        hash(Plain())
