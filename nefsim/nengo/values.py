"""Convert Nengo's neuron types, synapses and learning rules to those of nefsim."""

from __future__ import annotations

from typing import Any, NoReturn

import nengo

from nefsim import _checks as check
from nefsim import learning, neurons, synapses
from nefsim.learning import LearningRule
from nefsim.nengo import fixed, supported

#: The advice for an object that nefsim's networks do not have.
INSTEAD = "run it in nefsim.nengo.Simulator"

RULES = (nengo.PES, nengo.RLS, nengo.BCM, nengo.Oja, nengo.Voja)


def refuse(who: Any, argument: str, got: Any) -> NoReturn:
    """Raise ValueError for an object that nefsim's networks do not have."""
    check.fail(str(who), argument, "be one that nefsim has", str(got), INSTEAD)


def neuron_type(who: Any, original: Any) -> neurons.NeuronType:
    """The neuron type of nefsim with the same equations."""
    kind = type(original)
    if kind is nengo.Direct:
        return neurons.Direct()
    if kind is nengo.RegularSpiking:
        return neurons.RegularSpiking(neuron_type(who, original.base_type), original.amplitude)
    if kind not in supported.NEURONS:
        refuse(who, "neuron_type", original)
    return supported.NEURONS[kind](original)


def synapse(who: Any, original: Any) -> synapses.Synapse | None:
    """The synapse of nefsim with the same transfer function."""
    if original is None:
        return None
    kind = type(original)
    if kind is nengo.Lowpass:
        return synapses.Lowpass(original.tau)
    if kind is nengo.Alpha and original.tau > 0:
        return synapses.Alpha(original.tau)
    if kind is nengo.synapses.Triangle:
        return synapses.Triangle(original.t)
    if kind not in (nengo.Alpha, nengo.LinearFilter):
        refuse(who, "synapse", original)
    if original.analog and original.method != "zoh":
        return fixed.Filter(original)
    return synapses.LinearFilter(original.num, original.den, original.analog)


def learning_rule(who: Any, original: Any) -> LearningRule | list[Any] | dict[str, Any]:
    """The rule of nefsim with the same equation; a list or dict of rules for a list or dict."""
    if isinstance(original, dict):
        return {str(name): learning_rule(who, rule) for name, rule in original.items()}
    if isinstance(original, (list, tuple)):
        return [learning_rule(who, rule) for rule in original]
    if type(original) not in RULES:
        refuse(who, "learning_rule_type", original)
    rule_type = getattr(learning, type(original).__name__)
    options = {}
    for name in ("learning_rate", "beta", "pre_synapse", "post_synapse", "theta_synapse"):
        if hasattr(original, name):
            value = getattr(original, name)
            options[name] = synapse(who, value) if name.endswith("synapse") else value
    return rule_type(**options)
