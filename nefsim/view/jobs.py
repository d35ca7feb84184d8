"""Threads that build networks, and whose turn it is to run the file of a model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from nefsim.scripts import one_line


class Dropped(BaseException):
    """Ends a build that nobody wants any more."""


class Job:
    """A function that a thread runs.

    Parameters
    ----------
    work : callable
        The function.
    says : callable
        ``says()`` returns a line about how far it is.

    Attributes
    ----------
    error : BaseException or None
        Its error.
    """

    def __init__(self, work: Callable[[], Any], says: Callable[[], str] = lambda: "") -> None:
        self._result: Any = None
        self.error: BaseException | None = None
        self._says, self._start = says, time.perf_counter()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self._result = work()
        except BaseException as error:  # a user's function may raise anything
            self.error = _without_frames(error)  # which would keep the arrays of the build

    @property
    def is_done(self) -> bool:
        """Whether there is a result or an error."""
        return not self._thread.is_alive()

    @property
    def text(self) -> str:
        """A line about how far it is."""
        return f"{self._says()}, {time.perf_counter() - self._start:.0f} s"

    def join(self) -> None:
        """Wait until it is done."""
        self._thread.join()

    def take(self) -> Any:
        """The result of a job that is done; the job forgets it."""
        result, self._result = self._result, None
        return result


def _without_frames(error: BaseException) -> BaseException:
    """Take the frames, and with them their values, from an error and those that led to it."""
    left, seen = [error], set()
    while left:
        each = left.pop()
        if id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            left += [e for e in (each.__cause__, each.__context__) if e is not None]
    return error


class Droppable(Protocol):
    """Something that may be dropped, such as a build."""

    is_dropped: bool


class Turns:
    """Lets one build after another run the file of the model, which changes ``sys``.

    A build that was dropped, whose file may never end, holds up no other one.
    """

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._present: Droppable | None = None

    @contextmanager
    def turn(self, build: Droppable) -> Iterator[None]:
        """A ``with`` block of a build, which waits for that of another one; see :meth:`drop`."""
        with self._change:
            self._change.wait_for(lambda: build.is_dropped or self._is_free())
            if build.is_dropped:
                raise Dropped
            self._present = build
        try:
            yield
        finally:
            with self._change:
                if self._present is build:
                    self._present = None
                self._change.notify_all()

    def drop(self, build: Droppable) -> None:
        """Drop a build: it raises :class:`Dropped` as soon as it can, and is not waited for."""
        with self._change:
            build.is_dropped = True
            self._change.notify_all()

    def _is_free(self) -> bool:
        return self._present is None or self._present.is_dropped


def reason(error: BaseException) -> str:
    """Why a build has failed, on one line."""
    return one_line(error, with_type=not isinstance(error, ValueError))
