"""Networks that bind and compare vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network
from nefsim.networks import Combination, circular_convolution, dot_product
from nefsim.networks.products import combination
from nefsim.sampling import Choice, Gaussian, Mixture
from nefsim.spa.algebras import HRR, TVTB, VTB
from nefsim.spa.twins import equal_populations
from nefsim.spa.vocabularies import Vocabulary, as_vocabulary

#: Elements of random unit vectors in D dimensions are rarely above this number over sqrt(D).
RARE = 3.0

#: Standard deviation of evaluation points as a factor of that of sums of two elements, which are
#: independent or, if both vectors are equal, up to sqrt(2) times as large.
INDEPENDENT, EQUAL = 1.2, 1.6


def element_size(vocabulary: Vocabulary, magnitude: float) -> float:
    """The largest expected absolute value of an element of a vector of length ``magnitude``."""
    d = vocabulary.dimensions
    identity = float(np.abs(vocabulary.algebra.identity(d)).max())
    least = 0.0 if isinstance(vocabulary.algebra, HRR) else identity
    return magnitude * min(1.0, max(RARE / np.sqrt(d), least))


def points_of_sums(deviation: float, factor: float) -> Gaussian:
    """Evaluation points of a product, for elements of a standard deviation.

    The deviation is in units of the largest expected element; each population represents the sum of
    two elements over the square root of 2, and its radius is the square root of 2.
    """
    return Gaussian(0.0, factor * deviation / np.sqrt(2))


@explained
def bind(
    net: Network,
    vocabulary: Vocabulary,
    n_neurons: int = 100,
    unbind: bool = False,
    magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Combination:
    """Add populations that bind two vectors, or that release one from another.

    Circular convolution (HRR) has about two products for each dimension; the bindings of VTB and
    TVTB have the square root of the number of dimensions for each.  All populations have the same
    tuning curves, unless there is another neuron type or noise, or ``equal=False``.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    vocabulary : Vocabulary
        The vocabulary, whose algebra is used.
    n_neurons : int
        Number of neurons of each product.
    unbind : bool
        Whether b is replaced by its approximate inverse, so that the output is a * ~b.
    magnitude : float
        Largest expected length of an input.
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
    nefsim.networks.circular_convolution, nefsim.networks.matrix_product

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(16, "vtb", seed=1)
    >>> bound = nef.spa.bind(net, v, n_neurons=50)
    >>> bound.output.size_out, len(bound.product.plus.ensembles)
    (16, 64)
    """
    who = "bind"
    v = as_vocabulary(who, vocabulary)
    turned, size = check.flag(who, "unbind", unbind), check.positive(who, "magnitude", magnitude)
    options = {"equal": equal_populations(options)} | options
    options |= {"label": label or ("unbind" if turned else "bind"), "seed": seed}
    if isinstance(v.algebra, HRR):
        check.label(who, label)
        # Parts of Fourier coefficients have a deviation of sqrt(1/2), and are expected up to 2.
        points = points_of_sums(np.sqrt(0.125), INDEPENDENT)
        options.setdefault("eval_points", points)
        options |= {"invert_b": turned, "input_magnitude": size}
        return circular_convolution(net, n_neurons, v.dimensions, **options)
    check.instance(who, "algebra", v.algebra, (VTB, TVTB), "HRR, VTB or TVTB", "use one of these")
    side = round(np.sqrt(v.dimensions))
    i, j, k = np.indices((side, side, side)).reshape(3, -1)
    transposed = isinstance(v.algebra, TVTB) == turned
    axes = np.eye(v.dimensions)
    maps = (
        axes[i * side + j],
        axes[k * side + j if transposed else j * side + k],
        np.sqrt(side) * axes[i * side + k].T,
    )
    largest = element_size(v, size)
    points = points_of_sums(size / np.sqrt(v.dimensions) / largest, INDEPENDENT)
    options.setdefault("eval_points", points)
    options |= {"kind": options["label"], "input_magnitude": largest}
    return combination(who, net, n_neurons, maps, **options)


@explained
def compare(
    net: Network,
    vocabulary: Vocabulary,
    n_neurons: int = 100,
    magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Combination:
    """Add populations that compute the dot product of two vectors, their similarity.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    vocabulary : Vocabulary
        The vocabulary of both vectors.
    n_neurons : int
        Number of neurons of each dimension.
    magnitude : float
        Largest expected length of an input.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Combination
        With ``a`` and ``b``, (dimensions,), and ``output``, (1,).

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    nefsim.networks.dot_product

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(16, seed=1)
    >>> nef.spa.compare(net, v).output.size_out
    1
    """
    v = as_vocabulary("compare", vocabulary)
    length = check.positive("compare", "magnitude", magnitude)
    size = element_size(v, length)
    check.label("compare", label)
    # Where the vectors are equal, all differences of elements are 0, and the errors there add up.
    points = points_of_sums(length / np.sqrt(v.dimensions) / size, EQUAL)
    options.setdefault("eval_points", Mixture((points, Choice([[0.0]]))))
    options.setdefault("equal", equal_populations(options))
    options |= {"label": label or "compare", "seed": seed, "input_magnitude": size}
    return dot_product(net, n_neurons, v.dimensions, **options)
