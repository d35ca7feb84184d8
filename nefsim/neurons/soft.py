"""The soft LIF rate: a smooth rate curve for training by gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.neurons.base import Array, NeuronState, NeuronType, as_current
from nefsim.neurons.curves import check_time_constants

#: Below this, log(1 + 1/z) is -q - log(sigma) to the last digit of a double.
FAR_BELOW = -36.0


def soft_lif_rates(J: Any, tau_rc: Any, tau_ref: Any, sigma: float, xp: Any = np) -> Any:
    r"""Firing rate of a LIF neuron whose threshold is soft.

    .. math:: z = \sigma \ln(1 + e^{(J - 1)/\sigma}), \qquad
              r = \frac{1}{\tau_{ref} + \tau_{RC} \ln(1 + 1/z)}

    Parameters
    ----------
    J : array
        Currents, the threshold being 1.
    tau_rc, tau_ref : float [s]
        Time constants.
    sigma : float
        Softness of the threshold; at 0 the curve would be that of :class:`nefsim.LIF`.
    xp : module
        ``numpy`` or ``torch``, the package of ``J``.

    Returns
    -------
    array [Hz]
    """
    q = (J - 1.0) / sigma
    far = q < FAR_BELOW
    near = xp.clip(q, FAR_BELOW, None)
    z = sigma * (xp.clip(near, 0.0, None) + xp.log1p(xp.exp(-xp.abs(near))))
    logarithm = xp.where(far, -q - math.log(sigma), xp.log1p(1.0 / z))
    return 1.0 / (tau_ref + tau_rc * logarithm)


@dataclass(frozen=True, eq=False)
class SoftLIFRate(NeuronType):
    """Rate neurons with a smoothed LIF curve, :func:`soft_lif_rates`.

    The curve has a finite slope, so that networks can be trained with it.  Run them with
    :class:`nefsim.LIF` of the same time constants.

    Parameters
    ----------
    tau_rc, tau_ref : float [s]
        Membrane time constant and refractory time.
    sigma : float
        Softness of the threshold, in units of the threshold current.
    amplitude : float
        The output is ``amplitude`` times the rate.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    See Also
    --------
    LIF : The spiking neurons that run a network trained with this curve.
    LIFRate : The rate curve without softness.

    References
    ----------
    Hunsberger & Eliasmith (2015), Spiking deep networks with LIF neurons, arXiv:1510.08829.

    Examples
    --------
    >>> SoftLIFRate(sigma=0.02).rates([0.9, 2.0]).round(2)
    array([ 5.55, 63.04])
    """

    tau_rc: float = 0.02
    tau_ref: float = 0.002
    sigma: float = 0.02
    amplitude: float = 1.0

    threshold_current: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        check_time_constants(self, self.tau_rc, self.tau_ref)
        self._set(
            sigma=check.real("SoftLIFRate", "sigma", self.sigma, low=1e-6, high=1e6),
            amplitude=check.positive("SoftLIFRate", "amplitude", self.amplitude),
        )

    @property
    def rate_limit(self) -> float:
        """1 / tau_ref [Hz]."""
        return 1.0 / self.tau_ref if self.tau_ref else math.inf

    @property
    def rate_floor(self) -> float:
        """The rate at the threshold current, where the LIF neuron is silent [Hz]."""
        return float(soft_lif_rates(np.ones(()), self.tau_rc, self.tau_ref, self.sigma))

    def rates(self, J: ArrayLike) -> Array:
        """``amplitude`` times the soft rate at current ``J`` [Hz]."""
        return self.amplitude * self._soft(as_current(self, J))

    def current(self, rates: ArrayLike) -> Array:
        """Current at which the neurons fire at ``rates`` [Hz], which must be above 0."""
        r = self._current_of(rates)
        if (r <= 0.0).any():
            who, do = "SoftLIFRate.current", "raise the rates"
            check.fail(who, "rates", "be above 0 Hz", f"{r.min():g} Hz", do)
        with np.errstate(over="ignore", divide="ignore"):
            interval = (1.0 / r - self.tau_ref) / self.tau_rc
            z = 1.0 / np.expm1(interval) / self.sigma
            # The inverse of softplus, log(exp(z) - 1), without overflow; for small z it is
            # log z, which is -interval - log(sigma) where z itself would be 0.
            q = np.where(z > 1e-12, z + np.log(-np.expm1(-z)), -interval - math.log(self.sigma))
        return np.asarray(1.0 + self.sigma * q)

    def step(
        self,
        J: Array,
        state: NeuronState,
        dt: float,
        out: Array,
        rng: np.random.Generator | None = None,
    ) -> None:
        """The soft rates at ``J``; there is no state."""
        del state, dt, rng
        np.multiply(self._soft(J), self.amplitude, out=out)

    def _soft(self, J: Array) -> Array:
        return np.asarray(soft_lif_rates(J, self.tau_rc, self.tau_ref, self.sigma))
