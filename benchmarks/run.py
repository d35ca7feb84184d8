"""Time nefsim, Nengo and plain C on the same arrays in one run, and print the ratios.

    python benchmarks/run.py [--quick] [--only NAME ...] [--json FILE]

Each measurement is a process of its own, with the number of BLAS threads set before it
starts.  Runs alternate between simulators; the median of five is told.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
RUNS = 5

#: What is timed: name, BLAS threads, and what to run.
SUBJECTS = {
    "nefsim numba": (1, "numba"),
    "nefsim numpy": (1, "numpy"),
    "nengo": (1, "nengo"),
    "nengo optimized": (1, "nengo-optimized"),
    "nengo optimized 2t": (2, "nengo-optimized"),
    "c": (1, "c"),
}


def main() -> None:
    """Measure what is asked for, print a table, write JSON."""
    sys.path.insert(0, str(HERE))
    from models import IN_C, MODELS, NOT_IN_NENGO

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument("--only", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(worker(*options.worker, options.quick)))
        return
    figures: dict[str, Any] = {"machine": machine(), "benchmarks": {}}
    print(figures["machine"])
    for name in options.only:
        rows = {}
        for subject, (threads, kind) in SUBJECTS.items():
            if kind == "c" and (name not in IN_C or not shutil.which("gcc")):
                continue
            if kind.startswith("nengo") and name in NOT_IN_NENGO:
                continue
            rows[subject] = measure(name, kind, threads, options.quick)
        figures["benchmarks"][name] = rows
        show(name, rows)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    packages = {p: version(p) for p in ("nefsim", "numpy", "scipy", "numba", "nengo")}
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
        **packages,
    }


def measure(name: str, kind: str, threads: int, quick: bool) -> dict[str, Any]:
    """One subject on one benchmark, in a process of its own."""
    counts = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    command = [sys.executable, __file__, "--worker", name, kind, *(["--quick"] if quick else [])]
    done = subprocess.run(
        command, env={**os.environ, **counts}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def worker(name: str, kind: str, quick: bool) -> dict[str, Any]:
    """Build, run once, then time runs; seconds and microseconds per step."""
    from models import MODELS

    import nefsim as nef

    model, long, short = MODELS[name]
    seconds, net = (short if quick else long), model()
    start = time.perf_counter()
    if kind == "c":
        return in_c(name, net, seconds)
    if kind.startswith("nengo"):
        import nengo

        from nefsim.nengo import to_nengo

        theirs = to_nengo(net)
        start = time.perf_counter()
        sim = nengo.Simulator(theirs, progress_bar=False, optimize=kind.endswith("optimized"))
    else:
        sim = nef.Simulator(net, backend=kind)
    built = time.perf_counter()
    sim.run_steps(10)
    first = time.perf_counter()
    times = []
    for _ in range(RUNS):
        at = time.perf_counter()
        sim.run(seconds)
        times.append((time.perf_counter() - at) / (seconds / 0.001) * 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "build_s": built - start,
        "first_10_steps_s": first - built,
        "us_per_step": times,
        "peak_mb": peak,
    }


def in_c(name: str, net: Any, seconds: float) -> dict[str, Any]:
    """The same arrays in plain C, compiled for this machine."""
    import numpy as np
    from models import IN_C

    import nefsim as nef

    chains, n_a, n_b = IN_C[name]
    sim = nef.Simulator(net, backend="numpy")
    decoders = {c.pre: sim.data[c].decoders for c in net.connections if c.pre in net.ensembles}
    decoders |= {p.target: d.decoders for p, d in sim.built.probe_data.items()}
    neurons = [op for op in sim.built.program.ops if type(op).__name__ == "Neurons"]
    start = {op.output: sim.state.ops[sim.built.program.ops.index(op)] for op in neurons}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "limit"
        flags = ["-O3", "-march=native", "-ffast-math", "-o", str(program)]
        subprocess.run(["gcc", *flags, str(HERE / "limit.c"), "-lm"], check=True)
        arrays = []
        for ensemble, op in zip(net.ensembles, neurons, strict=True):
            built = sim.data[ensemble]
            slope, voltage = built.scaled_encoders[:, 0], start[op.output]["voltage"]
            arrays += [slope, built.bias, decoders[ensemble][:, 0], voltage]
        steps = round(seconds / 0.001)
        tau = 0.1 if name == "square" else 0.005
        sizes = [str(v) for v in (chains, n_a, n_b, steps, RUNS, tau)]
        data = np.concatenate(arrays).tobytes()
        done = subprocess.run([str(program), *sizes], input=data, capture_output=True, check=True)
    return {"us_per_step": [float(line) for line in done.stdout.split()]}


def show(name: str, rows: dict[str, dict[str, Any]]) -> None:
    """One benchmark as a table, with how many times faster the compiled back end is."""
    print(f"\n{name}")
    fastest = median(rows["nefsim numba"]["us_per_step"])
    for subject, row in rows.items():
        each = median(row["us_per_step"])
        told = f"  {subject:<20}{each:>12.3f} us/step{each / fastest:>9.2f} x"
        if "build_s" in row:
            told += f"   build {row['build_s']:.2f} s, first {row['first_10_steps_s']:.2f} s"
            told += f", peak {row['peak_mb']:.0f} MB"
        print(told, flush=True)


if __name__ == "__main__":
    main()
