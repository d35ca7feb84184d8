"""Laws of principle 3: in direct mode a realised loop is the system, on any synapse."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

import nefsim as nef
from nefsim import dynamics
from nefsim.filtering import one_row, order

BACKENDS = ["numpy", "numba"]
DT = 0.001
ORDERS = st.integers(1, 12)
SEEDS = st.integers(0, 2**32 - 1)
TAU = st.floats(0.01, 0.2)


def third_order(taus):
    return nef.LinearFilter([1.0], np.poly(-1 / np.array(taus)) * np.prod(taus))


#: Synapses with the sum of their time constants.
LOWPASSES = st.builds(lambda tau: (nef.Lowpass(tau), tau), TAU)
SYNAPSES = st.one_of(
    LOWPASSES,
    st.builds(lambda tau: (nef.Alpha(tau), 2 * tau), TAU),
    st.builds(lambda a, b: (nef.DoubleExp(a, b), a + b), TAU, TAU),
    st.builds(lambda *taus: (third_order(taus), sum(taus)), TAU, TAU, TAU),
)


def system(q, n_inputs, rate, seed):
    """Random A and B in continuous time, whose poles are at most as large as ``rate`` [1/s]."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((q, q))
    A -= np.eye(q) * (np.linalg.eigvals(A).real.max() + 0.1)
    return A * rate / np.abs(np.linalg.eigvals(A)).max(), rng.standard_normal((q, n_inputs))


def ideal(A, B, u):
    """``x[k + 1] = A x[k] + B u[k]`` from 0, (T, q)."""
    states = np.zeros((len(u), len(A)))
    for k in range(len(u) - 1):
        states[k + 1] = A @ states[k] + B @ u[k]
    return states


def looped(real, u):
    """The same by filters and matrices alone, as a network takes its steps."""
    q = len(real.A)

    def running(synapse):
        form = synapse.form(real.dt)
        return one_row(form, np.zeros((order(form), q)))

    ways = [(real.recurrent, running(real.synapse), None)]
    ways += [(matrix, running(synapse), u) for matrix, synapse in real.inputs]
    states, out = np.zeros((len(u), q)), np.empty(q)
    for k in range(len(u) - 1):
        for matrix, step, source in ways:
            step(matrix @ (states[k] if source is None else source[k]), out)
            states[k + 1] += out
    return states


def in_a_network(real, u, backend):
    """The same in direct mode."""
    net = nef.Network(seed=0)
    state = net.ensemble(1, len(real.A), neuron_type=nef.Direct())
    source = net.node(lambda t: u[round(t / real.dt) - 1], size_out=u.shape[1])
    net.connect(state, state, transform=real.recurrent, synapse=real.synapse)
    for matrix, synapse in real.inputs:
        net.connect(source, state, transform=matrix, synapse=synapse)
    probe = net.probe(state)
    sim = nef.Simulator(net, dt=real.dt, backend=backend, progress=False)
    sim.run(len(u) * real.dt)
    return np.asarray(sim.data[probe])


