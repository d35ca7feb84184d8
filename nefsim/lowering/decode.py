"""Principle 2 in a network: solve for the decoders of connections and probes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering import threads
from nefsim.lowering.arrays import (
    EVAL_POINTS,
    SOLVER,
    BuiltConnection,
    BuiltEnsemble,
    into,
    n_eval_points,
    preset_of,
    times,
)
from nefsim.lowering.once import Once
from nefsim.lowering.onward import Onward
from nefsim.network import Network
from nefsim.network.functions import values_at
from nefsim.network.objects import Connection, Ensemble, Probe, indices, whole
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.sampling import Distribution, as_samples
from nefsim.solvers import Solver
from nefsim.solvers.base import Decodes
from nefsim.spike_noise import Spikes

Array = NDArray[np.float64]

#: Divides systems among processes: called with a function that solves those of given numbers,
#: and with the work of each; it returns the solutions of all.
Divide = Callable[[Callable[[Sequence[int]], dict[int, Any]], Sequence[float]], dict[int, Any]]

#: Numbers in a block of currents that is turned into rates, so that it stays in the cache with
#: intermediate arrays of the same size.
NUMBERS_IN_CACHE = 1 << 15

#: Most activities that are held in memory [numbers]; more are computed again for each pass, block
#: by block, if the solver supports it.
MOST_ACTIVITIES = 1 << 24


def decode(
    network: Network,
    probes: Sequence[Probe],
    ensembles: Mapping[Ensemble, BuiltEnsemble],
    streams: Mapping[Any, Stream],
    kind: type[Decoder],
    dt: float,
    divide: Divide | None = None,
    solved_more: Callable[[int], None] = lambda n: None,
) -> tuple[dict[Connection, BuiltConnection], dict[Probe, BuiltConnection]]:
    """Solve for the decoders of all connections and probes that read an ensemble's neurons.

    Large ensembles are solved one after the other, so that memory holds one Gram matrix at a
    time.  Small ensembles are solved in threads.  Ensembles with equal tuning curves share one
    Gram matrix.

    Parameters
    ----------
    network : Network
        The network to build.
    probes : sequence of Probe
        All probes of this run.
    ensembles : mapping
        The arrays of each ensemble.
    streams : mapping
        The random stream of each object.
    kind : type of Decoder
        :class:`Solving`, or a class that computes shapes only.
    dt : float [s]
        The time step.
    divide : callable, optional
        Divides the systems among several processes; without it this process solves all.
    solved_more : callable
        Called, in any thread, with a number of ensembles whose decoders are solved.

    Returns
    -------
    connections, probes : dict
        The arrays of each connection and of each probe.
    """
    decoding: dict[Ensemble, tuple[list[Connection], list[Probe]]] = {
        ensemble: ([], []) for ensemble in ensembles if not isinstance(ensemble.neuron_type, Direct)
    }
    for connection in network.all_connections:
        pre = whole(connection.pre)
        if isinstance(pre, Ensemble) and pre in decoding:
            decoding[pre][0].append(connection)
    for probe in probes:
        target = None if isinstance(probe.target, Connection) else whole(probe.target)
        if isinstance(target, Ensemble) and target in decoding and probe.attr != "input":
            decoding[target][1].append(probe)
    onward = Onward(network, dt)
    families = _equal(decoding, ensembles) if kind is Solving else [[e] for e in decoding]

    def prepare(
        equal: list[Ensemble], kind: Callable[..., Decoder]
    ) -> Callable[[], list[tuple[Any, BuiltConnection]]]:
        """Compute points and targets of equal ensembles; return a function that solves."""
        once = Once()
        parts: list[tuple[Any, Callable[[], BuiltConnection]]] = []
        for ensemble in equal:
            decoder = kind(ensemble, ensembles, streams, once, onward)
            outgoing, watching = decoding[ensemble]
            parts += [(c, decoder.of_connection(c)) for c in outgoing]
            parts += [(p, decoder.of_probe(p)) for p in watching]

        def solve_all() -> list[tuple[Any, BuiltConnection]]:
            results = [(part, solve()) for part, solve in parts]
            once.clear()  # frees the Gram matrix before other ensembles are done
            solved_more(len(equal))
            return results

        return solve_all

    def is_small(equal: list[Ensemble]) -> bool:
        """Whether decoders need a Gram matrix, and it is too small for two threads of BLAS."""
        solvers = [part.solver for e in equal for parts in decoding[e] for part in parts]
        small = _products(equal[0]) < threads.MIN_WORK_FOR_THREADS
        return small and any(solver.uses_activities for solver in solvers)

    def solve(some: Iterable[list[Ensemble]], kind: Callable[..., Decoder]) -> dict[Any, Any]:
        """The arrays of all readers of some ensembles."""
        small: list[list[Ensemble]] = []
        rest: list[list[Ensemble]] = []
        for equal in some:
            (small if is_small(equal) else rest).append(equal)
        shared = threads.share(lambda equal: prepare(equal, kind), small)
        results = [*shared, *(prepare(equal, kind)() for equal in rest)]
        return dict(chain.from_iterable(results))

    if divide is None or kind is not Solving or network.root.presets:
        solved = solve(families, kind)
    else:
        readers = [*network.all_connections, *probes]
        work = [
            _products(equal[0]) if any(any(decoding[e]) for e in equal) else 0 for equal in families
        ]

        def solve_some(chosen: Sequence[int]) -> dict[int, Mapping[str, Any]]:
            found = solve([families[i] for i in chosen], Solving)
            return {i: _arrays(found[r]) for i, r in enumerate(readers) if r in found}

        arrays = {readers[i]: found for i, found in divide(solve_some, work).items()}
        solved = solve(families, partial(Received, arrays))
    of_probes = {p: built for p, built in solved.items() if isinstance(p, Probe)}
    return {c: solved[c] for c in solved if c not in of_probes}, of_probes


def _products(ensemble: Ensemble) -> int:
    """The number of products in the Gram matrix of an ensemble."""
    n, n_points = ensemble.n_neurons, n_eval_points(ensemble)
    return n * n_points * min(n, n_points)


def _arrays(built: BuiltConnection) -> dict[str, Any]:
    """The solved arrays of a reader, as :class:`Received` takes them."""
    arrays = {"decoders": built.decoders, "full": built.full, "info": built.solver_info}
    return {name: value for name, value in arrays.items() if value is not None}


def _equal(
    decoding: Iterable[Ensemble], ensembles: Mapping[Ensemble, BuiltEnsemble]
) -> list[list[Ensemble]]:
    """Group ensembles by tuning curves: equal neuron types, scaled encoders and biases."""
    shapes = [(e.neuron_type, e.n_neurons, e.dimensions) for e in decoding]
    several = Counter(shapes)
    families: dict[Any, list[Ensemble]] = {}
    once = Once()
    for ensemble, shape in zip(decoding, shapes, strict=True):
        built = ensembles[ensemble]
        arrays = built.scaled_encoders, built.bias
        # A single ensemble of its shape needs no digest.
        digest = once("digest", partial(_digest, *arrays), *arrays) if several[shape] > 1 else b""
        families.setdefault((shape, digest), []).append(ensemble)
    return [*families.values()]


def _digest(*arrays: Array) -> bytes:
    """A hash of the content of arrays."""
    hashed = blake2b()
    for array in arrays:
        hashed.update(repr(array.shape).encode())
        hashed.update(array.tobytes())
    return hashed.digest()


class Decoder(ABC):
    """Computes the decoders of one ensemble's connections and probes.

    ``once`` has the results that ensembles with equal tuning curves share: factored Gram
    matrices, the values of a function at the same points, and their decoders.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        ensembles: Mapping[Ensemble, BuiltEnsemble],
        streams: Mapping[Any, Stream],
        once: Once,
        onward: Onward,
    ) -> None:
        self._ensemble, self._ensembles, self._streams = ensemble, ensembles, streams
        self._built = ensembles[ensemble]
        self._once, self._onward = once, onward
        self._reach: dict[Connection | Probe, Spikes] = {}

    def _find_reach(self, reader: Connection | Probe) -> None:
        """Find how spikes reach a reader; not in a thread, as all ways are found together."""
        self._reach[reader] = self._onward(reader, self._ensemble.neuron_type)

    def of_connection(self, connection: Connection) -> Callable[[], BuiltConnection]:
        """A function that solves for the decoders of a connection, in any thread.

        The connection's Python function is called before this method returns.
        """
        self._find_reach(connection)
        points = self._points(connection)
        preset = self._preset_of(connection)
        if "decoders" in preset or "full" in preset:
            built = self._preset(connection, points, preset)
            return lambda: built
        targets = self._targets(connection, points)
        return lambda: self._connection(connection, points, targets)

    def _preset(
        self, connection: Connection, points: Array, preset: Mapping[str, Any]
    ) -> BuiltConnection:
        """The arrays of a connection that are solved already."""
        solver, transform = connection.solver, connection.transform
        if not (solver.compositional or solver.weights):
            transform = 1.0  # which is in the decoders
        decoders, full, info = preset.get("decoders"), preset.get("full"), preset.get("info", {})
        return BuiltConnection(decoders, points, info, transform, full, self._post(connection))

    def _connection(self, connection: Connection, points: Array, targets: Array) -> BuiltConnection:
        post, transform = self._post(connection), connection.transform

        def solve(wanted: Array) -> tuple[Array, Mapping[str, Any]]:
            stream = self._streams[self._ensemble].child(SOLVER)
            if connection.seed is not None or isinstance(connection.eval_points, Distribution):
                stream = self._streams[connection]
            return self._solve(connection, points, wanted, stream)

        if connection.solver.compositional:
            decoders, info = solve(targets)
            full = None
            if connection.solver.weights:
                assert post is not None
                full = into(*post) @ times(transform, decoders.T)
            return BuiltConnection(decoders, points, info, transform, full, post)
        # A solver that is not linear in its targets needs the transform, and for weights the
        # encoders, in them.
        is_one = np.ndim(transform) == 0 and transform == 1.0
        wanted = targets if is_one else times(transform, targets.T).T
        if not connection.solver.weights:
            decoders, info = solve(wanted)
            return BuiltConnection(decoders, points, info, 1.0, None, post)
        assert post is not None
        weights, info = solve(wanted @ into(*post).T)
        return BuiltConnection(None, points, info, transform, weights.T, post)

    def of_probe(self, probe: Probe) -> Callable[[], BuiltConnection]:
        """A function that solves for the decoders of a probe, in any thread."""
        assert not isinstance(probe.target, Connection)
        self._find_reach(probe)
        points, chosen = self._built.eval_points, indices(probe.target)
        preset = self._preset_of(probe)
        if preset:
            built = BuiltConnection(preset["decoders"], points, preset.get("info", {}), 1.0)
            return lambda: built
        wanted = points
        if chosen is not None:
            wanted = self._once("columns", lambda: points[:, list(chosen)], points, key=chosen)
        stream = self._streams[self._ensemble].child(SOLVER)

        def solve() -> BuiltConnection:
            decoders, info = self._solve(probe, points, wanted, stream)
            return BuiltConnection(decoders, points, info, 1.0)

        return solve

    def _post(self, connection: Connection) -> tuple[BuiltEnsemble, tuple[int, ...] | None] | None:
        """The target ensemble of a connection and the dimensions of its view, if any."""
        post = whole(connection.post)
        if not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct):
            return None
        return self._ensembles[post], indices(connection.post)

    @abstractmethod
    def _solve(
        self, reader: Connection | Probe, points: Array, targets: Array, stream: Stream
    ) -> tuple[Array, Mapping[str, Any]]:
        """Decoders (N, k) and the solver's info for targets (P, k) at points (P, D)."""

    @abstractmethod
    def _preset_of(self, thing: Connection | Probe) -> Mapping[str, Any]:
        """Decoders or weights that are solved already, by name; empty if they are not."""

    @abstractmethod
    def _points(self, connection: Connection) -> Array:
        """The points at which a connection's decoders are solved, (P, D of the ensemble)."""

    @abstractmethod
    def _targets(self, connection: Connection, points: Array) -> Array:
        """The function's values at the evaluation points, (P, k)."""


