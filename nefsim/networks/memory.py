"""Memories: of a value that a gate lets in, and of pairs of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._part import Part, count, part
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.sampling import Choice, Exponential, Uniform
from nefsim.synapses import as_synapse


@dataclass(frozen=True, eq=False, repr=False)
class InputGatedMemory(Part):
    """A value that stays while the gate is shut.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        The value to take up, and the value in the memory, (dimensions,).
    gate : Node
        0 takes up the input, 1 keeps the value, (1,).
    reset : Node
        1 clears the memory, (1,).
    memory, difference : EnsembleArray
        Populations of the value, and of the input minus the value.
    """

    input: Node
    output: Node
    gate: Node
    reset: Node
    memory: EnsembleArray
    difference: EnsembleArray


@explained
def input_gated_memory(
    net: Network,
    n_neurons: int,
    dimensions: int,
    feedback: float = 1.0,
    difference_gain: float = 1.0,
    recurrent_synapse: Any = 0.1,
    difference_synapse: Any = None,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> InputGatedMemory:
    r"""Add an integrator of the difference between input and value, with a gate on it.

    .. math:: \tau \dot x = g (u - x) \quad\text{while the gate is 0}, \qquad
              \dot x = 0 \quad\text{while it is 1}

    The gate inhibits the neurons of the difference.

    Parameters
    ----------
    net : Network
        Where to add it.
    n_neurons : int
        Neurons of each dimension, of the value and of the difference.
    dimensions : int
        Dimensions of the value.
    feedback : float
        Factor of the feedback; 1 holds the value.
    difference_gain : float
        g, how fast the input is taken up.
    recurrent_synapse : Synapse or number [s]
        Filter of the feedback, tau.
    difference_synapse : Synapse, number [s] or None
        Filter of the difference; None takes that of the feedback.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    InputGatedMemory
        With ``input``, ``output``, ``gate`` and ``reset``.

    Raises
    ------
    ValueError, TypeError
        If a number, synapse or option does not fit.

    References
    ----------
    C. Eliasmith, How to Build a Brain, Oxford University Press, 2013.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> m = nef.networks.input_gated_memory(net, 100, 1, difference_gain=5)
    >>> c1 = net.connect(net.node(lambda t: 0.8 * (t < 0.4)), m.input, synapse=None)
    >>> c2 = net.connect(net.node(lambda t: t > 0.3), m.gate, synapse=None)
    >>> y = net.probe(m.output, synapse=0.05)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.8)
    >>> bool(abs(sim.data[y][-1, 0] - 0.8) < 0.1)
    True
    """
    who = "input_gated_memory"
    n, d = count(who, "n_neurons", n_neurons), count(who, "dimensions", dimensions)
    feedback = check.real(who, "feedback", feedback)
    gain = check.real(who, "difference_gain", difference_gain)
    slow = as_synapse(who, recurrent_synapse, "recurrent_synapse")
    if slow is None:
        do = "pass seconds, such as 0.1"
        check.fail(who, "recurrent_synapse", "be a synapse", "None", do, TypeError)
    into = as_synapse(who, difference_synapse, "difference_synapse") or slow
    with part(who, net, label, seed, "input gated memory") as inner:
        memory = ensemble_array(inner, n, d, label="memory", **options)
        difference = ensemble_array(inner, n, d, label="difference", **options)
        inner.connect(memory.output, memory.input, transform=feedback, synapse=slow)
        inner.connect(memory.output, difference.input, transform=-1)
        inner.connect(difference.output, memory.input, transform=gain, synapse=into)
        gate, reset = (inner.node(size_in=1, label=name) for name in ("gate", "reset"))
        for switch, array, current in ((gate, difference, -10.0), (reset, memory, -3.0)):
            for ensemble in array.ensembles:
                stop = np.full((n, 1), current)
                inner.connect(switch, ensemble.neurons, transform=stop, synapse=None)
    return InputGatedMemory(inner, difference.input, memory.output, gate, reset, memory, difference)


@dataclass(frozen=True, eq=False, repr=False)
class AssociativeMemory(Part):
    """Vectors that are recognised, and those that are given out for them.

    Attributes
    ----------
    network : Network
        The subnetwork.
    input, output : Node
        A vector to recognise, and the sum of the output vectors of active items.
    utilities : Node
        How far each item is active, 0 to 1, (n_items,).
    inhibit : Node
        1 silences all items, (1,).
    items : tuple of Ensemble
        The population of each item.
    """

    input: Node
    output: Node
    utilities: Node
    inhibit: Node
    items: tuple[Ensemble, ...]


#: Populations that say how far something lies above 0, or whether it is near 1.
ABOVE_0: dict[str, Any] = {
    "intercepts": Exponential(0.15, 0.0, 1.0),
    "eval_points": Uniform(0.0, 1.0),
}
NEAR_1: dict[str, Any] = {"intercepts": Uniform(0.5, 1.0), "eval_points": Uniform(0.75, 1.1)}
POSITIVE: dict[str, Any] = {"encoders": Choice([[1.0]]), "n_eval_points": 5000}


@explained
def associative_memory(
    net: Network,
    input_vectors: ArrayLike,
    output_vectors: ArrayLike | None = None,
    n_neurons: int = 50,
    threshold: float = 0.3,
    input_scales: float = 1.0,
    winner_take_all: bool = False,
    clean: bool = False,
    default: ArrayLike | None = None,
    label: str | None = None,
    seed: int | None = None,
    **options: Any,
) -> AssociativeMemory:
    r"""Add a memory that recognises vectors and gives out others.

    .. math:: y = \sum_i v_i \, \theta(s \, w_i \cdot u - \vartheta),
              \qquad \theta(x) = \max(0, 1 - e^{-15 x})

    with a population for each pair of an input vector :math:`w_i` and an output vector
    :math:`v_i`, whose neurons are all silent below the threshold.

    Parameters
    ----------
    net : Network
        Where to add it.
    input_vectors : (n_items, D) array_like
        The vectors to recognise.
    output_vectors : (n_items, D_out) array_like or None
        The vectors to give out; None gives out the input vectors, which removes noise.
    n_neurons : int
        Neurons of each item.
    threshold : float
        The similarity from which on an item is recognised.
    input_scales : float
        s, a factor of the similarities.
    winner_take_all : bool
        Whether items inhibit one another (1.5 through Lowpass(0.005)), so that the most
        similar one alone is given out.
    clean : bool
        Whether utilities are made 0 or 1 by two more layers of populations.
    default : (D_out,) array_like or None
        The output while no item is active.
    label : str or None
        A name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    AssociativeMemory
        With ``input``, ``output``, ``utilities`` and ``inhibit``.

    Raises
    ------
    ValueError, TypeError
        If the vectors are no matrices with a row for each item, or a number, flag or option
        does not fit.

    References
    ----------
    T. C. Stewart, Y. Tang and C. Eliasmith, A biologically realistic cleanup memory,
    Cognitive Systems Research 12, 2011.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> memory = nef.networks.associative_memory(net, [[1, 0], [0, 1]], [[1, 1, 0], [0, 1, 1]])
    >>> c = net.connect(net.node([0.9, 0.1]), memory.input, synapse=None)
    >>> y = net.probe(memory.output, synapse=0.03)
    >>> with nef.Simulator(net, progress=False) as sim:
    ...     sim.run(0.3)
    >>> sim.data[y][-1].round(1).tolist()
    [1.0, 1.0, 0.0]
    """
    who = "associative_memory"
    keys = _vectors(who, "input_vectors", input_vectors)
    values = keys if output_vectors is None else _vectors(who, "output_vectors", output_vectors)
    n, size = len(keys), values.shape[1]
    if len(values) != n:
        do = "pass one for each of input_vectors"
        check.fail(who, "output_vectors", f"have {n} rows", f"{len(values)}", do)
    keys = keys * check.real(who, "input_scales", input_scales)
    threshold = check.real(who, "threshold", threshold)
    wins, cleans = (
        check.flag(who, name, value)
        for name, value in (("winner_take_all", winner_take_all), ("clean", clean))
    )
    if default is not None:
        default = check.array(who, "default", default, (size,))[:, None]
    above = POSITIVE | ABOVE_0 | options
    with part(who, net, label, seed, "associative memory", saturates=True) as inner:
        bias, inhibit = inner.node(1.0, label="bias"), inner.node(size_in=1, label="inhibit")
        source, output = inner.node(size_in=keys.shape[1]), inner.node(size_in=size)
        similar, active = (inner.node(size_in=n) for _ in range(2))
        items = tuple(inner.ensemble(n_neurons, 1, **above) for _ in range(n))
        for i, item in enumerate(items):
            inner.connect(bias, item, transform=-threshold, synapse=None)
            inner.connect(similar[i], item, synapse=None)
            inner.connect(item, active[i], function=_saturating, synapse=None)
        inner.connect(inhibit, similar, transform=np.full((n, 1), -1.5), synapse=None)
        inner.connect(source, similar, transform=keys, synapse=None)
        if wins:
            inner.connect(active, similar, transform=1.5 * (np.eye(n) - 1))
        if default is not None:
            other = inner.ensemble(n_neurons, 1, **above)
            inner.connect(bias, other, synapse=None)
            inner.connect(inhibit, other, transform=-1.5, synapse=None)
            inner.connect(other, output, transform=default, synapse=None)
        if cleans:
            active = _cleaned(inner, active, bias, inhibit, n_neurons, options)
        if default is not None:
            inner.connect(active, other, transform=np.full((1, n), -2.0))
        inner.connect(active, output, transform=values.T, synapse=None)
    return AssociativeMemory(inner, source, output, active, inhibit, items)


def _saturating(x: Any) -> Any:
    """A step at 0 that rises within a tenth or two: 1 - exp(-15 x) above 0."""
    return np.maximum(0.0, 1.0 - np.exp(-15.0 * np.asarray(x)))


def _vectors(who: str, argument: str, value: ArrayLike) -> NDArray[np.float64]:
    vectors = check.array(who, argument, value, (None, None), "pass a row for each item")
    if not vectors.size:
        check.fail(who, argument, "hold a vector", f"shape {vectors.shape}", "pass some")
    return vectors


def _cleaned(
    net: Network, active: Node, bias: Node, inhibit: Node, n_neurons: int, options: dict[str, Any]
) -> Node:
    """Utilities that are near 0 or near 1: not (not active), each through a threshold."""
    n = active.size_out
    near = POSITIVE | NEAR_1 | options
    inactive, again = (
        ensemble_array(net, n_neurons, n, label=label, **near) for label in ("inactive", "active")
    )
    for array, before in ((inactive, active), (again, inactive.output)):
        net.connect(bias, array.input, transform=np.ones((n, 1)), synapse=None)
        net.connect(before, array.input, transform=-10.0)
    for ensemble in again.ensembles:
        net.connect(inhibit, ensemble, transform=-1.5, synapse=None)
    return again.output
