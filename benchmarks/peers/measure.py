"""Seconds and megabytes of this process, from the standard library alone."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Seconds on the wall, and of the processor in all threads of the process.
Times = tuple[float, float]


def seconds(action: Callable[[], object]) -> Times:
    """How long an action takes."""
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - processor


def warm_up_seconds(job: dict[str, Any], large: bool) -> float:
    """Model time of the run that precedes each timed run, the same for all simulators."""
    return min(0.01, job["seconds"]) if large else float(job["seconds"])


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def held_mb() -> float:
    """The memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
