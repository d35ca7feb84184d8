"""A builder of Nengo models that factors the Gram matrix of each ensemble once."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import nengo
import numpy as np
from nengo.builder import Builder, Model
from nengo.builder.connection import build_solver, solve_for_decoders
from nengo.cache import NoDecoderCache
from nengo.solvers import LstsqL2, Solver
from nengo.utils.least_squares_solvers import Cholesky, rmses
from numpy.typing import NDArray

from nefsim.nengo.targets import targets_of
from nefsim.neurons.curves import lif_rates

Array = NDArray[np.float64]

#: Most numbers of activities and factors that are stored for further functions.
MOST_NUMBERS = 50_000_000

#: A system of more numbers is not stored: all functions are solved when it is there.
LARGE = 10_000_000

#: Fewest neurons of an ensemble whose decoders Nengo's cache stores: for fewer, it takes longer
#: to hash the arguments of the solver than to solve.
FEWEST_CACHED = 200


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


class Key(NamedTuple):
    """The system of a connection: its ensemble, and the regularisation of its solver."""

    ensemble: nengo.Ensemble
    reg: float


class SharingBuilder(Builder):  # type: ignore[misc]
    """Builds Nengo models like Nengo's builder, to the last bit, but solves for decoders faster.

    Functions that are decoded from an ensemble by ``LstsqL2``, at the evaluation points of the
    ensemble, share one factorisation.  It is dropped after the last of them; those of a large
    ensemble are solved one after the other, so that no other is in memory meanwhile.  Equal
    weights, such as those by which one ensemble inhibits many, are one array.  Nengo builds
    everything else.
    """

    def __init__(self) -> None:
        self._systems: dict[Key, System] = {}
        self._numbers = 0  # of all stored systems
        self._readers: dict[Key, list[Any]] | None = None  # connections and probes
        self._left: dict[Key, int] = {}  # the number of readers without decoders
        self._solved: dict[Key, dict[Any, tuple[Array, dict[str, Any]]]] = {}
        self._weights: dict[Any, Array] = {}

    def forget(self) -> None:
        """Discard all factorisations to free their memory."""
        for stored in (self._systems, self._left, self._solved, self._weights):
            stored.clear()
        self._readers, self._numbers = None, 0

    def build(self, model: Model, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Add an object to a model."""
        if self._is_shared(model, obj, *args):
            return self._decoders(model, *args, **kwargs)
        built = super().build(model, obj, *args, **kwargs)
        if type(obj) is nengo.Dense and kwargs.get("decoders") is not None:
            self._share(built[1])
        return built

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
        if not _is_simple(solver) or args[0].eval_points is not None:
            return False
        built = model.params[args[0].pre_obj]
        return len(built.eval_points) >= args[0].pre_obj.n_neurons

    def _decoders(self, model: Model, conn: nengo.Connection, rng: Any) -> tuple[Any, ...]:
        """Evaluation points, decoders and ``solver_info`` of a connection."""
        built, key = model.params[conn.pre_obj], Key(conn.pre_obj, conn.solver.reg)
        if self._readers is None:
            self._readers = readers(model.toplevel)
            self._left = {each: len(found) for each, found in self._readers.items()}
        points = built.eval_points.view()
        points.setflags(write=False)
        solved = self._solved.get(key, {}).get(_content(conn))
        if solved is None:
            targets = targets_of(conn, points)
            solve: Any = self._solve
            is_cached = model.seeded[conn] and conn.pre_obj.n_neurons >= FEWEST_CACHED
            if is_cached and not isinstance(model.decoder_cache, NoDecoderCache):
                solve = model.decoder_cache.wrap_solver(solve)
            x = None
            if solve != self._solve or key not in self._systems:
                x = np.dot(points, built.encoders.T / conn.pre_obj.radius)
            solved = solve(conn, built.gain, built.bias, x, targets, rng=rng)
            system = self._systems.get(key)
            if system is not None and system.size > LARGE:
                self._solve_others(key, system, points, conn)
        if key in self._left:
            self._left[key] -= 1
            if not self._left[key]:
                self._drop(key)
                self._solved.pop(key, None)
        decoders, info = solved
        return points, decoders.T, info

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

    def _solve_others(
        self, key: Key, system: System, points: Array, conn: nengo.Connection
    ) -> None:
        """Solve all functions of a large ensemble, and drop its system."""
        assert self._readers is not None
        solved = self._solved.setdefault(key, {})
        for reader in self._readers.get(key, []):
            content = _content(reader)
            if content != _content(conn) and content not in solved:
                if isinstance(reader, nengo.Probe):
                    targets = points[:, slice(None) if reader.slice is None else reader.slice]
                else:
                    targets = targets_of(reader, points)
                solved[content] = system.solve(targets, time.time())
        if key in self._readers:
            self._drop(key)

    def _store(self, key: Key, system: System) -> None:
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


