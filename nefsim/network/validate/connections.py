"""Checks of ``Network.connect``."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.network import functions
from nefsim.network.objects import Connection, Endpoint, Ensemble, Neurons, Scope, indices, whole
from nefsim.network.rules import rules_of
from nefsim.network.validate.parts import Shape, endpoint, named, rows, solver_of
from nefsim.neurons import Direct
from nefsim.solvers import Solver
from nefsim.synapses import PerElement, Synapse, as_synapse


def connection(network: Scope, **arguments: Any) -> Connection:
    """Check the arguments of a connection and make it."""
    who = "Network.connect"
    pre = endpoint(network, who, "pre", arguments["pre"])
    post = endpoint(network, who, "post", arguments["post"])
    if post.size_in == 0:
        check.fail(who, "post", "take input", f"{post!r} with size_in = 0", "pass size_in to node")
    if pre.size_out == 0:
        do = "let its function return a value"
        check.fail(who, "pre", "give output", f"{pre!r} with size_out = 0", do)
    repeated = indices(post)
    if repeated is not None and len(set(repeated)) < len(repeated):
        do = "name each dimension once"
        check.fail(who, "post", "name no dimension twice", f"{post!r}", do)
    eval_points = arguments["eval_points"]
    if eval_points is not None:
        eval_points = rows(who, "eval_points", eval_points, (None, whole(pre).size_out))
    solver = solver_of(who, arguments["solver"])
    if solver.weights and not _both_neurons(pre, post):
        got = f"{pre!r} to {post!r}"
        do = "use weights=False here"
        check.fail(who, "solver", "go between ensembles to form full weights", got, do)
    function, size_mid = _function(who, pre, arguments["function"], eval_points)
    source = repr(pre) if function is None else "the function"
    transform = _transform(who, arguments["transform"], size_mid, source, post)
    return Connection(
        network=network,
        pre=pre,
        post=post,
        function=function,
        size_mid=size_mid,
        transform=transform,
        synapse=_synapse(who, arguments["synapse"], solver, post),
        solver=solver,
        eval_points=eval_points,
        scale_eval_points=check.flag(who, "scale_eval_points", arguments["scale_eval_points"]),
        rules=rules_of(who, arguments["learning_rule"], pre, post, solver, transform),
        delay=check.seconds(who, "delay", arguments["delay"], zero=True),
        seed=check.seed(who, arguments["seed"]),
        label=named(network, who, arguments["label"], "connection", network.connections),
    )


def _synapse(who: str, value: Any, solver: Solver, post: Endpoint) -> Synapse | None:
    """The synapse, or one for each element of the vector or current that the connection adds."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0):
        value = PerElement([*value])
    if not isinstance(value, PerElement):
        return as_synapse(who, value)
    n, end = len(value.synapses), whole(post)
    size = end.n_neurons if solver.weights and isinstance(end, Ensemble) else post.size_in
    if n != size:
        do = "pass a synapse for each, or one for all"
        check.fail(who, "synapse", f"be of {size} elements", f"{n}", do)
    return value


def _both_neurons(pre: Endpoint, post: Endpoint) -> bool:
    return all(
        isinstance(whole(end), Ensemble) and not isinstance(whole(end).neuron_type, Direct)  # type: ignore[union-attr]
        for end in (pre, post)
    )


def _function(who: str, pre: Endpoint, function: Any, eval_points: Any) -> tuple[Any, int]:
    """Check the function; return it and the size of its result."""
    if function is None:
        return None, pre.size_out
    if isinstance(whole(pre), Neurons):
        got = check.show(function)
        do = "connect from the ensemble to decode a function"
        check.fail(who, "function", "be None from neurons", got, do, TypeError)
    if callable(function):
        check.function(who, "function", function)
        size = functions.result_size(who, "function", function, np.zeros(pre.size_out))
        if size == 0:
            check.fail(who, "function", "return at least one number", "none", "return a value")
        return function, size
    if not isinstance(eval_points, np.ndarray):
        got = check.show(function)
        must = "be a function (or values, with eval_points)"
        check.fail(who, "function", must, got, _instead_of(function), TypeError)
    do = "pass one row for each of eval_points"
    values = check.array(who, "function", function, do=do)
    values = values.reshape(-1, 1) if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(eval_points):
        got = f"shape {values.shape}"
        check.fail(who, "function", f"have {len(eval_points)} rows of values", got, do)
    values.setflags(write=False)
    return values, values.shape[1]


def _instead_of(function: Any) -> str:
    """Advice for a value in the place of the function, which is the third argument."""
    got, do = check.show(function), "pass a function"
    if isinstance(function, Synapse):
        return f"write synapse={got}"
    if isinstance(function, Real):
        do = f"write synapse={got} or transform={got}"
    elif isinstance(function, (np.ndarray, list, tuple)):
        do = "write transform= for a matrix"
    if do != "pass a function":
        do += ", pass a function without calling it, as function=np.square"
    return f"{do}, or pass an array of eval_points"


def _transform(who: str, transform: Any, size_mid: int, source: str, post: Endpoint) -> Any:
    """Check that a transform fits the function's result and the target."""
    size_out = post.size_in
    ends = f"{source} gives {size_mid} and {post!r} takes {size_out}"
    if transform is None:
        transform = 1.0
    if hasattr(transform, "tocsr") and not isinstance(transform, type):
        sparse = transform.tocsr()
        if sparse.shape != (size_out, size_mid):
            must = f"have shape ({size_out}, {size_mid})"
            check.fail(who, "transform", must, f"shape {sparse.shape}", f"note that {ends}")
        check.array(who, "transform", sparse.data)
        return sparse
    do = "pass a number or a matrix that fits both sides"
    matrix = check.array(who, "transform", transform, do=do)
    if matrix.ndim < 2 and size_mid != size_out:
        must = f"be a ({size_out}, {size_mid}) matrix where sizes differ"
        got = f"{check.counted(size_mid, 'dimension')} into {size_out}"
        check.fail(who, "transform", must, got, f"note that {ends}")
    wanted: dict[int, Shape] = {0: (), 1: (size_mid,), 2: (size_out, size_mid)}
    if matrix.ndim > 2 or matrix.shape != wanted[matrix.ndim]:
        must = f"have shape ({size_out}, {size_mid})"
        check.fail(who, "transform", must, f"shape {matrix.shape}", f"note that {ends}")
    if matrix.ndim == 0:
        return float(matrix)
    matrix.setflags(write=False)
    return matrix
