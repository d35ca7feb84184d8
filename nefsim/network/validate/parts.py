"""Checks that nodes, ensembles, connections and probes share."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.network.objects import Connection, Ensemble, Gate, Learning, Neurons, Node, Scope, View
from nefsim.processes import Process
from nefsim.sampling import Distribution, Samples, as_distribution
from nefsim.solvers import Solver

Shape = tuple[int | None, ...]


def named(network: Scope, who: str, label: Any, kind: str, siblings: list[Any]) -> str:
    """The full label, which begins with those of subnetworks; None means kind and number."""
    name = check.label(who, label) or f"{kind} {len(siblings)}"
    path = network.path()
    return f"{path}.{name}" if path else name


def rows(who: str, argument: str, value: Any, shape: Shape) -> Any:
    """Convert a pair or number to a distribution; check an array and make it read-only."""
    columns = None if len(shape) == 1 else shape[1]
    if isinstance(value, Samples):
        value = value.values
    is_range = isinstance(value, Real) or (isinstance(value, tuple) and len(value) == 2)
    if isinstance(value, Distribution) or (columns is None and is_range):
        return as_distribution(who, argument, value, columns)
    size = " x ".join("points" if n is None else str(n) for n in shape)
    noun = "number" if size == "1" else "numbers"
    do = f"pass a distribution or an array of {size} {noun}"
    if columns is None and isinstance(value, list) and len(value) == 2:
        do = f"write the tuple {check.show(tuple(value))} for a range, or pass {size} {noun}"
    checked = check.array(who, argument, value, shape, do)
    if not len(checked):
        check.fail(who, argument, "have at least one row", "none", do)
    checked.setflags(write=False)
    return checked


def solver_of(who: str, value: Any) -> Solver:
    """Check a solver."""
    do = "pass one such as LstsqL2(reg=0.1)"
    checked = check.instance(who, "solver", value, Solver, "a solver", do)
    assert isinstance(checked, Solver)
    return checked


def endpoint(network: Scope, who: str, argument: str, value: Any) -> Any:
    """Check that an end of a connection, or the target of a probe, is of this network."""
    kinds = (Node, Ensemble, Neurons, Learning, Gate, View)
    names = "a node, an ensemble, its neurons or a view of one"
    check.instance(who, argument, value, kinds, names, _cure(value, argument))
    if value.network.root is not network.root:
        got = f"{value!r} of another"
        check.fail(who, argument, "belong to this network", got, "make it with this network")
    return value


def _cure(value: Any, argument: str) -> str:
    """Advice for an argument that cannot be connected or probed."""
    # A ready network, or any object of a user with such parts; products take a and b.
    for part in ("input", "a") if argument == "post" else ("output",):
        end = getattr(value, part, None)
        if isinstance(end, (Node, Ensemble, Neurons, View)):
            return f"pass its .{part}, {end!r}"
    if isinstance(value, Connection):
        rule = f", such as {value!r}.learning_rule" if value.rules else ""
        return f"pass one of its ends, or one of its learning rules{rule}"
    if isinstance(value, (Real, np.ndarray, Process)) or (
        callable(value) and not isinstance(value, type)
    ):
        return "make a node of it, net.node(output)"
    do = "pass a node or ensemble of the network"
    if value is None:
        return f"{do}; the learning_rule of a connection without learning_rule= is None"
    return do
