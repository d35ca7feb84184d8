"""Lines of a serial port, by pyserial."""

from __future__ import annotations

import os
import select
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._extras import require
from nefsim.io import formats
from nefsim.io.ports import Port

Array = NDArray[np.float64]


class Serial(Port):
    """Lines of a serial port, one sample in each, as boards for sensors and motors print them.

    A line has numbers with commas or spaces.  One port serves one stream or one sink.

    Parameters
    ----------
    device : str
        The name of the port, such as "/dev/ttyACM0".
    baudrate : int [1/s]
        Its speed.

    Raises
    ------
    nefsim.BackendUnavailable
        If pyserial is not installed.
    OSError
        If there is no such port.
    ValueError, TypeError
        If an argument is of another type or out of range.

    See Also
    --------
    Stream, Sink : The nodes.
    """

    def __init__(self, device: str, baudrate: int = 115200) -> None:
        who = "Serial"
        require("nefsim.io.Serial", "io", "pyserial")
        import serial

        check.instance(who, "device", device, str, "the name of a port", "pass '/dev/ttyACM0'")
        rate = check.integer(who, "baudrate", baudrate, "pass such as 115200", 50, 10**7)
        self._serial = serial.Serial(device, rate, timeout=0)
        self._poll = select.poll()
        self._poll.register(self._serial.fileno(), select.POLLIN)
        self._lines, self._rest = formats.Lines(), b""

    def receive(self, seconds: float) -> list[Any]:
        if not self._poll.poll(seconds * 1e3):
            return []
        # An error if the device is gone.
        return list(self._lines.split(self._serial.read(4096)))

    def decode(self, packet: Any, size: int) -> Array | None:
        return formats.decode(packet, size, "text")

    def send(self, values: Array) -> bool:
        """Send a line without waiting; a line that was sent in part is completed first.

        The method of pyserial waits while the device takes no bytes.
        """
        self._rest = self._write(self._rest)
        if self._rest:
            return False
        self._rest = self._write(formats.encode(values, "text"))
        return True

    def _write(self, data: bytes) -> bytes:
        """Write bytes, and return those that the device does not take now."""
        if not data:
            return b""
        try:
            return data[os.write(self._serial.fileno(), data) :]
        except BlockingIOError:
            return data

    def close(self) -> None:
        self._serial.close()

    def __repr__(self) -> str:
        return f"Serial {self._serial.port}"
