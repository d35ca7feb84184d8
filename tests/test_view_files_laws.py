"""Laws of files that a page saves: tables, pictures, layouts and recorded runs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

from pieces import piece

import nefsim as nef
from nefsim.plot import _style as style
from nefsim.plot._order import evenly
from nefsim.records import Events
from nefsim.view import export, layouts, recording
from nefsim.view.history import History
from nefsim.view.taps import Piece

# Files


def panel(*records: Piece) -> Any:
    kept = History()
    for each in records:
        kept.add(each)
    return SimpleNamespace(history=kept)


def test_plots_are_saved_by_names_that_differ() -> None:
    value = piece([0.0, 0.1], [[1, 2], [3, 4]])
    spikes = piece([0.1], neurons=[7], what="spikes")
    panels = [panel(value), panel(spikes), panel(), panel(value), panel(value)]
    assert [*export.named(panels)] == ["a", "a spikes", "a (2)", "a (3)"]
    with zipfile.ZipFile(io.BytesIO(export.export(panels, "zip", 1.0, "t"))) as archive:
        assert archive.namelist() == ["00 a.csv", "01 a spikes.csv", "02 a _2_.csv", "03 a _3_.csv"]
        tables = [[*csv.reader(io.StringIO(archive.read(n).decode()))] for n in archive.namelist()]
    assert tables[0] == [["time [s]", "x0", "x1"], ["0.0", "1.0", "2.0"], ["0.1", "3.0", "4.0"]]
    assert tables[1] == [["time [s]", "row of the raster"], ["0.1", "7"]]


def test_a_picture_has_axes_for_each_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    seen: list[Figure] = []
    savefig = Figure.savefig

    def watched(self: Figure, *given: Any, **options: Any) -> Any:
        seen.append(self)
        return savefig(self, *given, **options)

    monkeypatch.setattr(Figure, "savefig", watched)
    value = piece([0.0, 0.1], [[1, 2], [3, 4]], what="voltage")
    one = piece([0.0, 0.1], [[1], [3]])
    spikes = piece([0.1], neurons=[7], what="spikes")
    export.export([panel(value), panel(one), panel(spikes)], "png", 1.0, "t")
    (figure,) = seen
    first, second, third = figure.axes
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["a voltage", "a", "a spikes"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["voltage", "value", "row of the raster"]
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "time [s]"]
    assert [line.get_ydata().tolist() for line in first.lines] == [[1, 3], [2, 4]]
    assert [line.get_color() for line in first.lines] == [*style.COLOURS[:2]]
    assert first.get_legend() is not None and second.get_legend() is None
    assert third.lines[0].get_xydata().tolist() == [[0.1, 7]]
    export.export([], "svg", 1.0, "t")
    assert len(seen[1].axes) == 1
    assert seen[0].get_size_inches().tolist() == pytest.approx([7.0, 1.9 * 3 + 0.4])


def test_a_layout_is_read_up_to_a_megabyte(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "layout.json"
    layout = {"graph": {"places": {"node 0": [1.0, 2.0]}, "open": []}, "plots": []}
    layouts.write(file, layout)
    assert layouts.read(file) == {"kind": "nefsim view", "version": 1, **layout}
    assert layouts.LARGEST == 2**20
    monkeypatch.setattr(layouts, "LARGEST", file.stat().st_size)
    layouts.read(file)
    monkeypatch.setattr(layouts, "LARGEST", file.stat().st_size - 1)
    with pytest.raises(ValueError, match="it is too large"):
        layouts.read(file)
    monkeypatch.undo()
    for text, words in (("[]", "it is no object"), (json.dumps(layout), "kind")):
        file.write_text(text)
        with pytest.raises(ValueError, match=f"layout must be a file of a layout, .*{words}"):
            layouts.read(file)


# Recorded runs


def recorded() -> nef.Result:
    """Eight columns, spikes of 101 neurons, one row of two trials, and nothing."""
    times = np.arange(1, 5) / 10
    cells = np.array([0, 100, 50])
    spikes = Events(np.array([0, 1, 3]), cells, 10.0, (4, 101), times)
    records = {
        "wide": np.arange(32.0).reshape(4, 8),
        "spikes": spikes,
        "trials": np.arange(4.0).reshape(2, 1, 2),
        "none": np.zeros((0, 1)),
    }
    of = {"wide": times, "spikes": times, "trials": [0.3], "none": []}
    return nef.Result(records, of, times, {"dt": 0.1})


def test_pieces_of_a_result_are_its_first_columns_or_some_neurons() -> None:
    wide, spikes, trials = recording.pieces_of(recorded())
    assert wide.rows is not None and spikes.neurons is not None and trials.rows is not None
    np.testing.assert_array_equal(wide.rows, np.arange(32.0).reshape(4, 8)[:, :6])
    assert (wide.every, wide.shown, wide.total, wide.what) == (0.1, 6, 8, "value")
    assert (spikes.shown, spikes.total) == (100, 101)
    # One of 101 neurons is left out; the others have rows from the bottom.
    chosen = evenly(np.arange(101), 100).tolist()
    rows = [chosen.index(cell) for cell in (0, 100, 50) if cell in chosen]
    assert spikes.neurons.tolist() == rows and rows[:2] == [0, 99]
    assert len(spikes.times) == len(rows) and spikes.rows is None
    assert (trials.every, trials.shown, trials.total) == (0.3, 2, 2)
    assert trials.rows.tolist() == [[0.0, 1.0]]  # the first trial


def test_records_of_plots_become_a_result() -> None:
    value = piece([0.2, 0.4], [[1.0], [2.0]])
    spikes = piece([0.1, 0.1, 0.42], neurons=[3, 1, 0], shown=4)
    found = recording.as_result({"y": value, "s": spikes})
    assert (found.info["dt"], len(found.time), found.time[-1]) == (0.1, 4, 0.4)
    assert found["y"].tolist() == [[1.0], [2.0]] and found.trange("y").tolist() == [0.2, 0.4]
    expected = np.zeros((4, 4))
    expected[0, [1, 3]] = expected[3, 0] = 10.0
    np.testing.assert_allclose(found["s"], expected)
    np.testing.assert_allclose(found.trange("s"), [0.1, 0.2, 0.3, 0.4])
    empty = recording.as_result({})
    assert [*empty] == [] and empty.info["dt"] == 0.001 and not len(empty.time)


def test_plots_of_one_name_are_recorded_apart() -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1, label="a")
    for _ in range(3):
        net.probe(a, synapse=0.02, label="y")
    found = recording.record(net, 0.01)
    assert [*found] == ["y value", "y value'", "y value''"]
    with pytest.raises(ValueError, match="record: seconds must be at least 0"):
        recording.record(net, -0.1)
