"""Laws of the LIF neuron's steps: exact within the step, and Euler's."""

import naive
import numpy as np
import pytest
from neuron_runs import spike_counts, started

import nefsim as nef


@pytest.mark.parametrize(
    ("tau_rc", "tau_ref", "dt", "seconds"),
    [
        (0.02, 0.002, 0.001, 3),
        (0.02, 0.002, 0.0005, 1),
        (0.02, 0.002, 0.002, 5),
        (0.02, 0.01, 0.005, 10),
        (0.02, 0.05, 0.005, 10),
        (0.02, 0.002, 0.005, 10),
        (0.02, 0.0, 0.001, 3),
        (1e-4, 0.002, 0.001, 3),
        (3e-5, 0.002, 0.001, 3),
        (1e-6, 0.002, 0.001, 3),
        (1e-5, 0.1, 0.001, 3),
    ],
)
def test_spikes_are_within_one_of_rate_times_time_at_every_step(tau_rc, tau_ref, dt, seconds):
    """A step longer than tau_ref may hold a neuron at 0 until its end, and loses that time."""
    rng = np.random.default_rng(0)
    neuron = nef.LIF(tau_rc, tau_ref)
    J = np.concatenate([rng.uniform(0.5, 20, 200), rng.uniform(20, 1000, 50)])
    counts = spike_counts(neuron, J, dt, round(seconds / dt), rng)
    t = dt * np.arange(1, len(counts) + 1)[:, None]
    rates = neuron.rates(J)
    lost = max(dt - tau_ref, 0.0)
    # Time and interval are sums of rounded numbers.
    assert (counts <= t * rates + 1 + 1e-9).all()
    assert (counts >= t * rates / (1 + lost * rates) - 1 - 1e-9).all()
    assert counts[-1].max() > 20


def log_form_step(J, v, refractory, neuron, dt):
    """The step by expm1 and log1p: the refractory time itself, and the overshoot of the end."""
    refractory -= dt
    delta = np.clip(dt - refractory, 0, dt)
    v -= (J - v) * np.expm1(-delta / neuron.tau_rc)
    np.maximum(v, neuron.min_voltage, out=v)
    fired = v > 1
    overshoot = (v[fired] - 1) / (J[fired] - 1)
    refractory[fired] = neuron.tau_ref + dt + neuron.tau_rc * np.log1p(-overshoot)
    v[fired] = 0
    return fired


def random_lif(rng):
    """A LIF neuron type and a dt; rounding is magnified by exp(dt / tau_rc) < 150."""
    neuron = nef.LIF(
        tau_rc=10 ** rng.uniform(-3, -1),
        tau_ref=rng.choice([0.0, 0.002, rng.uniform(0, 0.1)]),
        min_voltage=rng.choice([0.0, -rng.uniform(0, 3)]),
        amplitude=rng.uniform(0.1, 10),
    )
    return neuron, 10 ** rng.uniform(-4, -2.3)


def test_the_exact_step_is_the_logarithm_form_in_every_spike():
    rng = np.random.default_rng(1)
    n, n_spikes = 500, 0
    for _ in range(80):
        neuron, dt = random_lif(rng)
        state, out = started(neuron, n, dt, rng)
        v, refractory = state["voltage"].copy(), np.zeros(n)
        scale = 10 ** rng.uniform(-1, 3, n)
        for _ in range(50):
            J = scale * rng.normal(0.5, 1.0, n)
            neuron.step(J, state, dt, out)
            fired = log_form_step(J, v, refractory, neuron, dt)
            n_spikes += fired.sum()
            np.testing.assert_array_equal(out, np.where(fired, neuron.amplitude / dt, 0.0))
            # Currents of some 1000 have a rounding of 1e-13, which each step may add.
            np.testing.assert_allclose(state["voltage"], v, rtol=0, atol=1e-10)
            read = neuron.read(state, "refractory_time")
            np.testing.assert_allclose(read, np.maximum(refractory, 0), rtol=0, atol=1e-13)
    assert n_spikes > 300_000


