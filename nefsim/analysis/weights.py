"""The distribution and the sparsity of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network.objects import TransformLike

Array = NDArray[np.float64]


def gini(weights: TransformLike) -> float:
    r"""Gini index of the sparsity of weights, from 0 to 1.

    It is 0 if all weights have the same absolute value, and 1 - 1/n if only one of n is not 0.

    .. math:: G = 1 - 2 \sum_{k=1}^{n} \frac{v_k}{\sum_l v_l} \, \frac{n - k + \frac{1}{2}}{n},
              \qquad v = \mathrm{sort}(|\omega|)

    Parameters
    ----------
    weights : array_like or sparse array
        Weights of any shape and unit; not all 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        If there are no weights, all are 0, or one is not finite.

    See Also
    --------
    weight_histogram

    References
    ----------
    Hurley, N. and Rickard, S. (2009). Comparing measures of sparsity. IEEE Transactions on
    Information Theory 55(10), 4723-4741.

    Examples
    --------
    >>> gini([[1.0, -1.0], [1.0, 1.0]]), gini([[0.0, 0.0], [0.0, -3.0]])
    (0.0, 0.75)
    """
    sizes = np.sort(np.abs(_flat("gini", weights)))
    total = sizes.sum()
    if total == 0:
        check.fail("gini", "weights", "not all be 0", "only zeros", "pass weights that connect")
    n = len(sizes)
    left = (n - np.arange(1, n + 1) + 0.5) / n
    return float(1 - 2 * (sizes / total) @ left)


def weight_histogram(weights: TransformLike, bins: int = 50) -> tuple[Array, Array]:
    """Histogram of weights, in bins of equal width.

    The bins are symmetric around 0, so 0 is an edge or a centre.

    Parameters
    ----------
    weights : array_like or sparse array
        Weights of any shape and unit.
    bins : int
        Number of bins.

    Returns
    -------
    counts : (bins,) ndarray
        Number of weights in each bin.
    edges : (bins + 1,) ndarray
        Ends of the bins, in the unit of the weights.

    Raises
    ------
    ValueError, TypeError
        If there are no weights, one is not finite, or ``bins`` is out of range.

    See Also
    --------
    gini
    nefsim.plot.weight_histogram : The histogram as a figure.

    Examples
    --------
    >>> counts, edges = weight_histogram([[0.5, -0.2], [0.1, 1.0]], bins=4)
    >>> counts.tolist(), edges.tolist()
    ([0.0, 1.0, 1.0, 2.0], [-1.0, -0.5, 0.0, 0.5, 1.0])
    """
    flat = _flat("weight_histogram", weights)
    n = check.integer("weight_histogram", "bins", bins, "pass the number of bins", 1, 10**6)
    limit = float(np.abs(flat).max()) or 1.0
    counts, edges = np.histogram(flat, n, (-limit, limit))
    return counts.astype(np.float64), edges


def _flat(who: str, weights: Any) -> Array:
    dense = weights.toarray() if hasattr(weights, "toarray") else weights
    do = "pass an array of weights"
    flat = check.array(who, "weights", dense, do=do).ravel()
    if not flat.size:
        check.fail(who, "weights", "not be empty", "none", do)
    return flat
