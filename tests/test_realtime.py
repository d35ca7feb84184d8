"""Runs in real time: schedules, deadlines, loops, warnings, and the same spikes as without."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nefsim as nef
from nefsim import pacing

BACKENDS = [name for name in ("numpy", "numba") if name in nef.backends.available()]


class Clock:
    """A clock that moves when someone sleeps, or reads it."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, 0.0

    def monotonic(self) -> float:
        self.now += 1e-7  # so that a loop until a time ends
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of the test in the place of the system's."""
    clock = Clock()
    monkeypatch.setattr(pacing, "time", clock)
    return clock


def network(source: Any = np.sin) -> tuple[nef.Network, nef.Node, nef.Probe, nef.Probe]:
    """A population with an input, its spikes and its value."""
    net = nef.Network(seed=1)
    u = net.node(source)
    a = net.ensemble(40, 1)
    net.connect(u, a)
    return net, u, net.probe(a.neurons), net.probe(a, synapse=0.02)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_in_real_time_has_the_same_spikes(backend: str, clock: Clock) -> None:
    net, _, spikes, value = network()
    plain, paced = (nef.Simulator(net, backend=backend, progress=False) for _ in range(2))
    plain.run(0.2)
    start = clock.now
    paced.run(0.2, realtime=True)
    assert clock.now - start == pytest.approx(0.2, abs=1e-4)  # reads of the clock move it, too
    assert paced.deadlines is not None
    assert paced.deadlines.n_periods == 200
    assert plain.deadlines is None
    np.testing.assert_array_equal(paced.data[spikes], plain.data[spikes])
    # On "numpy" the last digits depend on the length of a chunk.
    np.testing.assert_allclose(paced.data[value], plain.data[value], rtol=1e-12, atol=1e-15)


def test_a_run_in_real_time_writes_streams_and_checkpoints(clock: Clock, tmp_path: Any) -> None:
    net, _, spikes, _ = network()
    sim = nef.Simulator(net, stream=tmp_path / "records", progress=False)
    sim.run(0.05, checkpoint_every=0.02, checkpoint=tmp_path / "state.npz", realtime=True)
    sim.close()
    plain = nef.Simulator(net, progress=False)
    plain.run(0.05)
    read = nef.Result.load(tmp_path / "records")
    np.testing.assert_array_equal(read["probe 0"], plain.data[spikes])
    again = nef.Simulator.load(tmp_path / "state.npz", net, progress=False)
    assert again.n_steps == 50


def test_progress_is_reported_as_without_real_time(clock: Clock) -> None:
    seen: list[tuple[int, int]] = []
    net, *_ = network()
    sim = nef.Simulator(net, progress=lambda done, total: seen.append((done, total)))
    sim.run(0.05, realtime=True)
    assert seen == [(50, 50)]


def test_nengo_networks_run_in_real_time_with_the_same_spikes(clock: Clock) -> None:
    nengo = pytest.importorskip("nengo")
    import nefsim.nengo

    with nengo.Network(seed=1) as model:
        a = nengo.Ensemble(40, 1)
        nengo.Connection(nengo.Node(np.sin), a)
        spikes = nengo.Probe(a.neurons)
    with (
        nefsim.nengo.Simulator(model, progress_bar=False) as plain,
        nefsim.nengo.Simulator(model, progress_bar=False) as paced,
    ):
        plain.run(0.1)
        paced.run(0.05, realtime=True)
        assert paced.deadlines is not None
        assert paced.deadlines.n_periods == 50
        for _ in paced.loop(0.01, seconds=0.05):
            pass
        assert paced.deadlines.n_periods == 5
        np.testing.assert_array_equal(paced.data[spikes], plain.data[spikes])
    with pytest.raises(nengo.exceptions.SimulatorClosed):
        next(paced.loop())


