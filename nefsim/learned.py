"""Learned weights of a simulator, which users can read and set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.filtering import at_rest, order
from nefsim.lowering import Built, BuiltConnection, BuiltEnsemble
from nefsim.lowering.learning import name_of_variable, preset_names, rules_by_weights
from nefsim.network import Connection, Ensemble, Network
from nefsim.program import Filter, Learn, Part, Program, Read, State, Weigh, product_with, stored

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
        self, built: BuiltConnection, program: Program, state: State, index: int, who: str
    ) -> None:
        self._built, self._program, self._state, self._index = built, program, state, index
        self._who = who

    @property
    def initial_weights(self) -> Array:
        """The weights before the first step."""
        return initial_weights(self._program, self._index)

    @property
    def weights(self) -> Array:
        """A copy of the present weights."""
        return full_weights(self._program, self._state, self._index)

    @weights.setter
    def weights(self, values: Any) -> None:
        shape = full_shape(self._program, self._index)
        n_trials = self._state.ops[self._index]["weights"].shape[:-2]
        do = f"pass an array of shape {shape}"
        expected = (*n_trials, *shape) if np.ndim(values) == 3 else shape
        checked = check.array(f"{self._who}.weights", "value", values, expected, do)
        self._state.forget()
        set_full_weights(self._program, self._state, self._index, checked)

    @property
    def decoders(self) -> Array | None:
        """A copy of the present decoders; None for full weights."""
        if self._built.full is not None:
            return None
        return self.weights.swapaxes(-1, -2)

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
        n_trials = self._state.ops[self._index]["weights"].shape[:-2]
        shape = (*n_trials, *full_shape(self._program, self._index))
        return f"<weights {shape} learned by {self._who}>"


def learned_connection(built: Built, state: State, connection: Connection) -> LearnedConnection:
    """The arrays of a learning connection in a state."""
    index = _weighing(built, connection)
    return LearnedConnection(
        built.connections[connection], built.program, state, index, repr(connection)
    )


def learned_ensemble(built: Built, state: State, ensemble: Ensemble) -> BuiltEnsemble:
    """The arrays of an ensemble with its learned encoders."""
    scaled = state.ops[_weighing(built, ensemble)]["weights"].swapaxes(-1, -2)
    arrays = built.ensembles[ensemble]
    encoders = scaled / (arrays.gain / arrays.radius)[:, None]
    return replace(arrays, encoders=encoders)


def carry_over(program: Program, before: State, after: State, thresholds: bool = True) -> None:
    """Copy learned weights and the variables of learning rules from one state to another.

    ``thresholds`` includes variables that are filtered activities, such as the one of BCM.
    """
    learns = [op for op in program.ops if isinstance(op, Learn) and thresholds]
    lasting = {_filter(program, p.traces[n]) for op in learns for p in op.parts for n in _slow(p)}
    for i, (op, was, now) in enumerate(zip(program.ops, before.ops, after.ops, strict=True)):
        if isinstance(op, (Weigh, Learn)) or i in lasting:
            for name, value in stored(was).items():
                now[name][...] = value


def _slow(part: Part) -> list[str]:
    """Traces of a rule that are no activities, such as the threshold of BCM."""
    return [name for name in part.traces if name not in ("pre", "post")]


def _filter(program: Program, read: Read) -> int | None:
    """The filter of a trace, if its state is one number for each neuron; else None."""
    index = program.writer.get(read.signal)
    op = None if index is None else program.ops[index]
    fits = isinstance(op, Filter) and read.columns is None and order(op.form) == 1
    return index if fits else None


def variables_of_rules(
    built: Built, net: Network, state: State
) -> dict[Connection, dict[str, Array]]:
    """The variables of learning rules that last, by connection and name, without a batch."""
    found: dict[Connection, dict[str, Array]] = {}
    for thing, learnings in rules_by_weights(net.all_connections).items():
        if thing not in built.learned:  # which a back end may lack
            continue
        index = next(
            i
            for i, op in enumerate(built.program.ops)
            if isinstance(op, Learn) and op.learned.output == built.learned[thing]
        )
        for place, learning in enumerate(learnings):
            for name in preset_names(learning.rule):
                value = _variable(built.program, state, index, place, name)
                if value is not None:
                    of_connection = found.setdefault(learning.connection, {})
                    of_connection[name_of_variable(learning.place, name)] = value
    return found


def _variable(program: Program, state: State, index: int, place: int, name: str) -> Array | None:
    """A variable of a rule; None if its filter has more than one number for each neuron."""
    key = f"{place} {name}"
    if key in state.ops[index]:
        return np.array(state.ops[index][key], np.float64)
    learn: Any = program.ops[index]
    writer = _filter(program, learn.parts[place].traces[name])
    if writer is None:
        return None
    op: Any = program.ops[writer]
    at_one = float(at_rest(op.form, 1.0)[0])
    return state.ops[writer]["z"][0].astype(np.float64) / at_one if at_one else None


# -- full weights of one operation, which may be in factors ----------------------------------


def full_shape(program: Program, index: int) -> tuple[int, int]:
    """The shape of the full weights, (M, N)."""
    op = _weigh(program, index)
    n_out = len(op.initial) if op.encoders is None else len(op.encoders)
    return n_out, op.initial.shape[1]


def full_weights(program: Program, state: State, index: int) -> Array:
    """A copy of the full weights in a state, (..., M, N)."""
    op = _weigh(program, index)
    weights: Array = state.ops[index]["weights"].swapaxes(-1, -2)
    if op.encoders is None:
        return np.array(weights)
    whole: Array = np.matmul(op.encoders.astype(weights.dtype, copy=False), weights)
    rest = state.ops[_rest(program, op)]
    if rest["in_use"].any():
        whole += rest["weights"].swapaxes(-1, -2)
    return whole


def stored_weights(program: Program, state: State, index: int) -> Array:
    """The weights as a file has them: (M, N), or the rows of their factor, below any rest."""
    op = _weigh(program, index)
    rows: Array = state.ops[index]["weights"].T
    if op.encoders is None:
        return rows
    rest = state.ops[_rest(program, op)]
    return np.concatenate([rest["weights"].T, rows]) if rest["in_use"].any() else rows


def initial_weights(program: Program, index: int) -> Array:
    """The full weights before the first step, (M, N)."""
    op = _weigh(program, index)
    if op.encoders is None:
        return op.initial
    rest: Any = program.ops[_rest(program, op)]
    whole: Array = op.encoders @ op.initial
    return whole if rest.is_empty else whole + rest.initial


def set_full_weights(program: Program, state: State, index: int, values: Array) -> None:
    """Set the full weights, one array for all trials or one for each.

    Weights in factors stay so if the new ones are a product with the encoders.
    """
    op, memory = _weigh(program, index), state.ops[index]["weights"]
    if op.encoders is None:
        memory[...] = values.swapaxes(-1, -2)
        return
    if np.array_equal(full_weights(program, state, index), values):
        return
    rest = state.ops[_rest(program, op)]
    factor = None
    if not rest["in_use"].any() and values.ndim == 2:
        factor = product_with(op.encoders, values)
    if factor is not None:
        memory[...] = factor.T
    else:
        memory[...] = 0.0
        rest["weights"][...] = values.swapaxes(-1, -2)
        rest["in_use"][...] = 1.0


def _weigh(program: Program, index: int) -> Weigh:
    op = program.ops[index]
    assert isinstance(op, Weigh)
    return op


def _rest(program: Program, op: Weigh) -> int:
    """The index of the operation of the rest of the weights."""
    assert op.rest is not None
    return program.writer[op.rest]


def _weighing(built: Built, thing: Connection | Ensemble) -> int:
    signal = built.learned[thing]
    return built.program.writer[signal]
