"""The same sweep file in local processes, on Dask, by MPI futures and in shards: equal tables.

    python benchmarks/sweep_ways.py

Each way is a call of ``nefsim sweep`` for the same unchanged file.  Tables, and the names of the
results, which hash function, parameters, seed and versions, must be those of one process.  Ways
whose packages are missing are left out and named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

STUDY = '''
"""The error of a decoded square, and the number of spikes, by the number of neurons."""

import numpy as np

import nefsim as nef

grid = {"n": [20, 40, 80], "tau": [0.005, 0.02]}
seeds = 4


def task(n, tau, seed):
    net = nef.Network(seed=seed)
    a = net.ensemble(n, 1)
    net.connect(net.node(np.sin), a)
    squared = net.connect(a, net.node(size_in=1), function=np.square, synapse=tau)
    y, spikes = net.probe(squared), net.probe(a.neurons)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(0.2)
    return {
        "spikes": int((sim.data[spikes] > 0).sum()),
        "error": float(np.abs(sim.data[y]).mean()),
    }
'''

#: Words of the command of each way; shards are several commands.
WAYS: dict[str, list[list[str]]] = {
    "one process": [["--serial"]],
    "two local processes": [["--workers", "2"]],
    "Dask": [["--dask"]],
    "MPI futures": [["--mpi"]],
    "three shards": [*(["--serial", "--shard", f"{i}/3"] for i in (2, 3, 1)), ["--serial"]],
}

NEEDS = {"Dask": "distributed", "MPI futures": "mpi4py"}


def command(words: list[str]) -> list[str]:
    """The command of a sweep, by mpiexec where it uses MPI."""
    python = [sys.executable, "-m", "nefsim", "sweep"]
    if "--mpi" in words:
        near = str(Path(sys.executable).with_name("mpiexec"))
        launch = [shutil.which("mpiexec") or near, "-n", "3", sys.executable]
        python = [*launch, "-m", "mpi4py.futures", "-m", "nefsim", "sweep"]
    return [*python, *words]


def main() -> None:
    """Print a line for each way."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    expected, failed = None, False
    with tempfile.TemporaryDirectory() as top:
        study = Path(top, "study.py")
        study.write_text(STUDY, encoding="utf-8")
        for way, calls in WAYS.items():
            if way in NEEDS and not find_spec(NEEDS[way]):
                print(f"{way}: left out, as there is no {NEEDS[way]}")
                continue
            out, table = Path(top, way), Path(top, f"{way}.csv")
            began = time.perf_counter()
            for words in calls:
                line = command(["--out", str(out), "--table", str(table), str(study), *words])
                done = subprocess.run(line, env=environment, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"{way}: {' '.join(line)} failed:\n{done.stdout}{done.stderr}")
            seconds = time.perf_counter() - began
            names = sorted(path.name for path in out.glob("results/*/*.npz"))
            found = table.read_bytes(), names
            expected = expected or found
            failed = failed or found != expected
            rows = len(found[0].splitlines()) - 1
            same = "equal table" if found == expected else "ANOTHER TABLE"
            print(f"{way}: {rows} rows, {len(names)} results, {same}, {seconds:.1f} s", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
