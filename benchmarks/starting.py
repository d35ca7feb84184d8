"""The time of ``import nefsim``, and of a new process to the first steps of a new network."""

from __future__ import annotations

import time
from typing import Any

from report import claim, ratio_line
from subjects import Worker


def measure(quick: bool, repeats: int) -> dict[str, Any]:
    """Fresh processes that import, make a simulator and take ten steps; the cache is warm."""
    job = {"peer": "nefsim", "model": "square", "backend": "numba", "seconds": 0.01}
    each, totals = [], []
    for _ in range(1 if quick else repeats):
        began = time.perf_counter()
        worker = Worker(job)
        totals.append(time.perf_counter() - began)
        each.append(worker.facts)
        worker.end()
    imports = [facts["import_s"] for facts in each]
    return {
        "build_s": [facts["build_s"] for facts in each],
        "ratios": [
            claim("import [s]", imports, most=0.3),
            claim("start of a process to first compiled steps [s]", totals, most=0.5),
        ],
    }


def show(found: dict[str, Any]) -> None:
    """Both times with their targets."""
    print("\nstart")
    for each in found["ratios"]:
        print(f"  {ratio_line(each)}")
