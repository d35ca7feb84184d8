"""Reduce the order of linear systems by balanced truncation."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.algebra import Array
from nefsim.dynamics.system import LinearSystem


def gramians(system: LinearSystem) -> tuple[Array, Array]:
    r"""The Gramians of controllability and observability of a linear system.

    .. math:: P = \int_0^\infty e^{A t} B B^T e^{A^T t} dt, \qquad
              Q = \int_0^\infty e^{A^T t} C^T C\, e^{A t} dt

    In discrete time the integrals are sums over steps.

    Parameters
    ----------
    system : LinearSystem
        A stable system.

    Returns
    -------
    P, Q : (q, q) ndarray
        The Gramians of controllability and of observability.

    Raises
    ------
    ValueError
        If a pole of the system does not decay.

    References
    ----------
    Moore, B. C. (1981). Principal component analysis in linear systems: controllability,
    observability, and model reduction. IEEE Transactions on Automatic Control 26(1), 17-32.

    Examples
    --------
    >>> gramians(LinearSystem([[-2.0]], [[1.0]]))
    (array([[0.25]]), array([[0.25]]))
    """
    return _gramians("gramians", system)


def hankel_values(system: LinearSystem) -> Array:
    r"""The Hankel singular values, which rank the states of a balanced system.

    .. math:: \sigma_i = \sqrt{\lambda_i(P Q)}, \qquad \sigma_1 \ge \sigma_2 \ge \dots

    Parameters
    ----------
    system : LinearSystem
        A stable system.

    Returns
    -------
    (q,) ndarray
        Hankel singular values, the largest first.

    Raises
    ------
    ValueError
        If a pole of the system does not decay.

    See Also
    --------
    truncate : Retain the states with the largest values.

    Examples
    --------
    >>> hankel_values(LinearSystem([[-2.0]], [[1.0]]))
    array([0.25])
    """
    return _factors("hankel_values", system)[1]


def truncate(system: LinearSystem, order: int, keep_gain: bool = False) -> LinearSystem:
    r"""Reduce the order of a system by balanced truncation.

    The states with the largest Hankel singular values :math:`\sigma` remain.  The transfer
    function changes by at most :math:`2 \sum_{i > r} \sigma_i` at any frequency.

    Parameters
    ----------
    system : LinearSystem
        A stable system.
    order : int
        Number of states r of the result.  With the order of the system, it is only balanced.
    keep_gain : bool
        Whether the gain for constants is unchanged (removed states follow at once), or removed
        states are 0.

    Returns
    -------
    LinearSystem
        A system with r states, in balanced coordinates.

    Raises
    ------
    ValueError
        If a pole does not decay, or ``order`` is above the number of states that are
        controllable and observable.

    See Also
    --------
    hankel_values : The Hankel singular values.

    References
    ----------
    Laub, A. J., Heath, M. T., Paige, C. C. and Ward, R. C. (1987). Computation of system
    balancing transformations and other applications of simultaneous diagonalization
    algorithms. IEEE Transactions on Automatic Control 32(2), 115-122.

    Examples
    --------
    A fast pole is left out:

    >>> slow, fast = LinearSystem([[-1.0]], [[1.0]]), LinearSystem([[-900.0]], [[900.0]])
    >>> truncate(fast @ slow, 1).poles.real.round(2)
    array([-1.])
    """
    who = "truncate"
    L, sizes, M, U, V = _factors(who, system)
    do = "pass how many states to leave"
    check.flag(who, "keep_gain", keep_gain)
    reached = int((sizes > sizes[:1].max(initial=0.0) * 1e-14).sum())
    r = check.integer(who, "order", order, do, 0, reached)
    left = reached if keep_gain else r  # in balanced coordinates, with those that follow at once
    root = np.sqrt(sizes[:left])
    into, back = (U[:, :left] / root).T @ M.T, L @ V[:, :left] / root
    A, B, C, D = system.matrices
    A, B, C = into @ A @ back, into @ B, C @ back
    if left > r:
        one = np.eye(left - r) if system.dt is not None else np.zeros((left - r, left - r))
        rest = np.linalg.solve(one - A[r:, r:], np.hstack([A[r:, :r], B[r:]]))
        D = D + C[:, r:] @ rest[:, r:]
        C = C[:, :r] + C[:, r:] @ rest[:, :r]
        B = B[:r] + A[:r, r:] @ rest[:, r:]
        A = A[:r, :r] + A[:r, r:] @ rest[:, :r]
    return LinearSystem(A, B, C, D, system.dt)


def _factors(who: str, system: LinearSystem) -> tuple[Array, Array, Array, Array, Array]:
    """The factors L and M with P = L Lᵀ and Q = M Mᵀ, and the decomposition Mᵀ L = U σ Vᵀ."""
    L, M = (_root(gramian) for gramian in _gramians(who, system))
    U, sizes, Vt = np.linalg.svd(M.T @ L)
    return L, sizes, M, U, Vt.T


def _root(gramian: Array) -> Array:
    """A factor L with ``gramian = L Lᵀ``; eigenvalues below 0 by rounding count as 0."""
    sizes, vectors = np.linalg.eigh((gramian + gramian.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(sizes, 0.0)))


def _gramians(who: str, system: Any) -> tuple[Array, Array]:
    from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

    checked = stable(who, system)
    A, B, C, _ = checked.matrices
    if checked.dt is None:
        P = solve_continuous_lyapunov(A, -B @ B.T)
        Q = solve_continuous_lyapunov(A.T, -C.T @ C)
    else:
        P = solve_discrete_lyapunov(A, B @ B.T)
        Q = solve_discrete_lyapunov(A.T, C.T @ C)
    return np.asarray(P), np.asarray(Q)


def stable(who: str, system: Any) -> LinearSystem:
    """Check that a system is a linear system whose poles decay."""
    checked: LinearSystem = check.instance(
        who, "system", system, LinearSystem, "a LinearSystem", "pass LinearSystem(A, B)"
    )
    if not checked.is_stable:
        poles = ", ".join(f"{pole:.4g}" for pole in checked.poles[:4])
        check.fail(who, "system", "have poles that decay", f"poles {poles}", "take a stable one")
    return checked
