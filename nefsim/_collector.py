"""Fewer passes of Python's garbage collector while many permanent objects are created."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

#: More collections of young objects than there are between two of all objects.
NEVER = 2**31 - 1

# A lock that a thread may take twice: a collection within it may run a finalizer.
_lock = RLock()
_n_blocks = 0
_before = gc.get_threshold()


@contextmanager
def only_young_collected() -> Iterator[None]:
    """Prevent full garbage collections within this block.

    A network is built of many objects, nearly all of which stay.  The collector walks through
    all objects of the program each time that their number has grown by a quarter, which takes
    a third of the time of building thousands of populations, and a larger part the more there
    are.  Young objects are collected as ever, so that garbage of a user's functions goes.

    Blocks may be nested, and overlap in threads: the last one to end brings the thresholds
    back, unless they were changed within.
    """
    global _n_blocks, _before
    with _lock:
        if not _n_blocks:
            _before = gc.get_threshold()
            gc.set_threshold(*_before[:2], NEVER)
        _n_blocks += 1
    try:
        yield
    finally:
        with _lock:
            _n_blocks -= 1
            if not _n_blocks and gc.get_threshold()[2] == NEVER:
                gc.set_threshold(*_before)
