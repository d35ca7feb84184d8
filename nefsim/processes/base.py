"""Base classes of processes, and of running processes with their state."""

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
    """A running process, which returns the values of the next steps at each call.

    Step k = 1, 2, ... is the time t = k dt. The values do not depend on the number of steps
    per call.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers still to be drawn.
    state : dict of str to ndarray
        All other state and random values. A saved run stores ``rng`` and ``state`` and sets
        both when it is loaded.

    See Also
    --------
    Process.start : Returns a running process.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import Piecewise
    >>> running = Piecewise({0.0: 1.0}).start(1, 0.001, np.random.default_rng(0))
    >>> running(0, 2)
    array([[1.],
           [1.]])
    """

    def __init__(self, rng: np.random.Generator, state: dict[str, NDArray[Any]]) -> None:
        self.rng = rng
        self.state = state
        #: Whether the process calls a user's function and so runs step by step.
        self.calls_functions = False

    def accepts(self, state: dict[str, NDArray[Any]], n_steps: int) -> bool:
        """Whether a saved state, read from a file, fits this process.

        Parameters
        ----------
        state : dict of str to ndarray
            Values for the names of ``self.state``, of the same types.
        n_steps : int
            Number of steps before the state was saved.

        Returns
        -------
        bool
        """
        del n_steps
        return all(np.isfinite(values).all() for values in state.values())

    @abstractmethod
    def __call__(self, first_step: int, n_steps: int) -> Array:
        """Values of the next steps.

        Parameters
        ----------
        first_step : int
            Number of steps before these.
        n_steps : int
            Number of steps.

        Returns
        -------
        (n_steps, size) ndarray
            Values at steps first_step + 1, ..., first_step + n_steps.
        """


class FunctionOfTime(Running):
    """A running process whose values depend on the time only.

    Parameters
    ----------
    values : function
        From times (n,) [s] to values (n, size).
    dt : float [s]
        Length of a step.
    rng : numpy.random.Generator
        Stored, and not used.
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
    """Base of all processes: the description of a signal u(t), without state.

    A custom process is a frozen dataclass with ``size`` and ``start``.

    See Also
    --------
    WhiteNoise, WhiteSignal, Piecewise, PresentInput
    nefsim.testing.check_process : The laws of processes, for a new one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nefsim.processes.base import FunctionOfTime
    >>> @dataclass(frozen=True, eq=False)
    ... class Sawtooth(Process):
    ...     size = 1
    ...
    ...     def start(self, size, dt, rng):
    ...         return FunctionOfTime(lambda t: (t % 1.0)[:, None], dt, rng)
    >>> Sawtooth().run(0.003).ravel()
    array([0.001, 0.002, 0.003])
    """

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Dimensions of the signal; None for any number."""

    @abstractmethod
    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        """A running process at time 0.

        Parameters
        ----------
        size : int
            Dimensions of the signal.
        dt : float [s]
            Length of a step.
        rng : numpy.random.Generator
            Generator for this process only; unused if the process has a seed.

        Returns
        -------
        Running
            Its ``rng`` and ``state`` are all that changes from call to call.
        """

    def run(
        self,
        seconds: float,
        size: int | None = None,
        dt: float = 0.001,
        seed: int | None = None,
    ) -> Array:
        """The values of the signal, without a network.

        Parameters
        ----------
        seconds : float [s]
            Duration.
        size : int, optional
            Dimensions; None takes those of the process, or 1.
        dt : float [s]
            Length of a step.
        seed : int, optional
            Seed of a random process that has none.

        Returns
        -------
        (round(seconds / dt), size) ndarray
            Values at t = dt, 2 dt, ...

        Raises
        ------
        ValueError, TypeError
            If an argument is out of range, or the run is longer than 10 million steps.
        """
        who = f"{type(self).__name__}.run"
        duration = check.seconds(who, "seconds", seconds, zero=True)
        step = check.seconds(who, "dt", dt)
        if duration > MOST_STEPS * step:
            got = f"{duration:g} s at dt = {step:g} s"
            check.fail(who, "seconds", f"be at most {MOST_STEPS} steps", got, "raise dt")
        rng = np.random.default_rng(check.seed(who, seed))
        n_dimensions = (self.size or 1) if size is None else size
        return self.start(n_dimensions, step, rng)(0, round(duration / step))

    def _place(
        self, size: int, dt: float, rng: np.random.Generator
    ) -> tuple[int, float, np.random.Generator]:
        """The checked arguments of ``start``."""
        who = f"{type(self).__name__}.start"
        size = check.integer(who, "size", size, "pass the number of dimensions", low=1)
        if self.size is not None and size != self.size:
            do = "give it the dimensions of the process"
            check.fail(who, "size", f"be {self.size}", str(size), do)
        return size, check.seconds(who, "dt", dt), check.generator(who, rng)


def generator_of(seed: int | None, rng: np.random.Generator) -> np.random.Generator:
    """The generator of a process: from its seed if it has one, otherwise ``rng``."""
    return rng if seed is None else np.random.default_rng(seed)
