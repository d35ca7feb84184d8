"""Maps of rates over places, and their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]


def rate_map(
    values: ArrayLike,
    positions: ArrayLike,
    bounds: tuple[float, float] = (-1.0, 1.0),
    n_bins: int = 30,
    width: float = 1.0,
) -> Array:
    r"""Return the mean value of neurons at each place of a path in a plane.

    .. math:: r(b) = \frac{\sum_t w(b, x_t) \, y_t}{\sum_t w(b, x_t)}

    The weights w are those of a Gaussian around the bin of each position.

    Parameters
    ----------
    values : (T, N) or (T,) array_like
        Spikes or rates of N neurons in each step.
    positions : (T, 2) array_like
        The position in each step.
    bounds : pair of float
        Range of both coordinates; positions outside count for the nearest bin.
    n_bins : int
        Number of bins n along each coordinate.
    width : float
        Standard deviation of the Gaussian [bins]; 0 is no smoothing.

    Returns
    -------
    (N, n, n) or (n, n) array
        The map of each neuron: rows are bins of the second coordinate, columns of the first; nan
        in bins that are more than 4 widths away from the path.

    Raises
    ------
    ValueError, TypeError
        If sizes do not fit, or an argument is out of range.

    See Also
    --------
    grid_score, nefsim.plot.rate_map

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import spa
    >>> path = np.random.default_rng(0).uniform(-1, 1, (5000, 2))
    >>> field = spa.rate_map(100.0 * (path[:, 0] > 0), path, n_bins=10)
    >>> field.shape, bool(field[:, 0].max() < 1), bool(field[:, -1].min() > 99)
    ((10, 10), True, True)
    """
    from scipy.ndimage import gaussian_filter

    who = "rate_map"
    y, x = check.array(who, "values", values), check.array(who, "positions", positions)
    if x.ndim != 2 or x.shape[1] != 2:
        do = "pass two coordinates for each step"
        check.fail(who, "positions", "have shape (T, 2)", f"shape {x.shape}", do)
    if y.ndim not in (1, 2) or len(y) != len(x):
        must = f"have {len(x)} rows, as positions"
        check.fail(who, "values", must, f"shape {y.shape}", "pass a row for each step")
    low, high = check.array(who, "bounds", bounds, (2,))
    if low >= high:
        check.fail(who, "bounds", "be a range", bounds, "pass such as (-1, 1)")
    n = check.integer(who, "n_bins", n_bins, low=2, high=1000)
    sigma = check.real(who, "width", width, low=0.0)
    bins = np.clip(np.floor((x - low) * (n / (high - low))), 0, n - 1)
    column, row = bins.astype(int).T
    place = row * n + column

    def spread(weights: Any) -> Array:
        counted = np.bincount(place, weights, n * n).reshape(n, n).astype(float)
        return gaussian_filter(counted, sigma, mode="constant") if sigma else counted

    visits = spread(None)
    with np.errstate(invalid="ignore", divide="ignore"):
        maps = np.array([spread(each) / visits for each in np.atleast_2d(y.T)])
    return maps if y.ndim == 2 else maps[0]


def grid_score(rates: ArrayLike) -> float:
    r"""Return how hexagonal a map of rates is, from its autocorrelation.

    .. math:: \min(r_{60}, r_{120}) - \max(r_{30}, r_{90}, r_{150})

    Here :math:`r_\alpha` is the correlation of the ring of the autocorrelation around its centre
    with itself, turned by an angle.  Scores above 0.3 are usually regarded as those of grid cells.

    Parameters
    ----------
    rates : (n, n) array_like
        The rates at the points of a square grid, which should hold several fields.

    Returns
    -------
    float
        The score, between -2 and 2; nan if the map is constant.

    Raises
    ------
    ValueError, TypeError
        If the map is not square.

    See Also
    --------
    grid_cells

    References
    ----------
    F. Sargolini et al., Conjunctive representation of position, direction, and velocity in
    entorhinal cortex, Science 312, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import spa
    >>> x = np.stack(np.meshgrid(*[np.linspace(-15, 15, 60)] * 2), axis=-1)
    >>> axes = [[np.cos(a), np.sin(a)] for a in np.deg2rad([0, 60, 120])]
    >>> spa.grid_score(np.cos(x @ np.transpose(axes)).sum(axis=-1)) > 1
    True
    """
    from scipy.ndimage import map_coordinates

    who = "grid_score"
    values = check.array(who, "rates", rates, (None, None))
    n = len(values)
    if values.shape != (n, n) or n < 8:
        do = "pass at least 8 rows, and as many columns"
        check.fail(who, "rates", "be square", f"shape {values.shape}", do)
    if np.ptp(values) == 0:
        return float("nan")
    auto = _autocorrelation(values)
    centre, angles = n - 1, np.deg2rad(np.arange(0, 360, 3))
    radii = np.arange(1, int(0.8 * n))

    def at(radius: Any, turned: Any) -> Any:
        places = [centre + radius * np.cos(turned), centre + radius * np.sin(turned)]
        return map_coordinates(auto, places, order=1)

    polar = at(radii[:, None], angles[None, :])
    ring = polar[_ring(polar.mean(axis=1))]

    def correlation(degrees: int) -> float:
        other = np.roll(ring, degrees // 3, axis=1)
        return float(np.corrcoef(ring.ravel(), other.ravel())[0, 1])

    return min(map(correlation, (60, 120))) - max(map(correlation, (30, 90, 150)))


def _ring(mean: Array) -> slice:
    """The radii of the six peaks around the centre, from the mean correlation at each radius."""
    dip = next((i for i in range(1, len(mean) - 1) if mean[i] <= mean[i + 1]), len(mean) // 3)
    peak = dip + int(np.argmax(mean[dip : 3 * dip + 3]))
    return slice(max(dip // 2, 1), peak + dip // 2 + 1)


def _autocorrelation(values: Array) -> Array:
    """Pearson's correlation of a map with its shifted copies, (2n - 1, 2n - 1)."""
    n = len(values)
    size = 2 * n - 1

    def sums(a: Array, b: Array) -> Array:
        product = np.fft.rfft2(a, (size, size)) * np.fft.rfft2(b, (size, size)).conj()
        return np.fft.fftshift(np.fft.irfft2(product, (size, size)))

    one, x = np.ones_like(values), values - values.mean()
    count = np.maximum(np.round(sums(one, one)), 1)
    a, b = sums(x, one) / count, sums(one, x) / count
    spread = (sums(x * x, one) / count - a * a) * (sums(one, x * x) / count - b * b)
    covariance = sums(x, x) / count - a * b
    valid = (count >= 20) & (spread > 1e-12 * x.var() ** 2)
    return np.where(valid, covariance / np.sqrt(np.where(valid, spread, 1.0)), 0.0)
