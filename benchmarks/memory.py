"""Peak memory and its prediction by ``describe()``, and a long recording on disk.

    python benchmarks/memory.py [--quick] [--json FILE]          # 1e3 to 1e6 neurons
    python benchmarks/memory.py --stream [SECONDS]               # 10,000 neurons to disk

Each run is a separate process.  The memory of Python, its packages and compiled code is
measured by a run of a small network and subtracted; it is printed as the baseline.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEGA = 1e6

#: Networks of the first table: ensembles, neurons of each, dimensions, evaluation points.
SIZES: dict[str, tuple[int, int, int, int | None]] = {
    "1 x 1000": (1, 1000, 1, None),
    "1 x 4000, 16-D": (1, 4000, 16, None),
    "10 x 1000": (10, 1000, 1, None),
    "100 x 1000": (100, 1000, 1, 500),
    "1000 x 100": (1000, 100, 1, None),
    "1000 x 1000": (1000, 1000, 1, 500),
}
SECONDS = 0.2


def network(n_ensembles: int, n_neurons: int, dimensions: int, points: int | None) -> Any:
    """Chains of two connections: a signal to populations to one node, with a probe on each."""
    import numpy as np

    import nefsim as nef

    net = nef.Network(seed=1)
    u = net.node(np.sin)
    out = net.node(size_in=dimensions)
    for _ in range(n_ensembles):
        a = net.ensemble(n_neurons, dimensions, n_eval_points=points)
        net.connect(u, a, transform=np.ones((dimensions, 1)), synapse=None)
        net.connect(a, out, synapse=0.005)
        net.probe(a, synapse=0.01)
    net.probe(net.ensembles[0].neurons)
    return net


def peak() -> float:
    """Most memory of this process so far [bytes]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def measure(case: str, backend: str) -> dict[str, Any]:
    """Describe one network, then build and run it."""
    import nefsim as nef

    smallest = network(1, 200, 1, 300)
    nef.describe(smallest)
    with nef.Simulator(smallest, backend=backend) as sim:
        sim.run(0.05)
    baseline = peak()
    net = network(*SIZES[case])
    start = time.perf_counter()
    described = nef.describe(net)
    surveyed = time.perf_counter()
    with nef.Simulator(net, backend=backend) as sim:
        built = time.perf_counter()
        sim.run(SECONDS)
    done = time.perf_counter()
    cost = described.costs[backend]
    return {
        "baseline": baseline,
        "peak": peak() - baseline,
        "predicted": described.peak(backend, SECONDS),
        "describe_s": surveyed - start,
        "build_s": (built - surveyed, cost.build_seconds),
        "us_per_step": ((done - built) / SECONDS * 1e3, cost.step_seconds * 1e6),
    }


def stream(seconds: float, folder: str) -> dict[str, Any]:
    """10,000 neurons with a probe of spikes and a decoded one, recorded to disk."""
    import numpy as np

    import nefsim as nef

    net = nef.Network(seed=1)
    u = net.node(np.sin)
    for i in range(10):
        a = net.ensemble(1000, 1, max_rates=(20, 100))
        net.connect(u, a, synapse=None)
        net.probe(a.neurons, label=f"spikes {i}")
        net.probe(a, synapse=0.02, label=f"value {i}")
    start = time.perf_counter()
    with nef.Simulator(net, stream=folder) as sim:
        sim.run(seconds)
    ran = time.perf_counter()
    result = nef.Result.load(folder)
    spikes = sum(len(result.events(name)) for name in result if name.startswith("spikes"))
    on_disk = sum(file.stat().st_size for file in Path(folder).iterdir())
    return {
        "seconds": seconds,
        "peak": peak(),
        "predicted without records": nef.describe(net).peak("numba"),
        "wall_s": ran - start,
        "spikes": spikes,
        "on_disk": on_disk,
    }


def worker(*arguments: str) -> dict[str, Any]:
    """Run this file in a separate process and read its result."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--worker", *arguments]
    environment = {**os.environ, **threads}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def main() -> None:
    """Run the requested measurements and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="up to 1e5 neurons")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    parser.add_argument("--stream", type=float, nargs="?", const=60.0, metavar="SECONDS")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        kind, first, second = options.worker
        facts = stream(float(first), second) if kind == "stream" else measure(first, second)
        print(json.dumps(facts))
        return
    figures: dict[str, Any] = {}
    if options.stream:
        with tempfile.TemporaryDirectory() as folder:
            figures["stream"] = worker("stream", str(options.stream), str(Path(folder) / "records"))
        for name, value in figures["stream"].items():
            print(f"{name:<28}{value:>16,.1f}")
    else:
        print(
            f"{'network':<18}{'back end':<8}{'base':>7}{'peak':>8}{'pred.':>8}{'ratio':>7}"
            f"{'describe':>10}{'build':>9}{'pred.':>7}{'us/step':>10}{'pred.':>9}"
        )
        cases = [c for c, (n, m, *_) in SIZES.items() if not options.quick or n * m <= 10**5]
        for case in cases:
            for backend in ("numpy", "numba"):
                row = figures[f"{case} {backend}"] = worker("measure", case, backend)
                show(case, backend, row)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def show(case: str, backend: str, row: dict[str, Any]) -> None:
    """One network as a line: megabytes, seconds and microseconds."""
    ratio = row["peak"] / row["predicted"]
    memory = [row[name] / MEGA for name in ("baseline", "peak", "predicted")]
    print(
        f"{case:<18}{backend:<8}{memory[0]:>7.0f}{memory[1]:>8.1f}{memory[2]:>8.1f}{ratio:>7.2f}"
        f"{row['describe_s']:>10.3f}{row['build_s'][0]:>9.2f}{row['build_s'][1]:>7.2f}"
        f"{row['us_per_step'][0]:>10.1f}{row['us_per_step'][1]:>9.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
