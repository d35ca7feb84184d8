"""The errors of states, bindings and comparisons of 64 dimensions, in nefsim and nengo_spa.

    python benchmarks/spa_errors.py [--guest PYTHON] [--seeds N]

Each part gets 12 random vectors, or pairs, for 0.2 s each; the error is the root mean square of
the length of the difference between its output, through a filter of 30 ms, and the ideal vector,
in the second half of that time.  nengo_spa has its default numbers of neurons and runs through
``nefsim.nengo``; nefsim has the numbers of ``spa_cases.NATIVE`` and others.  Every pair of a
comparison has equal vectors in the odd places.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from spa_cases import DIMENSIONS, NATIVE, NENGO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nefsim as nef
from nefsim import spa

#: Vectors, and the time of each [s].
N, HOLD = 12, 0.2

PARTS = ("state", "bind", "compare")


def pairs(part: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (N, D) of both sides, and the ideal outputs."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, N, DIMENSIONS))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    if part == "state":
        return a, b, a
    if part == "bind":
        return a, b, spa.HRR().bind(a, b)
    b[1::2] = a[1::2]
    return a, b, (a * b).sum(axis=1, keepdims=True)


def error(values: np.ndarray, ideal: np.ndarray) -> float:
    """The error in the second half of each time."""
    late = values.reshape(N, -1, ideal.shape[1])[:, round(500 * HOLD) :]
    return float(np.sqrt(((late - ideal[:, None]) ** 2).sum(axis=2).mean()))


def native(part: str, n_neurons: int, seed: int) -> float:
    """The error of a part of nefsim."""
    a, b, ideal = pairs(part, seed)
    net, v = nef.Network(seed=seed), spa.Vocabulary(DIMENSIONS, seed=seed)
    made = getattr(spa, part)(net, v, n_neurons)
    inputs = (made.input,) if part == "state" else (made.a, made.b)
    for node, rows in zip(inputs, (a, b), strict=False):
        net.connect(net.node(nef.PresentInput(rows, HOLD)), node, synapse=None)
    probe = net.probe(made.output, synapse=0.03)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(N * HOLD)
        return error(sim.data[probe], ideal)


def guest(part: str, n_neurons: int, seed: int) -> float:
    """The error of a part of nengo_spa."""
    import nengo
    import nengo_spa

    import nefsim.nengo

    nengo.rc.set("decoder_cache", "enabled", "False")
    a, b, ideal = pairs(part, seed)
    v = nengo_spa.Vocabulary(DIMENSIONS)
    with nengo_spa.Network(seed=seed) as model:
        kinds: dict[str, Any] = {
            "state": nengo_spa.State,
            "bind": nengo_spa.Bind,
            "compare": nengo_spa.Compare,
        }
        made = kinds[part](v, neurons_per_dimension=n_neurons)
        inputs = {
            "state": lambda: (made.input,),
            "bind": lambda: (made.input_left, made.input_right),
            "compare": lambda: (made.input_a, made.input_b),
        }[part]()
        for node, rows in zip(inputs, (a, b), strict=False):
            shown = nengo.Node(nengo.processes.PresentInput(rows, HOLD))
            nengo.Connection(shown, node, synapse=None)
        probe = nengo.Probe(made.output, synapse=0.03)
    with nefsim.nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(N * HOLD)
        return error(sim.data[probe], ideal)


def main() -> None:
    """Print a row for each part and number of neurons."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--guest", default=os.environ.get("NEFSIM_NENGO_SPA", sys.executable))
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (5)")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = range(1, options.seeds + 1)
    if options.worker:
        kinds = {p: "state" if p == "state" else "product" for p in PARTS}
        found = {p: [guest(p, NENGO[kinds[p]], seed) for seed in seeds] for p in PARTS}
        print(json.dumps(found))
        return
    command = [options.guest, __file__, "--worker", "--seeds", str(options.seeds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    for part in PARTS:
        kind = "state" if part == "state" else "product"
        print(row(f"{part}, nengo_spa", NENGO[kind], theirs[part]))
        for n in sorted({NATIVE[kind], NENGO[kind]}):
            print(row(part, n, [native(part, n, seed) for seed in seeds]), flush=True)


def row(name: str, n_neurons: int, errors: list[float]) -> str:
    """A row of the table: root mean square, least and largest error of the seeds."""
    root = np.sqrt(np.mean(np.square(errors)))
    return f"| {name} | {n_neurons} | {root:.3f} | {min(errors):.3f} to {max(errors):.3f} |"


if __name__ == "__main__":
    main()
