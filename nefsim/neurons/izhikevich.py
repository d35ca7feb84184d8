"""Izhikevich's two-variable neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current

#: Voltage at which a spike is cut off [mV], and the lowest current that stays stable.
PEAK, LOWEST_CURRENT = 30.0, -30.0

#: The rate curve is measured at these steps of current, each for this many steps of 1 ms.
CURRENT_STEP, SETTLE_STEPS, COUNT_STEPS = 0.5, 500, 2000
LARGEST_CURRENT = 400.0


@dataclass(frozen=True, eq=False)
class Izhikevich(NeuronType):
    r"""Quadratic integrate-and-fire with a recovery variable, in Izhikevich's units.

    .. math:: \dot v = 0.04 v^2 + 5 v + 140 - u + J, \quad
              \dot u = a (b v - u) \quad [1/ms]

    and at ``v >= 30``: ``v = c, u = u + d``.  Steps are by Euler's method, the voltage first.
    The rate curve is measured in simulations with steps of 1 ms, once for each set of
    parameters, and interpolated between the currents.

    Parameters
    ----------
    tau_recovery : float
        Rate a of the recovery [1/ms].
    coupling : float
        Sensitivity b of the recovery to the voltage.
    reset_voltage : float [mV]
        Voltage c after a spike.
    reset_recovery : float
        Number d to add to the recovery variable at a spike.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the neuron fires at the lowest measured current.

    See Also
    --------
    LIF : Neurons with a rate curve in closed form.
    AdaptiveLIF : LIF neurons whose rate falls during a stimulus.

    References
    ----------
    Izhikevich (2003), Simple model of spiking neurons, IEEE Trans. Neural Networks 14(6).

    Examples
    --------
    >>> Izhikevich().rates([0.0]).round()
    array([0.])
    """

    tau_recovery: float = 0.02
    coupling: float = 0.2
    reset_voltage: float = -65.0
    reset_recovery: float = 8.0

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": 0.0, "recovery": 0.0}
    )

    def __post_init__(self) -> None:
        who = "Izhikevich"
        do = "pass a number in Izhikevich's units"
        self._set(
            tau_recovery=check.real(who, "tau_recovery", self.tau_recovery, do, 0, 1, True),
            coupling=check.real(who, "coupling", self.coupling, do, 0, 100),
            reset_voltage=check.real(who, "reset_voltage", self.reset_voltage, do, -1000, PEAK),
            reset_recovery=check.real(who, "reset_recovery", self.reset_recovery, do, -1e4, 1e4),
        )
        currents, rates = rate_table(self)
        if rates[0] > 0:
            must, do = f"leave it silent at J = {LOWEST_CURRENT:g}", "pass less extreme ones"
            check.fail(who, "parameters", must, f"{rates[0]:g} Hz", do)
        self._set(threshold_current=float(currents[np.flatnonzero(rates == 0)[-1]]))

    @property
    def rate_limit(self) -> float:
        """The largest rate in the measured table [Hz]."""
        return float(rate_table(self)[1][-1])

    def rates(self, J: ArrayLike) -> Array:
        """Firing rate [Hz] at a constant current, interpolated in the measured table."""
        return np.interp(as_current(self, J), *rate_table(self))

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the measured rate curve meets ``rates`` [Hz]."""
        currents, measured = rate_table(self)
        target = self._current_of(rates)
        # The last current of a flat piece, since the rate rises from there.
        below = np.searchsorted(measured, target, side="right") - 1
        share = (target - measured[below]) / (measured[below + 1] - measured[below])
        return np.asarray(currents[below] + share * CURRENT_STEP)

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Step the voltage by Euler's method, reset it at spikes, then step the recovery."""
        del rng
        v, u = state["voltage"], state["recovery"]
        v += (0.04 * v**2 + 5 * v + 140 - u + np.maximum(J, LOWEST_CURRENT)) * 1000 * dt
        fired = v >= PEAK
        v[fired] = self.reset_voltage
        u += (self.tau_recovery * (self.coupling * v - u)) * 1000 * dt
        u[fired] += self.reset_recovery
        out[...] = 0.0
        out[fired] = 1.0 / dt


@lru_cache
def rate_table(neuron: Izhikevich) -> tuple[Array, Array]:
    """Measure rates [Hz] at a table of currents; dips caused by the steps are smoothed."""
    currents = np.arange(LOWEST_CURRENT, LARGEST_CURRENT, CURRENT_STEP)
    state = {name: np.zeros_like(currents) for name in neuron.initial_state}
    out, count = np.zeros_like(currents), np.zeros_like(currents)
    for k in range(SETTLE_STEPS + COUNT_STEPS):
        neuron.step(currents, state, 0.001, out)
        if k >= SETTLE_STEPS:
            count += out > 0
    return currents, np.maximum.accumulate(count / (COUNT_STEPS * 0.001))
