"""Circular convolution, which binds two vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network
from nefsim.networks._part import count
from nefsim.networks.products import Combination, combination

Array = NDArray[np.float64]


@explained
def circular_convolution(
    net: Network,
    n_neurons: int,
    dimensions: int,
    invert_a: bool = False,
    invert_b: bool = False,
    input_magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Combination:
    r"""Add a circular convolution, which binds two vectors.

    .. math:: (a \circledast b)_j = \sum_k a_k b_{(j - k) \bmod d}
              = \big(F^{-1} (F a \cdot F b)\big)_j

    F is the discrete Fourier transform.  The approximate inverse of a vector, with elements
    :math:`a_{-k \bmod d}`, has the conjugate transform; use ``invert_b`` to unbind b.  Each
    product of complex numbers is computed as four products of real numbers.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each product; there are ``4 (d // 2 + 1)`` products.
    dimensions : int
        Number of dimensions d of the vectors.
    invert_a, invert_b : bool
        Whether to replace a or b by its approximate inverse.
    input_magnitude : float
        Largest expected length of an input; Fourier coefficients are expected to be up to
        twice as large.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Combination
        With ``a``, ``b`` and ``output``, all (dimensions,).

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    product

    References
    ----------
    T. A. Plate, Holographic reduced representations, IEEE Transactions on Neural Networks
    6, 1995; C. Eliasmith, How to Build a Brain, Oxford University Press, 2013.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> bound = nef.networks.circular_convolution(net, 200, 16)
    >>> bound.output.size_out, len(bound.product.plus.ensembles)
    (16, 36)
    """
    who = "circular_convolution"
    d = count(who, "dimensions", dimensions)
    magnitude = 2 * check.positive(who, "input_magnitude", input_magnitude)
    maps = (
        _fourier(d, check.flag(who, "invert_a", invert_a), "re im re im"),
        _fourier(d, check.flag(who, "invert_b", invert_b), "re im im re"),
        _inverse_fourier(d),
    )
    options |= {"label": label, "seed": seed, "kind": "circular convolution"}
    return combination(who, net, n_neurons, maps, input_magnitude=magnitude, **options)


def _waves(d: int) -> NDArray[np.complex128]:
    """The Fourier matrix, with a row exp(-2 pi i k n / d) for each frequency k up to d // 2."""
    k, n = np.arange(d // 2 + 1), np.arange(d)
    return np.asarray(np.exp(-2j * np.pi * np.outer(k, n) / d))


def _fourier(d: int, inverted: bool, order: str) -> Array:
    """The matrix from a vector to its Fourier coefficients, as four real numbers for each."""
    waves = _waves(d).conj() if inverted else _waves(d)
    parts = {"re": waves.real, "im": waves.imag}
    return np.stack([parts[name] for name in order.split()], axis=1).reshape(-1, d)


def _inverse_fourier(d: int) -> Array:
    """The matrix from the products re re, im im, re im and im re of each frequency to a vector.

    The coefficient is (re re - im im) + i (re im + im re).  It counts twice if its frequency
    stands for the negative one, too.
    """
    waves = _waves(d)
    twice = np.where((np.arange(len(waves)) > 0) & (2 * np.arange(len(waves)) != d), 2.0, 1.0)
    cosine, sine = waves.real * twice[:, None] / d, waves.imag * twice[:, None] / d
    return np.stack([cosine, -cosine, sine, sine], axis=1).reshape(-1, d).T
