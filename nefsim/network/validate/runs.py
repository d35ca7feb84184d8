"""Checks of what one run adds to a network, which stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nefsim import _checks as check
from nefsim.network.objects import Node, Probe, Scope
from nefsim.network.validate.nodes import node


def run_probes(who: str, network: Scope, probes: Any) -> tuple[Probe, ...]:
    """Probes of one run alone."""
    do = "pass a list of net.probe(..., attach=False)"
    if not isinstance(probes, (list, tuple)):
        check.fail(who, "probes", "be a list of probes", check.show(probes), do, TypeError)
    found = tuple(probes)
    known = set(network.all_probes)
    for probe in found:
        check.instance(who, "probes", probe, Probe, "probes", do)
        if probe.network.root is not network:
            check.fail(who, "probes", "be of this network", repr(probe), "probe it there")
        if probe in known:
            check.fail(who, "probes", "be other ones than the network's", repr(probe), do)
        known.add(probe)
    return found


def run_inputs(who: str, network: Scope, inputs: Any) -> dict[Node, Node]:
    """Nodes that give their output in the place of others in one run, if any."""
    if inputs is None:
        return {}
    do = "pass a mapping such as {stimulus: 0.5}"
    check.instance(who, "inputs", inputs, Mapping, "a mapping of nodes", do)
    found = {}
    for old, output in inputs.items():
        check.instance(who, "inputs", old, Node, "a mapping of nodes", do)
        if old.network.root is not network:
            check.fail(who, "inputs", "be nodes of this network", repr(old), "name its own")
        found[old] = node(old.network, output, 0, old.size_out, old.seed, old.label)
    return found
