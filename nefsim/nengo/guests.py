"""Our processes and random numbers in the shape that Nengo takes."""

from __future__ import annotations

import copy
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

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
        """Our values, one step at a time, from the start."""
        del shape_in, shape_out, rng, state
        running = copy.deepcopy(self.running)
        return lambda t: running(round(t / dt) - 1, 1)[0]


class Full(nengo.solvers.NoSolver):  # type: ignore[misc]
    """Weights from neurons to neurons, with the encoders in them."""

    compositional = False


class Start(nengo.dists.Distribution):  # type: ignore[misc]
    """Where the neurons of one population start.

    Nengo takes any two for equal, as they have none of its parameters; so its optimizer
    steps populations together whose neuron types differ in nothing else.
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        super().__init__()
        self.values = values.copy()

    def sample(self, n: int, d: Any = None, rng: Any = None) -> NDArray[np.float64]:
        """The values, however many are asked for."""
        del n, d, rng
        return self.values


class Draws(np.random.RandomState):
    """Random numbers from our generator, where Nengo asks a generator of its own kind."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(0)
        self.first = rng
        self.restart()

    def restart(self) -> None:
        """Go back to the first number."""
        self.rng = copy.deepcopy(self.first)

    def random_sample(self, size: Any = None) -> Any:
        """Uniform numbers."""
        return self.rng.random(size)

    def poisson(self, lam: Any = 1.0, size: Any = None) -> Any:
        """Poisson numbers."""
        return self.rng.poisson(lam, size)


def drawing_from(
    kind: type[nengo.neurons.RatesToSpikesNeuronType], draws: Draws
) -> type[nengo.neurons.RatesToSpikesNeuronType]:
    """One of Nengo's stochastic neuron types, made to draw from ``draws``.

    Each of Nengo's simulators has draws of its own, which begin again when it is reset: it
    then sets all arrays of the state back, though not the random numbers.
    """

    class Drawing(kind):  # type: ignore[misc]
        def make_state(self, n_neurons: int, rng: Any = None, dtype: Any = None) -> Any:
            own = {"rng": Draws(draws.first), "under_way": np.zeros(1)}
            return {**super().make_state(n_neurons, rng, dtype), **own}

        def step(self, dt: Any, J: Any, output: Any, under_way: Any, **state: Any) -> None:
            if not under_way[0]:
                state["rng"].restart()
                under_way[0] = 1.0
            super().step(dt, J, output, **state)

    return Drawing
