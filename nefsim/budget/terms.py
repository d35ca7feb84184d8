"""Terms of an error: firing rates, filtered values, and the variance of spikes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering.arrays import BuiltEnsemble
from nefsim.neurons import NeuronType
from nefsim.spike_noise import poisson, regular
from nefsim.synapses import PerElement, Synapse

Array = NDArray[np.float64]

#: Currents that become rates at a time [numbers].
LONGEST_BLOCK = 1 << 20

#: A filter has settled when its response to a step is as near as this to its end.
SETTLED = 0.001


def rates_at(neuron: NeuronType, built: BuiltEnsemble, x: Array) -> Iterator[Array]:
    """Iterate over the values x (P, D) in blocks of n, and compute rates (n, N) for each."""
    n = max(1, LONGEST_BLOCK // len(built.bias))
    for first in range(0, len(x), n):
        yield neuron.rates(x[first : first + n] @ built.scaled_encoders.T + built.bias)


def variance(neuron: NeuronType, rates: Array, synapse: Synapse | None, dt: float) -> Array:
    """The variance (N,) of each neuron's filtered spikes, averaged over P rates (P, N).

    If the elements of the decoded vector have different synapses, it has a row for each, (k, N).
    """
    if isinstance(synapse, PerElement):
        return np.array([variance(neuron, rates, each, dt) for each in synapse.synapses])
    if not neuron.spiking:
        return np.zeros(rates.shape[1])
    height = neuron.output_per_hertz
    found = (poisson if neuron.random else regular)(rates / height, synapse, dt)
    return np.asarray(height**2 * found.mean(axis=0))


def arrival(synapse: Synapse | None, values: Array, dt: float, delay: float = 0.0) -> Array:
    """Filter and delay values over time (T, k), as a connection does."""
    y = values if synapse is None else synapse.filt(values, dt)
    steps = min(round(delay / dt) + (synapse is not None), len(y))
    return np.concatenate([np.zeros_like(y[:steps]), y[: len(y) - steps]])


def settled(synapse: Synapse | None, n_steps: int, dt: float) -> int:
    """The step at which a filter has settled, at most half of ``n_steps``."""
    if synapse is None:
        return 1
    if isinstance(synapse, PerElement):
        return max(settled(each, n_steps, dt) for each in synapse.synapses)
    response = synapse.filt(np.ones(n_steps), dt)
    off = np.flatnonzero(np.abs(response - response[-1]) > SETTLED * np.abs(response).max())
    return min(int(off[-1]) + 2 if len(off) else 1, n_steps // 2)
