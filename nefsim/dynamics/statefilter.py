"""A synapse defined by a state-space model in discrete time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim import filtering
from nefsim.filtering import Coefficients, StateSpace
from nefsim.synapses import Synapse


@dataclass(frozen=True, eq=False)
class StateFilter(Synapse):
    r"""A synapse defined by a state-space model in discrete time, for one time step.

    .. math:: x[k + 1] = A\,x[k] + B\,u[k], \qquad y[k] = C\,x[k]

    The delay of a step between u and y is the one that every connection adds.
    :func:`realise` returns such filters for synapses of order 3 and above, whose polynomials
    would lose digits.

    Parameters
    ----------
    A : (n, n) array_like
        State matrix.
    B, C : (n,) array_like
        Input and output vectors.
    dt : float [s]
        Time step; in a network with another time step the filter raises an error.

    Raises
    ------
    ValueError
        If the shapes do not match, or ``dt`` is not above 0.

    See Also
    --------
    nefsim.LinearFilter : A synapse defined by a transfer function of s or z.

    Examples
    --------
    >>> StateFilter([[0.5]], [0.5], [1.0], dt=0.001).filt([1.0, 1.0, 1.0])
    array([0.5  , 0.75 , 0.875])
    """

    A: ArrayLike
    B: ArrayLike
    C: ArrayLike
    dt: float

    def __post_init__(self) -> None:
        who = "StateFilter"
        A = check.array(who, "A", self.A, (None, None), "pass a square matrix")
        if not A.size or len(A) != A.shape[1]:
            check.fail(who, "A", "be square", f"shape {A.shape}", "pass an (n, n) matrix")
        B = check.array(who, "B", self.B, (len(A),), "pass a number for each state")
        C = check.array(who, "C", self.C, (len(A),), "pass a number for each state")
        self._set(A=A, B=B, C=C, dt=check.seconds(who, "dt", self.dt))

    def state_space(self, dt: float) -> StateSpace:
        """The state-space form without the delay of one step, which a connection adds."""
        if not np.isclose(dt, self.dt, rtol=1e-9, atol=0.0):
            do = f"run with dt={self.dt:g} or make it again for {dt:g}"
            check.fail("StateFilter", "dt", "be the step of the network", f"{self.dt:g} s", do)
        A, B, C = (np.asarray(part, dtype=np.float64) for part in (self.A, self.B, self.C))
        return filtering.within_the_step(StateSpace(A, B, C, 0.0))

    def coefficients(self, dt: float) -> Coefficients:
        """The filter as polynomials in z^-1, which lose digits from the third order on."""
        return filtering.polynomials(self.state_space(dt))
