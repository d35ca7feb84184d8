"""Products of the elements of vectors, dot products, and products of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Network, Node
from nefsim.networks._part import Part, count, part, twin_seed
from nefsim.networks.arrays import EnsembleArray, ensemble_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Product(Part):
    """Products of the elements of two vectors.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    a, b : Node
        The factors, (dimensions,).
    output : Node
        The products, (dimensions,).
    plus, minus : EnsembleArray
        Populations of a + b and of a - b.
    """

    a: Node
    b: Node
    output: Node
    plus: EnsembleArray
    minus: EnsembleArray


@dataclass(frozen=True, eq=False, repr=False)
class Combination(Part):
    """A bilinear function of two inputs, such as a dot product: sums of products.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    a, b, output : Node
        The inputs and the result.
    product : Product
        The products that are summed.
    """

    a: Node
    b: Node
    output: Node
    product: Product


@explained
def product(
    net: Network,
    n_neurons: int,
    dimensions: int,
    input_magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    equal: bool | int = False,
    **options: Any,
) -> Product:
    r"""Add products of the elements of two vectors.

    .. math:: a_i b_i = \tfrac12 \Big(\frac{a_i + b_i}{\sqrt2}\Big)^2
                      - \tfrac12 \Big(\frac{a_i - b_i}{\sqrt2}\Big)^2

    Each square is decoded from a one-dimensional population.  Its error is about a third of
    that of a product decoded from a two-dimensional population.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each product, half of them for each square.
    dimensions : int
        Number of elements of each vector.
    input_magnitude : float
        Largest expected absolute value of an element.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    equal : bool or int
        Whether all populations have the same tuning curves, see :func:`ensemble_array`.  The
        product with a factor of 0 then is exactly 0.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Product
        With ``a``, ``b`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than 2 neurons, or an argument is out of range or of a wrong type.

    See Also
    --------
    dot_product, matrix_product, circular_convolution

    References
    ----------
    J. Gosmann, Precise multiplications with the NEF, University of Waterloo, 2015.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> p = nef.networks.product(net, 200, 2)
    >>> c1 = net.connect(net.node([0.5, -0.5]), p.a, synapse=None)
    >>> c2 = net.connect(net.node([0.8, 0.8]), p.b, synapse=None)
    >>> y = net.probe(p.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> sim.data[y][-1].round(1).tolist()
    [0.4, -0.4]
    """
    who = "product"
    n, d = count(who, "n_neurons", n_neurons, 2), count(who, "dimensions", dimensions)
    magnitude = check.positive(who, "input_magnitude", input_magnitude)
    options.setdefault("radius", magnitude * np.sqrt(2))
    with part(who, net, label, seed, "product") as inner:
        a, b, output = (inner.node(size_in=d, label=name) for name in ("a", "b", "output"))
        shared = twin_seed(inner) if equal is True else equal
        squares = []
        for name, sign in (("plus", 1), ("minus", -1)):
            array = ensemble_array(inner, n // 2, d, label=name, equal=shared, **options)
            inner.connect(a, array.input, transform=1 / np.sqrt(2), synapse=None)
            inner.connect(b, array.input, transform=sign / np.sqrt(2), synapse=None)
            square = array.add_output("square", np.square)
            inner.connect(square, output, transform=sign * 0.5, synapse=None)
            squares.append(array)
    return Product(inner, a, b, output, *squares)


def combination(
    who: str, net: Network, n_neurons: int, maps: tuple[Array, Array, Array], **options: Any
) -> Combination:
    """Add a subnetwork for ``C ((A a) * (B b))``, with matrices ``maps`` (A, B, C)."""
    label, seed, kind = (options.pop(name) for name in ("label", "seed", "kind"))
    A, B, C = maps
    with part(who, net, label, seed, kind) as inner:
        a, b = (inner.node(size_in=m.shape[1], label=name) for m, name in ((A, "a"), (B, "b")))
        output = inner.node(size_in=len(C), label="output")
        multiplied = product(inner, n_neurons, len(A), **options)
        inner.connect(a, multiplied.a, transform=A, synapse=None)
        inner.connect(b, multiplied.b, transform=B, synapse=None)
        inner.connect(multiplied.output, output, transform=C, synapse=None)
    return Combination(inner, a, b, output, multiplied)


@explained
def dot_product(
    net: Network,
    n_neurons: int,
    dimensions: int,
    input_magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Combination:
    r"""Add a dot product of two vectors, :math:`\sum_i a_i b_i`.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each product.
    dimensions : int
        Number of dimensions of the vectors.
    input_magnitude : float
        Largest expected absolute value of an element.
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
        If an argument of :func:`product` is out of range or of a wrong type.

    See Also
    --------
    product

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> dot = nef.networks.dot_product(net, 200, 16, input_magnitude=0.5)
    >>> dot.a.size_in, dot.output.size_out
    (16, 1)
    """
    d = count("dot_product", "dimensions", dimensions)
    maps = np.eye(d), np.eye(d), np.ones((1, d))
    options |= {"label": label, "seed": seed, "kind": "dot product"}
    return combination(
        "dot_product", net, n_neurons, maps, input_magnitude=input_magnitude, **options
    )


@explained
def matrix_product(
    net: Network,
    n_neurons: int,
    shape_a: tuple[int, int],
    shape_b: tuple[int, int],
    input_magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> Combination:
    r"""Add a product of two matrices, :math:`C_{ik} = \sum_j A_{ij} B_{jk}`.

    There are two populations for each of the I J K products.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each product.
    shape_a, shape_b : pair of int
        Shapes (I, J) and (J, K) of the matrices.
    input_magnitude : float
        Largest expected absolute value of an element.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    Combination
        With ``a``, (I * J,), ``b``, (J * K,), and ``output``, (I * K,), each row by row.

    Raises
    ------
    ValueError, TypeError
        If the shapes are not pairs of whole numbers or do not match, or an argument of
        :func:`product` is out of range.

    See Also
    --------
    product

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> c = nef.networks.matrix_product(net, 200, (2, 3), (3, 4))
    >>> c.a.size_in, c.b.size_in, c.output.size_out, len(c.product.plus.ensembles)
    (6, 12, 8, 24)
    """
    who = "matrix_product"
    (rows, inside), (same, columns) = (
        _shape(who, "shape_a", shape_a),
        _shape(who, "shape_b", shape_b),
    )
    if same != inside:
        got = f"{(same, columns)} after {(rows, inside)}"
        check.fail(who, "shape_b", f"have {inside} rows", got, "pass shapes that fit")
    i, j, k = np.indices((rows, inside, columns)).reshape(3, -1)
    maps = (
        np.eye(rows * inside)[i * inside + j],
        np.eye(inside * columns)[j * columns + k],
        np.eye(rows * columns)[i * columns + k].T,
    )
    options |= {"label": label, "seed": seed, "kind": "matrix product"}
    return combination(who, net, n_neurons, maps, input_magnitude=input_magnitude, **options)


def _shape(who: str, argument: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        do = "pass (rows, columns)"
        check.fail(who, argument, "be a pair", check.show(value), do, TypeError)
    return count(who, argument, value[0]), count(who, argument, value[1])
