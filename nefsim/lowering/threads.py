"""Solve for the decoders of many small ensembles in parallel, with one thread of BLAS each.

Threads of BLAS wait actively after each task, so for many small matrices they would occupy
cores without working.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from importlib.util import find_spec
from itertools import islice
from typing import Any, TypeVar

from nefsim._cores import cores as cores

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Products in a Gram matrix from which on a second thread of BLAS saves time.
MIN_WORK_FOR_THREADS = 300_000_000

#: Fewer systems take less time than the search for the libraries of BLAS.
MIN_SYSTEMS = 10

#: Systems whose targets are in memory together.
SYSTEMS_AT_ONCE = 64

#: Modules that load a further library of BLAS.
IMPORTERS = ("scipy.linalg", "torch")

_here = threading.local()


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``[function(item) for item in items]``, with one thread for each core.

    Calls from within ``function`` start no more threads.  After an error no further item is
    started; if several items fail, the error of the first of them is raised.
    """
    todo = list(items)
    n = 1 if getattr(_here, "busy", False) else min(cores(), len(todo))
    if n < 2:
        return [function(item) for item in todo]
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}
    numbered = enumerate(todo)

    def work() -> None:
        _here.busy = True
        try:
            for i, item in numbered:
                try:
                    results[i] = function(item)
                except BaseException as error:
                    errors[i] = error
                if errors:
                    return
        finally:
            _here.busy = False

    # Threads get a copy of the caller's context, such as np.errstate.
    others = [threading.Thread(target=copy_context().run, args=(work,)) for _ in range(n - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[i] for i in range(len(todo))]


def share(
    prepare: Callable[[Item], Callable[[], Result]], items: Iterable[Item]
) -> Iterable[Result]:
    """``prepare(item)()`` for each of many small items, in order, in threads.

    ``prepare`` is called by the caller's thread, because it calls functions of the user; the
    functions that it returns are called by any thread.  Without threadpoolctl, or with few
    items, the caller's thread does all the work.
    """
    todo = list(items)
    if len(todo) < MIN_SYSTEMS or find_spec("threadpoolctl") is None:
        for item in todo:
            yield prepare(item)()
        return
    rest = iter(todo)
    while some := [prepare(item) for item in islice(rest, SYSTEMS_AT_ONCE)]:
        with one_thread_of_blas():
            results = in_threads(lambda work: work(), some)
        yield from results


@contextmanager
def one_thread_of_blas(applies: bool = True) -> Iterator[None]:
    """Let BLAS use one thread in this block, if it ``applies`` and threadpoolctl is installed.

    The libraries are searched for once, and again after a further one has been imported.
    """
    libraries = _libraries(*(name in sys.modules for name in IMPORTERS)) if applies else None
    if libraries is None:
        yield
        return
    with libraries.limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries(*imported: bool) -> Any:
    """The loaded libraries of BLAS; the search takes about as long as a small build."""
    del imported
    if find_spec("threadpoolctl") is None:
        return None
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
