"""Simplify networks to the neurons that NIR can express."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nefsim.network import Connection, Ensemble, Network, Neurons
from nefsim.network.objects import Endpoint, Gate, Learning, Scope, View, whole
from nefsim.neurons import SteadyState
from nefsim.nir.neurons import losses, without_losses
from nefsim.solvers import Solver


def simplified(net: Network, dt: float) -> Network:
    """A copy of a network with neurons that NIR can express, without noise and learning.

    Encoders and evaluation points are the same, since all objects have the same kind, index and
    seed.  Gains and decoders are solved for the new neurons when the copy is built.
    """
    return _Copy(dt).network(net)


def _is_of_learning(target: Any) -> bool:
    """Whether the target of a probe belongs to a learning rule."""
    if isinstance(target, Connection):
        return isinstance(whole(target.post), (Learning, Gate))
    return isinstance(whole(target), (Learning, Gate))


class _Copy:
    """A copy of a network, and the copy of each object."""

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.of: dict[Any, Any] = {}

    def network(self, net: Network) -> Network:
        """Copy all objects, then connections and probes."""
        copied = self._objects(net)
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
        return copied

    def _objects(self, net: Scope) -> Network:
        copied = self.of[net] = Network(net.seed, net.label)
        for node in net.nodes:
            self.of[node] = replace(node, network=copied)
            copied.nodes.append(self.of[node])
        for ensemble in net.ensembles:
            self.of[ensemble] = self._ensemble(ensemble, copied)
            copied.ensembles.append(self.of[ensemble])
        for inner in net.networks:
            copy = self._objects(inner)
            copy.parent = copied
            copied.networks.append(copy)
        return copied

    def _ensemble(self, ensemble: Ensemble, copied: Network) -> Ensemble:
        if not any(True for _ in losses(ensemble)):
            return replace(ensemble, network=copied)
        neuron = without_losses(ensemble.neuron_type, self.dt)
        start = ensemble.initial_state
        values = {} if isinstance(start, SteadyState) else start
        initial = {k: v for k, v in values.items() if k in neuron.initial_state}
        return replace(
            ensemble, network=copied, neuron_type=neuron, noise=None, initial_state=initial
        )

    def _solver(self, pre: Endpoint, solver: Solver) -> Solver:
        """The solver of the copy; decoders that were solved for other neurons are not used."""
        obj = whole(pre)
        changed = isinstance(obj, Ensemble) and any(True for _ in losses(obj))
        return solver.again if changed else solver

    def _end(self, end: Endpoint) -> Any:
        if isinstance(end, View):
            return View(self._end(end.obj), end.indices)
        return self.of[end.ensemble].neurons if isinstance(end, Neurons) else self.of[end]
