"""Encoders of neurons that respond to places, and the maps of their rates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.spa.spaces import GridSSP, Space

Array = NDArray[np.float64]


def place_cells(space: Space, centres: ArrayLike) -> Array:
    """Return encoders of neurons that prefer places: the vectors of these places.

    Parameters
    ----------
    space : Space
        The space.
    centres : (N, domain_dimensions) array_like
        The preferred place of each neuron.

    Returns
    -------
    (N, D) array
        The encoders; with intercepts of 0.2 to 0.6, say, each neuron has one field.

    Raises
    ------
    ValueError, TypeError
        If the places do not have the coordinates of the space.

    See Also
    --------
    grid_cells

    Examples
    --------
    >>> from nefsim import spa
    >>> spa.place_cells(spa.RandomSSP(2, 50), [[0.1, 0.2], [0.3, 0.4]]).shape
    (2, 101)
    """
    do = "pass the result of such as HexagonalSSP(2)"
    check.instance("place_cells", "space", space, Space, "a space", do)
    encoders = space.encode(centres)
    if encoders.ndim != 2:
        got = f"shape {encoders.shape[:-1]}"
        check.fail("place_cells", "centres", "be a row for each neuron", got, "pass rows")
    return encoders


def grid_cells(
    space: GridSSP,
    n_neurons: int,
    rng: np.random.Generator | int | None = None,
    bounds: tuple[float, float] = (-1.0, 1.0),
) -> Array:
    r"""Return encoders of neurons with a periodic pattern: one scale and rotation of a space.

    Each encoder has the frequencies :math:`k_j` of one scale and rotation only, with the phases
    of a random place c, so that the input of the neuron is
    :math:`\sum_j \cos(k_j \cdot (x - c) / \ell)` times a constant.

    Parameters
    ----------
    space : HexagonalSSP or GridSSP
        The space; the patterns of a :class:`HexagonalSSP` in two dimensions are hexagonal.
    n_neurons : int
        Number of neurons N; scales and rotations take turns.
    rng : numpy.random.Generator, int or None
        Generator, or seed, of the places.
    bounds : pair of float
        Range of the coordinates of the places.

    Returns
    -------
    (N, D) array
        Encoders of length 1.

    Raises
    ------
    ValueError, TypeError
        If the space has no scales, or an argument is out of range.

    See Also
    --------
    place_cells

    Examples
    --------
    >>> from nefsim import spa
    >>> spa.grid_cells(spa.HexagonalSSP(2), 10, rng=1).shape
    (10, 241)
    """
    who = "grid_cells"
    do = "pass such as HexagonalSSP(2)"
    check.instance(who, "space", space, GridSSP, "a space with scales", do)
    n = check.integer(who, "n_neurons", n_neurons, low=1)
    low, high = check.array(who, "bounds", bounds, (2,))
    m = space.frequencies.shape[1]
    centres = check.generator(who, rng).uniform(low, high, (n, m))
    n_modules = space.n_rotations * space.n_scales
    width = len(space.frequencies) // n_modules
    waves = np.fft.rfft(space.encode(centres))
    module = np.arange(waves.shape[1] - 1) // width
    waves[:, 0] = 0.0
    waves[:, 1:] *= module == (np.arange(n) % n_modules)[:, None]
    encoders = np.fft.irfft(waves, n=space.dimensions)
    return np.asarray(encoders / np.linalg.norm(encoders, axis=1, keepdims=True))


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
    mean = polar.mean(axis=1)
    dip = next((i for i in range(1, len(mean) - 1) if mean[i] <= mean[i + 1]), len(mean) // 3)
    peak = dip + int(np.argmax(mean[dip : 3 * dip + 3]))
    ring = polar[max(dip // 2, 1) : min(peak + dip // 2 + 1, len(polar))]

    def correlation(degrees: int) -> float:
        other = np.roll(ring, degrees // 3, axis=1)
        return float(np.corrcoef(ring.ravel(), other.ravel())[0, 1])

    return min(map(correlation, (60, 120))) - max(map(correlation, (30, 90, 150)))


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
