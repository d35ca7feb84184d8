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
    """A network with solved decoders, as a program that a back end can run.

    Attributes
    ----------
    network : Network
        The network; later changes to it do not change the build.
    program : Program
        The network as operations on signals.
    seed : int
        The seed of all random numbers.
    ensembles, connections : mapping
        The arrays of each ensemble and connection.
    probe_data : mapping of Probe to BuiltConnection
        Decoders of the probes of represented values.
    signals : mapping
        Number of the output signal of each object.
    noise : mapping of Ensemble to int
        Number of the signal of each ensemble's noise.
    probes : tuple of Probe
        The probes, in the order of the program's records.
    learned : mapping of Connection or Ensemble to int
        Number of the signal that learned weights or encoders write.
    shapes : mapping of Probe to (int, int)
        Shape of the recorded matrix, for probes of weights or encoders.
    inputs : mapping of Node to Node
        Nodes that this run replaces, with the nodes that replace them.
    represented : mapping of Ensemble to int
        Number of the signal of each ensemble's represented value.  An ensemble is left out if
        one of its inputs is encoded before it is filtered; no signal then has this value.

    See Also
    --------
    build : The function that returns it.
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
