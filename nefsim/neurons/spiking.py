"""Spikes from any rate neuron: regular, by stochastic rounding, or Poisson."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import NO_STATE, Array, NeuronState, NeuronType
from nefsim.neurons.direct import Direct
from nefsim.neurons.lif import LIFRate

#: Most spikes of a Poisson neuron in a step, in the mean; NumPy refuses means near 2^63.
MOST_SPIKES = 2.0**62


class _SpikesFromRates(NeuronType):
    """Base class of spiking types that convert the rates of a base type to spikes.

    Each step computes the rate r of the base type.  The output is ``n * amplitude / dt``, where
    n is a whole number with the mean ``r * dt``.
    """

    base_type: NeuronType
    amplitude: float
    extra_state: ClassVar[Mapping[str, float | tuple[float, float]]] = NO_STATE

    spiking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        who = type(self).__name__
        kind, do = "a rate neuron type", "pass one such as LIFRate()"
        base = check.instance(who, "base_type", self.base_type, NeuronType, kind, do)
        if base.spiking or isinstance(base, Direct):
            check.fail(who, "base_type", f"be {kind}", check.show(base), do, TypeError)
        self._set(
            amplitude=check.positive(who, "amplitude", self.amplitude),
            threshold_current=base.threshold_current,
            negative=base.negative,
            initial_state={**base.initial_state, "rate_out": 0.0, **self.extra_state},
        )

    @property
    def size(self) -> int | None:
        """``size`` of the base type."""
        return self.base_type.size

    @property
    def rate_limit(self) -> Any:
        """``rate_limit`` of the base type [Hz]."""
        return self.base_type.rate_limit

    @property
    def rate_floor(self) -> float:
        """``rate_floor`` of the base type [Hz]."""
        return self.base_type.rate_floor

    @property
    def output_per_hertz(self) -> float:
        """``amplitude`` times ``output_per_hertz`` of the base type."""
        return self.amplitude * self.base_type.output_per_hertz

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the rates of the base type [Hz]."""
        return self.amplitude * self.base_type.rates(J)

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the base type gives ``rates`` [Hz]."""
        return self.base_type.current(rates)

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Compute one step of the base type, then spikes from its rates."""
        rates = state["rate_out"]
        self.base_type.step(J, state, dt, rates, rng)
        np.multiply(self._spikes(rates, state, dt, rng), self.amplitude / dt, out=out)

    @abstractmethod
    def _spikes(
        self, rates: Array, state: NeuronState, dt: float, rng: np.random.Generator | None
    ) -> Array:
        """The number of spikes in this step, signed like the rates."""


def _generator(neuron: NeuronType, rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        who = f"{type(neuron).__name__}.step"
        check.fail(who, "rng", "be a Generator", "None", "pass numpy.random.default_rng(seed)")
    return rng


@dataclass(frozen=True, eq=False)
class RegularSpiking(_SpikesFromRates):
    """Spikes at regular intervals: one whenever the integral of the rate reaches 1.

    ``v += r dt; n = floor(v); v -= n``

    Parameters
    ----------
    base_type : NeuronType
        A rate neuron type.
    amplitude : float
        Output of one spike is ``amplitude / dt``.

    Raises
    ------
    ValueError, TypeError
        If ``base_type`` is not a rate neuron type, or ``amplitude`` is not above 0.

    See Also
    --------
    StochasticSpiking, PoissonSpiking

    References
    ----------
    Voelker, Rasmussen & Eliasmith (2020), A spike in performance, arXiv:2002.03553.

    Examples
    --------
    >>> bool(RegularSpiking(LIFRate()).rates(2.0) == LIFRate().rates(2.0))
    True
    """

    base_type: NeuronType = LIFRate()
    amplitude: float = 1.0

    extra_state: ClassVar[Mapping[str, float | tuple[float, float]]] = {"voltage": (0.0, 1.0)}

    def _spikes(
        self, rates: Array, state: NeuronState, dt: float, rng: np.random.Generator | None
    ) -> Array:
        del rng
        v = state["voltage"]
        v += dt * rates
        n_spikes: Array = np.floor(v)
        v -= n_spikes
        return n_spikes


@dataclass(frozen=True, eq=False)
class StochasticSpiking(_SpikesFromRates):
    """Spikes by stochastic rounding: ``r dt`` is rounded up with the probability of its fraction.

    Parameters
    ----------
    base_type : NeuronType
        A rate neuron type.
    amplitude : float
        Output of one spike is ``amplitude / dt``.

    Raises
    ------
    ValueError, TypeError
        If ``base_type`` is not a rate neuron type, or ``amplitude`` is not above 0.

    See Also
    --------
    RegularSpiking, PoissonSpiking

    Examples
    --------
    >>> bool(StochasticSpiking(LIFRate()).rates(2.0) == LIFRate().rates(2.0))
    True
    """

    base_type: NeuronType = LIFRate()
    amplitude: float = 1.0

    random: ClassVar[bool] = True

    def _spikes(
        self, rates: Array, state: NeuronState, dt: float, rng: np.random.Generator | None
    ) -> Array:
        del state
        fraction, n_spikes = np.modf(dt * np.abs(rates))
        n_spikes += _generator(self, rng).random(rates.shape) < fraction
        return np.copysign(n_spikes, rates)


@dataclass(frozen=True, eq=False)
class PoissonSpiking(_SpikesFromRates):
    """Spikes of a Poisson process: the number in a step is Poisson with mean ``r dt``.

    Parameters
    ----------
    base_type : NeuronType
        A rate neuron type.
    amplitude : float
        Output of one spike is ``amplitude / dt``.

    Raises
    ------
    ValueError, TypeError
        If ``base_type`` is not a rate neuron type, or ``amplitude`` is not above 0.

    See Also
    --------
    RegularSpiking, StochasticSpiking

    Examples
    --------
    >>> bool(PoissonSpiking(LIFRate()).rates(2.0) == LIFRate().rates(2.0))
    True
    """

    base_type: NeuronType = LIFRate()
    amplitude: float = 1.0

    random: ClassVar[bool] = True

    def _spikes(
        self, rates: Array, state: NeuronState, dt: float, rng: np.random.Generator | None
    ) -> Array:
        del state
        mean = np.minimum(dt * np.abs(rates), MOST_SPIKES)
        generator = _generator(self, rng)
        try:
            n_spikes = generator.poisson(mean).astype(rates.dtype)
        except ValueError:  # NumPy refuses NaN, which other types pass on
            n_spikes = generator.poisson(np.where(np.isnan(mean), 0.0, mean)) + 0.0 * mean
        return np.copysign(n_spikes, rates)
