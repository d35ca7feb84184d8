"""A builder of Nengo models that factors the Gram matrix of each ensemble once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
from nengo.builder import Builder, Model
from nengo.builder.connection import build_solver, get_targets, solve_for_decoders
from nengo.cache import NoDecoderCache
from nengo.solvers import LstsqL2, Solver
from nengo.utils.least_squares_solvers import Cholesky, rmses
from numpy.typing import NDArray

from nefsim.neurons.curves import lif_rates

Array = NDArray[np.float64]

#: Most numbers of activities and factors that are stored for further functions.
MOST_NUMBERS = 50_000_000


@dataclass(frozen=True, eq=False)
class System:
    """Activities ``A`` (m, N) and a Cholesky factor of ``A.T A + m sigma^2``."""

    activities: Array
    factor: Any

    @property
    def size(self) -> int:
        """Number of elements of both arrays."""
        return int(self.activities.size + self.factor[0].size)


class SharingBuilder(Builder):  # type: ignore[misc]
    """Builds Nengo models like Nengo's builder, to the last bit, but solves for decoders faster.

    Functions that are decoded from an ensemble by ``LstsqL2``, at the evaluation points of the
    ensemble, share one factorisation.  Nengo builds everything else.
    """

    def __init__(self) -> None:
        self._systems: dict[tuple[nengo.Ensemble, float], System] = {}
        self._numbers = 0  # of all stored systems

    def forget(self) -> None:
        """Discard all factorisations to free their memory."""
        self._systems.clear()
        self._numbers = 0

    def build(self, model: Model, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Add an object to a model."""
        if self._is_shared(model, obj, *args):
            return self._decoders(model, *args, **kwargs)
        return super().build(model, obj, *args, **kwargs)

    def _is_shared(self, model: Model, solver: Any, *args: Any) -> bool:
        if type(solver) is not LstsqL2 or type(solver.solver) is not Cholesky:
            return False
        if LstsqL2 in self.builders or self.builders[Solver] is not build_solver or not args:
            return False
        built = model.params[args[0].pre_obj]
        is_wide = len(built.eval_points) < args[0].pre_obj.n_neurons
        return args[0].eval_points is None and not is_wide and not solver.solver.transpose

    def _decoders(self, model: Model, conn: nengo.Connection, rng: Any) -> tuple[Any, ...]:
        """Evaluation points, decoders and ``solver_info`` of a connection."""
        built = model.params[conn.pre_obj]
        points = built.eval_points.view()
        points.setflags(write=False)
        targets = get_targets(conn, points, dtype=points.dtype)
        solve: Any = self._solve
        if model.seeded[conn] and not isinstance(model.decoder_cache, NoDecoderCache):
            solve = model.decoder_cache.wrap_solver(solve)
        x = np.dot(points, built.encoders.T / conn.pre_obj.radius)
        decoders, info = solve(conn, built.gain, built.bias, x, targets, rng=rng)
        return points, decoders.T, info

    def _solve(
        self, conn: nengo.Connection, gain: Array, bias: Array, x: Array, targets: Array, rng: Any
    ) -> tuple[Array, dict[str, Any]]:
        start, key = time.time(), (conn.pre_obj, conn.solver.reg)
        if key not in self._systems:
            system = _system(conn, gain, bias, x)
            if system is None:
                answer: tuple[Array, dict[str, Any]]
                answer = solve_for_decoders(conn, gain, bias, x, targets, rng=rng)
                return answer
            self._store(key, system)
        system = self._systems[key]
        from scipy.linalg import cho_solve

        decoders = cho_solve(system.factor, np.dot(system.activities.T, targets))
        info = {"rmses": rmses(system.activities, decoders, targets), "time": time.time() - start}
        return decoders, info

    def _store(self, key: tuple[nengo.Ensemble, float], system: System) -> None:
        self._systems[key] = system
        self._numbers += system.size
        while len(self._systems) > 1 and self._numbers > MOST_NUMBERS:
            self._numbers -= self._systems.pop(next(iter(self._systems))).size


def _system(conn: nengo.Connection, gain: Array, bias: Array, x: Array) -> System | None:
    """Activities and Cholesky factor of a connection's ensemble.

    None if SciPy is missing, or if no neuron is active, which Nengo refuses with an error.
    """
    try:
        from scipy.linalg import cho_factor
    except ImportError:
        return None
    A = _rates(conn.pre_obj.neuron_type, x, gain, bias)
    if not A.any():
        return None
    sigma = conn.solver.reg * A.max()
    gram = np.dot(A.T, A)
    np.fill_diagonal(gram, gram.diagonal() + len(A) * sigma**2)
    return System(A, cho_factor(gram, overwrite_a=True))


def _rates(neuron: Any, x: Array, gain: Array, bias: Array) -> Any:
    """Nengo's firing rates (P, N), to the last bit; for LIF neurons nefsim computes them faster."""
    if type(neuron) in (nengo.LIF, nengo.LIFRate) and neuron.amplitude == 1:
        return lif_rates(neuron.current(x, gain, bias), neuron.tau_rc, neuron.tau_ref)
    return neuron.rates(x, gain, bias)
