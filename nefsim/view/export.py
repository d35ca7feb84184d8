"""The records of the plots of a page as files: tables, arrays, pictures and a page."""

from __future__ import annotations

import csv
import io
import zipfile
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.core.properties import String
from bokeh.model import DataModel
from bokeh.models import CustomJS

from nefsim.plot import _style as style
from nefsim.view.kinds import Panel
from nefsim.view.recording import as_html, as_result
from nefsim.view.taps import Piece

#: The formats of exports, by their endings.
FORMATS = {
    "npz": "values of all plots (npz)",
    "zip": "values of all plots (csv)",
    "svg": "picture of all plots (svg)",
    "png": "picture of all plots (png)",
    "html": "the run as a page that plays (html)",
}

#: Hands a file to the browser, which saves it.
SAVE = """
if (file.data === '') { return; }
const text = atob(file.data), bytes = new Uint8Array(text.length);
for (let i = 0; i < text.length; i++) { bytes[i] = text.charCodeAt(i); }
const link = document.createElement('a');
link.href = URL.createObjectURL(new Blob([bytes]));
link.download = file.name;
link.click();
URL.revokeObjectURL(link.href);
"""


class File(DataModel):
    """A file that is handed to the browser; setting ``data`` (base64) saves it there."""

    file_name = String(default="")
    data = String(default="")


def make_file() -> File:
    """A file whose changes the browser saves."""
    file = File()
    code = SAVE.replace("file.name", "file.file_name")
    file.js_on_change("data", CustomJS(args={"file": file}, code=code))
    return file


def hand_over(file: File, name: str, content: bytes) -> None:
    """Let the browser save a file."""
    file.file_name = name
    file.data = ""
    file.data = b64encode(content).decode()


def export(panels: Sequence[Panel], ending: str, window: float, title: str) -> bytes:
    """The records of plots in a format.

    Parameters
    ----------
    panels : sequence of Panel
        The plots; those without records are left out.
    ending : str
        One of ``FORMATS``.
    window : float [s]
        Length of the time axis of a page.
    title : str
        Title of a page.

    Returns
    -------
    bytes
    """
    pieces = named(panels)
    if ending == "html":
        return as_html([*pieces.values()], window, title).encode()
    if ending == "zip":
        return _tables(pieces)
    if ending == "npz":
        return _arrays(pieces)
    return _picture(pieces, ending)


def named(panels: Sequence[Panel]) -> dict[str, Piece]:
    """The records of plots, by names that differ."""
    found: dict[str, Piece] = {}
    for panel in panels:
        piece = panel.history.window(-1.0, np.inf)
        if piece is None:
            continue
        name = f"{piece.label} {piece.what}" if piece.what != "value" else piece.label
        number = sum(each == name or each.startswith(f"{name} (") for each in found)
        found[name if not number else f"{name} ({number + 1})"] = piece
    return found


def _columns(piece: Piece) -> tuple[list[str], list[Any]]:
    """Names and values of the columns of a table."""
    if piece.rows is None:
        return ["time [s]", "row of the raster"], [piece.times, piece.neurons]
    names = ["time [s]", *(f"x{i}" for i in range(piece.rows.shape[1]))]
    return names, [piece.times, *piece.rows.T]


def _tables(pieces: dict[str, Piece]) -> bytes:
    """A table of comma-separated values for each plot, in one archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, (name, piece) in enumerate(pieces.items()):
            text = io.StringIO(newline="")
            table = csv.writer(text)
            names, columns = _columns(piece)
            table.writerow(names)
            table.writerows(zip(*(column.tolist() for column in columns), strict=True))
            plain = "".join(c if c.isalnum() or c in "-_ " else "_" for c in name)
            archive.writestr(f"{i:02d} {plain[:60]}.csv", text.getvalue())
    return stream.getvalue()


def _arrays(pieces: dict[str, Piece]) -> bytes:
    """A file of a result, for ``Result.load``."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        return as_result(pieces).save(Path(folder, "view.npz")).read_bytes()


def _picture(pieces: dict[str, Piece], ending: str) -> bytes:
    """A figure of all plots, one below the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    n = max(len(pieces), 1)
    figure = Figure(figsize=(7.0, 1.9 * n + 0.4), layout="constrained")
    (FigureCanvasSVG if ending == "svg" else FigureCanvasAgg)(figure)
    axes = figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0]
    for ax, (name, piece) in zip(axes, pieces.items(), strict=False):
        label = piece.what
        if piece.rows is not None:
            for i, values in enumerate(piece.rows.T):
                colour = style.COLOURS[i % len(style.COLOURS)]
                ax.plot(piece.times, values, color=colour, lw=0.9, label=f"x{i}")
            if piece.rows.shape[1] > 1:
                style.legend(ax)
        else:
            label = "row of the raster"
            marks = {"marker": "|", "ms": 1.5, "mew": 0.5, "color": style.INK}
            ax.plot(piece.times, piece.neurons, ls="none", **marks, rasterized=True)
        ax.set_title(name.replace("$", r"\$"), fontsize=9, loc="left")
        style.finish(ax, "time [s]" if ax is axes[len(pieces) - 1] else "", label)
    stream = io.BytesIO()
    figure.savefig(stream, format=ending, dpi=200)
    return stream.getvalue()
