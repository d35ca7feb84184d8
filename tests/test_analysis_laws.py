"""Laws of the measures of learning: exact values at small inputs, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nefsim import analysis
from nefsim.analysis.timing import _change


def test_the_rule_of_a_pair_is_its_formula() -> None:
    """2 x 5 x (5 - 4) / 4, and 2 x 3 x (3 - 4) / 4."""
    rule = analysis.PairwiseBCM(4.0)
    assert rule(2.0, [5.0, 3.0]).tolist() == [2.5, -1.5]
    with pytest.raises(ValueError, match=r"^PairwiseBCM: a_post must fit .+ \(2,\), got .+; pass"):
        rule([1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("delay", [-0.02, 0.0, 0.013, 0.05])
def test_a_change_is_the_integral_of_the_rule_over_the_steps(delay: float) -> None:
    """Two trains of 10 Hz for 4 pairs: the one before comes first by the lag of its period."""
    tau, later, dt = 0.02, 0.03, 0.001
    pre, post, change = 0.0, 0.0, 0.0
    for step in range(400):
        pre = pre * (1 - dt / tau) + (step % 100 == round(-delay % 0.1 / dt)) / tau
        post = post * (1 - dt / later) + (step % 100 == 0) / later
        change += (pre - 0.5 * post) * dt
    found = _change("test", lambda a, b: a - 0.5 * b, delay, 10.0, 4, tau, later, dt)
    # 400 terms in another order.
    assert found == pytest.approx(change, rel=1e-12)


def test_a_fit_needs_three_delays_on_each_side() -> None:
    t = np.array([-0.03, -0.02, -0.01, 0.01, 0.02, 0.03])
    w = np.where(t > 0, 0.8 * np.exp(-t / 0.015), -0.3 * np.exp(t / 0.03))
    np.testing.assert_allclose(analysis.stdp_fit(t, w), [(0.8, 0.015), (-0.3, 0.03)], rtol=1e-6)
    words = "delays must have three on each side of 0, with changes, got 2 with changes"
    for part in (slice(1, None), slice(None, 5)):
        with pytest.raises(ValueError, match=words):
            analysis.stdp_fit(t[part], w[part])
    for side in (t > 0, t < 0):
        with pytest.raises(ValueError, match="got 3 with changes that are all 0"):
            analysis.stdp_fit(t, np.where(side, w, 0.0))
    with pytest.raises(ValueError, match="changes must fall with the delay, got"):
        analysis.stdp_fit(t, np.tile([1.0, -1.0, 1.0], 2) * 1e6)


def test_delays_are_shorter_than_a_period() -> None:
    def rule(a: Any, b: Any) -> Any:
        return a

    for delay in (0.0999, -0.0999):
        assert analysis.stdp_curve(rule, [delay], rate=10.0)[1].tolist() == [1.0]
        analysis.frequency_curve(rule, [1.0, 10.0], delay)
    for delay in (0.1, -0.1):
        with pytest.raises(ValueError, match=r"delays must be shorter than 1/rate = 0\.1 s"):
            analysis.stdp_curve(rule, [delay], rate=10.0)
        with pytest.raises(ValueError, match=r"delay must be (above -|below )0\.1, got"):
            analysis.frequency_curve(rule, [1.0, 10.0], delay)
    for wrong in ([], [[0.1]]):
        with pytest.raises(ValueError, match=r"delays must (not be empty|have shape)"):
            analysis.stdp_curve(rule, wrong)
        with pytest.raises(ValueError, match=r"rates must (not be empty|have shape)"):
            analysis.frequency_curve(rule, wrong)


def test_rules_are_functions_of_two_activities() -> None:
    with pytest.raises(TypeError, match="rule must accept two arrays of activities, got"):
        analysis.stdp_curve(lambda a: a, [0.0])
    for result in (lambda a, b: a[:-1], lambda a, b: a > 0):
        with pytest.raises(ValueError, match="rule must return shape"):
            analysis.stdp_curve(result, [0.0])
    with pytest.raises(ValueError, match="rule must be finite"):
        analysis.stdp_curve(lambda a, b: a + np.inf, [0.0])
    with pytest.raises(ValueError, match="rule must change the weight, got no change"):
        analysis.frequency_curve(lambda a, b: 0 * a)


# Errors


def test_windows_are_of_one_step_to_the_whole_recording() -> None:
    error = np.array([[3.0, 4.0], [0.0, 1.0], [2.0, 0.0]])
    ends, rms = analysis.learning_curve(error, 0.002, 0.002)
    assert (ends.tolist(), rms.tolist()) == ([0.002, 0.004, 0.006], [5.0, 1.0, 2.0])
    assert analysis.learning_curve(error[:, 0], 0.003)[1] == pytest.approx([np.sqrt(13 / 3)])
    for window in (0.0004, 0.004):
        with pytest.raises(ValueError, match=r"window must be from 0\.001 to 0\.003 s, got"):
            analysis.learning_curve(error, window)


def test_the_class_is_read_from_the_steps_that_are_left() -> None:
    y = np.eye(3)[[0, 1, 1, 2, 0, 0]]
    assert analysis.classify(y, 0.006, skip=0.004, dt=0.002).tolist() == [1, 0]
    assert analysis.classify(y, 0.001).tolist() == [0, 1, 1, 2, 0, 0]
    for skip in (0.006, 0.008):
        with pytest.raises(ValueError, match=r"skip must be below 0\.006 s, got"):
            analysis.classify(y, 0.006, skip=skip, dt=0.002)
    with pytest.raises(ValueError, match=r"output must not be empty, got shape \(3, 0\)"):
        analysis.classify(np.zeros((3, 0)), 0.001)


def test_a_confusion_matrix_has_rows_of_labels_and_columns_of_predictions() -> None:
    assert analysis.confusion_matrix([0, 0, 1], [0, 2, 2]).tolist() == [
        [1, 0, 1],
        [0, 0, 1],
        [0, 0, 0],
    ]
    assert analysis.confusion_matrix([0], [1], 4).shape == (4, 4)
    with pytest.raises(ValueError, match="predicted must have shape"):
        analysis.accuracy([0, 1], [0])


@pytest.mark.parametrize("wrong", [np.zeros((2, 2, 2)), np.zeros((0, 1)), 1.0])
def test_errors_are_of_values_over_time(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"error must have shape \(T, D\), got shape"):
        analysis.learning_curve(wrong)
    with pytest.raises(ValueError, match=r"target must have shape \(T, D\), got shape"):
        analysis.rmse(wrong, wrong)


def test_controls_are_at_least_one_trial_of_the_shape_of_the_target() -> None:
    y = np.array([[0.0], [0.0]])
    assert analysis.relative_error([1.0, 3.0], [[2.0], [2.0]], y) == 1.0
    for control in (np.ones((0, 2, 1)), np.ones((2, 3, 1)), np.ones((1, 1, 2, 1))):
        with pytest.raises(ValueError, match=r"control must have shape \(2, 1\), got shape"):
            analysis.relative_error(y, control, y)
    with pytest.raises(ValueError, match=r"values must have shape \(2, 1\), got shape"):
        analysis.relative_error(np.ones((1, 2, 1)), y + 1, y)


def test_an_interval_is_of_two_trials_or_more_that_differ() -> None:
    low, high = analysis.confidence_interval([1.0, 2.0], n_resamples=100, rng=0)
    assert 1.0 <= low < high <= 2.0
    for values in ([], [1.0], [1.0, 1.0]):
        with pytest.raises(ValueError, match="values must hold two numbers that differ, got"):
            analysis.confidence_interval(values)
    for confidence in (0.0, 1.0):
        with pytest.raises(ValueError, match="confidence must be"):
            analysis.confidence_interval([1.0, 2.0], confidence)
    with pytest.raises(ValueError, match="n_resamples must be at least 100, got 99"):
        analysis.confidence_interval([1.0, 2.0], n_resamples=99)


# Rates and weights


def test_a_kernel_ends_at_four_standard_deviations() -> None:
    train = np.zeros((401, 1))
    train[200] = 1000.0
    rates = analysis.kernel_rates(train, width=0.02)[:, 0]
    assert np.flatnonzero(rates).tolist() == [*range(200 - 80, 200 + 80 + 1)]
    # Twice the step and the height of a spike are half the spikes, twice as far apart.
    again = analysis.kernel_rates(train, width=0.04, dt=0.002, amplitude=2.0)[:, 0]
    np.testing.assert_allclose(again, rates / 2)


@pytest.mark.parametrize("wrong", [1.0, np.zeros((2, 2, 2)), np.zeros((0, 3))])
def test_spikes_are_rows_of_steps(wrong: Any) -> None:
    for function in (analysis.interval_rates, analysis.kernel_rates):
        with pytest.raises(ValueError, match=r"spikes must have shape \(T, N\), got shape"):
            function(wrong)


def test_weights_of_0_are_between_minus_1_and_1() -> None:
    counts, edges = analysis.weight_histogram([0.0, 0.0], 3)
    assert edges == pytest.approx([-1, -1 / 3, 1 / 3, 1]) and counts.tolist() == [0, 2, 0]
    assert analysis.weight_histogram([0.0, 4.0], 1)[1].tolist() == [-4.0, 4.0]
    assert len(analysis.weight_histogram([1.0])[0]) == 50
    for bins in (0, 10**6 + 1):
        with pytest.raises(ValueError, match="bins must be"):
            analysis.weight_histogram([1.0], bins)
    with pytest.raises(ValueError, match="weights must not be empty, got none"):
        analysis.weight_histogram([])
