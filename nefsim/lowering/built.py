"""The result of a build: a program, and the arrays of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nefsim.lowering.arrays import BuiltConnection, BuiltEnsemble
from nefsim.network import Connection, Ensemble, Network, Node, Probe
from nefsim.program import Program


@dataclass(frozen=True, eq=False)
class Built:
    """A network that is ready to run.

    Attributes
    ----------
    network : Network
        The description; later changes to it do not change the build.
    program : Program
        The network as operations on signals.
    seed : int
        The seed of all random numbers.
    ensembles, connections : mapping
        The arrays of each object.
    probe_data : mapping of Probe to BuiltConnection
        Decoders of probes that decode.
    signals : mapping
        The number of the output signal of each object.
    noise : mapping of Ensemble to int
        The signals of the noise of ensembles.
    probes : tuple of Probe
        The probes, in the order of the program's records.
    learned : mapping of Connection or Ensemble to int
        The signals that are written by learned weights or encoders.
    shapes : mapping of Probe to (int, int)
        The shape of one row, for probes that record matrices.
    inputs : mapping of Node to Node
        Nodes whose output is replaced by that of another node in this run.
    represented : mapping of Ensemble to int
        The signal of the value that each population represents.  Populations with a
        connection that is encoded before its filter are left out: no signal has their value.

    See Also
    --------
    build : Makes it.
    """

    network: Network
    program: Program
    seed: int
    ensembles: Mapping[Ensemble, BuiltEnsemble]
    connections: Mapping[Connection, BuiltConnection]
    probe_data: Mapping[Probe, BuiltConnection]
    signals: Mapping[Any, int]
    noise: Mapping[Ensemble, int]
    probes: tuple[Probe, ...]
    learned: Mapping[Connection | Ensemble, int]
    shapes: Mapping[Probe, tuple[int, int]]
    inputs: Mapping[Node, Node]
    represented: Mapping[Ensemble, int]
