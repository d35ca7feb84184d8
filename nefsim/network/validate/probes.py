"""Checks of ``Network.probe``."""

from __future__ import annotations

from numbers import Real
from typing import Any

from nefsim import _checks as check
from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    Learning,
    Neurons,
    Probe,
    Scope,
    View,
    whole,
)
from nefsim.network.quantities import probeable
from nefsim.network.validate.parts import endpoint, named, solver_of
from nefsim.synapses import PerElement, Synapse, as_synapse


def probe(
    network: Scope,
    target: Any,
    attr: Any,
    synapse: Any,
    sample_every: Any,
    solver: Any,
    label: Any,
) -> Probe:
    """Check the arguments of a probe and make it."""
    who = "Network.probe"
    if not isinstance(target, Connection):
        endpoint(network, who, "target", target)
    elif target.network.root is not network.root:
        got = f"{target!r} of another"
        check.fail(who, "target", "belong to this network", got, "probe it with its network")
    if isinstance(target, View) and isinstance(whole(target), Neurons) and not target.size_out:
        check.fail(who, "target", "have neurons", repr(target), "probe the ensemble")
    if not isinstance(target, Connection) and target.size_out == 0 and target.size_in == 0:
        check.fail(who, "target", "have something to record", repr(target), "probe another object")
    options = probeable(target)
    chosen = options[0]
    if attr is not None:
        _check_place(who, target, attr, options)
        if isinstance(attr, (Real, Synapse)) and not isinstance(attr, bool):
            got, do = check.show(attr), f"write synapse={check.show(attr)}"
            check.fail(who, "attr", "be the name of a quantity", got, do, TypeError)
        chosen = check.one_of(who, "attr", attr, options)
    every = None
    if sample_every is not None:
        every = check.seconds(who, "sample_every", sample_every)
    name = named(network, who, label, "probe", network.probes)
    if isinstance(synapse, PerElement):
        do = "probe a connection with these synapses"
        check.fail(who, "synapse", "be one filter", check.show(synapse), do, TypeError)
    filtered = as_synapse(who, synapse)
    return Probe(network, target, chosen, filtered, every, solver_of(who, solver), name)


def _check_place(who: str, target: Any, attr: Any, options: tuple[str, ...]) -> None:
    """Raise a ValueError if another part of the object has the quantity, and name this part."""
    obj = target if isinstance(target, Connection) else whole(target)
    other: Endpoint | Connection | None = None
    path = ""
    if isinstance(obj, Ensemble):
        other, path = obj.neurons, f"{obj!r}.neurons"
    elif isinstance(obj, Neurons):
        other, path = obj.ensemble, f"{obj.ensemble!r} itself"
    elif isinstance(obj, Connection) and obj.rules:
        other, path = obj.learning[0], f"{obj!r}.learning_rule"
    elif isinstance(obj, Learning):
        other, path = obj.connection, f"{obj.connection!r} itself"
    if not isinstance(attr, str) or other is None or attr in options:
        return
    if attr in probeable(other):
        listed = ", ".join(map(repr, options))
        check.fail(who, "attr", f"be one of {listed}", check.show(attr), f"probe {path}")
