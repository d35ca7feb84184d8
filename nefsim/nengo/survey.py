"""Describe a Nengo network before it is built: its size, and the time and memory of the build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import nengo
import numpy as np
from nengo.dists import Distribution

from nefsim import _checks as check
from nefsim._html import Text
from nefsim.describe.description import decoders_of, objects_of
from nefsim.nengo.decoders import LARGE, MOST_NUMBERS, is_iterated
from nefsim.nengo.readers import Key, readers
from nefsim.nengo.systems import points_of

# Seconds of a build on one core with AVX2, near those of models of 4,000 to 10,000 ensembles: of an
# ensemble, of a connection, of a value of a rate curve, and of an addition to a Gram matrix and
# its factor; then of a call of a user's function.  Where there is no Gram matrix, of a value that
# is solved for.
ENSEMBLE, CONNECTION, RATE, PRODUCT, CALL = 4.5e-4, 2.2e-4, 9e-9, 1.75e-11, 1.5e-6
ITERATED = 3e-8

#: Bytes of a number, and of the Python objects of an ensemble or a connection in Nengo's model.
NUMBER, OBJECTS = 8, 12_000

#: Seconds of a step, of a neuron and of an ensemble or a connection, on one core.
NEURON, OBJECT = 1e-9, 1.5e-8

#: Bytes of the compiled code and of the rows of a chunk, and of each neuron during a run.
RUN, RUN_OF_NEURON = 30_000_000, 120


@dataclass(frozen=True)
class Survey(Text):
    """The size and cost of a Nengo network; ``str()`` is a table.

    Attributes
    ----------
    label : str or None
        Label of the network.
    ensembles, neurons, dimensions, nodes, connections, probes : int
        Numbers of objects.
    factorisations : int
        Number of factorisations to solve for decoders.
    largest : tuple of int
        Evaluation points and neurons of the largest factorisation.
    arrays : int [bytes]
        Memory of the arrays and objects of the built model.
    peak : int [bytes]
        Peak memory of the build and the first steps, without records, Python and packages.
    build_seconds, step_seconds : float [s]
        Time of the build, and of a step of the compiled back end, both on one core, without
        functions of nodes.

    See Also
    --------
    describe : The function that returns it.

    Examples
    --------
    >>> import nengo
    >>> import nefsim.nengo
    >>> with nengo.Network() as model:
    ...     a = nengo.Ensemble(50, 1)
    >>> nefsim.nengo.describe(model).neurons
    50
    """

    label: str | None
    ensembles: int
    neurons: int
    dimensions: int
    nodes: int
    connections: int
    probes: int
    factorisations: int
    largest: tuple[int, int]
    arrays: int
    peak: int
    build_seconds: float
    step_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The survey as a plain dict.

        Returns
        -------
        dict
        """
        return asdict(self)

    def __repr__(self) -> str:
        name = f" of {self.label!r}" if self.label else ""
        return f"<survey{name}: {self.neurons} neurons; print() shows it>"

    def __str__(self) -> str:
        return "\n".join(
            [
                objects_of("Nengo network", self),
                decoders_of(self),
                f"memory [MB]: {self.arrays / 1e6:.3g} of the model, {self.peak / 1e6:.3g} at peak",
                f"time, roughly: build {self.build_seconds:.3g} s, "
                + f"a step {1e3 * self.step_seconds:.3g} ms",
            ]
        )


def describe(network: nengo.Network) -> Survey:
    """Estimate the size of a Nengo network, and the time and memory of its build and steps.

    Nothing is drawn, solved or called.  Times are rough, from constants of one machine.

    Parameters
    ----------
    network : nengo.Network
        The model.

    Returns
    -------
    Survey
        ``print`` shows a table; its attributes are plain numbers.

    Raises
    ------
    TypeError
        If ``network`` is not a Nengo network.

    See Also
    --------
    nefsim.describe : The same for networks of nefsim, with the schedule of a step.
    Simulator : The simulator whose build is estimated.

    Examples
    --------
    >>> import nengo
    >>> import nefsim.nengo
    >>> with nengo.Network() as model:
    ...     a = nengo.Ensemble(1000, 2)
    ...     c = nengo.Connection(a, a, synapse=0.1)
    >>> survey = nefsim.nengo.describe(model)
    >>> survey.factorisations, survey.largest
    (1, (2000, 1000))
    """
    who, do = "nefsim.nengo.describe", "use nefsim.describe for networks of nefsim"
    check.instance(who, "network", network, nengo.Network, "a nengo.Network", do)
    ensembles = [*dict.fromkeys(network.all_ensembles)]
    connections, probes = [*dict.fromkeys(network.all_connections)], network.all_probes
    spiking = [e for e in ensembles if not isinstance(e.neuron_type, nengo.Direct)]
    neurons = sum(e.n_neurons for e in spiking)
    keys = readers(network)
    systems = {key: (points_of(key.ensemble), key.ensemble.n_neurons) for key in keys}
    systems = {key: (p, n) for key, (p, n) in systems.items() if p >= n}  # others are Nengo's
    sizes = sorted(systems.values(), key=lambda size: size[0] * size[1])
    arrays = NUMBER * (sum(map(_numbers, spiking)) + _weights(connections))
    arrays += OBJECTS * (len(ensembles) + len(connections))
    run = RUN + RUN_OF_NEURON * neurons
    return Survey(
        label=network.label,
        ensembles=len(ensembles),
        neurons=neurons,
        dimensions=sum(e.dimensions for e in ensembles),
        nodes=len({*network.all_nodes}),
        connections=len(connections),
        probes=len(probes),
        factorisations=len(sizes),
        largest=sizes[-1] if sizes else (0, 0),
        arrays=arrays,
        peak=arrays + max(_solving(network, systems, keys), run),
        build_seconds=_seconds(ensembles, connections, systems, keys),
        step_seconds=NEURON * neurons + OBJECT * (len(ensembles) + len(connections)),
    )


