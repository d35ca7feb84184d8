"""Arrays and signals of the objects that a build has processed so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nefsim.lowering.arrays import BuiltConnection, BuiltEnsemble
from nefsim.lowering.once import Once
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.network.objects import whole
from nefsim.program import ProgramBuilder, Stream, Term


@dataclass(eq=False)
class Context:
    """Arrays and signals that a build shares between objects of a network.

    Attributes
    ----------
    network : Network
        The network to build.
    builder : ProgramBuilder
        Collects signals and operations.
    streams : mapping
        The random stream of each object.
    outline : bool
        Whether arrays have shapes only, and no numbers.
    probes : tuple of Probe
        The probes of the network, then those of this run.
    replaced : mapping of Node to Node
        Nodes that this run replaces, with the nodes that replace them.
    ensembles, connections, probe_data : dict
        The arrays of each object.
    inputs, outputs : dict
        Numbers of the signals of the summed input and of the output of each object.
    noise : dict of Ensemble to int
        Number of the signal of each ensemble's noise.
    shapes : dict of Probe to (int, int)
        Shape of the recorded matrix, for probes of weights or encoders.
    weighted : dict of Connection to Term
        The values of each connection before its filter.
    observed : dict of Ensemble to dict of str to int
        Numbers of the signals of probed state variables of neurons, by name.
    bypassed : set of Ensemble
        Ensembles with an input that is encoded before it is filtered.
    once : Once
        Arrays of ensembles that are drawn alike.
    """

    network: Network
    builder: ProgramBuilder
    streams: Mapping[Any, Stream]
    outline: bool
    probes: tuple[Probe, ...]
    replaced: Mapping[Node, Node]
    ensembles: dict[Ensemble, BuiltEnsemble] = field(default_factory=dict)
    connections: dict[Connection, BuiltConnection] = field(default_factory=dict)
    probe_data: dict[Probe, BuiltConnection] = field(default_factory=dict)
    inputs: dict[Any, int] = field(default_factory=dict)
    outputs: dict[Any, int] = field(default_factory=dict)
    noise: dict[Ensemble, int] = field(default_factory=dict)
    shapes: dict[Probe, tuple[int, int]] = field(default_factory=dict)
    weighted: dict[Connection, Term] = field(default_factory=dict)
    observed: dict[Ensemble, dict[str, int]] = field(default_factory=dict)
    bypassed: set[Ensemble] = field(default_factory=set)
    once: Once = field(default_factory=Once)

    @cached_property
    def watched(self) -> set[Any]:
        """Objects whose input or output is probed."""
        targets = (p.target for p in self.probes if p.attr in ("input", "output"))
        return {t if isinstance(t, Connection) else whole(t) for t in targets}
