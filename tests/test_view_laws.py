"""Laws of figures of the page: the image of a raster has the sizes of its window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh")

from nefsim.view import plots


@pytest.mark.parametrize(("every", "window"), [(0.001, 0.5), (0.1, 2.0), (0.001, 50.0)])
def test_the_image_of_a_raster_covers_a_little_more_than_its_window(
    every: float, window: float
) -> None:
    class Piece:
        shown, total, title = 7, 9, "a"

        def __getattr__(self, name: str) -> Any:
            return {"every": every}.get(name, "text")

    raster = plots.Raster(Piece(), window)  # type: ignore[arg-type]
    width = max(every, window / plots.MOST_COLUMNS)
    assert raster.width == width
    assert 1.1 * window <= raster.n_columns * width <= 1.1 * window + 3 * width
    assert raster.y == (-0.5, 6.5) and raster.start == 0.0
    assert raster.marks.shape == (7, raster.n_columns) and not np.any(raster.marks)
