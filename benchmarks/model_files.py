"""Models that are saved, read in a fresh process and run: equal spikes; size and time.

    python benchmarks/model_files.py [--steps 150] [--only NAME ...]

All networks of ``tests/named_models.py`` and ``tests/named_nengo_models.py`` are saved with the
arrays of a simulator, after they learned for the steps.
A fresh process reads each file and runs it; spikes and other records must be those of the
simulator after ``reset(keep_weights=True)``.  Beside it, the network and its arrays are pickled.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import nefsim as nef

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

READER = """
import sys, time, warnings
import numpy as np
import nefsim as nef
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
for path in sys.argv[3:]:
    began = time.process_time()
    net = nef.load_network(path, allow=("named_models", "named_nengo_models", "nefsim.nengo"))
    seconds = time.process_time() - began
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(int(sys.argv[2]))
    with np.load(path + ".npz") as expected:
        equal = len(expected.files) == len(sim.probes) and all(
            np.array_equal(sim.recorded(p), expected[str(i)]) for i, p in enumerate(sim.probes)
        )
    print(int(equal), seconds)
"""


def networks() -> dict[str, nef.Network]:
    """All networks by name."""
    import named_models

    found = dict(named_models.NETWORKS)
    if find_spec("nengo"):
        import nengo

        nengo.rc.set("decoder_cache", "enabled", "False")
        import named_nengo_models

        found |= named_nengo_models.NETWORKS
    return found


def measure(net: nef.Network, path: Path, n_steps: int, any_function: bool) -> dict[str, Any]:
    """Save a network and its simulator in both ways; return sizes [kB] and times [ms]."""
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(n_steps)
    began = time.process_time()
    net.save(path, sim=sim, functions="values" if any_function else "names")
    saved = time.process_time() - began
    size = path.stat().st_size / 1e3
    try:
        began = time.process_time()
        text = pickle.dumps((net, sim.built.ensembles, sim.built.connections))
        pickled: Any = (len(text) / 1e3, 1e3 * (time.process_time() - began))
    except Exception:  # such as a lambda
        pickled = None
    sim.reset(keep_weights=True)
    sim.run_steps(n_steps)
    records = {str(i): sim.recorded(probe) for i, probe in enumerate(sim.probes)}
    np.savez(f"{path}.npz", **records)  # type: ignore[arg-type]
    return {"size": size, "save": 1e3 * saved, "pickle": pickled}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: dict[str, dict[str, Any]] = {}
    refused = []
    with tempfile.TemporaryDirectory() as folder:
        for name, net in networks().items():
            if options.only and name not in options.only:
                continue
            path = Path(folder, f"{len(rows)}.nef")
            try:
                rows[name] = measure(net, path, options.steps, "nengo" in name)
            except (ValueError, TypeError) as error:
                refused.append(f"{name}: {error}")
        paths = [str(Path(folder, f"{i}.nef")) for i in range(len(rows))]
        command = [sys.executable, "-c", READER, str(TESTS), str(options.steps), *paths]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    print("| network | equal | file [kB] | save [ms] | load [ms] | pickle [kB] | dumps [ms] |")
    print("|---|---|---|---|---|---|---|")
    unequal = 0
    for (name, row), line in zip(rows.items(), done.stdout.splitlines(), strict=True):
        equal, seconds = line.split()
        unequal += equal != "1"
        size, dumps = row["pickle"] or (float("nan"), float("nan"))
        print(
            f"| {name} | {'yes' if equal == '1' else 'NO'} | {row['size']:.1f} | {row['save']:.1f} "
            f"| {1e3 * float(seconds):.1f} | {size:.1f} | {dumps:.1f} |"
        )
    print(
        f"\n{len(rows)} networks, {unequal} not equal; {len(refused)} cannot be saved",
        *refused,
        sep="\n",
    )
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()
