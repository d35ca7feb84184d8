"""The state of a program: its initial values, and snapshots to restore after an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nefsim.filtering import at_rest
from nefsim.processes import Running
from nefsim.program.operations import (
    Call,
    Filter,
    Learn,
    Neurons,
    Op,
    Play,
    Program,
    Step,
    Sum,
    Weigh,
)
from nefsim.sampling import Distribution

Array = NDArray[np.float64]


@dataclass
class State:
    """The arrays and random states that change while a program runs.

    Attributes
    ----------
    step : int
        Steps done so far.
    signals : list of ndarray
        The value of each signal in the last step, with trials first in a batch.
    ops : list of dict of str to ndarray
        State variables of each operation, by name.
    rngs : list of list of Generator
        The random streams of each population, one per trial.
    running : list of list of Running
        The running processes, one per trial.
    steps : dict of int to list of callable
        The ``step`` functions of each :class:`~nefsim.program.Call`, one per trial, by index.
    under_way : int
        Number of steps that the present run has done in addition to ``step``.
    hidden : set of int
        Signals that the back end does not update here, so that their values are old.
    watch : callable or None
        ``watch(engine, step, length)``, called after each chunk of ``length`` steps from
        ``step``, while the engine still holds the chunk's values.
    growing : GrowingChunk or None
        The chunk that single steps fill, whose steps are not yet counted in ``step``.

    See Also
    --------
    initial_state : The state before the first step.
    """

    step: int
    signals: list[Array]
    ops: list[dict[str, Array]]
    rngs: list[list[np.random.Generator]]
    running: list[list[Running]]
    steps: dict[int, list[Step]] = field(default_factory=dict)
    under_way: int = 0
    hidden: set[int] = field(default_factory=set)
    watch: Any = None
    growing: Any = None

    @property
    def n_steps(self) -> int:
        """Steps done so far, also during a run and between single steps."""
        growing = 0 if self.growing is None else self.growing.row
        return self.step + max(self.under_way, growing)

    def settle(self) -> None:
        """Count all single steps in ``step``, so that the arrays are those of that step."""
        if self.growing is not None:
            self.growing.close()

    def forget(self) -> None:
        """Copy the state again before the next step, because an array of it was set."""
        if self.growing is not None:
            self.growing.forget()


def initial_state(
    program: Program,
    seed: int | None = None,
    batch_size: int | None = None,
    dtype: Any = np.float64,
) -> State:
    """The state before the first step: filters at rest, neurons at their initial state.

    Trials of a batch have different random numbers.  The first trial equals a run without a
    batch.

    Parameters
    ----------
    program : Program
        The program to run.
    seed : int or None
        Seed of processes and stochastic neurons; None means the seed of the build.
    batch_size : int or None
        Number of trials; None adds no axis for trials.
    dtype : dtype
        Type of signals and state variables.

    Returns
    -------
    State

    See Also
    --------
    snapshot : Copies a state.

    Examples
    --------
    >>> import nefsim as nef
    >>> from nefsim.lowering import build
    >>> from nefsim.program import initial_state
    >>> net = nef.Network()
    >>> a = net.ensemble(50, 1, label="a")
    >>> program = build(net, dt=0.001, seed=1).program
    >>> state = initial_state(program, batch_size=3)
    >>> [values.shape for values in state.signals]
    [(3, 1), (3, 50), (3, 50)]
    """
    lead = () if batch_size is None else (batch_size,)
    trials = range(batch_size or 1)

    def streams(op: Op) -> list[np.random.Generator]:
        if not isinstance(op, Neurons):
            return []
        return [op.neuron.generator(op.stream.child(1).generator(seed, trial)) for trial in trials]

    def running(op: Op) -> list[Running]:
        if not isinstance(op, Play):
            return []
        generators = (op.stream.generator(seed, trial) for trial in trials)
        return [op.process.start(program.width(op), program.dt, rng) for rng in generators]

    return State(
        step=0,
        signals=[np.zeros((*lead, signal.size), dtype) for signal in program.signals],
        ops=[_memory(program, op, seed, lead, dtype) for op in program.ops],
        rngs=[streams(op) for op in program.ops],
        running=[running(op) for op in program.ops],
        steps={
            i: [op.start(trial) for trial in trials]
            for i, op in enumerate(program.ops)
            if isinstance(op, Call)
        },
    )


def _memory(
    program: Program, op: Op, seed: int | None, lead: tuple[int, ...], dtype: Any
) -> dict[str, Array]:
    """The initial state variables of an operation; ``lead`` is the shape of a batch."""

    def for_each_trial(value: Array) -> Array:
        return np.array(np.broadcast_to(value, (*lead, *np.shape(value))), dtype, order="C")

    match op:
        case Neurons():
            initial = _start_of_neurons(op, program.width(op), seed, lead)
            started = op.neuron.start(initial, program.dt)
            return {name: value.astype(dtype) for name, value in started.items()}
        case Filter():
            rest = at_rest(op.form, op.start)
            memory = np.zeros((len(rest), *lead, program.width(op)), dtype)
            memory += rest.reshape(len(rest), *[1] * len(lead), *(rest.shape[1:] or (1,)))
            return {"z": memory}
        case Sum(is_input=True):
            assert op.offset is not None
            return {"value": for_each_trial(op.offset)}
        case Weigh(is_rest=True):
            n_out, n_in = op.initial.shape
            # Zeros that are not touched take no memory.
            empty = np.zeros((*lead, n_in, n_out), dtype) if op.is_empty else None
            weights = for_each_trial(op.initial.T) if empty is None else empty
            return {"weights": weights, "in_use": np.full((*lead, 1), not op.is_empty, dtype)}
        case Weigh():
            return {"weights": for_each_trial(op.initial.T)}
        case Learn():
            n_out, n_in = op.learned.initial.shape
            return {
                f"{i} {name}": for_each_trial(value)
                for i, part in enumerate(op.parts)
                for name, value in {
                    **part.rule.start(n_in, n_out, program.dt),
                    **part.start,
                }.items()
            }
    return {}


def _start_of_neurons(
    op: Neurons, size: int, seed: int | None, lead: tuple[int, ...]
) -> dict[str, Array]:
    """Initial values of the state variables of neurons, drawn in the order of their names."""

    def of(trial: int) -> dict[str, Array]:
        draws = any(isinstance(start, Distribution) for start in op.initial.values())
        rng = op.stream.child(0).generator(seed, trial) if draws else None
        return {
            name: start.sample(size, rng=rng)
            if isinstance(start, Distribution)
            else np.array(start)
            for name, start in op.initial.items()
        }

    if not lead:
        return of(0)
    starts = [of(trial) for trial in range(*lead)]
    return {name: np.stack([start[name] for start in starts]) for name in op.initial}


def stored(memory: dict[str, Array]) -> dict[str, Array]:
    """The state variables of an operation that a file must have, without weights not in use."""
    unused = "in_use" in memory and not memory["in_use"].any()
    return {name: v for name, v in memory.items() if not (unused and name == "weights")}


Snapshot = tuple[list[dict[str, Array]], list[list[Any]], list[list[tuple[Any, dict[str, Any]]]]]


def snapshot(state: State, into: Snapshot | None = None) -> Snapshot:
    """Copy all state variables and states of random generators, to restore after an error.

    Parameters
    ----------
    state : State
        The state at the start of a chunk.
    into : Snapshot, optional
        An earlier snapshot of the same state, whose arrays of state variables are overwritten;
        large new arrays would take several times as long.

    Returns
    -------
    Snapshot

    See Also
    --------
    restore : Copies it back.
    """
    if into is None:
        copies = [{name: value.copy() for name, value in memory.items()} for memory in state.ops]
    else:
        copies = into[0]
        for memory, old in zip(state.ops, copies, strict=True):
            for name, value in memory.items():
                np.copyto(old[name], value)
    return (
        copies,
        [[rng.bit_generator.state for rng in streams] for streams in state.rngs],
        [
            [(p.rng.bit_generator.state, {k: v.copy() for k, v in p.state.items()}) for p in trials]
            for trials in state.running
        ],
    )


def restore(state: State, before: Snapshot) -> None:
    """Copy a snapshot back into the arrays of a state.

    Parameters
    ----------
    state : State
        The state to change.
    before : Snapshot
        A snapshot of the same state.

    See Also
    --------
    snapshot : Copies a state.
    """
    memories, streams, processes = before
    for memory, old in zip(state.ops, memories, strict=True):
        for name, value in old.items():
            memory[name][...] = value
    for rngs, states in zip(state.rngs, streams, strict=True):
        for rng, rng_state in zip(rngs, states, strict=True):
            rng.bit_generator.state = rng_state
    for trials, olds in zip(state.running, processes, strict=True):
        for process, (rng_state, values) in zip(trials, olds, strict=True):
            process.rng.bit_generator.state = rng_state
            for name, value in values.items():
                now = process.state.get(name)
                if now is not None and now.shape == value.shape and now.flags.writeable:
                    now[...] = value  # a back end may refer to this array
                else:
                    process.state[name] = value.copy()
