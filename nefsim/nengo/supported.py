"""Convert Nengo's neuron types, filters and processes that nefsim supports."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import nengo
import numpy as np
from nengo.builder.neurons import SimNeurons
from nengo.builder.processes import SimProcess
from numpy.typing import NDArray

from nefsim import neurons
from nefsim.filtering import LOWEST_ORDER_OF_STATE, Coefficients, Form, StateSpace, within_the_step

Array = NDArray[np.float64]

#: Processes that are linear filters.
FILTERS = (nengo.Lowpass, nengo.Alpha, nengo.LinearFilter)

#: Processes that draw no random numbers.
FIXED = (
    *FILTERS,
    nengo.Triangle,
    nengo.processes.PresentInput,
    nengo.processes.Piecewise,
)


def neuron_type(original: Any) -> neurons.NeuronType | None:
    """The nefsim type of one of Nengo's neuron types, or None if it is not supported."""
    make = NEURONS.get(type(original))
    try:
        return None if make is None else make(original)
    except ValueError:
        return None


def starts(op: SimNeurons) -> bool:
    """Whether nefsim's neuron type can start from the initial state of a Nengo population."""
    above = isinstance(op.neurons, nengo.LIF) and (op.state["voltage"].initial_value > 1.0).any()
    return not op.state_extra and not above


def _regular(original: Any) -> neurons.NeuronType:
    """The neuron type for the spikes of RegularSpiking, whose input currents are its rates."""
    if original.base_type.negative:
        raise ValueError("rates may be negative")
    return neurons.SpikingRectifiedLinear(amplitude=original.amplitude)


NEURONS: dict[type, Callable[[Any], neurons.NeuronType]] = {
    nengo.LIF: lambda n: neurons.LIF(
        tau_rc=n.tau_rc, tau_ref=n.tau_ref, min_voltage=n.min_voltage, amplitude=n.amplitude
    ),
    nengo.LIFRate: lambda n: neurons.LIFRate(
        tau_rc=n.tau_rc, tau_ref=n.tau_ref, amplitude=n.amplitude
    ),
    nengo.AdaptiveLIF: lambda n: neurons.AdaptiveLIF(
        tau_rc=n.tau_rc,
        tau_ref=n.tau_ref,
        tau_n=n.tau_n,
        inc_n=n.inc_n,
        min_voltage=n.min_voltage,
        amplitude=n.amplitude,
    ),
    nengo.AdaptiveLIFRate: lambda n: neurons.AdaptiveLIFRate(
        tau_rc=n.tau_rc, tau_ref=n.tau_ref, tau_n=n.tau_n, inc_n=n.inc_n, amplitude=n.amplitude
    ),
    nengo.RectifiedLinear: lambda n: neurons.RectifiedLinear(amplitude=n.amplitude),
    nengo.SpikingRectifiedLinear: lambda n: neurons.SpikingRectifiedLinear(amplitude=n.amplitude),
    nengo.Sigmoid: lambda n: neurons.Sigmoid(tau_ref=n.tau_ref),
    nengo.Tanh: lambda n: neurons.Tanh(tau_ref=n.tau_ref),
    nengo.Izhikevich: lambda n: neurons.Izhikevich(
        tau_recovery=n.tau_recovery,
        coupling=n.coupling,
        reset_voltage=n.reset_voltage,
        reset_recovery=n.reset_recovery,
    ),
    nengo.RegularSpiking: _regular,
}


def form(op: SimProcess, dt: float) -> Form | None:
    """Coefficients or matrices of a process that is a linear filter; None for other processes."""
    if type(op.process) not in FILTERS:
        return None
    if op.input is None or op.input.shape != op.output.shape:
        return None
    if any((signal.initial_value != 0).any() for signal in op.state.values()):
        return None
    return filter_form(op.process, dt)


def filter_form(synapse: nengo.synapses.Synapse, dt: float) -> Form:
    """A Nengo filter as coefficients, or as matrices if coefficients would lose digits."""
    system = discrete(synapse, dt)
    if len(system.A) < LOWEST_ORDER_OF_STATE:
        return coefficients(system)
    return within_the_step(system)


