"""Laws of the figures by hand: sources, orders, rasters, spectra and decoded values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure

import nefsim as nef
from nefsim import plot
from nefsim.plot import _order as order
from nefsim.plot import _source as source
from nefsim.plot import _style as style
from nefsim.plot.spectra import _window
from nefsim.plot.tuning import _by_preferred_value, _unit_points


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def ax() -> Any:
    return Figure().subplots()


# -- style and sources ---------------------------------------------------------------------------


def test_colours_are_distinct_for_six_lines_and_a_scale_for_more() -> None:
    scale = colormaps["viridis"]
    assert style.colours(2) == ["#0072B2", "#D55E00"] and len(set(style.colours(6))) == 6
    assert style.colours(7) == style.scale(7) and len(style.scale(7)) == 7
    assert style.scale(1) == [scale(0.0)] and style.scale(2) == [scale(0.0), scale(0.85)]
    assert style.scale(3) == [scale(0.0), scale(0.425), scale(0.85)]


def test_figures_have_the_usual_size_and_time_starts_a_step_early(ax: Any) -> None:
    assert style.axes("x", None).figure.get_size_inches().tolist() == [6.4, 3.4]
    for times, limits in (([1.5, 2.0], (1.0, 2.0)), ([3.0, 3.25, 4.0], (1.0, 4.0))):
        style.span_time(ax, np.array(times))
        assert ax.get_xlim() == limits
    with pytest.raises(TypeError, match="x: ax must be axes or None"):
        style.axes("x", plt.figure())
    assert style.line_style("x", {"c": "red", "lw": 2}, linewidth=1.0, marker="o") == (
        {"color": "red", "linewidth": 2, "marker": "o"}
    )


def test_arrays_are_of_one_trial_with_rows_and_columns() -> None:
    batch = np.arange(24.0).reshape(2, 3, 4)
    for trial in range(2):
        assert source.of_one_trial("x", "y", batch, trial).tolist() == batch[trial].tolist()
    assert source.of_one_trial("x", "y", [1.0, 2.0], None).tolist() == [[1.0], [2.0]]
    for values, trial, words in (
        (batch, None, r"y must be of one trial, got 2 trials of shape \(3, 4\)"),
        (batch, 2, "trial must be at most 1"),
        (batch[0], 0, "trial must be None without a batch"),
        (np.zeros((0, 2)), None, r"y must have shape \(T, D\) with no side empty"),
        (np.zeros((2, 0)), None, r"y must have shape \(T, D\) with no side empty"),
        (np.zeros((1, 2, 3, 4)), None, r"y must have shape \(T, D\)"),
    ):
        with pytest.raises(ValueError, match=f"^x: {words}"):
            source.of_one_trial("x", "y", values, trial)
    for points in (np.zeros((2, 0)), np.zeros((0, 2)), np.zeros((1, 2, 3))):
        with pytest.raises(ValueError, match=r"y must have shape \(P, D\)"):
            source.points("x", "y", points)
    assert source.points("x", "y", [1.0, 2.0], 2).shape == (2, 1)
    with pytest.raises(ValueError, match="y must have 3 rows, got 2"):
        source.points("x", "y", [1.0, 2.0], 3)


def test_times_increase() -> None:
    assert source.times("x", None, 2).tolist() == [0.001, 0.002]
    assert source.times("x", [1.0, 4.0], 2).tolist() == [1.0, 4.0]
    for times, got in (([1, 4, 2, 1], "2 s after 4 s"), ([1, 1, 2, 3], "1 s after 1 s")):
        with pytest.raises(ValueError, match=f"x: time must increase, got {got};"):
            source.times("x", times, 4)


def test_a_trial_of_a_batch_of_events_is_one_of_them(ax: Any) -> None:
    net = nef.Network(seed=1)
    spikes = net.probe(net.ensemble(5, 1).neurons)
    sim = nef.Simulator(net, batch_size=2, backend="numpy", progress=False)
    sim.run_steps(20)
    for trial in (0, 1):
        plot.raster(sim, probe=spikes, trial=trial, ax=ax)
    for trial in (2, -1, None):
        with pytest.raises((ValueError, TypeError), match=r"^plot\.raster: trial must be "):
            plot.raster(sim, probe=spikes, trial=trial, ax=ax)


# -- orders --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "step", "start"), [(7, 0.001, 0.0), (3, 0.002, 5.0), (4, 0.1, 0.0)])
def test_similar_neurons_have_like_counts_in_smoothed_bins_of_20_ms(
    n: int, step: float, start: float
) -> None:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import pdist

    rng = np.random.default_rng(3)
    time = start + step * np.arange(1, 331)
    fired = rng.random((330, n + 1)) < 0.15
    fired[:, 1] = False
    in_bin = max(1, round(0.02 / step))
    counts = np.array([fired[k : k + in_bin].sum(axis=0) for k in range(0, 330, in_bin)], float)
    varying = np.delete(np.arange(n + 1), 1)
    kernel = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    mirrored = np.pad(counts[:, varying], ((4, 4), (0, 0)), "symmetric")
    smooth = np.array([np.convolve(x, kernel / kernel.sum(), "valid") for x in mirrored.T])
    tree = linkage(pdist(smooth, "correlation"), "average", optimal_ordering=True)
    expected = [1, *varying[leaves_list(tree)]]
    steps, neurons = np.nonzero(fired)
    found = order._by_similarity(steps, neurons, n + 1, time)
    assert found.tolist() == expected and expected[1:] != sorted(expected[1:])


def test_bins_are_as_long_as_20_ms_of_steps() -> None:
    """Two bins of 40 steps: spikes in steps 40 and 60 are in one of them, in 39 and 0 not."""
    steps, neurons = np.array([40, 39, 60, 0, 60, 0, 61, 1]), np.arange(8)
    found = order._by_similarity(steps, neurons, 8, 0.0005 * np.arange(1, 81))
    assert {*found[:4].tolist()} in ({0, 2, 4, 6}, {1, 3, 5, 7})


def test_ticks_are_at_whole_numbers() -> None:
    drawn = [
        plot.raster(np.eye(3)[:, :2]),
        plot.weight_matrix(np.eye(2)),
        plot.confusion_matrix([0, 1], [0, 1]),
    ]
    for k, ax in enumerate(drawn):
        for axis in (ax.yaxis, *([ax.xaxis] if k else [])):
            ticks = axis.get_majorticklocs()
            assert (ticks == ticks.round()).all() and len(ticks)


def test_neurons_are_ordered_by_their_mean_value_whatever_their_rates() -> None:
    x = np.array([-1.0, 0.0, 1.0])
    rates = np.array([[0.0, 0.1, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.3, 0.3, 3.0, 0.0]])
    # Means of 1, 0.5, 0 and, of a silent one, 0.
    assert _by_preferred_value(x, rates).tolist() == [2, 3, 1, 0]


def test_points_fill_the_disc_or_the_square() -> None:
    square, disc = _unit_points(True), _unit_points(False)
    side = (np.arange(201) - 100) / 100
    np.testing.assert_allclose(square, [(x, y) for y in side for x in side], rtol=0, atol=1e-15)
    radius = np.linalg.norm(disc, axis=1)
    assert len(np.unique(disc.round(12), axis=0)) == len(disc) == 1 + 100 * 400
    np.testing.assert_allclose(disc.mean(axis=0), 0.0, atol=1e-12)  # whole rings
    np.testing.assert_allclose(np.unique(radius.round(12)), np.arange(101) / 100, atol=1e-12)


def test_a_tuning_curve_has_501_points_from_end_to_end(ax: Any) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(3, 1, radius=2.0)
    plot.tuning_curves(nef.Simulator(net, progress=False), ensemble=a, ax=ax)
    x = ax.lines[0].get_xdata()
    np.testing.assert_allclose(x, (np.arange(501) - 250) / 125, rtol=0, atol=1e-15)


def test_three_points_that_are_not_on_a_line_are_a_plane(ax: Any) -> None:
    triangle = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    plot.tuning_surface([[1.0], [2.0], [3.0]], triangle, ax=ax)
    for line in (triangle[:2], [[1.0, 1.0], [2.0, 3.0], [3.0, 5.0]]):
        with pytest.raises(ValueError, match="have three points that are not on a line"):
            plot.tuning_surface(np.ones((len(line), 1)), line, ax=ax)


# -- rasters -------------------------------------------------------------------------------------


def test_a_raster_becomes_an_image_where_rows_are_less_than_half_a_point(ax: Any) -> None:
    points = ax.get_window_extent().height * 72 / ax.figure.dpi
    most = int(points / 0.5)
    for n, image in ((most, False), (most + 1, True)):
        drawn = plot.raster(np.ones((3, n)), ax=Figure().subplots())
        assert bool(drawn.collections) == image and bool(drawn.lines) != image
    edges = drawn.collections[0].get_coordinates()[:, 0, 1]
    group = round(1.5 * (most + 1) / points)
    assert edges[:3].tolist() == [-0.5, group - 0.5, 2 * group - 0.5] and edges[-1] == most + 0.5


@pytest.mark.parametrize(("n", "width"), [(400, 1), (401, 2), (801, 3)])
def test_an_image_of_rates_has_at_most_400_columns(n: int, width: int, ax: Any) -> None:
    plot.raster(np.ones((n, 2000)), ax=ax)
    x = ax.collections[0].get_coordinates()[0, :, 0]
    expected = [0.001 * k for k in (*range(0, n, width), n)]
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ax.collections[0].get_array(), 1000.0, rtol=1e-9)


# -- spectra -------------------------------------------------------------------------------------


def test_the_windows_of_a_spectrum_are_an_eighth_but_at_least_256_steps(ax: Any) -> None:
    assert [_window("x", None, 0.5, n) for n in (4, 256, 257, 2048, 2056)] == [
        *(4, 256, 256, 256, 257)
    ]
    for steps, n in ((3.6, 4), (4.4, 4), (10.0, 10), (10.4, 10)):
        assert _window("x", steps * 0.5, 0.5, 10) == n
    for steps in (3.4, 10.6):
        with pytest.raises(ValueError, match="x: window must be from 2 to 5 s"):
            _window("x", steps * 0.5, 0.5, 10)
    plot.spectrum([0.0, 1.0, 0.0, 3.0], ax=ax)
    assert ax.lines[0].get_xdata().tolist() == [250.0, 500.0] and ax.get_legend() is None
    with pytest.raises(ValueError, match="signal must have at least 4 rows, got 3"):
        plot.spectrum([0.0, 1.0, 0.0], ax=ax)


# -- decoding ------------------------------------------------------------------------------------


def test_a_function_is_tried_at_the_first_input(ax: Any) -> None:
    plot.decoded([[9.0]], ideal=lambda x: x[0] ** 2, input=[[2.0]], ax=ax)
    assert ax.lines[-1].get_ydata().tolist() == [4.0]


def test_errors_of_several_columns_are_over_one_or_as_many(ax: Any) -> None:
    two = np.array([[1.0, 2.0], [0.0, 1.0]])
    plot.decoding_error([0.5, 0.25], two + 1.0, target=two, ax=ax)
    lines = ax.lines[1:]
    assert [line.get_xdata().tolist() for line in lines] == [[0.25, 0.5]] * 2
    assert [line.get_ydata().tolist() for line in lines] == [[1.0, 1.0]] * 2
    assert {line.get_linestyle() for line in lines} == {"-"}
    plot.decoding_error(two, two, ax=ax)
    assert {line.get_linestyle() for line in ax.lines[4:]} == {"None"}
    with pytest.raises(ValueError, match="x must have 1 or 1 columns, got 2"):
        plot.decoding_error(two, [1.0, 2.0], target=[1.0, 2.0], ax=ax)
    for n, listed in ((1, False), (2, True), (6, True), (7, False)):
        drawn = plot.decoding_error(np.ones((3, n)), np.zeros((3, n)), ax=Figure().subplots())
        assert (drawn.get_legend() is not None) == listed
