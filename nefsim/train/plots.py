"""A surrogate beside its step."""

from __future__ import annotations

from typing import Any

import torch

from nefsim import _checks as check
from nefsim.plot import _style as style
from nefsim.train.surrogates import Surrogate, as_surrogate


def plot_surrogate(surrogate: str | Surrogate, span: float = 2.0, ax: Any = None) -> Any:
    """The step of a neuron, and the slope that stands for its derivative.

    Parameters
    ----------
    surrogate : str or Surrogate
        Which.
    span : float
        The potential less the threshold goes from ``-span`` to ``span``.
    ax : matplotlib axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib axes
    """
    who = "plot_surrogate"
    chosen = as_surrogate(who, surrogate)
    most = check.positive(who, "span", span)
    axes = style.axes(who, ax, (3.4, 2.4))
    z = torch.linspace(-most, most, 801, dtype=torch.float64)
    steps = (z > 0).to(z.dtype)
    axes.plot(z, steps, color=style.GREY, label="step $H$", linewidth=1.4)
    axes.plot(z, chosen.slope(z), color=style.COLOURS[1], label="slope", linewidth=1.4)
    axes.set_title(chosen.name, fontsize="medium", loc="left")
    style.finish(axes, "potential - threshold", "")
    style.legend(axes)
    return axes
