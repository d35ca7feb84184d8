"""Laws of the synapses: unit gain, exact held responses, linearity, one step of delay."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import cont2discrete, freqz, lfilter

import nefsim as nef
from nefsim.filtering import StateSpace
from nefsim.synapses import Series, Sum, as_synapse

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

TAU, DT = st.floats(1e-6, 10.0), st.floats(1e-4, 1e-2)
UNIT_GAIN = st.one_of(
    st.builds(nef.Lowpass, st.floats(0.0, 10.0)),
    st.builds(nef.Alpha, TAU),
    st.builds(nef.DoubleExp, TAU, TAU),
    st.builds(nef.Triangle, st.floats(1e-6, 1.0)),
    st.builds(nef.Box, st.floats(1e-6, 1.0)),
    st.builds(nef.Delay, st.floats(0.0, 1.0)),
)
#: One of each, with feed-through and without, of s and of z, and as slow as seconds.
ALL = [
    nef.Lowpass(0.1),
    nef.Lowpass(0.0),
    nef.Alpha(0.02),
    nef.Alpha(3.0),
    nef.DoubleExp(0.1, 0.004),
    nef.Triangle(0.0124),
    nef.Box(0.0076),
    nef.Delay(0.0),
    nef.Delay(0.0062),
    nef.Highpass(0.03),
    nef.Bandpass(20.0, q=3.0),
    nef.Bandpass(5.0, q=0.3),
    nef.Lowpass(0.1) * nef.Highpass(0.03),
    nef.Box(0.006) * nef.Delay(0.002) * nef.Alpha(0.01),
    2 * nef.Lowpass(0.005) - nef.Delay(0.003),
    1 - (nef.Bandpass(10.0) + nef.Triangle(0.004)) * nef.Lowpass(0.02),
    nef.LinearFilter([1.0], [0.03, 1.0]),
    nef.LinearFilter([1.0, 3.0], [0.001, 0.02, 1.0]),
    nef.LinearFilter([0.5, 1.0], [0.1, 1.0]),
    nef.LinearFilter([0.1, 2.0, 3.0], [0.001, 0.05, 1.0]),
    nef.LinearFilter([2.0], [1.0]),
    nef.LinearFilter([0.1], [1.0, -0.9], analog=False),
    nef.LinearFilter([0.1], [1.0, -1.2, 0.5], analog=False),
    nef.LinearFilter([0.1, 0.2], [1.0, -0.9], analog=False),
    nef.LinearFilter([0.2, 0.1], np.poly([0.9, 0.5, -0.3]), analog=False),
    nef.LinearFilter([1.0], np.poly([-20, -30, -40, -50, -60]) / 72e6),
    nef.LinearFilter([2e-4, 0.1, 2.0, 3.0], np.poly([-20, -30 + 60j, -30 - 60j]).real / 9e4),
    nef.LinearFilter([0.0], [1.0, -0.9], analog=False),
]


def is_combined(synapse):
    return isinstance(synapse, (Series, Sum))


SIGNAL = np.random.default_rng(0).normal(size=300)


# -- each filter -------------------------------------------------------------------------


@given(UNIT_GAIN, DT)
def test_a_constant_passes_unchanged(synapse, dt):
    b, a = synapse.coefficients(dt)
    # sum(a), dt / tau or its square, is a difference of numbers near 1.
    assert b.sum() == pytest.approx(a.sum(), rel=1e-12, abs=1e-15)
    assert a[0] == 1
    assert (b >= 0).all()


@given(st.floats(1e-3, 1.0), DT)
def test_the_lowpass_is_lfilter_and_the_scalar_loop(tau, dt):
    a = np.exp(-dt / tau)
    filtered = nef.Lowpass(tau).filt(SIGNAL, dt)
    y, loop = 0.0, []
    for u in SIGNAL.tolist():
        y = naive.lowpass(y, u, dt, tau)
        loop.append(y)
    # 1 - a is rounded in them; sums of 300 numbers of size 1.
    np.testing.assert_allclose(filtered, lfilter([1 - a], [1, -a], SIGNAL), rtol=0, atol=1e-13)
    np.testing.assert_allclose(filtered, loop, rtol=0, atol=1e-13)


def step_response(tau1, tau2, t):
    """Response of two lowpasses in a row to a constant 1 from t = 0."""
    if tau1 == tau2:
        return 1 - (1 + t / tau1) * np.exp(-t / tau1)
    return 1 - (tau1 * np.exp(-t / tau1) - tau2 * np.exp(-t / tau2)) / (tau1 - tau2)


@given(st.floats(1e-3, 1.0), st.floats(1.001, 100.0) | st.just(1.0), DT)
def test_a_held_input_gives_the_continuous_response_at_every_step(tau, ratio, dt):
    t = dt * np.arange(1, 201)
    one = np.ones(200)
    np.testing.assert_allclose(
        nef.Lowpass(tau).filt(one, dt), -np.expm1(-t / tau), rtol=0, atol=1e-13
    )
    # a[1] and a[2] are rounded, which moves the response by eps (t/dt)**2; and the formula
    # above divides by a difference of time constants.
    np.testing.assert_allclose(
        nef.DoubleExp(tau, ratio * tau).filt(one, dt),
        step_response(tau, ratio * tau, t),
        rtol=0,
        atol=1e-11,
    )


@given(st.floats(1e-4, 1.0), st.floats(1e-4, 1.0), DT)
def test_double_exp_is_the_held_transfer_function(tau1, tau2, dt):
    b, a = nef.DoubleExp(tau1, tau2).coefficients(dt)
    held = cont2discrete(([1.0], [tau1 * tau2, tau1 + tau2, 1.0]), dt, method="zoh")
    # The matrix exponential of SciPy is good to 1e-12 here.
    np.testing.assert_allclose(b, held[0][0, 1:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(a, held[1], rtol=0, atol=1e-12)


@given(st.floats(1e-300, 1e6), st.floats(1e-300, 1e6), DT)
def test_double_exp_has_two_time_constants_in_any_order_and_alpha_has_one(tau1, tau2, dt):
    first, second = nef.DoubleExp(tau1, tau2), nef.DoubleExp(tau2, tau1)
    for one, other in ((first, second), (nef.Alpha(tau1), nef.DoubleExp(tau1, tau1))):
        b, a = one.coefficients(dt)
        assert np.isfinite([*b, *a]).all()
        np.testing.assert_array_equal(b, other.coefficients(dt)[0])
        np.testing.assert_array_equal(a, other.coefficients(dt)[1])


def test_double_exp_with_a_vanishing_time_constant_is_a_lowpass():
    lowpass = nef.Lowpass(0.1).filt(SIGNAL)
    change = np.abs(np.diff(lowpass, prepend=0)).max()
    for tau in (1e-5, 1e-9, 1e-300):
        late = tau / 0.001  # of a step
        both = nef.DoubleExp(tau, 0.1).filt(SIGNAL)
        np.testing.assert_allclose(both, lowpass, rtol=0, atol=late * change + 1e-13)


def test_two_lowpasses_are_an_alpha_synapse_up_to_the_second_hold():
    """Each lowpass holds its input for a step, so that the difference is of order dt."""

    def difference(dt):
        u = np.sin(2 * np.pi * dt * np.arange(round(1 / dt)))
        lowpass = nef.Lowpass(0.05)
        twice = lowpass.filt(lowpass.filt(u, dt), dt)
        return np.abs(twice - nef.Alpha(0.05).filt(u, dt)).max()

    coarse, fine = difference(0.001), difference(0.0005)
    assert fine < 0.01
    assert coarse / fine == pytest.approx(2, rel=0.02)  # the next order is dt / tau


@given(st.integers(0, 300), DT)
def test_a_triangle_falls_in_a_straight_line_to_zero_after_t(n, dt):
    impulse = np.zeros(n + 5)
    impulse[0] = 1.0
    response = nef.Triangle(n * dt).filt(impulse, dt)
    np.testing.assert_allclose(response[: n + 1] / response[n], np.arange(n + 1, 0, -1), rtol=1e-12)
    assert not response[n + 1 :].any()


def test_linear_filters_of_s_and_z_are_their_transfer_functions():
    s, z = nef.LinearFilter([1.0], [0.1, 1.0]), nef.LinearFilter([0.2, 0.1], [2.0, -1.0], False)
    np.testing.assert_allclose(s.filt(SIGNAL), nef.Lowpass(0.1).filt(SIGNAL), atol=1e-13)
    np.testing.assert_allclose(z.filt(SIGNAL), lfilter([0.1, 0.05], [1, -0.5], SIGNAL), atol=1e-14)
    np.testing.assert_array_equal(nef.LinearFilter(2, 1).filt(SIGNAL), 2 * SIGNAL)
    np.testing.assert_array_equal(nef.Lowpass(0).filt(SIGNAL), SIGNAL)
    pole = nef.LinearFilter([0, 0, 1.0], [0, 0.1, 1.0])
    assert pole == s


@given(st.integers(1, 300), DT)
def test_a_box_is_the_mean_of_its_window_and_a_delay_its_oldest_value(n, dt):
    padded = np.concatenate([np.zeros(n), SIGNAL])
    windows = np.lib.stride_tricks.sliding_window_view(padded, n + 1)
    mean = windows[:, 1:].mean(axis=1)
    # Sums of up to 300 numbers of size 1, in another order.
    np.testing.assert_allclose(nef.Box(n * dt).filt(SIGNAL, dt), mean, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(nef.Delay(n * dt).filt(SIGNAL, dt), windows[:, 0])


@given(st.floats(1e-3, 1.0), DT)
def test_a_highpass_is_its_held_transfer_function(tau, dt):
    b, a, _ = cont2discrete(([tau, 0.0], [tau, 1.0]), dt, method="zoh")
    np.testing.assert_allclose(nef.Highpass(tau).coefficients(dt)[0], b[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(nef.Highpass(tau).coefficients(dt)[1], a, rtol=0, atol=1e-12)
    expected = lfilter([1, -1], a, SIGNAL)
    np.testing.assert_allclose(nef.Highpass(tau).filt(SIGNAL, dt), expected, rtol=0, atol=1e-12)


@given(st.floats(0.1, 49.0), st.floats(0.05, 20.0) | st.just(0.5), DT)
def test_a_bandpass_is_its_held_transfer_function(frequency, q, dt):
    w = 2 * np.pi * frequency
    b, a, _ = cont2discrete(([w / q, 0.0], [1.0, w / q, w**2]), dt, method="zoh")
    ours = nef.Bandpass(frequency, q).coefficients(dt)
    # SciPy's matrix exponential is of elements up to (w dt)^2, about 10.
    np.testing.assert_allclose(ours[0], b[0, 1:], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours[1], a, rtol=0, atol=1e-10)
    assert ours[0].sum() == 0.0


def test_a_bandpass_passes_its_frequency_and_little_of_others():
    b, a = nef.Bandpass(10.0, q=2.0).coefficients(0.0001)
    side = 10 * np.sqrt(1 + 1 / 16) + np.array([-2.5, 2.5])  # where half of the power passes
    _, gain = freqz(b, a, [1.0, *side, 10.0, 100.0], fs=1e4)
    # Held inputs are half a step late, which moves gains by about w dt.
    np.testing.assert_allclose(np.abs(gain[1:4]), [0.5**0.5, 0.5**0.5, 1.0], rtol=0.01)
    assert np.abs(gain[[0, 4]]).max() < 0.06


# -- algebra -------------------------------------------------------------------------------

#: With poles and without, by polynomials and in state space.
PARTS = st.sampled_from(
    [ALL[0], ALL[3], nef.Box(0.004), nef.Delay(0.002), ALL[-3], nef.Bandpass(9)]
)


@settings(max_examples=60)
@given(PARTS, PARTS, PARTS, st.floats(-5, 5))
def test_products_are_filters_in_a_row_and_sums_have_one_input(a, b, c, factor):
    def same(one, other):
        # Rounding of 300 steps of filters whose outputs are of size 1 to 10.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)

    same((a * b).filt(SIGNAL), a.filt(b.filt(SIGNAL)))
    same((a + b).filt(SIGNAL), a.filt(SIGNAL) + b.filt(SIGNAL))
    same((a - b).filt(SIGNAL), a.filt(SIGNAL) - b.filt(SIGNAL))
    same((factor * a).filt(SIGNAL), factor * a.filt(SIGNAL))
    same((factor - a).filt(SIGNAL), factor * SIGNAL - a.filt(SIGNAL))
    same((c * (a + b)).filt(SIGNAL), (c * a + c * b).filt(SIGNAL))
    assert (a * b) * c == a * (b * c) == Series((a, b, c))
    assert (a + b) + c == a + (b + c) == Sum((a, b, c))


def test_a_product_of_two_transfer_functions_is_that_of_lfilter():
    fast, slow = nef.Lowpass(0.005), nef.Highpass(0.1)
    (b, a), (d, c) = fast.coefficients(0.001), slow.coefficients(0.001)
    expected = lfilter(np.convolve(b, d), np.convolve(a, c), SIGNAL)
    np.testing.assert_allclose((fast * slow).filt(SIGNAL), expected, rtol=0, atol=1e-13)
    b, a = (fast * slow).coefficients(0.001)
    np.testing.assert_allclose(lfilter(b, a, SIGNAL), expected, rtol=0, atol=1e-12)


def test_products_of_slow_filters_lose_no_digits():
    """Polynomials of three poles at 1 - 1e-5 are off by 1e-16 / 1e-15 of a constant."""
    slow = nef.Lowpass(100.0)
    system = (slow * slow * slow).state_space(0.001)
    gain = system.C @ np.linalg.solve(np.eye(3) - system.A, system.B) + system.D
    assert gain == pytest.approx(1.0, rel=1e-9)


def test_numbers_of_numpy_scale_a_synapse_and_a_text_does_not():
    assert np.float64(2.0) * ALL[0] == ALL[0] * 2.0
    for wrong in (lambda: ALL[0] * "2", lambda: [1] + ALL[0], lambda: ALL[0] - None):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_connection_with_a_combined_synapse_has_one_step_more(backend):
    pytest.importorskip("numba") if backend == "numba" else None
    net = nef.Network(seed=1)
    u = net.node(nef.WhiteSignal(1.0, high=20))
    kinds = [s for s in ALL if is_combined(s) or isinstance(s, (nef.Box, nef.Delay, nef.Bandpass))]
    outs = []
    for kind in kinds:
        outs.append(net.node(size_in=1))
        net.connect(u, outs[-1], synapse=kind)
    source, probes = net.probe(u), [net.probe(out) for out in outs]
    with nef.Simulator(net, backend=backend, progress=False) as sim:
        sim.run(0.3)
        for kind, probe in zip(kinds, probes, strict=True):
            expected = kind.filt(sim.data[source], axis=0)[:-1]
            np.testing.assert_allclose(sim.data[probe][1:], expected, rtol=0, atol=1e-12)


# -- all filters -------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.sampled_from(ALL), st.floats(-10, 10), st.integers(0, 50), st.integers(0, 100))
def test_filters_are_linear_and_time_invariant(synapse, factor, shift, seed):
    u, v = np.random.default_rng(seed).normal(size=(2, 300))
    y = synapse.filt(u)
    scale = 1e-12 * max(1.0, np.abs(y).max()) * (1 + abs(factor))  # rounding of some 300 terms
    both = synapse.filt(u + factor * v)
    np.testing.assert_allclose(both, y + factor * synapse.filt(v), rtol=0, atol=10 * scale)
    later = synapse.filt(np.concatenate([np.zeros(shift), u]))
    np.testing.assert_array_equal(later[:shift], 0)
    # The terms of a long filter may be summed from another place.
    np.testing.assert_allclose(later[shift:], y, rtol=0, atol=scale)


@pytest.mark.parametrize("synapse", ALL, ids=repr)
def test_filt_filters_along_the_time_axis(synapse):
    u = np.random.default_rng(1).normal(size=(40, 2, 3))
    y = synapse.filt(u)
    for axis in (1, 2, -1):
        moved = synapse.filt(np.moveaxis(u, 0, axis), axis=axis)
        np.testing.assert_array_equal(np.moveaxis(moved, axis, 0), y)
    np.testing.assert_array_equal(synapse.filt(u[:, 1, 2]), y[:, 1, 2])


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_network_filters_equally_in_chunks_and_by_steps_and_one_step_late(batch_size):
    net = nef.Network(seed=1)
    source = net.node(nef.WhiteSignal(1.0, high=20), size_out=2)
    outputs = [net.node(size_in=2) for _ in ALL]
    for synapse, output in zip(ALL, outputs, strict=True):
        net.connect(source, output, synapse=synapse)
    u, ys = net.probe(source), [net.probe(output) for output in outputs]
    chunks, steps = (nef.Simulator(net, batch_size=batch_size) for _ in range(2))
    chunks.run(0.25)
    for _ in range(250):
        steps.step()
    for synapse, y in zip(ALL, ys, strict=True):
        np.testing.assert_array_equal(chunks.data[y], steps.data[y])
        expected = synapse.filt(chunks.data[u], axis=-2)[..., :-1, :]
        # SciPy convolves where there is no pole, and adds the taps up in another order.
        form = synapse.form(0.001)
        taps = not isinstance(form, StateSpace) and len(form[1]) == 1
        rounding = 1e-14 if taps else 0.0
        np.testing.assert_allclose(chunks.data[y][..., 1:, :], expected, rtol=0, atol=rounding)
        assert not chunks.data[y][..., 0, :].any()


@pytest.mark.parametrize("dt", [0.001, 0.0005])
@pytest.mark.parametrize("synapse", ALL[:-1], ids=repr)  # Nengo has no filter that gives 0
def test_filters_are_those_of_nengo(synapse, dt):
    nengo = pytest.importorskip("nengo")
    from nefsim.nengo import filters

    if isinstance(synapse, nef.DoubleExp):
        slow, fast = synapse.tau1, synapse.tau2
        reference = nengo.LinearFilter([1.0], [slow * fast, slow + fast, 1.0])
    elif isinstance(synapse, nef.LinearFilter):
        reference = nengo.LinearFilter(synapse.num, synapse.den, analog=synapse.analog)
    elif hasattr(nengo, type(synapse).__name__):
        reference = getattr(nengo, type(synapse).__name__)(*vars(synapse).values())
    else:
        reference = filters.synapse(synapse, dt)
    state = reference.make_state((1,), (1,), dt)
    step = reference.make_step((1,), (1,), dt, rng=None, state=state)
    y = [step(0.0, np.array([u])).item() for u in SIGNAL]
    expected = synapse.filt(SIGNAL, dt)
    # Nengo's are by polynomials, of which three poles near 1 lose digits, up to (w dt)^-3 / 10^16.
    lost = 1e-12 if synapse.state_space(dt) is None or not is_combined(synapse) else 1e-8
    np.testing.assert_allclose(y, expected, rtol=0, atol=lost * max(1.0, np.abs(expected).max()))


# -- errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nef.Lowpass(-0.1),
        lambda: nef.Lowpass(None),
        lambda: nef.Alpha(0),
        lambda: nef.DoubleExp(0.1, np.nan),
        lambda: nef.Triangle(-0.1),
        lambda: nef.Triangle(1e3).coefficients(0.001),
        lambda: nef.Box(0.0),
        lambda: nef.Box(1e3).coefficients(0.001),
        lambda: nef.Delay(-0.1),
        lambda: nef.Delay(1e3).coefficients(0.001),
        lambda: nef.Highpass(0.0),
        lambda: nef.Bandpass(0.0),
        lambda: nef.Bandpass(10.0, q=0.0),
        lambda: nef.Bandpass(500.0).coefficients(0.001),
        lambda: Series(()),
        lambda: Sum("ab"),
        lambda: Sum((nef.Lowpass(0.1), "b")),
        lambda: (nef.Lowpass(0.1) * nef.Alpha(0.1) * nef.Delay(0.6)).coefficients(0.001),
        lambda: np.nan * nef.Lowpass(0.1),
        lambda: nef.LinearFilter([1, 2], [1]),
        lambda: nef.LinearFilter([1], [0]),
        lambda: nef.LinearFilter([], [1]),
        lambda: nef.LinearFilter([[1], [1, 2]], [1]),
        lambda: nef.LinearFilter([[1.0]], [1]),
        lambda: nef.LinearFilter(object(), [1]),
        lambda: nef.LinearFilter([1], None),
        lambda: nef.LinearFilter(True, [1]),
        lambda: nef.LinearFilter([1], [1, 1], analog=1),
        lambda: nef.LinearFilter([1], [1, -1e6]).coefficients(0.001),
        lambda: nef.Lowpass(0.1).filt(1.0),
        lambda: nef.Lowpass(0.1).filt([np.nan]),
        lambda: nef.Lowpass(0.1).filt([1.0], dt=0),
        lambda: nef.Lowpass(0.1).filt([1.0], axis=1),
        lambda: nef.Lowpass(0.1).filt([1.0], axis=-2),
        lambda: as_synapse("Network.connect", "fast"),
        lambda: as_synapse("Network.connect", -1),
        lambda: as_synapse("Network.connect", True),
    ],
)
def test_invalid_arguments_raise_one_sentence(wrong):
    with pytest.raises((ValueError, TypeError), match=SENTENCE):
        wrong()


def test_a_number_of_seconds_is_a_lowpass():
    assert as_synapse("test", 0.005) == nef.Lowpass(0.005)
    assert as_synapse("test", nef.Alpha(0.1)) == nef.Alpha(0.1)
    assert as_synapse("test", None) is None


def test_a_number_that_may_be_of_milliseconds_is_warned_of_and_a_lowpass_is_not():
    net = nef.Network(seed=0)
    a = net.ensemble(10, 1)
    with pytest.warns(UserWarning, match=r"time constant of 100 s; pass 0\.1 if it is 100 ms, or"):
        slow = net.probe(a, synapse=100)
    assert slow.synapse == net.probe(a, synapse=nef.Lowpass(100)).synapse
    net.probe(a, synapse=1.0)
