"""Laws of the studies of published figures, on values that stand in for the slow part."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.analysis import confidence_interval
from nefsim.datasets import LabelledImages
from nefsim.reproduce import (
    conversion,
    delays,
    digits,
    gradients,
    lines,
    pointers,
    program,
    rules,
    trained,
    window,
    windows,
)
from nefsim.reproduce.figure import Effort


def of(outcome: lines.Outcome) -> list[tuple[Any, ...]]:
    """Published value, ours, tolerance and verdict of each line."""
    return [(li.published, li.ours, li.within, li.verdict) for li in outcome.lines]


def near(found: Any, expected: Any) -> None:
    """Equal lines; numbers to rounding."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one[3] == other[3], (one, other)
        assert one[:3] == pytest.approx(other[:3], rel=1e-9, abs=1e-12)


# Studies with the slow part in place of which values are passed


def test_silence_is_compared_after_its_first_and_last_iteration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losses = {seed: [0.1 + 0.01 * seed, *[0.05] * 98, 1e-4 * (1 + seed)] for seed in range(20)}
    monkeypatch.setattr(trained, "silent_network", lambda seed: (None, losses[seed]))
    outcome = gradients.silence(Effort(seeds=2))
    two = 2 * math.sqrt(0.5)
    near(
        of(outcome),
        [
            (0.128, 0.105, two * 0.01, "NOT reproduced"),
            (5e-4, 1.5e-4, two * 1e-4, "better"),
        ],
    )
    (curve,) = outcome.curves
    assert curve.x == range(100) and curve.y == pytest.approx([0.105, *[0.05] * 98, 1.5e-4])
    assert (curve.published_x, curve.published_y) == ((0, 99), (0.128, 5e-4))
    assert [len(gradients.silence(Effort(q)).lines[0].values) for q in (True, False)] == [5, 20]


def test_epochs_of_neural_units_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def recipe(data: Any, epochs: int, seed: int) -> list[float]:
        asked.append((data, epochs, seed))
        return [0.5 + 0.02 * epoch + 0.1 * seed for epoch in range(epochs)]

    monkeypatch.setattr(gradients, "snu_recipe", recipe)
    quick = gradients.snu(Effort(data="data"))
    first = [(0.667, 0.5, 0.19, "reproduced"), (0.75, 0.52, 0.036, "NOT reproduced")]
    near(of(quick), first)
    assert quick.curves[0].published_x == [1, 2] and quick.curves[0].x == range(1, 3)
    full = gradients.snu(Effort(False, data="data"))
    more = [(0.795, 0.58, 0.036, "NOT reproduced"), (0.835, 0.8, 0.015, "NOT reproduced")]
    near(of(full), [*first, *more])
    (curve,) = full.curves
    assert curve.y == pytest.approx([0.5 + 0.02 * i for i in range(16)])
    assert (curve.published_x, curve.published_y) == ([1, 2, 5], [0.667, 0.75, 0.795])
    assert gradients.snu(Effort(seeds=2)).lines[0].ours == pytest.approx(0.55)
    assert gradients.snu(Effort(seeds=2)).lines[0].interval is not None
    assert asked[:2] == [("data", 2, 0), ("data", 16, 0)]
    assert [seed for *_, seed in asked[2:]] == [0, 1, 0, 1]


def test_time_constants_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def epoch(*given: Any) -> float:
        asked.append(given[:3])
        return {(2.0, False): 0.99, (16.0, False): 0.96, (16.0, True): 0.9}[given[3:]]

    monkeypatch.setattr(gradients, "plif_epoch", epoch)
    near(
        of(gradients.plif(Effort(data="data"))),
        [
            (0.9822, 0.99, 0.01, "reproduced"),
            (0.9760, 0.96, 0.01, "NOT reproduced"),
            (0.959, 0.9, 0.01, "NOT reproduced"),
            (-0.0062, -0.03, 0.01, "NOT reproduced"),
            (-0.017, -0.06, 0.01, "NOT reproduced"),
        ],
    )
    gradients.plif(Effort(False, data="data"))
    assert asked == [
        *[("data", 20_000, 0)] * 3,
        *[("data", 60_000, seed) for _ in range(3) for seed in range(3)],
    ]


