"""Animations of values over time, written to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim import files
from nefsim._signatures import explained
from nefsim._writing import replacing
from nefsim.network import Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style

#: Most pictures of an animation.
MOST = 3000


@explained
def animate(
    values: source.Recorded,
    path: str | Path,
    time: ArrayLike | None = None,
    window: float = 1.0,
    speed: float = 1.0,
    fps: int = 25,
    probe: Probe | str | None = None,
    trial: int | None = None,
) -> Path:
    """Write an animation of values over time, as a GIF file.

    Parameters
    ----------
    values : (T, D) or (T,) array_like, Simulator or Result
        Values; or a simulator or result, of which ``probe`` is shown.
    path : str or Path
        The file; ".gif" is added if the name has no ending.
    time : (T,) array_like [s]
        Times of the rows of an array; None means steps of 1 ms.
    window : float [s]
        Length of the time axis.
    speed : float
        Seconds of the record in a second of the animation.
    fps : int
        Pictures in a second.
    probe : Probe or str
        The probe, or its label, if ``values`` is a simulator or result.
    trial : int or None
        Index of the trial, from 0, if ``values`` come from a batch.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError, TypeError
        If arrays do not fit together, the animation would have more than 3000 pictures, or an
        argument is out of range.

    See Also
    --------
    decoded : The values as one picture.
    nefsim.view.save_html : A page that plays a run.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from nefsim import plot
    >>> t = np.arange(0, 0.2, 0.001)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot.animate(np.sin(30 * t), f"{folder}/sine", fps=10).name
    'sine.gif'
    """
    who = "plot.animate"
    rows, when = source.records(who, "values", values, probe, time, trial)
    span = check.seconds(who, "window", window)
    rate = check.positive(who, "speed", speed, "pass a number above 0")
    n_fps = check.integer(who, "fps", fps, "pass pictures in a second", 1, 100)
    target = files.as_path(who, path, "path", ending=False)
    target = target if target.suffix else target.with_name(f"{target.name}.gif")
    if target.suffix != ".gif":
        check.fail(who, "path", "end in .gif", f"{target}", "give it this ending")
    step = rate / n_fps
    n = max(1, int((when[-1] - when[0]) / step + 1e-9) + 1)
    if n > MOST:
        do = "pass a larger speed, or a part of the values"
        check.fail(who, "values", f"make at most {MOST} pictures", f"{n}", do)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    ax = figure.subplots()
    lines = ax.plot(np.zeros((0, rows.shape[1])), linewidth=1.3)
    for line, colour in zip(lines, style.colours(rows.shape[1]), strict=True):
        line.set_color(colour)
    low, high = float(rows.min()), float(rows.max())
    room = 0.05 * (high - low) or 0.1
    ax.set_ylim(low - room, high + room)
    style.finish(ax, "time [s]", "value")

    pictures: list[Any] = []
    for now in when[0] + step * np.arange(n):
        first, last = np.searchsorted(when, [now - span, now + 1e-9], side="right")
        for line, column in zip(lines, rows.T, strict=True):
            line.set_data(when[first:last], column[first:last])
        start = max(float(when[0]), float(now) - span)
        ax.set_xlim(start, start + span)
        canvas.draw()
        # A palette of few colours is enough for lines, and makes the file small.
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        pictures.append(image.quantize(64))
    with replacing(target) as stream:
        options = {"append_images": pictures[1:], "duration": round(1000 / n_fps), "loop": 0}
        pictures[0].save(stream, "GIF", save_all=True, **options)
    return target
