"""A spiking neuron type whose rate saturates by Hill's equation."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

import nefsim as nef


@dataclass(frozen=True, eq=False)
class Hill(nef.NeuronType):
    """Regular spikes at the rate r = limit J / (J + half) for J > 0."""

    limit: float = 400.0
    half: float = 2.0

    spiking = True
    initial_state = MappingProxyType({"phase": (0.0, 1.0)})

    @property
    def rate_limit(self) -> float:
        return self.limit

    def rates(self, J: Any) -> Any:
        J = np.maximum(J, 0.0)
        return self.limit * J / (J + self.half)

    def current(self, rates: Any) -> Any:
        r = np.asarray(rates)
        return self.half * r / (self.limit - r)

    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        phase = state["phase"]
        phase += dt * self.rates(J)
        out[...] = np.floor(phase) / dt
        phase %= 1.0


class Wrong(Hill):
    """Each step makes a new array of phases."""

    def step(self, J: Any, state: Any, dt: float, out: Any, rng: Any = None) -> None:
        phase = state["phase"] + dt * self.rates(J)
        out[...] = np.floor(phase) / dt
        state["phase"] = phase % 1.0


RIGHT, WRONG, LAW = Hill(), Wrong(), "step writes into out and state in place"
