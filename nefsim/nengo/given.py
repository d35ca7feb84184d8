"""Decoders and filters that Nengo has found, as a solver and a synapse of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import nengo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim import _checks as check
from nefsim.filtering import Coefficients, StateSpace, within_the_step
from nefsim.nengo import known
from nefsim.solvers import LstsqL2, Solver
from nefsim.solvers.base import Info, Solve
from nefsim.synapses import Synapse

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Given(Solver):
    """Decoders with the transform in them, or full weights with the encoders too.

    Parameters
    ----------
    values : (N, k) array_like
        What the activities are multiplied by.
    weights : bool
        Whether k are the neurons that the connection ends in.
    """

    values: ArrayLike
    weights: bool = False

    compositional: ClassVar[bool] = False
    uses_activities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        do = "pass what neurons are multiplied by"
        values = check.array("Given", "values", self.values, (None, None), do)
        self._set(values=values, weights=check.flag("Given", "weights", self.weights))

    @property
    def again(self) -> Solver:
        """Least squares: the function is known, and these are decoders of other neurons."""
        return LstsqL2(weights=self.weights)

    def factor(self, A: Array, rng: np.random.Generator) -> Solve:
        """The values, whatever is asked for."""
        del A, rng
        values = np.asarray(self.values, np.float64)

        def solve(Y: Array) -> tuple[Array, Info]:
            del Y
            return values.copy(), {}

        return solve


@dataclass(frozen=True, eq=False)
class Filter(Synapse):
    """A filter that Nengo discretises, by its state where there is more than one pole.

    Parameters
    ----------
    theirs : nengo.LinearFilter
        Discretised in another way than by holding the input.
    """

    theirs: nengo.LinearFilter

    def coefficients(self, dt: float) -> Coefficients:
        """Those of Nengo's matrices."""
        return known.coefficients(known.discrete(self.theirs, dt))

    def state_space(self, dt: float) -> StateSpace | None:
        """Nengo's matrices."""
        system = known.discrete(self.theirs, dt)
        return within_the_step(system) if len(system.A) > 1 else None
