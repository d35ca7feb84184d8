"""The equations of the ready networks as text: each population, node and connection.

``PYTHONPATH=.:tests python tests/ready_networks.py > tests/ready_networks.txt`` writes the list
that ``tests/test_networks_laws.py`` compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np

import nefsim as nef
from nefsim.dynamics.realise import Realisation

VECTORS = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, -0.2]])

#: Ready networks with defaults, and with a value of its own for each argument.
CALLS: dict[str, Callable[[Any, nef.Network], Any]] = {
    "adaptive_control": lambda n, net: n.adaptive_control(net, 20, 2),
    "adaptive_control of others": lambda n, net: n.adaptive_control(
        net, 20, 2, 3, learning_rate=2e-4, radii=[1.0, 2.0]
    ),
    "associative_memory": lambda n, net: n.associative_memory(net, VECTORS),
    "associative_memory of others": lambda n, net: n.associative_memory(
        *(net, VECTORS, VECTORS[:, :2], 30, 0.4, 1.5),
        winner_take_all=True,
        clean=True,
        default=[0.1, 0.2],
    ),
    "attractor": lambda n, net: n.attractor(net, 30, 2, slope),
    "attractor of others": lambda n, net: n.attractor(
        *(net, 30, 2, slope, 0.05, [1.0, 2.0], [0.3, 0.1], 0.002, "euler", nef.LstsqL2(0.2))
    ),
    "basal_ganglia": lambda n, net: n.basal_ganglia(net, 2),
    "basal_ganglia of others": lambda n, net: n.basal_ganglia(net, 2, 20, -2.0, 0.1, 0.003, 0.009),
    "circular_convolution": lambda n, net: n.circular_convolution(net, 20, 3),
    "circular_convolution of others": lambda n, net: n.circular_convolution(
        net, 20, 4, invert_a=True, invert_b=True, input_magnitude=2.0
    ),
    "controlled_integrator": lambda n, net: n.controlled_integrator(net, 30, 2),
    "controlled_integrator of others": lambda n, net: n.controlled_integrator(
        net, 30, 2, 0.05, 2.0
    ),
    "controlled_oscillator": lambda n, net: n.controlled_oscillator(net, 50, 2.0),
    "controlled_oscillator of others": lambda n, net: n.controlled_oscillator(
        net, 50, 2.0, 0.05, 2.0, 3.0, 0.002
    ),
    "decision": lambda n, net: n.decision(net, 30),
    "decision of others": lambda n, net: n.decision(net, 30, 0.5, 2.0, 0.05),
    "delay": lambda n, net: n.delay(net, 30, 0.1, order=3),
    "delay of others": lambda n, net: n.delay(
        net, 30, 0.2, 2, 0.05, [1.0, 2.0], dt=0.002, lag=0.001
    ),
    "dot_product": lambda n, net: n.dot_product(net, 20, 2),
    "dot_product of others": lambda n, net: n.dot_product(net, 20, 3, 2.0),
    "ensemble_array": lambda n, net: n.ensemble_array(net, 20, 2),
    "ensemble_array of others": lambda n, net: n.ensemble_array(net, 20, 3, 2, radius=1.5),
    "input_gated_memory": lambda n, net: n.input_gated_memory(net, 30, 2),
    "input_gated_memory of others": lambda n, net: n.input_gated_memory(
        net, 30, 2, 0.9, 1.1, 0.2, 0.05
    ),
    "integrator": lambda n, net: n.integrator(net, 30),
    "integrator of others": lambda n, net: n.integrator(net, 30, 2, 0.05, 2.0, True, 0.002),
    "lorenz": lambda n, net: n.lorenz(net, 50),
    "lorenz of others": lambda n, net: n.lorenz(net, 50, 11.0, 27.0, 2.5, 0.05, 0.002),
    "matrix_product": lambda n, net: n.matrix_product(net, 10, (2, 2), (2, 1)),
    "matrix_product of others": lambda n, net: n.matrix_product(net, 10, (1, 2), (2, 2), 2.0),
    "oscillator": lambda n, net: n.oscillator(net, 30, 2.0),
    "oscillator of others": lambda n, net: n.oscillator(net, 30, -1.0, 0.05, 2.0, 3.0, 0.002),
    "product": lambda n, net: n.product(net, 20, 2),
    "product of others": lambda n, net: n.product(net, 20, 1, 2.0),
    "reservoir": lambda n, net: n.reservoir(net, 20, 2),
    "reservoir of others": lambda n, net: n.reservoir(net, 20, 2, 0.7, 0.3, 200.0, 0.1, 5),
    "system": lambda n, net: n.system(net, 30, [[-1.0, 2.0], [0.0, -3.0]], [[1.0], [0.5]]),
    "system of others": lambda n, net: n.system(
        *(net, 30, [[-1.0, 2.0], [0.0, -3.0]], [[1.0], [0.5]], 0.05, [1.0, 2.0]),
        array=False,
        dt=0.002,
        lag=0.001,
    ),
    "system of samples": lambda n, net: n.system(
        net, 30, [[-1.0]], [[1.0]], sample=np.linspace(-2, 2, 50)[:, None], method="continuous"
    ),
    "thalamus": lambda n, net: n.thalamus(net, 2),
    "thalamus of others": lambda n, net: n.thalamus(net, 3, 20, 0.8, 0.1),
    "thresholding": lambda n, net: n.thresholding(net, 20, 2, 0.3),
    "thresholding of others": lambda n, net: n.thresholding(net, 20, 2, 0.4, 0.2, 2.0),
    "winner_take_all": lambda n, net: n.winner_take_all(net, 30, 2),
    "winner_take_all of others": lambda n, net: n.winner_take_all(net, 30, 3, 0.1, 0.7, 1.2, 0.05),
}

#: Distributions of every population.
_OF_EACH = nef.Network().ensemble(1, 1)
DEFAULTS = [
    getattr(_OF_EACH, name) for name in ("encoders", "eval_points", "intercepts", "max_rates")
]

#: Networks whose points are states of a chaotic equation, which differ from machine to machine.
CHAOTIC = "lorenz"


def slope(x: Any) -> Any:
    """A slope of two variables."""
    return np.array([x[1] - 0.5 * x[0], -2.0 * x[0] * x[1]])


def of_call(name: str) -> list[str]:
    """The lines of one call."""
    net = nef.Network(seed=1)
    made = CALLS[name](nef.networks, net)
    shape_only = name.startswith(CHAOTIC)
    lines = [f"part {f.name}: {_thing(getattr(made, f.name))}" for f in fields(made)]
    return [*lines, *of_network(net, shape_only)]


def of_network(net: nef.Network, shape_only: bool = False) -> list[str]:
    """A line for each network, node, population and connection."""
    lines = []
    for inner in (*net.everything(),):
        lines.append(f"network {inner.label!r}, warns {inner._warns_of_radius}")
    for node in net.all_nodes:
        lines.append(
            f"node {_thing(node)} {node.size_in} {node.size_out}: {_output(node, shape_only)}"
        )
    for e in net.all_ensembles:
        names = ("encoders", "eval_points", "intercepts", "max_rates", "gain", "bias", "noise")
        values = ((part, getattr(e, part)) for part in names)
        parts = [f"{part} {_value(v, shape_only)}" for part, v in values if not _is_default(v)]
        kind = f"{e.n_neurons} neurons, {e.dimensions}, radius {e.radius:.6g}"
        lines.append(f"ensemble {_thing(e)}: {'; '.join([kind, _brief(e.neuron_type), *parts])}")
    for c in net.all_connections:
        parts = [f"times {_value(c.transform, shape_only)}", _brief(c.synapse), _brief(c.solver)]
        parts += [] if c.function is None else [_function(c, shape_only)]
        parts += [] if c.eval_points is None else [_value(c.eval_points, shape_only)]
        parts += [f"delay {c.delay:.6g}"] * bool(c.delay) + [_brief(rule) for _, rule in c.rules]
        lines.append(f"{_thing(c.pre)} -> {_thing(c.post)}: {'; '.join(parts)}")
    return lines


def _thing(thing: Any) -> str:
    """An object by its label; a list by its first and last thing and its length."""
    if isinstance(thing, (list, tuple)):
        return f"{len(thing)} from {_thing(thing[0])} to {_thing(thing[-1])}" if thing else "none"
    if isinstance(thing, Realisation):
        return " ".join(
            f"{name} {_value(np.asarray(getattr(thing, name)), False)}"
            for name in ("A", "B", "recurrent")
        )
    if isinstance(thing, np.ndarray):
        return _value(thing, False)
    text = re.sub(r": \d+ node.*", "", repr(thing))
    return re.sub(r"<(node|ensemble|network|connection) |[>']", "", text)


def _is_default(value: Any) -> bool:
    """Whether a distribution is that of every population, or there is none."""
    return value is None or (not isinstance(value, np.ndarray) and value in DEFAULTS)


def _brief(value: Any) -> str:
    """A value with those fields that are not its type's defaults."""
    if value is None:
        return "no filter"
    parts = ((f.name, getattr(value, f.name), f.default) for f in fields(value))
    shown = ", ".join(
        f"{n}={_value(v, False) if np.size(v) > 8 or np.ndim(v) > 1 else v}"
        for n, v, d in parts
        if isinstance(v, np.ndarray) or v != d
    )
    return f"{type(value).__name__}({shown})"


