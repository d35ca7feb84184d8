"""Laws of the experiment with digits: its reports, its command and its times."""

from __future__ import annotations

import argparse
import json
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import datasets
from nefsim.mnist import command, experiment, population, timing
from nefsim.mnist import settings as of
from nefsim.mnist.settings import PLAIN, Settings, Task

SETTINGS = Settings(
    neurons=12,
    output_neurons=8,
    encoders="gaussian",
    epochs=2,
    seconds=0.02,
    skip=0.01,
    rest=0.005,
    seed=3,
    intercepts=(-0.5, 0.25),
    max_rates=(50.0, 60.0),
)


# The report


@pytest.mark.parametrize(
    ("rule", "is_plain", "how"),
    [("ridge", False, "by_solving"), ("pes", False, "by_learning"), ("pes", True, "by_plain")],
)
def test_a_report_has_the_accuracies_of_each_way_to_learn(
    rule: str, is_plain: bool, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answering(name: str) -> Any:
        def answer(settings: Settings, images: Task) -> population.Answers:
            labels = images.train_labels[:5].copy()
            labels[0] += 1
            wrong = (images.test_labels + 1) % 10
            return population.Answers(wrong, labels, 2.0, 3.0, {"way": name})

        return answer

    for name in ("by_solving", "by_learning", "by_plain_learning"):
        monkeypatch.setattr(experiment, name, answering(name))
    monkeypatch.setattr(of, "MOST_SHOWN", 5)
    data = datasets.digits()
    settings = replace(SETTINGS, rule=rule, plain=is_plain, train=20, test=30)
    row = experiment.run(settings, data, validate=False)
    assert row["way"].startswith(how)
    names = ("rule", "encoders", "neurons", "seed", "train", "test", "run_seconds")
    assert [row[k] for k in names] == [rule, "gaussian", 12, 3, 20, 30, 2.0]
    assert (row["train_accuracy"], row["test_accuracy"], row["model_seconds"]) == (0.8, 0.0, 3.0)
    confusion = np.array(row["confusion"])
    counts = np.bincount(data.test_labels[:30], minlength=10)
    # Rows are true classes, each of which is taken for the next.
    assert np.array_equal(confusion, np.roll(np.diag(counts), 1, axis=1))
    assert 0.0 <= row["seconds"] < 60.0 and 10.0 < row["peak_mb"] < 1e5
    held = experiment.run(settings, data, validate=True)
    assert held["confusion"] != row["confusion"]


ROW = {
    "rule": "pes", "encoders": "gabor", "neurons": 5, "seed": 2, "train": 7, "test": 8,
    "train_accuracy": 0.5, "test_accuracy": 0.25, "seconds": 4.0, "run_seconds": 2.0,
    "model_seconds": 3.0, "peak_mb": 9.0, "confusion": [[1]],
}  # fmt: skip


def test_reports_of_several_seeds_are_their_means() -> None:
    assert command.summary([ROW]) is ROW
    other = {**ROW, "seed": 3, "train_accuracy": 1.0, "test_accuracy": 0.75, "seconds": 8.0}
    found = command.summary([ROW, other])
    means = {"train_accuracy": 0.75, "test_accuracy": 0.5, "seconds": 6.0}
    same = {"rule": "pes", "encoders": "gabor", "neurons": 5, "train": 7, "test": 8}
    assert found == {**same, **means, "runs": [ROW, other]}
    assert command.spread([0.5, 0.5]) == "0.5000"
    low, high = nef.analysis.confidence_interval([0.25, 0.75, 0.5], rng=0)
    text = f"0.5000 (95 % between {low:.4f} and {high:.4f}, 3 seeds)"
    assert command.spread([0.25, 0.75, 0.5]) == text and low < 0.5 < high
    assert command.line(ROW) == (
        "pes gabor 5 neurons, seed 2: train 0.5000, test 0.2500, 3 s of model time in 2.0 s, "
        "4.0 s in all, 9 MB"
    )
    assert "train while learning 0.7500, gini 0.500" in command.line(
        {**ROW, "during_accuracy": 0.75, "gini": 0.5}
    )


def options_of(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args([*words])


@pytest.mark.parametrize("json_", [True, False])
def test_the_command_prints_each_seed_or_one_object(
    json_: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Any] = []

    def run(settings: Settings, data: Any, validate: bool) -> dict[str, Any]:
        calls.append((settings, data, validate))
        return {**ROW, "seed": settings.seed}

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command, "digits", lambda: "digits")
    monkeypatch.setattr(timing, "wall_times", lambda settings, data: {"of": settings.neurons})
    monkeypatch.setattr(timing, "lines", lambda times: [f"times {times}"])
    words = ["--digits", "--seeds", "4", "6", "--plain", "--times", "--validate", "--neurons", "9"]
    assert command.report(options_of(*words, *(["--json"] if json_ else []))) == 0
    expected = [(replace(PLAIN, seed=seed, neurons=9), "digits", True) for seed in (4, 6)]
    assert calls == expected
    out = capsys.readouterr().out
    if json_:
        found = json.loads(out)
        assert [row["seed"] for row in found["runs"]] == [4, 6] and found["times"] == {"of": 9}
        return
    lines = out.splitlines()
    assert [line[:25] for line in lines[:2]] == [
        f"pes gabor 5 neurons, seed {s}"[:25] for s in "46"
    ]
    assert lines[2:] == [
        "test accuracy 0.2500",
        "rows are true classes, columns predicted classes:",
        "[[1]]",
        "times {'of': 9}",
    ]
    calls.clear()
    assert command.report(options_of("--digits")) == 0
    assert calls == [(Settings(), "digits", False)]
    assert "times" not in capsys.readouterr().out


def test_times_are_lines_with_those_of_nengo_if_there_are_any() -> None:
    report = {"nefsim": {30.0: (2.0, 1.0)}, "nengo": {}, "published": {"a": 9.0, "b": 8.0}}
    assert timing.lines(report) == [
        "30 s of model time: 2.00 s (1.00 s of processor time)",
        "published for 30 s, on another machine: a 9 s, b 8 s",
    ]


def test_the_first_steps_of_a_timed_run_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"wall": 0.0, "busy": 0.0}

    class Sim:
        def run(self, seconds: float) -> None:
            clock["wall"] += 3.0 * seconds
            clock["busy"] += 2.0 * seconds

    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock["wall"])
    monkeypatch.setattr(timing.time, "process_time", lambda: clock["busy"])
    assert timing._timed(Sim(), 5.0) == pytest.approx((15.0, 10.0))
    assert clock["wall"] == pytest.approx(3.0 * 5.1)


