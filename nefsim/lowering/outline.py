"""The same network as shapes alone: nothing is drawn, solved or called, and no memory taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering.arrays import BuiltEnsemble, n_eval_points
from nefsim.lowering.decode import Decoder
from nefsim.network.objects import Connection, Ensemble, Probe
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.sampling import Distribution
from nefsim.solvers import Solver

Array = NDArray[np.float64]


class Blank(np.ndarray[Any, np.dtype[np.float64]]):
    """An array with a shape and no numbers; what is computed from it is of its kind."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """The shape of what a function of arrays would return."""
        if method != "__call__" or options:
            return NotImplemented
        shapes = [np.shape(given) for given in inputs]
        if ufunc is np.matmul:
            return blank(*shapes[0][:-1], *shapes[1][1:])
        return blank(*np.broadcast_shapes(*shapes))


def blank(*shape: int) -> Blank:
    """One number that stands for all."""
    return np.broadcast_to(np.ones(()), shape).view(Blank)


def outline_ensemble(ensemble: Ensemble, stream: Stream) -> BuiltEnsemble:
    """The shapes of an ensemble's arrays."""
    del stream
    n, d = ensemble.n_neurons, ensemble.dimensions
    n = 0 if isinstance(ensemble.neuron_type, Direct) else n
    given = ensemble.eval_points
    points = blank(n_eval_points(ensemble) if isinstance(given, Distribution) else len(given), d)
    gain, bias, rates, intercepts = (blank(n) for _ in range(4))
    return BuiltEnsemble(blank(n, d), gain, bias, rates, intercepts, points, ensemble.radius)


@dataclass(frozen=True)
class System:
    """A set of equations that is set up and factored once.

    Attributes
    ----------
    ensemble : Ensemble
        Whose decoders are solved for.
    solver : Solver
        How.
    points : object
        What tells one set of evaluation points from another.
    n_points : int
        How many they are.
    """

    ensemble: Ensemble
    solver: Solver
    points: Any
    n_points: int


class Outlining(Decoder):
    """Decoders as shapes; the info of each names its :class:`System`."""

    def _solve(
        self, reader: Connection | Probe, points: Array, targets: Array, stream: Stream
    ) -> tuple[Array, Mapping[str, Any]]:
        """The shape of decoders."""
        marks = (points.__array_interface__["data"][0], stream.seed, stream.key)
        system = System(self._ensemble, reader.solver, marks, len(points))
        return blank(self._ensemble.n_neurons, targets.shape[1]), {"system": system}

    def _points(self, connection: Connection) -> Array:
        """The ensemble's own points, those of the user, or the shape of what would be drawn."""
        points = connection.eval_points
        if points is None:
            return self._built.eval_points
        if isinstance(points, Distribution):
            return blank(n_eval_points(self._ensemble), self._ensemble.dimensions)
        return points

    def _targets(self, connection: Connection, points: Array) -> Array:
        """The shape of the function's values."""
        return blank(len(points), connection.size_mid)
