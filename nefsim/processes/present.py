"""A list of inputs, shown one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nefsim import _checks as check
from nefsim.processes.base import Array, FunctionOfTime, Process, Running

#: Share of a presentation by which the time may be off through rounding.
SLACK = 1e-7


@dataclass(frozen=True, eq=False)
class PresentInput(Process):
    r"""Inputs that take turns, each for the same time, again and again.

    .. math:: u(t) = inputs_i, \qquad
              i = \lfloor (t - dt) / presentation\_time \rfloor \bmod k

    Parameters
    ----------
    inputs : (k, ...) array_like
        The inputs; each is flattened, such as an image (k, height, width).
    presentation_time : float [s]
        How long each is shown, at least dt.

    Examples
    --------
    >>> PresentInput([1, 2], presentation_time=0.002).run(0.006).ravel()
    array([1., 1., 2., 2., 1., 1.])
    """

    inputs: ArrayLike
    presentation_time: float

    def __post_init__(self) -> None:
        do = "pass the inputs, one per row"
        inputs = check.array("PresentInput", "inputs", self.inputs, do=do)
        if inputs.ndim == 0 or inputs.size == 0:
            must = "have at least one row"
            check.fail("PresentInput", "inputs", must, f"shape {inputs.shape}", do)
        seconds = check.seconds("PresentInput", "presentation_time", self.presentation_time)
        self._set(inputs=inputs, presentation_time=seconds)

    @property
    def size(self) -> int:
        inputs = np.asarray(self.inputs)
        return inputs.size // len(inputs)

    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        size, dt, rng = self._place(size, dt, rng)
        duration = self.presentation_time
        if duration < dt * (1 - SLACK):
            who, do = "PresentInput.start", "show each input longer or lower dt"
            check.fail(who, "presentation_time", f"be at least dt = {dt:g} s", duration, do)
        rows = np.asarray(self.inputs, dtype=np.float64).reshape(-1, size)

        def shown(t: Array) -> Array:
            turn = np.floor((t - dt) / duration + SLACK).astype(np.int64)
            return rows[turn % len(rows)]

        return FunctionOfTime(shown, dt, rng)
