"""Access to records, built arrays, learned weights and signals of a running simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.signal import Signal
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.backends import Runner
from nefsim.learned import full_weights, set_full_weights
from nefsim.nengo.lower import Lowering
from nefsim.nengo.signals import elements
from nefsim.program import Neurons, State
from nefsim.records import Events, Records

Array = NDArray[np.float64]


class Data(Mapping[Any, Any]):
    """``sim.data``: records of probes, and the built arrays of all other objects.

    Parameters
    ----------
    model : Model
        The built model.

    Attributes
    ----------
    records : Records
        The records of the simulator.
    dtype : dtype
        Type of the arrays of records.
    run : Runner or None
        The owner of rows that are not yet recorded.
    """

    records: Records
    dtype: np.dtype[Any]

    def __init__(self, model: Model) -> None:
        # The simulator owns this object, which does not refer to it, and can outlive it.
        self._model = model
        self.run: Runner | None = None

    def __getitem__(self, key: Any) -> Any:
        """Records of a probe, or the built arrays of any other object."""
        return self._dense(key) if key in self._model.probes else self._model.params[key]

    def _stored(self, probe: nengo.Probe) -> Array | Events:
        """The records of a probe as stored: rows of an array, or events."""
        return self.records.of(self._model.probes.index(probe))

    def _dense(self, probe: nengo.Probe) -> Array:
        """The records of a probe as an array."""
        rows = self._stored(probe)
        rows = rows.dense() if isinstance(rows, Events) else rows
        rows = rows.reshape(*rows.shape[:-1], *self._model.sig[probe]["in"].shape)
        rows = rows.astype(self.dtype, copy=False)
        rows.setflags(write=False)
        return rows

    def events(self, probe: nengo.Probe) -> Events:
        """The records of a probe of spiking neurons as a list of spikes.

        Parameters
        ----------
        probe : nengo.Probe
            A probe of spiking neurons without a synapse.

        Returns
        -------
        Events

        Raises
        ------
        ValueError
            If it is another probe.
        """
        events = self._stored(probe) if probe in self._model.probes else None
        if not isinstance(events, Events):
            do = "read other probes as data[probe]"
            got = check.show(probe)
            check.fail("Simulator.data.events", "probe", "be a probe of spikes", got, do)
        return events

    def __iter__(self) -> Iterator[Any]:
        return iter(self._model.params)

    def __len__(self) -> int:
        return len(self._model.params)


class Learned(Mapping[Any, Array]):
    """``sim.learned``: weights that learning rules change, by connection or ensemble.

    ``sim.learned[connection]`` are the weights that the next step uses, (M, N), or
    (trials, M, N) in a batch: decoders multiplied by the transform, or weights onto neurons.
    ``sim.learned[ensemble]`` are learned encoders, multiplied by gain / radius.  Set weights, for
    all trials or for each, and learning continues from them.  ``dict(sim.learned)`` has plain
    arrays, to be saved.
    """

    def __init__(self, lowering: Lowering, state: State, batch_size: int | None) -> None:
        self._lowering, self._state, self._batch_size = lowering, state, batch_size
        self._signals: dict[Any, Signal] = {}
        for connection in lowering.model.params:
            if isinstance(connection, nengo.Connection):
                self._signals |= _learned_signals(lowering.model, connection)

    def __getitem__(self, thing: Any) -> Array:
        """A copy of the weights of a connection, or of the encoders of an ensemble."""
        index = self._index(thing)
        if index is not None:
            return full_weights(self._lowering.program, self._state, index)
        values = np.stack([np.array(view) for view in self._views(thing)])
        return values[0] if self._batch_size is None else values

    def __setitem__(self, thing: Any, values: Any) -> None:
        index = self._index(thing)
        shape = self._signals[thing].shape
        each = self._batch_size is not None and np.ndim(values) == 3
        expected_shape = (self._batch_size, *shape) if each else shape
        do = f"pass an array of shape {shape}"
        checked = check.array("Simulator.learned", "weights", values, expected_shape, do)
        self._state.forget()
        if index is not None:
            set_full_weights(self._lowering.program, self._state, index, checked)
            return
        views = self._views(thing)
        for view, value in zip(views, checked if each else [checked] * len(views), strict=True):
            view[...] = value

    def _index(self, thing: Any) -> int | None:
        """The operation of the weights; None if they are in the memory of Nengo's code."""
        if thing not in self._signals:
            do = "pass a connection whose weights, or an ensemble whose encoders, a rule changes"
            check.fail("Simulator.learned", "key", "be learned", check.show(thing), do, TypeError)
        states = self._lowering.states
        base = self._signals[thing].base
        return states[base][0] if base in states else None

    def _views(self, thing: Any) -> list[Array]:
        """Weights in the memory of Nengo's code, of each trial, as views."""
        base, lowering = self._signals[thing].base, self._lowering
        return [operator_state.signals[base] for operator_state in lowering.operator_states]

    def __contains__(self, thing: object) -> bool:
        return thing in self._signals

    def __iter__(self) -> Iterator[Any]:
        return iter(self._signals)

    def __len__(self) -> int:
        return len(self._signals)


def _learned_signals(model: Model, connection: nengo.Connection) -> dict[Any, Signal]:
    """The signals of weights and encoders that the rules of a connection change."""
    rules = connection.learning_rule_type
    kinds = rules.values() if isinstance(rules, dict) else rules
    kinds = kinds if isinstance(rules, (list, tuple, dict)) else [rules]
    signals: dict[Any, Signal] = {}
    for rule in kinds:
        if rule is not None and rule.modifies == "encoders":
            signals[connection.post_obj] = model.sig[connection.post_obj]["encoders"]
        elif rule is not None:
            signals[connection] = model.sig[connection]["weights"]
    return signals


