"""Packets of UDP."""

from __future__ import annotations

import select
import socket
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.io import formats
from nefsim.io.ports import MOST_PACKETS, Port

Array = NDArray[np.float64]
Address = tuple[str, int]


class UDP(Port):
    """Packets of UDP, one sample in each.

    Parameters
    ----------
    listen : int, tuple of str and int, or None
        For a `Stream`: the port of 127.0.0.1 to listen at, or host and port, such as
        ("0.0.0.0", 9000) for all machines.  0 takes a free port.  Packets of anyone who can
        reach it are taken.
    to : tuple of str and int, or None
        For a `Sink`: host and port of the receiver.
    form : {"float64", "float32", "text"}
        The contents of a packet: little-endian numbers, or text with commas or spaces.

    Attributes
    ----------
    address : tuple of str and int, or None
        Host and port at which it listens.

    Raises
    ------
    ValueError, TypeError
        If not exactly one of ``listen`` and ``to`` is passed, or it is no address.
    OSError
        If the port is in use.

    See Also
    --------
    OSC : Messages of Open Sound Control, over UDP.

    Examples
    --------
    >>> from nefsim import io
    >>> here = io.UDP(listen=0)
    >>> there = io.UDP(to=here.address)
    >>> there.send([0.5])
    True
    >>> [here.decode(packet, 1).tolist() for packet in here.receive(1.0)]
    [[0.5]]
    >>> here.close(), there.close()
    (None, None)
    """

    def __init__(
        self,
        listen: int | Address | None = None,
        to: Address | None = None,
        form: str = "float64",
    ) -> None:
        who = type(self).__name__
        self.form = check.one_of(who, "form", form, formats.FORMATS)
        if (listen is None) == (to is None):
            got = "neither" if to is None else "both"
            check.fail(who, "listen", "be passed, or to", got, "pass one of listen and to")
        self._to: Any = None
        if to is None:
            host = ("127.0.0.1", listen) if isinstance(listen, int) else listen
            where = _address(who, "listen", host)
        else:
            where = _address(who, "to", to)
        family, self._to = where
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self.address: Address | None = None
        if to is None:
            try:
                self._socket.bind(self._to)
            except OSError:
                self._socket.close()
                raise
            self._to, self.address = None, self._socket.getsockname()[:2]
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._packet = memoryview(bytearray(formats.LONGEST))

    def receive(self, seconds: float) -> list[Any]:
        if self.address is None:
            return super().receive(seconds)
        packets: list[bytes] = []
        if self._poll.poll(seconds * 1e3):
            try:
                while len(packets) < MOST_PACKETS:
                    packets.append(bytes(self._packet[: self._socket.recv_into(self._packet)]))
            except BlockingIOError:
                pass
        return packets

    def decode(self, packet: Any, size: int) -> Array | None:
        return formats.decode(packet, size, self.form)

    def encode(self, values: Array) -> bytes:
        """The packet of some numbers.

        Parameters
        ----------
        values : (size,) array_like
            The numbers.

        Returns
        -------
        bytes
            The packet.
        """
        return formats.encode(values, self.form)

    def send(self, values: Array) -> bool:
        if self._to is None:
            return super().send(values)
        try:
            self._socket.sendto(self.encode(values), self._to)
        except (BlockingIOError, ConnectionRefusedError):
            return False
        return True

    def close(self) -> None:
        self._socket.close()

    def __repr__(self) -> str:
        host, port = (self.address or self._to)[:2]
        return f"{type(self).__name__} {'at' if self.address else 'to'} {host}:{port}"


def _address(who: str, argument: str, value: Any) -> tuple[int, Any]:
    """The family and the address of host and port."""
    do = 'pass such as ("127.0.0.1", 9000)'
    fits = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    if not fits:
        check.fail(who, argument, "be a host and a port", check.show(value), do, TypeError)
    host, port = value
    check.integer(who, argument, port, do, 0, 65535)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        check.fail(who, argument, "have a host that is known", f"{host!r}", do)
    return found[0][0], found[0][4]
