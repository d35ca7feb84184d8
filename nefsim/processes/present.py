"""A signal that presents a list of inputs, one after the other."""

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
    r"""A signal that presents inputs one after the other, again and again.

    .. math:: u(t) = inputs_i, \qquad
              i = \lfloor (t - dt) / (presentation\_time + rest) \rfloor \bmod k

    During the rest after each input the signal is 0.

    Parameters
    ----------
    inputs : (k, ...) array_like
        The inputs; each is flattened, such as an image (k, height, width).
    presentation_time : float [s]
        Duration of each presentation, at least dt.
    rest : float [s]
        Pause after each presentation, in which the response of the neurons decays.

    Raises
    ------
    ValueError, TypeError
        If ``inputs`` is empty or a duration is out of range; on use, if dt is longer.

    See Also
    --------
    Piecewise : Values from arbitrary times on.
    nefsim.analysis.classify : The class in each presentation.

    Examples
    --------
    >>> PresentInput([1, 2], presentation_time=0.002).run(0.006).ravel()
    array([1., 1., 2., 2., 1., 1.])
    >>> PresentInput([1, 2], presentation_time=0.002, rest=0.001).run(0.006).ravel()
    array([1., 1., 0., 2., 2., 0.])
    """

    inputs: ArrayLike
    presentation_time: float
    rest: float = 0.0

    def __post_init__(self) -> None:
        do = "pass the inputs, one per row"
        inputs = check.array("PresentInput", "inputs", self.inputs, do=do)
        if inputs.ndim == 0 or inputs.size == 0:
            must = "have at least one row"
            check.fail("PresentInput", "inputs", must, f"shape {inputs.shape}", do)
        seconds = check.seconds("PresentInput", "presentation_time", self.presentation_time)
        rest = check.seconds("PresentInput", "rest", self.rest, zero=True)
        self._set(inputs=inputs, presentation_time=seconds, rest=rest)

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
        period = duration + self.rest

        def present(t: Array) -> Array:
            turns = (t - dt) / period + SLACK
            turn = np.floor(turns).astype(np.int64)
            values = rows[turn % len(rows)]
            if self.rest:
                values[turns - turn >= duration / period] = 0.0
            return values

        return FunctionOfTime(present, dt, rng)