class Signals(Mapping[Signal, Array]):
    """``sim.signals``: the values of Nengo's signals after the last step, as read-only arrays.

    A signal that the back end does not store raises KeyError.  Learned weights are at
    ``sim.signals[sim.model.sig[connection]["weights"]]``.  They include the change of the last
    step, which Nengo's simulator adds in the next step.

    ``sim.signals[signal] = values`` sets a value in all trials, from which the next step starts.
    It can set learned weights, state variables of neurons, outputs of filters, and memory of
    operators that nefsim does not support.
    """

    def __init__(self, lowering: Lowering, state: State) -> None:
        self._lowering, self._state = lowering, state
        blocks = lowering.states.keys() | lowering.plan.private | lowering.numbers.keys()
        blocks |= {lowering.model.step, lowering.model.time}
        signals = {s for op in lowering.model.operators for s in op.all_signals}
        is_constant = lowering.memory.is_constant
        self._readable = {s for s in signals if s.base in blocks or is_constant(s.base)}

    def __getitem__(self, signal: Signal) -> Any:
        """A read-only copy of a signal's value in the first trial."""
        if signal not in self:
            raise KeyError(f"{signal}: is not stored while running; probe it")
        base = signal.base
        if signal.sparse:
            return signal.initial_value
        block = self._block(base)
        index = elements(signal)
        values = (block if index is None else block[index]).reshape(signal.shape)
        values.setflags(write=False)
        return values

    def __setitem__(self, signal: Signal, values: Any) -> None:
        """Set a value that the next step starts from."""
        if not isinstance(signal, Signal) or not self._can_be_set(signal.base):
            do = "set weights that are learned, states of neurons or outputs of filters"
            must, got = "be a state that lasts from step to step", str(signal)
            check.fail("Simulator.signals", "signal", must, got, do, TypeError)
        do = f"pass an array of shape {signal.shape}"
        checked = check.array("Simulator.signals", "values", values, None, do)
        if checked.ndim and checked.shape != signal.shape:
            got = f"shape {checked.shape}"
            check.fail("Simulator.signals", "values", f"have shape {signal.shape}", got, do)
        index = elements(signal)
        self._state.settle()
        for trial in range(len(self._lowering.operator_states)):
            block = self._block(signal.base, trial)
            block[slice(None) if index is None else index] = np.ravel(checked)
            self._put(signal.base, block, trial)

    def _can_be_set(self, base: Signal) -> bool:
        lowering = self._lowering
        if base in lowering.states or base in lowering.plan.private:
            return True
        number = lowering.numbers.get(base)
        return base in lowering.memory.updates and number not in (None, *lowering.multiples)

    def _put(self, base: Signal, block: Array, trial: int) -> None:
        """Set the values of a block of Nengo's memory in one trial."""
        lowering, state = self._lowering, self._state
        if base in lowering.states:
            index, name = lowering.states[base]
            op, batched = lowering.program.ops[index], state.signals[0].ndim == 2
            memory = {key: v[trial] if batched else v for key, v in state.ops[index].items()}
            if isinstance(op, Neurons):
                _set_neurons(op, memory, name, block, lowering.model.dt)
            elif batched:
                values = full_weights(lowering.program, state, index)
                values[trial] = block.reshape(base.shape)
                set_full_weights(lowering.program, state, index, values)
            else:
                values = block.reshape(base.shape)
                set_full_weights(lowering.program, state, index, values)
        elif base in lowering.plan.private:
            lowering.operator_states[trial].signals[base] = block.reshape(base.shape)
        else:
            view = state.signals[lowering.numbers[base]]
            view[... if view.ndim == 1 else trial] = block

    def __contains__(self, signal: object) -> bool:
        """Whether the value of a signal is stored."""
        if not isinstance(signal, Signal):
            return False
        if signal not in self._readable and signal.base not in self._readable:
            return False
        base, lowering = signal.base, self._lowering
        if lowering.is_input(base):
            return True
        is_state = base in lowering.states or base in lowering.plan.private
        return is_state or self._stored(base)[0] not in self._state.hidden

    def _stored(self, base: Signal) -> tuple[Any, Any]:
        """The program's signal that holds a block, and the factors of its values."""
        number = self._lowering.numbers.get(base, -1)
        return self._lowering.multiples.get(number, (number, 1.0))

    def _block(self, base: Signal, trial: int = 0) -> Array:
        lowering, state = self._lowering, self._state
        state.settle()
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
                values = full_weights(lowering.program, state, index)
        elif lowering.is_input(base):
            values = state.ops[lowering.program.writer[lowering.numbers[base]]]["value"]
        elif base in lowering.plan.private:
            values = lowering.operator_states[trial].signals[base]
        elif base in lowering.numbers and (state.step or base in lowering.memory.updates):
            number, factors = self._stored(base)
            values = state.signals[number] * factors
        else:
            values = base.initial_value
        values = values[trial] if np.size(values) > base.size else values
        return np.array(values, base.dtype).ravel()

    def __iter__(self) -> Iterator[Signal]:
        return (signal for signal in self._readable if signal in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _set_neurons(op: Neurons, memory: dict[str, Any], name: str, block: Array, dt: float) -> None:
    """Set a state variable of a population, and the arrays of its state that depend on it."""
    values = {each: np.array(op.neuron.read(memory, each), np.float64) for each in op.initial}
    before = op.neuron.start({key: value.copy() for key, value in values.items()}, dt)
    after = op.neuron.start({**values, name: block}, dt)
    for key, value in after.items():
        changed = np.asarray(value) != np.asarray(before[key])
        memory[key][...] = np.where(changed, value, memory[key])
