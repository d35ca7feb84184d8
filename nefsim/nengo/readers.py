"""The functions that are decoded from the ensembles of a Nengo network, by all that read them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import nengo
from nengo.solvers import LstsqL2
from nengo.utils.least_squares_solvers import Cholesky


class Key(NamedTuple):
    """The system of a connection: its ensemble, and the regularisation of its solver."""

    ensemble: nengo.Ensemble
    reg: float


def is_simple(solver: Any) -> bool:
    """Whether a solver is least squares with a Cholesky factor of N rows."""
    return (
        type(solver) is LstsqL2 and type(solver.solver) is Cholesky and not solver.solver.transpose
    )


def size_of(reader: Any) -> int:
    """The number of outputs of a function."""
    return int(reader.size_in if isinstance(reader, nengo.Probe) else reader.size_mid)


def readers(network: nengo.Network | None) -> dict[Key, list[Any]]:
    """The connections and probes of a network that are decoded by each system."""
    found: dict[Key, list[Any]] = defaultdict(list)
    if network is None:
        return found
    for conn in network.all_connections:
        is_decoded = isinstance(conn.pre_obj, nengo.Ensemble) and conn.eval_points is None
        if is_decoded and is_simple(conn.solver):
            found[Key(conn.pre_obj, conn.solver.reg)].append(conn)
    for probe in network.all_probes:
        is_decoded = isinstance(probe.obj, nengo.Ensemble) and probe.attr == "decoded_output"
        if is_decoded and is_simple(probe.solver):
            found[Key(probe.obj, probe.solver.reg)].append(probe)
    return found


def content_of(reader: Any) -> tuple[Any, str]:
    """A value that is equal for readers of the same function of the same dimensions."""
    if isinstance(reader, nengo.Probe):
        return None, repr(slice(None) if reader.slice is None else reader.slice)
    function = reader.function
    return None if function is None else id(function), repr(reader.pre_slice)
