"""How long ``import nefsim`` takes, and the first compiled run of a network that is new."""

from __future__ import annotations

from typing import Any

from report import claim, ratio_line
from subjects import Worker


def measure(quick: bool, repeats: int) -> dict[str, Any]:
    """Fresh processes that import, make a simulator and take ten steps; the cache is warm."""
    job = {"peer": "nefsim", "model": "square", "backend": "numba", "seconds": 0.01}
    each = []
    for _ in range(1 if quick else repeats):
        worker = Worker(job)
        each.append(worker.facts)
        worker.end()
    imports = [facts["import_s"] for facts in each]
    firsts = [facts["first_s"] - facts["import_s"] for facts in each]
    return {
        "build_s": [facts["build_s"] for facts in each],
        "ratios": [
            claim("import [s]", imports, most=0.3),
            claim("build and first compiled run of a new network [s]", firsts, most=0.5),
        ],
    }


def show(found: dict[str, Any]) -> None:
    """Both times with their targets."""
    print("\nstart")
    for each in found["ratios"]:
        print(f"  {ratio_line(each)}")
