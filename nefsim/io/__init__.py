"""Nodes that exchange samples with other programs, devices and machines while a network runs.

A :class:`Stream` is the output of a node, the newest sample of a port; a :class:`Sink` sends the
input of a node.  Neither ever waits: a thread receives, and a packet that cannot be sent at once
is left out.  Run such networks by ``sim.run(seconds, realtime=True)``.

>>> import numpy as np
>>> import nefsim as nef
>>> from nefsim import io
>>> net = nef.Network(seed=1)
>>> stream = io.Stream(io.UDP(listen=0), size=1, timeout=0.1, then="zero")
>>> sink = io.Sink(io.UDP(to=("127.0.0.1", 9001)))
>>> a = net.ensemble(50, 1)
>>> c1 = net.connect(net.node(stream, label="sensor"), a)
>>> c2 = net.connect(a, net.node(sink, size_in=1, label="motor"), synapse=0.01)
>>> nef.Simulator(net).run(0.01, realtime=True)
>>> sink.sent
10
>>> stream.close(), sink.close()
(None, None)

Ports are `UDP` and `File`, which need no other package, and `Serial` (pyserial), `ZeroMQ` (pyzmq),
`OSC` (python-osc), `LSL` (pylsl), `Microphone` (sounddevice) and `SoundFile` (soundfile), of the
extra ``io``.  ``Stream(port, log="run.log")`` writes its outputs to
a file, and ``net.node(io.Replay("run.log"))`` repeats them with equal spikes.
"""

from nefsim.io.file import File
from nefsim.io.log import Replay
from nefsim.io.lsl import LSL
from nefsim.io.osc import OSC
from nefsim.io.ports import Port
from nefsim.io.serial import Serial
from nefsim.io.sink import Sink
from nefsim.io.sound import Microphone, SoundFile
from nefsim.io.stream import Counts, Stream, StreamWarning
from nefsim.io.udp import UDP
from nefsim.io.zeromq import ZeroMQ

__all__ = [
    "LSL",
    "OSC",
    "UDP",
    "Counts",
    "File",
    "Microphone",
    "Port",
    "Replay",
    "Serial",
    "Sink",
    "SoundFile",
    "Stream",
    "StreamWarning",
    "ZeroMQ",
]
