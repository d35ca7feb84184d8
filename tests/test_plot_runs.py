"""Figures of runs: rates, intervals, trajectories, voltages, weights, overviews and animations."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import nefsim as nef
from nefsim import plot

RNG = np.random.default_rng(1)


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def run():
    net = nef.Network(seed=1)
    a = net.ensemble(40, 2, label="a")
    net.connect(net.node(lambda t: [np.sin(9 * t), np.cos(9 * t)]), a)
    b = net.ensemble(20, 1, label="b")
    learned = net.connect(a, b, function=lambda x: 0.0, learning_rule=nef.PES(1e-3))
    net.connect(a[0], learned.learning_rule)
    some = a.neurons[[3, 5]]
    net.probe(a, synapse=0.02, label="y")
    net.probe(a.neurons, label="fired")
    net.probe(some, "voltage", label="voltage")
    net.probe(some, label="few")
    net.probe(learned, "weights", label="weights")
    net.probe(a.neurons, "voltage", sample_every=0.01, label="all voltages")
    sim = nef.Simulator(net, progress=False)
    sim.run(0.3)
    return sim


def test_the_mean_rate_counts_each_spike_once(ax):
    spikes = 1000.0 * (RNG.random((400, 5)) < 0.05)
    for window in (0.0, 0.02):
        line = plot.population_rate(spikes, window=window, ax=Figure().subplots()).lines[0]
        assert line.get_ydata().sum() * 0.001 * 5 == pytest.approx(np.count_nonzero(spikes))
    plain = plot.population_rate(spikes, window=0.0, ax=ax).lines[0].get_ydata()
    np.testing.assert_allclose(plain, np.count_nonzero(spikes, axis=1) / 5 / 0.001)


def test_a_gaussian_of_the_window_stands_for_a_spike(ax):
    spikes = np.zeros((1001, 1))
    spikes[500] = 1000.0
    time, rate = plot.population_rate(spikes, window=0.05, ax=ax).lines[0].get_data()
    gauss = np.exp(-((time - 0.501) ** 2) / (2 * 0.05**2)) / (0.05 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(rate, gauss, atol=1e-3 * gauss.max())  # it is cut at 4 windows


def test_times_of_rates_have_equal_steps():
    with pytest.raises(ValueError, match=r"^plot\.population_rate: time must have equal steps"):
        plot.population_rate(np.zeros((3, 1)), time=[0.1, 0.2, 0.4])


def test_a_histogram_around_events_is_a_mean_over_events_and_neurons(ax):
    spikes = np.zeros((1000, 4))
    for event in (200, 600):
        spikes[event + 15, 0] = spikes[event + 15, 1] = 1000.0  # at 16 ms
    spikes[300] = 1000.0
    drawn = plot.psth(spikes, [0.2, 0.6], span=(-0.05, 0.05), bin=0.01, ax=ax)
    values, edges, _ = drawn.patches[0].get_data()
    np.testing.assert_allclose(edges, np.linspace(-0.05, 0.05, 11))
    expected = np.zeros(10)
    expected[6] = 2 / 4 / 0.01
    np.testing.assert_allclose(values, expected)


def test_events_at_the_ends_of_a_record_are_left_out(ax):
    spikes = np.zeros((100, 1))
    spikes[55] = 1000.0
    drawn = plot.psth(spikes, [0.0, 0.05, 0.099], span=(-0.01, 0.01), ax=ax)
    assert drawn.patches[0].get_data().values.tolist() == [0.0, 100.0]
    for starts, span in (([5.0], (-0.1, 0.1)), ([0.05], (0.1, 0.1)), ([0.05], (0.0, 0.001))):
        with pytest.raises(ValueError, match=r"^plot\.psth: (starts|span) must have"):
            plot.psth(spikes, starts, span=span)


def test_intervals_are_those_of_single_neurons(ax):
    spikes = np.zeros((100, 2))
    spikes[[0, 10, 30], 0] = spikes[[5, 9], 1] = 1000.0
    drawn = plot.intervals(spikes, bins=100, ax=ax)
    assert sum(bar.get_height() for bar in drawn.patches) == 3
    starts = [b.get_x() for b in drawn.patches if b.get_height()]
    assert starts == pytest.approx([4.0, 10.0, 20.0], abs=0.2)
    assert drawn.get_title() == f"CV {np.std([10, 20]) / 15:.2f}"
    with pytest.raises(ValueError, match=r"^plot\.intervals: spikes must have two of a neuron"):
        plot.intervals(np.eye(3))


def test_a_trajectory_is_a_line_with_its_end(run, ax):
    drawn = plot.phase(run, probe="y", dimensions=(1, 0), ax=ax)
    values = run.recorded("y")
    np.testing.assert_array_equal(drawn.lines[0].get_xydata(), values[:, ::-1])
    np.testing.assert_array_equal(drawn.lines[1].get_xydata(), values[-1:, ::-1])
    assert (drawn.get_xlabel(), drawn.get_ylabel()) == ("$x_1$", "$x_0$")


def test_three_dimensions_are_drawn_in_space():
    values = RNG.normal(size=(50, 3))
    drawn = plot.phase(values, dimensions=(0, 1, 2))
    np.testing.assert_array_equal(np.column_stack(drawn.lines[0].get_data_3d()), values)
    flat = Figure().subplots()
    with pytest.raises(ValueError, match=r"^plot\.phase: ax must have 3 dimensions"):
        plot.phase(values, dimensions=(0, 1, 2), ax=flat)
    for bad in ((0,), (0, 3), (0.5, 1), (0, 1, 2, 0)):
        with pytest.raises(ValueError, match=r"^plot\.phase: dimensions must be"):
            plot.phase(values, dimensions=bad)


def test_voltages_stand_above_one_another_with_their_spikes(run, ax):
    drawn = plot.voltages(run, spikes="few", probe="voltage", ax=ax)
    values = run.recorded("voltage")
    scale = 1.25 * np.ptp(values)
    for i in (0, 1):
        expected = i + (values[:, i] - values.min()) / scale
        np.testing.assert_allclose(drawn.lines[i].get_ydata(), expected)
    times, rows = drawn.lines[2].get_data()
    events = run.data.events("few")
    np.testing.assert_array_equal(times, events.times)
    np.testing.assert_allclose(rows, events.neurons + 0.9)
    with pytest.raises(ValueError, match=r"^plot\.voltages: values must be of at most 30 neurons"):
        plot.voltages(run, probe="all voltages")
    with pytest.raises(ValueError, match=r"^plot\.voltages: spikes must have shape \(300, 2\)"):
        plot.voltages(run, spikes="fired", probe="voltage")


def test_the_weights_that_change_most_are_drawn(run, ax):
    drawn = plot.weights_over_time(run, probe="weights", most=5, ax=ax)
    rows = run.recorded("weights").reshape(300, -1)
    largest = np.sort(np.argsort(-np.ptp(rows, axis=0))[:5])
    for line, i in zip(drawn.lines, largest, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), rows[:, i])
    assert drawn.get_title() == "5 of 40 weights"
    matrices = RNG.normal(size=(10, 2, 3))
    assert len(plot.weights_over_time(matrices, ax=Figure().subplots()).lines) == 6


def test_an_overview_shows_each_record_by_its_kind(run):
    for source in (run, run.result()):
        figure = plot.overview(source)
        titles = [ax.get_title(loc="left") for ax in figure.axes]
        for title in ("y", "fired", "voltage", "few"):
            assert title in titles
        assert ("weights" if source is run else "weights (30 of 40)") in titles
        assert "all voltages (30 of 40)" in titles
    labels = {ax.get_title(loc="left"): ax.get_ylabel() for ax in plot.overview(run).axes}
    assert labels["fired"] == "neuron" and labels["weights"] == "weight"
    assert labels["y"] == "decoded value"
    assert [ax.get_title(loc="left") for ax in plot.overview(run, ["y"]).axes] == ["y"]


def test_bad_overviews_are_refused_and_leave_no_figure(run):
    for bad, kind in (("y", TypeError), ([], ValueError), (["no"], ValueError)):
        with pytest.raises(kind, match="must"):
            plot.overview(run, bad)
    with pytest.raises(TypeError, match=r"^plot\.overview: source must be a run"):
        plot.overview(3)
    assert plt.get_fignums() == []


def test_an_animation_has_a_picture_for_each_moment(tmp_path):
    from PIL import Image

    values = np.sin(np.arange(0, 6, 0.01))
    path = plot.animate(values, tmp_path / "sine", np.arange(1, 601) / 1000, fps=10, speed=0.5)
    with Image.open(path) as film:
        assert (path.suffix, film.n_frames, film.info["duration"]) == (".gif", 12, 100)
    assert plt.get_fignums() == []
    for options, match in (
        ({"path": tmp_path / "x.mp4"}, r"path must end in \.gif"),
        ({"speed": 1e-6}, "values must make at most 3000 pictures"),
        ({"fps": 0}, "fps must be"),
    ):
        with pytest.raises(ValueError, match=match):
            plot.animate(values, **{"path": tmp_path / "x"} | options)
