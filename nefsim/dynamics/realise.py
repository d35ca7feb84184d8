"""Principle 3: the transforms by which a population with a synapse computes a linear system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim.dynamics.loops import around_the_loop, entries, synapse_of_loop
from nefsim.synapses import Alpha, DoubleExp, LinearFilter, Lowpass, Synapse

Array = NDArray[np.float64]

#: A loop whose equations lose more digits than this is refused.
MOST_LOST = 1e13

#: How far a computed pole of size 1 may be from it; a double pole is found to 1e-8.
SLACK = 1e-7


@dataclass(frozen=True, eq=False)
class Realisation:
    """The connections by which a population computes a linear system.

    Attributes
    ----------
    recurrent : (q, q) ndarray
        Transform A' of the recurrent connection.
    inputs : list of (matrix, synapse)
        Transform (q, m) and synapse of each connection from the input to the population; all
        of them are needed.  The first synapse is that of the recurrent connection.
    synapse : Synapse
        The synapse of the recurrent connection.
    A, B : (q, q) and (q, m) ndarray
        The system in discrete time: ``x[k + 1] = A x[k] + B u[k]``.
    dt : float [s]
        Time step of the network.
    hidden : ((n - 1) q,) ndarray of complex
        Further poles of the loop, in z, for a synapse of order n.  They describe the decay of
        deviations of the synapse's states from those of the system.
    """

    recurrent: Array
    inputs: list[tuple[Array, Synapse]]
    synapse: Synapse
    A: Array
    B: Array
    dt: float
    hidden: NDArray[np.complex128]


def realise(
    A: ArrayLike,
    B: ArrayLike | None,
    synapse: float | Synapse,
    dt: float = 0.001,
    *,
    analog: bool = True,
    method: Literal["exact", "continuous"] = "exact",
) -> Realisation:
    r"""Find the transforms by which a population with a synapse computes a linear system.

    The system, in continuous time :math:`\dot x = A x + B u`, or with ``analog=False``
    :math:`x[k + 1] = A_d\,x[k] + B_d\,u[k]`, is realised by a population whose input is

    .. math:: x = h * (A' x) + \sum_i h_i * (B_i u)

    with the synapse h of the recurrent connection, and a synapse :math:`h_i` of an input
    connection for each state of h.  Let :math:`s \leftarrow F s + g v` with the output
    :math:`c\,s` be the synapse together with the step of its connection.  The states of all
    synapses are then :math:`T x`, with

    .. math:: T_i A_d = \sum_j F_{ij} T_j + g_i A', \qquad \sum_i c_i T_i = I, \qquad
              \sum_i k_i B_i = T B_d

    where :math:`k_i` is the effect of the input of :math:`h_i` on s.  This is exact: in direct
    mode the states are those of the system up to rounding.  For a lowpass with
    :math:`a = e^{-dt/\tau}` the result is :math:`A' = (A_d - a)/(1 - a)` and
    :math:`B' = B_d/(1 - a)`.  For :class:`Alpha` and :class:`DoubleExp`, two lowpasses in a
    row, there is a second input connection with one lowpass.

    A synapse of order n has n q states, q of which represent the system.  The others have the
    poles ``hidden``.  For two lowpasses in a row these are about :math:`-2/\tau - \lambda` for
    each pole λ of A, so no pole of A may decay faster than :math:`2/\tau`.

    ``method="continuous"`` is the usual approximation for steps much shorter than the synapse,
    whose transfer function is :math:`H(s) = n(s)/d(s)`:

    .. math:: A' = d(A)\,n(A)^{-1}, \qquad
              B' = Q(0)\,B, \quad Q(s)\,(s - A) = d(s) - n(s) A'

    For a lowpass this is :math:`A' = \tau A + I`, :math:`B' = \tau B`.

    Parameters
    ----------
    A : (q, q) array_like
        State matrix [1/s]; without a unit in discrete time.
    B : (q, m) or (q,) array_like or None
        Input matrix; None for a system without input.
    synapse : float [s] or Synapse
        Synapse h of the recurrent connection, of any order; a number is the time constant of a
        :class:`Lowpass`.
    dt : float [s]
        Time step of the network.
    analog : bool
        Whether A and B are in continuous time; the input is then constant within a step.
    method : "exact" or "continuous"
        Whether the result is exact for steps of ``dt``, or the approximation for short steps.

    Returns
    -------
    Realisation
        With ``recurrent`` (q, q) and ``inputs``, a list of pairs of a matrix (q, m) and a
        synapse.

    Raises
    ------
    ValueError
        If shapes do not match, the system overflows within a step, the synapse is 0 at a pole
        of the system, or a hidden pole grows because the system is too fast for a synapse of
        higher order.
    TypeError
        If the synapse is None or not a synapse.

    See Also
    --------
    realise_function : The same for nonlinear systems.
    legendre : A linear system that represents a delay.

    References
    ----------
    Eliasmith, C. and Anderson, C. H. (2003). Neural Engineering. MIT Press, chapter 8.

    Voelker, A. R. and Eliasmith, C. (2018). Improving spiking dynamical networks: accurate
    delays, higher-order synapses, and time cells. Neural Computation 30(3), 569-609.

    Examples
    --------
    An integrator with an alpha synapse: the recurrent transform is 1, and the input enters
    through two synapses.

    >>> import nefsim as nef
    >>> real = realise([[0.0]], [[1.0]], nef.Alpha(0.1))
    >>> real.recurrent.round(9)
    array([[1.]])
    >>> [(matrix.round(2).tolist(), synapse) for matrix, synapse in real.inputs]
    [([[0.1]], Alpha(tau=0.1)), ([[0.1]], Lowpass(tau=0.1))]
    """
    who = "realise"
    A, B = checked_system(who, A, B)
    loop = synapse_of_loop(who, synapse)
    step = check.seconds(who, "dt", dt)
    if check.flag(who, "analog", analog):
        with_step = discrete(who, A, B, step)
    elif method == "continuous":
        do = "pass the system in continuous time, or method='exact'"
        check.fail(who, "analog", "be True for the continuous method", "False", do)
    else:
        with_step = A, B
    if check.one_of(who, "method", method, ("exact", "continuous")) == "exact":
        recurrent, inputs, hidden = _exact(who, *with_step, loop, step)
        _refuse_growth(who, hidden, with_step[0])
    else:
        recurrent, inputs = _continuous(who, A, B, loop)
        hidden = np.zeros(0, dtype=complex)
    return Realisation(recurrent, inputs, loop, *with_step, step, hidden)


def checked_system(who: str, A: Any, B: Any) -> tuple[Array, Array]:
    """Check the shapes of A (q, q) and B (q, m); without B, m is 0."""
    A = check.array(who, "A", A, do="pass a square matrix")
    if A.ndim != 2 or not A.size or len(A) != A.shape[1]:
        check.fail(who, "A", "have shape (q, q)", f"shape {A.shape}", "pass a square matrix")
    if B is None:
        return A, np.zeros((len(A), 0))
    do = "pass a row for each state"
    B = check.array(who, "B", B, do=do)
    B = B[:, None] if B.ndim == 1 else B
    return A, check.array(who, "B", B, (len(A), None), do)


def discrete(who: str, A: Array, B: Array, dt: float) -> tuple[Array, Array]:
    """The system in discrete time, for inputs that are constant within a step."""
    Ad, Bd = filtering.held_matrices(A, B, dt)
    if not (np.isfinite(Ad).all() and np.isfinite(Bd).all()):
        do = "check its unit, 1/s, or lower dt"
        check.fail(who, "A", "stay finite for a step", f"an overflow at dt = {dt:g} s", do)
    return Ad, Bd


def _exact(
    who: str, A: Array, B: Array, synapse: Synapse, dt: float
) -> tuple[Array, list[tuple[Array, Synapse]], NDArray[np.complex128]]:
    loop = around_the_loop(synapse, dt)
    F, g, c, _ = loop
    n, q = len(F), len(A)
    one = np.eye(q)
    equations = np.zeros(((n + 1) * q, (n + 1) * q))
    equations[: n * q, : n * q] = np.kron(np.eye(n), A) - np.kron(F, one)
    equations[: n * q, n * q :] = -np.kron(g[:, None], one)
    equations[n * q :, : n * q] = np.kron(c, one)
    wanted = np.zeros(((n + 1) * q, q))
    wanted[n * q :] = one
    solution = _solved(who, equations, wanted)
    states, recurrent = solution[: n * q].reshape(n, q, q), solution[n * q :]
    whole = np.kron(F, one) + np.kron(np.outer(g, c), recurrent)
    hidden = _further_poles(whole, states.reshape(n * q, q))
    if not B.size:
        return recurrent, [], hidden
    vectors, filters = entries(synapse, loop, dt)
    shares = np.linalg.solve(vectors, (states @ B).reshape(n, -1)).reshape(n, q, -1)
    return recurrent, list(zip(shares, filters, strict=True)), hidden


def _further_poles(whole: Array, states: Array) -> NDArray[np.complex128]:
    """Eigenvalues of a matrix except those of an invariant subspace."""
    basis = np.linalg.qr(states, mode="complete")[0][:, states.shape[1] :]
    return np.linalg.eigvals(basis.T @ whole @ basis).astype(complex)


def _refuse_growth(who: str, hidden: NDArray[np.complex128], A: Array) -> None:
    """Refuse a loop whose rounding errors outgrow the system."""
    allowed = max(1.0, np.abs(np.linalg.eigvals(A)).max()) * (1 + SLACK)
    if hidden.size and np.abs(hidden).max() > allowed:
        must = "be short enough for the system"
        got = f"one with further poles up to {np.abs(hidden).max():.6g} in z, which grow"
        check.fail(who, "synapse", must, got, "shorten the synapse or take a Lowpass")


def _solved(who: str, equations: Array, wanted: Array) -> Array:
    """Solve linear equations after scaling their rows."""
    scale = np.abs(equations).max(axis=1, keepdims=True)
    scaled = equations / np.where(scale, scale, 1.0)
    if not np.linalg.cond(scaled) < MOST_LOST:
        must = "have no pole at which the synapse passes nothing on"
        do = "take another synapse or move the pole"
        check.fail(who, "A", must, "one at a zero of the synapse", do)
    return np.asarray(np.linalg.solve(scaled, wanted / np.where(scale, scale, 1.0)))


def _continuous(
    who: str, A: Array, B: Array, synapse: Synapse
) -> tuple[Array, list[tuple[Array, Synapse]]]:
    num, den = _transfer(who, synapse)
    n, one = len(den) - 1, np.eye(len(A))
    num = np.pad(num, (n + 1 - len(num), 0))
    recurrent = _solved(who, _at(num, A), _at(den, A))
    # Horner's scheme divides d(s) - n(s) A' by s - A; its last but one line is Q(0).
    divided = np.zeros_like(A)
    for d, b in zip(den[:-1], num[:-1], strict=True):
        divided = divided @ A + d * one - b * recurrent
    return recurrent, [(divided @ B, synapse)] if B.size else []


def _at(polynomial: Array, A: Array) -> Array:
    """Evaluate a polynomial, with the highest power first, at a matrix."""
    value = np.zeros_like(A)
    for number in polynomial:
        value = value @ A + number * np.eye(len(A))
    return value


def _transfer(who: str, synapse: Synapse) -> tuple[Array, Array]:
    """Numerator and denominator of a synapse in s, with the highest power first."""
    if isinstance(synapse, Lowpass):
        return np.ones(1), np.array([synapse.tau, 1.0])
    if isinstance(synapse, (Alpha, DoubleExp)):
        pair = (synapse.tau,) * 2 if isinstance(synapse, Alpha) else (synapse.tau1, synapse.tau2)
        return np.ones(1), np.array([pair[0] * pair[1], sum(pair), 1.0])
    if isinstance(synapse, LinearFilter) and synapse.analog:
        return np.asarray(synapse.num), np.asarray(synapse.den)
    do = "pass a lowpass, Alpha, DoubleExp or LinearFilter, or method='exact'"
    check.fail(who, "synapse", "have a transfer function of s", check.show(synapse), do)
