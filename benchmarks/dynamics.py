"""Delays of spiking populations, beside published figures: `python benchmarks/dynamics.py`.

The study itself is :mod:`nefsim.reproduce.delays`.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from nefsim.reproduce.delays import BUILDS, TASKS, error


def main() -> None:
    """Print a table, and the figures of each seed as JSON where asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="how many (default: 10)")
    parser.add_argument("--only", choices=TASKS, help="one task (default: all)")
    parser.add_argument("--backend", default="auto", help="numpy, numba or auto (default)")
    parser.add_argument("--json", action="store_true", help="figures of each seed")
    chosen = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    for name, task in TASKS.items():
        if chosen.only in (None, name):
            found[name] = {
                build: [error(task, build, seed, chosen.backend) for seed in range(chosen.seeds)]
                for build in BUILDS
            }
    if chosen.json:
        print(json.dumps(found))
        return
    print(f"{'task':8}{'build':16}{'median':>8}{'lowest':>8}{'highest':>9}{'published':>11}")
    for name, builds in found.items():
        for build, errors in builds.items():
            published = TASKS[name].published.get(build, "")
            figures = f"{np.median(errors):8.3f}{min(errors):8.3f}{max(errors):9.3f}"
            print(f"{name:8}{build:16}{figures}{published:>11}")


if __name__ == "__main__":
    main()
