"""The terms of an error: rates, filtered values, and the variance of spikes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering.arrays import BuiltEnsemble
from nefsim.neurons import NeuronType
from nefsim.spike_noise import poisson, regular
from nefsim.synapses import Synapse

Array = NDArray[np.float64]

#: Currents that become rates at a time [numbers].
BLOCK = 1 << 20

#: A filter has settled when its response to a step is as near as this to its end.
SETTLED = 0.001


def rates_at(neuron: NeuronType, built: BuiltEnsemble, x: Array) -> Iterator[Array]:
    """Rates (n, N) at some of the values x (P, D) after the other."""
    n = max(1, BLOCK // len(built.bias))
    for first in range(0, len(x), n):
        yield neuron.rates(x[first : first + n] @ built.scaled_encoders.T + built.bias)


def variance(neuron: NeuronType, rates: Array, synapse: Synapse | None, dt: float) -> Array:
    """The variance of each neuron's filtered output, averaged over rates (P, N): (N,)."""
    if not neuron.spiking:
        return np.zeros(rates.shape[1])
    height = neuron.output_per_hertz
    found = (poisson if neuron.random else regular)(rates / height, synapse, dt)
    return np.asarray(height**2 * found.mean(axis=0))


def arrival(synapse: Synapse | None, values: Array, dt: float, delay: float = 0.0) -> Array:
    """Values over time (T, k) as another population gets them: filtered and delayed."""
    y = values if synapse is None else synapse.filt(values, dt)
    steps = min(round(delay / dt) + (synapse is not None), len(y))
    return np.concatenate([np.zeros_like(y[:steps]), y[: len(y) - steps]])


def settled(synapse: Synapse | None, n_steps: int, dt: float) -> int:
    """The step from which a filter has settled, at most half of all."""
    if synapse is None:
        return 1
    response = synapse.filt(np.ones(n_steps), dt)
    off = np.flatnonzero(np.abs(response - response[-1]) > SETTLED * np.abs(response).max())
    return min(int(off[-1]) + 2 if len(off) else 1, n_steps // 2)
