"""The experiments of the hPES paper in its protocol: `python benchmarks/hpes.py`.

The study itself is :mod:`nefsim.reproduce.hpes`.
"""

from __future__ import annotations

import argparse
import json
import warnings

import numpy as np

import nefsim as nef
from nefsim.reproduce.hpes import (
    BIND,
    PUBLISHED,
    PUBLISHED_SPARSE,
    SPARSE,
    TRANSMIT,
    last_windows,
    sparser,
    study,
)


def _interval(values: np.ndarray, form: str = ".3f") -> str:
    low, high = nef.analysis.confidence_interval(values, rng=0)
    return f"{values.mean():{form}} [{low:{form}}, {high:{form}}]"


def main() -> None:
    """Run all of it and print it beside the paper."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many networks of each kind")
    parser.add_argument("--processes", type=int, default=1, help="networks run at once")
    parser.add_argument("--seconds", type=float, default=200.0, help="length of the sparse runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    # The inputs of the paper are longer than the radius at times; processes inherit the filter.
    warnings.simplefilter("ignore", nef.RadiusWarning)
    found: dict[str, object] = {}
    lines = []
    for task in (TRANSMIT, BIND):
        relative = study(task, options.seeds, options.processes)
        for name, windows in relative.items():
            values = last_windows(windows)
            found[f"{task.name} {name}"] = windows.tolist()
            lines.append(
                f"{task.name:13} {name:5} relative error {_interval(values)}, "
                f"SD {values.std(ddof=1):.3f}   paper {PUBLISHED[task.name, name]}"
            )
            curve = windows.mean(axis=0)
            picked = np.linspace(0, len(curve) - 2, 5).round().astype(int)
            points = ", ".join(f"{k * task.learn:.0f} s {curve[k]:.2f}" for k in picked)
            lines.append(f"{'':19} by learning time: {points}")
        difference = last_windows(relative["hPES"]) - last_windows(relative["PES"])
        lines.append(f"{task.name:13} hPES - PES, paired: {_interval(difference, '+.4f')}")
    for name, learning in SPARSE.items():
        runs = [sparser(s, learning, options.seconds) for s in range(options.seeds)]
        sparsity, accuracy = (np.array(part) for part in zip(*runs, strict=True))
        found[name] = {"gini": sparsity.tolist(), "accuracy": accuracy.tolist()}
        lines.append(
            f"{name:18} Gini {sparsity[:, 0].mean():.3f} to {sparsity[:, -1].mean():.3f}, "
            f"accuracy {accuracy[:, 0].mean():.3f} to {accuracy[:, -1].mean():.3f}   "
            f"paper {PUBLISHED_SPARSE.get(name, '-')}"
        )
    print(json.dumps(found) if options.json else "\n".join(lines))


if __name__ == "__main__":
    main()
