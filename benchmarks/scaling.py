"""The time of a step, and the memory, of a thousand to a million neurons."""

from __future__ import annotations

import tempfile
from statistics import median
from typing import Any

import numpy as np
from report import claim, ratio_line, short
from subjects import Worker, rounds

#: Ensembles of 1000 neurons.
SIZES = (1, 3, 10, 30, 100, 300, 1000)


def measure(quick: bool, repeats: int) -> dict[str, Any]:
    """Both back ends for each number of neurons, with arrays that are solved once."""
    sizes = SIZES[: 4 if quick else None]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        common = {"model": "million", "folder": folder}
        solved = {"arguments": {"n_ensembles": sizes[-1]}, "brian": None, "seconds": 0.0}
        Worker({**common, **solved, "peer": "arrays"}).end()
        for size in sizes:
            # Long enough for small networks to be timed, short enough for large ones.
            seconds = float(np.clip(30 / size, 0.1, 3.0)) * (0.1 if quick else 1.0)
            job = {**common, "peer": "nefsim", "given": True, "seconds": seconds}
            job["arguments"] = {"n_ensembles": size}
            workers = {b: Worker({**job, "backend": b}) for b in ("numba", "numpy")}
            row: dict[str, Any] = {"neurons": 1000 * size}
            each = list(rounds(workers, repeats))
            for name, worker in workers.items():
                times = [1e6 * taken[name][0] / worker.facts["steps"] for taken in each]
                row[name] = {**worker.facts, "times": times}
                worker.end()
            rows.append(row)
    return {"rows": rows, "ratios": [_slope(rows, "numba", 1.1), _slope(rows, "numpy", None)]}


def _slope(rows: list[dict[str, Any]], backend: str, most: float | None) -> dict[str, Any]:
    """The exponent p of cost = neurons ** p, by least squares on logarithms."""
    neurons = [np.log(row["neurons"]) for row in rows]
    costs = [np.log(median(row[backend]["times"])) for row in rows]
    slope = float(np.polyfit(neurons, costs, 1)[0])
    return claim(f"{backend}: cost grows as neurons to the power of", [slope], most=most)


def show(found: dict[str, Any]) -> None:
    """A row for each number of neurons, and the slopes."""
    print("\nscaling: ensembles of 1000 neurons, as in million")
    head = ("neurons", "numba [µs/step]", "ns/neuron", "[MB]", "numpy [µs/step]", "[MB]")
    print("  {:>10}{:>18}{:>12}{:>10}{:>18}{:>10}".format(*head))
    for row in found["rows"]:
        numba, numpy = (median(row[name]["times"]) for name in ("numba", "numpy"))
        each = 1000 * numba / row["neurons"]
        memory = [row[name]["peak_mb"] for name in ("numba", "numpy")]
        cells = map(short, (numba, each, memory[0], numpy, memory[1]))
        print("  {:>10}{:>18}{:>12}{:>10}{:>18}{:>10}".format(row["neurons"], *cells))
    for each in found["ratios"]:
        print(f"  {ratio_line(each)}")
