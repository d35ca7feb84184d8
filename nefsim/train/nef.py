"""Train the encoders, biases and decoders of NEF networks by gradient descent on firing rates."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim.lowering import Built
from nefsim.lowering.arrays import times
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.network.objects import indices, whole
from nefsim.neurons import LIF, LIFRate, RectifiedLinear, SoftLIFRate, SpikingRectifiedLinear
from nefsim.neurons.soft import soft_lif_rates
from nefsim.simulator import Simulator
from nefsim.solvers import NoSolver

LIF_LIKE = (LIF, LIFRate, SoftLIFRate)
LINEAR = (RectifiedLinear, SpikingRectifiedLinear)


class NEF(nn.Module):
    r"""A PyTorch module that computes an NEF network's probes from its inputs, to be trained.

    .. math:: J = x E^T + b, \qquad a = softLIF(J), \qquad y = a D

    The network is built to initialise encoders E (scaled by gains and radius), biases b and
    decoders D.  The module computes the steady state for constant inputs, without synapses.
    All ensembles are trained together.  :meth:`network` then returns a spiking network with
    the trained parameters.

    Parameters
    ----------
    net : Network
        Network of nodes and of ensembles of LIF or rectified linear neurons, without loops.
        The outputs of the module are the probes of ensembles.
    sigma : float
        Softness of the threshold of LIF neurons during training.
    noise : float
        Standard deviation of the noise that is added to rates during training, as a share of the
        mean maximum rate.  Like ``reg`` of solvers, it makes decoders tolerate spike noise.
    encoders, biases, decoders : bool
        Whether to train each kind of parameter.

    Raises
    ------
    ValueError, TypeError
        If the network has loops or other neuron types, or an argument is out of range.

    See Also
    --------
    SoftLIF : The neurons during training.
    fit : Train the module.

    References
    ----------
    Hunsberger & Eliasmith (2015), Spiking deep networks with LIF neurons, arXiv:1510.08829.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> stimulus = net.node(np.sin)
    >>> a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    >>> _ = net.connect(stimulus, a, synapse=None), net.connect(a, b, function=np.square)
    >>> _ = net.probe(b, synapse=0.01)
    >>> module = NEF(net)
    >>> module(torch.tensor([[-1.0], [0.5]])).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        net: Network,
        sigma: float = 0.02,
        noise: float = 0.1,
        encoders: bool = True,
        biases: bool = True,
        decoders: bool = True,
    ) -> None:
        super().__init__()
        self.source = check.instance("NEF", "net", net, Network, "a network", "pass a Network")
        self.sigma = check.real("NEF", "sigma", sigma, low=1e-6, high=1e6)
        self.noise = check.real("NEF", "noise", noise, low=0.0)
        learnt = [
            check.flag("NEF", name, value)
            for name, value in (("encoders", encoders), ("biases", biases), ("decoders", decoders))
        ]
        self.order = _order(net)
        self.inputs = [node for node in net.all_nodes if _is_input(node)]
        self.probes = [p for p in net.all_probes if isinstance(whole_of(p), Ensemble)]
        built = Simulator(net, backend="numpy", progress=False).built
        self._take(built, *learnt)

    def _take(self, built: Built, encoders: bool, biases: bool, decoders: bool) -> None:
        """Create the parameters from a built network; rates are in units of the maximum rate."""
        self.built = built
        self.encoders, self.biases = nn.ParameterDict(), nn.ParameterDict()
        self.decoders = nn.ParameterDict()
        for ensemble, arrays in built.ensembles.items():
            key = self._key(ensemble)
            self.encoders[key] = _parameter(arrays.scaled_encoders, encoders)
            self.biases[key] = _parameter(arrays.bias, biases)
        for reader in (*self.source.all_connections, *self.probes):
            values: Any = built.probe_data if isinstance(reader, Probe) else built.connections
            if values[reader].decoders is not None:
                arrays = values[reader].decoders * self._unit(_ensemble(reader))
                self.decoders[self._key(reader)] = _parameter(arrays, decoders)

    def _key(self, obj: Ensemble | Connection | Probe) -> str:
        net = self.source
        kinds: tuple[list[Any], ...] = (net.all_ensembles, net.all_connections, net.all_probes)
        kind = (Ensemble, Connection, Probe).index(type(obj))
        return f"{('ensemble', 'connection', 'probe')[kind]} {kinds[kind].index(obj)}"

    def _unit(self, ensemble: Ensemble) -> float:
        """The unit of rates: the mean of the maximum rates of an ensemble [Hz]."""
        return float(np.mean(self.built.ensembles[ensemble].max_rates))

    def forward(self, x: Tensor) -> Tensor:
        """Compute the steady-state values of the probes for constant inputs ``x``.

        Parameters
        ----------
        x : Tensor (B, n)
            Values of all input nodes, in order, concatenated.

        Returns
        -------
        Tensor (B, m)
            Values of the probed ensembles, concatenated.
        """
        inputs = dict(zip(self.inputs, x.split([n.size_out for n in self.inputs], 1), strict=True))
        out: dict[Any, Tensor] = {}
        for obj in self.order:
            if isinstance(obj, Node) and not obj.size_in:
                constant = obj not in inputs
                out[obj] = _tensor(obj.output).to(x).expand(len(x), -1) if constant else inputs[obj]
                continue
            total = x.new_zeros(len(x), obj.size_in)
            for connection in self.source.all_connections:
                if whole(connection.post) is obj:
                    total = total + self._carried(connection, out[whole(connection.pre)])
            out[obj] = self._rates(obj, total) if isinstance(obj, Ensemble) else total
        values = [self._decoded(probe, out[whole_of(probe)]) for probe in self.probes]
        return torch.cat(values, dim=1)

    def _rates(self, ensemble: Ensemble, x: Tensor) -> Tensor:
        """Firing rates of an ensemble, in units of the maximum rate."""
        key, kind = self._key(ensemble), ensemble.neuron_type
        J = x @ self.encoders[key].T + self.biases[key]
        if isinstance(kind, LIF_LIKE):
            rates = soft_lif_rates(J, kind.tau_rc, kind.tau_ref, self.sigma, torch)
        else:
            rates = torch.relu(J)
        rates = rates * (kind.output_per_hertz / self._unit(ensemble))
        return rates + self.noise * torch.randn_like(rates) if self.training else rates

    def _decoded(self, reader: Connection | Probe, rates: Tensor) -> Tensor:
        return rates @ self.decoders[self._key(reader)]

    def _carried(self, connection: Connection, before: Tensor) -> Tensor:
        """The contribution of a connection to all dimensions of its target."""
        arrays = self.built.connections[connection]
        if isinstance(whole(connection.pre), Ensemble):
            before = self._decoded(connection, before)
        else:
            dimensions = indices(connection.pre)
            before = before if dimensions is None else before[:, list(dimensions)]
        matrix = times(arrays.transform, np.eye(before.shape[1]))
        to = indices(connection.post)
        if to is not None:
            placed = np.zeros((whole(connection.post).size_in, before.shape[1]))
            placed[list(to)] = matrix
            matrix = placed
        return before @ _tensor(matrix).to(before).T

    def network(self) -> Network:
        """A network with the trained encoders, gains, biases and decoders.

        Returns
        -------
        Network
        """
        net, copies = Network(self.source.seed, self.source.label), dict[Any, Any]()
        for node in self.source.all_nodes:
            copies[node] = net.node(node.output, node.size_in, node.size_out, node.seed, node.label)
        for ensemble in self.source.all_ensembles:
            copies[ensemble] = self._ensemble(net, ensemble)

        def end(old: Any) -> Any:
            new, dimensions = copies[whole(old)], indices(old)
            return new if dimensions is None else new[list(dimensions)]

        for c in self.source.all_connections:
            function, transform = c.function, self.built.connections[c].transform
            options = {"transform": transform, "synapse": c.synapse, "label": c.label}
            if self._key(c) in self.decoders:
                options |= {"solver": self._solver(c), "eval_points": c.eval_points}
            net.connect(end(c.pre), end(c.post), function, seed=c.seed, **options)
        for p in self.probes:
            net.probe(end(p.target), p.attr, p.synapse, p.sample_every, self._solver(p), p.label)
        return net

    def _ensemble(self, net: Network, ensemble: Ensemble) -> Ensemble:
        key, arrays = self._key(ensemble), self.built.ensembles[ensemble]
        scaled = _array(self.encoders[key]) * ensemble.radius
        length = np.linalg.norm(scaled, axis=1)
        return net.ensemble(
            ensemble.n_neurons,
            ensemble.dimensions,
            radius=ensemble.radius,
            encoders=scaled / length[:, None],
            gain=length,
            bias=_array(self.biases[key]),
            eval_points=arrays.eval_points / ensemble.radius,
            neuron_type=ensemble.neuron_type,
            noise=ensemble.noise,
            initial_state=ensemble.initial_state,
            seed=ensemble.seed,
            label=ensemble.label,
        )

    def _solver(self, reader: Connection | Probe) -> NoSolver:
        return NoSolver(_array(self.decoders[self._key(reader)]) / self._unit(_ensemble(reader)))


