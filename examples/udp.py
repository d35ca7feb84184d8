"""Two programs whose populations exchange a value by UDP.

Start ``python examples/udp.py read`` in one terminal and ``python examples/udp.py write`` in
another.  Without an argument the program starts both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np

import nefsim as nef
from nefsim import io


def write(port: int, seconds: float) -> None:
    """A population represents a sine of 1 Hz and sends its decoded value."""
    net = nef.Network(seed=1)
    a = net.ensemble(100, 1)
    net.connect(net.node(lambda t: np.sin(2 * np.pi * t)), a)
    sink = io.Sink(io.UDP(to=("127.0.0.1", port)))
    net.connect(a, net.node(sink, size_in=1), synapse=0.02)
    sim = nef.Simulator(net, progress=False)
    sim.run(seconds, realtime=True)
    print(f"sent {sink.sent} packets")


def read(port: int, seconds: float) -> None:
    """A population represents the newest value, or 0 if there is none for 0.1 s."""
    net = nef.Network(seed=2)
    with io.Stream(io.UDP(listen=port), timeout=0.1, then="zero") as stream:
        b = net.ensemble(100, 1)
        net.connect(net.node(stream), b)
        y = net.probe(b, synapse=0.02, sample_every=0.01)
        sim = nef.Simulator(net, progress=False)
        print("ready", flush=True)
        give_up = time.monotonic() + 30.0
        while not stream.counts.received:
            if stream.error is not None or time.monotonic() > give_up:
                sys.exit("received nothing")
            time.sleep(0.001)
        sim.run(seconds, realtime=True)
        values = sim.data[y]
        print(f"received {stream.counts.received} packets")
        print(f"decoded values from {values.min():.2f} to {values.max():.2f}")


def both(port: int, seconds: float) -> None:
    """Start the reader, and the writer when it is ready."""
    command = [sys.executable, __file__, "--port", str(port), "--seconds", str(seconds)]
    with subprocess.Popen([*command, "read"], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        subprocess.run([*command, "write"], check=True)
        print(reader.stdout.read(), end="")
    if reader.returncode:
        sys.exit(reader.returncode)


def main() -> None:
    """Run one of the programs, or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("read", "write"))
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    {"read": read, "write": write, None: both}[options.part](options.port, options.seconds)


if __name__ == "__main__":
    main()
