"""A network as a graph in the language DOT, which Graphviz and other programs draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nefsim.network.objects import (
    Connection,
    Ensemble,
    Gate,
    Learning,
    Neurons,
    Node,
    Scope,
    whole,
)
from nefsim.neurons import Direct
from nefsim.synapses import Lowpass


def dot(network: Scope) -> str:
    """The text of the graph; see :meth:`nefsim.Network.to_dot`."""
    things: list[Any] = [*network.all_nodes, *network.all_ensembles]
    names = {thing: f"n{i}" for i, thing in enumerate(things)}
    lines = [f"digraph {_quoted(network.label or 'network')} {{", "  rankdir=LR;"]
    lines += [f"  {line}" for line in _scope(network, names, [0])]
    lines += [f"  {line}" for c in network.all_connections for line in _edge(c, names)]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    """A text as DOT reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _scope(scope: Scope, names: dict[Any, str], count: list[int]) -> Iterator[str]:
    """Objects of a network, and networks within it as boxes around theirs."""
    path = scope.path()
    things: list[Node | Ensemble] = [*scope.nodes, *scope.ensembles]
    for thing in things:
        label, shape = thing.label.removeprefix(f"{path}."), "ellipse"
        if isinstance(thing, Ensemble):
            direct = isinstance(thing.neuron_type, Direct)
            size = "direct" if direct else f"{thing.n_neurons} neurons"
            label, shape = f"{label}\n{size}, {thing.dimensions}-D", "box"
        yield f"{names[thing]} [label={_quoted(label)}, shape={shape}];"
    for inner in scope.networks:
        count[0] += 1
        yield f"subgraph cluster{count[0]} {{"
        yield f"  label={_quoted(inner.label or f'network {count[0]}')};"
        for line in _scope(inner, names, count):
            yield f"  {line}"
        yield "}"


def _edge(connection: Connection, names: dict[Any, str]) -> Iterator[str]:
    """The line of a connection; an error leads to the population after the weights."""
    ends, style = [], []
    for end in (connection.pre, connection.post):
        obj: Any = whole(end)
        if isinstance(obj, Gate):
            obj = obj.learning
        if isinstance(obj, Learning):
            obj, style = whole(obj.connection.post), ["style=dashed"]
        obj = obj.ensemble if isinstance(obj, Neurons) else obj
        if isinstance(obj, (Learning, Gate)):  # a rule that teaches a connection into a rule
            return
        assert isinstance(obj, (Node, Ensemble))
        ends.append(obj)
    if any(end not in names for end in ends):  # out of the part that is drawn
        return
    label = _quoted("\n".join(_said(connection)))
    attributes = ", ".join([f"label={label}", *style])
    yield f"{names[ends[0]]} -> {names[ends[1]]} [{attributes}];"


def _said(connection: Connection) -> Iterator[str]:
    """Function, filter, delay and rules of a connection, where it has any."""
    function, synapse = connection.function, connection.synapse
    if callable(function):
        yield str(getattr(function, "__name__", type(function).__name__))
    elif function is not None:
        yield "values"
    if synapse is not None:
        yield f"{synapse.tau:g} s" if type(synapse) is Lowpass else repr(synapse)
    if connection.delay:
        yield f"delay {connection.delay:g} s"
    yield from (type(rule).__name__ for _, rule in connection.rules)
