"""The variance of filtered spike trains, by sums over harmonics and by trains."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nefsim as nef
from nefsim import spike_noise

DT = 0.001
FILTERS = [
    None,
    nef.Lowpass(0.0),
    nef.Lowpass(0.005),
    nef.Lowpass(0.1),
    nef.Alpha(0.01),
    nef.DoubleExp(0.02, 0.1),
    nef.Triangle(0.02),
    nef.LinearFilter([1.0], [1e-6, 3e-4, 0.03, 1.0]),
    nef.LinearFilter([0.0, 0.5, 0.5], [1.0, 0.0, 0.0], analog=False),
]
RATES = [3.1, 17.7, 97.3, 211.3, 390.1]


def response(synapse: nef.Synapse | None, frequencies: np.ndarray) -> np.ndarray:
    """A filter at frequencies, from its polynomials."""
    b, a = ([1.0], [1.0]) if synapse is None else synapse.coefficients(DT)
    z = np.exp(-2j * np.pi * frequencies * DT)
    return np.polyval(b[::-1], z) / np.polyval(a[::-1], z)


@pytest.mark.parametrize("synapse", FILTERS, ids=str)
def test_regular_trains_have_the_variance_of_the_harmonics_of_their_rate(
    synapse: nef.Synapse | None,
) -> None:
    k = np.arange(1.0, 200_000.0)
    wanted = [
        2 * a**2 * np.sum((np.sinc(k * a * DT) * np.abs(response(synapse, k * a))) ** 2)
        for a in RATES
    ]
    found = spike_noise.regular(RATES, synapse, DT)
    # The closed form of a lowpass lacks terms of the order of (dt / tau)²: 2 % at 5 ms.  The sum
    # is cut off where 1e-4 of it is left.
    lowpass = isinstance(synapse, nef.Lowpass) and synapse.tau > 0
    np.testing.assert_allclose(found, wanted, rtol=0.02 if lowpass else 2e-4)


@pytest.mark.parametrize("synapse", FILTERS, ids=str)
def test_poisson_trains_have_the_variance_of_white_noise(synapse: nef.Synapse | None) -> None:
    frequencies = (np.arange(200_000) + 0.5) / 200_000 / DT  # all of one period
    energy = np.mean(np.abs(response(synapse, frequencies)) ** 2)
    found = spike_noise.poisson(RATES, synapse, DT)
    # The taps end where 1e-16 of the energy is left.
    np.testing.assert_allclose(found, np.array(RATES) * energy / DT, rtol=1e-9)


@pytest.mark.parametrize("tau", [0.005, 0.02, 0.3])
def test_taps_of_a_lowpass_end_where_1e_16_of_their_energy_is_left(tau: float) -> None:
    """The energy from tap n on is a share of exp(-2 n dt / tau)."""
    n_taps = math.ceil(16 * math.log(10) / 2 * tau / DT)
    assert len(spike_noise._autocorrelation(nef.Lowpass(tau), DT)) == n_taps


@pytest.mark.parametrize("steps", [1, 1500])
def test_taps_of_a_delay_begin_after_it(steps: int) -> None:
    late = nef.LinearFilter([1.0], [1.0, -0.5] + [0.0] * steps, analog=False)
    assert not late.filt(np.eye(steps)[0]).any()
    # Taps of 1, 1/2, 1/4 and so on.
    np.testing.assert_allclose(spike_noise.poisson([50.0], late, DT), 4 / 3 * 50.0 / DT)


def test_a_slow_lowpass_has_the_closed_form() -> None:
    a, tau = np.array([0.5, 10.0, 300.0]), 0.1
    wanted = a / (2 * tau) / np.tanh(1 / (2 * tau * a)) - a**2
    # In steps of dt: (dt / tau)² / 12 of a / (2 tau), which is 200 times what is left at 300 Hz.
    np.testing.assert_allclose(spike_noise.regular(a, nef.Lowpass(tau), DT), wanted, rtol=2e-3)
    np.testing.assert_allclose(
        spike_noise.poisson(a, nef.Lowpass(tau), DT), a / (2 * tau), rtol=1e-4
    )


def test_without_a_filter_the_variance_is_that_of_a_coin() -> None:
    a = np.array([0.0, 1.0, 250.0, 1000.0])
    np.testing.assert_allclose(spike_noise.regular(a, None, DT), a / DT - a**2)
    np.testing.assert_allclose(spike_noise.poisson(a, None, DT), a / DT)


@pytest.mark.parametrize("synapse", [nef.Lowpass(0.02), nef.Alpha(0.01)], ids=str)
def test_spikes_of_the_neurons_have_these_variances(synapse: nef.Synapse) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, encoders=np.ones((20, 1)), intercepts=(-0.9, -0.1))
    b = net.ensemble(20, 1, neuron_type=nef.PoissonSpiking())
    net.connect(net.node(1.0), a, synapse=None)
    net.connect(net.node(0.5), b, synapse=None)
    regular, poisson = (net.probe(x.neurons, synapse=synapse) for x in (a, b))
    sim = nef.Simulator(net)
    sim.run(6.0)
    for probe, ensemble, x, law in (
        (regular, a, 1.0, spike_noise.regular),
        (poisson, b, 0.5, spike_noise.poisson),
    ):
        arrays = sim.data[ensemble]
        rates = nef.tuning_curves(
            ensemble.neuron_type, [x], arrays.encoders, arrays.gain, arrays.bias
        )[0]
        wanted, found = law(rates, synapse, DT).sum(), sim.data[probe][1000:].var(axis=0).sum()
        # Sums of 20 neurons over 5 s: Poisson trains have some 200 independent stretches each.
        assert found == pytest.approx(wanted, rel=0.1)


def test_many_rates_are_read_between_nodes() -> None:
    rates = np.linspace(0.0, 400.0, 2000)
    for synapse in (nef.Alpha(0.005), nef.Triangle(0.01)):
        wanted = np.concatenate(
            [spike_noise.regular(part, synapse, DT) for part in np.split(rates, 20)]
        )
        found = spike_noise.regular(rates, synapse, DT)
        # Lines between 256 nodes; means over points are what is asked for.
        assert found.mean() == pytest.approx(wanted.mean(), rel=2e-3)


@pytest.mark.parametrize(
    "synapse", [nef.LinearFilter([1.0], [1.0, 0.0]), nef.LinearFilter([1.0], [-0.1, 1.0])], ids=str
)
def test_filters_that_do_not_come_to_rest_have_finite_figures(synapse: nef.Synapse) -> None:
    for law in (spike_noise.regular, spike_noise.poisson):
        assert np.isfinite(law([0.0, 100.0], synapse, DT)).all()
    assert np.isfinite(spike_noise.gain(synapse, DT))


def test_negative_rates_are_as_noisy_as_positive_ones() -> None:
    for law in (spike_noise.regular, spike_noise.poisson):
        for synapse in (None, nef.Lowpass(0.01), nef.Alpha(0.01)):
            np.testing.assert_array_equal(law([-50.0], synapse, DT), law([50.0], synapse, DT))


def test_the_gain_is_the_largest_over_frequencies() -> None:
    assert spike_noise.gain(None, DT) == spike_noise.gain(nef.Lowpass(0.1), DT) == 1.0
    # Steps of 1 ms and taps that end leave 1e-6.
    assert spike_noise.gain(nef.LinearFilter([3.0], [0.01, 1.0]), DT) == pytest.approx(
        3.0, rel=1e-6
    )
    high = nef.LinearFilter([1.0, -1.0], [1.0, -0.9], analog=False)
    assert spike_noise.gain(high, DT) == pytest.approx(2 / 1.9, rel=1e-3)


@pytest.mark.parametrize("synapse", [f for f in FILTERS if f is not None], ids=str)
def test_taps_of_filters_in_a_row_are_those_of_one_after_the_other(synapse: nef.Synapse) -> None:
    both = 2.0 * synapse * nef.Lowpass(0.01)
    taps = spike_noise._taps(both, DT)
    impulse = np.eye(len(taps) + 2000)[0]
    wanted = 2.0 * nef.Lowpass(0.01).filt(synapse.filt(impulse, DT), DT)
    # Taps end where the rest has 1e-16 of the energy, and so 1e-8 of the largest.
    padded = np.append(taps, np.zeros(2000))
    np.testing.assert_allclose(padded, wanted, atol=1e-7 * np.abs(wanted).max())


def test_trains_between_regular_and_random_have_a_geometric_mean_of_variances() -> None:
    """Two thirds regular: v_regular^(2/3) v_Poisson^(1/3)."""
    spikes = spike_noise.Spikes(nef.Lowpass(0.02), DT, nef.LIF())
    rates = np.array([[20.0, 80.0, 0.0], [40.0, 90.0, 0.0]])
    even, random, auto = (
        spikes.variance(noise, [rates], 100.0) for noise in ("regular", "poisson", "auto")
    )
    assert (even[:2] < auto[:2]).all() and (auto[:2] < random[:2]).all()
    # Powers are rounded in another order.
    np.testing.assert_allclose(auto, np.cbrt(even**2 * random), rtol=1e-13)


def test_trains_of_very_many_spikes_in_each_step_are_steady() -> None:
    """Their sum over intervals had so many terms that a build at a step of 1000 s did not end."""
    rates = np.array([10.0, 100.0, 400.0])
    for dt in (1000.001, 1e6):
        for synapse in (None, nef.Alpha(0.005), nef.Triangle(0.02)):
            variance = spike_noise.regular(rates, synapse, dt)
            assert np.all(variance >= 0.0) and np.all(variance < 1e-6 * rates**2)
