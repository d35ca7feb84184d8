"""Networks with arrays from a file, as other simulators receive them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef
from nefsim.network.objects import whole

#: Arguments of an ensemble that the file provides, and those that become superfluous.
ARRAYS, DRAWN = ("encoders", "gain", "bias"), ("max_rates", "intercepts")


def keep(sim: nef.Simulator, path: Path) -> None:
    """Write arrays of ensembles, decoders of connections and probes, and presented images."""
    built = sim.built
    arrays_of: dict[str, list[Any]] = {
        "ensembles": [getattr(e, name) for e in built.ensembles.values() for name in ARRAYS],
        "connections": [c.decoders for c in built.connections.values() if c.decoders is not None],
        "probes": [built.probe_data[p].decoders for p in built.probes if p in built.probe_data],
        "shown": [
            node.output.inputs
            for node in sim.network.all_nodes
            if isinstance(node.output, nef.PresentInput)
        ],
    }
    sizes = {name: [np.shape(array) for array in arrays] for name, arrays in arrays_of.items()}
    # One array is read sooner than one for each ensemble.
    numbers = [np.ravel(array) for arrays in arrays_of.values() for array in arrays]
    np.savez(path, numbers=np.concatenate(numbers), sizes=json.dumps(sizes))


class Given:
    """A network whose objects take the arrays of a file, in order."""

    def __init__(self, net: nef.Network, path: Path) -> None:
        self._net, self.node = net, net.node
        with np.load(path) as file:
            numbers, sizes = file["numbers"], json.loads(str(file["sizes"]))
        self._arrays, first = {}, 0
        for name, shapes in sizes.items():
            ends = np.cumsum([first, *map(math.prod, shapes)]).tolist()
            self._arrays[name] = _each(numbers, ends, shapes)
            first = ends[-1]

    @property
    def shown(self) -> Iterator[np.ndarray]:
        """The images that nodes present."""
        return self._arrays["shown"]

    def ensemble(self, n_neurons: int, dimensions: int, **options: Any) -> nef.Ensemble:
        """An ensemble with its arrays; one point is enough where nothing is solved."""
        options = {name: value for name, value in options.items() if name not in DRAWN}
        options |= {name: next(self._arrays["ensembles"]) for name in ARRAYS}
        options |= {"normalize_encoders": False, "n_eval_points": 1}
        return self._net.ensemble(n_neurons, dimensions, **options)

    def connect(self, pre: Any, post: Any, **options: Any) -> nef.Connection:
        """A connection; from an ensemble, with its decoders."""
        if isinstance(whole(pre), nef.Ensemble):
            options["solver"] = nef.NoSolver(next(self._arrays["connections"]))
        return self._net.connect(pre, post, **options)

    def probe(self, target: Any, **options: Any) -> nef.Probe:
        """A probe; of an ensemble, with its decoders."""
        if isinstance(whole(target), nef.Ensemble):
            options["solver"] = nef.NoSolver(next(self._arrays["probes"]))
        return self._net.probe(target, **options)


def _each(numbers: np.ndarray, ends: list[int], shapes: list[Any]) -> Iterator[np.ndarray]:
    for first, last, shape in zip(ends, ends[1:], shapes, strict=False):
        yield numbers[first:last].reshape(shape)
