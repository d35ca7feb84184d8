"""Wrap processes, weights and random generators of nefsim as objects of Nengo."""

from __future__ import annotations

import copy
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from nefsim.processes import Running


class NefsimProcess(nengo.Process):  # type: ignore[misc]
    """A Nengo process that returns the values of a running process of nefsim."""

    def __init__(self, running: Running, size: int) -> None:
        super().__init__(default_size_in=0, default_size_out=size)
        self.running = running

    def make_state(
        self, shape_in: Any, shape_out: Any, dt: float, dtype: Any = None
    ) -> dict[str, Any]:
        """No state for Nengo to store; the running process has its state."""
        del shape_in, shape_out, dt, dtype
        return {}

    def make_step(self, shape_in: Any, shape_out: Any, dt: float, rng: Any, state: Any) -> Any:
        """A function that returns the value of the next step, from the first step on."""
        del shape_in, shape_out, rng, state
        running = copy.deepcopy(self.running)
        return lambda t: running(round(t / dt) - 1, 1)[0]


class Full(nengo.solvers.NoSolver):  # type: ignore[misc]
    """A transform of full weights between neurons, which include the encoders."""

    compositional = False


class Start(nengo.dists.Distribution):  # type: ignore[misc]
    """A Nengo distribution that returns fixed initial values of one state variable.

    Nengo considers distributions with equal parameters as equal.  These have no parameters, so
    that Nengo's optimizer can merge populations with different initial values.
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        super().__init__()
        self.values = values.copy()

    def sample(self, n: int, d: Any = None, rng: Any = None) -> NDArray[np.float64]:
        """The fixed values, whatever ``n`` is."""
        del n, d, rng
        return self.values


class Draws(np.random.RandomState):
    """A NumPy Generator with the interface of the RandomState that Nengo requires."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(0)
        self.first = rng
        self.restart()

    def restart(self) -> None:
        """Restart the random numbers from the first."""
        self.rng = copy.deepcopy(self.first)

    def random_sample(self, size: Any = None) -> Any:
        """Draw uniform numbers from 0 to 1."""
        return self.rng.random(size)

    def poisson(self, lam: Any = 1.0, size: Any = None) -> Any:
        """Draw Poisson numbers with the mean ``lam``."""
        return self.rng.poisson(lam, size)


def draw_from(
    kind: type[nengo.neurons.RatesToSpikesNeuronType], draws: Draws
) -> type[nengo.neurons.RatesToSpikesNeuronType]:
    """A subclass of one of Nengo's stochastic neuron types that draws from ``draws``.

    Each simulator has a copy of the generator.  Nengo resets state arrays but not generators;
    the state array ``under_way``, which is 0 after a reset, shows when to restart the copy.
    """

    class Drawing(kind):  # type: ignore[misc]
        def make_state(self, n_neurons: int, rng: Any = None, dtype: Any = None) -> Any:
            extra = {"rng": Draws(draws.first), "under_way": np.zeros(1)}
            return {**super().make_state(n_neurons, rng, dtype), **extra}

        def step(self, dt: Any, J: Any, output: Any, under_way: Any, **state: Any) -> None:
            if not under_way[0]:
                state["rng"].restart()
                under_way[0] = True
            super().step(dt, J, output, **state)

    return Drawing
