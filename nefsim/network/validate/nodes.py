"""Checks of ``Network.node``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import functions
from nefsim.network.objects import Node, Scope
from nefsim.network.validate.parts import named
from nefsim.processes import Process

WHO = "Network.node"


def node(network: Scope, output: Any, size_in: Any, size_out: Any, seed: Any, label: Any) -> Node:
    """Check the arguments of a node and make it."""
    do = "pass the number of dimensions"
    n_in = check.integer(WHO, "size_in", size_in, do, 0, 10**6)
    n_out = None
    if size_out is not None:
        n_out = check.integer(WHO, "size_out", size_out, do, 0, 10**6)
    if output is None:
        if n_in == 0:
            check.fail(WHO, "size_in", "be at least 1 without an output", "0", "pass a size")
        size = n_in
    elif isinstance(output, Process):
        _takes_no_input("a process", n_in)
        size = output.size or n_out or 1
    elif callable(output):
        size = _size_of_function(output, n_in, n_out)
    else:
        output = _constant(output)
        _takes_no_input("a constant", n_in)
        size = len(output)
    if n_out not in (None, size):
        check.fail(WHO, "size_out", f"be {size}, as output is", str(n_out), "leave it out")
    name = named(network, WHO, label, "node", network.nodes)
    return Node(network, output, n_in, size, check.seed(WHO, seed), name)


def _takes_no_input(kind: str, n_in: int) -> None:
    if n_in:
        check.fail(WHO, "size_in", f"be 0 for {kind}", str(n_in), "leave it out")


def _size_of_function(output: Callable[..., Any], n_in: int, n_out: int | None) -> int:
    """Number of dimensions of a function's value: ``n_out``, or that of a call at t = 0."""
    check.function(WHO, "output", output)
    if functions.is_elementwise(output):
        if n_in:  # NumPy would write its result into x
            got, do = check.show(output), "write lambda t, x: ..."
            check.fail(WHO, "output", "accept (t, x)", got, do, TypeError)
        return 1
    inputs = (0.0, np.zeros(n_in)) if n_in else (0.0,)
    if n_out is not None:  # the function is not called before the network runs
        functions.check_arguments(WHO, "output", output, *inputs)
        return n_out
    return functions.result_size(WHO, "output", output, *inputs)


def _constant(output: Any) -> NDArray[np.float64]:
    do = "pass a function, a number, an array, a process or None"
    values: NDArray[np.float64] = np.atleast_1d(check.array(WHO, "output", output, do=do))
    if values.ndim > 1 or not values.size:
        must = "be a number or a list of numbers"
        check.fail(WHO, "output", must, f"shape {values.shape}", "flatten it")
    values.setflags(write=False)
    return values
