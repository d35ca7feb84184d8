"""Laws of published figures: protocols, published values, tolerances, and texts of lines."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import study_networks

import nefsim as nef
from nefsim import reproduce
from nefsim.analysis import confidence_interval
from nefsim.reproduce import (
    drawing,
    lines,
    program,
    rules,
    running,
)
from nefsim.reproduce.figure import Effort, Figure

#: The lines of each study, below its name in brackets, which ``tests/study_networks.py`` prints.
LISTED: dict[str, list[str]] = {}
for _line in (Path(__file__).parent / "study_networks.txt").read_text("utf-8").splitlines():
    if _line.startswith("["):
        LISTED[_line[1:-1]] = []
    else:
        [*LISTED.values()][-1].append(_line)


@pytest.mark.parametrize("name", study_networks.CALLS)
def test_the_network_of_a_study_is_its_protocol(name: str) -> None:
    if name == "soft-lif":
        pytest.importorskip("torch")
    assert study_networks.of_call(name) == LISTED[name]


def test_each_network_is_listed() -> None:
    assert LISTED.keys() == study_networks.CALLS.keys()


# Lines


def test_a_line_is_this_text() -> None:
    line = lines.compare("rate [Hz]", 10.0, [12.0, 12.5, 13.0], 1.0, "rounding", note="slower")
    low, high = confidence_interval([12.0, 12.5, 13.0], rng=0)
    start = f"{'rate [Hz]':<46} published {'10':<8} ours {f'12.5 [{low:.4g}, {high:.4g}]':<28} "
    assert str(line) == f"{start}NOT reproduced (within 1: rounding); slower"
    assert line.interval == (low, high) and line.values == (12.0, 12.5, 13.0)
    assert (line.published, line.within, line.reason, line.note) == (
        10.0,
        1.0,
        "rounding",
        "slower",
    )
    better = lines.compare("x", 1.0, 2.0, 0.1, "a reason", "higher")
    assert str(better) == f"{'x':<46} published {'1':<8} ours {'2':<28} better"
    missing = lines.not_run("x", 3.0, "a cause")
    assert str(missing) == f"{'x':<46} published {'3':<8} ours {'-':<28} not run; a cause"
    assert (missing.published, missing.ours, missing.within) == (3.0, None, 0.0)
    nothing = lines.not_run("x", None, "")
    assert str(nothing) == f"{'x':<46} published {'-':<8} ours {'-':<28} not run"


def test_an_interval_needs_two_finite_values_that_differ() -> None:
    for values in ([1.0], [1.0, 1.0], [1.0, np.inf], [1.0, np.nan]):
        assert lines.interval_of(np.array(values)) is None
    assert lines.interval_of(np.array([1.0, 2.0])) == confidence_interval([1.0, 2.0], rng=0)
    # Means of five numbers differ between draws of the bootstrap.
    odd = np.array([1.0, 2.3, 4.7, 8.9, 17.1])
    assert lines.interval_of(odd) == confidence_interval(odd, rng=0)
    assert lines.interval_of(odd) != confidence_interval(odd, rng=1)
    # The ends of an interval count as inside.
    low, high = confidence_interval([1.0, 2.0], rng=0)
    for end in (low, high):
        assert lines.compare("x", end, [1.0, 2.0], 0.0, "").verdict == "reproduced"
    for end in (low - 1e-9, high + 1e-9):
        assert lines.compare("x", end, [1.0, 2.0], 0.0, "").verdict == "NOT reproduced"
    assert lines.compare("x", 1.0, [1.0], 0.0, "", "lower").verdict == "reproduced"
    assert lines.single_run([1.0, 4.0])[0] == pytest.approx(2 * math.sqrt(4.5))


@pytest.mark.parametrize(
    ("quick", "seeds", "n"), [(True, None, 3), (False, None, 8), (False, 5, 5)]
)
def test_an_effort_has_as_many_seeds_as_its_form(quick: bool, seeds: int | None, n: int) -> None:
    assert Effort(quick, seeds).count(3, 8) == range(n)


# Runs


def test_a_run_has_its_form_its_data_and_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Effort] = []
    outcome = lines.Outcome([lines.compare("x", 1.0, 1.0, 0.0, "")])

    def study(effort: Effort) -> lines.Outcome:
        seen.append(effort)
        return outcome

    figure = Figure("toy", "a title", "a source", "a protocol.", "rules", "digits", data=True)
    monkeypatch.setattr(running, "FIGURES", (figure,))
    monkeypatch.setattr(rules, "digits", study)
    monkeypatch.setattr("nefsim.datasets.mnist", lambda path: ("read", path))
    ticks = iter([3.0, 45.0] * 3)
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr(running, "time", clock)
    report = running.run("toy", quick=False, seeds=10_000, data="folder")
    assert seen == [Effort(False, 10_000, ("read", "folder"))]
    assert (report.seconds, report.lines, report.outcome) == (42.0, outcome.lines, outcome)
    head = "toy: a title (full form, 42 s)\n  a source\n  "
    assert str(report) == head + str(outcome.lines[0])
    assert "(quick form, 42 s)" in str(running.run("toy"))
    assert seen[-1] == Effort(True, None, ("read", None))
    with pytest.raises(ValueError, match="seeds must be at most 10000"):
        running.run("toy", seeds=10_001)
    with pytest.raises(ValueError, match="seeds must be at least 1"):
        running.run("toy", seeds=0)
    with pytest.raises(TypeError, match="quick must"):
        running.run("toy", quick="no")  # type: ignore[arg-type]
    assert running.run("toy", seeds=1).figure is figure


def test_a_figure_names_its_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"torch": None, "nengo": object()}
    monkeypatch.setattr("nefsim.reproduce.figure.find_spec", known.get)
    several = Figure("a", "b", "c", "d.", "e", "f", needs=("nengo", "train"))
    assert several.lacks() == 'pip install torch (the extra "train") is needed'
    assert Figure("a", "b", "c", "d.", "e", "f", needs=("nengo",)).lacks() == ""
    assert Figure("a", "b", "c", "d.", "e", "f").seconds == (1.0, 1.0)


def test_pytorch_has_one_thread_during_a_study_that_trains() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with running._one_thread(False):
            assert torch.get_num_threads() == 3
        with pytest.raises(ZeroDivisionError), running._one_thread(True):
            assert torch.get_num_threads() == 1
            raise ZeroDivisionError
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_each_figure_needs_the_packages_of_its_study() -> None:
    figures = reproduce.figures()
    trains = {"silence", "snu", "plif", "soft-lif", "spikeconverter-steps"}
    assert {name for name, figure in figures.items() if figure.needs == ("train",)} == trains
    assert figures["delay-processors"].needs == ("nengo",)
    digits = {"mnist-plain", "mnist-times", "mnist-encoders", "snu", "plif", "soft-lif"}
    assert {name for name, figure in figures.items() if figure.data} == digits


# Pictures


def test_curves_and_lines_are_drawn_with_their_published_points() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    curves = [lines.Curve("a", [1, 2], [3, 4], [1], [5]), lines.Curve("b", [1], [2])]
    ax = drawing.draw(lines.Outcome([], curves, {"xlabel": "x"}), "a title")
    assert ax.figure.get_size_inches().tolist() == [6.4, 3.2]
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    shown = [(li.get_label(), *li.get_xydata().tolist(), li.get_color()) for li in ax.lines]
    assert shown == [
        ("a", [1, 3], [2, 4], colours[0]),
        ("a, published", [1, 5], colours[0]),
        ("b", [1, 2], colours[1]),
    ]
    assert (ax.get_xlabel(), ax.get_title()) == ("x", "a title")
    assert [text.get_text() for text in ax.get_legend().texts] == ["a", "a, published", "b"]
    rows = [
        lines.compare("first", 1.0, [2.0, 3.0], 0.0, ""),
        lines.not_run("none", 1.0, ""),
        lines.Line("last", None, 4.0, None, 0.0, "", "reproduced"),
    ]
    ax = drawing.draw(lines.Outcome(rows), "a title")
    assert ax.figure.get_size_inches().tolist() == pytest.approx([6.4, 2.1])
    interval, ours, published = (li.get_xydata() for li in ax.lines)
    assert rows[0].interval is not None
    assert interval.tolist() == [[end, 0] for end in rows[0].interval]
    assert ours.tolist() == [[2.5, 0], [4.0, -1]]
    np.testing.assert_array_equal(published, [[1.0, 0], [np.nan, -1]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["first", "last"]
    assert [text.get_text() for text in ax.get_legend().texts] == ["nefsim", "published"]
    assert drawing.draw(lines.Outcome(rows), "", ax) is ax


# The program


def test_rates_are_counted_in_500_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[np.ndarray] = []

    def fires(J: np.ndarray, v: np.ndarray, refractory: np.ndarray) -> np.ndarray:
        assert v.shape == refractory.shape == J.shape and not refractory.any()
        steps.append(J)
        return np.full(J.shape, len(steps) % 2 == 0)

    monkeypatch.setattr(program, "step", fires)
    parts = np.array([1.0, -1.0]), np.array([2.0, 3.0]), np.array([0.5, 0.25])
    x, rates = program.counted(parts, np.random.default_rng(0))
    assert len(steps) == 500 and (rates == 250 / 0.5).all() and rates.shape == (100, 2)
    np.testing.assert_allclose(x, np.linspace(-1, 0.98, 100), atol=1e-15)
    np.testing.assert_allclose(steps[0], x[:, None] * [2.0, -3.0] + [0.5, 0.25])


def test_a_step_of_the_program_is_eulers() -> None:
    v, refractory = np.array([0.5, 0.99, -0.1, 0.7]), np.array([0.0, 0.0, 0.0, 0.0015])
    fires = program.step(np.array([1.5, 3.0, -1.0, 9.0]), v, refractory)
    assert fires.tolist() == [False, True, False, False]
    np.testing.assert_allclose(v, [0.5 + 0.001 * (1.5 - 0.5) / 0.02, 0, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(refractory, [0, 0.002, 0, 0.0005], rtol=1e-12)


def test_the_error_is_to_the_square_through_two_filters() -> None:
    t = 0.001 * np.arange(1, 501)
    late = nef.Lowpass(0.1)
    ideal = late.filt(late.filt(np.sin(t) ** 2))
    assert program._error(ideal) == 0.0
    assert program._error(ideal + 0.25) == pytest.approx(0.25)


def test_the_program_is_these_loops_over_steps_and_neurons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "SECONDS", 0.3)
    rng = np.random.default_rng(1)
    a, b = program.draw(6, (100.0, 200.0), rng), program.draw(5, (100.0, 200.0), rng)
    of_a, of_b = rng.uniform(0.002, 0.01, 6), rng.normal(0.0, 0.01, 5)
    fired_a, fired_b, outputs = program.program(a, b, of_a, of_b)
    keep = math.exp(-0.001 / 0.1)
    v, wait = {"a": [0.0] * 6, "b": [0.0] * 5}, {"a": [0.0] * 6, "b": [0.0] * 5}

    def fires(name: str, i: int, J: float) -> bool:
        """Euler's step of a neuron."""
        new = max(v[name][i] + 0.001 * (J - v[name][i]) / 0.02, 0.0)
        if wait[name][i] > 0:
            new = 0.0
            wait[name][i] -= 0.001
        if new > 1:
            new, wait[name][i] = 0.0, 0.002
            v[name][i] = new
            return True
        v[name][i] = new
        return False

    received, out = [0.0] * 5, 0.0
    for k in range(300):
        x = math.sin(0.001 * k)
        spikes = [fires("a", i, a[1][i] * a[0][i] * x + a[2][i]) for i in range(6)]
        decoded = sum(of_a[i] for i in range(6) if spikes[i]) / 0.001
        for j in range(5):
            received[j] = keep * received[j] + (1 - keep) * b[0][j] * decoded
        others = [fires("b", j, b[1][j] * received[j] + b[2][j]) for j in range(5)]
        value = sum(of_b[j] for j in range(5) if others[j]) / 0.001
        out = keep * out + (1 - keep) * value
        assert (fired_a[k].tolist(), fired_b[k].tolist()) == (spikes, others)
        assert outputs[k] == pytest.approx(out, rel=1e-9, abs=1e-12)
    assert fired_a.sum() > 20 < fired_b.sum() and np.ptp(received) > 0.1
