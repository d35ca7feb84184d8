"""Builds with abstract arrays, which have shapes only: nothing is drawn, solved or allocated."""

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
    """An array that has a shape but no numbers; functions of it return abstract arrays, too.

    ``left`` is the left factor of a product of matrices, which is of rank one if this factor is.
    """

    left: Any = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """An abstract array with the shape of the function's result."""
        if method != "__call__" or options:
            return NotImplemented
        shapes = [np.shape(operand) for operand in inputs]
        if ufunc is np.matmul:
            product = abstract_array(*shapes[0][:-1], *shapes[1][1:])
            product.left = inputs[0]
            return product
        return abstract_array(*np.broadcast_shapes(*shapes))


def abstract_array(*shape: int) -> AbstractArray:
    """An abstract array of the given shape; all of its elements share one number in memory."""
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
    """A least-squares problem whose Gram matrix is computed and factored once.

    Attributes
    ----------
    ensemble : Ensemble
        The ensemble that is decoded.
    solver : Solver
        The solver of the decoders.
    points : object
        A key that identifies the evaluation points.
    n_points : int
        Number of evaluation points.
    """

    ensemble: Ensemble
    solver: Solver
    points: Any
    n_points: int


class Outlining(Decoder):
    """Computes shapes of decoders; ``solver_info`` of each holds its :class:`System`."""

    def _solve(
        self, reader: Connection | Probe, points: Array, targets: Array, stream: Stream
    ) -> tuple[Array, Mapping[str, Any]]:
        """Decoders as an abstract array."""
        marks = (points.__array_interface__["data"][0], stream.seed, stream.key)
        system = System(self._ensemble, reader.solver, marks, len(points))
        return abstract_array(self._ensemble.n_neurons, targets.shape[1]), {"system": system}

    def _preset_of(self, thing: Connection | Probe) -> Mapping[str, Array]:
        """Nothing: a description counts the work of solvers even for a loaded model."""
        del thing
        return {}

    def _points(self, connection: Connection) -> Array:
        """Evaluation points of the connection or its ensemble; abstract if to be drawn."""
        points = connection.eval_points
        if points is None:
            return self._built.eval_points
        if isinstance(points, Distribution):
            return abstract_array(n_eval_points(self._ensemble), self._ensemble.dimensions)
        return points

    def _targets(self, connection: Connection, points: Array) -> Array:
        """The function's values as an abstract array."""
        return abstract_array(len(points), connection.size_mid)