def error(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


def realised(*arguments, **named):
    """A realisation; systems that are too fast for their synapse are left out."""
    try:
        return dynamics.realise(*arguments, **named)
    except ValueError as refused:
        assert "further poles" in str(refused)
        assume(False)


# 1e-10: the polynomials of an Alpha of 0.2 s determine its poles to about 1e-12, as its poles
# are 0.005 from 1; the states are some 10 times less certain.
CLOSE = 1e-10


@settings(deadline=None)
@given(SYNAPSES, ORDERS, st.integers(1, 3), st.floats(0.01, 1.0), SEEDS)
def test_the_states_are_those_of_the_system(synapse, q, n_inputs, share, seed):
    h, total = synapse
    A, B = system(q, n_inputs, share / total, seed)
    real = realised(A, B, h, DT)
    u = np.random.default_rng(seed).standard_normal((500, n_inputs))
    assert error(looped(real, u), ideal(real.A, real.B, u)) < CLOSE
    assert np.abs(real.A - expm(A * DT)).max() < 1e-13  # rounding of the exponential


@settings(deadline=None)
@given(LOWPASSES, ORDERS, st.floats(0.05, 5.0), SEEDS)
def test_a_delay_of_any_order_and_length_is_met_on_a_lowpass(synapse, q, theta, seed):
    real = dynamics.realise(*dynamics.legendre(q, theta), synapse[0], DT)
    u = np.random.default_rng(seed).standard_normal((500, 1))
    # Each rounding of x, of which gain = 1/(1 - a) units are fed back, and the sums of q numbers.
    assert error(looped(real, u), ideal(real.A, real.B, u)) < CLOSE


@settings(deadline=None, max_examples=30)
@given(SYNAPSES, ORDERS, st.floats(1.0, 4.0), SEEDS)
def test_a_delay_is_met_on_synapses_of_higher_order(synapse, q, share, seed):
    h, total = synapse
    real = realised(*dynamics.legendre(q, share * q * total), h, DT)
    u = np.random.default_rng(seed).standard_normal((500, 1))
    assert error(looped(real, u), ideal(real.A, real.B, u)) < CLOSE


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("q", [1, 2, 3, 6, 12])
@pytest.mark.parametrize(
    "synapse",
    [
        nef.Lowpass(0.1),
        nef.Alpha(0.05),
        nef.DoubleExp(0.02, 0.1),
        third_order([0.1, 0.03, 0.01]),
        third_order([0.05, 0.05, 0.05]),
    ],
    ids=repr,
)
def test_networks_in_direct_mode_have_the_states_of_the_system(backend, q, synapse):
    pytest.importorskip("numba" if backend == "numba" else "numpy")
    A, B = dynamics.legendre(q, 0.3 * q)
    real = dynamics.realise(A, B, synapse, DT)
    u = np.random.default_rng(q).standard_normal((400, 1))
    assert error(in_a_network(real, u, backend), ideal(real.A, real.B, u)) < CLOSE


@pytest.mark.parametrize("backend", BACKENDS)
def test_networks_meet_random_systems_with_several_inputs(backend):
    pytest.importorskip("numba" if backend == "numba" else "numpy")
    for seed in range(4):
        taus = np.random.default_rng(seed).uniform(0.01, 0.1, 3)
        A, B = system(4, 2, 0.5 / taus.sum(), seed)
        real = dynamics.realise(A, B, third_order(taus), DT)
        u = np.random.default_rng(seed).standard_normal((300, 2))
        assert error(in_a_network(real, u, backend), ideal(real.A, real.B, u)) < CLOSE


OTHERS = [
    nef.Lowpass(0.0),
    nef.Triangle(0.004),
    nef.LinearFilter([1.0], [0.1, 1.0]),
    nef.LinearFilter([1.0], [0.002, 0.05, 1.0]),
    nef.LinearFilter([0.002, 1.0], [0.0004, 0.04, 1.0]),
    nef.LinearFilter([0.05, 1.0], [0.1, 1.0]),
    nef.LinearFilter([0.1], [1.0, -0.9], analog=False),
    nef.LinearFilter([0.02, 0.1], [1.0, -1.2, 0.5, -0.05], analog=False),
    nef.LinearFilter([1e-6, 3e-5, 5e-4, 1.0], np.poly([-20, -60, -90]) / 108e3),
    dynamics.StateFilter([[0.9, 0.1], [-0.1, 0.8]], [0.1, 0.02], [1.0, 0.5], DT),
]


@pytest.mark.parametrize("synapse", OTHERS, ids=repr)
def test_other_filters_are_met_too(synapse):
    A, B = system(3, 2, 1.0, seed=5)
    real = dynamics.realise(A, B, synapse, DT)
    u = np.random.default_rng(0).standard_normal((300, 2))
    assert error(looped(real, u), ideal(real.A, real.B, u)) < CLOSE


def test_the_lowpass_is_the_formula_of_the_books():
    A, B = system(4, 2, 5.0, seed=1)
    real = dynamics.realise(A, B, nef.Lowpass(0.1), DT)
    a = np.exp(-DT / 0.1)
    assert np.allclose(real.recurrent, (real.A - a * np.eye(4)) / (1 - a), rtol=0, atol=1e-12)
    [(matrix, synapse)] = real.inputs
    assert np.allclose(matrix, real.B / (1 - a), rtol=1e-12)
    assert synapse == nef.Lowpass(0.1)


def test_a_lowpass_of_its_own_time_constant_needs_no_loop():
    real = dynamics.realise([[-10.0]], [[10.0]], 0.1, DT)
    assert abs(real.recurrent.item()) < 1e-13
    assert real.inputs[0][0].item() == pytest.approx(1.0, rel=1e-12)


def test_systems_in_discrete_time_are_taken_as_they_are():
    A, B = np.array([[0.5, 0.2], [-0.2, 0.5]]), np.array([1.0, 0.0])
    real = dynamics.realise(A, B, 0.01, DT, analog=False)
    assert (real.A == A).all()
    assert np.array_equal(real.B, B[:, None])


def test_a_system_without_an_input_has_a_loop_alone():
    real = dynamics.realise([[0.0, -3.0], [3.0, 0.0]], None, nef.Alpha(0.1))
    assert real.inputs == []
    assert np.array_equal(
        real.recurrent, dynamics.realise(real.A, np.eye(2), nef.Alpha(0.1), analog=False).recurrent
    )


@pytest.mark.parametrize(
    "synapse",
    [nef.Lowpass(0.1), nef.Alpha(0.05), nef.DoubleExp(0.02, 0.1), third_order([0.1, 0.03, 0.01])],
    ids=repr,
)
def test_for_short_steps_the_exact_mapping_is_the_continuous_one(synapse):
    A, B = system(3, 1, 2.0, seed=2)
    usual = dynamics.realise(A, B, synapse, method="continuous")
    far, near = (
        np.abs(dynamics.realise(A, B, synapse, dt).recurrent - usual.recurrent).max()
        for dt in (1e-3, 1e-4)
    )
    assert near < far / 8  # of the first order in dt
    assert usual.inputs[0][1] == synapse


@pytest.mark.parametrize("synapse", [nef.Lowpass(0.1), nef.Alpha(0.05), nef.DoubleExp(0.02, 0.1)])
def test_a_constant_input_enters_alike_by_all_filters_together(synapse):
    A, B = system(3, 1, 2.0, seed=2)
    exact, usual = (
        sum(matrix for matrix, _ in dynamics.realise(A, B, synapse, 1e-5, method=method).inputs)
        for method in ("exact", "continuous")
    )
    assert np.allclose(exact, usual, rtol=1e-3, atol=1e-4)  # of the first order in dt


def test_the_continuous_mapping_is_the_formula_of_the_books():
    A, B = system(3, 1, 2.0, seed=3)
    one = np.eye(3)
    lowpass, double, alpha = (
        dynamics.realise(A, B, synapse, method="continuous")
        for synapse in (nef.Lowpass(0.1), nef.DoubleExp(0.02, 0.1), nef.Alpha(0.05))
    )
    assert np.allclose(lowpass.recurrent, 0.1 * A + one)
    assert np.allclose(lowpass.inputs[0][0], 0.1 * B)
    assert np.allclose(double.recurrent, 0.002 * A @ A + 0.12 * A + one)
    assert np.allclose(double.inputs[0][0], (0.12 * one + 0.002 * A) @ B)
    assert np.allclose(alpha.recurrent, (0.05 * A + one) @ (0.05 * A + one))
    again = dynamics.realise(A, B, nef.LinearFilter([1.0], [0.002, 0.12, 1.0]), method="continuous")
    assert np.allclose(again.recurrent, double.recurrent)
    assert np.allclose(again.inputs[0][0], double.inputs[0][0])


def test_further_poles_of_two_lowpasses_mirror_those_of_the_system():
    real = dynamics.realise([[-4.0]], [[1.0]], nef.Alpha(0.1), 1e-5)
    assert np.log(real.hidden).real / 1e-5 == pytest.approx([-2 / 0.1 + 4.0], rel=1e-3)


def test_systems_faster_than_their_synapse_are_refused():
    with pytest.raises(ValueError, match=r"further poles up to .* in z, which grow"):
        dynamics.realise([[-21.0]], [[1.0]], nef.Alpha(0.1))
    assert dynamics.realise([[-19.0]], [[1.0]], nef.Alpha(0.1)).hidden.size == 1
    assert dynamics.realise([[-21.0]], [[1.0]], nef.Lowpass(0.1)).hidden.size == 0


def test_a_pole_at_a_zero_of_the_synapse_is_refused():
    with pytest.raises(ValueError, match="one at a zero of the synapse"):
        dynamics.realise([[0.0]], [[1.0]], nef.LinearFilter([0.1, 0.0], [0.01, 0.2, 1.0]))


def test_unstable_systems_are_met_while_they_grow():
    real = dynamics.realise([[3.0]], [[1.0]], nef.Alpha(0.05))
    u = np.ones((1000, 1))
    assert error(looped(real, u), ideal(real.A, real.B, u)) < CLOSE


def test_the_filter_of_a_state_is_for_one_step():
    slow = dynamics.StateFilter([[0.5]], [1.0], [0.5], dt=0.01)
    with pytest.raises(ValueError, match="StateFilter: dt must be the step of the network"):
        slow.filt([1.0], dt=0.001)
    b, a = slow.coefficients(0.01)
    assert np.allclose(slow.filt(np.eye(5)[0], 0.01), 0.5 ** np.arange(1, 6))
    assert np.allclose(np.trim_zeros(b, "b"), [0.5])
    assert np.allclose(a, [1.0, -0.5])


# -- functions that are not linear ----------------------------------------------------------


def van_der_pol(x, u=0.0):
    return 5.0 * np.stack([x[..., 1], (1 - x[..., 0] ** 2) * x[..., 1] - x[..., 0] + u], axis=-1)


def runge_kutta(f, x, dt):
    k1 = f(x)
    k2 = f(x + dt / 2 * k1)
    k3 = f(x + dt / 2 * k2)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + f(x + dt * k3))


