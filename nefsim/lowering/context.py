"""Where the values of each object come in and go out while a network is lowered."""

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
    """What lowering one object needs to know of the others.

    Attributes
    ----------
    network : Network
        The model.
    builder : ProgramBuilder
        The program in the making.
    streams : mapping
        Where each object draws its random numbers.
    outline : bool
        Whether arrays have shapes and no numbers.
    probes : tuple of Probe
        The probes of the network, and those of this run alone.
    replaced : mapping of Node to Node
        Nodes whose output is that of another in this run.
    ensembles, connections, probe_data : dict
        The arrays of each object.
    inputs, outputs : dict
        The signals that collect what comes in, and that show what goes out.
    noise : dict of Ensemble to int
        The signals of the noise that ensembles are given.
    shapes : dict of Probe to (int, int)
        Of probes that record matrices, a row of their records.
    weighted : dict of Connection to Term
        What each connection carries before its filter.
    observed : dict of Ensemble to dict of str to int
        The signals that show state variables of neurons.
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
        shown = (p.target for p in self.probes if p.attr in ("input", "output"))
        return {t if isinstance(t, Connection) else whole(t) for t in shown}
