"""Laws of the studies of hPES: windows, errors, accuracies and published values."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_reproduce_studies_laws import near, of

import nefsim as nef
from nefsim.reproduce import hpes, rules
from nefsim.reproduce.figure import Effort


def test_hpes_is_compared_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    windows_of = {
        "hPES": np.arange(21.0).reshape(3, 7) / 10,
        "PES": np.arange(21.0).reshape(3, 7) / 10 + np.array([[0.5], [1.0], [1.5]]),
    }

    def study(task: hpes.Task, n_seeds: int) -> Any:
        asked.append((task, n_seeds))
        return windows_of

    monkeypatch.setattr(hpes, "study", study)
    for run, task, values in (
        (rules.transmission, hpes.TRANSMIT, (1.21, 1.22)),
        (rules.binding, hpes.BIND, (0.96, 1.03)),
    ):
        outcome = run(Effort(seeds=1))
        gap = 2 * math.sqrt(2 / 15) * 0.14
        near(
            of(outcome),
            [
                (values[0], 1.1, 0.12, "reproduced"),
                (values[1], 2.1, 0.12, "reproduced"),  # 0.9, 2.1 and 3.3
                (round(values[0] - values[1], 3), -1.0, gap, "NOT reproduced"),
            ],
        )
        for curve, name in zip(outcome.curves, ("hPES", "PES"), strict=True):
            assert curve.x == pytest.approx([task.learn * i for i in range(7)])
            assert curve.y == pytest.approx(windows_of[name].mean(axis=0))
            assert (curve.published_x, curve.published_y) == rules.CURVES[task.name, name]
    rules.binding(Effort(quick=False))
    assert [n for _, n in asked] == [2, 2, 50]
    assert asked[0][0] is hpes.TRANSMIT and asked[1][0] is hpes.BIND


def test_windows_are_of_tests_and_the_last_five_count() -> None:
    np.testing.assert_allclose(hpes.last_windows(np.arange(14.0).reshape(2, 7)), [4, 11])
    task = hpes.Task("toy", 1, 1, hpes.same, 2.0, 1.0, 5.0)
    assert (task.n_windows, task.total) == (5, 13.0)
    assert task.starts().tolist() == [0.0, 3.0, 6.0, 9.0, 12.0]
    _, _, output = hpes.build(hpes.TRANSMIT, 0, "PES")
    gate = next(c for c in output.network.connections if np.shape(c.transform) == (75, 1))
    times = [0.001, 1.999, 2.001, 2.499, 2.501, 4.499, 4.501]
    levels = [gate.pre.output.run(5.0, 1)[round(t * 1000) - 1, 0] for t in times]
    assert levels == [1, 1, 0, 0, 1, 1, 0] and (gate.transform == -200.0).all()


def test_growth_of_weights_is_compared_with_its_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def sparser(*given: Any) -> Any:
        asked.append(given)
        seed = given[0]
        return np.array([0.4, 0.5, 0.52 + 0.01 * seed]), np.array([0.9 + 0.01 * seed, 0.8, 0.5])

    monkeypatch.setattr(hpes, "sparser", sparser)
    outcome = rules.sparsity(Effort(seeds=2))
    assert asked == [(seed, hpes.SPARSE["BCM (hPES, S = 0)"], 200.0) for seed in range(2)]
    near(
        of(outcome),
        [
            (0.12, 0.125, 0.02, "reproduced"),
            (0.96, 0.905, 0.04, "NOT reproduced"),
            (0.63, 0.5, 0.16, "reproduced"),
        ],
    )
    gini, accuracy = outcome.curves
    assert gini.x == accuracy.x == [10.0, 20.0, 30.0]
    assert gini.y == pytest.approx([0.4, 0.5, 0.525])
    assert accuracy.y == pytest.approx([0.905, 0.8, 0.5])
    assert gini.published_y == (0.471, 0.473, 0.484, 0.51, 0.543, 0.569, 0.591)
    assert gini.published_x == (0.5, 25, 53, 76, 108, 151, 200)
    assert accuracy.published_x == (0.5, 10, 50, 100, 150, 190)
    assert accuracy.published_y == (0.98, 0.96, 0.89, 0.73, 0.6, 0.63)
    rules.sparsity(Effort())
    assert len(asked) == 2 + 10
    rules.sparsity(Effort(quick=False))
    assert len(asked) == 2 + 10 + 50


def test_accuracy_is_one_less_the_error_over_that_of_random_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    learned, control, random = rng.normal(size=(3, 40, 3))
    shown, gain = rng.normal(size=(2, 4, 5)), rng.uniform(1, 2, 4)
    outputs = iter((learned, control, random))
    seconds: list[float] = []

    class Run:
        """A run whose records are given."""

        def __init__(self, net: nef.Network) -> None:
            self.data, self.output = self, next(outputs)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        def run(self, duration: float) -> None:
            seconds.append(duration)

        def __getitem__(self, thing: Any) -> Any:
            if isinstance(thing, nef.Ensemble):
                return SimpleNamespace(gain=gain)
            return shown if thing.attr == "weights" else self.output

    monkeypatch.setattr(nef, "Simulator", Run)
    sparsity, accuracy = hpes.sparser(2, hpes.SPARSE["PES (S = 1)"], 20.0)
    assert seconds == [20.0] * 3
    np.testing.assert_allclose(sparsity, [nef.analysis.gini(w / gain[:, None]) for w in shown])
    for k, rows in enumerate((slice(0, 20), slice(20, 40))):
        off, worst = (np.mean((x[rows] - control[rows]) ** 2) for x in (learned, random))
        assert accuracy[k] == pytest.approx(1 - off / worst)
    assert len(accuracy) == 2


def test_errors_of_a_task_are_means_of_its_test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    task = hpes.Task("transmission", 2, 2, lambda x: x**2, 0.5, 1.0, 1.0)
    decoded = np.random.default_rng(0).normal(size=(round(task.total * 1000), 2))

    class Run:
        """A run whose record is given."""

        dt = 0.001

        def __init__(self, net: nef.Network, progress: bool) -> None:
            self.data = dict.fromkeys(net.all_probes, decoded)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        def run(self, seconds: float) -> None:
            assert seconds == task.total == 5.5

    _, signal, _ = hpes.build(task, 4, None)
    monkeypatch.setattr(nef, "Simulator", Run)
    late = nef.Lowpass(0.01)
    wanted = late.filt(late.filt(signal.run(5.5, 2), axis=0) ** 2, axis=0)
    off = np.abs(decoded - wanted).mean(axis=1)
    expected = [off[start : start + 1000].mean() for start in (0, 1500, 3000, 4500)]
    np.testing.assert_allclose(hpes.errors(task, 4, None), expected, rtol=1e-9)


def test_errors_are_relative_to_the_mean_of_the_solved_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = hpes.Task("toy", 1, 1, hpes.same, 1.0, 1.0, 1.0)
    values = {"PES": 2.0, "hPES": 3.0, None: 4.0}

    def errors(task: Any, seed: int, kind: str | None) -> np.ndarray:
        return (values[kind] + seed) * np.arange(1.0, 4.0)

    pools: list[int] = []

    class Pool:
        """Processes of a test, which runs them one after the other."""

        def __init__(self, processes: int) -> None:
            pools.append(processes)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        map = staticmethod(map)

    monkeypatch.setattr(hpes, "errors", errors)
    monkeypatch.setattr(hpes, "ProcessPoolExecutor", Pool)
    shared, found = hpes.study(task, 2, processes=3), hpes.study(task, 2)
    assert pools == [3]
    np.testing.assert_array_equal(shared["hPES"], found["hPES"])
    # Solved networks have 4 and 5 times the window.
    np.testing.assert_allclose(found["PES"], [[2 / 4.5] * 3, [3 / 4.5] * 3])
    np.testing.assert_allclose(found["hPES"], [[3 / 4.5] * 3, [4 / 4.5] * 3])


def test_points_of_the_published_curves_are_those_read_off() -> None:
    time = {"transmission": (0.0, 3.0, 7.5), "binding": (0.0, 20.0, 40.0, 60.0)}
    errors = {
        ("transmission", "hPES"): (6.4, 3.1, 1.8),
        ("transmission", "PES"): (6.6, 3.0, 1.8),
        ("binding", "hPES"): (1.44, 1.17, 1.07, 1.01),
        ("binding", "PES"): (1.49, 1.27, 1.08, 1.05),
    }
    assert {key: (time[key[0]], values) for key, values in errors.items()} == rules.CURVES
