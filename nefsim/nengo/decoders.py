"""A builder of Nengo models that factors the Gram matrix of each ensemble once."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Any

import nengo
import numpy as np
from nengo.builder import Builder, Model
from nengo.builder.connection import build_solver, solve_for_decoders
from nengo.cache import NoDecoderCache
from nengo.solvers import LstsqL2, Solver
from numpy.typing import NDArray

from nefsim.nengo.building import quick
from nefsim.nengo.rates import is_leaky, rates_of
from nefsim.nengo.readers import Key, content_of, is_simple, readers, size_of
from nefsim.nengo.systems import (
    FEWEST_ITERATED,
    MOST_NEURONS,
    MOST_OUTPUTS,
    Iterated,
    Room,
    System,
    factored,
    has_scipy,
    iterated,
    points_of,
)
from nefsim.nengo.targets import targets_of

Array = NDArray[np.float64]

#: Most numbers of activities and factors that are stored for further functions.
MOST_NUMBERS = 50_000_000

#: A system of more numbers is not stored: all functions are solved when it is there.
LARGE = 10_000_000

#: Objects with such functions that can be built once only.
ONCE = (nengo.Ensemble, nengo.Connection)

#: Fewest neurons of an ensemble whose decoders Nengo's cache stores: for fewer, it takes longer
#: to hash the arguments of the solver than to solve.
FEWEST_CACHED = 200


class SharingBuilder(Builder):  # type: ignore[misc]
    """Builds Nengo models like Nengo's builder, to the last bit, but solves for decoders faster.

    Decoders of 4000 neurons or more are found by conjugate gradients, with other last digits,
    where :func:`is_iterated` says so.

    Functions that are decoded from an ensemble by ``LstsqL2``, at the evaluation points of the
    ensemble, share one factorisation.  It is dropped after the last of them; those of a large
    ensemble are solved one after the other, so that no other is in memory meanwhile.  Equal
    weights, such as those by which one ensemble inhibits many, are one array.  Nengo builds
    everything else.
    """

    def __init__(self) -> None:
        self._systems: dict[Key, System | Iterated] = {}
        self._numbers = 0  # of all stored systems
        self._readers: dict[Key, list[Any]] = {}  # connections and probes
        self._left: dict[Key, int] = {}  # the number of readers without decoders
        self._solved: dict[Key, dict[Any, tuple[Array, dict[str, Any]]]] = {}
        self._weights: dict[Any, Array] = {}
        self._room = Room()

    def forget(self) -> None:
        """Discard all factorisations to free their memory."""
        for stored in (self._systems, self._readers, self._left, self._solved, self._weights):
            stored.clear()
        self._numbers = 0
        self._room.free()

    def build(self, model: Model, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Add an object to a model."""
        if self._is_shared(model, obj, *args):
            return self._decoders(model, *args, **kwargs)
        function = self._quick_function(type(obj))
        if function is None or (isinstance(obj, ONCE) and model.has_built(obj)):
            built = super().build(model, obj, *args, **kwargs)
        else:
            built = function(model, obj, *args, **kwargs)
        if type(obj) is nengo.Dense and kwargs.get("decoders") is not None:
            self._share(built[1])
        return built

    def _quick_function(self, kind: type) -> Any:
        """The function that builds objects of a type, if one takes less time than Nengo's."""
        return quick(next((self.builders[c] for c in kind.__mro__ if c in self.builders), None))

    def _share(self, signal: Any) -> None:
        """Let a signal of weights have an equal array of another signal.

        No array of a signal is ever written: Nengo and nefsim copy those that change.
        """
        weights = signal.initial_value
        if weights.ndim != 2 or not weights.size:
            return
        numbers = np.ascontiguousarray(weights)
        key = weights.shape, weights.dtype, blake2b(numbers.data, digest_size=16).digest()
        signal._initial_value = self._weights.setdefault(key, weights)

    def _is_shared(self, model: Model, solver: Any, *args: Any) -> bool:
        if LstsqL2 in self.builders or self.builders[Solver] is not build_solver or not args:
            return False
        if not is_simple(solver) or args[0].eval_points is not None:
            return False
        built = model.params[args[0].pre_obj]
        return len(built.eval_points) >= args[0].pre_obj.n_neurons

    def _decoders(self, model: Model, conn: nengo.Connection, rng: Any) -> tuple[Any, ...]:
        """Evaluation points, decoders and ``solver_info`` of a connection."""
        built, key = model.params[conn.pre_obj], Key(conn.pre_obj, conn.solver.reg)
        if not self._readers:
            self._readers = readers(model.toplevel)
            self._left = {each: len(found) for each, found in self._readers.items()}
            large = (
                key.ensemble for key, found in self._readers.items() if is_iterated(key, found)
            )
            sizes = (e.n_neurons * points_of(e) for e in large if is_leaky(e.neuron_type))
            self._room.size = max(sizes, default=0)
        points = built.eval_points.view()
        points.setflags(write=False)
        solved = self._solved.get(key, {}).get(content_of(conn))
        if solved is None:
            targets = targets_of(conn, points)
            found = self._readers.get(key, [])
            if key not in self._systems and is_iterated(key, found, targets.shape[1]):
                self._iterate(key, conn, built, points, max(_outputs(found), targets.shape[1]))
            system = self._systems.get(key)
            if isinstance(system, Iterated):
                solved = self._solve_together(key, system, points, conn, targets)
            else:
                solved = self._solve_alone(key, model, points, conn, targets, rng)
        if key in self._left:
            self._left[key] -= 1
            if not self._left[key]:
                del self._left[key]
                self._drop(key)
                self._solved.pop(key, None)
                if _is_large(key) and not any(map(_is_large, self._left)):
                    self._room.free()
        decoders, info = solved
        return points, decoders.T, info

    def _iterate(
        self, key: Key, conn: nengo.Connection, built: Any, points: Array, outputs: int
    ) -> None:
        """Store the system of a large ensemble, in place of the last one."""
        for other in [k for k, system in self._systems.items() if isinstance(system, Iterated)]:
            self._drop(other)
        self._make_room(len(points) * conn.pre_obj.n_neurons)
        found = iterated(conn, built, points, self._room, outputs)
        if found is None:
            self._room.free()
        else:
            self._store(key, found)

    def _solve_alone(
        self,
        key: Key,
        model: Model,
        points: Array,
        conn: nengo.Connection,
        targets: Array,
        rng: Any,
    ) -> tuple[Array, dict[str, Any]]:
        """Solve one function as Nengo does, or take it from its cache; all of a large ensemble."""
        built = model.params[conn.pre_obj]
        solve: Any = self._solve  # or the same function within the cache
        is_cached = model.seeded[conn] and conn.pre_obj.n_neurons >= FEWEST_CACHED
        if is_cached and not isinstance(model.decoder_cache, NoDecoderCache):
            solve = model.decoder_cache.wrap_solver(solve)
        x = None
        if solve != self._solve or key not in self._systems:
            x = np.dot(points, built.encoders.T / conn.pre_obj.radius)
        solved = solve(conn, built.gain, built.bias, x, targets, rng=rng)
        system = self._systems.get(key)
        if system is not None and system.size > LARGE:
            others = self._other_targets(key, points, conn).items()
            found = {content: system.solve(values, time.time()) for content, values in others}
            if key in self._readers:
                self._solved.setdefault(key, {}).update({content_of(conn): solved, **found})
                self._drop(key)
        return solved

    def _solve(
        self, conn: nengo.Connection, gain: Array, bias: Array, x: Array, targets: Array, rng: Any
    ) -> tuple[Array, dict[str, Any]]:
        start, key = time.time(), Key(conn.pre_obj, conn.solver.reg)
        if key not in self._systems:
            self._make_room(x.size + x.shape[1] ** 2)
            system = _system(conn, gain, bias, x)
            if system is None:
                answer: tuple[Array, dict[str, Any]]
                answer = solve_for_decoders(conn, gain, bias, x, targets, rng=rng)
                return answer
            self._store(key, system)
        return self._systems[key].solve(targets, start)

    def _solve_together(
        self, key: Key, system: Iterated, points: Array, conn: nengo.Connection, targets: Array
    ) -> tuple[Array, dict[str, Any]]:
        """Solve all functions of an ensemble, by the same steps, and drop its system."""
        all_targets = {content_of(conn): targets, **self._other_targets(key, points, conn)}
        start, edges = time.time(), np.cumsum([t.shape[1] for t in all_targets.values()])[:-1]
        decoders, info = system.solve(np.hstack([*all_targets.values()]), start)
        solved = {
            content: (own, {**info, "rmses": errors})
            for content, own, errors in zip(
                all_targets,
                np.split(decoders, edges, axis=1),
                np.split(info["rmses"], edges),
                strict=True,
            )
        }
        if key in self._readers:
            self._solved.setdefault(key, {}).update(solved)
            self._drop(key)
        return solved[content_of(conn)]

    def _other_targets(self, key: Key, points: Array, conn: nengo.Connection) -> dict[Any, Array]:
        """The targets of other functions of the readers of a system, by their contents."""
        found: dict[Any, Array] = {}
        for reader in self._readers.get(key, []):
            content = content_of(reader)
            if content == content_of(conn) or content in found | self._solved.get(key, {}):
                continue
            if isinstance(reader, nengo.Probe):
                found[content] = points[:, slice(None) if reader.slice is None else reader.slice]
            else:
                found[content] = targets_of(reader, points)
        return found

    def _store(self, key: Key, system: System | Iterated) -> None:
        self._systems[key] = system
        self._numbers += system.size
        self._make_room(0, 1)

    def _make_room(self, size: int, fewest: int = 0) -> None:
        """Drop the oldest systems until ``size`` numbers more are not too many."""
        while len(self._systems) > fewest and self._numbers + size > MOST_NUMBERS:
            self._drop(next(iter(self._systems)))

    def _drop(self, key: Key) -> None:
        """Drop a system, if it is stored."""
        system = self._systems.pop(key, None)
        self._numbers -= 0 if system is None else system.size


