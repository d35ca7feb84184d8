"""Messages of ZeroMQ, by pyzmq."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._extras import require
from nefsim.io import formats
from nefsim.io.ports import MOST_PACKETS, Port

Array = NDArray[np.float64]


class ZeroMQ(Port):
    """Messages of ZeroMQ from a publisher (PUB) to its subscribers (SUB), one sample in each.

    Publishers and subscribers may come and go. Peers of the protocol's versions 1 and 2 are
    refused: libzmq ends the process at some of their messages.

    Parameters
    ----------
    subscribe : str or None
        For a `Stream`: the address of a publisher, such as "tcp://127.0.0.1:5555".
    publish : str or None
        For a `Sink`: the address to publish at; port 0 takes a free one.
    form : {"float64", "float32", "text"}
        The contents of a message, as of `UDP`.

    Attributes
    ----------
    address : str
        The address, with the port that was taken.

    Raises
    ------
    nefsim.BackendUnavailable
        If pyzmq is not installed.
    ValueError, TypeError
        If not exactly one address is passed, or it is none of ZeroMQ.

    See Also
    --------
    UDP : Packets without another package.
    """

    def __init__(
        self, subscribe: str | None = None, publish: str | None = None, form: str = "float64"
    ) -> None:
        who = "ZeroMQ"
        require("nefsim.io.ZeroMQ", "io", "pyzmq")
        import zmq

        self.form = check.one_of(who, "form", form, formats.FORMATS)
        if (subscribe is None) == (publish is None):
            got = "neither" if publish is None else "both"
            check.fail(who, "subscribe", "be passed, or publish", got, "pass one of the two")
        address = publish if subscribe is None else subscribe
        argument, do = "publish" if subscribe is None else "subscribe", "pass tcp://127.0.0.1:5555"
        check.instance(who, argument, address, str, "an address", do)
        self._subscribes = publish is None
        self._busy, self._again, self._failed = zmq.NOBLOCK, zmq.Again, zmq.ZMQError
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB if self._subscribes else zmq.PUB)
        # With a domain, peers of the protocol's first versions are refused: their greeting has no
        # mark, so that any bytes are one, and some end the process by an assertion of libzmq.
        self._socket.setsockopt(zmq.ZAP_DOMAIN, b"nefsim")
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, formats.LONGEST)
        self._socket.setsockopt(zmq.RCVHWM, MOST_PACKETS)
        self._socket.setsockopt(zmq.SNDHWM, MOST_PACKETS)
        try:
            if self._subscribes:
                self._socket.setsockopt(zmq.SUBSCRIBE, b"")
                self._socket.connect(address)
            else:
                self._socket.bind(address)
        except zmq.ZMQError as error:
            self.close()
            check.fail(who, argument, "be an address", f"{address!r} ({error})", do)
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def receive(self, seconds: float) -> list[Any]:
        if not self._subscribes:
            return super().receive(seconds)
        packets: list[bytes] = []
        if self._socket.poll(round(seconds * 1e3)):
            try:
                while len(packets) < MOST_PACKETS:
                    packets.append(self._socket.recv(self._busy))
            except self._again:
                pass
        return packets

    def decode(self, packet: Any, size: int) -> Array | None:
        return formats.decode(packet, size, self.form)

    def send(self, values: Array) -> bool:
        if self._subscribes:
            return super().send(values)
        try:
            self._socket.send(formats.encode(values, self.form), self._busy)
        except self._again:
            return False
        except self._failed as error:
            raise OSError(error.errno, str(error)) from error
        return True

    def close(self) -> None:
        self._context.destroy(linger=0)

    def __repr__(self) -> str:
        return f"ZeroMQ {'from' if self._subscribes else 'at'} {self.address}"