def test_times_of_periods_do_not_drift(clock: Clock) -> None:
    """A period of 1.3 ms in 1 ms is made up for by those after it."""
    schedule = pacing.Schedule("Test", 0.001)
    starts = []

    def work() -> None:
        starts.append(clock.now)
        clock.now += 0.0013 if len(starts) == 3 else 0.0004

    schedule.run(1000, work)
    schedule.finish()
    late = np.array(starts) - starts[0] - 0.001 * np.arange(1000)
    assert late[3] == pytest.approx(0.0003, abs=2e-6)  # the clock moves with each look
    assert np.abs(np.delete(late, 3)).max() < 2e-6
    figures = schedule.deadlines
    assert (figures.n_periods, figures.missed) == (1000, 1)
    assert figures.worst == pytest.approx(0.0003, abs=2e-6)
    assert figures.load == pytest.approx(0.4, abs=0.003)
    assert figures.behind == 0.0 < figures.most_behind
    assert clock.slept > 0.3  # a pause is slept, up to its last part


def test_a_run_that_is_behind_warns_once_and_reports_it(clock: Clock) -> None:
    def slow(t: float) -> float:
        clock.now += 0.002
        return 0.0

    net, *_ = network(slow)
    sim = nef.Simulator(net, progress=False)
    with pytest.warns(nef.RealTimeWarning) as caught:
        sim.run(0.5, realtime=True)
    (warning,) = caught
    assert str(warning.message).startswith("Simulator.run: the run is 0.1 s behind the clock after")
    assert warning.filename == __file__
    figures = sim.deadlines
    assert figures is not None
    assert figures.missed == figures.n_periods == 500
    assert figures.behind == figures.most_behind == pytest.approx(0.5, rel=0.01)
    assert figures.load == pytest.approx(2.0, rel=0.01)
    assert "load 200" in str(figures)


def test_many_missed_deadlines_are_reported_at_the_end(clock: Clock) -> None:
    schedule = pacing.Schedule("Test", 0.001)
    busy = iter([0.0012, 0.0001] * 10 + [0.0001] * 480)
    schedule.run(500, lambda: setattr(clock, "now", clock.now + next(busy)))
    with pytest.warns(
        nef.RealTimeWarning, match=r"^Test: the run missed 10 of 500 deadlines; take"
    ):
        schedule.finish()
    assert schedule.deadlines.behind == 0.0


def test_a_few_missed_deadlines_give_no_warning(clock: Clock) -> None:
    schedule = pacing.Schedule("Test", 0.001)
    busy = iter([0.05] + [0.0001] * 9999)
    schedule.run(10_000, lambda: setattr(clock, "now", clock.now + next(busy)))
    schedule.finish()
    assert 0 < schedule.deadlines.missed < 100


def test_the_system_clock_is_followed() -> None:
    """Only bounds that hold on a busy machine, where nothing limits how late a process wakes."""
    net, *_ = network()
    sim = nef.Simulator(net, progress=False)
    start = time.monotonic()
    sim.run(0.05, realtime=True)
    assert time.monotonic() - start >= 0.05


def test_each_turn_of_a_loop_reads_steps_and_writes(clock: Clock) -> None:
    net, u, spikes, value = network([0.0])
    sim, plain = (nef.Simulator(net, progress=False) for _ in range(2))
    x, turns = 0.5, []
    for step in sim.loop(period=0.005, seconds=0.1):
        turns.append(clock.now)
        sim.inputs[u] = x
        step()
        x -= 0.05 * float(sim.latest(value)[0])
    assert sim.n_steps == 100
    np.testing.assert_allclose(np.diff(turns), 0.005, atol=1e-5)
    x = 0.5
    for _ in range(20):
        plain.inputs[u] = x
        plain.run_steps(5)
        x -= 0.05 * float(plain.latest(value)[0])
    np.testing.assert_array_equal(sim.data[spikes], plain.data[spikes])


