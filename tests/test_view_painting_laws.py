"""Laws of the packets that the painter of the browser reads, and of the elements on the page."""

from __future__ import annotations

import html
import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh")

from nefsim.plot._style import COLOURS
from nefsim.view import painting
from nefsim.view.painting import Part, extent, packet


def unpacked(data: bytes) -> tuple[dict[str, Any], list[list[np.ndarray]]]:
    """The head and the arrays of each part, as ``painter.js`` reads them."""
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size])
    place = -(-(4 + size) // 8) * 8
    arrays = []
    for part in head["parts"]:
        found = []
        for kind, n in part["arrays"]:
            of = np.dtype(f"<{kind}")
            assert place % 8 == 0
            found.append(np.frombuffer(data, of, n, place))
            place = -(-(place + n * of.itemsize) // 8) * 8
        arrays.append(found)
    assert place == len(data)
    return head, arrays


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcdefg", "é"])
def test_a_packet_has_its_arrays_at_multiples_of_eight_bytes(name: str) -> None:
    rng = np.random.default_rng(0)
    floats, bytes_ = rng.normal(size=5), rng.integers(256, size=11).astype(np.uint8)
    whole = rng.integers(-(2**31), 2**31, size=3).astype(np.int32)
    parts = [Part({"id": name}, (floats, bytes_)), Part({"id": "b"}, ()), Part({}, (whole,))]
    head, arrays = unpacked(packet(parts, number=7, name=name))
    assert (head["number"], head["name"]) == (7, name)
    assert [part.get("id") for part in head["parts"]] == [name, "b", None]
    for found, part in zip(arrays, parts, strict=True):
        assert len(found) == len(part.arrays)
        for one, other in zip(found, part.arrays, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
    # Numbers of the other order of bytes are turned.
    _, ((turned,),) = unpacked(packet([Part({}, (floats.astype(">f8"),))]))
    np.testing.assert_array_equal(turned, floats)
    assert unpacked(packet([])) == ({"parts": []}, [])


def test_an_extent_has_the_finite_values_within_the_largest_of_ranges() -> None:
    inf, nan = np.inf, np.nan
    for values, expected in (
        ([2.0, -3.0, 1.0], (-3.0, 2.0)),
        ([2.0, inf, 0.5], (0.5, 2.0)),
        ([2.0, -inf, 0.5], (0.5, 2.0)),
        ([nan, -1.0], (-1.0, -1.0)),
        ([nan, inf, -inf], None),
        ([], None),
        ([1.5e308, 2.0], (2.0, 1e300)),
        ([-1.5e308, 2.0], (-1e300, 2.0)),
        ([1.5e308, 1.6e308], (1e300, 1e300)),
        ([-1.5e308, -1.6e308], (-1e300, -1e300)),
        ([0.9e300, -0.9e300], (-0.9e300, 0.9e300)),
    ):
        assert extent(np.array(values, float)) == expected


class Plot(painting.Plot):
    """A plot that is not drawn."""

    def add(self, piece: Any, now: float) -> None:
        pass

    def replace(self, piece: Any, now: float) -> None:
        pass

    def clear(self) -> None:
        pass


def spec(plot: painting.Plot) -> dict[str, Any]:
    found = re.search(r'data-spec="([^"]*)"', plot.figure.text)
    assert found is not None
    read: dict[str, Any] = json.loads(html.unescape(found[1]))
    return read


@pytest.mark.parametrize("kind", ["lines", "marks", "curves", "plane"])
def test_an_element_says_what_the_painter_draws(kind: str) -> None:
    plot = Plot(kind, 'a "b" <c>', "time [s]", "x", ["p", "q"], more=3)
    assert spec(plot) == {
        **{"kind": kind, "title": 'a "b" <c>', "x_label": "time [s]", "y_label": "x"},
        **{"names": ["p", "q"], "colours": [*COLOURS], "more": 3},
    }
    assert (plot.x, plot.y, plot.title, plot.names) == (
        *((0.0, 1.0), (-1.0, 1.0)),
        *('a "b" <c>', ["p", "q"]),
    )
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;, x"' in plot.figure.text
    # A time axis is as wide as the page allows.
    is_wide = kind in ("lines", "marks")
    assert plot.figure.sizing_mode == ("stretch_width" if is_wide else None)
    assert plot.figure.width == (None if is_wide else painting.WIDTH)
    assert plot.figure.height == painting.HEIGHT and plot.figure.disable_math


@pytest.mark.parametrize("n", [1, len(COLOURS), len(COLOURS) + 1, 40])
def test_lines_have_colours_of_their_own(n: int) -> None:
    colours = spec(Plot("lines", "a", "x", "y", [f"x{i}" for i in range(n)]))["colours"]
    if n <= len(COLOURS):
        assert colours == [*COLOURS]
        return
    assert len(colours) == n == len(set(colours))
    hues = [float(re.match(r"hsl\((\d+) 75% (42|55)%\)$", c)[1]) for c in colours]  # type: ignore[index]
    gaps = [abs((a - b + 180) % 360 - 180) for a, b in pairwise(hues)]
    # The golden angle, up to rounding.
    assert min(gaps) > 136 and max(gaps) < 139
    assert {c[-5:] for c in colours[::2]} == {" 42%)"} and {c[-5:] for c in colours[1::2]} == {
        " 55%)"
    }


def test_new_data_takes_the_place_of_earlier_data_that_is_not_sent() -> None:
    plot = Plot("lines", "a", "x", "y")
    plot.x, plot.y = (1, 2), (np.float32(3), 4)
    one, two = np.zeros(2), np.ones(3)
    plot._put("rows", one, columns=1)
    plot._put("rows", two, one, columns=2)
    first, second = plot.take()
    head = {"id": plot.figure.id, "kind": "rows", "is_new": False, "x": [1.0, 2.0]}
    assert first.head == {**head, "y": [3.0, 4.0], "columns": 1}
    assert all(type(end) is float for end in (*first.head["x"], *first.head["y"]))
    assert first.arrays == (one,) and second.arrays == (two, one)
    assert plot.take() == []
    plot._put("rows", one)
    plot._put("rows", two, is_new=True)
    (only,) = plot.take()
    assert only.head["is_new"] and only.arrays == (two,)


def test_a_screen_paints_packets_and_ends() -> None:
    screen = painting.make_screen()
    assert (screen.packet, screen.plots, screen.drawn, screen.seen) == (None, [], 0, [])
    assert (screen.starts, screen.has_ended) == (0, False)
    calls = {
        event.removeprefix("change:"): made for event, made in screen.js_property_callbacks.items()
    }
    assert {name: len(made) for name, made in calls.items()} == {
        "packet": 1, "plots": 1, "has_ended": 1,
    }  # fmt: skip
    codes = {name: made[0].code for name, made in calls.items()}
    assert codes["packet"] == painting.painter("screen.painter.take();")
    assert codes["plots"] == painting.painter("screen.painter.n_tries = 0; screen.painter.all();")
    assert codes["has_ended"] == "screen.painter?.dispose();"
    assert all(made[0].args == {"screen": screen} for made in calls.values())
    assert codes["packet"].startswith("if (screen.painter == null) {\n")
    assert codes["packet"].count("new Painter(screen)") == 1
    assert codes["packet"].endswith("\nscreen.painter.take();")
