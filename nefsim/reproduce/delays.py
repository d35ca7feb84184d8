"""Delays of spiking populations.

A window of the past (Legendre polynomials) on populations of LIF neurons and lowpass synapses
of 0.1 s.  What is read of it at its end is compared with the delayed signal through the same
synapse.  The published figures are of Voelker (2019), single runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import nefsim as nef
from nefsim import dynamics

TAU, DT, RMS = 0.1, 0.001, 0.5


@dataclass(frozen=True)
class Task:
    """A delay [s], its order, the band of the signal [Hz], and how long it runs [s]."""

    name: str
    theta: float
    order: int
    high: float
    n_neurons: int
    seconds: float
    published: dict[str, float]


TASKS = {
    "delay": Task("delay", 1.0, 6, 1.0, 166, 12.0, {"one population": 0.048}),
    "fast": Task("fast", 0.1, 27, 50.0, 200, 5.0, {"exact": 0.387, "continuous": 1.425}),
}

#: How it is built: mapping, whether each state has a population, and points and reg of decoders.
BUILDS: dict[str, tuple[Literal["continuous", "exact"], bool, bool, float]] = {
    "one population": ("continuous", False, False, 0.1),
    "continuous": ("continuous", True, True, 0.02),
    "exact": ("exact", True, True, 0.02),
}


def error(task: Task, build: str, seed: int, backend: str) -> float:
    """Root mean square of the error over that of the delayed and filtered signal."""
    method, array, visited, reg = BUILDS[build]
    q, signal = task.order, nef.WhiteSignal(task.seconds, high=task.high, rms=RMS)
    window = dynamics.LinearSystem(*dynamics.legendre(q, task.theta), dynamics.legendre_readout(q))
    # The signals that find scales and points are others than the one of the run.
    norm: Literal["each", "ball"] = "each" if array else "ball"
    scale = dynamics.state_scale(window, signal, norm=norm, seed=1000 + seed)
    scaled = window.transformed(1 / scale)
    real = dynamics.realise(scaled.A, scaled.B, TAU, DT, method=method)
    points = dynamics.Trajectory(scaled, signal).sample(1500, q, rng=seed)

    net = nef.Network(seed=seed)
    source = net.node(nef.WhiteSignal(task.seconds, high=task.high, rms=RMS, seed=seed))
    state, out = net.node(size_in=q), net.node(size_in=1)
    parts = [[i] for i in range(q)] if array else [list(range(q))]
    for part in parts:
        more: dict[str, Any] = {"eval_points": points[:, part]} if visited else {}
        ensemble = net.ensemble(task.n_neurons * q // len(parts), len(part), **more)
        net.connect(ensemble, state[part], synapse=None, solver=nef.LstsqL2(reg))
        net.connect(state, ensemble, transform=real.recurrent[part], synapse=TAU)
        for matrix, synapse in real.inputs:
            net.connect(source, ensemble, transform=matrix[part], synapse=synapse)
    net.connect(state, out, transform=np.asarray(scaled.C), synapse=None)
    probe, wanted = net.probe(out, synapse=TAU), net.probe(source)
    sim = nef.Simulator(net, dt=DT, backend=backend, progress=False)
    sim.run(task.seconds)

    late = round(task.theta / DT)
    first = late + round(5 * TAU / DT)
    u = np.asarray(sim.data[wanted])
    ideal = nef.Lowpass(TAU).filt(np.vstack([np.zeros((late, 1)), u[:-late]]), DT)[first:]
    gap = np.asarray(sim.data[probe])[first:] - ideal
    return float(np.sqrt(np.mean(gap**2) / np.mean(ideal**2)))
