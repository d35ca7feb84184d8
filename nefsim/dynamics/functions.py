"""Recurrent connections by which a population computes a nonlinear dynamical system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
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
    who = "realise_function"
    f = check.function(who, "function", function)
    lowpass = synapse_of_loop(who, synapse)
    if not isinstance(lowpass, Lowpass):
        do = "pass seconds or Lowpass(tau)"
        check.fail(who, "synapse", "be a lowpass", check.show(synapse), do, TypeError)
    step = check.seconds(who, "dt", dt)
    how = check.one_of(who, "method", method, ("euler", "rk4", "map", "continuous"))
    (gain,), den = lowpass.coefficients(step)
    a = -den[1] if len(den) > 1 else 0.0

    def slope(x: Array, *u: Any) -> Array:
        value = np.asarray(f(x, *u), dtype=np.float64)
        if value.shape != np.shape(x):
            do = "let it give a number for each state"
            check.fail(who, "function", f"give shape {np.shape(x)}", f"shape {value.shape}", do)
        return value

    def euler(x: Array, *u: Any) -> Array:
        return x + step / gain * slope(x, *u)

    def rk4(x: Array, *u: Any) -> Array:
        k1 = slope(x, *u)
        k2 = slope(x + step / 2 * k1, *u)
        k3 = slope(x + step / 2 * k2, *u)
        k4 = slope(x + step * k3, *u)
        return x + step / gain * (k1 + 2 * k2 + 2 * k3 + k4) / 6

    def following(x: Array, *u: Any) -> Array:
        return (slope(x, *u) - a * x) / gain

    def continuous(x: Array, *u: Any) -> Array:
        return lowpass.tau * slope(x, *u) + x

    step_of = {"euler": euler, "rk4": rk4, "map": following, "continuous": continuous}[how]

    def feedback(x: ArrayLike, *u: Any) -> Array:
        return step_of(np.asarray(x, dtype=np.float64), *u)

    return feedback
