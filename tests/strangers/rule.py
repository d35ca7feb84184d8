"""A rule of the covariance with a running mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import nefsim as nef

#: A place for the mean of the wrong rule, outside of the simulator.
MEANS: dict[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Covariance(nef.LearningRule):
    """The change of a weight is the covariance of activity before and after."""

    learning_rate: float = 1e-9
    share: float = 0.01
    constants = ("dt",)

    def start(self, n_in: int, n_out: int, dt: float) -> dict[str, Any]:
        return {"mean": np.zeros(n_in)}

    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        more["mean"] += self.share * (pre - more["mean"])
        return self.learning_rate * np.outer(post, pre - more["mean"])


class Wrong(Covariance):
    """The mean is in a variable of the module."""

    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        mean = MEANS.setdefault("mean", np.zeros(len(pre)))
        mean += self.share * (pre - mean)
        return self.learning_rate * np.outer(post, pre - mean)


RIGHT, WRONG, LAW = Covariance(), Wrong(), "the same arguments give the same change"
