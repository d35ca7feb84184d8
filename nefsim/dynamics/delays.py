"""Linear systems that approximate a delay, by Legendre polynomials or Padé approximants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering

Array = NDArray[np.float64]

#: More dimensions than these are slips.
MOST_ORDERS = 10_000


def legendre(order: int, theta: float) -> tuple[Array, Array]:
    r"""The linear system that represents the last ``theta`` seconds of its input.

    .. math:: \dot m = A m + B u, \qquad
              A_{ij} = \frac{2i + 1}{\theta}
              \begin{cases} -1 & i < j \\ (-1)^{i-j+1} & i \ge j \end{cases}, \qquad
              B_i = \frac{2i + 1}{\theta} (-1)^i

    The state m holds coefficients of Legendre polynomials, from which :func:`legendre_readout`
    computes the input ``r * theta`` seconds ago.  For r = 1 the transfer function is the
    [q-1/q] Padé approximant of the delay :math:`e^{-\theta s}`.

    Parameters
    ----------
    order : int
        Number of dimensions q.  Frequencies up to about ``q / (4 theta)`` pass.
    theta : float [s]
        Length of the window.

    Returns
    -------
    A : (q, q) ndarray [1/s]
    B : (q, 1) ndarray [1/s]

    Raises
    ------
    ValueError
        If ``order`` is below 1 or ``theta`` is not above 0.

    See Also
    --------
    legendre_readout : Compute the delayed input from the state.
    pade : The same delay in other coordinates.
    lmu : The same system in discrete time.

    References
    ----------
    Voelker, A. R. and Eliasmith, C. (2018). Improving spiking dynamical networks: accurate
    delays, higher-order synapses, and time cells. Neural Computation 30(3), 569-609.

    Voelker, A. R., Kajić, I. and Eliasmith, C. (2019). Legendre memory units: continuous-time
    representation in recurrent neural networks. NeurIPS 32.

    Examples
    --------
    >>> A, B = legendre(order=2, theta=1.0)
    >>> A, B
    (array([[-1., -1.],
           [ 3., -3.]]), array([[ 1.],
           [-3.]]))
    """
    q, seconds = _order_and_theta("legendre", order, theta)
    i, j = np.ogrid[:q, :q]
    rate = (2 * i + 1) / seconds
    A = rate * np.where(i < j, -1.0, np.where((i - j) % 2, 1.0, -1.0))
    B = rate * np.where(i % 2, -1.0, 1.0)
    return A, B


def legendre_readout(order: int, at: ArrayLike = 1.0) -> Array:
    r"""The rows that compute the delayed input from the state m of :func:`legendre`.

    .. math:: u(t - r\,\theta) \approx \sum_i P_i(2 r - 1) \, m_i(t)

    Parameters
    ----------
    order : int
        Number of dimensions q of the state.
    at : float or array_like of any shape
        Delays r as a share of ``theta``, from 0 to 1.

    Returns
    -------
    ndarray of shape ``(*at.shape, q)``
        A row for each delay; its product with the state is the delayed input.

    Raises
    ------
    ValueError
        If an r is outside [0, 1].

    Examples
    --------
    >>> legendre_readout(3, [0.0, 0.5, 1.0])
    array([[ 1. , -1. ,  1. ],
           [ 1. ,  0. , -0.5],
           [ 1. ,  1. ,  1. ]])
    """
    who = "legendre_readout"
    q = _order(who, order)
    r = _shares(who, at)
    polynomials: Array = np.asarray(np.polynomial.legendre.legvander(2 * r - 1, q - 1))
    return polynomials.reshape(*r.shape, q)  # one number gives one row in NumPy


def pade(order: int, theta: float) -> tuple[Array, Array]:
    r"""The linear system that is the [q-1/q] Padé approximant of a delay.

    Its state variables are of similar size.

    .. math:: A = \begin{pmatrix} -v_0 & -v_0 & \cdots & -v_0 \\ v_1 & & & \\
              & \ddots & & \\ & & v_{q-1} & 0 \end{pmatrix}, \quad
              B = (v_0, 0, \dots, 0)^T, \quad v_i = \frac{(q + i)(q - i)}{(i + 1)\,\theta}

    Parameters
    ----------
    order : int
        Number of dimensions q.
    theta : float [s]
        The delay.

    Returns
    -------
    A : (q, q) ndarray [1/s]
    B : (q, 1) ndarray [1/s]

    Raises
    ------
    ValueError
        If ``order`` is below 1 or ``theta`` is not above 0.

    See Also
    --------
    pade_readout : Compute shorter delays from the state.
    legendre : The same delay in coordinates that are coefficients of polynomials of time.

    References
    ----------
    Voelker, A. R. and Eliasmith, C. (2018). Improving spiking dynamical networks: accurate
    delays, higher-order synapses, and time cells. Neural Computation 30(3), 569-609.

    Examples
    --------
    >>> pade(order=2, theta=1.0)
    (array([[-4. , -4. ],
           [ 1.5,  0. ]]), array([[4.],
           [0.]]))
    """
    q, seconds = _order_and_theta("pade", order, theta)
    i = np.arange(q)
    v = (q + i) * (q - i) / ((i + 1) * seconds)
    A = np.diag(v[1:], -1)
    A[0] = -v[0]
    B = np.zeros((q, 1))
    B[0] = v[0]
    return A, B


def pade_readout(order: int, at: ArrayLike = 1.0) -> Array:
    r"""The rows w(r) that compute the delayed input from the state of :func:`pade`.

    .. math:: w_{q-1-i}(r) = \binom{q}{i}^{-1} \sum_{j=0}^{i}
              \binom{q}{j} \binom{2q - 1 - j}{i - j} (-r)^{i-j}

    Parameters
    ----------
    order : int
        Number of dimensions q of the state.
    at : float or array_like of any shape
        Delays r as a share of ``theta``, from 0 to 1.

    Returns
    -------
    ndarray of shape ``(*at.shape, q)``
        A row for each delay; its product with the state is the delayed input.

    Raises
    ------
    ValueError
        If an r is outside [0, 1], or ``order`` is above 30, where the sums lose all digits.

    Examples
    --------
    >>> pade_readout(2, 1.0)
    array([-0.5,  1. ])
    """
    who = "pade_readout"
    q = check.integer(who, "order", order, "pass at most 30, or use legendre", 1, 30)
    r = _shares(who, at)
    from math import comb

    rows = [
        sum(comb(q, j) * comb(2 * q - 1 - j, i - j) * (-r) ** (i - j) for j in range(i + 1))
        / comb(q, i)
        for i in range(q)
    ]
    return np.stack(rows[::-1], axis=-1)


def lmu(order: int, theta: float, dt: float = 1.0, method: str = "zoh") -> tuple[Array, Array]:
    r"""The matrices of a Legendre memory unit, which is :func:`legendre` in discrete time.

    .. math:: m[k + 1] = A_d\,m[k] + B_d\,u[k]

    with :math:`A_d = e^{A\,dt}` and :math:`B_d = \int_0^{dt} e^{A t} B\,dt` (``"zoh"``), or
    :math:`A_d = I + A\,dt` and :math:`B_d = B\,dt` (``"euler"``).

    Parameters
    ----------
    order : int
        Number of dimensions q.
    theta : float
        Length of the window, in seconds, or in steps if ``dt`` is 1.
    dt : float
        Length of a step, in the unit of ``theta``.
    method : "zoh" or "euler"
        Method of discretisation: ``"zoh"`` (zero-order hold) is exact for an input that is
        constant within a step; ``"euler"`` is Euler's method, unstable for high orders.

    Returns
    -------
    Ad : (q, q) ndarray
    Bd : (q, 1) ndarray

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> Ad, Bd = lmu(order=1, theta=10.0)
    >>> bool(np.isclose(Ad[0, 0], np.exp(-0.1))), bool(np.isclose(Bd[0, 0], 1 - np.exp(-0.1)))
    (True, True)
    """
    q, seconds = _order_and_theta("lmu", order, theta)
    step = check.seconds("lmu", "dt", dt)
    how = check.one_of("lmu", "method", method, ("zoh", "euler"))
    A, B = legendre(q, seconds)
    return filtering.held_matrices(A, B, step) if how == "zoh" else (np.eye(q) + A * step, B * step)


def _order(who: str, order: Any) -> int:
    return check.integer(who, "order", order, "pass how many dimensions", 1, MOST_ORDERS)


def _order_and_theta(who: str, order: Any, theta: Any) -> tuple[int, float]:
    return _order(who, order), check.seconds(who, "theta", theta)


def _shares(who: str, at: Any) -> Array:
    return check.array(who, "at", at, None, "pass shares of the window, 0 to 1", 0.0, 1.0)
