"""The processor time that a stream or a sink adds to a step, next to a function and a constant.

``python benchmarks/streams.py`` steps a small network with each of them, in turns, and prints the
least time of a step.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nefsim as nef
from nefsim import io


def ignore(t: float, x: object) -> tuple[()]:
    """A function of values, without an output."""
    del t, x
    return ()


def stepping(output: object, size: int, n_steps: int) -> Callable[[], float]:
    """A function that takes steps one by one and returns the processor time of each [s]."""
    net = nef.Network(seed=1)
    is_target = isinstance(output, io.Sink) or output is ignore
    u = net.node([0.5] * size if is_target else output)
    net.connect(u, net.ensemble(50, size))
    if is_target:
        net.connect(u, net.node(output, size_in=size), synapse=None)
    sim = nef.Simulator(net, progress=False)
    sim.run_steps(100)

    def measure() -> float:
        # That of this thread, without the thread that receives.
        start = time.thread_time()
        for _ in range(n_steps):
            sim.step()
        elapsed = (time.thread_time() - start) / n_steps
        sim.clear_probes()
        return elapsed

    return measure


def times(size: int, n_steps: int, rounds: int) -> dict[str, float]:
    """The least time of a step with each kind of node [s]."""
    values = [0.5] * size
    with tempfile.TemporaryDirectory() as folder:
        streams = {
            "stream": io.Stream(io.UDP(listen=0), size, timeout=10.0, then="zero"),
            "stream with a log": io.Stream(
                io.UDP(listen=0), size, timeout=10.0, then="zero", log=Path(folder) / "log"
            ),
        }
        receiver = io.UDP(listen=0)
        sinks: dict[str, object] = {
            "function of values": ignore,
            "sink": io.Sink(io.UDP(to=receiver.address)),
        }
        outputs: dict[str, object] = {"constant": values, "function": lambda t: values}
        runs = {
            name: stepping(output, size, n_steps)
            for name, output in (outputs | streams | sinks).items()
        }
        least = {name: min(runs[name]() for _ in range(rounds)) for name in runs}
        for stream in streams.values():
            stream.close()
        receiver.close()
    return least


def main() -> None:
    """Print the times and what a stream adds to a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    least = times(options.size, options.steps, options.rounds)
    if options.json:
        print(json.dumps(least))
        return
    for name, seconds in least.items():
        added = seconds - least["constant"]
        print(f"{name:20} {seconds * 1e6:6.2f} µs a step, {added * 1e6:+.2f} µs")


if __name__ == "__main__":
    main()
