"""The verb: decoders from tuning curves in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.solvers.base import FloatArray, Solver
from nefsim.solvers.l2 import LstsqL2


def solve_decoders(
    activities: ArrayLike,
    targets: ArrayLike,
    reg: float | None = None,
    solver: Solver | None = None,
    rng: np.random.Generator | int | None = None,
) -> FloatArray:
    r"""Find the decoders that turn tuning curves into a function of what they represent.

    .. math::

        \hat f(x) = \sum_i a_i(x)\, d_i, \qquad
        (A^\top A + P \sigma^2 I)\, D = A^\top Y, \qquad \sigma = \mathrm{reg} \cdot \max A

    Parameters
    ----------
    activities : (P, N) array_like [Hz]
        Tuning curves: row p holds the rates of the N neurons at evaluation point x_p.
    targets : (P, D_out) or (P,) array_like
        Row p holds f(x_p).
    reg : float, optional
        Standard deviation of the noise to prepare for, as a share of the maximum rate; 0.1
        unless a solver is given.
    solver : Solver, optional
        How to solve; ``LstsqL2(reg)`` if None.
    rng : numpy.random.Generator, int or None
        Source of the noise, if the solver adds any; an int is a seed.

    Returns
    -------
    (N, D_out) ndarray [value/Hz]
        Decoders D; ``activities @ D`` is the decoded estimate.

    Raises
    ------
    ValueError, TypeError
        If an argument is no good, if no neuron fires, or if both reg and solver are given.

    Notes
    -----
    **What P is.** P is the number of evaluation points, called ``N_samples`` in many plain NEF
    programs and ``n_eval_points`` in networks. These are the values x_1 ... x_P at which the
    tuning curves are sampled before anything is simulated; it is a number neither of time
    steps nor of spikes nor of neurons. Ideal decoders minimise an integral over all x,

    .. math::

        \int \Bigl(f(x) - \sum_i a_i(x) d_i\Bigr)^2 dx + \sigma^2 \sum_i d_i^2,

    which asks for :math:`\Gamma_{ij} = \int a_i a_j\,dx` and
    :math:`\Upsilon_i = \int a_i f\,dx`. A computer replaces the integrals by averages over
    points, :math:`\Gamma \approx A^\top A / P` and :math:`\Upsilon \approx A^\top Y / P`.

    **How many are needed.** Enough that the averages have settled: the points must resolve
    the tuning curves and f, and outnumber the unknowns, of which there are N per output.
    In one dimension 100 points do for 50 neurons. A rule for D dimensions is the larger of
    2 N and 500 D, the latter kept between 750 and 2500. More cost time once, when solving,
    and nothing in the simulation. Too few fit the points and miss the function between them.

    **Why the penalty is P σ².** :math:`A^\top A` is a sum over points and grows with P; the
    average does not. Multiplied by P, the equation of the averages,
    :math:`(\Gamma + \sigma^2 I) D = \Upsilon`, is the one above. Were the penalty not to
    grow with P, taking more points would weaken it and change the decoders; as it is, every
    point may be taken twice and the decoders stay as they are.

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering: Computation, Representation, and
    Dynamics in Neurobiological Systems, MIT Press, 2003, chapter 2.

    Examples
    --------
    Rectified tuning curves of 20 neurons at P = 100 points, and their square:

    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 100)
    >>> intercepts = np.linspace(-1, 0.9, 10)
    >>> right = 100 * np.maximum(x[:, None] - intercepts, 0)
    >>> A = np.hstack([right, right[::-1]])
    >>> D = solve_decoders(A, x**2, reg=0.01)
    >>> D.shape
    (20, 1)
    >>> bool(np.abs(A @ D - x[:, None] ** 2).max() < 0.03)
    True

    Every point twice gives the same decoders:

    >>> bool(np.allclose(solve_decoders(np.repeat(A, 2, 0), np.repeat(x**2, 2), reg=0.01), D))
    True
    """
    who = "solve_decoders"
    if solver is None:
        solver = LstsqL2() if reg is None else LstsqL2(reg)
    elif reg is not None:
        do = "pass one of them"
        check.fail(who, "reg", "be left out when a solver is given", check.show(reg), do)
    check.instance(who, "solver", solver, Solver, "a solver", "pass one such as LstsqL2(reg=0.1)")
    decoders, _ = solver(activities, targets, rng)
    return decoders
