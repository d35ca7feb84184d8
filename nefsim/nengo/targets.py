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

        values = values_of(function, points[:, connection.pre_slice], value_at)
        if values is not None:
            return values
    found: Array = get_targets(connection, points, dtype=points.dtype)
    return found
