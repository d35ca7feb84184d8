"""The limit: the same populations in plain C, compiled for this machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers.measure import Times, warm_up_seconds

SOURCE = Path(__file__).parents[1] / "limit.c"
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp"]


def start(job: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], Times]]:
    """Compile; each run is a process that warms up, takes the steps and prints their times."""
    began = time.perf_counter()
    program = Path(job["folder"]) / f"limit{job['threads']}"
    subprocess.run(["gcc", *FLAGS, "-o", str(program), str(SOURCE), "-lm"], check=True)
    compiled = time.perf_counter()
    *sizes, tau = job["chains"]
    steps = round(job["seconds"] / 0.001)
    large = sizes[0] > 1
    warm_up = round(warm_up_seconds(job, large) / 0.001)
    command = [str(program), *map(str, (*sizes, steps, warm_up, tau, int(job.get("tiled", False))))]

    def run() -> Times:
        with (Path(job["folder"]) / "chains.bin").open("rb") as arrays:
            done = subprocess.run(command, stdin=arrays, capture_output=True, check=True)
        wall, processor = (float(each) * 1e-6 * steps for each in done.stdout.split())
        return wall, processor

    run()
    facts = {
        "build_s": compiled - began,
        "first_s": time.perf_counter() - began,
        "steps": steps,
    }
    return facts, run
