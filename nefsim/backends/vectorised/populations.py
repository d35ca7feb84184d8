"""Populations of neurons on rows of NumPy arrays."""

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
    """Draws for a batch, each trial from its own generator."""

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = generators

    def random(self, shape: tuple[int, ...]) -> Array:
        """Uniform numbers, a row per trial."""
        return np.stack([rng.random(shape[1:]) for rng in self.generators])

    def poisson(self, mean: Array) -> NDArray[np.int64]:
        """Poisson numbers, a row per trial."""
        return np.stack([rng.poisson(m) for rng, m in zip(self.generators, mean, strict=True)])


def population(engine: Engine, op: Neurons, index: int) -> Advance:
    """One population, with random streams of its own."""
    out, current = engine.rows[op.output], engine.rows[op.current]
    memory, streams = engine.state.ops[index], engine.state.rngs[index]
    rng: Any = streams[0] if out.ndim == 2 else _Trials(streams)
    return stepping(
        op.neuron, engine.program.dt, current, out, memory, observing(engine, index), rng
    )


def observing(engine: Engine, index: int) -> list[tuple[Callable[[], Array], Array]]:
    """What shows a state variable of a population after a step, and the rows to show it in."""
    op, memory = engine.program.ops[index], engine.state.ops[index]
    assert isinstance(op, Neurons)
    read = op.neuron.read
    return [(partial(read, memory, name), engine.rows[signal]) for name, signal in op.observed]


def stepping(
    neuron: NeuronType,
    dt: float,
    current: Array,
    out: Array,
    memory: dict[str, Array],
    observed: Sequence[tuple[Callable[[], Array], Array]],
    rng: Any = None,
) -> Advance:
    """Neurons step row by row, as their next step needs the last."""
    step = neuron.step

    def advance(lo: int, hi: int) -> None:
        for k in range(lo + 1, hi + 1):
            step(current[k], memory, dt, out[k], rng)
            for value, rows in observed:
                rows[k] = value()

    return advance
