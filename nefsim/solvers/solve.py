"""Solve for decoders in one call."""

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
    r"""Solve for the decoders of a function from tuning curves.

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
        Standard deviation of the noise, as a share of the maximum rate; 0.1 if None. Leave
        it out with ``solver``.
    solver : Solver, optional
        The solver; ``LstsqL2(reg)`` if None.
    rng : numpy.random.Generator, int or None
        Source of the noise, if the solver adds any; an int is a seed.

    Returns
    -------
    (N, D_out) ndarray [value/Hz]
        Decoders D; ``activities @ D`` is the decoded estimate.

    Raises
    ------
    ValueError, TypeError
        If an array has the wrong shape or is not finite, if no neuron fires, or if both
        ``reg`` and ``solver`` are passed.

    See Also
    --------
    nefsim.tuning_curves : Activities from encoders, gains and biases.
    nefsim.connection_weights : Weights from decoders and encoders.
    LstsqL2 : The default solver.

    Notes
    -----
    **Meaning of P.** P is the number of evaluation points, called ``N_samples`` in many plain
    NEF programs and ``n_eval_points`` in networks. These are the values x_1 ... x_P at which
    the tuning curves are sampled before a simulation; P does not count time steps, spikes or
    neurons. Ideal decoders minimise an integral over all x,

    .. math::

        \int \Bigl(f(x) - \sum_i a_i(x) d_i\Bigr)^2 dx + \sigma^2 \sum_i d_i^2,

    which requires :math:`\Gamma_{ij} = \int a_i a_j\,dx` and
    :math:`\Upsilon_i = \int a_i f\,dx`. A computer replaces the integrals by averages over
    points, :math:`\Gamma \approx A^\top A / P` and :math:`\Upsilon \approx A^\top Y / P`.

    **Choice of P.** The points must resolve the tuning curves and f, and outnumber the N
    unknowns per output. In one dimension 100 points suffice for 50 neurons. A rule for D
    dimensions is the larger of 2 N and 500 D, with 500 D limited to between 750 and 2500.
    More points cost time once, in the solver, and none in the simulation. With too few, the
    decoders fit the points and miss the function between them.

    **Penalty P σ².** :math:`A^\top A` is a sum over points and grows with P; the average
    does not. The equation of the averages, :math:`(\Gamma + \sigma^2 I) D = \Upsilon`,
    multiplied by P is the one above. With a penalty that did not grow with P, more points
    would weaken it and change the decoders. With this one, the decoders stay the same if
    every point is taken twice.

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
        check.fail(who, "reg", "be None together with solver", check.show(reg), do)
    check.instance(who, "solver", solver, Solver, "a solver", "pass one such as LstsqL2(reg=0.1)")
    decoders, _ = solver(activities, targets, rng)
    return decoders