def whole_of(probe: Probe) -> Any:
    """The object that a probe of an object, or of a view of it, records."""
    return probe.target if isinstance(probe.target, Connection) else whole(probe.target)


def _ensemble(reader: Connection | Probe) -> Ensemble:
    """The ensemble that a connection or probe decodes."""
    arrays = whole_of(reader) if isinstance(reader, Probe) else whole(reader.pre)
    assert isinstance(arrays, Ensemble)
    return arrays


def _is_input(node: Node) -> bool:
    """Whether a node is an input of the module."""
    return not node.size_in and not isinstance(node.output, np.ndarray)


def _order(net: Network) -> list[Any]:
    """Nodes and ensembles in topological order; raise an error if one cannot be trained."""
    before: dict[Any, list[Any]] = {obj: [] for obj in (*net.all_nodes, *net.all_ensembles)}
    for c in net.all_connections:
        ends = whole(c.pre), whole(c.post)
        callable_from_node = isinstance(ends[0], Node) and c.function is not None
        if any(end not in before for end in ends) or c.solver.weights or callable_from_node:
            must, do = "decode from ensembles, and lead to values", "train the part without it"
            check.fail("NEF", "connections", must, repr(c), do)
        before[ends[1]].append(ends[0])
    for obj in before:
        kinds = (*LIF_LIKE, *LINEAR)
        if isinstance(obj, Ensemble) and not isinstance(obj.neuron_type, kinds):
            got, do = f"{obj.neuron_type}", "use LIF()"
            check.fail("NEF", "ensembles", "be of LIF or rectified linear neurons", got, do)
        if isinstance(obj, Node) and obj.size_in and obj.output is not None:
            must, do = "be inputs, constants or junctions", "train the part without it"
            check.fail("NEF", "nodes", must, repr(obj), do)
    try:
        return list(TopologicalSorter(before).static_order())
    except ValueError as error:
        got, do = "a loop", "train the part without it"
        check.fail("NEF", "connections", "form no loops", f"{got} ({error})"[:200], do)


def _parameter(values: Any, learnt: bool) -> nn.Parameter:
    return nn.Parameter(_tensor(values), requires_grad=learnt)


def _tensor(values: Any) -> Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.get_default_dtype())


def _array(values: Tensor) -> Any:
    return values.detach().cpu().double().numpy()
