"""Spaces of angles and other cyclic coordinates, and spaces of several parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.spa.spaces import Space

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CyclicSSP(Space):
    r"""A space of cyclic coordinates, such as angles: a point and the next period are one.

    .. math:: S(x + P) = S(x)

    The frequencies are normal and rounded to multiples of :math:`2 \pi / P`, so that the
    similarity of points is about :math:`e^{-d^2 / (2 \ell^2)}` for their distance d on the circle.

    Parameters
    ----------
    domain_dimensions : int
        Number of coordinates of a point.
    n_frequencies : int
        Number of frequencies; vectors have ``2 * n_frequencies + 1`` dimensions.
    period : float
        Period P of each coordinate.
    length_scale : float
        Length scale; well below the period.
    seed : int
        Seed of the frequencies.

    See Also
    --------
    RandomSSP, JointSSP

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import spa
    >>> heading = spa.CyclicSSP(1, 50)
    >>> heading.decode(heading.encode([7.0])).round(6).tolist() == [round(7 - 2 * np.pi, 6)]
    True
    """

    domain_dimensions: int = 1
    n_frequencies: int = 128
    period: float = 2 * np.pi
    length_scale: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        who = "CyclicSSP"
        check.integer(who, "domain_dimensions", self.domain_dimensions, low=1, high=100)
        check.integer(who, "n_frequencies", self.n_frequencies, low=1, high=10**6)
        check.integer(who, "seed", self.seed, high=2**64 - 1)
        self._set(
            period=check.positive(who, "period", self.period),
            length_scale=check.positive(who, "length_scale", self.length_scale),
        )
        if not self.frequencies.any(axis=0).all():
            must = f"be well below the period, {self.period:g}"
            do = f"pass {self.period / 12:.2g}, say"
            check.fail(who, "length_scale", must, f"{self.length_scale:g}", do)

    @property
    def frequencies(self) -> Array:
        """The frequencies, (n_frequencies, domain_dimensions), for a length scale of 1 [rad]."""
        shape = self.n_frequencies, self.domain_dimensions
        unit = 2 * np.pi * self.length_scale / self.period
        return unit * np.round(np.random.default_rng(self.seed).standard_normal(shape) / unit)

    def _usual_bounds(self) -> Array:
        return np.tile([0.0, self.period], (self.domain_dimensions, 1))


@dataclass(frozen=True, eq=False)
class JointSSP(Space):
    r"""A space of points whose coordinates are those of several spaces, one after the other.

    .. math:: S(x_1, x_2) = S_1(x_1) \circledast S_2(x_2)

    Similarities multiply, for random frequencies about: points are similar if all of their parts
    are.

    Parameters
    ----------
    spaces : tuple of Space
        The spaces, all with the same number of dimensions D.

    Raises
    ------
    ValueError, TypeError
        If numbers of dimensions differ, or two spaces have the same frequencies, so that only
        the sum of their coordinates would be encoded.

    See Also
    --------
    CyclicSSP

    Examples
    --------
    A position and a heading:

    >>> from nefsim import spa
    >>> pose = spa.JointSSP((spa.RandomSSP(2, 150, 0.3), spa.CyclicSSP(1, 150, seed=1)))
    >>> pose.decode(pose.encode([0.2, -0.4, 3.0]), n_samples=20).round(6).tolist()
    [0.2, -0.4, 3.0]
    """

    spaces: tuple[Space, ...]

    def __post_init__(self) -> None:
        who, do = "JointSSP", "pass such as (RandomSSP(2), CyclicSSP(1))"
        if not isinstance(self.spaces, (list, tuple)) or not self.spaces:
            check.fail(who, "spaces", "be spaces", check.show(self.spaces), do, TypeError)
        for each in self.spaces:
            check.instance(who, "spaces", each, Space, "spaces", do)
        self._set(spaces=tuple(self.spaces))
        sizes = [each.dimensions for each in self.spaces]
        if len({*sizes}) > 1:
            do = "give all of them the same number of frequencies"
            check.fail(who, "spaces", "have equal dimensions", f"{sizes}", do)
        frequencies = self.frequencies
        if np.linalg.matrix_rank(frequencies) < frequencies.shape[1]:
            do = "pass another seed to one of them, or more frequencies"
            check.fail(who, "spaces", "have different frequencies", "equal ones", do)

    @property
    def frequencies(self) -> Array:
        """The frequencies, (n, domain_dimensions), over the length scale of each space [rad]."""
        return np.concatenate([each._waves() for each in self.spaces], axis=1)

    def _usual_bounds(self) -> Array:
        return np.concatenate([each._usual_bounds() for each in self.spaces])
