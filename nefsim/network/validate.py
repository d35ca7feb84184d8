"""Checks behind the methods of a network: bad input fails on the line that wrote it."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.network import functions
from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    Gate,
    Learning,
    Neurons,
    Node,
    Probe,
    View,
    indices,
    probeable,
    whole,
)
from nefsim.network.rules import rules_of
from nefsim.neurons import Direct, NeuronType
from nefsim.processes import Process
from nefsim.sampling import Choice, Constant, Distribution, Samples, Uniform, as_distribution
from nefsim.solvers import Solver
from nefsim.synapses import as_synapse

if TYPE_CHECKING:
    from nefsim.network.network import Network

Shape = tuple[int | None, ...]


def _named(network: Network, who: str, label: Any, kind: str, siblings: list[Any]) -> str:
    """The label with the path of subnetworks before it, made from its number when None."""
    own = check.label(who, label) or f"{kind} {len(siblings)}"
    path = network.path()
    return f"{path}.{own}" if path else own


def _rows(who: str, argument: str, value: Any, shape: Shape) -> Any:
    """A distribution as it is; a pair or number as one; an array checked and write-protected."""
    columns = None if len(shape) == 1 else shape[1]
    if isinstance(value, Samples):
        value = value.values
    is_range = isinstance(value, Real) or (isinstance(value, tuple) and len(value) == 2)
    if isinstance(value, Distribution) or (columns is None and is_range):
        return as_distribution(who, argument, value, columns)
    size = " x ".join("points" if n is None else str(n) for n in shape)
    do = f"pass a distribution or an array of {size} numbers"
    checked = check.array(who, argument, value, shape, do)
    if not len(checked):
        check.fail(who, argument, "have at least one row", "none", do)
    checked.setflags(write=False)
    return checked


def _solver(who: str, value: Any) -> Solver:
    do = "pass one such as LstsqL2(reg=0.1)"
    checked = check.instance(who, "solver", value, Solver, "a solver", do)
    assert isinstance(checked, Solver)
    return checked


def node(network: Network, output: Any, size_in: Any, size_out: Any, seed: Any, label: Any) -> Node:
    """A checked node."""
    who = "Network.node"
    n_in = check.integer(who, "size_in", size_in, "pass the number of dimensions", 0, 10**6)
    n_out = None
    if size_out is not None:
        n_out = check.integer(who, "size_out", size_out, "pass the number of dimensions", 0, 10**6)
    if output is None:
        if n_in == 0:
            check.fail(who, "size_in", "be at least 1 without an output", "0", "pass a size")
        output_size: int | None = n_in
    elif isinstance(output, Process):
        output_size = output.size or n_out or 1
        if n_in:
            check.fail(who, "size_in", "be 0 for a process", str(n_in), "leave it out")
    elif callable(output):
        check.function(who, "output", output)
        inputs = (0.0, np.zeros(n_in)) if n_in else (0.0,)
        output_size = n_out
        if functions.is_elementwise(output):
            output_size = 1
            if n_in:  # NumPy would take x for the array to write its result in
                got, do = check.show(output), "write lambda t, x: ..."
                check.fail(who, "output", "accept (t, x)", got, do, TypeError)
        elif output_size is None:
            output_size = functions.result_size(who, "output", output, *inputs)
    else:
        do = "pass a function, a number, an array, a process or None"
        output = np.atleast_1d(check.array(who, "output", output, do=do))
        if output.ndim > 1 or not output.size:
            must = "be a number or a list of numbers"
            check.fail(who, "output", must, f"shape {output.shape}", "flatten it")
        output.setflags(write=False)
        output_size = len(output)
        if n_in:
            check.fail(who, "size_in", "be 0 for a constant", str(n_in), "leave it out")
    if n_out is not None and n_out != output_size:
        check.fail(who, "size_out", f"be {output_size}, as output is", str(n_out), "leave it out")
    assert output_size is not None
    name = _named(network, who, label, "node", network.nodes)
    return Node(network, output, n_in, output_size, check.seed(who, seed), name)


def ensemble(network: Network, **given: Any) -> Ensemble:
    """A checked ensemble."""
    who = "Network.ensemble"
    n = check.integer(who, "n_neurons", given["n_neurons"], "pass how many neurons", 1, 10**8)
    d = check.integer(who, "dimensions", given["dimensions"], "pass how many", 1, 10**6)
    neuron = check.instance(
        who, "neuron_type", given["neuron_type"], NeuronType, "a neuron type", "pass one: LIF()"
    )
    n_points = given["n_eval_points"]
    if n_points is not None:
        n_points = check.integer(who, "n_eval_points", n_points, "pass how many points", 1, 10**8)
    if (given["gain"] is None) != (given["bias"] is None):
        missing = "gain" if given["gain"] is None else "bias"
        check.fail(who, missing, "be given with the other of gain and bias", "None", "pass both")
    noise = given["noise"]
    if noise is not None:
        do = "pass a process such as WhiteNoise()"
        check.instance(who, "noise", noise, Process, "a process or None", do)
        if isinstance(neuron, Direct):
            do = "leave it out, or use neurons"
            check.fail(who, "noise", "be None in Direct mode", check.show(noise), do)
        if noise.size not in (None, n):
            check.fail(who, "noise", f"have {n} dimensions", str(noise.size), "match n_neurons")
    normalize = check.flag(who, "normalize_encoders", given["normalize_encoders"])
    eval_points = _rows(who, "eval_points", given["eval_points"], (None, d))
    if isinstance(eval_points, np.ndarray) and n_points not in (None, len(eval_points)):
        must, do = f"be {len(eval_points)}, as eval_points has", "leave it out"
        check.fail(who, "n_eval_points", must, str(n_points), do)
    made = Ensemble(
        network=network,
        n_neurons=n,
        dimensions=d,
        radius=check.positive(who, "radius", given["radius"], "pass a length above 0"),
        encoders=_encoders(who, given["encoders"], n, d, normalize),
        intercepts=_rows(who, "intercepts", given["intercepts"], (n,)),
        max_rates=_rows(who, "max_rates", given["max_rates"], (n,)),
        gain=None if given["gain"] is None else _rows(who, "gain", given["gain"], (n,)),
        bias=None if given["bias"] is None else _rows(who, "bias", given["bias"], (n,)),
        eval_points=eval_points,
        n_eval_points=n_points,
        neuron_type=neuron,
        noise=noise,
        normalize_encoders=normalize,
        initial_state=_initial_state(who, neuron, given["initial_state"], n),
        seed=check.seed(who, given["seed"]),
        label=_named(network, who, given["label"], "ensemble", network.ensembles),
    )
    _check_curve(who, made)
    return made


def _encoders(who: str, value: Any, n: int, d: int, normalize: bool) -> Any:
    checked = _rows(who, "encoders", value, (n, d))
    if isinstance(checked, np.ndarray) and normalize:
        zero = np.flatnonzero(~np.any(checked, axis=1))
        if len(zero):
            got = f"a zero row (neuron {zero[0]})"
            check.fail(who, "encoders", "have a direction", got, "pass rows other than zero")
    return checked


def _initial_state(who: str, neuron: NeuronType, value: Any, n: int) -> dict[str, Any]:
    if value is None:
        return {}
    do = "pass a dict such as {'voltage': 0.0}"
    check.instance(who, "initial_state", value, dict, "a dict or None", do)
    for name in value:
        check.one_of(who, "initial_state", name, tuple(neuron.initial_state))
    return {
        name: _rows(who, f"initial_state[{name!r}]", start, (n,)) for name, start in value.items()
    }


def _check_curve(who: str, made: Ensemble) -> None:
    """Maximum rates, intercepts and gains that the neuron type can meet, where known now."""
    neuron = made.neuron_type
    if isinstance(neuron, Direct):
        return
    if neuron.size not in (None, made.n_neurons):
        must, got = f"be for {made.n_neurons} neurons", f"time constants of {neuron.size}"
        check.fail(who, "neuron_type", must, got, "match n_neurons")
    if made.gain is not None:
        _in_between(who, "gain", made.gain, 0.0, np.inf, "be above 0")
        return
    limit, floor = neuron.rate_limit, neuron.rate_floor
    if not isinstance(made.max_rates, np.ndarray):
        limit = np.min(limit)  # whichever neuron draws the highest
    of = "1/tau_ref" if hasattr(neuron, "tau_ref") else "the rate limit"
    must = f"be above {floor:g} Hz and below {of} = {np.min(limit):g} Hz"
    _in_between(who, "max_rates", made.max_rates, floor, limit, must, " Hz")
    _in_between(who, "intercepts", made.intercepts, -np.inf, 1.0, "be below 1")


def _in_between(
    who: str, argument: str, value: Any, above: float, below: Any, must: str, unit: str = ""
) -> None:
    known = _known(value)
    wrong = np.flatnonzero((known <= above) | (known >= below))
    if len(wrong):
        at = f" (neuron {wrong[0]})" if isinstance(value, np.ndarray) else ""
        got, do = f"{known[wrong[0]]:g}{unit}{at}", "pass values within these limits"
        check.fail(who, argument, must, got, do)


def _known(value: Any) -> NDArray[np.float64]:
    """Values that are sure to come, or are the extremes of those that may; else none."""
    match value:
        case np.ndarray():
            return value
        case Uniform(low=low, high=high):
            return np.array([low, max(low, np.nextafter(high, -np.inf))])
        case Constant(value=number):
            return np.array([number])
        case Choice(options=options):
            return np.ravel(np.asarray(options, dtype=np.float64))
    return np.empty(0)


def _endpoint(network: Network, who: str, argument: str, value: Any) -> Any:
    kinds = (Node, Ensemble, Neurons, Learning, Gate, View)
    what = "a node, an ensemble, its neurons or a view of one"
    check.instance(who, argument, value, kinds, what, "pass what Network.ensemble or node returned")
    if value.network.root is not network.root:
        got = f"{value!r} of another"
        check.fail(who, argument, "belong to this network", got, "make it with this network")
    return value


def connection(network: Network, **given: Any) -> Connection:
    """A checked connection."""
    who = "Network.connect"
    pre = _endpoint(network, who, "pre", given["pre"])
    post = _endpoint(network, who, "post", given["post"])
    if post.size_in == 0:
        check.fail(who, "post", "take input", f"{post!r} with size_in = 0", "pass size_in to node")
    if pre.size_out == 0:
        do = "let its function return a value"
        check.fail(who, "pre", "give output", f"{pre!r} with size_out = 0", do)
    repeated = indices(post)
    if repeated is not None and len(set(repeated)) < len(repeated):
        do = "name each dimension once"
        check.fail(who, "post", "name no dimension twice", f"{post!r}", do)
    eval_points = given["eval_points"]
    if eval_points is not None:
        eval_points = _rows(who, "eval_points", eval_points, (None, whole(pre).size_out))
    solver = _solver(who, given["solver"])
    if solver.weights and not _both_neurons(pre, post):
        got = f"{pre!r} to {post!r}"
        do = "use weights=False here"
        check.fail(who, "solver", "go between ensembles to form full weights", got, do)
    function, size_mid = _function(who, pre, given["function"], eval_points)
    transform = _transform(who, given["transform"], size_mid, pre, post)
    return Connection(
        network=network,
        pre=pre,
        post=post,
        function=function,
        size_mid=size_mid,
        transform=transform,
        synapse=as_synapse(who, given["synapse"]),
        solver=solver,
        eval_points=eval_points,
        scale_eval_points=check.flag(who, "scale_eval_points", given["scale_eval_points"]),
        rules=rules_of(who, given["learning_rule"], pre, post, solver, transform),
        seed=check.seed(who, given["seed"]),
        label=_named(network, who, given["label"], "connection", network.connections),
    )


def _both_neurons(pre: Endpoint, post: Endpoint) -> bool:
    return all(
        isinstance(whole(end), Ensemble) and not isinstance(whole(end).neuron_type, Direct)  # type: ignore[union-attr]
        for end in (pre, post)
    )


def _function(who: str, pre: Endpoint, function: Any, eval_points: Any) -> tuple[Any, int]:
    """The function and the size of its result."""
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
        do = "pass a function, or values with an array of eval_points"
        check.fail(who, "function", "be a function without eval_points", got, do, TypeError)
    do = "pass one row for each of eval_points"
    values = check.array(who, "function", function, do=do)
    values = values.reshape(-1, 1) if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(eval_points):
        got = f"shape {values.shape}"
        check.fail(who, "function", f"have {len(eval_points)} rows of values", got, do)
    values.setflags(write=False)
    return values, values.shape[1]


def _transform(who: str, transform: Any, size_mid: int, pre: Endpoint, post: Endpoint) -> Any:
    """A float, a (D,) or (M, D) array or a sparse array that fits both sides."""
    size_out = post.size_in
    ends = f"{pre!r} gives {size_mid} and {post!r} takes {size_out}"
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
        got = f"{size_mid} dimensions into {size_out}"
        check.fail(who, "transform", must, got, f"note that {ends}")
    wanted: dict[int, Shape] = {0: (), 1: (size_mid,), 2: (size_out, size_mid)}
    if matrix.ndim > 2 or matrix.shape != wanted[matrix.ndim]:
        must = f"have shape ({size_out}, {size_mid})"
        check.fail(who, "transform", must, f"shape {matrix.shape}", f"note that {ends}")
    if matrix.ndim == 0:
        return float(matrix)
    matrix.setflags(write=False)
    return matrix


def probe(
    network: Network,
    target: Any,
    attr: Any,
    synapse: Any,
    sample_every: Any,
    solver: Any,
    label: Any,
) -> Probe:
    """A checked probe."""
    who = "Network.probe"
    if not isinstance(target, Connection):
        _endpoint(network, who, "target", target)
    elif target.network.root is not network.root:
        got = f"{target!r} of another"
        check.fail(who, "target", "belong to this network", got, "probe it in its own")
    if isinstance(target, View) and isinstance(whole(target), Neurons) and not target.size_out:
        check.fail(who, "target", "have neurons", repr(target), "probe the ensemble")
    if not isinstance(target, Connection) and target.size_out == 0 and target.size_in == 0:
        check.fail(who, "target", "have something to record", repr(target), "probe another object")
    options = probeable(target)
    chosen = options[0] if attr is None else check.one_of(who, "attr", attr, options)
    every = None
    if sample_every is not None:
        every = check.seconds(who, "sample_every", sample_every)
    name = _named(network, who, label, "probe", network.probes)
    return Probe(
        network, target, chosen, as_synapse(who, synapse), every, _solver(who, solver), name
    )
