"""Our processes and random numbers in the shape that Nengo takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nengo
import numpy as np

from nefsim.processes import Running


class Played(nengo.Process):  # type: ignore[misc]
    """One of our processes under way, as a process of Nengo."""

    def __init__(self, running: Running, size: int) -> None:
        super().__init__(default_size_in=0, default_size_out=size)
        self.running = running

    def make_state(
        self, shape_in: Any, shape_out: Any, dt: float, dtype: Any = None
    ) -> dict[str, Any]:
        """Nothing of Nengo's."""
        del shape_in, shape_out, dt, dtype
        return {}

    def make_step(self, shape_in: Any, shape_out: Any, dt: float, rng: Any, state: Any) -> Any:
        """Our values, one step at a time."""
        del shape_in, shape_out, rng, state
        return lambda t: self.running(round(t / dt) - 1, 1)[0]


class Draws(np.random.RandomState):
    """Random numbers from our generator, where Nengo asks a generator of its own kind."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(0)
        self.rng = rng

    def random_sample(self, size: Any = None) -> Any:
        """Uniform numbers."""
        return self.rng.random(size)

    def poisson(self, lam: Any = 1.0, size: Any = None) -> Any:
        """Poisson numbers."""
        return self.rng.poisson(lam, size)


def drawing_from(
    kind: type[nengo.neurons.RatesToSpikesNeuronType], draws: Draws
) -> type[nengo.neurons.RatesToSpikesNeuronType]:
    """One of Nengo's stochastic neuron types, made to draw from ``draws``."""

    class Drawing(kind):  # type: ignore[misc]
        def make_state(self, n_neurons: int, rng: Any = None, dtype: Any = None) -> Any:
            return {**super().make_state(n_neurons, rng, dtype), "rng": draws}

    return Drawing


def as_list(indices: Sequence[int] | None) -> Any:
    """What to index a Nengo object with."""
    return slice(None) if indices is None else list(indices)
