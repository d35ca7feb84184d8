"""Streams of the Lab Streaming Layer, by pylsl."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._extras import require
from nefsim.io import formats
from nefsim.io.ports import MOST_PACKETS, Port

Array = NDArray[np.float64]

#: Samples that the library stores: those of a second, or hundreds if there is no rate.
STORED = 1

#: Time between two looks for a stream of the name [s].
EVERY = 0.02


class LSL(Port):
    """A stream of numbers of the Lab Streaming Layer, which joins devices of a laboratory.

    A stream is found by its name on all machines of the network, also if it begins later or
    comes again.

    Parameters
    ----------
    subscribe : str or None
        For a `Stream`: the name of an LSL stream of numbers.
    publish : str or None
        For a `Sink`: the name of the LSL stream that it is.
    size : int
        For a `Sink`: the number of dimensions.
    kind : str
        For a `Sink`: its type in LSL, such as "EEG" or "Control".

    Raises
    ------
    nefsim.BackendUnavailable
        If pylsl is not installed.
    ValueError, TypeError
        If not exactly one name is passed, or an argument is of another type or out of range.

    See Also
    --------
    UDP : Packets without another package.
    """

    def __init__(
        self,
        subscribe: str | None = None,
        publish: str | None = None,
        size: int = 1,
        kind: str = "Control",
    ) -> None:
        who = "LSL"
        require("nefsim.io.LSL", "io", "pylsl")
        import pylsl

        if (subscribe is None) == (publish is None):
            got = "neither" if publish is None else "both"
            check.fail(who, "subscribe", "be passed, or publish", got, "pass one of the two")
        argument = "publish" if subscribe is None else "subscribe"
        name = publish if subscribe is None else subscribe
        do = 'pass such as "motor"'
        self._name: str = check.instance(who, argument, name, str, "the name of a stream", do)
        if not name:
            check.fail(who, argument, "be the name of a stream", "an empty one", do)
        check.instance(who, "kind", kind, str, "a text", 'pass such as "EEG"')
        n = check.integer(who, "size", size, "pass the number of dimensions", 1, 10**6)
        self._lsl: Any = pylsl
        self._resolver: Any = None
        self._inlet: Any = None
        self._outlet: Any = None
        if subscribe is None:
            source = f"nefsim {name}"  # by which receivers find it again
            info = pylsl.StreamInfo(name, kind, n, pylsl.IRREGULAR_RATE, "double64", source)
            self._outlet = pylsl.StreamOutlet(info, max_buffered=STORED)

    def receive(self, seconds: float) -> list[Any]:
        if self._outlet is not None:
            return super().receive(seconds)
        if self._inlet is None and not self._is_found():
            time.sleep(min(seconds, EVERY))
            return []
        try:
            first, _ = self._inlet.pull_sample(timeout=seconds)
            if first is None:
                return []
            more, _ = self._inlet.pull_chunk(timeout=0.0, max_samples=MOST_PACKETS - 1)
        except self._lsl.LostError:  # a stream that says nothing by which to find it again
            self._inlet = None
            return []
        return [first, *more]

    def _is_found(self) -> bool:
        """Look for the stream, and subscribe to it."""
        if self._resolver is None:
            self._resolver = self._lsl.ContinuousResolver(prop="name", value=self._name)
        for info in self._resolver.results():
            if info.channel_format() != self._lsl.cf_string:
                self._inlet = self._lsl.StreamInlet(info, max_buflen=STORED)
                self._resolver = None
                return True
        return False

    def decode(self, packet: Any, size: int) -> Array | None:
        return formats.finite(np.array(packet, np.float64)) if len(packet) == size else None

    def send(self, values: Array) -> bool:
        if self._outlet is None:
            return super().send(values)
        self._outlet.push_sample(np.asarray(values, np.float64).tolist())
        return True

    def close(self) -> None:
        self._resolver = self._inlet = self._outlet = None

    def __repr__(self) -> str:
        return f"LSL {'from' if self._outlet is None else 'as'} {self._name}"
