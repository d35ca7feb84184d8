"""The decoded values of a network that an error budget covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.lowering.arrays import BuiltConnection, times
from nefsim.lowering.decode import targets_of
from nefsim.network import Connection, Ensemble, Network, Probe
from nefsim.network.objects import indices, whole
from nefsim.neurons import Direct
from nefsim.synapses import Synapse

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Path:
    """A value that a connection or probe decodes from an ensemble.

    Attributes
    ----------
    thing : Connection or Probe
    ensemble : Ensemble
        The ensemble whose neurons are decoded.
    built : BuiltConnection
        The decoders.
    synapse : Synapse or None
    label : str
    """

    thing: Connection | Probe
    ensemble: Ensemble
    built: BuiltConnection
    synapse: Synapse | None
    label: str

    @property
    def delay(self) -> float:
        """Time by which the values are delayed in addition to the synapse [s]."""
        return self.thing.delay if isinstance(self.thing, Connection) else 0.0

    def wanted(self, x: Array) -> Array:
        """The ideal values (T, k) for values x (T, D) of the population."""
        if isinstance(self.thing, Connection):
            return times(self.thing.transform, targets_of(self.thing, x).T).T
        chosen = indices(self.thing.target)  # type: ignore[arg-type]
        return x if chosen is None else x[:, list(chosen)]


def paths_of(
    net: Network,
    connections: Mapping[Connection, BuiltConnection],
    probes: Mapping[Probe, BuiltConnection],
) -> tuple[list[Path], dict[str, str]]:
    """The decoded values of a network, and the reason for each one that is left out."""
    driven = {
        whole(c.post).ensemble: "its neurons get currents"  # type: ignore[union-attr]
        for c in net.all_connections
        if hasattr(whole(c.post), "ensemble")
    }
    moved = {
        whole(c.post): "its encoders are learned"
        for c in net.all_connections
        for _, rule in c.rules
        if rule.modifies == "encoders"
    }
    paths: list[Path] = []
    left_out: dict[str, str] = {}
    things: list[tuple[Connection | Probe, BuiltConnection]]
    things = [*connections.items(), *probes.items()]
    for thing, built in things:
        end: Any = whole(thing.pre if isinstance(thing, Connection) else thing.target)  # type: ignore[arg-type]
        if not isinstance(end, Ensemble) or isinstance(end.neuron_type, Direct):
            continue
        label = thing.label
        while label in left_out or any(path.label == label for path in paths):
            label += "'"
        why = driven.get(end) or moved.get(end)
        if isinstance(thing, Connection) and any(r.modifies != "encoders" for _, r in thing.rules):
            why = "its weights are learned"
        elif isinstance(thing, Connection) and isinstance(thing.function, np.ndarray):
            why = "its function is known at its evaluation points only"
        elif built.decoders is None:
            why = "it has weights and no decoders"
        if why:
            left_out[label] = why
        else:
            paths.append(Path(thing, end, built, thing.synapse, label))
    return paths, left_out