def test_spikes_of_soft_lif_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def errors(*given: Any) -> tuple[float, float]:
        asked.append(given)
        return (0.9, 1.5)

    monkeypatch.setattr(gradients, "soft_lif_errors", errors)
    near(
        of(gradients.soft_lif(Effort(data="data"))),
        [
            (0.04, 0.6, 200 * math.sqrt(0.005 / 2000), "NOT reproduced"),
            (0.84, 0.9, 0.2, "reproduced"),
            (0.88, 1.5, 0.2, "NOT reproduced"),
        ],
    )
    gradients.soft_lif(Effort(False, data="data"))
    assert asked == [("data", 2000, seed) for seed in (0, 0, 1, 2)]


def test_mnist_is_compared_with_a_diary(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run(settings: Any, data: Any) -> Any:
        asked.append((settings, data))
        return {"during_accuracy": 0.99, "test_accuracy": 0.6 + 0.1 * (settings.seed % 2)}

    monkeypatch.setattr(digits.experiment, "run", run)
    near(
        of(digits.plain(Effort(seeds=2, data="data"))),
        [
            (0.983, 0.99, 2 * math.sqrt(0.983 * 0.017 / 1000), "reproduced"),
            (0.567, 0.65, 0.2 * math.sqrt(0.5), "reproduced"),
            (0.9945, 0.99, 2 * math.sqrt(0.9945 * 0.0055 / 1000), "reproduced"),
            (0.705, 0.65, 0.2 * math.sqrt(0.5), "reproduced"),
        ],
    )
    settings = [replace(digits.of.PLAIN, train=1000, seed=seed) for seed in range(2)]
    assert asked == [(s, "data") for s in settings]
    for form, n in ((True, 6), (False, 20)):
        assert len(digits.plain(Effort(form)).lines[0].values) == n
    report = {"nefsim": {30.0: (2.0, 0)}, "published": {"a": 9.0, "b": 1.0}, "nengo": {}}
    monkeypatch.setattr(digits.timing, "wall_times", lambda settings, data: report)
    near(of(digits.times(Effort())), [(9.0, 2.0, 0, "better"), (1.0, 2.0, 0, "NOT reproduced")])
    report["nengo"] = {30.0: (2.0, 0)}
    near(of(digits.times(Effort()))[2:], [(2.0, 2.0, 0.0, "reproduced")])


def test_encoders_of_one_layer_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.linspace(0, 1, 3 * 784, dtype=np.float32).reshape(3, 784)
    data = LabelledImages(images, [0, 9, 2], images[::-1], [1, 1, 1], (28, 28))
    seen: list[Any] = []

    def classes(e: Any, train: Any, targets: Any, test: Any) -> Any:
        np.testing.assert_allclose(train, 2 * np.float64(images) - 1)
        np.testing.assert_allclose(test, train[::-1])
        np.testing.assert_array_equal(targets, np.eye(10)[[0, 9, 2]])
        seen.append(e)
        return np.array([1, 0, 1])

    monkeypatch.setattr(digits, "_classes", classes)
    found = of(digits.encoders(Effort(data=data)))
    shares = (0.0709, 0.0483, 0.028)
    near(
        found,
        [
            (100 * p, 100 / 3, 400 * math.sqrt(p * (1 - p) / 10_000), "NOT reproduced")
            for p in shares
        ],
    )
    kinds = (
        nef.UniformHypersphere(surface=True),
        nef.SparsePatches((28, 28), 11),
        nef.SparseGabor((28, 28), 11),
    )
    for e, kind in zip(seen, kinds, strict=True):
        np.testing.assert_array_equal(e, kind.sample(1000, 784, np.random.default_rng(0)))
    assert len(digits.encoders(Effort(False, data=data)).lines[0].values) == 5


def test_classes_are_decoded_by_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    e = nef.UniformHypersphere(surface=True).sample(30, 5, rng)
    train, test = rng.uniform(-1, 1, (60, 5)) * 3, rng.uniform(-1, 1, (20, 5)) * 3
    targets = np.eye(4)[rng.integers(4, size=60)]
    gain, bias = nef.gain_bias(nef.LIFRate(), np.full(30, 100.0), np.full(30, 0.1))
    A, B = (nef.LIFRate().rates(x @ e.T * gain + bias) for x in (train, test))
    D = np.linalg.solve(A.T @ A + 60 * (0.01 * A.max()) ** 2 * np.eye(30), A.T @ targets)
    np.testing.assert_array_equal(digits._classes(e, train, targets, test), (B @ D).argmax(axis=1))


def test_delays_are_compared_with_a_thesis(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def error(task: Any, build: str, seed: int, backend: str) -> float:
        asked.append((task.name, build, seed, backend))
        return 0.04 + 0.001 * seed

    monkeypatch.setattr(delays, "error", error)
    first = windows.one_second(Effort(seeds=2))
    spread = 0.002 * math.sqrt(0.5)
    near(of(first), [(0.048, 0.0405, spread, "better")] * 2)
    builds = ("one population", "exact")
    assert asked == [("delay", build, seed, "auto") for build in builds for seed in range(2)]
    near(
        of(windows.fast(Effort(seeds=2))),
        [(1.425, 0.0405, spread, "better"), (0.387, 0.0405, spread, "better")],
    )
    counts = [len(f(Effort(q)).lines[0].values) for f in (windows.one_second, windows.fast)
              for q in (True, False)]  # fmt: skip
    assert counts == [3, 10, 2, 10]
    long, fast = delays.TASKS["delay"], delays.TASKS["fast"]
    assert (long.theta, long.order, long.high, long.n_neurons, long.seconds) == (1, 6, 1, 166, 12)
    assert (fast.theta, fast.order, fast.high, fast.n_neurons, fast.seconds) == (
        0.1,
        27,
        50,
        200,
        5,
    )


def test_processors_are_compared_with_their_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def errors(seed: int, **options: Any) -> list[float]:
        asked.append((seed, options))
        return [0.05 + 0.001 * seed] * 2

    monkeypatch.setattr(window, "errors", errors)
    outcome = windows.processors(Effort(seeds=2))
    near(of(outcome)[1:], [(0.057, 0.0505, 0.002, "better")])
    near(of(outcome)[:1], [(0.057, 0.0505, 0.002, "NOT reproduced")])
    assert [options for _, options in asked] == [
        *[windows.AS_PUBLISHED] * 2,
        *[{"tau": 0.1, "method": "exact"}] * 2,
    ]
    assert [seed for seed, _ in asked] == [0, 1] * 2
    windows.processors(Effort())
    assert len(asked) == 4 + 2 * 5
    windows.processors(Effort(False))
    assert len(asked) == 4 + 2 * 5 + 2 * 25
    mean, ends = windows.mean_error(2, tau=0.1)
    low, high = confidence_interval([0.05, 0.05, 0.05 + 0.001, 0.05 + 0.001], rng=0)
    assert mean == pytest.approx(0.0505) and ends == [round(low, 4), round(high, 4)]


def test_a_window_starts_at_zero_and_a_found_state_is_a_step_late() -> None:
    u = np.random.default_rng(0).normal(size=50)
    x = window.states(u)
    A, B, readout = window.balanced()
    system = nef.dynamics.realise(A, B, 0.02, 0.001)
    assert not x[0].any() and readout.shape == (100, 3)
    np.testing.assert_allclose(x[1], system.B[:, 0] * u[0])
    np.testing.assert_allclose(x[2], system.A @ x[1] + system.B[:, 0] * u[1])
    # Decoded without errors, the states are those of the equation.
    np.testing.assert_allclose(window.found_states(x, u), x, atol=1e-12)


# Conversion and pointers


def test_the_error_of_a_release_is_that_of_its_best_threshold() -> None:
    a = np.array([-0.5, 0.25, 0.5, 1.0])
    thresholds = np.linspace(0.8, 2.0, 121)
    # In one step a number is released whole if it reaches the threshold.
    expected = min(
        np.mean([abs((h if x >= h else 0.0) - max(x, 0.0)) for x in a]) for h in thresholds
    )
    assert conversion.released_error(2.0, 1, a) == pytest.approx(expected)
    # In two steps of factor 2 the second releases half as much, and the largest sum is whole.
    errors = []
    for h in thresholds / 1.5:
        left = [(x - h * (x >= h), h * (x >= h)) for x in a]
        sums = [out + h / 2 * (rest >= h / 2) for rest, out in left]
        errors.append(np.mean([abs(s - max(x, 0.0)) for s, x in zip(sums, a, strict=True)]))
    assert conversion.released_error(2.0, 2, a) == pytest.approx(min(errors))
    assert conversion.FACTORS == (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3)
    outcome = conversion.factor(Effort())
    assert [(li.published, li.ours, li.within) for li in outcome.lines] == [(2.0, 2.0, 0.0)] * 4
    fine = np.linspace(-0.5, 1.0, 3001)
    assert outcome.curves[1].y == [conversion.released_error(k, 8, fine) for k in (1, 1.25, 1.5,
                                   1.75, 2, 2.25, 2.5, 3)]  # fmt: skip


def test_shares_of_pointers_are_compared_with_theory(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def is_found(fillers: np.ndarray, k: int, rng: Any) -> bool:
        np.testing.assert_allclose(np.linalg.norm(fillers, axis=1), 1.0)
        if not asked:
            first = np.random.default_rng(0).standard_normal((1000, 64))
            np.testing.assert_allclose(fillers, first / np.linalg.norm(first, axis=1)[:, None])
        asked.append((fillers.shape, k))
        return len(asked) % 4 != 0

    monkeypatch.setattr(pointers, "_is_found", is_found)
    outcome = pointers.capacity(Effort(seeds=4))
    kinds = [((1000, d), k) for d in (64, 256, 512) for k in (2, 4, 8, 16, 32)]
    assert asked == [kind for kind in kinds for _ in range(4)]
    for line, ((_, d), k) in zip(outcome.lines, kinds, strict=True):
        p = pointers._expected(d, k)
        within = 3 * math.sqrt(max(p * (1 - p), 0.25) / 4)
        assert (line.published, line.ours) == (round(p, 4), 0.75)
        assert line.within == pytest.approx(within)
    for curve, d in zip(outcome.curves, (64, 256, 512), strict=True):
        assert (curve.x, curve.y) == ((2, 4, 8, 16, 32), [0.75] * 5)
        assert curve.published_y == [pointers._expected(d, k) for k in curve.x]
    pointers.capacity(Effort())
    assert len(asked) == 60 + 15 * 500


def test_the_expected_share_is_the_mean_over_random_similarities() -> None:
    d, k = 64, 8
    z = np.random.default_rng(0).normal(size=20_000) * math.sqrt((k - 1) / d)
    similarity = (1 + z) / np.sqrt(k + 2 * z)
    chances = [nef.spa.cleanup_probability(min(s, 1.0), d, 999) for s in similarity[:2000]]
    # 2000 draws of chances that differ by 0.35.
    assert abs(pointers._expected(d, k) - np.mean(chances)) < 4 * np.std(chances) / math.sqrt(2000)
    assert pointers._expected(512, 1) == pytest.approx(1.0)


def test_one_pair_is_always_found_and_many_in_few_dimensions_are_not() -> None:
    rng = np.random.default_rng(0)
    fillers = rng.standard_normal((50, 16))
    fillers /= np.linalg.norm(fillers, axis=1, keepdims=True)
    assert all(pointers._is_found(fillers, 1, rng) for _ in range(20))
    shares = [np.mean([pointers._is_found(fillers, k, rng) for _ in range(300)]) for k in (2, 8)]
    assert shares[0] > 0.6 > 0.3 > shares[1]


def test_studies_without_stand_ins_have_these_published_values_and_tolerances() -> None:
    pairs = [(line.published, line.within) for line in rules.stdp(Effort()).lines]
    assert pairs[:4] == [(9.8, 0.05), (1.11, 0.005), (-0.71, 0.005), (-9, 0.5)]
    published = [-0.048, -0.024, 0.096, 0.139, 0.2, -0.147, -0.114, 0.049, 0.108, 0.2]
    assert pairs[4:] == [(value, 0.0006) for value in published]
    curves = rules.stdp(Effort()).curves
    assert [curve.label for curve in curves] == ["threshold 197 Hz", "threshold 216 Hz"]
    assert [value for curve in curves for value in curve.published_y] == published
    for curve in curves:
        assert curve.y[-1] == pytest.approx(0.2) and curve.x == [1.0, 2.0, 10.0, 20.0, 100.0]
    (law,) = rules.pes_law(Effort(seeds=1)).lines
    assert (law.published, law.within) == (0.0, 1e-12) and len(law.values) == 1
    noise = program.noise(Effort(seeds=1))
    assert [(line.published, line.within) for line in noise.lines] == [(-0.5, 0.05), (-1.0, 0.25)]
    for curve, power in zip(noise.curves, (-0.5, -1.0), strict=True):
        assert curve.x == curve.published_x == [16, 32, 64, 128, 256]
        expected = curve.y[0] * (np.array([1, 2, 4, 8, 16.0])) ** power
        np.testing.assert_allclose(curve.published_y, expected, rtol=1e-12)
    # The published values that cannot be compared.
    assert [line.published for line in rules.digits(Effort()).lines] == [96.31, 98.47]


def test_the_program_is_compared_spike_by_spike(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    fired = np.array([[1, 0], [0, 1], [1, 1]])
    ours_a, ours_b = fired.copy(), np.array([[0, 0], [1, 0], [1, 1]])
    ours_a[2, 0] = 0
    x = np.linspace(-1, 1, 7)
    rates = np.random.default_rng(0).uniform(0, 100, (7, 3))

    def draw(n: int, of: Any, rng: Any) -> Any:
        drawn.append((n, of))
        return (rng.random(),)

    def run(a: Any, b: Any, of_a: Any, of_b: Any) -> Any:
        np.testing.assert_allclose(of_a, np.linalg.lstsq(rates, x**2, rcond=None)[0])
        np.testing.assert_allclose(of_b, np.linalg.lstsq(rates, x, rcond=None)[0])
        return fired, fired, 0.5

    monkeypatch.setattr(program, "draw", draw)
    monkeypatch.setattr(program, "counted", lambda population, rng: (x, rates))
    monkeypatch.setattr(program, "program", run)
    monkeypatch.setattr(program, "same_in_nefsim", lambda *given: (ours_a, ours_b, None))
    monkeypatch.setattr(program, "_usual", lambda seed: 0.25 + seed)
    monkeypatch.setattr(program, "_error", lambda output: output)
    # One spike of A differs; B is a step late, and one of its spikes differs.
    found = of(program.square(Effort(seeds=1)))
    near(
        found,
        [
            (0, 1.0, 0, "NOT reproduced"),
            (0, 1.0, 0, "NOT reproduced"),
            (0.5, 0.25, 0.0, "better"),
        ],
    )
    assert drawn == [(50, (25.0, 75.0)), (40, (50.0, 100.0))]
    for form, n in ((True, 2), (False, 20)):
        assert len(program.square(Effort(form)).lines[0].values) == n


@pytest.mark.parametrize("name", ["delay", "fast"])
def test_the_error_of_a_delay_is_relative_and_leaves_out_its_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = replace(delays.TASKS[name], order=2, seconds=2.0)
    rng = np.random.default_rng(0)
    wanted, output = rng.normal(size=(2000, 1)), rng.normal(size=(2000, 1))

    class Run:
        """A run whose records are given."""

        def __init__(self, net: nef.Network, **options: Any) -> None:
            probe, source = net.all_probes
            self.data = {probe: output, source: wanted}

        def run(self, seconds: float) -> None:
            assert seconds == 2.0

    monkeypatch.setattr(nef, "Simulator", Run)
    late = round(task.theta * 1000)
    delayed = np.vstack([np.zeros((late, 1)), wanted[:-late]])
    ideal = nef.Lowpass(0.1).filt(delayed)[late + 500 :]
    gap = output[late + 500 :] - ideal
    expected = math.sqrt(np.mean(gap**2) / np.mean(ideal**2))
    assert delays.error(task, "exact", 3, "numpy") == pytest.approx(expected, rel=1e-9)
