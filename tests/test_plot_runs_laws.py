"""Laws of figures of runs: bins, limits, labels and the values that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import nefsim as nef
from nefsim import plot
from nefsim.plot import _style as style
from nefsim.plot import animation
from nefsim.plot._names import quantity

RNG = np.random.default_rng(2)


@pytest.fixture
def ax() -> Any:
    return Figure().subplots()


@pytest.fixture(autouse=True)
def no_figure_stays() -> Iterator[None]:
    yield
    plt.close("all")


def spikes_at(rows: Any, n_rows: int = 1000) -> np.ndarray:
    spikes = np.zeros((n_rows, 1))
    spikes[rows] = 1000.0
    return spikes


# Rates


def test_the_axis_of_a_rate_begins_at_zero_and_spans_the_record(ax: Any) -> None:
    drawn = plot.population_rate(spikes_at([10, 40], 100), window=0.0, ax=ax)
    assert drawn.get_ylim()[0] == 0.0 and drawn.get_xlim() == (0.0, 0.1)
    assert (drawn.get_xlabel(), drawn.get_ylabel()) == ("time [s]", "mean firing rate [Hz]")
    assert to_hex(drawn.lines[0].get_color()) == to_hex(style.INK)
    one = plot.population_rate([[1000.0]], window=0.0, ax=Figure().subplots()).lines[0]
    assert one.get_ydata().tolist() == [1000.0]  # a single row is a step of 1 ms
    with pytest.raises(ValueError, match=r"plot\.population_rate: window must be at least 0"):
        plot.population_rate([[1000.0]], window=-0.01)


@pytest.mark.parametrize(("share", "is_equal"), [(0.9, True), (1.1, False)])
def test_steps_are_equal_up_to_a_millionth(share: float, is_equal: bool, ax: Any) -> None:
    # The middle of three times, which moves one step up and the other down.
    times = [1.0, 2.0 + share * 1e-6, 3.0]
    if is_equal:
        drawn = plot.population_rate(np.ones((3, 1)), times, 0.0, ax=ax)
        np.testing.assert_allclose(drawn.lines[0].get_ydata(), 1.0)
        return
    with pytest.raises(ValueError, match="time must have equal steps, got others"):
        plot.population_rate(np.ones((3, 1)), times, 0.0, ax=ax)


def test_a_spike_is_in_the_bin_in_which_its_step_begins() -> None:
    for row in range(175, 225):
        drawn = plot.psth(
            spikes_at(row), [0.2], span=(-0.02, 0.02), bin=0.005, ax=Figure().subplots()
        )
        counts = drawn.patches[0].get_data().values * 0.005
        expected = np.zeros(8)
        if 180 <= row < 220:
            expected[(row - 180) // 5] = 1.0
        np.testing.assert_allclose(counts, expected, err_msg=f"{row}")
    assert drawn.get_xlim() == (-0.02, 0.02) and drawn.get_ylim()[0] == 0.0
    assert drawn.lines[0].get_xdata() == [0.0, 0.0]
    names = drawn.get_xlabel(), drawn.get_ylabel()
    assert names == ("time from the event [s]", "mean firing rate [Hz]")


@pytest.mark.parametrize(
    ("span", "width", "n_bins"),
    [((0.0, 0.3), 0.1, 3), ((0.0, 0.25), 0.1, 2), ((0.1, 0.2), 0.1, 1), ((-0.1, 0.0), 0.03, 3)],
)
def test_a_histogram_has_whole_bins_from_its_start(
    span: tuple[float, float], width: float, n_bins: int, ax: Any
) -> None:
    values, edges, _ = plot.psth(spikes_at(7), [0.3], span, width, ax=ax).patches[0].get_data()
    assert len(values) == n_bins
    np.testing.assert_allclose(edges, span[0] + width * np.arange(n_bins + 1))


def test_the_span_of_an_event_may_fill_the_record() -> None:
    for event, span, is_inside in (
        (0.5, (-0.5, 0.5), True),
        (0.4995, (-0.5, 0.5), False),
        (0.5005, (-0.5, 0.5), False),
    ):
        if is_inside:
            values = plot.psth(spikes_at(0), [event], span, 0.1).patches[0].get_data().values
            np.testing.assert_allclose(values, [10.0, *[0.0] * 9])
            continue
        with pytest.raises(ValueError, match="starts must have their span in the record"):
            plot.psth(spikes_at(0), [event], span, 0.1)


def test_intervals_have_the_mean_variation_of_neurons_with_three_spikes(ax: Any) -> None:
    spikes = np.zeros((100, 4))
    for neuron, rows in enumerate(([0, 10, 30], [5, 9], [1, 2, 7, 20], [50])):
        spikes[rows, neuron] = 1000.0
    drawn = plot.intervals(spikes, bins=3, ax=ax)
    parts = [np.std(x) / np.mean(x) for x in ([10, 20], [1, 5, 13])]
    assert drawn.get_title() == f"CV {np.mean(parts):.2f}"
    assert len(drawn.patches) == 3 and sum(bar.get_height() for bar in drawn.patches) == 6
    assert drawn.patches[0].get_x() == pytest.approx(1.0)
    names = drawn.get_xlabel(), drawn.get_ylabel()
    assert names == ("interval between spikes [ms]", "number of intervals")
    assert plot.intervals(spikes_at([3, 9]), bins=1).get_title() == ""
    for bins, words in ((0, "at least 1"), (10_001, "at most 10000")):
        with pytest.raises(ValueError, match=f"bins must be {words}"):
            plot.intervals(spikes, bins=bins)


# Trajectories and voltages


def test_a_trajectory_has_names_of_its_dimensions_and_a_mark(ax: Any) -> None:
    values = RNG.normal(size=(9, 12))
    drawn = plot.phase(values, dimensions=(9, 10), ax=ax)
    assert (drawn.get_xlabel(), drawn.get_ylabel()) == ("$x_9$", "$x_{10}$")
    assert [to_hex(line.get_color()) for line in drawn.lines] == [
        to_hex(colour) for colour in style.COLOURS[:2]
    ]
    assert [line.get_marker() for line in drawn.lines] == ["None", "o"]
    np.testing.assert_array_equal(plot.phase(values).lines[0].get_xydata(), values[:, :2])
    space = plot.phase(values, dimensions=(2, 0, 11))
    names = space.get_xlabel(), space.get_ylabel(), space.get_zlabel()
    assert names == ("$x_2$", "$x_0$", "$x_{11}$")
    assert plot.phase(values, dimensions=(2, 0, 1), ax=space) is space
    with pytest.raises(ValueError, match=r"plot\.phase: ax must have 2 dimensions, got others"):
        plot.phase(values, ax=space)
    with pytest.raises(ValueError, match=r"plot\.phase: dimensions must be at least 0"):
        plot.phase(values, dimensions=(-1, 0))
    with pytest.raises(ValueError, match="pass values of two dimensions"):
        plot.phase(values[:, :1])


def test_voltages_are_scaled_together_and_up_to_thirty(ax: Any) -> None:
    traces = RNG.random((6, 30))
    drawn = plot.voltages(traces, ax=ax)
    assert len(drawn.lines) == 30 and drawn.get_ylim() == (-0.15, 30.1)
    assert drawn.get_xlim() == (0.0, 0.006)
    for i, line in enumerate(drawn.lines):
        # The range of all is four fifths of the distance of two rows.
        scaled = i + 0.8 * (traces[:, i] - traces.min()) / np.ptp(traces)
        np.testing.assert_allclose(line.get_ydata(), scaled, rtol=1e-12)
    still = plot.voltages(np.full((6, 2), 0.5), ax=Figure().subplots())
    assert [line.get_ydata().tolist() for line in still.lines] == [[0.0] * 6, [1.0] * 6]
    fired = np.zeros((6, 2))
    fired[[2, 4], [1, 0]] = 1000.0
    times = 0.5 * np.arange(1, 7)
    marked = plot.voltages(traces[:, :2], spikes=fired, time=times, ax=Figure().subplots())
    np.testing.assert_allclose(marked.lines[2].get_xydata(), [[1.5, 1.9], [2.5, 0.9]])
    assert marked.lines[2].get_marker() == "|"
    colours = [to_hex(line.get_color()) for line in marked.lines]
    assert colours == [to_hex(style.COLOURS[i]) for i in (0, 0, 1)]
    for wrong in (fired[:5], fired[:, :1]):
        with pytest.raises(ValueError, match=r"plot\.voltages: (spikes|time) must"):
            plot.voltages(traces[:, :2], spikes=wrong, time=times)


# Overviews


@pytest.fixture(scope="module")
def batch() -> nef.Simulator:
    net = nef.Network(seed=1)
    a = net.ensemble(35, 1, label="a")
    net.connect(net.node(lambda t: np.sin(9 * t)), a)
    net.probe(a, synapse=0.02, label="$y$")
    net.probe(a.neurons, label="fired")
    net.probe(a.neurons[:3], "voltage", label="few")
    net.probe(a.neurons, "voltage", sample_every=0.01, label="many")
    sim = nef.Simulator(net, batch_size=2, progress=False)
    sim.run(0.05)
    return sim


@pytest.mark.parametrize("of_result", [False, True])
def test_an_overview_shows_one_trial_of_each_record(batch: nef.Simulator, of_result: bool) -> None:
    source = batch.result()
    figure = plot.overview(source if of_result else batch, trial=1)
    decoded, fired, few, many = figure.axes
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        *(r"\$y\$", "fired", "few", "many (30 of 35)"),
    ]
    assert figure.get_size_inches().tolist() == pytest.approx([7.0, 4 * 1.9 + 0.3])
    np.testing.assert_array_equal(decoded.lines[0].get_ydata(), source["$y$"][1][:, 0])
    assert len(many.lines) == 30
    (probe,) = (p for p in batch.probes if p.label == "many")
    assert many.get_ylabel() == ("value" if of_result else quantity(probe)) != ""
    np.testing.assert_array_equal(many.lines[29].get_ydata(), source["many"][1][:, 29])
    np.testing.assert_allclose(many.lines[0].get_xdata(), 0.01 * np.arange(1, 6))
    if not of_result:  # of a result, the attribute of a probe is not known
        expected = 2 + (source["few"][1][:, 2] - source["few"][1].min()) / (
            1.25 * np.ptp(source["few"][1])
        )
        np.testing.assert_allclose(few.lines[2].get_ydata(), expected)
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "", "time [s]"]
    del fired


def test_an_overview_has_at_most_twenty_records() -> None:
    net = nef.Network(seed=1)
    u = net.node([1.0])
    for _ in range(21):
        net.probe(u)
    sim = nef.Simulator(net, progress=False)
    sim.run_steps(2)
    assert len(plot.overview(sim).axes) == 20
    assert len(plot.overview(sim, [*sim.probes]).axes) == 21


# Animations


def film(monkeypatch: Any, *given: Any, **options: Any) -> list[Any]:
    """Limits and lines of each picture."""
    pictures: list[Any] = []
    draw = FigureCanvasAgg.draw

    def watched(self: Any, *more: Any, **named: Any) -> Any:
        (ax,) = self.figure.axes
        lines = [line.get_xydata().copy() for line in ax.lines]
        pictures.append((ax.get_xlim(), ax.get_ylim(), lines, ax))
        return draw(self, *more, **named)

    monkeypatch.setattr(FigureCanvasAgg, "draw", watched)
    plot.animate(*given, **options)
    return pictures


def test_a_picture_shows_the_window_before_its_moment(tmp_path: Any, monkeypatch: Any) -> None:
    from PIL import Image

    times = np.arange(1, 11) / 10
    values = np.column_stack([times, -times])
    options: dict[str, Any] = {"window": 0.25, "speed": 1.5, "fps": 5}
    pictures = film(monkeypatch, values, tmp_path / "a.gif", times, **options)
    assert len(pictures) == 4
    for (xlim, ylim, lines, ax), (start, rows) in zip(
        pictures, ((0.1, [0]), (0.15, [1, 2, 3]), (0.45, [4, 5, 6]), (0.75, [7, 8, 9])), strict=True
    ):
        assert xlim == pytest.approx((start, start + 0.25))
        assert ylim == pytest.approx((-1.1, 1.1))  # a twentieth more than the values
        for i, line in enumerate(lines):
            np.testing.assert_allclose(line, np.column_stack([times, values[:, i]])[rows])
        colours = [to_hex(line.get_color()) for line in ax.lines]
        assert colours == [to_hex(colour) for colour in style.colours(2)]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time [s]", "value")
    with Image.open(tmp_path / "a.gif") as image:
        assert (image.n_frames, image.info["duration"], image.info["loop"]) == (4, 200, 0)


def test_an_animation_has_a_greatest_length_and_room_around_a_constant(
    tmp_path: Any, monkeypatch: Any
) -> None:
    pictures = film(monkeypatch, np.full(3, 2.0), tmp_path / "b", [0.0, 0.1, 0.2], fps=10)
    assert [picture[1] for picture in pictures] == [pytest.approx((1.9, 2.1))] * 3
    assert [picture[0] for picture in pictures] == [pytest.approx((0.0, 1.0))] * 3
    for most, words in ((3, ""), (2, "values must make at most 2 pictures, got 3")):
        monkeypatch.setattr(animation, "MOST", most)
        if words:
            with pytest.raises(ValueError, match=words):
                plot.animate(np.zeros(3), tmp_path / "c", [0.0, 0.1, 0.2], fps=10)
        else:
            plot.animate(np.zeros(3), tmp_path / "c", [0.0, 0.1, 0.2], fps=10)
    for wrong, words in (
        ({"fps": 101}, "fps must be at most 100"),
        ({"speed": 0.0}, "speed must be above 0"),
        ({"window": 0.0}, "window must be above 0"),
    ):
        with pytest.raises(ValueError, match=rf"plot\.animate: {words}"):
            plot.animate(np.zeros(3), tmp_path / "d", **wrong)
