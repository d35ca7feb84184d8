"""Postpone Ctrl-C and SIGTERM until the current steps are complete."""

from __future__ import annotations

# The functions of the module signal convert numbers to enums, which takes 10 us a run.
import _signal as signal  # type: ignore[import-not-found]
import threading
from types import FrameType

_is_pressed = _must_end = False

#: Whether :func:`check` may raise: a loop over steps reads this in less time than a call takes.
is_waiting = False


def _remember(number: int, frame: FrameType | None) -> None:
    """Handle the signal of Ctrl-C: the first waits for :func:`check`, the second raises at once."""
    global _is_pressed, is_waiting
    if _is_pressed:
        signal.default_int_handler(number, frame)
    _is_pressed = is_waiting = True


def _remember_the_end(number: int, frame: FrameType | None) -> None:
    """Handle SIGTERM, which waits for :func:`check`."""
    global _must_end, is_waiting
    _must_end = is_waiting = True


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed, or SystemExit after SIGTERM.

    Only the main thread receives them.
    """
    global _is_pressed, _must_end, is_waiting
    if not is_waiting:
        return
    if _must_end and threading.current_thread() is threading.main_thread():
        _must_end, is_waiting = False, _is_pressed
        raise SystemExit(128 + signal.SIGTERM)  # the exit status of a shell
    if _is_pressed and threading.current_thread() is threading.main_thread():
        _is_pressed, is_waiting = False, _must_end
        raise KeyboardInterrupt


class put_off:  # noqa: N801
    """A ``with`` block in which Ctrl-C waits for :func:`check` or the end of the block.

    If the program has installed a handler of Ctrl-C, nothing changes.
    """

    # A class, because a generator takes longer than a step of a small network.
    __slots__ = ("_is_put_off",)

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self._is_put_off = is_main and is_default
        if self._is_put_off:
            signal.signal(signal.SIGINT, _remember)

    def __exit__(self, *error: object) -> None:
        if self._is_put_off:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            check()


class put_off_end:  # noqa: N801
    """Let SIGTERM, by which a batch queue ends a job, wait for :func:`check` or the end of a block.

    A program that installed another handler of SIGTERM keeps it.
    """

    __slots__ = ("_is_put_off",)

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        self._is_put_off = is_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        if self._is_put_off:
            signal.signal(signal.SIGTERM, _remember_the_end)

    def __exit__(self, *error: object) -> None:
        if self._is_put_off:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            check()