def discrete(synapse: nengo.synapses.Synapse, dt: float) -> StateSpace:
    """Nengo's discrete matrices of a filter, cached because most synapses of a model are equal.

    The output of a Nengo filter depends on the state after this step's update if D is 0, and on
    the state before it otherwise.
    """
    kind: Any = type(synapse)
    if kind in (nengo.Lowpass, nengo.Alpha) and synapse.analog:
        return _of_tau(kind, synapse.tau, synapse.method, dt)
    return _of_synapse(synapse, dt)


@lru_cache(maxsize=256)
def _of_tau(kind: Any, tau: float, method: str, dt: float) -> StateSpace:
    """The matrices by the numbers of a filter, whose hash takes less time than that of a filter."""
    return _of_synapse(kind(tau, method=method), dt)


@lru_cache(maxsize=256)
def _of_synapse(synapse: nengo.synapses.Synapse, dt: float) -> StateSpace:
    A, B, C, D = synapse._get_ss(dt)
    return StateSpace(np.asarray(A), np.ravel(B), np.ravel(C), float(np.ravel(D)[0]))


def coefficients(system: StateSpace) -> Coefficients:
    """``b`` and ``a`` of Nengo's filter in z^-1."""
    A, B, C, D = system
    if A.size == 0:
        return np.array([D]), np.ones(1)
    if len(A) == 1 and D == 0:
        return np.array([B[0] * C[0]]), np.array([1.0, -A[0, 0]])
    a = np.poly(A).astype(np.float64)
    # The numerator of C (z - A)^-1 B is det(z - A + B C) - det(z - A).
    b = np.poly(A - np.outer(B, C)).astype(np.float64) - a
    return (b[1:] if D == 0 else b + D * a), a


Many = Callable[[Array], Array]


def many_steps(process: Any, size: int, dt: float, rng: np.random.RandomState) -> Many | None:
    """A function that returns many steps of a process without input; None if not supported."""
    if type(process) is nengo.processes.WhiteNoise and _draws_in_order(process.dist):
        factor = 1.0 / np.sqrt(dt) if process.scale else 1.0
        return lambda times: factor * process.dist.sample(len(times), size, rng=rng)
    if type(process) is nengo.processes.PresentInput:
        inputs = process.inputs.reshape(len(process.inputs), -1)
        duration = float(process.presentation_time)
        return lambda t: inputs[((t - dt) / duration + 1e-7).astype(int) % len(inputs)]
    if type(process) is nengo.processes.Piecewise:
        starts, values = zip(*sorted(process.data.items()), strict=True)
        levels = np.array([np.zeros(size), *values])
        return lambda t: levels[np.searchsorted(starts, t + 0.5 * dt)]
    if type(process) is nengo.processes.WhiteSignal:
        return _white_signal(process, size, dt, rng)
    return None


def _white_signal(process: Any, size: int, dt: float, rng: np.random.RandomState) -> Many:
    """A function that returns many steps of a WhiteSignal, by Nengo's function for one step."""
    step = process.make_step((0,), (size,), dt, rng, {})
    period = 2 * int(np.ceil(process.period / dt / 2.0))
    signal, has_value = np.empty((period, size)), np.zeros(period, bool)

    def run(t: Array) -> Array:
        indices = np.round(t / dt).astype(int) % period
        for k in indices[~has_value[indices]]:
            signal[k], has_value[k] = step(k * dt), True
        return np.asarray(signal[indices])

    return run


def is_supported(process: Any) -> bool:
    """Whether :func:`many_steps` supports a process."""
    if type(process) is nengo.processes.WhiteNoise:
        return _draws_in_order(process.dist)
    if type(process) is nengo.processes.Piecewise:
        is_constant = not any(callable(value) for value in process.data.values())
        return is_constant and process.interpolation == "zero"
    return type(process) in (nengo.processes.PresentInput, nengo.processes.WhiteSignal)


def _draws_in_order(dist: Any) -> bool:
    """Whether ``dist`` draws the same numbers in one call for n as in n calls for one."""
    if type(dist) is nengo.dists.Gaussian:
        return True
    return type(dist) is nengo.dists.Uniform and not dist.integer
