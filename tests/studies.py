"""Functions that tests of sweeps run in other processes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef
from nefsim import _cores


def square(x: float, seed: int = 0) -> dict[str, Any]:
    """A number, a text and an array."""
    rng = np.random.default_rng(seed)
    return {"y": x * x + seed, "name": f"x{x}", "draws": rng.normal(size=3)}


def build(n: int) -> nef.Network:
    """A population with noise."""
    net = nef.Network(seed=1)
    a = net.ensemble(n, 1, noise=nef.WhiteNoise(nef.Gaussian(0.0, 0.1)))
    net.connect(net.node(0.5), a)
    net.probe(a, synapse=0.05, label="y")
    net.probe(a.neurons, label="spikes")
    return net


def counts(result: nef.Result) -> dict[str, Any]:
    """Spikes and the last value of one trial."""
    return {"spikes": len(result.events("spikes").steps), "y": result["y"][-1, 0]}


def environment(x: int) -> dict[str, Any]:
    """Cores and threads of BLAS that a task may use."""
    return {"cores": _cores.cores(), "threads": os.environ.get("OPENBLAS_NUM_THREADS")}


def deadly(x: int) -> int:
    """End the process of one task."""
    if x == 2:
        os._exit(3)
    return x


def deadly_once(x: int, folder: str) -> int:
    """End the process of one task when it is called for the first time."""
    mark = Path(folder, "ended")
    if x == 2 and not mark.exists():
        mark.touch()
        os._exit(3)
    return x


def slow(x: int) -> int:
    """Take a minute, unless x is 0."""
    if x:
        time.sleep(60.0)
    return x