class Solving(Decoder):
    """Solves for decoders; functions with the same points and solver share one factorisation."""

    def _solve(
        self, reader: Connection | Probe, points: Array, targets: Array, stream: Stream
    ) -> tuple[Array, Mapping[str, Any]]:
        """Decoders (N, k) and the solver's info for targets (P, k) at points (P, D)."""
        solver = reader.solver
        if solver.compositional and solver.uses_activities and not np.any(targets):
            # D(Y T) = D(Y) T, and T = 0 shows that zero targets have zero decoders.
            zeros = np.zeros((len(self._built.bias), targets.shape[1]))
            info = {"rmse": zeros[0].copy(), "condition": None}
            return zeros, {"solver": type(solver).__name__, **info}
        spikes = self._reach[reader]
        try:
            find = partial(self._decodes, solver, points, stream)
            decodes = self._once("decodes", find, solver, points, key=(stream.seed, stream.key))
            return self._once(
                "decoders", lambda: decodes(spikes)(targets), decodes, targets, key=spikes
            )
        except ValueError as error:
            error.add_note(f"while solving for decoders of {self._ensemble!r}")
            raise

    def _decodes(self, solver: Solver, points: Array, stream: Stream) -> Decodes:
        """The factored equations; those of a solver that draws are other ones for each stream."""
        digest = self._once("digest", partial(_digest, points), points)

        source = (stream.seed, stream.key)

        def prepare() -> tuple[Decodes, Any]:
            rng = stream.generator()
            before = rng.bit_generator.state
            decodes = self._prepare(solver, points, digest, rng)
            return decodes, None if rng.bit_generator.state == before else source

        decodes, origin = self._once("factored", prepare, key=(solver, digest))
        if origin not in (None, source):
            decodes, _ = self._once("factored", prepare, key=(solver, digest, source))
        return decodes

    def _prepare(
        self, solver: Solver, points: Array, digest: bytes, rng: np.random.Generator
    ) -> Decodes:
        n_neurons = len(self._built.bias)
        if len(points) * n_neurons <= MOST_ACTIVITIES or len(points) < n_neurons:
            rates = self._once("rates", partial(self._activities, points), key=digest)
            return solver.prepare_readers(rates, rng)
        n = max(1, MOST_ACTIVITIES // (4 * n_neurons))

        def blocks() -> Iterator[Array]:
            for first in range(0, len(points), n):
                yield self._activities(points[first : first + n])

        return solver.prepare_readers(blocks, rng)

    def _activities(self, points: Array) -> Array:
        """Firing rates (P, N) at points (P, D)."""
        activities = points @ self._built.scaled_encoders.T
        n = max(1, NUMBERS_IN_CACHE // activities.shape[1])

        def fire(first: int) -> None:
            J = activities[first : first + n]
            J += self._built.bias
            self._ensemble.neuron_type._to_rates(J)

        blocks = range(0, len(points), n)
        if len(blocks) < threads.MIN_SYSTEMS:  # less work than the start of a thread
            for first in blocks:
                fire(first)
        else:
            threads.in_threads(fire, blocks)
        activities.flags.writeable = False  # so that solvers need no copy
        return activities

    def _preset_of(self, thing: Connection | Probe) -> Mapping[str, Any]:
        """Decoders or weights of a loaded model, by name; empty for other networks."""
        return preset_of(thing)

    def _points(self, connection: Connection) -> Array:
        """The points at which a connection's decoders are solved, (P, D of the ensemble)."""
        points, pre = connection.eval_points, self._ensemble
        if points is None:
            return self._built.eval_points
        if isinstance(points, Distribution):
            rng = self._streams[connection].child(EVAL_POINTS).generator()
            n, d = n_eval_points(pre), pre.dimensions
            points = as_samples(repr(connection), "eval_points", points, n, d, rng)
        return np.asarray(points * (pre.radius if connection.scale_eval_points else 1.0))

    def _targets(self, connection: Connection, points: Array) -> Array:
        """The function's values at the evaluation points, (P, k)."""
        key = (indices(connection.pre), connection.size_mid)
        compute = partial(targets_of, connection, points)
        return self._once("targets", compute, points, connection.function, key=key)


class Received(Solving):
    """Takes the arrays that one of several processes has solved."""

    def __init__(self, arrays: Mapping[Any, Mapping[str, Any]], *of_ensemble: Any) -> None:
        super().__init__(*of_ensemble)
        self._arrays = arrays

    def _find_reach(self, reader: Connection | Probe) -> None:
        """Nothing is solved here."""

    def _preset_of(self, thing: Connection | Probe) -> Mapping[str, Any]:
        """The arrays of a reader."""
        return self._arrays[thing]


def targets_of(connection: Connection, points: Array) -> Array:
    """The function's values at the evaluation points, (P, k)."""
    if isinstance(connection.function, np.ndarray):
        return connection.function
    chosen = indices(connection.pre)
    inputs = points if chosen is None else points[:, list(chosen)]
    return values_at(repr(connection), connection.function, inputs, connection.size_mid)
