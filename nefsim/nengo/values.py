"""Nengo's neuron types, synapses and learning rules in our terms."""

from __future__ import annotations

from typing import Any, NoReturn

import nengo

from nefsim import _checks as check
from nefsim import learning, neurons, synapses
from nefsim.learning import LearningRule
from nefsim.nengo import given, known

#: What to do about that which only Nengo can say.
INSTEAD = "run it in nefsim.nengo.Simulator"

RULES = (nengo.PES, nengo.RLS, nengo.BCM, nengo.Oja, nengo.Voja)


def refuse(who: Any, argument: str, got: Any) -> NoReturn:
    """Say that nefsim's own networks have no word for something."""
    check.fail(str(who), argument, "be one that nefsim has", str(got), INSTEAD)


def neuron_type(who: Any, theirs: Any) -> neurons.NeuronType:
    """Our neuron type of the same equations."""
    kind = type(theirs)
    if kind is nengo.Direct:
        return neurons.Direct()
    if kind is nengo.RegularSpiking:
        return neurons.RegularSpiking(neuron_type(who, theirs.base_type), theirs.amplitude)
    if kind not in known.NEURONS:
        refuse(who, "neuron_type", theirs)
    return known.NEURONS[kind](theirs)


def synapse(who: Any, theirs: Any) -> synapses.Synapse | None:
    """Our synapse of the same transfer function."""
    if theirs is None:
        return None
    kind = type(theirs)
    if kind is nengo.Lowpass:
        return synapses.Lowpass(theirs.tau)
    if kind is nengo.Alpha and theirs.tau > 0:
        return synapses.Alpha(theirs.tau)
    if kind is nengo.synapses.Triangle:
        return synapses.Triangle(theirs.t)
    if kind not in (nengo.Alpha, nengo.LinearFilter):
        refuse(who, "synapse", theirs)
    if theirs.analog and theirs.method != "zoh":
        return given.Filter(theirs)
    return synapses.LinearFilter(theirs.num, theirs.den, theirs.analog)


def learning_rule(who: Any, theirs: Any) -> LearningRule | list[Any] | dict[str, Any]:
    """Our rule of the same equation, or several, as they are given."""
    if isinstance(theirs, dict):
        return {str(name): learning_rule(who, rule) for name, rule in theirs.items()}
    if isinstance(theirs, (list, tuple)):
        return [learning_rule(who, rule) for rule in theirs]
    if type(theirs) not in RULES:
        refuse(who, "learning_rule_type", theirs)
    ours = getattr(learning, type(theirs).__name__)
    options = {}
    for name in ("learning_rate", "beta", "pre_synapse", "post_synapse", "theta_synapse"):
        if hasattr(theirs, name):
            value = getattr(theirs, name)
            options[name] = synapse(who, value) if name.endswith("synapse") else value
    return ours(**options)
