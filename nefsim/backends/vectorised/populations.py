"""Run populations of neurons in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.backends.engine import Advance, Engine
from nefsim.neurons import NeuronType
from nefsim.program import Neurons

Array = NDArray[np.float64]


class _Trials:
    """The random generators of all trials, with the interface of one generator."""

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = generators

    def random(self, shape: tuple[int, ...]) -> Array:
        """Draw uniform numbers, a row for each trial."""
        return np.stack([rng.random(shape[1:]) for rng in self.generators])

    def poisson(self, mean: Array) -> NDArray[np.int64]:
        """Draw Poisson numbers, a row for each trial."""
        return np.stack([rng.poisson(m) for rng, m in zip(self.generators, mean, strict=True)])


def population(engine: Engine, op: Neurons, index: int) -> Advance:
    """The ``advance`` of one population, with a random stream for each trial."""
    out, current = engine.rows[op.output], engine.rows[op.current]
    memory, streams = engine.state.ops[index], engine.state.rngs[index]
    rng: Any = streams[0] if out.ndim == 2 else _Trials(streams)
    return step_rows(
        op.neuron, engine.program.dt, current, out, memory, observers(engine, index), rng
    )


def observers(engine: Engine, index: int) -> list[tuple[Callable[[], Array], Array]]:
    """For each probed state variable, a function that reads it, and the rows to store it in."""
    op, memory = engine.program.ops[index], engine.state.ops[index]
    assert isinstance(op, Neurons)
    read = op.neuron.read
    return [(partial(read, memory, name), engine.rows[signal]) for name, signal in op.observed]


def step_rows(
    neuron: NeuronType,
    dt: float,
    current: Array,
    out: Array,
    memory: dict[str, Array],
    observed: Sequence[tuple[Callable[[], Array], Array]],
    rng: Any = None,
) -> Advance:
    """The ``advance`` of neurons, step by step."""
    step = neuron.step

    def advance(lo: int, hi: int) -> None:
        for k in range(lo + 1, hi + 1):
            step(current[k], memory, dt, out[k], rng)
            for value, rows in observed:
                rows[k] = value()

    return advance
