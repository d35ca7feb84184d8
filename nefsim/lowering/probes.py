"""Probes: the signal of each quantity that is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.lowering.connections import weighted_signal
from nefsim.lowering.context import Context
from nefsim.lowering.learning import LearningRules, dense
from nefsim.lowering.matrices import as_index
from nefsim.lowering.outline import abstract_array
from nefsim.network import Connection, Ensemble, Learning, Probe
from nefsim.network import Neurons as NeuronsOf
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.program import Read, Term


def lower_probe(context: Context, rules: LearningRules, probe: Probe) -> None:
    """Add the filter of a probe, if it has a synapse, and its record."""
    read = _probed(context, rules, probe)
    if probe.synapse is not None:
        read = context.builder.filtered(repr(probe), read, probe.synapse)
    context.builder.record(read, _steps_between(probe.sample_every, context.builder.dt))


def _steps_between(seconds: float | None, dt: float) -> float:
    """Steps between records."""
    every = 1.0 if seconds is None else seconds / dt
    # 0.035 / 0.005 is a little more than 7, and would sample one step late.
    return float(round(every)) if abs(every - round(every)) < 1e-9 * every else every


def _probed(context: Context, rules: LearningRules, probe: Probe) -> Read:
    target: Any = probe.target
    attr = probe.attr
    if attr == "weights":
        return _weights(context, rules, probe, target)
    if isinstance(target, Connection):
        if attr == "output" and target.synapse is not None:
            return _filtered_output(context, probe, target)
        return weighted_signal(context, target)
    obj: Any = whole(target)
    columns = as_index(indices(target))
    if isinstance(obj, Learning) and attr != "error":
        return rules.trace(obj, "pre" if attr == "activities" else attr)
    if attr == "scaled_encoders":
        context.shapes[probe] = (obj.n_neurons, obj.dimensions)
        return _encoders(context, rules, probe, obj)
    if attr in ("input", "error"):
        return Read(context.inputs[obj], 0, columns)
    if isinstance(obj, NeuronsOf) and attr not in ("output", "spikes", "rates"):
        return Read(_state(context, obj.ensemble, attr), 0, columns)
    if isinstance(obj, Ensemble) and not isinstance(obj.neuron_type, Direct):
        return _decoded_output(context, probe, obj)
    return Read(context.outputs[obj], 0, columns)


def _encoders(context: Context, rules: LearningRules, probe: Probe, ensemble: Any) -> Read:
    """Scaled encoders: a signal if they are learned, else constants."""
    if ensemble in rules.weight_signals:
        return Read(rules.weight_signals[ensemble])
    return _constant(context, probe, context.ensembles[ensemble].scaled_encoders)


def _weights(context: Context, rules: LearningRules, probe: Probe, connection: Connection) -> Read:
    """Weights: a signal if they are learned, else constants."""
    if connection in rules.weight_signals:
        signal = rules.weight_signals[connection]
        context.shapes[probe] = rules.shapes[signal]
        return Read(signal)
    weighted = context.weighted[connection]
    matrix, n = weighted.matrix, context.builder.size(weighted.read)
    shape = context.shapes[probe] = matrix.shape if np.ndim(matrix) == 2 else (n, n)
    return _constant(
        context, probe, abstract_array(*shape) if context.outline else dense(matrix, n)
    )


def _constant(context: Context, probe: Probe, matrix: Any) -> Read:
    """Add a constant signal: the matrix, row by row."""
    flat = abstract_array(matrix.size) if context.outline else np.ravel(matrix)
    return Read(context.builder.sum(f"{probe!r}.output", matrix.size, flat))


def _filtered_output(context: Context, probe: Probe, connection: Connection) -> Read:
    """A connection's output after this step's filtering; a probe's filter reads it a step later."""
    output = context.outputs[connection]
    if probe.synapse is None:
        return Read(output)
    later = context.builder.sum(f"{probe!r}.input", context.builder.size(Read(output)))
    context.builder.add_term(later, Term(Read(output, 1)))
    return Read(later)


def _decoded_output(context: Context, probe: Probe, ensemble: Ensemble) -> Read:
    built = context.probe_data[probe]
    assert built.decoders is not None
    decoded = context.builder.sum(f"{probe!r}.decoded", built.decoders.shape[1])
    spikes = Read(context.outputs[ensemble.neurons])
    context.builder.add_term(decoded, Term(spikes, built.decoders.T))
    return Read(decoded)


def _state(context: Context, ensemble: Ensemble, name: str) -> int:
    """The signal of a state variable of the neurons."""
    observed = context.observed[ensemble]
    if name not in observed:
        label = f"{ensemble.neurons!r}.{name}"
        observed[name] = context.builder.signal(label, ensemble.n_neurons)
    return observed[name]
