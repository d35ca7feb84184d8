"""A synapse that is the difference of two lowpasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import nefsim as nef


@dataclass(frozen=True, eq=False)
class Bandpass(nef.Synapse):
    """A lowpass of ``fast`` less a lowpass of ``slow`` [s]."""

    fast: float = 0.01
    slow: float = 0.1

    def coefficients(self, dt: float) -> Any:
        p, q = np.exp(-dt / self.fast), np.exp(-dt / self.slow)
        return np.array([q - p, q * (1 - p) * -1 + p * (1 - q)]), np.array([1, -p - q, p * q])


class Wrong(Bandpass):
    """The poles are those of a step of 1 ms at all steps."""

    def coefficients(self, dt: float) -> Any:
        return super().coefficients(0.001)


RIGHT, WRONG, LAW = Bandpass(), Wrong(), "the response over time does not depend on dt"
