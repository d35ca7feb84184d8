"""Cells: the compiled code of neuron types whose neurons are stepped one by one.

A new neuron type needs one entry in ``CELLS``: a step function and its constants.  The step is
written in the subset of Python that numba compiles (:mod:`.kernel.populations`); tests also run
it uncompiled.  It reads the input currents ``J`` of ``n`` neurons and the constants ``c``, and
writes their output to ``out``.  Arrays in ``c`` follow one another, and the step computes where
each starts.  The step of a spiking type also has two state variables as arguments, writes the
indices of the neurons that fire to ``fired`` and returns their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.backends.compiled.opcodes import FIRST_CELL
from nefsim.neurons import (
    Izhikevich,
    LIFRate,
    NeuronType,
    RectifiedLinear,
    Sigmoid,
    SoftLIFRate,
    Tanh,
)
from nefsim.neurons.izhikevich import LOWEST_CURRENT, PEAK
from nefsim.neurons.soft import FAR_BELOW


@dataclass(frozen=True)
class Cell:
    """The compiled step of a neuron type, and its constants.

    Parameters
    ----------
    step : callable
        ``step(J, out, n, c)`` for rates; ``step(J, v, u, out, fired, n, c) -> int`` for spikes.
    constants : callable
        ``constants(neuron, dt)`` returns the constants in the order in which the step reads
        them.
    each : callable
        ``each(neuron, dt)`` returns constants that differ between neurons, each an array or
        one number for all neurons; they follow the others in ``c``.
    state : tuple of str
        Names of the state variables for ``v`` and ``u``; a spiking type has one or two.
    types : tuple of type
        Neuron types that this cell steps.
    """

    step: Callable[..., Any]
    constants: Callable[[Any, float], Sequence[float]]
    each: Callable[[Any, float], Sequence[Any]] = lambda neuron, dt: ()
    state: tuple[str, ...] = ()
    types: tuple[type[NeuronType], ...] = ()


# -- spikes ----------------------------------------------------------------------------


def izhikevich(J, v, u, out, fired, n, c):
    """Step the voltage by Euler's method, reset it at spikes, then step the recovery."""
    tau_recovery, coupling, reset_voltage, reset_recovery = c[0], c[1], c[2], c[3]
    lowest_current, peak, pulse, dt = c[4], c[5], c[6], c[7]
    count = 0
    for i in range(n):
        current = lowest_current if J[i] <= lowest_current else J[i]  # NaN stays
        w = v[i] + (0.04 * (v[i] * v[i]) + 5 * v[i] + 140 - u[i] + current) * 1000 * dt
        spiked = w >= peak
        w = reset_voltage if spiked else w
        r = u[i] + (tau_recovery * (coupling * w - u[i])) * 1000 * dt
        out[i] = 0.0
        if spiked:
            r += reset_recovery
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
        u[i] = r
    return count


IZHIKEVICH = Cell(
    izhikevich,
    lambda neuron, dt: (
        *(neuron.tau_recovery, neuron.coupling, neuron.reset_voltage, neuron.reset_recovery),
        *(LOWEST_CURRENT, PEAK, 1.0 / dt, dt),
    ),
    state=("voltage", "recovery"),
    types=(Izhikevich,),
)


def whole_spikes(rates, v, _, out, fired, n, c):
    """Integrate rates; the integer part of the voltage is the number of spikes."""
    pulse, dt = c[0], c[1]
    count = 0
    for i in range(n):
        w = v[i] + rates[i] * dt
        spikes = np.floor(w)  # math.floor returns an integer, which overflows at 2**63
        v[i] = w - spikes
        out[i] = spikes * pulse
        if spikes != 0:
            fired[count] = i
            count += 1
    return count


#: The second row of SpikingRectifiedLinear and RegularSpiking, after that of their rates.
WHOLE_SPIKES = Cell(
    whole_spikes, lambda neuron, dt: (neuron.amplitude / dt, dt), state=("voltage",)
)


def lif_log(J, v, wait, out, fired, n, c):
    """The exact LIF step with the refractory time as a variable: one logarithm per spike."""
    lowest, pulse, dt = c[0], c[1], c[2]
    tau_rc, tau_ref, decay_of_dt = 3, 3 + n, 3 + 2 * n
    count = 0
    for i in range(n):
        tau = c[tau_rc + i]
        wait[i] -= dt
        after = min(max(dt - wait[i], 0.0), dt)
        gap = J[i] - v[i]
        decay = c[decay_of_dt + i] if after == dt else math.exp(-after / tau)
        w = J[i] - gap * decay
        w = lowest if w <= lowest else w  # NaN stays
        out[i] = 0.0
        if w > 1.0:
            wait[i] = c[tau_ref + i] + (dt - after) + tau * math.log(gap / (J[i] - 1.0))
            w = 0.0
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


