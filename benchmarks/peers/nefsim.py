"""nefsim on one of its back ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peers.measure import Times, peak_mb, seconds, warm_up_seconds


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Import, build and run once; then run again and again from the start.

    With ``given`` arrays no decoders are solved.
    """
    began = time.perf_counter()
    import nefsim as nef

    imported = time.perf_counter()
    from models import MODELS

    model = MODELS[job["model"]]
    net = model.make(arrays(job), **job.get("arguments", {}))
    described, dtype = time.perf_counter(), job.get("dtype", "float64")

    def simulator() -> nef.Simulator:
        with cores(job.get("cores")):
            options = {"batch_size": model.batch, "progress": False, "dtype": dtype}
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

    by_step = model.by_step and not job.get("whole")

    def run() -> Times:
        if not job["seconds"]:
            return seconds(simulator)
        # Caches are cold after waiting.
        for length in (warm_up_seconds(job, model.large), 0.0):
            with cores(job.get("cores")):
                sim.reset()
            sim.run(length)
        return seconds(lambda: take(sim, job["seconds"], by_step))

    return facts, run


def take(sim: Any, length: float, by_step: bool) -> None:
    """A run, or the same steps one by one."""
    if not by_step:
        sim.run(length)
        return
    for _ in range(round(length / sim.dt)):
        sim.step()


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
