"""LIF neurons with adaptation: a slow current, driven by the spikes, opposes the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, as_current
from nefsim.neurons.curves import LIFCurve, Seconds, lif_current, lif_rates
from nefsim.neurons.lif import exact_start, exact_step, refractory_time


def adapted_rates(J: Array, tau_rc: Seconds, tau_ref: Seconds, per_hertz: float) -> Array:
    """Find the rate r [Hz] for which ``J = lif_current(r) + per_hertz * r``, by bisection.

    The right-hand side increases with r, so there is one root, between 0 and the rate without
    adaptation.
    """
    high = lif_rates(J, tau_rc, tau_ref)
    low = np.zeros_like(high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if ((middle == low) | (middle == high)).all():  # no number is between them
            break
        too_low = lif_current(middle, tau_rc, tau_ref) + per_hertz * middle < J
        low = np.where(too_low, middle, low)
        high = np.where(too_low, high, middle)
    return high


class AdaptedCurve(LIFCurve):
    """Mixin: the rate curve of LIF neurons whose adaptation has reached its steady state."""

    tau_n: float
    inc_n: float

    def __post_init__(self) -> None:
        super().__post_init__()
        who, do = type(self).__name__, "pass a current per Hz such as 0.01"
        self._set(
            tau_n=check.seconds(who, "tau_n", self.tau_n),
            inc_n=check.real(who, "inc_n", self.inc_n, do, low=0.0),
        )

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the firing rate after adaptation to current ``J`` [Hz]."""
        per_hertz = self.inc_n * self.amplitude
        return self.amplitude * adapted_rates(
            as_current(self, J), self.tau_rc, self.tau_ref, per_hertz
        )

    def _to_rates(self, J: Array) -> None:
        """Replace checked currents by their :meth:`rates`; the base class omits adaptation."""
        J[...] = self.rates(J)

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the adapted neurons fire at ``rates`` [Hz]."""
        without = super().current(rates)  # checks the rates
        return without + self.inc_n * self.amplitude * np.asarray(rates, np.float64)


@dataclass(frozen=True, eq=False)
class AdaptiveLIF(AdaptedCurve):
    r"""LIF neurons with an adaptation current ``n`` that is subtracted from the input.

    .. math:: \tau_n \frac{dn}{dt} = inc_n \, \delta - n, \qquad
              J_{net} = J - n

    where δ is the output of the neuron.  At a constant current J the firing rate settles at the
    r for which ``J = current_LIF(r) + inc_n * amplitude * r``.  Gains, biases and decoders are
    computed from this steady rate.

    Parameters
    ----------
    tau_rc, tau_ref : float or (N,) array_like [s]
        Membrane time constant and refractory time, of all neurons or of each.
    tau_n : float [s]
        Time constant of the adaptation.
    inc_n : float
        Adaptation current per Hz of output.
    min_voltage : float
        The voltage never falls below this; at most 0.
    amplitude : float
        Output of one spike is ``amplitude / dt``.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or parameters (N,) differ in length.

    See Also
    --------
    LIF : Neurons without adaptation.
    AdaptiveLIFRate : The rate of these neurons, without spikes.

    References
    ----------
    La Camera, Rauch, Luescher, Senn & Fusi (2004), Minimal models of adapted neuronal
    response to in vivo-like input currents, Neural Computation 16.

    Examples
    --------
    >>> AdaptiveLIF().rates([2.0]).round(2), AdaptiveLIF(inc_n=0.0).rates([2.0]).round(2)
    (array([44.32]), array([63.04]))
    """

    tau_rc: Seconds = 0.02
    tau_ref: Seconds = 0.002
    tau_n: float = 1.0
    inc_n: float = 0.01
    min_voltage: float = 0.0
    amplitude: float = 1.0

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": (0.0, 1.0), "refractory_time": 0.0, "adaptation": 0.0}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(min_voltage=check.real("AdaptiveLIF", "min_voltage", self.min_voltage, high=0.0))

    def start(self, initial: Mapping[str, Array], dt: float) -> NeuronState:
        """The initial voltage, refractory variable and adaptation."""
        lif = exact_start("AdaptiveLIF", initial, self.tau_rc, self.tau_ref, dt)
        return lif | {"adaptation": np.array(initial["adaptation"])}

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """One LIF step at ``J - n``, then one Euler step of ``n``."""
        del rng
        adaptation = state["adaptation"]
        net = J - adaptation
        fired = exact_step(net, state, self.tau_rc, self.tau_ref, self.min_voltage, dt)
        out[...] = 0.0
        out[fired] = self.amplitude / dt
        adaptation += (dt / self.tau_n) * (self.inc_n * out - adaptation)

    def read(self, state: Mapping[str, Array], name: str) -> Array:
        """Voltage, adaptation, or the refractory time left at the start of the last step [s]."""
        if name == "refractory_time":
            return refractory_time(state, self.tau_rc)
        return state[name]


@dataclass(frozen=True, eq=False)
class AdaptiveLIFRate(AdaptedCurve):
    """Rate neurons with the LIF curve and adaptation: the rate at current ``J - n``.

    Parameters
    ----------
    tau_rc, tau_ref : float or (N,) array_like [s]
        Membrane time constant and refractory time of the rate curve, of all or of each.
    tau_n : float [s]
        Time constant of the adaptation.
    inc_n : float
        Adaptation current per Hz of output.
    amplitude : float
        The output is ``amplitude`` times the rate.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or parameters (N,) differ in length.

    See Also
    --------
    AdaptiveLIF : The same neurons with spikes.
    LIFRate : Rate neurons without adaptation.

    Examples
    --------
    >>> bool(AdaptiveLIFRate().rates(3.0) == AdaptiveLIF().rates(3.0))
    True
    """

    tau_rc: Seconds = 0.02
    tau_ref: Seconds = 0.002
    tau_n: float = 1.0
    inc_n: float = 0.01
    amplitude: float = 1.0

    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"adaptation": 0.0}
    )

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """The rate at ``J - n``, then one Euler step of ``n``."""
        del rng
        adaptation = state["adaptation"]
        out[...] = self.amplitude * lif_rates(J - adaptation, self.tau_rc, self.tau_ref)
        adaptation += (dt / self.tau_n) * (self.inc_n * out - adaptation)
