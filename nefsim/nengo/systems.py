"""The systems of linear equations of Nengo's decoders."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import nengo
import numpy as np
from nengo.dists import Distribution
from nengo.utils.builder import default_n_eval_points
from nengo.utils.least_squares_solvers import rmses
from numpy.typing import NDArray

from nefsim.lowering import threads
from nefsim.nengo.rates import is_leaky, rates_of
from nefsim.solvers import nystrom

Array = NDArray[np.float64]

#: Fewest neurons whose decoders are found by conjugate gradients, without the Gram matrix: for
#: 4000 in two dimensions that takes a quarter of the time, for 9000 a tenth.
FEWEST_ITERATED = 4000

#: Most outputs of all functions as a share of the neurons: more take longer than one factor.
MOST_OUTPUTS = 0.01

#: Most neurons as a multiple of reg²: beyond, the smallest eigenvalues that matter are rounding
#: errors of single precision, and steps are many.
MOST_NEURONS = 1e8

#: Points whose rates are computed together, in the cache.
POINTS = 16


@dataclass(frozen=True, eq=False)
class System:
    """Activities ``A`` (m, N) and a Cholesky factor of ``A.T A + m sigma^2``."""

    activities: Array
    factor: Any

    @property
    def size(self) -> int:
        """Number of elements of both arrays."""
        return int(self.activities.size + self.factor[0].size)

    def solve(self, targets: Array, start: float) -> tuple[Array, dict[str, Any]]:
        """Decoders (N, k) of targets (m, k), and Nengo's report on them."""
        from scipy.linalg import cho_solve

        decoders = cho_solve(self.factor, np.dot(self.activities.T, targets))
        errors = rmses(self.activities, decoders, targets)
        return decoders, {"rmses": errors, "time": time.time() - start}


@dataclass(frozen=True, eq=False)
class Iterated:
    """The system of a large ensemble, solved by conjugate gradients.

    Its decoders differ from those of a Cholesky factor by rounding: by 1e-10 of the largest.
    """

    ridge: nystrom.Ridge

    @property
    def size(self) -> int:
        """Number of elements of the activities."""
        return int(self.ridge.activities.size)

    def solve(self, targets: Array, start: float) -> tuple[Array, dict[str, Any]]:
        """Decoders (N, k) of targets (m, k), and Nengo's report on them."""
        decoders = None
        if "_factored" not in vars(self):  # steps were too few for another function
            with threads.one_thread_of_blas():
                decoders = self.ridge.solve(targets)
        if decoders is None:
            return self._factored.solve(targets, start)
        with threads.one_thread_of_blas():
            errors = self.ridge.errors(decoders, targets)
        return decoders, {"rmses": errors, "time": time.time() - start}

    @cached_property
    def _factored(self) -> System:
        """The same system with a Cholesky factor."""
        return factored(self.ridge.activities, self.ridge.value)


def factored(activities: Array, value: float) -> System:
    """The system of rates (m, N) and a number that is added to the diagonal, factored."""
    import scipy
    from scipy.linalg import cho_factor

    gram = np.dot(activities.T, activities)
    np.fill_diagonal(gram, gram.diagonal() + value)
    # From version 1.18 on, SciPy factors a matrix in the order of its rows in place, with other
    # last digits than its transpose.  Before, it copied this one, but not its equal transpose.
    in_place = gram if _version(scipy.__version__) >= (1, 18) else gram.T
    return System(activities, cho_factor(in_place, overwrite_a=True))


class Room:
    """Memory for the activities of one large ensemble after the other.

    The first access to a new page of memory takes longer than the computation of its rates.
    """

    def __init__(self) -> None:
        self._numbers = np.empty(0)
        self.size = 0  # that is made at least

    def array(self, *shape: int) -> Array:
        """An array of the shape, which may be in the memory of the last one."""
        size = int(np.prod(shape))
        if len(self._numbers) < size:
            self.free()
            self._numbers = np.empty(max(size, self.size))
        return self._numbers[:size].reshape(shape)

    def free(self) -> None:
        """Give the memory back."""
        self._numbers = np.empty(0)


def points_of(ensemble: nengo.Ensemble) -> int:
    """The number of evaluation points of an ensemble that is not yet built."""
    points = ensemble.eval_points
    if not isinstance(points, Distribution):
        return len(points)
    number = ensemble.n_eval_points
    default = default_n_eval_points(ensemble.n_neurons, ensemble.dimensions)
    return int(default if number is None else number)


def iterated(
    conn: nengo.Connection, built: Any, points: Array, room: Room, outputs: int
) -> Iterated | None:
    """The system of a connection from a large ensemble; None if it has to be factored.

    It is solved for so many ``outputs`` of all functions.  Its activities are in the room, in
    place of those of the system before.
    """
    if not has_scipy() or built.gain.dtype != np.float64:
        return None
    neuron, encoders = conn.pre_obj.neuron_type, built.encoders.T / conn.pre_obj.radius
    activities = room.array(len(points), encoders.shape[1])

    def fire(slab: slice) -> None:
        for first in range(slab.start, slab.stop, POINTS):
            rows = slice(first, min(first + POINTS, slab.stop))
            x = np.dot(points[rows], encoders, out=activities[rows])
            rates = rates_of(neuron, x, built.gain, built.bias)
            if rates is not x:
                x[:] = rates

    shared = threads.in_threads if find_spec("threadpoolctl") is not None else in_turn
    with threads.one_thread_of_blas():
        (shared if is_leaky(neuron) else in_turn)(fire, nystrom.slabs_of(len(points)))
        value = len(points) * (conn.solver.reg * activities.max()) ** 2
        found = nystrom.ridge(activities, value, shared, outputs) if value > 0 else None
    return None if found is None else Iterated(found)


def has_scipy() -> bool:
    """Whether systems can be factored by SciPy."""
    try:
        import scipy.linalg  # noqa: F401
    except ImportError:
        return False
    return True


def in_turn(function: Any, items: Any) -> list[Any]:
    """``function`` of each item, in this thread."""
    return [function(item) for item in items]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
