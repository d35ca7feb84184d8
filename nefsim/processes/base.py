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
    """A running process: each call returns the values of the next steps.

    Step k = 1, 2, ... is at the time t = k dt. Values must not depend on the number of steps of
    each call.

    Parameters
    ----------
    rng : numpy.random.Generator
        Generator of all further random numbers.
    state : dict of str to ndarray
        All other values that change, or that were drawn. A saved run stores ``rng`` and
        ``state``.

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
        """Whether a state from a file is possible for this process.

        Parameters
        ----------
        state : dict of str to ndarray
            The loaded values, with the names and types of ``self.state``.
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
    """A running process whose values are a function of time.

    Parameters
    ----------
    values : callable
        ``values(t)`` returns values (n, size) at times t (n,) [s].
    dt : float [s]
        Time step.
    rng : numpy.random.Generator
        Generator to store with the state; it is not used.
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
    """Base class of processes, which describe a signal u(t) over time.

    Write a custom process as a frozen dataclass with ``size`` and ``start``.

    See Also
    --------
    WhiteNoise, WhiteSignal, Piecewise, PresentInput
    nefsim.testing.check_process : Test a custom process.

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
        """Number of dimensions of the signal; None if it can have any number."""

    @abstractmethod
    def start(self, size: int, dt: float, rng: np.random.Generator) -> Running:
        """Start the process at time 0.

        Parameters
        ----------
        size : int
            Number of dimensions of the signal.
        dt : float [s]
            Time step.
        rng : numpy.random.Generator
            Generator for this process only; not used if the process has a seed.

        Returns
        -------
        Running
            The running process, of which only ``rng`` and ``state`` change.
        """

    def run(
        self,
        seconds: float,
        size: int | None = None,
        dt: float = 0.001,
        seed: int | None = None,
    ) -> Array:
        """Compute the values of the signal without a network.

        Parameters
        ----------
        seconds : float [s]
            Duration.
        size : int, optional
            Number of dimensions; None means that of the process, or 1 if it can have any.
        dt : float [s]
            Time step.
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
        """Check the arguments of :meth:`start`."""
        who = f"{type(self).__name__}.start"
        size = check.integer(who, "size", size, "pass the number of dimensions", low=1)
        if self.size is not None and size != self.size:
            do = "give it the dimensions of the process"
            check.fail(who, "size", f"be {self.size}", str(size), do)
        return size, check.seconds(who, "dt", dt), check.generator(who, rng)


def generator_of(seed: int | None, rng: np.random.Generator) -> np.random.Generator:
    """The random generator of a process: of its seed if it has one, else ``rng``."""
    return rng if seed is None else np.random.default_rng(seed)
