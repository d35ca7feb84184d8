"""Nengo's ready networks with the arrays of ours, to be compared spike for spike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np

import nefsim as nef
from nefsim.nengo import to_nengo


@dataclass(frozen=True)
class Twin:
    """One network in both simulators.

    ``ours(net)`` adds it to a network of nefsim and returns its inputs, ``theirs()`` makes it in
    a network of Nengo and returns the same inputs; ``signals`` are functions of time for them.
    """

    ours: Callable[[nef.Network], list[Any]]
    theirs: Callable[[], list[Any]]
    signals: tuple[Callable[[float], Any], ...]


def spikes(twin: Twin, seconds: float, seed: int = 3) -> tuple[list[Any], list[Any]]:
    """Spikes of all populations: ours, and Nengo's with our arrays."""
    net = nef.Network(seed=seed)
    for node, signal in zip(twin.ours(net), twin.signals, strict=True):
        net.connect(net.node(signal), node, synapse=None)
    probes = [net.probe(ensemble.neurons) for ensemble in net.all_ensembles]
    with nengo.Network() as model:
        for node, signal in zip(twin.theirs(), twin.signals, strict=True):
            nengo.Connection(nengo.Node(signal), node, synapse=None)
    sim = nef.Simulator(net, progress=False)
    hand_over(net, sim, model)
    with model:
        others = [nengo.Probe(ensemble.neurons) for ensemble in model.all_ensembles]
    referee = nengo.Simulator(model, progress_bar=False)
    sim.run(seconds)
    with referee:
        referee.run(seconds)
    return [sim.data[p] for p in probes], [referee.data[p] for p in others]


def hand_over(net: nef.Network, sim: nef.Simulator, model: nengo.Network) -> None:
    """Give the arrays of ours to Nengo's network, population by population, in order."""
    starts = [ensemble.neuron_type for ensemble in to_nengo(net).all_ensembles]
    pairs = zip(net.all_ensembles, model.all_ensembles, starts, strict=True)
    for mine, other, neuron_type in pairs:
        sizes = (mine.n_neurons, mine.dimensions)
        assert sizes == (other.n_neurons, other.dimensions)
        assert mine.radius == other.radius
        check_distributions(mine, other)
        built = sim.data[mine]
        other.encoders, other.normalize_encoders = built.encoders, False
        other.gain, other.bias = built.gain, built.bias
        other.max_rates, other.intercepts = (
            getattr(nengo.Ensemble, name).default for name in ("max_rates", "intercepts")
        )
        other.neuron_type = neuron_type  # with the voltages at the start
        for c, d in zip(decoded(net, mine), decoded(model, other), strict=True):
            check_functions(c, d, mine.dimensions)
            d.solver = nengo.solvers.NoSolver(sim.data[c].decoders)


def decoded(network: Any, ensemble: Any) -> list[Any]:
    """The connections that decode an ensemble, in the order in which they were made."""
    return [c for c in network.all_connections if c.pre is ensemble]


def check_functions(mine: nef.Connection, other: nengo.Connection, dimensions: int) -> None:
    """Two connections decode the same function."""
    for x in np.random.default_rng(0).uniform(-1.5, 1.5, (50, dimensions)):
        a = x if mine.function is None else mine.function(x.copy())
        b = x if other.function is None else other.function(x.copy())
        np.testing.assert_allclose(a, np.ravel(b), rtol=0, atol=1e-12)


def check_distributions(mine: nef.Ensemble, other: nengo.Ensemble) -> None:
    """Two ensembles draw from the same distributions."""
    for name in ("intercepts", "max_rates", "eval_points", "encoders"):
        a, b = getattr(mine, name), getattr(other, name)
        assert type(a).__name__ == type(b).__name__
        for field in ("low", "high", "scale", "shift", "surface", "options"):
            assert np.array_equal(getattr(a, field, None), getattr(b, field, None))
