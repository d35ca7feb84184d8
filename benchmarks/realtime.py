"""A population in real time: how late its steps begin, and how much of the time they take.

``python benchmarks/realtime.py --neurons 100000 --seconds 60`` runs one population, whose input is
set and whose decoded value is read in each step of 1 ms, and prints the figures of its deadlines.
Run it on an idle machine, or by ``chrt -f 5`` where other programs are running.

The counts after the deadlines are of events that make a step late: times at which the system took
the core away, pages of memory that were touched first, passes of Python's garbage collector, and
the time in which the host of a virtual machine ran other machines.

``--lock`` fixes all memory, ``--spin`` waits longer in a loop before a period instead of asleep,
``--core`` stays on one core.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import resource
import sys
from pathlib import Path

import numpy as np

import nefsim as nef
from nefsim import pacing


def network(n_neurons: int, n_ensembles: int = 1) -> tuple[nef.Network, nef.Node, nef.Probe]:
    """Populations of ``n_neurons`` in all that represent an input, and their mean."""
    net = nef.Network(seed=1)
    u, mean = net.node([0.0]), net.node(size_in=1)
    for _ in range(n_ensembles):
        # Decoders are solved from few points, as otherwise a build takes minutes.
        a = net.ensemble(n_neurons // n_ensembles, 1, n_eval_points=200)
        net.connect(u, a, synapse=None)
        net.connect(a, mean, transform=1 / n_ensembles, synapse=0.02)
    return net, u, net.probe(mean, synapse=None)


def stolen() -> int:
    """Time that the host of a virtual machine has taken from its cores, in sum [ms]."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        return int(words[8]) * 1000 // os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):  # another system
        return 0


class Events:
    """Counts of events that make steps late, since it was made."""

    def __init__(self) -> None:
        self._before = self._now()

    @staticmethod
    def _now() -> dict[str, int]:
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        return {
            "core taken away": usage.ru_nivcsw,
            "sleeps": usage.ru_nvcsw,
            "pages": usage.ru_minflt + usage.ru_majflt,
            "passes over young objects": sum(s["collections"] for s in gc.get_stats()[:2]),
            "passes over all objects": gc.get_stats()[2]["collections"],
            "ms stolen": stolen(),
        }

    def counts(self) -> dict[str, int]:
        """The events so far."""
        return {name: n - self._before[name] for name, n in self._now().items()}


def lock_memory() -> None:
    """Fix all pages of the process in memory, those of later arrays too; needs the right to."""
    now, later = 1, 2
    if ctypes.CDLL(None, use_errno=True).mlockall(now | later):
        raise OSError(ctypes.get_errno(), "mlockall")


def run(
    n_neurons: int, n_ensembles: int, seconds: float, period: float
) -> tuple[nef.Deadlines, dict[str, int]]:
    """Run the network in real time and return its figures, and the events in that time."""
    net, u, y = network(n_neurons, n_ensembles)
    sim = nef.Simulator(net, progress=False)
    sim.run(0.1)
    sim.clear_probes()
    sim.step()  # the first one sets up its arrays
    t, value = 0.0, 0.0
    events = Events()
    for step in sim.loop(period, seconds):
        t += period
        sim.inputs[u] = float(np.sin(t))
        step()
        value = float(sim.latest(y)[0])
    counts = events.counts()
    print(f"input {np.sin(t):.3f}, decoded {value:.3f}", file=sys.stderr)
    assert sim.deadlines is not None
    return sim.deadlines, counts


def main() -> None:
    """Print the figures, and draw them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=100_000)
    parser.add_argument("--ensembles", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--period", type=float, default=0.001, help="in seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--plot", type=Path, help="file for the histogram")
    parser.add_argument("--spin", type=float, default=pacing.SPIN, help="in seconds")
    parser.add_argument("--lock", action="store_true", help="fix all memory")
    parser.add_argument("--core", type=int, help="the only core to use")
    options = parser.parse_args()
    pacing.SPIN = options.spin
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    if options.lock:
        lock_memory()
    figures, events = run(options.neurons, options.ensembles, options.seconds, options.period)
    if options.json:
        print(json.dumps({**figures.to_dict(), "events": events}))
    else:
        print(figures)
        print(", ".join(f"{name}: {n}" for name, n in events.items()))
    if options.plot:
        nef.plot.deadlines(figures).figure.savefig(options.plot)


if __name__ == "__main__":
    main()