def _numbers(ensemble: nengo.Ensemble) -> int:
    """Numbers of a built ensemble: points, two arrays of encoders, four values of each neuron."""
    n, d = ensemble.n_neurons, ensemble.dimensions
    return points_of(ensemble) * d + n * (2 * d + 4)


def _weights(connections: list[nengo.Connection]) -> int:
    """Numbers of the weights of all connections; equal weights are one array."""
    sizes: dict[Any, int] = {}
    for connection in connections:
        pre, transform = connection.pre_obj, connection.transform
        decodes = isinstance(pre, nengo.Ensemble) and not isinstance(pre.neuron_type, nengo.Direct)
        if isinstance(transform, nengo.Sparse):
            size = 0  # those of the network itself
        elif decodes:
            rows = connection.post_obj.size_in if connection.solver.weights else transform.size_out
            size = pre.n_neurons * rows
        else:
            size = int(np.prod(getattr(transform, "init_shape", (0,))))
        content: Any = connection
        if decodes and isinstance(transform, nengo.Dense) and connection.learning_rule is None:
            init = transform.init
            values = id(init) if isinstance(init, Distribution) else np.asarray(init).tobytes()
            content = pre, repr(connection.pre_slice), id(connection.function), size, values
        sizes[content] = size
    return sum(sizes.values())


def _solving(
    network: nengo.Network, systems: dict[Key, tuple[int, int]], found: dict[Key, list[Any]]
) -> int:
    """Peak memory of all systems, from points and neurons of each [bytes].

    A system has activities, and a Gram matrix that becomes its factor.  While rates are computed,
    a byte of each tells whether the neuron fires.  Small systems are stored for other functions.
    Systems of many neurons have no Gram matrix, and compute the rates of few points at a time.
    """
    key_of = {id(reader): key for key in systems for reader in found[key]}
    left = {key: len(found[key]) for key in systems}
    peak = stored = 0
    for reader in _in_order(network):
        key = key_of.get(id(reader))
        if key is None:
            continue
        (p, n), is_first = systems[key], left[key] == len(found[key])
        small = n * (p + n) <= LARGE
        if is_first:
            stored = min(stored, MOST_NUMBERS)
            others = 0 if is_iterated(key, found[key]) else max(n, p // NUMBER)
            peak = max(peak, stored + n * (p + others))
            stored += small * n * (p + n)
        left[key] -= 1
        if not left[key]:
            stored = max(stored - small * n * (p + n), 0)
    return NUMBER * peak


def _in_order(network: nengo.Network) -> Iterator[Any]:
    """Connections and probes in the order in which Nengo builds them."""
    for part in network.networks:
        yield from _in_order(part)
    yield from network.connections
    yield from network.probes


def _seconds(
    ensembles: list[nengo.Ensemble],
    connections: list[nengo.Connection],
    systems: dict[Key, tuple[int, int]],
    found: dict[Key, list[Any]],
) -> float:
    """Time of the build [s]."""
    seconds = ENSEMBLE * len(ensembles) + CONNECTION * len(connections)
    for key, (p, n) in systems.items():
        product = ITERATED / n if is_iterated(key, found[key]) else PRODUCT * (1 + n / p / 3)
        seconds += p * n * (RATE + n * product)
    functions: dict[Any, int] = defaultdict(int)
    for connection in connections:
        if callable(connection.function) and isinstance(connection.pre_obj, nengo.Ensemble):
            functions[connection.pre_obj, id(connection.function)] = points_of(connection.pre_obj)
    return seconds + CALL * sum(functions.values()) / 10  # most functions are computed at once
