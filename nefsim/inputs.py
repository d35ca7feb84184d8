"""Values of nodes that a user sets between steps, ``sim.inputs``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.program import Program, State, Sum
from nefsim.stepping import Turn

Array = NDArray[np.float64]

_FLOAT64 = np.dtype(np.float64)

#: Most numbers that are checked one by one, which takes less time than a check of arrays.
FEW = 8


class Input:
    """The output of one node, which can be read and set between steps.

    ``sim.inputs[node][:] = values`` sets it for all trials, ``[0] = value`` one element, in a
    batch that of all elements of one trial.  The next steps have this output until it is set
    again.
    """

    __slots__ = ("_index", "_name", "_signal", "_state", "_turn", "_who")

    def __init__(
        self, who: str, name: str, place: tuple[int, int], state: list[State], turn: Turn
    ) -> None:
        self._who, self._name, self._state, self._turn = who, name, state, turn
        self._index, self._signal = place

    @property
    def shape(self) -> tuple[int, ...]:
        """(size,), or (trials, size) in a batch."""
        return self._values().shape

    def _values(self) -> Array:
        values: Array = self._state[0].ops[self._index]["value"]
        return values

    def __getitem__(self, key: Any) -> Any:
        """A copy of some elements."""
        return np.array(self._values()[key])

    def __setitem__(self, key: Any, values: Any) -> None:
        """Set elements; ``[:]`` and ``[...]`` are all of them."""
        self._turn.forbid(self._who)
        state = self._state[0]
        out = state.ops[self._index]["value"]
        if not self._is_usual(values, out.shape[-1]):
            do = f"pass {check.counted(out.shape[-1], 'finite number')} for {self._name}"
            values = check.array(self._who, "values", values, None, do)
        state.forget()
        if state.watch is not None:
            state.watch.ignore(self._signal)
        try:
            out[key] = values
        except (ValueError, IndexError, OverflowError) as error:
            size = out.shape[-1]
            do = f"pass {check.counted(size, 'number')} for {self._name}"
            do += ", or one" if size > 1 else ""
            got = f"shape {np.shape(values)}" + ("" if key is ... else f" at {check.show(key)}")
            check.fail(self._who, "values", f"fit elements of shape {out.shape}", got, do)
            raise AssertionError from error

    @staticmethod
    def _is_usual(values: Any, size: int) -> bool:
        """Whether values are a number or a vector that needs no further check."""
        if type(values) is float:
            return -check.HUGE <= values <= check.HUGE
        if type(values) is not np.ndarray or values.dtype is not _FLOAT64:
            return False
        if values.shape != (size,) or size > FEW:
            return False
        return all(-check.HUGE <= value <= check.HUGE for value in values.tolist())

    def __len__(self) -> int:
        return len(self._values())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        del copy
        return np.array(self._values(), dtype)

    def __repr__(self) -> str:
        return f"<input {self._name}: {self._values()}>"


class Inputs(Mapping[Any, Input]):
    """The outputs of nodes with a constant output, which can be set between steps.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    program : Program
        The program that runs.
    signals : mapping of node to int
        The signal of the output of each node.
    turn : Turn
        The lock of steps.
    """

    def __init__(
        self,
        who: str,
        program: Program,
        signals: Mapping[Any, int],
        turn: Turn,
    ) -> None:
        self._who = who
        self._state: list[State] = []  # one, which all inputs see
        self._inputs: dict[Any, Input] = {}
        for node, signal in signals.items():
            index = program.writer[signal]
            op = program.ops[index]
            if isinstance(op, Sum) and op.is_input:
                self._inputs[node] = Input(who, repr(node), (index, signal), self._state, turn)

    def use(self, state: State) -> None:
        """Read and set the values of a state from now on."""
        self._state[:] = [state]

    def __getitem__(self, node: Any) -> Input:
        """The output of a node, to read and to set."""
        try:
            return self._inputs[node]
        except (KeyError, TypeError):
            must = "be a node of this network with a constant output"
            do = "make it of an array such as numpy.zeros(2)"
            check.fail(self._who, "key", must, check.show(node), do, TypeError)

    def __setitem__(self, node: Any, values: Any) -> None:
        """Set the output of a node, as ``inputs[node][:] = values``."""
        self[node][...] = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def __repr__(self) -> str:
        return f"<inputs of {', '.join(map(repr, self._inputs)) or 'no nodes'}>"
