"""The work of each process, the bytes between them, and the time of a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nefsim.backends.distributed.balance import work
from nefsim.backends.distributed.cut import Cut, Whole
from nefsim.backends.distributed.programs import size_of

#: Bytes of a value.
NUMBER = 8

#: Time to send or to receive a message [s], bytes of messages of up to 80 kB per second, and time
#: in Python of a block of steps [s], between processes of one machine; see ``benchmarks/mpi.md``.
LATENCY, BANDWIDTH, BLOCK = 0.9e-6, 18e9, 3.7e-6


def seconds_of_work(cut: Cut, n: int) -> NDArray[np.float64]:
    """Approximate time of the operations of each process in a step, (n,) [s]."""
    program = cut.program
    total = np.zeros(n)
    for k in range(n):
        items = (item for item in cut.shares[k].items if isinstance(item, Whole))
        total[k] = 1e-9 * sum(work(program, program.ops[item.op]) for item in items)
    return total


def traffic(cut: Cut, n: int) -> NDArray[np.int64]:
    """Bytes of values that each process sends to each other in a step, (n, n)."""
    found = np.zeros((n, n), np.int64)
    for k in range(n):
        for port in cut.shares[k].ports:
            if port.sender >= 0 and port.sender != k:
                found[port.sender, k] += NUMBER * size_of(cut, port.value)
    return found


def step_seconds(
    work_seconds: ArrayLike,
    sent_bytes: ArrayLike,
    steps: int | None,
    latency: float = LATENCY,
    bandwidth: float = BANDWIDTH,
) -> float:
    """The time of a step of the slowest process: its work, its messages, and their bytes.

    ``max over k of (work[k] + (BLOCK + latency * messages[k]) / steps + bytes[k] / bandwidth)``:
    in ``steps`` steps a process sends a message to each of its neighbours, receives one from
    each, and calls the interpreter once.

    Parameters
    ----------
    work_seconds : (n,) array_like [s]
        Time of the operations of each process in a step.
    sent_bytes : (n, n) array_like [bytes]
        Bytes that each process sends to each other in a step.
    steps : int or None
        Steps between two exchanges; None counts no messages.
    latency : float [s]
        Time to send or to receive a message.
    bandwidth : float [bytes/s]
        Bytes of messages per second.
    """
    seconds, sent = np.asarray(work_seconds, float), np.asarray(sent_bytes)
    messages = (sent > 0).sum(axis=0) + (sent > 0).sum(axis=1)
    each = seconds + (sent.sum(axis=0) + sent.sum(axis=1)) / bandwidth
    if steps is not None:
        each = each + (BLOCK + latency * messages) / steps
    return float(each.max(initial=0.0))
