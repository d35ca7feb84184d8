"""Use decoders and filters that Nengo computed, as a solver and a synapse of nefsim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import nengo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.filtering import Coefficients, StateSpace, within_the_step
from nefsim.nengo import supported
from nefsim.nengo.parameters import described, original_of
from nefsim.solvers import LstsqL2, Solver
from nefsim.solvers.base import Info, Solve
from nefsim.synapses import Synapse

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Given(Solver):
    """A solver that returns fixed decoders or weights.

    Parameters
    ----------
    values : (N, k) array_like
        Decoders that include the transform, or weights that include the encoders, too.
    weights : bool
        Whether ``values`` are weights, for the k neurons of the target.
    """

    values: ArrayLike
    weights: bool = False

    compositional: ClassVar[bool] = False
    uses_activities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        do = "pass the matrix that activities are multiplied by"
        values = check.array("Given", "values", self.values, (None, None), do)
        self._set(values=values, weights=check.flag("Given", "weights", self.weights))

    @property
    def again(self) -> Solver:
        """A least-squares solver, to decode the same function from other neurons."""
        return LstsqL2(weights=self.weights)

    def factor(self, A: Array, rng: np.random.Generator) -> Solve:
        """A function that returns the fixed values, whatever the targets are."""
        del A, rng
        values = np.asarray(self.values, np.float64)

        def solve(Y: Array) -> tuple[Array, Info]:
            del Y
            return values.copy(), {}

        return solve


@dataclass(frozen=True, eq=False)
class Filter(Synapse):
    """A synapse with the coefficients of a Nengo filter that Nengo has discretised.

    Parameters
    ----------
    original : NengoObject or nengo.LinearFilter
        A filter that is not discretised by zero-order hold; it is stored by names and numbers.
    """

    original: Any

    def __post_init__(self) -> None:
        original, kind = described(self.original), nengo.LinearFilter
        do = "pass a filter of Nengo"
        check.instance("Filter", "original", original_of(original), kind, "a LinearFilter", do)
        self._set(original=original)

    def coefficients(self, dt: float) -> Coefficients:
        """Coefficients of the transfer function in z^-1, from Nengo's matrices."""
        return supported.coefficients(supported.discrete(original_of(self.original), dt))

    def state_space(self, dt: float) -> StateSpace | None:
        """Nengo's matrices."""
        system = supported.discrete(original_of(self.original), dt)
        return within_the_step(system) if len(system.A) > 1 else None
