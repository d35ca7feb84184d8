"""The leaky integrate-and-fire neuron, exact within the step, and its rate form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current

#: Beyond this exponent the refractory factor would leave the range of float64.
LARGEST_EXPONENT = 600.0

Fired = tuple[NDArray[np.intp], ...]
LifStep = Callable[[Array, Array, Array], Fired]


def lif_rates(J: Array, tau_rc: float, tau_ref: float) -> Array:
    """Firing rate 1 / (tau_ref + tau_rc ln(1 + 1/(J - 1))) above J = 1, else 0 [Hz]."""
    over = np.subtract(J, 1.0)
    fires = over > 0
    rates = np.zeros_like(over)
    rates[fires] = 1.0 / (tau_ref + tau_rc * np.log1p(1.0 / over[fires]))
    return rates


def lif_current(rates: Array, tau_rc: float, tau_ref: float) -> Array:
    """The inverse of :func:`lif_rates`: 1 + 1 / (exp((1/r - tau_ref)/tau_rc) - 1)."""
    with np.errstate(divide="ignore", over="ignore"):
        interval = 1.0 / rates - tau_ref
        return 1.0 + 1.0 / np.expm1(interval / tau_rc)


def check_time_constants(neuron: NeuronType, tau_rc: object, tau_ref: object) -> None:
    """Store ``tau_rc`` above 0 and ``tau_ref`` at least 0, in seconds."""
    who = type(neuron).__name__
    neuron._set(
        tau_rc=check.seconds(who, "tau_rc", tau_rc),
        tau_ref=check.seconds(who, "tau_ref", tau_ref, zero=True),
    )


def overflows(tau_rc: float, tau_ref: float, dt: float) -> bool:
    """Whether exp((tau_ref + dt)/tau_rc) would leave the range of float64."""
    return (tau_ref + dt) / tau_rc > LARGEST_EXPONENT


@lru_cache(maxsize=64)
def exact_lif(tau_rc: float, tau_ref: float, min_voltage: float, dt: float) -> LifStep:
    r"""The exact step as a function ``(J, v, E) -> indices of the neurons that fired``.

    ``v`` and ``E`` change in place.  With :math:`k = e^{-dt/\tau_{RC}}` and the refractory
    factor :math:`E = e^{t/\tau_{RC}}`, ``t`` being the refractory time still to come,

    .. math:: e = kE, \quad f = k \, \mathrm{clip}(e, 1, 1/k), \quad
              v \leftarrow \max(J + (v - J) f, v_{min})

    where ``f`` is the decay over the part of the step that lies after the refractory
    time.  A neuron with ``v > 1`` fired when its voltage met 1, so that

    .. math:: E \leftarrow e^{(\tau_{ref} + dt)/\tau_{RC}} \frac{J - v}{J - 1}, \quad
              v \leftarrow 0

    and elsewhere ``E = max(e, 1)``: no logarithm, no exponential, no branch per neuron.
    """
    if overflows(tau_rc, tau_ref, dt):
        return _libm_lif(tau_rc, tau_ref, min_voltage, dt)
    k = math.exp(-dt / tau_rc)
    longest = math.exp(dt / tau_rc)
    jump = math.exp((tau_ref + dt) / tau_rc)

    def step(J: Array, v: Array, E: Array) -> Fired:
        E *= k
        np.maximum(E, 1.0, out=E)
        f = np.minimum(E, longest)
        f *= k
        v -= J
        v *= f
        v += J
        np.maximum(v, min_voltage, out=v)
        fired = (v > 1.0).nonzero()
        if len(fired[0]):
            J_fired = J[fired]
            E[fired] = jump * (J_fired - v[fired]) / (J_fired - 1.0)
            v[fired] = 0.0
        return fired

    return step


def _libm_lif(tau_rc: float, tau_ref: float, min_voltage: float, dt: float) -> LifStep:
    """The same step on the refractory time itself, where its exponential would overflow."""

    def step(J: Array, v: Array, refractory_time: Array) -> Fired:
        refractory_time -= dt
        after = np.minimum(np.maximum(dt - refractory_time, 0.0), dt)
        v -= (J - v) * np.expm1(-after / tau_rc)
        np.maximum(v, min_voltage, out=v)
        fired = (v > 1.0).nonzero()
        if len(fired[0]):
            overshoot = (v[fired] - 1.0) / (J[fired] - 1.0)
            refractory_time[fired] = tau_ref + dt + tau_rc * np.log1p(-overshoot)
            v[fired] = 0.0
        return fired

    return step


def refractory_start(
    refractory_time: Array, tau_rc: float, tau_ref: float, dt: float
) -> NeuronState:
    """The refractory variable of :func:`exact_lif` that stands for a refractory time [s]."""
    if overflows(tau_rc, tau_ref, dt):
        return {"refractory_time": np.array(refractory_time)}
    return {"refractory_factor": np.exp(refractory_time / tau_rc)}


def refractory_variable(state: Mapping[str, Array]) -> Array:
    """The array that :func:`exact_lif` advances beside the voltage."""
    factor = state.get("refractory_factor")
    return state["refractory_time"] if factor is None else factor


def refractory_time(state: Mapping[str, Array], tau_rc: float) -> Array:
    """Refractory time still to come [s], at least 0."""
    factor = state.get("refractory_factor")
    if factor is None:
        return np.maximum(state["refractory_time"], 0.0)
    return tau_rc * np.log(factor)


@dataclass(frozen=True, eq=False)
class LIF(NeuronType):
    r"""Leaky integrate-and-fire neurons; the spike falls inside the step.

    .. math:: \tau_{RC} \frac{dv}{dt} = J - v, \qquad
              a(J) = \frac{1}{\tau_{ref} + \tau_{RC} \ln(1 + 1/(J - 1))} \; (J > 1)

    A neuron fires when ``v`` exceeds 1, and then stays at 0 for ``tau_ref`` seconds.  With
    ``method="exact"`` the time of the spike and the end of the refractory time are found
    inside the step, so that the spike count follows the rate curve to one spike at any
    ``dt``.  With ``method="euler"`` the step is the first one of textbooks and plain-loop
    programs: ``v += dt (J - v) / tau_rc``, and a whole number of refractory steps.

    Parameters
    ----------
    tau_rc : float [s]
        Membrane time constant.
    tau_ref : float [s]
        Absolute refractory time.
    min_voltage : float
        The voltage never falls below this; at most 0.
    amplitude : float
        Output of one spike is ``amplitude / dt``.
    method : {"exact", "euler"}
        How a step is taken.

    References
    ----------
    Eliasmith & Anderson (2003), Neural Engineering, MIT Press.

    Examples
    --------
    >>> lif = LIF()
    >>> lif.rates([0.5, 2.0]).round(3)
    array([ 0.   , 63.042])
    >>> lif.current(lif.rates([2.0])).round(9)
    array([2.])
    """

    tau_rc: float = 0.02
    tau_ref: float = 0.002
    min_voltage: float = 0.0
    amplitude: float = 1.0
    method: str = "exact"

    threshold: ClassVar[float] = 1.0
    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": (0.0, 1.0), "refractory_time": 0.0}
    )

    def __post_init__(self) -> None:
        check_time_constants(self, self.tau_rc, self.tau_ref)
        self._set(
            min_voltage=check.real("LIF", "min_voltage", self.min_voltage, high=0.0),
            amplitude=check.positive("LIF", "amplitude", self.amplitude),
            method=check.one_of("LIF", "method", self.method, ("exact", "euler")),
        )

    @property
    def rate_limit(self) -> float:
        """1 / tau_ref [Hz]."""
        return 1.0 / self.tau_ref if self.tau_ref else math.inf

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the firing rate at constant current ``J`` [Hz]."""
        return self.amplitude * lif_rates(as_current(self, J), self.tau_rc, self.tau_ref)

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the neurons fire at ``rates`` [Hz]; 1 for rate 0."""
        return lif_current(self._current_of(rates), self.tau_rc, self.tau_ref)

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """Voltage and refractory variable of the chosen method."""
        voltage, wait = np.array(initial["voltage"]), np.array(initial["refractory_time"])
        if self.method == "euler":
            return {"voltage": voltage, "refractory_time": wait}
        return {"voltage": voltage} | refractory_start(wait, self.tau_rc, self.tau_ref, dt)

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
            advance = exact_lif(self.tau_rc, self.tau_ref, self.min_voltage, dt)
            fired = advance(J, state["voltage"], refractory_variable(state))
        out[...] = 0.0
        out[fired] = self.amplitude / dt

    def read(self, state: Mapping[str, Array], name: str) -> Array:
        """Voltage, or the refractory time still to come [s]."""
        if name == "refractory_time":
            return refractory_time(state, self.tau_rc)
        return state[name]

    def _euler_step(self, J: Array, v: Array, refractory_time: Array, dt: float) -> Fired:
        """Explicit Euler: the voltage moves, then refractory neurons are held at zero."""
        v += dt * (J - v) / self.tau_rc
        np.maximum(v, self.min_voltage, out=v)
        waiting = refractory_time > 0
        v[waiting] = 0.0
        refractory_time[waiting] -= dt
        fired = (v > 1.0).nonzero()
        v[fired] = 0.0
        refractory_time[fired] = self.tau_ref
        return fired


@dataclass(frozen=True, eq=False)
class LIFRate(NeuronType):
    """Neurons whose output is the LIF firing rate itself, without spikes.

    Parameters
    ----------
    tau_rc, tau_ref : float [s]
        Membrane time constant and refractory time of the rate curve.
    amplitude : float
        The output is ``amplitude`` times the rate.

    Examples
    --------
    >>> bool(LIFRate().rates(2.0) == LIF().rates(2.0))
    True
    """

    tau_rc: float = 0.02
    tau_ref: float = 0.002
    amplitude: float = 1.0

    threshold: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        check_time_constants(self, self.tau_rc, self.tau_ref)
        self._set(amplitude=check.positive("LIFRate", "amplitude", self.amplitude))

    @property
    def rate_limit(self) -> float:
        """1 / tau_ref [Hz]."""
        return 1.0 / self.tau_ref if self.tau_ref else math.inf

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the firing rate at current ``J`` [Hz]."""
        return self.amplitude * lif_rates(as_current(self, J), self.tau_rc, self.tau_ref)

    def current(self, rates: ArrayLike) -> Array:
        """Current that gives firing rates ``rates`` [Hz]; 1 for rate 0."""
        return lif_current(self._current_of(rates), self.tau_rc, self.tau_ref)

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
        out[...] = self.rates(J)
