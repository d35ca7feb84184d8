"""Decoders matched to spiking noise beside ridges: `python benchmarks/noise_matched.py`.

Three functions are decoded from the spikes of populations that are shown a band-limited signal,
behind five synapses, with ``NoiseMatched`` and with 25 ridges of which the best is chosen in
hindsight; then whole networks are run with one solver or another for all connections and probes.
Printed are medians over seeds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import noisy_networks as networks
import numpy as np

import nefsim as nef
from nefsim.solvers import NoiseMatched

#: The signal: length [s], highest frequency [Hz], and rms of each dimension by dimensions.
SECONDS, HIGH, RMS = 10.0, 5.0, {1: 0.4, 2: 0.3}

#: What is left out of the error while filters fill [s].
SETTLING = 0.5

RIDGES = np.logspace(-3, 0, 25)
SYNAPSES = (0.005, 0.01, 0.02, 0.05, 0.1)
SIZES = (50, 100, 200, 500)
MATCHED = ("auto", "regular", "poisson")
FUNCTIONS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "x": (1, lambda x: x),
    "x^2": (1, np.square),
    "product": (2, lambda x: x[:, :1] * x[:, 1:]),
}


def decoders(A: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Those of all ridges, (N, ridges * D_out), from one decomposition of the Gram matrix."""
    values, vectors = np.linalg.eigh(A.T @ A / len(A))
    right = vectors.T @ (A.T @ Y / len(A))
    penalties = (np.append(RIDGES, 0.1) * A.max()) ** 2
    return np.hstack([vectors @ (right / (values[:, None] + p)) for p in penalties])


def errors(seed: int, n: int, dimensions: int, high: float) -> dict[tuple[str, float], np.ndarray]:
    """The rmse of each function behind each synapse: of the ridges, reg=0.1 and those matched."""
    net = nef.Network(seed=seed)
    signal = nef.WhiteSignal(SECONDS, high=high, rms=RMS[dimensions], seed=seed + 1)
    a = net.ensemble(n, dimensions)
    u = net.node(signal, size_out=dimensions)
    net.connect(u, a, synapse=None)
    shown, spikes = net.probe(u), net.probe(a.neurons)
    sim = nef.Simulator(net, progress=False)
    sim.run(SECONDS)
    x, arrays = sim.data[shown], sim.data[a]
    A = nef.tuning_curves(
        a.neuron_type, arrays.eval_points, arrays.encoders, arrays.gain, arrays.bias
    )
    found = {}
    for name, (d, function) in FUNCTIONS.items():
        if d != dimensions:
            continue
        Y, ideal = function(arrays.eval_points), function(x)
        ridges = sim.data[spikes] @ decoders(A, Y)
        for tau in SYNAPSES:
            matched = [NoiseMatched(kind, synapse=tau)(A, Y)[0] for kind in MATCHED]  # type: ignore[arg-type]
            decoded = np.hstack([ridges, sim.data[spikes] @ np.hstack(matched), ideal])
            both = nef.Lowpass(tau).filt(decoded)
            wrong = (both[:, :-1] - both[:, -1:])[round(SETTLING / 0.001) :]
            found[name, tau] = np.sqrt(np.mean(wrong**2, axis=0))
    return found


def cells(seeds: int, high: float) -> dict[str, Any]:
    """Medians over seeds in each cell, and what is said of all cells."""
    table = []
    for n, d in product(SIZES, RMS):
        runs = [errors(seed, n, d, high) for seed in range(seeds)]
        for cell in runs[0]:
            medians = np.median([run[cell] for run in runs], axis=0)
            ridges, plain, matched = medians[:25], medians[25], medians[26:]
            table.append(
                {
                    "function": cell[0],
                    "neurons": n,
                    "synapse": cell[1],
                    "best": ridges.min(),
                    "best reg": RIDGES[ridges.argmin()],
                    "reg 0.1": plain,
                    **dict(zip(MATCHED, matched, strict=True)),
                }
            )
    summary = {}
    for name, other in product((*MATCHED, "reg 0.1"), ("best", "reg 0.1")):
        if name == other:
            continue
        ratios = np.array([row[name] / row[other] for row in table])
        summary[f"{name} / {other}"] = {
            "median": np.median(ratios),
            "smallest": ratios.min(),
            "largest": ratios.max(),
            "share of cells up to 1": np.mean(ratios <= 1),
        }
    return {"seeds": seeds, "high": high, "cells": table, "summary": summary}


def show(name: str, found: dict[str, Any]) -> Iterator[str]:
    """Lines of one table."""
    yield f"\n{name}"
    if "summary" not in found:
        yield from (f"{key:32} {value}" for key, value in found.items())
        return
    for row in found["cells"]:
        shown = " ".join(
            f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()
        )
        yield shown
    for title, figures in found["summary"].items():
        yield f"{title:24} " + " ".join(f"{k} {v:.3f}" for k, v in figures.items())


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--high", type=float, default=HIGH, help="highest frequency [Hz]")
    parser.add_argument("--only", choices=["cells", *networks.NETWORKS], action="append")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name in options.only or ["cells", *networks.NETWORKS]:
        begun = time.process_time()
        if name == "cells":
            found[name] = cells(options.seeds, options.high)
        else:
            found[name] = networks.study(name, options.seeds)
        print("\n".join(show(name, found[name])))
        print(f"{time.process_time() - begun:.0f} s of processor time", flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
