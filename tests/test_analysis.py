"""Laws of the measures of learning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from nefsim import analysis

RNG = np.random.default_rng(0)

# Weights


def test_gini_is_0_for_equal_sizes_and_1_less_1_over_n_for_a_single_weight():
    assert analysis.gini(np.full((4, 5), -0.3)) == pytest.approx(0.0, abs=1e-15)
    one = np.zeros(10)
    one[3] = -2.0
    assert analysis.gini(one) == pytest.approx(0.9, abs=1e-15)


def test_gini_is_the_mean_difference_of_two_weights_over_twice_the_mean():
    v = np.abs(RNG.normal(size=300))
    want = np.abs(v[:, None] - v).mean() / (2 * v.mean())
    assert analysis.gini(v) == pytest.approx(want, rel=1e-12)  # 90,000 differences are summed


def test_gini_does_not_depend_on_order_sign_or_unit():
    w = RNG.normal(size=(7, 9))
    assert analysis.gini(w) == analysis.gini(-w.T)
    assert analysis.gini(1e-6 * w) == pytest.approx(analysis.gini(w), rel=1e-12)
    assert analysis.gini(csr_array(w)) == analysis.gini(w)


def test_the_gini_of_random_weights_is_that_of_their_distribution():
    # 1/3 for sizes that are uniform, 1/2 for exponential ones; 1e5 samples are within 0.01.
    assert analysis.gini(RNG.uniform(-1, 1, 10**5)) == pytest.approx(1 / 3, abs=0.01)
    assert analysis.gini(RNG.exponential(size=10**5)) == pytest.approx(1 / 2, abs=0.01)


def test_gini_of_nothing_is_refused():
    with pytest.raises(ValueError, match="must not all be 0"):
        analysis.gini(np.zeros(5))
    with pytest.raises(ValueError, match="must not be empty"):
        analysis.gini([])


def test_the_histogram_counts_every_weight_and_reaches_equally_far():
    w = RNG.normal(size=(20, 30))
    counts, edges = analysis.weight_histogram(w, 11)
    assert counts.sum() == 600
    assert edges[-1] == -edges[0] == np.abs(w).max()
    assert len(edges) == 12
    assert analysis.weight_histogram(np.zeros(3), 2)[0].sum() == 3


# Errors


def test_the_learning_curve_of_a_decay_is_that_decay():
    """Of e^-t in windows of h: rms² = (e^(-2 start) - e^(-2 end)) / 2h, up to the step."""
    dt, h = 1e-4, 0.1
    t = dt * np.arange(1, 20001)
    ends, rms = analysis.learning_curve(np.exp(-t), h, dt)
    want = np.sqrt((np.exp(-2 * (ends - h)) - np.exp(-2 * ends)) / (2 * h))
    np.testing.assert_allclose(rms, want, rtol=2 * dt)  # sums in place of integrals


def test_the_learning_curve_leaves_out_an_incomplete_window():
    ends, rms = analysis.learning_curve(np.ones((10, 2)), 0.004)
    np.testing.assert_allclose(ends, [0.004, 0.008], rtol=1e-15)
    np.testing.assert_array_equal(rms, np.sqrt(2.0))


def test_the_relative_error_of_the_control_is_1_and_of_the_target_0():
    target, control = RNG.normal(size=(2, 50, 3))
    assert analysis.relative_error(control, control, target) == 1.0
    assert analysis.relative_error(target, control, target) == 0.0


def test_several_controls_count_by_their_mean():
    target = np.zeros((4, 2))
    controls = np.stack([target + 1, target + 3])
    assert analysis.relative_error(target + 4, controls, target) == 2.0


@pytest.mark.parametrize(
    "given",
    [
        ([1.0], [1.0, 2.0], [0.0, 0.0]),
        ([1.0, 2.0], [1.0], [0.0, 0.0]),
        ([1.0, 2.0], [[1.0, 1.0]], [0.0, 0.0]),
        (np.ones((2, 2, 1)), np.ones((2, 1)), np.zeros((2, 1))),
        ([1.0, 2.0], [0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_values_that_do_not_fit_the_target_raise(given):
    with pytest.raises(ValueError, match=r"^relative_error: .+ must .+, got .+; .+\.$"):
        analysis.relative_error(*given)


def test_the_interval_has_the_mean_within_and_narrows_as_trials_grow():
    widths = []
    for n in (10, 1000):
        x = RNG.normal(3.0, 1.0, n)
        low, high = analysis.confidence_interval(x, n_resamples=2000, rng=0)
        assert low < x.mean() < high
        widths.append(high - low)
    # The standard error falls by sqrt(100) = 10; the estimate from the small sample is rough.
    assert 5 < widths[0] / widths[1] < 20


def test_the_interval_contains_the_mean_as_often_as_its_confidence_level():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        low, high = analysis.confidence_interval(rng.normal(size=30), 0.8, 500, rng)
        held += low < 0 < high
    # Binomial with p = 0.8: the standard deviation is 2.8 %, and 30 values make it a bit low.
    assert 0.7 < held / 200 < 0.9


# Classes


def output(classes, steps, rest=0, noise=0.0):
    """Decoded output that says each class for some steps, then nothing."""
    presentation = np.repeat(np.eye(4)[classes], steps, axis=0).reshape(len(classes), steps, 4)
    blank = np.zeros((len(classes), rest, 4))
    y = np.concatenate([presentation, blank], axis=1).reshape(-1, 4)
    return y + noise * RNG.normal(size=y.shape)


CLASSES = RNG.integers(0, 4, 25)


@pytest.mark.parametrize("rest", [0, 3])
def test_classes_are_read_from_their_own_presentation(rest):
    y = output(CLASSES, 8, rest)
    actual = analysis.classify(y, 0.008, rest=rest * 0.001)
    np.testing.assert_array_equal(actual, CLASSES)
    # The last rest need not be there, and half a presentation is not read.
    np.testing.assert_array_equal(
        analysis.classify(y[: len(y) - rest], 0.008, 0, 0.003 * (rest > 0)), CLASSES
    )
    assert len(analysis.classify(y[: len(y) - rest - 4], 0.008, rest=rest * 0.001)) == 24


def test_the_start_that_is_skipped_does_not_count():
    y = output(CLASSES, 8)
    y.reshape(25, 8, 4)[:, :3] = 100.0 * np.eye(4)[0]
    assert (analysis.classify(y, 0.008) == 0).all()
    np.testing.assert_array_equal(analysis.classify(y, 0.008, skip=0.003), CLASSES)


def test_the_class_is_that_of_the_mean_output():
    y = output(CLASSES, 50, noise=2.0)
    assert analysis.accuracy(CLASSES, analysis.classify(y, 0.05)) == 1.0
    assert analysis.accuracy(CLASSES, y[49::50].argmax(axis=1)) < 1.0


def test_the_confusion_matrix_has_the_accuracy_on_its_diagonal():
    labels, actual = RNG.integers(0, 5, (2, 400))
    matrix = analysis.confusion_matrix(labels, actual)
    assert matrix.sum() == 400
    assert np.trace(matrix) / 400 == analysis.accuracy(labels, actual)
    np.testing.assert_array_equal(matrix.sum(axis=1), np.bincount(labels))
    np.testing.assert_array_equal(matrix.T, analysis.confusion_matrix(actual, labels))


# Timing: the expected values were read off figures 1 and 2 of Bekolay et al. (2013), and off the
# authors' data


def test_the_stdp_curve_is_that_of_the_paper():
    delays, changes = analysis.stdp_curve()
    (a, tau), (b, tau_before) = analysis.stdp_fit(delays, changes)
    assert (round(a, 2), round(1e3 * tau, 1)) == (1.11, 9.8)
    assert (round(b, 3), round(1e3 * tau_before)) == (-0.415, 36)
    assert round(changes.min(), 2) == -0.71
    assert round(1e3 * delays[changes.argmin()]) == -9
    assert changes.max() == 1.0


@pytest.mark.parametrize(
    ("theta", "published"),
    [
        (197.0, [-0.048, -0.024, 0.096, 0.139, 0.2]),
        (216.0, [-0.147, -0.114, 0.049, 0.108, 0.2]),
    ],
)
def test_the_frequency_curve_is_that_of_the_paper(theta, published):
    rates, changes = analysis.frequency_curve(analysis.PairwiseBCM(theta))
    assert rates.tolist() == [1, 2, 10, 20, 100]
    np.testing.assert_allclose(0.2 * changes, published, atol=5e-4)  # to the digits given


def test_changes_are_those_of_a_loop_over_steps():
    """The protocol in scalar loops, as shares of the largest change."""
    tau, dt, theta, delays = 0.02, 0.001, 30.0, (-0.02, 0.0, 0.013, 0.05)
    changes = []
    for delay in delays:
        a, b, change = 0.0, 0.0, 0.0
        for step in range(400):
            a = a * (1 - dt / tau) + (step % 100 == round(-delay % 0.1 / dt)) / tau
            b = b * (1 - dt / tau) + (step % 100 == 0) / tau
            change += a * b * (b - theta) / theta * dt
        changes.append(change)
    actual = analysis.stdp_curve(analysis.PairwiseBCM(theta), delays, 10.0, 4, tau, tau, dt)[1]
    # 400 terms are summed in another order.
    np.testing.assert_allclose(actual, changes / np.abs(changes).max(), rtol=1e-12)


def test_the_unit_of_a_rule_does_not_matter():
    rule = analysis.PairwiseBCM()
    actual = analysis.stdp_curve(lambda a_pre, a_post: 7.0 * rule(a_pre, a_post))[1]
    np.testing.assert_allclose(actual, analysis.stdp_curve(rule)[1], rtol=1e-12)  # rounded apart


def test_a_rule_of_products_depends_on_the_delay_by_the_filters_alone():
    """Of a_pre a_post the change falls by e^(-|delay|/tau) on both sides, one pair at a time."""
    tau = 0.01
    delays, changes = analysis.stdp_curve(
        lambda pre, post: pre * post, np.linspace(-0.05, 0.05, 21), 1.0, 3, tau, tau, 1e-4
    )
    # The trains end after 3 s: of delays above 0 a pair is cut in two by the end, so that one
    # of three is lost; Euler's filter has a tau that is dt / 2 shorter.
    late = np.where(delays > 0, 2 / 3, 1.0)
    want = late * np.exp(-np.abs(delays) / tau)
    np.testing.assert_allclose(changes, want, rtol=0.05)


def test_the_fit_recovers_the_exponentials_of_a_curve():
    t = np.linspace(-0.1, 0.1, 40)
    w = np.where(t > 0, 0.8 * np.exp(-t / 0.015), -0.3 * np.exp(t / 0.03))
    (a, tau), (b, tau_before) = analysis.stdp_fit(t, w)
    np.testing.assert_allclose([a, tau, b, tau_before], [0.8, 0.015, -0.3, 0.03], rtol=1e-6)


@pytest.mark.parametrize(
    "rule",
    [lambda a, b: 0.0 * a, lambda a, b: 1.0, lambda a, b: a / 0.0, lambda a, b: ["x"] * len(a)],
)
def test_a_rule_that_gives_no_change_is_refused(rule):
    with (
        pytest.raises(ValueError, match=r"stdp_curve: rule must .+, got .+; .+\."),
        np.errstate(all="ignore"),
    ):
        analysis.stdp_curve(rule)


def test_delays_longer_than_the_period_are_refused():
    with pytest.raises(ValueError, match="be shorter than 1/rate"):
        analysis.stdp_curve(delays=[0.3], rate=5.0)


# Errors and rates


def test_the_root_mean_square_error_is_over_all_times_and_dimensions():
    target = np.array([[0.0, 1.0], [2.0, -1.0]])
    assert analysis.rmse(target, target) == 0.0
    off = np.array([[3.0, 4.0], [0.0, 5.0]])
    assert analysis.rmse(target + off, target) == pytest.approx(np.sqrt(12.5))
    assert analysis.rmse([1.0, 1.0], [0.0, 2.0]) == 1.0


def test_the_normalised_error_has_no_unit():
    target = RNG.normal(size=(50, 2))
    values = target + 0.1 * RNG.normal(size=(50, 2))
    share = analysis.nrmse(values, target)
    assert share == pytest.approx(analysis.rmse(values, target) / np.sqrt(np.mean(target**2)))
    assert analysis.nrmse(1e3 * values, 1e3 * target) == pytest.approx(share)
    with pytest.raises(ValueError, match=r"^nrmse: target must differ from 0 somewhere, .+\.$"):
        analysis.nrmse([1.0], [0.0])


def spikes(*at, n=100):
    train = np.zeros((n, 1))
    train[list(at)] = 1000.0
    return train


def test_rates_between_spikes_add_up_to_the_spikes_after_the_first():
    rates = analysis.interval_rates(spikes(10, 14, 64))
    expected = np.zeros(100)
    expected[11:15], expected[15:65] = 250.0, 20.0
    assert rates[:, 0] == pytest.approx(expected)
    assert rates.sum() * 0.001 == pytest.approx(2.0)
    assert not analysis.interval_rates(spikes(10)).any()


def test_several_spikes_in_a_step_and_other_heights_count():
    train = spikes(10, 20)
    train[20] *= 3
    assert analysis.interval_rates(train)[15, 0] == pytest.approx(300.0)
    # An amplitude of 0.5 and steps of 2 ms: spikes of 250 Hz, 20 ms apart.
    half = analysis.interval_rates(spikes(10, 20) / 4, dt=0.002, amplitude=0.5)
    assert half[15, 0] == pytest.approx(50.0)


def test_smooth_rates_are_bells_around_spikes():
    rates = analysis.kernel_rates(spikes(500, n=1000), width=0.02)[:, 0]
    t = (np.arange(1000) - 500) * 0.001
    bell = np.exp(-((t / 0.02) ** 2) / 2) / (np.sqrt(2 * np.pi) * 0.02)
    # The bell ends at four standard deviations and is a sum over steps.
    assert rates == pytest.approx(bell, abs=1e-2)
    assert rates.sum() * 0.001 == pytest.approx(1.0, rel=1e-3)


def test_smooth_rates_of_a_steady_train_are_steady_up_to_its_ends():
    train = np.full((60, 2), 40.0)
    assert analysis.kernel_rates(train, width=0.02) == pytest.approx(train)


def test_a_kernel_that_is_too_wide_is_refused():
    with pytest.raises(ValueError, match=r"^kernel_rates: width must be at most 2500 s, .+\.$"):
        analysis.kernel_rates([1.0], width=1e4)
