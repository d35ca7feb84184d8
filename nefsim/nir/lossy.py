"""A network without what NIR cannot express."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nefsim.network import Connection, Ensemble, Network, Neurons
from nefsim.network.objects import Endpoint, Gate, Learning, Scope, View, whole
from nefsim.neurons import SteadyState
from nefsim.nir.neurons import losses, without_losses
from nefsim.solvers import Solver


def simplified(net: Network, dt: float) -> Network:
    """The same network with neurons that NIR can express, without noise and learning.

    Objects keep their kind, place and seed, so that encoders and evaluation points stay
    what they were; gains and decoders, when built, are those of the new neurons.
    """
    return _Copy(dt).network(net)


def _is_of_learning(target: Any) -> bool:
    """Whether what is probed goes with the learning rules."""
    if isinstance(target, Connection):
        return isinstance(whole(target.post), (Learning, Gate))
    return isinstance(whole(target), (Learning, Gate))


class _Copy:
    """Where each object of a network went."""

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.of: dict[Any, Any] = {}

    def network(self, net: Network) -> Network:
        """All objects first, then what refers to them."""
        made = self._objects(net)
        for old in net.everything():
            new = self.of[old]
            for connection in old.connections:
                if isinstance(whole(connection.post), (Learning, Gate)):
                    continue
                ends: dict[str, Any] = {
                    "pre": self._end(connection.pre),
                    "post": self._end(connection.post),
                }
                solver = self._solver(connection.pre, connection.solver)
                self.of[connection] = replace(
                    connection, network=new, rules=(), solver=solver, **ends
                )
                new.connections.append(self.of[connection])
            for probe in old.probes:
                target: Any = probe.target
                if probe.attr == "weights" or _is_of_learning(target):
                    continue
                target = self.of[target] if target in self.of else self._end(target)
                solver = probe.solver
                if not isinstance(probe.target, Connection):
                    solver = self._solver(probe.target, solver)
                new.probes.append(replace(probe, network=new, target=target, solver=solver))
        return made

    def _objects(self, net: Scope) -> Network:
        made = self.of[net] = Network(net.seed, net.label)
        for node in net.nodes:
            self.of[node] = replace(node, network=made)
            made.nodes.append(self.of[node])
        for ensemble in net.ensembles:
            self.of[ensemble] = self._ensemble(ensemble, made)
            made.ensembles.append(self.of[ensemble])
        for inner in net.networks:
            copy = self._objects(inner)
            copy.parent = made
            made.networks.append(copy)
        return made

    def _ensemble(self, ensemble: Ensemble, made: Network) -> Ensemble:
        if not any(True for _ in losses(ensemble)):
            return replace(ensemble, network=made)
        neuron = without_losses(ensemble.neuron_type, self.dt)
        start = ensemble.initial_state
        named = {} if isinstance(start, SteadyState) else start
        kept = {k: v for k, v in named.items() if k in neuron.initial_state}
        return replace(ensemble, network=made, neuron_type=neuron, noise=None, initial_state=kept)

    def _solver(self, pre: Endpoint, solver: Solver) -> Solver:
        """What finds decoders: not those that were found for other neurons."""
        obj = whole(pre)
        changed = isinstance(obj, Ensemble) and any(True for _ in losses(obj))
        return solver.again if changed else solver

    def _end(self, end: Endpoint) -> Any:
        if isinstance(end, View):
            return View(self._end(end.obj), end.indices)
        return self.of[end.ensemble].neurons if isinstance(end, Neurons) else self.of[end]
