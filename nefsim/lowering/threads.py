"""Small systems of many ensembles, which the cores share, each with one thread of BLAS.

BLAS has threads of its own, which go on looking for work for a while after they had some; where
matrices are small, one after the other, they only keep the cores from what has work.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextvars import copy_context
from importlib.util import find_spec
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

#: So many products in a Gram matrix are worth a second thread of BLAS.
WORTH_THREADS = 300_000_000

#: For fewer systems it is not worth looking for libraries.
MANY = 10

#: Systems for which targets are held at once.
AT_ONCE = 64

_here = threading.local()


def cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(function: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """``[function(item) for item in items]``, each by whichever core is free.

    What is called by a thread of this kind does not start more of them.  After an error no
    more items are begun; of several errors that of the first item is raised.
    """
    todo = list(items)
    n = 1 if getattr(_here, "busy", False) else min(cores(), len(todo))
    if n < 2:
        return [function(item) for item in todo]
    made: dict[int, Made] = {}
    errors: dict[int, BaseException] = {}
    numbered = enumerate(todo)

    def work() -> None:
        _here.busy = True
        try:
            for i, item in numbered:
                try:
                    made[i] = function(item)
                except BaseException as error:
                    errors[i] = error
                if errors:
                    return
        finally:
            _here.busy = False

    # Threads see what the caller's context says, such as np.errstate.
    others = [threading.Thread(target=copy_context().run, args=(work,)) for _ in range(n - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [made[i] for i in range(len(todo))]


def share(prepare: Callable[[Item], Callable[[], Made]], items: Iterable[Item]) -> Iterable[Made]:
    """``prepare(item)()`` of each small system, in their order.

    Everything is prepared by the caller's thread in order, as functions of the user are called
    there; what that returns is called by any thread.  Without threadpoolctl, or where there are
    not many, one thread does all.
    """
    todo = list(items)
    if len(todo) < MANY or find_spec("threadpoolctl") is None:
        for item in todo:
            yield prepare(item)()
        return
    from threadpoolctl import ThreadpoolController

    libraries, rest = ThreadpoolController(), iter(todo)
    while some := [prepare(item) for item in islice(rest, AT_ONCE)]:
        with libraries.limit(limits=1, user_api="blas"):
            yield from in_threads(lambda work: work(), some)
