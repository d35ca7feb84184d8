"""Whether the back ends and Nengo fire the same spikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from peers.measure import Times


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Run the network on each and count the spikes, and those that differ."""
    from models import MODELS

    import nefsim as nef
    from peers.nefsim import arrays

    model = MODELS[job["model"]]

    def net() -> nef.Network:
        return model.make(arrays(job))

    if model.batch:
        return batches(net, model.batch, job["seconds"]), lambda: (0.0, 0.0)
    pairs = [("numpy", "numba"), *([("numba", "nengo")] if job["nengo"] else [])]
    facts: dict[str, Any] = {"seconds": job["seconds"], "differ": {}}
    for first, second in pairs:
        report = nef.crosscheck(net(), job["seconds"], (first, second))
        facts["spikes"] = [p.n_spikes for p in report.populations]
        facts["differ"][f"{first}, {second}"] = report.spikes_differ
        facts["agrees"] = facts.get("agrees", True) and report.agrees
    return facts, lambda: (0.0, 0.0)


def batches(make: Callable[[], Any], batch: int, seconds: float) -> dict[str, Any]:
    """The same for a batch, whose first trial has to be the run without a batch."""
    import nefsim as nef

    net = make()
    watching = [net.probe(ensemble.neurons) for ensemble in net.all_ensembles]

    def spikes(backend: str, batch_size: int | None) -> list[np.ndarray]:
        sim = nef.Simulator(net, backend=backend, batch_size=batch_size, progress=False)
        sim.run(seconds)
        return [sim.data[probe] > 0 for probe in watching]

    numpy, numba, alone = spikes("numpy", batch), spikes("numba", batch), spikes("numba", None)
    differ = sum(int(np.sum(a != b)) for a, b in zip(numpy, numba, strict=True))
    first = sum(int(np.sum(a[0] != b)) for a, b in zip(numba, alone, strict=True))
    return {
        "seconds": seconds,
        "spikes": [int(np.sum(each)) for each in numpy],
        "differ": {"numpy, numba": differ, "first trial, one alone": first},
        "agrees": differ == first == 0,
    }
