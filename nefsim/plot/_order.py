"""Orders of neurons in figures: by preferred value, rate or similarity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import Ensemble
from nefsim.plot import _source as source
from nefsim.simulator import Simulator

Array = NDArray[np.float64]
Order = NDArray[np.intp]

#: Width of the bins in which spikes are counted, and of their Gaussian smoothing [s].
BIN = 0.02

#: Most neurons for which leaves are ordered optimally; the cost grows with the cube.
MOST_OPTIMAL = 300


def by_preferred_value(encoders: Array, intercepts: Array) -> Order:
    """Order neurons (N,) by preferred value, from encoders (N, D) and intercepts (N,).

    In one dimension neurons with negative encoders come first, then neurons with positive ones;
    in both groups intercepts decide, so that a rising value fills a raster upwards.  In more
    dimensions neurons are ordered by the angle of their encoders in the first two dimensions.
    """
    if encoders.shape[1] == 1:
        return np.lexsort((encoders[:, 0] * intercepts, encoders[:, 0]))
    return np.argsort(np.arctan2(encoders[:, 1], encoders[:, 0]), kind="stable")


def evenly(order: Order, most: int) -> Order:
    """Choose at most ``most`` evenly spaced elements of ``order``."""
    few = np.linspace(0, len(order) - 1, min(len(order), most))
    return order[few.round().astype(np.intp)]


def of_rows(
    who: str, sort: Any, spikes: Any, steps: Order, neurons: Order, n: int, time: Array
) -> tuple[Order, str]:
    """Indices of the neurons of a raster from the bottom to the top, and the axis label."""
    if sort is None:
        return np.arange(n), "neuron"
    if isinstance(sort, Ensemble):
        return _by_encoders(who, spikes, sort, n), "neurons by preferred value"
    if isinstance(sort, str):
        if check.one_of(who, "sort", sort, ("rate", "similarity")) == "rate":
            counts = np.bincount(neurons, minlength=n)
            return np.argsort(counts, kind="stable"), "neurons by rate"
        return _by_similarity(steps, neurons, n, time), "neurons by similarity"
    do = "pass None, 'rate', 'similarity', an ensemble or numbers of neurons"
    values = check.array(who, "sort", sort, (None,), do)
    if (values % 1).any():
        cure = "pass np.argsort(values) to sort by values"
        check.fail(who, "sort", "be numbers of neurons", check.show(sort), cure)
    order = check.array(who, "sort", sort, (None,), do, low=0, high=n - 1)
    indices = order.astype(np.intp)
    if not len(indices) or len(np.unique(indices)) < len(indices):
        check.fail(who, "sort", "name different neurons by number", check.show(sort), do)
    return indices, "neurons in the order given"


def _by_encoders(who: str, spikes: Any, ensemble: Ensemble, n: int) -> Order:
    """Indices of the neurons of a simulator's ensemble by preferred value."""
    if not isinstance(spikes, Simulator):
        do = "pass the Simulator first, with probe="
        check.fail(who, "sort", "be an order with an array or result", check.show(ensemble), do)
    built = source.built(who, "sort", spikes, ensemble, Ensemble)
    if len(built.encoders) != n:
        do = "pass the ensemble of the probe"
        check.fail(who, "sort", f"have {n} neurons", str(len(built.encoders)), do)
    return by_preferred_value(built.encoders, built.intercepts)


def _by_similarity(steps: Order, neurons: Order, n: int, time: Array) -> Order:
    """Indices of the neurons, clustered by the correlation of their smoothed spike counts.

    The order is that of the leaves of an average-linkage tree.  Neurons with constant counts
    come first.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.ndimage import gaussian_filter1d
    from scipy.spatial.distance import squareform

    step = (time[-1] - time[0]) / max(len(time) - 1, 1)
    width = max(1, round(BIN / step)) if step > 0 else 1
    n_bins = -(-len(time) // width)
    bins = (steps // width).astype(np.intp) * n + neurons
    counts = np.bincount(bins, minlength=n_bins * n).reshape(n_bins, n).astype(np.float64)
    varies = np.ptp(counts, axis=0) > 0
    steady, varying = np.flatnonzero(~varies), np.flatnonzero(varies)
    if len(varying) < 3:
        return np.concatenate([steady, varying])
    smooth = gaussian_filter1d(counts[:, varying], 1.0, axis=0)
    distance = np.clip(1.0 - np.corrcoef(smooth, rowvar=False), 0.0, 2.0)
    optimal = len(varying) <= MOST_OPTIMAL
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=optimal)
    return np.concatenate([steady, varying[leaves_list(tree)]])
