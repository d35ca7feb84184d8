"""States: populations of a vector of a vocabulary, with or without memory, and inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._part import Part, count, part, twin_seed
from nefsim.networks.systems import SOLVER
from nefsim.processes import Piecewise
from nefsim.sampling import CosineSimilarity, Gaussian
from nefsim.spa.pointers import Pointer
from nefsim.spa.twins import equal_populations
from nefsim.spa.vocabularies import Vocabulary, as_vocabulary
from nefsim.synapses import as_synapse

#: The length of w elements of a random unit vector in D dimensions is rarely above
#: ``(sqrt(w) + ABOVE) / sqrt(D)``.
ABOVE = 2.0

#: Standard deviation of evaluation points as a factor of that of elements of random unit vectors.
SPREAD = 1.2


@dataclass(frozen=True, eq=False, repr=False)
class State(Part):
    """A vector of a vocabulary in a network.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    vocabulary : Vocabulary
        The vocabulary of the vector.
    input, output : Node
        The vector, (dimensions,).
    populations : tuple of Ensemble
        Populations of parts of the vector; none of an input.
    """

    vocabulary: Vocabulary
    input: Node
    output: Node
    populations: tuple[Ensemble, ...]


@explained
def state(
    net: Network,
    vocabulary: Vocabulary,
    n_neurons: int = 50,
    subdimensions: int = 4,
    feedback: float = 0.0,
    feedback_synapse: Any = 0.1,
    magnitude: float = 1.0,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> State:
    r"""Add populations that represent a vector, and hold it if they have feedback.

    .. math:: x = h * (u + f x)

    Each population represents w of the D dimensions.  Its radius is
    :math:`(\sqrt w + 2) / \sqrt D`, the length that its part of a random vector rarely exceeds, and
    at least as large as its part of the identity.  Where that is larger, as of the first element
    of HRR, the element has a population alone.  Intercepts and evaluation points are distributed as
    parts of random vectors are.  All populations of one size have the same tuning curves, unless
    there is another neuron type or noise.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    vocabulary : Vocabulary
        The vocabulary of the vector.
    n_neurons : int
        Number of neurons for each dimension.
    subdimensions : int
        Largest number of dimensions of each population.  With fewer of them, the vector has less
        error, and a network builds faster.
    feedback : float
        Factor f of the recurrent connection; 1 holds the vector, 0 makes no connection.
    feedback_synapse : Synapse or number [s]
        Synapse h of the recurrent connection.
    magnitude : float
        Largest expected length of the vector.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    State
        With ``input`` and ``output``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    stimulus, nefsim.networks.input_gated_memory

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(32, seed=1)
    >>> word = v.add("CAT")
    >>> memory = nef.spa.state(net, v, feedback=1.0)
    >>> vision = nef.spa.stimulus(net, v, {0.0: "CAT", 0.2: "Zero"})
    >>> c = net.connect(vision.output, memory.input)
    >>> y = net.probe(memory.output, synapse=0.02)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.4)
    >>> bool(word @ sim.data[y][-1] > 0.6)
    True
    """
    who = "state"
    v = as_vocabulary(who, vocabulary)
    n, most = count(who, "n_neurons", n_neurons), count(who, "subdimensions", subdimensions)
    factor = check.real(who, "feedback", feedback)
    slow = as_synapse(who, feedback_synapse, "feedback_synapse")
    if slow is None:
        do = "pass seconds, such as 0.1"
        check.fail(who, "feedback_synapse", "be a synapse", "None", do, TypeError)
    size = check.positive(who, "magnitude", magnitude)
    d = v.dimensions
    identity = v.algebra.identity(d)
    with part(who, net, label, seed, "state") as inner:
        source, sink = (inner.node(size_in=d, label=name) for name in ("input", "output"))
        populations = []
        if equal_populations(options):
            options = {"seed": twin_seed(inner)} | options
        start = int(abs(identity[0]) > _usual_radius(min(most, d), d))  # 1 if it is alone
        edges = sorted({0, d, *range(start, d, most)})
        curves: dict[Any, dict[str, Any]] = {}
        for here in (slice(*pair) for pair in pairwise(edges)):
            width = here.stop - here.start
            kind = (width, float(np.linalg.norm(identity[here])))
            if kind not in curves:  # so that equal populations share one object
                curves[kind] = _curves(*kind, d, size)
            ensemble = inner.ensemble(n * width, width, **curves[kind] | options)
            inner.connect(source[here], ensemble, synapse=None)
            inner.connect(ensemble, sink[here], synapse=None)
            if factor:
                inner.connect(ensemble, ensemble, transform=factor, synapse=slow, solver=SOLVER)
            populations.append(ensemble)
    return State(inner, v, source, sink, tuple(populations))


def _usual_radius(width: int, d: int) -> float:
    """The length that a part of a random unit vector rarely exceeds."""
    return min(1.0, (np.sqrt(width) + ABOVE) / np.sqrt(d))


def _curves(width: int, identity: float, d: int, size: float) -> dict[str, Any]:
    """Radius, intercepts and evaluation points of a part of vectors of length ``size``.

    The part of the identity has the length ``identity``.
    """
    usual = _usual_radius(width, d)
    if identity > usual:
        return {"radius": size * identity}
    deviation = SPREAD / (np.sqrt(d) * usual)
    curves: dict[str, Any] = {"radius": size * usual, "eval_points": Gaussian(0.0, deviation)}
    if width > 1:  # of one element, all intercepts are equally likely
        curves["intercepts"] = CosineSimilarity(width + 2)
    return curves


@explained
def stimulus(
    net: Network,
    vocabulary: Vocabulary,
    value: str | Pointer | Mapping[float, Any] | Callable[[float], Any],
    label: str | None = None,
    seed: int | None = None,
) -> State:
    """Add a vector that is given, without neurons.

    Parameters
    ----------
    net : Network
        The network to add the node to.
    vocabulary : Vocabulary
        The vocabulary of the vector.
    value : str, Pointer, dict of float to str or Pointer, or function
        An expression of the vocabulary; or a dict with the expression from each time [s] on,
        such as ``{0.0: "CAT", 0.2: "Zero"}``; or a function of the time that returns a vector.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.

    Returns
    -------
    State
        With ``output``, and ``input``, which is added to the value.

    Raises
    ------
    ValueError, TypeError
        If an expression has an unknown name, or the value does not fit.

    See Also
    --------
    state

    Examples
    --------
    >>> import nefsim as nef
    >>> net, v = nef.Network(seed=1), nef.spa.Vocabulary(16, seed=1)
    >>> v.populate("CAT; DOG")
    >>> nef.spa.stimulus(net, v, "CAT * ~DOG").output.size_out
    16
    """
    who = "stimulus"
    v = as_vocabulary(who, vocabulary)
    output: Any
    if isinstance(value, Mapping):
        if not value:
            check.fail(who, "value", "hold a time", "none", "pass such as {0.0: 'CAT'}")
        output = Piecewise({time: v.vector(who, "value", each) for time, each in value.items()})
    elif callable(value) and not isinstance(value, (type, Pointer)):
        output = value
    else:
        output = v.vector(who, "value", value)
    with part(who, net, label, seed, "stimulus") as inner:
        try:
            node = inner.node(output, label="value")
        except TypeError:
            if callable(output) and isinstance(text := output(0.0), str):
                do = "pass a dict of times to names, such as {0.0: 'CAT', 0.2: 'Zero'}, or return "
                do += f"such as vocabulary[{text!r}].vector"
                check.fail(who, "value", "return vectors", check.show(text), do, TypeError)
            raise
        if node.size_out != v.dimensions:
            do = "return vectors of the vocabulary"
            check.fail(who, "value", f"have {v.dimensions} dimensions", f"{node.size_out}", do)
        sink = inner.node(size_in=v.dimensions, label="output")
        inner.connect(node, sink, synapse=None)
    return State(inner, v, sink, sink, ())
