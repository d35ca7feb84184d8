"""nefsim on one of its back ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peers.measure import peak_mb, seconds


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], float]]:
    """Import, build and run once; then run again and again from the start.

    With ``given`` arrays no decoders are solved.
    """
    began = time.perf_counter()
    import nefsim as nef

    imported = time.perf_counter()
    from models import MODELS

    model = MODELS[job["model"]]
    net = model.make(arrays(job), **job.get("arguments", {}))
    described = time.perf_counter()

    def simulator() -> nef.Simulator:
        with cores(job.get("cores")):
            options = {"batch_size": model.batch, "progress": False}
            return nef.Simulator(net, backend=job["backend"], **options)

    sim = simulator()
    built = time.perf_counter()
    sim.run(job["seconds"])
    ran = time.perf_counter()
    facts = {
        "import_s": imported - began,
        "build_s": built - described,
        "first_s": ran - began,
        "peak_mb": peak_mb(),
        "steps": sim.n_steps,
    }

    def run() -> float:
        if not job["seconds"]:
            return seconds(simulator)
        # Caches are cold after waiting: like plain C, take the steps once before they are timed.
        for length in (0.01 if model.large else job["seconds"], 0.0):
            with cores(job.get("cores")):
                sim.reset()
            sim.run(length)
        return seconds(lambda: sim.run(job["seconds"]))

    return facts, run


def arrays(job: dict[str, Any]) -> Path | None:
    """The file of the arrays of a network, if any."""
    return Path(job["folder"]) / "given.npz" if job.get("given") else None


@contextmanager
def cores(n: int | None) -> Any:
    """Limit the number of cores while a simulator is made; its runs may use any of them."""
    if n is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)
