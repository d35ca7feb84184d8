"""Principle 1 in a network: draw encoders, gains, biases and evaluation points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._html import Fields
from nefsim.encoding import gain_bias, max_rates_intercepts
from nefsim.network.objects import Ensemble
from nefsim.neurons import Direct
from nefsim.program import Stream
from nefsim.sampling import Distribution, as_samples

Array = NDArray[np.float64]

#: Parts of an ensemble that draw random numbers, each from a separate stream.
EVAL_POINTS, ENCODERS, MAX_RATES, INTERCEPTS, GAIN, BIAS, NEURONS, NOISE, SOLVER, START = range(10)


@dataclass(frozen=True, eq=False, repr=False)
class BuiltEnsemble(Fields):
    """The arrays of an ensemble, ``sim.data[ensemble]``.

    Attributes
    ----------
    encoders : (N, D) ndarray
        Preferred directions.
    gain, bias : (N,) ndarray
        ``J = gain * (encoders @ x / radius) + bias``.
    max_rates : (N,) ndarray [Hz]
        Firing rate of each neuron where ``encoder @ x`` equals the radius.
    intercepts : (N,) ndarray
        Value of ``encoder @ x / radius`` above which each neuron fires.
    eval_points : (P, D) ndarray
        Points at which decoders are solved, in units of the represented vector.
    radius : float
        Length up to which vectors are represented well.

    See Also
    --------
    BuiltConnection : The arrays of a connection.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 2)
    >>> nef.Simulator(net).data[a].encoders.shape
    (50, 2)
    """

    encoders: Array
    gain: Array
    bias: Array
    max_rates: Array
    intercepts: Array
    eval_points: Array
    radius: float

    @cached_property
    def scaled_encoders(self) -> Array:
        """``gain / radius * encoders``, (N, D): the matrix from represented vectors to currents."""
        return self.encoders * (self.gain / self.radius)[:, None]

    def __repr__(self) -> str:
        names = ("encoders", "gain", "bias", "max_rates", "intercepts", "eval_points")
        return f"BuiltEnsemble({_shapes(self, names)}, radius {self.radius:g})"


@dataclass(frozen=True, eq=False, repr=False)
class BuiltConnection(Fields):
    """The arrays of a connection, ``sim.data[connection]``.

    Attributes
    ----------
    decoders : (N, k) ndarray or None
        Decoders of the function [value / Hz]; None if the connection does not start in an
        ensemble of neurons.  If the solver is not compositional, they include the transform.
    eval_points : (P, D) ndarray or None
        Points at which the decoders were solved.
    solver_info : mapping
        Report of the solver: ``rmse`` at the evaluation points, ``condition`` and more.
    transform : float, (k,) or (M, k) array or sparse array
        The linear map that is applied to the function's values.

    See Also
    --------
    BuiltEnsemble : The arrays of an ensemble.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(50, 2), net.ensemble(40, 2)
    >>> c = net.connect(a, b)
    >>> built = nef.Simulator(net).data[c]
    >>> built.decoders.shape, built.weights.shape
    ((50, 2), (40, 50))
    """

    decoders: Array | None
    eval_points: Array | None
    solver_info: Mapping[str, Any]
    transform: Any
    full: Array | None = field(default=None, repr=False)
    post: tuple[BuiltEnsemble, tuple[int, ...] | None] | None = field(default=None, repr=False)

    @cached_property
    def decoded_weights(self) -> Array:
        """``transform @ decoders.T``: the matrix from activities to transformed values."""
        assert self.decoders is not None
        return times(self.transform, self.decoders.T)

    @property
    def weights(self) -> Any:
        """The weight matrix of the connection, computed on demand.

        Between two ensembles it is ``gain / radius * encoders @ transform @ decoders.T``,
        (M, N) [current / Hz].  From an ensemble to a node or to neurons it is
        ``transform @ decoders.T``; gains of the neurons are not included.  Without decoders
        it is the transform.
        """
        if self.full is not None:
            return self.full
        if self.decoders is None:
            return self.transform
        if self.post is None:
            return self.decoded_weights
        return into(*self.post) @ self.decoded_weights

    def __repr__(self) -> str:
        error = self.solver_info.get("rmse")
        rmse = "" if error is None else f", rmse {np.sqrt(np.mean(np.square(error))):.3g}"
        return f"BuiltConnection({_shapes(self, ('decoders', 'eval_points', 'transform'))}{rmse})"


def _shapes(thing: object, names: tuple[str, ...]) -> str:
    """The shape of each array and the value of each number, by name, for a ``repr``."""
    parts = ((name, getattr(thing, name)) for name in names)
    return ", ".join(
        f"{name} {value.shape if np.ndim(value) or hasattr(value, 'tocsr') else value}"
        for name, value in parts
        if value is not None
    )


def into(post: BuiltEnsemble, rows: tuple[int, ...] | None) -> Array:
    """Scaled encoders of the target's dimensions ``rows``; None means all."""
    return post.scaled_encoders if rows is None else post.scaled_encoders[:, list(rows)]


