"""Nodes, ensembles, connections and probes: frozen objects, each equal only to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import _html as html
from nefsim._html import Fields
from nefsim._signatures import network_object
from nefsim.learning import LearningRule
from nefsim.neurons import Direct, NeuronType, SteadyState
from nefsim.processes import Process
from nefsim.sampling import Distribution, DistributionLike
from nefsim.solvers import Solver
from nefsim.synapses import Synapse

if TYPE_CHECKING:
    import scipy.sparse

Indices = tuple[int, ...]
Transform = Any  # a float, a (D,) or (M, D) array, or a SciPy sparse array

#: A factor, a vector of factors, a matrix, or a sparse array of SciPy.
TransformLike: TypeAlias = "ArrayLike | scipy.sparse.sparray"
#: A function of x, or its values at the evaluation points.
FunctionLike: TypeAlias = Callable[..., ArrayLike] | ArrayLike
#: The output of a node: a function of t or of (t, x), a process, a constant, or None.
OutputLike: TypeAlias = Callable[..., ArrayLike] | Process | ArrayLike | None
#: A learning rule, or several by number or by name.
RuleLike: TypeAlias = LearningRule | Sequence[LearningRule] | Mapping[str, LearningRule]


T = TypeVar("T")

#: Elements of a view: a number, a slice, or a list of numbers.
Key: TypeAlias = int | slice | Sequence[int] | NDArray[np.integer[Any]]


def _indices(obj: Node | Ensemble | Neurons | Learning, size: int, key: Any) -> Indices:
    """The dimensions that ``obj[key]`` selects."""
    who = f"{obj!r}[...]"
    do = "pass an index, a slice or a list of indices"
    if isinstance(key, (bool, np.bool_)) or not isinstance(
        key, (int, np.integer, slice, list, tuple, np.ndarray)
    ):
        check.fail(who, "index", "be an int, a slice or a list", check.show(key), do, TypeError)
    try:
        chosen = np.atleast_1d(np.arange(size)[list(key) if isinstance(key, tuple) else key])
    except (IndexError, TypeError, ValueError, OverflowError):
        check.fail(
            who, "index", f"be within {check.counted(size, 'dimension')}", check.show(key), do
        )
    if chosen.ndim != 1 or not len(chosen):
        check.fail(who, "index", "name at least one dimension", check.show(key), do)
    return tuple(int(i) for i in chosen)


@dataclass(frozen=True)
class View:
    """Some dimensions of a node, an ensemble, its neurons or an error, in a given order."""

    obj: Node | Ensemble | Neurons | Learning
    indices: Indices

    @property
    def size_out(self) -> int:
        """Number of dimensions in view."""
        return len(self.indices)

    @property
    def size_in(self) -> int:
        """Number of dimensions in view."""
        return len(self.indices)

    @property
    def network(self) -> Scope:
        """The network of the object."""
        return self.obj.network

    def __repr__(self) -> str:
        text = ", ".join(map(str, self.indices[:4])) + (", ..." if len(self.indices) > 4 else "")
        return f"{self.obj!r}[{text}]"


@network_object("net.node", "output")
@dataclass(frozen=True, eq=False, repr=False)
class Node(Fields):
    """A source of values, a function of values, or a sum of its inputs.

    Made by :meth:`Network.node`, which describes the fields.

    See Also
    --------
    Network.node : Makes it.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network()
    >>> pair = net.node([0.5, -0.5], label="pair")
    >>> pair.size_out, pair[0]
    (2, <node 'pair'>[0])
    """

    network: Scope
    output: Callable[..., ArrayLike] | Process | NDArray[np.float64] | None
    size_in: int
    size_out: int
    seed: int | None
    label: str

    def __getitem__(self, key: Key) -> View:
        return View(self, _indices(self, self.size_out or self.size_in, key))

    def __repr__(self) -> str:
        return f"<node {self.label!r}>"


@network_object("net.ensemble", "n_neurons, dimensions")
@dataclass(frozen=True, eq=False, repr=False)
class Ensemble(Fields):
    """A population of neurons that represents a vector.

    Made by :meth:`Network.ensemble`, which describes the fields.

    See Also
    --------
    Network.ensemble : Makes it.
    nefsim.lowering.BuiltEnsemble : Its arrays, ``sim.data[ensemble]``.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network()
    >>> a = net.ensemble(50, 2)
    >>> a.size_out, a.neurons.size_out
    (2, 50)
    """

    network: Scope
    n_neurons: int
    dimensions: int
    radius: float
    encoders: Distribution | NDArray[np.float64]
    intercepts: Distribution | NDArray[np.float64]
    max_rates: Distribution | NDArray[np.float64]
    gain: Distribution | NDArray[np.float64] | None
    bias: Distribution | NDArray[np.float64] | None
    eval_points: Distribution | NDArray[np.float64]
    n_eval_points: int | None
    neuron_type: NeuronType
    noise: Process | None
    normalize_encoders: bool
    initial_state: Mapping[str, DistributionLike] | SteadyState
    seed: int | None
    label: str

    @property
    def size_in(self) -> int:
        """Dimensions of the represented vector."""
        return self.dimensions

    @property
    def size_out(self) -> int:
        """Dimensions of the represented vector."""
        return self.dimensions

    @property
    def neurons(self) -> Neurons:
        """The neurons of the ensemble, as a target of currents and a source of spikes."""
        return Neurons(self)

    def __getitem__(self, key: Key) -> View:
        return View(self, _indices(self, self.dimensions, key))

    def __repr__(self) -> str:
        return f"<ensemble {self.label!r}>"


@dataclass(frozen=True)
class Neurons:
    """The neurons of an ensemble, as a target of currents and a source of spikes."""

    ensemble: Ensemble

    @property
    def size_in(self) -> int:
        """Number of neurons; 0 in Direct mode."""
        return 0 if isinstance(self.ensemble.neuron_type, Direct) else self.ensemble.n_neurons

    @property
    def size_out(self) -> int:
        """Number of neurons; 0 in Direct mode."""
        return self.size_in

    @property
    def network(self) -> Scope:
        """The network of the ensemble."""
        return self.ensemble.network

    def __getitem__(self, key: Key) -> View:
        return View(self, _indices(self, self.size_in, key))

    def __repr__(self) -> str:
        return f"{self.ensemble!r}.neurons"


@dataclass(frozen=True)
class Learning:
    """A learning rule of a connection, as a target of errors: ``connection.learning_rule``."""

    connection: Connection
    place: int

    @property
    def rule(self) -> LearningRule:
        """The learning rule."""
        return self.connection.rules[self.place][1]

    @property
    def size_in(self) -> int:
        """Number of dimensions of the error."""
        post = whole(self.connection.post)
        if self.rule.error == "post":
            if isinstance(post, Neurons):
                return post.ensemble.dimensions
            return self.connection.post.size_in
        return {"none": 0, "scalar": 1}[self.rule.error]

    @property
    def size_out(self) -> int:
        """0, as a rule has no output; use a probe to record its error and traces."""
        return 0

    @property
    def network(self) -> Scope:
        """The network of the connection."""
        return self.connection.network

    @property
    def gate(self) -> Gate:
        """The gate of the rule, an input that multiplies all changes; 0 stops learning."""
        return Gate(self)

    def __getitem__(self, key: Key) -> View:
        return View(self, _indices(self, self.size_in, key))

    def __repr__(self) -> str:
        place = self.connection.rules[self.place][0]
        return f"{self.connection!r}.learning_rule" + ("" if place is None else f"[{place!r}]")


@dataclass(frozen=True)
class Gate:
    """The gate of a learning rule, a factor of its changes; 1 if nothing is connected."""

    learning: Learning

    size_in = 1
    size_out = 0

    @property
    def network(self) -> Scope:
        """The network of the connection."""
        return self.learning.network

    def __repr__(self) -> str:
        return f"{self.learning!r}.gate"


Endpoint = Node | Ensemble | Neurons | Learning | Gate | View


def whole(end: Endpoint) -> Node | Ensemble | Neurons | Learning | Gate:
    """The object that a view is a part of; other objects unchanged."""
    return end.obj if isinstance(end, View) else end


def indices(end: Endpoint) -> Indices | None:
    """The dimensions of a view, None for a whole object."""
    return end.indices if isinstance(end, View) else None


@network_object("net.connect", "pre, post")
@dataclass(frozen=True, eq=False, repr=False)
class Connection(Fields):
    """A connection, which adds the transformed and filtered function of a source to a target.

    Made by :meth:`Network.connect`, which describes the fields.

    See Also
    --------
    Network.connect : Makes it.
    nefsim.lowering.BuiltConnection : Its arrays, ``sim.data[connection]``.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network()
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(net.node(0.5), a, learning_rule=nef.Voja(), label="in")
    >>> c.learning_rule
    <connection 'in'>.learning_rule
    """

    network: Scope
    pre: Endpoint
    post: Endpoint
    function: Callable[..., ArrayLike] | NDArray[np.float64] | None
    size_mid: int
    transform: Transform
    synapse: Synapse | None
    solver: Solver
    eval_points: Distribution | NDArray[np.float64] | None
    scale_eval_points: bool
    rules: tuple[tuple[Any, LearningRule], ...]
    delay: float
    seed: int | None
    label: str

    @property
    def learning(self) -> tuple[Learning, ...]:
        """The rules by which the weights change, in order."""
        return tuple(Learning(self, place) for place in range(len(self.rules)))

    @property
    def learning_rule(self) -> Any:
        """The targets of errors: one rule, or a list or dict of several rules."""
        keys = [key for key, _ in self.rules]
        if not keys:
            return None
        if keys == [None]:
            return self.learning[0]
        if isinstance(keys[0], str):
            return dict(zip(keys, self.learning, strict=True))
        return list(self.learning)

    def __repr__(self) -> str:
        return f"<connection {self.label!r}>"


@network_object("net.probe", "target")
@dataclass(frozen=True, eq=False, repr=False)
class Probe(Fields):
    """A quantity of an object to record.

    Made by :meth:`Network.probe`, which describes the fields.

    See Also
    --------
    Network.probe : Makes it.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network()
    >>> net.probe(net.ensemble(50, 1).neurons, "voltage").attr
    'voltage'
    """

    network: Scope
    target: Endpoint | Connection
    attr: str
    synapse: Synapse | None
    sample_every: float | None
    solver: Solver
    label: str

    def __repr__(self) -> str:
        return f"<probe {self.label!r}>"


class Scope:
    """Base class of networks: the objects of a network, and its subnetworks.

    Attributes
    ----------
    presets : dict
        Arrays from a model file, by object and name, in the outermost network.  A build uses
        them instead of drawing and solving arrays.
    """

    _n_made = 0  # objects made so far, in the outermost network

    def __init__(self, seed: int | None, label: str | None) -> None:
        self.seed, self.label = seed, label
        self.parent: Scope | None = None
        self.nodes: list[Node] = []
        self.ensembles: list[Ensemble] = []
        self.connections: list[Connection] = []
        self.probes: list[Probe] = []
        self.networks: list[Scope] = []
        self.presets: dict[Any, Mapping[str, NDArray[Any]]] = {}
        self._kind = ""  # of a ready network, such as "product", whatever its label
        self._warns_of_radius = True  # whether populations are expected to stay within their radius

    @property
    def root(self) -> Scope:
        """The outermost network that this one is part of."""
        return self if self.parent is None else self.parent.root

    def _add(self, objects: list[T], new: T) -> T:
        objects.append(new)
        self.root._n_made += 1
        return new

    def everything(self) -> Iterator[Scope]:
        """Iterate over this network and all networks within it, outer ones first.

        Yields
        ------
        Network
        """
        yield self
        for inner in self.networks:
            yield from inner.everything()

    @property
    def all_nodes(self) -> list[Node]:
        """Nodes here and in networks within."""
        return [node for network in self.everything() for node in network.nodes]

    @property
    def all_ensembles(self) -> list[Ensemble]:
        """Ensembles here and in networks within."""
        return [ensemble for network in self.everything() for ensemble in network.ensembles]

    @property
    def all_connections(self) -> list[Connection]:
        """Connections here and in networks within."""
        return [connection for network in self.everything() for connection in network.connections]

    @property
    def all_probes(self) -> list[Probe]:
        """Probes here and in networks within."""
        return [probe for network in self.everything() for probe in network.probes]

    @property
    def n_neurons(self) -> int:
        """Number of neurons here and in networks within."""
        return sum(ensemble.neurons.size_out for ensemble in self.all_ensembles)

    def path(self) -> str:
        """Labels from the outermost network to this one, joined by dots.

        Returns
        -------
        str
        """
        if self.parent is None:
            return ""
        name = self.label or f"network {self.parent.networks.index(self)}"
        outer = self.parent.path()
        return f"{outer}.{name}" if outer else name

    def __repr__(self) -> str:
        name = f" {self.label!r}" if self.label else ""

        def count(n: int, word: str) -> str:
            return f"{n} {word}" if n == 1 else f"{n} {word}s"

        return (
            f"<network{name}: {count(len(self.all_nodes), 'node')}, "
            f"{count(len(self.all_ensembles), 'ensemble')} ({self.n_neurons} neurons), "
            f"{count(len(self.all_connections), 'connection')}, "
            f"{count(len(self.all_probes), 'probe')}>"
        )

    def _repr_html_(self) -> str:
        """A table for each kind of object."""
        ensembles = (
            (e.label, e.n_neurons, e.dimensions, e.neuron_type) for e in self.all_ensembles
        )
        nodes = ((n.label, n.size_in, n.size_out, n.output) for n in self.all_nodes)
        connections = ((c.label, c.pre, c.post, c.synapse) for c in self.all_connections)
        probes = ((p.label, p.target, p.attr, p.synapse) for p in self.all_probes)
        tables = (
            ("ensembles", ensembles, ("label", "neurons", "dimensions", "neuron type")),
            ("nodes", nodes, ("label", "size_in", "size_out", "output")),
            ("connections", connections, ("label", "from", "to", "synapse")),
            ("probes", probes, ("label", "of", "quantity", "synapse")),
        )
        each = (html.table(title, rows, head) for title, rows, head in tables)
        return f"<div>{html.table(repr(self), ())}{''.join(each)}</div>"
