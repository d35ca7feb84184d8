"""Encoders of neurons that respond to places, borders and objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.spa.lattices import GridSSP
from nefsim.spa.spaces import Space

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
    places = _places("place_cells", "centres", space, centres)
    return space.encode(places)


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
    if low > high:
        check.fail(who, "bounds", "be a range", bounds, "pass such as (-1, 1)")
    m = space.frequencies.shape[1]
    centres = check.generator(who, rng).uniform(low, high, (n, m))
    n_modules = space.n_rotations * space.n_scales
    width = len(space.frequencies) // n_modules
    waves = np.fft.rfft(space.encode(centres))
    module = np.arange(waves.shape[1] - 1) // width
    waves[:, 0] = 0.0
    waves[:, 1:] *= module == (np.arange(n) % n_modules)[:, None]
    return _unit(np.fft.irfft(waves, n=space.dimensions))


def border_cells(space: Space, starts: ArrayLike, ends: ArrayLike) -> Array:
    r"""Return encoders of neurons that prefer borders: the mean vectors of their points.

    .. math:: e \propto \int_0^1 S\big((1 - t) a + t b\big) \, dt

    Parameters
    ----------
    space : Space
        The space.
    starts, ends : (N, domain_dimensions) array_like
        The ends a and b of the straight border that each neuron prefers.

    Returns
    -------
    (N, D) array
        Encoders of length 1.

    Raises
    ------
    ValueError, TypeError
        If the places do not have the coordinates of the space, or numbers of them differ.

    See Also
    --------
    place_cells, object_vector_cells

    References
    ----------
    T. Solstad et al., Representation of geometric borders in the entorhinal cortex, Science 322,
    2008.

    Examples
    --------
    A neuron that fires along the wall in the west:

    >>> from nefsim import spa
    >>> space = spa.RandomSSP(2, 200, length_scale=0.2)
    >>> wall = spa.border_cells(space, [[-1, -1]], [[-1, 1]])[0]
    >>> along = space.encode([[-1, 0.6], [-0.9, -0.3], [0.1, 0.1]]) @ wall
    >>> (along > 0.3).tolist()
    [True, True, False]
    """
    who = "border_cells"
    a, b = (_places(who, name, space, x) for name, x in (("starts", starts), ("ends", ends)))
    if a.shape != b.shape:
        do = "pass a row for each neuron"
        check.fail(who, "ends", f"have shape {a.shape}, as starts", f"{b.shape}", do)
    waves = np.fft.rfft(space.encode((a + b) / 2))
    # The mean of exp(i k x) over a line is that of its middle times a sinc.
    waves[:, 1:] *= np.sinc((b - a) @ space._waves().T / (2 * np.pi))
    return _unit(np.fft.irfft(waves, n=space.dimensions))


def object_vector_cells(space: Space, objects: ArrayLike, displacements: ArrayLike) -> Array:
    r"""Return encoders of neurons that prefer places at a displacement from any object.

    .. math:: e \propto \sum_j S(o_j - d)

    Parameters
    ----------
    space : Space
        The space.
    objects : (n_objects, domain_dimensions) array_like
        The places o of the objects.
    displacements : (N, domain_dimensions) array_like
        The way d from the preferred places of each neuron to the objects.

    Returns
    -------
    (N, D) array
        Encoders of length 1.

    Raises
    ------
    ValueError, TypeError
        If the places do not have the coordinates of the space.

    See Also
    --------
    place_cells, border_cells

    References
    ----------
    Ø. A. Høydal et al., Object-vector coding in the medial entorhinal cortex, Nature 568, 2019.

    Examples
    --------
    A neuron that fires south of two objects:

    >>> from nefsim import spa
    >>> space = spa.RandomSSP(2, 200, length_scale=0.1)
    >>> cell = spa.object_vector_cells(space, [[0.0, 0.0], [0.5, 0.5]], [[0.0, 0.3]])[0]
    >>> near = space.encode([[0.0, -0.3], [0.5, 0.2], [0.0, 0.0]]) @ cell
    >>> (near > 0.5).tolist()
    [True, True, False]
    """
    who = "object_vector_cells"
    o = _places(who, "objects", space, objects)
    d = _places(who, "displacements", space, displacements)
    return _unit(space.encode(o - d[:, None]).sum(axis=1))


def _places(who: str, argument: str, space: Any, value: Any) -> Array:
    """Check the places of neurons or objects, a row for each."""
    do = "pass the result of such as HexagonalSSP(2)"
    check.instance(who, "space", space, Space, "a space", do)
    places = check.array(who, argument, value)
    m = space.frequencies.shape[1]
    if places.ndim != 2 or places.shape[1] != m or not len(places):
        must, got = f"be rows of {m} coordinates", f"shape {places.shape}"
        check.fail(who, argument, must, got, "pass a row for each")
    return places


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
