"""Quantities of each kind of object that can be recorded."""

from __future__ import annotations

from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    Gate,
    Learning,
    Neurons,
    whole,
)


def probeable(target: Endpoint | Connection) -> tuple[str, ...]:
    """The quantities of an object that can be recorded; the first is the default."""
    if isinstance(target, Connection):
        return ("output", "input", "weights")
    obj = whole(target)
    if isinstance(obj, Learning):
        traces = ("activities" if name == "pre" else name for name in obj.rule.traces())
        return (*(("error",) if obj.size_in else ()), *traces)
    if isinstance(obj, Gate):
        return ("input",)
    if isinstance(obj, Ensemble):
        return ("decoded_output", "input", "scaled_encoders")
    if isinstance(obj, Neurons):
        states = tuple(obj.ensemble.neuron_type.initial_state)
        return ("output", "spikes", "rates", "input", *states)
    return ("output", "input") if obj.size_in else ("output",)
