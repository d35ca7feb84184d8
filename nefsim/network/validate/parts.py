"""What the checks of nodes, ensembles, connections and probes have in common."""

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
    """The label with the path of subnetworks before it, made from its number when None."""
    own = check.label(who, label) or f"{kind} {len(siblings)}"
    path = network.path()
    return f"{path}.{own}" if path else own


def rows(who: str, argument: str, value: Any, shape: Shape) -> Any:
    """A distribution as it is; a pair or number as one; an array checked and write-protected."""
    columns = None if len(shape) == 1 else shape[1]
    if isinstance(value, Samples):
        value = value.values
    is_range = isinstance(value, Real) or (isinstance(value, tuple) and len(value) == 2)
    if isinstance(value, Distribution) or (columns is None and is_range):
        return as_distribution(who, argument, value, columns)
    size = " x ".join("points" if n is None else str(n) for n in shape)
    do = f"pass a distribution or an array of {size} numbers"
    if columns is None and isinstance(value, list) and len(value) == 2:
        do = f"write the tuple {check.show(tuple(value))} for a range, or pass {size} numbers"
    checked = check.array(who, argument, value, shape, do)
    if not len(checked):
        check.fail(who, argument, "have at least one row", "none", do)
    checked.setflags(write=False)
    return checked


def solver_of(who: str, value: Any) -> Solver:
    do = "pass one such as LstsqL2(reg=0.1)"
    checked = check.instance(who, "solver", value, Solver, "a solver", do)
    assert isinstance(checked, Solver)
    return checked


def endpoint(network: Scope, who: str, argument: str, value: Any) -> Any:
    kinds = (Node, Ensemble, Neurons, Learning, Gate, View)
    what = "a node, an ensemble, its neurons or a view of one"
    check.instance(who, argument, value, kinds, what, _made_of(value))
    if value.network.root is not network.root:
        got = f"{value!r} of another"
        check.fail(who, argument, "belong to this network", got, "make it with this network")
    return value


def _made_of(value: Any) -> str:
    """How to get something to connect or probe from what was passed in its place."""
    if isinstance(value, Connection):
        rule = f", such as {value!r}.learning_rule" if value.rules else ""
        return f"pass what it connects, or one of its learning rules{rule}"
    if isinstance(value, (Real, np.ndarray, Process)) or (
        callable(value) and not isinstance(value, type)
    ):
        return "make a node of it, net.node(output)"
    return "pass what Network.ensemble or node returned"
