"""Cells: the compiled code of neuron types whose neurons are stepped one by one.

A cell is the whole compiled code of such a type, so that a new type is one entry of ``CELLS``.
A step is written in plain Python, in the subset that numba compiles
(:mod:`.kernel.populations`), and runs uncompiled in a test.  It takes ``n`` neurons with input
currents ``J``, writes their output to ``out``, and reads constants from ``c``: up to eight
numbers, and then arrays with one number for each neuron.  The step of a spiking type also has two
state variables as arguments; output that is not 0 is a spike.

A loop without branches, with the functions of :mod:`.elementary`, becomes a loop over vectors.  A
population is stepped in strips of neurons (:mod:`.kernel.strips`), so that ``n`` is the length of
a strip, padded to whole cache lines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim.backends.compiled.draws import large_poisson, next_double, uniforms
from nefsim.backends.compiled.elementary import exp, floor, log1p_of_finite, tanh
from nefsim.backends.compiled.opcodes import AFTER_CONSTANTS, FIRST_CELL
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

#: Index of the first array of a cell's constants.
ARRAYS = AFTER_CONSTANTS


@dataclass(frozen=True)
class Cell:
    """The compiled step of a neuron type, and its constants.

    Parameters
    ----------
    step : callable
        ``step(J, out, n, c)`` for rates; ``step(J, v, u, out, n, c)`` for spikes; with ``draws``
        ``step(rates, work, generator, out, n, c)``, where ``work`` has room for 2 n numbers in
        float64.
    constants : callable
        ``constants(neuron, dt)``: up to eight numbers, in the order in which the step reads them.
    each : callable
        ``each(neuron, dt)``: constants with one value per neuron, each an array or one number
        for all neurons; array k starts at index ``ARRAYS + k * n``.
    state : tuple of str
        State variables for the arguments ``v`` and ``u``; a spiking type has one or two.
    draws : bool
        Whether the step draws random numbers, with the functions of :mod:`.draws`.
    types : tuple of type
        Neuron types that this cell steps.
    """

    step: Callable[..., Any]
    constants: Callable[[Any, float], Sequence[float]]
    each: Callable[[Any, float], Sequence[Any]] = lambda neuron, dt: ()
    state: tuple[str, ...] = ()
    draws: bool = False
    types: tuple[type[NeuronType], ...] = ()


# -- spikes ----------------------------------------------------------------------------


def izhikevich(J, v, u, out, n, c):
    """One Euler step of the voltage, the reset, then one of the recovery."""
    tau_recovery, coupling, reset_voltage, reset_recovery = c[0], c[1], c[2], c[3]
    lowest_current, peak, pulse, dt = c[4], c[5], c[6], c[7]
    for i in range(n):
        current = lowest_current if J[i] <= lowest_current else J[i]  # NaN stays
        w = v[i] + (0.04 * (v[i] * v[i]) + 5 * v[i] + 140 - u[i] + current) * 1000 * dt
        spiked = w >= peak
        w = reset_voltage if spiked else w
        r = u[i] + (tau_recovery * (coupling * w - u[i])) * 1000 * dt
        u[i] = r + reset_recovery if spiked else r
        v[i] = w
        out[i] = pulse if spiked else 0.0


IZHIKEVICH = Cell(
    izhikevich,
    lambda neuron, dt: (
        *(neuron.tau_recovery, neuron.coupling, neuron.reset_voltage, neuron.reset_recovery),
        *(LOWEST_CURRENT, PEAK, 1.0 / dt, dt),
    ),
    state=("voltage", "recovery"),
    types=(Izhikevich,),
)


def whole_spikes(rates, v, _, out, n, c):
    """Integrate rates; the integer part of the voltage is the number of spikes."""
    pulse, dt = c[0], c[1]
    for i in range(n):
        w = v[i] + rates[i] * dt
        spikes = floor(w)
        v[i] = w - spikes
        out[i] = spikes * pulse


#: The second cell of SpikingRectifiedLinear and RegularSpiking, after that of their rates.
WHOLE_SPIKES = Cell(
    whole_spikes, lambda neuron, dt: (neuron.amplitude / dt, dt), state=("voltage",)
)


def poisson(rates, work, generator, out, n, c):
    """Poisson numbers, by NumPy's method: how many uniform numbers have a product above exp(-mean).

    For means of 10 or more NumPy's function is called.
    """
    pulse, dt = c[0], c[1]
    for i in range(n):
        mean = dt * abs(rates[i])
        work[i] = exp(-mean)
        out[i] = 0.0 * mean  # NaN stays
    count = 0
    for i in range(n):  # the silent neurons, which draw nothing, are skipped without a branch
        work[n + count] = i
        count += rates[i] != 0.0
    for k in range(count):
        i = int(work[n + k])
        mean, spikes = np.float64(dt * abs(rates[i])), 0.0
        if mean >= 10.0:
            spikes = large_poisson(generator, mean)
        elif mean > 0.0:
            product = next_double(generator)
            while product > work[i]:
                product *= next_double(generator)
                spikes += 1.0
        if spikes > 0.0:
            out[i] = (-spikes if rates[i] < 0.0 else spikes) * pulse


def stochastic(rates, work, generator, out, n, c):
    """Rates per step, rounded up with the probability of their fraction."""
    pulse, dt = c[0], c[1]
    uniforms(generator, work, n)
    for i in range(n):
        mean = dt * abs(rates[i])
        whole = floor(mean)
        count = whole + (1.0 if work[i] < mean - whole else 0.0)
        out[i] = (-count if rates[i] < 0.0 else count) * pulse


#: The second cells of PoissonSpiking and StochasticSpiking.
POISSON = Cell(poisson, lambda neuron, dt: (neuron.amplitude / dt, dt), draws=True)
STOCHASTIC = Cell(stochastic, lambda neuron, dt: (neuron.amplitude / dt, dt), draws=True)


def lif_log(J, v, wait, out, n, c):
    """The exact LIF step with the refractory time as a variable: one logarithm per spike."""
    lowest, pulse, dt = c[0], c[1], c[2]
    tau_rc, tau_ref, decay_of_dt = ARRAYS, ARRAYS + n, ARRAYS + 2 * n
    for i in range(n):
        tau = c[tau_rc + i]
        wait[i] -= dt
        after = dt - wait[i]
        after = 0.0 if after < 0.0 else dt if after > dt else after
        gap = J[i] - v[i]
        decay = c[decay_of_dt + i] if after == dt else math.exp(-after / tau)
        w = J[i] - gap * decay
        w = lowest if w <= lowest else w  # NaN stays
        out[i] = 0.0
        if w > 1.0:
            wait[i] = c[tau_ref + i] + (dt - after) + tau * math.log(gap / (J[i] - 1.0))
            w = 0.0
            out[i] = pulse
        v[i] = w


def lif_euler(J, v, wait, out, n, c):
    """Explicit Euler; see :class:`nefsim.LIF`."""
    lowest, pulse, dt = c[0], c[1], c[2]
    tau_rc, tau_ref = ARRAYS, ARRAYS + n
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
        v[i] = w


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
    amplitude, tau_rc, tau_ref = c[0], ARRAYS, ARRAYS + n
    for i in range(n):
        over = J[i] - 1.0  # 1 / over is infinite only where the result is 0
        interval = c[tau_ref + i] + c[tau_rc + i] * log1p_of_finite(1.0 / abs(over))
        out[i] = 0.0 if over <= 0.0 else amplitude * (1.0 / interval)  # NaN stays


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
        out[i] = highest / (1.0 + exp(-J[i]))


def tanh_rate(J, out, n, c):
    """``tanh(J) / tau_ref``."""
    tau_ref = c[0]
    for i in range(n):
        out[i] = tanh(J[i]) / tau_ref


LIF_RATE = Cell(
    lif_rate,
    lambda neuron, dt: (neuron.amplitude,),
    lambda neuron, dt: (neuron.tau_rc, neuron.tau_ref),
    types=(LIFRate,),
)
RECTIFIED = Cell(rectified, lambda neuron, dt: (neuron.amplitude,), types=(RectifiedLinear,))

CELLS = (
    *(IZHIKEVICH, WHOLE_SPIKES, POISSON, STOCHASTIC, LIF_LOG, LIF_EULER, LIF_RATE, RECTIFIED),
    Cell(
        soft_lif,
        lambda neuron, dt: (
            *(neuron.tau_rc, neuron.tau_ref, neuron.amplitude),
            *(neuron.sigma, FAR_BELOW),
        ),
        types=(SoftLIFRate,),
    ),
    Cell(sigmoid, lambda neuron, dt: (1.0 / neuron.tau_ref,), types=(Sigmoid,)),
    Cell(tanh_rate, lambda neuron, dt: (neuron.tau_ref,), types=(Tanh,)),
)

#: The opcode of each cell in the instruction table.
KINDS = {cell: FIRST_CELL + i for i, cell in enumerate(CELLS)}

#: The cell of each neuron type that is stepped by a single cell.
CELL_OF = {neuron_type: cell for cell in CELLS for neuron_type in cell.types}
