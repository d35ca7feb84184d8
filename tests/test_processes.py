"""Laws of the processes: the same numbers in any chunks, and the signals they promise."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nefsim.processes import (
    FilteredNoise,
    FourierSignal,
    Piecewise,
    PresentInput,
    WhiteNoise,
    WhiteSignal,
)
from nefsim.sampling import Choice, Gaussian, Samples, ScatteredHypersphere, Uniform
from nefsim.synapses import Alpha, Lowpass, Triangle

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

RANDOM = [
    WhiteNoise(),
    WhiteNoise(Uniform(-1, 1), scale=False),
    WhiteNoise(ScatteredHypersphere()),
    FilteredNoise(Lowpass(0.1)),
    FilteredNoise(0),
    FilteredNoise(Alpha(0.02), Choice([-1, 1])),
    FilteredNoise(Triangle(0.01), scale=False),
    WhiteSignal(0.5, high=20),
    FourierSignal(2.0, high=20),
    WhiteSignal(0.5, high=20, y0=0.3),
]
TIMED = [
    PresentInput(np.arange(6).reshape(3, 2), 0.1),
    Piecewise({0.1: [1, 2], 0.25: lambda t: [t, -t], 1.0: [0, 1]}),
    Piecewise({0.1: [1, 2], 0.25: [0, 0], 1.0: [0, 1]}, interpolation="linear"),
    Piecewise({0.1: [1, 2], 0.25: [0, 0], 1.0: [0, 1]}, interpolation="cubic"),
]
ALL = RANDOM + TIMED
N_STEPS = 2300  # beyond two blocks of noise


def started(process, seed=1, dt=0.001):
    return process.start(2, dt, np.random.default_rng(seed))


@pytest.mark.parametrize("process", ALL, ids=repr)
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, N_STEPS), max_size=5))
def test_values_do_not_depend_on_the_number_of_steps_per_call(process, cuts):
    whole = started(process)(0, N_STEPS)
    running = started(process)
    ends = [*sorted(cuts), N_STEPS]
    parts = [running(a, b - a) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert whole.shape == (N_STEPS, 2)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("process", ALL, ids=repr)
def test_single_steps_equal_one_run(process):
    running = started(process)
    steps = [running(k, 1) for k in range(1100)]
    np.testing.assert_array_equal(np.concatenate(steps), started(process)(0, 1100))


@pytest.mark.parametrize("process", ALL, ids=repr)
def test_rng_and_state_suffice_to_continue_a_run(process):
    running = started(process)
    running(0, 1234)
    other = started(process, seed=99)
    other.rng.bit_generator.state = running.rng.bit_generator.state
    other.state = {name: array.copy() for name, array in running.state.items()}
    np.testing.assert_array_equal(other(1234, 1000), running(1234, 1000))


@pytest.mark.parametrize("process", RANDOM, ids=repr)
def test_a_process_with_a_seed_is_the_same_everywhere(process):
    seeded = dataclasses.replace(process, seed=5)
    np.testing.assert_array_equal(started(seeded, 1)(0, 100), started(seeded, 2)(0, 100))
    assert not np.array_equal(started(process, 1)(0, 100), started(process, 2)(0, 100))
    np.testing.assert_array_equal(seeded.run(0.1, size=2), process.run(0.1, size=2, seed=5))


@pytest.mark.parametrize("process", ALL, ids=repr)
def test_values_are_equal_by_content(process):
    twin = dataclasses.replace(process)
    assert twin == process and hash(twin) == hash(process)
    assert sum(other == process for other in ALL) == 1


@pytest.mark.parametrize("process", ALL, ids=repr)
def test_run_gives_the_steps_of_a_start(process):
    np.testing.assert_array_equal(
        process.run(0.05, size=2, dt=0.0005, seed=3), started(process, 3, dt=0.0005)(0, 100)
    )
    assert process.run(0.0).shape == (0, process.size or 1)


@pytest.mark.parametrize("dt", [0.001, 0.0001])
def test_white_noise_has_the_variance_of_its_distribution_over_dt(dt):
    noise = WhiteNoise(Gaussian(0, 2), seed=1).run(20_000 * dt, dt=dt)
    # 5 standard deviations sqrt(2/n) of the variance of n normal numbers
    assert abs(noise.var() * dt / 4 - 1) < 5 * math.sqrt(2 / 20_000)
    assert abs(noise.mean() * math.sqrt(dt) / 2) < 5 / math.sqrt(20_000)


def test_unscaled_white_noise_is_the_distribution_itself():
    noise = WhiteNoise(Choice([-1, 1]), scale=False, seed=1).run(1.0, size=3)
    np.testing.assert_array_equal(np.abs(noise), np.ones((1000, 3)))


@pytest.mark.parametrize("synapse", [Lowpass(0.02), Alpha(0.02), Lowpass(0), Triangle(0.01)])
def test_filtered_noise_is_white_noise_through_its_synapse(synapse):
    white = WhiteNoise(seed=4).run(2.5, size=2)
    filtered = FilteredNoise(synapse, seed=4).run(2.5, size=2)
    # the filter runs in blocks, in which a finite one sums in another order: 1e-14 of 30
    np.testing.assert_allclose(filtered, synapse.filt(white, dt=0.001), rtol=0, atol=1e-12)


def test_running_noise_skips_steps_but_does_not_go_back():
    running = started(WhiteNoise())
    np.testing.assert_array_equal(running(2100, 50), started(WhiteNoise())(0, 2150)[2100:])
    with pytest.raises(ValueError, match=SENTENCE):
        running(1999, 1)


@pytest.mark.parametrize(("period", "high"), [(1.0, 10), (0.7, 33.3), (1.0, 500), (0.1, 10)])
@pytest.mark.parametrize("dt", [0.001, 0.0005])
def test_white_signal_has_power_up_to_high_only_and_no_mean(period, high, dt):
    n = round(period / dt)
    power = np.abs(np.fft.rfft(WhiteSignal(period, high, seed=1).run(period, 3, dt), axis=0))
    f = np.fft.rfftfreq(n, dt)
    inside = (f > 0) & (f <= high * (1 + 1e-9))
    assert (power[inside] > 1e-6 * power.max()).all()
    # rounding of the transform of n numbers
    assert power[~inside].max() < 1e-12 * power.max()


@pytest.mark.parametrize("high", [1, 7, 100, 500])
def test_white_signal_has_exactly_its_rms_over_a_period_in_every_dimension(high):
    signal = WhiteSignal(1.0, high, rms=0.3, seed=2).run(1.0, size=4)
    # sums of squares to rounding
    np.testing.assert_allclose(np.sqrt(np.mean(signal**2, axis=0)), 0.3, rtol=1e-14)


def test_fourier_signal_falls_as_one_over_f_and_has_its_rms() -> None:
    base, high, size = 0.25, 40.0, 400
    signal = FourierSignal(base, high, rms=0.3, seed=1).run(1 / base, size)
    # sums of squares to rounding
    np.testing.assert_allclose(np.sqrt(np.mean(signal**2, axis=0)), 0.3, rtol=1e-14)
    power = (np.abs(np.fft.rfft(signal, axis=0)) ** 2).mean(axis=1)
    k = np.arange(1, 161)
    # rounding of the transform
    assert power[161:].max() < 1e-20 * power.max() and power[0] < 1e-20 * power.max()
    # A mean of 400 squares of two normal numbers each has a standard error of 1/20; the first
    # few carry the rms, to which all are scaled, and are left out.
    np.testing.assert_allclose((power[k] * k**2)[9:] / (power[k] * k**2)[9:].mean(), 1.0, atol=0.3)


def test_white_signal_repeats_after_its_period():
    signal = WhiteSignal(0.3, high=30, seed=1).run(0.9)
    np.testing.assert_array_equal(signal[:300], signal[300:600])
    np.testing.assert_array_equal(signal[:300], signal[600:])


def test_white_signal_is_the_same_function_of_time_at_every_dt():
    process = WhiteSignal(0.5, high=40, seed=1)
    # two transforms of unequal length, each to rounding
    np.testing.assert_allclose(
        process.run(1.0, dt=0.0005)[1::2], process.run(1.0, dt=0.001), rtol=0, atol=1e-14
    )


def test_a_signal_that_starts_at_y0_has_its_period():
    twice = WhiteSignal(0.2, high=10, y0=0.3, seed=1).run(0.4, size=2)
    np.testing.assert_array_equal(twice[:200], twice[200:])
    assert len(np.unique(twice[:200], axis=0)) == 200


@pytest.mark.parametrize("y0", [-0.4, 0, 0.7, 100])
def test_white_signal_starts_closest_to_y0(y0):
    shifted = WhiteSignal(1.0, high=10, y0=y0, seed=1).run(1.0, size=3)
    plain = WhiteSignal(1.0, high=10, seed=1).run(1.0, size=3)
    distance = np.abs(shifted - y0)
    np.testing.assert_array_equal(distance[0], distance.min(axis=0))
    for j in range(3):
        start = int(np.flatnonzero(plain[:, j] == shifted[0, j])[0])
        np.testing.assert_array_equal(shifted[:, j], np.roll(plain[:, j], -start))


def test_present_input_shows_each_for_its_time_in_turn():
    images = np.arange(12).reshape(3, 2, 2)
    presentation = PresentInput(images, 0.1).run(0.6)
    np.testing.assert_array_equal(
        presentation, np.tile(np.repeat(images.reshape(3, 4), 100, 0), (2, 1))
    )
    assert PresentInput(images, 0.1).size == 4
    assert PresentInput([1, 2], 0.1).size == 1


@pytest.mark.parametrize("rest", [0.001, 0.005, 0.0131])
def test_present_input_is_0_in_rests(rest):
    k, blank = 7, round(rest * 1000)
    images = np.arange(1.0, 7.0).reshape(3, 2)
    turn = [np.vstack([np.tile(image, (k, 1)), np.zeros((blank, 2))]) for image in images]
    process = PresentInput(images, 0.007, rest=0.001 * blank)
    presentation = process.run(2 * 0.001 * 3 * (k + blank))
    np.testing.assert_array_equal(presentation, np.tile(np.vstack(turn), (2, 1)))


def test_rests_do_not_drift_over_ten_thousand_turns():
    presentation = PresentInput([1.0], 0.003, rest=0.002).run(50.0).reshape(-1, 5)
    np.testing.assert_array_equal(presentation, np.tile([1.0, 1.0, 1.0, 0.0, 0.0], (10**4, 1)))


@pytest.mark.parametrize("k", [1, 3, 7, 100, 333, 500, 999])
@pytest.mark.parametrize("dt", [0.001, 0.0001, 0.0007])
def test_a_piece_starts_at_the_step_of_its_time_despite_rounding(k, dt):
    values = Piecewise({k * dt: 1}).run(1000 * dt, dt=dt).ravel()
    np.testing.assert_array_equal(values, np.arange(1, 1001) >= k)


def test_functions_in_pieces_are_called_with_the_time():
    values = Piecewise({0.1: np.sin, 0.2: 5, 0.3: lambda t: [t]}).run(0.4).ravel()
    t = 0.001 * np.arange(1, 401)
    expected = np.select([t < 0.0995, t < 0.1995, t < 0.2995], [0, np.sin(t), 5], t)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("interpolation", ["zero", "linear", "cubic"])
def test_interpolation_meets_the_values_at_their_times_and_holds_the_last(interpolation):
    data = {0.1: [1, 2], 0.3: [3, -1], 0.2: [0, 5], 0.4: [2, 2]}
    values = Piecewise(data, interpolation).run(0.6)
    for time, value in data.items():
        # a spline passes through its points to rounding
        np.testing.assert_allclose(values[round(time / 0.001) - 1], value, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(values[:99], np.zeros((99, 2)))
    np.testing.assert_allclose(values[400:], 2, rtol=0, atol=1e-13)


def test_a_cubic_spline_follows_a_cubic_exactly():
    cubic = np.poly1d([2, -3, 0.5, 1])
    times = [0.0, 0.2, 0.5, 0.7, 1.0]
    values = Piecewise({t: cubic(t) for t in times}, "cubic").run(1.0).ravel()
    # the system of the spline is solved to rounding
    np.testing.assert_allclose(values, cubic(0.001 * np.arange(1, 1001)), rtol=0, atol=1e-13)


def test_present_input_equals_nengo_step_by_step():
    nengo = pytest.importorskip("nengo")
    inputs = np.random.default_rng(0).normal(size=(7, 3))
    for seconds, dt in ((0.1, 0.001), (0.03, 0.001), (0.001, 0.001), (0.0105, 0.0007)):
        expected = nengo.processes.PresentInput(inputs, seconds).run_steps(5000, dt=dt)
        np.testing.assert_array_equal(PresentInput(inputs, seconds).run(5000 * dt, dt=dt), expected)


def test_piecewise_equals_nengo_step_by_step():
    nengo = pytest.importorskip("nengo")
    data = {0: [0.5, 1], 0.1: [1, -1], 0.25: [0, 3], 0.3333: [2, 2], 0.9: [1, 0], 1.0: [0, 0]}
    constants = nengo.processes.Piecewise(data).run_steps(1500)
    np.testing.assert_array_equal(Piecewise(data).run(1.5), constants)
    mixed = {0.05: 1.5, 0.1: np.sin, 0.7: lambda t: t**2, 0.8: -1}
    functions = nengo.processes.Piecewise(mixed).run_steps(1500)
    np.testing.assert_array_equal(Piecewise(mixed).run(1.5), functions)
    for kind in ("linear", "cubic"):
        expected = nengo.processes.Piecewise(data, interpolation=kind).run_steps(1000)
        # another order of the same sums
        np.testing.assert_allclose(Piecewise(data, kind).run(1.0), expected, rtol=0, atol=1e-13)


RUBBISH = [math.nan, math.inf, 1e30, "x", object(), [1, "x"], 1j, Gaussian]


@pytest.mark.parametrize("bad", RUBBISH, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        WhiteNoise,
        lambda bad: WhiteNoise(scale=bad),
        lambda bad: WhiteNoise(seed=bad),
        FilteredNoise,
        lambda bad: FilteredNoise(0.1, bad),
        lambda bad: WhiteSignal(bad, 10),
        lambda bad: WhiteSignal(1, bad),
        lambda bad: WhiteSignal(1, 10, rms=bad),
        lambda bad: WhiteSignal(1, 10, y0=bad),
        lambda bad: PresentInput(bad, 0.1),
        lambda bad: PresentInput([1], bad),
        lambda bad: PresentInput([1], 0.1, rest=bad),
        Piecewise,
        lambda bad: Piecewise({0: bad}),
        lambda bad: Piecewise({0: lambda t: bad}),
        lambda bad: Piecewise({0: 1}, bad),
        WhiteNoise().run,
        lambda bad: WhiteNoise().run(0.1, size=bad),
        lambda bad: WhiteNoise().run(0.1, dt=bad),
        lambda bad: WhiteNoise().run(0.1, seed=bad),
        lambda bad: WhiteNoise().start(1, 0.001, bad),
    ],
)
def test_invalid_arguments_raise_one_sentence(call, bad):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        call(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: WhiteNoise(Samples([1, 2])),
        lambda: WhiteNoise(Choice(np.eye(2))).run(0.1, size=3),
        lambda: WhiteNoise(seed=-1),
        lambda: FilteredNoise(None),
        lambda: WhiteSignal(-1, 10),
        lambda: WhiteSignal(1, 0.5),
        lambda: WhiteSignal(1, 501).run(1, dt=0.001),
        lambda: WhiteSignal(1, 1).run(1, dt=0.3),
        lambda: WhiteSignal(1e6, 1).run(1, dt=1e-4),
        lambda: PresentInput([], 0.1),
        lambda: PresentInput(3, 0.1),
        lambda: PresentInput([1, 2], 0.0001).run(1, dt=0.001),
        lambda: PresentInput([[1, 2]], 0.1).run(1, size=3),
        lambda: Piecewise({}),
        lambda: Piecewise({"start": 1}),
        lambda: Piecewise({math.nan: 1}),
        lambda: Piecewise({True: 1}),
        lambda: Piecewise({0: None}),
        lambda: Piecewise({0: 1, 1: [1, 2]}),
        lambda: Piecewise({0: 1, 1: lambda t: [1, 2]}),
        lambda: Piecewise({0: np.eye(2)}),
        lambda: Piecewise({0: 1, 1: np.sin}, "linear"),
        lambda: Piecewise({0: 1}, "cubic"),
        lambda: Piecewise({0: lambda t: 1 if t == 0 else math.nan}).run(1),
        lambda: Piecewise({0: lambda t: 1 if t == 0 else [1, 2]}).run(1),
        lambda: WhiteNoise().run(1e6, dt=1e-6),
        lambda: WhiteNoise().run(0.1, size=0),
    ],
)
def test_arguments_that_do_not_fit_raise_one_sentence(call):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        call()
