"""The probability that a cleanup finds the right vector."""

from __future__ import annotations

import numpy as np

from nefsim import _checks as check


def cleanup_probability(similarity: float, dimensions: int, n_items: int) -> float:
    r"""Return the probability that none of many random vectors is as similar as the right one.

    .. math:: P = F(s)^{n}, \qquad F(s) = 1 - \tfrac12 I_{1 - s^2}\big(\tfrac{D-1}2, \tfrac12\big)
              \quad (s \ge 0)

    F is the distribution of the dot product of a unit vector with a random one in D dimensions,
    by the regularised incomplete beta function I.

    Parameters
    ----------
    similarity : float
        Dot product s of the vector to clean up, scaled to length 1, with the right item.
    dimensions : int
        Number of dimensions D, from 2.
    n_items : int
        Number n of other items.

    Returns
    -------
    float
        The probability.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    Examples
    --------
    >>> from nefsim import spa
    >>> round(spa.cleanup_probability(0.35, 256, 1000), 6)
    0.999996
    """
    from scipy.special import betainc

    who = "cleanup_probability"
    s = check.real(who, "similarity", similarity, low=-1.0, high=1.0)
    d = check.integer(who, "dimensions", dimensions, low=2)
    n = check.integer(who, "n_items", n_items)
    tail = betainc((d - 1) / 2, 0.5, 1 - s * s) / 2
    below = 1 - tail if s >= 0 else tail
    return float(np.exp(n * np.log1p(-tail))) if s >= 0 else float(below**n)
