"""Trials of a small network as a batch or one by one, and a thousand seeds of it."""

from __future__ import annotations

from statistics import median
from typing import Any

from report import claim, ratio_line, short
from subjects import Worker

TRIALS, SEEDS = 256, 1000


def measure(quick: bool, repeats: int) -> dict[str, Any]:
    """A batch, runs one by one, and seeds, in turns in one process."""
    job = {"peer": "seeds", "repeats": repeats, "seconds": 0.1 if quick else 1.0}
    job["trials"], job["seeds"] = (TRIALS // 8, SEEDS // 50) if quick else (TRIALS, SEEDS)
    worker = Worker(job)
    rows, runs = worker.facts["rows"], worker.facts["runs"]
    worker.end()
    each = {name: [[1e6 * t / runs[name] for t in both] for both in rows[name]] for name in rows}
    pairs = {
        "one by one / batch": ("one by one", "batch", 4),
        "one by one from the start / batch": ("one by one, each from the start", "batch", None),
        "Nengo / nefsim, seeds": ("seeds in nengo", "seeds", None),
    }
    ratios = []
    for what, (above, below, least) in pairs.items():
        if above in each:
            both = zip(each[above], each[below], strict=True)
            values = [a[1] / b[1] for a, b in both]
            ratios.append(claim(f"{what}, processor", values, least=least))
    seeds = [1e-3 * processor for _, processor in each["seeds"]]
    ratios.append(claim("a seed, build and run [ms of the processor]", seeds, most=1.5))
    return {"runs": each, "ratios": ratios}


def show(found: dict[str, Any]) -> None:
    """A row for each way, and the ratios."""
    print("\nsweep: x squared, 50 to 40 neurons, trials and seeds")
    print("  {:<42}{:>16}{:>16}".format("", "a run [µs]", "processor"))
    for name, times in found["runs"].items():
        wall, processor = (median(each[clock] for each in times) for clock in (0, 1))
        print(f"  {name:<42}{short(wall):>16}{short(processor):>16}")
    for each in found["ratios"]:
        print(f"  {ratio_line(each)}")
