"""The state of lowering: the arrays and signals of the objects that are already lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nefsim.lowering.arrays import BuiltConnection, BuiltEnsemble
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.network.objects import whole
from nefsim.program import ProgramBuilder, Stream, Term


@dataclass(eq=False)
class Context:
    """Arrays and signals of all objects, which the lowering of one object may need.

    Attributes
    ----------
    network : Network
        The model.
    builder : ProgramBuilder
        The builder of the program.
    streams : mapping
        The random stream of each object.
    outline : bool
        Whether arrays are abstract, with shapes and without numbers.
    probes : tuple of Probe
        The probes of the network, then those of this run.
    replaced : mapping of Node to Node
        Nodes whose output is replaced by that of another node in this run.
    ensembles, connections, probe_data : dict
        The arrays of each object.
    inputs, outputs : dict
        The signals of the summed input and of the output of each object.
    noise : dict of Ensemble to int
        The signals of the noise of ensembles.
    shapes : dict of Probe to (int, int)
        The shape of one row, for probes that record matrices.
    weighted : dict of Connection to Term
        The values of each connection before its filter.
    observed : dict of Ensemble to dict of str to int
        The signals of probed state variables of neurons.
    bypassed : set of Ensemble
        Populations that get some of their values encoded, as currents.
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

    @cached_property
    def watched(self) -> set[Any]:
        """Objects whose input or output is probed."""
        targets = (p.target for p in self.probes if p.attr in ("input", "output"))
        return {t if isinstance(t, Connection) else whole(t) for t in targets}
