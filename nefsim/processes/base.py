"""What every process offers, and a process under way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value

Array: TypeAlias = NDArray[np.float64]

#: The longest stand-alone run [steps].
MOST_STEPS = 10**9


class Running(ABC):
    """A process under way: called for the next steps, in order.

    Step k = 1, 2, ... is the time t = k dt. The numbers do not depend on how the steps are
    cut into calls.

    Parameters
    ----------
    rng : numpy.random.Generator
        The randomness that is still to come.
    state : dict of str to ndarray
        What else changes or was drawn. With ``rng`` it is all that a saved run needs, and both
        may be set again.
    """

    def __init__(self, rng: np.random.Generator, state: dict[str, NDArray[Any]]) -> None:
        self.rng = rng
        self.state = state
        #: Whether functions of the user are called, so that it is run step by step.
        self.calls_functions = False

    def accepts(self, state: dict[str, NDArray[Any]], n_steps: int) -> bool:
        """Whether a saved state, read from a file, may take the place of its own.

        Parameters
        ----------
        state : dict of str to ndarray
            Values for the names of ``self.state``, of the same types.
        n_steps : int
            How many steps were done.
        """
        del n_steps
        return all(np.isfinite(values).all() for values in state.values())

    @abstractmethod
    def __call__(self, first_step: int, n_steps: int) -> Array:
        """Values (n_steps, size) at steps first_step + 1, ..., first_step + n_steps."""


class FunctionOfTime(Running):
    """Values that follow from the time alone.

    Parameters
    ----------
    values : function
        From times (n,) [s] to values (n, size).
    dt : float [s]
        Length of a step.
    rng : numpy.random.Generator
        Kept as it is.
    """

    def __init__(
        self, values: Callable[[Array], Array], dt: float, rng: np.random.Generator
    ) -> None:
        super().__init__(rng, {})
        self._values = values
        self._dt = dt

    def __call__(self, first_step: int, n_steps: int) -> Array:
        steps = np.arange(first_step + 1, first_step + n_steps + 1, dtype=np.float64)
        return self._values(self._dt * steps)


class Process(Value, ABC):
    """Base of all processes: a signal u(t), described by a value that holds no state.

    A process of your own is a frozen dataclass with ``size`` and ``start``.
    """

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Dimensions of the signal; None for as many as are asked for."""

    @abstractmethod
    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        """Put the process under way at time 0.

        Parameters
        ----------
        size : int
            Dimensions of the signal.
        dt : float [s]
            Length of a step.
        rng : numpy.random.Generator
            Used by this process alone; unused where the process has a seed of its own.

        Returns
        -------
        Running
        """

    def run(
        self,
        seconds: float,
        size: int | None = None,
        dt: float = 0.001,
        seed: int | None = None,
    ) -> Array:
        """The signal alone, without a network.

        Parameters
        ----------
        seconds : float [s]
            How long.
        size : int, optional
            Dimensions; those of the process, or 1, if left out.
        dt : float [s]
            Length of a step.
        seed : int, optional
            For processes that are random and have no seed of their own.

        Returns
        -------
        (round(seconds / dt), size) ndarray
            Values at t = dt, 2 dt, ...
        """
        who = f"{type(self).__name__}.run"
        duration = check.seconds(who, "seconds", seconds, zero=True)
        step = check.seconds(who, "dt", dt)
        if duration > MOST_STEPS * step:
            got = f"{duration:g} s at dt = {step:g} s"
            check.fail(who, "seconds", f"be at most {MOST_STEPS} steps", got, "raise dt")
        rng = np.random.default_rng(check.seed(who, seed))
        wanted = (self.size or 1) if size is None else size
        return self.start(wanted, step, rng)(0, round(duration / step))

    def _place(
        self, size: int, dt: float, rng: np.random.Generator
    ) -> tuple[int, float, np.random.Generator]:
        """The checked arguments of ``start``."""
        who = f"{type(self).__name__}.start"
        size = check.integer(who, "size", size, "pass how many dimensions", low=1)
        if self.size is not None and size != self.size:
            do = "give it the dimensions of the process"
            check.fail(who, "size", f"be {self.size}", str(size), do)
        return size, check.seconds(who, "dt", dt), check.generator(who, rng)


def own(seed: int | None, rng: np.random.Generator) -> np.random.Generator:
    """The generator of a process: from its own seed where it has one."""
    return rng if seed is None else np.random.default_rng(seed)
