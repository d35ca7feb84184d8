"""Laws of linear systems, delays, their reduction and their trajectories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.signal import cont2discrete, dlsim

import nefsim as nef
from nefsim import dynamics
from nefsim.dynamics import LinearSystem

DT = 0.001
ORDERS, SEEDS = st.integers(1, 6), st.integers(0, 2**32 - 1)
F = np.array([0.0, 0.3, 2.0, 17.0])


def random_system(q, m, p, seed, dt=None, through=True):
    """A stable one with poles of at most 20/s."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((q, q))
    A -= np.eye(q) * (np.linalg.eigvals(A).real.max() + 0.3)
    A *= 20 / max(20, np.abs(np.linalg.eigvals(A)).max())
    B, C = rng.standard_normal((q, m)), rng.standard_normal((p, q))
    D = rng.standard_normal((p, m)) if through else np.zeros((p, m))
    system = LinearSystem(A, B, C, D)
    return system if dt is None else system.discretise(dt)


# -- systems ------------------------------------------------------------------------------


@settings(deadline=None)
@given(ORDERS, ORDERS, SEEDS, st.sampled_from([None, 0.05]))
def test_the_algebra_is_that_of_transfer_functions(q, r, seed, dt):
    a, b = random_system(q, 2, 2, seed, dt), random_system(r, 2, 2, seed + 1, dt)
    G, H = a.response(F), b.response(F)
    M = np.array([[0.0, 2.0], [1.0, 1.0]])
    one = np.eye(2)
    laws = [
        (a + b, G + H),
        (a - b, G - H),
        (-a, -G),
        (a @ b, G @ H),
        (a**3, G @ G @ G),
        (a**0, one + 0 * G),
        (2.5 * a / 5.0, G / 2),
        (M @ a, M @ G),
        (a @ M, G @ M),
        (a + M, G + M),
        (M - a, M - G),
        (a.feedback(b), np.linalg.solve(one + G @ H, G)),
        (a.feedback(0.5, sign=1), np.linalg.solve(one - 0.5 * G, G)),
        (a.transformed(np.arange(1.0, q + 1)), G),
    ]
    for system, wanted in laws:
        # Loops that are nearly undefined lose as many digits as their largest value.
        scale = np.abs(wanted).max() + np.abs(system.matrices[1]).max(initial=0.0) ** 2
        assert np.allclose(system.response(F), wanted, rtol=1e-6, atol=1e-8 * scale)


@settings(deadline=None, max_examples=30)
@given(ORDERS, SEEDS)
def test_time_is_that_of_scipy(q, seed):
    system = random_system(q, 2, 3, seed, DT)
    u = np.random.default_rng(seed).standard_normal((50, 2))
    start = np.arange(1.0, q + 1)
    _, outputs, states = dlsim((*system.matrices, DT), u, x0=start)
    assert np.allclose(system.states(u, start), states, rtol=1e-12, atol=1e-12)
    assert np.allclose(system.run(u, start), outputs, rtol=1e-12, atol=1e-12)
    assert (system.states(u)[0] == 0).all()


@pytest.mark.parametrize("method", ["zoh", "foh", "bilinear", "euler", "backward"])
def test_discretisation_is_that_of_scipy(method):
    system = random_system(3, 2, 2, 0)
    name = "backward_diff" if method == "backward" else method
    wanted = cont2discrete(system.matrices, 0.01, name)
    found = system.discretise(0.01, method)
    for part, other in zip(found.matrices, wanted, strict=False):
        assert np.allclose(part, other, rtol=1e-12, atol=1e-14)
    assert found.dt == 0.01


