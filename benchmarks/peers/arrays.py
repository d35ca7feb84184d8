"""The arrays that nefsim draws and solves, in files for other simulators."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from peers.measure import Times, warm_up_seconds


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Build once and write the arrays for the other simulators of this network."""
    from given import keep
    from models import MODELS

    import nefsim as nef

    model, folder = MODELS[job["model"]], Path(job["folder"])
    net = model.make(**job.get("arguments", {}))
    outputs = {node: net.probe(node) for node in net.all_nodes if node.output is not None}
    began = time.perf_counter()
    sim = nef.Simulator(net, backend="numpy", progress=False)
    facts = {"build_s": time.perf_counter() - began}
    keep(sim, folder / "given.npz")
    if model.chains:
        keep_chains(sim, folder)
    if model.brian and job["brian"]:
        from peers.plan import Plan

        sim.run(job["seconds"])
        warm_up = round(warm_up_seconds(job, model.large) / sim.dt)
        plan = Plan(sim, {node: sim.data[probe] for node, probe in outputs.items()}, warm_up)
        np.savez(folder / "plan.npz", plan=json.dumps(plan.facts), **plan.arrays)
    return facts, lambda: (0.0, 0.0)


def decoders(sim: Any) -> dict[Any, np.ndarray]:
    """The decoders of each ensemble, of its connections or probes."""
    built = sim.built
    found = {probe.target: d.decoders for probe, d in built.probe_data.items()}
    sent = {c.pre: c for c in built.connections if c.pre in built.ensembles}
    return found | {pre: built.connections[c].decoders for pre, c in sent.items()}


def keep_chains(sim: Any, folder: Path) -> None:
    """Write the input of ``limit.c``: slopes, biases, decoders and voltages of each population."""
    solved, rng = decoders(sim), np.random.default_rng(1)
    with (folder / "chains.bin").open("wb") as file:
        for ensemble, built in sim.built.ensembles.items():
            slope = built.scaled_encoders[:, 0]
            voltage = rng.random(len(slope))
            for values in (slope, built.bias, solved[ensemble][:, 0], voltage):
                file.write(np.ascontiguousarray(values, dtype=np.float64).tobytes())
