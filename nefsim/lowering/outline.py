"""The lowering of a network with abstract arrays: nothing is drawn, solved or allocated."""

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


class AbstractArray(np.ndarray[Any, np.dtype[np.float64]]):
    """An array with a shape and without numbers, as are all results computed from it."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """An abstract array with the shape of the function's result."""
        if method != "__call__" or options:
            return NotImplemented
        shapes = [np.shape(operand) for operand in inputs]
        if ufunc is np.matmul:
            return abstract_array(*shapes[0][:-1], *shapes[1][1:])
        return abstract_array(*np.broadcast_shapes(*shapes))


def abstract_array(*shape: int) -> AbstractArray:
    """An abstract array, which refers to a single number for all of its elements."""
    return np.broadcast_to(np.ones(()), shape).view(AbstractArray)


def outline_ensemble(ensemble: Ensemble, stream: Stream) -> BuiltEnsemble:
    """The shapes of an ensemble's arrays."""
    del stream
    n, d = ensemble.n_neurons, ensemble.dimensions
    n = 0 if isinstance(ensemble.neuron_type, Direct) else n
    eval_points = ensemble.eval_points
    if isinstance(eval_points, Distribution):
        points = abstract_array(n_eval_points(ensemble), d)
    else:
        points = abstract_array(len(eval_points), d)
    gain, bias, rates, intercepts = (abstract_array(n) for _ in range(4))
    return BuiltEnsemble(
        abstract_array(n, d), gain, bias, rates, intercepts, points, ensemble.radius
    )


@dataclass(frozen=True)
class System:
    """A set of equations that is set up and factored once.

    Attributes
    ----------
    ensemble : Ensemble
        The ensemble that is decoded.
    solver : Solver
        Its solver.
    points : object
        An identifier of the set of evaluation points.
    n_points : int
        Number of evaluation points.
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
        """Decoders as an abstract array."""
        marks = (points.__array_interface__["data"][0], stream.seed, stream.key)
        system = System(self._ensemble, reader.solver, marks, len(points))
        return abstract_array(self._ensemble.n_neurons, targets.shape[1]), {"system": system}

    def _preset_of(self, thing: Connection | Probe) -> Mapping[str, Array]:
        """None, as descriptions count the work of a solver."""
        del thing
        return {}

    def _points(self, connection: Connection) -> Array:
        """Points of the ensemble or of the connection; abstract ones in place of drawn ones."""
        points = connection.eval_points
        if points is None:
            return self._built.eval_points
        if isinstance(points, Distribution):
            return abstract_array(n_eval_points(self._ensemble), self._ensemble.dimensions)
        return points

    def _targets(self, connection: Connection, points: Array) -> Array:
        """The function's values as an abstract array."""
        return abstract_array(len(points), connection.size_mid)
