"""Learned weights of a simulator, which users can read and set."""

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
    """Arrays of a learning connection, ``sim.data[connection]``.

    Attributes
    ----------
    weights : (..., M, N) ndarray
        Present weights that the rules change, with trials first in a batch: full weights where
        the connection has them, otherwise ``transform @ decoders.T``.  They can be set to one
        array for all trials, or to one for each trial.
    initial_weights : (M, N) ndarray
        The weights before the first step.
    decoders : (..., N, M) ndarray or None
        The transpose of ``weights``, including the transform; None for full weights.
    eval_points, solver_info, transform
        Evaluation points, ``info`` of the solver and transform of the initial weights.
    """

    def __init__(
        self, built: BuiltConnection, initial: Array, memory: Array, who: str, state: State
    ) -> None:
        self._built, self._memory, self._who, self._state = built, memory, who, state
        self.initial_weights = initial

    @property
    def weights(self) -> Array:
        """A copy of the present weights."""
        return np.array(self._memory.swapaxes(-1, -2))

    @weights.setter
    def weights(self, values: Any) -> None:
        shape = self.initial_weights.shape
        do = f"pass an array of shape {shape}"
        whole = self._memory.ndim == 3 and np.ndim(values) == 3
        expected = (len(self._memory), *shape) if whole else shape
        checked = check.array(f"{self._who}.weights", "value", values, expected, do)
        self._state.forget()
        self._memory[...] = checked.swapaxes(-1, -2)

    @property
    def decoders(self) -> Array | None:
        """A copy of the present decoders; None for full weights."""
        return None if self._built.full is not None else np.array(self._memory)

    @property
    def eval_points(self) -> Array | None:
        """Evaluation points of the initial decoders."""
        return self._built.eval_points

    @property
    def solver_info(self) -> Mapping[str, Any]:
        """``info`` of the solver of the initial decoders."""
        return self._built.solver_info

    @property
    def transform(self) -> Any:
        """The linear map after the function."""
        return self._built.transform

    def __repr__(self) -> str:
        return f"<weights {self._memory.swapaxes(-1, -2).shape} learned by {self._who}>"


def learned_connection(built: Built, state: State, connection: Connection) -> LearnedConnection:
    """The arrays of a learning connection in a state."""
    index = _weighing(built, connection)
    op: Any = built.program.ops[index]
    memory = state.ops[index]["weights"]
    arrays = built.connections[connection]
    return LearnedConnection(arrays, op.initial, memory, repr(connection), state)


def learned_ensemble(built: Built, state: State, ensemble: Ensemble) -> BuiltEnsemble:
    """The arrays of an ensemble with its learned encoders."""
    scaled = state.ops[_weighing(built, ensemble)]["weights"].swapaxes(-1, -2)
    arrays = built.ensembles[ensemble]
    encoders = scaled / (arrays.gain / arrays.radius)[:, None]
    return replace(arrays, encoders=encoders)


def carry_over(program: Program, before: State, after: State) -> None:
    """Copy learned weights and the state of learning rules from one state to another."""
    for op, was, now in zip(program.ops, before.ops, after.ops, strict=True):
        if isinstance(op, (Weigh, Learn)):
            for name, value in was.items():
                now[name][...] = value


def _weighing(built: Built, thing: Connection | Ensemble) -> int:
    signal = built.learned[thing]
    return built.program.writer[signal]
