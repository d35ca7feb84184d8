"""Laws of decoder solvers: shapes, reports, and decoders that depend on nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.solvers import Solver
from nefsim.testing.laws import (
    Laws,
    require,
    require_close,
    require_equal,
    require_value,
    unchanged,
)

Array = NDArray[np.float64]

LAWS = Laws()
SEED = 3


def _curves() -> tuple[Array, Array]:
    """Rectified-linear activities (60, 20) [Hz] of a number, and three functions of it (60, 3)."""
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 60)[:, None]
    sign, intercepts = rng.choice([-1.0, 1.0], 20), rng.uniform(-0.9, 0.8, 20)
    A = rng.uniform(100, 200, 20) * np.maximum(x * sign - intercepts, 0) / (1 - intercepts)
    return A, np.hstack([x, x**2, np.sin(3 * x)])


@dataclass(frozen=True)
class Case:
    """A solver, with activities and targets."""

    solver: Solver
    A: Array
    Y: Array

    def decoders(self, A: Array, Y: Array, seed: int = SEED) -> Array:
        """Decoders, from a new start."""
        return self.solver(A, Y, rng=seed)[0]

    @property
    def is_random(self) -> bool:
        """Whether another seed gives other decoders."""
        first = self.decoders(self.A, self.Y)
        return not np.array_equal(self.decoders(self.A, self.Y, SEED + 1), first)

    @property
    def has_classes(self) -> bool:
        """Whether each target is one of a number of classes."""
        return bool(np.isin(self.Y, (0, 1)).all() and (self.Y.sum(axis=1) == 1).all())


def check_solver(
    solver: Solver, activities: ArrayLike | None = None, targets: ArrayLike | None = None
) -> tuple[str, ...]:
    """Check the laws of decoder solvers.

    Parameters
    ----------
    solver : Solver
        The value to check.
    activities : (P, N) array_like [Hz], optional
        Activities to decode from; tuning curves of 20 neurons at 60 points if left out.
    targets : (P, D_out) array_like, optional
        Targets to decode; three functions of a number if left out.  Rows with a single 1 are
        taken for classes.

    Returns
    -------
    tuple of str
        Names of the laws that were checked.

    Raises
    ------
    Violation
        If a law is broken.
    TypeError, ValueError
        If the arguments are not those above.

    See Also
    --------
    nefsim.Solver : the method of a solver.

    Examples
    --------
    >>> import nefsim as nef
    >>> "decoders are better than none" in nef.testing.check_solver(nef.LstsqL2())
    True
    """
    who, do = "check_solver", "pass a value such as LstsqL2()"
    check.instance(who, "solver", solver, Solver, "a solver", do)
    A, Y = _curves()
    if activities is not None:
        do = "pass rates of shape (points, neurons)"
        A = check.array(who, "activities", activities, (None, None), do)
        if not A.size:
            check.fail(who, "activities", "have points and neurons", f"shape {A.shape}", do)
    if targets is None and len(Y) != len(A):
        must, got = "be passed with activities", f"none for {len(A)} points"
        check.fail(who, "targets", must, got, "pass one row for each point")
    if targets is not None:
        Y = check.array(who, "targets", targets, (len(A), None), "pass one row for each point")
    return LAWS.check(solver, Case(solver, A, Y))


@LAWS.law()
def is_a_frozen_value(case: Case) -> None:
    """A solver is a frozen dataclass that is equal to a copy of itself."""
    require_value(case.solver)


@LAWS.law()
def flags_are_true_or_false(case: Case) -> None:
    """weights, compositional and uses_activities are True or False."""
    for name in ("weights", "compositional", "uses_activities"):
        value = getattr(case.solver, name, None)
        require(isinstance(value, bool), f"{name} is {check.show(value)}")


@LAWS.law()
def decoders_have_a_row_per_neuron_and_a_column_per_output(case: Case) -> None:
    """Decoders are finite floats (N, D_out)."""
    D, _ = case.solver(case.A, case.Y, rng=SEED)
    shape = (case.A.shape[1], case.Y.shape[1])
    require(D.shape == shape, f"They are {D.shape} and not {shape}")
    require(D.dtype == np.float64, f"They are of type {D.dtype}")
    require(np.isfinite(D).all(), f"{int((~np.isfinite(D)).sum())} are not finite")


@LAWS.law()
def the_reported_error_is_that_of_the_decoders(case: Case) -> None:
    """info["rmse"] is the root mean square of A D - Y for each output."""
    D, info = case.solver(case.A, case.Y, rng=SEED)
    rmse = np.sqrt(np.mean((case.A @ D - case.Y) ** 2, axis=0))
    # Another order of sums.
    require_close(info["rmse"], rmse, 1e-9 * (1 + np.abs(case.Y).max()), 'info["rmse"]')


@LAWS.law()
def arguments_are_not_written_to(case: Case) -> None:
    """Activities and targets are the same after a call."""
    A, Y = case.A.copy(), case.Y.copy()
    case.solver(A, Y, rng=SEED)
    unchanged([("activities", A, case.A), ("targets", Y, case.Y)])


@LAWS.law()
def the_same_seed_gives_the_same_decoders(case: Case) -> None:
    """Two calls with one seed give the same decoders, bit for bit."""
    first = case.decoders(case.A, case.Y)
    require_equal(case.decoders(case.A, case.Y), first, "the decoders of a second call")


@LAWS.law()
def one_more_target_changes_no_bit_of_the_others(case: Case) -> None:
    """A prepared solver gives each target the decoders that it has alone."""
    decode = case.solver.prepare(case.A, SEED)
    order = np.roll(np.arange(len(case.Y)), 7)
    for Y in (case.Y, case.Y[order], case.Y[::-1].copy(), case.Y):
        require_equal(decode(Y)[0], case.decoders(case.A, Y), "the decoders of a later target")


@LAWS.law()
def a_prepared_solver_does_not_share_its_arrays(case: Case) -> None:
    """Activities and decoders that are written to later do not change later decoders."""
    A = case.A.copy()
    decode = case.solver.prepare(A, SEED)
    first = decode(case.Y)[0]
    expected = first.copy()
    A[:] = 0
    first[:] = 0
    require_equal(decode(case.Y)[0], expected, "the decoders after arrays were written to")


@LAWS.law(lambda case: case.solver.compositional and case.solver.uses_activities)
def decoders_of_an_image_are_the_image_of_the_decoders(case: Case) -> None:
    """As compositional is True, D(Y T) = D(Y) T for each matrix T."""
    T = np.random.default_rng(1).normal(size=(case.Y.shape[1], case.Y.shape[1]))
    image = case.decoders(case.A, case.Y) @ T
    # Two orders of sums in a system with a condition number of up to 1e6.
    within = 1e-7 * np.abs(image).max()
    require_close(case.decoders(case.A, case.Y @ T), image, within, "D(Y T)")


@LAWS.law(lambda case: case.solver.uses_activities)
def decoders_are_better_than_none(case: Case) -> None:
    """A D is nearer to Y than zeros are, or names more of the classes than one class would."""
    values = case.A @ case.decoders(case.A, case.Y)
    if case.has_classes:
        right = float(np.mean(values.argmax(axis=1) == case.Y.argmax(axis=1)))
        most = float(case.Y.mean(axis=0).max())
        require(right >= most, f"{right:.6g} of the classes are right, of one class {most:.6g}")
        return
    error, zeros = np.sqrt(np.mean((values - case.Y) ** 2)), np.sqrt(np.mean(case.Y**2))
    require(error < zeros, f"The error is {error:.6g}, and {zeros:.6g} without decoders")


@LAWS.law(lambda case: case.solver.uses_activities and not case.is_random)
def neurons_that_never_fire_get_decoders_of_0(case: Case) -> None:
    """The rows of D of neurons without activity are 0."""
    A = np.hstack([case.A, np.zeros((len(case.A), 2))])
    D = case.decoders(A, case.Y)
    require_close(D[-2:], 0 * D[-2:], 0.0, "the decoder of a silent neuron")