def times(transform: Any, matrix: Array) -> Array:
    """``transform @ matrix`` for a number, a diagonal, a matrix or a sparse array."""
    if np.ndim(transform) == 1 and not hasattr(transform, "tocsr"):
        return np.asarray(transform[:, None] * matrix)
    if np.ndim(transform) == 0 and not hasattr(transform, "tocsr"):
        return np.asarray(transform * matrix)
    product: Array = np.asanyarray(transform @ matrix)  # outlines have arrays of their own type
    return product


def preset_of(thing: Any) -> Mapping[str, Array]:
    """Arrays that a loaded model holds for an object, by name; empty for other networks."""
    return thing.network.root.presets.get(thing, {})


def n_eval_points(ensemble: Ensemble) -> int:
    """The number of evaluation points: ``max(clip(500 D, 750, 2500), 2 N)`` by default."""
    if ensemble.n_eval_points is not None:
        return ensemble.n_eval_points
    return max(min(max(500 * ensemble.dimensions, 750), 2500), 2 * ensemble.n_neurons)


def drawing_key(ensemble: Ensemble, stream: Stream) -> Any:
    """A key that is equal for ensembles whose arrays are drawn alike: of one seed and arguments.

    Arguments are compared by identity, which is quick, and enough for the populations of one array.
    An ensemble without a seed, or of a loaded model, is alone.
    """
    e = ensemble
    if e.seed is None or preset_of(e):
        return id(e)
    arguments = (e.encoders, e.max_rates, e.intercepts, e.gain, e.bias, e.eval_points)
    sizes = (e.n_neurons, e.dimensions, n_eval_points(e), e.radius, e.normalize_encoders)
    return (stream.seed, stream.key, sizes, *map(id, (*arguments, e.neuron_type)))


def build_ensemble(ensemble: Ensemble, stream: Stream) -> BuiltEnsemble:
    """Draw an ensemble's arrays, each from its stream; arrays of a loaded model are not drawn."""
    preset = preset_of(ensemble)
    n, d = ensemble.n_neurons, ensemble.dimensions

    def draw(argument: str, part: int, columns: int | None = None) -> Array:
        value: Any = getattr(ensemble, argument)
        if not isinstance(value, Distribution):
            return np.array(value)  # checked when the ensemble was made
        rng = stream.child(part).generator()
        return as_samples(repr(ensemble), argument, value, n, columns, rng)

    points = ensemble.eval_points
    if isinstance(points, Distribution):
        rng = stream.child(EVAL_POINTS).generator()
        points = as_samples(repr(ensemble), "eval_points", points, n_eval_points(ensemble), d, rng)
    points = points * ensemble.radius
    if isinstance(ensemble.neuron_type, Direct):
        none = np.empty(0)
        return BuiltEnsemble(np.empty((0, d)), none, none, none, none, points, ensemble.radius)
    if "encoders" in preset:
        return BuiltEnsemble(
            preset["encoders"],
            preset["gain"],
            preset["bias"],
            preset["max_rates"],
            preset["intercepts"],
            points,
            ensemble.radius,
        )
    encoders = draw("encoders", ENCODERS, d)
    if ensemble.normalize_encoders:
        encoders = _unit_rows(ensemble, encoders)
    if ensemble.gain is None:
        max_rates, intercepts = draw("max_rates", MAX_RATES), draw("intercepts", INTERCEPTS)
        try:
            gain, bias = gain_bias(ensemble.neuron_type, max_rates, intercepts)
        except ValueError as error:
            error.add_note(f"in {ensemble!r}")
            raise
    else:
        gain, bias = draw("gain", GAIN), draw("bias", BIAS)
        max_rates, intercepts = max_rates_intercepts(ensemble.neuron_type, gain, bias)
    return BuiltEnsemble(encoders, gain, bias, max_rates, intercepts, points, ensemble.radius)


def _unit_rows(ensemble: Ensemble, encoders: Array) -> Array:
    length = np.linalg.norm(encoders, axis=1, keepdims=True)
    if (length == 0).any():
        got = f"a zero row (neuron {int(np.argmin(length))})"
        do = "pass encoders with a direction"
        check.fail(repr(ensemble), "encoders", "have a direction", got, do)
    return np.asarray(encoders / length)
