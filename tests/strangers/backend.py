"""A back end that runs the NumPy back end in pieces of ten steps."""

from __future__ import annotations

from typing import Any

from nefsim.backends import Runner, vectorised


def prepare(built: Any, state: Any) -> Runner:
    """A runner of pieces of at most ten steps."""
    runner = vectorised.prepare(built, state)

    def run(n_steps: int, recorder: Any) -> None:
        while n_steps:
            piece = min(n_steps, 10)
            runner(piece, recorder)
            n_steps -= piece

    return run


def wrong(built: Any, state: Any) -> Runner:
    """The steps after the last full piece are left out."""
    runner = vectorised.prepare(built, state)

    def run(n_steps: int, recorder: Any) -> None:
        for _ in range(max(1, n_steps // 10)):
            runner(min(n_steps, 10), recorder)

    return run


RIGHT, WRONG, LAW = prepare, wrong, "a run has a row for each step"