def test_poles_gain_and_stability():
    system = LinearSystem([[-2.0, 1.0], [0.0, -5.0]], [0.0, 5.0], [1.0, 0.0])
    assert sorted(system.poles.real) == [-5.0, -2.0]
    assert np.allclose(system.gain, [[0.5]])
    assert system.is_stable
    assert system.discretise(DT).is_stable
    assert np.allclose(system.discretise(DT).gain, [[0.5]])
    assert np.allclose(np.sort(system.discretise(DT).poles.real), np.exp([-5 * DT, -2 * DT]))
    assert not LinearSystem([[0.0]], [1.0]).is_stable
    assert not LinearSystem([[1.0]], [1.0], dt=DT).is_stable
    assert LinearSystem([[0.0]], [1.0]).gain == np.inf
    assert (system.order, system.n_inputs, system.n_outputs) == (2, 1, 1)


def test_systems_are_values():
    a, b = (LinearSystem([[-1.0]], [1.0]) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != a.discretise(DT)
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(a.A)[0, 0] = 2.0


@pytest.mark.parametrize(
    "synapse",
    [
        nef.Lowpass(0.02),
        nef.Alpha(0.02),
        nef.Triangle(0.004),
        nef.LinearFilter([0.1, 1.0], [0.2, 1.0]),
        nef.LinearFilter([1.0], np.poly([-20, -60, -90]) / 108e3),
    ],
    ids=repr,
)
def test_a_synapse_as_a_system_is_its_filter_one_step_later(synapse):
    u = np.random.default_rng(0).standard_normal(200)
    found = LinearSystem.of_synapse(synapse, DT).run(u)[:, 0]
    assert np.allclose(found[1:], synapse.filt(u, DT)[:-1], rtol=1e-10, atol=1e-12)
    assert found[0] == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda s: s + s.discretise(DT),
            "other must have the same step, got steps of 0.001 s next",
        ),
        (lambda s: s @ LinearSystem([[-1.0]], [[1.0, 1.0]], np.eye(3, 1)), "other must have shape"),
        (lambda s: s.run([1.0]), "system must be in discrete time"),
        (lambda s: s.discretise(DT).discretise(DT), "system must be in continuous time"),
        (lambda s: (s + 1.0).feedback(-1.0), "other must leave a loop that is defined"),
        (lambda s: s.feedback(1.0, sign=0), "sign must be -1 or 1"),
        (lambda s: s.transformed([0.0]), "T must be regular"),
        (lambda s: s / 0, "number must not be 0"),
        (lambda s: LinearSystem([[1e6]], [1.0]).discretise(1.0), "A must stay finite"),
        (lambda s: (s @ np.ones((1, 2))) ** 2, "system must have as many outputs as inputs"),
    ],
)
def test_systems_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(LinearSystem([[-1.0]], [1.0]))


# -- delays -------------------------------------------------------------------------------


def pade_approximant(q, s):
    """The [q-1/q] approximant of exp(-s), from its series (independently of state spaces)."""
    from math import factorial as f

    num = sum(f(2 * q - 1 - j) / f(j) / f(q - 1 - j) * (-s) ** j for j in range(q))
    den = sum(f(2 * q - 1 - j) / f(j) / f(q - j) * s**j for j in range(q + 1))
    return num / den / (f(q - 1) / f(q)) * f(q - 1) / f(q)