def _value(value: Any, shape_only: bool) -> str:
    """Numbers of a small array, or the shape and a sum of a large one; other things as text."""
    if hasattr(value, "tocsr"):
        value = value.toarray()
    if isinstance(value, np.ndarray) and value.ndim:
        if shape_only:
            return f"shape {value.shape}"
        flat = np.ravel(value)
        if flat.size <= 8:
            return f"{value.shape} {' '.join(_number(x) for x in flat)}"
        return f"{value.shape} sum {_number(flat @ np.cos(np.arange(flat.size)))}"
    if isinstance(value, (float, np.ndarray)):
        return "a number" if shape_only else _number(value)
    return "drawn" if shape_only and value is not None else f"{value}"


def _number(x: Any) -> str:
    """Six digits, and 0 for rounding."""
    return f"{round(float(x), 12) + 0.0:.6g}"


def _output(node: Any, shape_only: bool) -> str:
    output = node.output
    if isinstance(output, nef.processes.Process):
        values = output.run(0.3, node.size_out, 0.001, 0)
        return f"{type(output).__name__} {_value(values[[0, 49, 99, 150, 299]], False)}"
    if callable(output) and node.size_in:
        return f"function {_value(np.ravel(output(0.1, np.linspace(0.2, 1, node.size_in))), False)}"
    if callable(output):
        return f"function {_value(np.ravel([output(t) for t in (0.001, 0.05, 0.2)]), False)}"
    return _value(output, shape_only)


def _function(connection: Any, shape_only: bool) -> str:
    """Values of the function at three points."""
    function = connection.function
    if function is None or isinstance(function, np.ndarray) or shape_only:
        return _value(function, shape_only)
    d = connection.pre.size_out
    points = [0.7 * np.cos(np.arange(d) + k) for k in range(3)]
    values = np.ravel([np.ravel(function(point)) for point in points])
    return f"at three points {_value(values, False)}"


def whole_list() -> Iterator[str]:
    """The lines of all calls."""
    for name in CALLS:
        yield f"[{name}]"
        yield from of_call(name)


if __name__ == "__main__":
    print("\n".join(whole_list()))
