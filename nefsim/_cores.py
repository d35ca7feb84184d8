"""The number of cores that work may occupy: those of the process, or fewer for a block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: The limit that :func:`at_most` sets, or None.
_limit: ContextVar[int | None] = ContextVar("nefsim_cores", default=None)


def cores() -> int:
    """The number of cores that this process may run on, within the limit of a block."""
    limit = _limit.get()
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    return found if limit is None else min(found, limit)


@contextmanager
def at_most(n: int) -> Iterator[None]:
    """Let simulators that are made and run in the block occupy at most ``n`` cores.

    Examples
    --------
    >>> with at_most(1):
    ...     cores()
    1
    """
    token = _limit.set(n)
    try:
        yield
    finally:
        _limit.reset(token)
