"""Laws of linear systems: exact matrices of small ones, limits, and states that nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import dynamics
from nefsim.dynamics import LinearSystem, delays, loops, trajectory
from nefsim.dynamics.realise import _refuse_growth, _solved
from nefsim.filtering import StateSpace

DT = 0.001
ONE = LinearSystem([[-1.0]], [[1.0]])


# Delays


def test_delays_of_small_orders_have_the_matrices_of_the_formulas() -> None:
    A, B = dynamics.legendre(3, 0.5)
    np.testing.assert_allclose(A, 2 * np.array([[-1, -1, -1], [3, -3, -3], [-5, 5, -5]]))
    np.testing.assert_allclose(B, 2 * np.array([[1], [-3], [5]]))
    # v_i = (q + i) (q - i) / ((i + 1) theta): 9, 8 / 2 and 5 / 3, over a half.
    A, B = dynamics.pade(3, 0.5)
    np.testing.assert_allclose(A, [[-18, -18, -18], [8, 0, 0], [0, 10 / 3, 0]])
    np.testing.assert_allclose(B, [[18], [0], [0]])
    # P_0, P_1 and P_2 of 2 r - 1.
    np.testing.assert_allclose(dynamics.legendre_readout(3, 0.25), [1.0, -0.5, -0.125])
    A, B = dynamics.lmu(1, 2.0)  # dx/dt = (u - x) / 2, held for a second
    assert (A.item(), B.item()) == pytest.approx((math.exp(-0.5), 1 - math.exp(-0.5)))
    A, B = dynamics.lmu(1, 2.0, 0.5, "euler")
    assert (A.item(), B.item()) == pytest.approx((0.75, 0.25))


def test_orders_and_shares_have_limits() -> None:
    assert delays._order("test", 10_000) == 10_000
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: dynamics.legendre(10_001, 1.0), "order must be at most 10000"),
        (lambda: dynamics.legendre_readout(10_001), "order must be at most 10000"),
        (lambda: dynamics.legendre_readout(2, 1.01), "at must be at most 1"),
        (lambda: dynamics.pade_readout(2, -0.01), "at must be at least 0"),
        (lambda: dynamics.lmu(2, 1.0, dt=0.0), "dt must be"),
        (lambda: dynamics.lmu(2, 1.0, method="foh"), "method must be"),
    ]
    for call, words in calls:
        with pytest.raises(ValueError, match=words):
            call()


# Systems


def test_a_direct_path_may_be_a_number() -> None:
    assert LinearSystem([[-1.0]], [1.0], [1.0], 2.0).matrices[3].tolist() == [[2.0]]
    assert LinearSystem([[-1.0]], [1.0]).matrices[2:][0].tolist() == [[1.0]]
    with pytest.raises(ValueError, match=r"D must have shape \(2, 1\)"):
        LinearSystem(-np.eye(2), [1.0, 0.0], None, 2.0)
    for A in ([[1.0, 2.0]], [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="A must be square, got shape"):
            LinearSystem(A, np.ones(len(A)))


def test_a_system_without_states_passes_its_input_on() -> None:
    through = LinearSystem(np.zeros((0, 0)), np.zeros((0, 2)), np.zeros((1, 0)), [[3.0, 4.0]], DT)
    assert through.response([0.0, 9.0]).real.tolist() == [[[3.0, 4.0]]] * 2
    assert through.run([[1.0, 1.0], [0.0, 2.0]]).tolist() == [[7.0], [8.0]]
    assert (through.order, through.n_inputs, through.n_outputs) == (0, 2, 1)
    assert through.transformed(np.zeros((0, 0))) == through and through.is_stable


def test_coordinates_change_by_regular_matrices() -> None:
    two = LinearSystem([[-1.0, 4.0], [0.0, -3.0]], [1.0, 2.0], [[1.0, 0.0]])
    turned = two.transformed([[1.0, 1.0], [0.0, 2.0]])
    for part, expected in zip(
        turned.matrices, ([[-1, 1], [0, -3]], [[3], [4]], [[1, -0.5]], [[0]]), strict=True
    ):
        np.testing.assert_allclose(part, expected, atol=1e-15)
    two.transformed([1.0, 0.9e14])
    with pytest.raises(ValueError, match="T must be regular, got a singular one"):
        two.transformed([1.0, 1.1e14])
    with pytest.raises(ValueError, match=r"T must have shape \(2, 2\)"):
        two.transformed([1.0, 2.0, 3.0])


def test_an_input_has_a_column_for_each_of_the_system_and_a_start_a_number_for_each_state() -> None:
    steps = LinearSystem([[0.5]], [[2.0]], [[3.0]], [[1.0]], DT)
    assert steps.states([1.0, 0.0, 0.0]).ravel().tolist() == [0.0, 2.0, 1.0]
    assert steps.run([1.0, 0.0, 0.0], [4.0]).ravel().tolist() == [13.0, 12.0, 6.0]
    with pytest.raises(ValueError, match="u must have shape"):
        steps.run(np.ones((3, 2)))
    with pytest.raises(ValueError, match="start must have shape"):
        steps.run([1.0], [1.0, 2.0])


def test_operands_of_other_sizes_or_kinds_are_refused() -> None:
    two = LinearSystem([[-1.0]], [[1.0, 1.0]])
    for call in (lambda: ONE + two, lambda: two @ two, lambda: ONE.feedback(two)):
        with pytest.raises(ValueError, match="other must have shape"):
            call()
    for call in (lambda: ONE * "x", lambda: "x" * ONE, lambda: ONE / "x", lambda: ONE * [2.0]):
        with pytest.raises(TypeError):
            call()
    words = "other must have the same step, got continuous time next to steps of 0.001 s"
    with pytest.raises(ValueError, match=words):
        ONE.discretise(DT) + ONE
    with pytest.raises(ValueError, match="other must have the same step"):
        ONE.discretise(DT) + ONE.discretise(0.002)


def test_one_unstable_pole_is_enough() -> None:
    for dt, good, bad in ((None, [-1.0, -2.0], [-1.0, 0.0]), (DT, [0.5, -0.9], [0.5, -1.0])):
        assert LinearSystem(np.diag(good), [1.0, 1.0], dt=dt).is_stable
        assert not LinearSystem(np.diag(bad), [1.0, 1.0], dt=dt).is_stable


# Realisations


def test_a_further_pole_may_be_off_by_a_ten_millionth() -> None:
    for A, size in (([[0.5]], 1.0), ([[2.0]], 2.0)):
        _refuse_growth("test", np.array([size * (1 + 0.9e-7), 0.1]), np.array(A))
        with pytest.raises(ValueError, match="synapse must be short enough for the system"):
            _refuse_growth("test", np.array([-size * (1 + 1.5e-7), 0.1]), np.array(A))


def test_equations_that_lose_thirteen_digits_are_refused() -> None:
    """The condition of [[1, 1], [1, 1 + e]] is 4 / e."""
    _solved("test", np.array([[1.0, 1.0], [1.0, 1.0 + 6e-13]]), np.eye(2))
    with pytest.raises(ValueError, match="one at a zero of the synapse"):
        _solved("test", np.array([[1.0, 1.0], [1.0, 1.0 + 2.5e-13]]), np.eye(2))
    # Rows of any size.
    scaled = _solved("test", np.array([[1e-20, 0.0], [0.0, 4.0]]), np.eye(2))
    np.testing.assert_allclose(scaled, [[1e20, 0.0], [0.0, 0.25]])


def test_a_continuous_loop_on_a_filter_with_a_zero_is_the_formula() -> None:
    """A' = d(a) / n(a), and what is left of (d(s) - n(s) A') / (s - a) at 0 times b."""
    a, b, (n1, n0), (d2, d1, d0) = -3.0, 2.0, (0.01, 1.0), (0.002, 0.12, 1.0)
    synapse = nef.LinearFilter([n1, n0], [d2, d1, d0])
    real = dynamics.realise([[a]], [[b]], synapse, method="continuous")
    again = (d2 * a * a + d1 * a + d0) / (n1 * a + n0)
    assert real.recurrent.item() == pytest.approx(again, rel=1e-12)
    ((matrix, entry),) = real.inputs
    assert matrix.item() == pytest.approx((d2 * a + d1 - n1 * again) * b, rel=1e-12)
    assert entry == synapse and real.hidden.size == 0
    assert dynamics.realise([[a]], None, synapse, method="continuous").inputs == []


def test_the_continuous_method_takes_continuous_systems_and_synapses() -> None:
    with pytest.raises(ValueError, match="analog must be True for the continuous method"):
        dynamics.realise([[0.5]], [1.0], 0.1, analog=False, method="continuous")
    for synapse in (nef.LinearFilter([0.1], [1.0, -0.9], analog=False), nef.Triangle(0.01)):
        with pytest.raises(ValueError, match="synapse must have a transfer function of s, got"):
            dynamics.realise([[-1.0]], [1.0], synapse, method="continuous")


def test_inputs_have_a_row_for_each_state() -> None:
    for B in ([1.0], [[1.0, 2.0]], np.ones((2, 1, 1))):
        with pytest.raises(ValueError, match="B must have shape"):
            dynamics.realise(-np.eye(2), B, 0.1)
    assert dynamics.realise(-np.eye(2), [1.0, 2.0], 0.1).B.shape == (2, 1)


def test_a_state_filter_is_for_its_step_up_to_rounding() -> None:
    found = dynamics.StateFilter([[0.5]], [1.0], [0.5], dt=0.01)
    assert isinstance(found.state_space(0.01 * (1 + 1e-10)), StateSpace)
    for dt in (0.01 * (1 + 1e-8), 0.01 * (1 - 1e-8)):
        with pytest.raises(ValueError, match="dt must be the step of the network"):
            found.state_space(dt)
    with pytest.raises(ValueError, match=r"A must be square, got shape \(0, 0\)"):
        dynamics.StateFilter(np.zeros((0, 0)), [], [], dt=0.01)


# Decoders over time

SPIKES = 1000.0 * (np.random.default_rng(0).random((200, 4)) < 0.2)
TARGETS = np.sin(np.arange(200) / 30)


def test_temporal_decoders_are_those_of_the_solver_behind_the_filter() -> None:
    filtered = nef.Lowpass(0.02).filt(SPIKES, 0.002)[25:]
    expected, _ = nef.LstsqL2(reg=0.01)(filtered, TARGETS[25:])
    for synapses in (0.02, [0.02], (nef.Lowpass(0.02),)):
        (found,) = dynamics.temporal_decoders(SPIKES, TARGETS, synapses, 0.002, skip=0.05)
        np.testing.assert_array_equal(found, expected)
    solver = dynamics.temporal_solver(SPIKES, TARGETS, 0.02, 0.002, skip=0.05)
    np.testing.assert_array_equal(solver.values, expected)


def test_a_run_is_longer_than_the_part_that_is_left_out() -> None:
    dynamics.temporal_decoders(SPIKES, TARGETS, 0.02, skip=0.199)
    with pytest.raises(ValueError, match="got 200 steps, of which 200 are skipped"):
        dynamics.temporal_decoders(SPIKES, TARGETS, 0.02, skip=0.2)
    with pytest.raises(ValueError, match="got 200 steps, of which 0 are skipped"):
        dynamics.temporal_decoders(SPIKES[:, :0], TARGETS, 0.02)
    with pytest.raises(ValueError, match="synapses must hold a synapse, got none"):
        dynamics.temporal_decoders(SPIKES, TARGETS, [])
    with pytest.raises(TypeError, match="synapses must be filters, got None"):
        dynamics.temporal_decoders(SPIKES, TARGETS, None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="targets must have shape"):
        dynamics.temporal_decoders(SPIKES, TARGETS[1:], 0.02)


def test_the_lags_of_a_filter_are_the_steps_of_its_window() -> None:
    x = np.random.default_rng(0).standard_normal(300)
    for dt in (DT, 0.002):
        lags, taps = dynamics.optimal_filter(2.0 * x, x, dt, window=6 * dt)
        np.testing.assert_allclose(lags, dt * np.arange(-3, 3))
        np.testing.assert_allclose(taps, [0, 0, 0, 0.5, 0, 0], atol=1e-12)
        assert len(dynamics.optimal_filter(x, x, dt, window=2 * dt)[0]) == 2
        assert len(dynamics.optimal_filter(x, x, dt, window=300 * dt)[0]) == 300
        for n in (1, 301):
            with pytest.raises(ValueError, match=f"window must be .* got {n} steps of 300"):
                dynamics.optimal_filter(x, x, dt, window=n * dt)
    with pytest.raises(ValueError, match="response must be other than 0"):
        dynamics.optimal_filter(0 * x, x, window=0.01)


# Trajectories

PARTLY = LinearSystem(np.diag([-5.0, -8.0]), [1.0, 0.0])


@pytest.mark.parametrize("process", [None, nef.WhiteSignal(1.0, high=5.0, seed=1)])
def test_a_state_that_nothing_moves_has_a_scale_of_1(process: Any) -> None:
    scale = dynamics.state_scale(PARTLY, process, seconds=1.0)
    assert 0 < scale[0] < 1.0 and scale[1] == 1.0
    ball = dynamics.state_scale(PARTLY, process, norm="ball", seconds=1.0)
    # At the worst both states are at their limits; of the process one is 0.
    np.testing.assert_allclose(ball / scale, math.sqrt(2) if process is None else 1.0)


def test_the_worst_case_is_the_sum_of_the_impulse_response() -> None:
    """In steps of a system in discrete time: 2 (1 + 1/2 + 1/4 + ...), with either sign."""
    for pole in (0.5, -0.5):
        steps = LinearSystem([[pole]], [[2.0, -1.0]], dt=0.01)
        assert dynamics.state_scale(steps, dt=5.0) == pytest.approx([6.0], rel=1e-11)
    with pytest.raises(ValueError, match="system must have poles that decay"):
        dynamics.state_scale(LinearSystem([[0.0]], [[1.0]]))


def test_an_impulse_response_is_summed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectory, "MOST_STEPS", 3)
    assert dynamics.state_scale(LinearSystem([[0.5]], [[1.0]], dt=1.0)).tolist() == [1.75]


def test_a_system_in_steps_is_driven_in_its_steps() -> None:
    process = nef.WhiteSignal(1.0, high=5.0, seed=1)
    steps = PARTLY.discretise(0.01)
    states = steps.states(process.run(1.01, dt=0.01))[1:]
    scale = dynamics.state_scale(steps, process, seconds=1.0, dt=0.5)
    np.testing.assert_allclose(scale[0], np.abs(states[:, 0]).max(), rtol=1e-12)
    points = dynamics.Trajectory(steps, process, seconds=1.0, dt=0.5)
    assert points.dt == 0.01
    drawn = points.sample(100, 2, rng=0)
    # As many as there are: each once, in another order.
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(states, axis=0))
    assert len(np.unique(points.sample(101, 2, rng=0), axis=0)) < 101


def test_points_are_divided_by_the_scale_of_each_state() -> None:
    process = nef.WhiteSignal(1.0, high=5.0, seed=1)
    whole = dynamics.Trajectory(PARTLY, process, seconds=0.5).sample(9, 2, rng=0)
    half = dynamics.Trajectory(PARTLY, process, seconds=0.5, scale=[2.0, 4.0]).sample(9, 2, rng=0)
    np.testing.assert_array_equal(half, whole / [2.0, 4.0])
    for scale in (0.0, -1.0, [1.0, 0.0]):
        with pytest.raises(ValueError, match="scale must be"):
            dynamics.Trajectory(PARTLY, process, scale=scale)
    with pytest.raises(ValueError, match=r"scale must be a number or have shape \(2,\), got"):
        dynamics.Trajectory(PARTLY, process, scale=[1.0])
    one = dynamics.Trajectory(ONE, process, seconds=0.5).sample(9, rng=0)
    assert one.shape == (9,)
    with pytest.raises(ValueError, match="system must have states, got one without"):
        dynamics.Trajectory(LinearSystem(np.zeros((0, 0)), np.zeros((0, 1))), process)


# Reduction


def test_a_reduced_system_keeps_the_largest_states_or_the_gain_too() -> None:
    """Of 1 / (s + 1) + 0.02 / (s + 10) the second state is of no account but for the gain."""
    system = LinearSystem(np.diag([-1.0, -10.0]), [1.0, 0.1], [1.0, 0.2])
    plain, exact = (dynamics.truncate(system, 1, keep_gain) for keep_gain in (False, True))
    assert plain.gain.item() == pytest.approx(1.002, abs=0.01)
    assert exact.gain.item() == pytest.approx(1.002, rel=1e-12)
    assert plain.matrices[3].item() == 0.0 != exact.matrices[3].item()
    assert dynamics.truncate(system, 0, True).gain.item() == pytest.approx(1.002, rel=1e-12)
    steps = system.discretise(0.01)
    assert dynamics.truncate(steps, 1, True).gain.item() == pytest.approx(1.002, rel=1e-9)
    # Of one state x' = -x + u, y = 2 x: P = 1/2 and Q = 2, whose product's root is 1.
    P, Q = dynamics.gramians(LinearSystem([[-1.0]], [1.0], [2.0]))
    assert (P.item(), Q.item()) == pytest.approx((0.5, 2.0))
    assert dynamics.hankel_values(LinearSystem([[-1.0]], [1.0], [2.0])) == pytest.approx([1.0])


def test_an_output_that_the_next_state_has_needs_no_further_state() -> None:
    """With C' A = C and C' B = D, C' reads the next state; else a state holds the output."""
    A = np.array([[0.5]])
    for scale in (1.0, 1e-6):
        of = StateSpace(A, np.array([scale]), np.array([0.5 / scale]), 1.0)
        found = loops._with_the_step(of)
        assert found.A.shape == (1, 1) and found.D == 0.0
        np.testing.assert_allclose(found.C * found.B, 1.0, rtol=1e-12)
    longer = loops._with_the_step(StateSpace(A, np.ones(1), np.array([0.5]), 2.0))
    assert longer.A.tolist() == [[0.5, 0.0], [0.5, 0.0]] and longer.B.tolist() == [1.0, 2.0]
    assert longer.C.tolist() == [0.0, 1.0] and longer.D == 0.0
