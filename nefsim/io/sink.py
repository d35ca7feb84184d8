"""Nodes that send their input to a port and never wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.io.ports import Port
from nefsim.io.stream import StreamWarning

Array = NDArray[np.float64]


class Sink:
    """A node that sends its input in each step: ``net.node(Sink(port), size_in=2)``.

    If a port cannot take a packet at once, the packet is left out and counted.

    Parameters
    ----------
    port : Port or sequence of Port
        The target, made for sending: `UDP`, `OSC`, `ZeroMQ`, `LSL` or `Serial`.  For a batch a list
        with a port for each trial, as a receiver cannot tell the packets of trials apart; they are
        taken in turn.

    Attributes
    ----------
    sent : int
        Packets that the ports have accepted.
    lost : int
        Packets that they have not.

    Raises
    ------
    TypeError
        If the port is not one.
    ValueError
        If there are no ports.

    See Also
    --------
    Stream : The other direction.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim import io
    >>> here = io.UDP(listen=0)
    >>> net = nef.Network(seed=1)
    >>> sink = io.Sink(io.UDP(to=here.address))
    >>> c = net.connect(net.node([0.25, 0.5]), net.node(sink, size_in=2), synapse=None)
    >>> nef.Simulator(net).run(0.001)
    >>> [here.decode(packet, 2).tolist() for packet in here.receive(1.0)]
    [[0.25, 0.5]]
    >>> sink.close()
    >>> here.close()
    """

    def __init__(self, port: Port | Sequence[Port]) -> None:
        do = "pass such as io.UDP(to=('127.0.0.1', 9000))"
        ports = list(port) if isinstance(port, (list, tuple)) else [port]
        self._ports = [check.instance("Sink", "port", p, Port, "a port", do) for p in ports]
        if not ports:
            check.fail("Sink", "port", "have a port for each trial", "none", do)
        self.sent = self.lost = 0
        self._has_warned = False
        self._t, self._trial = 0.0, 0

    def __call__(self, t: float, x: Array) -> tuple[Any, ...]:
        """Send the input of a step.

        Parameters
        ----------
        t : float [s]
            The time in the network; at 0, where a network asks for the size, nothing is sent.
        x : (size,) ndarray
            The input.

        Returns
        -------
        tuple
            Empty: the node has no output.
        """
        if t <= 0.0:
            return ()
        # The trials of a batch are called in their order.
        # The same time also comes again after a reset.
        self._trial = (self._trial + 1) % len(self._ports) if t == self._t else 0
        self._t = t
        try:
            if self._ports[self._trial].send(x):
                self.sent += 1
            else:
                self.lost += 1
        except OSError as error:
            self.lost += 1
            if not self._has_warned:
                self._has_warned = True
                check.warn(f"{self!r}: the port has failed, {error!r}.", StreamWarning)
        return ()

    def close(self) -> None:
        """Close all ports."""
        for port in self._ports:
            port.close()

    def __repr__(self) -> str:
        return f"<sink to {', '.join(map(repr, self._ports))}>"
