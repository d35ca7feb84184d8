"""Laws of plots of the present state, of earlier records, and of the bar."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from bokeh.events import ButtonClick, MenuItemClick
from bokeh.models import Button
from pieces import piece

from nefsim.view import export, history, inspector, shapes
from nefsim.view.controls import Bar
from nefsim.view.history import History

# Trajectories


def noted(plot: Any) -> list[Any]:
    """The parts that a plot sends from now on."""
    parts: list[Any] = []
    plot._put = lambda *given, **named: parts.append((given, named))
    return parts


def test_a_trajectory_sends_its_records_and_widens_its_axes() -> None:
    plot = shapes.Trajectory(piece([], np.zeros((0, 3)), reach=2.0), 1.0, 2)
    parts = noted(plot)
    assert (plot.reach, plot.x, plot.y) == (2.4, (-2.4, 2.4), (-2.4, 2.4))
    assert shapes.Trajectory(piece([]), 1.0, 2).reach == 1.2
    plot.add(piece([0.1, 0.2], np.array([[1, 2, 9], [3, -1, 9]])), 0.2)
    (kind, times, path), options = parts[-1]
    assert (kind, times.tolist(), path.tolist()) == ("rows", [0.1, 0.2], [[1, 2], [3, -1]])
    assert options == {"is_new": False, "columns": 2, "since": -0.8}
    # The reach grows to a fifth more than the largest value, and never shrinks.
    assert plot.reach == pytest.approx(3.6) and plot.x == plot.y == pytest.approx((-3.6, 3.6))
    plot.replace(piece([5.0], np.array([[1.0, 1.0]])), 5.0)
    assert parts[-1][1] == {"is_new": True, "columns": 2, "since": 4.0}
    assert plot.reach == pytest.approx(3.6)
    plot.add(piece([1.2], np.array([[7.0]])), 1.2)  # too few dimensions
    plot.add(piece([1.2]), 1.2)
    assert len(parts) == 2
    plot.clear()
    assert not len(parts[-1][0][1]) and parts[-1][1] == {
        "is_new": True,
        "columns": 2,
        "since": None,
    }


@pytest.mark.parametrize(("window", "few"), [(1.0, 1), (30.0, 1), (60.0, 2), (90.0, 3)])
def test_a_path_has_about_three_hundred_points(window: float, few: int) -> None:
    plot = shapes.Trajectory(piece([]), window, 3)  # a record each 0.1 s
    parts = noted(plot)
    rows = np.arange(30.0).reshape(10, 3)
    plot.add(piece(np.arange(10), rows), 9.0)
    (_, times, path), options = parts[-1]
    assert plot.few == few and options["columns"] == 3
    np.testing.assert_array_equal(times, np.arange(10)[::few])
    np.testing.assert_array_equal(path, rows[::few])


# Images


def test_an_image_has_the_range_of_its_values_until_they_are_far_smaller() -> None:
    for signed in (True, False):
        plot = shapes.Picture("t", (2, 3), signed, ("x", "y"))
        parts = noted(plot)
        for largest, high in ((2.0, 2.0), (0.61, 2.0), (0.59, 0.59), (0.7, 0.7), (0.0, 1.0)):
            matrix = np.array([[0.0, -largest, 0.0], [0.0, 0.0, 0.1 * largest]])
            plot.show(matrix)
            share = (1 + matrix / high) / 2 if signed else np.maximum(matrix / high, 0)
            np.testing.assert_array_equal(plot.values, np.round(255 * share).astype(np.uint8))
            assert parts[-1][1] == {"is_new": True, "rows": 2, "columns": 3}


def test_the_last_value_fills_an_image_row_by_row() -> None:
    plot = shapes.Picture("t", (2, 2), False)
    plot.add(piece([0.1, 0.2], np.array([[9, 9, 9, 9, 9], [1, 2, 3, 4, 5]])), 0.2)
    assert plot.values.tolist() == [[64, 128], [191, 255]]
    plot.add(piece([0.3], np.array([[0, 2, 4]])), 0.3)
    assert plot.values.tolist() == [[0, 128], [255, 0]]
    parts = noted(plot)
    plot.add(piece([], np.zeros((0, 3))), 0.3)
    plot.add(piece([0.3]), 0.3)
    assert parts == []
    plot.replace(piece([0.4], np.array([[4, 0, 0, 0]])), 0.4)
    assert len(parts) == 2 and plot.values.tolist() == [[255, 0], [0, 0]]
    plot.clear()
    assert not plot.values.any() and plot.most == 0.0


def test_neurons_that_fired_fade_within_50_ms() -> None:
    plot = shapes.Grid(piece([], neurons=[], shown=5, total=7))
    assert plot.shape == (3, 3)
    assert shapes.Grid(piece([], shown=4, total=4)).shape == (2, 2)
    assert shapes.Grid(piece([])).shape == (1, 1)
    plot.add(piece([0.01, 0.01, 0.06], neurons=[4, 4, 0]), 0.06)
    fade = math.exp(-1)
    np.testing.assert_allclose(plot.rates[:5], [1, 0, 0, 0, 2 * fade])
    plot.add(piece([0.11], neurons=[1]), 0.11)
    np.testing.assert_allclose(plot.rates[:5], [fade, 1, 0, 0, 2 * fade**2])
    plot.add(piece([], neurons=np.zeros(0, int)), 0.03)  # an earlier time: nothing grows
    np.testing.assert_allclose(plot.rates[1], 1.0)
    plot.replace(piece([0.2], neurons=[2]), 0.2)
    assert plot.rates.tolist() == [0, 0, 1] + [0] * 6
    plot.clear()
    assert not plot.rates.any() and plot.then == 0.0


def test_a_large_matrix_is_shown_by_means_of_blocks() -> None:
    matrix = np.arange(35.0).reshape(5, 7)
    np.testing.assert_array_equal(shapes.block_means(matrix, 7), matrix)
    # Five rows become blocks of one, two and two; seven columns of two, two and three.
    found = shapes.block_means(matrix, 3)
    rows, columns = (slice(0, 1), slice(1, 3), slice(3, 5)), (slice(0, 2), slice(2, 4), slice(4, 7))
    expected = [[matrix[r, c].mean() for c in columns] for r in rows]
    np.testing.assert_allclose(found, expected)
    assert shapes.block_means(np.ones((97, 96))).shape == (96, 96)


@pytest.mark.parametrize(("n", "shown"), [(40, 40), (41, 40)])
def test_up_to_forty_tuning_curves_are_shown(n: int, shown: int) -> None:
    x, curves = np.linspace(-1, 1, 5), np.arange(5.0 * n).reshape(5, n)
    plot = shapes.Curves("a", x, curves, "input")
    assert plot.curves.shape == (5, shown) and plot.points is x
    np.testing.assert_array_equal(plot.curves[:, [0, -1]], curves[:, [0, -1]])
    assert (plot.x, plot.y) == ((-1.0, 1.0), (0.0, 1.05 * (5 * n - 1)))
    assert shapes.Curves("a", x, 0 * curves, "input").y == (0.0, 1.0)
    parts = noted(plot)
    plot.again()
    assert parts[-1][1] == {"is_new": True, "columns": shown, "since": None}


def test_a_page_of_a_node_is_set_when_it_changes_and_is_escaped() -> None:
    page = shapes.Page("<t>")
    page.show('<b title="x">')
    assert "&lt;t&gt;" in page.figure.text and "srcdoc=" in page.figure.text
    assert "&lt;b title=&quot;x&quot;&gt;" in page.figure.text
    before = page.figure.text
    page.figure.text = "other"
    page.show('<b title="x">')
    assert page.figure.text == "other"
    page.clear()
    assert page.text == "" and page.figure.text != before


# Earlier records


def test_a_history_ends_after_five_minutes_or_four_million_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (history.LONGEST, history.MOST_NUMBERS) == (300.0, 4_000_000)
    kept = History()
    kept.add(piece([1.0], [[1.0]]))
    kept.add(piece([301.0], [[1.0]]))
    assert kept.start == 1.0  # as old as the limit
    kept.add(piece([301.5], [[1.0]]))
    assert kept.start == 301.0
    kept.add(piece([]))
    # Each has two times and four numbers: three of them fit into 18.
    monkeypatch.setattr(history, "MOST_NUMBERS", 18)
    full = History()
    for k in range(4):
        full.add(piece([k, k + 0.5], [[1, 2], [3, 4]]))
        assert full.start == max(0, k - 2)
    full.add(piece(np.arange(10, 20), np.zeros((10, 2))))  # one that is too large stays
    assert full.start == 10.0
    spikes = History()
    for k in range(19):
        spikes.add(piece([k], neurons=[k]))
    assert spikes.start == 1.0
    found = spikes.window(3.0, 5.0)
    assert found is not None and found.rows is None and found.neurons is not None
    assert (found.times.tolist(), found.neurons.tolist()) == ([4, 5], [4, 5])
    assert spikes.window(18.0, 30.0) is None and spikes.window(-5.0, 0.5) is None


# The bar


def make_bar(learns: bool = False) -> tuple[Bar, list[Any]]:
    calls: list[Any] = []
    named: dict[str, Any] = {
        "toggle": lambda: calls.append(("toggle",)),
        "step": lambda: calls.append(("step",)),
        "restart": lambda keep: calls.append(("restart", keep)),
        "look": lambda: calls.append(("look",)),
        "save": lambda ending: calls.append(("save", ending)),
    }
    return Bar(**named, learns=learns), calls


@pytest.mark.parametrize("learns", [False, True])
def test_buttons_call_their_functions(learns: bool) -> None:
    bar, calls = make_bar(learns)
    buttons = [b for b in bar.root.children if type(b) is Button]
    assert [b.label for b in buttons][:3] == ["run", "one step", "from the start"]
    assert len(buttons) == 3 + learns
    for button in buttons:
        button._trigger_event(ButtonClick(button))
    kept = [("restart", True)] * learns
    assert calls == [("toggle",), ("step",), ("restart", False), *kept]
    bar.files._trigger_event(MenuItemClick(bar.files, item="csv"))
    bar.back.value = 0.5
    assert calls[-2:] == [("save", "csv"), ("look",)]
    endings = [entry[1] if entry else None for entry in bar.files.menu]
    assert endings == [*export.FORMATS, None, "layout"]


def test_speeds_and_times_of_a_browser_stay_within_their_sliders() -> None:
    bar, _ = make_bar()
    assert (bar.chosen_speed, bar.seconds_back) == (1.0, 0.0)
    sent = SimpleNamespace
    for value, speed in ((0.01, 0.05), (0.7, 0.7), (9.0, 2.0)):
        bar.speed = sent(value=value)
        assert bar.chosen_speed == speed
    bar.fast.active = True
    assert bar.chosen_speed == math.inf
    for value, back in ((-1.0, 0.0), (2.0, 2.0), (9.0, 3.0)):
        bar.back = sent(end=3.0, value=value)
        assert bar.seconds_back == back


def test_the_clock_shows_hundredths_of_a_second_and_the_speed() -> None:
    bar, _ = make_bar()
    assert (bar.clock, bar.wall) == ("0.00 s", "wall time 0 s")
    bar.show_time(1.234, 0.5, 59.6)
    assert (bar.clock, bar.wall) == ("1.23 s, 0.50 times real time", "wall time 60 s")


# The inspector


def test_a_button_is_as_wide_as_its_label() -> None:
    clicks: list[int] = []
    for label, width in (("short", 80), ("a label of 20 letters", 14 + 7 * 21)):
        button = inspector._button(label, lambda: clicks.append(1))
        assert (button.width, button.label) == (width, label)
        button._trigger_event(ButtonClick(button))
    assert clicks == [1, 1]
    assert inspector._text("<b>").text == "&lt;b&gt;"
