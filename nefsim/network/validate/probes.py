"""Checks behind ``Network.probe``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nefsim import _checks as check
from nefsim.network.objects import Connection, Neurons, Probe, View, probeable, whole
from nefsim.network.validate.parts import endpoint, named, solver_of
from nefsim.synapses import as_synapse

if TYPE_CHECKING:
    from nefsim.network.network import Network


def probe(
    network: Network,
    target: Any,
    attr: Any,
    synapse: Any,
    sample_every: Any,
    solver: Any,
    label: Any,
) -> Probe:
    """A checked probe."""
    who = "Network.probe"
    if not isinstance(target, Connection):
        endpoint(network, who, "target", target)
    elif target.network.root is not network.root:
        got = f"{target!r} of another"
        check.fail(who, "target", "belong to this network", got, "probe it in its own")
    if isinstance(target, View) and isinstance(whole(target), Neurons) and not target.size_out:
        check.fail(who, "target", "have neurons", repr(target), "probe the ensemble")
    if not isinstance(target, Connection) and target.size_out == 0 and target.size_in == 0:
        check.fail(who, "target", "have something to record", repr(target), "probe another object")
    options = probeable(target)
    chosen = options[0] if attr is None else check.one_of(who, "attr", attr, options)
    every = None
    if sample_every is not None:
        every = check.seconds(who, "sample_every", sample_every)
    name = named(network, who, label, "probe", network.probes)
    return Probe(
        network, target, chosen, as_synapse(who, synapse), every, solver_of(who, solver), name
    )
