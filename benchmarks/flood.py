"""A run in real time while another process floods its stream with packets.

``python benchmarks/flood.py`` prints the packets that arrive in a second, the growth of the
memory, and the deadlines of the run.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import nefsim as nef
from nefsim import io

SENDER = """
import socket, sys
there = ("127.0.0.1", int(sys.argv[1]))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for packet in (bytes(16), b"garbage", bytes(1400)):
        sender.sendto(packet, there)
"""


def main() -> None:
    """Run a small network with a stream of two numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    port = io.UDP(listen=0)
    assert port.address is not None
    net = nef.Network(seed=1)
    with io.Stream(port, size=2, timeout=1.0, then="zero") as stream:
        net.connect(net.node(stream), net.ensemble(100, 2))
        sim = nef.Simulator(net, progress=False)
        sim.run(0.1)
        command = [sys.executable, "-c", SENDER, str(port.address[1])]
        with subprocess.Popen(command) as sender:
            while stream.counts.received < 1000:
                time.sleep(0.01)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            received, start = stream.counts.received, time.monotonic()
            sim.run(options.seconds, realtime=True)
            rate = (stream.counts.received - received) / (time.monotonic() - start)
            sender.kill()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    print(f"{rate:.0f} packets a second, {memory} KiB more memory\n{sim.deadlines}")


if __name__ == "__main__":
    main()