def lif_euler(J, v, wait, out, fired, n, c):
    """The LIF step by explicit Euler; see :class:`nefsim.LIF`."""
    lowest, pulse, dt = c[0], c[1], c[2]
    tau_rc, tau_ref = 3, 3 + n
    count = 0
    for i in range(n):
        w = v[i] + dt * (J[i] - v[i]) / c[tau_rc + i]
        w = lowest if w <= lowest else w  # NaN stays
        if wait[i] > 0.0:
            w = 0.0
            wait[i] -= dt
        out[i] = 0.0
        if w > 1.0:
            w = 0.0
            wait[i] = c[tau_ref + i]
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


def _of_lif(neuron: Any, dt: float) -> Sequence[float]:
    return neuron.min_voltage, neuron.amplitude / dt, dt


def _times_of_lif(neuron: Any, dt: float) -> Sequence[Any]:
    return neuron.tau_rc, neuron.tau_ref, np.exp(-dt / np.asarray(neuron.tau_rc))


#: The cells of LIF populations that :mod:`.kernel.exact` does not step.
LIF_LOG = Cell(lif_log, _of_lif, _times_of_lif, state=("voltage", "refractory_time"))
LIF_EULER = Cell(lif_euler, _of_lif, _times_of_lif, state=("voltage", "refractory_time"))


# -- rates -----------------------------------------------------------------------------


def lif_rate(J, out, n, c):
    """``amplitude / (tau_ref + tau_rc log(1 + 1/(J - 1)))`` above J = 1."""
    amplitude, tau_rc, tau_ref = c[0], 1, 1 + n
    for i in range(n):
        over = J[i] - 1.0
        rate = 0.0
        if not over <= 0.0:  # NaN stays
            rate = amplitude * (1.0 / (c[tau_ref + i] + c[tau_rc + i] * math.log1p(1.0 / over)))
        out[i] = rate


def soft_lif(J, out, n, c):
    """See :func:`nefsim.neurons.soft.soft_lif_rates`."""
    tau_rc, tau_ref, amplitude, sigma, far_below = c[0], c[1], c[2], c[3], c[4]
    for i in range(n):
        q = (J[i] - 1.0) / sigma
        if q < far_below:
            logarithm = -q - math.log(sigma)
        else:
            z = sigma * ((q if q > 0.0 else 0.0) + math.log1p(math.exp(-abs(q))))
            logarithm = math.log1p(1.0 / z)
        out[i] = amplitude * (1.0 / (tau_ref + tau_rc * logarithm))


def rectified(J, out, n, c):
    """``amplitude max(J, 0)``."""
    amplitude = c[0]
    for i in range(n):
        out[i] = 0.0 if J[i] <= 0.0 else amplitude * J[i]  # NaN stays


def sigmoid(J, out, n, c):
    """``1 / (tau_ref (1 + exp(-J)))``."""
    highest = c[0]
    for i in range(n):
        out[i] = highest / (1.0 + math.exp(-J[i]))


def tanh(J, out, n, c):
    """``tanh(J) / tau_ref``."""
    tau_ref = c[0]
    for i in range(n):
        out[i] = math.tanh(J[i]) / tau_ref


LIF_RATE = Cell(
    lif_rate,
    lambda neuron, dt: (neuron.amplitude,),
    lambda neuron, dt: (neuron.tau_rc, neuron.tau_ref),
    types=(LIFRate,),
)
RECTIFIED = Cell(rectified, lambda neuron, dt: (neuron.amplitude,), types=(RectifiedLinear,))

CELLS = (
    *(IZHIKEVICH, WHOLE_SPIKES, LIF_LOG, LIF_EULER, LIF_RATE, RECTIFIED),
    Cell(
        soft_lif,
        lambda neuron, dt: (
            *(neuron.tau_rc, neuron.tau_ref, neuron.amplitude),
            *(neuron.sigma, FAR_BELOW),
        ),
        types=(SoftLIFRate,),
    ),
    Cell(sigmoid, lambda neuron, dt: (1.0 / neuron.tau_ref,), types=(Sigmoid,)),
    Cell(tanh, lambda neuron, dt: (neuron.tau_ref,), types=(Tanh,)),
)

#: The opcode of each cell in the instruction table.
KINDS = {cell: FIRST_CELL + i for i, cell in enumerate(CELLS)}

#: The cell of each neuron type that is stepped by a single cell.
CELL_OF = {neuron_type: cell for cell in CELLS for neuron_type in cell.types}
