"""Convert neuron types of nefsim to neuron types of Nengo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nengo

from nefsim import _checks as check
from nefsim import neurons
from nefsim.nengo.adapters import Draws, Start, draw_from


def neuron_type(
    who: str, neuron: neurons.NeuronType, initial: Mapping[str, Start], draws: Draws
) -> nengo.neurons.NeuronType:
    """Nengo's neuron type with the same parameters, and the initial state ``initial``."""
    state: dict[str, Any] = dict(initial)
    state.pop("rate_out", None)
    neuron = getattr(neuron, "plain", neuron)  # ``draws`` has its random numbers
    lif = {"tau_rc": getattr(neuron, "tau_rc", 0), "tau_ref": getattr(neuron, "tau_ref", 0)}
    must, do = "be one that Nengo has", "run it on another back end"
    if type(neuron) is not getattr(neurons, type(neuron).__name__, None):
        # A subclass may have another step.
        check.fail(who, "neuron_type", must, repr(neuron), do)
    if neuron.size is not None:
        got = "time constants of each neuron"
        check.fail(who, "neuron_type", must, got, do)
    match neuron:
        case neurons.LIF(method="exact"):
            low = {"min_voltage": neuron.min_voltage}
            return nengo.LIF(**lif, **low, amplitude=neuron.amplitude, initial_state=state)
        case neurons.LIFRate():
            return nengo.LIFRate(**lif, amplitude=neuron.amplitude)
        case neurons.AdaptiveLIF():
            low = {"min_voltage": neuron.min_voltage, "tau_n": neuron.tau_n, "inc_n": neuron.inc_n}
            return nengo.AdaptiveLIF(**low, **lif, amplitude=neuron.amplitude, initial_state=state)
        case neurons.AdaptiveLIFRate():
            slow = {"tau_n": neuron.tau_n, "inc_n": neuron.inc_n}
            amplitude = neuron.amplitude
            return nengo.AdaptiveLIFRate(**slow, **lif, amplitude=amplitude, initial_state=state)
        case neurons.RectifiedLinear():
            return nengo.RectifiedLinear(neuron.amplitude)
        case neurons.SpikingRectifiedLinear():
            return nengo.SpikingRectifiedLinear(neuron.amplitude, initial_state=state)
        case neurons.Sigmoid():
            return nengo.Sigmoid(neuron.tau_ref)
        case neurons.Tanh():
            return nengo.Tanh(neuron.tau_ref)
        case neurons.Izhikevich():
            return nengo.Izhikevich(
                neuron.tau_recovery,
                neuron.coupling,
                neuron.reset_voltage,
                neuron.reset_recovery,
                initial_state=state,
            )
        case neurons.RegularSpiking() | neurons.StochasticSpiking() | neurons.PoissonSpiking():
            kind = getattr(nengo, type(neuron).__name__)
            if not isinstance(neuron, neurons.RegularSpiking):
                kind = draw_from(kind, draws)
            voltage = {"voltage": state.pop("voltage")} if "voltage" in state else None
            base = neuron_type(who, neuron.base_type, state, draws)
            return kind(base, neuron.amplitude, initial_state=voltage)
    check.fail(who, "neuron_type", must, repr(neuron), do)
