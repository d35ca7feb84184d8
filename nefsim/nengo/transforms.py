"""Transforms of Nengo's connections as numbers."""

from __future__ import annotations

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from numpy.typing import NDArray

from nefsim.nengo import convolved, terms, values
from nefsim.nengo.given import Given

Array = NDArray[np.float64]

CONVOLUTIONS = (nengo.Convolution, nengo.transforms.ConvolutionTranspose)


def is_decoded(connection: nengo.Connection) -> bool:
    """Whether a connection decodes spikes."""
    pre = connection.pre_obj
    return isinstance(pre, nengo.Ensemble) and not isinstance(pre.neuron_type, nengo.Direct)


def of_connection(model: Model, connection: nengo.Connection) -> Any:
    """The transform of a connection in a built model; None where there is none."""
    theirs = connection.transform
    if isinstance(theirs, nengo.transforms.NoTransform):
        return None
    if is_decoded(connection):  # it is in the decoders
        return _known(connection)
    weights = model.params[connection].weights
    if isinstance(theirs, nengo.transforms.Sparse):
        return terms.sparse(weights)
    if isinstance(theirs, CONVOLUTIONS):
        return convolved.matrix(str(connection), theirs, weights)
    if not isinstance(theirs, nengo.transforms.Dense):
        values.refuse(connection, "transform", theirs)
    return weights


def _known(connection: nengo.Connection) -> Any:
    """The transform of a decoded connection, of which Nengo keeps no random numbers."""
    init = connection.transform.init
    if not isinstance(init, np.ndarray):
        values.refuse(connection, "transform", f"{init} from decoders")
    return init


def distinct(places: NDArray[np.intp]) -> tuple[NDArray[np.intp], Array | None]:
    """Each place once, and a matrix that sums the dimensions of a place; None without repeats."""
    once, where = np.unique(places, return_inverse=True)
    if len(once) == len(places):
        return places, None
    return once, (where == np.arange(len(once))[:, None]).astype(np.float64)


def sum_repeated(connection: nengo.Connection, options: dict[str, Any], repeats: Array) -> None:
    """Sum in the transform all that a connection brings to one dimension."""
    if connection.learning_rule_type is not None or connection.solver.weights:
        got = f"{connection.post} with a dimension twice"
        values.refuse(connection, "post", got)
    if "solver" in options:
        options["solver"] = Given(np.asarray(options["solver"].values) @ repeats.T)
    given = options["transform"]
    given = 1.0 if given is None else given
    options["transform"] = repeats * given if np.ndim(given) < 2 else repeats @ given