def test_steps_that_a_turn_leaves_out_are_taken_at_its_end(clock: Clock) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    for turn, _ in enumerate(sim.loop(seconds=0.01)):
        assert sim.n_steps == turn
    assert sim.n_steps == 10


def test_a_loop_without_a_duration_ends_with_break(clock: Clock) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    for turn, step in enumerate(sim.loop()):
        step()
        if turn == 6:
            break
    assert sim.n_steps == 7
    assert sim.deadlines is not None
    assert sim.deadlines.n_periods == 6  # the last one did not end
    sim.run(0.01)
    assert sim.n_steps == 17


def test_a_second_step_in_a_turn_is_an_error(clock: Clock) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    step = next(sim.loop())
    step()
    with pytest.raises(RuntimeError, match="step must be called once in a period"):
        step()
    assert sim.n_steps == 1


@pytest.mark.parametrize("take", ["step", "run"])
def test_a_period_has_no_other_steps_than_its_own(clock: Clock, take: str) -> None:
    """They would bring the network ahead of the clock."""
    sim = nef.Simulator(network()[0], progress=False)
    turns = 0
    with pytest.raises(RuntimeError, match="steps must be taken by the loop alone, got others"):
        for _ in sim.loop(period=0.002, seconds=0.05):
            turns += 1
            sim.step() if take == "step" else sim.run(0.001)
    assert (turns, sim.n_steps) == (1, 3)


def test_a_loop_may_begin_again(clock: Clock) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    for turn, step in enumerate(sim.loop(seconds=0.01)):
        step()
        if turn == 4:
            sim.reset()
    assert sim.n_steps == 5


def test_a_loop_of_no_turn_warns(clock: Clock) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    words = r"^Simulator\.loop: 0\.3 s are no turn, as period is 1 s; nothing ran\.$"
    with pytest.warns(UserWarning, match=words) as caught:
        turns = [*sim.loop(period=1.0, seconds=0.3)]
    assert turns == [] and caught[0].filename == __file__
    assert [*sim.loop(period=1.0, seconds=0.0)] == []


def full_passes() -> int:
    """Make many objects, and return how often Python's collector visited all of them."""
    before = gc.get_stats()[2]["collections"]
    many = [[] for _ in range(1_000_000)]
    del many
    return gc.get_stats()[2]["collections"] - before


@pytest.fixture
def few_objects() -> Iterator[None]:
    """Those that are there are out of sight of the collector, so that passes are short."""
    gc.collect()
    gc.freeze()
    gc.collect()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("few_objects")
def test_the_collector_makes_no_full_pass_in_a_run_in_real_time(clock: Clock) -> None:
    """It would take as long as many periods."""
    assert full_passes() > 0
    passes: list[int] = []

    def source(t: float) -> float:
        if t > 0.0095:
            passes.append(full_passes())
        return 0.0

    sim = nef.Simulator(network(source)[0], progress=False)
    sim.run(0.01, realtime=True)
    for turn, _ in enumerate(sim.loop(seconds=0.01)):
        passes.append(full_passes())
        if turn == 1:
            break
    assert passes == [0] * len(passes)
    assert len(passes) > 2
    assert full_passes() > 0
    for _ in sim.loop():  # has no end, so that its garbage must be freed
        passes.append(full_passes())
        break
    assert passes[-1] > 0


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"period": 0.0015}, ValueError, "period must be a whole number of steps of 0.001 s"),
    ({"period": 0.0001}, ValueError, "period must be a whole number of steps of 0.001 s"),
    ({"period": -1.0}, ValueError, "period must be above 0"),
    ({"period": "1"}, TypeError, "period must be a number"),
    ({"seconds": -1.0}, ValueError, "seconds must be at least 0"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), WRONG)
