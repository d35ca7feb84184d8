"""Convert NIR graphs to networks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim._graphs import strong_components
from nefsim.convolution import conv2d_matrix, pads_of, pair, pool2d_matrix
from nefsim.network import Network, Node
from nefsim.nir import archive
from nefsim.nir.export import SPIKES
from nefsim.nir.neurons import discrete
from nefsim.synapses import Alpha, DoubleExp, Lowpass, Synapse

Array = NDArray[np.float64]

NEURONS = (nir.IF, nir.LIF, nir.CubaLIF)
#: Nodes whose output is delayed by one step.
SLOW = (nir.LI, nir.CubaLI, nir.CubaLIF)


def from_nir(
    graph: nir.NIRGraph | str | os.PathLike[str],
    dt: float | None = None,
    spikes: str | None = None,
    limit: int = archive.LIMIT,
) -> Network:
    """Convert a NIR graph to a network, with the names of its nodes as labels.

    ``Input`` becomes a passthrough node, ``Output`` a node with a probe.  ``IF``, ``LIF`` and
    ``CubaLIF`` become :class:`~nefsim.DiscreteLIF` populations with explicit Euler steps, as in
    other tools.  ``LI`` becomes a :class:`~nefsim.Lowpass`, two in a row an
    :class:`~nefsim.Alpha` or :class:`~nefsim.DoubleExp`.  Linear maps, convolutions and
    pooling become transforms.  A cycle of spikes takes one step.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        The graph, or a file for ``nir.read``.
    dt : float or None [s]
        Time step of the network; None means that of the graph's metadata, or 0.001.
    spikes : {"unit", "delta"} or None
        Height of spikes in the graph, 1 or 1/dt; None means that of the metadata, or "unit".
    limit : int [bytes]
        Most bytes that the arrays and texts of a file may have in memory.

    Returns
    -------
    Network

    Raises
    ------
    ValueError, TypeError
        If the file or a node cannot be read, or an argument is out of range.

    See Also
    --------
    to_nir : The other direction.
    nefsim.nengo.from_nengo : Conversion from Nengo.

    Examples
    --------
    >>> import nefsim as nef
    >>> one, zero = np.ones(3), np.zeros(3)
    >>> lif = nir.LIF(tau=0.02 * one, r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    >>> net = from_nir(nir.NIRGraph.from_list(nir.Linear(np.ones((3, 1))), lif))
    >>> inputs = {node.label: node for node in net.nodes}
    >>> c = net.connect(net.node(1.5), inputs["input"], synapse=None)
    >>> with nef.Simulator(net) as sim:
    ...     sim.run(0.1)
    >>> sim.data[net.probes[0]].sum(axis=0)  # spikes
    array([4., 4., 4.])
    """
    who, do = "from_nir", "pass a graph or the file of one"
    most = check.integer(who, "limit", limit, "pass a number of bytes", 1, 2**63)
    if isinstance(graph, (str, os.PathLike)):
        graph = _read(who, graph, most)
    check.instance(who, "graph", graph, nir.NIRGraph, "a nir.NIRGraph", do)
    metadata_dt = graph.metadata.get("dt", 0.001) if dt is None else dt
    if isinstance(metadata_dt, (np.ndarray, np.generic)) and metadata_dt.size == 1:
        metadata_dt = metadata_dt.item()
    step = check.seconds(who, "dt", metadata_dt)
    convention = graph.metadata.get("spikes", "unit") if spikes is None else spikes
    unit = check.one_of(who, "spikes", convention, SPIKES) == "unit"
    return _Import(graph, step, step if unit else 1.0).net


def _read(who: str, path: Any, limit: int) -> nir.NIRGraph:
    """The graph in a file."""
    do = "pass a file that nir.write wrote"
    source = Path(path)
    if not source.is_file():
        check.fail(who, "graph", "be a file", f"{source}", do)
    try:
        archive.check(source, limit)
        return nir.read(source)
    except Exception as error:  # types of h5py and the package nir for damaged files
        check.fail(who, "graph", "be a graph of NIR", f"{source} ({reason(error)})", do)


class _Import:
    """The network under construction, and the output object of each node of the graph."""

    def __init__(self, graph: nir.NIRGraph, dt: float, amplitude: float) -> None:
        self.dt, self.amplitude = dt, amplitude
        self.net = Network(seed=0, label="nir")
        self.nodes, self.edges = _flattened(graph)
        for name, node in self.nodes.items():
            for field, value in vars(node).items():
                is_text = isinstance(value, (str, bytes)) and field != "padding"
                if is_text or (isinstance(value, np.ndarray) and value.dtype.kind not in "biuf"):
                    got = f"{field} of type {np.asarray(value).dtype} in {name!r}"
                    check.fail("from_nir", "graph", "hold numbers", got, "pass numbers")
        self._pairs = _merge_pairs(self.nodes, self.edges)
        late = _late_edges(self.nodes, self.edges)
        self._out: dict[str, Any] = {}
        for name, node in self.nodes.items():
            self._out[name] = self._make(name, node)
        for pre, post in self.edges:
            synapse = Lowpass(0.0) if (pre, post) in late else None
            self._connect(self._out[pre], post, synapse)
        for name, node in self.nodes.items():
            if isinstance(node, nir.Output):
                self.net.probe(self._out[name], label=name)

    def _make(self, name: str, node: Any) -> Any:
        """Create the object of a node."""
        net = self.net
        if isinstance(node, NEURONS):
            neuron, current, start = discrete(name, node, self.dt, self.amplitude)
            one = np.ones(len(current))
            ensemble = net.ensemble(
                len(current),
                1,
                encoders=one[:, None],
                gain=one,
                bias=current,
                eval_points=np.zeros((1, 1)),
                neuron_type=neuron,
                initial_state={"voltage": start},
                label=name,
            )
            return ensemble.neurons
        size = int(np.prod(node.output_type["output"]))
        obj = net.node(size_in=size, label=name)
        bias = getattr(node, "bias", None)
        if bias is not None:
            each = np.ravel(np.asarray(bias, dtype=np.float64))
            if not each.size or size % each.size:
                must = "have a bias for each output or channel"
                got = f"{each.size} for {size} of {name!r}"
                check.fail("from_nir", "graph", must, got, "pass a bias of that length")
            repeated = np.repeat(each, size // each.size)
            net.connect(net.node(repeated, label=f"{name}.bias"), obj, synapse=None)
        return obj

    def _connect(self, pre: Any, name: str, synapse: Any) -> None:
        """Connect ``pre`` to the node ``name``, with that node's linear map."""
        node, post = self.nodes[name], self._out[name]
        if name in self._pairs:
            self.net.connect(pre, post, synapse=self._pairs[name])
            return
        if isinstance(node, (nir.CubaLI, nir.CubaLIF)):
            pre = self._leaky(f"{name}.synapse", pre, node.tau_syn, node.w_in, None)
        if isinstance(node, nir.CubaLI):
            self._leaky(name, pre, node.tau_mem, node.r, node.v_leak, post)
        elif isinstance(node, nir.LI):
            self._leaky(name, pre, node.tau, node.r, node.v_leak, post)
        elif isinstance(node, nir.CubaLIF):
            self.net.connect(pre, post, synapse=None)
        else:
            self.net.connect(pre, post, transform=_matrix(name, node), synapse=synapse)

    def _leaky(
        self, label: str, pre: Any, tau: Any, r: Any, leak: Any, post: Node | None = None
    ) -> Node:
        """Leaky integrators ``tau v' = leak - v + r I``, with one connection for each tau."""
        taus, scale = np.ravel(tau).astype(float), np.ravel(r).astype(float)
        post = post or self.net.node(size_in=len(taus), label=label)
        constant = None if leak is None or not np.any(leak) else self.net.node(np.ravel(leak))
        for value in np.unique(taus):
            rows = np.flatnonzero(taus == value).tolist()
            self.net.connect(pre[rows], post[rows], transform=scale[rows], synapse=value)
            if constant is not None:
                self.net.connect(constant[rows], post[rows], synapse=value)
        return post


def _flattened(graph: nir.NIRGraph, prefix: str = "") -> tuple[dict[str, Any], list[Any]]:
    """Nodes and edges of a graph and its subgraphs, whose inputs and outputs pass values on."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, tuple[str, str]] = {}
    for name, node in graph.nodes.items():
        full = f"{prefix}{name}"
        ends[name] = (full, full)
        if not isinstance(node, nir.NIRGraph):
            nodes[full] = node
            continue
        inside, between = _flattened(node, f"{full}.")
        ins, outs = list(node.inputs), list(node.outputs)
        if len(ins) != 1 or len(outs) != 1:
            got, do = f"{len(ins)} and {len(outs)} in {full!r}", "merge them"
            check.fail("from_nir", "graph", "have one input and output in graphs within", got, do)
        ends[name] = (f"{full}.{ins[0]}", f"{full}.{outs[0]}")
        for end in ends[name]:
            size = inside[end].output_type["output"]
            inside[end] = nir.Scale(np.ones(int(np.prod(size))))
        nodes |= inside
        edges += between
    return nodes, edges + [(ends[pre][1], ends[post][0]) for pre, post in graph.edges]


def _merge_pairs(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> dict[str, Synapse]:
    """Merge pairs of leaky integrators in a row into one synapse of second order."""
    pairs: dict[str, Synapse] = {}
    for pre, post in list(edges):
        alone = [e for e in edges if e[0] == pre or e[1] == post] == [(pre, post)]
        if not alone or pre in pairs:
            continue
        first, second = _plain_tau(nodes[pre]), _plain_tau(nodes[post])
        if first is None or second is None:
            continue
        pairs[post] = Alpha(first) if first == second else DoubleExp(first, second)
        del nodes[pre]
        edges[:] = [(p, post if q == pre else q) for p, q in edges if p != pre]
    return pairs


def _plain_tau(node: Any) -> float | None:
    """The time constant of an ``LI`` that is a plain lowpass, otherwise None."""
    if not isinstance(node, nir.LI) or np.any(node.v_leak) or np.any(np.not_equal(node.r, 1.0)):
        return None
    taus = np.unique(node.tau)
    return float(taus[0]) if len(taus) == 1 else None


def _late_edges(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges from neurons on cycles without another delay."""
    names = list(nodes)
    place = {name: i for i, name in enumerate(names)}
    fast = [edge for edge in edges if not isinstance(nodes[edge[1]], SLOW)]
    reads: dict[int, list[int]] = {i: [] for i in range(len(names))}
    for pre, post in fast:
        reads[place[post]].append(place[pre])
    home = {i: c for c, group in enumerate(strong_components(reads)) for i in group}
    return {
        (pre, post)
        for pre, post in fast
        if isinstance(nodes[pre], NEURONS) and home[place[pre]] == home[place[post]]
    }


def _matrix(name: str, node: Any) -> Any:
    """The matrix of a node on flattened values; 1 for the identity."""
    if isinstance(node, (nir.Affine, nir.Linear)):
        return np.asarray(node.weight, dtype=np.float64)
    if isinstance(node, nir.Scale):
        return np.ravel(np.asarray(node.scale, dtype=np.float64))
    if isinstance(node, nir.Conv2d):
        return _convolution(node)
    if isinstance(node, (nir.SumPool2d, nir.AvgPool2d)):
        kernel, stride = pair(node.kernel_size), pair(node.stride)
        pads = pads_of(node.padding, kernel)
        shape = tuple(int(n) for n in node.input_type["input"])
        weight = 1.0 if isinstance(node, nir.SumPool2d) else 1.0 / (kernel[0] * kernel[1])
        return pool2d_matrix((shape[0], shape[1], shape[2]), kernel, stride, pads, weight)[0]
    if isinstance(node, (*NEURONS, nir.Output, nir.Flatten, nir.Input)):
        return None
    must, do = "be made of nodes that nefsim knows", "replace the node"
    check.fail("from_nir", "graph", must, f"{type(node).__name__} {name!r}", do)


def _convolution(node: nir.Conv2d) -> Any:
    weight = np.asarray(node.weight, dtype=np.float64)
    dilation, (height, width), groups = pair(node.dilation), node.input_shape, int(node.groups)
    pads = pads_of(node.padding, weight.shape[2:], dilation)
    shape = (weight.shape[1] * groups, int(height), int(width))
    return conv2d_matrix(weight, shape, pair(node.stride), pads, dilation, groups)[0]
