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
    (image,) = (r.glyph for r in raster.figure.renderers if type(r.glyph).__name__ == "Image")
    assert image.dw == pytest.approx(raster.n_columns * width)
    assert (image.dh, image.y) == (7, -0.5)
    assert (raster.figure.y_range.start, raster.figure.y_range.end) == (-0.5, 6.5)
    assert (image.color_mapper.low, image.color_mapper.high) == (0, len(plots.SHADES))
    (empty,) = raster.source.data["image"]
    assert empty.shape == (7, raster.n_columns) and not np.any(empty)
    assert raster.source.data["x"] == [0.0]
