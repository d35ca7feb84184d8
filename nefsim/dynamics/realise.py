"""Principle 3: the recurrent connection and the inputs that make a synapse a linear system."""

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
    """A linear system on a synapse, as :func:`realise` gives it.

    Attributes
    ----------
    recurrent : (q, q) ndarray
        A', the transform of the connection from the state to itself.
    inputs : list of (matrix, synapse)
        The connections from the input to the state: each has a transform (q, m) and a synapse.
        Their sum is the input.  The first synapse is that of the loop.
    synapse : Synapse
        The synapse of the recurrent connection.
    A, B : (q, q) and (q, m) ndarray
        The system in discrete time: ``x[k + 1] = A x[k] + B u[k]``.
    dt : float [s]
        Length of the step.
    hidden : ((n - 1) q,) ndarray of complex
        Further poles of the loop, in z: how the n states of each synapse come back to those of
        the system where they differ.
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
    r"""Transforms with which a population and its synapse are a linear system.

    The system, in continuous time :math:`\dot x = A x + B u`, or with ``analog=False``
    :math:`x[k + 1] = A_d\,x[k] + B_d\,u[k]`, is realised by a population whose input is

    .. math:: x = h * (A' x) + \sum_i h_i * (B_i u)

    with the synapse h and one more filter :math:`h_i` for each of its further states.  Let
    :math:`s \leftarrow F s + g v`, of which :math:`c\,s` is seen, be the synapse with the step
    of its connection.  Then the states of all synapses are :math:`T x`, with

    .. math:: T_i A_d = \sum_j F_{ij} T_j + g_i A', \qquad \sum_i c_i T_i = I, \qquad
              \sum_i k_i B_i = T B_d

    :math:`k_i` being how the filter :math:`h_i` enters s.  This is exact: in direct mode the
    states are those of the system up to rounding.  For a lowpass with :math:`a = e^{-dt/\tau}`
    it is :math:`A' = (A_d - a)/(1 - a)`, :math:`B' = B_d/(1 - a)`; for two lowpasses in a row,
    :class:`Alpha` and :class:`DoubleExp`, a second input goes through one of them.

    A synapse of the order n has n q states, of which the system takes up q.  The others have
    poles too, ``hidden``; of two lowpasses in a row they are about :math:`-2/\tau - \lambda` for
    each pole λ of A, so that no state may decay faster than :math:`2/\tau`.

    With ``method="continuous"`` it is the usual approximation, for steps much shorter than the
    synapse, of which :math:`H(s) = n(s)/d(s)` is the transfer function:

    .. math:: A' = d(A)\,n(A)^{-1}, \qquad
              B' = Q(0)\,B, \quad Q(s)\,(s - A) = d(s) - n(s) A'

    which is :math:`A' = \tau A + I`, :math:`B' = \tau B` for a lowpass.

    Parameters
    ----------
    A : (q, q) array_like
        The system, [1/s] where it is analog.
    B : (q, m) or (q,) array_like or None
        How the input enters; None for a system without one.
    synapse : float [s] or Synapse
        The synapse of the loop, of any order; seconds stand for a :class:`Lowpass`.
    dt : float [s]
        Length of a step of the network.
    analog : bool
        Whether A and B are of continuous time; then the input stands still within a step.
    method : "exact" or "continuous"
        For steps of ``dt``, or the approximation for short steps.

    Returns
    -------
    Realisation
        With ``recurrent`` (q, q) and ``inputs``, a list of pairs of a matrix (q, m) and a
        synapse.

    Raises
    ------
    ValueError
        If shapes do not fit, if the system overflows within a step, if the synapse passes
        nothing on at a pole of the system, so that no loop can have this pole, or if the loop
        has further poles that grow: the states of a synapse of higher order leave those of
        the system where this is faster than the synapse.
    TypeError
        If the synapse is None or no synapse.

    See Also
    --------
    realise_function : The same for functions of the state that are not linear.
    legendre : The system of a delay.

    References
    ----------
    Eliasmith, C. and Anderson, C. H. (2003). Neural Engineering. MIT Press, chapter 8.

    Voelker, A. R. and Eliasmith, C. (2018). Improving spiking dynamical networks: accurate
    delays, higher-order synapses, and time cells. Neural Computation 30(3), 569-609.

    Examples
    --------
    An integrator on an alpha synapse: the state is fed back as it is, and the input enters by
    two synapses.

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
    """A (q, q) and B (q, m); without B, m is 0."""
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
    """The system for inputs that stand still within a step."""
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
    """Eigenvalues of a matrix besides those of a space that it maps into itself."""
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
    """The solution of linear equations whose rows may be of any size."""
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
    """A polynomial, the highest power first, of a matrix."""
    value = np.zeros_like(A)
    for number in polynomial:
        value = value @ A + number * np.eye(len(A))
    return value


def _transfer(who: str, synapse: Synapse) -> tuple[Array, Array]:
    """Polynomials of s, the highest power first."""
    if isinstance(synapse, Lowpass):
        return np.ones(1), np.array([synapse.tau, 1.0])
    if isinstance(synapse, (Alpha, DoubleExp)):
        pair = (synapse.tau,) * 2 if isinstance(synapse, Alpha) else (synapse.tau1, synapse.tau2)
        return np.ones(1), np.array([pair[0] * pair[1], sum(pair), 1.0])
    if isinstance(synapse, LinearFilter) and synapse.analog:
        return np.asarray(synapse.num), np.asarray(synapse.den)
    do = "pass a lowpass, Alpha, DoubleExp or LinearFilter, or method='exact'"
    check.fail(who, "synapse", "have a transfer function of s", check.show(synapse), do)
