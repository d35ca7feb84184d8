"""Matrices between parts of objects, and synapses as leaky integrators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.lowering.arrays import times
from nefsim.network.objects import indices, whole
from nefsim.synapses import Alpha, DoubleExp, Lowpass, Synapse

Array = NDArray[np.float64]


def selected(end: Any) -> Any:
    """The rows of the identity for the indices of a view; 1 for a whole object."""
    index = indices(end)
    return 1.0 if index is None else np.eye(whole(end).size_out)[list(index)]


def placed(matrix: Any, post: Any, gain: Array | None) -> Any:
    """A matrix into some elements of ``post``, times the gains of the neurons there."""
    index = indices(post)
    if gain is not None:
        gain = gain if index is None else gain[list(index)]
        if not (gain == 1.0).all():
            matrix = times(np.asarray(gain), as_matrix(matrix, len(gain)))
    if index is None:
        return matrix
    return np.eye(whole(post).size_in)[:, list(index)] @ as_matrix(matrix, len(index))


def as_matrix(matrix: Any, size: int) -> Any:
    """A transform of ``size`` elements as a dense matrix."""
    if hasattr(matrix, "tocsr"):
        return matrix.toarray()
    return matrix if np.ndim(matrix) == 2 else np.diag(np.broadcast_to(matrix, size))


def time_constants(owner: Any, synapse: Synapse | None) -> tuple[float, ...]:
    """Time constants of the leaky integrators in a row that form the synapse."""
    if type(synapse) is Lowpass:
        return (synapse.tau,) if synapse.tau else ()
    if type(synapse) is Alpha:
        return (synapse.tau, synapse.tau)
    if type(synapse) is DoubleExp:
        return (synapse.tau1, synapse.tau2)
    if synapse is not None:
        must, got = "have synapses that NIR can express", f"{synapse} of {owner!r}"
        check.fail("to_nir", "net", must, got, "use Lowpass, Alpha, DoubleExp or None")
    return ()
