"""The loop of both back ends: the operations that may fail, and recovery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends.engine import can_fail
from nefsim.lowering import build


@dataclass(frozen=True, eq=False)
class OtherLIF(nef.LIF):
    """A neuron type of a user."""


@dataclass(frozen=True, eq=False)
class OtherRate(nef.LIFRate):
    """Rates of a user."""


def _fed(add: Callable[[nef.Network, nef.Ensemble], object]) -> nef.Network:
    """Two populations and an input that calls nothing, and one more part."""
    net = nef.Network(seed=1)
    a, b = net.ensemble(20, 1), net.ensemble(20, 1, neuron_type=nef.AdaptiveLIF())
    net.connect(net.node(0.5), a)
    net.connect(a, b, function=np.square)
    net.connect(b, b, synapse=0.1)
    net.probe(b.neurons)
    add(net, a)
    return net


def _learning(net: nef.Network, a: nef.Ensemble) -> None:
    learned = net.connect(a, net.node(size_in=1), learning_rule=nef.PES())
    net.connect(a, learned.learning_rule)


PARTS: dict[str, Callable[[nef.Network, nef.Ensemble], object]] = {
    "function": lambda net, a: net.connect(a, net.node(lambda t, x: x, size_in=1)),
    "process": lambda net, a: net.connect(net.node(nef.WhiteNoise()), a),
    "neuron type": lambda net, a: net.ensemble(20, 1, neuron_type=OtherLIF()),
    "rates": lambda net, a: net.ensemble(20, 1, neuron_type=nef.PoissonSpiking(OtherRate())),
    "learning": _learning,
}


@pytest.mark.parametrize("name", PARTS)
def test_functions_processes_and_types_of_users_and_rules_may_fail(name: str) -> None:
    program = build(_fed(PARTS[name]), 0.001, 1).program
    assert any(map(can_fail, program.ops))


def test_sums_filters_and_neurons_of_the_package_cannot_fail() -> None:
    program = build(_fed(lambda net, a: None), 0.001, 1).program
    assert not any(map(can_fail, program.ops))
