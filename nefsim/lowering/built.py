"""What a network has become when it is ready to run."""

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
        The description; it may grow later, what is built does not.
    program : Program
        The same as operations on signals.
    seed : int
        The seed that everything random came from.
    ensembles, connections : mapping
        The arrays of each object.
    probe_data : mapping of Probe to BuiltConnection
        Decoders of probes that decode.
    signals : mapping
        What comes out of each object: the number of its signal.
    noise : mapping of Ensemble to int
        The signals of the noise that ensembles are given.
    probes : tuple of Probe
        In the order of the program's records.
    learned : mapping of Connection or Ensemble to int
        Of weights or encoders that are learned, the signal that they write.
    shapes : mapping of Probe to (int, int)
        Of probes that record matrices, a row of their records.
    inputs : mapping of Node to Node
        Nodes whose output is that of another in this run.
    represented : mapping of Ensemble to int
        The signals of the values that populations get, where all of these come as values.
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
