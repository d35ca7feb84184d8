"""Check the probes and inputs of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nefsim import _checks as check
from nefsim.network.objects import Node, Probe, Scope
from nefsim.network.validate.nodes import node


def run_probes(who: str, network: Scope, probes: Any) -> tuple[Probe, ...]:
    """Check the probes of one run."""
    do = "pass a list of net.probe(..., attach=False)"
    if not isinstance(probes, (list, tuple)):
        check.fail(who, "probes", "be a list of probes", check.show(probes), do, TypeError)
    checked = tuple(probes)
    known = set(network.all_probes)
    for probe in checked:
        check.instance(who, "probes", probe, Probe, "probes", do)
        if probe.network.root is not network:
            check.fail(who, "probes", "be of this network", repr(probe), "make them with it")
        if probe in known:
            check.fail(who, "probes", "differ from those of the network", repr(probe), do)
        known.add(probe)
    return checked


def run_inputs(who: str, network: Scope, inputs: Any) -> dict[Node, Node]:
    """Make a new node for each node whose output is replaced in one run."""
    if inputs is None:
        return {}
    do = "pass a mapping such as {stimulus: 0.5}"
    check.instance(who, "inputs", inputs, Mapping, "a mapping of nodes", do)
    replaced = {}
    for old, output in inputs.items():
        check.instance(who, "inputs", old, Node, "a mapping of nodes", do)
        if old.network.root is not network:
            do = "pass nodes of this network"
            check.fail(who, "inputs", "be nodes of this network", repr(old), do)
        replaced[old] = node(old.network, output, 0, old.size_out, old.seed, old.label)
    return replaced
