"""Numbers as bytes and back; bytes of others may be anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]

#: Formats of packets: little-endian numbers in IEEE 754, or text with commas or spaces.
FORMATS = ("float64", "float32", "text")

#: The longest packet or line in bytes.
LONGEST = 65536


def encode(values: Array, form: str) -> bytes:
    """The bytes of numbers; a text ends with a line feed."""
    if form == "text":
        return (",".join(map(repr, np.asarray(values, np.float64).tolist())) + "\n").encode()
    return np.asarray(values, "<f8" if form == "float64" else "<f4").tobytes()


def decode(packet: bytes, size: int, form: str) -> Array | None:
    """The numbers of a packet, or None if it has not ``size`` finite ones."""
    if form == "text":
        words = packet.replace(b",", b" ").split(None, size)
        if len(words) != size:
            return None
        try:
            values = np.array([float(word) for word in words])
        except ValueError:
            return None
    else:
        kind = "<f8" if form == "float64" else "<f4"
        if len(packet) != size * np.dtype(kind).itemsize:
            return None
        values = np.frombuffer(packet, kind).astype(np.float64)
    return finite(values)


def finite(values: Array) -> Array | None:
    """The numbers if all are finite and below the largest that is accepted, else None."""
    with np.errstate(invalid="ignore"):
        return values if bool((np.abs(values) <= check.HUGE).all()) else None


class Lines:
    """Splits bytes that arrive in pieces into lines; longer ones than :data:`LONGEST` are lost."""

    def __init__(self) -> None:
        self._rest, self._is_too_long = b"", False

    def split(self, data: bytes) -> list[bytes]:
        """The lines that are complete with these bytes."""
        *lines, rest = (self._rest + data).split(b"\n")
        if lines and self._is_too_long:
            del lines[0]
            self._is_too_long = False
        if len(rest) > LONGEST:
            rest, self._is_too_long = b"", True
        self._rest = rest
        return lines
