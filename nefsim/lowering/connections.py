"""Connections: decode or call a function, transform and filter it, add it to the target."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim.lowering.arrays import BuiltConnection, into
from nefsim.lowering.context import Context
from nefsim.lowering.learning import LearningRules
from nefsim.lowering.matrices import as_index, scaled
from nefsim.network import Connection, Ensemble
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.program import Evaluate, Read, Term
from nefsim.synapses import PerElement, Synapse

#: More steps than these are slips.
LONGEST_DELAY = 100_000


def lower_connection(context: Context, rules: LearningRules, connection: Connection) -> None:
    """Add a connection's values to the input of its target, filtered if it has a synapse."""
    make, post = context.builder, whole(connection.post)
    weighted = _weighted(context, rules, connection)
    context.weighted[connection] = weighted
    full = context.connections[connection].full is not None
    target = context.inputs[post.neurons if full and isinstance(post, Ensemble) else post]
    rows = None if full else as_index(indices(connection.post))
    gain = _gain(context, connection)
    if connection.synapse is None:
        make.add_term(target, Term(weighted.read, scaled(gain, weighted.matrix), rows))
        return
    if _is_shorter_encoded(context, rules, connection):
        _encode_first(context, connection, connection.synapse)
        return
    # Probes read the input and the output of the filter.
    read = weighted_signal(context, connection)
    filtered = make.filtered(repr(connection), read, connection.synapse)
    context.outputs[connection] = filtered.signal
    make.add_term(target, Term(filtered, gain, rows))


def _weighted(context: Context, rules: LearningRules, connection: Connection) -> Term:
    """The weighted and delayed values of a connection, before its filter.

    If a rule changes the weights, spikes are delayed before them, so that the rule reads the
    delayed spikes.  Otherwise the weighted values are delayed, which are fewer numbers.
    """
    make, weighted = context.builder, Term(*_source(context, connection))
    steps = _steps(context, connection)
    matrix = weighted.matrix
    n_out = np.shape(matrix)[0] if np.ndim(matrix) else connection.post.size_in
    if rules.learns(connection):
        read = make.delayed(repr(connection), weighted.read, steps)
        return Term(rules.weigh(connection, read, matrix, n_out))
    if not steps:
        return weighted
    sent = make.sum(f"{connection!r}.weighted", n_out)
    make.add_term(sent, weighted)
    return Term(make.delayed(repr(connection), Read(sent), steps))


def _steps(context: Context, connection: Connection) -> int:
    """The delay of a connection, in steps."""
    steps = round(connection.delay / context.builder.dt)
    if steps > LONGEST_DELAY:
        got = f"{connection.delay:g} s at dt = {context.builder.dt:g} s"
        must, do = f"be at most {LONGEST_DELAY} steps", "shorten it or raise dt"
        check.fail(repr(connection), "delay", must, got, do)
    return steps


def _is_shorter_encoded(context: Context, rules: LearningRules, connection: Connection) -> bool:
    """Whether to encode before filtering: fewer neurons than values, read by nothing else."""
    pre, post = whole(connection.pre), whole(connection.post)
    if not isinstance(post, Ensemble) or isinstance(post.neuron_type, Direct):
        return False
    if isinstance(connection.synapse, PerElement):
        return False
    decoded = isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)
    if decoded or connection.rules or post in context.watched or connection in context.watched:
        return False
    return post.n_neurons < connection.post.size_in and not rules.learns(post)


def _encode_first(context: Context, connection: Connection, synapse: Synapse) -> None:
    """Encode the values of a connection, then filter the currents.

    The result is that of filtering first, since both are linear.
    """
    make, post = context.builder, whole(connection.post)
    assert isinstance(post, Ensemble)
    weighted = context.weighted[connection]
    context.bypassed.add(post)
    encoders = into(context.ensembles[post], indices(connection.post))
    matrix = _composed(encoders, weighted.matrix)
    encoded = make.sum(f"{connection!r}.encoded", post.n_neurons)
    make.add_term(encoded, Term(weighted.read, matrix))
    filtered = make.filtered(repr(connection), Read(encoded), synapse)
    context.outputs[connection] = filtered.signal
    make.add_term(context.inputs[post.neurons], Term(filtered))


def weighted_signal(context: Context, connection: Connection) -> Read:
    """The signal of a connection's transformed values before its filter; added if missing."""
    if connection not in context.inputs:
        full = context.connections[connection].full
        size = connection.post.size_in if full is None else len(full)
        context.inputs[connection] = context.builder.sum(f"{connection!r}.input", size)
        context.builder.add_term(context.inputs[connection], context.weighted[connection])
    return Read(context.inputs[connection])


def _gain(context: Context, connection: Connection) -> Any:
    """The gains of the target neurons, by which their inputs are multiplied; else 1."""
    post, chosen = whole(connection.post), indices(connection.post)
    if not isinstance(post, NeuronsOf):
        return 1.0
    gain = context.ensembles[post.ensemble].gain
    return gain if chosen is None else gain[list(chosen)]


def _source(context: Context, connection: Connection) -> tuple[Read, Any]:
    """The signal that a connection reads, and the matrix from it to transformed values."""
    pre, transform = whole(connection.pre), connection.transform
    if isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct):
        built = context.connections[connection]
        matrix = built.decoded_weights if built.full is None else built.full
        return Read(context.outputs[pre.neurons]), matrix
    context.connections[connection] = BuiltConnection(None, None, {}, transform)
    read = Read(context.outputs[pre], 0, as_index(indices(connection.pre)))
    if connection.function is None:
        return read, transform
    if not callable(connection.function):
        must, got = "be a function where nothing is decoded", "values at points"
        check.fail(repr(connection), "function", must, got, "pass a function")
    output = context.builder.signal(f"{connection!r}.function", connection.size_mid)
    call = Evaluate(output, connection.function, "x", repr(connection), read)
    return Read(context.builder.op(call)), transform


def _composed(encoders: Any, matrix: Any) -> Any:
    """``encoders @ matrix``, where the matrix may be a number or a diagonal."""
    if matrix is None or np.ndim(matrix) < 2:
        return encoders if matrix is None else encoders * matrix
    return encoders @ matrix
