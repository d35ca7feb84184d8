"""Weights as they are learned: what a simulator shows and lets users set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.lowering import Built, BuiltConnection, BuiltEnsemble
from nefsim.network import Connection, Ensemble
from nefsim.program import Learn, Program, State, Weigh

Array = NDArray[np.float64]


class LearnedConnection:
    """``sim.data[connection]`` of a connection that learns.

    Attributes
    ----------
    weights : (..., M, N) ndarray
        What the rules change, as it is now, with trials first in a batch: weights onto neurons
        where the connection has them, else ``transform @ decoders.T`` from the neurons to the
        values.  May be set, to an array for all trials or one for each.
    initial_weights : (M, N) ndarray
        The same before the first step.
    decoders : (..., N, M) ndarray or None
        The transpose of ``weights`` where these decode, with the transform in it.
    eval_points, solver_info, transform
        As of a connection that does not learn: how the initial weights were found.
    """

    def __init__(self, built: BuiltConnection, initial: Array, memory: Array, who: str) -> None:
        self._built, self._memory, self._who = built, memory, who
        self.initial_weights = initial

    @property
    def weights(self) -> Array:
        """A copy of the weights as they are now."""
        return np.array(self._memory.swapaxes(-1, -2))

    @weights.setter
    def weights(self, values: Any) -> None:
        shape = self.initial_weights.shape
        do = f"pass an array of shape {shape}"
        whole = self._memory.ndim == 3 and np.ndim(values) == 3
        wanted = (len(self._memory), *shape) if whole else shape
        checked = check.array(f"{self._who}.weights", "value", values, wanted, do)
        self._memory[...] = checked.swapaxes(-1, -2)

    @property
    def decoders(self) -> Array | None:
        """Decoders as they are now, None where weights lead to neurons."""
        return None if self._built.full is not None else np.array(self._memory)

    @property
    def eval_points(self) -> Array | None:
        """Where the initial decoders were solved."""
        return self._built.eval_points

    @property
    def solver_info(self) -> Mapping[str, Any]:
        """What the solver said of the initial decoders."""
        return self._built.solver_info

    @property
    def transform(self) -> Any:
        """The linear map after the function."""
        return self._built.transform

    def __repr__(self) -> str:
        return f"<weights {self._memory.swapaxes(-1, -2).shape} learned by {self._who}>"


def learned_connection(built: Built, state: State, connection: Connection) -> LearnedConnection:
    """The weights of a connection that learns, in a state."""
    index = _weighing(built, connection)
    op: Any = built.program.ops[index]
    memory = state.ops[index]["weights"]
    return LearnedConnection(built.connections[connection], op.initial, memory, repr(connection))


def learned_ensemble(built: Built, state: State, ensemble: Ensemble) -> BuiltEnsemble:
    """An ensemble's arrays with encoders as they are learned."""
    scaled = state.ops[_weighing(built, ensemble)]["weights"].swapaxes(-1, -2)
    mine = built.ensembles[ensemble]
    encoders = scaled / (mine.gain / mine.radius)[:, None]
    return replace(mine, encoders=encoders)


def carry_over(program: Program, before: State, after: State) -> None:
    """Give a state the weights of another, and what rules remember of how they came about."""
    for op, was, now in zip(program.ops, before.ops, after.ops, strict=True):
        if isinstance(op, (Weigh, Learn)):
            for name, value in was.items():
                now[name][...] = value


def _weighing(built: Built, thing: Connection | Ensemble) -> int:
    signal = built.learned[thing]
    return built.program.writer[signal]
