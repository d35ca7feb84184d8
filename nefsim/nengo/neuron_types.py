"""Nengo's neuron types with the parameters of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nengo

from nefsim import _checks as check
from nefsim import neurons
from nefsim.nengo.guests import Draws, Start, drawing_from


def neuron_type(
    who: str, ours: neurons.NeuronType, initial: Mapping[str, Start], draws: Draws
) -> nengo.neurons.NeuronType:
    """Nengo's neuron type of the same parameters, starting at ``initial``."""
    state: dict[str, Any] = dict(initial)
    state.pop("rate_out", None)
    ours = getattr(ours, "plain", ours)  # its random numbers are in ``draws``
    lif = {"tau_rc": getattr(ours, "tau_rc", 0), "tau_ref": getattr(ours, "tau_ref", 0)}
    must, do = "be one that Nengo has", "run it on another back end"
    if type(ours) is not getattr(neurons, type(ours).__name__, None):
        # A subclass may take steps of its own.
        check.fail(who, "neuron_type", must, repr(ours), do)
    if ours.size is not None:
        got = "time constants of each neuron"
        check.fail(who, "neuron_type", must, got, do)
    match ours:
        case neurons.LIF(method="exact"):
            low = {"min_voltage": ours.min_voltage}
            return nengo.LIF(**lif, **low, amplitude=ours.amplitude, initial_state=state)
        case neurons.LIFRate():
            return nengo.LIFRate(**lif, amplitude=ours.amplitude)
        case neurons.AdaptiveLIF():
            low = {"min_voltage": ours.min_voltage, "tau_n": ours.tau_n, "inc_n": ours.inc_n}
            return nengo.AdaptiveLIF(**low, **lif, amplitude=ours.amplitude, initial_state=state)
        case neurons.AdaptiveLIFRate():
            slow = {"tau_n": ours.tau_n, "inc_n": ours.inc_n}
            amplitude = ours.amplitude
            return nengo.AdaptiveLIFRate(**slow, **lif, amplitude=amplitude, initial_state=state)
        case neurons.RectifiedLinear():
            return nengo.RectifiedLinear(ours.amplitude)
        case neurons.SpikingRectifiedLinear():
            return nengo.SpikingRectifiedLinear(ours.amplitude, initial_state=state)
        case neurons.Sigmoid():
            return nengo.Sigmoid(ours.tau_ref)
        case neurons.Tanh():
            return nengo.Tanh(ours.tau_ref)
        case neurons.Izhikevich():
            return nengo.Izhikevich(
                ours.tau_recovery,
                ours.coupling,
                ours.reset_voltage,
                ours.reset_recovery,
                initial_state=state,
            )
        case neurons.RegularSpiking() | neurons.StochasticSpiking() | neurons.PoissonSpiking():
            kind = getattr(nengo, type(ours).__name__)
            if not isinstance(ours, neurons.RegularSpiking):
                kind = drawing_from(kind, draws)
            own = {"voltage": state.pop("voltage")} if "voltage" in state else None
            base = neuron_type(who, ours.base_type, state, draws)
            return kind(base, ours.amplitude, initial_state=own)
    check.fail(who, "neuron_type", must, repr(ours), do)
