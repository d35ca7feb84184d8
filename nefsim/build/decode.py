"""Principle 2 in a network: decoders of connections and probes, solved where neurons are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.build.arrays import (
    EVAL_POINTS,
    SOLVER,
    BuiltConnection,
    BuiltEnsemble,
    into,
    n_eval_points,
    times,
)
from nefsim.network.functions import values_at
from nefsim.network.objects import Connection, Ensemble, Probe, indices, whole
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.sampling import Distribution
from nefsim.solvers import Solver

Array = NDArray[np.float64]
Decode = Callable[[Array], tuple[Array, Mapping[str, Any]]]


class Decoders:
    """Solves for decoders, with one factorisation per ensemble, set of points and solver.

    All functions decoded from the same activities share the Gram matrix and its factor.

    Parameters
    ----------
    ensembles : mapping
        The arrays of each ensemble.
    streams : mapping
        Where each object draws its random numbers.
    """

    def __init__(
        self, ensembles: Mapping[Ensemble, BuiltEnsemble], streams: Mapping[Any, Stream]
    ) -> None:
        self._ensembles, self._streams = ensembles, streams
        self._prepared: dict[Any, Decode] = {}

    def of_connection(self, connection: Connection, pre: Ensemble) -> BuiltConnection:
        """The arrays of a connection that decodes from ``pre``."""
        points = self._points(connection, pre)
        targets = targets_of(connection, points)
        post, transform = self._post(connection), connection.transform

        def solve(wanted: Array) -> tuple[Array, Mapping[str, Any]]:
            stream = self._streams[pre].child(SOLVER)
            if connection.seed is not None or isinstance(connection.eval_points, Distribution):
                stream = self._streams[connection]
            return self._solve(pre, connection.solver, points, wanted, stream)

        if connection.solver.compositional:
            decoders, info = solve(targets)
            full = None
            if connection.solver.weights:
                assert post is not None
                full = into(*post) @ times(transform, decoders.T)
            return BuiltConnection(decoders, points, info, transform, full, post)
        # What is not linear in its targets has to see the transform, and the encoders too
        # when it solves for weights.
        wanted = times(transform, targets.T).T
        if not connection.solver.weights:
            decoders, info = solve(wanted)
            return BuiltConnection(decoders, points, info, 1.0, None, post)
        assert post is not None
        weights, info = solve(wanted @ into(*post).T)
        return BuiltConnection(None, points, info, transform, weights.T, post)

    def of_probe(self, probe: Probe, ensemble: Ensemble) -> BuiltConnection:
        """The arrays of a probe of the value that ``ensemble`` represents."""
        assert not isinstance(probe.target, Connection)
        points, chosen = self._ensembles[ensemble].eval_points, indices(probe.target)
        wanted = points if chosen is None else points[:, list(chosen)]
        stream = self._streams[ensemble].child(SOLVER)
        decoders, info = self._solve(ensemble, probe.solver, points, wanted, stream)
        return BuiltConnection(decoders, points, info, 1.0)

    def _solve(
        self, ensemble: Ensemble, solver: Solver, points: Array, targets: Array, stream: Stream
    ) -> tuple[Array, Mapping[str, Any]]:
        """Decoders (N, k) and the solver's info for targets (P, k) at points (P, D)."""
        digest = blake2b(points.tobytes()).digest()
        key = (ensemble, solver, digest, stream.seed, stream.key)
        decode = self._prepared.get(key)
        try:
            if decode is None:
                built = self._ensembles[ensemble]
                J = points @ built.scaled_encoders.T + built.bias
                activities = ensemble.neuron_type.rates(J)
                decode = self._prepared[key] = solver.prepare(activities, stream.generator())
            return decode(targets)
        except ValueError as error:
            error.add_note(f"while solving for decoders of {ensemble!r}")
            raise

    def _points(self, connection: Connection, pre: Ensemble) -> Array:
        """The points at which a connection's decoders are solved, (P, D of the ensemble)."""
        points = connection.eval_points
        if points is None:
            return self._ensembles[pre].eval_points
        if isinstance(points, Distribution):
            rng = self._streams[connection].child(EVAL_POINTS).generator()
            points = points.sample(n_eval_points(pre), pre.dimensions, rng)
        return np.asarray(points * (pre.radius if connection.scale_eval_points else 1.0))

    def _post(self, connection: Connection) -> tuple[BuiltEnsemble, tuple[int, ...] | None] | None:
        """The ensemble of neurons that a connection ends in, and its dimensions there."""
        post = whole(connection.post)
        if not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct):
            return None
        return self._ensembles[post], indices(connection.post)


def targets_of(connection: Connection, points: Array) -> Array:
    """The function's values at the evaluation points, (P, k)."""
    if isinstance(connection.function, np.ndarray):
        return connection.function
    chosen = indices(connection.pre)
    seen = points if chosen is None else points[:, list(chosen)]
    return values_at(repr(connection), connection.function, seen, connection.size_mid)
