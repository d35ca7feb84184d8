"""Linear systems: their algebra, poles, transfer functions and simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim import filtering
from nefsim._values import Value
from nefsim.algebra import Array, Matrices
from nefsim.dynamics.loops import around_the_loop
from nefsim.dynamics.operators import Operators
from nefsim.synapses import Synapse

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class LinearSystem(Operators, Value):
    r"""A linear system with q states, m inputs and p outputs, in continuous or discrete time.

    .. math:: \dot x = A x + B u, \quad y = C x + D u \qquad\text{or}\qquad
              x[k + 1] = A x[k] + B u[k], \quad y[k] = C x[k] + D u[k]

    ``a + b`` is a parallel connection and ``a @ b`` a series, first b and then a.  ``a ** n`` is
    a series of n times a, and ``3 * a`` multiplies the output by 3.  A number or a matrix is a
    system without states.

    Parameters
    ----------
    A : (q, q) array_like
        State matrix [1/s]; without a unit in discrete time.  It may be (0, 0).
    B : (q, m) or (q,) array_like
        Input matrix.
    C : (p, q) or (q,) array_like, optional
        Output matrix; by default the identity, so that the output is the state.
    D : (p, m) array_like, optional
        Feedthrough matrix; by default 0.
    dt : float [s], optional
        Time step of a system in discrete time; None for continuous time.

    Raises
    ------
    ValueError
        If the shapes do not match, or systems with different ``dt`` are combined.

    See Also
    --------
    realise : Find the transforms by which a population computes such a system.
    nefsim.filtering.StateSpace : A filter in the form in which back ends run it.

    References
    ----------
    Kailath, T. (1980). Linear Systems. Prentice-Hall.

    Examples
    --------
    A lowpass, and two of them in a row:

    >>> slow = LinearSystem([[-10.0]], [[10.0]])
    >>> slow.gain
    array([[1.]])
    >>> (slow**2).poles.real
    array([-10., -10.])
    >>> slow.feedback(1.0).poles.real
    array([-20.])
    """

    A: ArrayLike
    B: ArrayLike
    C: ArrayLike | None = None
    D: ArrayLike | None = None
    dt: float | None = None

    def __post_init__(self) -> None:
        who = "LinearSystem"
        A = check.array(who, "A", self.A, (None, None), "pass a square matrix")
        q = len(A)
        if A.shape != (q, q):
            check.fail(who, "A", "be square", f"shape {A.shape}", "pass a (q, q) matrix")
        B = check.array(who, "B", self.B, do="pass a row for each state")
        B = check.array(who, "B", B[:, None] if B.ndim == 1 else B, (q, None), "pass q rows")
        C = check.array(who, "C", np.eye(q) if self.C is None else self.C, do="pass q columns")
        C = check.array(who, "C", C[None] if C.ndim == 1 else C, (None, q), "pass q columns")
        shape = (len(C), B.shape[1])
        D = check.array(who, "D", np.zeros(shape) if self.D is None else self.D, do="pass D")
        D = np.full((1, 1), D) if D.ndim == 0 else D
        D = check.array(who, "D", D, shape, "pass a row for each output")
        self._set(A=A, B=B, C=C, D=D, dt=None if self.dt is None else _step(who, self.dt))

    @property
    def matrices(self) -> Matrices:
        """The matrices A, B, C and D."""
        A, B, C, D = (np.asarray(part, dtype=float) for part in (self.A, self.B, self.C, self.D))
        return A, B, C, D

    # -- properties -------------------------------------------------------------------------

    @property
    def order(self) -> int:
        """The number of states q."""
        return len(self.matrices[0])

    @property
    def poles(self) -> ComplexArray:
        """Eigenvalues of A, (q,) complex: poles in s [1/s], or in z in discrete time."""
        return np.linalg.eigvals(self.matrices[0]).astype(complex)

    @property
    def is_stable(self) -> bool:
        """Whether all poles decay."""
        if self.dt is None:
            return bool((self.poles.real < 0).all())
        return bool((np.abs(self.poles) < 1).all())

    @property
    def gain(self) -> Array:
        """Output for a constant input of 1, (p, m); infinite where a pole does not decay."""
        return self.response(0.0).real

    def response(self, frequency: ArrayLike) -> ComplexArray:
        r"""Evaluate the transfer function at frequencies f.

        .. math:: C (s - A)^{-1} B + D, \qquad s = 2 \pi i f \quad\text{or}\quad
                  C (z - A)^{-1} B + D, \qquad z = e^{2 \pi i f\,dt}

        Parameters
        ----------
        frequency : array_like of any shape [Hz]
            The frequencies f.

        Returns
        -------
        ndarray of complex, of shape ``(*frequency.shape, p, m)``
            Infinite at a pole.
        """
        f = check.array("LinearSystem.response", "frequency", frequency, do="pass hertz")
        at = 2j * np.pi * f if self.dt is None else np.exp(2j * np.pi * f * self.dt)
        A, B, C, D = self.matrices
        found = np.empty((at.size, *D.shape), dtype=complex)
        for place, point in enumerate(at.ravel()):
            try:
                found[place] = C @ np.linalg.solve(point * np.eye(self.order) - A, B) + D
            except np.linalg.LinAlgError:
                found[place] = np.inf
        return found.reshape(*f.shape, *D.shape)

    # -- other systems from it ------------------------------------------------------------

    def discretise(
        self, dt: float, method: Literal["zoh", "foh", "bilinear", "euler", "backward"] = "zoh"
    ) -> LinearSystem:
        """Convert a system in continuous time to discrete time.

        Parameters
        ----------
        dt : float [s]
            Time step.
        method : {"zoh", "foh", "bilinear", "euler", "backward"}
            Exact for an input that is constant ("zoh") or linear ("foh") within each step; the
            trapezoidal rule of Tustin ("bilinear"); or Euler's explicit or implicit method.

        Returns
        -------
        LinearSystem
            The system in discrete time.

        Raises
        ------
        ValueError
            If the system is already in discrete time, or overflows within a step.
        """
        who = "LinearSystem.discretise"
        self._must_be_continuous(who)
        step = _step(who, dt)
        how = check.one_of(who, "method", method, tuple(SCIPYS_NAMES))
        A, B, C, D = self.matrices
        if how == "zoh":
            A, B = filtering.held_matrices(A, B, step)
        else:
            from scipy.signal import cont2discrete

            A, B, C, D, _ = cont2discrete((A, B, C, D), step, SCIPYS_NAMES[how])
        if not all(np.isfinite(part).all() for part in (A, B)):
            got = f"an overflow at dt = {step:g} s"
            check.fail(who, "A", "stay finite for a step", got, "check its unit, 1/s, or lower dt")
        return LinearSystem(A, B, C, D, step)

    def transformed(self, T: ArrayLike) -> LinearSystem:
        r"""Change the coordinates of the states to :math:`x' = T x`.

        Parameters
        ----------
        T : (q, q) or (q,) array_like
            An invertible matrix, or a nonzero factor for each state.

        Returns
        -------
        LinearSystem
        """
        who = "LinearSystem.transformed"
        change = check.array(who, "T", T, do="pass a regular matrix (q, q)")
        change = np.diag(change) if change.ndim == 1 else change
        change = check.array(who, "T", change, (self.order,) * 2, "pass a regular matrix (q, q)")
        if self.order and not np.linalg.cond(change) < 1e14:
            check.fail(who, "T", "be regular", "a singular one", "pass an invertible matrix")
        A, B, C, D = self.matrices
        left = np.linalg.solve(change.T, np.hstack([(change @ A).T, C.T])).T
        return LinearSystem(left[: self.order], change @ B, left[self.order :], D, self.dt)

    def states(self, u: ArrayLike, start: ArrayLike | None = None) -> Array:
        """Compute the states of a system in discrete time for an input.

        Parameters
        ----------
        u : (T, m) or (T,) array_like
            Inputs of T steps.
        start : (q,) array_like, optional
            The state of the first step; by default 0.

        Returns
        -------
        (T, q) ndarray
            The state of each step before the input of that step is added.

        Raises
        ------
        ValueError
            If the system is in continuous time; see :meth:`discretise`.
        """
        return self._run("LinearSystem.states", u, start)[0]

    def run(self, u: ArrayLike, start: ArrayLike | None = None) -> Array:
        """Compute the outputs of a system in discrete time for an input.

        Parameters
        ----------
        u : (T, m) or (T,) array_like
            Inputs of T steps.
        start : (q,) array_like, optional
            The state of the first step; by default 0.

        Returns
        -------
        (T, p) ndarray

        Raises
        ------
        ValueError
            If the system is in continuous time; see :meth:`discretise`.
        """
        states, inputs = self._run("LinearSystem.run", u, start)
        _, _, C, D = self.matrices
        return np.asarray(states @ C.T + inputs @ D.T)

    def _run(self, who: str, u: Any, start: Any) -> tuple[Array, Array]:
        if self.dt is None:
            do = "call discretise(dt) first"
            check.fail(who, "system", "be in discrete time", "one in continuous time", do)
        inputs = check.array(who, "u", u, do="pass a row for each step")
        inputs = inputs[:, None] if inputs.ndim == 1 else inputs
        inputs = check.array(who, "u", inputs, (None, self.n_inputs), "pass a row for each step")
        x = np.zeros(self.order)
        if start is not None:
            x = check.array(who, "start", start, (self.order,), "pass a number for each state")
        A, B, _, _ = self.matrices
        driven = inputs @ B.T
        states = np.empty((len(inputs), self.order))
        for k, drive in enumerate(driven):
            states[k] = x
            x = A @ x + drive
        return states, inputs

    def _of(self, matrices: Matrices) -> LinearSystem:
        return LinearSystem(*matrices, self.dt)

    def _must_be_continuous(self, who: str) -> None:
        if self.dt is not None:
            got = f"one in steps of {self.dt:g} s"
            check.fail(who, "system", "be in continuous time", got, "start from that one")

    @classmethod
    def of_synapse(cls, synapse: Synapse, dt: float) -> LinearSystem:
        """The linear system of a synapse and the step of delay that its connection adds.

        Parameters
        ----------
        synapse : Synapse
            Any synapse.
        dt : float [s]
            Length of a step.

        Returns
        -------
        LinearSystem
            With one input and one output.
        """
        who = "LinearSystem.of_synapse"
        do = "pass a synapse such as Lowpass(0.1)"
        check.instance(who, "synapse", synapse, Synapse, "a synapse", do)
        A, B, C, D = around_the_loop(synapse, _step(who, dt))
        return cls(A, B, C, D, dt)


#: Methods of discretisation, by the names that SciPy has for them.
SCIPYS_NAMES = {
    "zoh": "zoh",
    "foh": "foh",
    "bilinear": "bilinear",
    "euler": "euler",
    "backward": "backward_diff",
}


def _step(who: str, dt: Any) -> float:
    return check.seconds(who, "dt", dt)
