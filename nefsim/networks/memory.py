"""Memories: a value that is stored by a gate, and an association of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.networks._functions import Saturating
from nefsim.networks._part import Part, count, part, twin_seed
from nefsim.networks.arrays import EnsembleArray, ensemble_array
from nefsim.sampling import Choice, Exponential, Uniform
from nefsim.synapses import as_synapse


@dataclass(frozen=True, eq=False, repr=False)
class InputGatedMemory(Part):
    """A memory of a vector, which follows its input until a gate stops it.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input, output : Node
        The input, and the stored value, (dimensions,).
    gate : Node
        The gate, (1,): the value follows the input at 0 and stays at 1.
    reset : Node
        Input that clears the memory while it is 1, (1,).
    memory : EnsembleArray
        Populations of the stored value.
    difference : EnsembleArray
        Populations of the input minus the stored value.
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
    r"""Add a memory whose value x follows the input u until a gate stops it.

    .. math:: \tau \dot x = g (u - x) \quad\text{while the gate is 0}, \qquad
              \dot x = 0 \quad\text{while it is 1}

    The memory integrates the difference u - x, whose neurons the gate inhibits.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons for each dimension of the value, and as many for the difference.
    dimensions : int
        Number of dimensions of the value.
    feedback : float
        Factor of the recurrent connection; 1 holds the value.
    difference_gain : float
        Gain g; a larger one lets the value follow the input faster.
    recurrent_synapse : Synapse or number [s]
        Synapse of the recurrent connection, with the time constant tau.
    difference_synapse : Synapse, number [s] or None
        Synapse from the difference to the value; None means ``recurrent_synapse``.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
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
        If an argument is out of range or of a wrong type.

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
    """An associative memory: it recognises vectors and responds with the associated ones.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input : Node
        A vector to recognise, (D,).
    output : Node
        The sum of the output vectors of active items, (D_out,).
    utilities : Node
        The activity of each item, from 0 to 1, (n_items,).
    inhibit : Node
        Input that silences all items while it is 1, (1,).
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
    equal: bool = False,
    **options: Any,
) -> AssociativeMemory:
    r"""Add an associative memory, which responds to each input vector with an output vector.

    .. math:: y = \sum_i v_i \, \theta(s \, w_i \cdot u - \vartheta),
              \qquad \theta(x) = \max(0, 1 - e^{-15 x})

    Each item is a pair of an input vector :math:`w_i` and an output vector :math:`v_i`, with
    a population that is silent below the threshold :math:`\vartheta`.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    input_vectors : (n_items, D) array_like
        The vectors to recognise.
    output_vectors : (n_items, D_out) array_like or None
        The associated vectors; None means the input vectors, to remove noise from an input.
    n_neurons : int
        Number of neurons of each item.
    threshold : float
        Similarity :math:`\vartheta` above which an item is recognised.
    input_scales : float
        Factor s of the similarities.
    winner_take_all : bool
        Whether items inhibit one another (weight 1.5, Lowpass(0.005)), so that only the most
        similar item is active.
    clean : bool
        Whether to add two layers of populations, which make utilities nearly 0 or 1.
    default : (D_out,) array_like or None
        The output while no item is active; None means 0.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    equal : bool
        Whether all items have the same tuning curves, which are drawn and solved once.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    AssociativeMemory
        With ``input``, ``output``, ``utilities`` and ``inhibit``.

    Raises
    ------
    ValueError, TypeError
        If the vectors are not matrices with a row for each item, or another argument is out of
        range or of a wrong type.

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
    twins = check.flag(who, "equal", equal)
    with part(who, net, label, seed, "associative memory", saturates=True) as inner:
        options |= {"seed": twin_seed(inner)} if twins else {}
        above = POSITIVE | ABOVE_0 | options
        bias, inhibit = inner.node(1.0, label="bias"), inner.node(size_in=1, label="inhibit")
        source, output = inner.node(size_in=keys.shape[1]), inner.node(size_in=size)
        similar, active = (inner.node(size_in=n) for _ in range(2))
        items = tuple(inner.ensemble(n_neurons, 1, **above) for _ in range(n))
        step = Saturating()
        for i, item in enumerate(items):
            inner.connect(bias, item, transform=-threshold, synapse=None)
            inner.connect(similar[i], item, synapse=None)
            inner.connect(item, active[i], function=step, synapse=None)
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


def _vectors(who: str, argument: str, value: ArrayLike) -> NDArray[np.float64]:
    vectors = check.array(who, argument, value, (None, None), "pass a row for each item")
    if not vectors.size:
        check.fail(who, argument, "hold a vector", f"shape {vectors.shape}", "pass some")
    return vectors


def _cleaned(
    net: Network, active: Node, bias: Node, inhibit: Node, n_neurons: int, options: dict[str, Any]
) -> Node:
    """Add populations that make utilities nearly 0 or 1: negation with a threshold, twice."""
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
