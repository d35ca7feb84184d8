"""Holographic reduced representations: binding by circular convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nefsim import _checks as check
from nefsim.spa.algebra import ROUNDING, Algebra, Array


@dataclass(frozen=True, eq=False)
class HRR(Algebra):
    r"""Holographic reduced representations: binding by circular convolution.

    .. math:: (a \circledast b)_j = \sum_k a_k b_{(j - k) \bmod D}, \qquad
              (a^{-1})_j = a_{-j \bmod D}

    In the Fourier domain, binding is a product of coefficients, and a vector is unitary if each
    coefficient has magnitude 1.  Any number of dimensions is possible; binding commutes.

    See Also
    --------
    VTB, TVTB

    References
    ----------
    T. A. Plate, Holographic reduced representations, IEEE Transactions on Neural Networks
    6, 1995.

    Examples
    --------
    >>> from nefsim import spa
    >>> hrr = spa.HRR()
    >>> hrr.bind([0.0, 1.0, 0.0], [1.0, 2.0, 3.0]).round(9).tolist()
    [3.0, 1.0, 2.0]
    """

    @property
    def name(self) -> str:
        """The name by which a vocabulary stores the algebra."""
        return "hrr"

    def check_dimensions(self, who: str, dimensions: int) -> int:
        """Return the number of dimensions, as any is possible.

        Parameters
        ----------
        who : str
            Name at the start of an error message.
        dimensions : int
            Number of dimensions.

        Returns
        -------
        int
            The number.
        """
        return check.integer(who, "dimensions", dimensions, low=1)

    def _bind(self, a: Array, b: Array) -> Array:
        return np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b), n=a.shape[-1])

    def _invert(self, a: Array) -> Array:
        return a[..., -np.arange(a.shape[-1])]

    def _unitary(self, a: Array) -> Array:
        waves = np.fft.rfft(a)
        size = np.abs(waves)
        waves = np.where(size > 0, waves / np.where(size > 0, size, 1.0), 1.0)
        return np.fft.irfft(waves, n=a.shape[-1])

    def _identity(self, dimensions: int) -> Array:
        return np.eye(1, dimensions)[0]

    def _whole(self, a: Array, exponent: int) -> Array:
        return np.fft.irfft(np.fft.rfft(a) ** exponent, n=a.shape[-1])

    def _fractional(self, who: str, a: Array, exponent: float) -> Array:
        d, waves = a.shape[-1], np.fft.rfft(a)
        real = waves[..., [0, -1] if d % 2 == 0 else [0]].real
        if (real < -ROUNDING * np.abs(waves).max()).any():
            got = "a negative coefficient of the constant or of the highest frequency"
            check.fail(who, "a", "have a real power", got, "pass a whole exponent")
        waves[..., 0] = np.abs(waves[..., 0])
        if d % 2 == 0:
            waves[..., -1] = np.abs(waves[..., -1])
        return np.fft.irfft(waves**exponent, n=d)
