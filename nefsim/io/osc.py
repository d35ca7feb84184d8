"""Messages of Open Sound Control over UDP, by python-osc."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._extras import require
from nefsim.io import formats
from nefsim.io.udp import UDP, Address

Array = NDArray[np.float64]


class OSC(UDP):
    """Messages of Open Sound Control over UDP, with a sample as the arguments of each.

    Parameters
    ----------
    path : str
        The address pattern of the messages, such as "/arm/torque"; others are left out.
    listen, to
        As for `UDP`.

    Attributes
    ----------
    address : tuple of str and int, or None
        Host and port at which it listens.

    Raises
    ------
    nefsim.BackendUnavailable
        If python-osc is not installed.
    ValueError, TypeError, OSError
        As for `UDP`, or if the path does not begin with "/".

    See Also
    --------
    UDP : Plain packets.
    """

    def __init__(
        self, path: str, listen: int | Address | None = None, to: Address | None = None
    ) -> None:
        require("nefsim.io.OSC", "io", "python-osc")
        from pythonosc.osc_message_builder import OscMessageBuilder
        from pythonosc.osc_packet import OscPacket

        check.instance("OSC", "path", path, str, "a path", 'pass such as "/torque"')
        if not path.startswith("/"):
            check.fail("OSC", "path", 'begin with "/"', f"{path!r}", 'pass such as "/torque"')
        self._path, self._builder, self._parse = path, OscMessageBuilder, OscPacket
        super().__init__(listen, to)

    def decode(self, packet: Any, size: int) -> Array | None:
        try:
            messages = [timed.message for timed in self._parse(packet).messages]
        except Exception:  # garbage makes the parser raise errors of many types
            return None
        for message in reversed(messages):  # the last one of a bundle counts
            numbers = message.params
            if message.address != self._path or len(numbers) != size:
                continue
            if all(type(number) in (int, float) for number in numbers):
                return formats.finite(np.array([float(number) for number in numbers]))
        return None

    def encode(self, values: Array) -> bytes:
        message = self._builder(self._path)
        for value in np.asarray(values, np.float64).tolist():
            message.add_arg(value, "f")
        data: bytes = message.build().dgram
        return data
