"""Spaces with frequencies on a lattice: square and hexagonal patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.spa.spaces import Space

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GridSSP(Space):
    """A space with frequencies along the axes of the domain, in several scales and rotations.

    The cells of one scale and rotation have square patterns in two dimensions.

    Parameters
    ----------
    domain_dimensions : int
        Number of coordinates of a point.
    n_rotations : int
        Number of rotations of the axes: even angles in two dimensions, random ones in more.
    n_scales : int
        Number of scales, evenly spaced.
    scales : pair of float
        Smallest and largest length of a frequency [rad].
    length_scale : float
        Length scale.
    seed : int
        Seed of rotations in three and more dimensions.

    See Also
    --------
    HexagonalSSP, RandomSSP

    Examples
    --------
    >>> from nefsim import spa
    >>> spa.GridSSP(2, n_rotations=4, n_scales=3).dimensions
    49
    """

    domain_dimensions: int = 2
    n_rotations: int = 8
    n_scales: int = 5
    scales: tuple[float, float] = (0.8, 3.0)
    length_scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        who = type(self).__name__
        check.integer(who, "domain_dimensions", self.domain_dimensions, low=1, high=100)
        for name in ("n_rotations", "n_scales"):
            check.integer(who, name, getattr(self, name), low=1, high=10**4)
        check.integer(who, "seed", self.seed, high=2**64 - 1)
        low, high = check.array(who, "scales", self.scales, (2,))
        if not 0 < low <= high:
            do = "pass such as (0.8, 3.0)"
            check.fail(who, "scales", "be positive and in order", self.scales, do)
        scale = check.positive(who, "length_scale", self.length_scale)
        self._set(scales=(float(low), float(high)), length_scale=scale)

    @property
    def frequencies(self) -> Array:
        """The frequencies, (n, domain_dimensions): all of one scale and rotation in turn."""
        axes = self._axes()
        scales = np.linspace(*self.scales, self.n_scales)
        turned = [axes @ turn for turn in self._turns()]
        return np.concatenate([scale * each for scale in scales for each in turned])

    def _axes(self) -> Array:
        return np.eye(self.domain_dimensions)

    #: Angle after which a pattern in two dimensions is the same.
    _symmetry = np.pi / 2

    def _turns(self) -> list[Array]:
        m, n = self.domain_dimensions, self.n_rotations
        if m == 1:
            return [np.eye(1)] * n
        if m == 2:
            angles = self._symmetry * np.arange(n) / n
            pairs = zip(np.cos(angles), np.sin(angles), strict=True)
            return [np.array([[c, s], [-s, c]]) for c, s in pairs]
        draws = np.random.default_rng(self.seed).standard_normal((n, m, m))
        turns = []
        for each in draws:
            q, r = np.linalg.qr(each)
            turns.append(q * np.sign(np.diag(r)))  # uniform over all rotations
        return turns


@dataclass(frozen=True, eq=False)
class HexagonalSSP(GridSSP):
    """A space with frequencies to the corners of a simplex, in several scales and rotations.

    In two dimensions the three frequencies of one scale and rotation are 120 degrees apart, and
    the cells that prefer them have hexagonal patterns, as grid cells have.

    See Also
    --------
    GridSSP, RandomSSP

    References
    ----------
    N. S.-Y. Dumont and C. Eliasmith, Accurate representation for spatial cognition using grid
    cells, CogSci 2020.

    Examples
    --------
    >>> from nefsim import spa
    >>> space = spa.HexagonalSSP(2, n_rotations=8)
    >>> space.dimensions, float(round(space.similarity([0.1, 0.2], [0.1, 0.2]), 9))
    (241, 1.0)
    """

    _symmetry = np.pi / 3

    def _axes(self) -> Array:
        m = self.domain_dimensions
        if m == 1:
            return np.eye(1)
        corners = np.eye(m + 1) - 1 / (m + 1)  # in the space that is orthogonal to (1, ..., 1)
        basis = np.linalg.svd(corners)[2][:m]
        axes = corners @ basis.T
        return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True))
