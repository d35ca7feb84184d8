"""Figures of semantic pointers show the data."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nefsim import plot, spa


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_lines_are_similarities_and_the_legend_lists_the_largest() -> None:
    v = spa.Vocabulary(64, seed=1)
    v.populate(";".join(f"N{i}" for i in range(9)))
    values = np.linspace(0, 1, 50)[:, None] * v["N7"].vector
    ax = plot.similarities(values, v, names=[*v.names, "N7 * N8"])
    drawn = np.array([line.get_ydata() for line in ax.lines]).T
    # Matrix products of other shapes add in another order.
    np.testing.assert_allclose(drawn[:, :9], v.similarities(values), rtol=0, atol=1e-14)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "N7" in legend
    assert len(legend) == 6


def test_a_map_is_brightest_at_the_point() -> None:
    space = spa.HexagonalSSP(2, length_scale=0.3)
    ax = plot.similarity_map(space.encode([0.5, -0.25]), space, n_samples=81)
    values = ax.images[0].get_array()
    row, column = np.unravel_index(np.argmax(values), values.shape)
    # Rows are the second coordinate, from -1 in steps of 1/40.
    assert (column, row) == (60, 30)


def test_a_rate_map_shows_the_mean_rates() -> None:
    path = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    values = 50.0 * (path[:, 1] > 0)
    ax = plot.rate_map(values, path, n_bins=10)
    np.testing.assert_array_equal(ax.images[0].get_array(), spa.rate_map(values, path, n_bins=10))
    assert ax.images[0].get_extent() == [-1.0, 1.0, -1.0, 1.0]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)
    assert not plot.rate_map(values, path, path=False).lines


def test_figures_refuse_other_vectors() -> None:
    v, space = spa.Vocabulary(8, seed=1), spa.RandomSSP(1)
    with pytest.raises(ValueError, match="values must have 8 columns, got 7"):
        plot.similarities(np.ones((3, 7)), v)
    with pytest.raises(ValueError, match="hold a name"):
        plot.similarities(np.ones((3, 8)), v)
    with pytest.raises(TypeError, match=r"be a list, got 'CAT'; pass \['CAT'\]"):
        plot.similarities(np.ones((3, 8)), v, names="CAT")
    with pytest.raises(ValueError, match="space must have 2 coordinates, got 1"):
        plot.similarity_map(np.ones(257), space)
    with pytest.raises(ValueError, match="values must have shape"):
        plot.rate_map(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="bounds must be a range"):
        plot.similarity_map(np.ones(121), spa.RandomSSP(2, 60), (1, -1))
