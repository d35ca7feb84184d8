"""Lower probes: find or add the signal of the recorded quantity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nefsim.lowering.connections import weighted_signal
from nefsim.lowering.context import Context
from nefsim.lowering.learning import LearningRules, dense
from nefsim.lowering.matrices import as_index
from nefsim.lowering.outline import abstract_array
from nefsim.network import Connection, Ensemble, Probe
from nefsim.network.objects import indices, whole
from nefsim.network.quantities import VARIABLE, row_of
from nefsim.neurons import Direct
from nefsim.program import Read, Term


def lower_probe(context: Context, rules: LearningRules, probe: Probe) -> None:
    """Add the record of a probe, after a filter if the probe has a synapse."""
    read = _probed(context, rules, probe)
    if probe.synapse is not None:
        read = context.builder.filtered(repr(probe), read, probe.synapse)
    context.builder.record(read, steps_between(probe.sample_every, context.builder.dt))


def steps_between(seconds: float | None, dt: float) -> float:
    """The interval between records in steps; not always a whole number."""
    every = 1.0 if seconds is None else seconds / dt
    # 0.035 / 0.005 is a little more than 7, and would sample one step late.
    return float(round(every)) if abs(every - round(every)) < 1e-9 * every else every


def _probed(context: Context, rules: LearningRules, probe: Probe) -> Read:
    """The signal of the quantity that a probe records."""
    target: Any = probe.target
    obj = target if isinstance(target, Connection) else whole(target)
    row = row_of(target, probe.attr)
    return READERS[row.of, row.name](context, rules, probe, obj)


def _columns(probe: Probe) -> Any:
    """The elements that a probe of a view records."""
    assert not isinstance(probe.target, Connection)
    return as_index(indices(probe.target))


def _output(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return Read(context.outputs[obj], 0, _columns(probe))


def _input(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return Read(context.inputs[obj], 0, _columns(probe))


def _gate(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    """The input of a rule's gate; 1 if nothing is connected to the gate."""
    if obj not in context.inputs:
        return _constant(context, probe, np.ones(1))
    return _input(context, rules, probe, obj)


def _state(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return Read(_state_signal(context, obj.ensemble, probe.attr), 0, _columns(probe))


def _activities(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return rules.trace(obj, "pre")


def _trace(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return rules.trace(obj, probe.attr)


def _encoders(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    """Scaled encoders: a signal if they are learned, else constants."""
    context.shapes[probe] = (obj.n_neurons, obj.dimensions)
    if obj in rules.weight_signals:
        return Read(rules.weight_signals[obj])
    return _constant(context, probe, context.ensembles[obj].scaled_encoders)


def _weights(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    """Weights: a signal if they are learned, else constants."""
    if obj in rules.weight_signals:
        signal = rules.weight_signals[obj]
        context.shapes[probe] = rules.shapes[signal]
        return Read(signal)
    weighted = context.weighted[obj]
    matrix, n = weighted.matrix, context.builder.size(weighted.read)
    shape = context.shapes[probe] = matrix.shape if np.ndim(matrix) == 2 else (n, n)
    return _constant(
        context, probe, abstract_array(*shape) if context.outline else dense(matrix, n)
    )


def _unfiltered(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    return weighted_signal(context, obj)


def _filtered(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    """A connection's filtered values; a probe with a synapse filters them one step later."""
    if obj.synapse is None:
        return weighted_signal(context, obj)
    output = context.outputs[obj]
    if probe.synapse is None:
        return Read(output)
    later = context.builder.sum(f"{probe!r}.input", context.builder.size(Read(output)))
    context.builder.add_term(later, Term(Read(output, 1)))
    return Read(later)


def _decoded(context: Context, rules: LearningRules, probe: Probe, obj: Any) -> Read:
    if isinstance(obj.neuron_type, Direct):
        return _output(context, rules, probe, obj)
    built = context.probe_data[probe]
    assert built.decoders is not None
    decoded = context.builder.sum(f"{probe!r}.decoded", built.decoders.shape[1])
    spikes = Read(context.outputs[obj.neurons])
    context.builder.add_term(decoded, Term(spikes, built.decoders.T))
    return Read(decoded)


#: The reader of each row of ``QUANTITIES``, by the kind of object and the quantity.
READERS: dict[tuple[str, str], Callable[[Context, LearningRules, Probe, Any], Read]] = {
    ("ensemble", "decoded_output"): _decoded,
    ("ensemble", "input"): _input,
    ("ensemble", "scaled_encoders"): _encoders,
    ("neurons", "output"): _output,
    ("neurons", "spikes"): _output,
    ("neurons", "rates"): _output,
    ("neurons", "input"): _input,
    ("neurons", VARIABLE): _state,
    ("node", "output"): _output,
    ("node", "input"): _input,
    ("connection", "output"): _filtered,
    ("connection", "input"): _unfiltered,
    ("connection", "weights"): _weights,
    ("rule", "error"): _input,
    ("rule", "activities"): _activities,
    ("rule", VARIABLE): _trace,
    ("gate", "input"): _gate,
}


def _constant(context: Context, probe: Probe, matrix: Any) -> Read:
    """Add a constant signal with the elements of a matrix, row by row."""
    flat = abstract_array(matrix.size) if context.outline else np.ravel(matrix)
    return Read(context.builder.sum(f"{probe!r}.output", matrix.size, flat))


def _state_signal(context: Context, ensemble: Ensemble, name: str) -> int:
    """The signal of a state variable of the neurons."""
    observed = context.observed[ensemble]
    if name not in observed:
        label = f"{ensemble.neurons!r}.{name}"
        observed[name] = context.builder.signal(label, ensemble.n_neurons)
    return observed[name]
