"""A solver by ridge regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import nefsim as nef


@dataclass(frozen=True, eq=False)
class Ridge(nef.Solver):
    """Ridge regression by the normal equations, with an absolute penalty [Hz squared]."""

    penalty: float = 100.0
    weights: bool = False

    compositional = True

    def factor(self, A: Any, rng: Any) -> Any:
        inverse = np.linalg.inv(A.T @ A + len(A) * self.penalty * np.eye(A.shape[1])) @ A.T
        return lambda Y: (inverse @ Y, {})


class Wrong(Ridge):
    """Negative decoders are cut off, which no linear image of targets survives."""

    def factor(self, A: Any, rng: Any) -> Any:
        solve = super().factor(A, rng)
        return lambda Y: (np.maximum(solve(Y)[0], 0.0), {})


RIGHT, WRONG, LAW = Ridge(), Wrong(), "decoders of an image are the image of the decoders"