@pytest.mark.parametrize(
    ("tau_rc", "tau_ref", "dt"),
    [
        (0.02, 0.002, 0.001),
        (2e-5, 0.0, 0.001),
        (2e-5, 0.0005, 0.001),
        (2e-5, 0.002, 0.001),
        (1e-5, 0.1, 0.001),
        (1e-6, 0.002, 0.001),
        (1e-6, 0.0, 0.001),
        (1e-300, 0.002, 0.001),
        (1e-3, 1.0, 0.0001),
    ],
)
def test_the_exact_step_is_the_scalar_loop_where_exponentials_overflow_too(tau_rc, tau_ref, dt):
    rng = np.random.default_rng(2)
    neuron = nef.LIF(tau_rc, tau_ref)
    n, n_spikes = 50, 0
    state, out = started(neuron, n, dt, rng)
    loop = [(v, 0.0) for v in state["voltage"].tolist()]
    for _ in range(200):
        J = 10 ** rng.uniform(-1, 3, n) * rng.choice([-1, 1, 1], n)
        neuron.step(J, state, dt, out)
        steps = [naive.exact_lif(*pair, dt, tau_rc, tau_ref) for pair in zip(J, loop, strict=True)]
        loop = [after for _, after in steps]
        n_spikes += sum(fired for fired, _ in steps)
        np.testing.assert_array_equal(out > 0, [fired for fired, _ in steps])
        # Rounding of currents up to 1000, magnified less than tenfold within a step.
        np.testing.assert_allclose(state["voltage"], [v for v, _ in loop], rtol=0, atol=1e-12)
        wait = [max(refractory, 0.0) for _, refractory in loop]
        np.testing.assert_allclose(
            neuron.read(state, "refractory_time"), wait, rtol=1e-12, atol=1e-15
        )
    assert n_spikes > 40


@pytest.mark.parametrize("neuron", [nef.LIF(), nef.AdaptiveLIF(), nef.LIF(method="euler")])
def test_a_neuron_that_starts_refractory_is_silent_for_that_long(neuron):
    wait = np.array([0.0, 0.5, 2.0, 1e5])
    state = neuron.start(
        {"voltage": np.zeros(4), "refractory_time": wait, "adaptation": np.zeros(4)}, 0.001
    )
    first, out = np.full(4, np.inf), np.zeros(4)
    for k in range(1, 2101):
        neuron.step(np.full(4, 5.0), state, 0.001, out)
        first[(out > 0) & (first == np.inf)] = k * 0.001
    # The rise to threshold takes 20 ms * ln(5/4) = 4.5 ms, read at the end of a step.
    rise = first - wait
    assert ((rise[:3] > 0.003) & (rise[:3] < 0.0061)).all()
    assert first[3] == np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tau_rc", [0.02, 1e-4, 3e-5, 1e-6])
def test_single_precision_counts_the_same_spikes_but_one(dtype, tau_rc):
    neuron, rng = nef.LIF(tau_rc), np.random.default_rng(3)
    J = rng.uniform(1.1, 50, 100).astype(dtype)
    state, out = started(neuron, 100, 0.001, rng)
    state = {name: value.astype(dtype) for name, value in state.items()}
    out, count = out.astype(dtype), np.zeros(100)
    for _ in range(1000):
        neuron.step(J, state, 0.001, out)
        count += out > 0
    assert {value.dtype for value in (*state.values(), out)} == {np.dtype(dtype)}
    assert (np.abs(count - neuron.rates(J.astype(float))) <= 1).all()


def test_the_euler_step_is_the_scalar_loop_bit_for_bit():
    rng = np.random.default_rng(4)
    neuron = nef.LIF(tau_rc=0.03, tau_ref=0.0025, method="euler")
    state, out = started(neuron, 40, 0.001, rng)
    loop = [(v, 0.0) for v in state["voltage"].tolist()]
    n_spikes = 0
    for _ in range(2000):
        J = rng.normal(1, 5, 40)
        neuron.step(J, state, 0.001, out)
        steps = [naive.euler_lif(*pair, 0.001, 0.03, 0.0025) for pair in zip(J, loop, strict=True)]
        loop = [after for _, after in steps]
        n_spikes += sum(fired for fired, _ in steps)
        np.testing.assert_array_equal(out, [1000.0 * fired for fired, _ in steps])
        np.testing.assert_array_equal(state["voltage"], [v for v, _ in loop])
        np.testing.assert_array_equal(state["refractory_time"], [wait for _, wait in loop])
    assert n_spikes > 1000