def _is_large(key: Key) -> bool:
    return int(key.ensemble.n_neurons) >= FEWEST_ITERATED


def is_iterated(key: Key, found: list[Any], size: int = 0) -> bool:
    """Whether conjugate gradients solve a system.

    It has many neurons, a regularisation that is not too small for them, and few outputs in all of
    its functions, those of its readers or ``size``.
    """
    n = key.ensemble.n_neurons
    if not _is_large(key) or n > MOST_NEURONS * key.reg**2:
        return False
    return max(_outputs(found), size) <= MOST_OUTPUTS * n


def _outputs(found: list[Any]) -> int:
    """The number of outputs of all functions of some readers."""
    return sum({content_of(reader): size_of(reader) for reader in found}.values())


def _system(conn: nengo.Connection, gain: Array, bias: Array, x: Array) -> System | None:
    """Activities and Cholesky factor of a connection's ensemble; ``x`` may be overwritten.

    None if SciPy is missing, or if no neuron is active, which Nengo refuses with an error.
    """
    if not has_scipy():
        return None
    A = rates_of(conn.pre_obj.neuron_type, x, gain, bias)
    if not A.any():
        x[:] = -bias / gain  # no current, in the place of rates, so that Nengo finds the same
        return None
    return factored(A, len(A) * (conn.solver.reg * A.max()) ** 2)