def test_times_of_nengo_are_extrapolated_to_each_length(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = []

    @contextmanager
    def simulator(net: Any, backend: str) -> Any:
        yield backend

    monkeypatch.setattr(timing, "Simulator", simulator)
    monkeypatch.setattr(timing, "_timed", lambda sim, seconds: (seconds / 10, seconds / 20))
    monkeypatch.setattr(timing, "_nengo", lambda *arguments: runs.append(arguments) or (6.0, 1.5))
    for installed in (object(), None):
        monkeypatch.setattr(timing, "find_spec", lambda name, found=installed: found)
        report = timing.wall_times(PLAIN, datasets.digits())
        assert report["nefsim"] == {30.0: (3.0, 1.5), 650.0: (65.0, 32.5)}
        times = {30.0: (60.0, 15.0), 650.0: (1300.0, 325.0)}  # 3 s take 6 s and 1.5 s
        assert report["nengo"] == (times if installed else {})
        assert report["published"] is timing.PUBLISHED
    ((net, images, seconds),) = runs
    assert (len(images), seconds) == (1300, 0.5) and isinstance(net, nef.Network)
    data = datasets.digits()
    parts = [data.train_images[:1000], data.test_images[:300]]
    np.testing.assert_array_equal(images, np.concatenate(parts))


def test_wall_times_are_of_1300_images_and_nengos_of_three_seconds_extrapolated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []
    timed: list[float] = []

    class Sim:
        """A run that takes a second for each of model time, and half of it on the processor."""

        def __init__(self, net: Any, backend: str) -> None:
            assert (net, backend) == ("net", "numpy")

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

    def time_of(sim: Any, seconds: float) -> tuple[float, float]:
        timed.append(seconds)
        return seconds, seconds / 2

    def network(settings: Settings, images: Any, shown: Any) -> Any:
        made.append((settings, shown))
        return "net", None

    def sequence(settings: Settings, images: Any) -> Any:
        made.append((settings.epochs, settings.train, len(images)))
        return list(range(2000))

    monkeypatch.setattr(timing, "network", network)
    monkeypatch.setattr(timing, "sequence", sequence)
    monkeypatch.setattr(timing.of, "task", lambda data, s: [s] * s.train + [data] * s.test)
    monkeypatch.setattr(timing, "Simulator", Sim)
    monkeypatch.setattr(timing, "_timed", time_of)
    monkeypatch.setattr(timing, "_nengo", lambda net, images, seconds: (6.0, 9.0 * seconds))
    settings = replace(SETTINGS, backend="numpy")
    for found in (None, object()):
        monkeypatch.setattr(timing, "find_spec", lambda name, found=found: found)
        made.clear()
        report = timing.wall_times(settings, "data")  # type: ignore[arg-type]
        assert made[0] == (1, settings.train, 1000 + 300)
        assert made[1:] == [(settings, list(range(1300)))] * (3 if found else 2)
        assert report["nefsim"] == {30.0: (30.0, 15.0), 650.0: (650.0, 325.0)}
        # Six seconds for three of model time; 20 ms an image.
        nengo = {s: (2 * s, pytest.approx(0.06 * s)) for s in (30.0, 650.0)}
        assert report["nengo"] == (nengo if found else {})
    assert timed == [30.0, 650.0] * 2


def test_a_run_is_timed_after_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[float] = []
    clock = SimpleNamespace(
        perf_counter=lambda: 10.0 + 2 * sum(ran), process_time=lambda: 5.0 + 3 * sum(ran)
    )
    monkeypatch.setattr(timing, "time", clock)
    assert timing._timed(SimpleNamespace(run=ran.append), 4.0) == pytest.approx((8.0, 12.0))
    assert ran == [0.1, 4.0]
