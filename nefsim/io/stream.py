"""Nodes whose output is the newest sample of a port, and which never wait for it."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.io.log import Log
from nefsim.io.ports import Port

Array = NDArray[np.float64]

#: Longest wait of the thread for a packet; closing a stream takes no longer [s].
WAIT = 0.05

#: Rest of the thread after packets [s].  In a flood it would else hold Python's lock for 5 ms
#: whenever the run needs it; meanwhile the system stores packets.
REST = 2.5e-4

#: Longest sample that is passed on as a list, which takes less time.
FEW = 8


class StreamWarning(UserWarning):
    """Warning about a port that has failed during a run.

    See Also
    --------
    nefsim.io.Stream : Its ``timeout``, after which another output follows.

    Examples
    --------
    >>> import warnings
    >>> from nefsim import io
    >>> warnings.simplefilter("error", io.StreamWarning)  # a run stops if a port fails
    """


@dataclass
class Counts:
    """Packets of a stream.

    Attributes
    ----------
    received : int
        Packets that have arrived.
    rejected : int
        Packets with other contents than ``size`` finite numbers, of those that were looked at:
        where newer packets fill the buffer, older ones are not.
    taken : int
        Samples that were the output of a step.
    """

    received: int = 0
    rejected: int = 0
    taken: int = 0


@dataclass
class _Shared:
    """The objects that the thread and the stream share."""

    port: Port
    size: int
    inbox: deque[tuple[Any, float]]
    counts: Counts
    stop: threading.Event
    error: Exception | None = None


def _receive(shared: _Shared) -> None:
    """Fill the inbox until the stream is closed or the port fails; runs in a thread."""
    try:
        _take(shared)
    except Exception as error:  # of any library or port: a device that is gone
        shared.error = error


def _take(shared: _Shared) -> None:
    """Fill the inbox until the stream is closed.

    Packets are looked at from the newest on, so that a flood costs little more than its packets.
    """
    port, inbox, counts = shared.port, shared.inbox, shared.counts
    most = inbox.maxlen
    assert most is not None
    while not shared.stop.is_set():
        packets = port.receive(WAIT)
        if not packets:
            continue
        now = monotonic()
        counts.received += len(packets)
        samples: list[Any] = []
        while packets and len(samples) < most:
            values = port.decode(packets.pop(), shared.size)
            if values is None:
                counts.rejected += 1
            else:
                # A port may use its array again.
                samples.append(values.tolist() if len(values) <= FEW else values.copy())
        inbox.extend((values, now) for values in reversed(samples))
        shared.stop.wait(REST)


def _end(shared: _Shared, thread: threading.Thread, log: Log | None) -> None:
    shared.stop.set()
    thread.join(1.0)
    shared.port.close()
    if log is not None:
        log.close()


class Stream:
    """The output of a node that comes from outside: ``net.node(Stream(port, size))``.

    A thread receives packets.  A step takes a sample if there is one and never waits.  Packets
    that are garbage are left out and counted, and a flood of packets needs no more memory than
    the buffer.

    Parameters
    ----------
    port : Port
        The source: `UDP`, `OSC`, `ZeroMQ`, `Serial`, `File` or one of a user.
    size : int
        Numbers in a sample, the dimensions of the node.
    timeout : float or None [s]
        Wall time after the last sample, or the first step, after which ``then`` applies.
    then : {"hold", "zero", "raise"}
        The output after that time: the last sample, zeros until there is another one, or a
        TimeoutError, which ends the run.
    buffer : int
        Samples to store.  With 1 each step has the newest one.  With more, each step takes the
        next one, and while the buffer is full a new sample replaces the oldest.
    initial : array_like
        The output before the first sample, a number or ``size`` numbers.
    log : str, Path or None
        A new file for the outputs of one run, with which :class:`Replay` repeats the run.

    Attributes
    ----------
    size : int
        The number of dimensions.
    counts : Counts
        Packets received and rejected, and samples taken.
    error : Exception or None
        The error that ended the thread.

    Raises
    ------
    ValueError, TypeError
        If an argument is of another type or out of range, or the log exists.

    See Also
    --------
    Sink : The other direction.
    nefsim.Simulator.loop : The same by a loop in Python, for batches of trials.

    Examples
    --------
    >>> import time
    >>> import nefsim as nef
    >>> from nefsim import io
    >>> here = io.UDP(listen=0)  # a free port of this machine
    >>> net = nef.Network(seed=1)
    >>> with io.Stream(here, size=2, timeout=0.5, then="zero") as stream:
    ...     y = net.probe(net.node(stream))
    ...     sim = nef.Simulator(net)
    ...     there = io.UDP(to=here.address)
    ...     while not stream.counts.received:
    ...         _ = there.send([0.25, 0.5])
    ...         time.sleep(0.01)
    ...     sim.run(0.001)
    >>> sim.data[y]
    array([[0.25, 0.5 ]])
    >>> there.close()
    """

    def __init__(
        self,
        port: Port,
        size: int = 1,
        timeout: float | None = None,
        then: str = "hold",
        buffer: int = 1,
        initial: Any = 0.0,
        log: str | Path | None = None,
    ) -> None:
        who = "Stream"
        check.instance(who, "port", port, Port, "a port", "pass such as io.UDP(listen=9000)")
        self.size = check.integer(who, "size", size, "pass the number of dimensions", 1, 10**6)
        self._timeout = None if timeout is None else check.seconds(who, "timeout", timeout)
        self._then = check.one_of(who, "then", then, ("hold", "zero", "raise"))
        if timeout is None and then != "hold":
            got, do = f"{then!r} without a timeout", "pass timeout in seconds"
            check.fail(who, "then", 'be "hold"', got, do)
        n = check.integer(who, "buffer", buffer, "pass a number of samples", 1, 10**6)
        do = f"pass a number or {self.size} numbers"
        start = check.array(who, "initial", initial, None, do)
        if start.shape not in ((), (self.size,)):
            must = f"have {check.counted(self.size, 'number')}"
            check.fail(who, "initial", must, f"shape {start.shape}", do)
        first = np.full(self.size, start)
        self._log = None if log is None else Log(who, log, self.size)
        self._value: Any = self._output(first)
        self._zeros: Any = self._output(np.zeros(self.size))
        self._arrived: float | None = None
        self._has_warned = self._is_late = False
        self._inbox: deque[tuple[Any, float]] = deque(maxlen=n)
        self.counts = Counts()
        stop = threading.Event()
        self._shared = _Shared(port, self.size, self._inbox, self.counts, stop)
        name = f"nefsim {port!r}"
        thread = threading.Thread(target=_receive, args=(self._shared,), name=name, daemon=True)
        self._finish = weakref.finalize(self, _end, self._shared, thread, self._log)
        thread.start()

    def _output(self, values: Array) -> Any:
        return values.tolist() if self.size <= FEW else values

    @property
    def error(self) -> Exception | None:
        """The error that ended the thread; None while it runs."""
        return self._shared.error

    def __call__(self, t: float) -> Any:
        """The output of a step.

        Parameters
        ----------
        t : float [s]
            The time in the network; at 0, where a network asks for the size, nothing is taken.

        Returns
        -------
        list or ndarray
            The sample, ``size`` numbers.

        Raises
        ------
        TimeoutError
            If there was no sample for too long, and ``then`` is "raise".
        ValueError
            If a log is written and the time is not later than that of the last step.
        """
        if t <= 0.0:
            return self._value
        if self._inbox:
            self._value, self._arrived = self._inbox.popleft()
            self._is_late = False
            self.counts.taken += 1
        elif self._timeout is not None or self._shared.error is not None:
            self._look_at_time()
        value = self._zeros if self._is_late else self._value
        if self._log is not None:
            self._log.note(t, value)
        return value

    def _look_at_time(self) -> None:
        """Apply the time-out, and report a port that has failed, once."""
        error, now = self._shared.error, monotonic()
        if error is not None and not self._has_warned:
            self._has_warned = True
            check.warn(f"{self!r}: the port has failed, {error!r}.", StreamWarning)
        if self._timeout is None:
            return
        if self._arrived is None:
            self._arrived = now
        if now - self._arrived <= self._timeout or self._then == "hold":
            return
        if self._then == "raise":
            message = f"{self!r}: samples must come within {self._timeout:g} s, got none"
            raise TimeoutError(f"{message}; look at the sender.") from error
        self._is_late = True

    def close(self) -> None:
        """End the thread, close the port and complete the log; the output stays as it is."""
        self._finish()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<stream of {self.size} from {self._shared.port!r}>"