def test_wrong_loops_are_refused_at_the_call(
    arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    sim = nef.Simulator(network()[0], progress=False)
    with pytest.raises(kind, match=rf"^Simulator.loop: {message}, got .*; .*\.$"):
        sim.loop(**arguments)


def test_realtime_is_true_or_false() -> None:
    sim = nef.Simulator(network()[0], progress=False)
    with pytest.raises(TypeError, match="realtime must be True or False"):
        sim.run(0.1, realtime=2.0)  # type: ignore[arg-type]


def figures_of(late: Any) -> nef.Deadlines:
    figures = nef.Deadlines(0.001)
    for value in late:
        figures._add(value, 0.0005, value - 0.0005)
    return figures


def test_percentiles_are_those_of_numpy_within_a_bin() -> None:
    late = np.random.default_rng(1).lognormal(-10.0, 1.5, 5000)
    figures = figures_of(late)
    assert figures.worst == late.max()
    for percent in (1.0, 50.0, 99.0, 99.9, 100.0):
        exact = np.sort(late)[round(percent * 50) - 1]  # of 5000 values
        assert exact <= figures.percentile(percent) <= exact * 10 ** (1 / 100) * (1 + 1e-9)
    assert (figures.p50, figures.p99, figures.p999) == tuple(
        figures.percentile(p) for p in (50.0, 99.0, 99.9)
    )
    assert figures.missed == (late > 0.0005).sum()


def test_the_histogram_counts_each_period_in_its_bin() -> None:
    late = np.random.default_rng(2).lognormal(-10.0, 1.5, 1000)
    edges, counts = figures_of(late).histogram()
    np.testing.assert_array_equal(counts, np.histogram(late, edges)[0])
    assert counts.sum() == 1000
    assert counts[0] > 0 < counts[-1]


@pytest.mark.parametrize("late", [0.0, -1e-9, 1e-12, 1e9])
def test_any_lateness_has_a_bin(late: float) -> None:
    edges, counts = figures_of([late]).histogram()
    assert counts.tolist() == [1]
    assert edges[0] <= max(late, 0.0) < edges[1]


def test_no_periods_have_figures_too() -> None:
    figures = nef.Deadlines(0.001)
    assert (figures.p999, figures.load, figures.missed) == (0.0, 0.0, 0)
    assert figures.histogram()[1].size == 0
    assert "0 periods of 1 ms" in str(figures)


def test_figures_are_written_as_json_and_as_text() -> None:
    figures = figures_of([2e-5] * 99 + [0.3])
    report = json.loads(json.dumps(figures.to_dict()))
    assert report["n_periods"] == 100
    assert report["missed"] == 1
    assert report["worst"] == 0.3
    assert [n for _, n in report["histogram"]] == [99, 1]
    assert report["histogram"][0][0] == pytest.approx(2e-5, rel=0.024)
    assert str(figures).splitlines()[0] == "100 periods of 1 ms, load 50.0%"
    assert "worst 300 ms" in str(figures)
    assert "missed: 1 (1.00%); behind the clock by 300 ms at most" in str(figures)
    assert "1 missed" in repr(figures)


def test_percentiles_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="percent must be at most 100"):
        nef.Deadlines(0.001).percentile(101.0)


@pytest.fixture
def closing() -> Iterator[None]:
    yield
    plt.close("all")


def test_the_plot_shows_the_histogram_and_its_percentiles(closing: None) -> None:
    figures = figures_of([2e-5] * 99 + [3e-4])
    ax = nef.plot.deadlines(figures, color="black")
    line, *marks = ax.lines
    assert line.get_color() == "black"
    assert max(line.get_ydata()) == 99
    assert [mark.get_label() for mark in marks] == ["p50", "p99", "p99.9", "period"]
    expected = np.array([figures.p50, figures.p99, figures.p999, 0.001]) * 1e3
    np.testing.assert_allclose([mark.get_xdata()[0] for mark in marks], expected)
    nef.plot.deadlines(nef.Deadlines(0.001))
    with pytest.raises(TypeError, match="source must be a run in real time"):
        nef.plot.deadlines(nef.Simulator(network()[0], progress=False))
