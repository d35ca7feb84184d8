"""Convert transforms of Nengo's connections to arrays."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from numpy.typing import NDArray

from nefsim.nengo import convolutions, terms, values
from nefsim.nengo.fixed import Given

Array = NDArray[np.float64]

CONVOLUTIONS = (nengo.Convolution, nengo.transforms.ConvolutionTranspose)


def is_decoded(connection: nengo.Connection) -> bool:
    """Whether a connection starts from an ensemble with decoders."""
    pre = connection.pre_obj
    return isinstance(pre, nengo.Ensemble) and not isinstance(pre.neuron_type, nengo.Direct)


def of_connection(model: Model, connection: nengo.Connection) -> Any:
    """The transform of a connection in a built model, or None if it has none."""
    transform = connection.transform
    if isinstance(transform, nengo.transforms.NoTransform):
        return None
    if is_decoded(connection):  # the decoders include it
        return _fixed(connection)
    weights = model.params[connection].weights
    if isinstance(transform, nengo.transforms.Sparse):
        return terms.sparse(weights)
    if isinstance(transform, CONVOLUTIONS):
        return convolutions.matrix(str(connection), transform, weights)
    if not isinstance(transform, nengo.transforms.Dense):
        values.refuse(connection, "transform", transform)
    return weights


def _fixed(connection: nengo.Connection) -> Any:
    """The transform of a decoded connection; a random one is refused, as Nengo discards it."""
    init = connection.transform.init
    if not isinstance(init, np.ndarray):
        values.refuse(connection, "transform", f"{init} from decoders")
    return init


def distinct(places: NDArray[np.intp]) -> tuple[NDArray[np.intp], Array | None]:
    """The different indices, and a matrix that sums the values of repeated ones.

    The matrix is None if no index is repeated.
    """
    once, where = np.unique(places, return_inverse=True)
    if len(once) == len(places):
        return places, None
    return once, (where == np.arange(len(once))[:, None]).astype(np.float64)


def sum_repeated(connection: nengo.Connection, options: dict[str, Any], repeats: Array) -> None:
    """Multiply a transform by ``repeats``, so that values for the same dimension are added."""
    if connection.learning_rule_type is not None or connection.solver.weights:
        got = f"{connection.post} with a dimension twice"
        values.refuse(connection, "post", got)
    if "solver" in options:
        options["solver"] = Given(np.asarray(options["solver"].values) @ repeats.T)
    transform = options["transform"]
    transform = 1.0 if transform is None else transform
    is_matrix = np.ndim(transform) == 2
    options["transform"] = repeats @ transform if is_matrix else repeats * transform
