"""Neurons run by themselves, without a network."""

import numpy as np


def started(neuron, shape, dt, rng, **initial):
    """A state at random voltages, and room for the output."""
    for name, start in neuron.initial_state.items():
        value = rng.uniform(*start, shape) if isinstance(start, tuple) else np.full(shape, start)
        initial.setdefault(name, value)
    return neuron.start(initial, dt), np.zeros(shape)


def spike_counts(neuron, J, dt, n_steps, rng):
    """Spikes counted up to each step at constant currents, (n_steps, N)."""
    state, out = started(neuron, J.shape, dt, rng)
    counts = np.zeros((n_steps, *J.shape))
    for row in counts:
        neuron.step(J, state, dt, out, rng)
        row[...] = out * dt / neuron.amplitude
    return np.cumsum(counts, axis=0)