def _is_simple(solver: Any) -> bool:
    """Whether a solver is least squares with a Cholesky factor of N rows."""
    return (
        type(solver) is LstsqL2 and type(solver.solver) is Cholesky and not solver.solver.transpose
    )


def readers(network: nengo.Network | None) -> dict[Key, list[Any]]:
    """The connections and probes of a network that are decoded by each system."""
    found: dict[Key, list[Any]] = defaultdict(list)
    if network is None:
        return found
    for conn in network.all_connections:
        is_decoded = isinstance(conn.pre_obj, nengo.Ensemble) and conn.eval_points is None
        if is_decoded and _is_simple(conn.solver):
            found[Key(conn.pre_obj, conn.solver.reg)].append(conn)
    for probe in network.all_probes:
        is_decoded = isinstance(probe.obj, nengo.Ensemble) and probe.attr == "decoded_output"
        if is_decoded and _is_simple(probe.solver):
            found[Key(probe.obj, probe.solver.reg)].append(probe)
    return found


def _content(reader: Any) -> tuple[Any, str]:
    """A value that is equal for readers of the same function of the same dimensions."""
    if isinstance(reader, nengo.Probe):
        return None, repr(slice(None) if reader.slice is None else reader.slice)
    function = reader.function
    return None if function is None else id(function), repr(reader.pre_slice)


def _system(conn: nengo.Connection, gain: Array, bias: Array, x: Array) -> System | None:
    """Activities and Cholesky factor of a connection's ensemble; ``x`` may be overwritten.

    None if SciPy is missing, or if no neuron is active, which Nengo refuses with an error.
    """
    try:
        import scipy
        from scipy.linalg import cho_factor
    except ImportError:
        return None
    A = _rates(conn.pre_obj.neuron_type, x, gain, bias)
    if not A.any():
        x[:] = -bias / gain  # no current, in the place of rates, so that Nengo finds the same
        return None
    sigma = conn.solver.reg * A.max()
    gram = np.dot(A.T, A)
    np.fill_diagonal(gram, gram.diagonal() + len(A) * sigma**2)
    # From version 1.18 on, SciPy factors a matrix in the order of its rows in place, with other
    # last digits than its transpose.  Before, it copied this one, but not its equal transpose.
    in_place = gram if _version(scipy.__version__) >= (1, 18) else gram.T
    return System(A, cho_factor(in_place, overwrite_a=True))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def _rates(neuron: Any, x: Array, gain: Array, bias: Array) -> Any:
    """Nengo's firing rates (P, N), to the last bit; for LIF neurons nefsim computes them faster."""
    if type(neuron) in (nengo.LIF, nengo.LIFRate) and neuron.amplitude == 1:
        if x.dtype == gain.dtype == bias.dtype == np.float64 and x.flags.owndata:
            x *= gain
            x += bias
            return lif_rates(x, neuron.tau_rc, neuron.tau_ref, out=x)
        return lif_rates(neuron.current(x, gain, bias), neuron.tau_rc, neuron.tau_ref)
    return neuron.rates(x, gain, bias)
