"""Memory after many builds and runs, and after many single steps without probes.

    python benchmarks/memory_growth.py [--cycles 2000] [--steps 1000000] [--collect N]

The resident memory of the process is measured when caches are full, after 300 cycles or a tenth
of the steps, and at the end; the difference is printed.  Nothing looks for garbage but Python
itself; ``--collect N`` does so after every N cycles.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

import numpy as np

import nefsim as nef

#: Largest growth [MB].
MOST = 5.0

#: Cycles until caches are full.
WARM_UP = 300


def resident() -> float:
    """Resident memory of this process [MB]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not show the memory of a process")


def network() -> nef.Network:
    """A network that learns."""
    net = nef.Network(seed=1)
    u = net.node(np.sin)
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    net.connect(u, a)
    learned = net.connect(a, b, learning_rule=nef.PES(1e-4))
    net.connect(b, learned.learning_rule)
    return net


def cycles(n: int, backend: str, collect: int = 0) -> float:
    """Build and run ``n`` networks; return the growth of memory [MB]."""

    def some(n_cycles: int) -> None:
        for i in range(n_cycles):
            if collect and i % collect == 0:
                gc.collect()
            net = network()
            net.probe(net.ensembles[1], synapse=0.01)
            with nef.Simulator(net, backend=backend, progress=False) as sim:
                sim.run_steps(20)

    some(WARM_UP)
    before = resident()
    some(n)
    return resident() - before


def steps(n: int, backend: str, collect: int = 0) -> float:
    """Run ``n`` single steps of a network without probes; return the growth of memory [MB]."""
    del collect  # there is one network
    with nef.Simulator(network(), backend=backend, progress=False) as sim:
        for _ in range(n // 10):
            sim.step()
        before = resident()
        for _ in range(n):
            sim.step()
        return resident() - before


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=10**6)
    parser.add_argument("--collect", type=int, default=0)
    names = [name for name in ("numba", "numpy") if name in nef.backends.available()]
    parser.add_argument("--backends", nargs="*", choices=names, default=names)
    options = parser.parse_args()
    print("| back end | work | growth [MB] |\n|---|---|---|", flush=True)
    growths = []
    for backend in options.backends:
        for work, n in ((cycles, options.cycles), (steps, options.steps)):
            growths.append(work(n, backend, options.collect))
            print(f"| {backend} | {n} {work.__name__} | {growths[-1]:.2f} |", flush=True)
    sys.exit(1 if max(growths) > MOST else 0)


if __name__ == "__main__":
    main()
