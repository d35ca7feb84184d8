"""The population of an estimator: scaled inputs, tuning curves, decoders, and its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.encoding import gain_bias, tuning_curves
from nefsim.network import Network
from nefsim.neurons import NeuronType
from nefsim.sampling import Distribution, UniformHypersphere
from nefsim.solvers import Solver, solve_decoders

Array = NDArray[np.float64]

#: Largest intercept, below 1 so that a gain stays finite.
MOST = 0.9

#: Rows of inputs whose rates are computed at a time.
AT_ONCE = 4096


@dataclass(frozen=True)
class Population:
    """Neurons with decoders, and the scales of inputs.

    Attributes
    ----------
    centre, scale : (D,) ndarray
        A row X is represented as x = (X - centre) / scale, within the unit ball.
    encoders : (N, D) ndarray
        Unit vectors.
    gain, bias : (N,) ndarray
        Of each neuron.
    decoders : (N, K) ndarray
        Value of a rate of 1 Hz.
    offset : (K,) ndarray
        Mean of the targets, which is added to the decoded value.
    """

    neuron_type: NeuronType
    centre: Array
    scale: Array
    encoders: Array
    gain: Array
    bias: Array
    decoders: Array
    offset: Array

    def decode(self, X: Array) -> Array:
        """Decoded values (P, K), from rates."""
        parts = np.array_split(X, -(-len(X) // AT_ONCE))
        return np.concatenate([self._decode(part) for part in parts])

    def _decode(self, X: Array) -> Array:
        x = (X - self.centre) / self.scale
        rates = tuning_curves(self.neuron_type, x, self.encoders, self.gain, self.bias)
        return np.asarray(rates @ self.decoders + self.offset)

    def network(self, seed: int | None, synapse: float) -> tuple[Network, dict[str, Any]]:
        """A network with the same neurons and decoders, and its nodes and population by name."""
        net = Network(seed=seed)
        n, d = self.encoders.shape
        source = net.node(size_in=d, label="input")
        out = net.node(size_in=len(self.offset), label="output")
        arrays: dict[str, Any] = {"encoders": self.encoders, "gain": self.gain, "bias": self.bias}
        ensemble = net.ensemble(n, d, neuron_type=self.neuron_type, label="population", **arrays)
        net.connect(source, ensemble, transform=np.diag(1 / self.scale), synapse=None)
        net.connect(net.node(-self.centre / self.scale), ensemble, synapse=None)
        net.connect(ensemble.neurons, out, transform=self.decoders.T, synapse=synapse)
        net.connect(net.node(self.offset), out, synapse=None)
        return net, {"input": source, "population": ensemble, "output": out}


def fitted(
    X: Array,
    Y: Array,
    n_neurons: int,
    neuron_type: NeuronType,
    encoders: Distribution | None,
    max_rates: tuple[float, float],
    solver: Solver,
    rng: np.random.Generator,
) -> Population:
    """A population whose decoders fit targets Y (P, K) at the inputs X (P, D)."""
    centre, spread = X.mean(axis=0), X.std(axis=0)
    spread[spread == 0] = 1.0
    longest = np.linalg.norm((X - centre) / spread, axis=1).max()
    scale = spread * (longest or 1.0)
    x = (X - centre) / scale
    kind = UniformHypersphere(surface=True) if encoders is None else encoders
    e = np.asarray(kind.sample(n_neurons, X.shape[1], rng), float)
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    # Each neuron begins to fire a little below one of the inputs, so that all take part in any
    # dimension.  At the input itself the rate would depend on how a sum is rounded.
    chosen = x[rng.integers(len(x), size=n_neurons)]
    below = rng.uniform(0.001, 0.01, n_neurons)
    intercepts = np.minimum((e * chosen).sum(axis=1) - below, MOST)
    gain, bias = gain_bias(neuron_type, rng.uniform(*max_rates, n_neurons), intercepts)
    rates = tuning_curves(neuron_type, x, e, gain, bias)
    offset = Y.mean(axis=0)
    decoders = solve_decoders(rates, Y - offset, solver=solver)
    return Population(neuron_type, centre, scale, e, gain, bias, decoders, offset)


def checked_rates(who: str, max_rates: Any) -> tuple[float, float]:
    """The range of maximum rates [Hz] as two numbers."""
    do = "pass a pair such as (200.0, 400.0)"
    low, high = check.array(who, "max_rates", max_rates, (2,), do)
    return check.positive(who, "max_rates", float(low), do), float(high)
