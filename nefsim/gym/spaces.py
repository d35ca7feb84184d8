"""Observations as values of populations, and values of populations as actions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from nefsim import _checks as check

Array = NDArray[np.float64]


def _bounds(space: spaces.Box) -> tuple[Array, Array, bool]:
    """Middles and half widths of a ``Box``, and whether all are finite."""
    low, high = (np.ravel(x).astype(np.float64) for x in (space.low, space.high))
    with np.errstate(invalid="ignore", over="ignore"):  # of bounds without an end
        middle, half = (low + high) / 2, (high - low) / 2
    # Spaces have the largest number of their type for "no bound".
    return middle, half, bool((np.isfinite(half) & (half < 1e30)).all())


class Observations:
    """Scales observations of a space to [-1, 1].

    Numbers of a ``Box`` are shifted and scaled by their bounds, and clipped; a number of a
    ``Discrete`` space becomes a vector with a 1 at its place.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    space : gymnasium.Space
        The space of one observation.
    limits : array_like or None
        Largest absolute value of each number, instead of its bounds.
    """

    def __init__(self, who: str, space: Any, limits: Any) -> None:
        self._first: int | None = None
        if isinstance(space, spaces.Discrete):
            if limits is not None:
                do = "leave it out"
                check.fail(who, "limits", "be None for a Discrete space", check.show(limits), do)
            self.size, self._first = int(space.n), int(space.start)
            return
        do = "wrap the environment so that it has a Box or Discrete space"
        kind = "an environment whose observations are a Box or Discrete"
        check.instance(who, "env", space, spaces.Box, kind, do)
        self.size, self._shape = int(np.prod(space.shape)), space.shape
        if limits is None:
            self._middle, half, are_finite = _bounds(space)
            self._half = np.where(half > 0.0, half, 1.0)  # a constant becomes 0
            if not are_finite:
                do = f"pass limits, the largest absolute value of each of {self.size} numbers"
                got = "numbers without bounds"
                check.fail(who, "env", "have observations with finite bounds", got, do)
        else:
            do = f"pass {self.size} numbers above 0"
            self._half = check.array(who, "limits", limits, (self.size,), do, low=1e-300)
            self._middle = np.zeros(self.size)

    def __call__(self, observation: Any) -> Array:
        """Scale one observation, (size,), or those of all trials, (trials, size)."""
        if self._first is not None:
            at = np.asarray(observation, np.intp) - self._first
            return np.asarray(at[..., None] == np.arange(self.size), np.float64)
        values = np.asarray(observation, np.float64)
        trials = values.shape[: values.ndim - len(self._shape)]
        flat = values.reshape(*trials, self.size)
        return np.asarray(np.clip((flat - self._middle) / self._half, -1.0, 1.0))


class Actions:
    """Maps values of a population to actions of a space.

    Values in [-1, 1] are scaled to the bounds of a ``Box``; of a ``Discrete`` space, the place
    of the largest value is the action.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    space : gymnasium.Space
        The space of one action.
    """

    def __init__(self, who: str, space: Any) -> None:
        self._space, self._is_discrete = space, isinstance(space, spaces.Discrete)
        if self._is_discrete:
            self.size = int(space.n)
            return
        do = "wrap the environment so that it has a Box or Discrete space"
        kind = "an environment whose actions are a Box or Discrete"
        check.instance(who, "env", space, spaces.Box, kind, do)
        self.size = int(np.prod(space.shape))
        self._low = np.ravel(space.low).astype(np.float64)
        _, self._half, are_finite = _bounds(space)
        if not are_finite:
            do = "wrap it by gymnasium.wrappers.RescaleAction"
            check.fail(who, "env", "have actions with finite bounds", "none", do)

    def __call__(self, values: Array) -> Any:
        """The action of values (size,), or those of all trials, (trials, size)."""
        if self._is_discrete:
            chosen = np.argmax(values, axis=-1) + int(self._space.start)
            return int(chosen) if np.ndim(chosen) == 0 else chosen
        scaled = self._low + (np.clip(values, -1.0, 1.0) + 1.0) * self._half
        return scaled.reshape(*values.shape[:-1], *self._space.shape).astype(self._space.dtype)
