"""Recurrent connections by which a population computes a nonlinear dynamical system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim._values import Value, takes_points
from nefsim.dynamics.loops import synapse_of_loop
from nefsim.synapses import Lowpass

Array = NDArray[np.float64]


def realise_function(
    function: Callable[..., Any],
    synapse: float | Lowpass,
    dt: float = 0.001,
    *,
    method: Literal["euler", "rk4", "map", "continuous"] = "euler",
) -> Callable[..., Array]:
    r"""The function that a recurrent connection decodes to compute a dynamical system.

    For :math:`\dot x = f(x, u)` and a lowpass with :math:`a = e^{-dt/\tau}` the function is

    .. math:: g(x, u) = \frac{\Phi(x, u) - a x}{1 - a}

    In direct mode the state is then :math:`x[k + 1] = \Phi(x[k], u[k])`, up to rounding.  The
    step :math:`\Phi` is :math:`x + dt\,f(x, u)` for ``"euler"``, a step of the classical
    Runge-Kutta method for ``"rk4"``, and ``f`` itself for ``"map"``.  ``"continuous"`` is the
    usual approximation for short steps, :math:`g = \tau f(x, u) + x`.

    Parameters
    ----------
    function : callable
        ``f(x)`` or ``f(x, u)`` of an array (..., q), which returns the derivative of x, of the
        same shape and in units of x per second; for ``"map"`` it returns the next state.
    synapse : float [s] or Lowpass
        The synapse of the recurrent connection.
    dt : float [s]
        Length of a step of the network.
    method : "euler", "rk4", "map" or "continuous"
        Method of integration, or "map" if ``function`` is the step itself.

    Returns
    -------
    callable
        ``g(x)`` or ``g(x, u)``, the function of the recurrent connection.

    Raises
    ------
    ValueError
        If an argument is out of range, or f returns an array of another shape than x.
    TypeError
        If ``synapse`` is not a lowpass; others depend on more than the present state.

    See Also
    --------
    realise : Linear systems, for any synapse.

    Examples
    --------
    >>> g = realise_function(lambda x: -x, synapse=0.1, dt=0.001, method="continuous")
    >>> g(np.array([0.5])).round(9)
    array([0.45])
    """
    return Feedback(function, synapse, dt, method)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Feedback(Value):
    """The function of a recurrent connection that :func:`realise_function` returns.

    Parameters
    ----------
    function : callable
        The slope ``f(x)`` or ``f(x, u)``, or the next state for ``"map"``.
    synapse : Lowpass
        The synapse of the recurrent connection.
    dt : float [s]
        Time step of the network.
    method : str
        Method of integration, as for :func:`realise_function`.
    """

    function: Callable[..., Any]
    synapse: Lowpass
    dt: float
    method: str

    def __post_init__(self) -> None:
        who = "realise_function"
        check.function(who, "function", self.function)
        lowpass = synapse_of_loop(who, self.synapse)
        if not isinstance(lowpass, Lowpass):
            do = "pass seconds or Lowpass(tau)"
            check.fail(who, "synapse", "be a lowpass", check.show(self.synapse), do, TypeError)
        methods = ("euler", "rk4", "map", "continuous")
        check.one_of(who, "method", self.method, methods)
        self._set(synapse=lowpass, dt=check.seconds(who, "dt", self.dt))

    @property
    def _takes_points(self) -> bool:  # type: ignore[override]
        return takes_points(self.function)

    def __call__(self, x: ArrayLike, *u: Any) -> Array:
        """Evaluate the function at states (..., q)."""
        x, dt = np.asarray(x, dtype=np.float64), self.dt
        gain, decay = self._filter
        if self.method == "euler":
            return x + dt / gain * self._slope(x, *u)
        if self.method == "continuous":
            return self.synapse.tau * self._slope(x, *u) + x
        if self.method == "map":
            return (self._slope(x, *u) - decay * x) / gain
        k1 = self._slope(x, *u)
        k2 = self._slope(x + dt / 2 * k1, *u)
        k3 = self._slope(x + dt / 2 * k2, *u)
        k4 = self._slope(x + dt * k3, *u)
        return x + dt / gain * (k1 + 2 * k2 + 2 * k3 + k4) / 6

    @cached_property
    def _filter(self) -> tuple[float, float]:
        """Weights of the input and of the previous output in a step of the synapse."""
        (gain,), den = self.synapse.coefficients(self.dt)
        return gain, -den[1] if len(den) > 1 else 0.0

    def _slope(self, x: Array, *u: Any) -> Array:
        value = np.asarray(self.function(x, *u), dtype=np.float64)
        if value.shape != np.shape(x):
            do = "let it give a number for each state"
            got = f"shape {value.shape}"
            check.fail("realise_function", "function", f"give shape {np.shape(x)}", got, do)
        return value