MAPS = {
    "euler": lambda x: x + DT * van_der_pol(x),
    "rk4": lambda x: runge_kutta(van_der_pol, x, DT),
    "map": lambda x: 0.9 * np.sin(x),
}


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("tau", [0.0, 0.005, 0.1])
def test_a_function_fed_back_is_one_step_of_its_method(method, tau):
    f = MAPS["map"] if method == "map" else van_der_pol
    feedback = dynamics.realise_function(f, tau, DT, method=method)
    form = nef.Lowpass(tau).form(DT)
    step, out = one_row(form, np.zeros((order(form), 2))), np.empty(2)
    start = np.array([0.5, -0.2])
    x, wanted = np.zeros(2), np.zeros(2)
    for k in range(300):
        kick = start / form[0][0] if k == 0 else 0.0
        step(feedback(x) + kick, out)
        wanted = MAPS[method](wanted) + (start if k == 0 else 0.0)
        x = out.copy()
    assert np.allclose(x, wanted, rtol=1e-9, atol=1e-12)


def test_the_input_of_a_function_is_handed_on():
    feedback = dynamics.realise_function(lambda x, u: u - x, 0.1, DT, method="continuous")
    assert np.allclose(feedback(np.array([1.0, 2.0]), np.array([5.0, 5.0])), [1.4, 2.3])
    many = dynamics.realise_function(van_der_pol, 0.1, DT)
    points = np.random.default_rng(0).standard_normal((7, 2))
    assert np.allclose(many(points), [many(point) for point in points])


def test_functions_need_a_lowpass_and_a_number_for_each_state():
    with pytest.raises(TypeError, match="realise_function: synapse must be a lowpass"):
        dynamics.realise_function(np.sin, nef.Alpha(0.1))
    with pytest.raises(ValueError, match=r"function must give shape \(2,\), got shape \(\)"):
        dynamics.realise_function(np.sum, 0.1)(np.ones(2))


@pytest.mark.parametrize("inputs", [0, 1])
def test_a_system_that_overflows_in_a_step_is_refused_without_inputs_too(inputs: int) -> None:
    from nefsim.dynamics.realise import discrete

    with pytest.raises(ValueError, match=r"A must stay finite for a step, .* lower dt"):
        discrete("test", np.array([[1e7]]), np.ones((1, inputs)), 0.001)


def test_a_system_without_states_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A must have shape \(q, q\), got shape \(0, 0\)"):
        dynamics.realise(np.zeros((0, 0)), np.zeros((0, 1)), 0.1)
