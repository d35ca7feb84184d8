"""The leaky integrate-and-fire neuron, exact within the step, and its rate form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState
from nefsim.neurons.curves import LIFCurve, Seconds, lif_rates

Fired = tuple[NDArray[np.intp], ...]

#: Beyond this exponent the refractory factor would leave the range of float32.
LARGEST_EXPONENT = 80.0


def exact_start(
    who: str, initial: Mapping[str, Array], tau_rc: Seconds, tau_ref: Seconds, dt: float
) -> NeuronState:
    """The initial state of :func:`exact_step`: voltages, and a refractory factor or time."""
    voltage, wait = np.array(initial["voltage"]), np.array(initial["refractory_time"])
    check_voltage(who, voltage)
    longest = max(np.max(tau_ref) + dt, wait.max(initial=0.0))
    if longest / np.min(tau_rc) > LARGEST_EXPONENT:
        return {"voltage": voltage, "refractory_time": wait}
    return {"voltage": voltage, "refractory_factor": np.exp(wait / tau_rc)}


def check_voltage(who: str, voltage: Array) -> None:
    """Check that initial voltages are at most the threshold, 1."""
    if (voltage > 1.0).any():
        got = f"{voltage.max():g}"
        check.fail(who, "voltage", "start at 1 or below", got, "start it below the threshold")


def exact_step(
    J: Array, state: NeuronState, tau_rc: Any, tau_ref: Any, min_voltage: float, dt: float
) -> Fired:
    r"""Advance LIF neurons by a step in place; return the indices of those that fired.

    With :math:`k = e^{-dt/\tau_{RC}}` and the refractory factor :math:`E = e^{t/\tau_{RC}}` for
    a remaining refractory time t, the step is

    .. math:: E \leftarrow \max(kE, 1), \quad g = (J - v) \min(kE, 1), \quad
              v \leftarrow \max(J - g, v_{min})

    where ``min(k E, 1)`` is the decay over the part of the step after the refractory time.
    A neuron with ``v > 1`` fired when its voltage reached 1, so that

    .. math:: E \leftarrow e^{(\tau_{ref} + dt)/\tau_{RC}} \frac{g}{J - 1}, \quad
              v \leftarrow 0

    without a logarithm, an exponential or a branch per neuron.  The gap ``g`` is stored, as
    ``J - v`` would have no digits left where ``dt`` is many times ``tau_rc``.
    """
    E, v = state.get("refractory_factor"), state["voltage"]
    if E is None:
        return _exact_step_in_time(J, state, tau_rc, tau_ref, min_voltage, dt)
    try:
        constants = _constants(tau_rc, tau_ref, min_voltage, dt, v.dtype)
    except TypeError:  # arrays (N,) have no hash
        constants = _make_constants(tau_rc, tau_ref, min_voltage, dt, v.dtype)
    k, jump, one, lowest = constants
    E *= k
    np.fmax(E, one, E)
    f = E * k
    np.fmin(f, one, f)
    gap = J - v
    gap *= f
    np.subtract(J, gap, v)
    np.fmax(v, lowest, v)
    fired = (v > one).nonzero()
    if len(fired[0]):
        E[fired] = gap[fired] / (J[fired] - one) * (jump[fired[-1]] if jump.ndim else jump)
        v[fired] = 0.0
    return fired


def _of(tau: Any, fired: Fired) -> Any:
    """Time constants of the neurons that fired; ``tau`` if it is one number."""
    return tau[fired[-1]] if isinstance(tau, np.ndarray) else tau


def step_factors(tau_rc: Any, tau_ref: Any, dt: float) -> tuple[Any, Any]:
    """The decay k of a step, and the refractory factor of a new spike, for each neuron or all."""
    exp: Any = np.exp if np.ndim(tau_rc) or np.ndim(tau_ref) else math.exp
    return exp(-dt / tau_rc), exp((tau_ref + dt) / tau_rc)


def _make_constants(
    tau_rc: Any, tau_ref: Any, min_voltage: float, dt: float, dtype: np.dtype[Any]
) -> tuple[Array, ...]:
    """Constants of a step as arrays, since NumPy converts a Python number at each use."""
    factors = step_factors(tau_rc, tau_ref, dt)
    return tuple(np.array(c, dtype) for c in (*factors, 1.0, min_voltage))


_constants = lru_cache(_make_constants)


def _exact_step_in_time(
    J: Array, state: NeuronState, tau_rc: Any, tau_ref: Any, min_voltage: float, dt: float
) -> Fired:
    """The step of :func:`exact_step` with refractory times, if their exponential would overflow."""
    v, wait = state["voltage"], state["refractory_time"]
    wait -= dt
    after = np.clip(dt - wait, 0.0, dt)
    gap = J - v
    np.subtract(J, gap * np.exp(-after / tau_rc), out=v)
    np.maximum(v, min_voltage, out=v)
    fired = (v > 1.0).nonzero()
    if len(fired[0]):
        rise = _of(tau_rc, fired) * np.log(gap[fired] / (J[fired] - 1.0))
        wait[fired] = _of(tau_ref, fired) + (dt - after[fired]) + rise
        v[fired] = 0.0
    return fired


def refractory_time(state: Mapping[str, Array], tau_rc: Seconds) -> Array:
    """End of the refractory time after the start of the last step [s], at least 0."""
    factor = state.get("refractory_factor")
    time = state["refractory_time"] if factor is None else tau_rc * np.log(factor)
    return np.maximum(time, 0.0)


@dataclass(frozen=True, eq=False)
class LIF(LIFCurve):
    r"""Leaky integrate-and-fire neurons, with exact spike times within the step.

    .. math:: \tau_{RC} \frac{dv}{dt} = J - v, \qquad
              a(J) = \frac{1}{\tau_{ref} + \tau_{RC} \ln(1 + 1/(J - 1))} \; (J > 1)

    A neuron fires when v exceeds 1, and then stays at 0 for ``tau_ref`` seconds.  With
    ``method="exact"`` the time of the spike and the end of the refractory time are computed
    within the step.  The number of spikes then follows the rate curve to one spike, if ``dt``
    is at most ``tau_ref``; a longer step adds at most ``dt - tau_ref`` to each interval.
    ``method="euler"`` is the step of simple programs, ``v += dt (J - v) / tau_rc``, with a
    whole number of refractory steps.

    Parameters
    ----------
    tau_rc : float or (N,) array_like [s]
        Membrane time constant, of all neurons or of each.
    tau_ref : float or (N,) array_like [s]
        Absolute refractory time, of all neurons or of each.
    min_voltage : float
        The voltage never falls below this; at most 0.
    amplitude : float
        Output of one spike is ``amplitude / dt``.
    method : {"exact", "euler"}
        Integration within a step.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or parameters (N,) differ in length.

    See Also
    --------
    LIFRate : The same rate curve without spikes.
    AdaptiveLIF : LIF neurons with an adaptation current.
    DiscreteLIF : One update per step, for networks trained in other programs.
    SoftLIFRate : A smooth rate curve, for training by gradients.

    References
    ----------
    Eliasmith & Anderson (2003), Neural Engineering, MIT Press.

    Examples
    --------
    >>> lif = LIF()
    >>> lif.rates([0.5, 2.0]).round(2)
    array([ 0.  , 63.04])
    >>> lif.current(lif.rates([2.0])).round(9)
    array([2.])
    """

    tau_rc: Seconds = 0.02
    tau_ref: Seconds = 0.002
    min_voltage: float = 0.0
    amplitude: float = 1.0
    method: str = "exact"

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": (0.0, 1.0), "refractory_time": 0.0}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            min_voltage=check.real("LIF", "min_voltage", self.min_voltage, high=0.0),
            method=check.one_of("LIF", "method", self.method, ("exact", "euler")),
        )

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """The initial voltage and refractory variable of the chosen method."""
        if self.method == "exact":
            return exact_start("LIF", initial, self.tau_rc, self.tau_ref, dt)
        check_voltage("LIF", initial["voltage"])
        return {name: np.array(value) for name, value in initial.items()}

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """One step of ``dt`` seconds; ``out`` is ``amplitude / dt`` where a neuron fired."""
        del rng
        if self.method == "euler":
            fired = self._euler_step(J, state["voltage"], state["refractory_time"], dt)
        else:
            fired = exact_step(J, state, self.tau_rc, self.tau_ref, self.min_voltage, dt)
        out.fill(0.0)
        out[fired] = self.amplitude / dt

    def read(self, state: Mapping[str, Array], name: str) -> Array:
        """Voltage, or the end of the refractory time from the start of the last step [s]."""
        if name == "refractory_time":
            return refractory_time(state, self.tau_rc)
        return state[name]

    def _euler_step(self, J: Array, v: Array, refractory_time: Array, dt: float) -> Fired:
        """Step the voltage by Euler's method, and hold that of refractory neurons at 0."""
        v += dt * (J - v) / self.tau_rc
        np.maximum(v, self.min_voltage, out=v)
        waiting = refractory_time > 0
        v[waiting] = 0.0
        refractory_time[waiting] -= dt
        fired = (v > 1.0).nonzero()
        v[fired] = 0.0
        refractory_time[fired] = _of(self.tau_ref, fired)
        return fired


@dataclass(frozen=True, eq=False)
class LIFRate(LIFCurve):
    """LIF rate neurons, whose output is the firing rate of LIF neurons.

    Parameters
    ----------
    tau_rc, tau_ref : float or (N,) array_like [s]
        Membrane time constant and refractory time of the rate curve.
    amplitude : float
        The output is ``amplitude`` times the rate.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or parameters (N,) differ in length.

    See Also
    --------
    LIF : Spikes at these rates.
    SoftLIFRate : A smooth version of this rate curve.
    PoissonSpiking : Poisson spikes at the rates of a rate neuron.

    Examples
    --------
    >>> bool(LIFRate().rates(2.0) == LIF().rates(2.0))
    True
    """

    tau_rc: Seconds = 0.02
    tau_ref: Seconds = 0.002
    amplitude: float = 1.0

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """The rates at ``J``; there is no state."""
        del state, dt, rng
        np.multiply(lif_rates(J, self.tau_rc, self.tau_ref), self.amplitude, out=out)
