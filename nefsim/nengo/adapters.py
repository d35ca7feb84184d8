"""Adapters: processes, weights and random numbers of nefsim as objects of Nengo."""

from __future__ import annotations

import copy
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim.processes import Running


class NefsimProcess(nengo.Process):  # type: ignore[misc]
    """A running process of nefsim as a process of Nengo."""

    def __init__(self, running: Running, size: int) -> None:
        super().__init__(default_size_in=0, default_size_out=size)
        self.running = running

    def make_state(
        self, shape_in: Any, shape_out: Any, dt: float, dtype: Any = None
    ) -> dict[str, Any]:
        """No state, as the running process has it."""
        del shape_in, shape_out, dt, dtype
        return {}

    def make_step(self, shape_in: Any, shape_out: Any, dt: float, rng: Any, state: Any) -> Any:
        """A function that returns the values step by step, from the start."""
        del shape_in, shape_out, rng, state
        running = copy.deepcopy(self.running)
        return lambda t: running(round(t / dt) - 1, 1)[0]


class Full(nengo.solvers.NoSolver):  # type: ignore[misc]
    """Weights from neurons to neurons, which include the encoders."""

    compositional = False


class Start(nengo.dists.Distribution):  # type: ignore[misc]
    """The initial values of a state variable of one population.

    Nengo compares distributions by its parameters, and these have none, so any two are equal.
    Thus its optimizer merges populations whose neuron types are otherwise equal.
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        super().__init__()
        self.values = values.copy()

    def sample(self, n: int, d: Any = None, rng: Any = None) -> NDArray[np.float64]:
        """The values, for any ``n``."""
        del n, d, rng
        return self.values


class Draws(np.random.RandomState):
    """The random numbers of a NumPy Generator as a RandomState, which Nengo requires."""

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


def draw_from(
    kind: type[nengo.neurons.RatesToSpikesNeuronType], draws: Draws
) -> type[nengo.neurons.RatesToSpikesNeuronType]:
    """A subclass of one of Nengo's stochastic neuron types that draws from ``draws``.

    Each simulator has a copy of the generator.  The copy restarts when the simulator is reset,
    as Nengo resets the arrays of the state but not the generator; ``under_way`` is such an array.
    """

    class Drawing(kind):  # type: ignore[misc]
        def make_state(self, n_neurons: int, rng: Any = None, dtype: Any = None) -> Any:
            extra = {"rng": Draws(draws.first), "under_way": np.zeros(1)}
            return {**super().make_state(n_neurons, rng, dtype), **extra}

        def step(self, dt: Any, J: Any, output: Any, under_way: Any, **state: Any) -> None:
            if not under_way[0]:
                state["rng"].restart()
                under_way[0] = 1.0
            super().step(dt, J, output, **state)

    return Drawing
