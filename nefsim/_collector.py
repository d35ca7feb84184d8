"""Avoid full passes of Python's garbage collector while many permanent objects are created."""

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

    A build creates many objects, nearly all of which remain.  The collector visits all objects
    of the program each time their number has grown by a quarter, which takes a third of the
    build time of thousands of populations, and more for larger networks.  Young objects are
    still collected, so that garbage of a user's functions is freed.

    Blocks may be nested, or overlap in threads: the last one to end restores the thresholds,
    unless they were changed within it.
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
