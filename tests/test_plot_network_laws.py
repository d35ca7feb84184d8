"""Laws of figures of learning, budgets, sweeps, networks and similarities, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure

import nefsim as nef
from nefsim import plot
from nefsim.budget.report import PARTS, Budget, ErrorParts
from nefsim.plot import _style as style
from nefsim.plot.network import layout
from nefsim.plot.sweep import _means


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def ax() -> Any:
    return Figure().subplots()


# -- learning ------------------------------------------------------------------------------------


def test_the_fit_of_a_stdp_curve_is_drawn_from_zero_to_its_ends(ax: Any) -> None:
    delays = np.array([-0.03, -0.02, -0.01, 0.01, 0.02, 0.04])
    changes = np.where(delays > 0, 2.0, -1.0) * np.exp(-np.abs(delays) / 0.02)
    plot.stdp_curve(delays, changes, ax=ax)
    across, down, pairs, after, before = ax.lines
    assert pairs.get_color() == style.COLOURS[0]
    assert across.get_ydata() == [0.0, 0.0] and down.get_xdata() == [0.0, 0.0]
    for line, end, height in ((after, 40.0, 2.0), (before, -30.0, -1.0)):
        x, y = line.get_data()
        np.testing.assert_allclose(x, np.linspace(0, end, 200), atol=1e-12)
        np.testing.assert_allclose(y, height * np.exp(-np.abs(x) / 20), rtol=1e-6)


def test_learning_curves_start_at_zero_and_histograms_are_logarithmic_beyond_one(ax: Any) -> None:
    plot.learning_curve(np.ones((10, 1)), 0.005, ax=ax)
    assert ax.get_ylim()[0] == 0.0 and ax.lines[0].get_ydata().tolist() == [1.0, 1.0]
    other = plot.weight_histogram([1.0, 2.0, 3.0], label="w", ax=Figure().subplots())
    assert other.get_yscale() == "symlog" and other.yaxis.get_transform().linthresh == 1.0
    assert other.get_xlabel() == "w"
    assert to_hex(other.patches[0].get_facecolor()) == style.COLOURS[0].lower()


def test_the_numbers_of_a_confusion_matrix_are_legible(ax: Any) -> None:
    plot.confusion_matrix([0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 1], ax=ax)
    cells = {text.get_position(): (text.get_text(), text.get_color()) for text in ax.texts}
    assert cells == {
        (0, 0): ("1", style.INK),
        (1, 0): ("1", style.INK),  # half of the class is light
        (0, 1): ("1", style.INK),
        (1, 1): ("3", "white"),
    }
    assert ax.images[0].get_clim() == (0.0, 1.0)
    for n, texts in ((20, 20), (21, 0)):
        assert len(plot.confusion_matrix(range(n), range(n), ax=Figure().subplots()).texts) == texts


# -- budgets and sweeps --------------------------------------------------------------------------


def budget(n: int) -> Budget:
    parts = dict(zip(PARTS, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True))
    others = dict.fromkeys(("predicted", "without_delay", "size"), 1.0)
    one = ErrorParts("c", "connection", "a", 5, "s", **parts, **others, measured=6.0)
    each = [replace(one, label=f"c{k}", measured=float((7 * k) % n + 1)) for k in range(n)]
    return Budget(None, 1.0, 0.001, (*each,), (), {})


def test_the_bars_of_a_budget_stand_side_by_side_below_their_sum(ax: Any) -> None:
    plot.error_budget(budget(3), rmse=0.5, ax=ax)
    bars = ax.patches
    assert [bar.get_height() for bar in bars] == [h for h in (1, 2, 3, 4, 5) for _ in range(3)]
    left = [k - 0.4 + 0.16 * i for i in range(5) for k in range(3)]
    np.testing.assert_allclose([bar.get_x() for bar in bars], left, rtol=0, atol=1e-12)
    np.testing.assert_allclose([bar.get_width() for bar in bars], 0.16, rtol=1e-12)
    (marks,) = ax.collections
    sums = [[[k - 0.4, m], [k + 0.4, m]] for k, m in enumerate((1.0, 2.0, 3.0))]
    np.testing.assert_allclose(marks.get_segments(), sums, rtol=1e-12)
    assert ax.lines[0].get_ydata() == [0.5, 0.5]
    with pytest.raises(TypeError, match=r"^plot\.error_budget: budget must be an error budget"):
        plot.error_budget(3, ax=ax)


def test_the_twenty_largest_errors_are_drawn_in_their_order() -> None:
    for n in (3, 4, 20, 23):
        ax = plot.error_budget(budget(n), ax=Figure().subplots())
        labels = ax.get_xticklabels()
        shown = [k for k in range(n) if (7 * k) % n >= n - 20]
        assert [label.get_text() for label in labels] == [f"c{k}" for k in shown]
        assert (labels[0].get_rotation() > 0) == (n > 3) and len(ax.lines) == 0


def test_means_of_a_sweep_have_their_standard_error(ax: Any) -> None:
    x = np.array([2.0, 1.0, 2.0, 2.0, 3.0, np.nan])
    y = np.array([1.0, 5.0, 3.0, 5.0, np.nan, 1.0])
    places, means, errors = _means(x, y)
    assert places.tolist() == [1.0, 2.0] and means.tolist() == [5.0, 3.0]
    assert errors.tolist() == pytest.approx(
        [0.0, 2.0 / np.sqrt(3)]
    )  # a deviation of 2, of 3 values
    plot.sweep({"x": x, "y": y, "k": ["a", "b", "a", "a", "b", "a"]}, "x", "y", by="k", ax=ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["k = a", "k = b"]
    (segment,) = ax.collections[0].get_segments()
    np.testing.assert_allclose(segment, [[2, 3 - 2 / 3**0.5], [2, 3 + 2 / 3**0.5]])
    for columns, words in (
        ({"x": [1.0]}, r"got 'y', which is none of \['x'\]"),
        (3, "got 'y', which is none of such columns"),
        ({"x": [1.0], "y": []}, "y must name a column of numbers"),
        ({"x": [1.0], "y": [["a"]]}, "y must name a column of numbers"),
        ({"x": [1.0], "y": [[1.0]]}, "y must name a column of numbers"),
    ):
        with pytest.raises(ValueError, match=rf"^plot\.sweep: .*{words}"):
            plot.sweep(columns, "x" if isinstance(columns, dict) else "y", "y", ax=ax)
    with pytest.raises(ValueError, match="columns must have equal lengths, got 1 and 2"):
        plot.sweep({"x": [1.0], "y": [1.0, 2.0]}, "x", "y", ax=ax)


# -- networks ------------------------------------------------------------------------------------


def test_objects_are_in_the_column_of_their_longest_path_and_near_those_before_them() -> None:
    arrows = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (3, 0), (4, 4), (2, 5)]
    expected = [[0, 0.5], [1, 0.5], [1, -0.5], [2, 0.5], [0, -0.5], [2, -0.5]]
    assert layout(6, arrows).tolist() == expected
    # The second of two rows in front is the first to be followed.
    assert layout(4, [(0, 3), (1, 2)]).tolist() == [[0, 0.5], [0, -0.5], [1, -0.5], [1, 0.5]]
    assert layout(3, [(2, 1), (1, 0), (0, 1)]).tolist() == [[2, 0], [1, 0], [0, 0]]
    # A loop that only an object behind it leads to, which leads to itself as well.
    assert layout(3, [(1, 1), (1, 2), (2, 0), (0, 2)])[:, 0].tolist() == [2, 0, 1]
    assert layout(0, []).shape == (0, 2) and layout(1, []).tolist() == [[0, 0]]


def drawn(net: nef.Network, ax: Any) -> tuple[dict[str, Any], list[Any]]:
    plot.network(net, ax=ax)
    texts = {t.get_text().partition("\n")[0]: t for t in ax.texts if t.get_text()}
    return texts, [t.arrow_patch for t in ax.texts if not t.get_text()]


def bends(arrows: list[Any]) -> list[float]:
    return [arrow.get_connectionstyle().rad for arrow in arrows]


def test_arrows_are_straight_unless_they_lead_back_or_past_others(ax: Any) -> None:
    net = nef.Network(seed=1)
    a, b, c = (net.ensemble(5, 1, label=label) for label in "abc")
    for pre, post in ((a, b), (b, c), (a, c), (c, a), (b, b)):
        net.connect(pre, post)
    texts, arrows = drawn(net, ax)
    assert [text.get_position() for text in texts.values()] == [(0, 0), (1, 0), (2, 0)]
    boxes = {name: text.get_bbox_patch() for name, text in texts.items()}
    assert (arrows[0].patchA, arrows[0].patchB) == (boxes["a"], boxes["b"])
    assert bends(arrows) == [0.0, 0.0, 0.2, 0.35, 2.5]
    assert ax.get_xlim() == pytest.approx((-0.7, 2.7)) and ax.get_ylim() == (-0.8, 0.8)
    net = nef.Network(seed=1)
    a, b, c = (net.ensemble(5, 1, label=label) for label in "abc")
    for pre, post in ((a, b), (b, c), (net.node(0.5, label="u"), c)):  # u in another row
        net.connect(pre, post)
    other = Figure().subplots()
    texts, arrows = drawn(net, other)
    assert texts["u"].get_position()[1] != texts["c"].get_position()[1]
    assert bends(arrows) == [0.0, 0.0, 0.0] and other.get_ylim() == pytest.approx((-1.3, 1.3))


def test_boxes_show_the_kind_of_their_object(ax: Any) -> None:
    net = nef.Network(seed=1)
    inner = net.subnetwork("inner")
    a = inner.ensemble(5, 1, label="a")
    direct = net.ensemble(1, 1, label="d", neuron_type=nef.Direct())
    u, passes = net.node(0.5, label="u"), net.node(size_in=1, label="p")
    net.connect(u, a)
    net.connect(a, passes)
    net.connect(passes, direct)
    texts, _ = drawn(net, ax)
    assert texts["a"].get_text() == "a\n5 neurons" and texts["d"].get_text() == "d\ndirect"
    for name, colour, style_of in (("a", 0, "Square"), ("d", 0, "Square"), ("u", 2, "Round")):
        box = texts[name].get_bbox_patch()
        assert to_hex(box.get_edgecolor()) == style.COLOURS[colour].lower()
        assert type(box.get_boxstyle()).__name__ == style_of
    assert texts["p"].get_bbox_patch() is None
    (x,), (y,) = ax.lines[0].get_data()
    assert texts["p"].get_position() == (x, y + 0.14)


def test_only_arrows_of_errors_alone_are_dashed(ax: Any) -> None:
    net = nef.Network(seed=1)
    a, b, e = net.ensemble(5, 1, label="a"), net.ensemble(5, 1, label="b"), net.node(0.1, label="e")
    taught = net.connect(a, b, learning_rule=nef.PES())
    net.connect(e, taught.learning_rule)
    _, arrows = drawn(net, ax)
    colours = [to_rgba(style.INK), to_rgba(style.COLOURS[1])]
    assert [arrow.get_linestyle() for arrow in arrows] == ["-", "--"]
    assert [arrow.get_edgecolor() for arrow in arrows] == colours
    net.connect(e, b)  # a signal, too
    _, arrows = drawn(net, Figure().subplots())
    assert [arrow.get_linestyle() for arrow in arrows] == ["-", "-"]


def test_arrows_that_end_elsewhere_are_left_out(ax: Any) -> None:
    net = nef.Network(seed=1)
    inner = net.subnetwork("inner")
    a, b, e = net.ensemble(5, 1, label="a"), inner.ensemble(5, 1, label="b"), net.node(0.1)
    inner.connect(a, b)
    assert drawn(inner, ax)[1] == []
    learned = net.connect(a, b, learning_rule=nef.PES())
    taught = net.connect(a, learned.learning_rule, learning_rule=nef.PES())
    net.connect(e, taught.learning_rule)  # changes an error, which is no object
    assert len(drawn(net, Figure().subplots())[1]) == 1


# -- similarities --------------------------------------------------------------------------------


def test_a_map_covers_its_bounds_in_a_number_of_points(ax: Any) -> None:
    space = nef.spa.HexagonalSSP(2, n_rotations=3)
    vector = space.encode([0.2, -0.4])
    plot.similarity_map(vector, space, (-0.5, 1.0), 4, ax=ax)
    assert ax.images[0].get_extent() == [-0.5, 1.0, -0.5, 1.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_0$", "$x_1$")
    assert ax.figure.axes[1].get_ylabel() == "similarity"
    at = [-0.5, 0.0, 0.5, 1.0]
    expected = [[space.encode([x, y]) @ vector for x in at] for y in at]
    np.testing.assert_allclose(ax.images[0].get_array(), expected, rtol=0, atol=1e-12)
    for n, words in ((1, "at least 2"), (1001, "at most 1000")):
        with pytest.raises(ValueError, match=f"n_samples must be {words}"):
            plot.similarity_map(vector, space, n_samples=n, ax=ax)
    plot.similarity_map(vector, space, n_samples=2, ax=ax)
    with pytest.raises(ValueError, match="bounds must be a range"):
        plot.similarity_map(vector, space, (1.0, 1.0), ax=ax)


def test_the_legend_of_similarities_lists_the_six_largest(ax: Any) -> None:
    vocabulary = nef.spa.Vocabulary(64, seed=1)
    vocabulary.populate("; ".join("ABCDEFGH"))
    heights = np.array([0.1, 0.9, 0.2, 0.8, 0.7, 0.3, 0.6, 0.5])
    values = np.linalg.pinv(vocabulary.vectors) @ heights
    plot.similarities([0.5 * values, values], vocabulary, ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*"BDEFGH"]
    assert [line.get_color() for line in ax.lines] == style.colours(8)
    np.testing.assert_allclose([line.get_ydata()[1] for line in ax.lines], heights, atol=1e-12)
