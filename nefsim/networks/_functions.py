"""Functions that ready networks decode, as classes, so that model files can store them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value, takes_points
from nefsim.network.functions import Elementwise, call

Array = NDArray[np.float64]

#: Most numbers of a constant.
MOST = 10**7


def product(x: Array) -> Any:
    """The product of two numbers."""
    return x[0] * x[1]


@dataclass(frozen=True, eq=False)
class Excess(Elementwise):
    """``max(0, x - threshold)``."""

    threshold: float

    def __post_init__(self) -> None:
        check.real("Excess", "threshold", self.threshold)

    def __call__(self, x: Any) -> Any:
        """Evaluate the function."""
        return np.maximum(0.0, x - self.threshold)


@dataclass(frozen=True, eq=False)
class IsAbove(Elementwise):
    """1 where x is above the threshold, else 0."""

    threshold: float

    def __post_init__(self) -> None:
        check.real("IsAbove", "threshold", self.threshold)

    def __call__(self, x: Array) -> Array:
        """Evaluate the function."""
        return (x > self.threshold).astype(float)


@dataclass(frozen=True, eq=False)
class Saturating(Elementwise):
    """A smooth step, ``max(0, 1 - exp(-15 x))``, which is near 1 from 0.2 on."""

    def __call__(self, x: Any) -> Any:
        """Evaluate the function."""
        return np.maximum(0.0, 1.0 - np.exp(-15.0 * np.asarray(x)))


@dataclass(frozen=True, eq=False)
class Zeros(Value):
    """A given number of zeros for any x."""

    size: int

    def __post_init__(self) -> None:
        check.integer("Zeros", "size", self.size, low=1, high=MOST)

    def __call__(self, x: Array) -> Array:
        """Evaluate the function."""
        return np.zeros(self.size)


@dataclass(frozen=True, eq=False)
class LimitCycle(Value):
    r"""The slope :math:`\omega J x + g (1 - |x|^2/r^2) x`, where J turns x by 90 degrees.

    If ``omega`` is None, the function has a second argument, the frequency [Hz].
    """

    _takes_points = True

    growth: float
    radius: float
    omega: float | None = None

    def __call__(self, x: Array, hertz: Any = 0.0) -> Array:
        """Evaluate the slope [1/s]."""
        omega = 2 * np.pi * np.asarray(hertz) if self.omega is None else np.asarray(self.omega)
        x = np.asarray(x)
        first, second = x[..., 0], x[..., 1]
        rate = self.growth * (1 - (first * first + second * second) / self.radius**2)
        turned = np.stack([-second, first], axis=-1)
        return np.asarray(omega[..., None] * turned + rate[..., None] * x)


@dataclass(frozen=True, eq=False)
class LorenzSlope(Value):
    """The slope of the Lorenz system, see :func:`nefsim.networks.lorenz`."""

    _takes_points = True

    sigma: float
    rho: float
    beta: float

    def __call__(self, x: Array) -> Array:
        """Evaluate the slope [1/s]."""
        s, r, b = self.sigma, self.rho, self.beta
        x = np.asarray(x)
        u, v, w = x[..., 0], x[..., 1], x[..., 2]
        return np.stack([s * (v - u), u * (r - w) - v, u * v - b * w], axis=-1)


@dataclass(frozen=True, eq=False)
class Scaled(Value):
    """A slope in the scaled coordinates of a population, ``z = (x - centre) / radii``."""

    slope: Callable[..., Any]
    centre: Array
    radii: Array

    @property
    def _takes_points(self) -> bool:  # type: ignore[override]
        return takes_points(self.slope)

    def __call__(self, z: Array, *control: Any) -> Array:
        """Evaluate the slope [1/s]."""
        x = self.centre + self.radii * z
        if self._takes_points:
            return np.asarray(self.slope(x, *control) / self.radii)
        return call("attractor", "function", self.slope, x, *control) / self.radii


@dataclass(frozen=True, eq=False)
class Controlled(Value):
    """A function ``step(z, c)`` of the state z and the control c of a population.

    The last dimension of the population is the control divided by its largest value ``highest``.
    """

    step: Callable[..., Any]
    highest: float

    @property
    def _takes_points(self) -> bool:  # type: ignore[override]
        return takes_points(self.step)

    def __call__(self, z: Array) -> Any:
        """Evaluate the function."""
        return self.step(z[..., :-1], self.highest * z[..., -1])
