"""Rectified linear neurons, with and without spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current


@dataclass(frozen=True, eq=False)
class RectifiedLinear(NeuronType):
    """Rectified linear rate neurons: ``a(J) = amplitude * max(J, 0)``.

    Parameters
    ----------
    amplitude : float
        Slope of the rate curve [Hz per unit of current].

    Raises
    ------
    ValueError, TypeError
        If ``amplitude`` is not a number above 0.

    See Also
    --------
    SpikingRectifiedLinear : Spikes at these rates.

    Examples
    --------
    >>> RectifiedLinear().rates([-1.0, 2.5])
    array([0. , 2.5])
    """

    amplitude: float = 1.0

    def __post_init__(self) -> None:
        self._set(amplitude=check.positive("RectifiedLinear", "amplitude", self.amplitude))

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude * max(J, 0)`` [Hz]."""
        return self.amplitude * np.maximum(as_current(self, J), 0.0)

    def current(self, rates: ArrayLike) -> Array:
        """Current of a rate before ``amplitude``: the rate itself."""
        return self._current_of(rates)

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
        np.maximum(J, 0.0, out=out)
        out *= self.amplitude


@dataclass(frozen=True, eq=False)
class SpikingRectifiedLinear(NeuronType):
    r"""Integrate-and-fire without leak: ``v += dt max(J, 0)``, one spike per unit of ``v``.

    .. math:: v \leftarrow v + dt \max(J, 0), \quad n = \lfloor v \rfloor, \quad
              v \leftarrow v - n

    Several spikes may fall into one step.

    Parameters
    ----------
    amplitude : float
        Output of one spike is ``amplitude / dt``.

    Raises
    ------
    ValueError, TypeError
        If ``amplitude`` is not a number above 0.

    See Also
    --------
    RectifiedLinear : The same rate curve without spikes.
    LIF : Spiking neurons with a leak and a refractory time.

    Examples
    --------
    >>> SpikingRectifiedLinear().rates([-1.0, 100.0])
    array([  0., 100.])
    """

    amplitude: float = 1.0

    spiking: ClassVar[bool] = True
    initial_state: ClassVar[Mapping[str, float | tuple[float, float]]] = MappingProxyType(
        {"voltage": (0.0, 1.0)}
    )

    def __post_init__(self) -> None:
        who = "SpikingRectifiedLinear"
        self._set(amplitude=check.positive(who, "amplitude", self.amplitude))

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude * max(J, 0)`` [Hz]."""
        return self.amplitude * np.maximum(as_current(self, J), 0.0)

    def current(self, rates: ArrayLike) -> Array:
        """Current of a firing rate: the rate itself."""
        return self._current_of(rates)

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Integrate ``max(J, 0)``; the whole part of the sum is the number of spikes."""
        del rng
        v = state["voltage"]
        v += np.maximum(J, 0.0) * dt
        n_spikes = np.floor(v)
        np.multiply(n_spikes, self.amplitude / dt, out=out)
        v -= n_spikes
