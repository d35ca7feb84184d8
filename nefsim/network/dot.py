"""Write a network as a graph in the language DOT, which Graphviz and other programs draw."""

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
    """Quote a text for DOT."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _scope(scope: Scope, names: dict[Any, str], count: list[int]) -> Iterator[str]:
    """The lines of the objects of a network; subnetworks are frames around their objects."""
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
    """The line of a connection; none if one end is outside of the drawn network."""
    ends = ends_of(connection)
    if ends is None or any(end not in names for end in ends[:2]):
        return
    pre, post, taught = ends
    label = _quoted("\n".join(_said(connection)))
    attributes = ", ".join([f"label={label}", *(["style=dashed"] if taught else [])])
    yield f"{names[pre]} -> {names[post]} [{attributes}];"


def ends_of(connection: Connection) -> tuple[Node | Ensemble, Node | Ensemble, bool] | None:
    """The source and the target of an arrow for a connection, and whether it carries an error.

    The target of an error is the population whose input the rule changes; None if the rule
    changes a connection that leads to a rule.
    """
    ends, taught = [], False
    for end in (connection.pre, connection.post):
        obj: Any = whole(end)
        if isinstance(obj, Gate):
            obj = obj.learning
        if isinstance(obj, Learning):
            obj, taught = whole(obj.connection.post), True
        obj = obj.ensemble if isinstance(obj, Neurons) else obj
        if isinstance(obj, (Learning, Gate)):
            return None
        assert isinstance(obj, (Node, Ensemble))
        ends.append(obj)
    return ends[0], ends[1], taught


def _said(connection: Connection) -> Iterator[str]:
    """The label of an arrow: function, synapse, delay and rules of a connection, if any."""
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
