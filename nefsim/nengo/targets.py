"""Values of the functions of Nengo's connections, at all points at once where that is known."""

from __future__ import annotations

import numpy as np
from nengo import Connection
from nengo.builder.connection import get_targets
from nengo.exceptions import BuildError
from numpy.typing import NDArray

from nefsim.network.arithmetic import values_of

Array = NDArray[np.float64]


def targets_of(connection: Connection, points: Array) -> Array:
    """The values of a connection's function at points (P, D), those of Nengo to the last bit."""
    function = connection.function
    if callable(function):
        size = connection.size_mid

        def value_at(point: Array) -> Array:
            value = function(point)
            if value is None:
                raise BuildError("None is no value")
            target = np.zeros(size)
            target[...] = np.hstack(value) if isinstance(value, (tuple, list)) else value
            return target

        inputs = points[:, connection.pre_slice]
        values = values_of(function, inputs, value_at)
        return _point_by_point(connection, points, inputs) if values is None else values
    found: Array = get_targets(connection, points, dtype=points.dtype)
    return found


def _point_by_point(connection: Connection, points: Array, inputs: Array) -> Array:
    """The values of a function that is looked up once, and not for each of the inputs (P, k)."""
    function = connection.function
    targets = np.zeros((len(inputs), connection.size_mid), points.dtype)
    for target, point in zip(targets, inputs, strict=True):
        value = function(point)
        if value is None:
            do = "return a number or a list of numbers"
            raise BuildError(f"{connection}: the function returned None at {point}; {do}")
        target[...] = np.hstack(value) if isinstance(value, (tuple, list)) else value
    return targets
