"""The interface of ports: things that packets of numbers come from, or go to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Most packets of one call of ``receive``, so that a flood needs little memory.
MOST_PACKETS = 64


class Port(ABC):
    """Base class of ports: a source of packets for a :class:`Stream`, or a target of a `Sink`.

    A port of a user has a method ``receive``, ``send`` or both.  Packets are bytes, or
    anything that ``decode`` accepts.

    See Also
    --------
    nefsim.io.UDP : A port for packets of a network.

    Examples
    --------
    >>> import time
    >>> from nefsim import io
    >>> class Clock(io.Port):
    ...     def receive(self, seconds):
    ...         time.sleep(seconds)
    ...         return [time.time()]
    ...
    ...     def decode(self, packet, size):
    ...         return np.array([packet])
    >>> with io.Stream(Clock()) as stream:
    ...     stream.size
    1
    """

    def receive(self, seconds: float) -> list[Any]:
        """Packets that have arrived, the oldest first, :data:`MOST_PACKETS` at most.

        A thread of the stream calls it; an error ends the thread.

        Parameters
        ----------
        seconds : float [s]
            The longest time to wait for the first packet.

        Returns
        -------
        list
            The packets; empty if none arrived in time.

        Raises
        ------
        TypeError
            If the port has been made for sending only.
        """
        raise TypeError(f"{self!r}: a port of a Stream must receive, got one that only sends.")

    @abstractmethod
    def decode(self, packet: Any, size: int) -> Array | None:
        """The numbers of a packet.

        Parameters
        ----------
        packet : bytes or object
            A packet of ``receive``, which anyone may have sent.
        size : int
            The number of dimensions of the stream.

        Returns
        -------
        (size,) ndarray or None
            None if the packet has not this number of finite numbers.
        """

    def send(self, values: Array) -> bool:
        """Send numbers without waiting.

        Parameters
        ----------
        values : (size,) ndarray
            The numbers.

        Returns
        -------
        bool
            Whether they were accepted; False if that would have taken time.

        Raises
        ------
        TypeError
            If the port has been made for receiving only.
        """
        raise TypeError(f"{self!r}: a port of a Sink must send, got one that only receives.")

    def close(self) -> None:  # noqa: B027 (a port may have nothing to release)
        """Release the device or socket."""
