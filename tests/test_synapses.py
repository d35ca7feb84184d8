"""Laws of the synapses: unit gain, exact held responses, linearity, one step of delay."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import cont2discrete, lfilter

import nefsim as nef
from nefsim.synapses import as_synapse

SENTENCE = r"^\w+(\.\w+)?: .+ must .+, got .+; .+\.$"

TAU, DT = st.floats(1e-6, 10.0), st.floats(1e-4, 1e-2)
UNIT_GAIN = st.one_of(
    st.builds(nef.Lowpass, st.floats(0.0, 10.0)),
    st.builds(nef.Alpha, TAU),
    st.builds(nef.DoubleExp, TAU, TAU),
    st.builds(nef.Triangle, st.floats(1e-6, 1.0)),
)
#: One of each, with feed-through and without, of s and of z, and as slow as seconds.
ALL = [
    nef.Lowpass(0.1),
    nef.Lowpass(0.0),
    nef.Alpha(0.02),
    nef.Alpha(3.0),
    nef.DoubleExp(0.1, 0.004),
    nef.Triangle(0.0124),
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
        rounding = 1e-14 if isinstance(synapse, nef.Triangle) else 0.0
        np.testing.assert_allclose(chunks.data[y][..., 1:, :], expected, rtol=0, atol=rounding)
        assert not chunks.data[y][..., 0, :].any()


@pytest.mark.parametrize("dt", [0.001, 0.0005])
@pytest.mark.parametrize("synapse", ALL[:-1], ids=repr)  # Nengo has no filter that gives 0
def test_filters_are_those_of_nengo(synapse, dt):
    nengo = pytest.importorskip("nengo")
    if isinstance(synapse, nef.DoubleExp):
        slow, fast = synapse.tau1, synapse.tau2
        reference = nengo.LinearFilter([1.0], [slow * fast, slow + fast, 1.0])
    elif isinstance(synapse, nef.LinearFilter):
        reference = nengo.LinearFilter(synapse.num, synapse.den, analog=synapse.analog)
    else:
        reference = getattr(nengo, type(synapse).__name__)(*vars(synapse).values())
    state = reference.make_state((1,), (1,), dt)
    step = reference.make_step((1,), (1,), dt, rng=None, state=state)
    y = [step(0.0, np.array([u])).item() for u in SIGNAL]
    expected = synapse.filt(SIGNAL, dt)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-12 * max(1.0, np.abs(expected).max()))


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