@pytest.mark.parametrize("q", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("kind", ["legendre", "pade"])
def test_delays_are_pade_approximants(q, kind):
    theta = 0.4
    A, B = getattr(dynamics, kind)(q, theta)
    C = getattr(dynamics, f"{kind}_readout")(q, 1.0)
    f = np.array([0.0, 0.5, 1.0, 3.0])
    found = LinearSystem(A, B, C).response(f).ravel()
    s = 2j * np.pi * f * theta
    wanted = pade_approximant(q, s)
    assert np.allclose(found, wanted / pade_approximant(q, 0.0), rtol=1e-9)


@pytest.mark.parametrize("kind", ["legendre", "pade"])
def test_both_windows_read_the_same_past_at_any_point(kind):
    theta, r = 0.5, np.linspace(0, 1, 5)
    A, B = getattr(dynamics, kind)(8, theta)
    system = LinearSystem(A, B, getattr(dynamics, f"{kind}_readout")(8, r)).discretise(DT)
    t = DT * np.arange(3000)
    u = np.sin(2 * np.pi * 1.5 * t) + 0.5 * np.cos(2 * np.pi * t)
    read = system.run(u)
    for column, share in enumerate(r):
        steps = round(share * theta / DT)
        # Of 8 dimensions .75 waves are read to some thousandths of the amplitude, 1.5.
        assert np.abs(read[2000:, column] - u[2000 - steps : 3000 - steps]).max() < 0.01


def test_the_readouts_of_both_are_one_in_other_coordinates():
    q, theta, r = 5, 1.0, np.linspace(0, 1, 7)
    A, B = dynamics.legendre(q, theta)
    E, G = dynamics.pade(q, theta)

    def krylov(A, B):
        return np.hstack([np.linalg.matrix_power(A / 50, k) @ B for k in range(q)])

    T = krylov(A, B) @ np.linalg.inv(krylov(E, G))  # m = T x
    assert np.allclose(dynamics.legendre_readout(q, r) @ T, dynamics.pade_readout(q, r), atol=1e-6)


def test_the_memory_unit_is_held_or_euler():
    A, B = dynamics.legendre(4, 20.0)
    Ad, Bd = dynamics.lmu(4, 20.0)
    assert np.allclose(Ad, expm(A))
    assert np.allclose(Bd, np.linalg.solve(A, (expm(A) - np.eye(4)) @ B))
    Ad, Bd = dynamics.lmu(4, 20.0, dt=0.5, method="euler")
    assert np.allclose(Ad, np.eye(4) + A / 2)
    assert np.allclose(Bd, B / 2)


# -- reduction ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(ORDERS, SEEDS, st.sampled_from([None, 0.05]), st.booleans())
def test_truncation_errs_by_at_most_twice_what_is_left_out(q, seed, dt, keep_gain):
    system = random_system(q, 2, 2, seed, dt)
    sizes = dynamics.hankel_values(system)
    assert (np.diff(sizes) <= 0).all()
    for r in range(q + 1):
        if (sizes[:r] < 1e-9 * sizes[0]).any():
            continue
        small = dynamics.truncate(system, r, keep_gain)
        gap = np.linalg.norm(small.response(F) - system.response(F), 2, axis=(1, 2)).max()
        assert gap <= 2 * sizes[r:].sum() * (1 + 1e-6) + 1e-6 * sizes[0]
        assert small.order == r
        if keep_gain:
            assert np.allclose(small.gain, system.gain, rtol=1e-6, atol=1e-6 * sizes[0])


def test_balanced_coordinates_have_equal_gramians():
    system = random_system(4, 1, 2, 3)
    balanced = dynamics.truncate(system, 4)
    P, Q = dynamics.gramians(balanced)
    sizes = np.diag(dynamics.hankel_values(system))
    assert np.allclose(P, sizes, atol=1e-9)
    assert np.allclose(Q, sizes, atol=1e-9)


def test_gramians_are_sums_over_the_impulse_response():
    system = random_system(3, 2, 2, 5, dt=0.1)
    A, B, C, _ = system.matrices
    powers = [np.linalg.matrix_power(A, k) for k in range(2000)]
    P, Q = dynamics.gramians(system)
    assert np.allclose(P, sum(M @ B @ B.T @ M.T for M in powers))
    assert np.allclose(Q, sum(M.T @ C.T @ C @ M for M in powers))


def test_only_stable_systems_are_reduced_and_only_to_states_that_matter():
    with pytest.raises(ValueError, match="truncate: system must have poles that decay"):
        dynamics.truncate(LinearSystem([[0.0]], [1.0]), 1)
    unseen = LinearSystem(np.diag([-1.0, -2.0]), [1.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="order must be at most 1"):
        dynamics.truncate(unseen, 2)


# -- trajectories -------------------------------------------------------------------------

WINDOW = LinearSystem(*dynamics.legendre(3, 0.5))
NOISE = nef.WhiteSignal(5.0, high=2.0)


def test_points_of_a_trajectory_are_states_of_the_system():
    process = nef.WhiteSignal(5.0, high=2.0, seed=3)
    points = dynamics.Trajectory(WINDOW, process, seconds=2.0, scale=2.0).sample(100, 3, rng=0)
    states = WINDOW.discretise(DT).states(process.run(2.001, 1)) / 2.0
    gaps = np.abs(points[:, None] - states[None]).max(axis=2).min(axis=1)
    assert gaps.max() == 0
    assert len(np.unique(points, axis=0)) == 100
    again = dynamics.Trajectory(WINDOW, process, seconds=2.0, scale=2.0)
    assert np.array_equal(again.sample(100, 3, rng=0), points)
    assert again.sample(3000, 3, rng=0).shape == (3000, 3)
    with pytest.raises(ValueError, match=r"Trajectory.sample: d must be 3, the order, got 2"):
        again.sample(10, 2)


def test_a_population_takes_its_points_from_a_trajectory():
    net = nef.Network(seed=0)
    points = dynamics.Trajectory(WINDOW, NOISE, seconds=1.0)
    ensemble = net.ensemble(20, 3, eval_points=points, n_eval_points=50)
    net.connect(ensemble, ensemble, synapse=0.1)
    found = nef.Simulator(net, progress=False).data[ensemble].eval_points
    assert found.shape == (50, 3)
    assert np.abs(found).max() < 2


@pytest.mark.parametrize("norm", ["each", "ball"])
def test_scaled_states_stay_within_their_bounds(norm):
    scale = dynamics.state_scale(WINDOW, norm=norm)
    for seed in range(3):
        u = np.sign(np.random.default_rng(seed).standard_normal((4000, 1)))
        states = WINDOW.discretise(DT).states(u) / scale
        size = np.linalg.norm(states, axis=1) if norm == "ball" else np.abs(states)
        assert size.max() <= 1 + 1e-9
    # The worst input is the sign of the impulse response, backwards.
    A, B = (WINDOW.discretise(DT).matrices)[:2]
    impulse = np.array([(np.linalg.matrix_power(A, k) @ B)[0, 0] for k in range(3000)])
    worst = WINDOW.discretise(DT).states(np.sign(impulse[::-1]))[-1, 0]
    if norm == "each":
        assert worst / scale[0] == pytest.approx(1.0, abs=2e-2)  # the last step is not seen


@pytest.mark.parametrize("norm", ["each", "ball"])
def test_a_process_reaches_its_scale(norm):
    process = nef.WhiteSignal(5.0, high=2.0, seed=1)
    scale = dynamics.state_scale(WINDOW, process, norm=norm, seconds=5.0)
    states = WINDOW.discretise(DT).states(process.run(5.001, 1)) / scale
    size = np.linalg.norm(states, axis=1) if norm == "ball" else np.abs(states).max(axis=0)
    assert size.max() == pytest.approx(1.0, rel=1e-12)
    assert (scale < dynamics.state_scale(WINDOW, norm=norm) * np.abs(process.run(5.0)).max()).all()
    scaled = WINDOW.transformed(1 / scale).discretise(DT)
    assert np.allclose(scaled.states(process.run(5.001, 1)), states, atol=1e-9)


# -- decoders over time -------------------------------------------------------------------


def test_temporal_decoders_are_least_squares_of_filtered_spikes():
    rng = np.random.default_rng(0)
    spikes = (rng.random((500, 8)) < 0.1) / DT
    synapses = [nef.Lowpass(0.01), nef.Alpha(0.02)]
    true = rng.standard_normal((2, 8, 2)) / 100
    target = sum(h.filt(spikes, DT) @ d for h, d in zip(synapses, true, strict=True))
    found = dynamics.temporal_decoders(spikes, target, synapses, DT, solver=nef.Lstsq(), skip=0.05)
    assert np.allclose(found, true, rtol=1e-6, atol=1e-9)


def test_several_synapses_decode_better_than_one_of_them():
    net = nef.Network(seed=1)
    source = net.node(nef.WhiteSignal(4.0, high=5.0, seed=2))
    ensemble = net.ensemble(60, 1)
    net.connect(source, ensemble, synapse=None)
    spikes, signal = net.probe(ensemble.neurons), net.probe(source)
    sim = nef.Simulator(net, progress=False)
    sim.run(4.0)
    x = np.asarray(sim.data[signal])

    def rmse(synapses):
        decoders = dynamics.temporal_decoders(sim.data[spikes], x, synapses, DT)
        parts = [
            nef.Lowpass(tau).filt(sim.data[spikes], DT) @ d
            for tau, d in zip(synapses, decoders, strict=True)
        ]
        return np.sqrt(np.mean((sum(parts) - x) ** 2))

    assert rmse([0.005, 0.02]) < 0.8 * min(rmse([0.005]), rmse([0.02]))


def test_a_temporal_solver_decodes_in_a_network():
    def run(solver):
        net = nef.Network(seed=1)
        source = net.node(nef.WhiteSignal(2.0, high=2.0, seed=2))
        ensemble, out = net.ensemble(60, 1, seed=3), net.node(size_in=1)
        net.connect(source, ensemble, synapse=None)
        net.connect(ensemble, out, synapse=0.05, solver=solver)
        probes = net.probe(ensemble.neurons), net.probe(source), net.probe(out)
        sim = nef.Simulator(net, progress=False)
        sim.run(2.0)
        return [np.asarray(sim.data[probe]) for probe in probes]

    spikes, x, decoded = run(nef.LstsqL2())
    wanted = nef.Lowpass(0.05).filt(x, DT)
    solver = dynamics.temporal_solver(spikes, wanted, 0.05, DT, skip=0.2)
    learned = run(solver)[2]
    predicted = nef.Lowpass(0.05).filt(spikes, DT) @ solver.values
    assert np.allclose(learned[1:], predicted[:-1], rtol=1e-9, atol=1e-12)

    def rmse(y):
        return np.sqrt(np.mean((y[201:] - wanted[200:-1]) ** 2))

    assert rmse(learned) < 0.7 * rmse(decoded)  # which know the rate curves alone


def test_the_optimal_filter_undoes_a_filter():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60_000)
    h = nef.Lowpass(0.005)
    lags, taps = dynamics.optimal_filter(h.filt(x, DT), x, DT, window=0.25)
    b, a = h.coefficients(DT)
    wanted = np.zeros(len(lags))
    at = int(np.argmin(np.abs(lags)))
    wanted[at], wanted[at + 1] = 1 / b[0], a[1] / b[0]
    assert np.abs(taps - wanted).max() < 0.05 / b[0]
    assert (np.diff(lags) > 0).all()


def test_a_readout_at_one_number_is_one_vector() -> None:
    for readout in (dynamics.legendre_readout, dynamics.pade_readout):
        assert readout(6, 0.0).shape == (6,)
        assert readout(6, [0.0, 0.5]).shape == (2, 6)
        np.testing.assert_array_equal(readout(6, [0.0])[0], readout(6, 0.0))


@pytest.mark.parametrize("A", [[[0.5, 0.1]], [[0.5], [0.1]]], ids=["wide", "tall"])
def test_the_matrix_of_a_state_is_square(A: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="A must be square"):
        dynamics.StateFilter(A, np.ones(len(A)), np.ones(len(A)), dt=0.001)


def test_a_trajectory_takes_a_step_at_least() -> None:
    assert dynamics.Trajectory(WINDOW, NOISE, seconds=0.002, dt=0.002).sample(1, 3, rng=0).any()
    with pytest.raises(ValueError, match=r"Trajectory: seconds must be at least dt = 0\.002 s"):
        dynamics.Trajectory(WINDOW, NOISE, seconds=0.001, dt=0.002)
