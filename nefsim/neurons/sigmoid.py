"""Smooth rate neurons: the logistic sigmoid and the hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current


@dataclass(frozen=True, eq=False)
class Sigmoid(NeuronType):
    r"""Rate neurons with a logistic curve; the rate at the intercept is half of the limit.

    .. math:: a(J) = \frac{1}{\tau_{ref} (1 + e^{-J})}

    Parameters
    ----------
    tau_ref : float [s]
        The curve levels off at ``1 / tau_ref``; maximum rates are above half of that.

    Raises
    ------
    ValueError, TypeError
        If ``tau_ref`` is not a number above 0.

    See Also
    --------
    Tanh : A curve through 0, with output of both signs.

    Examples
    --------
    >>> Sigmoid(tau_ref=0.0025).rates([0.0])
    array([200.])
    """

    tau_ref: float = 0.0025

    def __post_init__(self) -> None:
        self._set(tau_ref=check.seconds("Sigmoid", "tau_ref", self.tau_ref))

    @property
    def rate_limit(self) -> float:
        """1 / tau_ref [Hz]."""
        return 1.0 / self.tau_ref

    @property
    def rate_floor(self) -> float:
        """Half of 1 / tau_ref [Hz]."""
        return 0.5 / self.tau_ref

    def rates(self, J: ArrayLike) -> Array:
        """Rate at ``J`` [Hz]; 0 where its exponential overflows."""
        with np.errstate(over="ignore"):
            return 1.0 / self.tau_ref / (1.0 + np.exp(-as_current(self, J)))

    def current(self, rates: ArrayLike) -> Array:
        """Current at which neurons fire at ``rates`` [Hz]; all rates must be above 0."""
        share = self._current_of(rates) * self.tau_ref
        if (share <= 0).any():
            check.fail("Sigmoid.current", "rates", "be above 0", "0", "raise the rates")
        return np.log(share) - np.log1p(-share)

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
        np.negative(J, out=out)
        with np.errstate(over="ignore"):
            np.exp(out, out=out)
        out += 1.0
        np.divide(1.0 / self.tau_ref, out, out=out)


@dataclass(frozen=True, eq=False)
class Tanh(NeuronType):
    r"""Rate neurons with a hyperbolic tangent curve, for output of both signs.

    .. math:: a(J) = \tanh(J) / \tau_{ref}

    Parameters
    ----------
    tau_ref : float [s]
        The curve levels off at plus and minus ``1 / tau_ref``.

    Raises
    ------
    ValueError, TypeError
        If ``tau_ref`` is not a number above 0.

    See Also
    --------
    Sigmoid : A curve with positive output only.

    Examples
    --------
    >>> Tanh(tau_ref=0.0025).rates([0.0, 100.0])
    array([  0., 400.])
    """

    tau_ref: float = 0.0025

    negative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(tau_ref=check.seconds("Tanh", "tau_ref", self.tau_ref))

    @property
    def rate_limit(self) -> float:
        """1 / tau_ref [Hz]."""
        return 1.0 / self.tau_ref

    def rates(self, J: ArrayLike) -> Array:
        """Rate at ``J`` [Hz]."""
        return np.tanh(as_current(self, J)) / self.tau_ref

    def current(self, rates: ArrayLike) -> Array:
        """Current that gives ``rates`` [Hz]."""
        share = self._current_of(rates) * self.tau_ref
        return 0.5 * (np.log1p(share) - np.log1p(-share))

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
        np.tanh(J, out=out)
        out /= self.tau_ref
