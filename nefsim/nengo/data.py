"""What a running simulator knows, by Nengo's objects and by Nengo's signals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.signal import Signal
from numpy.typing import NDArray

from nefsim.nengo.lower import Lowering
from nefsim.nengo.signals import elements
from nefsim.program import Neurons, State

Array = NDArray[np.float64]


class Data(Mapping[Any, Any]):
    """``sim.data``: records of probes, and what Nengo's builder made of all other objects.

    Parameters
    ----------
    model : Model
        What was built.
    recorded : callable
        From a probe to its records.
    """

    def __init__(self, model: Model, recorded: Callable[[nengo.Probe], Array]) -> None:
        self._model, self._recorded = model, recorded

    def __getitem__(self, key: Any) -> Any:
        """Records of a probe, or the built arrays of any other object."""
        return self._recorded(key) if key in self._model.probes else self._model.params[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._model.params)

    def __len__(self) -> int:
        return len(self._model.params)


class Signals(Mapping[Signal, Array]):
    """``sim.signals``: the values of Nengo's signals after the last step, to be read only.

    Learned weights are at ``sim.signals[sim.model.sig[connection]["weights"]]``, as the next step
    will use them; Nengo adds the change of the last step only then.
    """

    def __init__(self, lowering: Lowering, state: State) -> None:
        self._lowering, self._state = lowering, state
        shown = lowering.states.keys() | lowering.plan.private | lowering.numbers.keys()
        shown |= {lowering.model.step, lowering.model.time}
        touched = {s for op in lowering.model.operators for s in op.all_signals}
        self._known = {s for s in touched if s.base in shown or lowering.memory.is_constant(s.base)}

    def __getitem__(self, signal: Signal) -> Any:
        """A copy of a signal's value in the first trial."""
        if signal not in self._known and signal.base not in self._known:
            raise KeyError(f"{signal}: is not kept while running; probe it")
        base = signal.base
        if signal.sparse:
            return signal.initial_value
        block = self._block(base)
        chosen = elements(signal)
        return (block if chosen is None else block[chosen]).reshape(signal.shape)

    def _block(self, base: Signal) -> Array:
        lowering, state = self._lowering, self._state
        step = {
            lowering.model.step: state.step,
            lowering.model.time: state.step * lowering.model.dt,
        }
        if base in step:
            return np.array([step[base]], base.dtype)
        if base in lowering.states:
            index, name = lowering.states[base]
            op, memory = lowering.program.ops[index], state.ops[index]
            if isinstance(op, Neurons):
                values: Any = op.neuron.read(memory, name)
            else:  # learned weights
                values = memory[name].swapaxes(-1, -2)
        elif base in lowering.plan.private:
            values = lowering.worlds[0].signals[base]
        elif base in lowering.numbers and state.step:
            values = state.signals[lowering.numbers[base]]
        else:
            values = base.initial_value
        values = values[0] if np.size(values) > base.size else values
        return np.array(values, base.dtype).ravel()

    def __iter__(self) -> Iterator[Signal]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
