"""Ctrl-C, put off until the steps under way are complete, so that none is left half done."""

from __future__ import annotations

# The functions of the module signal make enums of numbers, which takes 10 us a run.
import _signal as signal  # type: ignore[import-not-found]
import threading
from types import FrameType

_pressed = False


def _note(number: int, frame: FrameType | None) -> None:
    """The first Ctrl-C waits for :func:`check`; a second one acts at once."""
    global _pressed
    if _pressed:
        signal.default_int_handler(number, frame)
    _pressed = True


def check() -> None:
    """Stop here if Ctrl-C was pressed; it belongs to the main thread alone."""
    global _pressed
    if _pressed and threading.current_thread() is threading.main_thread():
        _pressed = False
        raise KeyboardInterrupt


class put_off:  # noqa: N801
    """Let Ctrl-C wait for :func:`check` or the end, unless a program handles it its own way."""

    # As a class, as a generator takes longer than a step of a small network.
    __slots__ = ("_is_put_off",)

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        ours = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self._is_put_off = ours
        if ours:
            signal.signal(signal.SIGINT, _note)

    def __exit__(self, *error: object) -> None:
        if self._is_put_off:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            check()
