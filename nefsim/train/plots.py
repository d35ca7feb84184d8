"""A plot of surrogate gradients."""

from __future__ import annotations

from typing import Any

import torch

from nefsim import _checks as check
from nefsim.plot import _style as style
from nefsim.train.surrogates import Surrogate, as_surrogate


def plot_surrogate(surrogate: str | Surrogate, span: float = 2.0, ax: Any = None) -> Any:
    """Plot a neuron's output and its surrogate derivative against the potential.

    Parameters
    ----------
    surrogate : str or Surrogate
        The surrogate, or its name.
    span : float
        Largest distance of the potential from the threshold.
    ax : matplotlib axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError, TypeError
        If there is no such surrogate, or ``span`` is out of range.

    See Also
    --------
    Surrogate

    Examples
    --------
    >>> plot_surrogate("tanh").get_title(loc="left")
    'tanh'
    """
    who = "plot_surrogate"
    checked = as_surrogate(who, surrogate)
    most = check.positive(who, "span", span)
    axes = style.axes(who, ax, figsize=(3.4, 2.4))
    z = torch.linspace(-most, most, 801, dtype=torch.float64)
    steps = (z > 0).to(z.dtype)
    axes.plot(z, steps, color=style.GREY, label="step $H$", linewidth=1.4)
    axes.plot(z, checked.slope(z), color=style.COLOURS[1], label="slope", linewidth=1.4)
    axes.set_title(checked.name, fontsize="medium", loc="left")
    style.finish(axes, "potential - threshold", "")
    style.legend(axes)
    return axes
