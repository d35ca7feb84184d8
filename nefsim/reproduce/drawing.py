"""Pictures of figures: our values and curves beside the published ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.reproduce.lines import Outcome

OURS, PUBLISHED = "#0072B2", "#D55E00"


def draw(outcome: Outcome, title: str, ax: Any = None) -> Any:
    """Draw curves where there are some, else each line's value beside the published one."""
    import matplotlib.pyplot as plt

    if ax is None:
        size = 3.2 if outcome.curves else 0.9 + 0.4 * len(outcome.lines)
        _, ax = plt.subplots(figsize=(6.4, size), layout="constrained")
    if outcome.curves:
        colors = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        for i, curve in enumerate(outcome.curves):
            color = colors[i % len(colors)]
            ax.plot(curve.x, curve.y, ".-", color=color, label=curve.label)
            if len(curve.published_x):
                shown = curve.published_x, curve.published_y
                ax.plot(*shown, "x", color=color, label=f"{curve.label}, published")
        ax.legend(frameon=False, fontsize="small")
        ax.set(**outcome.axes)
    else:
        shown_lines = [line for line in outcome.lines if line.ours is not None]
        y = -np.arange(len(shown_lines))
        for row, line in zip(y, shown_lines, strict=True):
            if line.interval is not None:
                ax.plot(line.interval, [row, row], color=OURS, linewidth=2)
        ax.plot([line.ours for line in shown_lines], y, "o", color=OURS, label="nefsim")
        published = [np.nan if li.published is None else li.published for li in shown_lines]
        ax.plot(published, y, "x", color=PUBLISHED, label="published")
        ax.set_yticks(y, [line.quantity for line in shown_lines], fontsize="small")
        ax.legend(frameon=False, fontsize="small")
    ax.set_title(title, fontsize="medium")
    return ax
